//! Office documents are ZIP archives: read with a budget over all entries.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use encoding_rs::Encoding;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::ExtractError;
use crate::format::Format;
use crate::limits::Limits;

pub(crate) struct Package {
    archive: ZipArchive<BufReader<File>>,
    format: Format,
    budget: u64,
    allowed: u64,
}

impl Package {
    pub(crate) fn open(path: &Path, format: Format, limits: &Limits) -> Result<Self, ExtractError> {
        let reader = BufReader::new(File::open(path)?);
        let archive = ZipArchive::new(reader).map_err(|error| refusal(&error, format))?;
        if archive.len() > limits.max_archive_entries {
            return Err(ExtractError::TooLarge {
                limit: format!("{} files inside", limits.max_archive_entries),
            });
        }
        Ok(Self {
            archive,
            format,
            budget: limits.max_archive_bytes,
            allowed: limits.max_archive_bytes,
        })
    }

    /// The bytes of an entry, or `None` when there is no such entry.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ExtractError> {
        let Some(index) = self.archive.index_for_name(name) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        self.unpack(index, &mut bytes)?;
        Ok(Some(bytes))
    }

    /// The text of an XML entry. XML may be UTF-16; office programs write UTF-8.
    pub(crate) fn read_xml(&mut self, name: &str) -> Result<Option<String>, ExtractError> {
        let Some(bytes) = self.read(name)? else {
            return Ok(None);
        };
        let text = match Encoding::for_bom(&bytes) {
            Some((encoding, _)) => encoding.decode(&bytes).0.into_owned(),
            None => String::from_utf8(bytes).map_err(|_| self.damaged())?,
        };
        Ok(Some(text))
    }

    /// An XML entry without which the document is none.
    pub(crate) fn require_xml(&mut self, name: &str) -> Result<String, ExtractError> {
        self.read_xml(name)?.ok_or_else(|| self.damaged())
    }

    /// Unpacks everything into nothing, for readers that open the file
    /// themselves: the sizes in a directory of a hostile archive prove nothing.
    pub(crate) fn check_unpacked_size(&mut self) -> Result<(), ExtractError> {
        for index in 0..self.archive.len() {
            self.unpack(index, &mut io::sink())?;
        }
        Ok(())
    }

    fn unpack(&mut self, index: usize, target: &mut impl io::Write) -> Result<(), ExtractError> {
        let format = self.format;
        let entry = self
            .archive
            .by_index(index)
            .map_err(|error| refusal(&error, format))?;
        let copied = io::copy(&mut entry.take(self.budget + 1), target)
            .map_err(|_| ExtractError::Damaged(format.display_name().to_owned()))?;
        self.budget = self
            .budget
            .checked_sub(copied)
            .ok_or_else(|| ExtractError::TooLarge {
                limit: format!("{} MiB", self.allowed >> 20),
            })?;
        Ok(())
    }

    pub(crate) fn damaged(&self) -> ExtractError {
        ExtractError::Damaged(self.format.display_name().to_owned())
    }
}

fn refusal(error: &ZipError, format: Format) -> ExtractError {
    let name = format.display_name().to_owned();
    match error {
        ZipError::Io(cause)
            if cause.kind() != io::ErrorKind::UnexpectedEof
                && cause.kind() != io::ErrorKind::InvalidData
                && cause.kind() != io::ErrorKind::InvalidInput =>
        {
            ExtractError::Io(cause.kind().to_string())
        }
        ZipError::UnsupportedArchive(reason) if reason.contains("assword") => {
            ExtractError::Encrypted(name)
        }
        _ => ExtractError::Damaged(name),
    }
}

/// Where the parts that one part refers to are: relationship id to entry name.
pub(crate) struct Relationships(Vec<Relationship>);

struct Relationship {
    id: String,
    kind: String,
    target: String,
}

impl Relationships {
    /// Relationships of the entry `part`, empty when it has none.
    pub(crate) fn of(
        package: &mut Package,
        part: &str,
        limits: &Limits,
    ) -> Result<Self, ExtractError> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = format!("{folder}/_rels/{file}.rels");
        let mut found = Vec::new();
        if let Some(xml) = package.read_xml(name.trim_start_matches('/'))? {
            let mut reader = crate::xml::Reader::new(&xml, package.format, limits);
            while let Some(node) = reader.next()? {
                if let crate::xml::Node::Open(element) = node
                    && element.name() == "Relationship"
                {
                    found.push(Relationship {
                        id: element.attribute("Id").unwrap_or_default(),
                        kind: element.attribute("Type").unwrap_or_default(),
                        target: resolve(folder, &element.attribute("Target").unwrap_or_default()),
                    });
                }
            }
        }
        Ok(Self(found))
    }

    pub(crate) fn target(&self, id: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|relationship| relationship.id == id)
            .map(|relationship| relationship.target.as_str())
    }

    /// The first target whose type ends so, for example `/notesSlide`.
    pub(crate) fn of_kind(&self, suffix: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|relationship| relationship.kind.ends_with(suffix))
            .map(|relationship| relationship.target.as_str())
    }
}

/// A target relative to the folder of the part that names it.
fn resolve(folder: &str, target: &str) -> String {
    let (base, relative) = match target.strip_prefix('/') {
        Some(absolute) => ("", absolute),
        None => (folder, target),
    };
    let mut path: Vec<&str> = Vec::new();
    for segment in base.split('/').chain(relative.split('/')) {
        match segment {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            name => path.push(name),
        }
    }
    path.join("/")
}
