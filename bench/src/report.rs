//! The figures, for people as Markdown and for programs as JSON.

use std::{fmt::Write as _, io::Write as _, path::Path};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    aims::Verdict,
    hold_streams::Held,
    load::Figure,
    machine::Machine,
    queue::Queued,
    stages::Stages,
    telemetry::{self, Cost},
};

/// What was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    /// Bare poem: `GET /hello`.
    Hello,
    /// Binnacle: `GET /api/stores`.
    Stores,
    /// Bare poem: a streaming proxy.
    Proxy,
    /// The statements of a chat without HTTP.
    Probe,
    /// Binnacle: `POST /api/chat`.
    Chat,
}

impl Subject {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hello => "bare poem hello",
            Self::Stores => "GET /api/stores",
            Self::Proxy => "bare poem streaming proxy",
            Self::Probe => "bare group-commit probe",
            Self::Chat => "POST /api/chat",
        }
    }
}

/// Where the rows of a subject are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Store {
    None,
    #[serde(rename = "SQLite")]
    Sqlite,
    #[serde(rename = "PostgreSQL")]
    Postgres,
}

impl Store {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// One load and what it came to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) subject: Subject,
    pub(crate) store: Store,
    pub(crate) users: usize,
    pub(crate) connections: usize,
    pub(crate) figure: Figure,
    /// Of the server's process for one answer, its warm-up included. The probe has no process.
    pub(crate) processor_ms: Option<f64>,
}

/// Starting and idling.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Start {
    pub(crate) store: Store,
    /// To the first 200 of `/ready`: with an empty database, and with one that has its schema.
    pub(crate) empty_ms: f64,
    pub(crate) again_ms: f64,
    pub(crate) idle_mib: f64,
}

/// Streams held by one process.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Crowded {
    pub(crate) subject: Subject,
    pub(crate) store: Store,
    pub(crate) held: Held,
}

/// All of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// As `machine.load`, at the end: with the run's own.
    pub(crate) load_after: f64,
    pub(crate) quick: bool,
    pub(crate) starts: Vec<Start>,
    pub(crate) rows: Vec<Row>,
    pub(crate) stages: Vec<Stages>,
    /// Memory after the loads of chat, in MiB.
    pub(crate) loaded_mib: Vec<(Store, f64)>,
    pub(crate) crowds: Vec<Crowded>,
    pub(crate) queues: Vec<Queued>,
    pub(crate) telemetry: Cost,
    pub(crate) verdicts: Vec<Verdict>,
}

