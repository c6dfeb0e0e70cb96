//! What filters mean, and what is said of bad ones.

use super::{ACCOUNTS, Comparison, Filter, JOBS, Term, Test, Value, parse};

fn one(text: &str) -> Term {
    let mut terms = parse(text, &JOBS).expect("a filter").terms;
    assert_eq!(terms.len(), 1, "{text}");
    terms.remove(0)
}

#[test]
fn terms_are_read() {
    assert_eq!(
        one("state:failed,queued"),
        Term {
            negated: false,
            test: Test::OneOf("state", vec![Value::Word("failed"), Value::Word("queued")]),
        }
    );
    assert_eq!(
        one("-age>2h"),
        Term {
            negated: true,
            test: Test::Compare("age", Comparison::Greater, Value::Seconds(7_200)),
        }
    );
    assert_eq!(one("user:-").test, Test::Missing("user"));
    assert_eq!(one("replay_of:*").test, Test::Present("replay_of"));
    assert_eq!(
        one("\"quota per minute\"").test,
        Test::Text("quota per minute".to_owned())
    );
    assert_eq!(one("ada@ex.org").test, Test::Text("ada@ex.org".to_owned()));
}

#[test]
fn units_are_exact() {
    let value = |text: &str| match &parse(text, &ACCOUNTS).expect("a filter").terms[0].test {
        Test::Compare(_, _, value) => value.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(value("spent>=0.000000001"), Value::Nanos(1));
    assert_eq!(value("spent>$12.40"), Value::Nanos(12_400_000_000));
    assert_eq!(value("used>80%"), Value::Ratio(0.8));
    assert_eq!(value("age<4w"), Value::Seconds(2_419_200));
}

#[test]
fn what_is_not_understood_is_named_with_its_place_and_the_nearest() {
    let failure = parse("state:failed role:auditr", &ACCOUNTS).expect_err("unknown field");
    assert_eq!(failure.at, 0..5);
    assert_eq!(failure.nearest.as_deref(), Some("status"));
    let failure = parse("role:auditr", &ACCOUNTS).expect_err("unknown value");
    assert_eq!(
        (failure.at.clone(), failure.nearest.as_deref()),
        (5..11, Some("auditor"))
    );
    for (text, at) in [
        ("role>user", 5..9),
        ("spent>much", 6..10),
        ("spent>99999999999999", 6..20),
        ("x \"open", 2..7),
        ("role:", 5..5),
        ("role:user,", 10..10),
        ("\"\"", 0..2),
    ] {
        assert_eq!(parse(text, &ACCOUNTS).expect_err(text).at, at, "{text}");
    }
}

#[test]
fn no_text_is_too_odd_to_be_answered() {
    for text in [
        "-",
        "--",
        ":",
        "<",
        "é:é",
        "\"é",
        "-\"\"",
        "state:,",
        "é\u{202e}",
        "   ",
    ] {
        let _ = parse(text, &JOBS).map(|filter: Filter| filter.to_string());
    }
    assert!(parse(&"a ".repeat(21), &JOBS).is_err());
    assert!(parse(&"a".repeat(1_001), &JOBS).is_err());
}

#[test]
fn what_is_written_is_read_as_the_same() {
    for text in [
        "state:failed kind:\"index document\",embed -age>2h created>=2026-11-01 user:- \"two words\"",
        "error:rate attempt<3 -state:running",
    ] {
        let filter = parse(text, &JOBS).expect("a filter");
        assert_eq!(parse(&filter.to_string(), &JOBS), Ok(filter));
    }
}
