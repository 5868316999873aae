//! What would have been emitted by each kind of baseline: METHODS C.3 to C.6.

use crate::account::carbon::{Known, find};
use crate::account::figure::{
    Build, Desk, Value, because, constant, from_factor, from_figure, input, setting,
};
use crate::account::fuel::{Biodiesel, Litre, biodiesel, litre};
use crate::account::pump::density;
use crate::account::wide::Wide;
use crate::analyse::Status;
use crate::analyse::fuel::{FuelPump, Load, be_pump_from_water, genset_ef};
use crate::analyse::grid::be_grid;
use crate::config::Config;
use crate::config::assets::{Fuel, GensetLoad, GensetWay, PumpFuelWay};
use crate::model::factor::{Factor, FactorStatus, FactorUnit, Unverified};
use crate::model::indicator::{Indicator, Input, Origin, Remark, Source};
use std::sync::Arc;

/// Width of a grid factor where no document gives one, a factor of its own.
const GRID_WIDTH: &str = "policy.grid.uncertainty";

/// What a part of the reckoning came to.
pub(super) struct Part {
    pub(super) value: Value,
    pub(super) unit: &'static str,
    pub(super) inputs: Vec<Input>,
    pub(super) factors: Vec<Arc<Factor>>,
    pub(super) wide: Wide,
    pub(super) remarks: Vec<Remark>,
    pub(super) method: &'static str,
    pub(super) equation: &'static str,
}

impl Part {
    pub(super) fn none(because: Remark) -> Self {
        Self {
            value: Err(because),
            unit: "tCO2",
            inputs: Vec::new(),
            factors: Vec::new(),
            wide: Wide::default(),
            remarks: Vec::new(),
            method: "",
            equation: "",
        }
    }

    /// Nothing is emitted, and that is known.
    pub(super) fn zero(said: &str) -> Self {
        let mut part = Self::none(Remark::new(said));
        part.value = Ok(0.0);
        part.wide = Wide::EXACT;
        part.remarks.push(Remark::new(said));
        part
    }

    pub(super) fn figure(self, desk: &Desk<'_>, id: &str) -> Indicator {
        let mut figure = desk
            .figure(id, self.value, self.inputs)
            .origin(Origin::Estimated)
            .wide(self.wide);
        figure.unit = Arc::from(self.unit);
        if !self.method.is_empty() {
            (figure.method, figure.equation) = (self.method, self.equation);
        }
        for factor in &self.factors {
            figure = figure.factor(desk.config, factor);
        }
        self.remarks.into_iter().fold(figure, Build::remark)
    }
}

/// C.3.
pub(super) fn grid(
    config: &Config,
    used: &Indicator,
    factor: Option<&Arc<Factor>>,
    losses: f64,
) -> Part {
    let Some((factor, per_mwh)) = factor.and_then(|factor| Some((factor, factor.t_per_mwh()?)))
    else {
        return Part::none(because(Status::NoSource));
    };
    let (width, assumed) = grid_width(config, factor);
    let mut remarks = Vec::new();
    if let Some(assumed) = assumed {
        remarks.push(assumed);
    }
    Part {
        value: used.value.clone().map(|e| be_grid(e, per_mwh, losses)),
        unit: gases(factor),
        inputs: vec![
            from_figure("E_used", used),
            from_factor("EF", per_mwh, "tCO2/MWh", factor),
            setting("TDL", losses, "", "losses"),
        ],
        factors: vec![Arc::clone(factor)],
        wide: Wide::product(&[Wide::from(used), width]),
        remarks,
        method: "C.3",
        equation: "E_used / 1000 · EF · (1 + TDL)",
    }
}

/// How wide a grid factor is; without a range of its own, by the product's rule, and it says so.
pub(super) fn grid_width(config: &Config, factor: &Factor) -> (Wide, Option<Remark>) {
    if let Some(pct) = factor.percent() {
        return (Wide::pct(Some(pct)), None);
    }
    let rule = config.factors.find(GRID_WIDTH).map(|rule| rule.value);
    let said = rule.map(|pct| Remark::new("account-factor-policy").with("pct", pct));
    (Wide::pct(rule), said)
}

/// A factor may count CO2 alone, or its equivalent of all gases.
pub(super) fn gases(factor: &Factor) -> &'static str {
    if factor.unit.text().contains("CO2e") {
        "tCO2e"
    } else {
        "tCO2"
    }
}

/// C.4, C.5.
pub(super) fn genset(
    desk: &Desk<'_>,
    used: &Indicator,
    rating_kw: f64,
    way: Option<&GensetWay>,
) -> Part {
    match way {
        None => Part::none(because(Status::NoSource)),
        Some(GensetWay::Factor(factor)) => {
            let mut part = grid(desk.config, used, Some(factor), 0.0);
            part.inputs.truncate(2);
            (part.method, part.equation) = ("C.4", "E_used / 1000 · EF");
            part
        }
        Some(GensetWay::Litres {
            litres_per_kwh,
            fuel,
        }) => litres(
            used,
            *litres_per_kwh,
            ("f", "L/kWh", "litres_per_kwh"),
            litre(desk, fuel),
        ),
        Some(GensetWay::Unverified(number)) => unchecked(used, per_mwh(number), &number.id),
        Some(GensetWay::Table(load)) => {
            let load = match load {
                GensetLoad::Lf25 => Load::Quarter,
                GensetLoad::Lf50 => Load::Half,
                GensetLoad::Lf100 => Load::Full,
            };
            let mut part = unchecked(used, genset_ef(rating_kw, load), "genset.table");
            part.inputs.push(setting("P", rating_kw, "kW", "rating_kw"));
            part
        }
    }
}

