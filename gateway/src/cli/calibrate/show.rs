//! Calibrations on the screen.

use super::desk::Desk;
use super::measure::step;
use crate::ledger::CalibrationJson;
use crate::model::calibration::{Calibration, Calibrations, Entry, Kind};
use crate::words::Lang;
use drivers::units;
use jiff::civil::Date;
use std::io::{self, Write};

fn print(text: &str) {
    // Nobody is left to tell when standard output is gone.
    let _ = writeln!(io::stdout(), "{text}");
}

/// A number with at most four digits behind the point, as the language writes it.
fn short(number: f64, lang: Lang) -> String {
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    match lang {
        Lang::Id => text.replace('.', ","),
        Lang::En => text.to_owned(),
    }
}

/// What counts on `day`, and with `also_old` everything that was ever said.
pub(super) fn list(all: &Calibrations, day: Date, also_old: bool, json: bool, lang: Lang) {
    let mut shown = CalibrationJson::all(all, day);
    if !also_old {
        // One that begins later counts from its day on.
        shown.retain(|one| {
            let is_later = one.since > day.to_string() && one.withdraws.is_none();
            one.in_force || (is_later && one.withdrawn_by.is_none())
        });
    }
    if json {
        return print(&serde_json::to_string(&shown).unwrap_or_default());
    }
    if shown.is_empty() {
        return print(&lang.text("calibrate-none"));
    }
    for one in &shown {
        let entry = all.entries().iter().find(|entry| entry.id == one.id);
        if let Some(entry) = entry {
            print(&line(entry, one, lang));
        }
    }
}

fn line(entry: &Entry, json: &CalibrationJson, lang: Lang) -> String {
    let said = &entry.said;
    let mut parts = vec![
        format!("{:>4}", entry.id),
        said.since.to_string(),
        lang.text(&format!("calibrate-kind-{}", said.kind.word())),
        said.targets.join(" "),
        effect(said, "", lang),
        lang.say("ledger-by", &[("who", &said.who)]),
    ];
    if !said.note.is_empty() {
        parts.push(said.note.clone());
    }
    if let Some(by) = json.withdrawn_by {
        let by = by.to_string();
        parts.push(lang.say("calibrate-withdrawn-by", &[("id", &by)]));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

/// What it does to a value.
pub(in crate::cli) fn effect(said: &Calibration, unit: &str, lang: Lang) -> String {
    if let Some(old) = said.withdraws {
        return lang.say("calibrate-withdraws", &[("id", &old.to_string())]);
    }
    if said.kind == Kind::Strapping {
        let rows = said.pairs.len().to_string();
        let (level, litres) = said.pairs.last().copied().unwrap_or_default();
        let (level, litres) = (short(level, lang), short(litres, lang));
        let args = [("rows", &*rows), ("level", &*level), ("litres", &*litres)];
        return lang.say("calibrate-effect-strapping", &args);
    }
    let Some(line) = said.line() else {
        return String::new();
    };
    let (gain, offset) = (short(line.gain, lang), short(line.offset.abs(), lang));
    let sign = if line.offset < 0.0 { "-" } else { "+" };
    let args = [
        ("gain", &*gain),
        ("sign", sign),
        ("offset", &*offset),
        ("unit", unit),
    ];
    let key = match said.kind {
        Kind::Level => "calibrate-effect-level",
        _ => "calibrate-effect-gain",
    };
    lang.say(key, &args).trim_end().to_owned()
}

/// Everything about it, before it is written down.
pub(super) fn summary(said: &Calibration, before: &Calibrations, desk: &Desk<'_>) -> String {
    let lang = desk.lang;
    let target = said.targets.first().map_or("", |target| &**target);
    let unit = match said.kind {
        Kind::Level | Kind::Pulses => desk.config.site.point(target).map(|point| &*point.unit),
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
    let mut lines = vec![lang.say("calibrate-summary", &args)];
    let pairs = said.pairs.iter();
    lines.extend(pairs.map(|pair| format!("  {}", pair_text(said.kind, *pair, unit, lang))));
    lines.push(format!("  {}", effect(said, unit, lang)));
    lines.extend(per_litre(said, target, desk).map(|text| format!("  {text}")));
    if said.withdraws.is_none()
        && let Some(old) = before.in_force(said.kind, target, said.since)
    {
        let id = old.id.to_string();
        lines.push(lang.say("calibrate-replaces", &[("id", &id)]));
    }
    lines.push(lang.say("calibrate-from", &[("since", &since)]));
    lines.join("\n")
}

fn pair_text(kind: Kind, (a, b): (f64, f64), unit: &str, lang: Lang) -> String {
    let (a, b) = (short(a, lang), short(b, lang));
    let args = [("a", &*a), ("b", &*b), ("unit", unit)];
    let key = match kind {
        Kind::Level | Kind::Pulses => "calibrate-pair",
        Kind::Strapping => return lang.say("calibrate-row", &[("level", &*a), ("litres", &*b)]),
        Kind::Ct => "calibrate-pair-ct",
    };
    lang.say(key, &args)
}

/// Pulses for each litre, as configured and as found.
fn per_litre(said: &Calibration, target: &str, desk: &Desk<'_>) -> Option<String> {
    let gain = (said.kind == Kind::Pulses).then(|| said.line())??.gain;
    let unit = units::find(&desk.config.site.point(target)?.unit)?;
    let litre = units::find("L")?.factor;
    let configured = litre / (step(desk, target)? * unit.factor);
    let (found, configured) = (
        short(configured / gain, desk.lang),
        short(configured, desk.lang),
    );
    let args = [("found", &*found), ("configured", &*configured)];
    Some(desk.lang.say("calibrate-per-litre", &args))
}

/// What was written down.
pub(super) fn added(kept: &CalibrationJson, json: bool, lang: Lang) {
    if json {
        return print(&serde_json::to_string(kept).unwrap_or_default());
    }
    let id = kept.id.to_string();
    print(&lang.say("calibrate-added", &[("id", &id)]));
}
