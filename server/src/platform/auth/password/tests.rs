use parking_lot::Mutex;

use super::*;
use crate::platform::auth::observer::{RefreshResult, SignInResult, TokenRejection, Unobserved};

const CHEAP: Argon2Cost = Argon2Cost {
    memory_kib: 64,
    iterations: 1,
    parallelism: 1,
};
const DEFAULT: Argon2Cost = Argon2Cost {
    memory_kib: 19_456,
    iterations: 2,
    parallelism: 1,
};

fn passwords(cost: Argon2Cost) -> Passwords {
    Passwords::new(cost, 2, Entropy::from_seed(7), Arc::new(Unobserved)).unwrap()
}

fn fault(text: &str) -> Option<PasswordFault> {
    NewPassword::parse(text).err()
}

#[test]
fn the_policy_names_all_that_is_missing() {
    let weak = |rules: &[&'static str]| Some(PasswordFault::Weak(rules.to_vec()));
    let (upper, lower) = (
        "contain an upper-case letter",
        "contain a lower-case letter",
    );
    let (digit, special) = ("contain a digit", "contain a special character");
    let bytes = "be at most 72 bytes long in UTF-8";
    let longest = format!("Aa1!{}", "x".repeat(68));
    let one_more = format!("{longest}x");
    let wide = format!("Aa1!{}", "ß".repeat(35));
    let million = "Aa1!".repeat(250_000);
    for (text, expected) in [
        ("Abc1!x", None),
        ("Añ1 word", None),
        ("Aa1_bc", None),
        (longest.as_str(), None),
        ("", Some(PasswordFault::Length)),
        ("Ab1!x", Some(PasswordFault::Length)),
        (one_more.as_str(), Some(PasswordFault::Length)),
        (million.as_str(), Some(PasswordFault::Length)),
        ("Abc1!\0x", Some(PasswordFault::Nul)),
        ("abc1!x", weak(&[upper])),
        ("ABC1!X", weak(&[lower])),
        ("Abcd!x", weak(&[digit])),
        ("Abcd1x", weak(&[special])),
        ("abcdef", weak(&[upper, digit, special])),
        ("      ", weak(&[upper, lower, digit])),
        (wide.as_str(), weak(&[bytes])),
    ] {
        assert_eq!(fault(text), expected, "{text:.20}");
    }
    assert_eq!(
        fault("abcdef").unwrap().to_string(),
        "Password must contain an upper-case letter, contain a digit, contain a special character"
    );
}

#[tokio::test]
async fn the_hash_carries_the_cost_and_only_the_exact_password_matches() {
    let passwords = passwords(DEFAULT);
    let text = "Correct-Horse-1";
    let hash = passwords
        .hash(&NewPassword::parse(text).unwrap())
        .await
        .unwrap();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    let found = passwords.verify(&text.into(), Some(&hash)).await.unwrap();
    assert_eq!(found, Verification::Match { outdated: false });
    for other in [
        "Correct-Horse-2",
        "correct-horse-1",
        "Correct-Horse-1 ",
        "Correct-Horse-",
    ] {
        let found = passwords.verify(&other.into(), Some(&hash)).await.unwrap();
        assert_eq!(found, Verification::Mismatch, "{other}");
    }
}

#[tokio::test]
async fn long_passwords_are_compared_whole() {
    let passwords = passwords(CHEAP);
    let longest = format!("Aa1!{}", "x".repeat(68));
    let hash = passwords
        .hash(&NewPassword::parse(&longest).unwrap())
        .await
        .unwrap();
    let almost = format!("{}y", &longest[..71]);
    for (text, matches) in [
        (&longest, true),
        (&almost, false),
        (&format!("{longest}x"), false),
    ] {
        let found = passwords
            .verify(&text.as_str().into(), Some(&hash))
            .await
            .unwrap();
        assert_eq!(found != Verification::Mismatch, matches);
    }
}

#[tokio::test]
async fn another_cost_makes_a_hash_outdated() {
    let password = "Abc1!x";
    let old = passwords(CHEAP)
        .hash(&NewPassword::parse(password).unwrap())
        .await
        .unwrap();
    for cost in [
        Argon2Cost {
            memory_kib: 128,
            ..CHEAP
        },
        Argon2Cost {
            iterations: 2,
            ..CHEAP
        },
        Argon2Cost {
            parallelism: 2,
            ..CHEAP
        },
    ] {
        let now = passwords(cost);
        let found = now.verify(&password.into(), Some(&old)).await.unwrap();
        assert_eq!(found, Verification::Match { outdated: true });
        let renewed = now.rehash(&password.into()).await.unwrap();
        let found = now.verify(&password.into(), Some(&renewed)).await.unwrap();
        assert_eq!(found, Verification::Match { outdated: false });
    }
}

#[tokio::test]
async fn what_is_no_hash_matches_no_password() {
    let passwords = passwords(CHEAP);
    for stored in [
        None,
        Some("!"),
        Some(""),
        Some("$argon2id$"),
        Some("Abc1!x"),
    ] {
        let found = passwords.verify(&"Abc1!x".into(), stored).await.unwrap();
        assert_eq!(found, Verification::Mismatch);
    }
}

/// Counts how many passwords waited for a turn.
#[derive(Default)]
struct Turns(Mutex<Vec<Duration>>);

impl AuthObserver for Turns {
    fn signed_in(&self, _result: SignInResult) {}
    fn refreshed(&self, _result: RefreshResult) {}
    fn token_rejected(&self, _reason: TokenRejection) {}
    fn hash_waited(&self, wait: Duration) {
        self.0.lock().push(wait);
    }
}

#[tokio::test]
async fn what_cannot_be_a_password_is_refused_before_hashing() {
    let turns = Arc::new(Turns::default());
    let passwords = Passwords::new(CHEAP, 2, Entropy::from_seed(7), turns.clone()).unwrap();
    let hash = passwords.rehash(&"Abc1!x".into()).await.unwrap();
    assert_eq!(turns.0.lock().len(), 1);
    for text in [
        "",
        "Abc1!\0x",
        &"x".repeat(73),
        &"x".repeat(10_000),
        &"x".repeat(1 << 20),
    ] {
        let found = passwords.verify(&text.into(), Some(&hash)).await.unwrap();
        assert_eq!(found, Verification::Mismatch);
    }
    assert_eq!(turns.0.lock().len(), 1);
}

#[tokio::test]
async fn no_more_than_the_set_number_hash_at_once_and_the_flood_is_turned_away() {
    let turns = Arc::new(Turns::default());
    let mut passwords = Passwords::new(CHEAP, 1, Entropy::from_seed(7), turns.clone()).unwrap();
    let hash = passwords.rehash(&"Abc1!x".into()).await.unwrap();
    let held = passwords.turns.clone().acquire_owned().await.unwrap();
    passwords.longest_wait = Duration::from_millis(1);
    let refused = passwords.verify(&"Abc1!x".into(), Some(&hash)).await;
    assert!(matches!(refused, Err(PasswordError::Busy)));
    assert!(turns.0.lock()[1] >= Duration::from_millis(1));
    passwords.longest_wait = LONGEST_WAIT;
    drop(held);
    assert!(
        passwords
            .verify(&"Abc1!x".into(), Some(&hash))
            .await
            .is_ok()
    );
}
