//! [`pass_bounds`]: a figure that is computed from a bound is a bound too, on the side to which
//! its equation moves it.

use crate::domain::equation::{Equation, equation_values};
use crate::domain::indicator::{Indicator, IndicatorInput, IndicatorRemark, InputSource};
use crate::domain::measured_since::PeriodEnd;
use crate::domain::value_bound::ValueBound;
use jiff::civil::DateTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Longest way between two figures, as for verdicts.
const STEPS_MAX: usize = 8;
/// By which shares of a bound the true value is taken to lie beyond it.
const BEYOND: [f64; 3] = [0.01, 0.1, 0.5];
/// Share of a figure by which it must move; less is rounding.
const MOVED_SHARE: f64 = 1e-8;
/// Time within which readings that begin late begin together, minutes: devices are wired one after
/// the other.
pub(crate) const TOGETHER_MINUTES: i64 = 60;
/// Constant of an equation that is the time over which a total was measured.
const MEASURED_TIME: &str = "measured";

/// Value of a figure by id and asset, as it is and as it has moved; `None` when it has not.
type MovedFigure<'a> = dyn Fn(&Arc<str>, &Option<Arc<str>>) -> Option<(f64, f64)> + 'a;
/// Figures by id and asset.
type FigurePlaces = BTreeMap<(Arc<str>, Option<Arc<str>>), usize>;

/// Bounds of one cause: their true values lie beyond them together.
struct BoundCause {
    roots: Vec<usize>,
    bound: ValueBound,
    /// The readings begin late or end early: with the totals, the time moves over which they were
    /// measured.
    is_late: bool,
}

impl BoundCause {
    /// Bound of one figure, for a cause of its own.
    fn of_figure(root: usize, bound: ValueBound) -> Self {
        let roots = vec![root];
        Self {
            roots,
            bound,
            is_late: false,
        }
    }
}

/// Says of each figure that is computed from bounds on which side its true value lies. Bounds that
/// were passed before are looked at again.
pub(crate) fn pass_bounds(figures: &mut [Indicator]) {
    for figure in figures.iter_mut() {
        figure.remarks.retain(|said| !said.is_passed_bound());
    }
    let mut passed: BTreeMap<usize, (ValueBound, BTreeSet<Arc<str>>)> = BTreeMap::new();
    for cause in bound_causes(figures) {
        for (at, side) in moved_sides(figures, &cause) {
            let (all, from) = passed.entry(at).or_default();
            *all = all.and(side);
            let roots = cause.roots.iter().map(|root| &figures[*root]);
            let own = roots.filter(|root| stands_on(figures, &figures[at], root, 0));
            from.extend(own.map(|root| Arc::clone(&root.id)));
        }
    }
    for (at, (side, from)) in passed {
        let figure = &mut figures[at];
        let all = side.and(figure.bound());
        let key = all.passed_key().filter(|_| all != figure.bound());
        let said = from.into_iter().zip(std::iter::repeat(key));
        figure.remarks.extend(said.filter_map(|(from, key)| {
            let said = IndicatorRemark::new(key?);
            Some(said.with_arg("figure", from))
        }));
    }
}

/// Whether a figure is computed from another one, directly or by way of others.
pub(crate) fn stands_on(
    figures: &[Indicator],
    one: &Indicator,
    root: &Indicator,
    depth: usize,
) -> bool {
    let mut inputs = one.inputs.iter();
    depth < STEPS_MAX
        && inputs.any(|input| match &input.from {
            InputSource::Indicator { id, asset } if *id == root.id && *asset == root.asset => true,
            InputSource::Indicator { id, asset } => {
                let mut all = figures.iter();
                let found = all.find(|known| known.id == *id && known.asset == *asset);
                found.is_some_and(|found| stands_on(figures, found, root, depth + 1))
            }
            InputSource::Part(part) => stands_on(figures, part, root, depth + 1),
            _ => false,
        })
}

/// Causes of the bounds among the figures: each one its own, and those of readings that begin late
/// or end early one for all that begin or end together. What was given to the grid before the first
/// reading was generated before it, too.
fn bound_causes(figures: &[Indicator]) -> Vec<BoundCause> {
    let mut all = Vec::new();
    for (root, one) in figures.iter().enumerate() {
        let is_end = |said: &IndicatorRemark| {
            let mut ends = PeriodEnd::ALL.into_iter();
            ends.any(|end| said.is_end_of_total(end))
        };
        let own = one.remarks.iter().filter(|said| !is_end(said));
        let bound = own.map(IndicatorRemark::bound);
        let bound = bound.fold(ValueBound::Neither, ValueBound::and);
        if bound != ValueBound::Neither {
            all.push(BoundCause::of_figure(root, bound));
        }
    }
    for end in PeriodEnd::ALL {
        all.extend(causes_of_end(figures, end));
    }
    all
}

