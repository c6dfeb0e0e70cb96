//! Two processes that serve and two that work, behind the proxy: one house, whichever is met.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{house::signed_up, nginx::Proxy};
use crate::{
    faults::{
        many_processes::begin,
        program::{Program, Site},
    },
    support::{Answer, Database, User, eventually, house::ADMIN, redis::Redis},
};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
/// Uploads that one user may make in a minute.
const UPLOADS: u64 = 6;
/// How long somebody who was disabled may be served.
const REVOKED: Duration = Duration::from_secs(5);

struct Processes {
    site: Site,
    servers: [Program; 2],
    workers: [Program; 2],
    proxy: Proxy,
    _redis: Redis,
}

impl Processes {
    async fn start(database: Arc<Database>) -> Self {
        let redis = Redis::start(&[]).await;
        let limit = UPLOADS.to_string();
        let site = Site::new(
            database,
            &[
                ("REDIS_URL", &redis.url()),
                ("TRUSTED_PROXY_IPS", "127.0.0.1"),
                ("JOB_WORKERS_IN_SERVE", "false"),
                ("MOCK_LATENCY_MS", "300"),
                ("UPLOAD_RATE_LIMIT_PER_MINUTE", &limit),
            ],
        );
        let servers = [site.serve(&[]).await, site.serve(&[]).await];
        let workers = [site.work(&[]).await, site.work(&[]).await];
        let upstreams = servers.each_ref();
        let upstreams = upstreams.map(|server| server.base.trim_start_matches("http://"));
        let proxy = Proxy::before(&upstreams.join(" "), &[]).await;
        Self {
            site,
            servers,
            workers,
            proxy,
            _redis: redis,
        }
    }

    /// How many requests for a route each process has answered with a status.
    async fn answered(&self, route: &str, status: u16) -> [u64; 2] {
        let [first, second] = &self.servers;
        [
            answered(first, route, status).await,
            answered(second, route, status).await,
        ]
    }

    async fn stop(self) {
        let ends = self.servers.into_iter().chain(self.workers);
        join_all(ends.map(Program::stop)).await;
    }
}

async fn answered(program: &Program, route: &str, status: u16) -> u64 {
    let page = User::anonymous(program.base.clone()).get("/metrics").await;
    let (route, status) = (
        format!("endpoint=\"{route}\""),
        format!("status=\"{status}\""),
    );
    let lines = page.body.lines().filter(|line| {
        line.starts_with("http_requests_total{") && line.contains(&route) && line.contains(&status)
    });
    let counts = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
    counts.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_each_behind_the_proxy_are_one_house() {
    let database = Arc::new(Database::postgres().await);
    let house = Processes::start(database.clone()).await;
    let ada = signed_up(&house.proxy, "ada").await;
    let store = ada.store("Papers").await;
    ada.indexed(store, "checklist.md", "text/markdown", CHECKLIST.to_vec())
        .await;
    by_a_worker(&house).await;
    an_answer_is_read_on_through_the_other(&house, &ada, store).await;
    a_limit_is_shared(&house).await;
    who_is_disabled_is_refused_by_both(&house, &ada).await;
    let state = house.site.state().await;
    state.at_rest().await;
    state.close().await;
    house.stop().await;
    database.drop_it().await;
}

/// What was uploaded has been indexed by one of the workers, once.
async fn by_a_worker(house: &Processes) {
    let done = |line: &Value| line["job_event"] == "succeeded";
    let by_workers = async || {
        let runs: usize = house
            .workers
            .iter()
            .map(|worker| worker.count_logged(done))
            .sum();
        (runs > 0).then_some(runs)
    };
    assert_eq!(eventually(by_workers).await, 1);
    let by_servers = house.servers.iter().map(|server| server.count_logged(done));
    assert_eq!(by_servers.sum::<usize>(), 0);
}

async fn an_answer_is_read_on_through_the_other(house: &Processes, ada: &User, store: i64) {
    let route = "/api/chat/streams/{id}";
    let path = format!("/api/chat/streams/{}", begin(ada, store).await.1);
    // Until both have been met, whichever the proxy chooses.
    let wholes = eventually(|| async {
        let answers = join_all((0..4).map(|_| ada.get(&path))).await;
        let whole = |answer: &Answer| answer.body.ends_with("data: [DONE]\n\n");
        let answers: Vec<Answer> = answers
            .into_iter()
            .filter(|answer| !answer.body.contains("stream_lost"))
            .collect();
        let met = house.answered(route, 200).await;
        (answers.len() == 4 && answers.iter().all(whole) && !met.contains(&0)).then_some(answers)
    })
    .await;
    for answer in &wholes {
        assert!(answer.body.contains("\"finish\""), "{}", answer.body);
        assert_eq!(answer.body, wholes[0].body);
    }
}

/// A user's uploads count together, whichever process takes them.
async fn a_limit_is_shared(house: &Processes) {
    let bob = signed_up(&house.proxy, "bob").await;
    let store = bob.store("Papers").await;
    let begun = Instant::now();
    let mut taken = 0;
    for number in 0..4 * UPLOADS {
        let name = format!("ferry-{number}.txt");
        let text = format!("Ferry {number} leaves at nine.").into_bytes();
        match bob.upload(store, &name, "text/plain", text).await.status {
            200 => taken += 1,
            429 => {}
            other => panic!("an upload was answered with {other}"),
        }
    }
    // One comes back every ten seconds.
    let most = UPLOADS + begun.elapsed().as_secs() / (60 / UPLOADS) + 1;
    assert!((UPLOADS..=most).contains(&taken), "{taken}, at most {most}");
    let refused = house.answered("/api/upload", 429).await;
    assert!(!refused.contains(&0), "{refused:?}");
    assert_eq!(refused.iter().sum::<u64>(), 4 * UPLOADS - taken);
}

async fn who_is_disabled_is_refused_by_both(house: &Processes, ada: &User) {
    house.site.create_admin().await;
    let mut admin = house.proxy.stranger();
    let proof = json!({"email": ADMIN.0, "password": ADMIN.1});
    let tokens = admin.post("/api/auth/login", &proof).await.expect(200);
    admin.token = tokens["access_token"].as_str().map(str::to_owned);
    let disable = format!("/api/admin/accounts/{}/disable", ada.id().await);
    let at_each = house.servers.each_ref().map(|server| User {
        base: server.base.clone(),
        ..ada.clone()
    });
    for user in &at_each {
        user.get("/api/auth/me").await.expect(200);
    }

    admin.post(&disable, &json!({})).await.expect(200);
    let begun = Instant::now();

    let refused = async || {
        for user in at_each.iter().chain([ada]) {
            if user.get("/api/auth/me").await.status == 200 {
                return None;
            }
        }
        Some(())
    };
    eventually(refused).await;
    assert!(begun.elapsed() < REVOKED, "{:?}", begun.elapsed());
    for _ in 0..4 {
        for path in ["/api/auth/me", "/api/stores"] {
            assert_eq!(ada.get(path).await.status, 403, "{path}");
        }
    }
}
