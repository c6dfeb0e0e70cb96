//! Which language a text is in, told by its commonest words, and which words carry no content in it.

use std::{collections::HashMap, sync::LazyLock};

use rust_stemmers::{Algorithm, Stemmer};

/// A language whose inflections are known. A text that shows none of them counts as English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    English,
    German,
    French,
    Spanish,
    Italian,
    Portuguese,
}

impl Language {
    const ALL: [Self; 6] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Portuguese,
    ];

    /// The language whose stop words occur most among `words`, which are in lower case.
    pub(crate) fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut hits = [0_u32; Self::ALL.len()];
        for word in words {
            let mask = STOP_WORDS.get(word).copied().unwrap_or(0);
            for (index, count) in hits.iter_mut().enumerate() {
                *count += u32::from(mask >> index & 1);
            }
        }
        let mut best = 0;
        for index in 1..hits.len() {
            if hits[index] > hits[best] {
                best = index;
            }
        }
        Self::ALL[best]
    }

    /// Whether `word`, in lower case, says nothing about what a text is about.
    pub(crate) fn is_stop_word(self, word: &str) -> bool {
        STOP_WORDS
            .get(word)
            .is_some_and(|mask| mask & self.bit() != 0)
    }

    /// The stemmer of this language.
    pub(crate) fn stemmer(self) -> Stemmer {
        Stemmer::create(match self {
            Self::English => Algorithm::English,
            Self::German => Algorithm::German,
            Self::French => Algorithm::French,
            Self::Spanish => Algorithm::Spanish,
            Self::Italian => Algorithm::Italian,
            Self::Portuguese => Algorithm::Portuguese,
        })
    }

    fn bit(self) -> u8 {
        1 << Self::ALL
            .iter()
            .position(|language| *language == self)
            .unwrap_or(0)
    }

    fn list(self) -> &'static str {
        match self {
            Self::English => ENGLISH,
            Self::German => GERMAN,
            Self::French => FRENCH,
            Self::Spanish => SPANISH,
            Self::Italian => ITALIAN,
            Self::Portuguese => PORTUGUESE,
        }
    }
}

/// Each stop word with the languages it belongs to, one bit each.
static STOP_WORDS: LazyLock<HashMap<&'static str, u8>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    for language in Language::ALL {
        for word in language.list().split_whitespace() {
            *words.entry(word).or_insert(0) |= language.bit();
        }
    }
    words
});

const ENGLISH: &str = "a about above according after again against all also although always am among an and \
    another any anyone anything are aren as ask at away be because been before being below between both but by \
    can cannot could couldn d did didn do does doesn doing don done down during each either else etc even ever \
    every everyone everything explain few for from further get gets give go goes going got had hadn has hasn have \
    haven having he her here hers herself him himself his how however i if in into is isn it its itself just kind \
    let ll m many may me might mine more most much must my myself need needs neither no nor not nothing now of \
    off often on once one only or other others ought our ours ourselves out over own per please quite rather re \
    really s same shall shan she should shouldn since so some someone something still such t tell than that the \
    their theirs them themselves then there these they thing things this those though through thus to together too \
    under until up upon us ve very via want wants was wasn way ways we well were weren what whatever when where \
    whether which while who whoever whole whom whose why will with within without won would wouldn yes yet you your \
    yours yourself yourselves";

const GERMAN: &str = "aber alle allem allen aller alles als also am an ander andere anderen anderer anderes auch auf \
    aus bei beim bin bis bist bitte da damit dann das dass daß dein deine dem den denn der des dessen deshalb die \
    dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines einige einmal er es \
    etwas euch euer für gegen gewesen gibt hab habe haben hat hatte hatten hier hinter ich ihm ihn ihnen ihr ihre \
    ihrem ihren ihrer im in indem ins ist jede jedem jeden jeder jedes jene kann kannst kein keine keinem keinen \
    keiner können könnte lässt mach man manche mehr mein meine meinem meinen mich mir mit muss musste muß müssen \
    nach nicht nichts noch nun nur ob oder ohne sehr seid sein seine seinem seinen seiner seit selbst sich sie sind \
    so soll sollen sollte sondern sonst soweit sowie über um und uns unser unter viel vom von vor wann war waren \
    warum was weil welche welchem welchen welcher welches wenn wer werde werden wie wieder will wir wird wirst wo \
    wodurch woher wohin wollen wurde wurden würde würden zu zum zur zwar zwischen";

