//! The directory of a ZIP file, walked without keeping it. The server itself looks into archives to
//! learn what they are, and an archive of 20 MiB may name half a million files: how many it has is
//! read from its end, before anything is read of them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Signatures and sizes of the records, APPNOTE 4.3: the end of the directory, the same for large
/// archives, where that one is, an entry of the directory, and the entry itself.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const LARGE_END: &[u8] = b"PK\x06\x06";
const LARGE_END_BYTES: usize = 56;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
const HEADER: &[u8] = b"PK\x01\x02";
const HEADER_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// The end may be followed by a comment of this length.
const COMMENT_BYTES: u64 = 0xffff;
/// Longer names are none that anybody looks for.
const NAME_BYTES: usize = 64;

/// Why an archive cannot be looked into.
#[derive(Debug)]
pub(super) enum Unreadable {
    Io(io::Error),
    Damaged,
    TooManyFiles,
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => Self::Damaged,
            _ => Self::Io(error),
        }
    }
}

/// An archive of a bounded number of files.
pub(super) struct Directory {
    file: BufReader<File>,
    entries: u64,
    start: u64,
    /// Bytes before the archive, which its offsets do not count.
    before: u64,
}

/// A file of the archive.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    stored: bool,
    at: u64,
}

/// What the end says of the directory.
struct End {
    entries: u64,
    size: u64,
    offset: u64,
}

impl Directory {
    /// Opens the directory of an archive of at most `most` files.
    pub(super) fn open(path: &Path, most: u64) -> Result<Self, Unreadable> {
        let mut file = BufReader::new(File::open(path)?);
        let length = file.seek(SeekFrom::End(0))?;
        let first = length.saturating_sub(COMMENT_BYTES + END_BYTES as u64);
        file.seek(SeekFrom::Start(first))?;
        let mut tail = Vec::new();
        file.by_ref().take(length - first).read_to_end(&mut tail)?;
        let ends = tail.windows(END_BYTES).enumerate().rev();
        for (at, record) in ends.filter(|(_, record)| record.starts_with(END)) {
            let position = first + at as u64;
            let small = End {
                entries: u64::from(u16_at(record, 10)),
                size: u64::from(u32_at(record, 12)),
                offset: u64::from(u32_at(record, 16)),
            };
            let (end, position) = match large_end(&mut file, position)? {
                Some(large) => large,
                None => (small, position),
            };
            if let Some(directory) = begins(&mut file, &end, position)? {
                if end.entries > most {
                    return Err(Unreadable::TooManyFiles);
                }
                let before = directory.saturating_sub(end.offset);
                return Ok(Self {
                    file,
                    entries: end.entries,
                    start: directory,
                    before,
                });
            }
        }
        Err(Unreadable::Damaged)
    }

    /// The first file for which `is_it` holds.
    pub(super) fn find(
        &mut self,
        is_it: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Entry>, Unreadable> {
        self.file.seek(SeekFrom::Start(self.start))?;
        for _ in 0..self.entries {
            let mut header = [0; HEADER_BYTES];
            self.file.read_exact(&mut header)?;
            if !header.starts_with(HEADER) {
                return Err(Unreadable::Damaged);
            }
            let name_bytes = usize::from(u16_at(&header, 28));
            let rest = i64::from(u16_at(&header, 30)) + i64::from(u16_at(&header, 32));
            let mut name = vec![0; name_bytes.min(NAME_BYTES)];
            self.file.read_exact(&mut name)?;
            if name_bytes <= NAME_BYTES && is_it(&name) {
                return Ok(Some(Entry {
                    name,
                    stored: u16_at(&header, 10) == 0,
                    at: u64::from(u32_at(&header, 42)),
                }));
            }
            let unread = i64::try_from(name_bytes - name.len()).unwrap_or(0);
            self.file.seek_relative(unread + rest)?;
        }
        Ok(None)
    }

    /// The beginning of a file that is not packed.
    pub(super) fn beginning(&mut self, entry: &Entry, most: u64) -> Result<Vec<u8>, Unreadable> {
        let mut header = [0; LOCAL_BYTES];
        self.file
            .seek(SeekFrom::Start(self.before.saturating_add(entry.at)))?;
        self.file.read_exact(&mut header)?;
        if !entry.stored || !header.starts_with(LOCAL) {
            return Err(Unreadable::Damaged);
        }
        let size = u64::from(u32_at(&header, 18));
        let skipped = i64::from(u16_at(&header, 26)) + i64::from(u16_at(&header, 28));
        self.file.seek_relative(skipped)?;
        let mut content = Vec::new();
        self.file
            .by_ref()
            .take(size.min(most))
            .read_to_end(&mut content)?;
        Ok(content)
    }
}

/// The end of a large archive and where it stands, when the end at `position` has one before it.
fn large_end(file: &mut BufReader<File>, position: u64) -> Result<Option<(End, u64)>, Unreadable> {
    let mut locator = [0; LOCATOR_BYTES];
    let Some(at) = position.checked_sub(LOCATOR_BYTES as u64) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut locator)?;
    if !locator.starts_with(LOCATOR) {
        return Ok(None);
    }
    // Where it says, or, when something stands before the archive, right here.
    for at in [
        Some(u64_at(&locator, 8)),
        at.checked_sub(LARGE_END_BYTES as u64),
    ]
    .into_iter()
    .flatten()
    .filter(|at| *at < position)
    {
        let mut record = [0; LARGE_END_BYTES];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut record)?;
        if record.starts_with(LARGE_END) {
            let end = End {
                entries: u64_at(&record, 32),
                size: u64_at(&record, 40),
                offset: u64_at(&record, 48),
            };
            return Ok(Some((end, at)));
        }
    }
    Ok(None)
}

/// Where the directory begins that ends at `position`: right before it, or where the end says.
fn begins(file: &mut BufReader<File>, end: &End, position: u64) -> Result<Option<u64>, Unreadable> {
    for start in [position.checked_sub(end.size), Some(end.offset)]
        .into_iter()
        .flatten()
        .filter(|start| *start < position)
    {
        let mut signature = [0; 4];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut signature)?;
        if signature == *HEADER {
            return Ok(Some(start));
        }
    }
    Ok(None)
}

fn u16_at(record: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes_at(record, at))
}

fn u32_at(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(record, at))
}

fn u64_at(record: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes_at(record, at))
}

/// Zeros where the record is shorter.
fn bytes_at<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    record
        .get(at..at + N)
        .and_then(|bytes| bytes.try_into().ok())
        .unwrap_or([0; N])
}
