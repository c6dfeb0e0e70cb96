//! What can be done to users.

use api::accounts::Role as UserRole;
use api::console::{Account, AccountCreated, ChangeAccount, CreateAccount, FirstPassword};

use super::PATH;
use super::access::{DISABLE, ENABLE, END_STREAMS, ERASE, EXPORT, PASSWORD};
use super::sign_ins;
use crate::acts::{
    Act, Ask, Call, Done, Draft, Field, FieldKind, On, Plan, Refusal, empty, fits_all,
};
use crate::client::{Failure, Method, Reply, Request};
use crate::object::Object;
use crate::screens::budgets::acts::{CLEAR, SET};
use crate::text::units;
use crate::widgets::chrome::role_name;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[
    &SET,
    &DISABLE,
    &ENABLE,
    &CREATE,
    &INVITE,
    &PASSWORD,
    &ROLE,
    &NOTES,
    &CLEAR,
    &sign_ins::END_ALL,
    &END_STREAMS,
    &EXPORT,
    &ERASE,
];

/// Of the shell's noun.
pub static ALL: &[&Act] = &[
    &DISABLE,
    &ENABLE,
    &CREATE,
    &INVITE,
    &PASSWORD,
    &ROLE,
    &NOTES,
    &sign_ins::END_ALL,
    &sign_ins::END_ONE,
    &END_STREAMS,
    &EXPORT,
    &ERASE,
];

/// On the screen of one user: what makes another has no place there.
pub static DETAIL_ACTS: &[&Act] = &[
    &SET,
    &DISABLE,
    &ENABLE,
    &PASSWORD,
    &sign_ins::END_ONE,
    &ROLE,
    &NOTES,
    &CLEAR,
    &sign_ins::END_ALL,
    &END_STREAMS,
    &EXPORT,
    &ERASE,
];

/// The user that an act is about.
pub(super) fn user(draft: &Draft) -> Result<&Account, Refusal> {
    match draft.first()? {
        Object::User(user) => Ok(user),
        _ => Err(Refusal::new("choose a user first")),
    }
}

/// The address of a user.
pub(super) fn address(id: i64) -> String {
    format!("{PATH}/{id}")
}

const EMAIL: Field = Field {
    name: "email",
    label: "email",
    help: "upper and lower case are the same",
    kind: FieldKind::Text,
    required: true,
    initial: empty,
};

const NEW_ROLE: Field = Field {
    name: "role",
    label: "role",
    help: "user works, admin steers, auditor reads everything; Space turns",
    kind: FieldKind::Choice(&["user", "admin", "auditor"]),
    required: false,
    initial: |_| "user".to_owned(),
};

const LIMIT: Field = Field {
    name: "limit",
    label: "monthly limit",
    help: "dollars, as 20; empty: the default for new users",
    kind: FieldKind::Money,
    required: false,
    initial: empty,
};

static CREATE: Act = Act {
    noun: "users",
    verb: "create",
    key: Some('n'),
    label: "new",
    help: "makes a user with a password that is shown once",
    on: On::House,
    writes: true,
    fields: &[EMAIL, NEW_ROLE, LIMIT],
    fits: fits_all,
    plan: |draft| create(draft, FirstPassword::Password),
};

static INVITE: Act = Act {
    noun: "users",
    verb: "invite",
    key: Some('i'),
    label: "invite",
    help: "makes a user with a link to set a password",
    on: On::House,
    writes: true,
    fields: &[EMAIL, NEW_ROLE, LIMIT],
    fits: fits_all,
    plan: |draft| create(draft, FirstPassword::Invite),
};

fn role_named(name: &str) -> Result<UserRole, Refusal> {
    match name {
        "" | "user" => Ok(UserRole::User),
        "admin" => Ok(UserRole::Admin),
        "auditor" => Ok(UserRole::Auditor),
        _ => Err(Refusal::of("role", "roles: user, admin, auditor")),
    }
}

fn create(draft: &Draft, send: FirstPassword) -> Result<Plan, Refusal> {
    if draft.values.text("limit") == "-" {
        return Err(Refusal::of(
            "limit",
            "a new user has the default or a limit: take it away afterwards",
        ));
    }
    let body = CreateAccount {
        email: draft.values.text("email").to_owned(),
        role: role_named(draft.values.text("role"))?,
        limit_nanos: draft.values.money("limit")?,
        send,
    };
    Ok(Plan::Send(Call::new(
        Request::post(PATH).json(&body),
        created,
    )))
}

fn created(_: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let made: AccountCreated = reply.decode()?;
    let mut reveal = Vec::new();
    if let Some(token) = made.token {
        reveal.push(format!("token for POST /api/auth/redeem: {token}"));
    }
    if let Some(at) = made.token_expires_at {
        reveal.push(format!("good until {} UTC", units::moment(at)));
    }
    if let Some(password) = made.password {
        reveal.push(format!("password: {password}"));
    }
    Ok(Done {
        text: format!("made {}", made.account.email),
        reveal,
        ..Done::default()
    })
}

static ROLE: Act = Act {
    noun: "users",
    verb: "role",
    key: None,
    label: "role",
    help: "makes a user an admin, an auditor or a plain user",
    on: On::One,
    writes: true,
    fields: &[Field {
        initial: |objects| match objects.first() {
            Some(Object::User(user)) => role_name(user.role).to_owned(),
            _ => String::new(),
        },
        required: true,
        ..NEW_ROLE
    }],
    fits: fits_all,
    plan: |draft| {
        let user = user(draft)?;
        let role = role_named(draft.values.text("role"))?;
        let body = ChangeAccount {
            role: Some(role),
            notes: None,
        };
        let request = Request::new(Method::Patch, address(user.id)).json(&body);
        let call = Call::new(request, role_set).undoable();
        if role != UserRole::Admin {
            return Ok(Plan::Send(call));
        }
        let title = format!("Make {} an admin", user.email);
        let ask = Ask::yes(title, call)
            .warn(format!(
                "{} becomes admin: sees all spend, may erase users",
                user.email
            ))
            .word(user.email.clone());
        Ok(ask.into())
    },
};

fn role_set(_: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let user: Account = reply.decode()?;
    Ok(Done::new(format!(
        "{} is {}",
        user.email,
        role_name(user.role)
    )))
}

static NOTES: Act = Act {
    noun: "users",
    verb: "notes",
    key: None,
    label: "notes",
    help: "what admins should know about a user",
    on: On::One,
    writes: true,
    fields: &[Field {
        name: "notes",
        label: "notes",
        help: "up to 2,000 characters; empty removes them",
        kind: FieldKind::Text,
        required: false,
        initial: |objects| match objects.first() {
            Some(Object::User(user)) => user.notes.clone().unwrap_or_default(),
            _ => String::new(),
        },
    }],
    fits: fits_all,
    plan: |draft| {
        let body = ChangeAccount {
            role: None,
            notes: Some(draft.values.text("notes").to_owned()),
        };
        let request = Request::new(Method::Patch, address(user(draft)?.id)).json(&body);
        let done = |_: &Draft, reply: &Reply| {
            let user: Account = reply.decode()?;
            Ok(Done::new(format!("notes of {} are kept", user.email)))
        };
        Ok(Plan::Send(Call::new(request, done).undoable()))
    },
};
