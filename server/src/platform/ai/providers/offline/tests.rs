use super::*;
use crate::platform::ai::model::{ModelRef, ProviderName};
use crate::platform::ai::request::{PromptPassage, Role, Turn};

fn passages(texts: &[&str]) -> Vec<PromptPassage> {
    (1..)
        .zip(texts)
        .map(|(number, text)| PromptPassage {
            number,
            title: format!("manual-{number}.pdf"),
            page: Some(number),
            text: (*text).to_owned(),
        })
        .collect()
}

fn ask_after(history: &[&str], question: &str, texts: &[&str]) -> String {
    let turn = |text: &&str| Turn {
        role: Role::User,
        text: (*text).to_owned(),
    };
    compose(&ChatRequest {
        model: ModelRef::new(ProviderName::Offline, "gemini-2.5-flash"),
        system: None,
        history: history.iter().map(turn).collect(),
        question: question.to_owned(),
        passages: passages(texts),
        max_output_tokens: 2048,
    })
}

fn ask(question: &str, texts: &[&str]) -> String {
    ask_after(&[], question, texts)
}

const LIBRARY: [&str; 4] = [
    "Opening hours\n\nThe reading room is open from 9:00 to 20:00 on weekdays. On Saturdays it \
     closes at 14:00. It stays closed on Sundays and public holidays.",
    "Borrowing\n\nMembers may borrow up to 12 books at a time. The loan period is four weeks and \
     can be extended twice, unless another reader has reserved the book. Late returns cost 0.50 \
     euros per book and week.",
    "History\n\nThe library was founded by Clara Thornfield in 1887. Its first building burned \
     down in 1921 because a lamp was left burning in the attic. The present house was opened in \
     1926.",
    "| Room | Seats | Floor |\n|---|---|---|\n| Reading room | 84 | 1 |\n| Map room | 12 | 2 |",
];

#[test]
fn the_sentence_that_holds_the_answer_is_quoted_and_cited() {
    let cases = [
        (
            "How many books may a member borrow?",
            "borrow up to 12 books at a time [2].",
        ),
        (
            "When was the library founded?",
            "founded by Clara Thornfield in 1887 [3].",
        ),
        (
            "Who founded the library?",
            "founded by Clara Thornfield in 1887 [3].",
        ),
        (
            "Why did the first building burn down?",
            "because a lamp was left burning in the attic [3].",
        ),
        (
            "When does the reading room close on Saturdays?",
            "On Saturdays it closes at 14:00 [1].",
        ),
        (
            "How long is the loan period?",
            "The loan period is four weeks",
        ),
        (
            "How many seats does the map room have?",
            "Room: Map room, Seats: 12, Floor: 2 [4].",
        ),
        (
            "What does a late return cost?",
            "Late returns cost 0.50 euros per book and week [2].",
        ),
    ];
    for (question, wanted) in cases {
        let answer = ask(question, &LIBRARY);
        assert!(answer.contains(wanted), "{question}\n  {answer}");
    }
}

#[test]
fn the_best_sentence_comes_first() {
    let answer = ask("How many books may a member borrow?", &LIBRARY);
    assert!(answer.starts_with("Members may borrow"), "{answer}");
}

#[test]
fn what_the_passages_do_not_hold_is_said_plainly() {
    let wanted = "The passages that were found do not answer this question.";
    for question in [
        "What is the boiling point of mercury?",
        "Which airline flies to Reykjavik in winter?",
        "How tall is the Eiffel tower?",
    ] {
        assert_eq!(ask(question, &LIBRARY), wanted, "{question}");
    }
    assert_eq!(
        ask("Anything?", &[]),
        "No passage in your documents matches this question."
    );
}

#[test]
fn the_answer_speaks_the_language_of_the_question() {
    let passages = ["Die Heizung wird jedes Jahr im September gewartet. Das Öl wird geprüft."];
    let answer = ask("Wann wird die Heizung gewartet?", &passages);
    assert_eq!(
        answer,
        "Die Heizung wird jedes Jahr im September gewartet [1]."
    );
    let nothing = "Die gefundenen Stellen beantworten diese Frage nicht.";
    assert_eq!(ask("Wie hoch ist der Berg Zugspitze?", &passages), nothing);
}

#[test]
fn a_question_that_leans_on_the_one_before_is_understood() {
    let earlier = ["How many books may a member borrow?"];
    let answer = ask_after(&earlier, "And for how long?", &LIBRARY);
    assert!(answer.contains('['), "{answer}");
}

