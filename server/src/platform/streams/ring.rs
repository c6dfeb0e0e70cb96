//! Numbered frames, bounded in count and bytes.
//!
//! Frames of one answer begin alike. They are kept in blocks, whose first frame is whole; of the
//! others a block has what they do not share with the first.

use std::collections::VecDeque;

use bytes::Bytes;

/// Frames kept for those who come back. An answer of 2,048 tokens fits whole.
pub(super) const MAX_FRAMES: u64 = 4_096;
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// A block takes no more frames once it has so many bytes.
const BLOCK_BYTES: usize = 4 * 1024;
/// A reader is given no more frames at once when they have so many bytes.
const READ_BYTES: usize = 16 * 1024;
/// Room for an `id:` line.
const ID_BYTES: usize = 12;

/// What a reader finds at its position.
pub(super) enum Slot {
    /// The frames from there on, as many as there are or may be read at once, and the number of
    /// the last.
    Frames(u64, Bytes),
    /// The next to be written.
    Ahead,
    /// Beyond the next: nobody can have read the one before.
    Never,
    /// Written and dropped again: the reader was too slow.
    Evicted,
}

/// Frames that begin alike.
struct Block {
    /// The number of its first frame.
    first: u64,
    /// The first frame, then the ends of the others.
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

/// Where a frame stands in its block.
#[derive(Clone, Copy)]
struct Mark {
    /// Bytes that are those of the block's first frame.
    shared: u32,
    /// Where its own bytes end.
    end: u32,
}

impl Mark {
    fn new(shared: usize, end: usize) -> Self {
        // No frame is longer than all of them may be.
        let bounded = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        Self {
            shared: bounded(shared),
            end: bounded(end),
        }
    }

    fn shared(self) -> usize {
        usize::try_from(self.shared).unwrap_or(usize::MAX)
    }

    fn end(self) -> usize {
        usize::try_from(self.end).unwrap_or(usize::MAX)
    }
}

impl Block {
    fn new(first: u64, frame: &[u8]) -> Self {
        Self {
            first,
            bytes: frame.to_vec(),
            marks: vec![Mark::new(0, frame.len())],
        }
    }

    /// Adds a frame if there is room and it has at least half of its bytes from the first.
    fn add(&mut self, frame: &[u8]) -> bool {
        let head = &self.bytes[..self.marks[0].end()];
        let pairs = head.iter().zip(frame);
        let shared = pairs.take_while(|(ours, its)| ours == its).count();
        let own = &frame[shared..];
        if own.len() > shared || self.bytes.len() + own.len() > BLOCK_BYTES {
            return false;
        }
        self.bytes.extend_from_slice(own);
        self.marks.push(Mark::new(shared, self.bytes.len()));
        true
    }

    /// The parts of a frame: from the first, and its own.
    fn frame(&self, number: u64) -> Option<(&[u8], &[u8])> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let mark = self.marks.get(index)?;
        let from = index
            .checked_sub(1)
            .map_or(0, |before| self.marks[before].end());
        Some((&self.bytes[..mark.shared()], &self.bytes[from..mark.end()]))
    }

    fn last(&self) -> u64 {
        self.first + self.marks.len() as u64 - 1
    }

    /// Gives back what it will not need.
    fn close(&mut self) {
        self.bytes.shrink_to_fit();
        self.marks.shrink_to_fit();
    }
}

/// The newest frames of a stream; the first ever has number 1.
#[derive(Default)]
pub(super) struct Ring {
    blocks: VecDeque<Block>,
    evicted: u64,
    newest: u64,
    bytes: usize,
}

impl Ring {
    pub(super) fn push(&mut self, frame: &[u8]) {
        self.newest += 1;
        if frame.len() > MAX_BYTES {
            self.blocks.clear();
            self.bytes = 0;
            self.evicted = self.newest;
            return;
        }
        let last = self.blocks.back_mut();
        if !last.is_some_and(|block| block.add(frame)) {
            if let Some(full) = self.blocks.back_mut() {
                full.close();
            }
            self.blocks.push_back(Block::new(self.newest, frame));
        }
        self.bytes += frame.len();
        while self.newest - self.evicted > MAX_FRAMES || self.bytes > MAX_BYTES {
            if !self.evict() {
                break;
            }
        }
    }

    /// Drops the oldest frame, and with the last of a block the block. `false`: there is none.
    fn evict(&mut self) -> bool {
        let oldest = self.evicted + 1;
        let Some((shared, own)) = self.blocks.front().and_then(|block| block.frame(oldest)) else {
            return false;
        };
        self.bytes -= shared.len() + own.len();
        self.evicted = oldest;
        if self
            .blocks
            .front()
            .is_some_and(|block| block.last() == oldest)
        {
            self.blocks.pop_front();
        }
        true
    }

