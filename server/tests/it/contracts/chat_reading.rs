//! Leaving an answer, coming back to it, stopping it.

use super::{Reader, parsed};
use crate::support::{House, Sql, eventually, on_each_database};

const RESUMABLE: (&str, &str) = ("x-stream-resume", "1");

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_stream_goes_on_exactly_where_it_was_left() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "15")]).await;
        let reader = Reader::new(&house, "ada").await;
        let mut live = reader.begin(&reader.question(), &[RESUMABLE]).await;
        let stream = live.header("x-stream-id");
        live.until("id: 5\n").await;
        drop(live);

        let rest = reader.resume(&stream, &[("last-event-id", "4")]).await;
        let whole = reader.resume(&stream, &[]).await;

        assert_eq!(rest.status, 200);
        assert_eq!(rest.header("x-stream-id"), Some(stream.as_str()));
        assert_ne!(rest.header("x-session-id"), Some(""), "no empty name");
        let at = whole.body.find("id: 5\n").expect("the fifth frame");
        assert_eq!(rest.body, whole.body[at..]);
        for (number, frame) in (1..).zip(super::frames(&whole.body)) {
            let (id, data) = frame.split_once('\n').expect("two lines");
            assert_eq!(id, format!("id: {number}"));
            assert!(data.starts_with("data: "), "{data}");
        }
        assert!(whole.body.ends_with("data: [DONE]\n\n"));
        let past = reader.resume(&stream, &[("last-event-id", "9999")]).await;
        assert_eq!((past.status, past.body.as_str()), (200, ""));
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_its_users_alone() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bob) = (
            Reader::new(&house, "ada").await,
            Reader::new(&house, "bob").await,
        );
        let stream = parsed(&ada.ask(&ada.question(), &[]).await).id;
        let stream = stream.expect("a stream");
        assert_eq!(
            bob.resume(&stream, &[]).await.refused(404),
            "Stream not found"
        );
        let path = format!("/api/chat/streams/{stream}");
        assert_eq!(
            bob.user.delete(&path).await.refused(404),
            "Stream not found"
        );
        for unknown in ["00000000-0000-4000-8000-000000000000", "7", "x%00y"] {
            let answer = ada.resume(unknown, &[]).await;
            assert_eq!(answer.status, 404, "{unknown}: {}", answer.body);
        }
        for wrong in ["x", "-1", "1.5", "99999999999999999999999"] {
            let answer = ada.resume(&stream, &[("last-event-id", wrong)]).await;
            assert_eq!(answer.status, 400, "{wrong}: {}", answer.body);
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_answer_is_kept_as_it_was_and_billed_once() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "150")]).await;
        let reader = Reader::new(&house, "ada").await;
        let mut live = reader.begin(&reader.question(), &[]).await;
        let (stream, session) = (live.header("x-stream-id"), live.header("x-session-id"));
        live.until("text-delta").await;

        let path = format!("/api/chat/streams/{stream}");
        reader.user.delete(&path).await.expect(204);
        reader.user.delete(&path).await.expect(204);
        let body = live.rest().await;

        assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
        assert!(body.contains("\"finish\""), "{body}");
        let text: String = super::frames(&body)
            .iter()
            .filter_map(|frame| frame.strip_prefix("data: "))
            .filter_map(|data| serde_json::from_str::<serde_json::Value>(data).ok())
            .filter_map(|frame| frame["delta"].as_str().map(str::to_owned))
            .collect();
        let answer = reader.messages(&session).await[1].clone();
        assert_eq!(answer["state"], "cut");
        assert_eq!(answer["content"], text);
        assert!(text.len() < super::LIGHTHOUSE.len());
        reader.user.delete(&path).await.expect(204);
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("ledger WHERE kind = 'chat'").await, 1);
        assert_eq!(sql.count("holds WHERE state IN ('open', 'sent')").await, 0);
        house.stop().await;
    })
    .await;
}

/// Asks, leaves after the first words, and waits until the stored answer is in this state.
async fn leave(house: &House, state: &str) -> (Reader, serde_json::Value) {
    let reader = Reader::new(house, "ada").await;
    let mut live = reader.begin(&reader.question(), &[]).await;
    let session = live.header("x-session-id");
    live.until("text-delta").await;
    drop(live);
    let answer = eventually(|| async {
        let answer = reader.messages(&session).await[1].clone();
        (answer["state"] == state).then_some(answer)
    })
    .await;
    let mut sql = Sql::of(house).await;
    assert_eq!(sql.count("ledger WHERE kind = 'chat'").await, 1);
    assert_eq!(sql.count("periods WHERE reserved_nanos <> 0").await, 0);
    (reader, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_finds_the_whole_answer_later() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "20")]).await;
        let (reader, answer) = leave(&house, "complete").await;
        assert!(
            answer["content"]
                .as_str()
                .is_some_and(|text| text.contains("north"))
        );
        assert_eq!(answer["citations"][0]["document_id"], reader.document);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grace_who_leaves_stops_the_answer() {
    on_each_database(|database| async move {
        let settings = [
            ("STREAM_DISCONNECT_GRACE_SECS", "0"),
            ("MOCK_LATENCY_MS", "150"),
        ];
        let house = House::open(&database, &settings).await;
        let (_, answer) = leave(&house, "cut").await;
        assert!(
            answer["content"]
                .as_str()
                .is_some_and(|text| !text.contains("north"))
        );
        house.stop().await;
    })
    .await;
}
