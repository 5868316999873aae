//! [`join_texts`] and [`split_texts`]: the text of a revision, which the store archives.

use super::secret::mask_comment_secrets;

/// Separator between the site's file and its own factor file.
const OWN_FACTORS_MARK: &str = "\n# --- [factors] file ---\n";

/// Joins the texts that the store archives: the file, with secrets in comments masked, and the
/// site's own factors.
pub(crate) fn join_texts(text: &str, own: &str) -> String {
    let text = mask_comment_secrets(text);
    match own {
        "" => text.into_owned(),
        own => format!("{text}{OWN_FACTORS_MARK}{own}"),
    }
}

/// Splits an archived text into the file and the site's own factors.
pub(crate) fn split_texts(kept: &str) -> (&str, &str) {
    kept.split_once(OWN_FACTORS_MARK).unwrap_or((kept, ""))
}
