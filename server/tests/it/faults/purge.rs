//! The process dies while a deleted document is being removed for good: whatever is left of it,
//! row or file, goes in the end.

use std::os::unix::process::ExitStatusExt;

use futures_util::{StreamExt, stream};
use pretty_assertions::assert_eq;

use super::{
    program::{Program, Site},
    state::State,
};
use crate::support::{User, client::eventually, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

fn originals(site: &Site) -> usize {
    let folder = site.folder.path().join("blobs/documents");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// A document of Ada's, beside another one, that was deleted; answers its id.
pub async fn delete_a_document(server: &Program) -> i64 {
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Papers").await;
    let file = CHECKLIST.to_vec();
    user.indexed(store, "kept.md", "text/markdown", file.clone())
        .await;
    let document = user
        .indexed(store, "checklist.md", "text/markdown", file)
        .await;
    let deleted = user.delete(&format!("/api/documents/{document}")).await;
    assert!(deleted.status < 300, "{}", deleted.body);
    document
}

/// The time of what was deleted has come.
pub async fn time_has_come(state: &State) {
    state
        .execute("UPDATE jobs SET run_at = created_at WHERE kind = 'purge_document'")
        .await;
}

/// One document is left, whole; of the other there is nothing.
pub async fn nothing_is_orphaned(site: &Site, state: &State) {
    let gone = || async {
        let left = state.number("SELECT COUNT(*) FROM documents").await;
        (left == 1 && originals(site) == 1).then_some(())
    };
    eventually(gone).await;
    state.at_rest().await;
    for orphans in [
        "passages WHERE document_id NOT IN (SELECT id FROM documents)",
        "jobs WHERE kind = 'purge_document' AND state <> 'succeeded'",
    ] {
        let count = format!("SELECT COUNT(*) FROM {orphans}");
        assert_eq!(state.number(&count).await, 0, "{orphans}");
    }
    let finished = "SELECT COUNT(*) FROM job_events e JOIN jobs j ON j.id = e.job_id \
                    WHERE e.event = 'succeeded' AND j.kind = 'purge_document'";
    assert_eq!(state.number(finished).await, 1, "finished once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_survives_the_death_of_its_process_at_each_step() {
    stream::iter(["purge-passages-gone", "purge-original-gone"])
        .for_each_concurrent(2, |point| {
            on_each_database(move |database| async move {
                let site = Site::new(database, &[]);
                let mut doomed = site.serve(&[("BINNACLE_ABORT_AT", point)]).await;
                let state = site.state().await;
                delete_a_document(&doomed).await;
                time_has_come(&state).await;
                let status = doomed.ended().await;
                assert_eq!(
                    status.signal(),
                    Some(6),
                    "{point}: it dies where it was told"
                );
                state.sound().await;
                let rows = state.number("SELECT COUNT(*) FROM documents").await;
                assert_eq!(rows, 2, "{point}: the row still names what must go");
                state.leases_run_out().await;

                let next = site.serve(&[]).await;
                nothing_is_orphaned(&site, &state).await;
                state.close().await;
                next.stop().await;
            })
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_row_is_gone_and_a_row_whose_file_is_gone_both_go() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let state = site.state().await;
        let document = delete_a_document(&server).await;
        let sql = format!("SELECT blob_key FROM documents WHERE id = {document}");
        let original = site
            .folder
            .path()
            .join("blobs")
            .join(state.word(&sql).await);
        server.stop().await;

        // The row's file is gone; another file has no row, and is too old to belong to an upload.
        let orphan = original.with_file_name("00000000000040008000000000000000");
        std::fs::rename(&original, &orphan).expect("another name");
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(48);
        let opened = std::fs::File::options().write(true).open(&orphan);
        opened
            .and_then(|file| file.set_modified(long_ago))
            .expect("an older file");
        time_has_come(&state).await;
        state.leases_run_out().await;
        let next = site.serve(&[]).await;

        nothing_is_orphaned(&site, &state).await;
        assert!(!orphan.exists());
        state.close().await;
        next.stop().await;
    })
    .await;
}
