//! Landfill baseline of waste: factors, inputs and uncertainty of its methane (METHODS E.5).

use crate::assets::WasteFate;
use crate::carbon::formulas::first_order_decay::{LandfillModel, WasteKind};
use crate::carbon::fuel_emissions::formula_gwp;
use crate::carbon::waste_group::WasteGroup;
use crate::domain::factor::Factor;
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, ValueOrigin,
};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, factor_input, setting_input,
};
use crate::indicators::uncertainty::RelativeUncertainty;
use std::sync::Arc;

/// Half of the 95 % interval of `DOC_f`, % (METHODS G.2).
const DOCF_UNCERTAINTY_PCT: f64 = 20.0;
/// Ids of the landfill factors of METHODS E.5, in the order used by `landfill_baseline`; MCF and
/// GWP are chosen by the site.
const LANDFILL_FACTOR_IDS: [&str; 6] = [
    "swds.phi.appB_wet",
    "swds.ox",
    "swds.F",
    "swds.docf",
    "swds.doc.food.wet",
    "swds.k.food.tropical_wet",
];

/// Landfill baseline: model, factors and inputs.
pub(super) struct LandfillBaseline {
    pub(super) model: LandfillModel,
    factors: Vec<Arc<Factor>>,
    inputs: Vec<IndicatorInput>,
    wide: RelativeUncertainty,
}

/// Landfill baseline of the waste; fails with a remark when disposal gives no methane baseline.
pub(super) fn landfill_baseline(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
) -> Result<LandfillBaseline, IndicatorRemark> {
    let refused = |key: &str| Err(IndicatorRemark::new(key));
    let Some(disposal) = group.disposal else {
        return refused("account-no-disposal");
    };
    // Open burning, animal feed and farm heaps emit no landfill methane (METHODS E.5).
    if disposal.fate != WasteFate::Landfill {
        return refused("account-no-landfill");
    }
    // The landfill factors are per tonne of wet waste.
    if group.dry {
        return refused("account-dry-mass");
    }
    // Zero gas capture is not assumed: the landfill operator must be asked (METHODS E.5).
    let Some(captured) = disposal.gas_captured else {
        return refused("account-ask-landfill");
    };
    let known = &desk.config.factors;
    let usual = LandfillModel::default();
    let value = |id: &str, usual: f64| known.find(id).map_or(usual, |factor| factor.value);
    let mcf = disposal.mcf.clone();
    let set = formula_gwp(known.gwp);
    let model = LandfillModel {
        phi: value(LANDFILL_FACTOR_IDS[0], usual.phi),
        f: captured,
        gwp_ch4: set.ch4(),
        ox: value(LANDFILL_FACTOR_IDS[1], usual.ox),
        f_ch4: value(LANDFILL_FACTOR_IDS[2], usual.f_ch4),
        docf: value(LANDFILL_FACTOR_IDS[3], usual.docf),
        mcf: mcf.as_ref().map_or(usual.mcf, |factor| factor.value),
    };
    let warming = set.factor_id("ch4");
    let mut factors: Vec<Arc<Factor>> = LANDFILL_FACTOR_IDS
        .iter()
        .filter_map(|id| known.find(id).cloned())
        .collect();
    factors.extend(known.find(&warming).cloned());
    let food = WasteKind::Food;
    let usual_input = |symbol, value, unit: &str, id: &str| match known.find(id) {
        Some(factor) => factor_input(symbol, value, unit, factor),
        None => constant_input(symbol, value, unit, "ipcc"),
    };
    let ids = LANDFILL_FACTOR_IDS;
    let inputs = vec![
        usual_input("φ", model.phi, "", ids[0]),
        setting_input("f", captured, "", "disposal.gas_captured"),
        usual_input("GWP", model.gwp_ch4, "", &warming),
        usual_input("OX", model.ox, "", ids[1]),
        usual_input("F", model.f_ch4, "", ids[2]),
        usual_input("DOC_f", model.docf, "", ids[3]),
        match &mcf {
            Some(factor) => factor_input("MCF", model.mcf, "", factor),
            None => constant_input("MCF", model.mcf, "", "ipcc"),
        },
        usual_input("DOC", food.degradable_carbon(), "", ids[4]),
        usual_input("k", food.decay_rate_per_year(), "1/a", ids[5]),
    ];
    let doc = known
        .find(LANDFILL_FACTOR_IDS[4])
        .and_then(|factor| factor.uncertainty_percent());
    let of_dump = mcf.as_ref().and_then(|factor| factor.uncertainty_percent());
    factors.extend(mcf);
    let parts = [doc, Some(DOCF_UNCERTAINTY_PCT), of_dump].map(RelativeUncertainty::from_percent);
    Ok(LandfillBaseline {
        model,
        factors,
        inputs,
        wide: RelativeUncertainty::of_product(&parts),
    })
}

impl LandfillBaseline {
    /// Figure of this waste under this baseline.
    pub(super) fn figure(
        &self,
        desk: &FigureContext<'_>,
        spec: &IndicatorSpec<'_>,
        (value, waste): (FigureValue, Vec<IndicatorInput>),
        group: &WasteGroup<'_>,
    ) -> Indicator {
        let inputs = waste
            .into_iter()
            .chain(self.inputs.iter().cloned())
            .collect();
        let figure = desk
            .figure(spec, value, inputs)
            .with_origin(ValueOrigin::Estimated)
            .with_uncertainty(self.wide)
            .with_remark(IndicatorRemark::new("account-order-of-magnitude"))
            .with_remark(IndicatorRemark::new("account-food-waste"));
        let add = |figure: Indicator, factor| figure.with_factor(desk.config, factor);
        let figure = self.factors.iter().fold(figure, add);
        let unproved = group.disposal.is_some_and(|one| one.evidence.is_empty());
        figure.with_remark_if(unproved, "account-evidence-disposal")
    }
}
