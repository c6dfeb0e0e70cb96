//! Every metric, declared once: name, kind, unit (in the name), labels with bounded values, help.
//!
//! Standard ones keep OpenTelemetry's names in Prometheus' spelling; the rest begin with
//! `binnacle_`. Labels never hold ids, addresses, raw paths or free text.

use super::metric::{Counter, Declaration, Gauge, Histogram, Kind, Series};

const HTTP_SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
const DB_SECONDS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
const GENAI_SECONDS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const STORE_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
const JOB_SECONDS: &[f64] = &[
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3_600.0,
];
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Makes a struct with a field for each metric, its declarations, and the series known from the
/// start, which are exported as 0 so that nothing is missing before the first event.
macro_rules! catalogue {
    ($($(#[doc = $help:literal])+ $kind:ident($($buckets:ident)?) $field:ident: $name:literal [$($label:ident),*] $(= [$([$($known:literal),*]),+])?;)+) => {
        /// Handles on every metric of one application.
        pub(crate) struct Metrics {
            $($(#[doc = $help])+ pub(crate) $field: $kind<{ let labels: &[&str] = &[$(stringify!($label)),*]; labels.len() }>,)+
        }

        #[expect(non_upper_case_globals, reason = "one constant for each field, under its name")]
        mod declared {
            use super::*;
            $(pub(super) static $field: Declaration = Declaration {
                name: $name,
                kind: catalogue!(@kind $kind $($buckets)?),
                help: concat!($($help),+),
                labels: &[$(stringify!($label)),*],
            };)+
        }

        /// Every declaration, in the order of the catalogue.
        pub(crate) static DECLARATIONS: &[&Declaration] = &[$(&declared::$field),+];

        /// The field of each declaration, in the same order.
        #[cfg(test)]
        pub(super) const FIELDS: &[&str] = &[$(stringify!($field)),+];

        impl Metrics {
            pub(super) fn new(series: &Series) -> Self {
                let metrics = Self {
                    $($field: $kind::new(series, &declared::$field),)+
                };
                $($($(catalogue!(@zero $kind metrics.$field, [$($known),*]);)+)?)+
                metrics
            }
        }
    };
    (@kind Counter) => { Kind::Counter };
    (@kind Gauge) => { Kind::Gauge };
    (@kind Histogram $buckets:ident) => { Kind::Histogram($buckets) };
    (@zero Counter $metric:expr, $known:expr) => { $metric.add($known, 0) };
    (@zero Gauge $metric:expr, $known:expr) => { $metric.set($known, 0.0) };
    (@zero Histogram $metric:expr, $known:expr) => { let _: [&str; _] = $known; };
}

catalogue! {
    /// Requests answered, by route template.
    Counter() http_requests: "http_requests_total" [method, endpoint, status];
    /// Time to answer a request, by route template.
    Histogram(HTTP_SECONDS) http_request_seconds: "http_request_duration_seconds" [method, endpoint];
    /// Time to answer a request (OpenTelemetry http.server.request.duration).
    Histogram(HTTP_SECONDS) http_server_request_seconds: "http_server_request_duration_seconds" [http_request_method, http_route, http_response_status_code, error_type];
    /// Requests being answered.
    Gauge() http_server_active_requests: "http_server_active_requests" [http_request_method];
    /// Whether the database accepts writes: 1 or 0.
    Gauge() db_writable: "binnacle_db_writable" [];
    /// Time of one read, or of one transaction of the write door (OpenTelemetry db.client.operation.duration).
    Histogram(DB_SECONDS) db_client_operation_seconds: "db_client_operation_duration_seconds" [db_system_name, db_operation_name, error_type];
    /// Connections open, by pool and by whether they are in use (OpenTelemetry db.client.connection.count).
    Gauge() db_client_connections: "db_client_connections" [db_client_connection_pool_name, db_client_connection_state] = [["reader", "used"], ["reader", "idle"], ["writer", "used"], ["writer", "idle"]];
    /// Connections that a pool may have.
    Gauge() db_client_connections_max: "db_client_connection_max" [db_client_connection_pool_name] = [["reader"], ["writer"]];
    /// Callers that wait for a connection of a pool; for the writer, whose writes are not begun.
    Gauge() db_client_pending_requests: "db_client_connection_pending_requests" [db_client_connection_pool_name] = [["reader"], ["writer"]];
    /// Time that callers waited for a connection of a pool; for the writer, for their turn.
    Histogram(DB_SECONDS) db_client_wait_seconds: "db_client_connection_wait_time_seconds" [db_client_connection_pool_name];
    /// Callers that waited for a connection of a pool, or for their turn to write, in vain.
    Counter() db_client_timeouts: "db_client_connection_timeouts_total" [db_client_connection_pool_name] = [["reader"], ["writer"]];
    /// Transactions refused because another process held the file of SQLite for longer than 5 seconds.
    Counter() sqlite_busy: "binnacle_sqlite_busy_total" [] = [[]];
    /// Bytes of SQLite's write-ahead log; 0 with PostgreSQL.
    Gauge() sqlite_log_bytes: "binnacle_sqlite_wal_size_bytes" [] = [[]];
    /// How far the database's clock is ahead of this process's, in seconds; less than 0 when it is behind.
    Gauge() clock_skew_seconds: "binnacle_clock_skew_seconds" [] = [[]];
    /// Bytes of the disk that the storage folder is on.
    Gauge() disk_bytes: "binnacle_disk_size_bytes" [] = [[]];
    /// Bytes that are free on the disk that the storage folder is on.
    Gauge() disk_free_bytes: "binnacle_disk_free_bytes" [] = [[]];
    /// Time of one transaction of the write door, by whether it served one caller or several.
    Histogram(DB_SECONDS) db_write_seconds: "binnacle_db_write_duration_seconds" [batch, result];
    /// Callers that transactions of the write door have served.
    Counter() db_writes: "binnacle_db_writes_total" [batch, result] = [["single", "ok"], ["single", "error"], ["group", "ok"], ["group", "error"]];
    /// Time of one provider call, to its end.
    Histogram(GENAI_SECONDS) gen_ai_operation_seconds: "gen_ai_client_operation_duration_seconds" [gen_ai_operation_name, gen_ai_provider_name, gen_ai_request_model, error_type];
    /// Time between two pieces of a provider's text, as the mean of one answer.
    Histogram(GENAI_SECONDS) gen_ai_chunk_seconds: "gen_ai_client_operation_time_per_output_chunk_seconds" [gen_ai_provider_name, gen_ai_request_model];
    /// Time to the first text of a provider.
    Histogram(GENAI_SECONDS) gen_ai_first_chunk_seconds: "gen_ai_client_operation_time_to_first_chunk_seconds" [gen_ai_provider_name, gen_ai_request_model];
    /// Tokens of one call.
    Histogram(TOKENS) gen_ai_tokens: "gen_ai_client_token_usage" [gen_ai_token_type, gen_ai_provider_name, gen_ai_request_model];
    /// Tokens used, by model and type (prompt, completion, index).
    Counter() llm_tokens: "llm_tokens_total" [model, type];
    /// Provider calls, by operation and outcome.
    Counter() gemini_calls: "gemini_api_calls_total" [operation, status] = [["chat", "ok"], ["chat", "error"], ["chat", "cancelled"], ["embeddings", "ok"], ["embeddings", "error"], ["embeddings", "cancelled"]];
    /// Time of one provider call.
    Histogram(GENAI_SECONDS) gemini_latency_seconds: "gemini_api_latency_seconds" [operation];
    /// 1 for the state that the provider's circuit breaker is in.
    Gauge() provider_breaker_state: "binnacle_provider_breaker_state" [provider, state];
    /// Answers that came from a later provider than the first.
    Counter() provider_fallbacks: "binnacle_provider_fallbacks_total" [from, to];
    /// Keys of a provider set aside for the next one.
    Counter() provider_key_rotations: "binnacle_provider_key_rotations_total" [provider];
    /// Open answer streams.
    Gauge() streams_active: "binnacle_sse_streams_active" [kind] = [["chat"]];
    /// How many answer streams this process admits.
    Gauge() streams_limit: "binnacle_sse_streams_limit" [kind] = [["chat"]];
    /// Ended answer streams.
    Counter() streams_ended: "binnacle_sse_streams_ended_total" [kind, reason] = [["chat", "done"], ["chat", "client"], ["chat", "stopped"], ["chat", "error"], ["chat", "budget"], ["chat", "shutdown"], ["chat", "revoked"], ["chat", "admin"], ["chat", "capacity"]];
    /// Attempts to resume a stream.
    Counter() stream_resumes: "binnacle_sse_resume_total" [result] = [["replayed"], ["elsewhere"], ["lost"], ["denied"]];
    /// Consoles that follow the live feed.
    Gauge() feed_readers: "binnacle_feed_readers" [] = [[]];
    /// Events of the live feed, by topic.
    Counter() feed_events: "binnacle_feed_events_total" [topic];
    /// Events that a reader of the live feed was too slow for.
    Counter() feed_lost: "binnacle_feed_lost_total" [topic];
    /// Attempts to follow the live feed.
    Counter() feed_opened: "binnacle_feed_opened_total" [result] = [["snapshot"], ["resumed"], ["refused"]];
    /// Why feeds ended.
    Counter() feed_closed: "binnacle_feed_closed_total" [reason] = [["client"], ["token_expired"], ["forbidden"], ["shutdown"], ["slow"]];
    /// Attempts to reserve money.
    Counter() holds: "binnacle_budget_reservations_total" [result] = [["reserved"], ["denied"]];
    /// How reserved money was resolved.
    Counter() hold_resolutions: "binnacle_budget_resolutions_total" [result] = [["settled"], ["voided"], ["expired_void"], ["expired_posted"]];
    /// Charges above what was reserved, written in full all the same.
    Counter() overruns: "binnacle_budget_overruns_total" [] = [[]];
    /// Holds that were dropped without being settled: a bug.
    Counter() holds_dropped: "binnacle_budget_holds_dropped_total" [] = [[]];
    /// Money reserved and not yet resolved.
    Gauge() held_nanodollars: "binnacle_budget_reserved_nanodollars" [];
    /// Reservations not yet resolved.
    Gauge() holds_open: "binnacle_budget_reservations_open" [];
    /// When the oldest open reservation was made; 0 without one.
    Gauge() oldest_hold_timestamp: "binnacle_budget_oldest_reservation_timestamp_seconds" [];
    /// Money spent.
    Counter() spend_nanodollars: "binnacle_budget_spend_nanodollars_total" [provider, model];
    /// Difference between the periods and their ledger entries; must be 0.
    Gauge() ledger_drift_nanodollars: "binnacle_budget_ledger_drift_nanodollars" [];
    /// Jobs taken into the queue.
    Counter() jobs_enqueued: "binnacle_jobs_enqueued_total" [kind];
    /// Runs of jobs, by outcome.
    Counter() jobs_finished: "binnacle_jobs_finished_total" [kind, result];
    /// Time of one run.
    Histogram(JOB_SECONDS) job_seconds: "binnacle_job_duration_seconds" [kind];
    /// Time between being due and being claimed.
    Histogram(JOB_SECONDS) job_wait_seconds: "binnacle_job_queue_wait_seconds" [kind];
    /// Jobs by state, counted to 10,000.
    Gauge() jobs: "binnacle_jobs" [state];
    /// Jobs that failed and were not replayed, counted to 10,000.
    Gauge() job_dead_letters: "binnacle_job_dead_letters" [kind];
    /// When the job that has waited longest became due; 0 without one.
    Gauge() job_oldest_ready_timestamp: "binnacle_job_oldest_ready_timestamp_seconds" [];
    /// Leases that ran out.
    Counter() job_rescues: "binnacle_job_rescues_total" [kind];
    /// Results discarded because the lease had passed to another worker.
    Counter() job_leases_lost: "binnacle_job_lease_lost_total" [kind];
    /// When a periodic duty last ran.
    Gauge() scheduler_last_tick: "binnacle_scheduler_last_tick_timestamp_seconds" [task];
    /// Attempts to sign in.
    Counter() auth_attempts: "binnacle_auth_attempts_total" [method, result] = [["password", "ok"], ["password", "bad"], ["password", "disabled"]];
    /// Uses of refresh tokens.
    Counter() auth_refreshes: "binnacle_auth_refresh_total" [result] = [["rotated"], ["grace"], ["reuse"], ["expired"], ["revoked"], ["unknown"]];
    /// Time that a password waited for its turn to be hashed.
    Histogram(HTTP_SECONDS) auth_hash_wait_seconds: "binnacle_auth_hash_wait_seconds" [];
    /// Access tokens refused.
    Counter() auth_tokens_rejected: "binnacle_auth_tokens_rejected_total" [reason] = [["too_large"], ["malformed"], ["algorithm"], ["unknown_key"], ["signature"], ["claims"], ["expired"], ["not_yet_valid"], ["unknown_user"], ["revoked"], ["inactive"]];
    /// Acts of admins that can be asked for twice: done, answered again, refused.
    Counter() admin_acts: "binnacle_admin_acts_total" [result] = [["done"], ["repeated"], ["refused"]];
    /// Requests refused for want of a right.
    Counter() authz_denied: "binnacle_authz_denied_total" [reason] = [["unauthenticated"], ["forbidden"]];
    /// Changes refused for want of the CSRF header.
    Counter() csrf_rejected: "binnacle_csrf_rejected_total" [] = [[]];
    /// Decisions of the rate limiter.
    Counter() ratelimit_decisions: "binnacle_ratelimit_decisions_total" [class, decision];
    /// 1 while limits are to be shared through Redis and it does not answer.
    Gauge() ratelimit_degraded: "binnacle_ratelimit_backend_degraded" [];
    /// Calls counted by this process alone because Redis did not answer.
    Counter() ratelimit_fallbacks: "binnacle_ratelimit_fallbacks_total" [class];
    /// Uploads, by found type and outcome.
    Counter() uploads: "binnacle_uploads_total" [kind, result];
    /// Bytes of accepted uploads.
    Counter() upload_bytes: "binnacle_upload_bytes_total" [kind];
    /// Time of one operation on the object store.
    Histogram(STORE_SECONDS) object_store_seconds: "binnacle_object_store_duration_seconds" [operation, result];
    /// Citations in answers: kept, dropped because unknown, dropped because unsupported.
    Counter() citations: "binnacle_citations_total" [result] = [["kept"], ["unknown"], ["unsupported"]];
    /// Time of retrieval for one question.
    Histogram(HTTP_SECONDS) retrieval_seconds: "binnacle_retrieval_duration_seconds" [stage] = [["search"]];
    /// Rows that retention has deleted.
    Counter() retention_deleted: "binnacle_retention_deleted_total" [class] = [["chat"], ["usage"], ["uploads_tmp"], ["exports"], ["finished_jobs"], ["soft_deleted"], ["sessions"], ["stream_replay"], ["audit"], ["raw_audio"], ["transcripts"]];
    /// Bytes of texts, blobs and files that retention has deleted.
    Counter() retention_deleted_bytes: "binnacle_retention_deleted_bytes_total" [class] = [["chat"], ["usage"], ["uploads_tmp"], ["exports"], ["finished_jobs"], ["soft_deleted"], ["sessions"], ["stream_replay"], ["audit"], ["raw_audio"], ["transcripts"]];
    /// Rows whose time was over and that work under way needed, at the last run.
    Gauge() retention_held_back: "binnacle_retention_held_back_rows" [class];
    /// When a class was last gone through to its end.
    Gauge() retention_last_success: "binnacle_retention_last_success_timestamp_seconds" [class];
    /// Erasures of users: complete, or with something left.
    Counter() erasures: "binnacle_erasures_total" [result] = [["complete"], ["incomplete"]];
    /// Rows and blobs that were still there after an erasure; must not rise.
    Counter() erasure_remaining: "binnacle_erasure_remaining_total" [] = [[]];
    /// Files with everything of a user, by outcome.
    Counter() exports: "binnacle_exports_total" [result] = [["ok"], ["error"]];
    /// When the newest backup was finished; 0 without one.
    Gauge() backup_last_success: "binnacle_backup_last_success_timestamp_seconds" [];
    /// When a backup was last read back and every checksum held; 0 if never.
    Gauge() backup_verified: "binnacle_backup_restore_verified_timestamp_seconds" [];
    /// Bytes of the newest backup.
    Gauge() backup_size_bytes: "binnacle_backup_size_bytes" [];
    /// Panics caught.
    Counter() panics: "binnacle_panics_total" [] = [[]];
    /// Log lines of weight.
    Counter() log_messages: "binnacle_log_messages_total" [level] = [["warn"], ["error"]];
    /// Log lines lost, because whoever reads the log did not.
    Counter() log_lines_dropped: "binnacle_log_lines_dropped_total" [] = [[]];
    /// Spans on their way to the collector: sent, dropped because too many waited, lost with a
    /// request that failed.
    Counter() trace_spans: "binnacle_trace_spans_total" [result] = [["exported"], ["dropped"], ["failed"]];
    /// 1 while the process stops.
    Gauge() draining: "binnacle_draining" [];
    /// 1 when the process would answer /ready with 200.
    Gauge() ready: "binnacle_ready" [];
    /// Always 1; names what runs.
    Gauge() build_info: "binnacle_build_info" [version];
    /// Worker threads of the async runtime.
    Gauge() runtime_workers: "binnacle_tokio_workers" [];
    /// Tasks alive on the async runtime.
    Gauge() runtime_alive_tasks: "binnacle_tokio_alive_tasks" [];
    /// Tasks waiting in the runtime's global queue.
    Gauge() runtime_queue_depth: "binnacle_tokio_global_queue_depth" [];
}