#[test]
fn a_question_about_everything_gets_the_openings() {
    let answer = ask("What is this document about?", &LIBRARY);
    assert!(
        answer.contains("[1]") && answer.contains("[2]") && answer.contains("[3]"),
        "{answer}"
    );
}

#[test]
fn text_without_spaces_is_searched_too() {
    let passages = ["図書館は1887年に設立された。閉館は二十時である。"];
    let answer = ask("図書館はいつ設立された？", &passages);
    assert_eq!(answer, "図書館は1887年に設立された [1]。");
}

#[test]
fn reference_marks_of_the_source_never_read_as_citations() {
    let answer = ask(
        "When was the bridge built?",
        &["The bridge was built in 1932.[7]"],
    );
    assert_eq!(answer, "The bridge was built in 1932 [1].");
}

#[test]
fn a_way_to_do_something_is_told_by_its_command() {
    let manual = "## Soak run\n\nThe soak run stops at the first emergency stop and starts again \
                  from zero. Start it with:\n\n```sh\nfleet soak start --hours 48\n```\n";
    let answer = ask("How do I start the soak run?", &[manual]);
    assert!(
        answer.starts_with("Start it with: fleet soak start --hours 48 [1]."),
        "{answer}"
    );
}

#[test]
fn who_is_answered_by_a_name_and_how_much_by_an_amount() {
    let rules = "The red switch\n\nEach saw has two red switches, one at the door and one at the \
                 bench. After a stop the saw is released by the foreman, Ada Bell. Each saw has cost \
                 the house a day. A new saw costs 900 euros.";
    let answer = ask(
        "Who may release the saw after a stop at the red switch?",
        &[rules],
    );
    assert!(
        answer.starts_with("After a stop the saw is released by"),
        "{answer}"
    );
    let answer = ask("How much does a saw cost?", &[rules]);
    assert!(answer.starts_with("A new saw costs 900 euros"), "{answer}");
}

#[test]
fn a_second_question_has_its_own_answer() {
    let manual = "F-9 means that the pump has no water. Open the tap first; it is often closed. \
                  F-8 means that the lamp is out.";
    let answer = ask(
        "What does F-9 mean and what should I open first?",
        &[manual],
    );
    let wanted =
        "F-9 means that the pump has no water [1]. Open the tap first; it is often closed [1].";
    assert!(answer.starts_with(wanted), "{answer}");
}

#[test]
fn the_parts_of_something_are_listed_whole() {
    let manual = "Boots\n\nDry boots last longer.\n\nWaxing the boots\n\n- Brush off the dirt.\n- \
                  Rub in the wax.\n- Leave them overnight.\n";
    let answer = ask("What are the steps of waxing boots?", &[manual]);
    assert_eq!(
        answer,
        "Brush off the dirt; Rub in the wax; Leave them overnight [1]."
    );
}

#[test]
fn a_heading_is_no_answer() {
    let manual = "1.2 Annual leave\nEverybody has 27 days of annual leave a year, plus the days \
                  between the holidays.\n";
    let answer = ask("How many days of annual leave do I have?", &[manual]);
    assert!(answer.starts_with("Everybody has 27 days"), "{answer}");
}

#[test]
fn a_line_that_only_looks_like_a_heading_can_be_the_answer() {
    let answer = ask("What is the Wi-Fi password?", &["Wi-Fi password gull 42"]);
    assert_eq!(answer, "Wi-Fi password gull 42 [1].");
}

#[test]
fn the_answer_is_cut_at_the_output_limit() {
    let cut = |text: &str, limit: u64| {
        let within = within(text, limit);
        (within.words.concat(), within.tokens, within.reason)
    };
    assert_eq!(
        cut("one two three four five", 3),
        ("one two three ".to_owned(), 3, FinishReason::Length)
    );
    assert_eq!(
        cut("one two", 3),
        ("one two".to_owned(), 2, FinishReason::Stop)
    );
}

#[test]
fn counting_word_by_word_is_counting_the_whole() {
    let text =
        "Überprüfungskommission, 12345 km/h\n\nand  東京 123, don't - ein_langes-Wort. ".repeat(40);
    let whole = within(&text, u64::MAX);
    assert_eq!(whole.words.concat(), text);
    assert_eq!(whole.tokens, tokens::exact(&text));
    for limit in [0, 1, 7, 100, whole.tokens - 1] {
        let cut = within(&text, limit);
        assert_eq!(cut.reason, FinishReason::Length);
        assert!(cut.tokens <= limit);
        assert_eq!(cut.tokens, tokens::exact(&cut.words.concat()));
    }
}
