//! The authenticator as the edge asks for it.

use futures_util::{FutureExt, future::BoxFuture};

use crate::platform::{
    auth::identify::{Authenticator, Unidentified},
    http::{Identify, Identity, Problem},
};

impl Identify for Authenticator {
    fn identify<'a>(&'a self, token: Option<&'a str>) -> BoxFuture<'a, Identity> {
        async move {
            let Some(token) = token else {
                return Identity::Anonymous;
            };
            match self.authenticate(token).await {
                Ok(principal) => Identity::Known(principal),
                Err(reason) => Identity::Refused(reason.into()),
            }
        }
        .boxed()
    }
}

impl From<Unidentified> for Problem {
    fn from(reason: Unidentified) -> Self {
        let message = reason.to_string();
        match reason {
            Unidentified::Invalid | Unidentified::Revoked => Self::unauthenticated(message),
            Unidentified::Inactive => Self::forbidden(message),
            Unidentified::Unavailable(error) => Self::unavailable(message).caused_by(error),
        }
    }
}
