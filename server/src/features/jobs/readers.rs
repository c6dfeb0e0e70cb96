//! How many event streams of jobs are open: each keeps a connection and looks at the database.

use std::{collections::HashMap, sync::Arc};

use entities::UserId;
use parking_lot::Mutex;

/// Open streams of one user.
const OF_USER: usize = 8;
/// Open streams of one process.
const OF_PROCESS: usize = 128;

/// Counts open streams. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Readers(Arc<Mutex<HashMap<UserId, usize>>>);

/// One open stream; counted until it is dropped.
pub(super) struct Reading {
    readers: Readers,
    user: UserId,
}

impl Readers {
    /// Counts one more, or refuses.
    pub(super) fn admit(&self, user: UserId) -> Option<Reading> {
        let mut open = self.0.lock();
        if open.values().sum::<usize>() >= OF_PROCESS {
            return None;
        }
        let of_user = open.entry(user).or_default();
        if *of_user >= OF_USER {
            return None;
        }
        *of_user += 1;
        Some(Reading {
            readers: self.clone(),
            user,
        })
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut open = self.readers.0.lock();
        if let Some(of_user) = open.get_mut(&self.user) {
            *of_user -= 1;
            if *of_user == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_streams_are_counted_until_they_are_dropped() {
        let readers = Readers::default();
        let open: Vec<Reading> = (0..OF_USER)
            .map(|_| readers.admit(UserId(1)).expect("a place"))
            .collect();
        assert!(readers.admit(UserId(1)).is_none());
        assert!(readers.admit(UserId(2)).is_some());
        drop(open);
        assert!(readers.admit(UserId(1)).is_some());
        assert!(readers.0.lock().is_empty());
    }

    #[test]
    fn a_process_has_so_many_and_no_more() {
        let readers = Readers::default();
        let users = i64::try_from(OF_PROCESS).expect("a number");
        let open: Vec<Reading> = (0..users)
            .map(|user| readers.admit(UserId(user)).expect("a place"))
            .collect();
        assert!(readers.admit(UserId(users)).is_none());
        assert_eq!(open.len(), OF_PROCESS);
    }
}
