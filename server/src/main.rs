//! The binary `binnacle`.

fn main() -> std::process::ExitCode {
    binnacle::cli::main(std::env::args_os())
}
