//! The machinery: documents that are stuck, and how much is logged.

use super::console::{Console, Done};
use crate::faults::program::Site;
use crate::support::{House, Sql, on_each_database};

pub const DONE: &[Done] = &[
    ("System", "system reset-stuck"),
    ("System", "system log-level"),
    ("System", "system deleted"),
];

#[tokio::test(flavor = "multi_thread")]
async fn stuck_documents_begin_again() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Papers").await;
        let text = b"The tide turns at four.".to_vec();
        let document = ada.indexed(store, "tide.txt", "text/plain", text).await;
        house.admin().await;
        let mut sql = Sql::of(&house).await;
        let past = match house.setting("DATABASE_URL") {
            Some(_) => "now() - interval '2 hours'",
            None => "datetime('now', '-2 hours') || '+00:00'",
        };
        let stuck = format!(
            "UPDATE documents SET status = 'RUNNING', status_updated_at = {past} WHERE id = {document}"
        );
        assert_eq!(sql.run(&stuck).await.expect("stuck"), 1);
        let mut console = Console::open(&house).await;
        console.screen('9', "System").await;
        console.act("system reset-stuck");
        console.fill(&[("minutes", "60")]).await;
        console
            .asked(&["Reset stuck documents", "stood still for 60 minutes"])
            .await;
        console.yes();
        console.told("1 documents begin again").await;
        console.audited("watchdog_reset", "").await;
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_logs_less_until_it_ends() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[]).await;
        let admin = site.admin(&server).await;
        admin.get("/api/stores").await.expect(200);
        let mut console = Console::at(&server.base).await;
        console.screen('9', "System").await;
        console.act("system log-level");
        console.fill(&[("level", "error")]).await;
        console.told("the process logs from error on").await;
        admin.get("/api/costs/summary").await.expect(200);
        console.audited("set_log_level", "process").await;
        console.screen('9', "System").await;
        console.act("system reset-stuck");
        console.fill(&[("minutes", "60")]).await;
        console.asked(&["Reset stuck documents"]).await;
        console.yes();
        console.told("0 documents begin again").await;
        console.screen('9', "System").await;
        console.act("system deleted");
        console.until("Deleted stores").await;
        console.has_done(DONE);
        let log = server.stop_and_read().await;
        assert!(log.contains("/api/stores"), "{log}");
        assert!(!log.contains("/api/costs/summary"), "{log}");
    })
    .await;
}
