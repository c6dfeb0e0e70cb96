//! The model side: a breaker closed, a key changed, a provider tried.

use serde_json::Value;

use super::console::{Console, Done};
use crate::faults::stub::{Fault, ProviderStub};
use crate::support::{House, User, eventually, on_each_database};

pub const DONE: &[Done] = &[
    ("Providers", "providers reset"),
    ("Providers", "providers rotate"),
    ("Providers", "providers probe"),
];

async fn gemini(admin: &User) -> Value {
    let listed = admin.get("/api/admin/providers").await.expect(200);
    let mut items = listed["items"].as_array().expect("items").iter();
    items
        .find(|provider| provider["name"] == "gemini")
        .expect("the provider")
        .clone()
}

fn key_in_use(provider: &Value) -> String {
    let mut slots = provider["slots"].as_array().expect("slots").iter();
    let used = slots.find(|slot| slot["state"] == "in_use");
    used.expect("a key")["label"]
        .as_str()
        .expect("a label")
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_tried_given_another_key_and_let_through_again() {
    on_each_database(|database| async move {
        let stub = ProviderStub::start().await;
        let url = stub.gemini_url();
        let settings = [
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "gemini"),
            ("GEMINI_BASE_URL", url.trim_end_matches("/v1beta")),
            ("GEMINI_API_KEY", "key-one"),
            ("GOOGLE_API_KEY", "key-two"),
            ("AI_FIRST_TOKEN_TIMEOUT_S", "1"),
        ];
        let house = House::open(&database, &settings).await;
        let admin = house.admin().await;
        let mut console = Console::open(&house).await;
        console.screen('7', "Providers").await;
        console.select("gemini").await;
        console.act("providers probe");
        console.told("gemini: answered in").await;
        console.audited("probe_provider", "gemini").await;
        let before = key_in_use(&gemini(&admin).await);
        console.screen('7', "Providers").await;
        console.select("gemini").await;
        console.act("providers rotate");
        let told = console.told("gemini takes ").await;
        let after = key_in_use(&gemini(&admin).await);
        assert_ne!(before, after);
        assert!(told.contains(&after), "{told}");
        console.audited("rotate_key", "gemini").await;
        stub.always(Fault::ServerError);
        eventually(async || {
            let probe = "/api/admin/providers/gemini/probe";
            admin.post(probe, &serde_json::json!({})).await;
            (gemini(&admin).await["state"] == "open").then_some(())
        })
        .await;
        console.screen('7', "Providers").await;
        console.until_line(&["gemini", "open"]).await;
        console.select("gemini").await;
        console.act("providers reset");
        console.told("the breaker of gemini is closed").await;
        assert_eq!(gemini(&admin).await["state"], "closed");
        console.audited("reset_provider", "gemini").await;
        console.has_done(DONE);
        house.stop().await;
    })
    .await;
}
