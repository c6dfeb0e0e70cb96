//! New users, and new ways in for those who lost theirs.

use api::console::{AccountCreated, CreateAccount, FirstPassword, PasswordLink};
use entities::UserId;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{TAG, role_from};
use crate::{
    features::{
        accounts::{AccountsError, NewAccount, OneTimeLink, WayIn},
        admin::{AdminError, Administration, acting, limits, once::Done},
    },
    platform::http::{Admin, Call, Json, NoBody, Operation, Problem, Registry},
};

pub(super) fn mount(registry: &mut Registry, administration: &Administration) {
    let service = || administration.clone();
    registry.mount_with(
        acting::act(Operation::post("/api/admin/accounts"))
            .summary("Make a user")
            .description(
                "The way in, a link or a password, is shown this once. The same `Idempotency-Key` \
                 again makes no second user; it answers with a new link while the first was not \
                 used, and without a password.",
            )
            .tag(TAG)
            .refuses(&[400, 409, 422, 503]),
        service(),
        create,
    );
    registry.mount_with(
        acting::act(Operation::post("/api/admin/accounts/{id}/reset_password"))
            .summary("Give a user a link for a new password")
            .description(
                "For an hour; shown this once. It takes the place of a link that was not used. The \
                 same `Idempotency-Key` again answers with a new link while the first was not used.",
            )
            .tag(TAG)
            .path_parameter("id", "integer")
            .refuses(&[400, 404, 409, 422]),
        service(),
        reset_password,
    );
}

/// What is kept of the answer.
#[derive(Serialize, Deserialize)]
struct Made {
    id: i64,
    /// Shown this once, so not to be kept.
    #[serde(skip)]
    shown_once: Option<WayIn>,
}

async fn create(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<CreateAccount>,
) -> Result<Json<AccountCreated>, Problem> {
    let limit = body.limit_nanos.map(limits::of_nanos).transpose()?;
    let wanted = NewAccount {
        email: body.email.clone(),
        role: role_from(body.role),
        limit,
        with_password: body.send == FirstPassword::Password,
    };
    let (by, accounts) = (acting::by(&call), administration.0.accounts.clone());
    let act = async move {
        match accounts.create(&by, wanted).await {
            Ok((account, way_in, audit_id)) => Ok(Done::new(
                Made {
                    id: account.id.0,
                    shown_once: Some(way_in),
                },
                Some(audit_id),
            )),
            Err(error @ AccountsError::EmailTaken) => {
                Err(Problem::conflict(error.to_string()).with_code("email_taken"))
            }
            Err(error) => Err(error.into()),
        }
    };
    let done = administration.once(&call, "create", &body, act).await?;
    let id = UserId(done.answer.id);
    let mut way_in = done.answer.shown_once;
    if done.again && body.send == FirstPassword::Invite {
        let renewed = administration.0.accounts.renew_invitation(id).await?;
        way_in = renewed.map(WayIn::Link);
    }
    let account = administration.0.accounts.find(id).await?;
    let account = account.ok_or(AdminError::UserNotFound)?;
    let link = way_in.as_ref().and_then(WayIn::link);
    Ok(Json(AccountCreated {
        account: administration.shown_one(account).await?,
        token: link.map(|link| link.token.expose_secret().to_owned()),
        token_expires_at: link.map(|link| link.expires_at),
        password: way_in.as_ref().and_then(WayIn::password).map(str::to_owned),
    }))
}

async fn reset_password(
    administration: Administration,
    call: Call<Admin>,
    _: NoBody,
) -> Result<Json<PasswordLink>, Problem> {
    let id = UserId(call.path_or_missing("id", "User not found")?);
    let (by, accounts) = (acting::by(&call), administration.0.accounts.clone());
    let act = async move {
        let (link, audit_id) = accounts.reset_password(&by, id).await?;
        Ok(Done::new(
            Link {
                shown_once: Some(link),
            },
            Some(audit_id),
        ))
    };
    let operation = format!("reset password of {id}");
    let done = administration.once(&call, &operation, &(), act).await?;
    let link = match done.answer.shown_once {
        Some(link) => Some(link),
        None => administration.0.accounts.renew_reset(id).await?,
    };
    let link = link.ok_or(AdminError::LinkUsed)?;
    Ok(Json(PasswordLink {
        token: link.token.expose_secret().to_owned(),
        expires_at: link.expires_at,
    }))
}

/// What is kept of the answer: nothing of the link.
#[derive(Serialize, Deserialize)]
struct Link {
    #[serde(skip)]
    shown_once: Option<OneTimeLink>,
}
