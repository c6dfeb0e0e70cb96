//! The routes of health, metrics and the front page.

use api::ops as wire;
use poem::http::header;

use super::{Ops, landing};
use crate::platform::{
    http::{
        Anyone, Call, Checked, Dialect, Family, GlobalLimit, Html, Json, MetricsReader, NoBody,
        Operation, Problem, PrometheusText, Raw, Registry, Word,
    },
    limits::LimitClass,
};

const TAG: &str = "operations";

/// `/health` itself counts against the global limit, as its contract has it; what machines ask all
/// the time does not.
pub(crate) const FAMILIES: [Family; 2] = [
    Family {
        prefix: "/health",
        dialect: Dialect::Detail,
        csrf: false,
        global_limit: GlobalLimit::PrefixOnly,
    },
    Family {
        prefix: "/metrics",
        dialect: Dialect::Error,
        csrf: false,
        global_limit: GlobalLimit::Exempt,
    },
];

/// Mounts health and the front page.
pub(crate) fn register(registry: &mut Registry, ops: &Ops) {
    register_health(registry, ops);
    registry.mount(
        operation("/").summary("What runs here"),
        |call: Call<Anyone>, _: NoBody| async move {
            let policy = landing::PAGE.policy.clone();
            call.set_header(header::CONTENT_SECURITY_POLICY, policy);
            Ok(Raw::<Html>::new(landing::PAGE.html.clone()))
        },
    );
}

/// Mounts what says how the house is.
pub(crate) fn register_health(registry: &mut Registry, ops: &Ops) {
    registry.mount_with(
        operation("/health")
            .limit(LimitClass::Global)
            .summary("Whether the house is well")
            .description(
                "503 when the database, every AI provider or a configured Redis does not answer. \
                 Providers are asked every 30 s at the most.",
            ),
        ops.clone(),
        health,
    );
    for path in ["/live", "/health/live"] {
        registry.mount(
            operation(path).summary("Whether the process runs"),
            |_: Call<Anyone>, _: NoBody| async { Ok(Json(live())) },
        );
    }
    registry.mount_with(
        operation("/ready")
            .summary("Whether requests can be served")
            .description(
                "503 when the database does not accept writes, the store takes no files or its \
                 disk is full, and while the server stops. Without Redis or a provider requests \
                 are served all the same: `/health` tells.",
            ),
        ops.clone(),
        ready,
    );
    registry.mount_with(
        operation("/health/ready")
            .summary("Whether requests can be served, by part")
            .description(
                "As `/ready`. `degraded` with 200 says that something is missing without which \
                 requests are served.",
            ),
        ops.clone(),
        ready_by_part,
    );
    registry.mount_with(
        operation("/startupz")
            .summary("Whether the server has been ready once")
            .description("`started`, or 503 and `starting`."),
        ops.clone(),
        started,
    );
}

/// Mounts the metrics.
pub(crate) fn register_metrics(registry: &mut Registry, ops: &Ops) {
    registry.mount_with(
        operation("/metrics")
            .summary("Metrics in the text format of Prometheus")
            .description("For the machine itself, allowed networks, and holders of the token."),
        ops.clone(),
        metrics,
    );
}

fn operation(path: &'static str) -> Operation {
    Operation::get(path).tag(TAG).limit(LimitClass::Exempt)
}

fn word(well: bool) -> String {
    if well { "ok" } else { "degraded" }.to_owned()
}

fn live() -> wire::Live {
    wire::Live {
        status: "ok".to_owned(),
    }
}

async fn health(ops: Ops, _: Call<Anyone>, _: NoBody) -> Result<Checked<wire::Health>, Problem> {
    let (database, gemini_api, redis) = tokio::join!(ops.database(), ops.providers(), ops.redis());
    let passed = database && gemini_api && redis;
    Ok(Checked {
        passed,
        body: wire::Health {
            status: word(passed),
            time: ops.0.parts.clock.now(),
            database,
            gemini_api,
            redis,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
    })
}

async fn ready(ops: Ops, _: Call<Anyone>, _: NoBody) -> Result<Checked<wire::Ready>, Problem> {
    let (database, storage, redis) = tokio::join!(ops.database(), ops.storage(), ops.redis());
    let draining = ops.draining();
    Ok(Checked {
        passed: database && storage && !draining,
        body: wire::Ready {
            database,
            storage,
            redis,
            draining,
        },
    })
}

async fn ready_by_part(
    ops: Ops,
    _: Call<Anyone>,
    _: NoBody,
) -> Result<Checked<wire::ReadyChecks>, Problem> {
    let (database, queue, redis, storage) =
        tokio::join!(ops.database(), ops.queue(), ops.redis(), ops.storage());
    let draining = ops.draining();
    let passed = database && queue && storage && !draining;
    let well = passed && redis;
    let redis = if ops.0.parts.redis_url.is_none() {
        check("skipped", Some("No Redis is configured"))
    } else {
        checked(redis, "Redis does not answer")
    };
    Ok(Checked {
        passed,
        body: wire::ReadyChecks {
            status: word(well),
            time: ops.0.parts.clock.now(),
            draining,
            checks: wire::Checks {
                database: checked(database, "The database does not accept writes"),
                queue: checked(queue, "The queue cannot be read"),
                redis,
                storage: checked(
                    storage,
                    "The object store does not take files, or its disk is full",
                ),
            },
        },
    })
}

fn checked(well: bool, reason: &str) -> wire::Check {
    if well {
        check("ok", None)
    } else {
        check("error", Some(reason))
    }
}

fn check(status: &str, reason: Option<&str>) -> wire::Check {
    wire::Check {
        status: status.to_owned(),
        reason: reason.map(ToOwned::to_owned),
    }
}

async fn started(ops: Ops, _: Call<Anyone>, _: NoBody) -> Result<Word, Problem> {
    let passed = ops.has_been_ready().await;
    let word = if passed { "started" } else { "starting" };
    Ok(Word { passed, word })
}

async fn metrics(
    ops: Ops,
    _: Call<MetricsReader>,
    _: NoBody,
) -> Result<Raw<PrometheusText>, Problem> {
    Ok(Raw::new(ops.0.parts.telemetry.render()))
}
