//! Measures retrieval: `cargo run --example eval -- docs/eval/questions.json [index.db]`.

use std::{io::Write, path::PathBuf};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let questions = arguments
        .next()
        .unwrap_or_else(|| PathBuf::from("docs/eval/questions.json"));
    let index = arguments.next();
    let report = binnacle::eval::run(&questions, index.as_deref()).await?;
    write!(std::io::stdout(), "{report}")?;
    Ok(())
}
