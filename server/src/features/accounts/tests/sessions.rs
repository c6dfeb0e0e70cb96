use super::*;
use crate::platform::auth::identify::FRESH_FOR;

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_this_sign_in_at_once_and_no_other() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        let (here, there) = (house.sign_in(ADA).await, house.sign_in(ADA).await);
        let fresh = house.accounts.refresh(here.refresh.expose()).await.unwrap();
        let principal = house.identify(&here).await.unwrap();
        house.accounts.sign_out(&principal).await.unwrap();
        // The token that signed out and the one that was refreshed from it belong together.
        for ended in [&here, &fresh] {
            assert!(matches!(
                house.identify(ended).await,
                Err(Unidentified::Revoked)
            ));
            let error = refused(house.accounts.refresh(ended.refresh.expose()).await);
            assert!(matches!(error, AccountsError::SignInEnded));
        }
        house.identify(&there).await.unwrap();
        house
            .accounts
            .refresh(there.refresh.expose())
            .await
            .unwrap();
        // A second time changes nothing.
        house.accounts.sign_out(&principal).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_follows_within_seconds() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let other_db = crate::platform::db::Db::connect(test.settings())
            .await
            .unwrap();
        let other = House::with(&test, |parts| parts.db = other_db.clone());
        house.register(ADA).await;
        let signed_in = house.sign_in(ADA).await;
        let principal = other.identify(&signed_in).await.unwrap();
        house.accounts.sign_out(&principal).await.unwrap();
        other.clock.advance(FRESH_FOR);
        assert!(matches!(
            other.identify(&signed_in).await,
            Err(Unidentified::Revoked)
        ));
        assert!(FRESH_FOR <= TimeDelta::seconds(5));
        other_db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_ends_all() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        house.register("bob@example.org").await;
        let bob = house.sign_in("bob@example.org").await;
        let (here, there) = (house.sign_in(ADA).await, house.sign_in(ADA).await);
        let principal = house.identify(&here).await.unwrap();
        house
            .accounts
            .sign_out_everywhere(&principal)
            .await
            .unwrap();
        for ended in [&here, &there] {
            assert!(matches!(
                house.identify(ended).await,
                Err(Unidentified::Revoked)
            ));
            assert!(
                house
                    .accounts
                    .refresh(ended.refresh.expose())
                    .await
                    .is_err()
            );
        }
        house.identify(&bob).await.unwrap();
        let again = house.principal(ADA).await;
        assert_eq!(
            house
                .accounts
                .sessions(&again, None, 50)
                .await
                .unwrap()
                .items
                .len(),
            1
        );
        assert_eq!(
            house.acts().await,
            ["register", "register", "sign_out_everywhere"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ends_ones_own_sessions_only() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        house.register("bob@example.org").await;
        let (here, there) = (house.sign_in(ADA).await, house.sign_in(ADA).await);
        let ada = house.identify(&here).await.unwrap();
        let bob = house.principal("bob@example.org").await;
        let target = house.identify(&there).await.unwrap().session_id.unwrap();
        for (caller, id) in [(&bob, target), (&ada, Uuid::nil())] {
            let error = refused(house.accounts.end_session(caller, id).await);
            assert!(matches!(error, AccountsError::SessionNotFound));
        }
        house.identify(&there).await.unwrap();
        house.accounts.end_session(&ada, target).await.unwrap();
        assert!(matches!(
            house.identify(&there).await,
            Err(Unidentified::Revoked)
        ));
        house.identify(&here).await.unwrap();
        let error = refused(house.accounts.end_session(&ada, target).await);
        assert!(matches!(error, AccountsError::SessionNotFound));
        assert_eq!(house.acts().await, ["register", "register", "end_session"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_by_pages() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        for _ in 0..6 {
            house.clock.advance(TimeDelta::seconds(1));
            house.sign_in(ADA).await;
        }
        house.clock.advance(TimeDelta::seconds(1));
        let caller = house.principal(ADA).await;
        let mut seen = Vec::new();
        let mut before = None;
        let mut pages = 0;
        loop {
            let page = house.accounts.sessions(&caller, before, 3).await.unwrap();
            seen.extend(page.items);
            pages += 1;
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!((seen.len(), pages), (7, 3));
        assert!(seen.is_sorted_by(|one, next| one.created_at > next.created_at));
        assert_eq!(seen.iter().filter(|session| session.current).count(), 1);
        assert!(seen[0].current);
        house.clock.advance(TimeDelta::days(31));
        let page = house.accounts.sessions(&caller, None, 50).await.unwrap();
        assert_eq!(page.items, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_sign_ins() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        let (here, there) = (house.sign_in(ADA).await, house.sign_in(ADA).await);
        let caller = house.identify(&here).await.unwrap();
        let change = async |current: &str, new: &str| {
            house
                .accounts
                .change_password(&caller, &current.into(), &new.into())
                .await
        };
        let wrong = refused(change("Correct-Horse-2", "Another-Pass-1").await);
        assert!(matches!(wrong, AccountsError::WrongPassword));
        let weak = refused(change(PASSWORD, "another").await);
        assert!(matches!(weak, AccountsError::Password { field: "new", .. }));
        house.identify(&there).await.unwrap();

        change(PASSWORD, "Another-Pass-1").await.unwrap();
        house.identify(&here).await.unwrap();
        house.accounts.refresh(here.refresh.expose()).await.unwrap();
        assert!(matches!(
            house.identify(&there).await,
            Err(Unidentified::Revoked)
        ));
        assert!(
            house
                .accounts
                .refresh(there.refresh.expose())
                .await
                .is_err()
        );
        let sign_in = async |password: &str| {
            house
                .accounts
                .sign_in(ADA, &password.into(), Client::default())
                .await
        };
        assert!(matches!(
            refused(sign_in(PASSWORD).await),
            AccountsError::InvalidCredentials
        ));
        assert!(sign_in("Another-Pass-1").await.is_ok());
        assert_eq!(house.acts().await, ["register", "change_password"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_the_password_one_counts() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        house.register(ADA).await;
        let caller = house.principal(ADA).await;
        let current = SecretString::from(PASSWORD);
        let news: Vec<SecretString> = (0..6)
            .map(|number| format!("Another-Pass-{number}").into())
            .collect();
        let changes = news
            .iter()
            .map(|new| house.accounts.change_password(&caller, &current, new));
        let outcomes = futures_util::future::join_all(changes).await;
        let winners: Vec<_> = outcomes
            .iter()
            .zip(&news)
            .filter(|(outcome, _)| outcome.is_ok())
            .collect();
        let [(_, winner)] = winners.as_slice() else {
            panic!("{} changes counted", winners.len());
        };
        assert!(
            house
                .accounts
                .sign_in(ADA, winner, Client::default())
                .await
                .is_ok()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revocations_do_not_pile_up() {
    for_each_database(async |test: TestDb| {
        use sea_orm::{EntityTrait, PaginatorTrait};
        let house = House::new(&test);
        house.register(ADA).await;
        for _ in 0..5 {
            let caller = house.principal(ADA).await;
            house.accounts.sign_out(&caller).await.unwrap();
            house.clock.advance(TimeDelta::minutes(18));
        }
        let kept = entities::accounts::revocation::Entity::find();
        // Of the last sign-out: the token and its session.
        assert_eq!(kept.count(test.db.read()).await.unwrap(), 2);
    })
    .await;
}
