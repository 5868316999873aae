//! A water tank: METHODS D.1, D.2, D.4, D.5.

use crate::account::amount::{Amount, Held};
use crate::account::asset::{Kind, Made, Read};
use crate::account::balance::{Balances, Nights};
use crate::account::catchment::{RAIN_MM_H, Showers};
use crate::account::corrected::Shapes;
use crate::account::figure::{
    Build, Desk, Value, because, constant, from_figure, input, or_status, setting,
};
use crate::account::gather::{Sums, Tick};
use crate::account::lane::{Lane, Lanes, source};
use crate::account::span::{HOUR_MS, Span, millis};
use crate::account::wide::Wide;
use crate::analyse::level::{level_from_pressure, sound_speed};
use crate::analyse::tank::{OVERFULL, OVERFULL_S, Shape, tank_volume};
use crate::analyse::{Status, count, ratio};
use crate::config::Config;
use crate::config::assets::{AssetKind, Level, Tank, TankShape};
use crate::model::calibration::Calibrations;
use crate::model::indicator::{Completeness, Indicator, Input, Origin, Remark};

/// Air temperature for which a distance sensor without correction reckons, degC.
const ECHO_AIR_C: f64 = 20.0;
/// A tank is filled or emptied in no less than this time, h: for impossible jumps of its meters.
const FILL_H: f64 = 0.25;

/// The readings of a tank as they come.
#[derive(Debug)]
pub(super) struct TankSums<'a> {
    tank: &'a Tank,
    shapes: Shapes,
    /// Number of the shape that gave the last volume.
    shape_of_last: Option<usize>,
    level: Option<usize>,
    max_gap_ms: i64,
    barometer: Held,
    air: Held,
    inflow: Option<Amount>,
    outflow: Option<Amount>,
    rain: Option<(Amount, Showers)>,
    stock: Stock,
    balances: Balances,
    nights: Nights,
}

/// What is in the tank.
#[derive(Debug, Default)]
struct Stock {
    last_at: Option<i64>,
    last: Option<f64>,
    least: Option<f64>,
    most: Option<f64>,
    full_ms: i64,
    /// Since when the level has stood where no water can be.
    above_since: Option<i64>,
    overfull: bool,
    days: Vec<Option<f64>>,
    today: Option<f64>,
}

impl<'a> TankSums<'a> {
    pub(super) fn new(
        config: &'a Config,
        (id, tank): (&str, &'a Tank),
        span: &Span,
        calibrations: &Calibrations,
    ) -> (Vec<Lane>, Self) {
        let mut lanes = Lanes::new(config);
        let (barometer, air) = match &tank.level {
            Some(Level::Pressure { barometer, .. }) => (barometer.as_ref(), None),
            Some(Level::Distance { air, .. }) => (None, air.as_ref()),
            _ => (None, None),
        };
        let (barometer, air) = (lanes.level(barometer), lanes.level(air));
        let inflow = lanes.total(tank.inflow.as_ref());
        let outflow = lanes.total(tank.outflow.as_ref());
        let roof = config.assets.iter().find_map(|asset| match &asset.kind {
            AssetKind::Catchment(roof) if roof.tank.as_deref() == Some(id) => Some(roof),
            _ => None,
        });
        let rain = lanes.total(roof.and_then(|roof| roof.rain.as_ref()));
        let level = lanes.level(tank.level.as_ref().map(|level| match level {
            Level::Level(point) | Level::Pressure { point, .. } | Level::Distance { point, .. } => {
                point
            }
        }));
        let configured = tank.shape.as_ref().map(shape);
        let configured = configured.unwrap_or(Shape::Strapping(Vec::new()));
        let shapes = Shapes::new(configured, calibrations, id, span);
        let capacity = shapes.last().capacity_m3().unwrap_or(0.0);
        let most = capacity / FILL_H;
        lanes.rated(inflow, most);
        lanes.rated(outflow, most);
        let lanes = lanes.all;
        let sums = Self {
            level,
            max_gap_ms: level.map_or(0, |at| lanes[at].max_gap_ms()),
            barometer: Held::new(&lanes, barometer),
            air: Held::new(&lanes, air),
            inflow: inflow.map(|at| Amount::of(&lanes, at, most)),
            outflow: outflow.map(|at| Amount::of(&lanes, at, most)),
            rain: rain.map(|at| (Amount::counter(&lanes, at, RAIN_MM_H), Showers::new(0))),
            stock: Stock::default(),
            balances: Balances::new(tank.deadband_m3, capacity),
            nights: Nights::new(&tank.leak_night, span),
            shapes,
            shape_of_last: None,
            tank,
        };
        (lanes, sums)
    }

    /// The level that a reading says, m (D.2).
    fn level_m(&self, tick: &Tick) -> Option<f64> {
        let value = tick.value?;
        match self.tank.level.as_ref()? {
            Level::Level(_) => Some(value + self.tank.offset_m),
            Level::Pressure { barometer, .. } => {
                let air = match barometer {
                    Some(_) => self.barometer.now(tick.at)?,
                    None => 0.0,
                };
                let (rho, offset) = (self.tank.density_kg_m3, self.tank.offset_m);
                level_from_pressure(value, air, rho, offset)
            }
            Level::Distance {
                height_m,
                blanking_m,
                air,
                ..
            } => {
                let stretch = match air {
                    Some(_) => sound_speed(self.air.now(tick.at)?)? / sound_speed(ECHO_AIR_C)?,
                    None => 1.0,
                };
                let distance = value * stretch;
                (distance >= *blanking_m).then_some(height_m - distance)
            }
        }
    }
}

impl Stock {
    fn take(&mut self, at: i64, volume: f64) {
        self.last = Some(volume);
        self.today = Some(volume);
        self.least = Some(self.least.map_or(volume, |least| least.min(volume)));
        self.most = Some(self.most.map_or(volume, |most| most.max(volume)));
        self.last_at = Some(at);
    }

