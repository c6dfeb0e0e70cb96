//! Files that are small on the wire and large inside, against the limits as they are when nobody
//! sets them.

use std::io::Write;

use crate::support::{House, User, on_each_database};

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const MIB: usize = 1 << 20;

/// An archive whose directory names `count` files; its end for large archives says so.
fn directory_of(count: u64) -> Vec<u8> {
    const NAME: &[u8] = b"a";
    let mut header = [0_u8; 47];
    header[..4].copy_from_slice(b"PK\x01\x02");
    header[28] = 1;
    header[46..].copy_from_slice(NAME);
    let mut file = b"PK\x03\x04".to_vec();
    let start = file.len() as u64;
    for _ in 0..count {
        file.extend_from_slice(&header);
    }
    let end = file.len() as u64;
    let mut large = [0_u8; 56];
    large[..4].copy_from_slice(b"PK\x06\x06");
    large[32..40].copy_from_slice(&count.to_le_bytes());
    large[40..48].copy_from_slice(&(end - start).to_le_bytes());
    large[48..56].copy_from_slice(&start.to_le_bytes());
    let mut locator = [0_u8; 20];
    locator[..4].copy_from_slice(b"PK\x06\x07");
    locator[8..16].copy_from_slice(&end.to_le_bytes());
    let mut small = [0xff_u8; 22];
    small[..4].copy_from_slice(b"PK\x05\x06");
    small[4..8].fill(0);
    small[20..].fill(0);
    file.extend_from_slice(&large);
    file.extend_from_slice(&locator);
    file.extend_from_slice(&small);
    file
}

/// A PDF whose pages are one empty page, named this often.
fn pages(count: usize) -> Vec<u8> {
    let kids = "3 0 R ".repeat(count);
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Count {count}/Kids[{kids}]>>"),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_owned(),
    ];
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        writeln!(file, "{number} 0 obj\n{object}\nendobj").expect("bytes");
    }
    let table = file.len();
    write!(file, "xref\n0 4\n0000000000 65535 f \n").expect("bytes");
    for place in places {
        writeln!(file, "{place:010} 00000 n ").expect("bytes");
    }
    write!(
        file,
        "trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n"
    )
    .expect("bytes");
    file
}

/// Why a file that was taken in cannot be indexed.
async fn failure(user: &User, store: i64, name: &str, kind: &str, bytes: Vec<u8>) -> String {
    let accepted = user.upload(store, name, kind, bytes).await.expect(200);
    let operation = accepted["op_id"].as_str().expect("an operation").to_owned();
    let status = user.settled_operation(&operation).await;
    assert_eq!(status["status"], "ERROR", "{name}: {status}");
    status["error"].as_str().expect("a reason").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_inside_than_may_be_is_refused_by_the_usual_limits() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Bombs").await;

        let many = directory_of(480_000);
        assert!(many.len() < 25 * MIB, "it is within the limit of uploads");
        let refused = ada.upload(store, "many.docx", DOCX, many).await;
        let told = refused.refused(415);
        assert!(told.contains("5000 files"), "{told}");
        assert_eq!(house.files(), 0, "nothing of it is left");

        let text = "a\n\n".repeat(1_000_001).into_bytes();
        let reason = failure(&ada, store, "text.txt", "text/plain", text).await;
        assert!(reason.contains("1000000 paragraphs"), "{reason}");
        let reason = failure(&ada, store, "pages.pdf", "application/pdf", pages(2_001)).await;
        assert!(reason.contains("2001"), "{reason}");

        let costs = ada.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["total_usd"], 0.0);
        assert_eq!(costs["held_usd"], 0.0);
        let text = b"The tide turns at four in the afternoon.".to_vec();
        ada.indexed(store, "tide.txt", "text/plain", text).await;
        house.stop().await;
    })
    .await;
}
