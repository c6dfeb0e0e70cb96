//! `demo`: the main job on the sample documents, through HTTP like any client, on a fresh folder
//! with the offline provider. No network, no key, no other service.

mod client;
mod samples;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use secrecy::SecretString;

use super::{CliError, say};
use crate::{
    app::{App, Schema, Stop, Surroundings},
    platform::{
        config::{Config, EnvSource},
        telemetry::start_quiet_logging,
    },
};
use client::Client;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End after the questions instead of serving on
    #[arg(long)]
    once: bool,
    /// Port to listen on; a free one when it is taken
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Where to keep the demo's data; a fresh temporary folder by default
    #[arg(long)]
    folder: Option<PathBuf>,
}

const ADMIN: &str = "admin@example.org";
const USER: &str = "user@example.org";
/// What the user may spend in the demo.
const MONTHLY_LIMIT_USD: f64 = 0.05;
const POLL: Duration = Duration::from_millis(100);
const INDEXING_DEADLINE: Duration = Duration::from_mins(3);

const QUESTIONS: [&str; 3] = [
    "How many days of unused annual leave can I carry over, and until when?",
    "What does error code E-17 on the HR-7 mean and what should I check first?",
    "Who may release a test cell after an emergency stop?",
];

impl Demo {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        // Kept until the end: dropping it removes the folder.
        let temporary = tempfile::Builder::new().prefix("binnacle-demo-").tempdir();
        let temporary = temporary.map_err(|error| other("a temporary folder", &error))?;
        let folder = self
            .folder
            .clone()
            .unwrap_or_else(|| temporary.path().to_owned());
        let password = password();
        let app = build(&folder, self.port).await?;
        let admin = SecretString::from(password.clone());
        app.accounts
            .create_first_admin(ADMIN, &admin)
            .await
            .map_err(|error| CliError::Other(error.to_string()))?;
        let listener = match app.bind().await {
            Ok(listener) => listener,
            Err(_) => crate::app::bind_any()
                .await
                .map_err(|error| other("a free port", &error))?,
        };
        let address = listener
            .local_addr()
            .map_err(|error| other("the address", &error))?;
        let stop = Stop::default();
        let serving = app.serve(listener, stop.clone());
        let showing = async {
            let base = format!("http://{address}");
            say(format!(
                "Binnacle serves on {base} from {}\n",
                folder.display()
            ));
            let shown = show(&base, &password).await;
            if shown.is_ok() && !self.once {
                farewell(&base, &password);
                // A signal that cannot be received ends the demo as well.
                let _ = tokio::signal::ctrl_c().await;
            }
            stop.soft.cancel();
            shown
        };
        let (served, shown) = tokio::join!(serving, showing);
        served?;
        shown?;
        Ok(ExitCode::SUCCESS)
    }
}

fn other(what: &str, error: &dyn std::fmt::Display) -> CliError {
    CliError::Other(format!("{what} cannot be had: {error}"))
}

/// A password for this demo alone, since the server can be reached while it runs.
fn password() -> String {
    let entropy = crate::platform::entropy::Entropy::from_system();
    format!("Demo-{}!", hex::encode(entropy.bytes::<6>()))
}

async fn build(folder: &std::path::Path, port: u16) -> Result<App, CliError> {
    let source = EnvSource::from_pairs([
        ("ENVIRONMENT", "development"),
        ("GEMINI_MOCK_MODE", "true"),
        ("MOCK_LATENCY_MS", "12"),
        ("LOG_LEVEL", "warn"),
        ("PORT", &port.to_string()),
        ("PLC_STORAGE_DIR", &folder.to_string_lossy()),
    ]);
    let (config, _) = Config::load(&source)?;
    start_quiet_logging();
    Ok(App::build(config, Surroundings::of_system()?, Schema::Forward).await?)
}

/// Everything that the demo does, as a user's program would.
async fn show(base: &str, password: &str) -> Result<(), CliError> {
    let admin = Client::sign_in(base, ADMIN, password).await?;
    say(format!("1. {ADMIN} is the admin."));
    Client::register(base, USER, password).await?;
    let user = Client::sign_in(base, USER, password).await?;
    let user_id = user.me().await?;
    admin.set_budget(user_id, MONTHLY_LIMIT_USD).await?;
    say(format!(
        "2. {USER} signed up and may spend ${MONTHLY_LIMIT_USD:.2} this month.\n"
    ));
    let store = user.create_store("Harbour Robotics").await?;
    say("3. Four documents go in; jobs read and index them:");
    for sample in &samples::ALL {
        index(&user, store, sample).await?;
    }
    let indexing = user.costs().await?;
    say(format!(
        "   Indexing cost ${:.9}.\n",
        indexing.indexing_cost_usd
    ));
    for (number, question) in (4..).zip(QUESTIONS) {
        say(format!("{number}. {question}\n"));
        user.ask(store, question).await?;
    }
    let costs = user.costs().await?;
    say(format!(
        "Spent ${:.9} of ${MONTHLY_LIMIT_USD:.2}: {} prompt, {} completion, {} index tokens, priced \
         like the model that the offline provider stands in for.",
        costs.total_usd, costs.prompt_tokens, costs.completion_tokens, costs.index_tokens
    ));
    Ok(())
}

async fn index(user: &Client, store: i64, sample: &samples::Sample) -> Result<(), CliError> {
    let style = ProgressStyle::with_template("   {prefix:28} [{bar:30}] {percent:>3}% {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_prefix(sample.name);
    let operation = user.upload(store, sample).await?;
    let deadline = tokio::time::Instant::now() + INDEXING_DEADLINE;
    loop {
        let status = user.operation(&operation).await?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 100"
        )]
        bar.set_position((status.progress.clamp(0.0, 1.0) * 100.0) as u64);
        bar.set_message(status.stage.clone().unwrap_or_default());
        match status.status.as_str() {
            "DONE" => break,
            "ERROR" => {
                bar.abandon();
                return Err(CliError::Other(status.error.unwrap_or_default()));
            }
            _ if tokio::time::Instant::now() > deadline => {
                bar.abandon();
                return Err(CliError::Other(format!(
                    "{} was not indexed in time",
                    sample.name
                )));
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
    bar.finish_and_clear();
    say(format!(
        "   {:28} indexed ({} bytes)",
        sample.name,
        sample.bytes.len()
    ));
    Ok(())
}

fn farewell(base: &str, password: &str) {
    say(format!(
        "\nThe server keeps running until Ctrl-C. Where to go next:\n\
         \n  {base}/docs      every route, to try in the browser\
         \n  {base}/health    how it is\
         \n  {base}/metrics   what it counts\n\
         \nSign in as {USER} or {ADMIN} with the password {password}, for example:\n\
         \n  curl -s {base}/api/auth/login -H 'X-Requested-With: XMLHttpRequest' \\\
         \n    -H 'Content-Type: application/json' \\\
         \n    -d '{{\"email\":\"{USER}\",\"password\":\"{password}\"}}'\n"
    ));
}
