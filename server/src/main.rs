//! The binary `binnacle`.

fn main() -> std::process::ExitCode {
    #[cfg(feature = "failpoints")]
    {
        die_where_told();
        panic_where_told();
        wait_where_told();
    }
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

/// For tests of what a panic tells: whoever reaches the failpoint that `BINNACLE_PANIC_AT` names panics
/// with the words of `BINNACLE_PANIC_SAYS`.
#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "a test tells it to, and no other build can")]
fn panic_where_told() {
    let Some(point) = std::env::var_os("BINNACLE_PANIC_AT") else {
        return;
    };
    let point = point.to_string_lossy().into_owned();
    let words = std::env::var_os("BINNACLE_PANIC_SAYS").unwrap_or_default();
    let words = words.to_string_lossy().into_owned();
    let _ = fail::cfg_callback(point, move || std::panic::panic_any(words.clone()));
}

/// For tests of what happens meanwhile: whoever reaches the failpoint that `BINNACLE_WAIT_AT` names
/// makes a folder of that name in the current one, and goes on when the folder is gone.
#[cfg(feature = "failpoints")]
fn wait_where_told() {
    let Some(point) = std::env::var_os("BINNACLE_WAIT_AT") else {
        return;
    };
    let folder = std::path::PathBuf::from(&point);
    let point = point.to_string_lossy().into_owned();
    let wait = move || {
        if std::fs::create_dir(&folder).is_err() {
            return;
        }
        while folder.exists() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    };
    let _ = fail::cfg_callback(point, move || tokio::task::block_in_place(&wait));
}
