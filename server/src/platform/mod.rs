//! What every feature inherits: time, settings, stores, the edge, identity, money, jobs, streams.
//! Nothing here knows a feature by name.

#[expect(dead_code, reason = "used once features mount routes")]
pub(crate) mod auth;
#[expect(dead_code, unused_imports, reason = "used once features mount routes")]
pub(crate) mod http;
#[expect(dead_code, reason = "used once features mount routes")]
#[cfg_attr(
    not(test),
    expect(unused_imports, reason = "used once features mount routes")
)]
pub(crate) mod limits;
