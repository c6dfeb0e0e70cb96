//! The admin console's routes: people, money, the record.

mod bulk;
mod making;
mod money;
mod people;
mod record;
mod steering;

use serde_json::Value;

use crate::support::{User, client::Answer};

/// Every item of a list, page by page, each with the answer that had it.
async fn walk(admin: &User, path: &str, limit: usize) -> Vec<Value> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = admin
            .get(&format!("{path}{sign}limit={limit}{cursor}"))
            .await
            .expect(200);
        let found = page["items"].as_array().expect("items").clone();
        assert!(found.len() <= limit);
        items.extend(found);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

/// The ids of the items.
fn ids(items: &[Value]) -> Vec<i64> {
    items
        .iter()
        .map(|item| item["id"].as_i64().expect("an id"))
        .collect()
}

/// The act that an answer names.
fn audit_id(answer: &Answer) -> i64 {
    let id = answer.header("x-audit-id").expect("an act on record");
    id.parse().expect("a number")
}

/// Asserts a problem by RFC 9457 and answers its code.
#[track_caller]
fn problem(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(body["status"], status);
    body["code"].as_str().expect("a code").to_owned()
}
