//! [`doubt_unusual_inputs`], [`doubt_unusual_settings`]: what is computed from a number that is
//! possible and unusual (`config/number_ranges.toml`) is to be checked. `check` warns of the same
//! numbers.
//!
//! ```text
//! eta_pump = 0.12        co2.gross names it as an input: to be checked
//! offset_m = 7           no figure names it: what the tank measures is to be checked
//! ```

use crate::config::Config;
use crate::config::factors::{unusual_factor, unusual_use};
use crate::config::number_ranges::{NumberRange, number_range};
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::factor::Factor;
use crate::domain::indicator::{Indicator, IndicatorInput, IndicatorRemark, InputSource};
use crate::indicators::figure_context::FigureBuilder;

/// Use of the factors by which the CO2 of a fuel follows from its heat, and their unit.
const FUEL_USE: (&str, &str) = ("fuel_factor", "kgCO2/GJ");

/// Makes each figure doubtful that names an unusual setting or factor.
pub(crate) fn doubt_unusual_inputs(figures: &mut [Indicator]) {
    for figure in figures.iter_mut() {
        let settings = figure.inputs.iter().filter_map(setting_remark);
        let factors = figure.factors.iter().filter_map(|factor| {
            let range = unusual_factor(factor).or_else(|| unusual_fuel(figure, factor))?;
            Some(unusual_factor_remark(factor, range))
        });
        let remarks: Vec<IndicatorRemark> = settings.chain(factors).collect();
        doubt(figure, remarks);
    }
}

/// Makes the figures of an asset doubtful for its unusual numbers that none of them names as an
/// input in the same unit.
pub(crate) fn doubt_unusual_settings(config: &Config, figures: &mut [Indicator]) {
    for asset in &config.assets {
        let is_own = |one: &Indicator| one.asset.as_ref() == Some(&asset.id);
        for unusual in &asset.unusual {
            let Some(range) = number_range(unusual.key) else {
                continue;
            };
            let said = unusual_setting(unusual.key, unusual.value, range);
            let own = figures.iter().filter(|one| is_own(one));
            let is_named = own
                .into_iter()
                .any(|one| naming(one, unusual.key).is_some());
            for figure in figures.iter_mut().filter(|one| is_own(one)) {
                let uses = match naming(figure, unusual.key) {
                    // In its own unit it is judged by the value of the period.
                    Some(input) => *input.unit != range.unit,
                    None => !is_named && range.is_behind(&figure.id),
                };
                doubt(figure, uses.then(|| said.clone()).into_iter().collect());
            }
        }
    }
}

/// Remark on a factor outside of its usual range.
pub(crate) fn unusual_factor_remark(factor: &Factor, range: &NumberRange) -> IndicatorRemark {
    IndicatorRemark::new("account-unusual-factor")
        .with_arg("factor", &factor.id)
        .with_arg("usual", range.usual_text())
}

fn doubt(figure: &mut Indicator, remarks: Vec<IndicatorRemark>) {
    if !remarks.is_empty() {
        let marked = figure.clone().with_verdict(ClaimVerdict::Doubtful);
        *figure = remarks.into_iter().fold(marked, Indicator::with_remark);
    }
}

fn unusual_setting(key: &str, value: f64, range: &NumberRange) -> IndicatorRemark {
    IndicatorRemark::new("account-unusual-setting")
        .with_arg("key", key)
        .with_arg("found", value)
        .with_arg("usual", range.usual_text())
}

/// Key of the last part of a setting: `static_m` of `head.static_m`.
fn last_key(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The input of a figure that is the setting under a key.
fn naming<'a>(figure: &'a Indicator, key: &str) -> Option<&'a IndicatorInput> {
    let is_it = |input: &&IndicatorInput| match &input.from {
        InputSource::Setting(path) => last_key(path) == key,
        _ => false,
    };
    figure.inputs.iter().find(is_it)
}

/// Remark on an input that is an unusual setting; a setting in another unit is not judged here.
fn setting_remark(input: &IndicatorInput) -> Option<IndicatorRemark> {
    let (InputSource::Setting(path), Some(value)) = (&input.from, input.value) else {
        return None;
    };
    let key = last_key(path);
    let range = number_range(key).filter(|range| range.unit == *input.unit)?;
    range
        .is_unusual(value)
        .then(|| unusual_setting(key, value, range))
}

/// The usual range that a factor leaves as that of a fuel of this figure.
fn unusual_fuel(figure: &Indicator, factor: &Factor) -> Option<&'static NumberRange> {
    let (purpose, unit) = FUEL_USE;
    let is_fuel = figure.inputs.iter().any(|input| match &input.from {
        InputSource::Factor(id) => *id == factor.id && *input.unit == *unit,
        _ => false,
    });
    unusual_use(factor, purpose).filter(|_| is_fuel)
}
