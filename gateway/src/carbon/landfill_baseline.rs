//! Landfill baseline of waste: factors, inputs and uncertainty of its methane (METHODS E.5).

use crate::assets::WasteFate;
use crate::carbon::formulas::first_order_decay::{LandfillModel, WasteKind};
use crate::carbon::fuel_emissions::formula_gwp;
use crate::carbon::waste_group::WasteGroup;
use crate::config::factors::Factors;
use crate::domain::factor::Factor;
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, InputSource, ValueOrigin,
};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, factor_input, setting_input,
};
use crate::indicators::uncertainty::RelativeUncertainty;
use std::sync::Arc;

/// Half of the 95 % interval of `DOC_f`, % (METHODS G.2).
const DOCF_UNCERTAINTY_PCT: f64 = 20.0;
/// Ids and units of the landfill factors of METHODS E.5, in the order used by `landfill_baseline`;
/// MCF and GWP are chosen by the site.
const LANDFILL_FACTORS: [(&str, &str); 6] = [
    ("swds.phi.appB_wet", "1"),
    ("swds.ox", "1"),
    ("swds.F", "m3/m3"),
    ("swds.docf", "1"),
    ("swds.doc.food.wet", "kgC/kg wet"),
    ("swds.k.food.tropical_wet", "1/yr"),
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
    let mcf = disposal.mcf.clone();
    let model = landfill_model(known, mcf.as_deref(), captured);
    let (doc, k) = model.own_waste.unwrap_or_default();
    let set = formula_gwp(known.gwp);
    let warming = set.factor_id("ch4");
    let mut factors: Vec<Arc<Factor>> = LANDFILL_FACTORS
        .iter()
        .filter_map(|(id, _)| known.find(id).cloned())
        .collect();
    factors.extend(known.find(&warming).cloned());
    let usual_input = |symbol, value, unit: &str, id: &str| match known.find(id) {
        Some(factor) => factor_input(symbol, value, unit, factor),
        None => constant_input(symbol, value, unit, "ipcc"),
    };
    let ids = LANDFILL_FACTORS;
    let inputs = vec![
        usual_input("φ", model.phi, "", ids[0].0),
        setting_input("f", captured, "", "disposal.gas_captured"),
        usual_input("GWP", model.gwp_ch4, "", &warming),
        usual_input("OX", model.ox, "", ids[1].0),
        usual_input("F", model.f_ch4, "", ids[2].0),
        usual_input("DOC_f", model.docf, "", ids[3].0),
        match &mcf {
            Some(factor) => factor_input("MCF", model.mcf, "", factor),
            None => constant_input("MCF", model.mcf, "", "ipcc"),
        },
        usual_input("DOC", doc, "", ids[4].0),
        usual_input("k", k, "1/a", ids[5].0),
    ];
    let wide = landfill_uncertainty(known, mcf.as_deref());
    factors.extend(mcf);
    Ok(LandfillBaseline {
        model,
        factors,
        inputs,
        wide,
    })
}

/// Model of the landfill, with the factors of the site.
fn landfill_model(known: &Factors, mcf: Option<&Factor>, captured: f64) -> LandfillModel {
    let usual = LandfillModel::default();
    // The factor that is printed as the source of a number also gives the number.
    let value = |(id, unit): (&str, &str), usual: f64| {
        let known = known.find(id).and_then(|factor| factor.value_in(unit));
        known.unwrap_or(usual)
    };
    let food = WasteKind::Food;
    let doc = value(LANDFILL_FACTORS[4], food.degradable_carbon());
    let k = value(LANDFILL_FACTORS[5], food.decay_rate_per_year());
    LandfillModel {
        phi: value(LANDFILL_FACTORS[0], usual.phi),
        f: captured,
        gwp_ch4: formula_gwp(known.gwp).ch4(),
        ox: value(LANDFILL_FACTORS[1], usual.ox),
        f_ch4: value(LANDFILL_FACTORS[2], usual.f_ch4),
        docf: value(LANDFILL_FACTORS[3], usual.docf),
        mcf: mcf.map_or(usual.mcf, |factor| factor.value),
        own_waste: Some((doc, k)),
    }
}

/// Uncertainty of the carbon, of the share that decays, and of the dump.
fn landfill_uncertainty(known: &Factors, mcf: Option<&Factor>) -> RelativeUncertainty {
    let of_carbon = known.find(LANDFILL_FACTORS[4].0);
    let of_carbon = of_carbon.and_then(|factor| known.used_uncertainty(factor));
    let of_dump = mcf.and_then(|factor| known.used_uncertainty(factor));
    let parts = [of_carbon, Some(DOCF_UNCERTAINTY_PCT), of_dump];
    RelativeUncertainty::of_product(&parts.map(RelativeUncertainty::from_percent))
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
        // The methane of a lifetime does not depend on the decay rate, so it does not name it.
        let used = |input: &&IndicatorInput| names_symbol(spec.equation, input.symbol);
        let own: Vec<IndicatorInput> = self.inputs.iter().filter(used).cloned().collect();
        let ids: Vec<Arc<str>> = own.iter().filter_map(factor_id).collect();
        let inputs = waste.into_iter().chain(own).collect();
        let figure = desk
            .figure(spec, value, inputs)
            .with_origin(ValueOrigin::Estimated)
            .with_uncertainty(self.wide)
            .with_remark(IndicatorRemark::new("account-order-of-magnitude"))
            .with_remark(IndicatorRemark::new("account-food-waste"));
        let add = |figure: Indicator, factor| figure.with_factor(desk.config, factor);
        let factors = self.factors.iter().filter(|one| ids.contains(&one.id));
        let figure = factors.fold(figure, add);
        let unproved = group.disposal.is_some_and(|one| one.evidence.is_empty());
        figure.with_remark_if(unproved, "account-evidence-disposal")
    }
}

/// Whether an equation has this symbol.
fn names_symbol(equation: &str, symbol: &str) -> bool {
    let mut words = equation.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word == symbol)
}

fn factor_id(input: &IndicatorInput) -> Option<Arc<str>> {
    match &input.from {
        InputSource::Factor(id) => Some(Arc::clone(id)),
        _ => None,
    }
}
