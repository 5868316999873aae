//! [`mark_double_claims`]: figures of assets whose claims may be for the same energy are to be
//! checked (METHODS G.7); `check` warns of the same pairs.

use crate::assets::certificate_claims::doubted_certificates;
use crate::assets::claim_registry::ClaimRegistry;
use crate::assets::genset::indicators as genset;
use crate::assets::pump_drivers::doubted_drivers;
use crate::assets::solar::indicators as solar;
use crate::carbon::avoided_emissions::CO2_GROSS;
use crate::config::Config;
use crate::config::same_places::SamePlaces;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, IndicatorRemark, IndicatorSpec};
use crate::indicators::figure_context::FigureBuilder;

/// Figures by which energy is counted or claimed.
const CLAIMING_FIGURES: [&IndicatorSpec<'_>; 3] = [&solar::GENERATION, &genset::ENERGY, &CO2_GROSS];

/// Adds to the figures of both assets of each doubted pair why they are to be checked.
pub(crate) fn mark_double_claims(config: &Config, figures: &mut [Indicator]) {
    let places = SamePlaces::of(&config.buses, &config.devices);
    let registry = ClaimRegistry {
        site: &config.site,
        places: &places,
        factors: &config.factors,
        definitions: &config.definitions,
        relations: &config.relations,
        assets: &config.assets,
    };
    let remark = |key: &str, asset: &str, other: &str| {
        IndicatorRemark::new(key)
            .with_arg("asset", config.asset_name(asset))
            .with_arg("other", config.asset_name(other))
    };
    for (asset, other) in registry.doubted_energy() {
        let said = remark("account-claimed-perhaps", &asset, &other);
        for id in [&asset, &other] {
            mark(figures, id, &said);
        }
    }
    for (plant, driver) in doubted_drivers(registry) {
        let said = remark("account-claimed-perhaps-pump", &plant, &driver);
        for id in [&plant, &driver] {
            mark(figures, id, &said);
        }
    }
    for (plant, certified) in doubted_certificates(registry) {
        let said = remark("account-certified-perhaps", &plant, &certified);
        mark(figures, &plant, &said);
    }
    for (indicator, asset) in registry.doubted_effects() {
        let said = IndicatorRemark::new("account-effect-claimed-perhaps")
            .with_arg("asset", config.asset_name(&asset));
        let id = format!("ledger.{indicator}.effect");
        doubt(figures, |one| *one.id == *id, &said);
    }
}

fn mark(figures: &mut [Indicator], asset: &str, said: &IndicatorRemark) {
    let claims = |one: &Indicator| {
        let is_of_asset = one.asset.as_deref() == Some(asset);
        is_of_asset && CLAIMING_FIGURES.iter().any(|spec| *spec.id == *one.id)
    };
    doubt(figures, claims, said);
}

fn doubt(
    figures: &mut [Indicator],
    is_doubted: impl Fn(&Indicator) -> bool,
    said: &IndicatorRemark,
) {
    for figure in figures.iter_mut().filter(|one| is_doubted(one)) {
        let doubted = figure.clone().with_verdict(ClaimVerdict::Doubtful);
        *figure = doubted.with_remark(said.clone());
    }
}
