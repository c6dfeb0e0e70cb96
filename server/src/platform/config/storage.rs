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

pub(super) const MIN_FREE_DISK_MB: Variable = Variable::new(
    "MIN_FREE_DISK_MB",
    "128",
    "Free room on the disk of PLC_STORAGE_DIR below which the server says that it is not ready; 0 \
     never.",
)
.unit("MiB");

pub(super) const SECTION: Section = Section {
    title: "Storage",
    about: "",
    variables: &[PLC_STORAGE_DIR, TMP_DIR, MIN_FREE_DISK_MB],
};

/// The directories of this installation.
#[derive(Clone, Debug)]
pub(crate) struct StorageConfig {
    pub(crate) dir: PathBuf,
    pub(crate) tmp_dir: PathBuf,
    /// The least free room with which new files are taken.
    pub(crate) min_free_bytes: u64,
}

impl StorageConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let dir = PathBuf::from(reader.text(&PLC_STORAGE_DIR));
        let tmp_dir = reader
            .optional_text(&TMP_DIR)
            .map_or_else(|| dir.join("tmp"), PathBuf::from);
        Self {
            dir,
            tmp_dir,
            min_free_bytes: reader.mebibytes(&MIN_FREE_DISK_MB, 0..=1_048_576),
        }
    }
}
