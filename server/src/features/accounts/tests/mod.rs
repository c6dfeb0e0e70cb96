//! The feature as a whole, on both databases.

mod administration;
mod refresh;
mod registration;
mod sessions;
mod sign_in;

use std::time::Duration;

use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::platform::{
    auth::{
        identify::{Authenticator, Unidentified},
        observer::{RefreshResult, SignInResult, TokenRejection},
        principal::Principal,
        tokens::{AccessKey, TokenSettings},
    },
    budgets::{BudgetObserver, BudgetSettings, Resolution},
    clock::ManualClock,
    config::Argon2Cost,
    db::testing::{TestDb, for_each_database},
};

const PASSWORD: &str = "Correct-Horse-1";
const ADA: &str = "ada@example.org";
const SECRET: &str = "a secret of at least 32 characters";

/// What the metrics would have counted.
#[derive(Default)]
struct Counted {
    sign_ins: Mutex<Vec<SignInResult>>,
    refreshes: Mutex<Vec<RefreshResult>>,
    hashes: Mutex<usize>,
}

impl AuthObserver for Counted {
    fn signed_in(&self, result: SignInResult) {
        self.sign_ins.lock().push(result);
    }
    fn refreshed(&self, result: RefreshResult) {
        self.refreshes.lock().push(result);
    }
    fn token_rejected(&self, _reason: TokenRejection) {}
    fn hash_waited(&self, _wait: Duration) {
        *self.hashes.lock() += 1;
    }
}

impl Counted {
    fn refreshes(&self, result: RefreshResult) -> usize {
        self.refreshes
            .lock()
            .iter()
            .filter(|counted| **counted == result)
            .count()
    }
}

/// Nothing is spent here.
struct NoCalls;

impl BudgetObserver for NoCalls {
    fn reserved(&self) {}
    fn denied(&self) {}
    fn resolved(&self, _resolution: Resolution) {}
    fn charged(&self, _: &str, _: &str, _: entities::Nanos, _: entities::Nanos) {}
    fn unsettled(&self) {}
}

/// Accounts on a fresh database, with a clock that the test moves.
struct House {
    parts: AccountsParts,
    accounts: Accounts,
    authenticator: Authenticator,
    clock: ManualClock,
    counted: Arc<Counted>,
}

impl House {
    fn new(test: &TestDb) -> Self {
        Self::with(test, |_| {})
    }

    fn with(test: &TestDb, adjust: impl FnOnce(&mut AccountsParts)) -> Self {
        let manual = ManualClock::starting_at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        let entropy = Entropy::from_system();
        let counted = Arc::new(Counted::default());
        let db = test.db.clone();
        let settings = TokenSettings {
            issuer: "house".to_owned(),
            audience: "guests".to_owned(),
            lifetime: Duration::from_mins(15),
            current: AccessKey::derive(&SECRET.into()),
            previous: None,
        };
        let tokens = Arc::new(AccessTokens::new(settings, clock.clone(), entropy.clone()));
        let limits = BudgetSettings {
            margin: entities::Nanos::ZERO,
            default_limit: Some(entities::Nanos::DOLLAR),
            house_limit: None,
            lease: TimeDelta::seconds(60),
        };
        let mut parts = AccountsParts {
            passwords: passwords(1, &entropy, counted.clone()),
            budgets: Budgets::new(db.clone(), clock.clone(), limits, Arc::new(NoCalls)),
            audit: Audit::new(db.clone(), clock.clone(), SECRET.as_bytes(), &[]),
            observer: counted.clone(),
            registration: Registration::Open,
            refresh_token_lifetime: Duration::from_hours(720),
            db,
            clock,
            entropy,
            tokens,
        };
        adjust(&mut parts);
        let directory = AccountsDirectory::new(parts.db.clone(), parts.clock.clone());
        Self {
            accounts: Accounts::new(parts.clone()),
            authenticator: Authenticator::new(
                parts.tokens.clone(),
                Arc::new(directory),
                &parts.db,
                parts.clock.clone(),
                counted.clone(),
            ),
            parts,
            clock: manual,
            counted,
        }
    }

    async fn register(&self, email: &str) -> UserId {
        self.accounts
            .register(email, &PASSWORD.into(), None)
            .await
            .unwrap()
    }

    async fn sign_in(&self, email: &str) -> SignedIn {
        self.accounts
            .sign_in(email, &PASSWORD.into(), Client::default())
            .await
            .unwrap()
    }

    async fn identify(&self, signed_in: &SignedIn) -> Result<Principal, Unidentified> {
        self.authenticator
            .authenticate(signed_in.access.text.expose_secret())
            .await
    }

    /// A signed-in user.
    async fn principal(&self, email: &str) -> Principal {
        let signed_in = self.sign_in(email).await;
        self.identify(&signed_in).await.unwrap()
    }

    /// The actions on record, the oldest first.
    async fn acts(&self) -> Vec<String> {
        let verified = self.parts.audit.verify().await.unwrap();
        assert_eq!(verified.broken, None);
        let mut entries = self.parts.audit.list(1_000, None, &[]).await.unwrap();
        entries.reverse();
        entries.into_iter().map(|entry| entry.action).collect()
    }

    /// Makes these users admins, whatever they were.
    async fn restore_admins(&self, users: &[UserId]) {
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
        self.parts
            .db
            .write(
                crate::platform::db::WriteKey::Free,
                users.to_vec(),
                |txn, users| {
                    Box::pin(async move {
                        let admins = user::Entity::update_many()
                            .col_expr(user::Column::Role, Expr::value(Role::Admin))
                            .filter(user::Column::Id.is_in(users.iter().copied()));
                        admins.exec(txn).await.map(|_| ())
                    })
                },
            )
            .await
            .unwrap();
    }

    async fn set_status(&self, user_id: UserId, status: UserStatus) {
        use sea_orm::{EntityTrait, sea_query::Expr};
        self.parts
            .db
            .write(
                crate::platform::db::WriteKey::User(user_id),
                (user_id, status),
                |txn, (user_id, status)| {
                    Box::pin(async move {
                        let change = user::Entity::update_many()
                            .col_expr(user::Column::Status, Expr::value(*status));
                        queries::change_user(txn, *user_id, DateTime::UNIX_EPOCH, change).await?;
                        Ok(())
                    })
                },
            )
            .await
            .unwrap();
    }
}

/// Cheap hashes: what is tested here is not their cost.
fn passwords(iterations: u32, entropy: &Entropy, observer: Arc<dyn AuthObserver>) -> Passwords {
    let cost = Argon2Cost {
        memory_kib: 64,
        iterations,
        parallelism: 1,
    };
    Passwords::new(cost, 2, entropy.clone(), observer).unwrap()
}

/// The error of what must fail; tokens have no `Debug` for `unwrap_err`.
fn refused<T>(outcome: Result<T, AccountsError>) -> AccountsError {
    outcome.err().expect("a refusal")
}
