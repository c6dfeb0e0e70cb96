//! The commands of the shell, by the program itself.

use std::process::{Output, Stdio};

use binnacle_tui::acts::nouns::NOUNS;
use binnacle_tui::cli::columns;
use binnacle_tui::runtime::export::flat;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::tmux::{console_program, environment};
use crate::console::streams::reader;
use crate::support::{House, PASSWORD, User, eventually, on_each_database};

/// A shell of somebody.
pub(super) struct Shell {
    home: tempfile::TempDir,
    base: String,
    token: Option<String>,
}

impl Shell {
    pub(super) fn of(user: &User) -> Self {
        Self {
            home: tempfile::tempdir().expect("a folder"),
            base: user.base.clone(),
            token: user.token.clone(),
        }
    }

    /// A command of these words: those between `'` may have blanks.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(console_program());
        for (at, part) in line.split('\'').enumerate() {
            if at % 2 == 1 {
                command.arg(part);
            } else {
                command.args(part.split_whitespace());
            }
        }
        command
            .env_clear()
            .envs(environment(self.home.path()))
            .env("BINNACLE_SERVER", &self.base)
            .envs(self.token.iter().map(|token| ("BINNACLE_TOKEN", token)))
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    pub(super) async fn run(&self, line: &str) -> Output {
        self.command(line).output().await.expect("it runs")
    }

    /// Runs it to its good end; what it printed.
    pub(super) async fn done(&self, line: &str) -> String {
        let output = self.run(line).await;
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    pub(super) async fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.done(line).await).expect("JSON")
    }

    /// Runs it to an end of this code; what it said on standard error.
    pub(super) async fn fails(&self, line: &str, code: i32) -> String {
        let output = self.run(line).await;
        assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }
}

