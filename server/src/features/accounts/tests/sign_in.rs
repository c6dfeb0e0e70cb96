use std::time::Instant;

use super::*;

async fn try_sign_in(house: &House, email: &str, password: &str) -> AccountsError {
    refused(
        house
            .accounts
            .sign_in(email, &password.into(), Client::default())
            .await,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_opens_a_session() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let id = house.register(ADA).await;
        let client = Client::new(Some("curl/8\u{7}"), Some([192, 0, 2, 7].into()));
        let signed_in = house
            .accounts
            .sign_in("ADA@example.org", &PASSWORD.into(), client)
            .await
            .unwrap();
        assert_eq!(signed_in.access.lifetime, Duration::from_mins(15));
        let principal = house.identify(&signed_in).await.unwrap();
        assert_eq!(principal.user_id, id.0);
        let page = house.accounts.sessions(&principal, None, 50).await.unwrap();
        let [session] = page.items.as_slice() else {
            panic!("{} sessions", page.items.len());
        };
        assert!(session.current);
        assert_eq!(session.user_agent.as_deref(), Some("curl/8"));
        assert_eq!(session.client_address.as_deref(), Some("192.0.2.7"));
        assert_eq!(session.expires_at - session.created_at, TimeDelta::days(30));
        assert_eq!(*house.counted.sign_ins.lock(), [SignInResult::Ok]);
        assert_eq!(house.accounts.me(&principal).await.unwrap().email, ADA);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_the_same() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let disabled = house.register("disabled@example.org").await;
        let deleted = house.register("deleted@example.org").await;
        house.register(ADA).await;
        house.set_status(disabled, UserStatus::Disabled).await;
        house.set_status(deleted, UserStatus::Deleted).await;
        // Made without a password.
        let word = "word@example.org";
        house
            .accounts
            .development_sign_in(word, Client::default())
            .await
            .unwrap();
        for (email, password) in [
            (ADA, "Correct-Horse-2"),
            (ADA, ""),
            (ADA, "!"),
            (ADA, "correct-horse-1"),
            (ADA, "Correct-Horse-1\0"),
            (ADA, &"x".repeat(1 << 20)),
            ("nobody@example.org", PASSWORD),
            ("no address", PASSWORD),
            ("ada@example.org\0", PASSWORD),
            ("' OR 1=1 --@x", PASSWORD),
            ("disabled@example.org", PASSWORD),
            ("deleted@example.org", PASSWORD),
            (word, PASSWORD),
            (word, "!"),
        ] {
            let error = try_sign_in(&house, email, password).await;
            assert!(
                matches!(error, AccountsError::InvalidCredentials),
                "{email}: {error}"
            );
            assert_eq!(error.to_string(), "Invalid credentials");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_another_cost_is_renewed() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let id = house.register(ADA).await;
        let stored = async || {
            let user = queries::user_by_id(test.db.read(), id)
                .await
                .unwrap()
                .unwrap();
            user.password_hash
        };
        let before = stored().await;
        house.sign_in(ADA).await;
        assert_eq!(stored().await, before);
        let dearer = House::with(&test, |parts| {
            parts.passwords = passwords(2, &parts.entropy, parts.observer.clone());
        });
        dearer.sign_in(ADA).await;
        let renewed = stored().await;
        assert!(
            renewed.starts_with("$argon2id$v=19$m=64,t=2,p=1$"),
            "{renewed}"
        );
        dearer.sign_in(ADA).await;
        assert_eq!(stored().await, renewed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn development_sign_in_makes_the_account_once() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let sign_in = async |email: &str| {
            house
                .accounts
                .development_sign_in(email, Client::default())
                .await
        };
        let first = house.identify(&sign_in(ADA).await.unwrap()).await.unwrap();
        let second = house
            .identify(&sign_in("ADA@example.org").await.unwrap())
            .await
            .unwrap();
        assert_eq!(first.user_id, second.user_id);
        assert_ne!(first.session_id, second.session_id);
        assert!(matches!(
            refused(sign_in("ada").await),
            AccountsError::Email(_)
        ));
        house
            .set_status(UserId(first.user_id), UserStatus::Disabled)
            .await;
        assert!(matches!(
            refused(sign_in(ADA).await),
            AccountsError::InvalidCredentials
        ));
    })
    .await;
}

/// A busy machine may spoil a measurement; a difference that is real shows in every one.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_known_users_are_refused_in_the_same_time() {
    let test = TestDb::sqlite().await;
    let house = House::with(&test, |parts| {
        let cost = Argon2Cost {
            memory_kib: 4_096,
            iterations: 2,
            parallelism: 1,
        };
        parts.passwords =
            Passwords::new(cost, 2, parts.entropy.clone(), parts.observer.clone()).unwrap();
    });
    house.register(ADA).await;
    let mut measured = Vec::new();
    let same = loop {
        let difference = difference_in_time(&house).await;
        measured.push(difference);
        if difference.abs() < 0.05 || measured.len() == 5 {
            break difference.abs() < 0.05;
        }
    };
    assert!(same, "unknown users take longer by {measured:?}");
    test.finish().await;
}

/// By which share the mean over 200 refusals of an unknown user exceeds that of a known one. The
/// two are taken in turns, so that a machine that gets slower slows both.
async fn difference_in_time(house: &House) -> f64 {
    let mut spent = [Vec::new(), Vec::new()];
    for round in 0..400 {
        let kind = usize::from(round % 4 == 1 || round % 4 == 2);
        let email = [ADA, "bob@example.org"][kind];
        let start = Instant::now();
        try_sign_in(house, email, "Correct-Horse-2").await;
        spent[kind].push(start.elapsed().as_secs_f64());
    }
    let [known, unknown] = spent.map(undisturbed_mean);
    unknown / known - 1.0
}

/// The mean without the slower half, where the machine did something else.
fn undisturbed_mean(mut times: Vec<f64>) -> f64 {
    assert_eq!(times.len(), 200);
    times.sort_by(f64::total_cmp);
    times.truncate(100);
    times.iter().sum::<f64>() / 100.0
}
