//! What users see.

use super::console::{Console, Done};
use crate::support::{House, on_each_database};

pub const DONE: &[Done] = &[("Settings", "settings set")];

#[tokio::test(flavor = "multi_thread")]
async fn the_house_gets_another_name_and_colour() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let before = admin.get("/api/settings").await.expect(200);
        let mut console = Console::open(&house).await;
        console.screen('0', "Settings").await;
        console.until("RAG Assistant").await;
        console.act("settings set");
        console
            .fill(&[
                ("name", "Harbour desk"),
                ("icon", "compass"),
                ("primary", "#102030"),
            ])
            .await;
        let told = console.told("changed: ").await;
        assert!(told.contains("name Harbour desk"), "{told}");
        let after = admin.get("/api/settings").await.expect(200);
        assert_eq!(after["app_name"], "Harbour desk");
        assert_eq!(after["app_icon"], "compass");
        assert_eq!(after["primary_color"], "#102030");
        assert_eq!(
            after["accent_color"], before["accent_color"],
            "left as it was"
        );
        console.until("Harbour desk").await;
        console.screen('8', "Audit").await;
        console
            .until_line(&["root@example.org", "update_settings"])
            .await;
        console.has_done(DONE);
        house.stop().await;
    })
    .await;
}
