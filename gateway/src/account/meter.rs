//! An electricity meter, and a genset (METHODS C.5).

use crate::account::amount::{Amount, Running, better, is_passed_over};
use crate::account::asset::{Kind, Made, Read};
use crate::account::figure::{Build, Desk, Value, because, from_figure, or_status};
use crate::account::fuel::litre;
use crate::account::gather::{Sums, Tick};
use crate::account::lane::{Lane, Lanes};
use crate::account::plts::GRID_KW_MAX;
use crate::account::track::least;
use crate::account::wide::Wide;
use crate::analyse::{Status, ratio};
use crate::config::Config;
use crate::config::assets::{Genset, Meter};
use crate::model::indicator::{Indicator, Origin};

/// Share of its rating from which a set counts as running.
const RUN_SHARE: f64 = 0.02;
/// A set gives at most this many times its rating.
const OVER_RATING: f64 = 1.5;
/// More fuel than any set burns for a kilowatt-hour, m3.
const M3_PER_KWH: f64 = 0.002;

/// The readings of a meter as they come.
#[derive(Debug)]
pub(super) struct MeterSums {
    /// By figure and symbol; the power only where nothing counts all energy.
    counters: Vec<(&'static str, &'static str, Amount)>,
    power: Option<Amount>,
}

impl MeterSums {
    pub(super) fn new(config: &Config, meter: &Meter) -> (Vec<Lane>, Self) {
        let mut lanes = Lanes::new(config);
        let all = [
            ("meter.energy", "E", lanes.total(meter.energy.as_ref())),
            (
                "meter.import",
                "E_import",
                lanes.total(meter.import.as_ref()),
            ),
            (
                "meter.export",
                "E_export",
                lanes.total(meter.export.as_ref()),
            ),
        ];
        let power = lanes.level(meter.power.as_ref());
        lanes.rated(power, GRID_KW_MAX * 1000.0);
        let lanes = lanes.all;
        let counters = all.into_iter().filter_map(|(id, symbol, lane)| {
            Some((id, symbol, Amount::counter(&lanes, lane?, GRID_KW_MAX)))
        });
        let counters: Vec<_> = counters.collect();
        let power = power.filter(|_| counters.is_empty());
        let power = power.map(|at| Amount::integral(&lanes, at));
        (lanes, Self { counters, power })
    }

    fn amounts(&mut self) -> impl Iterator<Item = &mut Amount> {
        let counters = self.counters.iter_mut().map(|(_, _, amount)| amount);
        counters.chain(&mut self.power)
    }
}

impl Sums for MeterSums {
    fn take(&mut self, tick: &Tick) {
        self.amounts().for_each(|amount| amount.take(tick));
    }

    fn day_ends(&mut self) {
        self.amounts().for_each(Amount::day_ends);
    }
}

impl Kind for MeterSums {
    fn make(&self, read: &Read<'_>) -> Made {
        let power = self.power.iter().map(|power| ("meter.energy", "E", power));
        let counters = self
            .counters
            .iter()
            .map(|(id, symbol, one)| (*id, *symbol, one));
        let mut made = Made::default();
        for (id, symbol, amount) in counters.chain(power) {
            made.figures
                .push(read.amount(id, symbol, Some(amount), Status::NoData));
            made.daily.extend(read.daily(id, Some(amount)));
        }
        let all: Vec<_> = self.counters.iter().map(|(_, _, one)| Some(one)).collect();
        made.events = read.events(&all);
        made
    }
}

/// The readings of a genset as they come.
#[derive(Debug)]
pub(super) struct GensetSums {
    energy: Option<Amount>,
    power: Option<Amount>,
    fuel: Option<Amount>,
    flow: Option<Amount>,
    hours: Option<Running>,
}

impl GensetSums {
    pub(super) fn new(config: &Config, set: &Genset) -> (Vec<Lane>, Self) {
        let mut lanes = Lanes::new(config);
        let energy = lanes.total(set.energy.as_ref());
        let power = lanes.level(set.power.as_ref());
        let fuel = lanes.total(set.fuel.as_ref());
        let flow = lanes.level(set.fuel_flow.as_ref());
        let most = set.rating_kw * OVER_RATING;
        lanes.rated(power, most * 1000.0);
        lanes.rated(flow, most * M3_PER_KWH);
        let lanes = lanes.all;
        let run_w = set.rating_kw * 1000.0 * RUN_SHARE;
        let sums = Self {
            energy: energy.map(|at| Amount::counter(&lanes, at, most)),
            power: power.map(|at| Amount::integral(&lanes, at)),
            fuel: fuel.map(|at| Amount::counter(&lanes, at, most * M3_PER_KWH)),
            flow: flow.map(|at| Amount::integral(&lanes, at)),
            hours: power.map(|at| Running::new(&lanes, at, run_w)),
        };
        (lanes, sums)
    }

