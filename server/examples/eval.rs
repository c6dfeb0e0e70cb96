//! Measures retrieval: `cargo run --example eval -- docs/eval/questions.json`.

use std::{io::Write, path::PathBuf};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let questions = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("docs/eval/questions.json"), PathBuf::from);
    let report = binnacle::eval::run(&questions).await?;
    write!(std::io::stdout(), "{report}")?;
    Ok(())
}
