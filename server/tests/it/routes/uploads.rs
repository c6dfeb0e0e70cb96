//! What is not taken in, why, and that nothing of it stays.

use serde_json::json;

use crate::support::{House, Sql, User, Wire, eventually, on_each_database};

const TEXT: &[u8] = b"The tide turns at four in the afternoon.";

/// No row, no original, no temporary file, no money held.
async fn assert_nothing_left(house: &House) {
    eventually(|| async { (house.files() == 0).then_some(()) }).await;
    let mut sql = Sql::of(house).await;
    for rows in [
        "documents",
        "passages",
        "jobs",
        "holds WHERE state IN ('open', 'sent')",
        "periods WHERE reserved_nanos <> 0",
    ] {
        assert_eq!(sql.count(rows).await, 0, "{rows}");
    }
}

/// How many uploads of a found type had an outcome.
async fn counted(user: &User, kind: &str, result: &str) -> u64 {
    let page = user.get("/metrics").await.body;
    let series = format!("binnacle_uploads_total{{kind=\"{kind}\",result=\"{result}\"}} ");
    let line = page.lines().find_map(|line| line.strip_prefix(&series));
    let count = line.unwrap_or_else(|| panic!("{series} is not in\n{page}"));
    count.parse().expect("a number")
}

async fn ada(house: &House) -> (User, i64) {
    let ada = house.user("ada").await;
    let store = ada.store("Tides").await;
    (ada, store)
}

