//! The console's routes.

use super::{LOOK, Row, STEER, Statuses};

const LOOK_UNREADABLE: Statuses = [401, 403, 403, 422, 422];
const STEER_MISSING: Statuses = [401, 403, 403, 403, 404];
const STEER_CONFLICT: Statuses = [401, 403, 403, 403, 409];

pub(super) const ROWS: &[Row] = &[
    (
        "GET",
        "/api/admin/overview",
        "/api/admin/overview",
        "",
        LOOK,
    ),
    (
        "GET",
        "/api/admin/events",
        "/api/admin/events?topics=weather",
        "",
        LOOK_UNREADABLE,
    ),
    ("GET", "/api/admin/alarms", "/api/admin/alarms", "", LOOK),
    ("GET", "/api/admin/system", "/api/admin/system", "", LOOK),
    (
        "PUT",
        "/api/admin/system/log_level",
        "/api/admin/system/log_level",
        r#"{"level":"loud"}"#,
        [401, 403, 403, 403, 422],
    ),
    ("GET", "/api/admin/streams", "/api/admin/streams", "", LOOK),
    (
        "POST",
        "/api/admin/streams/{id}/end",
        "/api/admin/streams/none/end",
        "{}",
        STEER_MISSING,
    ),
    (
        "GET",
        "/api/admin/providers",
        "/api/admin/providers",
        "",
        LOOK,
    ),
    (
        "POST",
        "/api/admin/providers/{name}/reset",
        "/api/admin/providers/offline/reset",
        "",
        STEER,
    ),
    (
        "POST",
        "/api/admin/providers/{name}/rotate",
        "/api/admin/providers/offline/rotate",
        "",
        STEER_CONFLICT,
    ),
    (
        "POST",
        "/api/admin/providers/{name}/probe",
        "/api/admin/providers/offline/probe",
        "",
        STEER,
    ),
    ("GET", "/api/admin/jobs", "/api/admin/jobs", "", LOOK),
    (
        "GET",
        "/api/admin/jobs/count",
        "/api/admin/jobs/count",
        "",
        LOOK,
    ),
    (
        "GET",
        "/api/admin/jobs/counts",
        "/api/admin/jobs/counts?by=state",
        "",
        LOOK,
    ),
    (
        "GET",
        "/api/admin/jobs/series",
        "/api/admin/jobs/series",
        "",
        LOOK,
    ),
    (
        "GET",
        "/api/admin/jobs/schedules",
        "/api/admin/jobs/schedules",
        "",
        LOOK,
    ),
    (
        "GET",
        "/api/admin/jobs/statistics",
        "/api/admin/jobs/statistics",
        "",
        LOOK,
    ),
    ("GET", "/api/admin/jobs/{id}", "/api/admin/jobs/1", "", LOOK),
    (
        "GET",
        "/api/admin/jobs/{id}/events",
        "/api/admin/jobs/1/events",
        "",
        LOOK,
    ),
    (
        "POST",
        "/api/admin/jobs/{id}/cancel",
        "/api/admin/jobs/1/cancel",
        "",
        STEER_CONFLICT,
    ),
    (
        "POST",
        "/api/admin/jobs/{id}/retry",
        "/api/admin/jobs/1/retry",
        "",
        STEER_CONFLICT,
    ),
    (
        "POST",
        "/api/admin/jobs/{id}/replay",
        "/api/admin/jobs/1/replay",
        "",
        STEER_CONFLICT,
    ),
    (
        "POST",
        "/api/admin/jobs/bulk/preview",
        "/api/admin/jobs/bulk/preview",
        r#"{"action":"cancel","ids":[1]}"#,
        STEER,
    ),
    (
        "POST",
        "/api/admin/jobs/bulk",
        "/api/admin/jobs/bulk",
        r#"{"preview_token":"none"}"#,
        STEER_CONFLICT,
    ),
];
