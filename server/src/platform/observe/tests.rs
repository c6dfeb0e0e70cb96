use std::time::Duration;

use entities::Nanos;

use super::Observers;
use crate::platform::{
    ai::{AiObserver, BreakerState, ErrorKind, FinishedCall, ModelRef, Operation, Outcome},
    ai::{ProviderName, Usage},
    auth::observer::{AuthObserver, RefreshResult, SignInResult, TokenRejection},
    budgets::{BudgetObserver, Resolution},
    db::DbObserver,
    http::{EdgeObserver, Finished},
    jobs::{JobObserver, RunResult},
    limits::LimitClass,
    telemetry::{DECLARATIONS, Telemetry},
};

fn observers() -> (Observers, Telemetry) {
    let telemetry = Telemetry::new().unwrap();
    (Observers::new(telemetry.clone()), telemetry)
}

/// The value of the one series of this name that has all these labels.
fn value(telemetry: &Telemetry, name: &str, labels: &[&str]) -> String {
    let page = telemetry.render();
    let mut found = page.lines().filter(|line| {
        let series = line.rsplit_once(' ').map_or("", |(series, _)| series);
        series.split('{').next() == Some(name) && labels.iter().all(|label| series.contains(label))
    });
    let line = found
        .next()
        .unwrap_or_else(|| panic!("{name} {labels:?} is not in\n{page}"));
    assert_eq!(found.next(), None, "{name} {labels:?} names several series");
    line.rsplit_once(' ').unwrap().1.to_owned()
}

#[test]
fn a_request_is_counted_by_route_and_status_and_only_our_faults_are_errors() {
    let (observers, telemetry) = observers();
    observers.in_flight("GET", 1);
    assert_eq!(
        value(&telemetry, "http_server_active_requests", &["GET"]),
        "1"
    );
    observers.in_flight("GET", -1);
    for status in [200, 404, 503] {
        observers.request_finished(&Finished {
            method: "GET",
            route: "/api/stores",
            status,
            duration: Duration::from_millis(3),
        });
    }
    let route = "endpoint=\"/api/stores\"";
    assert_eq!(
        value(&telemetry, "http_server_active_requests", &["GET"]),
        "0"
    );
    assert_eq!(
        value(&telemetry, "http_requests_total", &[route, "404"]),
        "1"
    );
    let count = "http_server_request_duration_seconds_count";
    assert_eq!(value(&telemetry, count, &["error_type=\"503\""]), "1");
    assert_eq!(
        value(&telemetry, count, &["\"404\"", "error_type=\"\""]),
        "1"
    );
}

#[test]
fn refusals_of_the_edge_are_counted_by_reason() {
    let (observers, telemetry) = observers();
    let decisions = "binnacle_ratelimit_decisions_total";
    let refused = ["class=\"chat\"", "decision=\"refused\""];
    assert_eq!(value(&telemetry, decisions, &refused), "0");
    observers.limited(LimitClass::Chat, false);
    observers.limited(LimitClass::Chat, true);
    EdgeObserver::denied(&observers, "/api/admin/users", 401);
    EdgeObserver::denied(&observers, "/api/admin/users", 403);
    observers.csrf_rejected("/api/stores");
    observers.panic();
    assert_eq!(value(&telemetry, decisions, &refused), "1");
    for reason in ["unauthenticated", "forbidden"] {
        assert_eq!(
            value(&telemetry, "binnacle_authz_denied_total", &[reason]),
            "1"
        );
    }
    assert_eq!(value(&telemetry, "binnacle_csrf_rejected_total", &[]), "1");
    assert_eq!(value(&telemetry, "binnacle_panics_total", &[]), "1");
}

