//! Parts that no record covers, for people and for scripts.

use crate::evidence::{OPEN_DAYS, UNISSUED_FILES, UncoveredPart, VerificationReport};
use crate::i18n::Language;
use crate::report::render::evidence_names::evidence_name;
use serde_json::{Value, json};

/// Lines of what no record covers: one for each table with such rows, and one for all without.
pub(super) fn uncovered_lines(verdict: &VerificationReport, lang: Language) -> Vec<String> {
    let parts = verdict.uncovered.iter();
    let (there, none): (Vec<_>, Vec<_>) = parts.partition(|part| part.count > 0);
    let mut lines: Vec<String> = there.iter().map(|part| part_line(part, lang)).collect();
    let names: Vec<String> = none
        .iter()
        .map(|part| {
            evidence_name(lang, &format!("{} ", part.what))
                .trim()
                .to_owned()
        })
        .collect();
    if !names.is_empty() {
        let names = names.join(", ");
        lines.push(lang.text_with("evidence-uncovered-none", &[("names", &names)]));
    }
    lines
}

fn part_line(part: &UncoveredPart, lang: Language) -> String {
    let name = evidence_name(lang, &format!("{} {}", part.what, part.names));
    let count = part.count.to_string();
    let args = [("name", &*name), ("count", &*count)];
    let key = match part.what {
        OPEN_DAYS => "evidence-uncovered-days",
        UNISSUED_FILES => "evidence-uncovered-unissued",
        _ => "evidence-uncovered",
    };
    lang.text_with(key, &args)
}

pub(super) fn uncovered_json(part: &UncoveredPart) -> Value {
    json!({ "what": part.what, "names": part.names, "count": part.count })
}
