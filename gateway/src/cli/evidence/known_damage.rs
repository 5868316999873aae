//! Known damage of the store, as a remark on what does not agree with the records.

use crate::api::damage::DataDamageJson;
use crate::i18n::Language;

/// Parts that are named; the others are counted.
const PARTS_SHOWN: usize = 10;

/// Sentence about what the store is known to have lost, the newest first; `None` when nothing.
pub(super) fn known_damage_text(lost: &[DataDamageJson], lang: Language) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for one in lost {
        let what = lang.text(&format!("damage-{}", one.what));
        let numbers = match (one.what.as_str(), one.rows) {
            ("readings" | "delivery", _) | (_, 0) => String::new(),
            _ if one.first == one.last => format!(" {}", one.first),
            _ => format!(" {}–{}", one.first, one.last),
        };
        let part = format!("{what}{numbers} ({})", one.day);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        return None;
    }
    let more = parts.len().saturating_sub(PARTS_SHOWN);
    parts.truncate(PARTS_SHOWN);
    if more > 0 {
        parts.push(format!("+{more}"));
    }
    let told = parts.join("; ");
    Some(lang.text_with("evidence-known-damage", &[("list", &told)]))
}
