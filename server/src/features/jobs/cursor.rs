//! Cursors: where a page begins, and of which list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::platform::{
    http::Problem,
    jobs::{JobFilter, JobPosition, JobSort},
};

/// Everything that a cursor holds, so that it cannot continue another list.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    filter: JobFilter,
    sort: JobSort,
    after: JobPosition,
}

/// The text of a cursor.
pub(super) fn encode(filter: JobFilter, sort: JobSort, after: JobPosition) -> Option<String> {
    let content = Content {
        filter,
        sort,
        after,
    };
    let json = serde_json::to_vec(&content).ok()?;
    Some(URL_SAFE_NO_PAD.encode(json))
}

/// The place that a cursor names in this list.
pub(super) fn decode(
    text: &str,
    filter: &JobFilter,
    sort: JobSort,
) -> Result<JobPosition, Problem> {
    let content = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|json| serde_json::from_slice::<Content>(&json).ok());
    match content {
        None => Err(Problem::bad_request(
            "The cursor is not one that this list gave.",
        )),
        Some(content) if content.filter == *filter && content.sort == sort => Ok(content.after),
        Some(_) => Err(Problem::bad_request(
            "The cursor belongs to a list with other filters or another order.",
        )
        .with_code("cursor_mismatch")),
    }
}
