//! Makes documents and reads them.

use std::io::Write;
use std::path::{Path, PathBuf};

use extract::{BlockKind, ExtractError, Extracted, Format, Limits};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A file in a folder of its own, gone with this value.
pub(crate) struct Document {
    _folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Document {
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    /// An archive of named entries.
    pub(crate) fn zip(name: &str, entries: &[(&str, &str)]) -> Self {
        let mut bytes = Vec::new();
        let mut writer = ZipWriter::new(std::io::Cursor::new(&mut bytes));
        for (entry, content) in entries {
            writer
                .start_file(*entry, SimpleFileOptions::default())
                .unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        Self::new(name, &bytes)
    }

    pub(crate) fn read(&self, format: Format) -> Result<Extracted, ExtractError> {
        extract::extract(&self.path, format, &Limits::default())
    }
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/samples")
        .join(name)
}

/// Kinds and texts of the page at `index`.
pub(crate) fn blocks(extracted: &Extracted, index: usize) -> Vec<(BlockKind, &str)> {
    extracted.pages[index]
        .blocks
        .iter()
        .map(|block| (block.kind, block.text.as_str()))
        .collect()
}

pub(crate) fn all_text(extracted: &Extracted) -> String {
    let blocks = extracted.pages.iter().flat_map(|page| &page.blocks);
    blocks
        .map(|block| block.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A Word document with this body and these other entries.
pub(crate) fn docx(body: &str, more: &[(&str, &str)]) -> Document {
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>{body}</w:body></w:document>"#
    );
    let mut entries = vec![("word/document.xml", document.as_str())];
    entries.extend(more);
    Document::zip("document.docx", &entries)
}
