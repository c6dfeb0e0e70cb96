use extract::{BlockKind, Format};

use crate::making::{Document, blocks};

fn odt(body: &str, manifest: &str) -> Document {
    let content = format!(
        r#"<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b"><office:body><office:text>{body}</office:text></office:body></office:document-content>"#
    );
    Document::zip(
        "letter.odt",
        &[
            ("mimetype", "application/vnd.oasis.opendocument.text"),
            ("content.xml", &content),
            ("META-INF/manifest.xml", manifest),
        ],
    )
}

#[test]
fn headings_lists_tables_notes_and_spaces_are_read() {
    let body = r#"<text:table-of-content><text:p>Tides 1</text:p></text:table-of-content>
<text:h text:outline-level="2">Tides</text:h>
<text:p>High   water
  comes<text:s text:c="2"/>twice<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Mostly.</text:p></text:note-body></text:note>.</text:p>
<text:list><text:list-item><text:p>An item</text:p></text:list-item></text:list>
<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Port</text:p></table:table-cell><table:table-cell><text:p>Depth</text:p></table:table-cell></table:table-row></table:table-header-rows>
<table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>9 m</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row></table:table>"#;
    let extracted = odt(body, "<manifest/>").read(Format::Odt).unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Heading(2), "Tides"),
            (BlockKind::Note, "Mostly."),
            (BlockKind::Paragraph, "High water comes  twice."),
            (BlockKind::ListItem, "An item"),
            (BlockKind::TableRow, "Columns: Port; Depth"),
            (BlockKind::TableRow, "Port: 9 m; Depth: 9 m"),
        ]
    );
    assert_eq!(extracted.pages[0].number, None);
}

#[test]
fn pages_are_numbered_where_the_program_recorded_them() {
    let body = "<text:p>One.</text:p><text:soft-page-break/><text:p>Two, <text:soft-page-break/>three.</text:p>";
    let extracted = odt(body, "<manifest/>").read(Format::Odt).unwrap();
    let pages: Vec<_> = extracted
        .pages
        .iter()
        .map(|page| (page.number, page.blocks[0].text.as_str()))
        .collect();
    assert_eq!(
        pages,
        [(Some(1), "One."), (Some(2), "Two,"), (Some(3), "three.")]
    );
}

#[test]
fn a_password_is_recognised_by_the_manifest() {
    let error = odt(
        "<text:p>x</text:p>",
        "<manifest><encryption-data/></manifest>",
    )
    .read(Format::Odt)
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "This OpenDocument text (ODT) is protected by a password. Remove the password and upload it again."
    );
}
