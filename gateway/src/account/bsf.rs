//! Bins and heaps by their temperature: METHODS E.1, E.2, E.4.

use crate::account::amount::{Amount, Held};
use crate::account::asset::{Kind, Made, Read};
use crate::account::figure::{Build, Desk, because, constant, from_figure, input, or_status};
use crate::account::gather::{Sums, Tick};
use crate::account::lane::{Lane, Lanes, source};
use crate::account::plts::GRID_KW_MAX;
use crate::account::span::{HOUR_MS, millis};
use crate::account::track::least;
use crate::analyse::bsf::{Band, CAP_C, DegreeDaySum, THRESHOLD_C};
use crate::analyse::compost::{HotRun, Process};
use crate::analyse::{Status, Sum, count, ratio};
use crate::config::Config;
use crate::config::assets::{Bands, Bsf, Compost, Composting};
use crate::model::indicator::{Completeness, Daily, Indicator, Remark};

/// A silence shorter than this does not break a hot run, but does not count either, ms (E.4: a
/// missing hour breaks it).
const BREAK_MS: i64 = 3_600_000;
/// More turnings than any heap has, an hour.
const TURNINGS_H: f64 = 60.0;
/// Figures of the bands, the coldest first.
const BANDS: [&str; 6] = [
    "bsf.hours_no_development",
    "bsf.hours_slow",
    "bsf.hours_optimal",
    "bsf.hours_warm",
    "bsf.hours_critical",
    "bsf.hours_lethal",
];

/// Mean, least and greatest of a temperature.
#[derive(Debug)]
struct Warmth {
    lane: Option<usize>,
    every_ms: i64,
    max_gap_ms: i64,
    last: Option<i64>,
    sum: Sum,
    n: usize,
    least: f64,
    most: f64,
    today: (Sum, usize),
    days: Vec<Option<f64>>,
}

impl Warmth {
    fn new(lanes: &[Lane], lane: Option<usize>) -> Self {
        Self {
            lane,
            every_ms: lane.map_or(0, |at| lanes[at].every_ms),
            max_gap_ms: lane.map_or(0, |at| lanes[at].max_gap_ms()),
            last: None,
            sum: Sum::default(),
            n: 0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            today: (Sum::default(), 0),
            days: Vec::new(),
        }
    }

    /// The temperature of a reading and the time that it stands for, ms.
    fn take(&mut self, tick: &Tick) -> Option<(f64, i64)> {
        if Some(tick.lane) != self.lane {
            return None;
        }
        let step = self.last.map(|last| tick.at - last);
        self.last = tick.value.map(|_| tick.at);
        let value = tick.value.filter(|_| tick.inside)?;
        self.sum.add(value);
        self.n += 1;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.today.0.add(value);
        self.today.1 += 1;
        let step = step.filter(|step| (1..=self.max_gap_ms).contains(step));
        Some((value, step.unwrap_or(self.every_ms)))
    }

    fn day_ends(&mut self) {
        let (sum, n) = std::mem::take(&mut self.today);
        self.days.push(ratio(sum.value(), count(n)));
    }

    /// The three as figures of that kind of asset.
    fn figures(&self, read: &Read<'_>, [mean, least, most]: [&str; 3]) -> Vec<Indicator> {
        let share = self.share(read);
        let any = self.n > 0;
        let all = [
            (mean, ratio(self.sum.value(), count(self.n))),
            (least, any.then_some(self.least)),
            (most, any.then_some(self.most)),
        ];
        let figure = |(id, value)| {
            let inputs = self
                .lane
                .map(|lane| input("T", None, "degC", source(read.tracks, lane)));
            let value = or_status(value, Status::NoData);
            let inputs = inputs.into_iter().collect();
            read.desk.figure(id, value, inputs).covered(share)
        };
        all.into_iter().map(figure).collect()
    }

    fn share(&self, read: &Read<'_>) -> Completeness {
        let lane = self
            .lane
            .map(|lane| read.tracks[lane].completeness(read.desk.span));
        lane.unwrap_or_default()
    }

    fn daily(&self, read: &Read<'_>, id: &str) -> Option<Daily> {
        let track = &read.tracks[self.lane?];
        let days = self.days.iter().enumerate();
        let days = days.map(|(day, mean)| (*mean, track.of_day(read.desk.span, day)));
        Some(read.desk.daily(id, days.collect()))
    }
}

