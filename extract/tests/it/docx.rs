use extract::{BlockKind, ExtractError, Format};

use crate::making::{blocks, docx};

const STYLES: &str = r#"<w:styles xmlns:w="w">
<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Own"><w:name w:val="Our headline"/><w:basedOn w:val="berschrift1"/></w:style>
<w:style w:styleId="Deep"><w:name w:val="Deep"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
<w:style w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>
</w:styles>"#;

fn paragraph(style: &str, text: &str) -> String {
    format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#)
}

#[test]
fn headings_come_from_styles_by_name_inheritance_and_outline() {
    let body = [
        paragraph("TOC1", "Tides 1"),
        paragraph("berschrift1", "Tides"),
        paragraph("Own", "Currents"),
        paragraph("Deep", "Ebb"),
        paragraph("Loop", "Running text."),
        paragraph("Unknown", "More text."),
    ]
    .concat();
    let extracted = docx(&body, &[("word/styles.xml", STYLES)])
        .read(Format::Docx)
        .unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Heading(1), "Tides"),
            (BlockKind::Heading(1), "Currents"),
            (BlockKind::Heading(3), "Ebb"),
            (BlockKind::Paragraph, "Running text."),
            (BlockKind::Paragraph, "More text."),
        ]
    );
    assert_eq!(extracted.pages[0].number, None);
    assert_eq!(extracted.page_count, None);
}

#[test]
fn runs_are_joined_and_references_decoded_once() {
    let body = r#"<w:p><w:r><w:t>split</w:t></w:r><w:r><w:t xml:space="preserve">word &amp;lt; &#65;&#x42; caf&#233;</w:t></w:r></w:p>"#;
    let extracted = docx(body, &[]).read(Format::Docx).unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [(BlockKind::Paragraph, "splitword &lt; AB café")]
    );
}

#[test]
fn rows_name_their_columns_when_the_header_is_marked_or_has_no_digits() {
    let row = |cells: &[&str], header: &str| {
        let cells = cells
            .iter()
            .map(|cell| format!("<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>"))
            .collect::<Vec<_>>()
            .concat();
        format!("<w:tr>{header}{cells}</w:tr>")
    };
    let marked = r"<w:trPr><w:tblHeader/></w:trPr>";
    let body = format!(
        "<w:tbl>{}{}</w:tbl><w:tbl>{}{}</w:tbl>",
        row(&["Year", "2025"], marked),
        row(&["Boats", "14"], ""),
        row(&["Length", "12 m"], ""),
        row(&["Draught", "2 m"], ""),
    );
    let extracted = docx(&body, &[]).read(Format::Docx).unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::TableRow, "Columns: Year; 2025"),
            (BlockKind::TableRow, "Year: Boats; 2025: 14"),
            (BlockKind::TableRow, "Length | 12 m"),
            (BlockKind::TableRow, "Draught | 2 m"),
        ]
    );
}

#[test]
fn lists_notes_and_deletions_are_told_apart() {
    let body = r#"<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>An item</w:t></w:r></w:p>
<w:p><w:r><w:t>Kept</w:t></w:r><w:del><w:r><w:delText> gone</w:delText><w:t> gone</w:t></w:r></w:del></w:p>
<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>Once</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>Once</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>"#;
    let notes = r#"<w:footnotes xmlns:w="w"><w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:t>line</w:t></w:r></w:p></w:footnote><w:footnote w:id="1"><w:p><w:r><w:t>At spring tide.</w:t></w:r></w:p></w:footnote></w:footnotes>"#;
    let extracted = docx(body, &[("word/footnotes.xml", notes)])
        .read(Format::Docx)
        .unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::ListItem, "An item"),
            (BlockKind::Paragraph, "Kept"),
            (BlockKind::Paragraph, "Once"),
            (BlockKind::Note, "At spring tide."),
        ]
    );
}

#[test]
fn pages_are_numbered_where_word_recorded_them() {
    let body = r"<w:p><w:r><w:t>First page.</w:t></w:r></w:p>
<w:p><w:r><w:t>Ends here, </w:t><w:lastRenderedPageBreak/><w:t>begins there.</w:t></w:r></w:p>";
    let extracted = docx(body, &[]).read(Format::Docx).unwrap();
    assert_eq!(extracted.page_count, Some(2));
    assert_eq!(extracted.pages[1].number, Some(2));
    assert_eq!(blocks(&extracted, 0)[1].1, "Ends here,");
    assert_eq!(
        blocks(&extracted, 1),
        [(BlockKind::Paragraph, "begins there.")]
    );
}

#[test]
fn hostile_or_broken_xml_is_refused_with_a_reason() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><w:document xmlns:w="w"><w:p><w:t>&b;</w:t></w:p></w:document>"#;
    let document = crate::making::Document::zip("a.docx", &[("word/document.xml", bomb)]);
    let error = document.read(Format::Docx).unwrap_err();
    assert!(
        matches!(&error, ExtractError::Unsupported(reason) if reason.contains("document type")),
        "{error}"
    );

    let undeclared = docx("<w:p><w:r><w:t>&b;</w:t></w:r></w:p>", &[]);
    assert!(matches!(
        undeclared.read(Format::Docx),
        Err(ExtractError::Damaged(_))
    ));

    let deep = format!("{}{}", "<w:sdt>".repeat(300), "</w:sdt>".repeat(300));
    let error = docx(&deep, &[]).read(Format::Docx).unwrap_err();
    assert!(
        matches!(&error, ExtractError::TooLarge { limit } if limit.contains("256 levels")),
        "{error}"
    );

    let open =
        crate::making::Document::zip("a.docx", &[("word/document.xml", "<w:document><w:p>")]);
    assert!(matches!(
        open.read(Format::Docx),
        Err(ExtractError::Damaged(_))
    ));

    let other = crate::making::Document::zip("a.docx", &[("readme.txt", "nothing")]);
    assert!(matches!(
        other.read(Format::Docx),
        Err(ExtractError::Damaged(_))
    ));
    let no_zip = crate::making::Document::new("a.docx", b"PK\x03\x04 and then nothing that fits");
    assert!(matches!(
        no_zip.read(Format::Docx),
        Err(ExtractError::Damaged(_))
    ));
    assert_eq!(
        docx("<w:p/>", &[]).read(Format::Docx),
        Err(ExtractError::Empty)
    );
}
