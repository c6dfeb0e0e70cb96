//! Every fault, on both wires.

use std::time::Instant;

use pretty_assertions::assert_eq;

use super::stub::{Fault, TEXT, USAGE};
use super::*;

async fn meet(wire: Wire, fault: Fault) -> (Rig, Result<Heard, ProviderError>) {
    let rig = Rig::new(wire).await;
    rig.stub.always(fault);
    let heard = rig.read(wire.model()).await;
    (rig, heard)
}

/// The kind of the error before the first text, and how many requests it took.
async fn refused(wire: Wire, fault: Fault) -> (ProviderError, usize) {
    let (rig, heard) = meet(wire, fault).await;
    (heard.unwrap_err(), rig.stub.requests().len())
}

#[tokio::test]
async fn a_sound_answer_is_read_whole_however_it_is_cut_into_chunks() {
    let shapes = [
        Fault::None,
        Fault::SplitCharacter,
        Fault::OneByteAtATime,
        Fault::UsageLast,
        Fault::WrongRoles,
    ];
    for wire in WIRES {
        for fault in shapes {
            let (rig, heard) = meet(wire, fault).await;
            let heard = heard.unwrap();
            let (prompt_tokens, completion_tokens) = USAGE;
            assert_eq!(heard.text, TEXT.concat(), "{wire:?} {fault:?}");
            assert_eq!(heard.end, Ok(FinishReason::Stop), "{wire:?} {fault:?}");
            let wanted = Usage {
                prompt_tokens,
                completion_tokens,
                estimated: false,
            };
            assert_eq!(heard.usage, wanted, "{wire:?} {fault:?}");
            let model = wire.model();
            let wanted = [
                format!("first chunk {model}"),
                format!("chat {model} completed"),
            ];
            assert_eq!(rig.seen.lines(), wanted);
            assert_eq!(*rig.seen.usage.lock(), [heard.usage]);
        }
    }
}