const FRENCH: &str = "à afin ai ainsi alors après as au aucun aucune auquel aussi autre autres aux avait avant avec \
    avez avoir avons c car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment contre d \
    dans de depuis des donc dont du elle elles en encore entre es est et étaient était étant été êtes être eu eux \
    faire fait faut fois font ici il ils j je jusqu l la là laquelle le lequel les lesquelles lesquels leur leurs \
    lors lorsque lui m ma mais me même mêmes mes moi moins mon n ne ni non nos notre nous on ont ou où par parce pas \
    pendant peu peut peuvent plus plutôt pour pourquoi puis qu quand que quel quelle quelles quels qui quoi s sa \
    sans se sera ses si sien soit son sont sous sur t ta tandis te tel telle tels tes toi ton tous tout toute \
    toutes très trop tu un une vers voici voilà vos votre vous y";

const SPANISH: &str = "a al algo algún alguna algunas alguno algunos ante antes aquel aquella aunque así cada como \
    cómo con contra cual cuál cuales cuáles cualquier cuando cuándo cuanto cuánto de debe deben del desde donde \
    dónde dos durante e el él ella ellas ellos en entre era eran es esa esas ese eso esos esta está estaba están \
    estas este esto estos estoy fue fueron ha haber había hace hacen hacer hacia han has hasta hay he la las le les \
    lo los me mi mis mientras mucho muy más ni no nos nosotros nuestra nuestro o os otra otras otro otros para pero \
    poco por porque puede pueden puedo que qué quien quién quienes se ser si sí sido sin sobre son su sus también \
    tan tanto te tener tengo ti tiene tienen toda todas todo todos tu tus un una unas uno unos usted ustedes y ya \
    yo";

const ITALIAN: &str = "a abbiamo ad agli ai al alla alle allo altri altro anche ancora avere aveva avevano c che chi \
    ci ciò coi col come con contro cosa così cui d da dagli dai dal dalla dalle dallo degli dei del della delle \
    dello deve di dopo dove due e è ed era erano essere fare fino fra già gli ha hai hanno ho i il in io l la le lei \
    li lo loro lui ma me mentre mi mia mie miei mio molto ne negli nei nel nella nelle nello noi non nostra nostro o \
    ogni oppure per perché però più poi possono posso può prima qua quale quali quando quanto quella quelle quelli \
    quello questa queste questi questo qui se sei senza si sia siamo solo sono sopra sotto sta stata stato su sua \
    sue sugli sui sul sulla sulle suo suoi tra tu tua tuo tutta tutte tutti tutto un una uno vi voi";

const PORTUGUESE: &str = "a à ao aos aquela aquele aquilo as às até cada com como contra da das de dela dele deles \
    depois deve devem do dos e é ela elas ele eles em enquanto entre era eram essa essas esse esses esta está estão \
    estas este estes eu faz fazer foi foram há isso isto já lhe lhes mais mas me mesmo meu meus minha muito na não \
    nas nem no nos nós nossa nosso num numa o onde os ou outra outro para pela pelas pelo pelos pode podem por porque \
    posso qual quais quando quanto que quem são se sem ser seu seus só sob sobre sua suas também tem têm ter toda \
    todas todo todos tu um uma umas uns você vocês";

#[cfg(test)]
mod tests {
    use super::Language;

    fn of(text: &str) -> Language {
        Language::of(text.to_lowercase().split_whitespace())
    }

    #[test]
    fn tells_languages_by_their_commonest_words() {
        assert_eq!(of("How do I delete a branch"), Language::English);
        assert_eq!(of("Wie lösche ich einen Zweig"), Language::German);
        assert_eq!(
            of("Comment supprimer une branche dans le dépôt"),
            Language::French
        );
        assert_eq!(of("Cómo puedo borrar una rama"), Language::Spanish);
        assert_eq!(
            of("Come si cancella il ramo nella cartella"),
            Language::Italian
        );
        assert_eq!(of("Como posso apagar uma pasta"), Language::Portuguese);
    }

    #[test]
    fn an_unknown_language_counts_as_english() {
        assert_eq!(of("kubernetes nginx"), Language::English);
        assert_eq!(of(""), Language::English);
    }

    #[test]
    fn stop_words_belong_to_their_language() {
        assert!(Language::German.is_stop_word("die"));
        assert!(!Language::English.is_stop_word("die"));
        assert!(Language::English.is_stop_word("how"));
        assert!(!Language::English.is_stop_word("delete"));
    }
}
