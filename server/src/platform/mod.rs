//! What every feature inherits: time, settings, stores, the edge, identity, money, jobs, streams.
//! Nothing here knows a feature by name.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the features that mount routes come next")
)]
pub(crate) mod auth;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the features that mount routes come next")
)]
pub(crate) mod http;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the features that mount routes come next")
)]
pub(crate) mod limits;
