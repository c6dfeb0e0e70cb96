//! What people do: cancel, retry, replay, one or many, on record.

use std::collections::HashSet;

use entities::UserId;
use pretty_assertions::assert_eq;

use super::*;
use crate::platform::{
    audit::{Audit, AuditEvent},
    db::testing::for_each_database,
};

const ADMIN: UserId = UserId(9);

fn act(site: &Site) -> Act {
    let clock: Arc<dyn Clock> = Arc::new(site.clock.clone());
    let audit = Audit::new(site.db.clone(), clock, b"the operator's secret", &[]);
    let event = AuditEvent {
        actor: Some(ADMIN),
        action: "job_act",
        target_type: Some("job"),
        target_id: None,
        metadata: serde_json::json!({"from": "the console"}),
    };
    Act {
        actor: ADMIN,
        record: Some((audit, event)),
    }
}

/// The metadata of the entries on record, the newest first.
async fn recorded(act: &Act) -> Vec<serde_json::Value> {
    let (audit, _) = act.record.as_ref().expect("a record");
    let entries = audit.list(100, None, &[]).await.expect("entries");
    entries
        .iter()
        .map(|entry| serde_json::from_str(&entry.metadata).expect("JSON"))
        .collect()
}

/// A kind that fails for good the first time that it sees a number other than 0.
fn failing_once(site: &Site) {
    let seen = Arc::new(Mutex::new(HashSet::from([0])));
    site.handle::<Plain>(move |context, number| {
        let new = seen.lock().insert(number);
        Box::pin(async move {
            if new {
                return Err(JobError::fail("encrypted", "the file needs a password"));
            }
            Ok(done_with_note(context))
        })
    });
}

