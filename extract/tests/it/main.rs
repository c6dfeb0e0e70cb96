//! Tests of extraction on real files, most of them made here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

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
