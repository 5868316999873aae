//! Exit status of the commands.

use std::io::Write as _;

/// Exit status of a command that is done.
pub(super) const EXIT_DONE: u8 = 0;
/// Exit status of a command that ran with a negative result, or that failed.
pub(super) const EXIT_NEGATIVE: u8 = 1;
/// Exit status of a wrong call or a wrong configuration.
pub(super) const EXIT_USAGE: u8 = 2;

/// Prints a failure and returns exit status 1.
pub(super) fn fail_with_message(why: &str) -> u8 {
    print_message(why);
    EXIT_NEGATIVE
}

/// Prints what is wrong with the call; returns exit status 2.
pub(super) fn print_usage_error(why: &str) -> u8 {
    print_message(why);
    EXIT_USAGE
}

fn print_message(why: &str) {
    // Nothing can be reported when standard error is closed.
    let _ = writeln!(std::io::stderr(), "pantau: {why}");
}
