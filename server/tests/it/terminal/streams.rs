//! Answers under way: watched, and ended.

use binnacle_tui::keys::Key;

use super::console::{Console, Done};
use crate::console::streams::{no_streams, only_stream, reader};
use crate::support::{House, User, on_each_database};

pub const DONE: &[Done] = &[
    ("Streams", "streams end"),
    ("Streams", "streams end-all"),
    ("Stream", "streams end"),
    ("Stream", "streams end-all"),
];

/// Slow enough to be watched, and ended in the middle.
pub const SLOW: (&str, &str) = ("MOCK_LATENCY_MS", "400");

/// Asks something, and answers when the answer has come to its end.
fn ask(user: &User, store: i64) -> tokio::task::JoinHandle<bool> {
    let user = user.clone();
    tokio::spawn(async move { user.ask(store, "When did the harbour open?").await.done })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_watched_live_and_ended_from_the_list_and_from_its_own_screen() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[SLOW]).await;
        let (ada, store) = reader(&house, "ada").await;
        let admin = house.admin().await;
        let mut console = Console::open(&house).await;
        for opened in [false, true] {
            for act in ["streams end", "streams end-all"] {
                let asking = ask(&ada, store);
                let id = only_stream(&admin).await["id"].clone();
                let id = id.as_str().expect("an id");
                console.screen('5', "Streams").await;
                console.until_line(&["ada@example.org", "streaming"]).await;
                console.select("ada@example.org").await;
                if opened {
                    console.key(Key::Enter);
                    console.until("Streams > ").await;
                    console.until("streaming").await;
                }
                console.act(act);
                if act == "streams end" {
                    console
                        .asked(&["End the stream of ada@example.org", "tokens", "settled"])
                        .await;
                } else {
                    console
                        .asked(&["End all streams of ada@example.org", "kept and paid for"])
                        .await;
                }
                console.yes();
                console.told("ended").await;
                assert!(asking.await.expect("it ends"), "the answer is whole");
                no_streams(&admin).await;
                if act == "streams end" {
                    console.audited("end_stream", &id[..8]).await;
                } else {
                    console.audited("end_stream", "user ada@example.org").await;
                }
            }
        }
        console.has_done(DONE);
        house.stop().await;
    })
    .await;
}
