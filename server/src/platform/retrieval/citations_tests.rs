use std::borrow::Cow;

use proptest::prelude::*;

use super::{CitationFilter, CitationReport};

const LIGHTHOUSE: &str =
    "The keeper of the lighthouse trims the lamps every evening and writes down the weather.";
const HARBOUR: &str =
    "Ships that enter the harbour pay a fee by their length, and wait for the pilot.";

fn filter() -> CitationFilter {
    CitationFilter::new([LIGHTHOUSE.to_owned(), HARBOUR.to_owned()])
}

fn run(answer: &str) -> (String, CitationReport) {
    run_in_parts(&[answer])
}

fn run_in_parts(deltas: &[&str]) -> (String, CitationReport) {
    let mut filter = filter();
    let mut out = String::new();
    for delta in deltas {
        out.push_str(&filter.push(delta));
    }
    out.push_str(&filter.finish());
    (out, filter.report().clone())
}

#[test]
fn supported_citations_stay_as_they_are() {
    for answer in [
        "The lamps are trimmed each evening [1].",
        "The lamps are trimmed each evening. [1]",
        "Keepers trim lamps [1] and ships pay harbour fees by length [2].",
        "Keepers of the lighthouse see ships enter the harbour [1, 2].",
        "Keepers of the lighthouse see ships enter the harbour [1][2].",
    ] {
        assert_eq!(run(answer).0, answer);
    }
}

#[test]
fn unknown_numbers_are_dropped_and_counted() {
    let (out, report) = run("The lamps are trimmed [3]. The keeper writes [1, 9] the weather [0].");
    assert_eq!(
        out,
        "The lamps are trimmed . The keeper writes [1] the weather ."
    );
    assert_eq!(
        report,
        CitationReport {
            kept: 1,
            dropped_unknown: 3,
            dropped_unsupported: 0,
            cited: vec![1],
        }
    );
}

#[test]
fn sentences_that_share_nothing_with_the_passage_lose_their_marker() {
    let (out, report) =
        run("Bananas are rich in potassium and vitamins [1]. Ships pay the pilot [2].");
    assert_eq!(
        out,
        "Bananas are rich in potassium and vitamins . Ships pay the pilot [2]."
    );
    assert_eq!((report.kept, report.dropped_unsupported), (1, 1));
    assert_eq!(report.cited, [2]);
}

#[test]
fn what_cannot_be_judged_stays() {
    let answer = "According to [1] it is so.\n[2]\nDie Lampen werden an jedem Abend von dem Wärter gereinigt [1].";
    assert_eq!(run(answer).0, answer);
}

#[test]
fn cited_numbers_come_in_order_of_first_use() {
    let (_, report) =
        run("Ships pay a fee [2]. Keepers trim lamps [1]. Ships wait for pilots [2].");
    assert_eq!(report.cited, [2, 1]);
    assert_eq!(report.kept, 3);
}

#[test]
fn brackets_that_are_no_citations_pass() {
    for answer in [
        "an [aside] and [] and [1a] and [2024] and [-1] and [1.5]",
        "`list[9]` and ``list[8]`` stay",
        "```\nlist[9] = [7]\n```\n",
        "[[9]",
        "[            99999999",
        "open [1",
    ] {
        let (out, report) = run(answer);
        let expected = if answer == "[[9]" { "[" } else { answer };
        assert_eq!(out, expected);
        assert_eq!(report.kept, 0, "{answer}");
    }
}

#[test]
fn a_delta_without_a_bracket_is_given_back_and_nothing_waits() {
    let mut filter = filter();
    assert!(matches!(
        filter.push("some text"),
        Cow::Borrowed("some text")
    ));
    assert_eq!(filter.push("lamps trimmed ["), "lamps trimmed ");
    assert_eq!(filter.push("1"), "");
    assert_eq!(filter.push("] and on"), "[1] and on");
    assert!(matches!(filter.push(" again"), Cow::Borrowed(" again")));
    assert_eq!(filter.push("[x"), "[x");
    let held = filter.push("[                        ");
    assert!(held.len() >= 20, "gave up late: {held:?}");
}

#[test]
fn an_unclosed_code_span_does_not_end_the_checking() {
    assert_eq!(
        run("a ` tick\nlamps trimmed [9]").0,
        "a ` tick\nlamps trimmed "
    );
}

fn any_answer() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-zé ]{1,12}",
        2 => prop::sample::select(vec![
            "[1]", "[2]", "[3]", "[1, 2]", "[2][1]", "[", "]", "[[", "`", "```", "\n", ". ", "[9,1]", "[ 1 ]",
            "keeper trims lamps", "ships pay the harbour fee", "東京", "[1;2]", "[x]", "[12345678901234567]",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// The text without anything that a marker is made of.
fn outside(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_ascii_digit() && !"[],; ".contains(*character))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_cut_into_deltas_changes_nothing(answer in any_answer(), cuts in prop::collection::vec(0.0..1.0_f64, 0..10)) {
        let whole = run(&answer);
        let count = answer.chars().count();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
        let mut at: Vec<usize> = cuts.iter().map(|cut| (cut * count as f64) as usize).collect();
        at.sort_unstable();
        let characters: Vec<char> = answer.chars().collect();
        let mut start = 0;
        let mut deltas: Vec<String> = Vec::new();
        for end in at.into_iter().chain([count]) {
            deltas.push(characters[start..end].iter().collect());
            start = end;
        }
        let parts: Vec<&str> = deltas.iter().map(String::as_str).collect();
        prop_assert_eq!(run_in_parts(&parts), whole.clone());
        let single: Vec<String> = characters.iter().map(ToString::to_string).collect();
        let single: Vec<&str> = single.iter().map(String::as_str).collect();
        prop_assert_eq!(run_in_parts(&single), whole);
    }

    #[test]
    fn text_outside_brackets_is_untouched(answer in any_answer()) {
        let (out, _) = run(&answer);
        prop_assert_eq!(outside(&out), outside(&answer));
    }

    #[test]
    fn at_most_a_bracket_is_held_back(answer in any_answer()) {
        let mut filter = filter();
        let mut given = 0;
        let mut taken = 0;
        for character in answer.chars() {
            taken += character.len_utf8();
            given += filter.push(character.encode_utf8(&mut [0; 4])).len();
            prop_assert!(filter.held.len() <= super::MAX_HELD);
            if filter.held.is_empty() && filter.report() == &CitationReport::default() {
                prop_assert_eq!(given, taken);
            }
        }
    }
}