#[test]
fn files_are_counted_by_why_they_are_refused() {
    let (observers, telemetry) = observers();
    let uploads = "binnacle_uploads_total";
    let refusals = [
        (413, "\"too_large\""),
        (415, "\"type\""),
        (400, "\"malformed\""),
    ];
    for (_, result) in refusals {
        assert_eq!(value(&telemetry, uploads, &["\"unknown\"", result]), "0");
    }
    for (status, _) in refusals {
        observers.file_came("/api/upload", 0, Some(status));
    }
    for refused in [Some(422), Some(402), Some(401), Some(503), None] {
        observers.file_came("/api/upload", 5_000, refused);
    }
    for (count, (_, result)) in ["1", "1", "2"].into_iter().zip(refusals) {
        assert_eq!(value(&telemetry, uploads, &[result]), count);
    }
    let sizes = "http_server_request_body_size_bytes";
    for (part, amount) in [("count", "5"), ("sum", "25000")] {
        let series = format!("{sizes}_{part}");
        assert_eq!(value(&telemetry, &series, &["/api/upload"]), amount);
    }
}

#[test]
fn a_call_of_a_provider_is_counted_with_its_tokens() {
    let (observers, telemetry) = observers();
    let model = ModelRef::new(ProviderName::Gemini, "gemini-2.5-flash");
    let call = |outcome| FinishedCall {
        operation: Operation::Chat,
        model: &model,
        outcome,
        duration: Duration::from_secs(2),
        chunks: 5,
        streaming: Duration::from_secs(1),
    };
    observers.call_finished(&call(Outcome::Completed));
    observers.call_finished(&call(Outcome::Failed(ErrorKind::Timeout)));
    let usage = Usage {
        prompt_tokens: 70,
        completion_tokens: 7,
        estimated: false,
    };
    observers.tokens(Operation::Chat, &model, usage);
    let embedded = Usage {
        completion_tokens: 0,
        ..usage
    };
    observers.tokens(Operation::Embeddings, &model, embedded);
    let calls = "gemini_api_calls_total";
    assert_eq!(value(&telemetry, calls, &["chat", "\"ok\""]), "1");
    assert_eq!(value(&telemetry, calls, &["chat", "\"error\""]), "1");
    let operations = "gen_ai_client_operation_duration_seconds_count";
    assert_eq!(value(&telemetry, operations, &["timeout"]), "1");
    let gaps = "gen_ai_client_operation_time_per_output_chunk_seconds_sum";
    assert_eq!(value(&telemetry, gaps, &[]), "0.5");
    for (kind, tokens) in [("prompt", "70"), ("completion", "7"), ("index", "70")] {
        assert_eq!(value(&telemetry, "llm_tokens_total", &[kind]), tokens);
    }
}

#[test]
fn what_providers_and_models_may_do_has_its_series_from_the_start() {
    let (observers, telemetry) = observers();
    let model = ModelRef::new(ProviderName::OpenAi, "gpt-4o-mini");
    observers.expect(&[ProviderName::OpenAi, ProviderName::Offline], &[&model]);
    let fallbacks = "binnacle_provider_fallbacks_total";
    let ways = ["from=\"openai\"", "to=\"offline\""];
    assert_eq!(value(&telemetry, fallbacks, &ways), "0");
    for kind in ["prompt", "completion"] {
        assert_eq!(value(&telemetry, "llm_tokens_total", &[kind]), "0");
    }
    observers.fell_back(ProviderName::OpenAi, ProviderName::Offline);
    assert_eq!(value(&telemetry, fallbacks, &[]), "1");
}

#[test]
fn a_breaker_is_in_one_state() {
    let (observers, telemetry) = observers();
    observers.breaker(ProviderName::OpenAi, BreakerState::Open);
    observers.breaker(ProviderName::OpenAi, BreakerState::HalfOpen);
    let name = "binnacle_provider_breaker_state";
    let half_open = format!("\"{}\"", BreakerState::HalfOpen.as_str());
    let open = format!("\"{}\"", BreakerState::Open.as_str());
    assert_eq!(value(&telemetry, name, &["openai", &half_open]), "1");
    assert_eq!(value(&telemetry, name, &["openai", &open]), "0");
}

