use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use super::*;
use crate::platform::{
    auth::{
        observer::Unobserved,
        tokens::{AccessKey, TokenSettings, TokenSubject},
    },
    clock::ManualClock,
    db::{WriteKey, testing::TestDb},
    entropy::Entropy,
};

const ADA: UserId = UserId(1);

/// A directory whose answers the test sets.
struct Answers {
    standing: Mutex<Option<Standing>>,
    asked: AtomicUsize,
    gone: AtomicBool,
    /// An answer is given only when there is a permit for it.
    gate: Semaphore,
}

#[async_trait::async_trait]
impl Directory for Answers {
    async fn standing(&self, _user_id: UserId) -> Result<Option<Standing>, DbError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.gone.load(Ordering::SeqCst) {
            return Err(DbError::Unavailable(None));
        }
        let answer = self.standing.lock().clone();
        let _permit = self.gate.acquire().await.unwrap();
        Ok(answer)
    }
}

struct House {
    test: TestDb,
    clock: ManualClock,
    tokens: Arc<AccessTokens>,
    answers: Arc<Answers>,
    authenticator: Arc<Authenticator>,
}

fn active() -> Standing {
    Standing {
        role: Role::User,
        status: UserStatus::Active,
        token_version: 0,
        revoked: HashSet::new(),
    }
}

impl House {
    async fn new() -> Self {
        let test = TestDb::sqlite().await;
        let clock = ManualClock::starting_at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let settings = TokenSettings {
            issuer: "house".to_owned(),
            audience: "guests".to_owned(),
            lifetime: Duration::from_mins(15),
            current: AccessKey::new([1; 32]),
            previous: None,
        };
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let tokens = AccessTokens::new(settings, shared.clone(), Entropy::from_seed(3));
        let tokens = Arc::new(tokens);
        let answers = Arc::new(Answers {
            standing: Mutex::new(Some(active())),
            asked: AtomicUsize::new(0),
            gone: AtomicBool::new(false),
            gate: Semaphore::new(1_000),
        });
        let authenticator = Arc::new(Authenticator::new(
            tokens.clone(),
            answers.clone(),
            &test.db,
            shared,
            Arc::new(Unobserved),
        ));
        Self {
            test,
            clock,
            tokens,
            answers,
            authenticator,
        }
    }

    fn token(&self, user_id: UserId) -> String {
        let subject = TokenSubject {
            user_id,
            token_version: 0,
            session_id: Uuid::from_u128(5),
        };
        self.tokens
            .issue(&subject)
            .unwrap()
            .text
            .expose_secret()
            .to_owned()
    }

    fn asked(&self) -> usize {
        self.answers.asked.load(Ordering::SeqCst)
    }

    fn set(&self, standing: Option<Standing>) {
        *self.answers.standing.lock() = standing;
    }

