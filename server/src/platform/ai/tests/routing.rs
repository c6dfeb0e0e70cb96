//! Retries, fallback, the breaker, keys in rotation, embeddings.

use pretty_assertions::assert_eq;

use super::stub::{Fault, TEXT};
use super::*;

#[tokio::test]
async fn the_same_provider_is_asked_again_before_the_first_token() {
    for wire in WIRES {
        let rig = Rig::new(wire).await;
        rig.stub.next(&[Fault::ServerError]);
        let heard = rig.read(wire.model()).await.unwrap();
        assert_eq!(heard.text, TEXT.concat());
        assert_eq!(rig.stub.requests().len(), 2);
        let model = wire.model();
        let wanted = [
            format!("chat {model} transient"),
            format!("first chunk {model}"),
            format!("chat {model} completed"),
        ];
        assert_eq!(rig.seen.lines(), wanted);
    }
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for() {
    for wire in WIRES {
        let rig = Rig::new(wire).await;
        rig.stub.next(&[Fault::RateLimited(1)]);
        let started = Instant::now();
        rig.read(wire.model()).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(1));
        assert_eq!(rig.stub.requests().len(), 2);
    }
}

#[tokio::test]
async fn the_next_provider_answers_with_its_default_model() {
    for wire in WIRES {
        for fault in [Fault::ServerError, Fault::Unauthorized, Fault::QuotaUsedUp] {
            let rig = Rig::with(wire, then_offline).await;
            rig.stub.always(fault);
            let answer = rig.ask(wire.model()).await.unwrap();
            assert_eq!(answer.model().to_string(), "offline/test-model");
            let told = format!("fell back {} offline", wire.name());
            assert_eq!(rig.seen.count(&told), 1);
            let heard = hear(answer).await;
            assert_eq!(heard.text, "The greetings come from the harbour [1].");
            assert!(!heard.usage.estimated);
        }
    }
}

#[tokio::test]
async fn a_request_that_is_itself_at_fault_is_not_passed_on() {
    for wire in WIRES {
        for fault in [Fault::BadRequest, Fault::Refused] {
            let rig = Rig::with(wire, then_offline).await;
            rig.stub.always(fault);
            assert_eq!(
                rig.read(wire.model()).await.unwrap_err().provider,
                wire.name()
            );
        }
    }
}

#[tokio::test]
async fn after_repeated_failures_a_provider_is_left_alone_until_a_probe_succeeds() {
    for wire in WIRES {
        let rig = Rig::with(wire, |settings| {
            settings.retry.stream_attempts = 1;
            settings.breaker.open_for = Duration::from_millis(300);
        })
        .await;
        let name = wire.name();
        rig.stub.always(Fault::ServerError);
        for _ in 0..5 {
            assert_eq!(
                rig.read(wire.model()).await.unwrap_err().kind,
                ErrorKind::Transient
            );
        }
        assert_eq!(rig.gateway.breakers(), [(name, BreakerState::Open)]);
        let refused = rig.read(wire.model()).await.unwrap_err();
        assert!(matches!(
            refused.kind,
            ErrorKind::Unavailable {
                retry_after: Some(_)
            }
        ));
        assert_eq!(rig.stub.requests().len(), 5);

        half_open(&rig).await;
        rig.read(wire.model()).await.unwrap_err();
        assert_eq!(rig.gateway.breakers(), [(name, BreakerState::Open)]);

        half_open(&rig).await;
        rig.stub.always(Fault::Stalls);
        let probing = rig.ask(wire.model()).await.unwrap();
        assert_eq!(rig.gateway.breakers(), [(name, BreakerState::Closed)]);
        drop(probing);
        let states = ["open", "half_open", "open", "half_open", "closed"];
        let wanted = states.map(|state| format!("breaker {name} {state}"));
        let mut seen = rig.seen.lines();
        seen.retain(|line| line.starts_with("breaker"));
        assert_eq!(seen, wanted);
    }
}