/// Writes a line for whoever watches.
pub(crate) fn say(line: &str) {
    // Who has closed the pipe does not want the rest.
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Report {
    /// Prints the tables and writes the JSON.
    pub(crate) fn publish(&self, json: &Path) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(self.markdown()?.as_bytes())?;
        if let Some(folder) = json.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(json, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("{} cannot be written", json.display()))?;
        say(&format!("The figures are in {} too.", json.display()));
        Ok(())
    }

    fn markdown(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let machine = &self.machine;
        writeln!(
            text,
            "{}, {} cores of {}; others used {:.0} % of it just before, load {:.1} before and {:.1} after{}\n",
            machine.at,
            machine.cores,
            machine.processor,
            machine.busy_before * 100.0,
            machine.load,
            self.load_after,
            if self.quick {
                "; QUICK RUN: not to be quoted"
            } else {
                ""
            },
        )?;
        self.loads(&mut text)?;
        self.starts(&mut text)?;
        self.crowds(&mut text)?;
        crate::queue::table(&self.queues, &mut text)?;
        telemetry::table(&self.telemetry, &mut text)?;
        self.profile(&mut text)?;
        self.aims(&mut text)?;
        Ok(text)
    }

    fn loads(&self, text: &mut String) -> std::fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        writeln!(
            text,
            "| what | store | users | connections | per second | p50 ms | p99 ms | processor ms each |"
        )?;
        writeln!(text, "|---|---|--:|--:|--:|--:|--:|--:|")?;
        for row in &self.rows {
            let processor = row
                .processor_ms
                .map_or_else(String::new, |each| format!("{each:.3}"));
            writeln!(
                text,
                "| {} | {} | {} | {} | {:.0} | {:.2} | {:.2} | {processor} |",
                row.subject.name(),
                row.store.name(),
                row.users,
                row.connections,
                row.figure.per_second,
                row.figure.p50_ms,
                row.figure.p99_ms,
            )?;
        }
        writeln!(text)
    }

    fn starts(&self, text: &mut String) -> std::fmt::Result {
        if self.starts.is_empty() && self.loaded_mib.is_empty() {
            return Ok(());
        }
        writeln!(
            text,
            "| store | ready, empty database | ready, schema there | idle | after the chats |"
        )?;
        writeln!(text, "|---|--:|--:|--:|--:|")?;
        for store in [Store::Sqlite, Store::Postgres] {
            let start = self.starts.iter().find(|start| start.store == store);
            let loaded = self.loaded_mib.iter().find(|(of, _)| *of == store);
            if start.is_none() && loaded.is_none() {
                continue;
            }
            let or_blank = |value: Option<String>| value.unwrap_or_default();
            writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                store.name(),
                or_blank(start.map(|start| format!("{:.0} ms", start.empty_ms))),
                or_blank(start.map(|start| format!("{:.0} ms", start.again_ms))),
                or_blank(start.map(|start| format!("{:.1} MiB", start.idle_mib))),
                or_blank(loaded.map(|(_, mib)| format!("{mib:.1} MiB"))),
            )?;
        }
        writeln!(text)
    }

    fn crowds(&self, text: &mut String) -> std::fmt::Result {
        if self.crowds.is_empty() {
            return Ok(());
        }
        writeln!(
            text,
            "| streams held, 50 ms between deltas | store | streams | p50 late | p99 late | worst | worst, opening and ending included | memory | cores |"
        )?;
        writeln!(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|")?;
        for Crowded {
            subject,
            store,
            held,
        } in &self.crowds
        {
            writeln!(
                text,
                "| {} | {} | {} | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} MiB | {:.2} |",
                subject.name(),
                store.name(),
                held.streams,
                held.p50_ms,
                held.p99_ms,
                held.worst_ms,
                held.worst_ever_ms,
                held.resident_mib,
                held.cores,
            )?;
        }
        writeln!(text)
    }

    fn profile(&self, text: &mut String) -> std::fmt::Result {
        let Some(first) = self.stages.first() else {
            return Ok(());
        };
        let names: Vec<&str> = first.means.iter().map(|stage| stage.name).collect();
        writeln!(
            text,
            "| chat on, mean ms | users | connections | {} | callers in a transaction |",
            names.join(" | ")
        )?;
        writeln!(text, "|---|--:|--:|{}--:|", "--:|".repeat(names.len()))?;
        for stages in &self.stages {
            let means: Vec<String> = stages
                .means
                .iter()
                .map(|stage| format!("{:.2}", stage.mean_ms))
                .collect();
            writeln!(
                text,
                "| {} | {} | {} | {} | {:.1} |",
                stages.database,
                stages.users,
                stages.connections,
                means.join(" | "),
                stages.callers_per_transaction,
            )?;
        }
        writeln!(text)
    }

    fn aims(&self, text: &mut String) -> std::fmt::Result {
        if self.verdicts.is_empty() {
            return Ok(());
        }
        writeln!(text, "| aim | where | measured | |")?;
        writeln!(text, "|---|---|--:|---|")?;
        for verdict in &self.verdicts {
            writeln!(
                text,
                "| {} | {} | {} | {} |",
                verdict.aim,
                verdict.place,
                verdict.shown(),
                if verdict.met { "met" } else { "**missed**" },
            )?;
        }
        Ok(())
    }
}
