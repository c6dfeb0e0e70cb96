//! Hearing of other processes' changes, where the database can tell.

use sqlx::postgres::PgListener;

use super::CHANNEL;
use crate::platform::db::Readers;

/// Whether the database can tell.
pub(in super::super) fn can_listen(read: &Readers) -> bool {
    read.postgres().is_some()
}

/// Calls `heard` at each change and after each loss of the connection, until it fails. Keeps a
/// connection of the pool.
pub(in super::super) async fn listen(read: &Readers, heard: impl Fn()) -> Result<(), sqlx::Error> {
    let Some(pool) = read.postgres() else {
        return Ok(());
    };
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    heard();
    loop {
        // `None`: connected anew, something may have been missed. Either way, look.
        listener.try_recv().await?;
        heard();
    }
}
