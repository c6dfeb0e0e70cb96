//! What has outlived its class goes, and nothing else.

use std::time::{Duration, SystemTime};

use chrono::{TimeDelta, Utc};
use entities::{HoldState, JobState, MessageRole, MessageState, chat::message};
use sea_orm::EntityTrait;
use tokio_util::sync::CancellationToken;

use super::{
    fill::{ADA, BEN, Person, message, money, work::add_job},
    *,
};
use crate::platform::{
    config::RetentionConfig,
    db::{WriteKey, testing::for_each_database},
    retention::{BATCH, Class, Sweep, Tally, Term, testing::KEEP_ALL},
};

const fn days(count: u64) -> Duration {
    Duration::from_hours(24 * count)
}

/// The periods as they are when nothing is set.
const DEFAULTS: RetentionConfig = RetentionConfig {
    chat: Some(days(90)),
    usage: Some(days(400)),
    finished_jobs: Some(days(30)),
    soft_deleted: Some(days(30)),
    uploads_tmp: Some(days(1)),
    exports: Some(days(1)),
    audit: Some(days(400)),
    sessions: Some(days(30)),
    raw_audio: Some(days(30)),
    transcripts: Some(days(14)),
    stream_replay: Some(Duration::from_hours(1)),
};

/// Ada was here long ago, Ben is now.
pub(super) fn people() -> [Person; 2] {
    let at = |person: Person, at| Person { at, ..person };
    [at(ADA, noon() - TimeDelta::days(500)), at(BEN, noon())]
}

impl House {
    /// How many rows and files went: exactly those that a survey said would.
    async fn expire(&self, config: &RetentionConfig) -> u64 {
        let now = crate::platform::clock::Clock::now(&self.clock);
        let (stop, mut count) = (CancellationToken::new(), 0);
        for class in Class::ALL {
            let Term::After(period) = class.term(config) else {
                continue;
            };
            let before = now - TimeDelta::from_std(period).unwrap();
            let seen = self.registry.survey(class, before).await.unwrap();
            let sweep = Sweep::before(before);
            let gone = self.registry.sweep(class, &sweep, &stop).await.unwrap();
            count += gone.rows + gone.blobs;
            let held_back = 0;
            assert_eq!(gone, Tally { held_back, ..seen }, "{}", class.name());
        }
        count
    }

