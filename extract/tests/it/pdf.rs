use extract::{BlockKind, ExtractError, Extracted, Format, Limits};

use crate::making::{Document, blocks, fixture, sample};

fn read(name: &str) -> Result<Extracted, ExtractError> {
    extract::extract(&fixture(name), Format::Pdf, &Limits::default())
}

#[test]
fn pages_keep_their_numbers_and_empty_ones_are_counted() {
    let extracted = read("pages.pdf").unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Heading(1), "Tides"),
            (
                BlockKind::Paragraph,
                "High water comes twice a day, and the office keeps a table of it for every harbour on the coast."
            ),
            (BlockKind::Paragraph, "A second paragraph stands apart."),
        ]
    );
    assert_eq!(extracted.pages[1].number, Some(3));
    assert_eq!(
        blocks(&extracted, 1)[1].1,
        "The ebb runs at four knots; Größe, naïve, Ærø."
    );
    assert_eq!((extracted.page_count, extracted.empty_pages), (Some(3), 1));
    assert!(extracted.warnings[0].starts_with("1 of 3 pages hold no text"));
}

#[test]
fn columns_drawn_row_by_row_are_read_one_after_the_other() {
    let extracted = read("two-columns.pdf").unwrap();
    let text = blocks(&extracted, 0)[1].1;
    assert!(
        text.starts_with("The left column tells of the lighthouse on the northern pier"),
        "{text}"
    );
    let left_end = text.find("LEFTEND").unwrap();
    let right_start = text
        .find("The right column is about the fish market")
        .unwrap();
    assert!(left_end < right_start);
    assert!(text.ends_with("RIGHTEND"));
}

#[test]
fn an_owner_password_does_not_keep_readers_out_but_a_user_password_does() {
    let plain = read("pages.pdf").unwrap();
    assert_eq!(read("owner-password.pdf").unwrap(), plain);
    assert_eq!(read("owner-password-rc4.pdf").unwrap(), plain);
    assert_eq!(
        read("password.pdf").unwrap_err().to_string(),
        "This PDF is protected by a password. Remove the password and upload it again."
    );
}

#[test]
fn pages_without_text_are_a_scan_when_they_hold_pictures() {
    assert_eq!(read("scanned.pdf"), Err(ExtractError::Scanned { pages: 2 }));
    assert_eq!(read("blank.pdf"), Err(ExtractError::Empty));
}

#[test]
fn damage_is_named_or_its_extent_is_told() {
    let damaged = Err(ExtractError::Damaged("PDF".to_owned()));
    let noise: Vec<u8> = (0..4_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let broken = [b"%PDF-1.7\n".to_vec(), noise, b"\n%%EOF".to_vec()].concat();
    assert_eq!(Document::new("a.pdf", &broken).read(Format::Pdf), damaged);
    assert_eq!(
        Document::new("a.pdf", b"%PDF-1.4\n%%EOF").read(Format::Pdf),
        damaged
    );
    assert_eq!(
        Document::new("a.pdf", b"").read(Format::Pdf),
        Err(ExtractError::Empty)
    );

    let whole = std::fs::read(sample("team-handbook.pdf")).unwrap();
    let extracted = Document::new("a.pdf", &whole[..9_000])
        .read(Format::Pdf)
        .unwrap();
    assert!(extracted.empty_pages > 0);
    assert!(
        extracted
            .warnings
            .iter()
            .any(|warning| warning.contains("of 8 pages"))
    );
}

#[test]
fn pages_that_refer_to_each_other_end() {
    let tree = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R/Size 3>>\n%%EOF";
    assert!(Document::new("loop.pdf", tree).read(Format::Pdf).is_err());
}
