//! Everything that a house is used for, refusals and failures with it.

use std::time::Duration;

use serde_json::json;

use crate::{
    faults::{
        program::{Program, Site},
        stub::{Fault, ProviderStub},
    },
    support::{Database, User, house::ADMIN},
};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
const QUESTION: &str = "What must be done before a release?";

/// A house in use: a provider whose first key is used up, a backup, a run of retention.
pub(super) struct Used {
    pub(super) server: Program,
    /// Its folder goes when it is dropped.
    _site: Site,
    stub: ProviderStub,
    ada: User,
    admin: User,
    poor: User,
    store: i64,
}

impl Used {
    pub(super) async fn open() -> Self {
        let stub = ProviderStub::start().await;
        stub.for_key("key-one", Fault::RateLimited(1));
        let (gemini, openai) = (stub.gemini_url(), stub.openai_url());
        let settings = [
            ("GEMINI_MOCK_MODE", "false"),
            ("AI_PROVIDERS", "gemini,openai"),
            ("GEMINI_BASE_URL", gemini.trim_end_matches("/v1beta")),
            ("GEMINI_API_KEY", "key-one"),
            ("GOOGLE_API_KEY", "key-two"),
            ("OPENAI_BASE_URL", &openai),
            ("OPENAI_API_KEY", "key-open"),
            ("AI_BREAKER_SECONDS", "1"),
            ("DEFAULT_MONTHLY_LIMIT_USD", "50"),
        ];
        let site = Site::new(Database::Sqlite.into(), &settings);
        let backup = site.folder.path().join("backup").display().to_string();
        site.create_admin().await;
        for command in [
            &["backup", &backup][..],
            &["restore", &backup, "--verify"],
            &["retention"],
        ] {
            let output = site.run(command, &[]).await;
            assert!(output.status.success(), "{command:?}: {output:?}");
        }
        let server = site.serve(&[]).await;
        let admin = User::sign_in(server.base.clone(), ADMIN.0, ADMIN.1).await;
        let ada = User::register(server.base.clone(), "ada@example.org").await;
        let poor = User::register(server.base.clone(), "poor@example.org").await;
        let budget = json!({"monthly_limit_usd": 0});
        admin
            .post(&format!("/api/admin/budgets/{}", poor.id().await), &budget)
            .await
            .expect(200);
        let store = ada.store("Papers").await;
        ada.indexed(store, "checklist.md", "text/markdown", CHECKLIST.to_vec())
            .await;
        Self {
            server,
            _site: site,
            stub,
            ada,
            admin,
            poor,
            store,
        }
    }

    /// Uses it until the other future ends.
    pub(super) async fn until<T>(&self, over: impl Future<Output = T>) -> T {
        let work = async {
            for round in 0_u64.. {
                self.round(round).await;
            }
        };
        tokio::select! {
            result = over => result,
            () = work => unreachable!("rounds have no end"),
        }
    }

    async fn round(&self, round: u64) {
        let question = json!({"storeIds": [self.store], "question": QUESTION});
        self.ada.get("/api/stores").await.expect(200);
        if round % 4 == 1 {
            // Both of the first provider's keys fail; the second provider answers.
            self.stub.for_key("key-two", Fault::ServerError);
        } else {
            self.stub.for_key("key-two", Fault::None);
        }
        let answer = self.ada.ask_with(&question).await;
        if let Some(id) = &answer.id {
            self.ada.get(&format!("/api/chat/streams/{id}")).await;
        }
        let text = format!("# Round {round}\n\nThe tide turns at {round}.\n");
        let upload = self
            .ada
            .upload(self.store, "round.md", "text/markdown", text.into_bytes());
        upload.await.expect(200);
        let broken = b"%PDF-1.4\nnothing of a PDF follows".to_vec();
        self.ada
            .upload(self.store, "broken.pdf", "application/pdf", broken)
            .await;
        self.refusals(&question).await;
        self.administration(round).await;
    }

    async fn refusals(&self, question: &serde_json::Value) {
        self.poor.post("/api/chat", question).await;
        let mut forged = self.ada.clone();
        forged.token = forged
            .token
            .map(|token| format!("{}AAAA", &token[..token.len() - 4]));
        forged.get("/api/stores").await.refused(401);
        self.ada.get("/api/admin/users").await.refused(403);
        let wrong = json!({"email": "ada@example.org", "password": "Wrong-pass1!"});
        User::anonymous(self.ada.base.clone())
            .post("/api/auth/login", &wrong)
            .await
            .refused(401);
        let bare = self.ada.http.post(format!("{}/api/stores", self.ada.base));
        self.ada.send(bare.json(&json!({}))).await;
    }

    async fn administration(&self, round: u64) {
        let feed = self
            .admin
            .request(reqwest::Method::GET, "/api/admin/events");
        let feed = feed.timeout(Duration::from_millis(100)).send().await;
        drop(feed);
        let budget = json!({"monthly_limit_usd": 50 + round});
        let path = format!("/api/admin/budgets/{}", self.ada.id().await);
        self.admin.post(&path, &budget).await.expect(200);
    }

    /// What anybody on the machine reads there.
    pub(super) async fn ada_reads(&self, path: &str) -> String {
        self.ada.get(path).await.body
    }

    pub(super) async fn end(self) {
        self.server.stop().await;
    }
}
