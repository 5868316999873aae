//! Whether a calibration can be believed before it is written down. Every objection names its field
//! and a sentence of the catalogue (`calibrate-WORD`).

mod pairs;
mod subject;
#[cfg(test)]
mod tests;

pub use subject::{Subject, subject};

use crate::config::Asset;
use crate::limits::LEDGER_TEXT_MAX;
use crate::model::Site;
use crate::model::calibration::{Calibration, Kind};
use jiff::civil::Date;
use std::fmt::Display;

/// What a technician says, before it is believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What was calibrated.
    pub kind: Kind,
    /// A point, a tank or a device, by the kind.
    pub target: String,
    /// As in [`Calibration::pairs`].
    pub pairs: Vec<(f64, f64)>,
    /// First local day; today when nobody says.
    pub since: Option<Date>,
    /// Who did it.
    pub who: String,
    /// Anything else.
    pub note: String,
}

/// Why a calibration is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// `target`, `pairs`, `since`, `who`, `note`, `withdraws`.
    pub field: &'static str,
    /// Key of the sentence; its arguments are `found` and `expected`.
    pub key: &'static str,
    /// What stood there.
    pub found: String,
    /// What would be believed.
    pub expected: String,
}

impl Objection {
    fn new(
        field: &'static str,
        key: &'static str,
        found: &dyn Display,
        expected: &dyn Display,
    ) -> Self {
        Self {
            field,
            key,
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }
}

/// Everything that speaks against a calibration, or what is to be written down. `today` is the
/// site's date; `None` while the clock cannot be believed, then the day must be said.
pub fn check(
    asked: &Asked,
    site: &Site,
    assets: &[Asset],
    today: Option<Date>,
) -> Result<Calibration, Vec<Objection>> {
    let mut against = Vec::new();
    let since = since(asked.since, today, &mut against);
    texts(&asked.who, &asked.note, &mut against);
    let targets = match subject(asked.kind, &asked.target, site, assets) {
        Ok(subject) => {
            against.extend(pairs::pairs(asked, &subject).err());
            subject.targets
        }
        Err(objection) => {
            against.push(objection);
            Vec::new()
        }
    };
    let mut pairs = asked.pairs.clone();
    if asked.kind == Kind::Strapping {
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
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

/// The withdrawal of `old` from `since` (today unless said) on; a reason must be given.
pub fn withdraw(
    old: &crate::model::calibration::Entry,
    (since, today): (Option<Date>, Option<Date>),
    who: &str,
    note: &str,
) -> Result<Calibration, Vec<Objection>> {
    let mut against = Vec::new();
    // One that begins later is withdrawn before it begins.
    let day = self::since(since, today, &mut against).map(|day| day.max(old.said.since));
    texts(who, note, &mut against);
    if note.trim().is_empty() {
        against.push(Objection::new("note", "calibrate-no-reason", &"", &""));
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

fn since(said: Option<Date>, today: Option<Date>, against: &mut Vec<Objection>) -> Option<Date> {
    let day = said.or(today);
    match (day, today) {
        (None, _) => against.push(Objection::new("since", "calibrate-no-date", &"", &"")),
        (Some(day), Some(today)) if day < today => {
            against.push(Objection::new("since", "calibrate-past", &day, &today));
        }
        _ => {}
    }
    day
}

fn texts(who: &str, note: &str, against: &mut Vec<Objection>) {
    if who.trim().is_empty() {
        against.push(Objection::new("who", "calibrate-no-who", &"", &""));
    }
    for (field, text) in [("who", who), ("note", note)] {
        if text.chars().count() > LEDGER_TEXT_MAX {
            against.push(Objection::new(
                field,
                "calibrate-long",
                &"",
                &LEDGER_TEXT_MAX,
            ));
        }
    }
}