#[test]
fn money_is_counted_in_nano_dollars() {
    let (observers, telemetry) = observers();
    observers.charged("gemini", "m", Nanos(1_500), Nanos::ZERO);
    observers.charged("gemini", "m", Nanos(500), Nanos(3));
    observers.resolved(Resolution::ExpiredPosted);
    let spend = "binnacle_budget_spend_nanodollars_total";
    assert_eq!(value(&telemetry, spend, &["gemini"]), "2000");
    let overruns = "binnacle_budget_overruns_total";
    assert_eq!(value(&telemetry, overruns, &[]), "1");
    let resolutions = "binnacle_budget_resolutions_total";
    assert_eq!(value(&telemetry, resolutions, &["expired_posted"]), "1");
}

#[test]
fn every_word_of_identity_has_its_series_from_the_start() {
    let (observers, telemetry) = observers();
    let before = telemetry.render().lines().count();
    for result in [SignInResult::Ok, SignInResult::Bad, SignInResult::Disabled] {
        observers.signed_in(result);
    }
    for result in [
        RefreshResult::Rotated,
        RefreshResult::Grace,
        RefreshResult::Reuse,
        RefreshResult::Expired,
        RefreshResult::Revoked,
        RefreshResult::Unknown,
    ] {
        observers.refreshed(result);
    }
    for reason in [
        TokenRejection::TooLarge,
        TokenRejection::Malformed,
        TokenRejection::Algorithm,
        TokenRejection::UnknownKey,
        TokenRejection::Signature,
        TokenRejection::Claims,
        TokenRejection::Expired,
        TokenRejection::NotYetValid,
        TokenRejection::UnknownUser,
        TokenRejection::Revoked,
        TokenRejection::Inactive,
    ] {
        observers.token_rejected(reason);
    }
    assert_eq!(telemetry.render().lines().count(), before);
}

#[test]
fn every_result_of_a_known_kind_of_job_has_its_series_from_the_start() {
    let (observers, telemetry) = observers();
    observers.expect_jobs(&["index_document"]);
    let finished = "binnacle_jobs_finished_total";
    for result in RunResult::ALL {
        let labels = ["index_document", &format!("\"{}\"", result.as_str())];
        assert_eq!(value(&telemetry, finished, &labels), "0");
    }
    observers.rescued("index_document", true);
    assert_eq!(value(&telemetry, finished, &["\"dead\""]), "1");
}

#[test]
fn a_transaction_counts_all_whom_it_served() {
    let (observers, telemetry) = observers();
    observers.transaction("sqlite", 3, true, Duration::from_millis(2));
    observers.transaction("sqlite", 1, false, Duration::from_millis(2));
    let writes = "binnacle_db_writes_total";
    assert_eq!(value(&telemetry, writes, &["group", "\"ok\""]), "3");
    assert_eq!(value(&telemetry, writes, &["single", "\"error\""]), "1");
}

#[test]
fn labels_hold_what_is_declared() {
    let (observers, telemetry) = observers();
    observers.expect_jobs(&["index_document"]);
    let model = ModelRef::new(ProviderName::Gemini, "gemini-2.5-flash");
    observers.expect(&[ProviderName::Gemini, ProviderName::OpenAi], &[&model]);
    for state in BreakerState::ALL {
        observers.breaker(ProviderName::Gemini, state);
    }
    let values = telemetry.values();
    let mut seen = 0;
    for series in values.iter() {
        let mut declarations = DECLARATIONS.iter();
        let declared = declarations.find(|declared| declared.name == series.name);
        let declared = declared.unwrap_or_else(|| panic!("{series:?} is not in the catalogue"));
        for label in declared.labels {
            let value = series.label(label).unwrap_or_default();
            assert!(declared.allows(label, value), "{series:?}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}
