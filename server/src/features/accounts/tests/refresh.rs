use futures_util::future::join_all;

use super::{super::refresh::GRACE, *};

async fn refuse(house: &House, signed_in: &SignedIn) -> AccountsError {
    refused(house.accounts.refresh(signed_in.refresh.expose()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refresh_gives_new_tokens_of_the_same_session() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        let first = house.sign_in(ADA).await;
        let session = house.identify(&first).await.unwrap().session_id;
        let mut last = first;
        for _ in 0..5 {
            house.clock.advance(TimeDelta::minutes(20));
            assert!(
                house.identify(&last).await.is_err(),
                "access tokens last 15 minutes"
            );
            let next = house.accounts.refresh(last.refresh.expose()).await.unwrap();
            assert_ne!(next.refresh.expose(), last.refresh.expose());
            assert_eq!(house.identify(&next).await.unwrap().session_id, session);
            last = next;
        }
        assert_eq!(house.counted.refreshes(RefreshResult::Rotated), 5);
        house.clock.advance(TimeDelta::days(30));
        let error = refuse(&house, &last).await;
        assert!(matches!(error, AccountsError::InvalidRefreshToken));
        assert_eq!(house.counted.refreshes(RefreshResult::Expired), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_tabs_at_once_all_stay_signed_in() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        // As another process: its own writers, the same database.
        let other_db = crate::platform::db::Db::connect(test.settings())
            .await
            .unwrap();
        let other = House::with(&test, |parts| parts.db = other_db.clone());
        house.register(ADA).await;
        let signed_in = house.sign_in(ADA).await;
        let tabs = (0..20).map(|tab| {
            let accounts = if tab % 2 == 0 {
                &house.accounts
            } else {
                &other.accounts
            };
            accounts.refresh(signed_in.refresh.expose())
        });
        let fresh: Vec<SignedIn> = join_all(tabs)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let rotated = [&house, &other].map(|of| of.counted.refreshes(RefreshResult::Rotated));
        let grace = [&house, &other].map(|of| of.counted.refreshes(RefreshResult::Grace));
        assert_eq!(
            (rotated.iter().sum::<usize>(), grace.iter().sum::<usize>()),
            (1, 19)
        );
        // Every tab goes on with its own token.
        for tab in &fresh {
            house.accounts.refresh(tab.refresh.expose()).await.unwrap();
            house.identify(tab).await.unwrap();
        }
        assert_eq!(house.acts().await, ["register"]);
        other_db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_token_that_comes_back_ends_its_whole_family_and_no_other() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        let bystander = house.sign_in(ADA).await;
        let stolen = house.sign_in(ADA).await;
        let newer = house
            .accounts
            .refresh(stolen.refresh.expose())
            .await
            .unwrap();
        house.clock.advance(GRACE);
        let in_grace = house
            .accounts
            .refresh(stolen.refresh.expose())
            .await
            .unwrap();
        house.clock.advance(TimeDelta::milliseconds(1));
        let newest = house
            .accounts
            .refresh(newer.refresh.expose())
            .await
            .unwrap();
        house.identify(&newest).await.unwrap();

        let error = refuse(&house, &stolen).await;
        assert!(matches!(error, AccountsError::SignInEnded), "{error}");
        assert_eq!(error.to_string(), "Token revoked");
        assert_eq!(house.counted.refreshes(RefreshResult::Reuse), 1);
        for token in [&newest, &newer, &in_grace, &stolen] {
            assert!(matches!(
                refuse(&house, token).await,
                AccountsError::SignInEnded
            ));
            assert!(matches!(
                house.identify(token).await,
                Err(Unidentified::Revoked)
            ));
        }
        assert_eq!(
            house.counted.refreshes(RefreshResult::Reuse),
            1,
            "ended once"
        );
        house.identify(&bystander).await.unwrap();
        house
            .accounts
            .refresh(bystander.refresh.expose())
            .await
            .unwrap();
        assert_eq!(house.acts().await, ["register", "refresh_token_reuse"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_texts_are_refused() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        let signed_in = house.sign_in(ADA).await;
        let unknown = "A".repeat(43);
        let access = signed_in.access.text.expose_secret();
        let longer = format!("{}A", signed_in.refresh.expose());
        for text in ["", "x", "\0", unknown.as_str(), access, longer.as_str()] {
            let error = refused(house.accounts.refresh(text).await);
            assert!(matches!(error, AccountsError::InvalidRefreshToken));
        }
        assert_eq!(house.counted.refreshes(RefreshResult::Unknown), 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_gets_no_new_tokens() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let id = house.register(ADA).await;
        let signed_in = house.sign_in(ADA).await;
        house.set_status(id, UserStatus::Disabled).await;
        assert!(matches!(
            house.identify(&signed_in).await,
            Err(Unidentified::Inactive)
        ));
        assert!(matches!(
            refuse(&house, &signed_in).await,
            AccountsError::Inactive
        ));
        house.set_status(id, UserStatus::Active).await;
        house.identify(&signed_in).await.unwrap();
        house
            .accounts
            .refresh(signed_in.refresh.expose())
            .await
            .unwrap();
    })
    .await;
}
