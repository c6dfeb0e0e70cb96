//! From the sections of the configuration to what each part asks for.

use std::{path::PathBuf, time::Duration};

use extract::{AllowedTypes, Extractor, Limits as ExtractLimits, ProfileError};

use super::start::db_settings;
use crate::{
    features::{chat::ChatSettings, documents::DocumentSettings},
    platform::{
        auth::tokens::{AccessKey, TokenSettings},
        backup,
        config::{
            AuthConfig, Config, HttpConfig, JwtSecret, LimitsConfig, StreamsConfig, UploadProfile,
        },
        http::{CorsSettings, EdgeSettings, MetricsAccess},
        jobs::JobSettings,
        limits::LimitQuotas,
        streams::StreamSettings,
        telemetry::Telemetry,
    },
};

/// The folder of the blobs, in that of the storage.
pub(super) const BLOBS: &str = "blobs";
/// The hidden subcommand that reads one document.
pub(crate) const EXTRACT_CHILD: &str = "extract-child";

pub(super) fn tokens(
    auth: &AuthConfig,
    current: AccessKey,
    previous: Option<AccessKey>,
) -> TokenSettings {
    TokenSettings {
        issuer: auth.issuer.clone(),
        audience: auth.audience.clone(),
        lifetime: auth.access_token_lifetime,
        current,
        previous,
    }
}

pub(super) fn jobs(config: &Config) -> JobSettings {
    JobSettings {
        concurrency: config.jobs.concurrency,
        lease: config.jobs.lease,
        heartbeat: config.jobs.heartbeat,
        poll: config.jobs.poll,
        drain: config.jobs.drain,
        rescue: config.jobs.lease / 3,
        ..JobSettings::default()
    }
}

pub(super) fn limits(config: &LimitsConfig) -> LimitQuotas {
    LimitQuotas {
        global: config.general.get(),
        chat: config.chat.get(),
        upload: config.upload.get(),
        login: config.login.get(),
        register: config.login.get(),
        ..LimitQuotas::default()
    }
}

pub(super) fn streams(config: &StreamsConfig) -> StreamSettings {
    StreamSettings {
        max_concurrent: config.max_concurrent,
        max_per_user: config.max_per_user,
        disconnect_grace: config.disconnect_grace,
    }
}

pub(super) fn documents(
    config: &Config,
    program: PathBuf,
) -> Result<DocumentSettings, ProfileError> {
    let profile = match config.uploads.profile {
        UploadProfile::Safe => extract::UploadProfile::Safe,
        UploadProfile::Office => extract::UploadProfile::Office,
        UploadProfile::AllSupported => extract::UploadProfile::AllSupported,
        UploadProfile::Custom => extract::UploadProfile::Custom,
    };
    let extraction = &config.extraction;
    Ok(DocumentSettings {
        allowed: AllowedTypes::new(profile, &config.uploads.mimes)?,
        max_upload_bytes: config.http.max_upload_bytes,
        max_stores_per_user: config.uploads.max_stores_per_user,
        extractor: Extractor {
            program,
            args: vec![EXTRACT_CHILD.into()],
            limits: ExtractLimits {
                max_pages: extraction.max_pages,
                max_text_bytes: extraction.max_text_bytes,
                memory_bytes: extraction.max_memory_bytes,
                cpu_seconds: extraction.timeout.as_secs(),
                wall_seconds: extraction.timeout.as_secs(),
                ..ExtractLimits::default()
            },
        },
        embedding_model: config.ai.embedding_model.clone(),
        embedding_timeout: config.ai.timeouts.ingestion,
        index_model: config.ai.default_model.clone(),
        prices: config.budgets.prices.clone(),
    })
}

pub(super) fn chat(config: &Config) -> ChatSettings {
    ChatSettings {
        prices: config.budgets.prices.clone(),
        max_output_tokens: u64::from(config.budgets.max_output_tokens),
        keepalive: config.streams.keepalive,
        filters_allowed: config.chat.metadata_filters_allowed,
        filter_keys: config.chat.metadata_filter_keys.clone(),
        embedding_model: config.ai.embedding_model.clone(),
    }
}

pub(super) fn edge(config: &HttpConfig) -> EdgeSettings {
    EdgeSettings {
        trusted_proxies: config.trusted_proxies.clone(),
        cors: CorsSettings {
            origins: config.cors.origins.clone(),
            any_origin: config.cors.allows_any_origin(),
            credentials: config.cors.allow_credentials,
            methods: config.cors.methods.clone(),
            headers: config.cors.headers.clone(),
        },
        json_cap: config.max_json_bytes,
        body_idle: Duration::from_secs(30),
        metrics_access: MetricsAccess {
            everyone: config.metrics.allow_all,
            networks: config.metrics.networks.clone(),
            token: config.metrics.token.clone(),
        },
        connect_origins: Vec::new(),
    }
}

/// Shows what the settings fix for as long as the process lives.
pub(super) fn tell(config: &Config, telemetry: &Telemetry) {
    let level = |yes| if yes { 1.0 } else { 0.0 };
    let strict = config.environment.kind.is_guarded();
    telemetry.config_strict.set([], level(strict));
    let rotating = !config.auth.jwt_secrets_previous.is_empty();
    telemetry.signing_key_info.set(["current"], 1.0);
    telemetry
        .signing_key_info
        .set(["previous"], level(rotating));
}

/// What a backup of this house holds.
pub(crate) fn backup_house(config: &Config) -> backup::House {
    backup::House {
        database: db_settings(config).target,
        blobs: config.storage.dir.join(BLOBS),
        secret: match &config.auth.jwt_secret {
            JwtSecret::Given(_) => None,
            JwtSecret::GenerateIn(path) => Some(path.clone()),
        },
    }
}
