//! The statements by which the record is looked at.

use std::collections::HashMap;

use api::filter::AUDIT;
use entities::governance::audit_entry::{Column as Entry, Entity, Model};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QueryTrait,
    sea_query::{CaseStatement, Expr, LikeExpr},
};

use super::{ENTRY, UNDO};
use crate::platform::{
    audit::{Audit, AuditEntry},
    db::{DbErr, DbError, Txn},
    paging::{Column, Columns, Counted, Key, Listing, Page},
};

/// Makes of an expression for a user's number one for the user's e-mail address. The owner of the
/// users gives it.
pub(crate) type EmailOf = fn(Expr) -> Expr;

struct Fields(EmailOf);

fn column(column: Entry) -> Expr {
    Expr::col((Entity, column))
}

/// By what an act came, read from its metadata, which the chain covers.
fn via() -> Expr {
    let says =
        |word: &str| column(Entry::Metadata).like(LikeExpr::new(format!("%\"via\":\"{word}\"%")));
    CaseStatement::new()
        .case(says("console"), "console")
        .case(says("cli"), "cli")
        .case(says("api"), "api")
        .case(column(Entry::ActorUserId).is_null(), "system")
        .into()
}

impl Columns for Fields {
    fn column(&self, field: &str) -> Option<Column> {
        let text = |column| Column::nullable(column, Key::Text(String::new()));
        Some(match field {
            "id" => Column::of(self.id()),
            "actor" => text((self.0)(column(Entry::ActorUserId))),
            "user" => Column::nullable(column(Entry::ActorUserId), Key::Integer(-1)),
            "action" => Column::of(column(Entry::Action)),
            "target_type" => text(column(Entry::TargetType)),
            "target" => text(column(Entry::TargetId)),
            "via" => text(via()),
            "since" | "at" | "age" => Column::of(column(Entry::CreatedAt)),
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        column(Entry::Id)
    }

    fn texts(&self) -> Vec<Expr> {
        vec![
            column(Entry::Action),
            (self.0)(column(Entry::ActorUserId)),
            column(Entry::TargetType),
            column(Entry::TargetId),
        ]
    }
}

impl Audit {
    /// The fields that entries are filtered and sorted by.
    pub(crate) const FIELDS: &'static api::filter::Schema = &AUDIT;

    /// A page of entries.
    pub(crate) async fn page(
        &self,
        listing: &Listing,
        email_of: EmailOf,
    ) -> Result<Page<AuditEntry>, DbError> {
        let page: Page<Model> = listing
            .fetch(
                self.db.read(),
                Entity::find().into_query(),
                &Fields(email_of),
            )
            .await?;
        Ok(page.map(AuditEntry::from))
    }

    /// How many entries match.
    pub(crate) async fn count(
        &self,
        listing: &Listing,
        email_of: EmailOf,
    ) -> Result<Counted, DbError> {
        let select = Entity::find().into_query();
        Ok(listing
            .count(self.db.read(), select, &Fields(email_of))
            .await?)
    }

    /// Those of these entries that there are, the oldest first.
    pub(crate) async fn find_all(&self, ids: &[i64]) -> Result<Vec<AuditEntry>, DbError> {
        let rows = Entity::find()
            .filter(Entry::Id.is_in(ids.iter().copied()))
            .order_by_asc(Entry::Id)
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }

    /// An entry.
    pub(crate) async fn find(&self, id: i64) -> Result<Option<AuditEntry>, DbError> {
        let row = Entity::find_by_id(id).one(self.db.read()).await?;
        Ok(row.map(AuditEntry::from))
    }

    /// Which acts undid these entries.
    pub(crate) async fn undone(&self, ids: &[i64]) -> Result<HashMap<i64, i64>, DbError> {
        let rows = Entity::find()
            .filter(Entry::TargetType.eq(ENTRY))
            .filter(Entry::TargetId.is_in(ids.iter().map(i64::to_string)))
            .filter(Entry::Action.eq(UNDO))
            .all(self.db.read())
            .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| Some((row.target_id?.parse().ok()?, row.id)))
            .collect())
    }

    /// Whether an entry has been undone; inside the transaction that would undo it.
    pub(crate) async fn is_undone_in(&self, txn: &Txn, id: i64) -> Result<bool, DbErr> {
        let row = Entity::find()
            .filter(Entry::TargetType.eq(ENTRY))
            .filter(Entry::TargetId.eq(id.to_string()))
            .filter(Entry::Action.eq(UNDO))
            .one(txn)
            .await?;
        Ok(row.is_some())
    }
}
