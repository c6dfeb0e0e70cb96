//! Where the server listens, whom it trusts, and how much it takes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::{HeaderName, Method};
use ipnet::IpNet;
use secrecy::SecretString;

use super::environment::Environment;
use super::reader::{Malformed, Reader, parse_list};
use super::variable::{Section, Variable};

pub(super) const HOST: Variable = Variable::new(
    "HOST",
    "127.0.0.1",
    "Address to listen on; `0.0.0.0` for every IPv4 interface.",
);
pub(super) const PORT: Variable =
    Variable::new("PORT", "8000", "Port to listen on; 0 takes any free one.");
pub(super) const TRUSTED_PROXY_IPS: Variable = Variable::new(
    "TRUSTED_PROXY_IPS",
    "",
    "Addresses or CIDR blocks of proxies whose forwarding headers are believed; none by default.",
);
pub(super) const CORS_ORIGINS: Variable = Variable::new(
    "CORS_ORIGINS",
    "",
    "Origins that may call from a browser, such as `https://app.example.org`, or `*` (only \
     without credentials). In development an empty list means `http://localhost:5173`.",
)
.aliases(&["PLC_CORS_ORIGINS"]);
pub(super) const CORS_ALLOW_CREDENTIALS: Variable = Variable::new(
    "CORS_ALLOW_CREDENTIALS",
    "true",
    "Whether browsers may send credentials across origins.",
);
pub(super) const CORS_ALLOW_METHODS: Variable = Variable::new(
    "CORS_ALLOW_METHODS",
    "GET,POST,PUT,PATCH,DELETE,OPTIONS",
    "Methods allowed across origins.",
);
pub(super) const CORS_ALLOW_HEADERS: Variable = Variable::new(
    "CORS_ALLOW_HEADERS",
    "Authorization,Content-Type,X-Requested-With,X-Request-ID,Idempotency-Key,Last-Event-ID,\
     X-Stream-Profile,X-Stream-Resume",
    "Request headers allowed across origins.",
);
pub(super) const MAX_JSON_MB: Variable = Variable::new(
    "MAX_JSON_MB",
    "10",
    "Largest request body that is not an upload.",
)
.unit("MiB");
pub(super) const MAX_UPLOAD_MB: Variable =
    Variable::new("MAX_UPLOAD_MB", "25", "Largest uploaded document.").unit("MiB");
pub(super) const REQUIRE_CSRF_HEADER: Variable = Variable::new(
    "REQUIRE_CSRF_HEADER",
    "true",
    "Whether changing requests under `/api/` need `X-Requested-With: XMLHttpRequest`.",
);
pub(super) const METRICS_BIND: Variable = Variable::new(
    "METRICS_BIND",
    "",
    "Address and port of a listener for `/metrics` and health alone, such as `127.0.0.1:9464`; \
     the public one has no `/metrics` then. `worker` listens nowhere else.",
);
pub(super) const METRICS_ALLOW_ALL: Variable = Variable::new(
    "METRICS_ALLOW_ALL",
    "false",
    "Serve `/metrics` to everybody. Without it: to loopback, METRICS_ALLOW_CIDRS and METRICS_TOKEN.",
);
pub(super) const METRICS_ALLOW_CIDRS: Variable = Variable::new(
    "METRICS_ALLOW_CIDRS",
    "",
    "Addresses or CIDR blocks that may read `/metrics`.",
);
pub(super) const METRICS_TOKEN: Variable = Variable::new(
    "METRICS_TOKEN",
    "",
    "Bearer token with which `/metrics` may be read from anywhere; none by default.",
)
.secret();
pub(super) const MAX_CONNECTIONS: Variable = Variable::new(
    "MAX_CONNECTIONS",
    "4096",
    "Open connections; further ones wait to be accepted.",
);
pub(super) const DRAIN_SECONDS: Variable = Variable::new(
    "DRAIN_SECONDS",
    "9",
    "Time that open requests, streams and jobs have to end after SIGTERM.",
)
.unit("seconds");

pub(super) const SECTION: Section = Section {
    title: "HTTP",
    about: "",
    variables: &[
        HOST,
        PORT,
        TRUSTED_PROXY_IPS,
        CORS_ORIGINS,
        CORS_ALLOW_CREDENTIALS,
        CORS_ALLOW_METHODS,
        CORS_ALLOW_HEADERS,
        MAX_JSON_MB,
        MAX_UPLOAD_MB,
        REQUIRE_CSRF_HEADER,
        METRICS_BIND,
        METRICS_ALLOW_ALL,
        METRICS_ALLOW_CIDRS,
        METRICS_TOKEN,
        MAX_CONNECTIONS,
        DRAIN_SECONDS,
    ],
};

/// The origin that an empty CORS_ORIGINS means in development: the usual port of a web client.
const DEVELOPMENT_ORIGIN: &str = "http://localhost:5173";

