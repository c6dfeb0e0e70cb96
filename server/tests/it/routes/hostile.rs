//! Bodies and paths that mean harm or nothing, at every route that reads one: always the client's
//! fault and never the house's, and the house goes on.

use serde_json::{Value, json};

use crate::support::{House, User, on_each_database};

/// Every route that reads JSON; `{…}` are things of the caller.
const ROUTES: [(&str, &str); 12] = [
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/auth/token"),
    ("POST", "/api/auth/password"),
    ("POST", "/api/stores"),
    ("POST", "/api/chat"),
    ("PATCH", "/api/chat/sessions/s"),
    ("POST", "/api/settings"),
    ("POST", "/api/admin/users/1/role"),
    ("POST", "/api/admin/budgets/1"),
    ("POST", "/api/admin/watchdog/reset-stuck"),
];

/// Where `{}` and `null` mean that nothing is to change, or all is left to its default.
const MAY_BE_EMPTY: [&str; 2] = ["/api/settings", "/api/admin/watchdog/reset-stuck"];

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, close: &str| {
        let depth = 100_000;
        format!("{}{}", open.repeat(depth), close.repeat(depth)).into_bytes()
    };
    let mut invalid = b"{\"email\":\"".to_vec();
    invalid.extend([0xff, 0xfe, 0xc0, 0x80]);
    invalid.extend(b"\"}");
    vec![
        ("blank", b"   ".to_vec()),
        ("not JSON", b"email=ada".to_vec()),
        ("cut off", b"{\"email\":\"ada".to_vec()),
        ("more than one", b"{}{}".to_vec()),
        ("an array", b"[]".to_vec()),
        ("a number", b"7".to_vec()),
        ("a text", b"\"x\"".to_vec()),
        ("a huge number", b"1e999999".to_vec()),
        ("deep arrays", deep("[", "]")),
        ("deep objects", deep("{\"a\":", "}")),
        ("not UTF-8", invalid),
        ("a byte order mark", b"\xef\xbb\xbf{}x".to_vec()),
        (
            "half a surrogate",
            br#"{"email":"\ud800","password":"\udfff","question":"\ud800"}"#.to_vec(),
        ),
        ("comments", b"{/* x */}".to_vec()),
        (
            "NaN",
            b"{\"monthly_limit_usd\":NaN,\"ttl_minutes\":Infinity}".to_vec(),
        ),
    ]
}

async fn send(user: &User, method: &str, path: &str, body: Vec<u8>) -> crate::support::Answer {
    let request = user.request(method.parse().expect("a method"), path);
    user.send(
        request
            .header("content-type", "application/json")
            .body(body),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_object_is_refused_everywhere() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("ALLOW_DEV_LOGIN", "true")]).await;
        let admin = house.admin().await;
        for (method, path) in ROUTES {
            for (what, body) in bodies() {
                let answer = send(&admin, method, path, body).await;
                // What is well formed and nobody's field is ignored.
                let ignored = MAY_BE_EMPTY.contains(&path)
                    && ["deep objects", "half a surrogate"].contains(&what);
                assert!(
                    [400, 413, 422].contains(&answer.status) || ignored,
                    "{method} {path} with {what}: {} {:.200}",
                    answer.status,
                    answer.body
                );
                assert!(answer.body.len() < 2_000, "{method} {path} echoes {what}");
            }
            for body in ["", "{}", "null"] {
                let answer = send(&admin, method, path, body.into()).await;
                let fine = MAY_BE_EMPTY.contains(&path) && answer.status == 200;
                assert!(
                    fine || [400, 422].contains(&answer.status),
                    "{method} {path} with `{body}`: {} {:.200}",
                    answer.status,
                    answer.body
                );
            }
            let request = admin.request(method.parse().expect("a method"), path);
            let plain = admin
                .send(request.header("content-type", "text/plain").body("{}"))
                .await;
            assert!(
                [400, 415, 422].contains(&plain.status) || MAY_BE_EMPTY.contains(&path),
                "{path}: {}",
                plain.status
            );
        }
        house.stop().await;
    })
    .await;
}

/// Fields by route, and the type that is right.
const FIELDS: [(&str, &str, &[&str]); 9] = [
    ("POST", "/api/auth/register", &["email", "password"]),
    ("POST", "/api/auth/login", &["email", "password"]),
    ("POST", "/api/auth/refresh", &["refresh_token"]),
    ("POST", "/api/auth/token", &["email"]),
    ("POST", "/api/auth/password", &["current", "new"]),
    ("POST", "/api/stores", &["display_name"]),
    ("PATCH", "/api/chat/sessions/s", &["title"]),
    ("POST", "/api/admin/budgets/1", &["monthly_limit_usd"]),
    ("POST", "/api/admin/users/1/role", &["is_admin"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_wrong_type_are_named() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("ALLOW_DEV_LOGIN", "true")]).await;
        let admin = house.admin().await;
        let wrong = [
            json!([]),
            json!({}),
            json!([[["x"]]]),
            json!({"$ne": null}),
            Value::Null,
        ];
        for (method, path, fields) in FIELDS {
            for field in fields {
                for value in &wrong {
                    let mut body: Value = fields
                        .iter()
                        .map(|name| ((*name).to_owned(), json!("Secret-pass1!")))
                        .collect();
                    body[*field] = value.clone();
                    let answer = send(&admin, method, path, body.to_string().into_bytes()).await;
                    let told = answer.refused(422);
                    assert!(told.contains(field), "{path} {body}: {told}");
                }
            }
        }
        house.stop().await;
    })
    .await;
}

