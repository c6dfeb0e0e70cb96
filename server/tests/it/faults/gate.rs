//! The start-up gate of the real program: every rule alone refuses the start, naming the variable,
//! what is wrong and what to do, and shows no secret.

mod entry;
mod services;

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use super::program::Site;
use crate::support::Database;

const STAGING: &str = "staging";
const PRODUCTION: &str = "production";
const BOTH: &[&str] = &[STAGING, PRODUCTION];
const SECRET: &str = "5f0b6c3f9f3d4a7e8d1c2b3a49586776";

/// Settings with which the gate has nothing to say; nobody listens where Redis should be.
const SOUND: [(&str, &str); 9] = [
    ("ENVIRONMENT", PRODUCTION),
    ("JWT_SECRET", SECRET),
    (
        "DATABASE_URL",
        "postgresql://app:Vq8xE2mKw0@127.0.0.1:1/binnacle",
    ),
    ("REDIS_URL", "redis://127.0.0.1:1/0"),
    ("GEMINI_MOCK_MODE", "false"),
    ("GEMINI_API_KEY", "key-hushhush-one"),
    ("CORS_ORIGINS", "https://app.example.org"),
    ("TRUSTED_PROXY_IPS", "10.0.0.0/8"),
    ("RUN_MIGRATIONS", "true"),
];

/// Where, with what changed, and what is said: the variable, the problem, the remedy.
type Rule = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    [&'static str; 3],
);

/// Starts `serve` and expects that it is refused; what it said.
async fn refusal(site: &Site, environment: &str, changed: &[(&str, &str)]) -> String {
    let mut settings = SOUND.to_vec();
    settings.extend(changed);
    settings.push(("ENVIRONMENT", environment));
    let refused = site.run(&["serve"], &settings).await;
    let said = String::from_utf8_lossy(&[refused.stdout, refused.stderr].concat()).into_owned();
    assert!(
        !refused.status.success(),
        "{environment} {changed:?}: {said}"
    );
    assert!(
        !said.contains("hushhush") && !said.contains(SECRET),
        "{said}"
    );
    said
}

/// Whether a line names the variable, then says what is wrong, then what would do.
fn tells(line: &str, [variable, problem, remedy]: &[&str; 3]) -> bool {
    let named = match line.trim_start().strip_prefix("- ") {
        Some(text) => text.starts_with(&format!("{variable}: ")),
        None => line.contains(variable),
    };
    let parts = (line.find(problem), line.rfind(remedy));
    named && matches!(parts, (Some(problem), Some(remedy)) if problem < remedy)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_alone_refuses_the_start_and_says_what_to_do() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    for (environments, changed, says) in entry::RULES.iter().chain(services::RULES) {
        for environment in *environments {
            let said = refusal(&site, environment, changed).await;
            let whole = said.lines().any(|line| tells(line, says));
            assert!(
                whole,
                "{environment} {changed:?}: no line says {says:?} in: {said}"
            );
            let only_problem = said.matches("\n  - ").count() <= 1;
            assert!(
                only_problem,
                "{environment} {changed:?} broke one rule: {said}"
            );
        }
    }
    let said = refusal(&site, "prod", &[]).await;
    assert!(
        said.contains("ENVIRONMENT") && said.contains("production"),
        "{said}"
    );
    let left = std::fs::read_dir(site.folder.path()).expect("the folder");
    assert_eq!(left.count(), 0, "nothing was opened or made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_that_everybody_may_read_refuses_the_start() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let file = site.folder.path().join("jwt");
    std::fs::write(&file, SECRET).expect("a file");
    let path = file.to_str().expect("a path").to_owned();
    let changed = [("JWT_SECRET", ""), ("JWT_SECRET_FILE", &*path)];
    for (mode, says) in [(0o644, "chmod o-rwx"), (0o600, "Redis does not answer")] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("a mode");
        for environment in BOTH {
            let said = refusal(&site, environment, &changed).await;
            assert!(said.contains(says), "{environment} {mode:o}: {said}");
        }
    }
}
