//! Admins: users, roles, branding, the audit log.

use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Sql, User, on_each_database};

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_and_given_roles() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let path = format!("/api/admin/users/{id}/role");
        let noted = json!({"is_admin": true, "admin_notes": "Knows the house"});
        let changed = admin.post(&path, &noted).await.expect(200);
        assert_eq!(changed["is_admin"], true);
        assert_eq!(changed["role"], "admin");
        let changed = admin
            .post(&path, &json!({"role": "auditor"}))
            .await
            .expect(200);
        assert_eq!(changed["is_admin"], false);
        assert_eq!(
            changed["admin_notes"], "Knows the house",
            "what is left out stays"
        );
        let ada = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        ada.get("/api/admin/users").await.expect(200);
        ada.post(&path, &json!({"is_admin": true}))
            .await
            .refused(403);

        for (body, status) in [
            (json!({}), 422),
            (json!({"role": "king"}), 422),
            (json!({"is_admin": "yes"}), 422),
            (json!({"is_admin": true, "role": "user"}), 422),
            (json!({"is_admin": false, "admin_notes": "a\u{0}b"}), 422),
            (
                json!({"is_admin": false, "admin_notes": "x".repeat(1_000_000)}),
                422,
            ),
        ] {
            let answer = admin.post(&path, &body).await;
            assert_eq!(
                answer.status,
                status,
                "{:.80}: {}",
                body.to_string(),
                answer.body
            );
        }
        let own = format!("/api/admin/users/{}/role", admin.id().await);
        admin
            .post(&own, &json!({"is_admin": false}))
            .await
            .refused(400);
        for unknown in ["987654", "x", "0", "-1"] {
            let path = format!("/api/admin/users/{unknown}/role");
            let answer = admin.post(&path, &json!({"is_admin": true})).await;
            assert_eq!(answer.refused(404), "User not found", "{unknown}");
        }
        let users = admin.get("/api/admin/users").await.expect(200);
        let ids: Vec<i64> = users
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|user| user["id"].as_i64())
            .collect();
        assert!(
            ids.is_sorted_by(|left, right| left > right) && ids.len() == 2,
            "{ids:?}"
        );
        let first = admin.get("/api/admin/users?limit=1").await.expect(200);
        assert_eq!(first.as_array().map(Vec::len), Some(1));
        for list in [
            "users?limit=501",
            "users?limit=0",
            "audit?limit=201",
            "audit?limit=x",
        ] {
            admin.get(&format!("/api/admin/{list}")).await.refused(422);
        }
        let summary = admin.get("/api/admin/system/summary").await.expect(200);
        assert_eq!(summary, json!({"users": 2, "stores": 0, "documents": 0}));
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_role_counts_for_tokens_already_given() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let path = format!("/api/admin/users/{}/role", ada.id().await);
        admin
            .post(&path, &json!({"is_admin": true}))
            .await
            .expect(200);
        let promoted = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        promoted.get("/api/admin/users").await.expect(200);
        admin
            .post(&path, &json!({"is_admin": false}))
            .await
            .expect(200);
        let answer = promoted.get("/api/admin/users").await;
        assert!([401, 403].contains(&answer.status), "{}", answer.status);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn branding_is_read_by_all_and_changed_by_admins() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let path = "/api/settings";
        let before = house.stranger().get(path).await.expect(200);
        assert_eq!(before["app_name"], "RAG Assistant");
        assert_eq!(before["primary_color"], "#2563EB");
        assert_eq!(admin.post(path, &json!({})).await.expect(200), before);

        let change = json!({"app_name": " Harbour ", "app_icon": "book", "unknown": 7});
        let changed = admin.post(path, &change).await.expect(200);

        assert_eq!(changed["app_name"], "Harbour");
        assert_eq!(changed["app_icon"], "book");
        assert_eq!(changed["accent_color"], before["accent_color"]);
        assert_eq!(house.stranger().get(path).await.expect(200), changed);
        for (name, wrong) in [
            ("app_name", json!("")),
            ("app_name", json!("x".repeat(101))),
            ("app_name", json!(7)),
            ("app_icon", json!("anchor")),
            ("theme_preset", json!("dark")),
            ("primary_color", json!("red")),
            ("accent_color", json!("#12345")),
            ("app_favicon", json!("javascript:alert(1)")),
            (
                "app_favicon",
                json!(format!("data:image/png;base64,{}", "A".repeat(200_000))),
            ),
            ("welcome_message", json!("x".repeat(256))),
            ("suggested_prompt_3", json!("x".repeat(181))),
        ] {
            let refused = admin
                .post(path, &json!({name: wrong, "suggested_prompt_1": "New"}))
                .await;
            assert!(refused.refused(422).contains(name), "{name}");
        }
        assert_eq!(
            house.stranger().get(path).await.expect(200),
            changed,
            "all or nothing"
        );
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_are_on_record_and_the_record_cannot_be_changed() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let act = async |path: String, body: Value| {
            admin.post(&path, &body).await.expect(200);
        };
        act(
            format!("/api/admin/users/{id}/role"),
            json!({"is_admin": false}),
        )
        .await;
        act(
            format!("/api/admin/budgets/{id}"),
            json!({"monthly_limit_usd": 3}),
        )
        .await;
        act("/api/settings".to_owned(), json!({"app_name": "Harbour"})).await;
        act("/api/admin/watchdog/reset-stuck".to_owned(), json!({})).await;

        let audit = admin.get("/api/admin/audit").await.expect(200);

        let entries = audit.as_array().expect("a list");
        let actions: Vec<&str> = entries
            .iter()
            .filter_map(|entry| entry["action"].as_str())
            .collect();
        let acted = actions.iter().filter(|action| {
            [
                "set_user_role",
                "set_budget",
                "update_settings",
                "watchdog_reset",
            ]
            .contains(action)
        });
        assert_eq!(acted.count(), 4, "{actions:?}");
        let budget = entries
            .iter()
            .find(|entry| entry["action"] == "set_budget")
            .expect("an entry");
        assert_eq!(budget["admin_user_id"], admin.id().await);
        assert_eq!(budget["target_id"], id.to_string());
        let metadata = budget["metadata_json"].as_str().expect("text");
        assert!(
            serde_json::from_str::<Value>(metadata).is_ok(),
            "{metadata}"
        );
        assert!(!audit.to_string().contains("ada@example.org"), "ids alone");

        let mut sql = Sql::of(&house).await;
        let before = sql.count("audit_log").await;
        for tamper in [
            "UPDATE audit_log SET action = 'nothing'",
            "UPDATE ledger SET amount_nanos = 0",
        ] {
            let refused = sql.run(tamper).await;
            assert!(matches!(refused, Err(_) | Ok(0)), "{tamper}: {refused:?}");
        }
        assert_eq!(sql.count("audit_log").await, before);
        assert_eq!(sql.count("audit_log WHERE action = 'nothing'").await, 0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_takes_its_bounds() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let path = "/api/admin/watchdog/reset-stuck";
        assert_eq!(
            admin.post(path, &json!({})).await.expect(200),
            json!({"reset_count": 0})
        );
        let body = json!({"ttl_minutes": 0, "user_id": 987_654});
        assert_eq!(
            admin.post(path, &body).await.expect(200),
            json!({"reset_count": 0})
        );
        for wrong in [
            json!({"ttl_minutes": -1}),
            json!({"ttl_minutes": 1e9}),
            json!({"user_id": "x"}),
        ] {
            admin.post(path, &wrong).await.refused(422);
        }
        let bare = admin.request(reqwest::Method::POST, path);
        assert_eq!(admin.send(bare).await.status, 200, "the body may be absent");
        house.stop().await;
    })
    .await;
}
