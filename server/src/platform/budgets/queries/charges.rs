//! The ledger as the console looks at it.

use api::filter::LEDGER;
use entities::money::ledger_entry::{Column as Entry, Entity, Model};
use sea_orm::{EntityTrait, QueryTrait, sea_query::Expr};

use crate::platform::{
    budgets::Budgets,
    db::DbError,
    paging::{Column, Columns, Counted, Key, Listing, Page},
};

struct Fields;

fn column(column: Entry) -> Expr {
    Expr::col((Entity, column))
}

impl Columns for Fields {
    fn column(&self, field: &str) -> Option<Column> {
        Some(match field {
            "id" => Column::of(self.id()),
            "user" => Column::of(column(Entry::UserId)),
            "kind" => Column::of(column(Entry::Kind)),
            "provider" => Column::of(column(Entry::Provider)),
            "model" => Column::of(column(Entry::Model)),
            "amount" => Column::of(column(Entry::AmountNanos)),
            "job" => Column::nullable(column(Entry::JobId), Key::Uuid(uuid::Uuid::nil())),
            "stream" => Column::nullable(column(Entry::StreamId), Key::Uuid(uuid::Uuid::nil())),
            "at" | "age" => Column::of(column(Entry::CreatedAt)),
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        column(Entry::Id)
    }

    fn texts(&self) -> Vec<Expr> {
        vec![column(Entry::Model)]
    }
}

impl Budgets {
    /// The fields that charges are filtered and sorted by.
    pub(crate) const CHARGES: &'static api::filter::Schema = &LEDGER;

    /// A page of charges.
    pub(crate) async fn charges(&self, listing: &Listing) -> Result<Page<Model>, DbError> {
        let select = Entity::find().into_query();
        Ok(listing.fetch(self.db.read(), select, &Fields).await?)
    }

    /// How many charges match.
    pub(crate) async fn count_charges(&self, listing: &Listing) -> Result<Counted, DbError> {
        let select = Entity::find().into_query();
        Ok(listing.count(self.db.read(), select, &Fields).await?)
    }
}
