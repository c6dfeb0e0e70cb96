//! What a user does from beginning to end.

mod upload_to_answer;