/// The readings of a bin as they come.
#[derive(Debug)]
pub(super) struct BsfSums<'a> {
    bin: &'a Bsf,
    core: Warmth,
    /// Time in each band, ms, the coldest first.
    bands: [i64; 6],
    degrees: DegreeDaySum,
}

impl<'a> BsfSums<'a> {
    pub(super) fn new(config: &Config, bin: &'a Bsf) -> (Vec<Lane>, Self) {
        let mut lanes = Lanes::new(config);
        let probes: Vec<_> = bin
            .temperatures
            .iter()
            .map(|point| lanes.level(Some(point)))
            .collect();
        let lanes = lanes.all;
        let sums = Self {
            bin,
            core: Warmth::new(&lanes, probes.first().copied().flatten()),
            bands: [0; 6],
            degrees: DegreeDaySum::new(THRESHOLD_C, CAP_C),
        };
        (lanes, sums)
    }
}

/// E.1 with the limits of the site.
fn band(t: f64, limits: &Bands) -> Band {
    match t {
        t if t < limits.slow => Band::NoDevelopment,
        t if t < limits.optimal => Band::Slow,
        t if t <= limits.warm => Band::Optimal,
        t if t < limits.critical => Band::Warm,
        t if t < limits.lethal => Band::Critical,
        _ => Band::Lethal,
    }
}

impl Sums for BsfSums<'_> {
    fn take(&mut self, tick: &Tick) {
        if let Some((t, step)) = self.core.take(tick) {
            let found = band(t, &self.bin.bands);
            let place = Band::ALL.iter().position(|band| *band == found);
            self.bands[place.unwrap_or_default()] += step;
            self.degrees.push(Some(t), millis(step) / 1000.0);
        }
    }

    fn day_ends(&mut self) {
        self.core.day_ends();
    }
}

impl Kind for BsfSums<'_> {
    fn make(&self, read: &Read<'_>) -> Made {
        let ids = [
            "bsf.temperature_mean",
            "bsf.temperature_min",
            "bsf.temperature_max",
        ];
        let mut figures = self.core.figures(read, ids);
        let share = self.core.share(read);
        let any = self.core.n > 0;
        let probe = self.bin.probe.is_empty();
        let inputs = || {
            let lane = self
                .core
                .lane
                .map(|lane| input("T", None, "degC", source(read.tracks, lane)));
            lane.into_iter().collect::<Vec<_>>()
        };
        let limits = &self.bin.bands;
        let own = *limits != Bands::default();
        for (id, ms) in BANDS.iter().zip(self.bands) {
            let hours = any.then(|| millis(ms) / HOUR_MS);
            let figure = read
                .desk
                .figure(id, or_status(hours, Status::NoData), inputs());
            let figure = figure.covered(share).remark_if(probe, "account-no-probe");
            figures.push(if own {
                figure.remark(own_bands(limits))
            } else {
                figure
            });
        }
        let degrees = or_status(self.degrees.finish().dd, Status::NoData);
        let figure = read.desk.figure("bsf.degree_days", degrees, inputs());
        figures.push(figure.covered(share).remark_if(probe, "account-no-probe"));
        Made {
            figures,
            daily: self
                .core
                .daily(read, "bsf.temperature_mean")
                .into_iter()
                .collect(),
            events: read.events(&[]),
        }
    }
}

fn own_bands(limits: &Bands) -> Remark {
    let all = [
        limits.slow,
        limits.optimal,
        limits.warm,
        limits.critical,
        limits.lethal,
    ];
    let text = all.map(|limit| limit.to_string()).join(" / ");
    Remark::new("account-own-bands").with("limits", text)
}

/// The readings of a heap as they come.
#[derive(Debug)]
pub(super) struct CompostSums {
    core: Warmth,
    probes: Vec<Held>,
    last_probe: Option<usize>,
    before: Option<i64>,
    hot: HotRun,
    turning: Option<Amount>,
    energy: Option<Amount>,
}

impl CompostSums {
    pub(super) fn new(config: &Config, heap: &Compost) -> (Vec<Lane>, Self) {
        let mut lanes = Lanes::new(config);
        let probes = heap.temperatures.iter();
        let probes: Vec<usize> = probes
            .filter_map(|point| lanes.level(Some(point)))
            .collect();
        let turning = lanes.total(heap.turning.as_ref());
        let energy = lanes.total(heap.energy.as_ref());
        let lanes = lanes.all;
        let sums = Self {
            core: Warmth::new(&lanes, probes.first().copied()),
            probes: probes
                .iter()
                .map(|at| Held::new(&lanes, Some(*at)))
                .collect(),
            last_probe: probes.last().copied(),
            before: None,
            hot: HotRun::default(),
            turning: turning.map(|at| Amount::counter(&lanes, at, TURNINGS_H)),
            energy: energy.map(|at| Amount::counter(&lanes, at, GRID_KW_MAX)),
        };
        (lanes, sums)
    }