async fn dead(site: &Site) -> u64 {
    let filter = JobFilter {
        dead_letters: true,
        ..JobFilter::default()
    };
    site.jobs.count(&filter).await.expect("a count").count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_keeps_the_parameters_links_both_ways_and_leaves_the_dead_letters() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        failing_once(&site);
        let job = NewJob {
            user_id: Some(UserId(4)),
            priority: 7,
            duplicate_key: Some("document-7".into()),
            ..new::<Plain>(5)
        };
        let old = site.add_job(job).await.id();
        site.work();
        site.until_state(old, JobState::Failed).await;
        assert_eq!(dead(&site).await, 1);

        let act = act(&site);
        let replayed = site.jobs.replay(old, &act).await.expect("an answer");
        let Acted::Done(new) = replayed else {
            panic!("not replayed: {replayed:?}");
        };
        assert_eq!(new.replay_of, Some(old));
        assert_eq!(new.parameters, serde_json::json!(5));
        assert_eq!((new.user_id, new.priority), (Some(UserId(4)), 7));
        assert_eq!(new.duplicate_key.as_deref(), Some("document-7"));
        assert_eq!(dead(&site).await, 0);
        site.until_state(new.id, JobState::Succeeded).await;
        let linked = site.job(old).await;
        assert_eq!(linked.replayed_by, Some(new.id));
        assert_eq!(linked.state, JobState::Failed);

        let lines = site.jobs.events_after(old, 0, 100).await.expect("lines");
        let last = lines.last().expect("a line");
        assert_eq!(
            (last.event.as_str(), last.actor_user_id),
            ("replayed", Some(ADMIN))
        );
        let again = site.jobs.replay(old, &act).await.expect("an answer");
        assert!(!again.changed(), "{again:?}");
        assert_eq!(recorded(&act).await.len(), 1);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_replay_one_job_one_is_refused() {
    for_each_database(async |test: TestDb| {
        let here = Site::first(&test, quick()).await;
        let there = here.beside(&test, quick()).await;
        failing_once(&here);
        failing_once(&there);
        let old = here.add::<Plain>(1).await;
        let worker = here.work();
        here.until_state(old, JobState::Failed).await;
        let act = act(&here);
        let replays = [&here, &there].map(|site| site.jobs.replay(old, &act));
        let replays = futures_util::future::join_all(replays).await;
        let made = replays
            .iter()
            .filter(|acted| acted.as_ref().expect("an answer").changed());
        assert_eq!(made.count(), 1);
        assert_eq!(recorded(&act).await.len(), 1);
        let twins = JobFilter {
            kinds: vec![Plain::KIND.to_owned()],
            ..JobFilter::default()
        };
        assert_eq!(here.jobs.count(&twins).await.expect("a count").count, 2);
        here.stop().await;
        assert_eq!(worker.running(), 0);
        there.stop().await;
        there.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_says_why_and_leaves_no_record() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        failing_once(&site);
        let act = act(&site);
        let id = site.add::<Plain>(1).await;
        let refused = site.jobs.replay(id, &act).await.expect("an answer");
        assert_eq!(
            refused,
            Acted::NotPossible {
                state: JobState::Queued,
                reason: "The job has neither failed nor been cancelled.".to_owned()
            }
        );
        assert!(
            site.jobs
                .retry_now(id, &act)
                .await
                .expect("an answer")
                .changed()
        );
        assert!(
            site.jobs
                .cancel(id, &act)
                .await
                .expect("an answer")
                .changed()
        );
        let late = site.jobs.cancel(id, &act).await.expect("an answer");
        let Acted::NotPossible { state, .. } = late else {
            panic!("cancelled twice: {late:?}");
        };
        assert_eq!(state, JobState::Cancelled);
        let nobody = site.jobs.cancel(JobId(Uuid::nil()), &act).await;
        assert_eq!(nobody.expect("an answer"), Acted::Unknown);
        assert_eq!(recorded(&act).await.len(), 2);
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_act_touches_exactly_the_rows_of_its_preview() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        failing_once(&site);
        let mut ids = Vec::new();
        for number in 0..100 {
            ids.push(site.add::<Plain>(number).await);
        }
        let act = act(&site);
        let all = Selection::Filter(JobFilter {
            kinds: vec![Plain::KIND.to_owned()],
            ..JobFilter::default()
        });
        let preview = site.jobs.preview(JobAction::Cancel, &all, ADMIN).await;
        let preview = preview.expect("a preview");
        assert_eq!((preview.count, preview.truncated), (100, false));
        assert_eq!(preview.by_kind[Plain::KIND], 100);

        let later = site.add::<Plain>(0).await;
        site.cancel(ids[3]).await;
        let stranger = Act {
            actor: UserId(1),
            record: None,
        };
        let apply = async |token, act| {
            let many = NewJob::of::<Scripted<Plain>>(&0).expect("a job");
            site.jobs.apply(token, act, many).await.expect("an answer")
        };
        let foreign = apply(preview.token, &stranger).await;
        assert_eq!(foreign, Err(PreviewGone));
        let Ok(Applied::Done(done)) = apply(preview.token, &act).await else {
            panic!("a hundred are done at once");
        };
        assert_eq!(done.done, 99);
        let changed = [("changed since the preview".to_owned(), 1)];
        assert_eq!(done.skipped, changed.into());
        assert_eq!(site.state(later).await, JobState::Queued);
        assert_eq!(site.state(ids[99]).await, JobState::Cancelled);
        assert_eq!(apply(preview.token, &act).await, Err(PreviewGone));

        let record = recorded(&act).await;
        let on_record: u64 = record
            .iter()
            .map(|metadata| metadata["done"].as_u64().expect("a number"))
            .sum();
        assert_eq!((record.len(), on_record), (1, 99));
        assert_eq!(record[0]["from"], "the console");
        site.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_names_what_it_skips_and_is_over_after_ten_minutes() {
    for_each_database(async |test: TestDb| {
        let site = Site::first(&test, quick()).await;
        failing_once(&site);
        let dead = site.add::<Plain>(1).await;
        site.work();
        site.until_state(dead, JobState::Failed).await;
        let fine = site.add::<Plain>(0).await;
        site.until_state(fine, JobState::Succeeded).await;
        let three = Selection::Ids(vec![dead, fine, JobId(Uuid::nil()), dead]);
        let act = act(&site);
        let preview = async || {
            let preview = site.jobs.preview(JobAction::Replay, &three, ADMIN).await;
            preview.expect("a preview")
        };
        let first = preview().await;
        assert_eq!(first.count, 1);
        let skipped = [
            ("has neither failed nor been cancelled".to_owned(), 1),
            ("not found".to_owned(), 1),
        ];
        assert_eq!(first.skipped, skipped.into());
        site.advance(601);
        let apply = async |token| {
            let many = NewJob::of::<Scripted<Plain>>(&0).expect("a job");
            site.jobs.apply(token, &act, many).await.expect("an answer")
        };
        assert_eq!(apply(first.token).await, Err(PreviewGone));
        let done = apply(preview().await.token).await;
        assert!(matches!(done, Ok(Applied::Done(done)) if done.done == 1));
        site.stop().await;
    })
    .await;
}
