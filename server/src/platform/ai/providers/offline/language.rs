//! Which of a few languages a text is in, told by its small words.

use rust_stemmers::{Algorithm, Stemmer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    German,
    French,
    Spanish,
}

const ENGLISH: &str = "a about after all also am an and any are as at be because been before being \
    between both but by can could did do does doing done during each for from get had has have he \
    her here him his how i if in into is it its itself just let like may me might more most much \
    must my need no nor not of off on once one only or other our out over own per please same shall she \
    should so some such than that the their them then there these they this those through to too \
    under until up upon us was we were what when where whether which while who whom whose why will \
    with within without would you your";
const GERMAN: &str = "aber als also am an auch auf aus bei bin bis bitte da damit das dass dem den \
    der des die dies diese dieser dieses doch dort du durch ein eine einem einen einer eines er es \
    für gibt habe haben hat hier ich ihr ihre im in ist ja kann kein keine können man mein mit muss \
    müssen nach nicht noch nur ob oder sein seine sich sie sind so soll sollen sowie über um und \
    uns unter vom von vor wann war waren warum was wegen welche welchem welchen welcher welches \
    wenn wer werden wie wieso wir wird wo wohin worden wurde wurden zu zum zur zwischen";
const FRENCH: &str = "à au aussi aux avec ce ces cet cette comme comment dans de des doit du elle \
    elles en est et être eu faire fait faut il ils je la le les leur leurs lui mais me mes mon ne \
    nos notre nous on ont ou où par pas peut plus pour pourquoi qu quand que quel quelle quelles \
    quels qui quoi sa sans se ses si son sont sur ta te tes ton tous tout toute tu un une vos votre \
    vous y";
const SPANISH: &str = "a al algo ante antes aquí como cómo con cual cuál cuáles cuando cuándo de \
    debe del desde donde dónde durante el él ella ellos en entre era es esa ese eso esta está están \
    este esto estos fue ha hace hacer han hasta hay la las le les lo los más me mi mis muy no nos o \
    para pero por porque puede qué que quien quién quiénes se sea ser si sin sobre son su sus \
    también tan te tiene tienen todo todos tu un una uno y ya yo";

impl Language {
    const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    /// The language whose small words stand most often in the text; English when none does.
    pub(super) fn guess(text: &str) -> Self {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphabetic())
            .map(str::to_lowercase)
            .collect();
        let mut best = (0, Self::English);
        for language in Self::ALL {
            let hits = words
                .iter()
                .filter(|word| language.is_stop_word(word))
                .count();
            if hits > best.0 {
                best = (hits, language);
            }
        }
        best.1
    }

    /// Whether the lower-case word says nothing about the subject.
    pub(super) fn is_stop_word(self, word: &str) -> bool {
        let list = match self {
            Self::English => ENGLISH,
            Self::German => GERMAN,
            Self::French => FRENCH,
            Self::Spanish => SPANISH,
        };
        list.split_ascii_whitespace().any(|stop| stop == word)
    }

    pub(super) fn stemmer(self) -> Stemmer {
        Stemmer::create(match self {
            Self::English => Algorithm::English,
            Self::German => Algorithm::German,
            Self::French => Algorithm::French,
            Self::Spanish => Algorithm::Spanish,
        })
    }
}
