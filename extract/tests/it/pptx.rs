use extract::{BlockKind, Format};

use crate::making::{Document, blocks};

const RELS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const TYPES: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn slide(title: &str, rest: &str) -> String {
    format!(
        r#"<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:sp>{rest}<p:sp><p:nvPr><p:ph type="sldNum"/></p:nvPr><a:p><a:r><a:t>7</a:t></a:r></a:p></p:sp></p:sld>"#
    )
}

fn presentation() -> Document {
    let list = r#"<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="300" r:id="rId2"/><p:sldId id="256" r:id="rId1"/><p:sldId id="301" r:id="rId3"/></p:sldIdLst></p:presentation>"#;
    let rels = format!(
        r#"<Relationships xmlns="{RELS}"><Relationship Id="rId1" Type="{TYPES}/slide" Target="slides/slide1.xml"/><Relationship Id="rId2" Type="{TYPES}/slide" Target="/ppt/slides/slide2.xml"/><Relationship Id="rId3" Type="{TYPES}/slide" Target="slides/slide3.xml"/></Relationships>"#
    );
    let notes_rels = format!(
        r#"<Relationships xmlns="{RELS}"><Relationship Id="rId1" Type="{TYPES}/notesSlide" Target="../notesSlides/notesSlide9.xml"/></Relationships>"#
    );
    let notes = r#"<p:notes xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="sldImg"/></p:nvPr></p:sp><p:sp><p:nvPr><p:ph type="body" idx="1"/></p:nvPr><a:p><a:r><a:t>Greet the pilots.</a:t></a:r></a:p></p:sp></p:notes>"#;
    let body = r#"<p:sp><p:nvPr><p:ph idx="1"/></p:nvPr><a:p><a:r><a:t>A point</a:t></a:r></a:p></p:sp><p:sp><p:nvPr/><a:p><a:r><a:t>A text box</a:t></a:r></a:p></p:sp>"#;
    let table = r#"<a:tbl><a:tblPr firstRow="1"/><a:tr><a:tc><a:p><a:r><a:t>Ship</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>Berth</a:t></a:r></a:p></a:tc></a:tr><a:tr><a:tc><a:p><a:r><a:t>Aurora</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>4</a:t></a:r></a:p></a:tc></a:tr></a:tbl>"#;
    Document::zip(
        "talk.pptx",
        &[
            ("ppt/presentation.xml", list),
            ("ppt/_rels/presentation.xml.rels", &rels),
            (
                "ppt/slides/slide1.xml",
                &slide("Made first, shown second", body),
            ),
            ("ppt/slides/slide2.xml", &slide("Shown first", table)),
            ("ppt/slides/slide3.xml", r#"<p:sld xmlns:p="p"/>"#),
            ("ppt/slides/_rels/slide1.xml.rels", &notes_rels),
            ("ppt/notesSlides/notesSlide9.xml", notes),
        ],
    )
}

#[test]
fn slides_are_pages_in_the_order_of_the_talk_with_their_notes() {
    let extracted = presentation().read(Format::Pptx).unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Heading(1), "Shown first"),
            (BlockKind::TableRow, "Columns: Ship; Berth"),
            (BlockKind::TableRow, "Ship: Aurora; Berth: 4"),
        ]
    );
    assert_eq!(
        blocks(&extracted, 1),
        [
            (BlockKind::Heading(1), "Made first, shown second"),
            (BlockKind::ListItem, "A point"),
            (BlockKind::Paragraph, "A text box"),
            (BlockKind::Note, "Greet the pilots."),
        ]
    );
    let numbers: Vec<_> = extracted.pages.iter().map(|page| page.number).collect();
    assert_eq!(numbers, [Some(1), Some(2)]);
    assert_eq!((extracted.page_count, extracted.empty_pages), (Some(3), 1));
}
