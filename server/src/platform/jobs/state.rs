//! The state machine: every change of a job's state is one of these transitions, and nothing else.
//!
//! ```text
//!                       retry, rescue, give back
//!                    +---------------------------+
//!                    v                           |
//!   enqueue ---> queued --------- lease -----> running ---> succeeded
//!                 ^  |                         |  |  |
//!  resume, input  |  | cancel                  |  |  +----> failed      (the dead letter)
//!                 |  +------> cancelled <------+  |
//!                 |              ^ cancel         | await budget, await input
//!                 +--------------+----------- awaiting_budget, awaiting_input
//! ```

use entities::JobState::{
    self, AwaitingBudget, AwaitingInput, Cancelled, Failed, Queued, Running, Succeeded,
};

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    /// A worker takes the job.
    Lease,
    /// The handler is done.
    Succeed,
    /// The handler failed and may try again.
    Retry,
    /// The handler failed for good, or for the last time.
    Fail,
    /// The worker stops and nothing is lost.
    GiveBack,
    /// The worker fell silent.
    Rescue,
    /// The owner has no money left for it.
    AwaitBudget,
    /// A person has to say something first.
    AwaitInput,
    /// Stopped by its owner or an admin.
    Cancel,
    /// What it waited for has come.
    Resume,
    /// A person said what it waited for.
    TakeInput,
    /// A waiting job gets another time.
    Reschedule,
}

impl Transition {
    /// Where the job may stand before.
    pub(crate) const fn from(self) -> &'static [JobState] {
        match self {
            Self::Lease | Self::Reschedule => &[Queued],
            Self::Succeed
            | Self::Retry
            | Self::Fail
            | Self::GiveBack
            | Self::Rescue
            | Self::AwaitBudget
            | Self::AwaitInput => &[Running],
            Self::Cancel => &[Queued, Running, AwaitingBudget, AwaitingInput],
            Self::Resume => &[AwaitingBudget],
            Self::TakeInput => &[AwaitingInput],
        }
    }

    /// Where it stands after.
    pub(crate) const fn to(self) -> JobState {
        match self {
            Self::Lease => Running,
            Self::Succeed => Succeeded,
            Self::Fail => Failed,
            Self::Cancel => Cancelled,
            Self::AwaitBudget => AwaitingBudget,
            Self::AwaitInput => AwaitingInput,
            Self::Retry
            | Self::GiveBack
            | Self::Rescue
            | Self::Resume
            | Self::TakeInput
            | Self::Reschedule => Queued,
        }
    }

    /// The word in the job's own log.
    pub(crate) const fn event(self) -> &'static str {
        match self {
            Self::Lease => "started",
            Self::Succeed => "succeeded",
            Self::Retry => "retrying",
            Self::Fail => "failed",
            Self::GiveBack => "given_back",
            Self::Rescue => "rescued",
            Self::AwaitBudget => "awaiting_budget",
            Self::AwaitInput => "awaiting_input",
            Self::Cancel => "cancelled",
            Self::Resume => "resumed",
            Self::TakeInput => "input_given",
            Self::Reschedule => "rescheduled",
        }
    }
}

/// Words in a job's log that are not changes of state.
pub(super) const ENQUEUED: &str = "enqueued";
pub(super) const STAGE: &str = "stage";
pub(super) const CANCEL_REQUESTED: &str = "cancel_requested";
pub(super) const REPLAYED: &str = "replayed";

/// States that a job never leaves.
pub(crate) const ENDED: &[JobState] = &[Succeeded, Failed, Cancelled];

/// States of a job that nobody is working on and that is not over.
pub(crate) const WAITING: &[JobState] = &[Queued, AwaitingBudget, AwaitingInput];

/// Whether the job is over.
pub(crate) fn is_ended(state: JobState) -> bool {
    ENDED.contains(&state)
}
