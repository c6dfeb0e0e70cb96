//! A member that panics fails alone; the lane goes on.

use futures_util::future::join_all;
use pretty_assertions::assert_eq;

use super::{super::WriteKey, counters, execute, number};
use crate::platform::db::testing::for_each_database;

#[tokio::test]
async fn a_member_that_panics_fails_alone_and_the_lane_goes_on() {
    for_each_database(async |test| {
        let db = &test.db;
        counters(db, 1).await;
        // All wait in one lane, so that the panic meets members of its own batch.
        let writes = (0..40).map(|number: i64| {
            db.write(
                WriteKey::User(entities::UserId(7)),
                number,
                |txn, number| {
                    Box::pin(async move {
                        execute(txn, "UPDATE counters SET value = value + 1").await?;
                        assert_ne!(number % 10, 3, "as a fault in the program would");
                        Ok(*number)
                    })
                },
            )
        });

        let outcomes = join_all(writes).await;

        for (number, outcome) in (0..).zip(outcomes) {
            match outcome {
                Ok(answer) => assert_eq!((answer, number % 10 == 3), (number, false)),
                Err(error) => assert_eq!(number % 10, 3, "{error}"),
            }
        }
        assert_eq!(
            number(db.read(), "SELECT value FROM counters").await,
            36,
            "what panicked left nothing"
        );
    })
    .await;
}
