//! Texts as typed that must not be empty.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::RawText;

/// Returns the trimmed text; an error when it is empty.
pub(super) fn non_empty_text(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
    key: &str,
) -> Option<String> {
    let at = typed.as_ref()?;
    let text = at.get().trim();
    if text.is_empty() {
        notes.add_error(at.span(), key, "fault-missing", "", "");
    }
    (!text.is_empty()).then(|| text.to_owned())
}
