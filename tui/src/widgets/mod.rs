//! What screens are made of. Widgets draw values that they are given; they keep nothing.

pub mod bar;
pub mod chrome;
pub mod dialog;
pub mod form;
pub mod line;
pub mod palette;
pub mod spark;
pub mod table;
pub mod timeline;
pub mod toast;
