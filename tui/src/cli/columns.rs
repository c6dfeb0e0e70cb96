//! The columns of plain tables: what a person wants to see of a thing, the most important first.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::runtime::export::cell;
use crate::text::clean::clean;
use crate::text::units;

/// A column: its heading, and the field that it shows.
pub type Shown = (&'static str, &'static str);

const ALARMS: &[Shown] = &[
    ("SEVERITY", "severity"),
    ("TEXT", "text"),
    ("SINCE", "since_at"),
    ("ID", "id"),
];

const USERS: &[Shown] = &[
    ("ID", "id"),
    ("USER", "email"),
    ("ROLE", "role"),
    ("STATUS", "status"),
    ("SPENT", "budget.spent_nanos"),
    ("LIMIT", "budget.limit_nanos"),
    ("USED", "budget.used_ratio"),
    ("FORECAST", "budget.forecast_nanos"),
    ("JOBS", "jobs_open"),
    ("STREAMS", "streams_open"),
    ("SIGN-INS", "sessions"),
    ("SEEN", "last_seen_at"),
    ("SINCE", "created_at"),
];

const BUDGETS: &[Shown] = &[
    ("USER", "email"),
    ("LIMIT", "budget.limit_nanos"),
    ("SPENT", "budget.spent_nanos"),
    ("HELD", "budget.held_nanos"),
    ("LEFT", "budget.left_nanos"),
    ("USED", "budget.used_ratio"),
    ("FORECAST", "budget.forecast_nanos"),
    ("REACHED", "budget.exhausts_at"),
];

const JOBS: &[Shown] = &[
    ("ID", "id"),
    ("KIND", "kind"),
    ("STATE", "state"),
    ("OWNER", "owner_email"),
    ("STAGE", "stage"),
    ("DONE", "progress_ratio"),
    ("TRY", "attempt"),
    ("OF", "attempts"),
    ("COST", "cost_nanos"),
    ("CREATED", "created_at"),
    ("UPDATED", "updated_at"),
];

const STREAMS: &[Shown] = &[
    ("ID", "id"),
    ("USER", "email"),
    ("STATE", "state"),
    ("MODEL", "model"),
    ("TOKENS", "tokens_out"),
    ("TOKENS/S", "tokens_per_s"),
    ("FIRST", "first_token_ms"),
    ("COST", "cost_nanos"),
    ("STARTED", "started_at"),
];

const LEDGER: &[Shown] = &[
    ("ID", "id"),
    ("AT", "at"),
    ("USER", "user_id"),
    ("KIND", "kind"),
    ("MODEL", "model"),
    ("AMOUNT", "amount_nanos"),
    ("IN", "tokens_in"),
    ("OUT", "tokens_out"),
    ("JOB", "job_id"),
];

const RETENTION: &[Shown] = &[
    ("CLASS", "class"),
    ("DAYS", "days"),
    ("FROM", "source"),
    ("ROWS", "rows"),
    ("FILES", "blobs"),
    ("BYTES", "bytes"),
    ("OLDEST", "oldest_at"),
    ("NEXT RUN", "next_run_at"),
];

const RUNS: &[Shown] = &[
    ("ID", "id"),
    ("CLASS", "class"),
    ("OUTCOME", "outcome"),
    ("ROWS", "rows"),
    ("FILES", "blobs"),
    ("BYTES", "bytes"),
    ("HELD BACK", "held_back"),
    ("STARTED", "started_at"),
    ("FINISHED", "finished_at"),
];

const PROVIDERS: &[Shown] = &[
    ("PROVIDER", "name"),
    ("STATE", "state"),
    ("CALLS", "calls"),
    ("ERRORS", "error_ratio"),
    ("P50", "latency_ms.p50"),
    ("P95", "latency_ms.p95"),
    ("SPENT", "spend_nanos"),
];

const AUDIT: &[Shown] = &[
    ("ID", "id"),
    ("AT", "at"),
    ("WHO", "actor_email"),
    ("ACTION", "action"),
    ("KIND", "target_type"),
    ("TARGET", "target_label"),
    ("NUMBER", "target_id"),
    ("FROM", "via"),
];

const DELETED: &[Shown] = &[
    ("STORE", "id"),
    ("OWNER", "owner_email"),
    ("DOCUMENTS", "documents"),
    ("BYTES", "size_bytes"),
    ("DELETED", "deleted_at"),
    ("GONE", "purged_at"),
];

/// The columns of a noun's list.
pub fn of(noun: &str) -> &'static [Shown] {
    match noun {
        "alarms" => ALARMS,
        "users" => USERS,
        "budgets" => BUDGETS,
        "jobs" => JOBS,
        "streams" => STREAMS,
        "ledger" => LEDGER,
        "retention" => RETENTION,
        "runs" => RUNS,
        "providers" => PROVIDERS,
        "audit" => AUDIT,
        "deleted" => DELETED,
        _ => &[],
    }
}

/// What the next run of a class would delete.
pub const FORECAST: &[Shown] = &[
    ("CLASS", "class"),
    ("DAYS", "days"),
    ("ROWS", "rows"),
    ("FILES", "blobs"),
    ("BYTES", "bytes"),
    ("USERS", "users"),
    ("HELD BACK", "held_back"),
];

/// A value as people read it, in the unit that its name says; whether it is a number.
pub fn value(field: &str, value: Option<&Value>) -> (String, bool) {
    let whole = value.and_then(Value::as_i64);
    let real = value.and_then(Value::as_f64);
    let last = field.rsplit('.').next().unwrap_or(field);
    match (value, whole, real) {
        (None | Some(Value::Null), ..) => (units::UNKNOWN.to_owned(), true),
        (_, Some(nanos), _) if last.ends_with("_nanos") => (units::money(nanos), true),
        (_, Some(bytes), _) if last.ends_with("bytes") => {
            (units::bytes(bytes.unsigned_abs()), true)
        }
        (_, _, Some(share)) if last.ends_with("_ratio") => (units::percent(share), true),
        (_, _, Some(ms)) if field.contains("_ms") => (units::duration_ms(units::whole(ms)), true),
        (Some(Value::String(text)), ..) if last == "at" || last.ends_with("_at") => {
            match text.parse::<DateTime<Utc>>() {
                Ok(at) => (units::moment(at), false),
                Err(_) => (clean(text).into_owned(), false),
            }
        }
        (Some(Value::String(text)), ..) => (clean(text).into_owned(), false),
        (other, _, number) => {
            let text = cell(other);
            (clean(&text).into_owned(), number.is_some())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::acts::nouns::NOUNS;

    #[test]
    fn every_list_has_columns() {
        for noun in NOUNS {
            assert_eq!(
                noun.list.is_some(),
                !of(noun.name).is_empty(),
                "{}",
                noun.name
            );
        }
    }

    #[test]
    fn values_are_written_in_the_unit_of_their_name() {
        let written = |field: &str, json: serde_json::Value| value(field, Some(&json)).0;
        assert_eq!(
            written("budget.spent_nanos", json!(12_400_000_000_i64)),
            "$12.40"
        );
        assert_eq!(written("size_bytes", json!(2048)), "2.0 KiB");
        assert_eq!(written("error_ratio", json!(0.5)), "50 %");
        assert_eq!(written("latency_ms.p95", json!(1400.0)), "1.4s");
        assert_eq!(
            written("at", json!("2026-11-21T02:47:09Z")),
            "2026-11-21 02:47:09"
        );
        assert_eq!(written("text", json!("a\u{1b}[2J")), "a<U+001B>[2J");
        assert_eq!(value("limit_nanos", None).0, "-");
    }
}
