//! Users and sign-ins as lists are made of them.

use chrono::{DateTime, Utc};
use entities::{
    UserId, UserStatus,
    accounts::{session, user},
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, Func, Query, SelectStatement, SubQueryStatement},
};

use crate::platform::{
    budgets::MoneyColumns,
    jobs::Owners,
    paging::{Column, Columns, Key, Linked},
};

/// The users' table with money of one month beside it.
pub(in crate::features::accounts) struct People(pub(in crate::features::accounts) MoneyColumns);

fn column(column: user::Column) -> Expr {
    Expr::col((user::Entity, column))
}

fn last_seen() -> Expr {
    let latest = Query::select()
        .expr(Func::max(Expr::col((
            session::Entity,
            session::Column::LastUsedAt,
        ))))
        .from(session::Entity)
        .and_where(
            Expr::col((session::Entity, session::Column::UserId))
                .equals((user::Entity, user::Column::Id)),
        )
        .take();
    Expr::from(SubQueryStatement::from(latest))
}

impl Columns for People {
    fn column(&self, field: &str) -> Option<Column> {
        let id = self.id();
        Some(match field {
            "id" => Column::of(id),
            "email" => Column::of(column(user::Column::Email)),
            "role" => Column::of(column(user::Column::Role)),
            "status" => Column::of(column(user::Column::Status)),
            "spent" => Column::of(self.0.spent(&id)),
            "held" => Column::of(self.0.held(&id)),
            "limit" => Column::nullable(self.0.limit(&id), Key::Integer(-1)),
            "used" => Column::nullable(self.0.used(&id), Key::Real(-1.0)),
            "created" | "age" => Column::of(column(user::Column::CreatedAt)),
            "seen" => Column::nullable(last_seen(), Key::Time(DateTime::UNIX_EPOCH)),
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        column(user::Column::Id)
    }

    fn texts(&self) -> Vec<Expr> {
        vec![
            column(user::Column::Email),
            column(user::Column::AdminNotes),
        ]
    }
}

/// A user's sign-ins.
pub(in crate::features::accounts) struct SignIns;

impl Columns for SignIns {
    fn column(&self, field: &str) -> Option<Column> {
        let column = |column| Expr::col((session::Entity, column));
        Some(match field {
            "created" | "age" => Column::of(column(session::Column::CreatedAt)),
            "seen" => Column::of(column(session::Column::LastUsedAt)),
            "address" => {
                let text = Key::Text(String::new());
                Column::nullable(column(session::Column::ClientAddress), text)
            }
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        Expr::col((session::Entity, session::Column::Id))
    }

    fn texts(&self) -> Vec<Expr> {
        vec![Expr::col((session::Entity, session::Column::UserAgent))]
    }
}

/// Everybody who is not erased.
pub(in crate::features::accounts) fn everybody() -> SelectStatement {
    user::Entity::find()
        .filter(user::Column::Status.ne(UserStatus::Deleted))
        .into_query()
}

/// Of an expression for a user's number, one for the user's e-mail address: for the lists of others.
/// Who is erased has none.
pub(crate) fn email_of(id: Expr) -> Expr {
    let found = Query::select()
        .expr(column(user::Column::Email))
        .from(user::Entity)
        .and_where(column(user::Column::Id).eq(id))
        .and_where(user::Column::Status.ne(UserStatus::Deleted))
        .take();
    Expr::from(SubQueryStatement::from(found))
}

/// A user's sign-ins that have not ended.
pub(in crate::features::accounts) fn sign_ins(id: UserId, now: DateTime<Utc>) -> SelectStatement {
    session::Entity::find()
        .filter(session::Column::UserId.eq(id))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now))
        .into_query()
}

/// How the owners of jobs are found.
pub(crate) const JOB_OWNERS: Owners = Owners {
    email_of,
    called: |addresses| {
        Query::select()
            .column(user::Column::Id)
            .from(user::Entity)
            .and_where(Expr::from(Func::lower(column(user::Column::Email))).is_in(addresses))
            .take()
    },
    addressed: |key| Linked {
        key,
        keys: Query::select()
            .column(user::Column::Id)
            .from(user::Entity)
            .and_where(column(user::Column::Status).ne(UserStatus::Deleted))
            .take(),
        text: column(user::Column::Email),
    },
};
