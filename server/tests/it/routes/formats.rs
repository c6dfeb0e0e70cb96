//! Every format becomes answers, and what gives no text says why.

use std::io::Write;

use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::support::{House, User, on_each_database};

const OFFICE: &str = "application/vnd.openxmlformats-officedocument";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const TYPES: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ZipWriter::new(std::io::Cursor::new(&mut bytes));
    for (name, content) in entries {
        let options = SimpleFileOptions::default();
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(content.as_bytes()).expect("content");
    }
    writer.finish().expect("an archive");
    bytes
}

/// A Word document of one paragraph; packed, so that much text makes a small file.
pub(crate) fn docx(text: &str) -> Vec<u8> {
    let document = format!(
        r#"<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"#
    );
    archive(&[("word/document.xml", &document)])
}

fn pptx(text: &str) -> Vec<u8> {
    let list = r#"<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst></p:presentation>"#;
    let relations = format!(
        r#"<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{TYPES}/slide" Target="slides/slide1.xml"/></Relationships>"#
    );
    let slide = format!(
        r#"<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp></p:sld>"#
    );
    archive(&[
        ("ppt/presentation.xml", list),
        ("ppt/_rels/presentation.xml.rels", &relations),
        ("ppt/slides/slide1.xml", &slide),
    ])
}

fn xlsx(text: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relation = |id: &str, kind: &str, target: &str| {
        format!(
            r#"<Relationships xmlns="{RELATIONS}"><Relationship Id="{id}" Type="{TYPES}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let sheet = format!(
        r#"<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Note</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>{text}</t></is></c></row></sheetData></worksheet>"#
    );
    let workbook = format!(
        r#"<workbook xmlns="{main}" xmlns:r="{TYPES}"><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>"#
    );
    archive(&[
        ("xl/worksheets/sheet1.xml", &sheet),
        ("xl/workbook.xml", &workbook),
        (
            "xl/_rels/workbook.xml.rels",
            &relation("r1", "worksheet", "worksheets/sheet1.xml"),
        ),
        (
            "_rels/.rels",
            &relation("w", "officeDocument", "xl/workbook.xml"),
        ),
    ])
}

fn odt(text: &str) -> Vec<u8> {
    let content = format!(
        r#"<office:document-content xmlns:office="o" xmlns:text="t"><office:body><office:text><text:p>{text}</text:p></office:text></office:body></office:document-content>"#
    );
    archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", &content),
        ("META-INF/manifest.xml", "<manifest/>"),
    ])
}

