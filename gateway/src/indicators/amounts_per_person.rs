//! [`judge_per_person`]: what was recorded for people is compared with their number
//! (`config/amount_ranges.toml`).
//!
//! ```text
//! 900 000 L in November, 100 beneficiaries     300 L a person and day: to be checked
//! ```

use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, IndicatorRemark};
use crate::formulas::claim_rounding::round_digits;
use crate::formulas::finite_ratio;
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::period_days::PeriodDays;
use crate::ledger::{LedgerDimension, PersonRange, TotalRule, person_range};

/// Figures that say how many people there are, with the people of each.
// Of four to a household, as `config/amount_ranges.toml` has it.
const PEOPLE: [(&str, f64); 2] = [("ledger.beneficiaries", 1.0), ("ledger.households", 4.0)];
/// Kind of unit that is compared, with its dimension.
const COMPARED: (&str, LedgerDimension) = ("volume", LedgerDimension::Volume);
/// Digits of an amount in a remark.
const SHOWN_DIGITS: usize = 2;

/// Makes the totals of the ledger doubtful that are more than people can use.
pub(crate) fn judge_per_person(config: &Config, span: &PeriodDays, figures: &mut [Indicator]) {
    let Some((range, people)) = person_range(COMPARED.0).zip(number_of_people(figures)) else {
        return;
    };
    for definition in config.definitions.all() {
        let is_flow = definition.total == TotalRule::Sum;
        if !is_flow || !config.definitions.measures(&definition.unit, COMPARED.1) {
            continue;
        }
        let id = format!("ledger.{}", definition.id);
        let mut own = figures.iter_mut();
        let Some(figure) = own.find(|one| *one.id == *id && one.asset.is_none()) else {
            continue;
        };
        let amount = figure.value.as_ref().ok().copied();
        let amount = amount.and_then(|amount| {
            let definitions = &config.definitions;
            definitions.convert_quantity(amount, &definition.unit, &range.unit)
        });
        let found = amount.and_then(|amount| finite_ratio(amount, people * span.days_passed()));
        if let Some(found) = found.filter(|found| *found > range.usual) {
            let doubted = figure.clone().with_verdict(ClaimVerdict::Doubtful);
            *figure = doubted.with_remark(remark(found, people, range));
        }
    }
}

fn remark(found: f64, people: f64, range: &PersonRange) -> IndicatorRemark {
    IndicatorRemark::new("account-unusual-per-person")
        .with_arg("found", round_digits(found, SHOWN_DIGITS))
        .with_arg("unit", &range.unit)
        .with_arg("people", people)
        .with_arg("most", range.usual)
}

/// The most people that the records of the site speak of.
fn number_of_people(figures: &[Indicator]) -> Option<f64> {
    let known = PEOPLE.iter().filter_map(|(id, people)| {
        let mut all = figures.iter();
        let found = all.find(|one| *one.id == **id)?;
        Some(people * found.value.as_ref().ok()?)
    });
    known.filter(|people| *people > 0.0).reduce(f64::max)
}
