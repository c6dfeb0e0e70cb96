//! What operators do with secrets and with words of users in their hands, and what they are told.

use std::process::Output;

use serde_json::json;

use super::{SECRETS, WORDS};
use crate::{
    faults::program::{Program, Site},
    support::{User, house::ADMIN},
};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Acts of an admin on the user; answers what the audit log and the pages of operators tell. Tokens
/// that are made on the way are secrets too.
pub(super) async fn act(
    site: &Site,
    server: &Program,
    user: &User,
    secrets: &mut Vec<String>,
) -> String {
    let made = site.run(&["create-first-admin", ADMIN.0, SECRETS[11]], &[]);
    let made = made.await;
    assert!(made.status.success(), "{made:?}");
    let mut told = said(&made);
    let admin = User::sign_in(server.base.clone(), ADMIN.0, SECRETS[11]).await;
    let account = format!("/api/admin/accounts/{}", user.id().await);
    let notes = json!({"notes": WORDS[6]});
    admin.patch(&account, &notes).await.expect(200);
    let budget = json!({"limit_nanos": 9_000_000_000_i64});
    let budgeted = admin.request(reqwest::Method::PUT, &format!("{account}/budget"));
    let budgeted = admin.send(budgeted.json(&budget)).await;
    assert!(budgeted.status < 500, "{}", budgeted.body);
    let path = format!("{account}/reset_password");
    let reset = admin.post(&path, &json!({})).await.expect(200);
    let token = reset["token"].as_str().expect("a token").to_owned();
    let stranger = User::anonymous(server.base.clone());
    let redeemed = json!({"token": token, "password": SECRETS[12]});
    stranger
        .post("/api/auth/redeem", &redeemed)
        .await
        .expect(200);
    let again = stranger.post("/api/auth/redeem", &redeemed).await;
    assert_eq!(again.status, 400);
    told.push_str(&again.body);
    secrets.push(token);
    for act in ["disable", "enable", "end_streams"] {
        let done = admin.post(&format!("{account}/{act}"), &json!({})).await;
        assert!(done.status < 300, "{act}: {}", done.body);
    }
    secrets.push(admin.token.clone().expect("a token"));
    secrets.push(admin.refresh_token.clone().expect("a token"));
    told.push_str(&admin.get("/api/admin/system/summary").await.body);
    // The audit log and the list of jobs name whose they are, and hold no secret either.
    for (path, known) in [
        ("/api/admin/audit", "reset_password"),
        ("/api/admin/jobs", "index_document"),
        ("/api/admin/accounts", WORDS[4]),
    ] {
        let page = admin.get(path).await.body;
        assert!(page.contains(known), "{page}");
        for secret in secrets.iter() {
            assert!(!page.contains(secret.as_str()), "{secret} is in {page}");
        }
    }
    told
}

/// Every command that has something to say of the house, and what a process says that cannot start.
pub(super) async fn commands(site: &Site, broken: &[(&str, String)]) -> String {
    let backup = site.folder.path().join("taken").display().to_string();
    let mut told = String::new();
    for arguments in [
        &["backup", &*backup][..],
        &["restore", &backup, "--verify"],
        &["doctor", "--json"],
        &["doctor"],
        &["settings"],
        &["retention", "--dry-run"],
        &[
            "healthcheck",
            "--url",
            "http://user:Canary-password-1!@127.0.0.1:1",
        ],
    ] {
        told.push_str(&said(&site.run(arguments, &[]).await));
    }
    assert!(told.contains("holds the database"), "{told}");
    let manifest = std::fs::read_to_string(format!("{backup}/manifest.json"));
    told.push_str(&manifest.expect("a manifest"));
    for (name, address) in broken {
        for command in [&["doctor"][..], &["serve"], &["migrate"]] {
            let strict = [
                (*name, address.as_str()),
                ("ENVIRONMENT", "staging"),
                ("CORS_ORIGINS", "https://app.example.org"),
                ("TRUSTED_PROXY_IPS", "127.0.0.1"),
            ];
            let refused = site.run(command, &strict).await;
            if command == ["serve"] {
                assert!(!refused.status.success(), "{name}: {refused:?}");
            }
            told.push_str(&said(&refused));
        }
    }
    told
}
