//! Rules that hold whatever happens at the same time.

mod money_parallel;
mod sign_in_time;
