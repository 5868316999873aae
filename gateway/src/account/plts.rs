//! A photovoltaic plant: METHODS A, C.7.

use crate::account::amount::{Amount, better, is_passed_over};
use crate::account::asset::{Kind, Made, Read};
use crate::account::figure::{
    Build, Desk, Value, because, constant, from_figure, input, or_status, setting,
};
use crate::account::gather::{Sums, Tick};
use crate::account::lane::{Lane, Lanes, source};
use crate::account::light::Sun;
use crate::account::span::{HOUR_MS, millis};
use crate::account::track::least;
use crate::account::wide::Wide;
use crate::analyse::Status;
use crate::analyse::grid::self_consumption;
use crate::analyse::pv::{
    CorrectedPr, PvInput, T_REF_C, availability_time, capacity_factor, pv_yields, specific_yield,
};
use crate::config::Config;
use crate::config::assets::{Plane, Plts, System};
use crate::model::indicator::{Completeness, Daily, Indicator, Input, Origin, Remark, Source};

/// A plant gives at most this many times its nameplate, kW/kWp: sun through clouds' edges.
const OVER_NAMEPLATE: f64 = 1.3;
/// The greatest connection of a small site to the grid, kW, for impossible jumps of its meter.
pub(super) const GRID_KW_MAX: f64 = 250.0;

/// The readings of a plant as they come.
#[derive(Debug)]
pub(super) struct PltsSums<'a> {
    plant: &'a Plts,
    energy: Option<Amount>,
    power: Option<Amount>,
    dc: Option<Amount>,
    export: Option<Amount>,
    import: Option<Amount>,
    /// What it takes itself (C.9), for the CO2 chapter.
    project: Option<Amount>,
    sun: Sun,
}

impl<'a> PltsSums<'a> {
    pub(super) fn new(config: &'a Config, plant: &'a Plts) -> (Vec<Lane>, Self) {
        let mut lanes = Lanes::new(config);
        // Those that irradiance is compared with come first: they are known when it comes.
        let energy = lanes.total(plant.energy.as_ref());
        let power = lanes.level(plant.power.as_ref());
        let module = lanes.level(plant.module_temperature.as_ref());
        let air = lanes.level(plant.air_temperature.as_ref());
        let dc = lanes.total(plant.dc_energy.as_ref());
        let export = lanes.total(plant.export.as_ref());
        let import = lanes.total(plant.import.as_ref());
        let project = plant.project.as_ref();
        let project = lanes.total(project.and_then(|project| project.import.as_ref()));
        let light = lanes.level(plant.irradiance.as_ref());
        let most = plant.capacity_kwp.max(plant.ac_rating_kw.unwrap_or(0.0)) * OVER_NAMEPLATE;
        lanes.rated(power, most * 1000.0);
        let lanes = lanes.all;
        let counter = |lane: Option<usize>, most| lane.map(|at| Amount::counter(&lanes, at, most));
        let sums = Self {
            plant,
            energy: counter(energy, most),
            power: power.map(|at| Amount::integral(&lanes, at)),
            dc: counter(dc, most),
            export: counter(export, most),
            import: counter(import, GRID_KW_MAX),
            project: counter(project, GRID_KW_MAX),
            sun: Sun::new(&lanes, [energy.or(power), power, module, air], light),
        };
        (lanes, sums)
    }

    fn amounts(&self) -> [Option<&Amount>; 6] {
        [
            self.energy.as_ref(),
            self.power.as_ref(),
            self.dc.as_ref(),
            self.export.as_ref(),
            self.import.as_ref(),
            self.project.as_ref(),
        ]
    }

    /// The energy that figures stand on: the counter's, or that of the power.
    fn generation(&self) -> Option<&Amount> {
        better(self.energy.as_ref(), self.power.as_ref())
    }
}

impl Sums for PltsSums<'_> {
    fn take(&mut self, tick: &Tick) {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.dc,
            &mut self.export,
            &mut self.import,
            &mut self.project,
        ];
        for amount in all.into_iter().flatten() {
            amount.take(tick);
        }
        // What was made so far is asked for only where irradiance is held against it.
        let lit = Some(tick.lane) == self.sun.lane;
        let energy = self.energy.as_ref().or(self.power.as_ref());
        let energy = energy.filter(|_| lit).map(Amount::so_far);
        self.sun.take(tick, energy, self.plant);
    }

    fn day_ends(&mut self) {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.dc,
            &mut self.export,
            &mut self.import,
            &mut self.project,
        ];
        for amount in all.into_iter().flatten() {
            amount.day_ends();
        }
        let so_far = self.sun.insolation.finish().kwh_m2;
        self.sun.days.push(so_far.unwrap_or_default());
    }
}

