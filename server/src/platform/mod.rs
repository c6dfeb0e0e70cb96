//! What every feature inherits: time, settings, stores, the edge, identity, money, jobs, streams.
//! Nothing here knows a feature by name.

pub(crate) mod ai;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod backup;
pub(crate) mod budgets;
pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod db;
pub(crate) mod entropy;
pub(crate) mod feed;
pub(crate) mod governance;
pub(crate) mod http;
pub(crate) mod idempotency;
pub(crate) mod jobs;
pub(crate) mod limits;
pub(crate) mod observe;
pub(crate) mod outbound;
pub(crate) mod paging;
pub(crate) mod rates;
pub(crate) mod redis;
pub(crate) mod retention;
pub(crate) mod retrieval;
pub(crate) mod secrets;
pub(crate) mod storage;
pub(crate) mod streams;
pub(crate) mod tasks;
pub(crate) mod telemetry;