/// Name, media type, content, a question to it, and a word of the answer.
type Asked = (&'static str, String, Vec<u8>, &'static str, &'static str);

/// One document of each format.
fn documents() -> Vec<Asked> {
    let pdf = include_bytes!("../../../../docs/samples/team-handbook.pdf").to_vec();
    let leave = "How many days of unused annual leave can I carry over?";
    let text = "The ferry to Skerry island leaves the north pier at nine.";
    let plain = text.as_bytes().to_vec();
    let html = format!("<html><body><h1>Ferries</h1><p>{text}</p></body></html>");
    let csv = format!("line,note\n1,{text}\n");
    let tsv = format!("line\tnote\n1\t{text}\n");
    let office = |kind: &str| format!("{OFFICE}.{kind}");
    let ferry = |name, media_type: &str, bytes: Vec<u8>| {
        let question = "When does the ferry to Skerry island leave?";
        (name, media_type.to_owned(), bytes, question, "nine")
    };
    vec![
        ("a.pdf", "application/pdf".to_owned(), pdf, leave, "five"),
        ferry("a.docx", &office("wordprocessingml.document"), docx(text)),
        ferry("a.pptx", &office("presentationml.presentation"), pptx(text)),
        ferry("a.xlsx", &office("spreadsheetml.sheet"), xlsx(text)),
        ferry(
            "a.odt",
            "application/vnd.oasis.opendocument.text",
            odt(text),
        ),
        ferry("a.html", "text/html", html.into_bytes()),
        ferry("a.md", "text/markdown", plain.clone()),
        ferry("a.csv", "text/csv", csv.into_bytes()),
        ferry("a.tsv", "text/tab-separated-values", tsv.into_bytes()),
        ferry("a.txt", "text/plain", plain),
        ferry("b.docx", "application/octet-stream", docx(text)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_is_found_and_cited() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MAX_STORES_PER_USER", "20")]).await;
        let ada = house.user("ada").await;
        for (name, media_type, bytes, question, says) in documents() {
            let store = ada.store(name).await;
            let document = ada.indexed(store, name, &media_type, bytes).await;
            let stream = ada.ask(store, question).await;
            assert!(stream.text().contains(says), "{name}: {}", stream.text());
            assert_eq!(stream.sources()[0]["documentId"], document, "{name}");
            assert_eq!(stream.sources()[0]["title"], name);
        }
        house.stop().await;
    })
    .await;
}

async fn failure(
    user: &User,
    store: i64,
    name: &str,
    media_type: &str,
    bytes: &[u8],
) -> (i64, String) {
    let accepted = user
        .upload(store, name, media_type, bytes.to_vec())
        .await
        .expect(200);
    let operation = accepted["op_id"].as_str().expect("an operation").to_owned();
    let status = user.settled_operation(&operation).await;
    assert_eq!(status["status"], "ERROR", "{name}: {status}");
    let document = accepted["document_id"].as_i64().expect("an id");
    (
        document,
        status["error"].as_str().expect("a reason").to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gives_no_text_says_why_and_costs_nothing() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Bad").await;
        let pdf = "application/pdf";
        let docx_type = format!("{OFFICE}.wordprocessingml.document");
        let broken = archive(&[("word/document.xml", "<w:document><w:bo")]);
        let fixtures: [(&str, &str, &[u8], &str); 6] = [
            (
                "locked.pdf",
                pdf,
                include_bytes!("../../../../extract/tests/fixtures/password.pdf"),
                "password",
            ),
            (
                "scan.pdf",
                pdf,
                include_bytes!("../../../../extract/tests/fixtures/scanned.pdf"),
                "OCR",
            ),
            (
                "blank.pdf",
                pdf,
                include_bytes!("../../../../extract/tests/fixtures/blank.pdf"),
                "no text",
            ),
            (
                "broken.pdf",
                pdf,
                b"%PDF-1.7\n1 0 obj\n<</Nonsense\n%%EOF\n",
                "damaged",
            ),
            ("broken.docx", &docx_type, &broken, "damaged"),
            ("blank.txt", "text/plain", b" \n\t \n", "no text"),
        ];
        for (name, media_type, bytes, says) in fixtures {
            let (document, reason) = failure(&ada, store, name, media_type, bytes).await;
            assert!(reason.starts_with("Indexing failed: "), "{name}: {reason}");
            assert!(reason.contains(says), "{name}: {reason}");
            let retried = ada
                .post(&format!("/api/documents/{document}/retry"), &Value::Null)
                .await;
            let retried = retried.expect(200);
            assert_eq!(retried["op_id"], format!("doc-{document}"));
            let status = ada.settled_operation(&format!("doc-{document}")).await;
            assert_eq!(status["status"], "ERROR", "{name}: {status}");
        }
        let listed = ada
            .get(&format!("/api/documents/store/{store}"))
            .await
            .expect(200);
        assert!(
            listed
                .as_array()
                .expect("a list")
                .iter()
                .all(|row| row["status"] == "ERROR")
        );
        let costs = ada.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["total_usd"], 0.0);
        assert_eq!(costs["held_usd"], 0.0);
        let nothing = ada
            .ask_with(&json!({"storeIds": [store], "question": "What is in it?"}))
            .await;
        assert!(nothing.sources().is_empty());
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_failed_can_be_tried_again() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Good").await;
        let text = b"The tide turns at four.".to_vec();
        let document = ada.indexed(store, "tide.txt", "text/plain", text).await;
        let told = ada
            .post(&format!("/api/documents/{document}/retry"), &Value::Null)
            .await;
        assert!(told.refused(409).contains("DONE"));
        house.stop().await;
    })
    .await;
}
