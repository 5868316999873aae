//! Names of months, as people write them into dates.

/// January first: English, Indonesian, then short forms and older spellings of both.
const NAMES: [&[&str]; 12] = [
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

/// The month of that name in English or Bahasa Indonesia, 1 to 12.
pub fn month_named(text: &str) -> Option<i8> {
    let name = text.to_lowercase();
    let at = NAMES.iter().position(|names| names.contains(&&*name))?;
    i8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_known_by_every_name_and_no_name_means_two() {
        assert_eq!(month_named("Nov"), Some(11));
        assert_eq!(month_named("AGUSTUS"), Some(8));
        assert_eq!(month_named("Mei"), Some(5));
        assert_eq!(month_named(""), None);
        assert_eq!(month_named("Senin"), None);
        for (month, names) in (1..).zip(NAMES) {
            for name in names {
                assert_eq!(month_named(name), Some(month), "{name}");
            }
        }
    }
}
