//! Tests of extraction on real files, most of them made here.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod child;
mod docx;
mod html;
mod limits;
mod making;
mod odt;
mod pdf;
mod pptx;
mod samples;
mod sniffing;
mod text;
mod xlsx;
