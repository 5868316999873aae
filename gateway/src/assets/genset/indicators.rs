//! Gensets: energy, hours, fuel and CO2 (METHODS C.5).

use crate::assets::GensetAsset;
use crate::carbon::fuel_emissions::litre_emissions;
use crate::config::Config;
use crate::config::number_ranges::number_range;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, IndicatorRemark, IndicatorSpec, ValueOrigin};
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::formulas::saved_state::saved_fields;
use crate::formulas::{FormulaStatus, finite_ratio};
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, figure_among, figure_input, status_remark,
    value_or_status,
};
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::ledger_totals::{PeriodLedger, entered_figure};
use crate::indicators::running_hours::RunningHours;
use crate::indicators::totaliser::{Totaliser, is_counter_rejected, prefer_counter};
use crate::indicators::uncertainty::RelativeUncertainty;

pub(crate) const ENERGY: IndicatorSpec =
    IndicatorSpec::new("genset.energy", "kWh", "G.5", "E = Σ (c₂ − c₁)");
pub(crate) const HOURS: IndicatorSpec = IndicatorSpec::new("genset.hours", "h", "A.1", "t");
pub(crate) const FUEL: IndicatorSpec =
    IndicatorSpec::new("genset.fuel", "L", "G.5", "F = Σ (c₂ − c₁)");
pub(crate) const SPECIFIC_FUEL: IndicatorSpec =
    IndicatorSpec::new("genset.specific_fuel", "L/kWh", "C.5", "F / E");
pub(crate) const CO2: IndicatorSpec = IndicatorSpec::new(
    "genset.co2",
    "tCO2",
    "C.5",
    "F · NCV · ρ / 1000 · EF · (1 − b) / 1000",
)
.burden();
/// CO2 of a known amount of fuel.
const CO2_OF_FUEL: IndicatorSpec =
    CO2.computed_by("C.5", "F · NCV · ρ / 1000 · EF · (1 − b) / 1000");

/// Figures of a genset, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[&ENERGY, &HOURS, &FUEL, &SPECIFIC_FUEL, &CO2];

/// Share of the rating from which a genset counts as running.
const GENSET_RUN_SHARE: f64 = 0.02;
/// Factor on the rating above which the power of a genset is implausible.
const GENSET_OVER_RATING: f64 = 1.5;
/// Upper bound of fuel for a kilowatt-hour, m3/kWh.
// 2 L: more than twice the worst set of METHODS C.4 (2.4 kg/kWh at 2.68 kg/L is 0.9 L).
const FUEL_MAX_M3_PER_KWH: f64 = 0.002;

/// Hours of full power from which litres and kilowatt-hours are compared.
// Below, a step of the fuel meter would decide.
const JUDGED_HOURS: f64 = 1.0;
/// Decimals of litres for a kilowatt-hour in a remark.
const SPECIFIC_DECIMALS: i32 = 3;

/// Accumulator of a genset.
#[derive(Debug)]
pub(crate) struct GensetSums {
    rating_kw: f64,
    energy: Option<Totaliser>,
    power: Option<Totaliser>,
    fuel: Option<Totaliser>,
    flow: Option<Totaliser>,
    hours: Option<RunningHours>,
}

saved_fields!(GensetSums {} parts { energy, power, fuel, flow, hours } fixed { rating_kw });

impl GensetSums {
    pub(crate) fn new(config: &Config, set: &GensetAsset) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        let energy = lanes.add_total(set.energy.as_ref());
        let power = lanes.add_level(set.power.as_ref());
        let fuel = lanes.add_total(set.fuel.as_ref());
        let flow = lanes.add_level(set.fuel_flow.as_ref());
        let most = set.rating_kw * GENSET_OVER_RATING;
        lanes.limit_by_rating(power, most * 1000.0);
        lanes.limit_by_rating(flow, most * FUEL_MAX_M3_PER_KWH);
        let lanes = lanes.all;
        let run_w = set.rating_kw * 1000.0 * GENSET_RUN_SHARE;
        let sums = Self {
            rating_kw: set.rating_kw,
            energy: energy.map(|at| Totaliser::from_counter(&lanes, at, most)),
            power: power.map(|at| Totaliser::from_integral(&lanes, at)),
            fuel: fuel.map(|at| Totaliser::from_counter(&lanes, at, most * FUEL_MAX_M3_PER_KWH)),
            flow: flow.map(|at| Totaliser::from_integral(&lanes, at)),
            hours: power.map(|at| RunningHours::new(&lanes, at, run_w)),
        };
        (lanes, sums)
    }

    fn totalisers(&mut self) -> impl Iterator<Item = &mut Totaliser> {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.fuel,
            &mut self.flow,
        ];
        all.into_iter().flatten()
    }
}

