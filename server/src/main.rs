//! The binary `binnacle`.

fn main() -> std::process::ExitCode {
    #[cfg(feature = "failpoints")]
    die_where_told();
    binnacle::cli::main(std::env::args_os())
}

/// For tests of what a sudden end leaves behind: the process ends, as if killed, when it reaches
/// the failpoint that `BINNACLE_ABORT_AT` names.
#[cfg(feature = "failpoints")]
fn die_where_told() {
    let Some(point) = std::env::var_os("BINNACLE_ABORT_AT") else {
        return;
    };
    let point = point.to_string_lossy().into_owned();
    // A callback is always accepted: only actions given as text can be wrong.
    let _ = fail::cfg_callback(point, || std::process::abort());
}
