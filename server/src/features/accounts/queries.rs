//! Every statement on the tables of accounts: users, sessions, refresh tokens, revocations.

pub(super) mod people;
pub(super) mod steering;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entities::{
    Role, UserId, UserStatus,
    accounts::{refresh_token, revocation, session, user},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::NotSet,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, UpdateMany,
    sea_query::{Expr, LockType, OnConflict},
};
use uuid::Uuid;

use crate::platform::{
    auth::identify::Standing,
    db::{Change, Entity, Txn},
};

pub(super) async fn user_by_id(
    db: &impl ConnectionTrait,
    id: UserId,
) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find_by_id(id).one(db).await
}

/// As [`user_by_id`]; until the transaction ends, another that changes the user waits, or this one has
/// waited for it.
pub(super) async fn hold_user(txn: &Txn, id: UserId) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find_by_id(id)
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await
}

pub(super) async fn user_by_email(
    db: &impl ConnectionTrait,
    email: &str,
) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find()
        .filter(user::Column::Email.eq(email))
        .one(db)
        .await
}

/// Users that are not erased, the newest first; those with a lower id than `before`.
pub(super) async fn users(
    db: &impl ConnectionTrait,
    before: Option<UserId>,
    limit: u64,
) -> Result<Vec<user::Model>, DbErr> {
    let mut query = user::Entity::find()
        .filter(user::Column::Status.ne(UserStatus::Deleted))
        .order_by_desc(user::Column::Id)
        .limit(limit);
    if let Some(before) = before {
        query = query.filter(user::Column::Id.lt(before));
    }
    query.all(db).await
}

/// How many users are not erased.
pub(super) async fn count_users(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    user::Entity::find()
        .filter(user::Column::Status.ne(UserStatus::Deleted))
        .count(db)
        .await
}

/// The addresses of those of these users that are not erased.
pub(super) async fn emails(
    db: &impl ConnectionTrait,
    users: BTreeSet<UserId>,
) -> Result<HashMap<UserId, String>, DbErr> {
    let found: Vec<(UserId, String)> = user::Entity::find()
        .select_only()
        .columns([user::Column::Id, user::Column::Email])
        .filter(user::Column::Id.is_in(users))
        .filter(user::Column::Status.ne(UserStatus::Deleted))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// What a new user begins with.
pub(super) struct NewUser {
    pub(super) public_id: Uuid,
    pub(super) email: String,
    pub(super) password_hash: String,
    pub(super) role: Role,
}

pub(super) async fn insert_user(
    txn: &Txn,
    new: &NewUser,
    now: DateTime<Utc>,
) -> Result<user::Model, DbErr> {
    let user = user::ActiveModel {
        id: NotSet,
        public_id: Set(new.public_id),
        email: Set(new.email.clone()),
        password_hash: Set(new.password_hash.clone()),
        role: Set(new.role),
        status: Set(UserStatus::Active),
        email_verified: Set(false),
        admin_notes: Set(None),
        token_version: Set(0),
        rev: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    }
    .insert(txn)
    .await?;
    announce(txn, &user);
    Ok(user)
}

/// Makes a change that others may be following: anything that decides whether tokens count.
pub(super) async fn change_user(
    txn: &Txn,
    id: UserId,
    now: DateTime<Utc>,
    change: UpdateMany<user::Entity>,
) -> Result<Option<user::Model>, DbErr> {
    let changed = change
        .col_expr(user::Column::Rev, Expr::col(user::Column::Rev).add(1))
        .col_expr(user::Column::UpdatedAt, Expr::value(now))
        .filter(user::Column::Id.eq(id))
        .exec_with_returning(txn)
        .await?
        .into_iter()
        .next();
    if let Some(user) = &changed {
        announce(txn, user);
    }
    Ok(changed)
}

/// No change to the row but its `rev`: what belongs to the user has changed.
pub(super) async fn touch_user(txn: &Txn, id: UserId, now: DateTime<Utc>) -> Result<(), DbErr> {
    change_user(txn, id, now, user::Entity::update_many()).await?;
    Ok(())
}

pub(super) async fn raise_token_version(
    txn: &Txn,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let raised = Expr::col(user::Column::TokenVersion).add(1);
    let change = user::Entity::update_many().col_expr(user::Column::TokenVersion, raised);
    change_user(txn, id, now, change).await?;
    Ok(())
}

/// Replaces a password's hash, unless another has replaced it meanwhile.
pub(super) async fn replace_password_hash(
    txn: &Txn,
    id: UserId,
    old: &str,
    new: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let change = user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::value(new))
        .filter(user::Column::PasswordHash.eq(old));
    Ok(change_user(txn, id, now, change).await?.is_some())
}

pub(super) async fn set_role(
    txn: &Txn,
    id: UserId,
    role: Role,
    notes: Option<String>,
    now: DateTime<Utc>,
) -> Result<Option<user::Model>, DbErr> {
    let change = user::Entity::update_many()
        .col_expr(user::Column::Role, Expr::value(role))
        .col_expr(user::Column::AdminNotes, Expr::value(notes));
    change_user(txn, id, now, change).await
}

