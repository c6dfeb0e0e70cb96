//! A user is given everything of theirs, and nothing of anybody else's.

use std::{collections::BTreeMap, io::Read};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{
    fill::{ADA, BEN},
    *,
};
use crate::platform::db::testing::for_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_everything_of_a_user_with_checksums() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill([ADA, BEN]).await;
        let path = house.folder.path().join("ada.zip");
        let file = std::fs::File::create(&path).unwrap();
        let never = CancellationToken::new();
        house
            .governance
            .write_export(ADA.id, file, &never)
            .await
            .unwrap();

        let files = unpacked(&path);
        let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
        let listed = manifest["files"].as_array().unwrap();
        assert_eq!(listed.len(), files.len() - 1);
        for entry in listed {
            let content = &files[entry["path"].as_str().unwrap()];
            assert_eq!(entry["bytes"], content.len());
            assert_eq!(entry["sha256"], hex::encode(Sha256::digest(content)));
        }
        let rows = |name: &str| -> Vec<Value> { serde_json::from_slice(&files[name]).unwrap() };
        for name in [
            "account.json",
            "sessions.json",
            "jobs.json",
            "chat/conversations.json",
            "stores.json",
            "documents.json",
            "ledger.json",
            "budget.json",
            "audit.json",
        ] {
            assert!(!rows(name).is_empty(), "{name}");
        }
        assert_eq!(rows("account.json")[0]["email"], "mark-of-ada@example.org");
        let messages = rows("chat/messages.json");
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0]["content"], "mark-of-ada question");
        assert_eq!(
            messages[1]["citations"][0]["snippet"],
            "mark-of-ada snippet"
        );
        let original = rows("documents.json")[0]["file"].clone();
        assert_eq!(files[original.as_str().unwrap()], b"mark-of-ada original");
        for (name, content) in &files {
            let text = String::from_utf8_lossy(content);
            assert!(!text.contains(BEN.mark), "{name}");
            for secret in ["mark-of-ada hash", "mark-of-ada token"] {
                assert!(!text.contains(secret), "{name} holds {secret}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_no_export_names_goes_once_it_is_old() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill([ADA, BEN]).await;
        let named = house.blob_paths();
        let left = BlobKey::export(ADA.id, Entropy::from_system().uuid());
        let file = house.folder.path().join("left.zip");
        std::fs::write(&file, b"half of everything").unwrap();
        house.blobs.put_file(&left, &file).await.unwrap();

        let put = house.folder.path().join("blobs").join(left.as_str());
        let put = std::fs::metadata(put).unwrap().modified().unwrap();
        let since_noon = DateTime::<chrono::Utc>::from(put) - noon();
        house.clock.advance(since_noon);
        let governance = &house.governance;
        assert_eq!(governance.remove_orphaned_exports().await.unwrap(), 0);
        assert!(house.blob_paths().contains(left.as_str()), "it is young");

        house.clock.advance(chrono::TimeDelta::hours(4));
        assert_eq!(governance.remove_orphaned_exports().await.unwrap(), 1);
        assert_eq!(house.blob_paths(), named);
    })
    .await;
}

fn unpacked(path: &std::path::Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            (file.name().unwrap().into_owned(), content)
        })
        .collect()
}
