//! The classes of data that the feature keeps, and how a user's rows are erased.
