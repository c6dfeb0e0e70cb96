//! Jobs, all of them.

use api::console as wire;
use entities::JobId;

use super::{TAG, act, actor, look, once};
use crate::{
    features::admin::{acting, engine::Engine},
    platform::{
        http::{Admin, Auditor, Call, Guard, Json, NoBody, Operation, Problem, Query, Registry},
        jobs::JobAction,
        limits::LimitClass,
    },
};

const NOT_FOUND: &str = "Job not found";

pub(super) fn mount(registry: &mut Registry, engine: &Engine) {
    mount_lists(registry, engine);
    mount_one(registry, engine);
    mount_acts(registry, engine);
}

fn mount_lists(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look("/api/admin/jobs", "The jobs, by filter and in order")
            .description("Bare words are looked for in id, kind, owner and error.")
            .refuses(&[400]),
        engine.clone(),
        list,
    );
    registry.mount_with(
        look("/api/admin/jobs/count", "How many jobs match"),
        engine.clone(),
        count,
    );
    registry.mount_with(
        look(
            "/api/admin/jobs/counts",
            "How many jobs match, by state or kind",
        ),
        engine.clone(),
        counts,
    );
    registry.mount_with(
        look(
            "/api/admin/jobs/series",
            "What became of jobs, step by step",
        ),
        engine.clone(),
        series,
    );
    registry.mount_with(
        look("/api/admin/jobs/statistics", "How the kinds of jobs fare"),
        engine.clone(),
        statistics,
    );
    registry.mount_with(
        look(
            "/api/admin/jobs/schedules",
            "When jobs are added by the clock",
        ),
        engine.clone(),
        schedules,
    );
}

fn mount_one(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look("/api/admin/jobs/{id}", "A job with its inside")
            .description(
                "By its number, or by the UUID that its charges bear, as in every act on it.",
            )
            .refuses(&[404]),
        engine.clone(),
        one,
    );
    registry.mount_with(
        look(
            "/api/admin/jobs/{id}/events",
            "A job's log, the oldest first",
        )
        .refuses(&[400, 404]),
        engine.clone(),
        events,
    );
}

fn mount_acts(registry: &mut Registry, engine: &Engine) {
    let one = |path, summary| act(path, summary).refuses(&[400, 404, 409, 503]);
    registry.mount_with(
        one("/api/admin/jobs/{id}/cancel", "Stop a job"),
        engine.clone(),
        cancel,
    );
    registry.mount_with(
        one("/api/admin/jobs/{id}/retry", "Let a waiting job run now"),
        engine.clone(),
        retry,
    );
    registry.mount_with(
        one(
            "/api/admin/jobs/{id}/replay",
            "Do a job again that failed or was stopped",
        ),
        engine.clone(),
        replay,
    );
    registry.mount_with(
        Operation::post("/api/admin/jobs/bulk/preview")
            .summary("Say what an act on many jobs would do")
            .description("Changes nothing. The token fixes the jobs, for ten minutes.")
            .tag(TAG)
            .limit(LimitClass::AdminAction)
            .refuses(&[400, 422, 503]),
        engine.clone(),
        preview,
    );
    registry.mount_with(
        act("/api/admin/jobs/bulk", "Do what a preview said").description(
            "To exactly these jobs; those that have changed are left out and told. A preview \
                 can be used once. Beyond 100 jobs a job does it, which `job` names.",
        ),
        engine.clone(),
        bulk,
    );
}

async fn list(
    engine: Engine,
    _: Call<Auditor>,
    Query(query): Query<wire::ListQuery>,
) -> Result<Json<wire::JobPage>, Problem> {
    Ok(Json(engine.list_jobs(query).await?))
}

async fn count(
    engine: Engine,
    _: Call<Auditor>,
    Query(query): Query<wire::CountQuery>,
) -> Result<Json<wire::Count>, Problem> {
    Ok(Json(engine.count_jobs(&query).await?))
}

