//! One evening of an admin, in the program itself against the house's program: from the sign-in to
//! the audit, with the server killed and started again under the open console.

use serde_json::{Value, json};

use super::tmux::{Tmux, console_program, environment};
use super::tour::Tour;
use crate::faults::program::{Program, Site};
use crate::support::house::ADMIN;
use crate::support::{Database, User, eventually};

/// A house with a user who has asked something long ago, and a job that failed.
struct Scene {
    site: Site,
    /// `None` while there is none.
    server: Option<Program>,
    base: String,
    admin: User,
    bo: User,
    store: i64,
    tmux: Tmux,
    tour: Tour,
}

/// Slow enough to be watched.
const SLOW: [(&str, &str); 1] = [("MOCK_LATENCY_MS", "400")];

impl Scene {
    async fn set() -> Self {
        let site = Site::new(std::sync::Arc::new(Database::Sqlite), &SLOW);
        let server = site.serve(&[]).await;
        let admin = site.admin(&server).await;
        for name in ["ada", "cy"] {
            User::register(server.base.clone(), &format!("{name}@example.org")).await;
        }
        let bo = User::register(server.base.clone(), "bo@example.org").await;
        let store = bo.store("Harbour").await;
        let text = "The harbour of Aldra opened in 1802. The harbour of Aldra has nine piers. \
                    The harbour of Aldra is dredged every spring by three ships."
            .repeat(4);
        bo.indexed(store, "aldra.txt", "text/plain", text.into_bytes())
            .await;
        assert!(bo.ask(store, "How many piers are there?").await.done);
        let state = site.state().await;
        for (table, column) in [("chat_sessions", "updated_at"), ("messages", "created_at")] {
            let age =
                format!("UPDATE {table} SET {column} = datetime('now', '-91 days') || '+00:00'");
            state.execute(&age).await;
        }
        state.close().await;
        let broken = b"%PDF-1.7\n1 0 obj\n<</Nonsense\n%%EOF\n".to_vec();
        let sent = bo
            .upload(store, "chart.pdf", "application/pdf", broken)
            .await;
        let operation = sent.expect(200)["op_id"].clone();
        bo.settled_operation(operation.as_str().expect("an id"))
            .await;
        Self {
            site,
            base: server.base.clone(),
            server: Some(server),
            admin,
            bo,
            store,
            tmux: Tmux::open().await,
            tour: Tour::default(),
        }
    }

    async fn signs_in(&mut self) {
        let added = tokio::process::Command::new(console_program())
            .args(["ctx", "add", "harbour", &self.base])
            .env_clear()
            .envs(environment(self.tmux.home.path()))
            .output()
            .await;
        assert!(added.expect("it runs").status.success());
        self.tmux.types("stty -g > before").await;
        self.tmux.keys(&["Enter"]).await;
        let command = format!("{} --theme dark", console_program().display());
        self.tmux.types(&format!("clear; {command}")).await;
        self.tmux.keys(&["Enter"]).await;
        self.tmux.until("email").await;
        self.tmux.types(ADMIN.0).await;
        self.tmux.keys(&["Enter"]).await;
        self.tmux.types(ADMIN.1).await;
        let frame = self.tmux.until(ADMIN.0).await;
        assert!(!frame.contains(ADMIN.1), "a password is not shown");
        self.tour.stop(
            "Sign in",
            "The server and its name stand there before anything is typed. Tokens are kept in a file that its owner alone can read.",
            frame,
        );
        self.tmux.keys(&["Enter"]).await;
        let frame = self
            .tmux
            .until_line(&["root@example.org admin", "● live"])
            .await;
        assert!(frame.contains("Overview"), "{frame}");
        let frame = self.tmux.until_line(&["bo@example.org", "$"]).await;
        self.tour.stop(
            "Overview",
            "Is the house well, and if not, what first? The verdict stands on the third line of every screen.",
            frame,
        );
    }

