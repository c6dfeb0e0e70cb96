//! The life of data.

use api::console as wire;
use entities::UserId;

use super::{act, look, once, steer};
use crate::{
    features::admin::{acting, engine::Engine},
    platform::http::{
        Admin, Auditor, Call, Guard, Json, NoBody, Operation, Problem, Query, Registry,
    },
};

pub(super) fn mount(registry: &mut Registry, engine: &Engine) {
    mount_looks(registry, engine);
    mount_acts(registry, engine);
    mount_accounts(registry, engine);
}

fn mount_looks(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look("/api/admin/retention", "What is kept for how long"),
        engine.clone(),
        classes,
    );
    registry.mount_with(
        look("/api/admin/retention/preview", "What a run would delete").description(
            "`days` supposes other days for one class; such a preview cannot be run. A token \
                 is good for ten minutes.",
        ),
        engine.clone(),
        preview,
    );
    registry.mount_with(
        look("/api/admin/retention/runs", "The runs, the newest first").refuses(&[400]),
        engine.clone(),
        runs,
    );
}

fn mount_acts(registry: &mut Registry, engine: &Engine) {
    let one = |operation, summary| steer(operation, summary).refuses(&[400, 404, 409, 422, 503]);
    registry.mount_with(
        one(
            Operation::put("/api/admin/retention/{class}"),
            "Set how long a class is kept",
        ),
        engine.clone(),
        set,
    );
    registry.mount_with(
        one(
            Operation::delete("/api/admin/retention/{class}"),
            "Keep a class as long as the environment says",
        ),
        engine.clone(),
        reset,
    );
    registry.mount_with(
        act(
            "/api/admin/retention/run",
            "Delete what a preview has shown",
        )
        .description("By a job. 409: it would be something else now, or a run is under way. 422: its classes are kept for ever.")
        .refuses(&[400, 409, 503]),
        engine.clone(),
        run,
    );
}

fn mount_accounts(registry: &mut Registry, engine: &Engine) {
    registry.mount_with(
        look(
            "/api/admin/accounts/{id}/erase",
            "What erasing a user would take away",
        )
        .path_parameter("id", "integer")
        .refuses(&[404]),
        engine.clone(),
        erase_forecast,
    );
    registry.mount_with(
        act("/api/admin/accounts/{id}/erase", "Erase a user")
            .description("By a job, which signs a receipt. The address must be typed.")
            .path_parameter("id", "integer")
            .refuses(&[400, 404, 409, 503]),
        engine.clone(),
        erase,
    );
    registry.mount_with(
        act(
            "/api/admin/accounts/{id}/export",
            "Put everything of a user into one file",
        )
        .description("By a job.")
        .path_parameter("id", "integer")
        .refuses(&[400, 404, 409, 503]),
        engine.clone(),
        export,
    );
}

fn user<G: Guard>(call: &Call<G>) -> Result<UserId, Problem> {
    Ok(UserId(call.path_or_missing("id", "User not found")?))
}

async fn classes(
    engine: Engine,
    _: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::RetentionClasses>, Problem> {
    Ok(Json(engine.retention().await?))
}

async fn preview(
    engine: Engine,
    _: Call<Auditor>,
    Query(query): Query<wire::RetentionPreviewQuery>,
) -> Result<Json<wire::RetentionPreview>, Problem> {
    Ok(Json(engine.retention_preview(&query).await?))
}

async fn runs(
    engine: Engine,
    _: Call<Auditor>,
    Query(query): Query<wire::ListQuery>,
) -> Result<Json<wire::RetentionRunPage>, Problem> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid(
            &["query", "limit"],
            "Must be between 1 and 200",
        ));
    }
    let before = query.cursor.map(|cursor| cursor.parse()).transpose();
    let before = before.map_err(|_| Problem::bad_request("The cursor is not one of this list"))?;
    Ok(Json(engine.retention_runs(before, limit).await?))
}

async fn set(
    engine: Engine,
    call: Call<Admin>,
    Json(body): Json<wire::SetRetention>,
) -> Result<Json<wire::RetentionClass>, Problem> {
    let (acting, by) = (engine.clone(), acting::by(&call));
    let class: String = call.path("class")?;
    let (operation, days) = (format!("set retention of {class}"), Some(body.days));
    let act = async move { acting.set_retention(&by, &class, days).await };
    Box::pin(once(&engine, &call, &operation, &body, act)).await
}

async fn reset(
    engine: Engine,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::RetentionClass>, Problem> {
    let (acting, by) = (engine.clone(), acting::by(&call));
    let class: String = call.path("class")?;
    let (operation, days) = (format!("reset retention of {class}"), None);
    let act = async move { acting.set_retention(&by, &class, days).await };
    Box::pin(once(&engine, &call, &operation, &(), act)).await
}

async fn run(
    engine: Engine,
    call: Call<Admin>,
    Json(body): Json<wire::RunRetention>,
) -> Result<Json<wire::StartedJob>, Problem> {
    let (acting, by, token) = (
        engine.clone(),
        acting::by(&call),
        body.preview_token.clone(),
    );
    let act = async move { acting.run_retention(&by, &token).await };
    once(&engine, &call, "run retention", &body, act).await
}

async fn erase_forecast(
    engine: Engine,
    call: Call<Auditor>,
    _: NoBody,
) -> Result<Json<wire::EraseForecast>, Problem> {
    Ok(Json(engine.erase_forecast(user(&call)?).await?))
}

async fn erase(
    engine: Engine,
    call: Call<Admin>,
    Json(body): Json<wire::EraseAccount>,
) -> Result<Json<wire::StartedJob>, Problem> {
    let (acting, by, user) = (engine.clone(), acting::by(&call), user(&call)?);
    let typed = body.confirm_email.clone();
    let act = async move { acting.erase_account(&by, user, &typed).await };
    once(&engine, &call, &format!("erase {user}"), &body, act).await
}

async fn export(
    engine: Engine,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<wire::StartedJob>, Problem> {
    let (acting, by, user) = (engine.clone(), acting::by(&call), user(&call)?);
    let act = async move { acting.export_account(&by, user).await };
    once(&engine, &call, &format!("export {user}"), &(), act).await
}
