//! The child that extracts one document under limits; see [`extract::child_main`].

use std::process::ExitCode;

fn main() -> ExitCode {
    extract::child_main(std::env::args_os().skip(1))
}
