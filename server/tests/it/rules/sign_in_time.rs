//! How long a refused sign-in takes says nothing of who has an account.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{House, User, on_each_database};

const TRIES: usize = 200;
/// Less than in production, so that the test is quick, and enough that the hash is what takes time.
const COST: [(&str, &str); 2] = [("ARGON2_MEMORY_KIB", "8192"), ("ARGON2_ITERATIONS", "2")];
/// How far the means of known and unknown users may be apart.
const APART: f64 = 0.05;
/// How far two groups of known users, which differ in nothing, may be apart for the machine to count
/// as quiet enough to measure on.
const QUIET: f64 = APART / 2.0;
/// How often is measured anew on a machine that is not.
const MEASUREMENTS: usize = 6;

/// Tries to sign in with a password that is not right; answers how long the refusal took.
async fn refused(user: &User, email: &str) -> Duration {
    let body = json!({"email": email, "password": "Wrong-pass1!"});
    let begun = Instant::now();
    let answer = user.post("/api/auth/login", &body).await;
    let took = begun.elapsed();
    assert_eq!(answer.refused(401), "Invalid credentials");
    took
}

/// The mean without the quarter that took the longest and the quarter that took the shortest: what
/// else the machine does is not the house's doing.
fn trimmed_mean(mut times: Vec<Duration>) -> f64 {
    times.sort();
    let middle = &times[times.len() / 4..times.len() - times.len() / 4];
    let total: Duration = middle.iter().sum();
    total.as_secs_f64() / f64::from(u32::try_from(middle.len()).expect("few"))
}

fn apart(one: f64, other: f64) -> f64 {
    (one - other).abs() / one.min(other)
}

/// How far apart unknown users are from known ones, and known ones from other known ones. The tries
/// take turns, so that whatever slows the machine down slows all down.
async fn measure(user: &User, round: usize) -> (f64, f64) {
    let mut times = [const { Vec::new() }; 3];
    for number in 0..TRIES {
        let emails = [
            "ada@example.org".to_owned(),
            format!("nobody-{round}-{number}@example.org"),
            "bob@example.org".to_owned(),
        ];
        for turn in 0..emails.len() {
            let whose = (turn + number) % emails.len();
            // Half as many tell whether the machine is quiet.
            if whose == 2 && number % 2 == 1 {
                continue;
            }
            times[whose].push(refused(user, &emails[whose]).await);
        }
    }
    let [known, unknown, control] = times.map(trimmed_mean);
    (apart(known, unknown), apart(known, control))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_is_refused_as_slowly_as_a_known_one() {
    on_each_database(|database| async move {
        let house = House::open(&database, &COST).await;
        house.user("ada").await;
        house.user("bob").await;
        let stranger = house.stranger();
        for round in 1.. {
            let (unknown, control) = measure(&stranger, round).await;
            if unknown < APART {
                break;
            }
            // Nothing can be told by a machine on which equals are further apart.
            let noisy = control > QUIET && (round < MEASUREMENTS || unknown < control);
            assert!(
                noisy,
                "unknown users are {:.1} % apart from known ones, which are {:.1} % from each other",
                unknown * 100.0,
                control * 100.0
            );
            if round >= MEASUREMENTS {
                break;
            }
        }
        house.stop().await;
    })
    .await;
}
