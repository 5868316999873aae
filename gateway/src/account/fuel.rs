//! CO2 of a litre of what an engine burns (C.5), in the period.

use crate::account::figure::{Desk, constant, from_factor, setting};
use crate::analyse::fuel::{Fuel as Burnt, fuel_ef_per_litre};
use crate::analyse::gwp::Gwp;
use crate::config::assets::Fuel;
use crate::config::factors::GwpSet;
use crate::model::factor::Factor;
use crate::model::indicator::{Input, Remark};
use std::sync::Arc;

/// A litre of a fuel.
pub(super) struct Litre {
    /// Fossil CO2, kg.
    pub(super) kg_co2: f64,
    pub(super) inputs: Vec<Input>,
    pub(super) factors: Vec<Arc<Factor>>,
    pub(super) remarks: Vec<Remark>,
}

/// The CO2 of a litre; without a density there is none.
pub(super) fn litre(desk: &Desk<'_>, fuel: &Fuel) -> Result<Litre, Remark> {
    let density = fuel
        .density_kg_l
        .ok_or_else(|| Remark::new("account-no-density"))?;
    let no_factor = || Remark::new("account-no-fuel-factor");
    let co2 = fuel.co2.as_ref().ok_or_else(no_factor)?;
    let ncv = fuel.ncv.as_ref().ok_or_else(no_factor)?;
    let per_gj = co2.kg_per_gj().ok_or_else(no_factor)?;
    let heat = ncv.value_in("GJ/t").ok_or_else(no_factor)?;
    let Biodiesel {
        share,
        input: from_blend,
        remark,
        ..
    } = biodiesel(desk, fuel);
    let litre = fuel_ef_per_litre(&Burnt {
        ncv_gj_t: heat,
        rho_kg_l: density,
        ef_co2_kg_gj: per_gj,
        ef_ch4_kg_gj: 0.0,
        ef_n2o_kg_gj: 0.0,
        bio_frac_vol: share,
        gwp: gwp(desk.config.factors.gwp),
    });
    Ok(Litre {
        kg_co2: litre.kgco2,
        inputs: vec![
            from_factor("NCV", heat, "GJ/t", ncv),
            setting("ρ", density, "kg/L", "density_kg_l"),
            from_factor("EF", per_gj, "kgCO2/GJ", co2),
            from_blend,
        ],
        factors: fuel.factors().into_iter().cloned().collect(),
        remarks: remark.into_iter().collect(),
    })
}

/// Biodiesel in a fuel over a period.
pub(super) struct Biodiesel {
    /// Its largest share in force, 0 to 1: the one that claims least.
    pub(super) share: f64,
    /// The share as an input of C.5 and C.6.
    pub(super) input: Input,
    /// The factor that says so.
    pub(super) factor: Option<Arc<Factor>>,
    /// The share changed in the period.
    pub(super) remark: Option<Remark>,
}

/// The biodiesel of a fuel in the period.
pub(super) fn biodiesel(desk: &Desk<'_>, fuel: &Fuel) -> Biodiesel {
    let days = desk.span.days.iter();
    let shares = days.filter_map(|day| Some(fuel.blend_on(day.date)?.share));
    let range = shares.fold(None, |range: Option<(f64, f64)>, share| {
        let (low, high) = range.unwrap_or((share, share));
        Some((low.min(share), high.max(share)))
    });
    let (low, share) = range.unwrap_or_default();
    let factor = blended(desk, fuel);
    Biodiesel {
        share,
        input: match &factor {
            Some(factor) => from_factor("b", share, "", factor),
            None if fuel.blends.is_empty() => constant("b", 0.0, "", "no-biodiesel"),
            None => setting("b", share, "", "biodiesel"),
        },
        factor,
        remark: (low < share).then(|| Remark::new("account-blend-changed")),
    }
}

fn blended(desk: &Desk<'_>, fuel: &Fuel) -> Option<Arc<Factor>> {
    let day = desk.span.days.last()?;
    fuel.blend_on(day.date)?.factor.clone()
}

/// The set of warming potentials as the formulas name it.
pub(super) fn gwp(set: GwpSet) -> Gwp {
    match set {
        GwpSet::Ar4 => Gwp::Ar4,
        GwpSet::Ar5 => Gwp::Ar5,
        GwpSet::Ar6 => Gwp::Ar6,
    }
}
