//! A second server where servers would not share what they must.

use super::program::Site;
use crate::support::on_each_database;

const STAGING: [(&str, &str); 7] = [
    ("ENVIRONMENT", "staging"),
    ("JWT_SECRET", "5f0b6c3f9f3d4a7e8d1c2b3a49586776"),
    ("ALLOW_MOCK_IN_PROD", "true"),
    ("CORS_ORIGINS", "https://app.example.org"),
    ("TRUSTED_PROXY_IPS", "10.0.0.0/8"),
    ("REQUIRE_REDIS_IN_PRODUCTION", "false"),
    ("RUN_MIGRATIONS", "true"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_is_refused_without_what_two_share() {
    on_each_database(|database| async move {
        let missing = match database.url() {
            Some(_) => "REDIS_URL is not set",
            None => "DATABASE_URL is SQLite",
        };
        let site = Site::new(database, &STAGING);
        let first = site.serve(&[]).await;
        let mut second = site.begin("serve", &[]);
        assert!(!second.ended().await.success());
        second
            .logged("why", |line| {
                let said = line.as_str().unwrap_or_default();
                said.contains("another server serves this house already") && said.contains(missing)
            })
            .await;
        site.work(&[]).await.stop().await;

        // One that was killed here is known to be gone, though its row says nothing of it.
        first.kill().await;
        let third = site.serve(&[]).await;
        third.stop().await;
    })
    .await;
}
