//! Vectors from hashed stems, pairs of stems and letter trigrams: no model, but texts about the same
//! thing lie near each other, also across spelling and inflection.

use super::language::Language;
use super::terms::words;

/// The length of every vector.
const DIMENSIONS: usize = 384;
const STEM: f32 = 1.0;
const STOP_WORD: f32 = 0.05;
const PAIR: f32 = 0.5;
const TRIGRAM: f32 = 0.25;

/// The vector of a text, of length 1; a text without words has a fixed one of its own.
pub(super) fn vector(text: &str) -> Vec<f32> {
    let language = Language::guess(text);
    let mut sums = vec![0.0_f32; DIMENSIONS];
    let mut previous: Option<String> = None;
    for word in words(text, &language.stemmer()) {
        if language.is_stop_word(&word.plain) {
            add(&mut sums, 's', &word.stem, STOP_WORD);
            continue;
        }
        add(&mut sums, 's', &word.stem, STEM);
        if let Some(before) = previous {
            add(&mut sums, 'p', &format!("{before} {}", word.stem), PAIR);
        }
        let letters: Vec<char> = format!("^{}$", word.plain).chars().collect();
        for three in letters.windows(3) {
            add(&mut sums, 't', &three.iter().collect::<String>(), TRIGRAM);
        }
        previous = Some(word.stem);
    }
    normalised(sums)
}

/// Adds one feature: its hash gives the place and the sign, so that collisions cancel out.
fn add(sums: &mut [f32], kind: char, feature: &str, weight: f32) {
    let hash = fnv1a(kind, feature);
    let place = usize::try_from(hash % sums.len() as u64).unwrap_or(0);
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    sums[place] += sign * weight;
}

/// Dampens what is repeated, then scales to length 1.
fn normalised(mut sums: Vec<f32>) -> Vec<f32> {
    for value in &mut sums {
        *value = value.signum() * value.abs().ln_1p();
    }
    let length = sums.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length < f32::EPSILON {
        sums[0] = 1.0;
        return sums;
    }
    for value in &mut sums {
        *value /= length;
    }
    sums
}

/// FNV-1a, 64 bit: the same on every machine and in every version, as stored vectors need.
fn fnv1a(kind: char, text: &str) -> u64 {
    let mut kind_bytes = [0; 4];
    let kind = kind.encode_utf8(&mut kind_bytes).as_bytes();
    let bytes = kind.iter().chain(text.as_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(a: &str, b: &str) -> f32 {
        vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn texts_about_the_same_lie_nearer_than_others() {
        let question = "How do I renew my library card?";
        let near = "A library card can be renewed at the desk or online.";
        let far = "The engine needs new oil every ten thousand kilometres.";
        assert!(
            likeness(question, near) > 0.25,
            "{}",
            likeness(question, near)
        );
        assert!(likeness(question, near) > likeness(question, far) + 0.2);
    }

    #[test]
    fn a_misspelt_word_is_still_near() {
        assert!(likeness("thermometer", "termometer") > likeness("thermometer", "accordion") + 0.3);
    }

    #[test]
    fn every_vector_has_length_one_and_is_always_the_same() {
        for text in ["", "!!!", "one", "日本語の文章", "Ein Satz über Schiffe."] {
            let length: f32 = vector(text).iter().map(|value| value * value).sum();
            assert!((length - 1.0).abs() < 1e-5, "{text}: {length}");
            assert_eq!(vector(text), vector(text));
        }
    }
}
