//! What is asked of a model.

use super::model::ModelRef;

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
}

/// One message of the conversation so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    pub(crate) text: String,
}

/// A retrieved passage that an answer may cite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PromptPassage {
    /// What the answer cites it by: `[number]`.
    pub(crate) number: u32,
    /// The document's name.
    pub(crate) title: String,
    /// The page, counted from 1, where the document has pages.
    pub(crate) page: Option<u32>,
    pub(crate) text: String,
}

/// One question with everything that belongs to it. Passages come best first, history oldest first.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ChatRequest {
    pub(crate) model: ModelRef,
    /// The caller's own instruction, added to ours.
    pub(crate) system: Option<String>,
    pub(crate) history: Vec<Turn>,
    pub(crate) question: String,
    pub(crate) passages: Vec<PromptPassage>,
    /// What the hold pays for.
    pub(crate) max_output_tokens: u32,
}
