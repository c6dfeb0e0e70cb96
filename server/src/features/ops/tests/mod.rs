//! The levels and answers, on both databases.

mod routes;

use std::time::Duration;

use chrono::DateTime;
use entities::{Nanos, UserId};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use tempfile::TempDir;

use super::*;
use crate::platform::{
    ai::AiSettings,
    budgets::BudgetSettings,
    clock::ManualClock,
    config::{Config, EnvSource},
    db::{
        WriteKey,
        testing::{TestDb, for_each_database},
    },
    jobs::{JobSettings, Leader},
    outbound,
};

/// The feature on a fresh database and a fresh folder.
struct House {
    ops: Ops,
    telemetry: Telemetry,
    stopping: CancellationToken,
    folder: TempDir,
}

/// Providers in this order; nobody listens on the discard port, where OpenAI should be.
fn ai_settings(order: &[&str]) -> AiSettings {
    let source = EnvSource::from_pairs([
        ("GEMINI_MOCK_MODE", "false"),
        ("AI_PROVIDERS", &order.join(",")),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
        ("OPENAI_API_KEY", "unused"),
        ("DEFAULT_MODEL", "gemini-2.5-flash"),
    ]);
    let (config, _) = Config::load(&source).unwrap();
    AiSettings::from(&config.ai)
}

impl House {
    fn new(test: &TestDb, order: &[&str]) -> Self {
        let telemetry = Telemetry::new().unwrap();
        let observers = Observers::new(telemetry.clone());
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(start));
        let entropy = Entropy::from_system();
        let folder = tempfile::tempdir().unwrap();
        let stopping = CancellationToken::new();
        let budgets = BudgetSettings {
            margin: Nanos::ZERO,
            default_limit: None,
            house_limit: None,
            lease: chrono::Duration::minutes(1),
        };
        let jobs = Jobs::new(
            test.db.clone(),
            clock.clone(),
            entropy.clone(),
            JobSettings::default(),
            Arc::new(observers.clone()),
        );
        let gateway = Gateway::new(
            &ai_settings(order),
            outbound::client,
            Arc::new(observers.clone()),
            Arc::new(|| 0.5),
        );
        let ops = Ops::new(OpsParts {
            db: test.db.clone(),
            clock: clock.clone(),
            entropy,
            tasks: Tasks::default(),
            jobs,
            budgets: Budgets::new(test.db.clone(), clock, budgets, Arc::new(observers.clone())),
            blobs: Blobs::in_folder(folder.path(), telemetry.clone()).unwrap(),
            storage: (folder.path().to_owned(), 0),
            gateway: Arc::new(gateway.unwrap()),
            redis_url: None,
            telemetry: telemetry.clone(),
            observers,
            stopping: stopping.clone(),
        });
        Self {
            ops,
            telemetry,
            stopping,
            folder,
        }
    }

    /// A process that takes part in duties.
    fn leader(&self, test: &TestDb, process: u128) -> Leader {
        let clock = self.ops.0.parts.clock.clone();
        Leader::new(test.db.clone(), clock, uuid::Uuid::from_u128(process))
    }

    fn number(&self, series: &str) -> f64 {
        self.level(series).parse().expect("a number")
    }

    /// The level of a gauge, as the page shows it.
    fn level(&self, series: &str) -> String {
        let page = self.telemetry.render();
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series} is not in\n{page}"))
            .to_owned()
    }
}

async fn run(test: &TestDb, sql: &'static str) {
    test.db
        .write(WriteKey::Free, (), move |txn, ()| {
            Box::pin(async move { txn.execute_unprepared(sql).await.map(|_| ()) })
        })
        .await
        .unwrap();
}