    async fn sets_a_budget(&mut self) {
        self.tmux.types("2").await;
        self.tmux.until_line(&["bo@example.org", "active"]).await;
        self.tmux.types("/bo@").await;
        self.tmux.keys(&["Enter"]).await;
        self.tmux.until("1-1 of 1").await;
        self.tmux.types("b").await;
        self.tmux.until("monthly limit").await;
        self.tmux.keys(&["C-u"]).await;
        self.tmux.types("20").await;
        self.tmux.keys(&["Enter"]).await;
        self.tmux.until("bo@example.org: $20.00, left ").await;
        let frame = self
            .tmux
            .until_line(&["> ", "bo@example.org", "$20.00"])
            .await;
        self.tour.stop(
            "Find a user, set a budget",
            "`2`, `/bo@`, `b`, `20`: what the server answered stands in the line at the bottom, and `u` takes it back.",
            frame,
        );
        let path = format!("/api/admin/budgets/{}", self.bo.id().await);
        let set = self.admin.get(&path).await.expect(200);
        assert_eq!(set["monthly_limit_usd"], 20.0, "{set}");
    }

    async fn watches_a_stream_and_ends_it(&mut self) {
        let (bo, store) = (self.bo.clone(), self.store);
        let asking = tokio::spawn(async move { bo.ask(store, "When did it open?").await });
        self.tmux.types("5").await;
        let frame = self.tmux.until_line(&["bo@example.org", "streaming"]).await;
        self.tour.stop(
            "Watch an answer come",
            "Streams, live: who is being answered, how fast, what it has cost so far. Never what is asked or answered.",
            frame,
        );
        self.tmux.types("e").await;
        self.tmux.until("End the stream of bo@example.org").await;
        let frame = self.tmux.until("the answer so far is kept").await;
        self.tour.stop(
            "End it",
            "An act that hurts asks once, in numbers of the server. Enter and Esc leave it.",
            frame,
        );
        self.tmux.still().await;
        self.tmux.types("y").await;
        let answer = asking.await.expect("it ends");
        assert!(answer.done);
        self.tmux.until_line(&["ended", "tokens"]).await;
    }

    async fn replays_a_dead_job(&mut self) {
        self.tmux.types("4").await;
        self.tmux.until("failed 1").await;
        self.tmux.types(":jobs state:failed").await;
        self.tmux.keys(&["Enter"]).await;
        // The row stands in the list of before, too.
        self.tmux
            .until_line(&["Jobs | state:failed", "1-1 of 1"])
            .await;
        self.tmux.until_line(&["> ", "index_docu", "failed"]).await;
        self.tmux.keys(&["Enter"]).await;
        let frame = self.tmux.until("Attempts").await;
        self.tour.stop(
            "A dead letter",
            "`4` and Enter on a failed job: its stages, attempts, money and log.",
            frame,
        );
        self.tmux.types("p").await;
        self.tmux.until_line(&["job ", "does", "again"]).await;
        eventually(async || {
            let failed = self.admin.get("/api/admin/jobs?filter=state:failed").await;
            let failed = failed.expect(200);
            let items: &Vec<Value> = failed["items"].as_array().expect("items");
            items
                .iter()
                .any(|job| !job["replay_of"].is_null())
                .then_some(())
        })
        .await;
    }

    async fn runs_retention(&mut self) {
        self.tmux.types("6").await;
        self.tmux.until_line(&["chat", "default"]).await;
        self.moves_to("> chat ").await;
        self.tmux.until_line(&["> ", "chat", "rows"]).await;
        self.tmux.types("R").await;
        let frame = self.tmux.until("gone for good").await;
        let deletes = frame.lines().find(|line| line.contains("gone for good"));
        let rows = deletes
            .and_then(|line| line.split_once("deletes "))
            .and_then(|(_, rest)| rest.split_once(" rows"))
            .map(|(rows, _)| rows.to_owned())
            .expect("a count");
        self.tour.stop(
            "Preview and run retention",
            "What goes is counted first; the run deletes exactly that, once the words are typed.",
            frame,
        );
        self.tmux.still().await;
        let word = format!("delete {rows}");
        self.tmux.types(&word).await;
        self.tmux
            .until_line(&["to go on", &format!(": {word}")])
            .await;
        self.tmux.keys(&["Enter"]).await;
        self.tmux.until_line(&["job ", "runs it"]).await;
        let run = eventually(async || {
            let runs = self
                .admin
                .get("/api/admin/retention/runs")
                .await
                .expect(200);
            let run = runs["items"][0].clone();
            (run["outcome"] == "ok").then_some(run)
        })
        .await;
        assert_eq!(run["rows"].to_string(), rows, "as it was previewed");
    }