/// Causes of the totals whose readings are missing at one end of the period.
fn causes_of_end(figures: &[Indicator], end: PeriodEnd) -> Vec<BoundCause> {
    let cut = |(root, one): (usize, &Indicator)| {
        let mut totals = one.remarks.iter().filter(|said| said.is_end_of_total(end));
        let cut = totals.find_map(|said| said.measured_end(end))?;
        Some((cut.at, root))
    };
    let mut late: Vec<(DateTime, usize)> = figures.iter().enumerate().filter_map(cut).collect();
    late.sort_unstable();
    let mut all: Vec<BoundCause> = Vec::new();
    let mut begun: Option<DateTime> = None;
    for (at, root) in late {
        let is_together = begun.is_some_and(|begun| {
            let apart = begun.duration_until(at).as_mins();
            apart <= TOGETHER_MINUTES
        });
        if let Some(cause) = all.last_mut().filter(|_| is_together) {
            cause.roots.push(root);
        } else {
            begun = Some(at);
            all.push(BoundCause {
                is_late: true,
                ..BoundCause::of_figure(root, ValueBound::Lower)
            });
        }
    }
    all
}

/// Sides to which the other figures move when the true values of the bounds lie beyond them.
fn moved_sides(figures: &[Indicator], cause: &BoundCause) -> BTreeMap<usize, ValueBound> {
    let mut sides: BTreeMap<usize, ValueBound> = BTreeMap::new();
    let value = |root: usize| figures[root].value.as_ref().ok().copied();
    let roots = cause.roots.iter();
    let roots: Vec<(usize, f64)> = roots
        .filter_map(|root| Some((*root, value(*root)?)))
        .collect();
    if roots.is_empty() {
        return sides;
    }
    let places = figure_places(figures);
    let signs: &[f64] = match cause.bound {
        ValueBound::Neither => &[],
        ValueBound::Lower => &[1.0],
        ValueBound::Upper => &[-1.0],
        ValueBound::Either => &[1.0, -1.0],
    };
    let unit = |value: f64| if value.abs() > 0.0 { value.abs() } else { 1.0 };
    let steps = signs.iter().flat_map(|sign| BEYOND.map(|by| sign * by));
    for step in steps {
        let beyond = roots.iter();
        let beyond = beyond.map(|(root, value)| (*root, value + step * unit(*value)));
        let time = if cause.is_late { 1.0 + step } else { 1.0 };
        let moved = moved_values(figures, &places, (beyond.collect(), time));
        let is_root = |at: usize| roots.iter().any(|(root, _)| *root == at);
        for (at, now) in moved.into_iter().filter(|(at, _)| !is_root(*at)) {
            let side = side_of(value(at), now);
            let known = sides.entry(at).or_default();
            *known = known.and(side);
        }
    }
    sides.retain(|_, side| *side != ValueBound::Neither);
    sides
}

fn figure_places(figures: &[Indicator]) -> FigurePlaces {
    let all = figures.iter().enumerate();
    all.map(|(at, one)| ((Arc::clone(&one.id), one.asset.clone()), at))
        .collect()
}

/// Values of the figures that are computed from some others, when those have these values.
pub(crate) fn moved_figures(
    figures: &[Indicator],
    roots: &BTreeMap<usize, f64>,
) -> BTreeMap<usize, f64> {
    let mut moved = moved_values(figures, &figure_places(figures), (roots.clone(), 1.0));
    moved.retain(|at, _| !roots.contains_key(at));
    moved
}

/// Bound that `given` is when `now` may be the true value.
fn side_of(given: Option<f64>, now: f64) -> ValueBound {
    match given {
        Some(given) if now - given > MOVED_SHARE * given.abs() => ValueBound::Lower,
        Some(given) if given - now > MOVED_SHARE * given.abs() => ValueBound::Upper,
        _ => ValueBound::Neither,
    }
}

/// Values of the figures that follow from other values of some of them, by their equations; `time`
/// is the ratio by which the time moves over which totals were measured.
fn moved_values(
    figures: &[Indicator],
    places: &FigurePlaces,
    (roots, time): (BTreeMap<usize, f64>, f64),
) -> BTreeMap<usize, f64> {
    let mut moved = roots.clone();
    for _ in 0..STEPS_MAX {
        let next: Vec<(usize, f64)> = figures
            .iter()
            .enumerate()
            .filter(|(at, _)| !roots.contains_key(at))
            .filter_map(|(at, one)| {
                let ratio = |id: &Arc<str>, asset: &Option<Arc<str>>| {
                    let of = *places.get(&(Arc::clone(id), asset.clone()))?;
                    let before = figures[of].value.as_ref().ok()?;
                    Some((*before, *moved.get(&of).filter(|_| of != at)?))
                };
                let now = value_of_moved(one, (&ratio, time), 0)?;
                let known = moved.get(&at);
                let is_new = known.is_none_or(|known| (known - now).abs() > 0.0);
                is_new.then_some((at, now))
            })
            .collect();
        if next.is_empty() {
            break;
        }
        moved.extend(next);
    }
    moved
}

