//! The main job: sign up, upload, ask, read the cited answer, see what it cost.

use crate::support::{House, on_each_database};

const HANDBOOK: &[u8] = include_bytes!("../../../../docs/samples/team-handbook.pdf");

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_document_answers_with_citations_and_a_price() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let user = house.user("ada").await;
        let store = user.store("Handbook").await;
        let document = user
            .indexed(
                store,
                "team-handbook.pdf",
                "application/pdf",
                HANDBOOK.to_vec(),
            )
            .await;

        let stream = user
            .ask(
                store,
                "How many days of unused annual leave can I carry over?",
            )
            .await;

        assert_eq!(
            stream.types(),
            [
                "start",
                "text-start",
                "text-delta",
                "text-end",
                "source-document",
                "finish"
            ]
        );
        assert!(stream.done);
        assert!(stream.text().contains("five"), "{}", stream.text());
        let source = stream.sources()[0];
        assert_eq!(source["title"], "team-handbook.pdf");
        assert_eq!(source["documentId"], document);
        assert_eq!(source["page"], 2);
        let session = stream.session.clone().expect("a session");
        let messages = user
            .get(&format!("/api/chat/sessions/{session}/messages"))
            .await
            .expect(200);
        assert_eq!(messages[1]["content"], stream.text());
        assert_eq!(messages[1]["state"], "complete");
        let costs = user.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["query_cost_usd"], messages[1]["cost_usd"]);
        assert!(costs["indexing_cost_usd"].as_f64().unwrap() > 0.0);
        assert_eq!(costs["held_usd"], 0.0);
        house.stop().await;
    })
    .await;
}
