//! Texts of calibrations: effect, pairs and summary, for the command line, the page and the record
//! of the hand-over.

use crate::config::Config;
use crate::domain::calibration::{Calibration, CalibrationHistory, CalibrationKind};
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use drivers::units;

/// Number with at most four decimals, with the decimal separator of the language.
pub(crate) fn short_number(number: f64, lang: Language) -> String {
    let text = nearest_digits(number, 4);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    lang.locale().plain_digits(text)
}

/// Whole number, with the signs of the language.
pub(crate) fn whole_number(number: f64, lang: Language) -> String {
    lang.locale().plain_digits(&nearest_digits(number, 0))
}

/// Effect of a calibration on a value, as a formula.
pub(crate) fn effect_text(said: &Calibration, unit: &str, lang: Language) -> String {
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
pub(crate) fn summary_text(
    said: &Calibration,
    before: &CalibrationHistory,
    config: &Config,
    lang: Language,
) -> String {
    let target = said.targets.first().map_or("", |target| &**target);
    let unit = match said.kind {
        CalibrationKind::Level | CalibrationKind::Pulses | CalibrationKind::Swap => {
            config.site.point(target).map(|point| &*point.unit)
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
    lines.extend(pulses_per_litre_text(said, target, config, lang).map(|text| format!("  {text}")));
    if said.withdraws.is_none()
        && said.kind != CalibrationKind::Swap
        && let Some(old) = before.in_force(said.kind, target, said.since)
    {
        let id = old.id.to_string();
        lines.push(lang.text_with("calibrate-replaces", &[("id", &id)]));
    }
    let since = lang.locale().format_date(said.since);
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
    config: &Config,
    lang: Language,
) -> Option<String> {
    let gain = (said.kind == CalibrationKind::Pulses)
        .then(|| said.linear_correction())??
        .gain;
    let unit = units::find_unit(&config.site.point(target)?.unit)?;
    let litre = units::find_unit("L")?.factor;
    let configured = litre / (counter_step(config, target)? * unit.factor);
    let (found, configured) = (
        short_number(configured / gain, lang),
        short_number(configured, lang),
    );
    let args = [("found", &*found), ("configured", &*configured)];
    Some(lang.text_with("calibrate-per-litre", &args))
}

/// Value of one count of the register, in the unit of the point.
pub(crate) fn counter_step(config: &Config, point: &str) -> Option<f64> {
    let (device, index) = config.site.find_point(point)?;
    let device = config.devices.get(usize::from(device))?;
    let (mantissa, exponent) = device.points.get(index)?.scale.factor;
    format!("{mantissa}e{exponent}").parse().ok()
}