/// By a number that nobody checked: never in a headline as it is.
fn unchecked(used: &Indicator, per_mwh: Option<f64>, id: &str) -> Part {
    let mut part = Part::none(because(Status::NoSource));
    let Some(per_mwh) = per_mwh else {
        return part;
    };
    part.value = used.value.clone().map(|e| be_grid(e, per_mwh, 0.0));
    part.unit = "tCO2e";
    part.inputs = vec![
        from_figure("E_used", used),
        input(
            "EF",
            Some(per_mwh),
            "tCO2e/MWh",
            Source::Factor(Arc::from(id)),
        ),
    ];
    part.remarks = vec![because(Status::Illustrative)];
    (part.method, part.equation) = ("C.4", "E_used / 1000 · EF");
    part
}

/// A number that nobody checked, in t/MWh.
fn per_mwh(number: &Unverified) -> Option<f64> {
    let factor = Factor {
        id: Arc::clone(&number.id),
        value: number.value?,
        unit: FactorUnit::parse(&number.unit)?,
        scope: String::new(),
        year: None,
        valid_from: None,
        valid_to: None,
        spread: None,
        status: FactorStatus::TranscribedOnce,
        headline_ok: false,
        source: String::new(),
        note: String::new(),
    };
    factor.t_per_mwh()
}

/// C.5: litres that would have been burnt for each unit of what was given.
fn litres(
    given: &Indicator,
    per_unit: f64,
    (symbol, unit, key): (&'static str, &str, &str),
    litre: Result<Litre, Remark>,
) -> Part {
    let litre = match litre {
        Ok(litre) => litre,
        Err(missing) => return Part::none(missing),
    };
    let mut inputs = vec![
        from_figure("Q", given),
        setting(symbol, per_unit, unit, key),
    ];
    inputs.extend(litre.inputs);
    Part {
        value: given
            .value
            .clone()
            .map(|q| q * per_unit * litre.kg_co2 / 1000.0),
        unit: "tCO2",
        inputs,
        factors: litre.factors,
        wide: Wide::default(),
        remarks: litre.remarks,
        method: "C.5",
        equation: "Q · f · NCV · ρ / 1000 · EF · (1 − b) / 1000",
    }
}

/// C.5 or C.6: a fuel pump that would have lifted the water.
pub(super) fn pump_fuel(
    desk: &Desk<'_>,
    known: Known<'_>,
    pump: &str,
    way: PumpFuelWay,
    fuel: &Fuel,
) -> Part {
    let Some(water) = find(known, "pump.volume", pump) else {
        return Part::none(because(Status::NoData));
    };
    match way {
        PumpFuelWay::Litres { litres_per_m3 } => {
            let by = ("f", "L/m3", "litres_per_m3");
            litres(water, litres_per_m3, by, litre(desk, fuel))
        }
        PumpFuelWay::Water {
            eta_pump,
            eta_engine,
            measured,
        } => lifted(
            desk,
            (water, find(known, "pump.head", pump)),
            (eta_pump, eta_engine),
            measured,
            fuel,
        ),
    }
}

/// C.6.
fn lifted(
    desk: &Desk<'_>,
    (water, head): (&Indicator, Option<&Indicator>),
    (eta_pump, eta_engine): (f64, f64),
    measured: bool,
    fuel: &Fuel,
) -> Part {
    let co2 = fuel.co2.clone();
    let per_gj = co2.as_ref().and_then(|factor| factor.kg_per_gj());
    let (Some(co2), Some(per_gj), Some(head)) = (co2, per_gj, head) else {
        return Part::none(because(Status::NoSource));
    };
    let Biodiesel {
        share,
        input: from_blend,
        factor,
        remark,
    } = biodiesel(desk, fuel);
    let rho = density(desk.config);
    let both = water
        .value
        .clone()
        .and_then(|v| Ok((v, head.value.clone()?)));
    let value = both.and_then(|(v_m3, h_m)| {
        let pump = FuelPump {
            v_m3,
            h_m,
            eta_pump,
            eta_engine,
            ef_co2_kg_gj: per_gj,
            bio_frac: share,
            rho,
        };
        be_pump_from_water(&pump).ok_or_else(|| because(Status::NoData))
    });
    Part {
        value,
        unit: "tCO2",
        inputs: vec![
            from_figure("V", water),
            from_figure("H", head),
            setting("η_pump", eta_pump, "", "eta_pump"),
            setting("η_engine", eta_engine, "", "eta_engine"),
            from_factor("EF", per_gj, "kgCO2/GJ", &co2),
            from_blend,
            constant("ρ", rho, "kg/m3", "water"),
        ],
        factors: [co2].into_iter().chain(factor).collect(),
        wide: Wide::default(),
        remarks: {
            let mut all = head.remarks.clone();
            all.extend((!measured).then(|| Remark::new("account-eta-assumed")));
            all.extend(remark);
            all
        },
        method: "C.6",
        equation: "0.0036 · ρ · g · H · V / 3.6e6 / (η_pump · η_engine) · EF · (1 − b) / 1000",
    }
}
