//! [`InputPart`]: one of the numbers of which an input of an equation consists.

use super::UtcMs;
use super::ledger::{EntryId, EntryTime};
use jiff::civil::Date;
use std::sync::Arc;

/// One of several numbers of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputPart {
    /// Value in the unit of the input.
    pub value: f64,
    /// Origin of the number.
    pub of: PartSource,
}

/// Origin of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum PartSource {
    /// Readings of a local day.
    Day(Date),
    /// A reading.
    Reading(UtcMs),
    /// An entry of the ledger.
    Entry(EntryPart),
    /// Event of this number, from 1, such as a shower.
    Event(usize),
    /// This number of further parts together, beyond the bound of a list.
    Rest(usize),
}

/// Entry of the ledger as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryPart {
    /// Number of the entry.
    pub id: EntryId,
    /// Day, moment or period.
    pub when: EntryTime,
    /// Quantity in `unit`.
    pub quantity: f64,
    /// Symbol of the unit that was written.
    pub unit: Arc<str>,
}

/// Values of days as parts.
pub fn day_parts(days: impl IntoIterator<Item = (Date, f64)>) -> Vec<InputPart> {
    let part = |(day, value)| InputPart {
        value,
        of: PartSource::Day(day),
    };
    days.into_iter().map(part).collect()
}

/// The parts, at most `most`: those beyond it together are the last one.
pub fn bounded_parts(mut parts: Vec<InputPart>, most: usize) -> Vec<InputPart> {
    if parts.len() <= most || most == 0 {
        return parts;
    }
    let rest = parts.split_off(most - 1);
    parts.push(InputPart {
        value: rest.iter().map(|part| part.value).sum(),
        of: PartSource::Rest(rest.len()),
    });
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_beyond_the_bound_stay_in_the_sum() {
        let parts = |count: i8| {
            let days = (1..=count).map(|day| (jiff::civil::date(2026, 1, day), f64::from(day)));
            bounded_parts(day_parts(days), 3)
        };
        assert_eq!(parts(3).len(), 3);
        let bounded = parts(10);
        assert_eq!(bounded.len(), 3);
        assert_eq!(bounded[2].of, PartSource::Rest(8));
        let sum: f64 = bounded.iter().map(|part| part.value).sum();
        assert!((sum - 55.0).abs() < 1e-9);
    }
}