async fn counts(
    engine: Engine,
    _: Call<Auditor>,
    Query(query): Query<wire::JobCountsQuery>,
) -> Result<Json<wire::Tallies>, Problem> {
    Ok(Json(engine.tally_jobs(&query).await?))
}

async fn series(
    engine: Engine,
    _: Call<Auditor>,
    Query(query): Query<wire::JobsSeriesQuery>,
) -> Result<Json<wire::JobsSeries>, Problem> {
    let step = query.step_s.unwrap_or(60);
    if !(10..=3_600).contains(&step) {
        let message = "Must be between 10 and 3600 seconds";
        return Err(Problem::invalid(&["query", "step_s"], message));
    }
    Ok(Json(engine.jobs_series(step).await?))
}

async fn statistics(
    engine: Engine,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::JobStatistics>, Problem> {
    Ok(Json(engine.job_statistics().await?))
}

async fn schedules(
    engine: Engine,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::JobSchedules>, Problem> {
    Ok(Json(engine.job_schedules().await?))
}

/// The number of the job that the path names by it, or by the UUID that charges and traces bear.
async fn named<G: Guard>(engine: &Engine, call: &Call<G>) -> Result<i64, Problem> {
    let name: String = call.path_or_missing("id", NOT_FOUND)?;
    match (name.parse(), name.parse()) {
        (Ok(number), _) => Ok(number),
        (_, Ok(id)) => Ok(engine.job_number(JobId(id)).await?),
        _ => Err(Problem::not_found(NOT_FOUND)),
    }
}

async fn one(
    engine: Engine,
    call: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::JobDetail>, Problem> {
    let number = named(&engine, &call).await?;
    Ok(Json(engine.job_detail(number).await?))
}

async fn events(
    engine: Engine,
    call: Call<Auditor>,
    Query(query): Query<wire::ListQuery>,
) -> Result<Json<wire::JobEventPage>, Problem> {
    let number = named(&engine, &call).await?;
    let limit = query.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid(
            &["query", "limit"],
            "Must be between 1 and 200",
        ));
    }
    let cursor = query.cursor.as_deref().unwrap_or("0");
    let after = cursor
        .parse()
        .map_err(|_| Problem::bad_request("The cursor is not one of this list"))?;
    Ok(Json(engine.job_events(number, after, limit).await?))
}

async fn do_to_one(
    engine: Engine,
    call: Call<Admin>,
    action: JobAction,
) -> Result<Json<wire::Job>, Problem> {
    let number = named(&engine, &call).await?;
    let (acting, by) = (engine.clone(), acting::by(&call));
    let act = async move { acting.act_on_job(&by, number, action).await };
    let operation = format!("{} job {number}", action.as_str());
    Box::pin(once(&engine, &call, &operation, &(), act)).await
}

async fn cancel(engine: Engine, call: Call<Admin>, _: NoBody) -> Result<Json<wire::Job>, Problem> {
    Box::pin(do_to_one(engine, call, JobAction::Cancel)).await
}

async fn retry(engine: Engine, call: Call<Admin>, _: NoBody) -> Result<Json<wire::Job>, Problem> {
    Box::pin(do_to_one(engine, call, JobAction::RetryNow)).await
}

async fn replay(engine: Engine, call: Call<Admin>, _: NoBody) -> Result<Json<wire::Job>, Problem> {
    Box::pin(do_to_one(engine, call, JobAction::Replay)).await
}

async fn preview(
    engine: Engine,
    call: Call<Admin>,
    Json(bulk): Json<wire::JobsBulk>,
) -> Result<Json<wire::BulkPreview>, Problem> {
    Ok(Json(engine.preview_jobs(actor(&call), bulk).await?))
}

async fn bulk(
    engine: Engine,
    call: Call<Admin>,
    Json(run): Json<wire::BulkRun>,
) -> Result<Json<wire::BulkDone>, Problem> {
    let (acting, by, token) = (engine.clone(), acting::by(&call), run.preview_token.clone());
    let act = async move { acting.apply_preview(&by, &token).await };
    once(&engine, &call, "act on many jobs", &run, act).await
}
