//! Access tokens: JWT (RFC 7519) signed with HMAC-SHA-256, the algorithm pinned (RFC 8725).
//!
//! Two keys are active while a secret is changed: the current one signs, both are accepted. The
//! header's `kid` only chooses between the two; nothing else of a header is trusted or followed.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use entities::UserId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::observer::TokenRejection;
use crate::platform::{clock::Clock, entropy::Entropy, secrets};

/// Longer tokens are refused unread: ours have about 400 bytes.
const MAX_BYTES: usize = 4_096;
const TYPE: &str = "JWT";
/// What the keys are derived for.
const PURPOSE: &str = "binnacle access token v1";
/// How far the clocks of two processes may be apart.
const SKEW_SECONDS: i64 = 60;

/// What an access token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The user's id, as text.
    sub: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: String,
    /// The user's token version: a raised one ends all tokens before it.
    ver: i64,
    /// The sign-in that the token belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
}

/// An access token for the answer to a client.
pub(crate) struct IssuedToken {
    pub(crate) text: SecretString,
    /// Until it ends.
    pub(crate) lifetime: Duration,
}

/// What a token proved, before anybody asked whether it still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerifiedToken {
    pub(crate) user_id: UserId,
    pub(crate) token_id: String,
    pub(crate) token_version: i64,
    pub(crate) session_id: Option<Uuid>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Whom a token is for.
pub(crate) struct TokenSubject {
    pub(crate) user_id: UserId,
    pub(crate) token_version: i64,
    pub(crate) session_id: Uuid,
}

/// A key for access tokens and nothing else.
pub(crate) struct AccessKey(SecretBox<[u8; 32]>);

impl AccessKey {
    /// The key of this purpose that belongs to the operator's secret.
    pub(crate) fn derive(secret: &SecretString) -> Self {
        Self::new(secrets::derive(secret.expose_secret().as_bytes(), PURPOSE))
    }

    pub(super) fn new(material: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(material)))
    }
}

/// What is written into every token and demanded of it.
pub(crate) struct TokenSettings {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) lifetime: Duration,
    /// Signs.
    pub(crate) current: AccessKey,
    /// Only accepted, while a secret is changed.
    pub(crate) previous: Option<AccessKey>,
}

struct ActiveKey {
    id: String,
    decoding: DecodingKey,
}

/// Signs and verifies access tokens.
pub(crate) struct AccessTokens {
    issuer: String,
    audience: String,
    lifetime: Duration,
    header: Header,
    signing: EncodingKey,
    active: Vec<ActiveKey>,
    validation: Validation,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
}

/// Signing failed: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("an access token could not be signed")]
pub(crate) struct SigningFailed(#[from] jsonwebtoken::errors::Error);

impl AccessTokens {
    pub(crate) fn new(settings: TokenSettings, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        let signing = EncodingKey::from_secret(settings.current.0.expose_secret());
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(key_id(&settings.current));
        let active = std::iter::once(&settings.current)
            .chain(&settings.previous)
            .map(|key| ActiveKey {
                id: key_id(key),
                decoding: DecodingKey::from_secret(key.0.expose_secret()),
            })
            .collect();
        Self {
            issuer: settings.issuer,
            audience: settings.audience,
            lifetime: settings.lifetime,
            header,
            signing,
            active,
            validation: signature_only(),
            clock,
            entropy,
        }
    }

    /// How long a token counts.
    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A signed token for `subject`.
    pub(crate) fn issue(&self, subject: &TokenSubject) -> Result<IssuedToken, SigningFailed> {
        let issued = self.clock.now().timestamp();
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: subject.user_id.to_string(),
            iat: issued,
            exp: issued.saturating_add(lifetime),
            nbf: None,
            jti: self.entropy.uuid().simple().to_string(),
            ver: subject.token_version,
            sid: Some(subject.session_id),
        };
        Ok(IssuedToken {
            text: jsonwebtoken::encode(&self.header, &claims, &self.signing)?.into(),
            lifetime: self.lifetime,
        })
    }

    /// Checks form, key, signature, issuer, audience and time. Touches neither disk nor network.
    pub(crate) fn verify(&self, text: &str) -> Result<VerifiedToken, TokenRejection> {
        if text.len() > MAX_BYTES {
            return Err(TokenRejection::TooLarge);
        }
        let key = self.key_for(text)?;
        let claims = jsonwebtoken::decode::<Claims>(text, &key.decoding, &self.validation)
            .map_err(|error| rejection(&error))?
            .claims;
        self.judge(claims)
    }

    fn key_for(&self, text: &str) -> Result<&ActiveKey, TokenRejection> {
        let header = jsonwebtoken::decode_header(text).map_err(|error| rejection(&error))?;
        if header.alg != Algorithm::HS256 {
            return Err(TokenRejection::Algorithm);
        }
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return Err(TokenRejection::Malformed);
        }
        self.active
            .iter()
            .find(|key| header.kid.as_ref() == Some(&key.id))
            .ok_or(TokenRejection::UnknownKey)
    }

    fn judge(&self, claims: Claims) -> Result<VerifiedToken, TokenRejection> {
        if claims.iss != self.issuer || claims.aud != self.audience {
            return Err(TokenRejection::Claims);
        }
        let now = self.clock.now().timestamp();
        if claims.exp <= now {
            return Err(TokenRejection::Expired);
        }
        let soon = now.saturating_add(SKEW_SECONDS);
        if claims.iat > soon || claims.nbf.is_some_and(|begin| begin > soon) {
            return Err(TokenRejection::NotYetValid);
        }
        let (Ok(user_id), Some(expires_at)) =
            (claims.sub.parse(), DateTime::from_timestamp(claims.exp, 0))
        else {
            return Err(TokenRejection::Claims);
        };
        Ok(VerifiedToken {
            user_id: UserId(user_id),
            token_id: claims.jti,
            token_version: claims.ver,
            session_id: claims.sid,
            expires_at,
        })
    }
}

/// Leaves the claims to [`AccessTokens::judge`], which asks the injected clock.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn rejection(error: &jsonwebtoken::errors::Error) -> TokenRejection {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => TokenRejection::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => TokenRejection::Algorithm,
        _ => TokenRejection::Malformed,
    }
}

/// Names a key without telling anything about it.
fn key_id(key: &AccessKey) -> String {
    let digest = Sha256::new()
        .chain_update(b"binnacle access key id\0")
        .chain_update(key.0.expose_secret())
        .finalize();
    hex::encode(&digest[..8])
}

#[cfg(test)]
mod tests;