#[tokio::test]
async fn without_a_usage_it_is_settled_by_estimate() {
    for wire in WIRES {
        let (_rig, heard) = meet(wire, Fault::NoUsage).await;
        let heard = heard.unwrap();
        assert_eq!(heard.end, Ok(FinishReason::Stop));
        assert!(heard.usage.estimated);
        assert!(heard.usage.prompt_tokens > 100, "{:?}", heard.usage);
        assert!(
            (4..=9).contains(&heard.usage.completion_tokens),
            "{:?}",
            heard.usage
        );
    }
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back_and_is_not_waited_for_when_that_is_long() {
    for wire in WIRES {
        let started = Instant::now();
        let (error, requests) = refused(wire, Fault::RateLimited(7)).await;
        let retry_after = Some(Duration::from_secs(7));
        assert_eq!(error.kind, ErrorKind::Rate { retry_after });
        assert_eq!((error.status, requests), (Some(429), 1));
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn refusals_are_typed_and_tried_again_only_when_that_may_help() {
    let rows = [
        (Fault::ServerError, ErrorKind::Transient, 2),
        (Fault::ErrorFirst, ErrorKind::Transient, 2),
        (Fault::Empty, ErrorKind::Protocol, 2),
        (Fault::EndlessLine, ErrorKind::Protocol, 2),
        (Fault::Redirect, ErrorKind::Protocol, 2),
        (Fault::QuotaUsedUp, ErrorKind::Quota, 1),
        (Fault::Unauthorized, ErrorKind::Auth, 1),
        (Fault::BadRequest, ErrorKind::BadRequest, 1),
        (Fault::Refused, ErrorKind::Policy, 1),
    ];
    for wire in WIRES {
        for (fault, kind, requests) in rows {
            let (error, made) = refused(wire, fault).await;
            assert_eq!((error.kind, made), (kind, requests), "{wire:?} {fault:?}");
            assert_eq!(error.provider, wire.name());
            assert!(
                !format!("{error} {error:?}").contains("secret"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_keeps_what_came_is_counted_and_not_asked_again() {
    let rows = [
        (Fault::Cut, ErrorKind::Truncated),
        (Fault::EndsEarly, ErrorKind::Truncated),
        (Fault::Garbage, ErrorKind::Protocol),
        (Fault::ErrorInStream, ErrorKind::Transient),
    ];
    for wire in WIRES {
        for (fault, kind) in rows {
            let (rig, heard) = meet(wire, fault).await;
            let heard = heard.unwrap();
            assert_eq!(heard.text, TEXT[0], "{wire:?} {fault:?}");
            assert_eq!(
                heard.end.map_err(|error| error.kind),
                Err(kind),
                "{wire:?} {fault:?}"
            );
            assert!(heard.usage.estimated && heard.usage.completion_tokens > 0);
            assert_eq!(rig.stub.requests().len(), 1, "{wire:?} {fault:?}");
            assert_eq!(
                rig.seen
                    .count(&format!("chat {} {}", wire.model(), kind.as_str())),
                1
            );
        }
    }
}

#[tokio::test]
async fn the_first_token_has_a_deadline_that_covers_the_headers() {
    for wire in WIRES {
        for fault in [Fault::NoHeaders, Fault::NoFirstToken] {
            let first_token = Duration::from_millis(150);
            let rig = Rig::with(wire, |s| s.timeouts.first_token = first_token).await;
            rig.stub.always(fault);
            let started = Instant::now();
            let error = rig.read(wire.model()).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Timeout, "{wire:?} {fault:?}");
            assert!(started.elapsed() >= first_token);
            assert!(started.elapsed() < Duration::from_secs(10));
            rig.stub.hung_up(1).await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_stalls_is_ended() {
    for wire in WIRES {
        let rig = Rig::with(wire, |s| s.timeouts.idle = Duration::from_millis(150)).await;
        rig.stub.always(Fault::Stalls);
        let heard = rig.read(wire.model()).await.unwrap();
        assert_eq!(heard.text, TEXT[0]);
        assert_eq!(heard.end.unwrap_err().kind, ErrorKind::Timeout);
        rig.stub.hung_up(1).await;
    }
}

#[tokio::test]
async fn an_endless_line_is_refused_early() {
    for wire in WIRES {
        let rig = Rig::with(wire, |s| s.retry.stream_attempts = 1).await;
        rig.stub.always(Fault::EndlessLine);
        let error = rig.read(wire.model()).await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("a line of the answer is longer than allowed")
        );
        rig.stub.hung_up(1).await;
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_at_twice_the_output_limit() {
    for wire in WIRES {
        let rig = Rig::new(wire).await;
        rig.stub.always(Fault::NeverEnds);
        let request = ChatRequest {
            max_output_tokens: 100,
            ..question(wire.model())
        };
        let heard = hear(rig.gateway.stream_chat(&hold(), request).await.unwrap()).await;
        assert_eq!(heard.end, Ok(FinishReason::Length));
        let written = crate::platform::ai::tokens::estimate(&heard.text);
        assert!((200..220).contains(&written), "{written}");
        // What is held pays for the limit, and no estimate goes beyond it.
        assert_eq!(heard.usage.completion_tokens, 100);
        assert!(heard.usage.estimated);
        rig.stub.hung_up(1).await;
    }
}

#[tokio::test]
async fn an_answer_without_end_is_ended_at_the_deadline() {
    for wire in WIRES {
        let rig = Rig::with(wire, |s| s.timeouts.total = Duration::from_millis(200)).await;
        rig.stub.always(Fault::NeverEnds);
        let request = ChatRequest {
            max_output_tokens: u32::MAX,
            ..question(wire.model())
        };
        let heard = hear(rig.gateway.stream_chat(&hold(), request).await.unwrap()).await;
        // A fast machine reaches the cap on bytes before the deadline; both end it.
        let kind = heard.end.unwrap_err().kind;
        assert!(
            matches!(kind, ErrorKind::Timeout | ErrorKind::Protocol),
            "{kind:?}"
        );
        rig.stub.hung_up(1).await;
    }
}

#[tokio::test]
async fn dropping_an_answer_closes_the_socket_and_tells_what_was_used() {
    for wire in WIRES {
        let rig = Rig::new(wire).await;
        rig.stub.always(Fault::Stalls);
        let mut answer = rig.ask(wire.model()).await.unwrap();
        let first = answer.next().await.unwrap();
        assert_eq!(first, Ok(ChatEvent::Delta(TEXT[0].to_owned())));
        let used = answer.usage();
        assert!(used.estimated && used.completion_tokens > 0);
        drop(answer);
        rig.stub.hung_up(1).await;
        assert_eq!(
            rig.seen.count(&format!("chat {} cancelled", wire.model())),
            1
        );
        assert_eq!(*rig.seen.usage.lock(), [used]);
    }
}

#[tokio::test]
async fn giving_up_before_the_first_token_closes_the_socket_too() {
    for wire in WIRES {
        let rig = Rig::new(wire).await;
        rig.stub.always(Fault::NoFirstToken);
        tokio::select! {
            answer = rig.ask(wire.model()) => panic!("answered: {:?}", answer.map(|_| ())),
            () = async { while rig.stub.requests().is_empty() { tokio::task::yield_now().await } } => {}
        }
        rig.stub.hung_up(1).await;
        assert_eq!(
            rig.seen.lines(),
            [format!("chat {} cancelled", wire.model())]
        );
    }
}

#[tokio::test]
async fn an_answer_read_to_its_end_leaves_the_connection_for_the_next() {
    for wire in WIRES {
        let rig = Rig::new(wire).await;
        for _ in 0..3 {
            rig.read(wire.model()).await.unwrap();
        }
        assert_eq!(rig.stub.connections(), 1, "{wire:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unavailable() {
    for wire in WIRES {
        let nowhere = "http://127.0.0.1:1/v1".to_owned();
        let rig = Rig::with(wire, |settings| {
            settings.openai.base_url.clone_from(&nowhere);
            settings.gemini.base_url = nowhere;
        })
        .await;
        let error = rig.read(wire.model()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable { retry_after: None });
        let probed = rig
            .gateway
            .probe(tokio::time::Instant::now() + Duration::from_secs(5))
            .await;
        assert!(probed[0].1.is_err());
    }
}
