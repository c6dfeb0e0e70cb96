//! Branding and limits, on both databases.

use ::api::admin::ChangeAppSettings;
use chrono::{DateTime, Utc};
use entities::{JobId, JobState, Nanos, Role, UserId, UserStatus, accounts::user, jobs::job};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    EntityTrait,
    sea_query::Expr,
};
use serde_json::json;

use super::*;
use crate::platform::{
    budgets::BudgetSettings,
    clock::ManualClock,
    db::{
        Txn, WriteKey,
        testing::{TestDb, for_each_database},
    },
    entropy::Entropy,
    jobs::{JobContext, JobError, JobHandler, JobSettings, NewJob, Outcome, Policy, Unobserved},
    observe::Observers,
    telemetry::Telemetry,
};

struct House {
    db: Db,
    audit: Audit,
    jobs: Jobs,
    budgets: Budgets,
    branding: Branding,
    limits: Limits,
}

const ADMIN: UserId = UserId(77);

impl House {
    fn new(test: &TestDb) -> Self {
        let db = test.db.clone();
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(start));
        let audit = Audit::new(db.clone(), clock.clone(), &[7; 32], &[]);
        let jobs = Jobs::new(
            db.clone(),
            clock.clone(),
            Entropy::from_system(),
            JobSettings::default(),
            Arc::new(Unobserved),
        );
        let settings = BudgetSettings {
            margin: Nanos::ZERO,
            default_limit: None,
            house_limit: None,
            lease: chrono::Duration::minutes(1),
        };
        let observers = Observers::new(Telemetry::new().unwrap());
        let budgets = Budgets::new(db.clone(), clock.clone(), settings, Arc::new(observers));
        Self {
            branding: Branding::new(db.clone(), clock, audit.clone()),
            limits: Limits::new(db.clone(), budgets.clone(), jobs.clone(), audit.clone()),
            db,
            audit,
            jobs,
            budgets,
        }
    }

    /// The acts on record, the oldest first, with what was written down about them.
    async fn acts(&self) -> Vec<(String, serde_json::Value)> {
        assert_eq!(self.audit.verify().await.unwrap().broken, None);
        let mut entries = self.audit.list(100, None, &[]).await.unwrap();
        entries.reverse();
        let acts = entries.into_iter().map(|entry| {
            assert_eq!(entry.actor, Some(ADMIN));
            let mut metadata: serde_json::Value = serde_json::from_str(&entry.metadata).unwrap();
            for name in ["before", "after", "via"] {
                metadata.as_object_mut().unwrap().remove(name);
            }
            (entry.action, metadata)
        });
        acts.collect()
    }

    async fn user(&self, email: &'static str) -> UserId {
        let row = user::ActiveModel {
            id: NotSet,
            public_id: Set(Entropy::from_system().uuid()),
            email: Set(email.to_owned()),
            password_hash: Set(String::new()),
            role: Set(Role::User),
            status: Set(UserStatus::Active),
            email_verified: Set(false),
            admin_notes: Set(None),
            token_version: Set(0),
            rev: Set(0),
            created_at: Set(DateTime::<Utc>::UNIX_EPOCH),
            updated_at: Set(DateTime::<Utc>::UNIX_EPOCH),
        };
        self.db
            .write(WriteKey::Free, row, |txn, row| {
                Box::pin(async move {
                    let inserted = user::Entity::insert(row.clone()).exec(txn).await?;
                    Ok(inserted.last_insert_id)
                })
            })
            .await
            .unwrap()
    }

    /// A job of this user that waits for money.
    async fn waiting_job(&self, user: UserId) -> JobId {
        let new = NewJob {
            user_id: Some(user),
            ..NewJob::of::<Costly>(&()).unwrap()
        };
        let input = (self.jobs.clone(), new);
        self.db
            .write(WriteKey::Free, input, |txn, (jobs, new)| {
                Box::pin(async move {
                    let id = jobs.enqueue_in(txn, new).await?.id();
                    let state = Expr::value(JobState::AwaitingBudget);
                    job::Entity::update_many()
                        .col_expr(job::Column::State, state)
                        .exec(txn)
                        .await?;
                    Ok(id)
                })
            })
            .await
            .unwrap()
    }

    async fn job_state(&self, id: JobId) -> JobState {
        self.jobs.one(id).await.unwrap().unwrap().state
    }
}

/// Work that waits for money; nobody runs it here.
struct Costly;

#[async_trait::async_trait]
impl JobHandler for Costly {
    const KIND: &'static str = "costly";
    type Parameters = ();

    fn policy() -> Policy {
        Policy::default()
    }