/// Whether nobody else is an active admin. On PostgreSQL the admins stay locked until the transaction
/// ends: of two who take the role from each other at once, the second finds itself alone.
pub(super) async fn is_last_admin(txn: &Txn, id: UserId) -> Result<bool, DbErr> {
    let admins: Vec<UserId> = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(user::Column::Role.eq(Role::Admin))
        .filter(user::Column::Status.eq(UserStatus::Active))
        .order_by_asc(user::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(txn)
        .await?;
    Ok(admins == [id])
}

fn announce(txn: &Txn, user: &user::Model) {
    txn.announce(Change {
        entity: Entity::User,
        id: user.id.to_string(),
        user_id: Some(user.id),
        rev: user.rev,
    });
}

pub(super) async fn insert_session(txn: &Txn, new: session::Model) -> Result<(), DbErr> {
    let new = session::ActiveModel::from(new);
    session::Entity::insert(new)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

pub(super) async fn session(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<session::Model>, DbErr> {
    session::Entity::find_by_id(id).one(db).await
}

/// The user's sign-ins that have not ended, the newest first; those older than `before`.
pub(super) async fn live_sessions(
    db: &impl ConnectionTrait,
    user_id: UserId,
    now: DateTime<Utc>,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<session::Model>, DbErr> {
    let mut query = session::Entity::find()
        .filter(session::Column::UserId.eq(user_id))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now))
        .order_by_desc(session::Column::Id)
        .limit(limit);
    if let Some(before) = before {
        query = query.filter(session::Column::Id.lt(before));
    }
    query.all(db).await
}

/// Lets a sign-in last longer, unless it has ended.
pub(super) async fn extend_session(
    txn: &Txn,
    id: Uuid,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let result = session::Entity::update_many()
        .col_expr(session::Column::LastUsedAt, Expr::value(now))
        .col_expr(session::Column::ExpiresAt, Expr::value(expires_at))
        .filter(session::Column::Id.eq(id))
        .filter(session::Column::EndedAt.is_null())
        .exec(txn)
        .await?;
    Ok(result.rows_affected == 1)
}

/// Which of a user's sign-ins.
#[derive(Clone, Copy)]
pub(super) enum Which {
    One(Uuid),
    AllBut(Option<Uuid>),
}

/// Ends sign-ins that have not ended, and tells which.
pub(super) async fn end_sessions(
    txn: &Txn,
    user_id: UserId,
    which: Which,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbErr> {
    let mut update = session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now))
        .col_expr(session::Column::EndedReason, Expr::value(reason))
        .filter(session::Column::UserId.eq(user_id))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now));
    update = match which {
        Which::One(id) => update.filter(session::Column::Id.eq(id)),
        Which::AllBut(Some(id)) => update.filter(session::Column::Id.ne(id)),
        Which::AllBut(None) => update,
    };
    let ended = update.exec_with_returning(txn).await?;
    Ok(ended.into_iter().map(|session| session.id).collect())
}

pub(super) async fn insert_refresh_token(
    txn: &Txn,
    session_id: Uuid,
    token_hash: &str,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let new = refresh_token::ActiveModel {
        id: NotSet,
        session_id: Set(session_id),
        token_hash: Set(token_hash.to_owned()),
        issued_at: Set(issued_at),
        expires_at: Set(expires_at),
        used_at: Set(None),
    };
    refresh_token::Entity::insert(new)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

pub(super) async fn refresh_token(
    db: &impl ConnectionTrait,
    token_hash: &str,
) -> Result<Option<refresh_token::Model>, DbErr> {
    refresh_token::Entity::find()
        .filter(refresh_token::Column::TokenHash.eq(token_hash))
        .one(db)
        .await
}

/// Marks a refresh token as used. False when it was already.
pub(super) async fn use_refresh_token(
    txn: &Txn,
    id: i64,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let result = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::value(now))
        .filter(refresh_token::Column::Id.eq(id))
        .filter(refresh_token::Column::UsedAt.is_null())
        .exec(txn)
        .await?;
    Ok(result.rows_affected == 1)
}

/// Refuses what `key` names until `expires_at`. Drops what has expired, so that the table stays as
/// small as what is refused now.
pub(super) async fn revoke(
    txn: &Txn,
    user_id: UserId,
    key: String,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    revocation::Entity::delete_many()
        .filter(revocation::Column::ExpiresAt.lt(now))
        .exec(txn)
        .await?;
    let new = revocation::ActiveModel {
        key: Set(key),
        user_id: Set(user_id),
        expires_at: Set(expires_at),
    };
    revocation::Entity::insert(new)
        .on_conflict(
            OnConflict::column(revocation::Column::Key)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// What decides whether a user's tokens count now.
pub(super) async fn standing(
    db: &impl ConnectionTrait,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Standing>, DbErr> {
    let revoked: Vec<String> = revocation::Entity::find()
        .select_only()
        .column(revocation::Column::Key)
        .filter(revocation::Column::UserId.eq(user_id))
        .filter(revocation::Column::ExpiresAt.gt(now))
        .into_tuple()
        .all(db)
        .await?;
    let user = user_by_id(db, user_id).await?;
    Ok(user.map(|user| Standing {
        role: user.role,
        status: user.status,
        token_version: user.token_version,
        revoked: revoked.into_iter().collect(),
    }))
}
