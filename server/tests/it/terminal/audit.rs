//! The record: acts taken back, and the chain read.

use serde_json::{Value, json};

use binnacle_tui::keys::Key;

use super::console::{Console, Done};
use crate::support::{House, Sql, User, on_each_database};

pub const DONE: &[Done] = &[
    ("Audit", "audit undo"),
    ("Audit", "audit verify"),
    ("AuditEntry", "audit undo"),
    ("AuditEntry", "audit verify"),
];

async fn limit(admin: &User, id: i64) -> Value {
    let path = format!("/api/admin/accounts/{id}");
    admin.get(&path).await.expect(200)["budget"]["limit_nanos"].clone()
}

async fn set_limit(admin: &User, id: i64, dollars: f64) {
    let path = format!("/api/admin/budgets/{id}");
    let body = json!({"monthly_limit_usd": dollars});
    admin.post(&path, &body).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_are_taken_back_from_the_record_unless_something_changed_since() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let mut console = Console::open(&house).await;
        for (dollars, opened) in [(10.0, false), (20.0, true)] {
            set_limit(&admin, id, 5.0).await;
            set_limit(&admin, id, dollars).await;
            console.screen('8', "Audit").await;
            console.types("r");
            let change = format!("limit $5.00 > ${dollars:.2}");
            console.select(&change).await;
            if opened {
                console.key(Key::Enter);
                console.until("Audit > ").await;
                console.until("set_budget").await;
            }
            console.act("audit undo");
            console
                .asked(&[
                    "Undo set_budget of user ada@example.org",
                    &change,
                    "takes money or access away",
                ])
                .await;
            console.yes();
            console.told("is undone by").await;
            assert_eq!(limit(&admin, id).await, 5_000_000_000_i64);
            console.until("undone").await;
            console.act("audit verify");
            console.told("the chain holds: ").await;
            let back = format!("limit ${dollars:.2} > $5.00");
            console.audited("undo", &back).await;
        }
        console.screen('1', "Overview").await;
        set_limit(&admin, id, 30.0).await;
        console.screen('8', "Audit").await;
        console.select("limit $5.00 > $30.00").await;
        set_limit(&admin, id, 40.0).await;
        console.act("audit undo");
        console.asked(&["limit $5.00 > $30.00"]).await;
        console.yes();
        console.until("changed").await;
        assert_eq!(limit(&admin, id).await, 40_000_000_000_i64, "left alone");
        console.has_done(DONE);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_somebody_changed_is_said_to_be_broken() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        set_limit(&admin, ada.id().await, 5.0).await;
        set_limit(&admin, ada.id().await, 6.0).await;
        let mut sql = Sql::of(&house).await;
        let entry = sql
            .number("SELECT MIN(id) FROM audit_log WHERE action = 'set_budget'")
            .await;
        let open_the_table = match house.setting("DATABASE_URL") {
            Some(_) => "ALTER TABLE audit_log DISABLE TRIGGER USER",
            None => "DROP TRIGGER audit_log_append_only",
        };
        sql.run(open_the_table).await.expect("the table opens");
        let forged = format!("UPDATE audit_log SET action = 'nothing' WHERE id = {entry}");
        sql.run(&forged).await.expect("forged");
        let mut console = Console::open(&house).await;
        console.screen('8', "Audit").await;
        console.act("audit verify");
        let shown = console.revealed().await;
        assert!(
            shown[0].ends_with(&format!("does not hold: {entry}")),
            "{shown:?}"
        );
        house.stop().await;
    })
    .await;
}
