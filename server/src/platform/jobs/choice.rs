//! Who comes next: by priority, then every owner's first, every owner's second and so on, so that
//! one user's five hundred do not hold up the others. What a user has running counts as turns taken.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use entities::{JobId, UserId, jobs::job};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    Jobs,
    queries::choice::{self, Candidate, OWNERS, Part},
};
use crate::platform::db::DbError;

/// What to choose from.
pub(super) struct Choice {
    /// Kinds of which this process runs as many as it may.
    pub(super) full_kinds: Vec<&'static str>,
    /// Jobs of one user that may run at once.
    pub(super) per_user: u32,
    pub(super) limit: usize,
}

/// Where the look at a kind's owners goes on, when there are more than one look takes: nobody's turn
/// comes only because of a low number.
#[derive(Default)]
pub(super) struct Rounds(Mutex<HashMap<String, i64>>);

impl Rounds {
    fn from(&self, kind: &str) -> i64 {
        self.0.lock().get(kind).copied().unwrap_or(0)
    }

    fn next(&self, kind: &str, owner: i64) {
        let mut rounds = self.0.lock();
        if owner == 0 {
            rounds.remove(kind);
        } else {
            rounds.insert(kind.to_owned(), owner);
        }
    }
}

/// What the last look at the queue found beyond what was taken: the next slots are filled from it,
/// so that a busy worker pays for one look with many claims. It is forgotten soon: what is urgent
/// and new must not wait behind it.
#[derive(Default)]
pub(super) struct Ahead {
    candidates: Vec<Candidate>,
    chosen_at: Option<Instant>,
}

/// How long a look is believed.
const BELIEVED: Duration = Duration::from_millis(100);

impl Ahead {
    /// The candidates that are not of these kinds, if they are new enough.
    pub(super) fn of_other_kinds(&self, full: &[&'static str]) -> Vec<Candidate> {
        if self.chosen_at.is_none_or(|at| at.elapsed() >= BELIEVED) {
            return Vec::new();
        }
        let open = |job: &&Candidate| !full.contains(&job.kind.as_str());
        self.candidates.iter().filter(open).cloned().collect()
    }

    pub(super) fn remember(&mut self, chosen: &[Candidate]) {
        self.candidates = chosen.to_vec();
        self.chosen_at = Some(Instant::now());
    }

    /// Takes away what was claimed; all of it, when less was left than was wanted.
    pub(super) fn forget(&mut self, taken: &[job::Model], enough: bool) {
        if !enough {
            self.candidates.clear();
            return;
        }
        let taken: HashSet<JobId> = taken.iter().map(|job| job.id).collect();
        self.candidates.retain(|job| !taken.contains(&job.id));
    }
}

impl Jobs {
    /// Ready jobs in the order in which they should run.
    pub(super) async fn choose(
        &self,
        choice: &Choice,
        rounds: &Rounds,
    ) -> Result<Vec<Candidate>, DbError> {
        let (read, now) = (self.0.db.read(), self.0.clock.now());
        if !choice::any_ready(read, now).await? {
            return Ok(Vec::new());
        }
        let mut ready = Vec::new();
        for kind in choice::queued_kinds(read).await? {
            if !choice.full_kinds.contains(&kind.as_str()) {
                self.look_at_kind(&kind, choice, rounds, &mut ready).await?;
            }
        }
        if ready.is_empty() {
            return Ok(ready);
        }
        let running = choice::running_by_user(read).await?;
        Ok(in_turns(ready, &running.into_iter().collect(), choice))
    }

    /// Looks at the owners of a kind's jobs until enough are found or all were looked at.
    async fn look_at_kind(
        &self,
        kind: &str,
        choice: &Choice,
        rounds: &Rounds,
        ready: &mut Vec<Candidate>,
    ) -> Result<(), DbError> {
        let (read, now) = (self.0.db.read(), self.0.clock.now());
        let began_at = rounds.from(kind);
        let (mut from_owner, mut found, mut wrapped) = (began_at, 0, began_at == 0);
        loop {
            let part = Part {
                kind,
                now,
                from_owner,
                of_owner: choice.limit as u64,
            };
            let mut owners = choice::owners(read, part).await?;
            let last = owners.last().copied().filter(|_| owners.len() == OWNERS);
            if wrapped && began_at > 0 {
                owners.retain(|owner| *owner < began_at);
            }
            let heads = choice::heads(read, part, &owners).await?;
            found += heads.len();
            ready.extend(heads);
            let next = last.map_or(0, |last| last.saturating_add(1));
            rounds.next(kind, next);
            let round_is_over = wrapped && (next == 0 || (began_at > 0 && next >= began_at));
            if found >= choice.limit || round_is_over {
                return Ok(());
            }
            wrapped |= next == 0;
            from_owner = next;
        }
    }
}

/// Deals the ready jobs out in turns.
fn in_turns(
    mut ready: Vec<Candidate>,
    running: &HashMap<UserId, i64>,
    choice: &Choice,
) -> Vec<Candidate> {
    let place = |job: &Candidate| (job.priority, job.run_at, job.id);
    ready.sort_by_key(place);
    let mut turns: HashMap<Option<UserId>, i64> = running
        .iter()
        .map(|(user, jobs)| (Some(*user), *jobs))
        .collect();
    let mut dealt: Vec<(i64, Candidate)> = Vec::with_capacity(ready.len());
    for job in ready {
        let turn = turns.entry(job.user_id).or_default();
        *turn += 1;
        if job.user_id.is_none() || *turn <= i64::from(choice.per_user) {
            dealt.push((*turn, job));
        }
    }
    dealt.sort_by_key(|(turn, job)| (job.priority, *turn, job.run_at, job.id));
    dealt.truncate(choice.limit);
    dealt.into_iter().map(|(_, job)| job).collect()
}
