//! What a user does from beginning to end.

mod reembedding;
mod sample_questions;
mod upload_to_answer;