impl ReadingSums for GensetSums {
    fn add_reading(&mut self, tick: &InputReading) {
        self.totalisers()
            .for_each(|amount| amount.add_reading(tick));
        if let Some(hours) = &mut self.hours {
            hours.add_reading(tick);
        }
    }

    fn end_day(&mut self) {
        self.totalisers().for_each(Totaliser::end_day);
        if let Some(hours) = &mut self.hours {
            hours.end_day();
        }
    }
}

impl AssetFigures for GensetAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(GensetSums::new(request.config, self))
    }

    fn ledger_figures(
        &self,
        desk: &FigureContext<'_>,
        book: &PeriodLedger,
        own: &[&Indicator],
    ) -> Vec<Indicator> {
        // Measured fuel takes precedence over fuel receipts, so that a litre counts once.
        let measured = figure_among(own, &FUEL).is_some();
        let bought = self.fuel_ledger.as_ref().filter(|_| !measured);
        let bought = bought.map(|indicator| {
            let bought = entered_figure(desk, &FUEL, (indicator, "F"), book);
            let energy = figure_among(own, &ENERGY);
            let doubt = energy.and_then(|energy| fuel_doubt(self.rating_kw, &bought, energy));
            match doubt {
                // What was bought need not be burnt in the same period.
                Some((_, remark)) => with_doubt(&bought, (ClaimVerdict::Doubtful, remark)),
                None => bought,
            }
        });
        let both: Vec<&Indicator> = own.iter().copied().chain(&bought).collect();
        let more = genset_fuel_figures(desk, self, &both);
        bought.into_iter().chain(more).collect()
    }
}

impl AssetSums for GensetSums {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let mut made = AssetIndicators::default();
        let energy = prefer_counter(self.energy.as_ref(), self.power.as_ref());
        if energy.is_some() {
            let passed = is_counter_rejected(self.energy.as_ref(), energy);
            let figure = read.total_figure(&ENERGY, "E", energy, FormulaStatus::NoEnergy);
            made.figures
                .push(figure.with_remark_if(passed, "account-counter-refused"));
            made.daily.extend(read.daily_totals(&ENERGY, energy));
        }
        if let Some(fuel) = prefer_counter(self.fuel.as_ref(), self.flow.as_ref()) {
            let passed = is_counter_rejected(self.fuel.as_ref(), Some(fuel));
            let mut figure = read
                .total_figure(&FUEL, "F", Some(fuel), FormulaStatus::NoData)
                .with_remark_if(passed, "account-counter-refused");
            // Readings are in m3; the figure is in litres, the unit that staff use.
            figure.value = figure.value.map(|m3| m3 * 1000.0);
            figure.equation = litres_of(figure.equation);
            figure.uncertainty.gum = figure.uncertainty.gum.map(|m3| m3 * 1000.0);
            made.figures.push(figure);
            let daily = read.daily_totals(&FUEL, Some(fuel));
            made.daily.extend(daily.map(|mut daily| {
                for (_, value, _) in &mut daily.days {
                    *value = value.map(|m3| m3 * 1000.0);
                }
                daily
            }));
        }
        judge_measured_fuel(self.rating_kw, &mut made.figures);
        if let Some(hours) = &self.hours {
            made.figures.push(hours.figure(read, &HOURS));
        }
        made.events = read.data_events(&[self.energy.as_ref(), self.fuel.as_ref()]);
        made
    }
}

/// Gives measured fuel its verdict by the litres for a kilowatt-hour; the energy beside it is to be
/// checked, since one of both is wrong.
fn judge_measured_fuel(rating_kw: f64, figures: &mut [Indicator]) {
    let [energy, fuel] = figures else {
        return;
    };
    if let Some((verdict, remark)) = fuel_doubt(rating_kw, fuel, energy) {
        *energy = with_doubt(energy, (ClaimVerdict::Doubtful, remark.clone()));
        *fuel = with_doubt(fuel, (verdict, remark));
    }
}

