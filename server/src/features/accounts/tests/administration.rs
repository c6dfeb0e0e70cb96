use super::*;
use crate::platform::{
    audit::By,
    db::Db,
    retention::{Registry, RetentionError},
};

fn by(principal: &Principal) -> By {
    By::user(UserId(principal.user_id))
}

async fn admin(house: &House) -> Principal {
    let email = "root@example.org";
    house
        .accounts
        .create_first_admin(email, &PASSWORD.into())
        .await
        .unwrap();
    house.principal(email).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_counts_at_once_and_omitted_notes_stay() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let root = admin(&house).await;
        let id = house.register(ADA).await;
        let signed_in = house.sign_in(ADA).await;
        let set = async |change, notes: Option<&str>| {
            let notes = notes.map(str::to_owned);
            let accounts = &house.accounts;
            let appointed = accounts.appoint(&by(&root), id, Some(change), notes).await;
            appointed.unwrap();
            accounts.find(id).await.unwrap().unwrap()
        };
        let role = async || house.identify(&signed_in).await.unwrap().role;

        let account = set(RoleChange::MakeAdmin, Some("runs the lab")).await;
        assert_eq!((account.role, account.email.as_str()), (Role::Admin, ADA));
        assert_eq!(role().await, Role::Admin.into());
        let account = set(RoleChange::RemoveAdmin, None).await;
        assert_eq!(account.admin_notes.as_deref(), Some("runs the lab"));
        assert_eq!(role().await, Role::User.into());
        let account = set(RoleChange::To(Role::Auditor), Some("")).await;
        assert_eq!(account.admin_notes, None);
        let account = set(RoleChange::RemoveAdmin, None).await;
        assert_eq!(account.role, Role::Auditor, "no admin to begin with");
        assert_eq!(role().await, Role::Auditor.into());

        let entries = house
            .parts
            .audit
            .list(1, None, &["set_user_role"])
            .await
            .unwrap();
        assert_eq!(entries[0].actor, Some(UserId(root.user_id)));
        assert_eq!(entries[0].target_id, Some(id.to_string()));
        assert_eq!(
            entries[0].metadata,
            r#"{"after":{"role":"auditor"},"before":{"role":"auditor"},"from":"auditor","to":"auditor","via":"api"}"#
        );
        let roles = house
            .acts()
            .await
            .iter()
            .filter(|act| *act == "set_user_role")
            .count();
        assert_eq!(roles, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_change_nothing() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let root = admin(&house).await;
        let own = UserId(root.user_id);
        let id = house.register(ADA).await;
        let set = async |target, change, notes: Option<String>| {
            refused(
                house
                    .accounts
                    .appoint(&by(&root), target, Some(change), notes)
                    .await,
            )
        };
        for change in [RoleChange::RemoveAdmin, RoleChange::To(Role::Auditor)] {
            let error = set(own, change, Some("x".to_owned())).await;
            assert!(matches!(error, AccountsError::SelfDemotion));
        }
        let error = set(UserId(9_999), RoleChange::MakeAdmin, None).await;
        assert!(matches!(error, AccountsError::UserNotFound));
        for notes in ["x".repeat(2_001), "a\0b".to_owned()] {
            let error = set(id, RoleChange::MakeAdmin, Some(notes)).await;
            assert!(matches!(error, AccountsError::Notes));
        }
        house.set_status(id, UserStatus::Deleted).await;
        let error = set(id, RoleChange::MakeAdmin, None).await;
        assert!(matches!(error, AccountsError::UserNotFound));
        let account = house.accounts.find(own).await.unwrap().unwrap();
        assert_eq!((account.role, account.admin_notes), (Role::Admin, None));
        assert_eq!(house.acts().await, ["create_first_admin", "register"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_and_listed_unless_erased() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let mut ids = Vec::new();
        for name in ["a", "b", "c", "d"] {
            ids.push(house.register(&format!("{name}@example.org")).await);
        }
        house.set_status(ids[1], UserStatus::Deleted).await;
        house.set_status(ids[2], UserStatus::Disabled).await;
        let list = async |before, limit| -> Vec<UserId> {
            let accounts = house.accounts.list(before, limit).await.unwrap();
            accounts.into_iter().map(|account| account.id).collect()
        };
        assert_eq!(list(None, 100).await, [ids[3], ids[2], ids[0]]);
        assert_eq!(list(None, 2).await, [ids[3], ids[2]]);
        assert_eq!(list(Some(ids[2]), 2).await, [ids[0]]);
        assert_eq!(house.accounts.count().await.unwrap(), 3);
        let emails = house
            .accounts
            .emails(ids[..2].iter().copied())
            .await
            .unwrap();
        assert_eq!(emails.len(), 1);
        assert_eq!(emails[&ids[0]], "a@example.org");
        assert_eq!(house.accounts.find(ids[1]).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_admins_who_demote_each_other_one_remains() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let root = admin(&house).await;
        let ada = house.register(ADA).await;
        // Another process, with writers of its own.
        let db = Db::connect(test.settings()).await.unwrap();
        let elsewhere = Accounts::new(AccountsParts {
            db: db.clone(),
            ..house.parts.clone()
        });
        for _ in 0..10 {
            let own = UserId(root.user_id);
            house.restore_admins(&[own, ada]).await;
            let other = Principal {
                user_id: ada.0,
                ..root.clone()
            };
            let (by_root, by_other) = (by(&root), by(&other));
            let (first, second) = tokio::join!(
                house
                    .accounts
                    .appoint(&by_root, ada, Some(RoleChange::RemoveAdmin), None),
                elsewhere.appoint(&by_other, own, Some(RoleChange::RemoveAdmin), None),
            );
            let refusals: Vec<_> = [first, second]
                .into_iter()
                .filter_map(Result::err)
                .collect();
            assert!(
                matches!(refusals[..], [AccountsError::LastAdmin]),
                "{refusals:?}"
            );
        }
        db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_active_admin_is_neither_demoted_nor_erased() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test);
        let root = admin(&house).await;
        let own = UserId(root.user_id);
        let ada = house.register(ADA).await;
        house.restore_admins(&[ada]).await;
        house.set_status(ada, UserStatus::Disabled).await;
        let other = Principal {
            user_id: ada.0,
            ..root.clone()
        };
        let by_other = by(&other);
        let change = Some(RoleChange::To(Role::Auditor));
        let demote = house.accounts.appoint(&by_other, own, change, None);
        assert!(matches!(refused(demote.await), AccountsError::LastAdmin));
        let registry = Registry::default().with(retention(&test.db, house.parts.clock.clone()));
        let refusal = registry.erase(own).await.unwrap_err();
        assert!(
            matches!(&refusal, RetentionError::Refused(why) if why.contains("last active admin"))
        );
        let account = house.accounts.find(own).await.unwrap().unwrap();
        assert_eq!(account.role, Role::Admin);

        house.set_status(ada, UserStatus::Active).await;
        let erased = registry.erase(own).await.unwrap();
        assert_eq!(erased.remaining, []);
        assert_eq!(house.accounts.find(own).await.unwrap(), None);
    })
    .await;
}
