use std::time::{Duration, Instant};

use extract::{Block, BlockKind, Extracted, Page};
use proptest::prelude::*;

use super::{Chunk, MAX_CHARACTERS, chunks, separator};

fn block(kind: BlockKind, text: &str) -> Block {
    Block {
        kind,
        text: text.to_owned(),
    }
}

fn document(pages: Vec<(Option<u32>, Vec<Block>)>) -> Extracted {
    Extracted {
        pages: pages
            .into_iter()
            .map(|(number, blocks)| Page { number, blocks })
            .collect(),
        ..Extracted::default()
    }
}

/// The text that offsets refer to, put together independently.
fn text_of(document: &Extracted) -> String {
    let blocks: Vec<&Block> = document
        .pages
        .iter()
        .flat_map(|page| &page.blocks)
        .collect();
    let mut text = String::new();
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 {
            text.push_str(separator(blocks[index - 1].kind, block.kind));
        }
        text.push_str(&block.text);
    }
    text
}

fn check(document: &Extracted, found: &[Chunk]) -> Result<(), TestCaseError> {
    let characters: Vec<char> = text_of(document).chars().collect();
    let mut covered = vec![false; characters.len()];
    for (index, chunk) in found.iter().enumerate() {
        let range =
            usize::try_from(chunk.char_start).unwrap()..usize::try_from(chunk.char_end).unwrap();
        prop_assert_eq!(
            characters[range.clone()].iter().collect::<String>(),
            chunk.body.as_str()
        );
        prop_assert!(range.len() <= MAX_CHARACTERS);
        prop_assert!(!chunk.body.trim().is_empty());
        prop_assert_eq!(chunk.ordinal as usize, index);
        covered[range].fill(true);
    }
    for (at, character) in characters.iter().enumerate() {
        prop_assert!(
            covered[at] || character.is_whitespace(),
            "character {} is lost",
            at
        );
    }
    Ok(())
}

fn any_kind() -> impl Strategy<Value = BlockKind> {
    prop_oneof![
        (1_u8..=9).prop_map(BlockKind::Heading),
        Just(BlockKind::Paragraph),
        Just(BlockKind::Paragraph),
        Just(BlockKind::ListItem),
        Just(BlockKind::TableRow),
        Just(BlockKind::Code),
        Just(BlockKind::Note),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    let sentence = "[A-Z][a-zé ,]{0,80}[a-z][.!?。]";
    let long = "[a-z東京\n .]{1,3000}";
    prop_oneof![
        3 => prop::collection::vec(sentence, 1..30).prop_map(|parts| parts.join(" ")),
        1 => long.prop_map(|text: String| text),
        1 => "\\PC{1,200}".prop_map(|text: String| text),
    ]
    .prop_map(|text| text.trim().to_owned())
    .prop_filter("blocks are never empty", |text| !text.is_empty())
}

fn any_document() -> impl Strategy<Value = Extracted> {
    let blocks = prop::collection::vec((any_kind(), any_text()), 0..12);
    prop::collection::vec(blocks, 0..4).prop_map(|pages| {
        document(
            pages
                .into_iter()
                .zip(1..)
                .map(|(blocks, number)| {
                    let blocks = blocks
                        .iter()
                        .map(|(kind, text)| block(*kind, text))
                        .collect();
                    (Some(number), blocks)
                })
                .collect(),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn passages_are_exact_bounded_and_lose_nothing(document in any_document()) {
        check(&document, &chunks(&document))?;
    }
}

#[test]
fn prose_fills_passages_to_their_size() {
    let sentence = "The keeper of the light wrote down the weather every evening. ";
    let paragraph = sentence.repeat(5);
    let blocks = (0..60)
        .map(|_| block(BlockKind::Paragraph, paragraph.trim()))
        .collect();
    let document = document(vec![(None, blocks)]);
    let found = chunks(&document);
    check(&document, &found).unwrap();
    let sizes: Vec<u64> = found
        .iter()
        .map(|chunk| chunk.char_end - chunk.char_start)
        .collect();
    let full = &sizes[..sizes.len() - 1];
    assert!(
        full.iter().all(|size| (800..=1_200).contains(size)),
        "{sizes:?}"
    );
}

#[test]
fn a_top_heading_begins_a_passage_and_its_path_is_carried() {
    let found = chunks(&document(vec![
        (
            Some(1),
            vec![
                block(BlockKind::Heading(1), "Engines"),
                block(BlockKind::Paragraph, "Steam moves them."),
                block(BlockKind::Heading(2), "Boilers"),
                block(BlockKind::Paragraph, &"They hold water. ".repeat(40)),
            ],
        ),
        (
            Some(2),
            vec![
                block(BlockKind::Heading(1), "Sails"),
                block(BlockKind::Paragraph, "Wind moves them."),
            ],
        ),
    ]));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].heading.as_deref(), Some("Engines"));
    assert_eq!(found[1].heading.as_deref(), Some("Sails"));
    assert!(found[1].body.starts_with("Sails"));
    assert_eq!((found[0].page, found[1].page), (Some(1), Some(2)));
}

#[test]
fn a_heading_stays_with_its_text() {
    let filler = "One more sentence about nothing in particular. ".repeat(8);
    let blocks = (0..40)
        .flat_map(|_| {
            [
                block(BlockKind::Heading(3), "A section"),
                block(BlockKind::Paragraph, filler.trim()),
            ]
        })
        .collect();
    for chunk in chunks(&document(vec![(None, blocks)])) {
        assert!(!chunk.body.ends_with("A section"));
    }
}

#[test]
fn rows_are_kept_whole() {
    let row = "Name: Ada; Born: 1815; Known for: the first published program of any machine";
    let rows = (0..200).map(|_| block(BlockKind::TableRow, row)).collect();
    for chunk in chunks(&document(vec![(None, rows)])) {
        assert!(chunk.body.lines().all(|line| line == row));
    }
}

#[test]
fn a_cut_paragraph_repeats_its_last_sentence() {
    let sentences: Vec<String> = (0..60)
        .map(|number| format!("Sentence number {number} stands here and has some words."))
        .collect();
    let found = chunks(&document(vec![(
        None,
        vec![block(BlockKind::Paragraph, &sentences.join(" "))],
    )]));
    assert!(found.len() > 1);
    for pair in found.windows(2) {
        assert!(pair[1].char_start < pair[0].char_end);
        assert!(pair[0].char_start < pair[1].char_start);
    }
}

#[test]
fn text_without_spaces_costs_no_more_than_other_text() {
    let started = Instant::now();
    let solid = document(vec![(
        None,
        vec![block(BlockKind::Paragraph, &"x".repeat(1_000_000))],
    )]);
    check(&solid, &chunks(&solid)).unwrap();
    let japanese = "東京の天気は晴れ".repeat(2_500);
    let japanese = document(vec![(None, vec![block(BlockKind::Paragraph, &japanese)])]);
    check(&japanese, &chunks(&japanese)).unwrap();
    let tiny = (0..100_000)
        .map(|_| block(BlockKind::ListItem, "a"))
        .collect();
    let tiny = document(vec![(None, tiny)]);
    check(&tiny, &chunks(&tiny)).unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}