const OFFLINE: [&str; 1] = ["offline"];

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_house_is_well_without_redis_or_network() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test, &OFFLINE);
        let ops = &house.ops;
        assert!(ops.database().await);
        assert!(ops.queue().await);
        assert!(ops.redis().await);
        assert!(ops.storage().await);
        assert!(ops.providers().await);
        assert!(!ops.draining());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_told() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test, &["openai"]);
        let ops = &house.ops;
        assert!(!ops.providers().await);
        let folder = house.folder.path().to_owned();
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "a file where the folder was").unwrap();
        assert!(!ops.storage().await);
        test.db.close().await;
        assert!(!ops.database().await);
        assert!(!ops.queue().await);
        ops.collect_gauges().await;
        assert_eq!(house.level("binnacle_db_writable"), "0");
        assert_eq!(house.level("binnacle_ready"), "0");
        std::fs::remove_file(&folder).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_levels_are_those_of_the_database() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test, &OFFLINE);
        house.ops.collect_gauges().await;
        for state in ["queued", "running", "failed", "awaiting_budget"] {
            assert_eq!(
                house.level(&format!("binnacle_jobs{{state=\"{state}\"}}")),
                "0"
            );
        }
        assert_eq!(house.level("binnacle_ready"), "1");
        assert_eq!(house.level("binnacle_db_writable"), "1");
        let breaker = "binnacle_provider_breaker_state{provider=\"offline\",state=\"closed\"}";
        assert_eq!(house.level(breaker), "1");
        assert_eq!(house.level("binnacle_budget_reservations_open"), "0");
        let writers = "db_client_connection_max{db_client_connection_pool_name=\"writer\"}";
        assert_ne!(house.level(writers), "0");
        let free = house.number("binnacle_disk_free_bytes");
        assert!(free > 0.0 && free <= house.number("binnacle_disk_size_bytes"));
        // The house's clock stands in the year 2027, the database's does not.
        house.ops.collect_clock().await;
        let ahead = house.number("binnacle_clock_skew_seconds");
        assert!(ahead.abs() > 3_600.0, "{ahead}");
        let database = format!(
            "binnacle_database_info{{db_system_name=\"{}\"",
            test.db.system_name()
        );
        assert!(house.telemetry.render().contains(&database), "{database}");

        let budgets = house.ops.0.parts.budgets.clone();
        let user = add_user(&test).await;
        test.db
            .write(budgets.key(user), budgets.clone(), move |txn, budgets| {
                Box::pin(async move {
                    budgets
                        .set_limit_in(txn, user, Some(Nanos::DOLLAR))
                        .await
                        .map(|_| ())
                })
            })
            .await
            .unwrap();
        house.ops.collect_gauges().await;
        let log = house.number("binnacle_sqlite_wal_size_bytes");
        let is_file = test.db.backend() == DatabaseBackend::Sqlite;
        assert_eq!(log > 0.0, is_file, "{log}");
        house.ops.collect_drift().await;
        assert_eq!(house.level("binnacle_budget_ledger_drift_nanodollars"), "0");
        run(
            &test,
            "UPDATE periods SET spent_nanos = 7, reserved_nanos = 5",
        )
        .await;
        house.ops.collect_drift().await;
        assert_eq!(
            house.level("binnacle_budget_ledger_drift_nanodollars"),
            "12"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_left_to_itself_is_told() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test, &OFFLINE);
        add_user(&test).await;
        run(
            &test,
            "INSERT INTO periods (id, account, user_id, month, updated_at) VALUES \
             (1, 'user:1', 1, '2027-01', '2027-01-01 00:00:00+00:00')",
        )
        .await;
        let oldest = "binnacle_budget_oldest_reservation_timestamp_seconds";
        house.ops.collect_abandoned().await;
        assert_eq!(
            house.level("binnacle_budget_reservation_lease_seconds"),
            "60"
        );
        assert_eq!(house.level(oldest), "0");
        // The house's clock stands at 08:00: one is being worked for, one is not.
        for lease_until in ["08:00:30", "07:50:00"] {
            let hold = format!(
                "INSERT INTO holds (period_id, user_id, amount_nanos, state, kind, provider, \
                 model, prompt_tokens, output_tokens_max, output_tokens_seen, input_price, \
                 output_price, lease_until, created_at) VALUES (1, 1, 5, 'open', 'chat', \
                 'offline', 'm', 1, 1, 0, 1, 1, '2027-01-15T{lease_until}+00:00', \
                 '2027-01-15T07:00:00+00:00')"
            );
            run(&test, hold.leak()).await;
            house.ops.collect_abandoned().await;
            let left = if lease_until == "07:50:00" {
                "1799999340"
            } else {
                "0"
            };
            assert_eq!(house.level(oldest), left, "until {lease_until}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_duties_were_done_is_known_after_a_restart() {
    for_each_database(async |test: TestDb| {
        let did = House::new(&test, &OFFLINE);
        let day = Duration::from_hours(24);
        let stop = CancellationToken::new();
        let duty = || async {
            stop.cancel();
            Ok::<_, String>(())
        };
        let leader = did.leader(&test, 1);
        let run = async |leader: &Leader| leader.run("sweep", day, &stop, duty).await;
        run(&leader).await;

        let stop = CancellationToken::new();
        let begun = House::new(&test, &OFFLINE);
        let leader = begun.leader(&test, 2);
        let waits = leader.run("sweep", day, &stop, || async { Ok::<_, String>(()) });
        tokio::pin!(waits);
        let tick = "binnacle_scheduler_last_tick_timestamp_seconds{task=\"sweep\"}";
        while !begun.telemetry.render().contains(tick) {
            tokio::select! {
                () = &mut waits => panic!("nobody stopped it"),
                read = begun.ops.collect_ticks(&leader) => read.unwrap(),
            }
        }
        assert_eq!(begun.level(tick), "1800000000");
        let period = "binnacle_scheduler_period_seconds{task=\"sweep\"}";
        assert_eq!(begun.level(period), "86400");
    })
    .await;
}

async fn add_user(test: &TestDb) -> UserId {
    run(
        test,
        "INSERT INTO users (id, public_id, email, password_hash, role, status, email_verified, \
         created_at, updated_at) VALUES (1, '00000000-0000-0000-0000-000000000001', \
         'ada@example.org', 'x', 'user', 'active', FALSE, '2026-11-21 00:00:00+00:00', \
         '2026-11-21 00:00:00+00:00')",
    )
    .await;
    UserId(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so_at_once() {
    let test = TestDb::sqlite().await;
    let house = House::new(&test, &OFFLINE);
    let gauges = house.ops.clone().keep_gauges(house.leader(&test, 1));
    tokio::pin!(gauges);
    while house.telemetry.render().contains("\nbinnacle_ready 0\n") {
        tokio::select! {
            () = &mut gauges => panic!("it ended before the stop"),
            () = tokio::task::yield_now() => {}
        }
    }
    house.stopping.cancel();
    gauges.await;
    assert_eq!(house.level("binnacle_draining"), "1");
    assert_eq!(house.level("binnacle_ready"), "0");
    test.finish().await;
}
