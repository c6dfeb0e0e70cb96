//! Hearing of other processes' changes, where the database can tell.

use sea_orm::{DatabaseBackend, DatabaseConnection};
use sqlx::postgres::PgListener;

use super::CHANNEL;

/// Whether the database can tell.
pub(in super::super) fn can_listen(read: &DatabaseConnection) -> bool {
    read.get_database_backend() == DatabaseBackend::Postgres
}

/// Calls `heard` at each change and after each loss of the connection, until it fails. Keeps one
/// of the readers' connections.
pub(in super::super) async fn listen(
    read: &DatabaseConnection,
    heard: impl Fn(),
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(read.get_postgres_connection_pool()).await?;
    listener.listen(CHANNEL).await?;
    heard();
    loop {
        // `None`: connected anew, something may have been missed. Either way, look.
        listener.try_recv().await?;
        heard();
    }
}
