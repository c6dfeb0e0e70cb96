use std::fmt::Write;

use extract::{BlockKind, ExtractError, Format};

use crate::making::{Document, blocks};

fn workbook(sheets: &[(&str, &str)]) -> Document {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut names = String::new();
    let mut rels = format!(r#"<Relationship Id="s" Type="{office}/styles" Target="styles.xml"/>"#);
    let mut entries = vec![(
        "xl/styles.xml".to_owned(),
        format!(
            r#"<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
        ),
    )];
    for (number, (name, rows)) in (1..).zip(sheets) {
        write!(
            names,
            r#"<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>"#
        )
        .unwrap();
        write!(
            rels,
            r#"<Relationship Id="r{number}" Type="{office}/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        )
        .unwrap();
        entries.push((
            format!("xl/worksheets/sheet{number}.xml"),
            format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#),
        ));
    }
    entries.push((
        "xl/workbook.xml".to_owned(),
        format!(
            r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>"#
        ),
    ));
    entries.push((
        "xl/_rels/workbook.xml.rels".to_owned(),
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rels}</Relationships>"#
        ),
    ));
    entries.push((
        "_rels/.rels".to_owned(),
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="w" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        ),
    ));
    let entries: Vec<(&str, &str)> = entries
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    Document::zip("book.xlsx", &entries)
}

fn text(at: &str, value: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>"#)
}

#[test]
fn sheets_are_pages_and_rows_name_their_columns() {
    let boats = [
        "<row r=\"1\">",
        &text("A1", "Boat"),
        &text("B1", "Built"),
        &text("C1", "Length"),
        &text("D1", "Afloat"),
        "</row><row r=\"2\">",
        &text("A2", "Aurora"),
        r#"<c r="B2" s="1"><v>45292</v></c><c r="C2"><v>0.30000000000000004</v></c><c r="D2" t="b"><v>1</v></c></row>"#,
        "<row r=\"5\">",
        &text("A5", "Borealis"),
        r#"<c r="C5"><v>12</v></c></row>"#,
    ]
    .concat();
    let crew = format!("<row r=\"1\">{}</row>", text("B1", "Nobody yet"));
    let extracted = workbook(&[("Boats", &boats), ("Empty", ""), ("Crew", &crew)])
        .read(Format::Xlsx)
        .unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Heading(1), "Boats"),
            (BlockKind::TableRow, "Columns: Boat; Built; Length; Afloat"),
            (
                BlockKind::TableRow,
                "Boat: Aurora; Built: 2024-01-01; Length: 0.3; Afloat: yes"
            ),
            (BlockKind::TableRow, "Boat: Borealis; Length: 12"),
        ]
    );
    assert_eq!(
        blocks(&extracted, 1)[1],
        (BlockKind::Paragraph, "Nobody yet")
    );
    assert_eq!(extracted.pages[1].number, Some(3));
    assert_eq!((extracted.page_count, extracted.empty_pages), (Some(3), 1));
}

#[test]
fn a_far_away_cell_costs_no_memory() {
    let rows = format!(
        "<row r=\"1\">{}</row><row r=\"1048576\">{}</row>",
        text("A1", "near"),
        text("XFD1048576", "far")
    );
    let extracted = workbook(&[("Sparse", &rows)]).read(Format::Xlsx).unwrap();
    assert_eq!(
        blocks(&extracted, 0),
        [
            (BlockKind::Heading(1), "Sparse"),
            (BlockKind::Paragraph, "near")
        ]
    );
}

#[test]
fn a_workbook_without_its_parts_is_damaged() {
    let document = Document::zip("book.xlsx", &[("xl/workbook.xml", "<workbook>")]);
    assert!(matches!(
        document.read(Format::Xlsx),
        Err(ExtractError::Damaged(_))
    ));
}