    /// Moves the cursor down to the row that begins so.
    async fn moves_to(&self, row: &str) {
        let cursor = |frame: &str| {
            let line = frame.lines().find(|line| line.starts_with("> "));
            line.unwrap_or_default().to_owned()
        };
        loop {
            let before = cursor(&self.tmux.frame().await);
            if before.starts_with(row) {
                return;
            }
            self.tmux.keys(&["Down"]).await;
            let moved = |frame: &str| cursor(frame) != before;
            self.tmux.wait_for(row, moved).await;
        }
    }

    async fn finds_it_all_in_the_audit(&mut self) {
        self.tmux.types("8").await;
        for action in ["set_budget", "end_stream", "replay_job", "retention_run"] {
            self.tmux.until_line(&["root@example.org", action]).await;
        }
        self.tmux.types("/actor:root@example.org").await;
        self.tmux.keys(&["Enter"]).await;
        let frame = self.tmux.until("1-4 of 4").await;
        self.tour.stop(
            "All of it on record",
            "Who did what, to what, from where; `u` undoes what can be undone, `V` reads the chain.",
            frame,
        );
    }

    /// The server is killed under the open console, and comes back.
    async fn outlives_the_server(&mut self) {
        let (host, port) = self
            .base
            .trim_start_matches("http://")
            .rsplit_once(':')
            .expect("a port");
        let (host, port) = (host.to_owned(), port.to_owned());
        let server = self.server.take().expect("it runs");
        server.kill().await;
        let lost = |frame: &str| frame.contains("offline, retry in") && frame.contains("as of");
        let frame = self.tmux.wait_for("a lost line", lost).await;
        assert!(frame.contains("Audit | actor:root@example.org"), "{frame}");
        for action in ["set_budget", "end_stream", "replay_job", "retention_run"] {
            assert!(frame.contains(action), "the last picture stays:\n{frame}");
        }
        self.tour.stop(
            "The server is gone",
            "The last picture stays, marked with its age; the console asks again and again, and at once when a key is pressed.",
            frame,
        );
        let settings = [("HOST", host.as_str()), ("PORT", port.as_str())];
        self.server = Some(self.site.serve(&settings).await);
        self.tmux.keys(&["Up"]).await;
        let frame = self.tmux.until("● live").await;
        assert!(
            frame.contains("Audit | actor:root@example.org"),
            "its place:\n{frame}"
        );
        let path = format!("/api/admin/budgets/{}", self.bo.id().await);
        self.admin
            .post(&path, &json!({"monthly_limit_usd": 21}))
            .await
            .expect(200);
        self.tmux.keys(&["Escape"]).await;
        self.tmux
            .until_line(&["set_budget", "$20.00 > $21.00", "api"])
            .await;
    }

    async fn small_and_out(&mut self) {
        self.tmux.resize(80, 24).await;
        self.tmux.types("1").await;
        self.tmux
            .wait_for("80 by 24", |frame| {
                frame.lines().count() <= 24
                    && frame.lines().all(|line| line.chars().count() <= 80)
                    && frame.contains("Money")
            })
            .await;
        self.tmux.keys(&["C-z"]).await;
        self.tmux.until("Stopped").await;
        self.tmux.types("fg").await;
        self.tmux.keys(&["Enter"]).await;
        self.tmux.until("Overview").await;
        self.tmux.keys(&["C-c"]).await;
        self.tmux
            .wait_for("a prompt", |frame| frame.trim_end().ends_with('$'))
            .await;
        self.tmux
            .types("stty -g > after; cmp before after && echo as-before")
            .await;
        self.tmux.keys(&["Enter"]).await;
        self.tmux.until("\nas-before").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_does_an_evening_s_work_and_the_console_outlives_the_server() {
    let mut scene = Scene::set().await;
    scene.signs_in().await;
    scene.sets_a_budget().await;
    scene.watches_a_stream_and_ends_it().await;
    scene.replays_a_dead_job().await;
    scene.runs_retention().await;
    scene.finds_it_all_in_the_audit().await;
    scene.outlives_the_server().await;
    scene.small_and_out().await;
    scene.tour.is_current("Overview");
    let server = scene.server.take().expect("it runs");
    server.stop().await;
}
