//! Passwords for `pantau user`: from a file, from a pipe, or typed twice without an echo. Never
//! from an argument, which every user of the computer can see.

use crate::cli::backend::print_stderr;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::i18n::Language;
use crate::limits::PASSWORD_BYTES_MAX;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, stdin};
use std::path::Path;

/// Password from the file, else from the terminal, else the first line of standard input.
pub(super) fn read_password(file: Option<&Path>, lang: Language) -> Result<String, CommandError> {
    if let Some(file) = file {
        let source = File::open(file).reading(file)?;
        return first_line(BufReader::new(source)).reading(file);
    }
    if !stdin().is_terminal() {
        return first_line(stdin().lock()).reading(Path::new("-"));
    }
    for _ in 0..3 {
        let ask = |key: &str| {
            let terminal = Path::new("/dev/tty");
            rpassword::prompt_password(lang.text(key)).reading(terminal)
        };
        let password = ask("cli-user-password-ask")?;
        let again = ask("cli-user-password-again")?;
        if password == again {
            return Ok(password);
        }
        print_stderr(&lang.text("cli-user-password-differs"));
    }
    Err(CommandError::Refused(
        lang.text("cli-user-password-differs"),
    ))
}

/// First line without its end. It is cut where no password can be that long.
fn first_line(source: impl BufRead) -> io::Result<String> {
    // A line end of two bytes, and one byte more: what is too long must be refused, not cut to fit.
    let most = u64::try_from(PASSWORD_BYTES_MAX).unwrap_or(u64::MAX) + 3;
    let mut line = String::new();
    BufReader::new(source.take(most)).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_end_is_no_part_of_a_password_and_spaces_are() {
        for text in [
            "kunci gudang 7 \n",
            "kunci gudang 7 \r\nnext",
            "kunci gudang 7 ",
        ] {
            let password = first_line(text.as_bytes()).unwrap();
            assert_eq!(password, "kunci gudang 7 ");
        }
        assert_eq!(first_line(&b""[..]).unwrap(), "");
        let long = "x".repeat(1000);
        assert!(first_line(long.as_bytes()).unwrap().len() > PASSWORD_BYTES_MAX);
    }
}
