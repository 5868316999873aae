//! Effects of what people record (METHODS F): quantity by a factor with a source.
//!
//! Each entry takes the factor that holds on its day:
//!
//! ```text
//! 10 June  40 kg, factor of January to June       40 · 2.0
//! 5 July   60 kg, factor of July to December      60 · 2.5      effect of June and July: 230
//! 3 March of the year before: no factor holds, so the entry is not in it
//! ```

use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::factor::Factor;
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, InputSource, ValueOrigin,
};
use crate::domain::input_part::bounded_parts;
use crate::domain::ledger::LedgerEntry;
use crate::domain::period::Period;
use crate::formulas::FormulaStatus;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::formulas::ledger_value::{UNVERIFIED, ledger_indicator};
use crate::indicators::entry_quantities::{entry_parts, entry_quantity, quantity_in_unit};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, figure_input, formula_input, status_remark,
};
use crate::ledger::IndicatorDefinition;
use crate::limits::INPUT_PARTS_MAX;
use jiff::civil::Date;
use std::sync::Arc;

/// Decimals of the effect of a stretch in a remark.
const PART_DECIMALS: i32 = 3;

/// Entries that take one factor.
struct FactorEntries<'a> {
    factor: &'a Arc<Factor>,
    entries: Vec<&'a LedgerEntry>,
}

/// Effect of the entries of a quantity, where the definition names a factor. `entries` are those
/// that stand behind no other claim.
pub(crate) fn effect_figure(
    desk: &FigureContext<'_>,
    definition: &IndicatorDefinition,
    quantity: &Indicator,
    entries: &[&LedgerEntry],
) -> Option<Indicator> {
    let id = definition.factors.first()?;
    let factors = &desk.config.factors;
    let known = definition.factors.iter();
    let known: Vec<&Arc<Factor>> = known.filter_map(|id| factors.find(id)).collect();
    let (groups, rest) = by_factor(desk, &known, entries);
    let counted = entry_count(quantity);
    let figure = match groups.as_slice() {
        [one] if one.entries.len() == counted => {
            let whole = whole_effect(desk, (definition, id), quantity, Some(one.factor));
            with_factor_of_days(desk, whole, one)
        }
        [] => {
            let whole = whole_effect(desk, (definition, id), quantity, known.first().copied());
            match known.first() {
                Some(factor) => whole.with_factor(desk.config, factor),
                None => whole,
            }
        }
        _ => sum_of_effects(desk, definition, quantity, &groups),
    };
    if rest == 0 || groups.is_empty() {
        return Some(figure);
    }
    let said = IndicatorRemark::new("account-effect-rest-lower-bound");
    Some(figure.with_remark(said.with_arg("count", rest)))
}

/// Number of the entries of a quantity.
fn entry_count(quantity: &Indicator) -> usize {
    let entries = quantity
        .inputs
        .iter()
        .filter_map(|input| match &input.from {
            InputSource::Ledger { entries, .. } => Some(entries.len()),
            _ => None,
        });
    entries.sum()
}

