//! Where files are kept.

use std::path::PathBuf;
use std::time::Duration;

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
pub(super) const TMP_MAX_AGE_HOURS: Variable = Variable::new(
    "TMP_MAX_AGE_HOURS",
    "24",
    "Age at which a file left in TMP_DIR is removed; 0 or less keeps them.",
)
.unit("hours");

pub(super) const SECTION: Section = Section {
    title: "Storage",
    about: "",
    variables: &[PLC_STORAGE_DIR, TMP_DIR, TMP_MAX_AGE_HOURS],
};

/// The directories of this installation.
#[derive(Clone, Debug)]
pub(crate) struct StorageConfig {
    pub(crate) dir: PathBuf,
    pub(crate) tmp_dir: PathBuf,
    /// `None` keeps left-over temporary files.
    pub(crate) tmp_max_age: Option<Duration>,
}

impl StorageConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let dir = PathBuf::from(reader.text(&PLC_STORAGE_DIR));
        let tmp_dir = reader
            .optional_text(&TMP_DIR)
            .map_or_else(|| dir.join("tmp"), PathBuf::from);
        let hours: i64 = reader.integer(&TMP_MAX_AGE_HOURS, -1_000_000..=1_000_000);
        let tmp_max_age = u64::try_from(hours)
            .ok()
            .filter(|hours| *hours > 0)
            .map(|hours| Duration::from_secs(hours * 3600));
        Self {
            dir,
            tmp_dir,
            tmp_max_age,
        }
    }
}
