//! Where traces go: the standard variables of OpenTelemetry.

use std::{collections::BTreeMap, time::Duration};

use percent_encoding::percent_decode_str;
use url::Url;

use super::reader::{Malformed, Reader};
use super::variable::{Section, Variable};

pub(super) const ENDPOINT: Variable = Variable::new(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    "Collector that traces are sent to, such as `http://collector:4318` (`/v1/traces` is added); \
     none without it.",
);
pub(super) const TRACES_ENDPOINT: Variable = Variable::new(
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "",
    "The same as a whole address, taken as it is.",
);
pub(super) const PROTOCOL: Variable = Variable::new(
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "http/protobuf",
    "Only `http/protobuf` is spoken.",
)
.aliases(&["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"]);
pub(super) const HEADERS: Variable = Variable::new(
    "OTEL_EXPORTER_OTLP_HEADERS",
    "",
    "Headers for the collector, as `name=value,name=value` with percent-encoded values.",
)
.aliases(&["OTEL_EXPORTER_OTLP_TRACES_HEADERS"])
.secret();
pub(super) const TIMEOUT: Variable = Variable::new(
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "10000",
    "How long the collector may take for one request.",
)
.aliases(&["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"])
.unit("milliseconds");
pub(super) const SERVICE_NAME: Variable = Variable::new(
    "OTEL_SERVICE_NAME",
    "binnacle",
    "What the server calls itself in traces.",
);
pub(super) const RESOURCE_ATTRIBUTES: Variable = Variable::new(
    "OTEL_RESOURCE_ATTRIBUTES",
    "",
    "Further attributes of the server, as `name=value,name=value` with percent-encoded values.",
);
pub(super) const SAMPLER: Variable = Variable::new(
    "OTEL_TRACES_SAMPLER",
    "parentbased_always_on",
    "`always_on`, `always_off`, `traceidratio`, or one of them after `parentbased_`, which follows \
     a caller's decision. The first span of what ended in an error is always sent.",
);
pub(super) const SAMPLER_ARG: Variable = Variable::new(
    "OTEL_TRACES_SAMPLER_ARG",
    "1.0",
    "Share of the traces that the `traceidratio` samplers take, from 0 to 1.",
);
pub(super) const QUEUE: Variable = Variable::new(
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "2048",
    "Spans that wait for the collector at the most; further ones are dropped and counted.",
);
pub(super) const BATCH: Variable = Variable::new(
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "512",
    "Spans of one request to the collector at the most.",
);
pub(super) const DELAY: Variable = Variable::new(
    "OTEL_BSP_SCHEDULE_DELAY",
    "5000",
    "How long a span waits for others before it is sent.",
)
.unit("milliseconds");
pub(super) const DISABLED: Variable = Variable::new(
    "OTEL_SDK_DISABLED",
    "false",
    "Send no traces, whatever else is set.",
);
pub(super) const CAPTURE_CONTENT: Variable = Variable::new(
    "OTEL_CAPTURE_CONTENT",
    "false",
    "Put questions and answers into traces, for searching faults; never in staging and production.",
);

pub(super) const SECTION: Section = Section {
    title: "Traces",
    about: "Spans are sent by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set.",
    variables: &[
        ENDPOINT,
        TRACES_ENDPOINT,
        PROTOCOL,
        HEADERS,
        TIMEOUT,
        SERVICE_NAME,
        RESOURCE_ATTRIBUTES,
        SAMPLER,
        SAMPLER_ARG,
        QUEUE,
        BATCH,
        DELAY,
        DISABLED,
        CAPTURE_CONTENT,
    ],
};

/// Which traces are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TraceShare {
    /// From 0 to 1.
    pub(crate) ratio: f64,
    /// Whether a caller's decision binds.
    pub(crate) follow_caller: bool,
}

/// Where traces go, and what they hold.
#[derive(Clone, Debug)]
pub(crate) struct TracesConfig {
    pub(crate) endpoint: Url,
    pub(crate) headers: ::http::HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) service: String,
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) share: TraceShare,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) delay: Duration,
    pub(crate) capture_content: bool,
}

