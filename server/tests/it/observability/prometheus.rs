//! Debian's `prometheus`, scraping every second.

use std::{
    collections::BTreeSet,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{client::eventually, free_port};

/// A running Prometheus. Killed when dropped.
pub(super) struct Prometheus {
    process: Child,
    http: reqwest::Client,
    base: String,
    folder: TempDir,
    targets: Vec<String>,
}

impl Prometheus {
    /// Watches the servers at these addresses, and follows these rules once it sees them all.
    pub(super) async fn watching(servers: &[&str], rules: &Value) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name).display().to_string();
        let targets: Vec<String> = servers
            .iter()
            .map(|base| base.replace("http://", ""))
            .collect();
        std::fs::write(file("rules.yml"), rules.to_string()).expect("a file");
        // A test may have had no other client before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        write_configuration(&folder, &targets, false);
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", file("prometheus.yml")))
            .arg(format!("--storage.tsdb.path={}", file("data")))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("prometheus runs; scripts/install test installs it");
        let prometheus = Self {
            process,
            http,
            base: format!("http://127.0.0.1:{port}"),
            folder,
            targets,
        };
        prometheus.follow_rules().await;
        prometheus
    }

    /// Rules begin when everything is seen: before, each process is missing.
    async fn follow_rules(&self) {
        let all = self.targets.len();
        eventually(|| async {
            let up = self.ask("up == 1").await.ok()?;
            (up.len() == all).then_some(())
        })
        .await;
        write_configuration(&self.folder, &self.targets, true);
        let id = i32::try_from(self.process.id()).expect("a process id");
        kill(Pid::from_raw(id), Signal::SIGHUP).expect("the signal is sent");
        eventually(|| async { (!self.rules().await.is_empty()).then_some(()) }).await;
    }

    /// What an expression is now: one entry for each series.
    pub(super) async fn ask(&self, expression: &str) -> Result<Vec<Value>, String> {
        let answer = self.get("/api/v1/query", &[("query", expression)]).await?;
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        Ok(answer["data"]["result"]
            .as_array()
            .cloned()
            .unwrap_or_default())
    }

    /// Every rule as Prometheus sees it.
    pub(super) async fn rules(&self) -> Vec<Value> {
        let Ok(answer) = self.get("/api/v1/rules", &[]).await else {
            return Vec::new();
        };
        let groups = answer["data"]["groups"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let rules = groups.iter().filter_map(|group| group["rules"].as_array());
        rules.flatten().cloned().collect()
    }

    /// The names of all alerts that have fired since it started.
    pub(super) async fn ever_fired(&self) -> BTreeSet<String> {
        let fired =
            self.ask(r#"count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1h]))"#);
        let fired = fired.await.unwrap_or_default();
        let names = fired
            .iter()
            .filter_map(|series| series["metric"]["alertname"].as_str());
        names.map(str::to_owned).collect()
    }

    /// How often it has looked at its targets.
    pub(super) async fn scrapes(&self) -> u64 {
        let counted = self
            .ask("sum(count_over_time(up[1h]))")
            .await
            .unwrap_or_default();
        let count = counted
            .first()
            .and_then(|series| series["value"][1].as_str());
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, String> {
        let request = self.http.get(format!("{}{path}", self.base)).query(query);
        let response = request.send().await.map_err(|error| error.to_string())?;
        response.json().await.map_err(|error| error.to_string())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

fn write_configuration(folder: &TempDir, targets: &[String], with_rules: bool) {
    let rules = if with_rules {
        vec!["rules.yml"]
    } else {
        vec![]
    };
    let configuration = json!({
        "global": {
            "scrape_interval": "1s", "evaluation_interval": "1s",
            "external_labels": {"house": "https://house.example.org"},
        },
        "rule_files": rules,
        "scrape_configs": [{
            "job_name": "binnacle",
            "static_configs": [{"targets": targets, "labels": {"service": "server"}}],
        }],
    });
    let path = folder.path().join("prometheus.yml");
    std::fs::write(path, configuration.to_string()).expect("a file");
}
