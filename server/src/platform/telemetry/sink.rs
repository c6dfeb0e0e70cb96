//! Where lines go. A server's are handed to a thread of their own: whoever reads the log and hangs
//! costs lines, which are counted and told of, and no request.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Write},
    mem,
    os::fd::AsFd,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

/// What may wait to be written.
const WAITING_BYTES: usize = 4 * 1024 * 1024;
/// Room that is kept for what waits next.
const KEPT_BYTES: usize = 64 * 1024;
/// How long a line waits for others: waking the thread and asking the system cost more than a line.
const GATHER: Duration = Duration::from_millis(5);
/// How long the last lines may take.
const LAST: Duration = Duration::from_secs(1);

/// The queue of this process, once it has one.
static QUEUE: OnceLock<Queue> = OnceLock::new();

thread_local! {
    /// Whether this thread is the one that writes.
    static WRITES: Cell<bool> = const { Cell::new(false) };
}

/// Takes lines.
pub(super) enum Sink {
    /// Through the queue.
    Stdout(Queue),
    /// At once: for commands, whose output is their result.
    Stderr,
}

impl Sink {
    /// The standard output of a server, written by a thread of its own.
    pub(super) fn stdout() -> io::Result<Self> {
        if let Some(queue) = QUEUE.get() {
            return Ok(Self::Stdout(queue.clone()));
        }
        // Without the buffer of the standard library, which tears lines when it cannot write.
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let queue = Queue::start(WAITING_BYTES, out)?;
        Ok(Self::Stdout(QUEUE.get_or_init(|| queue).clone()))
    }

    /// Takes a line, which ends with its newline. A closed pipe is the reader's choice.
    pub(super) fn put(&self, line: &str) {
        match self {
            Self::Stdout(queue) => queue.put(line),
            Self::Stderr => {
                let _ = io::stderr().lock().write_all(line.as_bytes());
            }
        }
    }
}

/// Lines of this process that found no room.
pub(super) fn dropped() -> u64 {
    QUEUE.get().map_or(0, |queue| queue.0.state.lock().dropped)
}

/// Waits until what was said before is written, at most a second. Call it before the process ends.
pub(crate) fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(LAST);
    }
}

/// Lines on their way to a writer. Nobody waits for room in it.
#[derive(Clone)]
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    most_bytes: usize,
    state: Mutex<State>,
    /// There is something to write, or somebody to hurry for.
    arrived: Condvar,
    /// Everything is written.
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines that found no room.
    dropped: u64,
    is_writing: bool,
    hurries: bool,
}

impl Queue {
    fn start(most_bytes: usize, out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            most_bytes,
            state: Mutex::default(),
            arrived: Condvar::new(),
            written: Condvar::new(),
        });
        let writes = shared.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writes.write_to(out))?;
        Ok(Self(shared))
    }

    fn put(&self, line: &str) {
        let mut state = self.0.state.lock();
        // What the writer says of the log itself has room always.
        if state.waiting.len() + line.len() > self.0.most_bytes && !WRITES.get() {
            state.dropped += 1;
            return;
        }
        let wakes = state.waiting.is_empty();
        state.waiting.extend_from_slice(line.as_bytes());
        drop(state);
        if wakes {
            self.0.arrived.notify_one();
        }
    }

    /// Returns when everything is written, or the limit is over.
    fn flush(&self, limit: Duration) {
        let mut state = self.0.state.lock();
        state.hurries = true;
        self.0.arrived.notify_one();
        self.0.written.wait_while_for(
            &mut state,
            |state| state.is_writing || !state.waiting.is_empty(),
            limit,
        );
    }
}

impl Shared {
    fn write_to(&self, mut out: impl Write) {
        WRITES.set(true);
        let (mut lines, mut told, mut is_torn) = (Vec::new(), 0, false);
        loop {
            let mut dropped = self.take(&mut lines);
            // What is left of a line stands for itself.
            let torn: &[u8] = if is_torn { b"\n" } else { b"" };
            let (written, outcome) = match write_all(&mut out, torn) {
                (_, Ok(())) => write_all(&mut out, &lines),
                (_, Err(error)) => (0, Err(error)),
            };
            let (kept, lost) = lines.split_at(written);
            is_torn = kept.last().map_or(is_torn, |last| *last != b'\n');
            // A closed pipe is the reader's choice, a full disk is nobody's.
            if matches!(&outcome, Err(error) if error.kind() != io::ErrorKind::BrokenPipe) {
                let lost = lost.split(|byte| *byte == b'\n').count() - 1;
                dropped = self.lose(u64::try_from(lost).unwrap_or(u64::MAX));
            }
            lines.clear();
            lines.shrink_to(KEPT_BYTES);
            if dropped > told && outcome.is_ok() {
                // The log says where it has a hole.
                tracing::warn!(event = "log_lines_dropped", lines = dropped - told);
                told = dropped;
            }
            let mut state = self.state.lock();
            state.is_writing = false;
            if state.waiting.is_empty() {
                self.written.notify_all();
            }
        }
    }