/// Texts that some part of a house may choke on: databases, parsers, terminals.
fn texts() -> Vec<String> {
    vec![
        "a\u{0}b".to_owned(),
        "\u{0}".to_owned(),
        "'; DROP TABLE users; --".to_owned(),
        "\" OR \"\"=\"".to_owned(),
        "AND OR NOT NEAR( * ^ : \"".to_owned(),
        "& | ! <-> ( ) \\ '".to_owned(),
        "%s%n${jndi:ldap://x}{{7*7}}".to_owned(),
        "../../../etc/passwd".to_owned(),
        "\u{1b}[2J\u{7}\r\nSet-Cookie: x=y".to_owned(),
        "\u{202e}\u{200b}\u{feff}\u{fffd}\u{10ffff}".to_owned(),
        "Z̸̧̢̛̗̱͇̫̙̖̩̬̳̞̀͛̄̂́̽̿̈́̊̕͘a".repeat(50),
        "👩‍👩‍👧‍👦".repeat(500),
        "x".repeat(31_000),
        "ä ".repeat(15_000),
        "\"".repeat(10_000),
        "?".to_owned(),
        "the the the and of".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_breaks_the_house() {
    on_each_database(|database| async move {
        let settings = [("ALLOW_DEV_LOGIN", "true"), ("MAX_STORES_PER_USER", "1000")];
        let house = House::open(&database, &settings).await;
        let admin = house.admin().await;
        let store = admin.store("Tides").await;
        let document = b"The tide turns at four in the afternoon.".to_vec();
        admin.indexed(store, "tide.txt", "text/plain", document).await;
        for text in texts() {
            for (path, body) in [
                ("/api/chat", json!({"storeIds": [store], "question": text})),
                ("/api/chat", json!({"storeIds": [store], "question": "x", "sessionId": text})),
                ("/api/chat", json!({"storeIds": [store], "question": "x", "system": text})),
                ("/api/chat", json!({"storeIds": [store], "question": "x", "tags": {"t": text}})),
                ("/api/chat", json!({"storeIds": [store], "question": "x", "tags": {text.clone(): 1}})),
                ("/api/chat", json!({"storeIds": [store], "question": "x", "model": text})),
                ("/api/chat", json!({"storeIds": [store], "question": "x", "messages": [{"role": "assistant", "content": text}]})),
                ("/api/stores", json!({"display_name": text})),
                ("/api/settings", json!({"welcome_message": text})),
                ("/api/auth/register", json!({"email": text, "password": "Secret-pass1!"})),
                ("/api/auth/register", json!({"email": "a@example.org", "password": text})),
                ("/api/auth/login", json!({"email": text, "password": text})),
                ("/api/auth/token", json!({"email": text})),
                ("/api/auth/refresh", json!({"refresh_token": text})),
                ("/api/admin/users/987654/role", json!({"is_admin": false, "admin_notes": text})),
            ] {
                let answer = admin.post(path, &body).await;
                assert!(answer.status < 500, "{path} {:.120}: {} {}", body.to_string(), answer.status, answer.body);
                let broken = answer.body.contains("unexpected_error");
                assert!(!broken, "{path} {:.120}: {}", body.to_string(), answer.body);
            }
            let uploaded = admin.upload(store, &text.replace(['\r', '\n', '\0'], " "), "text/plain", b"Tide.".to_vec()).await;
            assert!(uploaded.status < 500, "{:.80}: {}", text, uploaded.body);
            let coded: String = text.bytes().take(600).map(|byte| format!("%{byte:02X}")).collect();
            for path in [
                format!("/api/chat/sessions/{coded}/messages"),
                format!("/api/chat/streams/{coded}"),
                format!("/api/upload/op-status/{coded}"),
                format!("/api/documents/store/{coded}"),
                format!("/api/auth/sessions?cursor={coded}"),
                format!("/api/chat/sessions?storeId={coded}"),
                format!("/api/admin/budgets/{coded}"),
                format!("/{coded}"),
            ] {
                let answer = admin.get(&path).await;
                assert!(answer.status < 500, "{path:.100}: {} {}", answer.status, answer.body);
            }
            let path = format!("/api/chat/sessions/{coded}");
            let answer = admin.patch(&path, &json!({"title": text})).await;
            assert!(answer.status < 500, "{path:.100}: {}", answer.body);
            let answer = admin.delete(&path).await;
            assert!(answer.status < 500, "{path:.100}: {}", answer.body);
        }
        assert!(admin.ask(store, "When does the tide turn?").await.text().contains("four"));
        house.stop().await;
    })
    .await;
}
