//! Rate limits: counted for whom, told how, and not to be talked out of.

use serde_json::json;

use crate::support::{Answer, House, PASSWORD, User, on_each_database};

async fn get(user: &User, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    let request = user.request(reqwest::Method::GET, path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    user.send(request).await
}

fn number(answer: &Answer, name: &str) -> u64 {
    let value = answer.header(name).unwrap_or_else(|| panic!("no {name}"));
    value.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_limit_counts_each_user_and_each_address() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("RATE_LIMIT_PER_MINUTE", "9")]).await;
        // Registering and signing in takes two of the address's nine.
        let (ada, bob) = (house.user("ada").await, house.user("bob").await);
        for left in (0..9).rev() {
            let answer = get(&ada, "/api/stores", &[]).await;
            assert_eq!(answer.status, 200, "{left}");
            assert_eq!(number(&answer, "x-ratelimit-limit"), 9);
            assert_eq!(number(&answer, "x-ratelimit-remaining"), left);
        }
        let limited = get(&ada, "/api/nothing", &[]).await;
        let wait = number(&limited, "retry-after");
        assert!(
            (1..=7).contains(&wait),
            "one of nine a minute comes back in 6.7 s: {wait}"
        );
        assert_eq!(number(&limited, "x-ratelimit-remaining"), 0);
        assert!(
            limited
                .header("ratelimit")
                .expect("a field")
                .contains("r=0")
        );
        assert_eq!(limited.refused(429), "Rate limit exceeded");

        assert_eq!(get(&bob, "/api/stores", &[]).await.status, 200);
        for path in [
            "/live",
            "/ready",
            "/startupz",
            "/health/live",
            "/metrics",
            "/openapi.json",
        ] {
            let answer = get(&ada, path, &[]).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.header("x-ratelimit-limit").is_none(), "{path}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_counts_and_false_addresses_do_not_help() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("RATE_LIMIT_PER_MINUTE", "5")]).await;
        let stranger = house.stranger();
        let mut statuses = Vec::new();
        for call in 0..12 {
            let address = format!("203.0.113.{call}");
            let forwarded = format!("for={address}");
            let headers = [
                ("x-forwarded-for", address.as_str()),
                ("x-real-ip", address.as_str()),
                ("forwarded", forwarded.as_str()),
            ];
            statuses.push(get(&stranger, "/health", &headers).await.status);
        }
        assert_eq!(
            statuses.iter().filter(|status| **status == 429).count(),
            7,
            "{statuses:?}"
        );
        // A token that does not hold is nobody's: it counts for the address.
        let mut forger = house.stranger();
        forger.token = Some("eyJhbGciOiJub25lIn0.eyJzdWIiOiI5In0.".to_owned());
        assert_eq!(get(&forger, "/api/stores", &[]).await.status, 429);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_each_client_has_its_own() {
    on_each_database(|database| async move {
        let settings = [
            ("RATE_LIMIT_PER_MINUTE", "3"),
            ("TRUSTED_PROXY_IPS", "127.0.0.1"),
        ];
        let house = House::open(&database, &settings).await;
        let stranger = house.stranger();
        let through = async |addresses: &str| {
            get(&stranger, "/health", &[("x-forwarded-for", addresses)])
                .await
                .status
        };
        for _ in 0..3 {
            assert_eq!(through("203.0.113.7").await, 200);
        }
        assert_eq!(through("203.0.113.7").await, 429);
        assert_eq!(
            through("198.51.100.1, 203.0.113.7").await,
            429,
            "what stands left is hearsay"
        );
        assert_eq!(through("203.0.113.8").await, 200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_cannot_be_tried_out() {
    on_each_database(|database| async move {
        let settings = [
            ("LOGIN_RATE_LIMIT_PER_MINUTE", "4"),
            ("TRUSTED_PROXY_IPS", "127.0.0.1"),
        ];
        let house = House::open(&database, &settings).await;
        let stranger = house.stranger();
        let login = async |email: &str, address: &str| {
            let request = stranger
                .request(reqwest::Method::POST, "/api/auth/login")
                .header("x-forwarded-for", address)
                .json(&json!({"email": email, "password": PASSWORD}));
            stranger.send(request).await
        };
        // One account from many addresses, under any spelling.
        for call in 0..4 {
            let email = ["eve@example.org", "EVE@example.org"][call % 2];
            assert_eq!(login(email, &format!("203.0.113.{call}")).await.status, 401);
        }
        let limited = login("eve@example.org", "203.0.113.99").await;
        assert!((1..=60).contains(&number(&limited, "retry-after")));
        limited.refused(429);
        // Many accounts from one address.
        for call in 0..4 {
            let email = format!("user{call}@example.org");
            assert_eq!(login(&email, "198.51.100.4").await.status, 401);
        }
        assert_eq!(login("user9@example.org", "198.51.100.4").await.status, 429);
        house.stop().await;
    })
    .await;
}
