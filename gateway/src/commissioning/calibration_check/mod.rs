//! Checks of a calibration before it is recorded. Every error names its field and a message of the
//! catalogue (`calibrate-WORD`). See docs/field.md, "Calibrations".

mod calibration_draft;
mod pairs;
mod subject;
#[cfg(test)]
mod tests;

pub use calibration_draft::{CalibrationCheckError, CalibrationDraft};
pub use subject::{CalibrationSubject, find_subject, is_water_counter};

use crate::config::Asset;
use crate::domain::calibration::{Calibration, CalibrationKind};
use crate::domain::date_bounds::DateBounds;
use crate::domain::{Site, UtcMs};
use crate::limits::LEDGER_TEXT_MAX;
use jiff::civil::Date;
use std::sync::Arc;

/// First day of a swap; an earlier one is a slip, or the date of a clock that was never set.
const FIRST_SWAP_DAY: Date = jiff::civil::date(2000, 1, 1);

/// Checks a calibration: returns the record to keep, or all errors. `today` is the site's date;
/// `None` while the clock is not trusted, and then the day must be given.
pub fn check_calibration(
    asked: &CalibrationDraft,
    site: &Site,
    assets: &[Asset],
    today: Option<Date>,
) -> Result<Calibration, Vec<CalibrationCheckError>> {
    // All errors are collected, so that a person corrects an entry once.
    let mut against = Vec::new();
    let since = match asked.kind {
        CalibrationKind::Swap => resolve_moment(asked.at, (site, today), &mut against),
        _ => resolve_start_day(asked.since, today, &mut against),
    };
    check_texts(&asked.who, &asked.note, &mut against);
    let targets = match find_subject(asked.kind, &asked.target, site, assets) {
        Ok(subject) => {
            against.extend(pairs::check_pairs(asked, &subject).err());
            subject.targets
        }
        Err(objection) => {
            against.push(objection);
            Vec::new()
        }
    };
    if let Some(since) = since {
        against.extend(day_outside((asked.kind, since), &targets, assets));
    }
    // A strapping table is kept sorted by level; people may enter the steps in any order.
    let mut pairs = asked.pairs.clone();
    if asked.kind == CalibrationKind::Strapping {
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    if let Some(at) = asked.at.filter(|_| asked.kind == CalibrationKind::Swap) {
        pairs.push((at.to_f64(), 0.0));
    }
    match since {
        Some(since) if against.is_empty() => Ok(Calibration {
            kind: asked.kind,
            targets,
            pairs,
            since,
            withdraws: None,
            who: asked.who.trim().to_owned(),
            note: asked.note.trim().to_owned(),
        }),
        _ => Err(against),
    }
}

/// Objection to a day on which nothing that uses the point or tank is in operation: of a swap its
/// day, of a calibration all days from its own on.
fn day_outside(
    (kind, since): (CalibrationKind, Date),
    targets: &[Arc<str>],
    assets: &[Asset],
) -> Option<CalibrationCheckError> {
    let is_target = |asset: &&Asset| {
        let mut points = asset.points.values();
        let is_named = |id: &str| targets.iter().any(|target| **target == *id);
        is_named(&asset.id) || points.any(|point| is_named(point))
    };
    let holds = DateBounds {
        since: Some(since),
        until: (kind == CalibrationKind::Swap).then_some(since),
    };
    let users: Vec<&Asset> = assets.iter().filter(is_target).collect();
    let first = users.first()?;
    let is_used = users.iter().any(|asset| asset.days.overlaps(holds));
    let field = if kind == CalibrationKind::Swap {
        "at"
    } else {
        "since"
    };
    (!is_used)
        .then(|| CalibrationCheckError::new(field, "calibrate-not-operating", &since, &first.days))
}

/// Returns the withdrawal of `old` from `since` on (today when not given); a reason must be given.
pub fn check_withdrawal(
    old: &crate::domain::calibration::CalibrationEntry,
    (since, today): (Option<Date>, Option<Date>),
    who: &str,
    note: &str,
) -> Result<Calibration, Vec<CalibrationCheckError>> {
    let mut against = Vec::new();
    // A calibration that begins later is withdrawn before its first day.
    let day = match old.said.kind {
        // What did not happen has happened on no day.
        CalibrationKind::Swap => Some(old.said.since),
        _ => resolve_start_day(since, today, &mut against).map(|day| day.max(old.said.since)),
    };
    check_texts(who, note, &mut against);
    if note.trim().is_empty() {
        against.push(CalibrationCheckError::new(
            "note",
            "calibrate-no-reason",
            &"",
            &"",
        ));
    }
    match day {
        Some(since) if against.is_empty() => Ok(Calibration {
            kind: old.said.kind,
            targets: old.said.targets.clone(),
            pairs: Vec::new(),
            since,
            withdraws: Some(old.id),
            who: who.trim().to_owned(),
            note: note.trim().to_owned(),
        }),
        _ => Err(against),
    }
}

/// Local day of a swap, which is over: it says what has happened, and not what holds from now on.
fn resolve_moment(
    at: Option<UtcMs>,
    (site, today): (&Site, Option<Date>),
    against: &mut Vec<CalibrationCheckError>,
) -> Option<Date> {
    let Some(at) = at else {
        let key = "calibrate-no-moment";
        against.push(CalibrationCheckError::new("at", key, &"", &""));
        return None;
    };
    let day = site.timezone.date(at);
    if day < FIRST_SWAP_DAY {
        let key = "calibrate-early";
        against.push(CalibrationCheckError::new("at", key, &day, &FIRST_SWAP_DAY));
    }
    if let Some(today) = today.filter(|today| day > *today) {
        let key = "calibrate-later";
        against.push(CalibrationCheckError::new("at", key, &day, &today));
    }
    Some(day)
}

fn resolve_start_day(
    said: Option<Date>,
    today: Option<Date>,
    against: &mut Vec<CalibrationCheckError>,
) -> Option<Date> {
    let day = said.or(today);
    match (day, today) {
        (None, _) => against.push(CalibrationCheckError::new(
            "since",
            "calibrate-no-date",
            &"",
            &"",
        )),
        // A calibration never changes the figures of earlier days (docs/field.md).
        (Some(day), Some(today)) if day < today => {
            against.push(CalibrationCheckError::new(
                "since",
                "calibrate-past",
                &day,
                &today,
            ));
        }
        (Some(day), Some(today)) if day.year() > today.year().saturating_add(1) => {
            let key = "calibrate-far-date";
            let last = today.year().saturating_add(1);
            against.push(CalibrationCheckError::new("since", key, &day, &last));
        }
        _ => {}
    }
    day
}

fn check_texts(who: &str, note: &str, against: &mut Vec<CalibrationCheckError>) {
    if who.trim().is_empty() {
        against.push(CalibrationCheckError::new(
            "who",
            "calibrate-no-who",
            &"",
            &"",
        ));
    }
    for (field, text) in [("who", who), ("note", note)] {
        if text.chars().count() > LEDGER_TEXT_MAX {
            against.push(CalibrationCheckError::new(
                field,
                "calibrate-long",
                &"",
                &LEDGER_TEXT_MAX,
            ));
        }
    }
}