    /// The frames from `number` on; `numbered`: an `id:` line before each.
    pub(super) fn read(&self, number: u64, numbered: bool) -> Slot {
        if number <= self.evicted {
            return Slot::Evicted;
        }
        if number > self.newest + 1 {
            return Slot::Never;
        }
        let (mut last, mut length) = (number - 1, 0);
        for (at, shared, own) in self.from(number) {
            let id = if numbered { ID_BYTES } else { 0 };
            let bytes = id + shared.len() + own.len();
            if last >= number && length + bytes > READ_BYTES {
                break;
            }
            length += bytes;
            last = at;
        }
        if last < number {
            return Slot::Ahead;
        }
        let mut out = Vec::with_capacity(length);
        for (at, shared, own) in self.from(number).take_while(|(at, ..)| *at <= last) {
            if numbered {
                out.extend_from_slice(format!("id: {at}\n").as_bytes());
            }
            out.extend_from_slice(shared);
            out.extend_from_slice(own);
        }
        Slot::Frames(last, Bytes::from(out))
    }

    /// The frames from `number` on that are still there, each with its number.
    pub(super) fn frames(&self, number: u64) -> impl Iterator<Item = (u64, Vec<u8>)> {
        self.from(number)
            .map(|(at, shared, own)| (at, [shared, own].concat()))
    }

    /// The frames from `number` on, with their numbers, each in two parts.
    fn from(&self, number: u64) -> impl Iterator<Item = (u64, &[u8], &[u8])> {
        let begin = self.blocks.partition_point(|block| block.last() < number);
        let blocks = self.blocks.range(begin..);
        blocks.flat_map(move |block| {
            let numbers = block.first.max(number)..=block.last();
            numbers.filter_map(|at| block.frame(at).map(|(shared, own)| (at, shared, own)))
        })
    }

    /// What can be read, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the newest frame; 0 before the first.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads everything from `number` on, piece by piece.
    fn read_all(ring: &Ring, mut number: u64) -> (u64, String) {
        let mut all = String::new();
        while let Slot::Frames(last, bytes) = ring.read(number, false) {
            all.push_str(std::str::from_utf8(&bytes).unwrap());
            number = last + 1;
        }
        (number - 1, all)
    }

    fn delta(number: u64) -> String {
        format!("data: {{\"type\":\"text-delta\",\"delta\":\"word {number}\"}}\n\n")
    }

    #[test]
    fn keeps_the_newest_frames_under_their_numbers() {
        let mut ring = Ring::default();
        for number in 1..=(MAX_FRAMES + 10) {
            ring.push(delta(number).as_bytes());
        }
        assert!(matches!(ring.read(10, false), Slot::Evicted));
        let expected: String = (11..=MAX_FRAMES + 10).map(delta).collect();
        assert_eq!(read_all(&ring, 11), (MAX_FRAMES + 10, expected));
        assert_eq!(ring.newest(), MAX_FRAMES + 10);
        assert!(matches!(ring.read(ring.newest() + 1, false), Slot::Ahead));
        assert!(matches!(ring.read(ring.newest() + 2, false), Slot::Never));
        assert!(ring.blocks.len() < 50, "{}", ring.blocks.len());
    }

    #[test]
    fn is_bounded_in_bytes() {
        let mut ring = Ring::default();
        for _ in 0..5 {
            ring.push(&vec![0; MAX_BYTES / 2]);
        }
        assert!(ring.bytes() <= MAX_BYTES);
        assert_eq!(ring.newest(), 5);
        assert!(matches!(ring.read(3, false), Slot::Evicted));
    }

    #[test]
    fn a_frame_beyond_all_bounds_is_dropped_and_those_after_it_are_not() {
        let mut ring = Ring::default();
        ring.push(&vec![b'x'; MAX_BYTES + 1]);
        assert_eq!((ring.bytes(), ring.blocks.len()), (0, 0));
        ring.push(b"next");
        assert!(matches!(ring.read(1, false), Slot::Evicted));
        assert_eq!(read_all(&ring, 2), (2, "next".to_owned()));
    }

    #[test]
    fn a_numbered_frame_has_its_id_and_a_piece_its_size() {
        let mut ring = Ring::default();
        ring.push(b"a\n\n");
        ring.push(b"\n\n");
        let Slot::Frames(2, bytes) = ring.read(1, true) else {
            panic!("both frames");
        };
        assert_eq!(bytes, "id: 1\na\n\nid: 2\n\n\n");
        for _ in 0..10 {
            ring.push(&vec![b'y'; READ_BYTES / 3]);
        }
        assert!(matches!(ring.read(3, false), Slot::Frames(5, _)));
    }

    proptest::proptest! {
        #[test]
        fn what_was_written_is_read_from_anywhere(
            frames in proptest::collection::vec("(ab|data: x|data: \\{\"id\":\"[0-9]{4}|){1,3}[a-z]{0,9}", 1..200),
            from in 1_usize..200,
        ) {
            let mut ring = Ring::default();
            for frame in &frames {
                ring.push(frame.as_bytes());
            }
            let from = from.min(frames.len());
            let (last, text) = read_all(&ring, from as u64);
            proptest::prop_assert_eq!(last, frames.len() as u64);
            proptest::prop_assert_eq!(text, frames[from - 1..].concat());
            proptest::prop_assert_eq!(ring.bytes(), frames.concat().len());
        }
    }
}
