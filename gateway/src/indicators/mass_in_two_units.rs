//! Amounts of one thing that are recorded twice, once in litres and once in kilograms.
//!
//! ```text
//! 2 Nov  jelantah      20 L     jelantah-kg   18.4 kg
//! 9 Nov  jelantah      15 L     jelantah-kg   13.8 kg     one density, day after day: one oil
//! ```

use crate::domain::ledger::EntryId;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Densities in kg/L between which oil, fuel, milk and water lie.
// Rule of this project: petrol has 0.72 to 0.775 (SNI 3506), water 1.0, whole milk 1.03.
const DENSITY_KG_L: std::ops::RangeInclusive<f64> = 0.7..=1.1;
/// Greatest difference of a density from the first one, as a share.
// A kitchen scale and a measuring jug differ by about this much.
const DENSITY_SPREAD: f64 = 0.03;
/// Days in common below which two lists say nothing of each other.
const DAYS_MIN: usize = 3;

/// Amount of an entry, for the search.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct UnitAmount {
    pub(super) entry: EntryId,
    /// Claim for which it counts.
    pub(super) claim: String,
    pub(super) days: (Date, Date),
    pub(super) amount: f64,
    /// `kg` or `L`.
    pub(super) unit: &'static str,
}

/// Entries of a list by their days; `None` for days with several.
type ByDays<'a> = BTreeMap<(Date, Date), Option<&'a UnitAmount>>;

/// Returns pairs of entries in litres and kilograms of two claims whose ratio is one density on all
/// days that both have, where those are at least half of the shorter list.
pub(super) fn pairs_in_two_units(all: &[UnitAmount]) -> Vec<(&UnitAmount, &UnitAmount)> {
    let mut lists: BTreeMap<(&str, &str), ByDays<'_>> = BTreeMap::new();
    for one in all {
        let list = lists.entry((&one.claim, one.unit)).or_default();
        let place = list.entry(one.days);
        place.and_modify(|kept| *kept = None).or_insert(Some(one));
    }
    let of_unit = |unit| lists.iter().filter(move |((_, own), _)| *own == unit);
    let mut found = Vec::new();
    for ((claim, _), litres) in of_unit("L") {
        for (_, masses) in of_unit("kg").filter(|((other, _), _)| other != claim) {
            found.extend(common_days(litres, masses));
        }
    }
    found
}

/// The days that both lists have, if the two are one thing.
fn common_days<'a>(
    litres: &ByDays<'a>,
    masses: &ByDays<'a>,
) -> Vec<(&'a UnitAmount, &'a UnitAmount)> {
    let both = litres.iter().filter_map(|(days, one)| {
        let other = masses.get(days)?.as_ref()?;
        Some((*one.as_ref()?, *other))
    });
    let both: Vec<_> = both.collect();
    let densities = both.iter().map(|(one, other)| other.amount / one.amount);
    let densities: Vec<f64> = densities.collect();
    let Some(first) = densities.first().copied() else {
        return both;
    };
    let is_one = |density: &f64| {
        DENSITY_KG_L.contains(density) && (density / first - 1.0).abs() <= DENSITY_SPREAD
    };
    let shorter = litres.len().min(masses.len());
    let is_enough = both.len() >= DAYS_MIN && both.len() * 2 >= shorter;
    if is_enough && densities.iter().all(is_one) {
        both
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of a claim on these days of November.
    fn list(claim: &str, unit: &'static str, amounts: &[(i8, f64)]) -> Vec<UnitAmount> {
        let entry = |(at, (day, amount)): (usize, &(i8, f64))| UnitAmount {
            entry: EntryId::try_from(at).unwrap(),
            claim: claim.to_owned(),
            days: (
                jiff::civil::date(2026, 11, *day),
                jiff::civil::date(2026, 11, *day),
            ),
            amount: *amount,
            unit,
        };
        amounts.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn one_density_on_all_common_days_is_one_thing_and_other_ratios_are_two() {
        let oil = list("oil", "L", &[(2, 20.0), (9, 15.0), (16, 22.0), (20, 9.0)]);
        for (masses, pairs) in [
            (&[(2, 18.4), (9, 13.8), (16, 20.2)][..], 3),
            (&[(2, 18.4), (9, 13.8)], 0),
            (&[(2, 18.4), (9, 13.8), (16, 35.0)], 0),
            (&[(2, 40.0), (9, 30.0), (16, 44.0)], 0),
            (&[(3, 18.4), (10, 13.8), (17, 20.2)], 0),
        ] {
            let all = [oil.clone(), list("other", "kg", masses)].concat();
            assert_eq!(pairs_in_two_units(&all).len(), pairs, "{masses:?}");
            // Within one claim nothing counts twice.
            let own = [oil.clone(), list("oil", "kg", masses)].concat();
            assert_eq!(pairs_in_two_units(&own), []);
        }
    }
}