/// The edge.
#[derive(Clone, Debug)]
pub(crate) struct HttpConfig {
    pub(crate) host: IpAddr,
    /// 0 takes any free port.
    pub(crate) port: u16,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) cors: CorsConfig,
    pub(crate) max_json_bytes: u64,
    pub(crate) max_upload_bytes: u64,
    pub(crate) require_csrf_header: bool,
    pub(crate) metrics: MetricsAccess,
    pub(crate) max_connections: usize,
    pub(crate) drain: Duration,
}

/// What browsers may do across origins.
#[derive(Clone, Debug)]
pub(crate) struct CorsConfig {
    /// Origins as browsers send them, or `*`.
    pub(crate) origins: Vec<String>,
    pub(crate) allow_credentials: bool,
    pub(crate) methods: Vec<Method>,
    pub(crate) headers: Vec<HeaderName>,
}

impl CorsConfig {
    /// Whether every origin is allowed.
    pub(crate) fn allows_any_origin(&self) -> bool {
        self.origins.iter().any(|origin| origin == "*")
    }
}

/// Where `/metrics` is, and who may read it besides loopback.
#[derive(Clone, Debug)]
pub(crate) struct MetricsAccess {
    /// A listener of its own; `None`: on the public one.
    pub(crate) bind: Option<SocketAddr>,
    pub(crate) allow_all: bool,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) token: Option<SecretString>,
}

impl HttpConfig {
    pub(super) fn read(reader: &mut Reader<'_>, environment: Environment) -> Self {
        Self {
            host: reader
                .optional(&HOST, parse_host)
                .unwrap_or(IpAddr::from([127, 0, 0, 1])),
            port: reader.integer(&PORT, 0..=u16::MAX),
            trusted_proxies: reader.networks(&TRUSTED_PROXY_IPS),
            cors: CorsConfig::read(reader, environment),
            max_json_bytes: reader.mebibytes(&MAX_JSON_MB, 1..=1024),
            max_upload_bytes: reader.mebibytes(&MAX_UPLOAD_MB, 1..=4096),
            require_csrf_header: reader.flag(&REQUIRE_CSRF_HEADER),
            metrics: MetricsAccess {
                bind: reader.optional(&METRICS_BIND, parse_bind),
                allow_all: reader.flag(&METRICS_ALLOW_ALL),
                networks: reader.networks(&METRICS_ALLOW_CIDRS),
                token: reader.secret(&METRICS_TOKEN),
            },
            max_connections: reader.integer(&MAX_CONNECTIONS, 16..=1_000_000),
            drain: reader.seconds(&DRAIN_SECONDS, 1..=600),
        }
    }
}

impl CorsConfig {
    fn read(reader: &mut Reader<'_>, environment: Environment) -> Self {
        let mut origins = reader.value(&CORS_ORIGINS, parse_origins);
        if origins.is_empty() && !environment.is_guarded() {
            origins.push(DEVELOPMENT_ORIGIN.to_owned());
        }
        Self {
            origins,
            allow_credentials: reader.flag(&CORS_ALLOW_CREDENTIALS),
            methods: reader.value(&CORS_ALLOW_METHODS, |text| {
                parse_each(
                    text,
                    "is not a list of methods",
                    "Use names such as `GET,POST`",
                )
            }),
            headers: reader.value(&CORS_ALLOW_HEADERS, |text| {
                parse_each(
                    text,
                    "is not a list of header names",
                    "Use names such as `Content-Type`",
                )
            }),
        }
    }
}

fn parse_host(text: &str) -> Result<IpAddr, Malformed> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::from([127, 0, 0, 1]));
    }
    text.parse().map_err(|_| {
        Malformed::new(
            "is not an IP address",
            "Use an address such as `127.0.0.1`, `0.0.0.0` or `::`",
        )
    })
}

fn parse_bind(text: &str) -> Result<SocketAddr, Malformed> {
    let address = text.replacen("localhost:", "127.0.0.1:", 1);
    address.parse().map_err(|_| {
        Malformed::new(
            "is not an IP address with a port",
            "Use an address such as `127.0.0.1:9464`, `0.0.0.0:9464` or `[::]:9464`",
        )
    })
}

fn parse_each<T: std::str::FromStr>(
    text: &str,
    problem: &str,
    remedy: &str,
) -> Result<Vec<T>, Malformed> {
    parse_list(text)?
        .iter()
        .map(|entry| entry.parse().map_err(|_| Malformed::new(problem, remedy)))
        .collect()
}

fn parse_origins(text: &str) -> Result<Vec<String>, Malformed> {
    parse_list(text)?
        .into_iter()
        .map(|entry| {
            let origin = entry.trim_end_matches('/').to_ascii_lowercase();
            if origin == "*" || is_origin(&origin) {
                Ok(origin)
            } else {
                Err(Malformed::new(
                    format!("`{entry}` is not an origin"),
                    "Use scheme, host and port only, such as `https://app.example.org`",
                ))
            }
        })
        .collect()
}

fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}
