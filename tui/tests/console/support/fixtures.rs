//! A house as the server tells it.

use api::console::{Account, AuditRecord, Job, Snapshot};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::start;

mod live;
pub(crate) mod money;
mod rooms;

pub(crate) use live::*;
pub(crate) use rooms::*;

/// So long before the test began.
pub(crate) fn ago(seconds: i64) -> DateTime<Utc> {
    start() - Duration::seconds(seconds)
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a fixture in the wire's form")
}

/// A page of rows.
pub(crate) fn page<T: serde::Serialize>(items: &[T], next: Option<&str>) -> Value {
    json!({"items": items, "next_cursor": next})
}

pub(crate) fn count(count: i64) -> Value {
    json!({"count": count, "exact": true, "as_of": start()})
}

fn cents(count: i64) -> f64 {
    f64::from(i32::try_from(count).expect("a few cents"))
}

pub(crate) fn budget(limit: Option<i64>, spent: i64, forecast: Option<i64>) -> Value {
    let nanos = 10_000_000_i64;
    let (limit, spent) = (limit.map(|cents| cents * nanos), spent * nanos);
    json!({
        "period": "2026-11",
        "limit_nanos": limit,
        "spent_nanos": spent,
        "held_nanos": 310_000_000,
        "left_nanos": limit.map(|limit| (limit - spent - 310_000_000).max(0)),
        "used_ratio": limit.filter(|limit| *limit > 0).map(|limit| {
            cents(spent / nanos) / cents(limit / nanos)
        }),
        "forecast_nanos": forecast.map(|cents| cents * nanos),
        "forecast_band_nanos": forecast.map(|_| 380_000_000),
        "exhausts_at": forecast.map(|_| start() + Duration::days(3)),
        "daily_nanos": [100_000_000, 300_000_000, 0, 1_910_000_000, 200_000_000],
    })
}

fn user(
    id: i64,
    email: &str,
    role: &str,
    status: &str,
    budget: &Value,
    seen: Option<i64>,
) -> Account {
    read(json!({
        "id": id,
        "uuid": format!("00000000-0000-4000-8000-{id:012}"),
        "email": email,
        "role": role,
        "status": status,
        "notes": (id == 12).then_some("pays by card, asked for 20"),
        "created_at": ago(id * 86_400 * 2),
        "last_seen_at": seen.map(ago),
        "jobs_open": if id == 12 { 2 } else { 0 },
        "streams_open": i64::from(id == 12 || id == 13),
        "sessions": 3,
        "budget": budget,
        "rev": 1,
    }))
}

pub(crate) fn users() -> Vec<Account> {
    vec![
        user(
            1,
            "ada@ex.org",
            "admin",
            "active",
            &budget(None, 42, Some(70)),
            Some(0),
        ),
        user(
            12,
            "bo@ex.org",
            "user",
            "active",
            &budget(Some(1_500), 1_240, Some(2_031)),
            Some(3),
        ),
        user(
            13,
            "cy@ex.org",
            "user",
            "active",
            &budget(Some(2_500), 311, Some(510)),
            Some(120),
        ),
        user(
            14,
            "日本語の名前の人@例え.jp",
            "user",
            "active",
            &budget(Some(500), 84, None),
            None,
        ),
        user(
            15,
            "eva@ex.org",
            "auditor",
            "disabled",
            &budget(Some(0), 0, None),
            Some(3_628_800),
        ),
    ]
}

/// A job with what differs from a queued one.
pub(crate) fn job(id: i64, kind: &str, state: &str, more: &Value) -> Job {
    let mut job = json!({
        "id": id,
        "kind": kind,
        "state": state,
        "stage": null,
        "progress_ratio": 0.0,
        "attempt": 0,
        "attempts": 3,
        "owner_id": 12,
        "owner_email": "bo@ex.org",
        "priority": 5,
        "quote_nanos": 1_200_000_000_i64,
        "held_nanos": 0,
        "cost_nanos": null,
        "created_at": ago(240),
        "started_at": null,
        "updated_at": ago(9),
        "finished_at": null,
        "run_after": start() + Duration::seconds(12),
        "worker": null,
        "lease_until": null,
        "error": null,
        "replay_of": null,
        "replayed_by": null,
        "trace_id": "9f3c5f2a",
        "rev": 1,
    });
    if let (Value::Object(job), Value::Object(more)) = (&mut job, more) {
        job.extend(more.clone());
    }
    read(job)
}