    /// How long it was full, and whether the level is one that no water can have.
    fn full(&mut self, at: i64, level: f64, (full, top): (f64, f64), max_gap_ms: i64) {
        let step = self.last_at.map(|last| at - last);
        let step = step.filter(|step| (1..=max_gap_ms).contains(step));
        if level >= full {
            self.full_ms += step.unwrap_or(0);
        }
        if level <= top * OVERFULL {
            self.above_since = None;
            return;
        }
        let since = *self.above_since.get_or_insert(at);
        self.overfull |= millis(at - since) / 1000.0 >= OVERFULL_S;
    }
}

impl Sums for TankSums<'_> {
    fn take(&mut self, tick: &Tick) {
        self.barometer.take(tick);
        self.air.take(tick);
        for meter in self.inflow.iter_mut().chain(&mut self.outflow) {
            let before = meter.so_far();
            meter.take(tick);
            if meter.so_far() > before {
                self.nights.disturbed(tick.at);
            }
        }
        if let Some((rain, showers)) = &mut self.rain {
            rain.take(tick);
            if tick.lane == rain.lane {
                showers.take(tick.at, rain.so_far());
                self.nights.rained(showers.last);
            }
        }
        if Some(tick.lane) != self.level || !tick.inside {
            return;
        }
        let level = self.level_m(tick);
        let number = self.shapes.number(tick.at);
        let before = self.shape_of_last.replace(number);
        if tick.rebased || before.is_some_and(|before| before != number) {
            // Another calibration is no water that came or went.
            self.balances.rebase();
        }
        let shape = self.shapes.at(tick.at);
        let volume = tank_volume(shape, level).v_m3;
        if let (Some(level), Some(volume)) = (level, volume) {
            let top = shape.levels().map_or(0.0, |(_, top)| top);
            self.stock
                .full(tick.at, level, (self.tank.full_m, top), self.max_gap_ms);
            self.stock.take(tick.at, volume);
            self.nights.take(tick.at, volume);
        }
        self.balances.take(volume);
    }

    fn day_ends(&mut self) {
        let meters = self.inflow.iter_mut().chain(&mut self.outflow);
        meters.for_each(Amount::day_ends);
        if let Some((rain, _)) = &mut self.rain {
            rain.day_ends();
        }
        let today = self.stock.today.take();
        self.stock.days.push(today);
        self.nights.day_ends();
    }
}