    fn stages() -> &'static [&'static str] {
        &[]
    }

    async fn run(&self, _context: &JobContext, (): ()) -> Result<Outcome, JobError> {
        Ok(Outcome::done())
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), sea_orm::DbErr> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn branding_keeps_what_is_not_given_and_is_on_record() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let fresh = house.branding.read().await.unwrap();
        assert_eq!(
            (fresh.app_name.as_str(), fresh.app_icon.as_str()),
            ("RAG Assistant", "sparkles")
        );
        let change = ChangeAppSettings {
            app_name: Some("  The Chart Room ".to_owned()),
            app_icon: Some("compass".to_owned()),
            theme_preset: Some("minimal".to_owned()),
            ..ChangeAppSettings::default()
        };
        let by = By::user(ADMIN);
        let change_to = async |change| {
            house.branding.change(&by, change).await.unwrap();
            house.branding.read().await.unwrap()
        };
        let changed = change_to(change.clone()).await;
        assert_eq!(changed.app_name, "The Chart Room");
        assert_eq!(changed.app_icon, "compass");
        assert_eq!(changed.primary_color, fresh.primary_color);
        assert_eq!(house.branding.read().await.unwrap(), changed);
        // The same again, and nothing at all, change nothing and are no acts.
        for same in [change, ChangeAppSettings::default()] {
            assert_eq!(change_to(same).await, changed);
        }
        let back = ChangeAppSettings {
            app_icon: Some("sparkles".to_owned()),
            ..ChangeAppSettings::default()
        };
        let back = change_to(back).await;
        assert_eq!(back.app_icon, "sparkles");
        let update = |keys: &[&str]| ("update_settings".to_owned(), json!({ "keys": keys }));
        assert_eq!(
            house.acts().await,
            [update(&["app_icon", "app_name"]), update(&["app_icon"])]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_of_branding_changes_nothing() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let before = house.branding.read().await.unwrap();
        let change = ChangeAppSettings {
            app_name: Some("Good".to_owned()),
            primary_color: Some("red".to_owned()),
            ..ChangeAppSettings::default()
        };
        let error = house
            .branding
            .change(&By::user(ADMIN), change)
            .await
            .unwrap_err();
        assert!(matches!(error, AdminError::Fields(faults) if faults[0].field == "primary_color"));
        assert_eq!(house.branding.read().await.unwrap(), before);
        assert_eq!(house.acts().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_limit_lets_the_users_waiting_jobs_go_on() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let ada = house.user("ada@example.org").await;
        let bob = house.user("bob@example.org").await;
        let of_ada = house.waiting_job(ada).await;
        let of_bob = house.waiting_job(bob).await;

        let (blocked, _) = house
            .limits
            .set(&By::user(ADMIN), ada, Some(Nanos::ZERO))
            .await
            .unwrap();
        assert_eq!(blocked.available(), Some(Nanos::ZERO));
        assert_eq!(house.job_state(of_ada).await, JobState::AwaitingBudget);

        let limit = limits::parse(12.5).unwrap();
        let (raised, _) = house
            .limits
            .set(&By::user(ADMIN), ada, Some(limit))
            .await
            .unwrap();
        assert_eq!(raised.limit, Some(Nanos(12_500_000_000)));
        assert_eq!(house.job_state(of_ada).await, JobState::Queued);
        assert_eq!(house.job_state(of_bob).await, JobState::AwaitingBudget);
        assert_eq!(
            house.budgets.limits(&[ada, bob]).await.unwrap()[&ada],
            limit
        );

        let act = |limit: f64, resumed: u64| {
            let metadata = json!({"monthly_limit_usd": limit, "resumed_jobs": resumed});
            ("set_budget".to_owned(), metadata)
        };
        assert_eq!(house.acts().await, [act(0.0, 0), act(12.5, 1)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_lifted_is_no_limit() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let ada = house.user("ada@example.org").await;
        let job = house.waiting_job(ada).await;
        let zero = Some(Nanos::ZERO);
        house.limits.set(&By::user(ADMIN), ada, zero).await.unwrap();

        // The second time there is nothing left to lift, and that is no error.
        for resumed in [JobState::Queued, JobState::Queued] {
            let (lifted, _) = house.limits.set(&By::user(ADMIN), ada, None).await.unwrap();
            assert_eq!((lifted.limit, lifted.available()), (None, None));
            assert_eq!(house.job_state(job).await, resumed);
        }

        assert_eq!(house.budgets.status(ada).await.unwrap().limit, None);
        assert_eq!(house.budgets.limits(&[ada]).await.unwrap().len(), 0);
        let clear = |resumed: u64| {
            let metadata = json!({"monthly_limit_usd": null, "resumed_jobs": resumed});
            ("clear_budget".to_owned(), metadata)
        };
        assert_eq!(house.acts().await[1..], [clear(1), clear(0)]);
    })
    .await;
}

#[test]
fn a_limit_has_bounds_and_the_bounds_are_allowed() {
    assert_eq!(limits::parse(0.0).unwrap(), Nanos::ZERO);
    assert_eq!(limits::parse(-0.0).unwrap(), Nanos::ZERO);
    let most = limits::parse(99_999_999.99).unwrap();
    assert_eq!(most, Nanos(99_999_999_990_000_000));
    for refused in [-0.01, 100_000_000.0, f64::NAN, f64::INFINITY] {
        assert!(limits::parse(refused).is_err(), "{refused}");
    }
}
