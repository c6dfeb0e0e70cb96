use std::io::Write;

use extract::{ExtractError, Format, Limits};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::making::{Document, docx, fixture};

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// An archive with one entry of `mib` MiB of spaces around a little XML.
fn bomb(name: &str, entry: &str, mib: usize) -> Document {
    let mut bytes = Vec::new();
    let mut writer = ZipWriter::new(std::io::Cursor::new(&mut bytes));
    writer
        .start_file(entry, SimpleFileOptions::default())
        .unwrap();
    let block = vec![b' '; 1 << 20];
    for _ in 0..mib {
        writer.write_all(&block).unwrap();
    }
    writer.finish().unwrap();
    Document::new(name, &bytes)
}

#[test]
fn pages_are_counted_before_they_are_read() {
    let error = extract::extract(
        &fixture("pages.pdf"),
        Format::Pdf,
        &limits(|limits| limits.max_pages = 2),
    )
    .unwrap_err();
    assert_eq!(
        error,
        ExtractError::TooManyPages {
            found: 3,
            allowed: 2
        }
    );
    let text = Document::new("a.txt", b"1\x0c2\x0c3");
    let error = extract::extract(
        &text.path,
        Format::Plain,
        &limits(|limits| limits.max_pages = 2),
    )
    .unwrap_err();
    assert_eq!(
        error,
        ExtractError::TooManyPages {
            found: 3,
            allowed: 2
        }
    );
}

#[test]
fn text_is_bounded_by_bytes_and_by_blocks() {
    let text = Document::new("a.txt", "some words\n\n".repeat(1_000).as_bytes());
    for change in [
        |limits: &mut Limits| limits.max_text_bytes = 5_000,
        |limits: &mut Limits| limits.max_blocks = 500,
    ] {
        let error = extract::extract(&text.path, Format::Plain, &limits(change)).unwrap_err();
        assert!(matches!(error, ExtractError::TooMuchText { .. }), "{error}");
    }
    assert!(text.read(Format::Plain).is_ok());
    let page = Document::new("a.html", "<p>some words".repeat(1_000).as_bytes());
    let tight = limits(|limits| limits.max_text_bytes = 5_000);
    let error = extract::extract(&page.path, Format::Html, &tight).unwrap_err();
    assert!(matches!(error, ExtractError::TooMuchText { .. }), "{error}");
}

#[test]
fn archives_are_unpacked_within_a_budget() {
    let tight = limits(|limits| limits.max_archive_bytes = 2 << 20);
    for (document, format) in [
        (bomb("a.docx", "word/document.xml", 6), Format::Docx),
        (bomb("a.pptx", "ppt/presentation.xml", 6), Format::Pptx),
        (bomb("a.xlsx", "xl/sharedStrings.xml", 6), Format::Xlsx),
        (bomb("a.odt", "content.xml", 6), Format::Odt),
    ] {
        let error = extract::extract(&document.path, format, &tight).unwrap_err();
        assert_eq!(
            error,
            ExtractError::TooLarge {
                limit: "2 MiB".to_owned()
            },
            "{format}"
        );
    }
    // The budget is shared by all entries.
    let styles = format!("<w:styles>{}</w:styles>", " ".repeat(3 << 19));
    let body = format!("<w:p><w:r><w:t>x</w:t></w:r></w:p>{}", " ".repeat(1 << 20));
    let two = docx(&body, &[("word/styles.xml", &styles)]);
    let error = extract::extract(&two.path, Format::Docx, &tight).unwrap_err();
    assert!(matches!(error, ExtractError::TooLarge { .. }), "{error}");
}

#[test]
fn archives_of_many_files_are_refused() {
    let names: Vec<String> = (0..60)
        .map(|number| format!("word/media/{number}.xml"))
        .collect();
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let document = docx("<w:p/>", &entries);
    let few = limits(|limits| limits.max_archive_entries = 50);
    let error = extract::extract(&document.path, Format::Docx, &few).unwrap_err();
    assert_eq!(
        error,
        ExtractError::TooLarge {
            limit: "50 files inside".to_owned()
        }
    );
}

#[test]
fn limits_travel_as_json_and_name_what_they_do_not_know() {
    let limits = limits(|limits| limits.max_pages = 7);
    let json = serde_json::to_string(&limits).unwrap();
    assert_eq!(json.parse::<Limits>().unwrap(), limits);
    assert!(r#"{"max_page":7}"#.parse::<Limits>().unwrap_err().to_string().contains("max_page"));
}
