use sea_orm::{ConnectionTrait, Statement};

use super::*;
use crate::platform::auth::password::PasswordFault;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_has_a_budget_and_is_on_record() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let id = house.register("  Ada@Example.org ").await;
        let account = house.accounts.find(id).await.unwrap().unwrap();
        assert_eq!(account.email, ADA);
        assert_eq!(
            (account.role, account.status),
            (Role::User, UserStatus::Active)
        );
        assert_eq!(account.created_at, house.clock.now());
        let budget = house.parts.budgets.status(id).await.unwrap();
        assert_eq!(budget.limit, Some(entities::Nanos::DOLLAR));
        assert_eq!(house.acts().await, ["register"]);
        let stored = queries::user_by_id(house.parts.db.read(), id)
            .await
            .unwrap()
            .unwrap();
        assert!(stored.password_hash.starts_with("$argon2id$"));
        assert!(!stored.password_hash.contains(PASSWORD));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_taken_once_even_by_many_at_the_same_time() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        // As another process: its own writers, the same database.
        let other_db = crate::platform::db::Db::connect(test.settings())
            .await
            .unwrap();
        let other = House::with(&test, |parts| parts.db = other_db.clone());
        let password = SecretString::from(PASSWORD);
        let tries = (0..16).map(|number| {
            let accounts = if number % 2 == 0 {
                &house.accounts
            } else {
                &other.accounts
            };
            let email = if number % 3 == 0 {
                "ADA@example.org"
            } else {
                ADA
            };
            accounts.register(email, &password, None)
        });
        let outcomes = futures_util::future::join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for outcome in outcomes {
            assert!(
                matches!(outcome, Ok(_) | Err(AccountsError::EmailTaken)),
                "{outcome:?}"
            );
        }
        assert_eq!(house.acts().await, ["register"]);
        other_db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_on_a_refusal() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let register = async |email: &str, password: &str| {
            refused(house.accounts.register(email, &password.into(), None).await)
        };
        assert!(matches!(
            register("ada", PASSWORD).await,
            AccountsError::Email(_)
        ));
        assert!(matches!(
            register("a\0@b", PASSWORD).await,
            AccountsError::Email(_)
        ));
        for (password, expected) in [
            ("Ab1!", PasswordFault::Length),
            ("Abc1!\0xyz", PasswordFault::Nul),
            (
                "abcdef1!",
                PasswordFault::Weak(vec!["contain an upper-case letter"]),
            ),
        ] {
            let error = register(ADA, password).await;
            let AccountsError::Password {
                field: "password",
                fault,
            } = error
            else {
                panic!("{error}");
            };
            assert_eq!(fault, expected);
        }
        assert_eq!(*house.counted.hashes.lock(), 0, "refused before hashing");
        let closed = House::with(&test, |parts| parts.registration = Registration::Closed);
        let error = refused(closed.accounts.register(ADA, &PASSWORD.into(), None).await);
        assert!(matches!(error, AccountsError::RegistrationClosed));
        for table in ["users", "budgets", "audit_log"] {
            let count = format!("SELECT count(*) AS n FROM {table}");
            let statement = Statement::from_string(test.db.backend(), count);
            let row = test
                .db
                .read()
                .query_one_raw(statement)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(row.try_get::<i64>("", "n").unwrap(), 0, "{table}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_admin_is_made_once() {
    for_each_database(async |test: TestDb| {
        let house = House::with(&test, |parts| parts.registration = Registration::Closed);
        let make = async |email: &str, password: &str| {
            house
                .accounts
                .create_first_admin(email, &password.into())
                .await
        };
        assert!(matches!(
            refused(make("root@example.org", "password").await),
            AccountsError::Password { .. }
        ));
        let FirstAdmin::Created(id) = make("Root@example.org", PASSWORD).await.unwrap() else {
            panic!("the admin was not made");
        };
        let principal = house.principal("root@example.org").await;
        assert_eq!(principal.user_id, id.0);
        assert_eq!(principal.role, Role::Admin.into());
        let again = make("root@example.org", "Another-Pass-1").await.unwrap();
        assert_eq!(
            again,
            FirstAdmin::Exists {
                id,
                role: Role::Admin
            }
        );
        house.sign_in("root@example.org").await;
        assert_eq!(house.acts().await, ["create_first_admin"]);
    })
    .await;
}
