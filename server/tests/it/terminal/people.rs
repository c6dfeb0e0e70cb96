//! Users: made, steered, shown the door.

use serde_json::{Value, json};

use super::console::{Console, Done};
use super::streams::SLOW;
use crate::console::streams::{no_streams, only_stream, reader};
use crate::support::{House, PASSWORD, User, eventually, on_each_database};

/// What is done here, besides money.
pub const DONE: &[Done] = &[
    ("Users", "users create"),
    ("Users", "users invite"),
    ("Users", "users disable"),
    ("Users", "users enable"),
    ("Users", "users password"),
    ("Users", "users role"),
    ("Users", "users notes"),
    ("Users", "users sessions"),
    ("Users", "users end-streams"),
    ("Users", "users export"),
    ("Users", "users erase"),
    ("User", "users disable"),
    ("User", "users enable"),
    ("User", "users password"),
    ("User", "users end-session"),
    ("User", "users role"),
    ("User", "users notes"),
    ("User", "users sessions"),
    ("User", "users end-streams"),
    ("User", "users export"),
    ("User", "users erase"),
];

/// Where the acts are begun: in the list, or at the user.
#[derive(Clone, Copy, PartialEq)]
enum From {
    List,
    Detail,
}

/// An admin at the console, and the user that it is about.
struct Scene {
    console: Console,
    admin: User,
    user: User,
    email: String,
    id: i64,
    from: From,
}

impl Scene {
    async fn set(house: &House, user: User, name: &str, from: From) -> Self {
        let (admin, id) = (house.admin().await, user.id().await);
        Self {
            console: Console::open(house).await,
            admin,
            user,
            email: format!("{name}@example.org"),
            id,
            from,
        }
    }

    /// Puts the cursor on the user, or opens the user.
    async fn go(&mut self) {
        self.console.screen('2', "Users").await;
        self.console.select(&self.email).await;
        if self.from == From::Detail {
            self.console.key(binnacle_tui::keys::Key::Enter);
            self.console.until("- Account ").await;
        }
    }

    async fn act(&mut self, act: &str) {
        self.go().await;
        self.console.act(act);
    }

    async fn account(&self) -> Value {
        let path = format!("/api/admin/accounts/{}", self.id);
        self.admin.get(&path).await.expect(200)
    }

    async fn audited(&mut self, action: &str) {
        let target = format!("user {}", self.email);
        self.console.audited(action, &target).await;
    }

    /// Waits until the job that a toast named is done.
    async fn job_of(&self, told: &str) {
        let number = told.split_whitespace().nth(1).expect("a number");
        let path = format!("/api/admin/jobs/{number}");
        eventually(async || {
            let job = self.admin.get(&path).await.expect(200);
            (job["job"]["state"] == "succeeded").then_some(())
        })
        .await;
    }

    async fn appointed(&mut self) {
        self.act("users role").await;
        self.console.fill(&[("role", "auditor")]).await;
        self.console
            .told(&format!("{} is auditor", self.email))
            .await;
        assert_eq!(self.account().await["role"], "auditor");
        self.console.types("u");
        self.console.told("undone").await;
        assert_eq!(self.account().await["role"], "user", "taken back by u");
        self.act("users role").await;
        self.console.fill(&[("role", "admin")]).await;
        let effect = format!("{} becomes admin: sees all spend, may erase", self.email);
        self.console.asked(&[&self.email, &effect]).await;
        self.console.key(binnacle_tui::keys::Key::Enter);
        assert_eq!(self.account().await["role"], "user", "Enter leaves it");
        self.act("users role").await;
        self.console.fill(&[("role", "admin")]).await;
        self.console.asked(&[&effect]).await;
        let email = self.email.clone();
        self.console.word(&email);
        self.console.told(&format!("{email} is admin")).await;
        assert_eq!(self.account().await["role"], "admin");
        self.audited("set_user_role").await;
    }

    async fn noted(&mut self) {
        self.act("users notes").await;
        self.console.fill(&[("notes", "pays by card")]).await;
        self.console
            .told(&format!("notes of {} are kept", self.email))
            .await;
        assert_eq!(self.account().await["notes"], "pays by card");
        self.audited("set_notes").await;
    }

