//! Many paced streams at once: how late their pieces come, and what memory they take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use http_body_util::BodyExt as _;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    load::{Connection, Target, quantile},
    process::Usage,
    upstream::{STAMP, Upstream},
};

const PAUSE: Duration = Duration::from_millis(50);
/// Opened one after another over this time.
const RAMP: Duration = Duration::from_secs(8);
const SAMPLE: Duration = Duration::from_millis(250);
const DATA_END: &[u8] = b"data: [DONE]";

/// How many streams to hold and how long all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub(crate) streams: usize,
    pub(crate) together: Duration,
}

/// What holding them came to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Held {
    pub(crate) streams: usize,
    /// Pieces that came while all streams were open.
    pub(crate) deltas: usize,
    /// From the upstream's sending to our receiving, while all were open.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) worst_ms: f64,
    /// The same over the whole time, opening and ending included.
    pub(crate) worst_ever_ms: f64,
    /// Most memory that the process had, in MiB.
    pub(crate) resident_mib: f64,
    /// Cores that the process used while all were open.
    pub(crate) cores: f64,
}

/// A piece: when it came and how late, in microseconds.
#[derive(Clone, Copy)]
struct Arrival {
    at: u64,
    late: u64,
}

/// Holds the crowd's streams open on `target`, all of them for `together`, and reads every piece.
pub(crate) async fn hold(
    target: &Target,
    crowd: Crowd,
    upstream: &Upstream,
    usage: impl Fn() -> anyhow::Result<Usage>,
) -> anyhow::Result<Held> {
    let length = RAMP + crowd.together + Duration::from_secs(1);
    let deltas = usize::try_from(length.as_millis() / PAUSE.as_millis())?;
    upstream.answer_with(deltas, PAUSE);
    let clock = upstream.clock();
    let opened = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let gap = RAMP / u32::try_from(crowd.streams)?;
    let began = Instant::now();
    for number in 0..crowd.streams {
        let at = began + gap * u32::try_from(number)?;
        let reading = read(target.clone(), number, at, opened.clone(), clock.clone());
        tasks.spawn(reading);
    }
    let crowded = watch(tasks, crowd.streams, &opened, &clock, usage).await?;
    for of_one in &crowded.arrivals {
        if of_one.len() != deltas {
            bail!("a stream brought {} pieces of {deltas}", of_one.len());
        }
    }
    crowded.judge(crowd.streams)
}

/// All that was seen of a crowd.
struct Crowded {
    arrivals: Vec<Vec<Arrival>>,
    /// From the last opening to the first end, by the upstream's clock; and the cores used between.
    together: Option<(u64, u64, f64)>,
    peak_mib: f64,
}

async fn watch(
    mut tasks: JoinSet<anyhow::Result<Vec<Arrival>>>,
    streams: usize,
    opened: &AtomicUsize,
    clock: &impl Fn() -> u64,
    usage: impl Fn() -> anyhow::Result<Usage>,
) -> anyhow::Result<Crowded> {
    let mut full: Option<(u64, Duration)> = None;
    let mut crowded = Crowded {
        arrivals: Vec::with_capacity(streams),
        together: None,
        peak_mib: 0.0,
    };
    let mut tick = tokio::time::interval(SAMPLE);
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                None => return Ok(crowded),
                Some(of_one) => crowded.arrivals.push(of_one??),
            },
            _ = tick.tick() => {}
        }
        if crowded.together.is_some() && crowded.arrivals.len() > 1 {
            continue;
        }
        let now = usage()?;
        crowded.peak_mib = crowded.peak_mib.max(now.resident_mib);
        match (full, crowded.arrivals.first()) {
            (None, _) if opened.load(Ordering::Relaxed) == streams => {
                full = Some((clock(), now.processor));
            }
            (Some((from, before)), Some(first)) => {
                let to = first.last().map_or(from, |arrival| arrival.at);
                let used = now.processor.saturating_sub(before).as_secs_f64();
                let span = Duration::from_micros(to.saturating_sub(from)).as_secs_f64();
                crowded.together = Some((from, to, used / span.max(0.001)));
            }
            _ => {}
        }
    }
}

impl Crowded {
    fn judge(self, streams: usize) -> anyhow::Result<Held> {
        let (from, to, cores) = self
            .together
            .context("the streams were never open all at once")?;
        let all: Vec<Arrival> = self.arrivals.into_iter().flatten().collect();
        let mut late: Vec<u64> = all
            .iter()
            .filter(|arrival| (from..to).contains(&arrival.at))
            .map(|arrival| arrival.late)
            .collect();
        late.sort_unstable();
        let worst_ever = all.iter().map(|arrival| arrival.late).max();
        Ok(Held {
            streams,
            deltas: late.len(),
            p50_ms: milliseconds(quantile(&late, 50)),
            p99_ms: milliseconds(quantile(&late, 99)),
            worst_ms: milliseconds(quantile(&late, 100)),
            worst_ever_ms: milliseconds(worst_ever.unwrap_or(0)),
            resident_mib: self.peak_mib,
            cores,
        })
    }
}

fn milliseconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1_000.0
}

async fn read(
    target: Target,
    number: usize,
    at: Instant,
    opened: Arc<AtomicUsize>,
    clock: impl Fn() -> u64 + Send,
) -> anyhow::Result<Vec<Arrival>> {
    tokio::time::sleep_until(at.into()).await;
    let mut connection = Connection::open(target.address).await?;
    let request = target.asks[number % target.asks.len()].request(target.address)?;
    let answer = connection.sender.send_request(request).await?;
    if !answer.status().is_success() {
        bail!("a stream was answered with {}", answer.status());
    }
    let mut body = answer.into_body();
    let mut arrivals = Vec::new();
    let mut line = Vec::new();
    let mut ended = false;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let now = clock();
        for byte in data {
            if byte != b'\n' {
                line.push(byte);
                continue;
            }
            if let Some(sent) = stamp(&line) {
                if arrivals.is_empty() {
                    opened.fetch_add(1, Ordering::Relaxed);
                }
                let late = now.saturating_sub(sent);
                arrivals.push(Arrival { at: now, late });
            }
            ended |= line.starts_with(DATA_END);
            line.clear();
        }
    }
    if !ended {
        bail!("a stream broke off after {} pieces", arrivals.len());
    }
    Ok(arrivals)
}

/// When the piece in this line was sent.
fn stamp(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let (_, rest) = line.split_once(STAMP)?;
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}
