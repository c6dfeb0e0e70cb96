//! Forms with files, as streams.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::{
    answer::Answer,
    support::{CHANGE, TestServer},
};

const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=B";

fn file(name: &str, content: &str) -> String {
    format!(
        "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/plain\r\n\r\n{content}\r\n"
    )
}

fn text(name: &str, value: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

async fn upload(server: &TestServer, body: &str) -> Answer {
    server
        .send(&format!("POST /api/upload\n{CHANGE}\n{MULTIPART}"), body)
        .await
}

#[tokio::test]
async fn fields_come_in_any_order() {
    let server = TestServer::start().await;
    let content = "y".repeat(850_000);
    let before = upload(
        &server,
        &format!(
            "{}{}--B--\r\n",
            text("storeId", "4"),
            file("a.txt", &content)
        ),
    )
    .await;
    assert_eq!(
        before.json(),
        json!(["storeId=4", "a.txt text/plain 850000"])
    );
    let after = upload(
        &server,
        &format!("{}{}--B--\r\n", file("ä.txt", ""), text("storeId", "4")),
    )
    .await;
    assert_eq!(after.json(), json!(["ä.txt text/plain 0", "storeId=4"]));
}

#[tokio::test]
async fn a_file_over_its_cap_is_413_also_in_chunks() {
    let server = TestServer::start().await;
    let body = format!("{}--B--\r\n", file("a.txt", &"y".repeat(4_000_000)));
    let declared = upload(&server, &body).await;
    assert_eq!(
        (declared.status, declared.json()),
        (413, json!({"detail": "File too large"}))
    );
    let mut chunks = Vec::new();
    for chunk in body.as_bytes().chunks(10_000) {
        let chunk = String::from_utf8_lossy(chunk);
        chunks.push(format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    let chunks = chunks.concat();
    let head = format!("POST /api/upload\n{CHANGE}\n{MULTIPART}\nTransfer-Encoding: chunked");
    let chunked = server.send(&head, &format!("{chunks}0\r\n\r\n")).await;
    assert_eq!(
        (chunked.status, chunked.json()),
        (413, json!({"detail": "File too large"}))
    );
    let small = upload(&server, &format!("{}--B--\r\n", file("a.txt", "y"))).await;
    assert_eq!(small.status, 200);
    let seen = server.seen.files.lock().clone();
    let refusals: Vec<_> = seen.iter().map(|(_, _, refused)| *refused).collect();
    assert_eq!(refusals, [Some(413), Some(413), None]);
    let [declared, chunked, small] = [0, 1, 2].map(|file| seen[file].1);
    assert_eq!(declared, 0, "nothing of it was read");
    assert!(chunked > 1_000_000, "{chunked}");
    assert!((1..1_000).contains(&small), "{small}");
}

#[tokio::test]
async fn malformed_forms_are_400_and_other_types_415() {
    let server = TestServer::start().await;
    let nameless = "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n";
    assert_eq!(upload(&server, nameless).await.json(), json!(["=x"]));
    for (what, body) in [
        ("no end", file("a.txt", "x")),
        ("no boundary", "hello".to_owned()),
        (
            "a giant part head",
            format!("--B\r\nX: {}\r\n\r\nx\r\n--B--\r\n", "x".repeat(600_000)),
        ),
        (
            "ten thousand parts",
            format!("{}--B--\r\n", text("a", "b").repeat(10_000)),
        ),
    ] {
        let answer = upload(&server, &body).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
    }
    let long = format!(
        "POST /api/upload\n{CHANGE}\nContent-Type: multipart/form-data; boundary={}",
        "B".repeat(71)
    );
    assert_eq!(server.send(&long, "x").await.status, 400);
    let json = format!("POST /api/upload\n{CHANGE}\nContent-Type: application/json");
    assert_eq!(server.send(&json, "{}").await.status, 415);
    assert_eq!(
        server
            .send(&format!("POST /api/upload\n{CHANGE}"), "{}")
            .await
            .status,
        415
    );
}

#[tokio::test]
async fn text_fields_have_their_own_bound() {
    let server = TestServer::start().await;
    let long = upload(
        &server,
        &format!("{}--B--\r\n", text("title", &"x".repeat(21))),
    )
    .await;
    assert_eq!(
        (long.status, &long.json()["detail"][0]["loc"]),
        (422, &json!(["body", "title"]))
    );
}

#[tokio::test]
async fn fields_that_are_not_read_are_skipped() {
    let server = TestServer::start().await;
    let large = file("b.bin", &"z".repeat(400_000)).replace("name=\"file\"", "name=\"skip\"");
    let body = format!("{}{large}{}--B--\r\n", text("a", "1"), text("b", "2"));
    assert_eq!(upload(&server, &body).await.json(), json!(["a=1", "b=2"]));
}
