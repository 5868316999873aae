//! Output of `pantau calibrate`.

use super::client::CalibrationClient;
use super::measurements::counter_step;
use crate::cli::standard_output::print_line;
use crate::domain::calibration::{
    Calibration, CalibrationEntry, CalibrationHistory, CalibrationKind,
};
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use crate::ledger::CalibrationJson;
use drivers::units;
use jiff::civil::Date;

/// Number with at most four decimals, with the decimal separator of the language.
fn short_number(number: f64, lang: Language) -> String {
    let text = nearest_digits(number, 4);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    lang.locale().plain_digits(text)
}

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

/// Effect of a calibration on a value, as a formula.
pub(in crate::cli) fn effect_text(said: &Calibration, unit: &str, lang: Language) -> String {
    if let Some(old) = said.withdraws {
        return lang.text_with("calibrate-withdraws", &[("id", &old.to_string())]);
    }
    if let Some(swap) = said.swap() {
        let (old, new) = (
            short_number(swap.old_last, lang),
            short_number(swap.new_first, lang),
        );
        let at = swap.at.to_string();
        let args = [("old", &*old), ("new", &*new), ("at", &*at), ("unit", unit)];
        return lang.text_with("calibrate-effect-swap", &args);
    }
    if said.kind == CalibrationKind::Strapping {
        let rows = said.pairs.len().to_string();
        let (level, litres) = said.pairs.last().copied().unwrap_or_default();
        let (level, litres) = (short_number(level, lang), short_number(litres, lang));
        let args = [("rows", &*rows), ("level", &*level), ("litres", &*litres)];
        return lang.text_with("calibrate-effect-strapping", &args);
    }
    let Some(line) = said.linear_correction() else {
        return String::new();
    };
    let (gain, offset) = (
        short_number(line.gain, lang),
        short_number(line.offset.abs(), lang),
    );
    let sign = if line.offset < 0.0 { "-" } else { "+" };
    let args = [
        ("gain", &*gain),
        ("sign", sign),
        ("offset", &*offset),
        ("unit", unit),
    ];
    let key = match said.kind {
        CalibrationKind::Level => "calibrate-effect-level",
        _ => "calibrate-effect-gain",
    };
    lang.text_with(key, &args).trim_end().to_owned()
}

/// Summary of an entry before it is written.
pub(super) fn summary_text(
    said: &Calibration,
    before: &CalibrationHistory,
    desk: &CalibrationClient<'_>,
) -> String {
    let lang = desk.lang;
    let target = said.targets.first().map_or("", |target| &**target);
    let unit = match said.kind {
        CalibrationKind::Level | CalibrationKind::Pulses | CalibrationKind::Swap => {
            desk.config.site.point(target).map(|point| &*point.unit)
        }
        _ => None,
    };
    let unit = unit.unwrap_or_default();
    let kind = lang.text(&format!("calibrate-kind-{}", said.kind.word()));
    let (targets, since) = (said.targets.join(" "), said.since.to_string());
    let args = [
        ("kind", &*kind),
        ("targets", &*targets),
        ("since", &*since),
        ("who", &*said.who),
    ];
    let mut lines = vec![lang.text_with("calibrate-summary", &args)];
    // The effect of a swap has both of its readings.
    let pairs = said.pairs.iter().filter(|_| said.swap().is_none());
    lines.extend(pairs.map(|pair| format!("  {}", pair_text(said.kind, *pair, unit, lang))));
    lines.push(format!("  {}", effect_text(said, unit, lang)));
    lines.extend(pulses_per_litre_text(said, target, desk).map(|text| format!("  {text}")));
    if said.withdraws.is_none()
        && said.kind != CalibrationKind::Swap
        && let Some(old) = before.in_force(said.kind, target, said.since)
    {
        let id = old.id.to_string();
        lines.push(lang.text_with("calibrate-replaces", &[("id", &id)]));
    }
    lines.push(lang.text_with("calibrate-from", &[("since", &since)]));
    lines.join("\n")
}

fn pair_text(kind: CalibrationKind, (a, b): (f64, f64), unit: &str, lang: Language) -> String {
    let (a, b) = (short_number(a, lang), short_number(b, lang));
    let args = [("a", &*a), ("b", &*b), ("unit", unit)];
    let key = match kind {
        CalibrationKind::Level | CalibrationKind::Pulses | CalibrationKind::Swap => {
            "calibrate-pair"
        }
        CalibrationKind::Strapping => {
            return lang.text_with("calibrate-row", &[("level", &*a), ("litres", &*b)]);
        }
        CalibrationKind::Ct => "calibrate-pair-ct",
    };
    lang.text_with(key, &args)
}

/// Pulses for each litre, as configured and as measured; `None` for other kinds.
fn pulses_per_litre_text(
    said: &Calibration,
    target: &str,
    desk: &CalibrationClient<'_>,
) -> Option<String> {
    let gain = (said.kind == CalibrationKind::Pulses)
        .then(|| said.linear_correction())??
        .gain;
    let unit = units::find_unit(&desk.config.site.point(target)?.unit)?;
    let litre = units::find_unit("L")?.factor;
    let configured = litre / (counter_step(desk, target)? * unit.factor);
    let (found, configured) = (
        short_number(configured / gain, desk.lang),
        short_number(configured, desk.lang),
    );
    let args = [("found", &*found), ("configured", &*configured)];
    Some(desk.lang.text_with("calibrate-per-litre", &args))
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
