//! Clients that others wrote: the AI-SDK's own reader, with its strict schemas, and curl.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::support::{House, User, on_each_database};

const HANDBOOK: &[u8] = include_bytes!("../../../../docs/samples/team-handbook.pdf");
const QUESTION: &str = "How many days of unused annual leave can I carry over?";

async fn reader(house: &House) -> (User, i64) {
    let user = house.user("ada").await;
    let store = user.store("Handbook").await;
    let file = HANDBOOK.to_vec();
    user.indexed(store, "team-handbook.pdf", "application/pdf", file)
        .await;
    (user, store)
}

/// The folder of the script, with the packages that its lock file names.
async fn script_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ai_sdk");
    if !folder.join("node_modules/ai/package.json").exists() {
        let installed = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output()
            .await
            .expect("npm runs");
        assert!(
            installed.status.success(),
            "{}",
            String::from_utf8_lossy(&installed.stderr)
        );
    }
    folder
}

/// Lets the AI-SDK ask; answers every chunk it accepted and the message it made of them.
async fn ask_with_sdk(folder: &Path, user: &User, store: i64, question: &str) -> Value {
    let input = json!({
        "api": format!("{}/api/chat", user.base),
        "token": user.token,
        "store": store,
        "question": question,
    });
    let run = Command::new("node")
        .arg("read.mjs")
        .arg(input.to_string())
        .current_dir(folder)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_mins(1), run)
        .await
        .expect("the script ends")
        .expect("node runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ai_sdk_reads_an_answer_with_its_sources_without_an_error() {
    let folder = script_folder().await;
    on_each_database(|database| {
        let folder = folder.clone();
        async move {
            let house = House::open(&database, &[]).await;
            let (user, store) = reader(&house).await;

            let read = ask_with_sdk(&folder, &user, store, QUESTION).await;

            assert_eq!(read["errors"], json!([]));
            let parts = read["message"]["parts"].as_array().expect("parts");
            let text: String = parts
                .iter()
                .filter(|part| part["type"] == "text")
                .filter_map(|part| part["text"].as_str())
                .collect();
            assert!(text.contains("five"), "{text}");
            let source = parts.iter().find(|part| part["type"] == "source-document");
            let source = source.expect("a source");
            assert_eq!(source["title"], "team-handbook.pdf");
            assert_eq!(source["providerMetadata"]["binnacle"]["page"], 2);
            let usage = &read["message"]["metadata"]["usage"];
            assert_eq!(usage["provider"], "offline");
            let kinds: Vec<&str> = read["chunks"]
                .as_array()
                .expect("chunks")
                .iter()
                .filter_map(|chunk| chunk["type"].as_str())
                .collect();
            assert_eq!(
                (kinds.first(), kinds.last()),
                (Some(&"start"), Some(&"finish"))
            );
            house.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ai_sdk_is_told_of_an_error_in_its_own_way() {
    let folder = script_folder().await;
    on_each_database(|database| {
        let folder = folder.clone();
        async move {
            let settings = [("MAX_STREAMS_PER_USER", "1"), ("MOCK_LATENCY_MS", "2000")];
            let house = House::open(&database, &settings).await;
            let (user, store) = reader(&house).await;
            let body = json!({"storeIds": [store], "question": QUESTION});
            let request = user.request(reqwest::Method::POST, "/api/chat");
            let mut first = request.json(&body).send().await.expect("an answer");
            first.chunk().await.expect("a frame");

            let read = ask_with_sdk(&folder, &user, store, QUESTION).await;

            let errors = read["errors"].as_array().expect("errors");
            assert_eq!(errors.len(), 1, "{errors:?}");
            let error = errors[0].as_str().expect("text");
            assert!(error.contains("Too many answers"), "{error}");
            drop(first);
            house.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_shows_each_delta_as_it_comes() {
    const LATENCY: Duration = Duration::from_millis(200);
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "200")]).await;
        let (user, store) = reader(&house).await;
        let body = json!({"storeIds": [store], "question": QUESTION}).to_string();
        let mut curl = Command::new("curl")
            .args(["--silent", "--no-buffer", "--data", &body])
            .args(["--header", "content-type: application/json"])
            .args(["--header", "x-requested-with: XMLHttpRequest"])
            .arg("--header")
            .arg(format!(
                "authorization: Bearer {}",
                user.token.as_deref().expect("a token")
            ))
            .arg(format!("{}/api/chat", user.base))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("curl runs");
        let mut lines = BufReader::new(curl.stdout.take().expect("a pipe")).lines();
        let mut arrivals = Vec::new();
        let mut last = String::new();
        while let Some(line) = lines.next_line().await.expect("a line") {
            if line.contains("text-delta") {
                arrivals.push(Instant::now());
            }
            if !line.is_empty() {
                last = line;
            }
        }

        assert_eq!(last, "data: [DONE]");
        assert!(arrivals.len() >= 3, "{} deltas", arrivals.len());
        let gaps = arrivals.windows(2).map(|pair| pair[1] - pair[0]);
        let apart = gaps.filter(|gap| *gap > LATENCY / 4).count();
        assert!(
            apart * 2 >= arrivals.len() - 1,
            "{apart} of {} deltas came apart",
            arrivals.len()
        );
        house.stop().await;
    })
    .await;
}
