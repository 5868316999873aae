//! [`names_text`]: names of figures in a sentence.

use super::context::ReportContext;
use super::display_names;
use crate::domain::indicator::Indicator;

/// Names in a sentence; further ones are counted.
const NAMES_MAX: usize = 3;

/// Names of figures, each once, with the number of those that are left out.
pub(crate) fn names_text(book: &ReportContext<'_>, all: &[&Indicator]) -> String {
    let mut names: Vec<String> = Vec::new();
    for one in all {
        let name = book.indicator_name(&one.id);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let text = names.join(", ");
    if more == 0 {
        return text;
    }
    let more = more.to_string();
    let args = [("names", &*text), ("count", &*more)];
    display_names::to_sentence(&book.format_message("chapters-director-more-names", &args))
        .trim_end_matches('.')
        .to_owned()
}