async fn half_open(rig: &Rig) {
    while rig.gateway.breakers()[0].1 == BreakerState::Open {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn only_one_call_probes_and_one_that_is_given_up_leaves_the_probe_to_the_next() {
    let rig = Rig::with(Wire::OpenAi, |settings| {
        settings.retry.stream_attempts = 1;
        settings.breaker.failures = 1;
        settings.breaker.open_for = Duration::ZERO;
    })
    .await;
    let model = Wire::OpenAi.model();
    rig.stub.next(&[Fault::ServerError, Fault::NoFirstToken]);
    rig.read(model.clone()).await.unwrap_err();
    let second = async {
        while rig.stub.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
        rig.ask(model.clone()).await.map(|_| ()).unwrap_err()
    };
    tokio::select! {
        answer = rig.ask(model.clone()) => panic!("answered: {:?}", answer.map(|_| ())),
        error = second => assert!(matches!(error.kind, ErrorKind::Unavailable { .. })),
    }
    assert_eq!(rig.read(model).await.unwrap().text, TEXT.concat());
}

fn three_keys(settings: &mut AiSettings) {
    let labels = ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_API_KEY_1"];
    settings.gemini.keys = (1..)
        .zip(labels)
        .map(|(n, l)| key(l, &format!("key-{n}")))
        .collect();
}

fn keys_sent(rig: &Rig) -> Vec<String> {
    let requests = rig.stub.requests();
    requests
        .iter()
        .map(|request| request.key().unwrap_or("none").to_owned())
        .collect()
}

#[tokio::test]
async fn a_key_that_is_limited_or_refused_gives_way_to_the_next() {
    let rig = Rig::with(Wire::Gemini, three_keys).await;
    rig.stub.for_key("key-1", Fault::RateLimited(30));
    rig.stub.for_key("key-2", Fault::Unauthorized);
    for _ in 0..2 {
        rig.read(Wire::Gemini.model()).await.unwrap();
    }
    assert_eq!(keys_sent(&rig), ["key-1", "key-2", "key-3", "key-3"]);
    let mut rotated = rig.seen.lines();
    rotated.retain(|line| line.starts_with("rotated"));
    assert_eq!(
        rotated,
        [
            "rotated gemini GEMINI_API_KEY",
            "rotated gemini GOOGLE_API_KEY"
        ]
    );
}

#[tokio::test]
async fn when_every_key_is_limited_the_error_says_so_and_the_next_call_asks_one_key() {
    let rig = Rig::with(Wire::Gemini, three_keys).await;
    rig.stub.always(Fault::RateLimited(30));
    for _ in 0..2 {
        let error = rig.read(Wire::Gemini.model()).await.unwrap_err();
        let retry_after = Some(Duration::from_secs(30));
        assert_eq!(error.kind, ErrorKind::Rate { retry_after });
    }
    assert_eq!(keys_sent(&rig), ["key-1", "key-2", "key-3", "key-1"]);
}

#[tokio::test]
async fn a_failing_server_is_no_reason_to_change_the_key() {
    let rig = Rig::with(Wire::Gemini, three_keys).await;
    rig.stub.always(Fault::ServerError);
    rig.read(Wire::Gemini.model()).await.unwrap_err();
    assert_eq!(keys_sent(&rig), ["key-1", "key-1"]);
}

#[tokio::test]
async fn vectors_come_in_the_order_of_the_texts_over_all_batches() {
    for (wire, batches, estimated) in [(Wire::OpenAi, 1, false), (Wire::Gemini, 3, true)] {
        let rig = Rig::new(wire).await;
        let texts: Vec<String> = (1..=250).map(|length| "x".repeat(length)).collect();
        let answer = rig
            .gateway
            .embed(&hold(), &wire.model(), &texts)
            .await
            .unwrap();
        let lengths: Vec<f32> = answer.vectors.iter().map(|vector| vector[0]).collect();
        let wanted: Vec<f32> = (1..=250_u16).map(f32::from).collect();
        assert_eq!(lengths, wanted, "{wire:?}");
        assert_eq!(answer.model, wire.model());
        assert_eq!(rig.stub.requests().len(), batches, "{wire:?}");
        assert_eq!(answer.usage.estimated, estimated, "{wire:?}");
        assert!(answer.usage.prompt_tokens > 0);
        assert_eq!(
            rig.seen
                .count(&format!("embeddings {} completed", wire.model())),
            batches
        );
    }
}

#[tokio::test]
async fn embedding_is_tried_again_but_never_by_another_model() {
    let texts = ["one".to_owned()];
    for wire in WIRES {
        let rig = Rig::with(wire, then_offline).await;
        rig.stub.next(&[Fault::ServerError]);
        rig.gateway
            .embed(&hold(), &wire.model(), &texts)
            .await
            .unwrap();
        rig.stub.always(Fault::ServerError);
        let error = rig
            .gateway
            .embed(&hold(), &wire.model(), &texts)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.provider),
            (ErrorKind::Transient, wire.name())
        );
    }
}

#[tokio::test]
async fn a_missing_vector_is_an_error() {
    for wire in WIRES {
        let rig = Rig::new(wire).await;
        rig.stub.always(Fault::VectorMissing);
        let texts = ["one".to_owned(), "two".to_owned()];
        let error = rig
            .gateway
            .embed(&hold(), &wire.model(), &texts)
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol);
    }
}

#[tokio::test]
async fn a_probe_says_who_can_be_reached_and_takes_its_key() {
    let order = vec![
        ProviderName::OpenAi,
        ProviderName::Gemini,
        ProviderName::Offline,
    ];
    let rig = Rig::with(Wire::OpenAi, |settings| settings.order = order).await;
    let soon = || Instant::now() + Duration::from_secs(10);
    let sound = rig.gateway.probe(soon()).await;
    assert!(sound.iter().all(|(_, result)| result.is_ok()), "{sound:?}");
    rig.stub.always(Fault::Unauthorized);
    let probed = rig.gateway.probe(soon()).await;
    let kinds: Vec<_> = probed
        .iter()
        .map(|(name, result)| (*name, result.as_ref().err().map(|e| e.kind)))
        .collect();
    let wanted = [
        (ProviderName::OpenAi, Some(ErrorKind::Auth)),
        (ProviderName::Gemini, Some(ErrorKind::Auth)),
        (ProviderName::Offline, None),
    ];
    assert_eq!(kinds, wanted);
    assert!(
        rig.stub
            .requests()
            .iter()
            .all(|request| request.method == "GET")
    );
}
