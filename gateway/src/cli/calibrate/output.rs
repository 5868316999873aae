//! Output of `pantau calibrate`.

use crate::cli::standard_output::print_line;
use crate::commissioning::calibration_texts::effect_text;
use crate::domain::calibration::{CalibrationEntry, CalibrationHistory};
use crate::i18n::Language;
use crate::ledger::CalibrationJson;
use jiff::civil::Date;

/// Prints the calibrations that hold on `day`; with `also_old` all entries.
pub(super) fn print_list(
    all: &CalibrationHistory,
    day: Date,
    also_old: bool,
    json: bool,
    lang: Language,
) {
    let mut shown = CalibrationJson::from_history(all, day);
    if !also_old {
        // An entry that begins later holds from its day on, so it is listed too.
        shown.retain(|one| {
            let is_later = one.since > day.to_string() && one.withdraws.is_none();
            one.in_force || (is_later && one.withdrawn_by.is_none())
        });
    }
    if json {
        print_line(&serde_json::to_string(&shown).unwrap_or_default());
        return;
    }
    if shown.is_empty() {
        print_line(&lang.text("calibrate-none"));
        return;
    }
    for one in &shown {
        let entry = all.entries().iter().find(|entry| entry.id == one.id);
        if let Some(entry) = entry {
            print_line(&calibration_line(entry, one, lang));
        }
    }
}

fn calibration_line(entry: &CalibrationEntry, json: &CalibrationJson, lang: Language) -> String {
    let said = &entry.said;
    let mut parts = vec![
        format!("{:>4}", entry.id),
        said.since.to_string(),
        lang.text(&format!("calibrate-kind-{}", said.kind.word())),
        said.targets.join(" "),
        effect_text(said, "", lang),
        lang.text_with("ledger-by", &[("who", &said.who)]),
    ];
    if !said.note.is_empty() {
        parts.push(said.note.clone());
    }
    if let Some(by) = json.withdrawn_by {
        let by = by.to_string();
        parts.push(lang.text_with("calibrate-withdrawn-by", &[("id", &by)]));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

/// Prints the new entry.
pub(super) fn print_added(kept: &CalibrationJson, json: bool, lang: Language) {
    if json {
        print_line(&serde_json::to_string(kept).unwrap_or_default());
        return;
    }
    let id = kept.id.to_string();
    print_line(&lang.text_with("calibrate-added", &[("id", &id)]));
}