    pub(super) async fn insert_message(&self, person: Person, state: MessageState) {
        self.db
            .write_alone(WriteKey::Free, (person, state), |txn, (person, state)| {
                Box::pin(async move {
                    let row = message(*person, MessageRole::Assistant, *state, "more");
                    message::Entity::insert(row)
                        .exec_without_returning(txn)
                        .await?;
                    Ok(())
                })
            })
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_go_and_young_ones_stay() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill(people()).await;
        let before = house.rows().await;
        assert_eq!(house.expire(&KEEP_ALL).await, 0, "0 keeps");
        assert_eq!(house.rows().await, before);

        assert!(house.expire(&DEFAULTS).await > 0);

        for table in [
            "chat_sessions",
            "messages",
            "idempotency_keys",
            "sessions",
            "revocations",
            "periods",
            "holds",
            "ledger",
        ] {
            assert_eq!(house.count(table, "user_id = 1").await, 0, "{table}");
            assert!(house.count(table, "user_id = 2").await > 0, "{table}");
        }
        assert_eq!(house.count("refresh_tokens", "1 = 1").await, 1);
        assert_eq!(house.count("processes", "1 = 1").await, 1);
        assert_eq!(
            house
                .count("jobs", "user_id = 1 AND state <> 'queued'")
                .await,
            0
        );
        assert_eq!(
            house
                .count("jobs", "user_id = 1 AND state = 'queued'")
                .await,
            1
        );
        for table in [
            "users",
            "stores",
            "documents",
            "passages",
            "budgets",
            "audit_log",
            "app_settings",
        ] {
            let name = |(table, _): &&(String, String)| table.clone();
            let rows = house.rows().await;
            assert_eq!(
                rows.iter().filter(|row| name(row) == table).count(),
                before.iter().filter(|row| name(row) == table).count(),
                "{table}"
            );
        }
        let after = house.rows().await;
        let lost = before
            .difference(&after)
            .find(|(_, row)| row.contains(BEN.mark));
        assert_eq!(lost, None);
        assert_eq!(house.expire(&DEFAULTS).await, 0, "nothing is left to do");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_in_batches_and_stays_while_it_has_a_message() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        let [ada, ben] = people();
        house.fill([ada, ben]).await;
        for _ in 0..=BATCH {
            house.insert_message(ada, MessageState::Cut).await;
        }
        house.insert_message(ada, MessageState::Streaming).await;
        house.expire(&DEFAULTS).await;
        assert_eq!(
            house
                .count("messages", "user_id = 1 AND state = 'streaming'")
                .await,
            1
        );
        assert_eq!(
            house.count("messages", "user_id = 1").await,
            1,
            "what is being written stays"
        );
        assert_eq!(house.count("chat_sessions", "user_id = 1").await, 1);

        house
            .run("UPDATE messages SET state = 'cut' WHERE user_id = 1".to_owned())
            .await;
        assert_eq!(house.expire(&DEFAULTS).await, 2);
        assert_eq!(house.count("chat_sessions", "user_id = 1").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_goes_by_whole_closed_months_and_the_sums_stay_true() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        let [_, ben] = people();
        house.fill([Person { at: noon(), ..ADA }, ben]).await;
        house
            .db
            .write_alone(WriteKey::Free, ben, |txn, ben| {
                Box::pin(async move {
                    money::period(txn, *ben, "2026-08", 2, HoldState::Settled).await?;
                    money::period(txn, *ben, "2026-09", 3, HoldState::Open).await?;
                    money::period(txn, *ben, "2026-10", 4, HoldState::Settled).await
                })
            })
            .await
            .unwrap();
        for (number, month) in ["2026-08", "2026-09"].iter().enumerate() {
            house
                .run(format!(
                    "INSERT INTO periods (id, account, month, updated_at) \
                     VALUES ({}, 'house', '{month}', '2026-10-01 00:00:00+00:00')",
                    9_000 + number
                ))
                .await;
        }
        // 37 days before 21 November is in October: what is left of October is not over.
        let config = RetentionConfig {
            usage: Some(days(37)),
            ..KEEP_ALL
        };
        assert_eq!(
            house.expire(&config).await,
            4,
            "a charge, a hold, a period, the house's period"
        );
        assert_eq!(house.count("periods", "month = '2026-08'").await, 0);
        assert_eq!(
            house.count("periods", "month = '2026-09'").await,
            2,
            "a hold is open"
        );
        assert_eq!(house.count("periods", "month = '2026-10'").await, 1);
        let off = "spent_nanos <> COALESCE((SELECT SUM(amount_nanos) FROM ledger \
                   WHERE period_id = periods.id), 0)";
        assert_eq!(house.count("periods", off).await, 0);

        house
            .run("UPDATE holds SET state = 'released' WHERE state = 'open'".to_owned())
            .await;
        assert_eq!(house.expire(&config).await, 3);
        house.clock.advance(TimeDelta::days(20));
        assert_eq!(house.expire(&config).await, 3, "October is over");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_stays_while_it_has_a_job_and_a_store_while_it_has_a_document() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        let [ada, ben] = people();
        house.fill([ada, ben]).await;
        house
            .db
            .write_alone(WriteKey::Free, ada, |txn, ada| {
                Box::pin(add_job(txn, *ada, 7, JobState::Running))
            })
            .await
            .unwrap();
        house
            .run("UPDATE stores SET deleted_at = created_at".to_owned())
            .await;
        house.expire(&DEFAULTS).await;
        assert_eq!(house.count("jobs", "state = 'running'").await, 1);
        assert_eq!(house.count("processes", "1 = 1").await, 2);
        assert_eq!(house.count("stores", "1 = 1").await, 2);

        house.run("DELETE FROM documents".to_owned()).await;
        assert_eq!(house.expire(&DEFAULTS).await, 1);
        assert_eq!(
            house.count("stores", "user_id = 2").await,
            1,
            "can still be brought back"
        );
        assert_eq!(house.count("stores", "user_id = 1").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_a_dead_process_left_go() {
    let test = TestDb::sqlite().await;
    let house = House::on(&test).await;
    let folder = house.folder.path().join("tmp");
    for (name, hours) in [
        ("binnacle-old", 25),
        ("binnacle-young", 23),
        ("of-others", 25),
    ] {
        let file = std::fs::File::create(folder.join(name)).unwrap();
        let now: SystemTime = noon().with_timezone(&Utc).into();
        file.set_modified(now - Duration::from_hours(hours))
            .unwrap();
    }
    assert_eq!(house.expire(&DEFAULTS).await, 1);
    assert!(!folder.join("binnacle-old").exists());
    assert!(folder.join("binnacle-young").exists() && folder.join("of-others").exists());
    test.finish().await;
}
