//! The edge: everything between a socket and a service, and the one door for routes.
//!
//! A route is an [`Operation`] mounted in the [`Registry`] with a handler. The handler's signature
//! says who may call it ([`Guard`] types), what it reads ([`Input`] types) and what it answers
//! ([`Reply`] types); the description at `/openapi.json` is made from the same types. Errors are
//! [`Problem`]s, worded by the [`Dialect`] of the route's [`Family`].
//!
//! Order of a request (`edge.rs`): request id, measure, CORS, client address, identity, global
//! limit, route; then (`registry.rs`) declared size, CSRF header, guard, the operation's own limit,
//! body, handler. Security headers and the request id are on every answer.

mod accept;
mod body;
mod call;
mod dialect;
mod docs_page;
mod document;
mod edge;
mod exchange;
mod family;
mod first_bytes;
mod guard;
mod input;
mod json;
mod method;
mod middleware;
mod observer;
mod openapi;
mod operation;
mod problem;
mod refusals;
mod registry;
mod reply;
mod stream_reply;
mod upload;

#[cfg(test)]
mod tests;

pub(crate) use accept::{ConnectionLimits, Shutdown, bind, serve};
pub(crate) use body::Cap;
pub(crate) use call::{Call, Credentials};
pub(crate) use dialect::Dialect;
pub(crate) use edge::{Edge, EdgeEndpoint, EdgeSettings};
pub(crate) use family::{Family, GlobalLimit};
#[cfg(test)]
pub(crate) use guard::GuardKind;
pub(crate) use guard::{
    Admin, Anyone, Auditor, Guard, Identify, Identity, Member, MetricsAccess, MetricsReader,
};
pub(crate) use input::{Json, NoBody, Query};
pub(crate) use middleware::cors::CorsSettings;
pub(crate) use observer::{EdgeObserver, Finished};
pub(crate) use openapi::ApiInfo;
pub(crate) use operation::Operation;
pub(crate) use problem::{FieldError, Problem};
pub(crate) use registry::{MountError, Registry};
pub(crate) use reply::{Checked, Html, NoContent, PrometheusText, Raw, Status, Word};
pub(crate) use stream_reply::{Download, EventStream};
pub(crate) use upload::{Upload, UploadField};
