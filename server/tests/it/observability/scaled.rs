//! The rules with every duration a sixtieth of what it is: a minute is a second.

use serde_json::{Value, json};

use super::rules;

/// All rules, scaled, in one group.
pub(super) fn all() -> Value {
    let rules: Vec<Value> = rules::all()
        .into_iter()
        .map(|rule| {
            let mut scaled = json!({
                "expr": expression(&rule.expr), "labels": rule.labels, "annotations": rule.annotations,
            });
            if let Some(hold) = &rule.hold {
                scaled["for"] = duration(hold).into();
            }
            match (&rule.alert, &rule.record) {
                (Some(alert), _) => scaled["alert"] = alert.as_str().into(),
                (None, Some(record)) => {
                    scaled["record"] = record.as_str().into();
                    scaled.as_object_mut().expect("an object").remove("annotations");
                }
                (None, None) => panic!("a rule without a name"),
            }
            scaled
        })
        .collect();
    json!({"groups": [{"name": "scaled", "interval": "1s", "rules": rules}]})
}

/// Ranges, and times written as so many `* 60` or `* 3600` seconds.
fn expression(text: &str) -> String {
    let mut pieces = text.split('[');
    let mut scaled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (range, rest) = piece.split_once(']').expect("a range ends");
        scaled = format!("{scaled}[{}]{rest}", duration(range));
    }
    scaled
        .replace("* 3600", "* one_minute")
        .replace("* 60", "* 1")
        .replace("* one_minute", "* 60")
}

fn duration(text: &str) -> String {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: u64 = number.parse().expect("one number and one unit");
    let milliseconds = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => panic!("{text} has no known unit"),
    };
    format!("{}ms", number * milliseconds / 60)
}

#[test]
fn a_minute_is_a_second() {
    assert_eq!(duration("5m"), "5000ms");
    assert_eq!(duration("3d"), "4320000ms");
    assert_eq!(
        expression("rate(a[5m]) > 14.4 and time() - b > 26 * 3600 or c > 10 * 60"),
        "rate(a[5000ms]) > 14.4 and time() - b > 26 * 60 or c > 10 * 1"
    );
}
