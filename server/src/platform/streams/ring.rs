//! Numbered frames, bounded in count and bytes.

use std::collections::VecDeque;

use bytes::Bytes;

/// Frames kept for those who come back. An answer of 2,048 tokens fits whole.
pub(super) const MAX_FRAMES: usize = 4_096;
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// What a reader finds at its position.
pub(super) enum Slot {
    /// The frame of this number.
    Frame(Bytes),
    /// Not written yet.
    Ahead,
    /// Written and dropped again: the reader was too slow.
    Evicted,
}

/// The newest frames of a stream; the first ever has number 1.
#[derive(Default)]
pub(super) struct Ring {
    frames: VecDeque<Bytes>,
    evicted: u64,
    bytes: usize,
}

impl Ring {
    pub(super) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
        while self.frames.len() > MAX_FRAMES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.frames.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
            self.evicted += 1;
        }
    }

    pub(super) fn get(&self, number: u64) -> Slot {
        let Some(index) = number.checked_sub(self.evicted + 1) else {
            return Slot::Evicted;
        };
        usize::try_from(index)
            .ok()
            .and_then(|index| self.frames.get(index))
            .map_or(Slot::Ahead, |frame| Slot::Frame(frame.clone()))
    }

    /// What is kept, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the newest frame; 0 before the first.
    pub(super) fn newest(&self) -> u64 {
        self.evicted + self.frames.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_frames_under_their_numbers() {
        let mut ring = Ring::default();
        for number in 1..=(MAX_FRAMES as u64 + 10) {
            ring.push(Bytes::from(number.to_string()));
        }
        assert!(matches!(ring.get(10), Slot::Evicted));
        assert!(matches!(ring.get(11), Slot::Frame(frame) if frame == "11"));
        assert!(matches!(ring.get(ring.newest()), Slot::Frame(_)));
        assert!(matches!(ring.get(ring.newest() + 1), Slot::Ahead));
    }

    #[test]
    fn is_bounded_in_bytes() {
        let mut ring = Ring::default();
        for _ in 0..5 {
            ring.push(Bytes::from(vec![0; MAX_BYTES / 2]));
        }
        assert!(ring.bytes <= MAX_BYTES);
        assert_eq!(ring.newest(), 5);
        assert!(matches!(ring.get(3), Slot::Evicted));
    }
}