fn with_doubt(figure: &Indicator, (verdict, remark): (ClaimVerdict, IndicatorRemark)) -> Indicator {
    figure.clone().with_verdict(verdict).with_remark(remark)
}

/// Verdict on fuel by the litres that a kilowatt-hour took, with its reason; `None` where they are
/// usual, or too little ran to say.
fn fuel_doubt(
    rating_kw: f64,
    fuel: &Indicator,
    energy: &Indicator,
) -> Option<(ClaimVerdict, IndicatorRemark)> {
    let (litres, kwh) = (*fuel.value.as_ref().ok()?, *energy.value.as_ref().ok()?);
    let range = number_range("litres_per_kwh")?;
    let found = finite_ratio(litres, kwh).filter(|_| kwh >= rating_kw * JUDGED_HOURS)?;
    let (verdict, key, ends) = if range.refuses(found) {
        let verdict = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
        (verdict, "account-implausible-fuel", range.refused)
    } else if range.is_unusual(found) {
        (ClaimVerdict::Doubtful, "account-unusual-fuel", range.usual)
    } else {
        return None;
    };
    let found = round_decimals(found, SPECIFIC_DECIMALS, RoundingMode::Nearest);
    let remark = IndicatorRemark::new(key)
        .with_arg("found", found)
        .with_arg("least", ends.0)
        .with_arg("most", ends.1);
    Some((verdict, remark))
}

/// Equation of litres, from that of cubic metres.
fn litres_of(equation: &'static str) -> &'static str {
    match equation {
        "Σ (c₂ − c₁)" => "1000 · Σ (c₂ − c₁)",
        "max(0, Σ (c₂ − c₁))" => "1000 · max(0, Σ (c₂ − c₁))",
        "Σ g · (c₂ − c₁)" => "1000 · Σ g · (c₂ − c₁)",
        "max(0, Σ g · (c₂ − c₁))" => "1000 · max(0, Σ g · (c₂ − c₁))",
        _ => "1000 · F",
    }
}

/// Figures that follow from the fuel of a genset, measured or bought (METHODS C.5): litres per
/// kilowatt-hour and CO2.
fn genset_fuel_figures(
    desk: &FigureContext<'_>,
    set: &GensetAsset,
    known: &[&Indicator],
) -> Vec<Indicator> {
    let Some(fuel) = figure_among(known, &FUEL) else {
        return vec![desk.figure(&CO2, Err(status_remark(FormulaStatus::NoData)), Vec::new())];
    };
    let mut all = Vec::new();
    if let Some(energy) = figure_among(known, &ENERGY) {
        let both = fuel
            .value
            .clone()
            .and_then(|f| Ok((f, energy.value.clone()?)));
        let value: FigureValue = both
            .and_then(|(f, e)| value_or_status(finite_ratio(f, e), FormulaStatus::NoGeneration));
        let inputs = vec![figure_input("F", fuel), figure_input("E", energy)];
        let width = RelativeUncertainty::of_product(&[
            RelativeUncertainty::from_indicator(fuel),
            RelativeUncertainty::from_indicator(energy),
        ]);
        let share = lowest_completeness([fuel.completeness, energy.completeness]);
        let figure = desk.figure(&SPECIFIC_FUEL, value, inputs);
        all.push(
            figure
                .with_completeness(share)
                .with_origin(fuel.origin)
                .with_uncertainty(width),
        );
    }
    let co2 = match litre_emissions(desk, &set.burns) {
        Err(missing) => desk.figure(&CO2_OF_FUEL, Err(missing), vec![figure_input("F", fuel)]),
        Ok(litre) => {
            let value = fuel.value.clone().map(|f| f * litre.kg_co2 / 1000.0);
            let mut inputs = vec![figure_input("F", fuel)];
            inputs.extend(litre.inputs);
            let figure = desk.figure(&CO2_OF_FUEL, value, inputs);
            let add = |figure: Indicator, factor| figure.with_factor(desk.config, factor);
            let figure = litre.factors.iter().fold(figure, add);
            litre
                .remarks
                .into_iter()
                .fold(figure, FigureBuilder::with_remark)
        }
    };
    all.push(
        // Litres may be measured, but the emission is litres times a factor.
        co2.with_origin(ValueOrigin::Estimated)
            .with_completeness(fuel.completeness),
    );
    all
}
