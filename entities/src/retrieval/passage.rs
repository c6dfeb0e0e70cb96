//! A stretch of a document's text that can be found and cited.

use sea_orm::entity::prelude::*;

use crate::{DocumentId, PassageId, StoreId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passages")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: PassageId,
    pub document_id: DocumentId,
    pub store_id: StoreId,
    pub user_id: UserId,
    pub generation: i64,
    pub ordinal: i32,
    pub page: Option<i32>,
    pub char_start: i64,
    pub char_end: i64,
    pub heading: Option<String>,
    pub body: String,
    pub token_count: i32,
}

impl ActiveModelBehavior for ActiveModel {}
