//! Who may call an operation. The guard is a type in the handler's signature: what it grants is the
//! only way to the caller, so a handler that needs one cannot forget the check.

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::{middleware::client_address::ClientAddress, problem::Problem};
use crate::platform::auth::principal::{Principal, Role};

/// Turns a bearer token into a caller.
pub(crate) trait Identify: Send + Sync {
    /// `token` is what follows `Bearer` in `Authorization`, if anything does.
    fn identify<'a>(&'a self, token: Option<&'a str>) -> BoxFuture<'a, Identity>;
}

/// What the credentials of a request prove.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    Anonymous,
    Known(Principal),
    /// There were credentials and they do not hold. Guards that need a caller answer with this;
    /// public operations serve the request all the same.
    Refused(Problem),
}

/// All that a guard judges by.
pub(crate) struct Caller<'a> {
    pub(super) identity: &'a Identity,
    pub(super) client: &'a ClientAddress,
    pub(super) metrics: &'a MetricsAccess,
    pub(super) token: Option<&'a str>,
}

/// The closed list of guards, for the walk over all operations and for the API description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GuardKind {
    Anyone,
    Member,
    Admin,
    Auditor,
    MetricsReader,
}

impl GuardKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::MetricsReader => "metrics-reader",
        }
    }

    pub(super) fn needs_token(self) -> bool {
        matches!(self, Self::Member | Self::Admin | Self::Auditor)
    }

    /// The statuses with which this guard refuses.
    pub(super) fn refuses(self) -> &'static [u16] {
        match self {
            Self::Anyone => &[],
            Self::Member | Self::Admin | Self::Auditor => &[401, 403],
            Self::MetricsReader => &[403],
        }
    }
}

/// A rule about callers, and what passing it grants the handler.
pub(crate) trait Guard: Send + Sync + 'static {
    type Granted: Send + Sync + 'static;
    const KIND: GuardKind;

    fn admit(caller: &Caller<'_>) -> Result<Self::Granted, Problem>;
}

/// Everybody; grants the caller when there is one.
pub(crate) enum Anyone {}

impl Guard for Anyone {
    type Granted = Option<Principal>;
    const KIND: GuardKind = GuardKind::Anyone;

    fn admit(caller: &Caller<'_>) -> Result<Self::Granted, Problem> {
        Ok(match caller.identity {
            Identity::Known(principal) => Some(principal.clone()),
            Identity::Anonymous | Identity::Refused(_) => None,
        })
    }
}

/// Every signed-in user.
pub(crate) enum Member {}

impl Guard for Member {
    type Granted = Principal;
    const KIND: GuardKind = GuardKind::Member;

    fn admit(caller: &Caller<'_>) -> Result<Self::Granted, Problem> {
        match caller.identity {
            Identity::Known(principal) => Ok(principal.clone()),
            Identity::Anonymous => Err(Problem::unauthenticated("Missing bearer token")),
            Identity::Refused(problem) => Err(problem.clone()),
        }
    }
}

/// Admins, who may change things.
pub(crate) enum Admin {}

impl Guard for Admin {
    type Granted = Principal;
    const KIND: GuardKind = GuardKind::Admin;

    fn admit(caller: &Caller<'_>) -> Result<Self::Granted, Problem> {
        with_role(caller, |role| role == Role::Admin)
    }
}

/// Admins and auditors, who may look.
pub(crate) enum Auditor {}

impl Guard for Auditor {
    type Granted = Principal;
    const KIND: GuardKind = GuardKind::Auditor;

    fn admit(caller: &Caller<'_>) -> Result<Self::Granted, Problem> {
        with_role(caller, |role| matches!(role, Role::Admin | Role::Auditor))
    }
}

fn with_role(caller: &Caller<'_>, allowed: fn(Role) -> bool) -> Result<Principal, Problem> {
    let principal = Member::admit(caller)?;
    if allowed(principal.role) {
        Ok(principal)
    } else {
        Err(Problem::forbidden("Admin access required"))
    }
}

/// Who may read the metrics: the machine itself, allow-listed networks, or the holder of a token.
pub(crate) enum MetricsReader {}

impl Guard for MetricsReader {
    type Granted = ();
    const KIND: GuardKind = GuardKind::MetricsReader;

    fn admit(caller: &Caller<'_>) -> Result<Self::Granted, Problem> {
        let access = caller.metrics;
        if access.everyone
            || caller.client.is_loopback()
            || access.lists(caller.client.address)
            || access.knows(caller.token)
        {
            Ok(())
        } else {
            Err(Problem::forbidden("Forbidden"))
        }
    }
}

/// Who, beside the machine itself, may read the metrics.
#[derive(Debug, Clone, Default)]
pub(crate) struct MetricsAccess {
    pub(crate) everyone: bool,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) token: Option<SecretString>,
}

impl MetricsAccess {
    fn lists(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    fn knows(&self, given: Option<&str>) -> bool {
        match (&self.token, given) {
            (Some(token), Some(given)) => token
                .expose_secret()
                .as_bytes()
                .ct_eq(given.as_bytes())
                .into(),
            _ => false,
        }
    }
}
