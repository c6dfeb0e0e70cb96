//! Providers that fail, seen from the client's end: real wires, a local provider that misbehaves.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{
    state::State,
    stub::{Fault, ProviderStub, TEXT},
};
use crate::support::{
    Database, House, User,
    client::{Stream, eventually},
    on_each_database,
};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
const QUESTION: &str = "What must be done before a release?";

struct Scene {
    stub: ProviderStub,
    house: House,
    user: User,
    store: i64,
    state: State,
}

impl Scene {
    /// A house that asks Gemini with two keys, then an OpenAI-compatible server.
    async fn set(database: &Database) -> Self {
        Self::with_patience(database, "1").await
    }

    /// One that waits so many seconds for the first token.
    async fn with_patience(database: &Database, seconds: &str) -> Self {
        let stub = ProviderStub::start().await;
        let (gemini, openai) = (stub.gemini_url(), stub.openai_url());
        let gemini = gemini.trim_end_matches("/v1beta");
        let house = House::open(
            database,
            &[
                ("GEMINI_MOCK_MODE", "false"),
                ("AI_PROVIDERS", "gemini,openai"),
                ("GEMINI_BASE_URL", gemini),
                ("GEMINI_API_KEY", "key-one"),
                ("GOOGLE_API_KEY", "key-two"),
                ("OPENAI_BASE_URL", &openai),
                ("OPENAI_API_KEY", "key-open"),
                ("AI_FIRST_TOKEN_TIMEOUT_S", seconds),
                ("AI_IDLE_TIMEOUT_S", "1"),
                ("DEFAULT_MONTHLY_LIMIT_USD", "5"),
            ],
        )
        .await;
        let user = house.user("ada").await;
        let store = user.store("Papers").await;
        let file = CHECKLIST.to_vec();
        user.indexed(store, "checklist.md", "text/markdown", file)
            .await;
        let state = State::open(database, &house.folder.path().join("binnacle.db")).await;
        Self {
            stub,
            house,
            user,
            store,
            state,
        }
    }

    async fn ask(&self) -> Stream {
        self.user.ask(self.store, QUESTION).await
    }

    /// Keys of the chats that the provider was asked for so far, in order.
    fn keys(&self) -> Vec<String> {
        let requests = self.stub.requests();
        let chats = requests.iter().filter(|request| request.method == "POST");
        chats
            .filter_map(|request| request.key().map(str::to_owned))
            .collect()
    }

    /// The answers' states, oldest first.
    async fn states(&self) -> Vec<String> {
        self.state
            .words("SELECT state FROM messages WHERE role = 'assistant' ORDER BY id")
            .await
    }

    async fn end(self) {
        self.state.at_rest().await;
        self.state.close().await;
        self.house.stop().await;
    }
}

fn finish(answer: &Stream) -> &Value {
    let found = answer.frames.iter().find(|frame| frame["type"] == "finish");
    found.unwrap_or_else(|| panic!("no finish in {:?}", answer.frames))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_asked_too_often_gives_way_to_the_next() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        scene.stub.for_key("key-one", Fault::RateLimited(30));

        let first = scene.ask().await;
        let second = scene.ask().await;

        for answer in [&first, &second] {
            assert_eq!(answer.text(), TEXT.concat());
            assert_eq!(finish(answer)["usage"]["provider"], "gemini");
        }
        assert_eq!(
            scene.keys(),
            ["key-one", "key-two", "key-two"],
            "a key that rests is left alone"
        );
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_an_error_and_is_paid_by_estimate() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        for fault in [
            Fault::Cut,
            Fault::ErrorInStream,
            Fault::Stalls,
            Fault::Garbage,
        ] {
            scene.stub.next(&[fault]);

            let answer = scene.ask().await;

            assert_eq!(answer.text(), TEXT[0], "{fault:?}");
            let error = answer.error().expect("an error frame");
            assert_eq!(error["code"], "upstream_unavailable", "{fault:?}");
            assert_eq!(error["status"], 503, "{fault:?}");
            assert!(answer.done, "{fault:?}");
            assert_eq!(answer.types().last(), Some(&"error"), "{fault:?}");
            let told = answer.frames.iter().map(ToString::to_string);
            assert!(!told.collect::<String>().contains("sk-secret"), "{fault:?}");
        }
        assert_eq!(scene.states().await, ["failed"; 4]);
        let by_estimate = scene
            .state
            .number(
                "SELECT COUNT(*) FROM ledger WHERE kind = 'chat' AND estimated \
                 AND prompt_tokens > 0 AND completion_tokens > 0 AND amount_nanos > 0 \
                 AND error_code = 'upstream_unavailable'",
            )
            .await;
        assert_eq!(by_estimate, 4);
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_is_replaced_by_the_next_and_finish_names_it() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        for key in ["key-one", "key-two"] {
            scene.stub.for_key(key, Fault::ServerError);
        }

        let answer = scene.ask().await;

        assert_eq!(answer.text(), TEXT.concat());
        let usage = &finish(&answer)["usage"];
        assert_eq!(usage["provider"], "openai");
        assert_eq!(usage["model"], "gpt-4o-mini");
        assert_eq!(scene.keys().last().map(String::as_str), Some("key-open"));
        let payee = scene
            .state
            .words("SELECT provider FROM ledger WHERE kind = 'chat'")
            .await;
        assert_eq!(payee, ["openai"], "who answered is who is paid");
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_answers_the_money_goes_back() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        scene.stub.always(Fault::ServerError);

        let answer = scene.ask().await;

        let error = answer.error().expect("an error frame");
        assert_eq!(error["code"], "upstream_unavailable");
        assert!(answer.done && answer.text().is_empty());
        let charged = scene
            .state
            .number("SELECT COUNT(*) FROM ledger WHERE kind = 'chat'")
            .await;
        assert_eq!(charged, 0, "no answer, no charge");
        let costs = scene.user.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["held_usd"], 0.0);
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_stopped_before_its_first_word_is_paid_by_estimate() {
    on_each_database(|database| async move {
        let scene = Scene::with_patience(&database, "60").await;
        scene.stub.always(Fault::NoFirstToken);
        let body = json!({"storeIds": [scene.store], "question": QUESTION});
        let request = scene.user.request(reqwest::Method::POST, "/api/chat");
        let asked = request.json(&body).send().await.expect("an answer");
        let stream = asked.headers()["x-stream-id"].to_str().expect("an id");
        let path = format!("/api/chat/streams/{stream}");
        eventually(|| async { (scene.keys().len() == 1).then_some(()) }).await;

        scene.user.delete(&path).await.expect(204);

        let told = asked.text().await.expect("the rest");
        assert!(told.contains("[DONE]"), "{told}");
        assert_eq!(scene.states().await, ["cut"]);
        let by_estimate = scene
            .state
            .number(
                "SELECT COUNT(*) FROM ledger l JOIN holds h ON h.id = l.hold_id \
                 WHERE l.kind = 'chat' AND l.estimated AND l.prompt_tokens = h.prompt_tokens \
                 AND l.completion_tokens = 0 AND l.amount_nanos > 0",
            )
            .await;
        assert_eq!(by_estimate, 1, "the provider may bill the prompt");
        scene.end().await;
    })
    .await;
}
