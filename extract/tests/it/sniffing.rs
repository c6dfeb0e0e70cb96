use extract::{Format, HEAD_BYTES, Legacy, Sniffed, TAIL_BYTES, TypeRefusal, sniff};

use crate::making::{Document, docx, fixture, sample};

fn look(declared: Option<&str>, name: &str, content: &[u8]) -> Result<Sniffed, TypeRefusal> {
    let document = Document::new("upload", content);
    let head = &content[..content.len().min(HEAD_BYTES)];
    let tail = &content[content.len().saturating_sub(TAIL_BYTES)..];
    sniff(declared, name, head, tail, &document.path)
}

fn format(declared: Option<&str>, name: &str, content: &[u8]) -> Format {
    look(declared, name, content).unwrap().format
}

fn word() -> Vec<u8> {
    std::fs::read(sample("hr7-maintenance-guide.docx")).unwrap()
}

/// An OLE2 file whose directory, in sector 1, names a stream.
fn ole2(stream: &str) -> Vec<u8> {
    let mut file = vec![0; 512 * 4];
    file[..8].copy_from_slice(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
    file[30] = 9;
    file[48] = 1;
    for (index, unit) in stream.encode_utf16().enumerate() {
        file[1024 + 2 * index..][..2].copy_from_slice(&unit.to_le_bytes());
    }
    file
}

#[test]
fn content_decides_and_generic_types_give_way() {
    let pdf = std::fs::read(fixture("pages.pdf")).unwrap();
    for declared in [
        None,
        Some(""),
        Some("application/octet-stream"),
        Some("Application/PDF; x=y"),
    ] {
        assert_eq!(format(declared, "a.pdf", &pdf), Format::Pdf);
    }
    assert_eq!(format(None, "no extension", &pdf), Format::Pdf);
    assert_eq!(
        format(Some("application/zip"), "a.docx", &word()),
        Format::Docx
    );
    let inside = |entry: &str, content: &str| {
        std::fs::read(&Document::zip("a.zip", &[(entry, content)]).path).unwrap()
    };
    assert_eq!(
        format(None, "a.pptx", &inside("ppt/presentation.xml", "<p/>")),
        Format::Pptx
    );
    assert_eq!(
        format(None, "a.xlsx", &inside("xl/workbook.xml", "<w/>")),
        Format::Xlsx
    );
    let odt = inside("mimetype", "application/vnd.oasis.opendocument.text");
    assert_eq!(format(None, "a.odt", &odt), Format::Odt);
}

#[test]
fn names_tell_text_formats_apart() {
    for (declared, name, expected) in [
        (None, "a.md", Format::Markdown),
        (None, "A.CSV", Format::Csv),
        (Some("text/plain"), "a.tsv", Format::Tsv),
        (Some("text/plain"), "a.html", Format::Html),
        (Some("text/plain"), "a.txt", Format::Plain),
        (Some("text/plain; charset=utf-8"), "notes", Format::Plain),
        (None, "Makefile", Format::Plain),
        (Some("text/csv"), "a.txt", Format::Csv),
        (Some("application/vnd.ms-excel"), "a.csv", Format::Csv),
    ] {
        assert_eq!(
            format(declared, name, b"some text, caf\xc3\xa9"),
            expected,
            "{declared:?} {name}"
        );
    }
    let rust = look(Some("text/x-rust"), "a.rs", b"fn main() {}").unwrap();
    assert_eq!(
        (rust.format, rust.mime.as_str()),
        (Format::OtherText, "text/x-rust")
    );
    assert_eq!(
        format(None, "a.txt", b"Gr\xf6\xdfe in windows-1252"),
        Format::Plain
    );
    assert_eq!(format(None, "a.txt", b"\xff\xfeh\0i\0"), Format::Plain);
    assert_eq!(
        format(None, "bmw.txt", b"BMW built it; %PDF- is a mark"),
        Format::Plain
    );
    // The head may end in the middle of a character.
    assert_eq!(
        format(
            None,
            "a.txt",
            &"é".repeat(HEAD_BYTES).as_bytes()[..=HEAD_BYTES]
        ),
        Format::Plain
    );
}

#[test]
fn what_is_not_what_it_claims_is_refused() {
    let pdf = std::fs::read(fixture("pages.pdf")).unwrap();
    let message = |declared: Option<&str>, name: &str, content: &[u8]| {
        look(declared, name, content).unwrap_err().to_string()
    };
    assert_eq!(
        message(Some("application/pdf"), "a.pdf", &word()),
        "The file was sent as PDF, but its content is Word document (DOCX). Send it under its true type and name."
    );
    assert!(
        message(None, "a.docx", &pdf)
            .contains("sent as Word document (DOCX), but its content is PDF")
    );
    assert!(
        message(Some("application/pdf"), "a.pdf", b"just words").contains("its content is text")
    );
    assert!(message(Some("text/plain"), "a.txt", &pdf).contains("its content is PDF"));
    assert!(
        message(
            Some("text/plain"),
            "a.txt",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
        )
        .contains("image/png")
    );
    assert!(
        message(
            None,
            "a.docx",
            &std::fs::read(&Document::zip("z", &[("a", "b")]).path).unwrap()
        )
        .contains("a ZIP archive")
    );
    assert_eq!(
        look(None, "a.bin", b"\x01\x02\0\x03rest"),
        Err(TypeRefusal::Binary)
    );
    assert_eq!(look(None, "a.txt", b""), Err(TypeRefusal::Empty));
    assert_eq!(
        look(None, "a.pdf", &pdf[..1_000]),
        Err(TypeRefusal::Incomplete("PDF"))
    );
    assert!(matches!(
        look(None, "a.docx", &word()[..5_000]),
        Err(TypeRefusal::Damaged(_))
    ));
    assert!(
        message(Some("image/png\"<script>"), "a.png", b"x")
            .starts_with("Files of type image/pngscript cannot")
    );
}

#[test]
fn old_formats_are_refused_with_advice() {
    let refused =
        |declared: Option<&str>, name: &str, content: &[u8]| match look(declared, name, content) {
            Err(TypeRefusal::Legacy(legacy)) => legacy,
            other => panic!("{other:?}"),
        };
    assert_eq!(
        refused(Some("application/msword"), "a.doc", &ole2("WordDocument")),
        Legacy::Word
    );
    assert_eq!(refused(None, "a.doc", &ole2("Workbook")), Legacy::Excel);
    assert_eq!(refused(None, "a", &ole2("Thumbs")), Legacy::OldOffice);
    assert_eq!(
        refused(Some("application/msword"), "a.doc", b"not even OLE2"),
        Legacy::Word
    );
    assert_eq!(refused(None, "a.txt", b"{\\rtf1 hello}"), Legacy::Rtf);
    assert_eq!(refused(None, "a.dotx", &word()), Legacy::WordTemplate);
    let epub =
        std::fs::read(&Document::zip("z", &[("mimetype", "application/epub+zip")]).path).unwrap();
    assert_eq!(refused(None, "a.epub", &epub), Legacy::Epub);
    assert_eq!(
        TypeRefusal::Legacy(Legacy::Word).to_string(),
        "The old Word format (.doc) cannot be read. Open it and save it as DOCX or PDF, then upload that."
    );
    assert_eq!(
        look(None, "a.docx", &ole2("EncryptedPackage")),
        Err(TypeRefusal::Encrypted)
    );
}

#[test]
fn a_made_document_is_recognised() {
    let made = std::fs::read(&docx("<w:p/>", &[]).path).unwrap();
    let sniffed = look(Some(Format::Docx.mime()), "a.docx", &made).unwrap();
    assert_eq!(sniffed.mime, Format::Docx.mime());
}

/// An archive whose directory names `count` empty files, told by an end for large archives or, when
/// it fits, by the small one.
fn archive_of(count: u32, name: &str) -> Vec<u8> {
    let mut file = b"PK\x03\x04".to_vec();
    let start = file.len();
    let name_bytes = u16::try_from(name.len()).unwrap().to_le_bytes();
    for _ in 0..count {
        let mut header = [0_u8; 46];
        header[..4].copy_from_slice(b"PK\x01\x02");
        header[28..30].copy_from_slice(&name_bytes);
        file.extend_from_slice(&header);
        file.extend_from_slice(name.as_bytes());
    }
    let size = u64::try_from(file.len() - start).unwrap();
    let large_at = u64::try_from(file.len()).unwrap();
    let mut large = [0_u8; 56];
    large[..4].copy_from_slice(b"PK\x06\x06");
    large[32..40].copy_from_slice(&u64::from(count).to_le_bytes());
    large[40..48].copy_from_slice(&size.to_le_bytes());
    let mut locator = [0_u8; 20];
    locator[..4].copy_from_slice(b"PK\x06\x07");
    locator[8..16].copy_from_slice(&large_at.to_le_bytes());
    let mut end = [0_u8; 22];
    end[..4].copy_from_slice(b"PK\x05\x06");
    if let Ok(count) = u16::try_from(count) {
        end[10..12].copy_from_slice(&count.to_le_bytes());
        end[12..16].copy_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
    } else {
        file.extend_from_slice(&large);
        file.extend_from_slice(&locator);
        end[10..20].fill(0xff);
    }
    file.extend_from_slice(&end);
    file
}

#[test]
fn an_archive_of_many_files_is_refused_before_they_are_read() {
    let many = |count| look(None, "a.docx", &archive_of(count, "word/media"));
    for count in [5_001, 60_000, 480_000] {
        assert_eq!(
            many(count),
            Err(TypeRefusal::TooManyFiles("Word document (DOCX)", 5_000)),
            "{count}"
        );
    }
    // As many as may be are looked through, and these are none that lead anywhere.
    let few = many(5_000).unwrap_err();
    assert!(!matches!(few, TypeRefusal::TooManyFiles(..)), "{few}");
    // Whatever one record says, the other may be believed.
    let mut liar = archive_of(60_000, "word/document.xml");
    let end = liar.len() - 22;
    liar[end + 10..end + 12].copy_from_slice(&3_u16.to_le_bytes());
    let mut hidden = archive_of(480_000, "word/document.xml");
    let end = hidden.len() - 22;
    hidden[end + 10..end + 12].copy_from_slice(&3_u16.to_le_bytes());
    for (archive, refused) in [(liar, false), (hidden, true)] {
        let told = look(None, "a.docx", &archive);
        assert_eq!(matches!(told, Err(TypeRefusal::TooManyFiles(..))), refused);
    }
}

#[test]
fn an_archive_is_found_before_a_comment_and_not_without_its_end() {
    let mut commented = word();
    let end = commented.len() - 2;
    commented.truncate(end);
    commented.extend_from_slice(&300_u16.to_le_bytes());
    commented.extend_from_slice(&[b'x'; 300]);
    assert_eq!(format(None, "a.docx", &commented), Format::Docx);
    let mut cut = word();
    cut.truncate(cut.len() - 30);
    let refused = look(None, "a.docx", &cut).unwrap_err();
    assert!(matches!(refused, TypeRefusal::Damaged(_)), "{refused}");
}
