//! `retention`: what is kept for how long, and deleting what has outlived that.

use std::process::ExitCode;

use clap::Args;
use entities::{RunCause, governance::retention_run};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{CliError, build, say};
use crate::{
    app::App,
    platform::{
        governance::{ClassPreview, ClassSummary, Days, Preview, RunOf},
        retention::{Class, Holding, Period, Registry, Term},
    },
};

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of a command line are bools"
)]
pub(super) struct Retention {
    /// Delete nothing: print exactly what a run would delete
    #[arg(long)]
    dry_run: bool,
    /// Show every place of data with its class, and what deletes it
    #[arg(long, conflicts_with = "dry_run")]
    places: bool,
    /// Show every class: how long it is kept, who says so, what there is, what its last run deleted
    #[arg(long, conflicts_with_all = ["dry_run", "places"])]
    list: bool,
    /// Only this class; can be given several times
    #[arg(long, value_parser = class)]
    class: Vec<Class>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn class(name: &str) -> Result<Class, String> {
    Class::named(name).ok_or_else(|| {
        let names: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
        format!("the classes are {}", names.join(", "))
    })
}

impl Retention {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let app = build().await?;
        let told = if self.places {
            places(&app).await
        } else if self.list {
            self.list(&app).await
        } else {
            self.preview_or_run(&app).await
        };
        app.close().await;
        told.map(|()| ExitCode::SUCCESS)
    }

    async fn list(&self, app: &App) -> Result<(), CliError> {
        let classes = app.governance.classes().await.map_err(CliError::other)?;
        if self.json {
            let classes: Vec<Value> = classes.iter().map(class_as_json).collect();
            say(json!({ "classes": classes }).to_string());
            return Ok(());
        }
        for class in &classes {
            let last = class.last_run.as_ref().map_or_else(String::new, |run| {
                format!(", last run {} deleted {}", run.id, run.rows_deleted)
            });
            say(format!(
                "{:14} {:>9} rows {:>7} blobs {:>14} bytes, kept {} ({}){last}",
                class.period.class.name(),
                class.rows,
                class.blobs,
                class.bytes,
                term(class.period.term),
                class.period.source.as_str()
            ));
        }
        Ok(())
    }

    async fn preview_or_run(&self, app: &App) -> Result<(), CliError> {
        let preview = app.governance.preview(&self.class, None).await;
        let preview = preview.map_err(CliError::other)?;
        if self.dry_run {
            self.show(&preview);
            return Ok(());
        }
        let runs = delete(app, &preview).await?;
        if self.json {
            let runs: Vec<Value> = runs.iter().map(run_as_json).collect();
            say(json!({ "runs": runs }).to_string());
            return Ok(());
        }
        for run in &runs {
            say(format!(
                "{:14} {:>9} rows {:>7} blobs {:>14} bytes deleted, {} rows held back",
                run.class, run.rows_deleted, run.blobs_deleted, run.bytes_deleted, run.held_back
            ));
        }
        Ok(())
    }

    fn show(&self, preview: &Preview) {
        if self.json {
            return say(preview_as_json(preview).to_string());
        }
        for class in &preview.classes {
            say(line(class));
        }
        let total = &preview.total;
        say(format!(
            "{:14} {:>9} rows {:>7} blobs {:>14} bytes of {} users",
            "in all",
            total.rows,
            total.blobs,
            total.bytes,
            total.users.len()
        ));
    }
}

async fn delete(app: &App, preview: &Preview) -> Result<Vec<retention_run::Model>, CliError> {
    app.governance
        .close_interrupted()
        .await
        .map_err(CliError::other)?;
    let run = RunOf {
        cause: RunCause::Command,
        actor: None,
        job: None,
    };
    let mut runs = Vec::new();
    for class in &preview.classes {
        let Some(before) = class.before else {
            continue;
        };
        let never = CancellationToken::new();
        let swept = app.governance.sweep(run, class.class, before, &never).await;
        runs.push(swept.map_err(CliError::other)?);
    }
    Ok(runs)
}

