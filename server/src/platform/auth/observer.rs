//! What identity has to tell to the metrics.

use std::time::Duration;

/// How a try to sign in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInResult {
    Ok,
    /// Unknown account or wrong password: not told apart.
    Bad,
    Disabled,
}

/// How the use of a refresh token ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshResult {
    Rotated,
    /// Used a second time so shortly after the first that it is taken for a race of two tabs.
    Grace,
    /// An old one came back: its family was ended.
    Reuse,
    Expired,
    Revoked,
    Unknown,
}

/// Why an access token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRejection {
    TooLarge,
    Malformed,
    Algorithm,
    UnknownKey,
    Signature,
    Claims,
    Expired,
    NotYetValid,
    UnknownUser,
    Revoked,
    Inactive,
}

/// Told what happened; never told whose it was.
pub(crate) trait AuthObserver: Send + Sync {
    fn signed_in(&self, result: SignInResult);
    fn refreshed(&self, result: RefreshResult);
    fn token_rejected(&self, reason: TokenRejection);
    /// How long a password waited for its turn to be hashed.
    fn hash_waited(&self, wait: Duration);
}

/// Tells nobody.
#[cfg(test)]
pub(crate) struct Unobserved;

#[cfg(test)]
impl AuthObserver for Unobserved {
    fn signed_in(&self, _result: SignInResult) {}
    fn refreshed(&self, _result: RefreshResult) {}
    fn token_rejected(&self, _reason: TokenRejection) {}
    fn hash_waited(&self, _wait: Duration) {}
}

macro_rules! labels {
    ($($of:ident { $($variant:ident => $label:literal),+ $(,)? })+) => {$(
        impl $of {
            /// The value of the metric's label.
            pub(crate) const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label),+
                }
            }
        }
    )+};
}

labels! {
    SignInResult { Ok => "ok", Bad => "bad", Disabled => "disabled" }
    RefreshResult {
        Rotated => "rotated",
        Grace => "grace",
        Reuse => "reuse",
        Expired => "expired",
        Revoked => "revoked",
        Unknown => "unknown",
    }
    TokenRejection {
        TooLarge => "too_large",
        Malformed => "malformed",
        Algorithm => "algorithm",
        UnknownKey => "unknown_key",
        Signature => "signature",
        Claims => "claims",
        Expired => "expired",
        NotYetValid => "not_yet_valid",
        UnknownUser => "unknown_user",
        Revoked => "revoked",
        Inactive => "inactive",
    }
}
