//! What the house survives: processes killed at the worst moment, clients and providers that go
//! away, signals, a schema of another version. Against the real binary wherever a process dies.

mod acts;
mod ai_sdk;
mod alone;
mod backup;
mod budget_cut;
mod crash;
mod descriptors;
mod disk_full;
mod erasure;
mod gate;
mod health;
mod interrupted_indexing;
mod leaving;
mod leaving_early;
mod leaving_work;
mod lost_answer;
mod machines;
pub mod many_processes;
mod migration;
mod older_schema;
pub mod outage;
mod poison;
pub mod program;
mod providers;
mod purge;
mod purge_restore;
mod restore_races;
mod retention;
mod shutdown;
mod spoiled_rows;
mod start;
pub mod state;
mod store_deletion;
#[path = "../support/provider.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the unit tests of the providers use more of its faults"
)]
pub mod stub;
mod watchdog;
mod workers;
mod writers;
