//! How many files a ZIP file says it has, before anything is read of them: the server itself looks
//! into archives to learn what they are, and one of 20 MiB may name half a million files.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Signatures of the end of the directory, of the same for large archives, and of what says where
/// that one is: APPNOTE 4.3.14 to 4.3.16.
const END: &[u8] = b"PK\x05\x06";
const LARGE_END: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";
/// The three together, and the longest comment that may follow them.
const TAIL_BYTES: u64 = 22 + 56 + 20 + 0xffff;

/// The most files that any record at the end of the file claims; whoever reads the archive may take
/// any of them for the right one.
pub(super) fn claimed_files(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL_BYTES).read_to_end(&mut tail)?;
    file.rewind()?;
    let large = claims(&tail, LARGE_END, 32..40);
    if large.is_none() && tail.windows(LOCATOR.len()).any(|bytes| bytes == LOCATOR) {
        // The record lies where nobody puts it: nothing is known of it.
        return Ok(u64::MAX);
    }
    Ok(claims(&tail, END, 10..12).max(large).unwrap_or(0))
}

/// The largest number that stands at `place` in a record with this signature.
fn claims(tail: &[u8], signature: &[u8], place: std::ops::Range<usize>) -> Option<u64> {
    let records = tail.windows(place.end);
    let found = records.filter(|record| record.starts_with(signature));
    let number = |record: &[u8]| {
        let bytes = record[place.clone()].iter().rev();
        bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    found.map(number).max()
}
