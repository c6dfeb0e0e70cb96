//! Where files are kept.

use std::path::PathBuf;

use super::reader::Reader;
use super::variable::{Section, Variable};

pub(super) const PLC_STORAGE_DIR: Variable = Variable::new(
    "PLC_STORAGE_DIR",
    "./data",
    "Directory for everything that is kept: documents, the default database, the generated secret.",
);
pub(super) const TMP_DIR: Variable = Variable::new(
    "TMP_DIR",
    "",
    "Directory for uploads in flight; without it `tmp` in PLC_STORAGE_DIR.",
)
.aliases(&["UPLOAD_FOLDER"]);

pub(super) const SECTION: Section = Section {
    title: "Storage",
    about: "",
    variables: &[PLC_STORAGE_DIR, TMP_DIR],
};

/// The directories of this installation.
#[derive(Clone, Debug)]
pub(crate) struct StorageConfig {
    pub(crate) dir: PathBuf,
    pub(crate) tmp_dir: PathBuf,
}

impl StorageConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let dir = PathBuf::from(reader.text(&PLC_STORAGE_DIR));
        let tmp_dir = reader
            .optional_text(&TMP_DIR)
            .map_or_else(|| dir.join("tmp"), PathBuf::from);
        Self { dir, tmp_dir }
    }
}
