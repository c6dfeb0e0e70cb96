//! The statements on receipts and exports.

pub(super) mod exports;
pub(super) mod receipts;