pub(crate) fn jobs() -> Vec<Job> {
    vec![
        job(
            88_130,
            "transcribe",
            "running",
            &json!({
                "stage": "decode", "progress_ratio": 0.61, "attempt": 1, "cost_nanos": 41_000_000,
                "started_at": ago(230), "owner_email": "cy@ex.org", "owner_id": 13, "worker": "w2",
            }),
        ),
        job(
            88_121,
            "embed",
            "retrying",
            &json!({
                "stage": "embed", "progress_ratio": 0.4, "attempt": 3, "attempts": 5,
                "cost_nanos": 11_300_000, "held_nanos": 17_700_000, "quote_nanos": 29_000_000,
                "started_at": ago(540), "created_at": ago(550), "worker": "w2", "replay_of": 87_711,
                "error": {"class": "rate", "message": "quota per minute"},
            }),
        ),
        job(
            88_090,
            "transcribe",
            "awaiting_budget",
            &json!({
                "created_at": ago(11_400), "updated_at": ago(11_400),
            }),
        ),
        job(
            87_990,
            "index",
            "failed",
            &json!({
                "stage": "extract", "progress_ratio": 0.2, "attempt": 5, "attempts": 5,
                "cost_nanos": 200_000, "created_at": ago(86_400), "updated_at": ago(86_400),
                "owner_email": "cy@ex.org", "owner_id": 13,
                "error": {"class": "policy", "message": "refused by the provider"},
            }),
        ),
        job(
            87_980,
            "embed",
            "succeeded",
            &json!({
                "progress_ratio": 1.0, "attempt": 1, "cost_nanos": 900_000, "owner_email": null,
                "owner_id": null, "finished_at": ago(3_000), "updated_at": ago(3_000),
            }),
        ),
    ]
}

pub(crate) fn tallies() -> Value {
    let of = |value: &str, count: i64| json!({"value": value, "count": count, "exact": true});
    json!({
        "as_of": start(),
        "items": [
            of("queued", 12), of("running", 4), of("retrying", 1), of("awaiting_budget", 2),
            of("awaiting_input", 0), of("succeeded", 281), of("failed", 9), of("cancelled", 3),
        ],
    })
}

/// Sixty values that rise and fall.
pub(crate) fn wave(scale: f64) -> Vec<f64> {
    (0..60)
        .map(|at| (f64::from(at % 12) - 4.0).max(0.0) * scale)
        .collect()
}

pub(crate) fn series() -> Value {
    let points: Vec<Value> = wave(1.0)
        .iter()
        .zip(0..)
        .map(|(value, at)| {
            json!({
                "at": ago(3_600 - at * 60), "created": value.round(), "succeeded": value.round(),
                "failed": i64::from(at == 40),
            })
        })
        .map(|mut point| {
            for name in ["created", "succeeded"] {
                let whole = point[name].as_f64().map(|number| format!("{number:.0}"));
                point[name] = json!(whole.and_then(|text| text.parse::<i64>().ok()));
            }
            point
        })
        .collect();
    json!({"step_s": 60, "points": points})
}

pub(crate) fn alarms() -> Value {
    json!([
        {"id": "breaker:openai", "severity": "bad", "code": "breaker_not_closed",
         "object": {"kind": "provider", "id": "openai"}, "value": "half_open",
         "since_at": ago(41), "text": "provider openai breaker half-open"},
        {"id": "awaiting_budget", "severity": "warn", "code": "awaiting_budget",
         "object": {"kind": "job", "id": "88090"}, "value": "2",
         "since_at": ago(11_400), "text": "awaiting_budget 2 jobs, oldest 3h10"},
    ])
}

