//! PostgreSQL goes away in the middle of work and comes back: a cluster of the test's own, since
//! the others' must stay.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use super::program::Site;
use crate::{
    console::bulk::{add_users, over},
    support::{Database, Sql, User, client::eventually, free_port},
};

/// What the pools may take to notice that the server is back.
const RECOVERY: Duration = Duration::from_secs(2);

/// A PostgreSQL of a test's own.
pub struct Cluster {
    home: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let cluster = Self {
            programs: newest_programs(),
            port: free_port(),
            home,
        };
        if is_root() {
            let mut chown = Command::new("chown");
            run(chown.arg("postgres").arg(cluster.home.path()));
        }
        let data = cluster.data();
        let data = data.to_str().expect("a path");
        cluster.run(
            "initdb",
            &["-D", data, "-U", "binnacle", "-A", "trust", "-N"],
        );
        cluster.up();
        cluster
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub fn up(&self) {
        let options = format!("-p {} -h 127.0.0.1 -k ''", self.port);
        self.control(&["-l", "log", "-o", &options, "start"]);
    }

    /// As a crash: nothing is written first, every connection is cut.
    pub fn down(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    fn control(&self, arguments: &[&str]) {
        let data = self.data();
        let mut all = vec!["-D", data.to_str().expect("a path"), "-s", "-w"];
        all.extend(arguments);
        self.run("pg_ctl", &all);
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            // PostgreSQL refuses to run as root.
            let mut command = Command::new("runuser");
            command.args(["--user", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        run(command.args(arguments).current_dir(self.home.path()));
    }

    pub fn database(&self) -> Database {
        Database::Postgres {
            server: format!("postgres://binnacle@127.0.0.1:{}/postgres", self.port),
            name: "postgres".to_owned(),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() && !std::thread::panicking() {
            self.down();
        }
    }
}

fn run(command: &mut Command) {
    // Its own output goes to files: a server that inherits a pipe would keep it open.
    let status = command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    let status = status.expect("the program runs");
    assert!(status.success(), "{command:?}: {status}");
}

pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").expect("this process").uid() == 0
}

fn newest_programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let newest = versions
        .filter_map(|version| version.expect("a version").file_name().into_string().ok())
        .max_by_key(|version| version.parse::<u32>().unwrap_or(0))
        .expect("a version");
    Path::new("/usr/lib/postgresql").join(newest).join("bin")
}

/// Uploads until told to stop; answers how many were taken and when one was not.
async fn upload(user: User, store: i64, stop: Arc<AtomicBool>) -> (i64, Vec<Instant>) {
    let (mut taken, mut refused) = (0, Vec::new());
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let text = format!("The ferry number {number} leaves the north pier at nine.");
        let name = format!("ferry-{number}.txt");
        let answer = user.upload(store, &name, "text/plain", text.into_bytes());
        match answer.await.status {
            200 => taken += 1,
            503 => refused.push(Instant::now()),
            other => panic!("an outage was answered with {other}"),
        }
    }
    (taken, refused)
}

async fn is_ready(user: &User, ready: bool) {
    let status = if ready { 200 } else { 503 };
    eventually(|| async { (user.get("/ready").await.status == status).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_after_postgresql_was_gone_in_the_middle_of_it() {
    let cluster = Cluster::start();
    let site = Site::new(Arc::new(cluster.database()), &[]);
    let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
    let worker = site.work(&[]).await;
    let state = site.state().await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Harbour").await;
    let stop = Arc::new(AtomicBool::new(false));
    let uploads = tokio::spawn(upload(user.clone(), store, stop.clone()));
    let done = "SELECT COUNT(*) FROM documents WHERE status = 'DONE'";
    eventually(|| async { (state.number(done).await >= 3).then_some(()) }).await;
    let before = state.number(done).await;
    state.close().await;

    let gone = Instant::now();
    cluster.down();
    is_ready(&user, false).await;
    cluster.up();
    let back = Instant::now();
    is_ready(&user, true).await;

    let state = site.state().await;
    eventually(|| async { (state.number(done).await >= before + 3).then_some(()) }).await;
    stop.store(true, Ordering::SeqCst);
    let (taken, refused) = uploads.await.expect("the uploads end");
    let late: Vec<Duration> = refused
        .iter()
        .filter(|at| **at < gone || **at > back + RECOVERY)
        .map(|at| at.saturating_duration_since(back))
        .collect();
    assert!(late.is_empty(), "refused outside the outage: {late:?}");

    state.at_rest().await;
    let documents = state.number("SELECT COUNT(*) FROM documents").await;
    assert!(documents >= taken, "{documents} of {taken} are left");
    let twice = "SELECT COUNT(*) FROM (SELECT job_id FROM job_events WHERE event = 'succeeded' \
                 GROUP BY job_id HAVING COUNT(*) > 1) x";
    assert_eq!(state.number(twice).await, 0);
    state.close().await;
    worker.stop().await;
    server.stop().await;
}

/// Users of an act that goes on for a few seconds.
const PEOPLE: i64 = 3_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_leaves_nobody_out_of_an_act_on_many() {
    let cluster = Cluster::start();
    let site = Site::new(Arc::new(cluster.database()), &[]);
    let server = site.serve(&[]).await;
    let admin = site.admin(&server).await;
    let url = cluster.database().url().expect("PostgreSQL");
    let connection = PgConnection::connect(&url).await.expect("PostgreSQL");
    add_users(&mut Sql::Postgres(connection), PEOPLE).await;
    let path = "/api/admin/accounts/bulk";
    let set = json!({
        "action": "set_budget", "filter": "role:user", "limit_nanos": 2_000_000_000_i64,
    });
    let preview = admin.post(&format!("{path}/preview"), &set).await;
    let run = json!({"preview_token": preview.expect(200)["preview_token"]});
    let job = admin.post(path, &run).await.expect(200)["job"].clone();
    let one = format!("/api/admin/jobs/{job}");
    let under_way = async || {
        let detail = admin.get(&one).await.expect(200);
        let next = detail["checkpoint"]["next"].as_i64().unwrap_or(0);
        (next > 0).then_some(detail)
    };
    let detail = eventually(under_way).await;
    assert!(detail["job"]["finished_at"].is_null(), "{detail}");

    cluster.down();
    is_ready(&admin, false).await;
    cluster.up();
    is_ready(&admin, true).await;
    // Connections that rest are found to be dead one by one.
    let back = Instant::now();
    eventually(|| async {
        let answered = admin.get(&one).await.status == 200;
        (answered && back.elapsed() > RECOVERY).then_some(())
    })
    .await;

    let detail = over(&admin, &job).await;
    let attempts = detail["attempt_list"].as_array().map_or(0, Vec::len);
    assert!(attempts > 1, "the outage cut it: {detail}");
    let state = site.state().await;
    let limited = "SELECT COUNT(*) FROM budgets WHERE monthly_limit_nanos = 2000000000";
    assert_eq!(state.number(limited).await, PEOPLE);
    state.close().await;
    server.stop().await;
}
