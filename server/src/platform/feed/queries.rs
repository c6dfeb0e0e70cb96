//! Messages from process to process, where the database carries them.

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};
use sqlx::postgres::PgListener;

use crate::platform::db::Db;

const CHANNEL: &str = "binnacle_feed";

/// Tells every other process.
pub(super) async fn notify(db: &Db, text: String) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        "SELECT pg_notify($1, $2)",
        [CHANNEL.into(), text.into()],
    );
    db.read().execute_raw(statement).await?;
    Ok(())
}

/// Calls `heard` with each message until the connection fails; with `None` after a connection that
/// was lost and made anew. Keeps one of the readers' connections.
pub(super) async fn listen(db: &Db, heard: impl Fn(Option<&str>)) -> Result<(), sqlx::Error> {
    let Some(pool) = db.read().postgres() else {
        return Ok(());
    };
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        match listener.try_recv().await? {
            Some(message) => heard(Some(message.payload())),
            None => heard(None),
        }
    }
}