/// Forms, the status that each gets, and what the refusal names.
fn incomplete_forms(store: i64) -> Vec<(reqwest::multipart::Form, u16, &'static str)> {
    let file = || reqwest::multipart::Part::bytes(TEXT).file_name("tide.txt");
    let form = reqwest::multipart::Form::new;
    let long = "x".repeat(256);
    let id = store.to_string();
    vec![
        (form(), 400, "malformed"),
        (form().part("file", file()), 422, "storeId"),
        (form().text("storeId", id.clone()), 422, "file"),
        (
            form().text("storeId", "x").part("file", file()),
            422,
            "integer",
        ),
        (
            form().text("storeId", "9".repeat(40)).part("file", file()),
            422,
            "storeId",
        ),
        (
            form().text("storeId", "987654").part("file", file()),
            404,
            "Store not found",
        ),
        (
            form().part("file", file()).text("storeId", "987654"),
            404,
            "Store not found",
        ),
        (
            form()
                .text("storeId", id.clone())
                .text("displayName", long)
                .part("file", file()),
            422,
            "255",
        ),
        (
            form()
                .text("storeId", id.clone())
                .part("file", reqwest::multipart::Part::bytes(Vec::new())),
            422,
            "empty",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_lack_something_leave_nothing() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, store) = ada(&house).await;
        for (form, status, says) in incomplete_forms(store) {
            let request = ada.request(reqwest::Method::POST, "/api/upload");
            let answer = ada.send(request.multipart(form)).await;
            let told = answer.refused(status);
            assert!(told.contains(says), "{says}: {told}");
        }
        for (content_type, status) in [
            ("application/json", 415),
            ("multipart/form-data", 400),
            ("multipart/form-data; boundary=", 400),
            ("multipart/form-data; boundary=x", 400),
        ] {
            let request = ada.request(reqwest::Method::POST, "/api/upload");
            let request = request
                .header("content-type", content_type)
                .body("--y\r\nno form");
            assert_eq!(ada.send(request).await.status, status, "{content_type}");
        }
        let stranger = house.stranger();
        let answer = stranger
            .upload(store, "tide.txt", "text/plain", TEXT.to_vec())
            .await;
        assert_eq!(answer.refused(401), "Missing bearer token");
        assert_nothing_left(&house).await;
        // Of the forms two named no store that there is; a content type was none of a form.
        assert_eq!(counted(&ada, "unknown", "malformed").await, 7 + 3);
        assert_eq!(counted(&ada, "unknown", "type").await, 1);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_decides_what_a_file_is() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, store) = ada(&house).await;
        let ole = [
            &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1][..],
            &[0; 2048],
        ]
        .concat();
        for (name, media_type, bytes, says) in [
            ("a.pdf", "application/pdf", TEXT.to_vec(), "content is text"),
            (
                "a.pdf",
                "application/pdf",
                b"%PDF-1.7\nno end".to_vec(),
                "incomplete",
            ),
            ("a.doc", "application/msword", ole.clone(), "DOCX"),
            (
                "a.txt",
                "text/plain",
                vec![0, 1, 2, 3, 255, 254, 0, 0, 7],
                "binary",
            ),
            (
                "a.png",
                "image/png",
                b"\x89PNG\r\n\x1a\n0000".to_vec(),
                "cannot be read",
            ),
            (
                "a.exe",
                "application/octet-stream",
                b"MZ\x90\0\x03\0\0\0".to_vec(),
                "",
            ),
            (
                "a.zip",
                "application/zip",
                b"PK\x05\x06".iter().copied().chain([0; 18]).collect(),
                "",
            ),
            (
                "a.docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                b"PK\x03\x04broken".to_vec(),
                "damaged",
            ),
        ] {
            let told = ada
                .upload(store, name, media_type, bytes)
                .await
                .refused(415);
            assert!(
                told.contains(says) && told.len() > 20,
                "{name} {media_type}: {told}"
            );
        }
        assert_nothing_left(&house).await;
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_decides_what_is_taken() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("UPLOAD_PROFILE", "safe")]).await;
        let (ada, store) = ada(&house).await;
        let page = b"<html><body><p>The tide turns.</p></body></html>".to_vec();
        let told = ada
            .upload(store, "a.html", "text/html", page)
            .await
            .refused(415);
        assert!(told.contains("not accepted here"), "{told}");
        assert_nothing_left(&house).await;
        ada.indexed(store, "a.txt", "text/plain", TEXT.to_vec())
            .await;
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_is_told_at_once_or_on_the_way() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MAX_UPLOAD_MB", "1")]).await;
        let (ada, store) = ada(&house).await;
        let over = b"tide ".repeat(220_000);
        let answer = ada.upload(store, "a.txt", "text/plain", over).await;
        assert_eq!(answer.refused(413), "File too large");

        // Said beforehand: refused before a byte of it is read.
        let mut wire = Wire::to(&house).await;
        let head = Wire::head("POST", "/api/upload", &ada);
        let form = "content-type: multipart/form-data; boundary=b\r\n";
        wire.send(format!("{head}{form}content-length: 90000000\r\n\r\n"))
            .await;
        assert_eq!(wire.status().await, 413);

        // In pieces of unknown number: refused when the cap is passed.
        let mut wire = Wire::to(&house).await;
        wire.send(format!("{head}{form}transfer-encoding: chunked\r\n\r\n"))
            .await;
        let part = format!(
            "--b\r\ncontent-disposition: form-data; name=\"storeId\"\r\n\r\n{store}\r\n\
             --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
        );
        wire.send(format!("{:x}\r\n{part}\r\n", part.len())).await;
        let piece = format!("10000\r\n{}\r\n", "tide".repeat(0x4000));
        for _ in 0..20 {
            wire.send(&piece).await;
        }
        assert_eq!(wire.status().await, 413);

        // A client that gives up in the middle.
        let mut wire = Wire::to(&house).await;
        wire.send(format!("{head}{form}transfer-encoding: chunked\r\n\r\n"))
            .await;
        wire.send(format!("{:x}\r\n{part}\r\n{piece}", part.len()))
            .await;
        drop(wire);
        assert_nothing_left(&house).await;
        assert_eq!(counted(&ada, "unknown", "too_large").await, 3);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_money_nothing_is_taken_in() {
    on_each_database(|database| async move {
        let settings = [("DEFAULT_MONTHLY_LIMIT_USD", "0")];
        let house = House::open(&database, &settings).await;
        let (ada, store) = ada(&house).await;
        let refused = ada
            .upload(store, "a.txt", "text/plain", TEXT.to_vec())
            .await
            .expect(402);
        assert_eq!(refused["detail"], "Monthly budget exceeded");
        assert_eq!(refused["limit_usd"], 0.0);
        assert_eq!(refused["spent_usd"], 0.0);
        assert_eq!(refused["held_usd"], 0.0);
        assert!(refused["resets_at"].is_string());
        assert_nothing_left(&house).await;
        assert_eq!(counted(&ada, "plain", "quota").await, 1);
        assert_eq!(counted(&ada, "plain", "ok").await, 0);
        let listed = ada
            .get(&format!("/api/documents/store/{store}"))
            .await
            .expect(200);
        assert_eq!(listed, json!([]));
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upload_limit_counts_files_that_could_be_taken() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("UPLOAD_RATE_LIMIT_PER_MINUTE", "1")]).await;
        let (ada, store) = ada(&house).await;
        for _ in 0..3 {
            let answer = ada
                .upload(987_654, "a.txt", "text/plain", TEXT.to_vec())
                .await;
            answer.refused(404);
            let answer = ada
                .upload(store, "a.pdf", "application/pdf", TEXT.to_vec())
                .await;
            answer.refused(415);
        }
        let accepted = ada
            .upload(store, "a.txt", "text/plain", TEXT.to_vec())
            .await
            .expect(200);
        assert_eq!(
            accepted["op_id"],
            format!("doc-{}", accepted["document_id"])
        );
        assert_eq!(accepted["file_display_name"], "a.txt");
        assert_eq!(accepted["estimated_tokens"], TEXT.len() / 4);
        assert!(
            accepted["estimated_cost_usd"]
                .as_f64()
                .is_some_and(|cost| cost > 0.0)
        );
        let limited = ada
            .upload(store, "a.txt", "text/plain", TEXT.to_vec())
            .await;
        let wait: u64 = limited
            .header("retry-after")
            .expect("a wait")
            .parse()
            .expect("seconds");
        assert!((1..=60).contains(&wait), "{wait}");
        limited.refused(429);
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("documents").await, 1);
        house.stop().await;
    })
    .await;
}
