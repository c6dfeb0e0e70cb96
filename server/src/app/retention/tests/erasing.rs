//! A user who is erased leaves nothing, and nobody else loses anything.

use entities::{JobState, UserStatus};

use super::{
    fill::{ADA, BEN, blob, work::add_job},
    *,
};
use crate::platform::db::{WriteKey, testing::for_each_database};

impl House {
    /// The places where something still names the user, other than those with a reason.
    async fn named_in(&self, user: i64) -> Vec<String> {
        let mut found = Vec::new();
        for table in &self.tables {
            let kept = self.registry.holdings().iter().any(|holding| {
                matches!(holding.place, Place::Table(name) if name == table.name)
                    && holding.not_erased.is_some()
            });
            for column in table.user_columns() {
                let rows = self.count(&table.name, &format!("{column} = {user}")).await;
                if rows > 0 && !kept {
                    found.push(format!("{}.{column}", table.name));
                }
            }
        }
        found
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_user_leaves_nothing_and_the_other_loses_nothing() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill([ADA, BEN]).await;
        for table in &house.tables {
            assert!(
                house.count(&table.name, "1 = 1").await > 0,
                "{} is empty",
                table.name
            );
        }
        let before = house.rows().await;
        assert!(house.named_in(1).await.len() > 10);

        let erasure = house.registry.erase(ADA.id).await.unwrap();

        assert_eq!(erasure.remaining, []);
        assert!(erasure.erased > 10);
        let after = house.rows().await;
        let marked: Vec<_> = after
            .iter()
            .filter(|(_, row)| row.contains(ADA.mark))
            .collect();
        assert_eq!(marked, Vec::<&(String, String)>::new());
        assert_eq!(house.named_in(1).await, [""; 0]);
        assert_eq!(tombstones(&house).await, 1);
        assert_eq!(house.blob_paths(), [blob(BEN).as_str().to_owned()].into());

        for row in before.iter().filter(|(_, row)| row.contains(BEN.mark)) {
            // Only the number of the one who deleted the store has gone.
            let (table, _) = row;
            assert!(
                after.contains(row) || table == "stores",
                "{row:?} has changed"
            );
        }
        assert_eq!(
            house
                .count("stores", "user_id = 2 AND deleted_by IS NULL")
                .await,
            1
        );
        for table in &house.tables {
            let (of_ben, name) = (ben(table), &table.name);
            let lost = before
                .iter()
                .filter(|(table, row)| table == name && of_ben(row))
                .count();
            let kept = after
                .iter()
                .filter(|(table, row)| table == name && of_ben(row))
                .count();
            assert_eq!(lost, kept, "{name}");
        }
        if house.tables.iter().any(|table| table.is_virtual) {
            assert_eq!(house.count("passages_fts", "1 = 1").await, 2);
        }

        let again = house.registry.erase(ADA.id).await.unwrap();
        assert_eq!((again.erased, again.remaining), (0, vec![]));
        assert_eq!(house.rows().await, after);
    })
    .await;
}

/// Whether a row, as text, is Ben's.
fn ben(table: &Table) -> impl Fn(&str) -> bool {
    let own: Vec<String> = table
        .user_columns()
        .filter(|column| *column != "deleted_by")
        .flat_map(|column| [format!("\"{column}\": 2"), format!("{column}=2")])
        .collect();
    move |row| row.contains(BEN.mark) || own.iter().any(|own| row.contains(own.as_str()))
}

/// Rows of users without anything personal.
async fn tombstones(house: &House) -> i64 {
    let deleted = UserStatus::Deleted.as_str();
    let condition = format!(
        "id = 1 AND status = '{deleted}' AND email = 'erased-1' AND password_hash = '' \
         AND admin_notes IS NULL AND role = 'user' AND token_version = 1"
    );
    house.count("users", &condition).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_asked_to_stop_and_erased_when_it_has() {
    for_each_database(async |test| {
        let house = House::on(&test).await;
        house.fill([ADA, BEN]).await;
        house
            .db
            .write_alone(WriteKey::Free, (), |txn, ()| {
                Box::pin(add_job(txn, ADA, 7, JobState::Running))
            })
            .await
            .unwrap();

        let erasure = house.registry.erase(ADA.id).await.unwrap();
        let jobs: &[Place] = &[
            Place::Table("jobs"),
            Place::Table("job_events"),
            Place::Table("job_previews"),
        ];
        assert_eq!(erasure.remaining, [(jobs, 1)]);
        assert_eq!(
            house
                .count("jobs", "user_id = 1 AND cancel_requested_at IS NOT NULL")
                .await,
            1
        );

        house
            .run(
                "UPDATE jobs SET state = 'cancelled', lease_until = NULL, \
                 finished_at = cancel_requested_at WHERE user_id = 1"
                    .to_owned(),
            )
            .await;
        let erasure = house.registry.erase(ADA.id).await.unwrap();
        assert_eq!(erasure.remaining, []);
        assert_eq!(house.count("jobs", "user_id = 1").await, 0);
        assert_eq!(
            house
                .count("jobs", "user_id = 2 AND state = 'queued'")
                .await,
            1
        );
    })
    .await;
}

/// The tombstone's address can be nobody's, so that nobody stands in the way of an erasure.
#[test]
fn no_account_can_have_the_address_of_a_tombstone() {
    assert!(accounts::Email::parse("erased-1").is_err());
}
