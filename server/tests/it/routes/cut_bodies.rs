//! Bodies that break off: the client leaves, ends its chunks too early, or sends what is no chunk.
//! Nothing of them stays, and nothing is done on half a request.

use pretty_assertions::assert_eq;

use crate::support::{House, Sql, User, Wire, eventually, on_each_database};

const BOUNDARY: &str = "a-boundary";

/// The beginning of a form with a file, without its end.
fn half_a_form(store: i64) -> String {
    format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"storeId\"\r\n\r\n{store}\r\n\
         --{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"tide.txt\"\r\n\
         content-type: text/plain\r\n\r\n{}",
        "The tide turns at four in the afternoon.\n".repeat(5_000)
    )
}

fn upload(user: &User, framing: &str, body: &str) -> String {
    format!(
        "{}content-type: multipart/form-data; boundary={BOUNDARY}\r\n{framing}\r\n\r\n{body}",
        Wire::head("POST", "/api/upload", user)
    )
}

async fn assert_nothing_left(house: &House) {
    eventually(|| async { (house.files() == 0).then_some(()) }).await;
    let mut sql = Sql::of(house).await;
    for rows in ["documents", "jobs", "holds", "chat_sessions"] {
        assert_eq!(sql.count(rows).await, 0, "{rows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_client_leaves_in_the_middle_leaves_nothing() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let user = house.user("ada").await;
        let half = half_a_form(user.store("Tides").await);
        let chunk = format!("{:x}\r\n{half}\r\n", half.len());
        for (framing, body) in [
            (format!("content-length: {}", half.len() * 2), &half),
            ("transfer-encoding: chunked".to_owned(), &chunk),
        ] {
            let mut wire = Wire::to(&house).await;
            wire.send(upload(&user, &framing, body)).await;
            // It has begun to be written down.
            eventually(|| async { (house.files() > 0).then_some(()) }).await;
            drop(wire);
            assert_nothing_left(&house).await;
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_ends_too_early_or_is_no_chunk_is_400_and_leaves_nothing() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let user = house.user("ada").await;
        let half = half_a_form(user.store("Tides").await);
        let chunk = format!("{:x}\r\n{half}\r\n", half.len());
        for (framing, body) in [
            (format!("content-length: {}", half.len()), half.clone()),
            (
                "transfer-encoding: chunked".to_owned(),
                format!("{chunk}0\r\n\r\n"),
            ),
            (
                "transfer-encoding: chunked".to_owned(),
                format!("{chunk}no chunk\r\n"),
            ),
        ] {
            let mut wire = Wire::to(&house).await;
            wire.send(upload(&user, &framing, &body)).await;
            assert_eq!(wire.status().await, 400, "{framing}");
            assert_nothing_left(&house).await;
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_question_is_not_asked() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let user = house.user("ada").await;
        let store = user.store("Tides").await;
        let question = format!(r#"{{"storeIds":[{store}],"question":"When?"}}"#);
        let head = Wire::head("POST", "/api/chat", &user);
        // Whole JSON, of which more was announced.
        let length = question.len() + 10;
        let mut wire = Wire::to(&house).await;
        wire.send(format!(
            "{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{question}"
        ))
        .await;
        drop(wire);
        let mut wire = Wire::to(&house).await;
        wire.send(format!(
            "{head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
             {:x}\r\n{question}\r\nno chunk\r\n",
            question.len()
        ))
        .await;
        assert_eq!(wire.status().await, 400);
        assert_nothing_left(&house).await;
        house.stop().await;
    })
    .await;
}
