//! Questions under way: a newer one of a slot ends the older.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use crate::client::Request;
use crate::client::auth::Client;
use crate::message::{Message, Slot};

/// Everything that runs beside the loop.
pub struct Tasks {
    set: JoinSet<()>,
    slots: HashMap<Slot, AbortHandle>,
    out: mpsc::Sender<Message>,
}

impl Tasks {
    pub fn new(out: mpsc::Sender<Message>) -> Tasks {
        Tasks {
            set: JoinSet::new(),
            slots: HashMap::new(),
            out,
        }
    }

    /// Runs something whose outcome is a message.
    pub fn run(&mut self, work: impl Future<Output = Message> + Send + 'static) -> AbortHandle {
        while self.set.try_join_next().is_some() {}
        self.slots.retain(|_, task| !task.is_finished());
        let out = self.out.clone();
        self.set.spawn(async move {
            let message = work.await;
            // Nobody listens: the console is closing.
            let _sent = out.send(message).await;
        })
    }

    /// Asks the server; a newer question of the slot ends this one.
    pub fn fetch(
        &mut self,
        client: Client,
        slot: Slot,
        generation: u64,
        request: Request,
        after: Duration,
    ) {
        self.cancel(&slot);
        let key = slot.clone();
        let task = self.run(async move {
            tokio::time::sleep(after).await;
            let outcome = client.send(&request).await;
            Message::Answer {
                slot,
                generation,
                outcome,
            }
        });
        self.slots.insert(key, task);
    }

    /// Changes something; nothing ends this but its answer.
    pub fn act(&mut self, client: Client, slot: Slot, generation: u64, request: Request) {
        self.run(async move {
            let outcome = client.send(&request).await;
            Message::Answer {
                slot,
                generation,
                outcome,
            }
        });
    }

    pub fn cancel(&mut self, slot: &Slot) {
        if let Some(task) = self.slots.remove(slot) {
            task.abort();
        }
    }
}
