//! Who may look only: every act of every screen is refused, here and by the house.

use api::accounts::Role;
use binnacle_tui::app::{App, Overlay, Stage};
use binnacle_tui::keys::Key;
use binnacle_tui::place::Place;
use binnacle_tui::screens;
use serde_json::json;

use super::catalogue::places;
use super::console::Console;
use crate::console::bulk::{LATER, add_drills};
use crate::console::streams::reader;
use crate::support::{House, PASSWORD, Sql, User, eventually, on_each_database};

const REFUSED: &str = "Your role auditor may read this, not change it";

/// A house with something in it, a console of its auditor, and its admin.
async fn looked_at(house: &House) -> (Console, User) {
    let (_, store) = reader(house, "ada").await;
    let (eve, admin) = (house.user("eve").await, house.admin().await);
    let path = format!("/api/admin/users/{}/role", eve.id().await);
    let role = json!({"role": "auditor"});
    admin.post(&path, &role).await.expect(200);
    assert!(store > 0);
    let console = Console::of(&house.base(), ("eve@example.org", PASSWORD)).await;
    (console, admin)
}

impl Console {
    /// Opens a screen through the palette.
    async fn show(&mut self, place: &Place) {
        let line = match place {
            Place::User { id } => format!("user {id}"),
            Place::Job { id } => format!("job {id}"),
            Place::Stream { id } => format!("stream {id}"),
            Place::AuditEntry { .. } => {
                self.screen('8', "Audit").await;
                self.select("register").await;
                self.key(Key::Enter);
                return self.until(" Audit > ").await;
            }
            Place::RetentionClass { .. } => {
                self.screen('6', "Retention").await;
                self.select(" chat ").await;
                self.key(Key::Enter);
                return self.until(" Retention > chat").await;
            }
            _ => {
                let named = Place::named().into_iter();
                let found = named.into_iter().find(|(_, known)| known == place);
                found.expect("a name").0.to_owned()
            }
        };
        self.types(":");
        self.types(&line);
        self.key(Key::Enter);
        let shown = self.app.history.shown().map(|(_, screen)| screen.place());
        assert_eq!(shown.as_ref(), Some(place));
    }

    /// Waits until the house has said no to an act that was begun here, confirming it on the way.
    async fn refused_by_the_house(&mut self) {
        let asks = |app: &App, frame: &str| {
            let asks = matches!(&app.overlay, Overlay::Dialog(dialog)
                if matches!(dialog.stage, Stage::Asking { .. }));
            (asks || frame.contains("(403)")).then_some(asks)
        };
        if self.wait_for("an answer", asks).await {
            self.yes();
            self.until("(403)").await;
        }
    }
}

/// How many entries the record has.
async fn entries(sql: &mut Sql) -> i64 {
    sql.count("audit_log").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_sees_every_screen_and_is_refused_every_act() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (mut console, _) = looked_at(&house).await;
        let mut sql = Sql::of(&house).await;
        let before = entries(&mut sql).await;
        console.until("READ-ONLY").await;
        let mut refused = 0;
        for place in places() {
            console.show(&place).await;
            let acts = screens::open(&place).acts().iter();
            for act in acts.filter(|act| act.writes) {
                console.act(&format!("{act:?}"));
                console.told(REFUSED).await;
                assert!(
                    matches!(console.app.overlay, Overlay::None),
                    "{place:?} {act:?}"
                );
                refused += 1;
            }
        }
        assert!(refused > 40, "{refused}");
        console.types("u");
        console.told(REFUSED).await;
        console.has_done(&[]);
        assert_eq!(entries(&mut sql).await, before, "nothing is on record");
        house.stop().await;
    })
    .await;
}

/// A console that takes itself for an admin's.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_console_lets_through_the_house_refuses() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (mut console, admin) = looked_at(&house).await;
        let mut sql = Sql::of(&house).await;
        add_drills(&mut sql, 1, 1, LATER).await;
        let before = entries(&mut sql).await;
        for (digit, title, row, act, field) in [
            (
                '2',
                "Users",
                "ada@example.org",
                "budgets set",
                Some(("limit", "5")),
            ),
            ('2', "Users", "ada@example.org", "users disable", None),
            ('2', "Users", "ada@example.org", "users password", None),
            ('4', "Jobs", " drill ", "jobs cancel", None),
            (
                '6',
                "Retention",
                "chat",
                "retention set",
                Some(("days", "5")),
            ),
            ('7', "Providers", "offline", "providers probe", None),
            (
                '9',
                "System",
                "",
                "system reset-stuck",
                Some(("minutes", "30")),
            ),
        ] {
            console.screen(digit, title).await;
            if !row.is_empty() {
                console.select(row).await;
            }
            let snapshot = console.app.mirror.snapshot.as_mut().expect("a picture");
            snapshot.me.role = Role::Admin;
            console.act(act);
            if let Some(field) = field {
                console.fill(&[field]).await;
            }
            console.refused_by_the_house().await;
            console.key(Key::Esc);
            console.key(Key::Esc);
        }
        console.has_done(&[]);
        assert_eq!(entries(&mut sql).await, before);
        eventually(async || {
            let ada = admin
                .get("/api/admin/accounts?filter=ada@example.org")
                .await;
            let ada = ada.expect(200)["items"][0].clone();
            (ada["status"] == "active" && ada["budget"]["limit_nanos"].is_null()).then_some(())
        })
        .await;
        house.stop().await;
    })
    .await;
}