impl Kind for TankSums<'_> {
    fn make(&self, read: &Read<'_>) -> Made {
        let Some(level) = self.level else {
            return Made::default();
        };
        let mut figures = self.volumes(read, level);
        let balance = self.flows(read, level, &figures[0]);
        figures.extend(balance);
        figures.push(self.overflow(read, level));
        figures.push(self.leaks(read, level));
        let track = &read.tracks[level];
        let days = self.stock.days.iter().enumerate();
        let days = days.map(|(day, last)| (*last, track.of_day(read.desk.span, day)));
        let daily = read.desk.daily("tank.volume_last", days.collect());
        let mut all = vec![daily];
        all.extend(read.daily("tank.inflow", self.inflow.as_ref()));
        all.extend(read.daily("tank.outflow", self.outflow.as_ref()));
        Made {
            figures,
            daily: all,
            events: read.events(&[self.inflow.as_ref(), self.outflow.as_ref()]),
        }
    }
}

impl TankSums<'_> {
    /// D.1: last, least, most, and how full.
    fn volumes(&self, read: &Read<'_>, level: usize) -> Vec<Indicator> {
        let desk = read.desk;
        let share = read.tracks[level].completeness(desk.span);
        let unit = read.lanes[level].point.unit;
        let from_level = || vec![input("h", None, unit, source(read.tracks, level))];
        let volume = |id: &str, value: Option<f64>| {
            let value = or_status(value, Status::NoData);
            desk.figure(id, value, from_level())
                .covered(share)
                .remark_if(self.stock.overfull, "account-tank-overfull")
        };
        let last = volume("tank.volume_last", self.stock.last);
        let capacity = tank_volume(self.shapes.last(), Some(self.tank.full_m)).v_m3;
        let percent = self
            .stock
            .last
            .zip(capacity)
            .map(|(v, full)| 100.0 * v / full);
        let percent = percent.filter(|percent| percent.is_finite());
        let mut inputs = vec![from_figure("V(h_last)", &last)];
        inputs.extend(capacity.map(|full| setting("V(h_full)", full, "m3", "full_m")));
        let filled = desk
            .figure("tank.fill_last", or_status(percent, Status::NoData), inputs)
            .covered(share);
        vec![
            last,
            volume("tank.volume_min", self.stock.least),
            volume("tank.volume_max", self.stock.most),
            filled,
        ]
    }

    /// D.4: in and out, by meters where there are any, and how long the rest lasts.
    fn flows(&self, read: &Read<'_>, level: usize, last: &Indicator) -> Vec<Indicator> {
        let noise = self.nights.noise();
        let (balance, deadband) = self.balances.choose(noise);
        let share = read.tracks[level].completeness(read.desk.span);
        let unit = read.lanes[level].point.unit;
        let from_level = |id: &str, value: Option<f64>| {
            let inputs = vec![
                input("h", None, unit, source(read.tracks, level)),
                setting("δ", deadband, "m3", "deadband_l"),
            ];
            let figure = read
                .desk
                .figure(id, or_status(value, balance.status), inputs)
                .covered(share)
                .origin(Origin::Estimated)
                .remark(Remark::new("account-balance-lower-bound"));
            match balance.across_gap {
                0 => figure,
                n => figure.remark(Remark::new("account-across-gaps").with("count", n)),
            }
        };
        let metered = |id: &str, symbol, amount: &Amount| {
            let mut figure = read.amount(id, symbol, Some(amount), Status::NoData);
            if amount.is_counter() {
                (figure.method, figure.equation) = ("G.5", "ΣΔV");
            } else {
                (figure.method, figure.equation) = ("A.1", "Σ (Q₁ + Q₂) / 2 · Δt");
            }
            figure
        };
        let inflow = match &self.inflow {
            Some(meter) => metered("tank.inflow", "V_in", meter)
                .remark_if(self.rain.is_some(), "account-inflow-without-rain"),
            None => from_level("tank.inflow", balance.inflow_m3),
        };
        let outflow = match &self.outflow {
            Some(meter) => metered("tank.outflow", "V_out", meter),
            None => from_level("tank.outflow", balance.outflow_m3),
        };
        let left = self.days_left(read.desk, last, &outflow);
        vec![inflow, outflow, left]
    }

    fn days_left(&self, desk: &Desk<'_>, last: &Indicator, out: &Indicator) -> Indicator {
        let dead = tank_volume(self.shapes.last(), Some(self.tank.outlet_m))
            .v_m3
            .unwrap_or(0.0);
        let days = desk.span.days_passed();
        let both = last.value.clone().and_then(|v| Ok((v, out.value.clone()?)));
        let value: Value = both.and_then(|(v, out)| {
            let left = (v - dead).max(0.0) * days / out;
            let used = out > 0.0 && left.is_finite();
            used.then_some(left)
                .ok_or_else(|| Remark::new("account-no-use"))
        });
        let inputs: Vec<Input> = vec![
            from_figure("V_last", last),
            setting("V_outlet", dead, "m3", "outlet_m"),
            from_figure("V_out", out),
            constant("d", days, "d", "period"),
        ];
        desk.figure("tank.days_left", value, inputs)
            .covered(out.completeness)
            .origin(Origin::Estimated)
    }

    fn overflow(&self, read: &Read<'_>, level: usize) -> Indicator {
        let hours = self
            .stock
            .last
            .map(|_| millis(self.stock.full_ms) / HOUR_MS);
        let inputs = vec![
            input(
                "h",
                None,
                read.lanes[level].point.unit,
                source(read.tracks, level),
            ),
            setting("h_full", self.tank.full_m, "m", "full_m"),
        ];
        let value = or_status(hours, Status::NoData);
        read.desk
            .figure("tank.overflow_hours", value, inputs)
            .covered(read.tracks[level].completeness(read.desk.span))
    }

    /// D.5.
    fn leaks(&self, read: &Read<'_>, level: usize) -> Indicator {
        let (leaking, verdicts, suspected) = self.nights.verdict();
        let value: Value = match verdicts {
            0 => Err(because(Status::Insufficient)),
            _ => Ok(leaking),
        };
        let threshold = self.tank.leak_night.threshold_m3_h;
        let inputs = vec![
            input(
                "h",
                None,
                read.lanes[level].point.unit,
                source(read.tracks, level),
            ),
            setting("q", threshold, "m3/h", "leak_night.threshold_l_h"),
        ];
        let share = Completeness {
            all: ratio(count(verdicts), count(self.stock.days.len())),
            daylight: None,
        };
        let said = Remark::new("account-leak-nights").with("nights", verdicts);
        read.desk
            .figure("tank.leak_nights", value, inputs)
            .covered(share)
            .wide(Wide::default())
            .remark(said)
            .remark_if(suspected == Some(true), "account-leak-suspected")
            .remark_if(self.rain.is_none(), "account-leak-no-rain-gauge")
    }
}