pub(crate) fn pulse() -> Value {
    json!({
        "at": start(), "window_s": 10, "requests_per_s": 18.4, "error_ratio": 0.004,
        "latency_ms": {"p50": 38.0, "p95": 210.0, "p99": 840.0},
        "first_token_ms": {"p50": 410.0, "p95": 820.0, "p99": 1_400.0},
        "tokens_out_per_s": 44.0, "spend_nanos_per_min": 31_000_000,
        "held_nanos": 1_420_000_000, "holds": 9, "drift_nanos": 0,
        "streams": {"open": 3, "capacity": 50, "refused_1m": 0, "resumed_1m": 2},
        "jobs": {"queued": 12, "running": 4, "slots": 8, "retrying": 1,
                 "next_retry_at": start() + Duration::seconds(12), "awaiting_budget": 2,
                 "awaiting_input": 0, "failed_24h": 3, "failed_median_7d": 2.0,
                 "oldest_queued_s": 41},
    })
}

/// The house's money of the month.
pub(crate) fn money() -> Value {
    json!({
        "budget": {
            "period": "2026-11", "limit_nanos": 400_000_000_000_i64,
            "spent_nanos": 184_200_000_000_i64, "held_nanos": 1_420_000_000_i64,
            "left_nanos": 214_380_000_000_i64, "used_ratio": 0.464,
            "forecast_nanos": 301_700_000_000_i64, "forecast_band_nanos": 38_000_000_000_i64,
            "exhausts_at": null, "daily_nanos": [],
        },
        "house_line_nanos": 400_000_000_000_i64,
        "default_limit_nanos": 25_000_000_000_i64,
        "holds": 9,
        "drift_nanos": 0,
    })
}

pub(crate) fn snapshot() -> Snapshot {
    let points: Vec<Value> = wave(3.0)
        .iter()
        .zip(0..)
        .map(|(value, at)| {
            json!({
                "at": ago(600 - at * 10),
                "requests_per_s": (at > 5).then_some(value),
                "error_ratio": if at == 30 { 0.05 } else { 0.0 },
                "tokens_out_per_s": value * 3.0,
                "streams_open": at % 5,
                "jobs_queued": at % 9,
            })
        })
        .collect();
    let line = |id: i64, email: &str, limit: Option<i64>, spent: i64| json!({"user_id": id, "email": email, "budget": budget(limit, spent, None)});
    read(json!({
        "scope": "house", "version": "0.4.0", "processes": 3, "now": start(),
        "me": {"email": "ada@ex.org", "role": "admin"},
        "pulse": pulse(),
        "series": points,
        "alarms": alarms(),
        "streams": streams(),
        "providers": providers(),
        "money": money(),
        "top_spend": [
            line(12, "bo@ex.org", Some(1_500), 1_240),
            line(13, "cy@ex.org", Some(2_500), 311),
            line(16, "dee@ex.org", None, 84),
        ],
        "stores": {"database": "sqlite", "database_bytes": 222_298_112, "blob_bytes": 3_328_599_654_i64,
                   "disk_free_bytes": 61_000_000_000_i64, "disk_bytes": 100_000_000_000_i64, "redis": false},
        "events": [
            {"at": ago(0), "kind": "job", "object": {"kind": "job", "id": "88121"},
             "text": "job 88121 embed failed rate (attempt 3/5)"},
            {"at": ago(11), "kind": "audit", "object": null,
             "text": "audit ada@ex.org set_budget bo@ex.org"},
            {"at": ago(28), "kind": "stream", "object": null,
             "text": "stream 5f2a cy@ex.org ended: done 1,204 tok"},
        ],
    }))
}

/// The snapshot as somebody of another role gets it.
pub(crate) fn snapshot_of(role: &str) -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.me = read(json!({"email": "eva@ex.org", "role": role}));
    snapshot
}

pub(crate) fn audit(id: i64, action: &str, undoable: bool) -> AuditRecord {
    read(json!({
        "id": id, "at": ago(11), "actor_id": 1, "actor_email": "ada@ex.org", "action": action,
        "target_type": "user", "target_id": "12", "target_label": "bo@ex.org",
        "before": {"limit_nanos": 10_000_000_000_i64}, "after": {"limit_nanos": 15_000_000_000_i64},
        "via": "console", "request_id": "9f3c", "hash": "ab".repeat(32),
        "undo": {"possible": undoable, "until": null, "undone_by": null},
    }))
}
