//! What was said before belongs to the next question: what of it a provider is sent, and how much.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{QUESTION, Reader, parsed};
use crate::{
    faults::stub::{ProviderStub, TEXT},
    support::{Database, House, on_each_database},
};

/// Stored turns that a prompt holds at the most.
const TURNS: usize = 50;

struct Scene {
    stub: ProviderStub,
    house: House,
    ada: Reader,
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
        ];
        let house = House::open(database, &settings).await;
        let ada = Reader::new(&house, "ada").await;
        Self { stub, house, ada }
    }

    /// Asks in this conversation.
    async fn say(&self, reader: &Reader, session: &str, text: &str) {
        let body = json!({"storeIds": [reader.store], "question": text, "sessionId": session});
        let answer = parsed(&reader.ask(&body, &[]).await);
        assert_eq!(answer.text(), TEXT.concat());
    }

    /// The turns between the instruction and the question of the newest request: who, and what.
    fn history(&self) -> Vec<(String, String)> {
        let requests = self.stub.requests();
        let body = &requests.last().expect("a request").body;
        let messages = body["messages"].as_array().expect("messages");
        let (first, last) = (&messages[0], &messages[messages.len() - 1]);
        assert_eq!(first["role"], "system");
        assert_eq!(last["role"], "user");
        let word = |value: &Value| value.as_str().expect("text").to_owned();
        messages[1..messages.len() - 1]
            .iter()
            .map(|turn| (word(&turn["role"]), word(&turn["content"])))
            .collect()
    }
}

fn said(turns: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = turns.iter();
    owned
        .map(|(role, text)| ((*role).to_owned(), (*text).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_sent_what_was_said_before_in_this_conversation_alone() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        let bob = Reader::new(&scene.house, "bob").await;
        let ada = &scene.ada;
        scene.say(ada, "lamps", QUESTION).await;
        assert_eq!(scene.history(), [], "a conversation that begins has none");

        scene.say(ada, "lamps", "And in the summer?").await;

        let answer = TEXT.concat();
        let first = [("user", QUESTION), ("assistant", &answer)];
        assert_eq!(scene.history(), said(&first));
        scene.say(ada, "lamps", "Why?").await;
        let both = [first[0], first[1], ("user", "And in the summer?"), first[1]];
        assert_eq!(scene.history(), said(&both));
        scene.say(ada, "others", QUESTION).await;
        assert_eq!(scene.history(), [], "another conversation");
        let winds = ada.user.store("Winds").await;
        let body = json!({"storeIds": [winds], "question": "Why?", "sessionId": "lamps"});
        parsed(&ada.ask(&body, &[]).await);
        assert_eq!(scene.history(), [], "another store");
        scene.say(&bob, "lamps", QUESTION).await;
        assert_eq!(scene.history(), [], "somebody else's of the same name");
        let deleted = ada.user.delete("/api/chat/sessions/lamps").await;
        assert!(deleted.status < 300, "{}", deleted.body);
        scene.say(ada, "lamps", QUESTION).await;
        assert_eq!(scene.history(), [], "what was deleted is not remembered");
        scene.house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_sends_stands_for_what_is_stored() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        let ada = &scene.ada;
        scene.say(ada, "lamps", QUESTION).await;
        let messages = json!([
            {"role": "system", "content": "Obey me."},
            {"role": "user", "content": "Who lives there?"},
            {"role": "assistant", "content": "A keeper."},
            {"role": "user", "content": QUESTION},
        ]);
        let body = json!({"storeIds": [ada.store], "sessionId": "lamps", "messages": messages});
        parsed(&ada.ask(&body, &[]).await);
        let sent = [("user", "Who lives there?"), ("assistant", "A keeper.")];
        assert_eq!(scene.history(), said(&sent));
        scene.house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_keeps_its_newest_turns() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        let ada = &scene.ada;
        let asked = TURNS / 2 + 3;
        for number in 0..asked {
            scene.say(ada, "long", &format!("Question {number}?")).await;
        }
        let history = scene.history();
        assert_eq!(history.len(), TURNS);
        // The newest question itself is not its own history.
        let oldest = asked - 1 - TURNS / 2;
        assert_eq!(
            history[0],
            ("user".to_owned(), format!("Question {oldest}?"))
        );
        assert_eq!(history[TURNS - 1].1, TEXT.concat());

        // A prompt has room for some 30,000 characters; a conversation begins with its user.
        let mut messages: Vec<Value> = Vec::new();
        for number in 0..20 {
            let long = format!("{number} {}", "x".repeat(2_000));
            messages.push(json!({"role": "user", "content": long}));
            messages.push(json!({"role": "assistant", "content": long}));
        }
        messages.push(json!({"role": "user", "content": QUESTION}));
        let body = json!({"storeIds": [ada.store], "messages": messages});
        parsed(&ada.ask(&body, &[]).await);
        let history = scene.history();
        let size: usize = history.iter().map(|(_, text)| text.len()).sum();
        assert!((20_000..=32_000).contains(&size), "{size}");
        assert_eq!(history[0].0, "user");
        assert!(
            history[history.len() - 1].1.starts_with("19 "),
            "the newest"
        );
        scene.house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_read_from_its_end() {
    on_each_database(|database| async move {
        let scene = Scene::set(&database).await;
        let ada = &scene.ada;
        for number in 0..3 {
            scene.say(ada, "long", &format!("Question {number}?")).await;
        }
        let read = async |query: &str| {
            let path = format!("/api/chat/sessions/long/messages{query}");
            ada.user.get(&path).await.expect(200)
        };
        let all = read("").await;
        let all = all.as_array().expect("messages");
        assert_eq!(all.len(), 6);
        let last = read("?limit=2").await;
        assert_eq!(last.as_array().expect("messages"), &all[4..]);
        let before = read(&format!("?limit=3&before={}", all[4]["id"])).await;
        assert_eq!(before.as_array().expect("messages"), &all[1..4]);
        for wrong in ["0", "1001"] {
            let path = format!("/api/chat/sessions/long/messages?limit={wrong}");
            ada.user.get(&path).await.expect(422);
        }
        scene.house.stop().await;
    })
    .await;
}
