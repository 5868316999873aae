//! Figures that cannot be true together: each of them is to be checked, since nobody knows which
//! one is wrong.
//!
//! ```text
//! 180 m3 lifted by 30 m with 7.2 kWh      an efficiency of 203 %: not claimed
//!                                         the water, the head and the energy: to be checked
//! ```

use crate::assets::AssetRelationSort;
use crate::assets::pump::lift_indicators::EFFICIENCY;
use crate::assets::solar::indicators::GENERATION;
use crate::assets::solar::yield_indicators::DC_ENERGY;
use crate::config::Config;
use crate::config::ratio_ranges::ratio_range;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::formulas::FormulaStatus;
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::moving_together::is_main_figure;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Key of the remark on a number behind a ratio that cannot be true.
pub(crate) const BEHIND_RATIO: &str = "account-behind-ratio";
/// Name of its argument with the ratio.
pub(crate) const RATIO_ARG: &str = "figure";
/// Keys of the remarks on a ratio that cannot be true.
const IMPOSSIBLE: [&str; 2] = ["account-implausible-ratio", "account-implausible-eta"];
/// States of figures without a value whose inputs contradict each other.
const CONTRADICTIONS: [FormulaStatus; 3] = [
    FormulaStatus::ExportAboveGeneration,
    FormulaStatus::FlowWithoutEnergy,
    FormulaStatus::MassBalance,
];
/// Ratio of a part to its whole that is still put down to two meters of class 1.
const METERS_MAX: f64 = 1.03;
/// Longest way from a ratio to the readings and entries behind it.
const STEPS_MAX: usize = 8;

/// Doubts what stands behind each ratio that cannot be true, and an inverter that gives more than
/// its modules. May be called again when there are more figures.
pub(crate) fn doubt_contradictions(figures: &mut [Indicator]) {
    let mut doubted: BTreeSet<(usize, Arc<str>)> = BTreeSet::new();
    for ratio in figures.iter().filter(|one| is_impossible(one)) {
        let behind = numbers_behind(figures, ratio, 0);
        doubted.extend(behind.into_iter().map(|at| (at, Arc::clone(&ratio.id))));
    }
    for (at, ratio) in doubted {
        let said = IndicatorRemark::new(BEHIND_RATIO).with_arg(RATIO_ARG, ratio);
        doubt(&mut figures[at], said);
    }
    for at in modules_below_inverter(figures) {
        doubt(
            &mut figures[at],
            IndicatorRemark::new("account-modules-below"),
        );
    }
}

fn doubt(figure: &mut Indicator, said: IndicatorRemark) {
    *figure = figure
        .clone()
        .with_remark(said)
        .with_verdict(ClaimVerdict::Doubtful);
}

/// Whether a figure is a ratio that cannot be true by its own numbers.
fn is_impossible(one: &Indicator) -> bool {
    let contradicts = |why: &IndicatorRemark| {
        let mut keys = CONTRADICTIONS.iter().map(|status| status.words_key());
        keys.any(|key| key == why.key)
    };
    let is_ratio = || ratio_range(&one.id).is_some() || *one.id == *EFFICIENCY.id;
    match &one.value {
        Ok(_) => {
            let mut said = one.remarks.iter();
            is_ratio() && said.any(|said| IMPOSSIBLE.contains(&&*said.key))
        }
        Err(why) => contradicts(why),
    }
}

/// Places of the figures from readings and entries on which a figure stands.
fn numbers_behind(figures: &[Indicator], one: &Indicator, depth: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    if depth >= STEPS_MAX {
        return found;
    }
    for input in &one.inputs {
        let InputSource::Indicator { id, asset } = &input.from else {
            continue;
        };
        let mut all = figures.iter();
        let Some(at) = all.position(|known| known.id == *id && known.asset == *asset) else {
            continue;
        };
        let next = &figures[at];
        if std::ptr::eq(next, one) {
            continue;
        }
        let is_recorded =
            |from: &InputSource| matches!(from, InputSource::Point(_) | InputSource::Ledger { .. });
        if next.value.is_ok() && next.inputs.iter().any(|input| is_recorded(&input.from)) {
            found.insert(at);
        }
        found.extend(numbers_behind(figures, next, depth + 1));
    }
    found
}

/// Places of the energies of modules and inverter of a plant where the inverter gives more.
fn modules_below_inverter(figures: &[Indicator]) -> Vec<usize> {
    let made = figures.iter().enumerate();
    let made = made.filter(|(_, one)| *one.id == *GENERATION.id);
    let pairs = made.filter_map(|(at, one)| {
        let mut all = figures.iter();
        let of = all.position(|dc| *dc.id == *DC_ENERGY.id && dc.asset == one.asset)?;
        let both = one.value.as_ref().ok().zip(figures[of].value.as_ref().ok());
        let (given, modules) = both?;
        (*given > METERS_MAX * modules).then_some([at, of])
    });
    pairs.flatten().collect()
}

/// Doubts a part that measures more than its whole, and the whole, as the site declares them.
pub(crate) fn doubt_parts_above_whole(config: &Config, figures: &mut [Indicator]) {
    let declared = config.relations.iter();
    for relation in declared.filter(|one| one.sort == AssetRelationSort::PartOf) {
        let places = |asset: &Arc<str>| -> Vec<usize> {
            let all = figures.iter().enumerate();
            let own = all.filter(|(_, one)| one.asset.as_ref() == Some(asset));
            let main = own.filter(|(_, one)| is_main_figure(&one.id) && one.value.is_ok());
            main.map(|(at, _)| at).collect()
        };
        let value = |at: usize| figures[at].value.as_ref().map_or(0.0, |value| *value);
        let wholes = places(&relation.with);
        let is_above = |part: usize, whole: usize| {
            let is_alike = figures[part].unit == figures[whole].unit;
            is_alike && value(part) > METERS_MAX * value(whole)
        };
        let pairs = places(&relation.asset).into_iter().flat_map(|part| {
            let above = wholes.iter().filter(move |whole| is_above(part, **whole));
            above.map(move |whole| [part, *whole])
        });
        let above: BTreeSet<usize> = pairs.flatten().collect();
        for at in above {
            let said = IndicatorRemark::new("account-part-above-whole")
                .with_arg("asset", config.asset_name(&relation.asset))
                .with_arg("other", config.asset_name(&relation.with));
            doubt(&mut figures[at], said);
        }
    }
}
