//! Exports on a wire: they wait when the server says so, and leave a whole file or none.

use binnacle_tui::action::{Export, ExportFormat};
use binnacle_tui::client::Request;
use binnacle_tui::runtime::export::{self, Progress};

use crate::client::{House, Place, answer};

const REFUSED: &str = r#"{"detail":"too many requests"}"#;

fn page(ids: &[i64], next: Option<&str>) -> String {
    let items: Vec<_> = ids.iter().map(|id| serde_json::json!({"id": id})).collect();
    let body = serde_json::json!({"items": items, "next_cursor": next}).to_string();
    answer("200 OK", "", &body)
}

fn limited() -> String {
    answer("429 Too Many Requests", "retry-after: 1\r\n", REFUSED)
}

fn export(place: &Place) -> Export {
    Export {
        request: Request::get("/api/admin/jobs"),
        format: ExportFormat::Csv,
        path: place.folder.path().join("jobs.csv"),
    }
}

#[tokio::test]
async fn an_export_waits_as_long_as_it_is_told_and_goes_on() {
    let house = House::open(vec![
        page(&[1, 2], Some("c1")),
        limited(),
        limited(),
        page(&[3], None),
    ])
    .await;
    let place = Place::new(&house);
    let wanted = export(&place);
    let mut told = Vec::new();
    let rows = export::write(&place.client(), &wanted, |progress| told.push(progress)).await;
    assert_eq!(rows.expect("a file"), 3);
    let text = std::fs::read_to_string(&wanted.path).expect("the file");
    assert_eq!(text, "id\r\n1\r\n2\r\n3\r\n");
    let waits = Progress {
        rows: 2,
        wait_s: Some(1),
    };
    assert_eq!(told.iter().filter(|known| **known == waits).count(), 2);
    for at in [1, 2, 3] {
        assert!(house.asked(at).await.contains("cursor=c1"), "{at}");
    }
}

#[tokio::test]
async fn an_export_that_fails_leaves_no_file() {
    let broken = answer("500 Internal Server Error", "", r#"{"detail":"broken"}"#);
    let refusals = std::iter::repeat_with(limited).take(6).collect();
    for last in [vec![broken], refusals] {
        let mut answers = vec![page(&[1, 2], Some("c1"))];
        answers.extend(last);
        let house = House::open(answers).await;
        let place = Place::new(&house);
        let wanted = export(&place);
        let outcome = export::write(&place.client(), &wanted, |_| {}).await;
        assert!(outcome.is_err());
        let names = std::fs::read_dir(place.folder.path()).expect("a folder");
        let left: Vec<_> = names
            .map(|entry| entry.expect("an entry").file_name())
            .filter(|name| !name.to_string_lossy().starts_with("credentials"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