    async fn given_a_new_password(&mut self, house: &House) {
        self.act("users password").await;
        self.console
            .asked(&[&self.email, "the old password stays until then"])
            .await;
        self.console.yes();
        let shown = self.console.revealed().await;
        let token = shown[0].rsplit(' ').next().expect("a token");
        let body = json!({"token": token, "password": "Another-pass2!"});
        let redeemed = house.stranger().post("/api/auth/redeem", &body).await;
        redeemed.expect(200);
        self.user = User::sign_in(house.base(), &self.email, "Another-pass2!").await;
        self.audited("reset_password").await;
    }

    async fn signed_out(&mut self, house: &House) {
        let more = User::sign_in(house.base(), &self.email, "Another-pass2!").await;
        let open = eventually(async || {
            let open = self.account().await["sessions"].as_i64()?;
            (open >= 2).then_some(open)
        })
        .await;
        if self.from == From::Detail {
            self.one_sign_in_ended(open).await;
        }
        let open = self.account().await["sessions"].as_i64().expect("a count");
        self.act("users sessions").await;
        if open > 1 {
            let effect = format!("signs out {open}");
            self.console.asked(&[&self.email, &effect]).await;
            self.console.yes();
        }
        self.console.told(&self.email).await;
        assert_eq!(self.account().await["sessions"], 0);
        let gone = json!({"refresh_token": more.refresh_token});
        let again = house.stranger().post("/api/auth/refresh", &gone).await;
        again.refused(401);
        self.audited("end_session").await;
        self.user = User::sign_in(house.base(), &self.email, "Another-pass2!").await;
    }

    /// In the pane of sign-ins, the one under the cursor.
    async fn one_sign_in_ended(&mut self, open: i64) {
        self.go().await;
        for _ in 0..4 {
            self.console.key(binnacle_tui::keys::Key::Tab);
        }
        self.console.until("[Sign-ins]").await;
        self.console.select("127.0.0.1").await;
        self.console.act("users end-session");
        self.console.asked(&[&self.email, "127.0.0.1"]).await;
        self.console.yes();
        self.console.told("1 sign-in ended").await;
        assert_eq!(self.account().await["sessions"], open - 1);
    }

    async fn kept_out_and_let_in(&mut self) {
        let before = self.account().await;
        self.act("users disable").await;
        let effect = format!(
            "ends {} sign-ins, 0 streams, 0 jobs",
            before["sessions"].as_i64().expect("a count")
        );
        self.console.asked(&[&self.email, &effect]).await;
        self.console.yes();
        self.console.told("ended").await;
        assert_eq!(self.account().await["status"], "disabled");
        self.user.get("/api/stores").await.refused(403);
        self.audited("disable_user").await;
        self.act("users enable").await;
        self.console
            .told(&format!("{} is active", self.email))
            .await;
        assert_eq!(self.account().await["status"], "active");
        self.audited("enable_user").await;
    }

    async fn stopped_in_the_middle(&mut self, store: i64) {
        let user = self.user.clone();
        let asking = tokio::spawn(async move { user.ask(store, "When did it open?").await });
        only_stream(&self.admin).await;
        self.act("users end-streams").await;
        self.console
            .asked(&[&self.email, "kept and paid for"])
            .await;
        self.console.yes();
        self.console.told("ended 1 streams").await;
        no_streams(&self.admin).await;
        assert!(asking.await.expect("it ends").done);
        self.audited("end_stream").await;
    }

    async fn exported_and_erased(&mut self) {
        self.act("users export").await;
        let told = self.console.told("makes the export").await;
        self.job_of(&told).await;
        self.audited("export_user").await;
        let path = format!("/api/admin/accounts/{}/erase", self.id);
        let rows = self.admin.get(&path).await.expect(200)["rows"].clone();
        assert!(rows.as_i64().expect("a count") > 0);
        self.act("users erase").await;
        let email = self.email.clone();
        self.console
            .asked(&[&email, "gone for good", "rows", "files"])
            .await;
        self.console.word(&email);
        let told = self.console.told("erases the user").await;
        self.job_of(&told).await;
        self.user.get("/api/stores").await.refused(401);
        self.admin.get(&path).await.expect(404);
        self.console.screen('8', "Audit").await;
        self.console.until_line(&["erase_user"]).await;
    }
}

