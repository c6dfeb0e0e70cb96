//! How many streams there may be.

use std::{sync::Arc, time::Duration};

use entities::UserId;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{StreamHub, StreamSettings};
use crate::platform::{clock::SystemClock, telemetry::Telemetry};

#[tokio::test]
async fn a_users_places_hold_against_many_at_once() {
    let settings = StreamSettings {
        max_concurrent: 10,
        max_per_user: 3,
        disconnect_grace: Duration::ZERO,
    };
    let hub = StreamHub::new(
        settings,
        CancellationToken::new(),
        Arc::new(SystemClock),
        Telemetry::new().unwrap(),
        None,
    );
    let user = UserId(1);
    let admitted = join_all((0..9).map(|_| hub.admit(user))).await;
    assert_eq!(admitted.iter().flatten().count(), 3);
    assert!(hub.admit(UserId(2)).await.is_some());
    drop(admitted);
    assert!(hub.admit(user).await.is_some());
}
