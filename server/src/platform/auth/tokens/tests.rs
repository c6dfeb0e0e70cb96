use std::time::Instant;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use super::*;
use crate::platform::clock::ManualClock;

const KEY: [u8; 32] = [1; 32];
const OLD_KEY: [u8; 32] = [2; 32];

fn clock() -> ManualClock {
    ManualClock::starting_at(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

fn tokens_with(clock: &ManualClock, current: [u8; 32], previous: Option<[u8; 32]>) -> AccessTokens {
    AccessTokens::new(
        TokenSettings {
            issuer: "house".to_owned(),
            audience: "guests".to_owned(),
            lifetime: Duration::from_mins(15),
            current: AccessKey::new(current),
            previous: previous.map(AccessKey::new),
        },
        Arc::new(clock.clone()),
        Entropy::from_seed(5),
    )
}

fn subject() -> TokenSubject {
    TokenSubject {
        user_id: UserId(42),
        token_version: 3,
        session_id: Uuid::from_u128(9),
    }
}

fn issue(tokens: &AccessTokens) -> String {
    tokens
        .issue(&subject())
        .unwrap()
        .text
        .expose_secret()
        .to_owned()
}

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// A token with the given header and claims, signed with `key`.
fn signed(key: &[u8], header: &str, claims: &str) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn header() -> Value {
    json!({"alg": "HS256", "typ": "JWT", "kid": key_id(&AccessKey::new(KEY))})
}

fn claims() -> Value {
    json!({
        "iss": "house", "aud": "guests", "sub": "42", "iat": 1_800_000_000_i64,
        "exp": 1_800_000_900_i64, "jti": "j", "ver": 3
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

#[test]
fn an_issued_token_proves_its_subject_until_it_ends() {
    let clock = clock();
    let tokens = tokens_with(&clock, KEY, None);
    let text = issue(&tokens);
    let proven = tokens.verify(&text).unwrap();
    assert_eq!(proven.user_id, UserId(42));
    assert_eq!(proven.token_version, 3);
    assert_eq!(proven.session_id, Some(Uuid::from_u128(9)));
    assert_eq!(proven.expires_at, clock.now() + TimeDelta::seconds(900));
    assert_ne!(
        proven.token_id,
        tokens.verify(&issue(&tokens)).unwrap().token_id
    );
    clock.advance(TimeDelta::seconds(899));
    assert!(tokens.verify(&text).is_ok());
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(tokens.verify(&text), Err(TokenRejection::Expired));
}

#[test]
fn the_token_says_what_the_contract_asks() {
    let tokens = tokens_with(&clock(), KEY, None);
    let text = issue(&tokens);
    let parts: Vec<Value> = text
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], header());
    let names: Vec<&str> = parts[1]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        ["aud", "exp", "iat", "iss", "jti", "sid", "sub", "ver"]
    );
    assert_eq!(parts[1]["sub"], "42");
    assert!(text.len() < 1_024);
}

#[test]
fn both_secrets_count_while_one_is_changed() {
    let clock = clock();
    let before = tokens_with(&clock, OLD_KEY, None);
    let during = tokens_with(&clock, KEY, Some(OLD_KEY));
    let after = tokens_with(&clock, KEY, None);
    let (old, new) = (issue(&before), issue(&during));
    assert!(during.verify(&old).is_ok());
    assert!(during.verify(&new).is_ok());
    assert!(after.verify(&new).is_ok());
    assert_eq!(after.verify(&old), Err(TokenRejection::UnknownKey));
    assert_eq!(before.verify(&new), Err(TokenRejection::UnknownKey));
}

#[test]
fn our_own_corpus_token_is_sound() {
    let tokens = tokens_with(&clock(), KEY, None);
    let sound = signed(&KEY, &header().to_string(), &claims().to_string());
    assert!(tokens.verify(&sound).is_ok());
}

#[test]
fn forged_headers_are_refused() {
    let tokens = tokens_with(&clock(), KEY, None);
    let body = claims().to_string();
    let hostile_url = json!("https://attacker.example/keys.json");
    let jwk = json!({"kty": "oct", "k": part("attacker"), "alg": "HS256"});
    for (forged, key) in [
        (with(header(), "alg", json!("none")), &KEY[..]),
        (with(header(), "alg", json!("None")), &KEY),
        (with(header(), "alg", json!("HS384")), &KEY),
        (with(header(), "alg", json!("HS512")), &KEY),
        (with(header(), "alg", json!("RS256")), &KEY),
        (with(header(), "alg", json!("ES256")), &KEY),
        (with(header(), "alg", json!(null)), &KEY),
        (without(header(), "alg"), &KEY),
        (without(header(), "typ"), &KEY),
        (with(header(), "typ", json!("at+jwt")), &KEY),
        (with(header(), "crit", json!(["exp"])), &KEY),
        (without(header(), "kid"), &KEY),
        (with(header(), "kid", json!("")), &KEY),
        (with(header(), "kid", json!("../../../../dev/null")), b""),
        (with(header(), "kid", json!("' OR 1=1 --")), &KEY),
        (with(header(), "jku", hostile_url.clone()), b"attacker"),
        (with(header(), "x5u", hostile_url), b"attacker"),
        (with(header(), "jwk", jwk), b"attacker"),
        (
            with(header(), "x5c", json!([part("certificate")])),
            b"attacker",
        ),
        (header(), b"another key"),
        (header(), &OLD_KEY),
        (header(), b""),
    ] {
        let token = signed(key, &forged.to_string(), &body);
        assert!(tokens.verify(&token).is_err(), "{forged}");
    }
}

#[test]
fn foreign_and_untimely_claims_are_refused() {
    let tokens = tokens_with(&clock(), KEY, None);
    let now = 1_800_000_000_i64;
    for (forged, reason) in [
        (
            with(claims(), "iss", json!("other")),
            TokenRejection::Claims,
        ),
        (
            with(claims(), "aud", json!("others")),
            TokenRejection::Claims,
        ),
        (
            with(claims(), "aud", json!(["guests", "others"])),
            TokenRejection::Malformed,
        ),
        (with(claims(), "sub", json!(42)), TokenRejection::Malformed),
        (
            with(claims(), "sub", json!("42; DROP")),
            TokenRejection::Claims,
        ),
        (
            with(claims(), "sub", json!("9223372036854775808")),
            TokenRejection::Claims,
        ),
        (with(claims(), "exp", json!(now)), TokenRejection::Expired),
        (
            with(claims(), "exp", json!(now - 1)),
            TokenRejection::Expired,
        ),
        (
            with(claims(), "exp", json!(i64::MAX)),
            TokenRejection::Claims,
        ),
        (
            with(claims(), "exp", json!("never")),
            TokenRejection::Malformed,
        ),
        (
            with(claims(), "nbf", json!(now + 61)),
            TokenRejection::NotYetValid,
        ),
        (
            with(claims(), "iat", json!(now + 61)),
            TokenRejection::NotYetValid,
        ),
        (
            with(claims(), "sid", json!("../x")),
            TokenRejection::Malformed,
        ),
    ] {
        let token = signed(&KEY, &header().to_string(), &forged.to_string());
        assert_eq!(tokens.verify(&token), Err(reason), "{forged}");
    }
    for name in ["iss", "aud", "sub", "iat", "exp", "jti", "ver"] {
        let forged = without(claims(), name).to_string();
        let token = signed(&KEY, &header().to_string(), &forged);
        assert_eq!(
            tokens.verify(&token),
            Err(TokenRejection::Malformed),
            "no {name}"
        );
    }
}

#[test]
fn names_that_are_given_twice_are_refused() {
    let tokens = tokens_with(&clock(), KEY, None);
    let (head, body) = (header().to_string(), claims().to_string());
    for (name, value) in [
        ("sub", "\"1\""),
        ("exp", "9999999999"),
        ("iss", "\"house\""),
        ("ver", "3"),
    ] {
        let twice = format!("{{\"{name}\":{value},{}", &body[1..]);
        let token = signed(&KEY, &head, &twice);
        assert_eq!(
            tokens.verify(&token),
            Err(TokenRejection::Malformed),
            "{name}"
        );
    }
    let twice = format!("{{\"alg\":\"none\",{}", &head[1..]);
    assert!(tokens.verify(&signed(&KEY, &twice, &body)).is_err());
}

#[test]
fn broken_texts_are_refused_at_once() {
    let tokens = tokens_with(&clock(), KEY, None);
    let sound = issue(&tokens);
    let (message, signature) = sound.rsplit_once('.').unwrap();
    let mut texts = vec![
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "a.b.c".to_owned(),
        format!("{message}."),
        message.to_owned(),
        format!("{sound}."),
        format!("{sound}.{signature}"),
        format!("{sound}="),
        format!("{message}.{}", &signature[1..]),
        format!(" {sound}"),
        "\u{1F511}.\u{1F511}.\u{1F511}".to_owned(),
        "a".repeat(1 << 20),
        format!("{}.{signature}", "a.".repeat(500_000)),
        signed(&KEY, &header().to_string(), &"[".repeat(2_000)),
    ];
    // Every single changed character breaks the signature or the form.
    for position in 0..sound.len() {
        let mut changed = sound.clone().into_bytes();
        changed[position] = if changed[position] == b'A' {
            b'E'
        } else {
            b'A'
        };
        texts.push(String::from_utf8(changed).unwrap());
    }
    let start = Instant::now();
    for text in &texts {
        assert!(tokens.verify(text).is_err(), "{text:.60}");
    }
    let each = start.elapsed() / u32::try_from(texts.len()).unwrap();
    assert!(each < Duration::from_millis(5), "{each:?}");
}

#[test]
fn a_token_of_another_purpose_is_refused() {
    let tokens = tokens_with(&clock(), KEY, None);
    let refresh =
        crate::platform::auth::refresh_token::RefreshToken::generate(&Entropy::from_seed(1));
    assert!(tokens.verify(refresh.expose()).is_err());
}

#[test]
fn a_key_belongs_to_its_secret_and_its_purpose() {
    let clock = clock();
    let with = |secret: &str| {
        let key = AccessKey::derive(&secret.into());
        tokens_with(&clock, *key.0.expose_secret(), None)
    };
    let text = issue(&with("a secret"));
    assert!(with("a secret").verify(&text).is_ok());
    assert!(with("another secret").verify(&text).is_err());
    let audit = crate::platform::secrets::derive(b"a secret", "binnacle audit v1");
    assert!(tokens_with(&clock, audit, None).verify(&text).is_err());
    let raw = signed(b"a secret", &header().to_string(), &claims().to_string());
    assert!(with("a secret").verify(&raw).is_err());
}