    /// The coldest probe decides; one that is not known leaves it open.
    fn coldest(&self, at: i64) -> Option<f64> {
        let all: Option<Vec<f64>> = self.probes.iter().map(|probe| probe.now(at)).collect();
        all?.into_iter().reduce(f64::min)
    }
}

impl Sums for CompostSums {
    fn take(&mut self, tick: &Tick) {
        self.core.take(tick);
        for probe in &mut self.probes {
            probe.take(tick);
        }
        for amount in self.turning.iter_mut().chain(&mut self.energy) {
            amount.take(tick);
        }
        if Some(tick.lane) != self.last_probe {
            return;
        }
        let Some(coldest) = self.coldest(tick.at) else {
            return;
        };
        let step = self.before.map_or(0, |before| tick.at - before);
        self.before = Some(tick.at);
        if !tick.inside {
            return;
        }
        if step > BREAK_MS {
            self.hot.push(None, 0.0);
        }
        let known = step.min(self.core.max_gap_ms);
        let step = if step > known {
            self.core.every_ms
        } else {
            step
        };
        self.hot.push(Some(coldest), millis(step) / 1000.0);
    }

    fn day_ends(&mut self) {
        self.core.day_ends();
        let both = self.turning.iter_mut().chain(&mut self.energy);
        both.for_each(Amount::day_ends);
    }
}

impl Kind for CompostSums {
    fn make(&self, read: &Read<'_>) -> Made {
        let ids = [
            "compost.temperature_mean",
            "compost.temperature_min",
            "compost.temperature_max",
        ];
        let mut figures = Vec::new();
        if self.core.lane.is_some() {
            figures.extend(self.core.figures(read, ids));
            let inputs = (0..self.probes.len())
                .map(|lane| input("T", None, "degC", source(read.tracks, lane)));
            let inputs = inputs.chain([constant("T_hot", 55.0, "degC", "hygiene")]);
            let covered =
                (0..self.probes.len()).map(|lane| read.tracks[lane].completeness(read.desk.span));
            let hours = (self.core.n > 0).then(|| self.hot.longest_h());
            let value = or_status(hours, Status::NoData);
            let figure = read
                .desk
                .figure("compost.hot_hours", value, inputs.collect());
            figures.push(figure.covered(least(covered)));
        }
        if let Some(turning) = &self.turning {
            figures.push(read.amount("compost.turnings", "n", Some(turning), Status::NoData));
        }
        if let Some(energy) = &self.energy {
            figures.push(read.amount("compost.energy", "E", Some(energy), Status::NoEnergy));
        }
        Made {
            figures,
            daily: self
                .core
                .daily(read, "compost.temperature_mean")
                .into_iter()
                .collect(),
            events: read.events(&[self.turning.as_ref(), self.energy.as_ref()]),
        }
    }
}

/// E.4, once the turnings are known, counted or written down.
pub(super) fn hygienised(
    desk: &Desk<'_>,
    heap: &Compost,
    known: &[&Indicator],
) -> Option<Indicator> {
    let find = |id: &str| known.iter().copied().find(|one| &*one.id == id);
    let run = find("compost.hot_hours")?;
    let turnings = find("compost.turnings");
    let process = match heap.process {
        Composting::InVessel => Process::InVessel,
        Composting::AeratedStaticPile => Process::StaticPile,
        Composting::Windrow => Process::Windrow,
    };
    let turned = turnings.and_then(|one| one.value.clone().ok());
    let unknown = process == Process::Windrow && turned.is_none();
    let value = match &run.value {
        Err(why) => Err(why.clone()),
        Ok(_) if unknown => Err(because(Status::NoData)),
        Ok(hours) => Ok(f64::from(process.hygienised(*hours, turned.unwrap_or(0.0)))),
    };
    let mut inputs = vec![from_figure("run", run)];
    inputs.extend(turnings.map(|one| from_figure("n", one)));
    let figure = desk.figure("compost.hygienised", value, inputs);
    Some(figure.covered(run.completeness))
}
