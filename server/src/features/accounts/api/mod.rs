//! The routes under `/api/auth`.

mod identify;
mod problems;

use api::accounts::{
    Credentials, DevelopmentSignIn, Done, DoneMessage, Me, PasswordChange, Redeem, RefreshRequest,
    Role, Session, SessionPage, SessionsQuery, Tokens,
};
use entities::UserStatus;
use poem::http::header;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{Account, Accounts, Client, Email, SessionSummary, SignedIn};
use crate::platform::{
    http::{Anyone, Call, Guard, Json, Member, NoBody, Operation, Problem, Query, Registry},
    idempotency::HEADER,
    limits::{LimitClass, LimitKey},
};

const TAG: &str = "Accounts";
const DEFAULT_SESSIONS: u64 = 50;
const MAX_SESSIONS: u64 = 200;

/// Mounts the routes; `development_sign_in` is one of them only where the settings allow it.
pub(crate) fn register(registry: &mut Registry, accounts: &Accounts, development_sign_in: bool) {
    mount_sign_in(registry, accounts);
    mount_sessions(registry, accounts);
    if development_sign_in {
        registry.mount_with(
            Operation::post("/api/auth/token")
                .summary("Sign in by e-mail address alone")
                .description("In development only. Makes the account when there is none.")
                .tag(TAG)
                .limit(LimitClass::Login)
                .refuses(&[401, 429]),
            accounts.clone(),
            sign_in_by_word,
        );
    }
}

fn mount_sign_in(registry: &mut Registry, accounts: &Accounts) {
    registry.mount_with(
        Operation::post("/api/auth/register")
            .summary("Make an account")
            .description(
                "422 when a field has the wrong shape; 400 when the password is too weak, naming \
                 all that is missing, or the address is taken; 403 when registration is closed.",
            )
            .tag(TAG)
            .limit(LimitClass::Register)
            .reads_header(
                HEADER,
                "A repetition with the same key, address and password within a day is answered as the \
                 first was.",
            )
            .refuses(&[400, 403, 429, 503]),
        accounts.clone(),
        sign_up,
    );
    registry.mount_with(
        Operation::post("/api/auth/login")
            .summary("Sign in")
            .tag(TAG)
            .limit(LimitClass::Login)
            .refuses(&[401, 429, 503]),
        accounts.clone(),
        sign_in,
    );
    registry.mount_with(
        Operation::post("/api/auth/redeem")
            .summary("Set a password by a one-time link")
            .description(
                "Good for one use. All sign-ins of the account end. 400 when the token is not valid \
                 or the password is too weak.",
            )
            .tag(TAG)
            .limit(LimitClass::Login)
            .refuses(&[400, 429, 503]),
        accounts.clone(),
        redeem,
    );
    registry.mount_with(
        Operation::post("/api/auth/refresh")
            .summary("Exchange a refresh token for new tokens")
            .description(
                "A refresh token is good for one use. When an old one comes back, the sign-in that \
                 it belongs to ends.",
            )
            .tag(TAG)
            .refuses(&[401, 403]),
        accounts.clone(),
        refresh,
    );
}

fn mount_sessions(registry: &mut Registry, accounts: &Accounts) {
    registry.mount_with(
        Operation::post("/api/auth/logout")
            .summary("Sign out")
            .tag(TAG),
        accounts.clone(),
        sign_out,
    );
    registry.mount_with(
        Operation::post("/api/auth/logout-all")
            .summary("Sign out everywhere")
            .tag(TAG),
        accounts.clone(),
        sign_out_everywhere,
    );
    registry.mount_with(
        Operation::get("/api/auth/me")
            .summary("One's own account")
            .tag(TAG),
        accounts.clone(),
        me,
    );
    registry.mount_with(
        Operation::post("/api/auth/password")
            .summary("Change one's password")
            .description("All other sign-ins end.")
            .tag(TAG)
            .limit(LimitClass::Login)
            .refuses(&[400, 429, 503]),
        accounts.clone(),
        change_password,
    );
    registry.mount_with(
        Operation::get("/api/auth/sessions")
            .summary("One's sign-ins, the newest first")
            .tag(TAG),
        accounts.clone(),
        sessions,
    );
    registry.mount_with(
        Operation::delete("/api/auth/sessions/{id}")
            .summary("End one of one's sign-ins")
            .tag(TAG)
            .refuses(&[404]),
        accounts.clone(),
        end_session,
    );
}

async fn sign_up(
    accounts: Accounts,
    call: Call<Anyone>,
    Json(body): Json<Credentials>,
) -> Result<Json<Done>, Problem> {
    let address = LimitKey::address(call.client_address());
    call.limit_by(LimitClass::Register, address)?;
    let email = body.email.trim().to_lowercase();
    let key = call.idempotency_key("register", &email)?;
    accounts
        .register(&body.email, &body.password.into(), key)
        .await?;
    Ok(Json(Done { ok: true }))
}

async fn sign_in(
    accounts: Accounts,
    call: Call<Anyone>,
    Json(body): Json<Credentials>,
) -> Result<Json<Tokens>, Problem> {
    limit_sign_in(&call, &body.email)?;
    let password = SecretString::from(body.password);
    let signed_in = accounts
        .sign_in(&body.email, &password, client(&call))
        .await?;
    Ok(Json(tokens(&signed_in)))
}

