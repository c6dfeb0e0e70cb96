use extract::{BlockKind, ExtractError, Format};

use crate::making::{Document, all_text, blocks};

#[test]
fn csv_rows_name_their_columns_whatever_divides_them() {
    for (name, content) in [
        (
            "comma",
            "Boat,Berth,Note\nAurora,4,\"north, by the crane\"\n\nBorealis,,\n".to_owned(),
        ),
        (
            "semicolon",
            "Boat;Berth;Note\nAurora;4;north, by the crane\nBorealis;;\n".to_owned(),
        ),
        (
            "tab",
            "Boat\tBerth\tNote\nAurora\t4\tnorth, by the crane\nBorealis\t\t\n".to_owned(),
        ),
        (
            "declared",
            "sep=|\r\nBoat|Berth|Note\r\nAurora|4|north, by the crane\r\nBorealis||\r\n".to_owned(),
        ),
        (
            "mark",
            "\u{feff}Boat,Berth,Note\nAurora,4,\"north, by the crane\"\nBorealis,,\n".to_owned(),
        ),
    ] {
        let extracted = Document::new("a.csv", content.as_bytes())
            .read(Format::Csv)
            .unwrap();
        assert_eq!(
            blocks(&extracted, 0),
            [
                (BlockKind::TableRow, "Columns: Boat; Berth; Note"),
                (
                    BlockKind::TableRow,
                    "Boat: Aurora; Berth: 4; Note: north, by the crane"
                ),
                (BlockKind::TableRow, "Boat: Borealis"),
            ],
            "{name}"
        );
    }
}

#[test]
fn a_csv_without_names_keeps_its_values_and_tsv_its_tabs() {
    let extracted = Document::new("a.csv", b"1,2,3\n4,5,6\n")
        .read(Format::Csv)
        .unwrap();
    assert_eq!(all_text(&extracted), "1 | 2 | 3\n4 | 5 | 6");
    let extracted = Document::new("a.tsv", b"Name\tSays\nAnn\ta, b; c\n")
        .read(Format::Tsv)
        .unwrap();
    assert_eq!(
        all_text(&extracted),
        "Columns: Name; Says\nName: Ann; Says: a, b; c"
    );
}

#[test]
fn encodings_are_recognised_by_mark_validity_or_guess() {
    let utf16: Vec<u8> = "\u{feff}Größe,Maß\nAbel,7 €\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let big: Vec<u8> = "\u{feff}Größe,Maß\nAbel,7 €\n"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let latin = b"Gr\xf6\xdfe,Ma\xdf\nAbel,7 \x80\n".to_vec();
    for (content, guessed) in [(utf16, false), (big, false), (latin, true)] {
        let extracted = Document::new("a.csv", &content).read(Format::Csv).unwrap();
        assert_eq!(
            all_text(&extracted),
            "Columns: Größe; Maß\nGröße: Abel; Maß: 7 €"
        );
        assert_eq!(extracted.warnings.len(), usize::from(guessed));
    }
    let binary = Document::new("a.txt", b"text\0and more").read(Format::Plain);
    assert!(matches!(binary, Err(ExtractError::Unsupported(_))));
}

#[test]
fn markdown_keeps_its_source_between_headings() {
    let source = "Intro with `code`\n# One #\nText\nof two lines.\n\nTwo\n---\n- item\n  more\n- next\n\n```rust\n# no heading\n\nfn main() {}\n```\n| a | b |\n|---|---|\n#hash\n";
    let extracted = Document::new("a.md", source.as_bytes())
        .read(Format::Markdown)
        .unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Paragraph, "Intro with `code`"),
            (BlockKind::Heading(1), "One"),
            (BlockKind::Paragraph, "Text\nof two lines."),
            (BlockKind::Heading(2), "Two"),
            (BlockKind::ListItem, "- item\n  more"),
            (BlockKind::ListItem, "- next"),
            (BlockKind::Code, "# no heading\n\nfn main() {}"),
            (BlockKind::TableRow, "| a | b |"),
            (BlockKind::TableRow, "|---|---|"),
            (BlockKind::Paragraph, "#hash"),
        ]
    );
}

#[test]
fn plain_text_has_paragraphs_and_pages_between_form_feeds() {
    let extracted = Document::new("a.txt", b"One\r\nline.\r\n\r\nTwo.\x0cThree.\x0c")
        .read(Format::Plain)
        .unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Paragraph, "One\nline."),
            (BlockKind::Paragraph, "Two.")
        ]
    );
    assert_eq!(extracted.pages[1].number, Some(2));
    assert_eq!(extracted.page_count, Some(2));
    let source = Document::new("a.rs", b"\n    indented {\n    }\n")
        .read(Format::OtherText)
        .unwrap();
    assert_eq!(
        blocks(&source, 0),
        [(BlockKind::Code, "    indented {\n    }")]
    );
    assert_eq!(
        Document::new("a.txt", b" \n\t\n").read(Format::Plain),
        Err(ExtractError::Empty)
    );
}

#[test]
fn what_nobody_sees_is_removed_and_long_blocks_are_cut_at_words() {
    let text = "soft\u{ad}hyphen zero\u{200b}width\u{a0}bell\u{7}";
    let extracted = Document::new("a.txt", text.as_bytes())
        .read(Format::Plain)
        .unwrap();
    assert_eq!(all_text(&extracted), "softhyphen zerowidth bell");

    let long = "word ".repeat(20_000);
    let extracted = Document::new("a.txt", long.as_bytes())
        .read(Format::Plain)
        .unwrap();
    let blocks = blocks(&extracted, 0);
    assert!(blocks.len() > 2);
    assert!(blocks.iter().all(|(_, text)| text.len() <= 32 << 10
        && text.starts_with("word")
        && text.ends_with("word")));
    let glued = "語".repeat(30_000);
    let extracted = Document::new("a.txt", glued.as_bytes())
        .read(Format::Plain)
        .unwrap();
    assert_eq!(all_text(&extracted).replace('\n', ""), glued);
}
