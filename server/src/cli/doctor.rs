//! `doctor`: the checks of the start-up gate, and whether everything the server stands on works.

mod machine;

use std::{process::ExitCode, time::Duration};

use clap::Args;
use serde::Serialize;

use super::{CliError, say};
use crate::{
    app::{App, Schema, Surroundings},
    platform::{
        config::{Config, EnvSource},
        db::SchemaState,
        telemetry::start_quiet_logging,
    },
};

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Bring period sums back to what the ledger says
    #[arg(long)]
    repair: bool,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Warning,
    Problem,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    detail: String,
}

const PROVIDER_DEADLINE: Duration = Duration::from_secs(5);
const REDIS_DEADLINE: Duration = Duration::from_secs(2);
/// A password hash faster than this is easy to guess at.
const SLOW_ENOUGH: Duration = Duration::from_millis(10);

impl Doctor {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        start_quiet_logging();
        let mut checks = Checks::default();
        if let Some(config) = checks.settings() {
            Box::pin(checks.house(config, self.repair)).await;
        }
        if self.json {
            let text = serde_json::to_string_pretty(&checks.0)
                .map_err(|error| CliError::Other(error.to_string()))?;
            say(text);
        } else {
            say("VERDICT  CHECK       WHAT WAS FOUND");
            for check in &checks.0 {
                let mark = match check.verdict {
                    Verdict::Ok => "ok     ",
                    Verdict::Warning => "WARNING",
                    Verdict::Problem => "PROBLEM",
                };
                say(format!("{mark}  {:10}  {}", check.name, check.detail));
            }
        }
        let sick = checks
            .0
            .iter()
            .any(|check| check.verdict == Verdict::Problem);
        Ok(if sick {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, name: &'static str, verdict: Verdict, detail: impl Into<String>) {
        self.0.push(Check {
            name,
            verdict,
            detail: detail.into(),
        });
    }

    fn judge(&mut self, name: &'static str, sound: bool, detail: impl Into<String>) {
        self.add(
            name,
            if sound { Verdict::Ok } else { Verdict::Problem },
            detail,
        );
    }

    fn settings(&mut self) -> Option<Config> {
        match Config::load(&EnvSource::process()) {
            Ok((config, warnings)) => {
                for warning in &warnings {
                    let detail = format!("{}: {}", warning.variable, warning.message);
                    self.add("settings", Verdict::Warning, detail);
                }
                let kind = config.environment.kind.as_str();
                self.add("settings", Verdict::Ok, format!("valid for {kind}"));
                Some(config)
            }
            Err(problems) => {
                for problem in &problems.0 {
                    let detail = format!(
                        "{} {}. {}.",
                        problem.variable, problem.problem, problem.remedy
                    );
                    self.add("settings", Verdict::Problem, detail);
                }
                None
            }
        }
    }

    async fn house(&mut self, config: Config, repair: bool) {
        let surroundings = match Surroundings::of_system() {
            Ok(surroundings) => surroundings,
            Err(error) => return self.add("program", Verdict::Problem, error.to_string()),
        };
        let redis = config.redis.url.clone();
        match App::build(config, surroundings, Schema::AsItIs).await {
            Ok(app) => {
                self.machine(&app).await;
                self.database(&app).await;
                self.storage(&app).await;
                self.providers(&app).await;
                if self.schema(&app).await {
                    self.audit(&app).await;
                    self.receipts(&app).await;
                    self.ledger(&app, repair).await;
                }
                self.passwords(&app).await;
                app.close().await;
            }
            Err(error) => self.add("database", Verdict::Problem, error.to_string()),
        }
        if let Some(url) = redis {
            match crate::platform::redis::ping(&url, REDIS_DEADLINE).await {
                Ok(()) => self.add("redis", Verdict::Ok, "answers"),
                Err(error) => self.add("redis", Verdict::Problem, error.to_string()),
            }
        } else {
            self.add("redis", Verdict::Ok, "not configured");
        }
    }

    async fn database(&mut self, app: &App) {
        let writable = app.db.writable().await;
        let kind = format!("{:?}", app.db.backend());
        let detail = if writable {
            "accepts writes"
        } else {
            "refuses writes"
        };
        self.judge("database", writable, format!("{kind} {detail}"));
    }

    /// Whether the schema is this program's: otherwise what stands in it is not looked at.
    async fn schema(&mut self, app: &App) -> bool {
        let (verdict, detail) = match app.db.schema_state().await {
            Ok(SchemaState::Current) => (Verdict::Ok, "current".to_owned()),
            Ok(SchemaState::Behind(count)) => (
                Verdict::Warning,
                format!(
                    "{count} migrations behind, so audit, erasures and ledger were not checked: \
                     run `binnacle migrate` after a backup"
                ),
            ),
            Ok(SchemaState::Newer(newest)) => (
                Verdict::Problem,
                format!("newer than this program ({newest})"),
            ),
            Err(error) => (Verdict::Problem, error.to_string()),
        };
        self.add("schema", verdict, detail);
        verdict == Verdict::Ok
    }

    async fn storage(&mut self, app: &App) {
        let folder = app.config.storage.dir.display().to_string();
        match app.blobs.probe(app.entropy.uuid()).await {
            Ok(()) => self.add(
                "storage",
                Verdict::Ok,
                format!("{folder} takes and gives blobs"),
            ),
            Err(error) => self.add("storage", Verdict::Problem, format!("{folder}: {error}")),
        }
    }

    async fn providers(&mut self, app: &App) {
        let deadline = tokio::time::Instant::now() + PROVIDER_DEADLINE;
        for (provider, outcome) in app.gateway.probe(deadline).await {
            let name = provider.as_str();
            match outcome {
                Ok(()) => self.add("provider", Verdict::Ok, format!("{name} answers")),
                Err(error) => self.add("provider", Verdict::Problem, format!("{name}: {error}")),
            }
        }
    }

    async fn audit(&mut self, app: &App) {
        match app.audit.verify().await {
            Ok(found) => match found.broken {
                None => {
                    let detail = format!("{} entries, the chain is whole", found.sound);
                    self.add("audit", Verdict::Ok, detail);
                }
                Some(broken) => {
                    let detail = format!("broken after {} entries: {broken}", found.sound);
                    self.add("audit", Verdict::Problem, detail);
                }
            },
            Err(error) => self.add("audit", Verdict::Problem, error.to_string()),
        }
    }

    /// Whether every erasure is proved, and was complete.
    async fn receipts(&mut self, app: &App) {
        match app.governance.verify_receipts().await {
            Err(error) => self.add("erasures", Verdict::Problem, error.to_string()),
            Ok(found) if !found.faults.is_empty() => {
                let detail = format!("{} receipts were changed", found.faults.len());
                self.add("erasures", Verdict::Problem, detail);
            }
            Ok(found) if !found.incomplete.is_empty() => {
                let detail = format!("something of users {:?} was left", found.incomplete);
                self.add("erasures", Verdict::Problem, detail);
            }
            Ok(found) => {
                let detail = format!("{} receipts, all as they were signed", found.sound);
                self.add("erasures", Verdict::Ok, detail);
            }
        }
    }

    async fn ledger(&mut self, app: &App, repair: bool) {
        let drifts = match if repair {
            app.budgets.repair().await
        } else {
            app.budgets.drift().await
        } {
            Ok(drifts) => drifts,
            Err(error) => return self.add("ledger", Verdict::Problem, error.to_string()),
        };
        let distance: entities::Nanos = drifts
            .iter()
            .map(crate::platform::budgets::Drift::distance)
            .sum();
        if drifts.is_empty() {
            self.add(
                "ledger",
                Verdict::Ok,
                "every period equals the sum of its entries",
            );
        } else if repair {
            let detail = format!(
                "{} periods were off by {distance} and are mended",
                drifts.len()
            );
            self.add("ledger", Verdict::Warning, detail);
        } else {
            let detail = format!(
                "{} periods are off by {distance}: run `binnacle doctor --repair`",
                drifts.len()
            );
            self.add("ledger", Verdict::Problem, detail);
        }
    }

    /// Measures a hash on this machine, and says when it could be dearer.
    async fn passwords(&mut self, app: &App) {
        let begun = std::time::Instant::now();
        let password = secrecy::SecretString::from("Measured-by-doctor-1");
        let hashed = app.passwords.rehash(&password).await;
        let took = begun.elapsed();
        let cost = app.config.auth.argon2;
        let detail = format!(
            "argon2id takes {} ms at {} KiB",
            took.as_millis(),
            cost.memory_kib
        );
        match hashed {
            Err(error) => self.add("passwords", Verdict::Problem, error.to_string()),
            Ok(_) if took < SLOW_ENOUGH => {
                let detail = format!("{detail}: raise ARGON2_MEMORY_KIB or ARGON2_ITERATIONS");
                self.add("passwords", Verdict::Warning, detail);
            }
            Ok(_) => self.add("passwords", Verdict::Ok, detail),
        }
    }
}
