//! The documents of `docs/samples`, built in so that the demo runs from anywhere.

/// One document.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: &'static [u8],
}

macro_rules! sample {
    ($name:literal, $media_type:literal) => {
        Sample {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../../../../docs/samples/", $name)),
        }
    };
}

/// A PDF, a DOCX, a Markdown file, a CSV.
pub(super) const ALL: [Sample; 4] = [
    sample!("team-handbook.pdf", "application/pdf"),
    sample!(
        "hr7-maintenance-guide.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ),
    sample!("release-checklist.md", "text/markdown"),
    sample!("fleet-inventory.csv", "text/csv"),
];
