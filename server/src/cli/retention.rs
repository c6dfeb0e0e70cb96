//! `retention` and `erase`: what is kept for how long, and the two ways in which it goes.

use std::process::ExitCode;

use clap::Args;
use entities::UserId;
use serde_json::json;

use super::{CliError, build, say};
use crate::{
    app::App,
    platform::{
        audit::AuditEvent,
        config::RetentionConfig,
        retention::{Class, Holding, Place, Registry, Term},
    },
};

#[derive(Debug, Args)]
pub(super) struct Retention {
    /// Delete what has outlived its class, now
    #[arg(long)]
    run: bool,
}

impl Retention {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let app = build().await?;
        let told = if self.run {
            expire(&app).await
        } else {
            tell(&app.retention(), &app.config.retention);
            Ok(())
        };
        app.close().await;
        told.map(|()| ExitCode::SUCCESS)
    }
}

fn tell(registry: &Registry, config: &RetentionConfig) {
    for class in Class::ALL {
        say(format!("{}: {}", class.name(), term(class.term(config))));
        let places = registry.holdings().iter();
        for holding in places.filter(|holding| holding.class == class) {
            say(format!(
                "  {:24}{}",
                holding.place.to_string(),
                ways(registry, holding)
            ));
        }
    }
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

async fn expire(app: &App) -> Result<(), CliError> {
    let expired = app
        .retention()
        .expire(&app.config.retention, app.clock.now())
        .await
        .map_err(|error| CliError::Other(error.to_string()))?;
    for expired in expired {
        say(format!(
            "{:14}  {:6} deleted: {}",
            expired.class.name(),
            expired.count,
            names(expired.places)
        ));
    }
    Ok(())
}

fn names(places: &[Place]) -> String {
    let names: Vec<String> = places.iter().map(Place::to_string).collect();
    names.join(", ")
}

#[derive(Debug, Args)]
pub(super) struct Erase {
    /// E-mail address or id of the user
    user: String,
    /// Erase; without it, only say what there is
    #[arg(long)]
    yes: bool,
}

impl Erase {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let app = build().await?;
        let outcome = self.erase(&app).await;
        app.close().await;
        outcome
    }

    async fn erase(&self, app: &App) -> Result<ExitCode, CliError> {
        let other = |error: &dyn std::fmt::Display| CliError::Other(error.to_string());
        let user = self.user(app).await?;
        let registry = app.retention();
        if !self.yes {
            let found = registry
                .remaining(user)
                .await
                .map_err(|error| other(&error))?;
            report("would go", &found);
            say(format!(
                "Run `binnacle erase {user} --yes` to erase user {user} for good."
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let erasure = registry.erase(user).await.map_err(|error| other(&error))?;
        let left: u64 = erasure.remaining.iter().map(|(_, count)| count).sum();
        if erasure.erased == 0 && left == 0 {
            say(format!("There is nothing of user {user}."));
            return Ok(ExitCode::SUCCESS);
        }
        app.audit
            .record(AuditEvent {
                actor: None,
                action: "erase_user",
                target_type: Some("user"),
                target_id: Some(user.to_string()),
                metadata: json!({ "erased": erasure.erased, "remaining": left }),
            })
            .await
            .map_err(|error| other(&error))?;
        say(format!(
            "{} rows of user {user} were erased.",
            erasure.erased
        ));
        if left == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        report("are still there", &erasure.remaining);
        say("Erase again when the user's running jobs have ended.");
        Ok(ExitCode::FAILURE)
    }

    async fn user(&self, app: &App) -> Result<UserId, CliError> {
        if let Ok(id) = self.user.parse() {
            return Ok(UserId(id));
        }
        let found = app.accounts.find_by_email(&self.user).await;
        found
            .map_err(|error| CliError::Other(error.to_string()))?
            .map(|account| account.id)
            .ok_or_else(|| CliError::Other(format!("there is no user {}", self.user)))
    }
}

fn report(what: &str, found: &[(&'static [Place], u64)]) {
    for (places, count) in found {
        say(format!("{count:6} rows that {what}: {}", names(places)));
    }
}