impl TracesConfig {
    /// `None`: traces are sent nowhere.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let base = reader.optional(&ENDPOINT, |text| parse_endpoint(text, Some("v1/traces")));
        let whole = reader.optional(&TRACES_ENDPOINT, |text| parse_endpoint(text, None));
        // Only said: there is one protocol.
        reader.value(&PROTOCOL, parse_protocol);
        let sampler = reader.value(&SAMPLER, parse_sampler);
        let ratio = reader.value(&SAMPLER_ARG, parse_ratio);
        let disabled = reader.flag(&DISABLED);
        let queue = reader.integer(&QUEUE, 1..=1_000_000);
        let headers = reader.optional(&HEADERS, parse_headers).unwrap_or_default();
        let timeout = milliseconds(reader, &TIMEOUT, 1..=60_000);
        let service = reader.text(&SERVICE_NAME);
        let resource = reader.value(&RESOURCE_ATTRIBUTES, parse_attributes);
        let batch = reader.integer(&BATCH, 1..=100_000).min(queue);
        let delay = milliseconds(reader, &DELAY, 1..=60_000);
        let capture_content = reader.flag(&CAPTURE_CONTENT);
        let endpoint = whole.or(base).filter(|_| !disabled)?;
        Some(Self {
            endpoint,
            headers,
            timeout,
            service,
            resource,
            share: TraceShare {
                ratio: sampler.ratio.unwrap_or(ratio),
                follow_caller: sampler.follow_caller,
            },
            queue,
            batch,
            delay,
            capture_content,
        })
    }
}

fn milliseconds(
    reader: &mut Reader<'_>,
    variable: &Variable,
    allowed: std::ops::RangeInclusive<u64>,
) -> Duration {
    Duration::from_millis(reader.integer(variable, allowed))
}

fn parse_endpoint(text: &str, below: Option<&str>) -> Result<Url, Malformed> {
    let malformed = || {
        Malformed::new(
            "is not an http address",
            "Use an address such as `http://collector:4318`",
        )
    };
    let mut url = Url::parse(text).map_err(|_| malformed())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(malformed());
    }
    if let Some(below) = below {
        let path = format!("{}/{below}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Ok(url)
}

fn parse_protocol(text: &str) -> Result<(), Malformed> {
    match text {
        "http/protobuf" => Ok(()),
        _ => Err(Malformed::new(
            "is not spoken here",
            "Use `http/protobuf` and the collector's port for HTTP, which is 4318 as a rule",
        )),
    }
}

/// What a sampler's name says; without a ratio, OTEL_TRACES_SAMPLER_ARG says it.
#[derive(Default)]
struct Sampler {
    ratio: Option<f64>,
    follow_caller: bool,
}

fn parse_sampler(text: &str) -> Result<Sampler, Malformed> {
    let alone = text.strip_prefix("parentbased_");
    let ratio = match alone.unwrap_or(text) {
        "always_on" => Some(1.0),
        "always_off" => Some(0.0),
        "traceidratio" => None,
        _ => {
            return Err(Malformed::new(
                "is not a sampler",
                "Use `always_on`, `always_off` or `traceidratio`, or one of them after \
                 `parentbased_`",
            ));
        }
    };
    Ok(Sampler {
        ratio,
        follow_caller: alone.is_some(),
    })
}

fn parse_ratio(text: &str) -> Result<f64, Malformed> {
    text.parse()
        .ok()
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| Malformed::new("is not a share", "Use a number from 0 to 1, such as 0.1"))
}

fn parse_attributes(text: &str) -> Result<BTreeMap<String, String>, Malformed> {
    let malformed = || {
        Malformed::new(
            "is not a list of names and values",
            "Use `name=value,name=value`",
        )
    };
    let pairs = text.split(',').map(str::trim);
    pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(malformed)?;
            let value = percent_decode_str(value.trim()).decode_utf8();
            let value = value.map_err(|_| malformed())?.into_owned();
            Ok((name.trim().to_owned(), value))
        })
        .collect()
}

fn parse_headers(text: &str) -> Result<::http::HeaderMap, Malformed> {
    let malformed = || {
        Malformed::new(
            "is not a list of headers",
            "Use `name=value,name=value`, with values percent-encoded",
        )
    };
    let pairs = parse_attributes(text).map_err(|_| malformed())?;
    pairs
        .into_iter()
        .map(|(name, value)| {
            let name: ::http::HeaderName = name.parse().map_err(|_| malformed())?;
            let mut value: ::http::HeaderValue = value.parse().map_err(|_| malformed())?;
            value.set_sensitive(true);
            Ok((name, value))
        })
        .collect()
}
