//! `PltsSums`: sums that the readings of a photovoltaic plant make.

use crate::assets::PvPlantAsset;
use crate::assets::solar::irradiance::Irradiance;
use crate::config::Config;
use crate::formulas::finite_ratio;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::period_days::PeriodDays;
use crate::indicators::totaliser::{Totaliser, prefer_counter};
use jiff::civil::Date;

/// Plausible power above the nameplate, kW/kWp: sunlight at the edge of clouds exceeds 1000 W/m2.
const NAMEPLATE_MARGIN: f64 = 1.3;

/// Highest grid connection of a small site, kW; limits the plausible rate of grid meters.
pub(crate) const GRID_KW_MAX: f64 = 250.0;

/// Accumulator of a photovoltaic plant.
#[derive(Debug)]
pub(crate) struct PltsSums<'a> {
    pub(super) plant: &'a PvPlantAsset,
    pub(super) energy: Option<Totaliser>,
    pub(super) power: Option<Totaliser>,
    pub(super) dc: Option<Totaliser>,
    pub(super) export: Option<Totaliser>,
    pub(super) import: Option<Totaliser>,
    /// Energy that the plant itself takes (METHODS C.9), for the CO2 figures.
    pub(super) project: Option<Totaliser>,
    pub(super) sun: Irradiance,
}

saved_fields!(PltsSums<'_> {
    sun,
} parts { energy, power, dc, export, import, project } fixed { plant });

impl<'a> PltsSums<'a> {
    pub(crate) fn new(config: &'a Config, plant: &'a PvPlantAsset) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        // Order matters: at equal times readings come in the order of the series, so energy, power
        // and temperatures must stand before irradiance, which is compared with their latest
        // values.
        let energy = lanes.add_total(plant.energy.as_ref());
        let power = lanes.add_level(plant.power.as_ref());
        let module = lanes.add_level(plant.module_temperature.as_ref());
        let air = lanes.add_level(plant.air_temperature.as_ref());
        let wind = lanes.add_level(plant.wind.as_ref());
        let dc = lanes.add_total(plant.dc_energy.as_ref());
        let export = lanes.add_total(plant.export.as_ref());
        let import = lanes.add_total(plant.import.as_ref());
        let project = plant.project.as_ref();
        let project = lanes.add_total(project.and_then(|project| project.import.as_ref()));
        let light = lanes.add_level(plant.irradiance.as_ref());
        // An inverter that also discharges a battery may be larger than the modules.
        let inverter = plant.highest_ac_kw().unwrap_or(0.0);
        let most = plant.highest_kwp().max(inverter) * NAMEPLATE_MARGIN;
        lanes.limit_by_rating(power, most * 1000.0);
        let lanes = lanes.all;
        let counter =
            |lane: Option<usize>, most| lane.map(|at| Totaliser::from_counter(&lanes, at, most));
        let sums = Self {
            plant,
            energy: counter(energy, most),
            power: power.map(|at| Totaliser::from_integral(&lanes, at)),
            dc: counter(dc, most),
            export: counter(export, most),
            import: counter(import, GRID_KW_MAX),
            project: counter(project, GRID_KW_MAX),
            sun: Irradiance::new(&lanes, [energy.or(power), power, module, air, wind], light),
        };
        (lanes, sums)
    }

    pub(super) fn totalisers(&self) -> [Option<&Totaliser>; 6] {
        [
            self.energy.as_ref(),
            self.power.as_ref(),
            self.dc.as_ref(),
            self.export.as_ref(),
            self.import.as_ref(),
            self.project.as_ref(),
        ]
    }

    fn totalisers_mut(&mut self) -> impl Iterator<Item = &mut Totaliser> {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.dc,
            &mut self.export,
            &mut self.import,
            &mut self.project,
        ];
        all.into_iter().flatten()
    }

    /// Total that the energy figures are based on: the counter, or the integral of the power.
    pub(super) fn generation_total(&self) -> Option<&Totaliser> {
        prefer_counter(self.energy.as_ref(), self.power.as_ref())
    }
}

impl PltsSums<'_> {
    /// Capacity by which the energy of the period is divided, kWp: E / P0 is the sum of the yields
    /// of the stretches between two changes.
    pub(super) fn yield_kwp(&self, read: &AssetReadings<'_>) -> f64 {
        let days = &read.desk.span.days;
        let kwp = |day: usize| self.plant.capacity_on(days[day].date);
        let whole = read
            .desk
            .span
            .mean_by_day(|day| Some(self.plant.capacity_on(day)));
        let whole = whole.unwrap_or(self.plant.capacity_kwp);
        let Some(total) = self
            .generation_total()
            .filter(|_| self.is_changed(read.desk.span))
        else {
            return whole;
        };
        let grown = total.daily_totals(read.desk.span, &read.tracks[total.lane]);
        let grown = grown.iter().enumerate().take(days.len());
        let parts = grown.filter_map(|(day, (energy, _))| Some(((*energy)?, kwp(day))));
        let (energy, hours) = parts.fold((0.0, 0.0), |(energy, hours), (more, kwp)| {
            (energy + more, hours + more / kwp)
        });
        finite_ratio(energy, hours).unwrap_or(whole)
    }

    /// Whether the capacity changes within the period.
    pub(super) fn is_changed(&self, span: &PeriodDays) -> bool {
        self.changes_within(span).next().is_some()
    }

    /// First days of another capacity within the period.
    pub(super) fn changes_within(&self, span: &PeriodDays) -> impl Iterator<Item = Date> {
        let (first, last) = (span.period.first(), span.period.last());
        let days = self.plant.changes.iter().map(|change| change.since);
        days.filter(move |day| first < *day && *day <= last)
    }
}

impl ReadingSums for PltsSums<'_> {
    fn add_reading(&mut self, tick: &InputReading) {
        for amount in self.totalisers_mut() {
            amount.add_reading(tick);
        }
        // The running total is needed only when an irradiance reading arrives; computing it for
        // each reading would be wasted work.
        let lit = Some(tick.lane) == self.sun.lane;
        let energy = self.energy.as_ref().or(self.power.as_ref());
        let energy = energy.filter(|_| lit).map(Totaliser::running_total);
        self.sun.add_reading(tick, energy, self.plant);
    }

    fn end_day(&mut self) {
        self.totalisers_mut().for_each(Totaliser::end_day);
        let so_far = self.sun.insolation.finish().kwh_m2;
        self.sun.end_day(so_far.unwrap_or_default());
    }
}
