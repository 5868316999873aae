//! Name of an output file against what a command writes into it.

use crate::i18n::Language;
use std::ffi::OsStr;
use std::path::Path;

/// Endings that say what a file holds. Any other ending says nothing and is never refused.
const TELLING_ENDINGS: [&str; 6] = ["pdf", "xlsx", "csv", "json", "zip", "html"];

/// Name of a file that stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// Whether the name of an output file stands for standard output.
pub(super) fn is_standard_output(file: &Path) -> bool {
    file.as_os_str() == STANDARD_OUTPUT
}

/// Checks that the ending of a file does not name another format than the one that is written, by
/// its own ending. Errors: a sentence with the name that fits.
pub(super) fn check_ending(file: &Path, written: &str, lang: Language) -> Result<(), String> {
    let ending = file.extension().unwrap_or_else(|| OsStr::new(""));
    let ending = ending.to_string_lossy().to_lowercase();
    if ending == written || !TELLING_ENDINGS.contains(&&*ending) {
        return Ok(());
    }
    let args = [
        ("file", &*file.display().to_string()),
        ("ending", &*ending),
        ("written", written),
        (
            "fitting",
            &*file.with_extension(written).display().to_string(),
        ),
    ];
    Err(lang.text_with("cli-ending-differs", &args))
}

/// Checks the name of a file that cannot be standard output, besides its ending. Errors: a sentence
/// that says what to give instead.
pub(super) fn check_file(file: &Path, written: &str, lang: Language) -> Result<(), String> {
    if is_standard_output(file) {
        return Err(lang.text_with("cli-no-standard-output", &[("written", written)]));
    }
    check_ending(file, written, lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_that_names_another_format_is_refused_and_any_other_is_not() {
        for (file, written, is_good) in [
            ("a.pdf", "pdf", true),
            ("a.PDF", "pdf", true),
            ("a.pdf", "csv", false),
            ("a.json", "txt", false),
            ("a.txt", "csv", true),
            ("a.tmp", "pdf", true),
            ("a", "zip", true),
            ("-", "pdf", true),
            ("b.2026-11", "csv", true),
        ] {
            let found = check_ending(Path::new(file), written, Language::En);
            assert_eq!(found.is_ok(), is_good, "{file} {written}");
        }
        let why = check_ending(Path::new("d/a.pdf"), "csv", Language::En).unwrap_err();
        assert!(why.contains("d/a.csv"), "{why}");
        assert!(check_file(Path::new("-"), "zip", Language::Id).is_err());
    }
}