impl Kind for PltsSums<'_> {
    fn make(&self, read: &Read<'_>) -> Made {
        let energy = self.generation();
        let passed = is_passed_over(self.energy.as_ref(), energy);
        let generation = read
            .amount("plts.generation", "E", energy, Status::NoEnergy)
            .remark_if(passed, "account-counter-refused");
        let mut figures = self.exchange(read, &generation);
        figures.extend(self.yields(read, &generation));
        figures.extend(self.corrected(read, &generation));
        figures.extend(self.service(read, &generation));
        if let Some(project) = &self.project {
            // Named like a figure so that the CO2 chapter finds it.
            figures.push(read.amount("plts.project_import", "E", Some(project), Status::NoEnergy));
        }
        figures.insert(0, generation);
        let mut daily = Vec::new();
        daily.extend(read.daily("plts.generation", energy));
        daily.extend(self.daily_self_use(read, energy));
        daily.extend(self.daily_light(read));
        Made {
            figures,
            daily,
            events: read.events(&self.amounts()),
        }
    }
}

impl PltsSums<'_> {
    /// DC energy, export, import, and what of the energy stayed (C.7).
    fn exchange(&self, read: &Read<'_>, generation: &Indicator) -> Vec<Indicator> {
        let mut all = Vec::new();
        if self.dc.is_some() {
            let dc = read.amount("plts.dc_energy", "E_DC", self.dc.as_ref(), Status::NoEnergy);
            all.push(dc);
        }
        let import = self
            .import
            .as_ref()
            .map(|import| read.amount("plts.import", "E_import", Some(import), Status::NoData));
        if let Some(export) = &self.export {
            let export = read.amount("plts.export", "E_export", Some(export), Status::NoData);
            all.extend(self_use(read.desk, generation, &export, import.as_ref()));
            all.push(export);
        }
        all.extend(import);
        all
    }

    /// A.2 to A.6.
    fn yields(&self, read: &Read<'_>, generation: &Indicator) -> Vec<Indicator> {
        let desk = read.desk;
        let p0 = self.plant.capacity_kwp;
        let nameplate = || setting("P0", p0, "kWp", "capacity_kwp");
        let known = generation.value.as_ref().ok().copied();
        let per_kwp = |id: &str| {
            let value = generation
                .value
                .clone()
                .and_then(|e| or_status(specific_yield(e, p0), Status::NoEnergy));
            desk.figure(id, value, vec![from_figure("E", generation), nameplate()])
                .covered(generation.completeness)
                .origin(generation.origin)
                .wide(Wide::from(generation))
        };
        let mut all = vec![per_kwp("plts.specific_yield"), per_kwp("plts.final_yield")];
        let dc = self.dc.as_ref().and_then(|dc| dc.total().ok());
        let Some(lane) = self.sun.lane else {
            let none = || Err(because(Status::NoIrradiance));
            all.push(desk.figure("plts.pr", none(), Vec::new()));
            return all;
        };
        let h = self.sun.insolation.finish().kwh_m2;
        let share = read.tracks[lane].completeness(desk.span);
        let width = Wide::pct(read.lanes[lane].accuracy_pct);
        let light = vec![input("G", h, "kWh/m2", source(read.tracks, lane))];
        let insolation = desk
            .figure("plts.insolation", or_status(h, Status::NoIrradiance), light)
            .covered(share)
            .wide(width);
        let yields = pv_yields(&PvInput {
            e_dc_kwh: dc,
            e_out_kwh: known,
            p0_kwp: p0,
            h_poa_kwh_m2: h,
        });
        let both = least([share, generation.completeness]);
        let reference = or_status(yields.reference_h, Status::NoIrradiance);
        let from_h = || from_figure("H", &insolation);
        let g_ref = || constant("G_ref", 1000.0, "W/m2", "stc");
        let mut more = vec![
            desk.figure("plts.reference_yield", reference, vec![from_h(), g_ref()])
                .covered(share)
                .wide(width),
        ];
        if self.dc.is_some() {
            let losses = [
                ("plts.array_yield", yields.array_h),
                ("plts.capture_loss", yields.capture_loss_h),
                ("plts.system_loss", yields.system_loss_h),
            ];
            for (id, value) in losses {
                let inputs = vec![
                    from_h(),
                    input_dc(dc),
                    from_figure("E", generation),
                    nameplate(),
                ];
                let value = or_status(value, Status::NoEnergy);
                more.push(desk.figure(id, value, inputs).covered(both));
            }
        }
        more.push(self.ratio(read, generation, &insolation).covered(both));
        all.push(insolation);
        all.extend(more);
        all
    }

    /// A.5, over the intervals of which both energy and irradiance are known.
    fn ratio(&self, read: &Read<'_>, generation: &Indicator, sun: &Indicator) -> Indicator {
        let (light, energy) = (self.sun.matched.0.value(), self.sun.matched.1.value());
        let none = light == 0.0;
        let yields = pv_yields(&PvInput {
            e_dc_kwh: None,
            e_out_kwh: Some(energy),
            p0_kwp: self.plant.capacity_kwp,
            h_poa_kwh_m2: Some(light).filter(|_| !none),
        });
        let status = match (none, sun.value.is_ok()) {
            (true, true) => Status::NoEnergy,
            _ => yields.status,
        };
        let value = or_status(yields.pr.map(|pr| 100.0 * pr), status);
        let whole = sun.value.as_ref().is_ok_and(|h| (light / h) > 0.999);
        let inputs = vec![
            input("E", Some(energy), "kWh", source_of(generation)),
            setting("P0", self.plant.capacity_kwp, "kWp", "capacity_kwp"),
            input("H", Some(light), "kWh/m2", source_of(sun)),
        ];
        let figure = read
            .desk
            .figure("plts.pr", value, inputs)
            .wide(Wide::product(&[Wide::from(generation), Wide::from(sun)]))
            .remark_if(status == Status::PrTooHigh, &status.words_key())
            .remark_if(!whole && !none, "account-pr-matched");
        self.labelled(figure)
    }

    /// How a ratio may be read.
    fn labelled(&self, ratio: Indicator) -> Indicator {
        ratio
            .remark_if(self.plant.plane != Plane::Array, "account-pr-indicative")
            .remark_if(
                self.plant.system == System::PumpOnly,
                "account-pr-load-limited",
            )
    }

    /// A.8, A.9.
    fn corrected(&self, read: &Read<'_>, generation: &Indicator) -> Vec<Indicator> {
        let (Some(gamma), Some(lane)) = (self.plant.gamma, self.sun.lane) else {
            return Vec::new();
        };
        let p0 = self.plant.capacity_kwp;
        let measured = self.plant.module_temperature.is_some();
        let share = read.tracks[lane].completeness(read.desk.span);
        let make = |id: &str, found: CorrectedPr| {
            let value = or_status(found.pr.map(|pr| 100.0 * pr), found.status);
            let inputs = vec![
                from_figure("E", generation),
                setting("P0", p0, "kWp", "capacity_kwp"),
                setting("γ", gamma, "1/degC", "gamma"),
                input("G", None, "W/m2", source(read.tracks, lane)),
                constant("T_ref", found.t_ref_c.unwrap_or(T_REF_C), "degC", "stc"),
            ];
            let figure = read
                .desk
                .figure(id, value, inputs)
                .covered(least([share, generation.completeness]))
                .origin(if measured {
                    Origin::Measured
                } else {
                    Origin::Estimated
                })
                .remark_if(!measured, "account-cell-estimated");
            self.labelled(figure)
        };
        vec![
            make(
                "plts.pr_temperature",
                self.sun.corrected.temp_corrected(p0, gamma, T_REF_C),
            ),
            make(
                "plts.pr_weather",
                self.sun.corrected.weather_corrected(p0, gamma),
            ),
        ]
    }

    /// A.11, A.12.
    fn service(&self, read: &Read<'_>, generation: &Indicator) -> Vec<Indicator> {
        let span = read.desk.span;
        let factor = |id: &str, symbol, rating: f64, key: &str| {
            let value = generation.value.clone().and_then(|e| {
                let share = capacity_factor(e, rating, span.hours());
                or_status(share.map(|share| 100.0 * share), Status::NoEnergy)
            });
            let inputs = vec![
                from_figure("E", generation),
                setting(symbol, rating, "kW", key),
                constant("t", span.hours(), "h", "period"),
            ];
            read.desk
                .figure(id, value, inputs)
                .covered(generation.completeness)
                .wide(Wide::from(generation))
        };
        let p0 = self.plant.capacity_kwp;
        let mut all = vec![factor("plts.capacity_factor", "P0", p0, "capacity_kwp")];
        if let Some(rating) = self.plant.ac_rating_kw {
            all.push(factor(
                "plts.capacity_factor_ac",
                "P_AC",
                rating,
                "ac_rating_kw",
            ));
        }
        if let Some(lane) = self.sun.lane {
            all.push(self.availability(read, lane));
        }
        all
    }

    fn availability(&self, read: &Read<'_>, lane: usize) -> Indicator {
        let (day_h, down_h) = (hours(self.sun.day_ms), hours(self.sun.down_ms));
        let share = availability_time(day_h * 3600.0, down_h * 3600.0);
        let status = match &self.plant.power {
            None => Status::NoEnergy,
            Some(_) => Status::Dark,
        };
        let inputs = vec![
            input("t_day", Some(day_h), "h", source(read.tracks, lane)),
            match &self.power {
                Some(power) => input("t_down", Some(down_h), "h", source(read.tracks, power.lane)),
                None => constant("t_down", down_h, "h", "none"),
            },
        ];
        let value = or_status(share.map(|share| 100.0 * share), status);
        let covered = least(
            [lane]
                .into_iter()
                .chain(self.power.as_ref().map(|one| one.lane))
                .map(|lane| read.tracks[lane].completeness(read.desk.span)),
        );
        read.desk
            .figure("plts.availability", value, inputs)
            .covered(covered)
    }

    fn daily_self_use(&self, read: &Read<'_>, energy: Option<&Amount>) -> Option<Daily> {
        let (energy, export) = (energy?, self.export.as_ref()?);
        let days = |amount: &Amount| amount.daily(read.desk.span, &read.tracks[amount.lane]);
        let both = days(energy).into_iter().zip(days(export));
        let left = |((made, a), (given, b)): (DayOf, DayOf)| {
            let used = made.zip(given).map(|(made, given)| made - given);
            (used.filter(|used| *used >= 0.0), least([a, b]))
        };
        Some(read.desk.daily("plts.self_use", both.map(left).collect()))
    }

    fn daily_light(&self, read: &Read<'_>) -> Option<Daily> {
        let track = &read.tracks[self.sun.lane?];
        let mut before = 0.0;
        let day = |(day, total): (usize, &f64)| {
            let grown = track.any(day).then_some(total - before);
            before = *total;
            (grown, track.of_day(read.desk.span, day))
        };
        let days = self.sun.days.iter().enumerate().map(day).collect();
        Some(read.desk.daily("plts.insolation", days))
    }
}