    fn amounts(&mut self) -> impl Iterator<Item = &mut Amount> {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.fuel,
            &mut self.flow,
        ];
        all.into_iter().flatten()
    }
}

impl Sums for GensetSums {
    fn take(&mut self, tick: &Tick) {
        self.amounts().for_each(|amount| amount.take(tick));
        if let Some(hours) = &mut self.hours {
            hours.take(tick);
        }
    }

    fn day_ends(&mut self) {
        self.amounts().for_each(Amount::day_ends);
    }
}

impl Kind for GensetSums {
    fn make(&self, read: &Read<'_>) -> Made {
        let mut made = Made::default();
        let energy = better(self.energy.as_ref(), self.power.as_ref());
        if energy.is_some() {
            let passed = is_passed_over(self.energy.as_ref(), energy);
            let figure = read.amount("genset.energy", "E", energy, Status::NoEnergy);
            made.figures
                .push(figure.remark_if(passed, "account-counter-refused"));
            made.daily.extend(read.daily("genset.energy", energy));
        }
        if let Some(fuel) = better(self.fuel.as_ref(), self.flow.as_ref()) {
            let passed = is_passed_over(self.fuel.as_ref(), Some(fuel));
            let mut figure = read
                .amount("genset.fuel", "F", Some(fuel), Status::NoData)
                .remark_if(passed, "account-counter-refused");
            // Readings are m3, people say litres.
            figure.value = figure.value.map(|m3| m3 * 1000.0);
            figure.uncertainty.gum = figure.uncertainty.gum.map(|m3| m3 * 1000.0);
            made.figures.push(figure);
        }
        if let Some(hours) = &self.hours {
            made.figures.push(hours.figure(read, "genset.hours"));
        }
        made.events = read.events(&[self.energy.as_ref(), self.fuel.as_ref()]);
        made
    }
}

/// What follows from the fuel of a set, measured or bought (C.5): litres a kilowatt-hour, and CO2.
pub(super) fn burnt(desk: &Desk<'_>, set: &Genset, known: &[&Indicator]) -> Vec<Indicator> {
    let find = |id: &str| known.iter().copied().find(|one| &*one.id == id);
    let Some(fuel) = find("genset.fuel") else {
        return vec![desk.figure("genset.co2", Err(because(Status::NoData)), Vec::new())];
    };
    let mut all = Vec::new();
    if let Some(energy) = find("genset.energy") {
        let both = fuel
            .value
            .clone()
            .and_then(|f| Ok((f, energy.value.clone()?)));
        let value: Value = both.and_then(|(f, e)| or_status(ratio(f, e), Status::NoGeneration));
        let inputs = vec![from_figure("F", fuel), from_figure("E", energy)];
        let width = Wide::product(&[Wide::from(fuel), Wide::from(energy)]);
        let share = least([fuel.completeness, energy.completeness]);
        let figure = desk.figure("genset.specific_fuel", value, inputs);
        all.push(figure.covered(share).origin(fuel.origin).wide(width));
    }
    let mut co2 = match litre(desk, &set.burns) {
        Err(missing) => desk.figure("genset.co2", Err(missing), vec![from_figure("F", fuel)]),
        Ok(litre) => {
            let value = fuel.value.clone().map(|f| f * litre.kg_co2 / 1000.0);
            let mut inputs = vec![from_figure("F", fuel)];
            inputs.extend(litre.inputs);
            let figure = desk.figure("genset.co2", value, inputs);
            let add = |figure: Indicator, factor| figure.factor(desk.config, factor);
            let figure = litre.factors.iter().fold(figure, add);
            litre.remarks.into_iter().fold(figure, Build::remark)
        }
    };
    co2.equation = "F · NCV · ρ / 1000 · EF · (1 − b) / 1000";
    all.push(co2.origin(Origin::Estimated).covered(fuel.completeness));
    all
}
