//! An answer that is longer than its money: cut at what was held, and never charged beyond it.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{
    state::State,
    stub::{Fault, ProviderStub, TEXT},
};
use crate::support::{Database, House, User, client::Stream, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
const QUESTION: &str = "What must be done before a release?";
/// Ten cents for a token of output, next to nothing for the rest.
const DEAR: &str = r#"{"default":{"input_price":0.001,"output_price":100000,"index_price":0.001}}"#;
/// Pays for 299 tokens of output: more than the shortest answer, less than the longest.
const LIMIT_USD: f64 = 29.99;
const TOKENS: i64 = 299;

struct Scene {
    stub: ProviderStub,
    house: House,
    user: User,
    store: i64,
    state: State,
}

impl Scene {
    async fn set(database: &Database) -> Self {
        let stub = ProviderStub::start().await;
        let url = stub.openai_url();
        let settings = [
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "openai"),
            ("OPENAI_BASE_URL", &url),
            ("OPENAI_API_KEY", "key-open"),
            ("MODEL_PRICING", DEAR),
        ];
        let house = House::open(database, &settings).await;
        let user = house.user("ada").await;
        let store = user.store("Papers").await;
        let file = CHECKLIST.to_vec();
        user.indexed(store, "checklist.md", "text/markdown", file)
            .await;
        let budget = format!("/api/admin/budgets/{}", user.id().await);
        let limit = json!({"monthly_limit_usd": LIMIT_USD});
        let admin = house.admin().await;
        admin.post(&budget, &limit).await.expect(200);
        let state = State::open(database, &house.folder.path().join("binnacle.db")).await;
        Self {
            stub,
            house,
            user,
            store,
            state,
        }
    }

    /// How many tokens the provider was allowed for the last answer.
    fn allowed(&self) -> i64 {
        let requests = self.stub.requests();
        let body = &requests.last().expect("a request").body;
        let allowed = body["max_completion_tokens"].as_i64();
        allowed
            .or_else(|| body["max_tokens"].as_i64())
            .expect("a limit")
    }

    /// The answer as it is stored.
    async fn stored(&self, answer: &Stream) -> Value {
        let session = answer.session.as_deref().expect("a session");
        let path = format!("/api/chat/sessions/{session}/messages");
        self.user.get(&path).await.expect(200)[1].clone()
    }

    /// The one charge: never beyond its hold, all that was not used given back.
    async fn charged_within_the_hold(&self) {
        let beyond = "SELECT COUNT(*) FROM ledger l JOIN holds h ON h.id = l.hold_id \
                      WHERE l.amount_nanos > h.amount_nanos";
        assert_eq!(self.state.number(beyond).await, 0, "beyond its hold");
        let charged = "SELECT COUNT(*) FROM ledger WHERE kind = 'chat' AND amount_nanos > 0 \
                       AND error_code = 'budget_exceeded'";
        assert_eq!(self.state.number(charged).await, 1);
        self.state.at_rest().await;
        let costs = self.user.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["held_usd"], 0.0);
        let spent = costs["total_usd"].as_f64().expect("dollars");
        assert!(spent <= LIMIT_USD, "{costs}");
        let metrics = self.house.stranger().get("/metrics").await.body;
        let drift = metrics
            .lines()
            .filter(|line| line.contains("ledger_drift") && !line.starts_with('#'));
        for line in drift {
            assert!(line.ends_with(" 0"), "{line}");
        }
    }

    async fn end(self) {
        self.state.close().await;
        self.house.stop().await;
    }
}

fn assert_told(answer: &Stream) {
    assert_eq!(
        answer.types(),
        ["start", "text-start", "text-delta", "error"],
        "what was written stays, and nothing follows the error"
    );
    let error = answer.error().expect("an error frame");
    assert_eq!(error["code"], "budget_exceeded");
    assert_eq!(error["status"], 402);
    assert_eq!(error["errorText"], error["message"]);
    assert!(answer.done);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_reaches_what_was_held_is_cut_and_says_so() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        scene.stub.always(Fault::ReachesLimit);

        let answer = scene.user.ask(scene.store, QUESTION).await;

        assert_eq!(scene.allowed(), TOKENS, "what the money pays for");
        assert_told(&answer);
        assert_eq!(answer.text(), TEXT.concat());
        let stored = scene.stored(&answer).await;
        assert_eq!(stored["state"], "cut");
        assert_eq!(stored["content"], answer.text());
        scene.charged_within_the_hold().await;
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_ignores_its_limit_is_cut_off_and_charged_at_what_was_held() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        scene.stub.always(Fault::NeverEnds);

        let answer = scene.user.ask(scene.store, QUESTION).await;
        scene.stub.hung_up(1).await;

        assert_told(&answer);
        let stored = scene.stored(&answer).await;
        assert_eq!(stored["state"], "cut");
        assert_eq!(stored["content"], answer.text());
        let tokens = "SELECT CAST(MAX(completion_tokens) AS BIGINT) FROM ledger";
        assert_eq!(scene.state.number(tokens).await, TOKENS);
        scene.charged_within_the_hold().await;
        let body = json!({"storeIds": [scene.store], "question": QUESTION});
        let refused = scene.user.post("/api/chat", &body).await;
        assert_eq!(refused.refused(402), "Monthly budget exhausted");
        scene.end().await;
    })
    .await;
}
