//! Standard output of the commands. A closed pipe (`| head`) is no failure; a full disk is one.
//!
//! [`print_text`] keeps a failure until the command ends, and [`status_with_output`] then turns it
//! into exit status 1. So a command that prints many lines need not check each of them.

use super::backend::print_stderr;
use super::exit_status::EXIT_NEGATIVE;
use super::file_error::io_reason;
use crate::i18n::Language;
use std::io::{self, Write};
use std::sync::OnceLock;

/// First failure of standard output that is not a closed pipe.
static LOST_OUTPUT: OnceLock<io::Error> = OnceLock::new();

/// Prints a text. Returns false when standard output is closed, which is no failure, or has failed.
pub(super) fn print_text(text: &str) -> bool {
    print_bytes(text.as_bytes())
}

/// Prints one line, as [`print_text`] does.
pub(super) fn print_line(line: &str) -> bool {
    print_text(&format!("{line}\n"))
}

/// Prints bytes, as [`print_text`] does.
pub(super) fn print_bytes(bytes: &[u8]) -> bool {
    let mut out = io::stdout().lock();
    let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) else {
        return true;
    };
    note_failure(error);
    false
}

/// Keeps a failure of standard output until the end of the command.
pub(super) fn note_failure(error: io::Error) {
    if error.kind() != io::ErrorKind::BrokenPipe {
        // Later failures have the same cause.
        let _ = LOST_OUTPUT.set(error);
    }
}

/// Exit status of a command: 1 with a message when its output was lost, else `status`.
pub(super) fn status_with_output(status: u8, lang: Language) -> u8 {
    let Some(error) = LOST_OUTPUT.get() else {
        return status;
    };
    let why = io_reason(error, lang);
    print_stderr(&lang.text_with("cli-output-lost", &[("why", &why)]));
    status.max(EXIT_NEGATIVE)
}