/// The inside of a tank as the formulas take it.
pub fn shape(config: &TankShape) -> Shape {
    match config {
        TankShape::Box {
            length_m,
            width_m,
            height_m,
        } => Shape::Box {
            length: *length_m,
            width: *width_m,
            height: *height_m,
        },
        TankShape::VerticalCylinder {
            diameter_m,
            height_m,
        } => Shape::Upright {
            radius: diameter_m / 2.0,
            height: *height_m,
        },
        TankShape::HorizontalCylinder {
            diameter_m,
            length_m,
        } => Shape::Lying {
            radius: diameter_m / 2.0,
            length: *length_m,
        },
        TankShape::CylinderOnCone {
            diameter_m,
            bottom_diameter_m,
            cone_height_m,
            cylinder_height_m,
        } => Shape::OnCone {
            radius: diameter_m / 2.0,
            bottom: bottom_diameter_m / 2.0,
            cone: *cone_height_m,
            cylinder: *cylinder_height_m,
        },
        TankShape::Ibc {
            area_m2,
            height_m,
            nominal_m3,
        } => Shape::Ibc {
            area_m2: *area_m2,
            height: *height_m,
            nominal_m3: *nominal_m3,
        },
        TankShape::StrappingTable(rows) => Shape::Strapping(rows.clone()),
    }
}
