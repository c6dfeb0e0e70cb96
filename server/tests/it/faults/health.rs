//! What the house says of itself when a part of it is missing: one row for each part.

use serde_json::Value;

use super::{outage::Cluster, program::Site};
use crate::support::{Database, House, User, eventually_or, on_each_database};

/// What each route answers, in the order of [`ROUTES`], and the word of `/health/ready`.
pub(super) type Truth = ([u16; 5], &'static str);

type Settings = &'static [(&'static str, &'static str)];

const ROUTES: [&str; 5] = ["/live", "/startupz", "/ready", "/health/ready", "/health"];
pub(super) const WELL: Truth = ([200, 200, 200, 200, 200], "ok");

/// A part that is missing from the start, by the setting that says where it is.
const MISSING: [(&str, Settings, Truth); 4] = [
    ("nothing", &[], WELL),
    (
        "Redis",
        &[("REDIS_URL", "redis://127.0.0.1:1")],
        ([200, 200, 200, 200, 503], "degraded"),
    ),
    (
        "the provider",
        &[
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "openai"),
            ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"),
            ("OPENAI_API_KEY", "unused"),
        ],
        ([200, 200, 200, 200, 503], "ok"),
    ),
    (
        "room on the disk",
        &[("MIN_FREE_DISK_MB", "1048576")],
        ([200, 503, 503, 503, 200], "degraded"),
    ),
];

async fn told(user: &User) -> ([u16; 5], String) {
    let mut statuses = [0; 5];
    let mut word = String::new();
    for (place, path) in ROUTES.into_iter().enumerate() {
        let answer = user.get(path).await;
        statuses[place] = answer.status;
        if path == "/health/ready" {
            let body: Value = serde_json::from_str(&answer.body).expect("JSON");
            body["status"]
                .as_str()
                .expect("a word")
                .clone_into(&mut word);
        }
    }
    (statuses, word)
}

pub(super) async fn comes_to_tell(user: &User, (statuses, word): Truth) {
    let wanted = (statuses, word.to_owned());
    let last = std::sync::Mutex::default();
    eventually_or(
        || async {
            let told = told(user).await;
            let tells = (told == wanted).then_some(());
            *last.lock().expect("nobody panicked") = told;
            tells
        },
        || format!("{:?}, not {wanted:?}", last.lock()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_says_what_a_missing_part_means_for_it() {
    on_each_database(|database| async move {
        for (part, settings, (statuses, word)) in MISSING {
            let house = House::open(&database, settings).await;
            let told = told(&house.stranger()).await;
            assert_eq!(told, (statuses, word.to_owned()), "without {part}");
            house.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_started_stays_started_while_its_database_only_reads() {
    let database = std::sync::Arc::new(Database::postgres().await);
    let site = Site::new(database.clone(), &[]);
    let server = site.serve(&[]).await;
    let user = User::anonymous(server.base.clone());
    comes_to_tell(&user, WELL).await;
    let state = site.state().await;
    let name = state.word("SELECT current_database()::text").await;
    let only_reads = "SET default_transaction_read_only = on";
    state
        .execute(&format!("ALTER DATABASE {name} {only_reads}"))
        .await;
    // A session keeps what it began with.
    let others = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    state.number(others).await;
    comes_to_tell(&user, ([200, 200, 503, 503, 503], "degraded")).await;
    state.close().await;
    server.stop().await;
    database.drop_it().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_started_stays_started_while_its_database_is_gone() {
    let cluster = Cluster::start();
    let site = Site::new(std::sync::Arc::new(cluster.database()), &[]);
    let server = site.serve(&[]).await;
    let user = User::anonymous(server.base.clone());
    comes_to_tell(&user, WELL).await;
    cluster.down();
    comes_to_tell(&user, ([200, 200, 503, 503, 503], "degraded")).await;
    cluster.up();
    comes_to_tell(&user, WELL).await;
    server.stop().await;
}