/// A house in which something of everything is.
async fn lived_in(house: &House) -> (User, User, i64) {
    let (ada, store) = reader(house, "ada").await;
    let admin = house.admin().await;
    assert!(ada.ask(store, "How many piers are there?").await.done);
    let gone = ada.store("gone").await;
    ada.delete(&format!("/api/stores/{gone}")).await.expect(202);
    let broken = b"%PDF-1.7\n1 0 obj\n<</Nonsense\n%%EOF\n".to_vec();
    let sent = ada
        .upload(store, "chart.pdf", "application/pdf", broken)
        .await;
    let operation = sent.expect(200)["op_id"].clone();
    ada.settled_operation(operation.as_str().expect("an id"))
        .await;
    (ada, admin, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_a_table_with_headings_and_its_fields_exist() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (_, admin, _) = lived_in(&house).await;
        let shell = Shell::of(&admin);
        for noun in NOUNS.iter().filter(|noun| noun.list.is_some()) {
            let name = noun.name;
            let table = shell.done(&format!("{name} list")).await;
            let heads: Vec<&str> = columns::of(name).iter().map(|(head, _)| *head).collect();
            let first = table.lines().next().unwrap_or_default();
            let shown = first
                .split("  ")
                .map(str::trim)
                .filter(|head| !head.is_empty());
            assert_eq!(shown.collect::<Vec<&str>>(), heads, "{name}");
            assert!(!table.contains("_nanos"), "{table}");
            let listed = shell.json(&format!("{name} list --json")).await;
            for row in listed["items"].as_array().expect("items").iter().take(1) {
                let row = flat(row);
                for (head, field) in columns::of(name) {
                    let known = row.contains_key(*field)
                        || field
                            .rsplit_once('.')
                            .is_some_and(|(of, _)| row.contains_key(of));
                    assert!(known, "{name}: {head} shows {field} of {row:?}");
                }
            }
        }
        for name in ["users", "jobs", "ledger", "audit", "deleted"] {
            let count = shell.done(&format!("{name} count")).await;
            assert!(count.trim().parse::<u32>().expect("a number") > 0, "{name}");
        }
        for name in ["budgets", "streams", "runs"] {
            shell.fails(&format!("{name} count"), 2).await;
        }
        let table = shell.done("users list --columns user,spent").await;
        assert!(table.starts_with("USER"), "{table}");
        assert!(
            table.contains("ada@example.org  $0.0") || table.contains("<$0.01"),
            "{table}"
        );
        let csv = shell
            .done("users list --columns email,budget.limit_nanos --csv")
            .await;
        assert!(csv.starts_with("email,budget.limit_nanos\r\n"), "{csv}");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_house_is_told_in_plain_lines_and_as_json() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin, _) = lived_in(&house).await;
        let shell = Shell::of(&admin);
        for line in ["overview", "overview show"] {
            let told = shell.done(line).await;
            for word in [
                "house",
                "requests",
                "streams",
                "jobs",
                "money",
                "offline closed",
            ] {
                assert!(told.contains(word), "{told}");
            }
        }
        let picture = shell.json("overview --json").await;
        assert_eq!(picture["me"]["email"], "root@example.org");
        let preview = shell.done("retention preview").await;
        assert!(preview.starts_with("CLASS"), "{preview}");
        let supposed = shell.json("retention preview chat --days 30 --json").await;
        assert_eq!(supposed["items"][0]["days"], 30.0);
        assert!(supposed["preview_token"].is_null(), "only supposed");
        let mut events = shell
            .command("events --json --topics audit")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let out = events.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(out).lines();
        let first = lines.next_line().await.expect("a line").expect("a line");
        let first: Value = serde_json::from_str(&first).expect("JSON");
        assert_eq!(first["event"], "snapshot");
        shell.done("budgets set ada@example.org 20").await;
        let told = lines.next_line().await.expect("a line").expect("a line");
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!(told["event"], "audit");
        assert_eq!(told["data"]["action"], "set_budget");
        assert_eq!(told["data"]["via"], "cli");
        assert_eq!(told["data"]["target_id"], ada.id().await.to_string());
        events.kill().await.expect("it ends");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_are_tried_confirmed_and_waited_for() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin, _) = lived_in(&house).await;
        house.user("bo").await;
        let shell = Shell::of(&admin);
        let all = "budgets set --filter 'role:user' 20";
        let tried = shell.run(&format!("{all} --dry-run")).await;
        assert!(tried.status.success(), "{tried:?}");
        let told = String::from_utf8(tried.stderr).expect("UTF-8");
        assert!(told.contains("touches 2 users"), "{told}");
        let limits = || async {
            let path = "/api/admin/accounts?filter=role:user";
            let page = admin.get(path).await.expect(200);
            let items = page["items"].as_array().expect("items").clone();
            let limit = |user: &Value| user["budget"]["limit_nanos"].as_i64();
            items.iter().map(limit).collect::<Vec<Option<i64>>>()
        };
        assert_eq!(limits().await, [None, None], "only tried");
        shell.fails(all, 2).await;
        shell.fails(&format!("{all} --confirm 3"), 2).await;
        shell.done(&format!("{all} --confirm 2")).await;
        assert_eq!(limits().await, [Some(20_000_000_000); 2]);
        shell
            .fails("budgets set ada@example.org 20 --filter 'role:user'", 2)
            .await;
        shell
            .fails("budgets clear --filter 'held>0' --dry-run", 2)
            .await;
        let failed = admin.get("/api/admin/jobs?filter=state:failed").await;
        let dead = failed.expect(200)["items"][0]["id"].clone();
        let told = shell.fails(&format!("jobs replay {dead} --wait"), 11).await;
        assert!(told.contains("is failed"), "{told}");
        shell.done("users export ada@example.org --wait").await;
        shell
            .done("users erase ada@example.org --confirm ada@example.org --wait")
            .await;
        ada.get("/api/stores").await.refused(401);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_say_how_it_went() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin, _) = lived_in(&house).await;
        let shell = Shell::of(&admin);
        shell.fails("users list --filter 'rol:x'", 2).await;
        shell.fails("users show nobody@example.org", 5).await;
        shell.fails("jobs cancel 987654", 5).await;
        // The only one there is is not meant by another's name.
        shell.fails("providers reset nosuch --yes", 5).await;
        shell.fails("retention set nosuch 30 --yes", 5).await;
        let forbidden = "--read-only budgets set ada@example.org 20 --yes";
        shell.fails(forbidden, 4).await;
        shell.done("--read-only users list").await;
        shell.done("alarms check").await;
        let path = format!("/api/admin/users/{}/role", ada.id().await);
        admin
            .post(&path, &json!({"role": "auditor"}))
            .await
            .expect(200);
        let auditor = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        let reads = Shell::of(&auditor);
        reads.done("users list").await;
        reads.fails("budgets set ada@example.org 20", 4).await;
        let stranger = Shell {
            token: None,
            ..Shell::of(&admin)
        };
        stranger.fails("users list", 3).await;
        let nowhere = Shell {
            base: "http://127.0.0.1:9".to_owned(),
            ..Shell::of(&admin)
        };
        nowhere.fails("users list", 8).await;
        let budget = format!("/api/admin/budgets/{}", ada.id().await);
        let spent = admin.get(&budget).await.expect(200)["spent_usd"].as_f64();
        let body = json!({"monthly_limit_usd": spent.expect("money") * 1.1});
        admin.post(&budget, &body).await.expect(200);
        eventually(async || {
            let alarms = admin.get("/api/admin/alarms").await.expect(200);
            alarms["items"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
                .then_some(())
        })
        .await;
        shell.fails("alarms check", 10).await;
        for page in [
            "man",
            "completions bash",
            "completions zsh",
            "completions fish",
        ] {
            assert!(shell.done(page).await.contains("retention"), "{page}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_its_page_of_the_manual() {
    let shell = Shell {
        home: tempfile::tempdir().expect("a folder"),
        base: "http://127.0.0.1:9".to_owned(),
        token: None,
    };
    let told = shell.run("man --dir .").await;
    assert!(told.status.success(), "{told:?}");
    let mut commands = vec!["binnacle-tui".to_owned()];
    for noun in NOUNS {
        commands.push(format!("binnacle-tui-{}", noun.name));
        commands.push(format!("binnacle-tui-{}-show", noun.name));
        if noun.list.is_some() {
            commands.push(format!("binnacle-tui-{}-list", noun.name));
        }
        let verbs = noun.acts.iter().filter(|act| act.noun == noun.name);
        commands.extend(verbs.map(|act| format!("binnacle-tui-{}-{}", noun.name, act.verb)));
    }
    for command in [
        "login",
        "ctx-add",
        "events",
        "alarms-check",
        "retention-preview",
    ] {
        commands.push(format!("binnacle-tui-{command}"));
    }
    for command in &commands {
        let path = shell.home.path().join(format!("{command}.1"));
        let page = std::fs::read_to_string(&path);
        let page = page.unwrap_or_else(|error| panic!("{command}: {error}"));
        for part in ["NAME", "SYNOPSIS", "EXIT STATUS", "130", "BINNACLE_SERVER"] {
            assert!(page.contains(part), "{command}: {part}");
        }
    }
    let pages = std::fs::read_dir(shell.home.path()).expect("a folder");
    let names = pages.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let count = names.filter(|name| name.ends_with(".1")).count();
    assert!(
        told_number(&told) == count && count >= commands.len(),
        "{count}"
    );
    let replay = shell.done("man jobs replay").await;
    for part in [
        "replay",
        "dry",
        "wait",
        "does a failed or cancelled job again",
        "11",
    ] {
        assert!(replay.contains(part), "{part} in {replay}");
    }
    shell.fails("man jobs fly", 2).await;
}

/// The number that a line begins with.
fn told_number(output: &Output) -> usize {
    let text = String::from_utf8_lossy(&output.stderr);
    let number = text.split_whitespace().next().unwrap_or_default();
    number.parse().unwrap_or(0)
}