/// Value of a figure over its inputs, of which some have moved; `None` when none has, or when it
/// cannot be computed.
fn value_of_moved(
    one: &Indicator,
    (moved, time): (&MovedFigure<'_>, f64),
    depth: usize,
) -> Option<f64> {
    one.value.as_ref().ok().filter(|_| depth < STEPS_MAX)?;
    let change = |input: &IndicatorInput| match &input.from {
        InputSource::Indicator { id, asset } => moved(id, asset),
        InputSource::Part(part) => {
            let before = part.value.as_ref().ok()?;
            Some((*before, value_of_moved(part, (moved, time), depth + 1)?))
        }
        _ => None,
    };
    let changes: Vec<Option<(f64, f64)>> = one.inputs.iter().map(change).collect();
    if changes.iter().all(Option::is_none) {
        return None;
    }
    let inputs = one.inputs.iter().zip(changes);
    let inputs: Vec<IndicatorInput> = inputs
        .map(|(input, change)| match (change, &input.from) {
            (Some(change), _) => moved_input(input, change),
            (None, InputSource::Constant(MEASURED_TIME)) => moved_input(input, (1.0, time)),
            (None, _) => input.clone(),
        })
        .collect();
    let equation = Equation::parse(one.equation).ok()?;
    let found = equation.evaluate(&equation_values(&inputs)).ok()?;
    found.is_finite().then_some(found)
}

/// The input, which may hold for a part of the days only, with its share of a change.
fn moved_input(input: &IndicatorInput, (before, now): (f64, f64)) -> IndicatorInput {
    let mut input = input.clone();
    let moved = |value: f64| {
        if before.abs() > 0.0 {
            value * (now / before)
        } else {
            value + now - before
        }
    };
    input.value = input.value.map(moved);
    for part in &mut input.parts {
        part.value = moved(part.value);
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::claim_verdict::ClaimVerdict;
    use crate::domain::indicator::{
        CompletenessShares, RoundingDirection, Uncertainty, ValueOrigin,
    };

    fn figure(
        id: &str,
        value: f64,
        equation: &'static str,
        from: &[(&'static str, &Indicator)],
    ) -> Indicator {
        let input = |(symbol, of): &(&'static str, &Indicator)| IndicatorInput {
            symbol,
            value: of.value.clone().ok(),
            unit: "".into(),
            from: InputSource::Indicator {
                id: Arc::clone(&of.id),
                asset: None,
            },
            rule: "",
            parts: Vec::new(),
        };
        Indicator {
            id: id.into(),
            asset: None,
            period: "2026".parse().unwrap(),
            value: Ok(value),
            unit: "".into(),
            uncertainty: Uncertainty::default(),
            completeness: CompletenessShares::default(),
            origin: ValueOrigin::Measured,
            side: RoundingDirection::Benefit,
            method: "",
            equation,
            inputs: from.iter().map(input).collect(),
            factors: Vec::new(),
            claim: ClaimVerdict::Claimable,
            remarks: Vec::new(),
        }
    }

    /// Generation, export, self-use, its share, and the generation in tonnes.
    fn plant(bounds: [Option<&str>; 2]) -> Vec<Indicator> {
        let made = figure("made", 100.0, "E", &[]);
        let given = figure("given", 40.0, "X", &[]);
        let used = figure("used", 60.0, "E − X", &[("E", &made), ("X", &given)]);
        let share = figure("share", 60.0, "100 · U / E", &[("U", &used), ("E", &made)]);
        let gross = figure("gross", 30.0, "U / 2", &[("U", &used)]);
        let mut all = vec![gross, share, used, made, given];
        for (place, bound) in [3, 4].into_iter().zip(bounds) {
            let said = bound.map(IndicatorRemark::new);
            all[place].remarks.extend(said);
        }
        pass_bounds(&mut all);
        all
    }

    #[test]
    fn a_bound_passes_on_to_the_side_to_which_it_moves_a_figure() {
        use ValueBound::{Either, Lower, Neither, Upper};
        let (low, high) = ("account-lower-bound", "account-opening-upper-bound");
        for (bounds, wanted) in [
            ([None, None], [Neither; 3]),
            // The share of self-use grows with the generation, which stands in it twice.
            ([Some(low), None], [Lower, Lower, Lower]),
            ([None, Some(low)], [Upper, Upper, Upper]),
            ([None, Some(high)], [Lower, Lower, Lower]),
            ([Some(low), Some(low)], [Either, Either, Either]),
        ] {
            let mut all = plant(bounds);
            let found = [0, 1, 2].map(|place: usize| all[place].bound());
            assert_eq!(found, wanted, "{bounds:?}");
            let before = all.clone();
            pass_bounds(&mut all);
            assert_eq!(all, before, "a second pass says the same");
        }
    }
}
