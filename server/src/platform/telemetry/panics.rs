//! Panics in the log: where, and what the code itself says. A text that was put together at run time
//! may hold anything, such as the words of a user that an index did not fit, and is left out.

use std::panic::PanicHookInfo;

/// From now on a panic is a line of the log instead of a text on stderr.
pub(super) fn log_them() {
    std::panic::set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    tracing::error!(
        event = "panicked",
        location = location.unwrap_or_default(),
        reason = fixed_text(panic.payload()),
        "a part of the program panicked"
    );
}

fn fixed_text(payload: &(dyn std::any::Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("told by its place alone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_together_is_left_out() {
        assert_eq!(fixed_text(&"no such state"), "no such state");
        let words = format!("of {}", "a user");
        assert_eq!(fixed_text(&words), "told by its place alone");
        assert_eq!(fixed_text(&7), "told by its place alone");
    }
}
