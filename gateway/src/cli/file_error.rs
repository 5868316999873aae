//! [`FileError`]: a failed operation on a file, with the name of the file and a reason in words.

use crate::i18n::Language;
use std::io;
use std::path::{Path, PathBuf};

/// Failed operation on a file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", file.display())]
pub(super) struct FileError {
    file: PathBuf,
    error: io::Error,
}

impl FileError {
    pub(super) fn new(file: &Path, error: io::Error) -> Self {
        let file = file.to_owned();
        Self { file, error }
    }

    /// File and reason in a language.
    pub(super) fn message(&self, lang: Language) -> String {
        format!("{}: {}", self.file.display(), io_reason(&self.error, lang))
    }
}

/// Reason of an error of the operating system: in plain words for the common ones, else as the
/// system says it.
pub(super) fn io_reason(error: &io::Error, lang: Language) -> String {
    let key = match error.kind() {
        io::ErrorKind::NotFound => "io-not-found",
        io::ErrorKind::PermissionDenied => "io-denied",
        io::ErrorKind::StorageFull => "io-full",
        io::ErrorKind::UnexpectedEof => "io-cut-short",
        io::ErrorKind::IsADirectory => "io-directory",
        io::ErrorKind::InvalidData => "io-no-text",
        _ => return error.to_string(),
    };
    lang.text(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command_error::{CommandError, NameFile};

    #[test]
    fn an_error_names_its_file_and_says_why_in_the_language() {
        let file = Path::new("/no/such/file.csv");
        let failed = std::fs::read(file).reading(file).unwrap_err();
        let CommandError::InputFile(failed) = failed else {
            panic!("{failed}");
        };
        let said = failed.message(Language::Id);
        assert_eq!(said, "/no/such/file.csv: berkas atau folder ini tidak ada");
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(io_reason(&full, Language::En), "the disk is full");
    }
}
