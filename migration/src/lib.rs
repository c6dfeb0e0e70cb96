//! The schema, forward only: one file for each change, never edited once it has landed.
//! Knows no entity and no feature.

#![cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the prelude and the column builders are the vocabulary of every file here"
    )
)]

mod schema;

mod m20261121_000001_accounts;
mod m20261121_000002_money;
mod m20261121_000003_jobs;
mod m20261121_000004_library;
mod m20261121_000005_retrieval;
mod m20261121_000006_chat;
mod m20261121_000007_governance;
mod m20261121_000008_job_engine;
mod m20261121_000009_retention;
mod m20261121_000010_steering;
mod m20261121_000011_console;
mod m20261121_000012_mends;
mod m20261121_000019_audit_cut;
mod m20261121_000020_job_numbers;
mod m20261121_000021_branding_undo;
mod m20261121_000022_job_lists;
mod m20261121_000023_messages_found;
mod m20261121_000024_purging;
mod m20261121_000025_old_jobs;
mod m20261121_000030_duties;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::{MigrationTrait, async_trait};

/// Every change of the schema, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_accounts::Migration),
            Box::new(m20261121_000002_money::Migration),
            Box::new(m20261121_000003_jobs::Migration),
            Box::new(m20261121_000004_library::Migration),
            Box::new(m20261121_000005_retrieval::Migration),
            Box::new(m20261121_000006_chat::Migration),
            Box::new(m20261121_000007_governance::Migration),
            Box::new(m20261121_000008_job_engine::Migration),
            Box::new(m20261121_000009_retention::Migration),
            Box::new(m20261121_000010_steering::Migration),
            Box::new(m20261121_000011_console::Migration),
            Box::new(m20261121_000012_mends::Migration),
            Box::new(m20261121_000019_audit_cut::Migration),
            Box::new(m20261121_000020_job_numbers::Migration),
            Box::new(m20261121_000021_branding_undo::Migration),
            Box::new(m20261121_000022_job_lists::Migration),
            Box::new(m20261121_000023_messages_found::Migration),
            Box::new(m20261121_000024_purging::Migration),
            Box::new(m20261121_000025_old_jobs::Migration),
            Box::new(m20261121_000030_duties::Migration),
        ]
    }
}
