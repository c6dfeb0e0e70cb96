//! Whether a sentence has the form of an answer: a number for "how many", a command for "how do I".

use super::question::{Question, Wants};

/// Words beyond the question's own that a sentence should bring.
const ENOUGH_NEWS: usize = 2;

/// How far the sentence has the form of an answer.
pub(super) fn shape(question: &Question, text: &str, stems: &[String]) -> f64 {
    let digits = text.contains(|c: char| c.is_ascii_digit());
    let lower = text.to_lowercase();
    let has_any = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    let has_number = digits || has_any(&NUMBER_WORDS);
    let wanted = match question.wants {
        Wants::Number if digits => 1.4,
        Wants::Number if has_number => 1.2,
        Wants::Measure(units) if has_any(units) && has_number => 1.6,
        Wants::Time if has_any(&TIME_WORDS) || digits => 1.35,
        Wants::Name if names_a_person(text) => 1.6,
        Wants::Name if has_any(&ROLES) => 1.4,
        Wants::Name if names_somebody(text) => 1.2,
        Wants::Measure(_) | Wants::Name => 0.8,
        Wants::Way if text.contains(" --") || text.contains('`') => 1.6,
        Wants::Way if text.contains(':') || has_any(&WAY_WORDS) => 1.35,
        Wants::Reason if has_any(&REASON_WORDS) => 1.3,
        Wants::Definition if has_any(&DEFINITION_WORDS) => 1.15,
        _ => 1.0,
    };
    let count = stems.len();
    let is_label = count < 6 && !digits && !text.ends_with(['.', '!', '。']);
    let form = [
        (text.ends_with('?'), 0.5),
        (text.contains("....") || text.contains(". . ."), 0.3),
        (count < 4 && !digits, 0.6),
        (text.ends_with(':'), 0.8),
        (is_label, 0.4),
        (news(question, stems) < ENOUGH_NEWS, 0.4),
    ];
    let worst = form.iter().filter(|(is, _)| *is).map(|(_, factor)| *factor);
    wanted * worst.fold(1.0, f64::min)
}

/// How many words it has that the question does not.
fn news(question: &Question, stems: &[String]) -> usize {
    let asked = |stem: &String| question.terms.iter().any(|term| term.stem == *stem);
    let stops = |stem: &String| question.language.is_stop_word(stem);
    stems
        .iter()
        .filter(|stem| !asked(stem) && !stops(stem))
        .count()
}

const WAY_WORDS: [&str; 6] = ["use ", "run ", "by ", "click", "enter ", "with "];
const NUMBER_WORDS: [&str; 14] = [
    " two ",
    " three ",
    " four ",
    " five ",
    " six ",
    " seven ",
    " eight ",
    " nine ",
    " ten ",
    " twelve ",
    " dozen ",
    " hundred",
    " thousand",
    "once ",
];
const TIME_WORDS: [&str; 16] = [
    "after ",
    "before ",
    "during ",
    "january",
    "february",
    "march ",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "when ",
    "every ",
];
/// Who acts in a house without being named.
const ROLES: [&str; 16] = [
    "officer",
    "manager",
    "director",
    "deputy",
    "head of",
    "heads of",
    "lead",
    "reviewer",
    "technician",
    "owner",
    "everybody",
    "nobody",
    "anybody",
    "department",
    "doctor",
    "president",
];
const REASON_WORDS: [&str; 11] = [
    "because",
    "so that",
    "since ",
    "therefore",
    "in order to",
    "to avoid",
    "reason",
    "weil ",
    "damit ",
    "parce que",
    "porque",
];
const DEFINITION_WORDS: [&str; 11] = [
    " is a",
    " is the",
    " are ",
    " means ",
    " refers to",
    "called",
    "defined as",
    " ist ein",
    " est un",
    " es un",
    "used to ",
];

/// Whether two capitalised words stand together after the first word, as a name and a surname do.
fn names_a_person(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().skip(1).collect();
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase)
            && letters.next().is_some_and(|c| c.is_lowercase() || c == '.')
    };
    words.windows(2).any(|pair| {
        let joined = !pair[0].ends_with([',', ';', ':']);
        joined && capital(pair[0]) && capital(pair[1])
    })
}

fn names_somebody(text: &str) -> bool {
    let mut words = text.split_whitespace().skip(1);
    words.any(|word| word.starts_with(char::is_uppercase))
}