async fn sign_in_by_word(
    accounts: Accounts,
    call: Call<Anyone>,
    Json(body): Json<DevelopmentSignIn>,
) -> Result<Json<Tokens>, Problem> {
    limit_sign_in(&call, &body.email)?;
    let signed_in = accounts
        .development_sign_in(&body.email, client(&call))
        .await?;
    Ok(Json(tokens(&signed_in)))
}

async fn redeem(
    accounts: Accounts,
    call: Call<Anyone>,
    Json(body): Json<Redeem>,
) -> Result<Json<Done>, Problem> {
    call.limit_by(LimitClass::Login, LimitKey::address(call.client_address()))?;
    accounts.redeem(&body.token, &body.password.into()).await?;
    Ok(Json(Done { ok: true }))
}

async fn refresh(
    accounts: Accounts,
    _call: Call<Anyone>,
    Json(body): Json<RefreshRequest>,
) -> Result<Json<Tokens>, Problem> {
    let signed_in = accounts.refresh(&body.refresh_token).await?;
    Ok(Json(tokens(&signed_in)))
}

async fn sign_out(
    accounts: Accounts,
    call: Call<Member>,
    _body: NoBody,
) -> Result<Json<DoneMessage>, Problem> {
    accounts.sign_out(call.principal()).await?;
    Ok(Json(done("Signed out")))
}

async fn sign_out_everywhere(
    accounts: Accounts,
    call: Call<Member>,
    _body: NoBody,
) -> Result<Json<DoneMessage>, Problem> {
    accounts.sign_out_everywhere(call.principal()).await?;
    Ok(Json(done("Signed out everywhere")))
}

async fn me(accounts: Accounts, call: Call<Member>, _body: NoBody) -> Result<Json<Me>, Problem> {
    let account = accounts.me(call.principal()).await?;
    Ok(Json(own_account(account)))
}

async fn change_password(
    accounts: Accounts,
    call: Call<Member>,
    Json(body): Json<PasswordChange>,
) -> Result<Json<DoneMessage>, Problem> {
    // Whoever holds a stolen token must not try out passwords faster than at the front door.
    call.limit(LimitClass::Login)?;
    let (current, new) = (body.current.into(), body.new.into());
    accounts
        .change_password(call.principal(), &current, &new)
        .await?;
    Ok(Json(done(
        "Password changed; all other sign-ins have ended",
    )))
}

async fn sessions(
    accounts: Accounts,
    call: Call<Member>,
    Query(query): Query<SessionsQuery>,
) -> Result<Json<SessionPage>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_SESSIONS);
    if !(1..=MAX_SESSIONS).contains(&limit) {
        let message = format!("Must be between 1 and {MAX_SESSIONS}");
        return Err(Problem::invalid(&["query", "limit"], message));
    }
    let page = accounts
        .sessions(call.principal(), query.cursor, limit)
        .await?;
    Ok(Json(SessionPage {
        items: page.items.into_iter().map(session).collect(),
        next_cursor: page.next,
    }))
}

async fn end_session(
    accounts: Accounts,
    call: Call<Member>,
    _body: NoBody,
) -> Result<Json<Done>, Problem> {
    let id: Uuid = call.path_or_missing("id", "Session not found")?;
    accounts.end_session(call.principal(), id).await?;
    Ok(Json(Done { ok: true }))
}

/// Per address and per account, whether or not there is such an account.
fn limit_sign_in(call: &Call<Anyone>, email: &str) -> Result<(), Problem> {
    call.limit_by(LimitClass::Login, LimitKey::address(call.client_address()))?;
    let email = Email::parse(email);
    let account = email.as_ref().map_or("", Email::as_str);
    call.limit_by(LimitClass::Login, LimitKey::subject(account))
}

fn client<G: Guard>(call: &Call<G>) -> Client {
    let user_agent = call.header(header::USER_AGENT.as_str());
    Client::new(user_agent, Some(call.client_address()))
}

fn tokens(signed_in: &SignedIn) -> Tokens {
    Tokens {
        access_token: signed_in.access.text.expose_secret().to_owned(),
        token_type: "bearer".to_owned(),
        refresh_token: signed_in.refresh.expose().to_owned(),
        expires_in: signed_in.access.lifetime.as_secs(),
    }
}

fn done(message: &str) -> DoneMessage {
    DoneMessage {
        ok: true,
        message: message.to_owned(),
    }
}

fn own_account(account: Account) -> Me {
    Me {
        id: account.id.0,
        public_id: account.public_id,
        email: account.email,
        role: match account.role {
            entities::Role::User => Role::User,
            entities::Role::Admin => Role::Admin,
            entities::Role::Auditor => Role::Auditor,
        },
        is_admin: account.role == entities::Role::Admin,
        is_active: account.status == UserStatus::Active,
        email_verified: account.email_verified,
        created_at: account.created_at,
    }
}

fn session(session: SessionSummary) -> Session {
    Session {
        id: session.id,
        current: session.current,
        user_agent: session.user_agent,
        client_address: session.client_address,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    }
}
