//! The library as lists of the console are made of it.

use chrono::DateTime;
use entities::{
    DocumentId, StoreId, UserId,
    library::{document, store},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, SelectStatement},
};

use crate::platform::paging::{Column, Columns, Key};

/// A user's documents.
pub(in crate::features::documents) struct Fields;

impl Columns for Fields {
    fn column(&self, field: &str) -> Option<Column> {
        let column = |column| Expr::col((document::Entity, column));
        Some(match field {
            "id" => Column::of(self.id()),
            "store" => Column::of(column(document::Column::StoreId)),
            "status" => Column::of(column(document::Column::Status)),
            "bytes" => Column::of(column(document::Column::SizeBytes)),
            "created" | "age" => Column::of(column(document::Column::CreatedAt)),
            "deleted" => {
                let never = Key::Time(DateTime::UNIX_EPOCH);
                Column::nullable(column(document::Column::DeletedAt), never)
            }
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        Expr::col((document::Entity, document::Column::Id))
    }

    fn texts(&self) -> Vec<Expr> {
        Vec::new()
    }
}

/// Deleted stores.
pub(in crate::features::documents) struct Deleted;

impl Columns for Deleted {
    fn column(&self, field: &str) -> Option<Column> {
        let column = |column| Expr::col((store::Entity, column));
        Some(match field {
            "id" => Column::of(self.id()),
            "owner" => Column::of(column(store::Column::UserId)),
            "deleted" | "age" => {
                let never = Key::Time(DateTime::UNIX_EPOCH);
                Column::nullable(column(store::Column::DeletedAt), never)
            }
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        Expr::col((store::Entity, store::Column::Id))
    }

    fn texts(&self) -> Vec<Expr> {
        Vec::new()
    }
}

/// Stores that can come back.
pub(in crate::features::documents) fn deleted() -> SelectStatement {
    store::Entity::find()
        .filter(store::Column::DeletedAt.is_not_null())
        .into_query()
}

/// All documents of a user.
pub(in crate::features::documents) fn of_user(user: UserId) -> SelectStatement {
    document::Entity::find()
        .filter(document::Column::UserId.eq(user))
        .into_query()
}

/// Whose store this is.
pub(in crate::features::documents) async fn owner_of_store(
    db: &impl ConnectionTrait,
    id: StoreId,
) -> Result<Option<UserId>, DbErr> {
    let store = store::Entity::find_by_id(id).one(db).await?;
    Ok(store.map(|store| store.user_id))
}

/// Whose document this is.
pub(in crate::features::documents) async fn owner_of_document(
    db: &impl ConnectionTrait,
    id: DocumentId,
) -> Result<Option<UserId>, DbErr> {
    let document = document::Entity::find_by_id(id).one(db).await?;
    Ok(document.map(|document| document.user_id))
}