    /// Commits a change to the user, as whoever changes a standing does.
    async fn commit_change(&self) {
        self.test
            .db
            .write(WriteKey::Free, (), |txn, ()| {
                txn.announce(Change {
                    entity: Entity::User,
                    id: ADA.to_string(),
                    user_id: Some(ADA),
                    rev: 2,
                });
                Box::pin(async { Ok(()) })
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_standing_is_asked_once_while_it_is_fresh() {
    let house = House::new().await;
    let token = house.token(ADA);
    for _ in 0..50 {
        let principal = house.authenticator.authenticate(&token).await.unwrap();
        assert_eq!(principal.user_id, 1);
        assert_eq!(principal.session_id, Some(Uuid::from_u128(5)));
    }
    assert_eq!(house.asked(), 1);
    house.clock.advance(FRESH_FOR);
    house.authenticator.authenticate(&token).await.unwrap();
    assert_eq!(house.asked(), 2);
    house.test.finish().await;
}

#[tokio::test]
async fn each_standing_gets_its_answer() {
    let house = House::new().await;
    let token = house.token(ADA);
    let jti = house.tokens.verify(&token).unwrap().token_id;
    let revoked = |key: String| Standing {
        revoked: HashSet::from([key]),
        ..active()
    };
    let with = |status| Standing { status, ..active() };
    for (standing, answer) in [
        (None, "Invalid token"),
        (Some(with(UserStatus::Deleted)), "Invalid token"),
        (Some(with(UserStatus::Disabled)), "User is inactive"),
        (
            Some(Standing {
                token_version: 1,
                ..active()
            }),
            "Token revoked",
        ),
        (Some(revoked(token_key(&jti))), "Token revoked"),
        (
            Some(revoked(session_key(Uuid::from_u128(5)))),
            "Token revoked",
        ),
    ] {
        house.set(standing);
        house.commit_change().await;
        let refused = house.authenticator.authenticate(&token).await.unwrap_err();
        assert_eq!(refused.to_string(), answer);
    }
    house.set(Some(revoked(token_key("another"))));
    house.commit_change().await;
    assert!(house.authenticator.authenticate(&token).await.is_ok());
    house.test.finish().await;
}

#[tokio::test]
async fn a_change_in_this_process_counts_at_once() {
    let house = House::new().await;
    let token = house.token(ADA);
    house.authenticator.authenticate(&token).await.unwrap();
    house.set(Some(Standing {
        status: UserStatus::Disabled,
        ..active()
    }));
    assert!(
        house.authenticator.authenticate(&token).await.is_ok(),
        "nobody has said so yet"
    );
    house.commit_change().await;
    let refused = house.authenticator.authenticate(&token).await;
    assert!(matches!(refused, Err(Unidentified::Inactive)));
    house.test.finish().await;
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_kept() {
    let house = House::new().await;
    let token = house.token(ADA);
    house.answers.gate.forget_permits(1_000);
    let waiting = async {
        house.authenticator.authenticate(&token).await.unwrap();
    };
    let meanwhile = async {
        // The first request has read the old standing and waits for the answer.
        while house.asked() == 0 {
            tokio::task::yield_now().await;
        }
        house.set(Some(Standing {
            token_version: 1,
            ..active()
        }));
        house.commit_change().await;
        house.answers.gate.add_permits(1_000);
    };
    tokio::join!(waiting, meanwhile);
    let refused = house.authenticator.authenticate(&token).await;
    assert!(matches!(refused, Err(Unidentified::Revoked)));
    house.test.finish().await;
}

#[tokio::test]
async fn changes_that_were_lost_empty_the_memory() {
    let house = House::new().await;
    let token = house.token(ADA);
    house.authenticator.authenticate(&token).await.unwrap();
    house.set(None);
    house.commit_change().await;
    house
        .test
        .db
        .write(WriteKey::Free, (), |txn, ()| {
            for rev in 0..5_000 {
                txn.announce(Change {
                    entity: Entity::Period,
                    id: "2".to_owned(),
                    user_id: Some(UserId(2)),
                    rev,
                });
            }
            Box::pin(async { Ok(()) })
        })
        .await
        .unwrap();
    let refused = house.authenticator.authenticate(&token).await;
    assert!(matches!(refused, Err(Unidentified::Invalid)));
    house.test.finish().await;
}

#[tokio::test]
async fn without_the_database_nobody_new_is_known() {
    let house = House::new().await;
    let token = house.token(ADA);
    house.answers.gone.store(true, Ordering::SeqCst);
    let refused = house.authenticator.authenticate(&token).await;
    assert!(matches!(refused, Err(Unidentified::Unavailable(_))));
    let forged = house.authenticator.authenticate("a.b.c").await;
    assert!(matches!(forged, Err(Unidentified::Invalid)));
    house.answers.gone.store(false, Ordering::SeqCst);
    house.authenticator.authenticate(&token).await.unwrap();
    house.answers.gone.store(true, Ordering::SeqCst);
    assert!(
        house.authenticator.authenticate(&token).await.is_ok(),
        "known for a few seconds"
    );
    house.test.finish().await;
}

#[tokio::test]
async fn tokens_of_different_users_never_share_an_answer() {
    let house = House::new().await;
    for id in 1..=200 {
        let principal = house
            .authenticator
            .authenticate(&house.token(UserId(id)))
            .await
            .unwrap();
        assert_eq!(principal.user_id, id);
    }
    assert_eq!(house.asked(), 200);
    house.test.finish().await;
}

#[tokio::test]
async fn the_memory_is_bounded() {
    let house = House::new().await;
    let (now, some) = (house.clock.now(), Some(Arc::new(active())));
    for id in 0..i64::try_from(MAX_KNOWN).unwrap() * 3 {
        let mut memory = house.authenticator.memory.lock();
        let epoch = memory.epoch;
        memory.keep(UserId(id), some.clone(), now, epoch);
        assert!(memory.known.len() <= MAX_KNOWN);
    }
    house.test.finish().await;
}