async fn all_of_a_user(house: &House, name: &str, from: From) -> Console {
    let (user, store) = reader(house, name).await;
    let mut scene = Scene::set(house, user, name, from).await;
    scene.noted().await;
    scene.given_a_new_password(house).await;
    scene.signed_out(house).await;
    scene.stopped_in_the_middle(store).await;
    scene.kept_out_and_let_in().await;
    scene.user = User::sign_in(house.base(), &scene.email, "Another-pass2!").await;
    scene.appointed().await;
    scene.act("users role").await;
    scene.console.fill(&[("role", "user")]).await;
    scene.console.told("is user").await;
    scene.exported_and_erased().await;
    scene.console
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_steered_from_the_list() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[SLOW]).await;
        let mut console = all_of_a_user(&house, "ada", From::List).await;
        console.screen('2', "Users").await;
        console.act("users create");
        console
            .fill(&[
                ("email", "cy@example.org"),
                ("role", "auditor"),
                ("limit", "7"),
            ])
            .await;
        let shown = console.revealed().await;
        let password = shown
            .iter()
            .find_map(|line| line.strip_prefix("password: "));
        let cy = User::sign_in(house.base(), "cy@example.org", password.expect("one")).await;
        let own = cy
            .get("/api/admin/accounts?filter=email:cy@example.org")
            .await;
        let own = own.expect(200)["items"][0].clone();
        assert_eq!(own["role"], "auditor");
        assert_eq!(own["budget"]["limit_nanos"], 7_000_000_000_i64);
        console.audited("create_user", "user cy@example.org").await;
        console.screen('2', "Users").await;
        console.act("users invite");
        console.fill(&[("email", "dee@example.org")]).await;
        let shown = console.revealed().await;
        assert!(shown[1].starts_with("good until 20"), "{shown:?}");
        let token = shown[0].rsplit(' ').next().expect("a token");
        let body = json!({"token": token, "password": PASSWORD});
        let redeemed = house.stranger().post("/api/auth/redeem", &body).await;
        redeemed.expect(200);
        User::sign_in(house.base(), "dee@example.org", PASSWORD).await;
        console.audited("invite_user", "user dee@example.org").await;
        let of_the_list = |done: &&Done| done.0 == "Users";
        let wanted: Vec<Done> = DONE.iter().filter(of_the_list).copied().collect();
        console.has_done(&wanted);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_steered_from_their_own_screen() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[SLOW]).await;
        let console = all_of_a_user(&house, "ada", From::Detail).await;
        let of_the_detail = |done: &&Done| done.0 == "User";
        let wanted: Vec<Done> = DONE.iter().filter(of_the_detail).copied().collect();
        console.has_done(&wanted);
        house.stop().await;
    })
    .await;
}

/// Marked users: the server counts them first, then does exactly that.
#[tokio::test(flavor = "multi_thread")]
async fn marked_users_are_kept_out_together() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bo) = (house.user("ada").await, house.user("bo").await);
        let admin = house.admin().await;
        let mut console = Console::open(&house).await;
        console.screen('2', "Users").await;
        console.select("ada@example.org").await;
        console.types(" ");
        console.select("bo@example.org").await;
        console.types(" ");
        console.until("2 marked").await;
        console.act("users disable");
        console.asked(&["2 users", "touches 2 users"]).await;
        console.until("Type  2  to go on").await;
        console.word("2");
        console.told("done for 2 users, 0 skipped").await;
        for user in [&ada, &bo] {
            user.get("/api/stores").await.refused(403);
        }
        let disabled = admin.get("/api/admin/accounts/count?filter=status:disabled");
        assert_eq!(disabled.await.expect(200)["count"], 2);
        console
            .audited("disable_user", "user ada@example.org")
            .await;
        console.audited("disable_user", "user bo@example.org").await;
        house.stop().await;
    })
    .await;
}