fn line(preview: &ClassPreview) -> String {
    let tally = &preview.tally;
    let name = preview.class.name();
    if preview.before.is_none() {
        return format!("{name:14} is kept");
    }
    format!(
        "{name:14} {:>9} rows {:>7} blobs {:>14} bytes of {} users, {} rows held back",
        tally.rows,
        tally.blobs,
        tally.bytes,
        tally.users.len(),
        tally.held_back
    )
}

fn preview_as_json(preview: &Preview) -> Value {
    let classes: Vec<Value> = preview
        .classes
        .iter()
        .map(|class| {
            json!({
                "class": class.class.name(),
                "before": class.before,
                "rows": class.tally.rows,
                "blobs": class.tally.blobs,
                "bytes": class.tally.bytes,
                "users": class.tally.users.len(),
                "oldest_at": class.tally.oldest,
                "held_back": class.tally.held_back,
            })
        })
        .collect();
    json!({
        "at": preview.at,
        "good_until": preview.expires_at,
        "rows": preview.total.rows,
        "blobs": preview.total.blobs,
        "bytes": preview.total.bytes,
        "users": preview.total.users.len(),
        "held_back": preview.total.held_back,
        "classes": classes,
    })
}

fn class_as_json(class: &ClassSummary) -> Value {
    json!({
        "class": class.period.class.name(),
        "days": Days::of(class.period.term).0,
        "days_configured": Days::of(class.period.configured).0,
        "source": class.period.source.as_str(),
        "rows": class.rows,
        "blobs": class.blobs,
        "bytes": class.bytes,
        "oldest_at": class.oldest_at,
        "next_run_at": class.next_run_at,
        "last_run": class.last_run.as_ref().map(run_as_json),
    })
}

fn run_as_json(run: &retention_run::Model) -> Value {
    json!({
        "id": run.id,
        "class": run.class,
        "outcome": run.outcome.as_str(),
        "before": run.expired_before,
        "rows": run.rows_deleted,
        "blobs": run.blobs_deleted,
        "bytes": run.bytes_deleted,
        "held_back": run.held_back,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    })
}

async fn places(app: &App) -> Result<(), CliError> {
    let registry = app.governance.registry();
    let periods = app.governance.periods().all().await;
    for period in periods.map_err(CliError::other)? {
        say(heading(&period));
        let places = registry.holdings().iter();
        for holding in places.filter(|holding| holding.class == period.class) {
            say(format!(
                "  {:24}{}",
                holding.place.to_string(),
                ways(registry, holding)
            ));
        }
    }
    Ok(())
}

fn heading(period: &Period) -> String {
    format!(
        "{}: {} ({})",
        period.class.name(),
        term(period.term),
        period.source.as_str()
    )
}

fn term(term: Term) -> String {
    const HOUR: u64 = 3_600;
    let (period, unit, name) = match term {
        Term::After(period) if period.as_secs().is_multiple_of(24 * HOUR) => {
            (period, 24 * HOUR, "day")
        }
        Term::After(period) => (period, HOUR, "hour"),
        Term::Kept => return "for ever".to_owned(),
        Term::Until(what) => return format!("until {what}"),
    };
    let count = period.as_secs() / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// How data leaves a place, and why where it does not.
fn ways(registry: &Registry, holding: &Holding) -> String {
    let mut ways: Vec<String> = registry
        .expirers_of(holding.place)
        .map(|expirer| format!("expires as {}", expirer.class().name()))
        .collect();
    ways.extend(
        holding
            .not_expired
            .map(|why| format!("does not expire: {why}")),
    );
    if registry.erases(holding.place) {
        ways.push("erased with its user".to_owned());
    }
    ways.extend(holding.not_erased.map(|why| format!("not erased: {why}")));
    ways.join("; ")
}
