//! Output of the commands on standard output.

use std::io::{self, Write as _};

/// Writes bytes to standard output; a closed pipe (`| head`) is no failure.
pub(super) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Prints a text.
pub(super) fn print_text(text: &str) {
    // Nothing can be reported when standard output does not take it.
    let _ = print_bytes(text.as_bytes());
}

/// Prints one line.
pub(super) fn print_line(text: &str) {
    print_text(&format!("{text}\n"));
}
