//! A passage's embedding, as int8 codes for the scan and f32 for the re-rank.

use sea_orm::entity::prelude::*;

use crate::{DocumentId, PassageId, StoreId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "passage_vectors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub passage_id: PassageId,
    pub document_id: DocumentId,
    pub store_id: StoreId,
    pub model: String,
    pub dimensions: i32,
    pub scale: f64,
    pub codes: Vec<u8>,
    /// Little-endian f32.
    pub vector: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