type DayOf = (Option<f64>, Completeness);

fn hours(ms: i64) -> f64 {
    millis(ms) / HOUR_MS
}

fn input_dc(dc: Option<f64>) -> Input {
    let from = Source::Indicator("plts.dc_energy".into());
    input("E_DC", dc, "kWh", from)
}

fn source_of(figure: &Indicator) -> Source {
    Source::Indicator(figure.id.clone())
}

/// C.7: what was used of the generation, and the shares.
fn self_use(
    desk: &Desk<'_>,
    made: &Indicator,
    given: &Indicator,
    taken: Option<&Indicator>,
) -> Vec<Indicator> {
    let number = |figure: &Indicator| figure.value.as_ref().ok().copied();
    let found = number(made)
        .zip(number(given))
        .map(|(e, export)| self_consumption(e, export, taken.and_then(number)));
    let reason = || -> Remark {
        let missing = [made, given]
            .into_iter()
            .find_map(|one| one.value.clone().err());
        let status = found.map_or(Status::NoData, |found| found.status);
        missing.unwrap_or_else(|| because(status))
    };
    let value = |x: Option<f64>| -> Value { x.ok_or_else(reason) };
    let inputs = || vec![from_figure("E", made), from_figure("E_export", given)];
    let covered = least([made.completeness, given.completeness]);
    let width = number(made)
        .zip(number(given))
        .map_or(Wide::default(), |(e, export)| {
            Wide::sum(
                &[(e, Wide::from(made)), (-export, Wide::from(given))],
                false,
            )
        });
    let used = desk
        .figure(
            "plts.self_use",
            value(found.and_then(|one| one.e_self_kwh)),
            inputs(),
        )
        .covered(covered)
        .origin(Origin::Meter)
        .wide(width);
    let percent = |x: Option<f64>| value(x.map(|x| 100.0 * x));
    let share = desk
        .figure(
            "plts.self_consumption",
            percent(found.and_then(|one| one.consumption)),
            vec![from_figure("E_self", &used), from_figure("E", made)],
        )
        .covered(covered);
    let mut all = vec![used, share];
    if let Some(taken) = taken {
        let value = percent(found.and_then(|one| one.sufficiency));
        let inputs = vec![
            from_figure("E_self", &all[0]),
            from_figure("E_import", taken),
        ];
        let share = desk
            .figure("plts.self_sufficiency", value, inputs)
            .covered(least([covered, taken.completeness]));
        all.push(share);
    }
    all
}
