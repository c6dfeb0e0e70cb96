//! The admin console: opens it, or does one thing and exits.

use std::process::ExitCode;

fn main() -> ExitCode {
    binnacle_tui::cli::main()
}
