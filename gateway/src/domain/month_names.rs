//! Names of months in dates written by people.

/// From January on: English, Indonesian, then short forms and older spellings of both.
const MONTH_NAMES: [&[&str]; 12] = [
    &["january", "januari", "jan"],
    &["february", "februari", "feb", "pebruari", "peb"],
    &["march", "maret", "mar"],
    &["april", "apr"],
    &["may", "mei"],
    &["june", "juni", "jun"],
    &["july", "juli", "jul"],
    &["august", "agustus", "aug", "agu", "agt", "ags", "agus"],
    &["september", "sep", "sept"],
    &["october", "oktober", "oct", "okt"],
    &["november", "nov", "nopember", "nop"],
    &["december", "desember", "dec", "des"],
];

/// Number of the month (1 to 12) with this English or Indonesian name.
pub fn parse_month_name(text: &str) -> Option<i8> {
    let name = text.to_lowercase();
    let at = MONTH_NAMES
        .iter()
        .position(|names| names.contains(&&*name))?;
    i8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_known_by_every_name_and_no_name_means_two() {
        assert_eq!(parse_month_name("Nov"), Some(11));
        assert_eq!(parse_month_name("AGUSTUS"), Some(8));
        assert_eq!(parse_month_name("Mei"), Some(5));
        assert_eq!(parse_month_name(""), None);
        assert_eq!(parse_month_name("Senin"), None);
        for (month, names) in (1..).zip(MONTH_NAMES) {
            for name in names {
                assert_eq!(parse_month_name(name), Some(month), "{name}");
            }
        }
    }
}
