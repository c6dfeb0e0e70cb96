//! What a preview shows is what a run deletes, for every class that has a period.

use std::time::Duration;

use chrono::TimeDelta;
use entities::{JobState, RunCause, RunOutcome};
use tokio_util::sync::CancellationToken;

use super::{
    expiring::people,
    fill::{Person, blob, governance::add_export},
    *,
};
use crate::platform::{
    audit::AuditEvent,
    clock::Clock,
    db::{WriteKey, testing::for_each_database},
    governance::RunOf,
};

const COMMAND: RunOf = RunOf {
    cause: RunCause::Command,
    actor: None,
    job: None,
};

impl House {
    /// Something old and something new of every class.
    async fn fill_every_class(&self) -> [Person; 2] {
        let [ada, ben] = people();
        // What Ada did went on record when she did it.
        let then = ManualClock::starting_at(ada.at);
        let audit = Audit::new(self.db.clone(), Arc::new(then), SECRET, &[]);
        let act = AuditEvent {
            actor: Some(ada.id),
            action: "delete_store",
            target_type: Some("store"),
            target_id: Some("1".to_owned()),
            metadata: serde_json::json!({}),
        };
        for _ in 0..205 {
            audit.record(act.clone()).await.unwrap();
        }
        self.fill([ada, ben]).await;
        self.run(
            "UPDATE documents SET deleted_at = created_at WHERE user_id = 1; \
             UPDATE stores SET deleted_at = created_at WHERE user_id = 1"
                .to_owned(),
        )
        .await;
        for (person, text) in [(ada, "of ada"), (ben, "and of ben")] {
            let file = self.folder.path().join("export");
            std::fs::write(&file, text).unwrap();
            let key = BlobKey::export(person.id, Entropy::from_system().uuid());
            self.blobs.put_file(&key, &file).await.unwrap();
            let size = i64::try_from(text.len()).unwrap();
            let input = (person, key.as_str().to_owned(), size);
            self.db
                .write_alone(WriteKey::Free, input, |txn, (person, key, size)| {
                    Box::pin(add_export(txn, *person, Some((key.clone(), *size))))
                })
                .await
                .unwrap();
        }
        let left = self.folder.path().join("tmp").join("binnacle-left");
        std::fs::write(&left, "half an upload").unwrap();
        let day_before_yesterday: std::time::SystemTime = noon().into();
        std::fs::File::options()
            .write(true)
            .open(&left)
            .unwrap()
            .set_modified(day_before_yesterday - Duration::from_hours(48))
            .unwrap();
        [ada, ben]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_deletes_what_its_preview_showed_of_every_class() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        let [ada, ben] = house.fill_every_class().await;
        let preview = house.governance.preview(&[], None).await.unwrap();
        for class in &preview.classes {
            let goes = class.tally.rows + class.tally.blobs > 0;
            let nothing_belongs = matches!(class.class, Class::RawAudio | Class::Transcripts);
            assert_eq!(
                goes,
                class.before.is_some() && !nothing_belongs,
                "{}",
                class.class.name()
            );
        }
        assert!(preview.total.users.contains(&ada.id));
        assert!(!preview.total.users.contains(&ben.id));

        for class in &preview.classes {
            let Some(before) = class.before else { continue };
            let never = CancellationToken::new();
            let run = house
                .governance
                .sweep(COMMAND, class.class, before, &never)
                .await
                .unwrap();
            let number = |count: u64| i64::try_from(count).unwrap();
            assert_eq!(run.outcome, RunOutcome::Ok);
            assert_eq!(
                (
                    run.rows_deleted,
                    run.blobs_deleted,
                    run.bytes_deleted,
                    run.held_back
                ),
                (
                    number(class.tally.rows),
                    number(class.tally.blobs),
                    number(class.tally.bytes),
                    number(class.tally.held_back)
                ),
                "{}",
                class.class.name()
            );
        }

        let of_chat = house.governance.runs(Some(Class::Chat), None, 1).await;
        assert_eq!(of_chat.unwrap()[0].outcome, RunOutcome::Ok);
        let after = house.governance.preview(&[], None).await.unwrap();
        assert_eq!((after.total.rows, after.total.blobs), (0, 0));
        let chain = house.audit.verify().await.unwrap();
        assert_eq!((chain.broken, chain.sound), (None, 2), "cut, and whole");
        assert_eq!(house.count("stores", "user_id = 1").await, 0);
        assert!(!house.blob_paths().contains(blob(ada).as_str()));
        assert!(house.blob_paths().contains(blob(ben).as_str()));
        assert_eq!(house.blob_paths().len(), 2, "Ben's original and his export");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cuts_the_audit_log_without_the_key_is_found() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill_every_class().await;
        let sweep = crate::platform::retention::Sweep::before(noon() - TimeDelta::days(400));
        let never = CancellationToken::new();
        house
            .registry
            .sweep(Class::Audit, &sweep, &never)
            .await
            .unwrap();
        assert_eq!(house.audit.verify().await.unwrap().broken, None);
        house
            .run(
                "UPDATE audit_head SET cut_id = 206; \
                 DELETE FROM audit_log WHERE id = 206"
                    .to_owned(),
            )
            .await;
        assert!(house.audit.verify().await.unwrap().broken.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_needs_is_held_back_until_the_job_is_over() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill_every_class().await;
        house
            .run(
                "UPDATE jobs SET kind = 'index_document', subject_type = 'document', \
                 subject_id = 1001 WHERE user_id = 1 AND state = 'queued'"
                    .to_owned(),
            )
            .await;
        let before = house.clock.now() - TimeDelta::days(30);
        let seen = house
            .registry
            .survey(Class::SoftDeleted, before)
            .await
            .unwrap();
        assert_eq!((seen.rows, seen.blobs, seen.held_back), (0, 0, 2));
        let never = CancellationToken::new();
        let run = house
            .governance
            .sweep(COMMAND, Class::SoftDeleted, before, &never)
            .await
            .unwrap();
        assert_eq!((run.rows_deleted, run.held_back), (0, 2));
        assert_eq!(house.count("documents", "user_id = 1").await, 1);

        let ended = JobState::Succeeded.as_str();
        house
            .run(format!(
                "UPDATE jobs SET state = '{ended}', finished_at = created_at \
                 WHERE user_id = 1 AND state = 'queued'"
            ))
            .await;
        let run = house
            .governance
            .sweep(COMMAND, Class::SoftDeleted, before, &never)
            .await
            .unwrap();
        // Two vectors, two passages, the document, its store.
        assert_eq!(
            (run.rows_deleted, run.blobs_deleted, run.held_back),
            (6, 1, 0)
        );
    })
    .await;
}