    /// Counts lines that could not be written; answers how many have been dropped so far.
    fn lose(&self, lines: u64) -> u64 {
        let mut state = self.state.lock();
        state.dropped = state.dropped.saturating_add(lines);
        state.dropped
    }

    /// Waits for lines and takes them; answers how many have been dropped so far.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut state = self.state.lock();
        self.arrived
            .wait_while(&mut state, |state| state.waiting.is_empty());
        self.arrived
            .wait_while_for(&mut state, |state| !state.hurries, GATHER);
        mem::swap(lines, &mut state.waiting);
        state.is_writing = true;
        state.dropped
    }
}

/// Writes everything, also where the other end takes a little at a time; answers how many bytes were
/// written.
fn write_all(out: &mut impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match out.write(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(GATHER),
            Err(error) => return (written, Err(error)),
        }
    }
    (written, out.flush())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Hangs until it is let go on; keeps what it is given.
    struct Hanging {
        go_on: Receiver<()>,
        written: Sender<String>,
    }

    impl Write for Hanging {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Whoever has gone lets it go on for good.
            let _ = self.go_on.recv();
            let text = String::from_utf8_lossy(bytes).into_owned();
            let _ = self.written.send(text);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_hangs_costs_lines_and_nobody_waits() {
        let (let_go, go_on) = channel();
        let (written, read) = channel();
        let queue = Queue::start(20, Hanging { go_on, written }).unwrap();
        queue.put("first\n");
        // In the writer's hands, which hang.
        queue.flush(Duration::from_millis(1));
        while !queue.0.state.lock().is_writing {
            thread::yield_now();
        }
        for number in 10..20 {
            queue.put(&format!("{number}---\n"));
        }
        assert_eq!(queue.0.state.lock().dropped, 7);
        drop(let_go);
        queue.flush(Duration::from_mins(1));
        let text: String = read.try_iter().collect();
        assert_eq!(text, "first\n10---\n11---\n12---\n");
    }

    #[test]
    fn what_was_said_is_written_when_the_end_is_near() {
        let (let_go, go_on) = channel();
        let (written, read) = channel();
        let queue = Queue::start(100, Hanging { go_on, written }).unwrap();
        drop(let_go);
        queue.put("one\n");
        queue.put("two\n");
        queue.flush(Duration::from_mins(1));
        let text: String = read.try_iter().collect();
        assert_eq!(text, "one\ntwo\n");
    }

    /// Takes so many bytes, then fails once for each byte that it is told, then takes all.
    struct Filling {
        room: usize,
        fails: usize,
        written: Sender<String>,
    }

    impl Write for Filling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = match (self.room, self.fails) {
                (0, 0) => bytes.len(),
                (0, _) => {
                    self.fails -= 1;
                    return Err(io::ErrorKind::StorageFull.into());
                }
                (room, _) => room.min(bytes.len()),
            };
            self.room = self.room.saturating_sub(room);
            let text = String::from_utf8_lossy(&bytes[..room]).into_owned();
            let _ = self.written.send(text);
            Ok(room)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_loses_lines_that_are_counted_and_joins_none() {
        let (written, read) = channel();
        let disk = Filling {
            room: 6,
            fails: 2,
            written,
        };
        let queue = Queue::start(100, disk).unwrap();
        let limit = Duration::from_mins(1);
        for lines in ["one\ntwo\n", "three\n", "four\n"] {
            queue.put(lines);
            queue.flush(limit);
        }
        assert_eq!(queue.0.state.lock().dropped, 3 - 1);
        let text: String = read.try_iter().collect();
        assert_eq!(text, "one\ntw\nfour\n");
    }
}