/// The entries by the factor that holds on their days, and the number of those without one.
fn by_factor<'a>(
    desk: &FigureContext<'_>,
    known: &[&'a Arc<Factor>],
    entries: &[&'a LedgerEntry],
) -> (Vec<FactorEntries<'a>>, usize) {
    let mut groups: Vec<FactorEntries<'a>> = Vec::new();
    let mut rest = 0;
    for entry in entries {
        let days = effect_days(desk, entry);
        let holds = |factor: &&&Arc<Factor>| days.iter().all(|day| factor.holds_on(*day));
        let Some(factor) = known.iter().find(holds) else {
            rest += 1;
            continue;
        };
        match groups.iter_mut().find(|one| one.factor.id == factor.id) {
            Some(group) => group.entries.push(entry),
            None => groups.push(FactorEntries {
                factor,
                entries: vec![entry],
            }),
        }
    }
    (groups, rest)
}

/// First and last day of an entry; a stock that was counted before the period is there on its first
/// day.
fn effect_days(desk: &FigureContext<'_>, entry: &LedgerEntry) -> [Date; 2] {
    let first = desk.span.period.first();
    let when = entry.statement.when;
    [when.first().max(first), when.last().max(first)]
}

/// The figure with a factor that has to hold on the days of the entries alone.
fn with_factor_of_days(
    desk: &FigureContext<'_>,
    figure: Indicator,
    group: &FactorEntries<'_>,
) -> Indicator {
    let days = group
        .entries
        .iter()
        .flat_map(|entry| effect_days(desk, entry));
    let (first, last) = days.fold((Date::MAX, Date::MIN), |(first, last), day| {
        (first.min(day), last.max(day))
    });
    let period = figure.period;
    let figure = Indicator {
        period: Period::Range(first, last),
        ..figure
    };
    let figure = figure.with_factor(desk.config, group.factor);
    Indicator { period, ..figure }
}

/// Effect of the whole quantity by one factor, or by one that nobody verified.
fn whole_effect(
    desk: &FigureContext<'_>,
    (definition, id): (&IndicatorDefinition, &Arc<str>),
    quantity: &Indicator,
    known: Option<&Arc<Factor>>,
) -> Indicator {
    let unchecked = desk.config.factors.find_unverified(id);
    let unchecked = unchecked.filter(|_| known.is_none());
    let id = known.map_or(id, |factor| &factor.id);
    let number = known
        .map(|one| one.value)
        .or(unchecked.and_then(|one| one.value));
    let (status, source, unit) = match (known, unchecked) {
        (Some(one), _) => (one.status.word(), one.source.as_str(), one.unit.text()),
        (None, Some(one)) => (UNVERIFIED, one.why.as_str(), one.unit.as_str()),
        (None, None) => ("", "", ""),
    };
    let under = match known {
        Some(factor) => factor.unit.denominator_symbol(),
        None => unit.split_once('/').map(|(_, under)| under),
    };
    // The factor may be for another unit than that of the ledger: kgCO2/kg, and tonnes recorded.
    let amount = quantity.value.clone().and_then(|amount| match under {
        Some(under) => {
            let amount = (amount, &*definition.unit);
            quantity_in_unit(desk.config, &definition.id, amount, under)
        }
        None => Ok(amount),
    });
    let found = ledger_indicator(amount.as_ref().ok().copied(), number, status, source);
    let converted = amount.as_ref().ok().copied();
    let value = amount.and_then(|_| found.value.ok_or_else(|| status_remark(found.status)));
    let inputs = vec![
        IndicatorInput {
            value: converted,
            unit: Arc::from(under.unwrap_or(&definition.unit)),
            ..figure_input("Q", quantity)
        },
        formula_input("f", number, unit, InputSource::Factor(Arc::clone(id))),
    ];
    let figure = made(desk, quantity, (unit, "Q · f"), (value, inputs));
    let illustrates = found.status == FormulaStatus::Illustrative;
    let mut figure = figure.with_remark_if(illustrates, &found.status.words_key());
    if illustrates {
        // Numbers from the unverified table may be shown as an illustration, never as a claim.
        figure.claim = ClaimVerdict::NotClaimed(NotClaimedReason::Illustrative);
    }
    figure
}

/// Effect of the entries of several factors, or of some of the entries.
fn sum_of_effects(
    desk: &FigureContext<'_>,
    definition: &IndicatorDefinition,
    quantity: &Indicator,
    groups: &[FactorEntries<'_>],
) -> Indicator {
    let parts: Vec<Indicator> = groups
        .iter()
        .map(|group| effect_of_entries(desk, definition, quantity, group))
        .collect();
    let all: Vec<&Indicator> = parts.iter().collect();
    let values = parts.iter().map(|part| part.value.clone());
    let value: FigureValue = values.sum();
    let input = |part: &Indicator| {
        let from = InputSource::Part(Box::new(part.clone()));
        formula_input("x", part.value.as_ref().ok().copied(), &part.unit, from)
    };
    let inputs = parts.iter().map(input).collect();
    let unit = groups.first().map_or("", |group| group.factor.unit.text());
    let figure = made(desk, quantity, (unit, "Σ x"), (value, inputs)).with_parts(&all);
    let told = groups.iter().zip(&parts).filter(|_| parts.len() > 1);
    told.fold(figure, |figure, (group, part)| {
        let value = part.value.as_ref().ok().copied().unwrap_or_default();
        let said = IndicatorRemark::new("account-effect-part")
            .with_arg("first", part.period.first())
            .with_arg("last", part.period.last())
            .with_arg("factor", &group.factor.id)
            .with_arg(
                "value",
                round_decimals(value, PART_DECIMALS, RoundingMode::Nearest),
            );
        figure.with_remark(said)
    })
}

/// Effect of the entries of one factor, for their days.
fn effect_of_entries(
    desk: &FigureContext<'_>,
    definition: &IndicatorDefinition,
    quantity: &Indicator,
    group: &FactorEntries<'_>,
) -> Indicator {
    let (config, factor) = (desk.config, group.factor);
    let under = factor.unit.denominator_symbol();
    let under = under.unwrap_or(&definition.unit);
    let amounts = group.entries.iter();
    let amount: FigureValue = amounts
        .map(|entry| entry_quantity(config, entry, under))
        .sum();
    let (status, source) = (factor.status.word(), factor.source.as_str());
    let number = Some(factor.value);
    let found = ledger_indicator(amount.as_ref().ok().copied(), number, status, source);
    let entries = group.entries.iter().map(|entry| entry.id).collect();
    let from = InputSource::Ledger {
        indicator: Arc::clone(&definition.id),
        entries,
    };
    let rows = entry_parts(config, group.entries.iter().copied(), under);
    let weighed = IndicatorInput {
        parts: bounded_parts(rows, INPUT_PARTS_MAX),
        ..formula_input("Q", amount.as_ref().ok().copied(), under, from)
    };
    let unit = factor.unit.text();
    let by = formula_input(
        "f",
        number,
        unit,
        InputSource::Factor(Arc::clone(&factor.id)),
    );
    let value = amount.and_then(|_| found.value.ok_or_else(|| status_remark(found.status)));
    let part = made(desk, quantity, (unit, "Q · f"), (value, vec![weighed, by]));
    let days = group
        .entries
        .iter()
        .flat_map(|entry| effect_days(desk, entry));
    let (first, last) = days.fold((Date::MAX, Date::MIN), |(first, last), day| {
        (first.min(day), last.max(day))
    });
    let part = Indicator {
        period: Period::Range(first, last),
        ..part
    };
    part.with_factor(config, factor)
}

fn made(
    desk: &FigureContext<'_>,
    quantity: &Indicator,
    (unit, equation): (&str, &'static str),
    (value, inputs): (FigureValue, Vec<IndicatorInput>),
) -> Indicator {
    let id = format!("{}.effect", quantity.id);
    let unit = unit.split('/').next().unwrap_or_default();
    let spec = IndicatorSpec::new(&id, unit, "F", equation).benefit();
    desk.figure(&spec, value, inputs)
        .with_origin(ValueOrigin::Estimated)
}
