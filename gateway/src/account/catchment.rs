//! A roof that catches rain: METHODS D.3.

use crate::account::amount::Amount;
use crate::account::asset::{Kind, Made, Read};
use crate::account::figure::{Build, Value, from_factor, from_figure, or_status, setting};
use crate::account::gather::{Sums, Tick};
use crate::account::lane::{Lane, Lanes};
use crate::account::track::least;
use crate::account::wide::Wide;
use crate::analyse::Status;
use crate::analyse::rain::{RainCapture, RainInput, rain_capture};
use crate::config::Config;
use crate::config::assets::Catchment;
use crate::limits::RAIN_EVENTS_MAX;
use crate::model::indicator::{Indicator, Origin};

/// More rain than the heaviest cloudbursts give, mm/h.
pub(super) const RAIN_MM_H: f64 = 600.0;

/// The readings of a roof as they come.
#[derive(Debug)]
pub(super) struct RoofSums<'a> {
    config: &'a Config,
    roof: &'a Catchment,
    rain: Option<Amount>,
    inflow: Option<Amount>,
    showers: Showers,
}

/// Rain by event.
#[derive(Debug, Default)]
pub(super) struct Showers {
    gap_ms: i64,
    /// mm of each, at most `RAIN_EVENTS_MAX`.
    all: Vec<f64>,
    before: f64,
    /// When it last rained.
    pub(super) last: Option<i64>,
}

impl Showers {
    pub(super) fn new(gap_ms: i64) -> Self {
        Self {
            gap_ms,
            ..Self::default()
        }
    }

    /// What had fallen by then, mm.
    pub(super) fn take(&mut self, at: i64, total: f64) {
        let grown = total - self.before;
        self.before = total;
        if grown <= 0.0 {
            return;
        }
        let dry = self.last.is_none_or(|last| at - last >= self.gap_ms);
        self.last = Some(at);
        let joins = !dry || self.all.len() >= RAIN_EVENTS_MAX;
        match self.all.last_mut() {
            Some(event) if joins => *event += grown,
            _ => self.all.push(grown),
        }
    }
}

impl<'a> RoofSums<'a> {
    pub(super) fn new(config: &'a Config, roof: &'a Catchment) -> (Vec<Lane>, Self) {
        let mut lanes = Lanes::new(config);
        let rain = lanes.total(roof.rain.as_ref());
        let inflow = lanes.total(roof.inflow.as_ref());
        let lanes = lanes.all;
        let most = roof.area_m2 * RAIN_MM_H / 1000.0;
        let gap_ms = i64::try_from(roof.event_gap.as_millis()).unwrap_or(i64::MAX);
        let sums = Self {
            config,
            roof,
            rain: rain.map(|at| Amount::counter(&lanes, at, RAIN_MM_H)),
            inflow: inflow.map(|at| Amount::counter(&lanes, at, most)),
            showers: Showers::new(gap_ms),
        };
        (lanes, sums)
    }
}

impl Sums for RoofSums<'_> {
    fn take(&mut self, tick: &Tick) {
        if let Some(rain) = &mut self.rain {
            rain.take(tick);
            if tick.lane == rain.lane {
                self.showers.take(tick.at, rain.so_far());
            }
        }
        if let Some(inflow) = &mut self.inflow {
            inflow.take(tick);
        }
    }

    fn day_ends(&mut self) {
        let both = self.rain.iter_mut().chain(&mut self.inflow);
        both.for_each(Amount::day_ends);
    }
}

impl Kind for RoofSums<'_> {
    fn make(&self, read: &Read<'_>) -> Made {
        let rain = read.amount("catchment.rain", "P", self.rain.as_ref(), Status::NoData);
        let inflow = self.inflow.as_ref();
        let inflow =
            inflow.map(|one| read.amount("catchment.inflow", "V_in", Some(one), Status::NoData));
        let known = |one: &Indicator| one.value.as_ref().ok().copied();
        let found = rain_capture(&RainInput {
            area_m2: self.roof.area_m2,
            runoff_c: self.roof.runoff,
            events_mm: &self.showers.all,
            first_flush_mm: self.roof.first_flush_mm,
            v_in_measured_m3: inflow.as_ref().and_then(known),
            free_capacity_m3: None,
        });
        let mut figures = self.water(read, &rain, found);
        if let Some(inflow) = inflow {
            let percent = found.efficiency.map(|share| 100.0 * share);
            let inputs = vec![
                from_figure("V_in", &inflow),
                from_figure("A · P / 1000", &figures[0]),
            ];
            let both = [Wide::from(&inflow), Wide::from(&figures[0])];
            let share = least([inflow.completeness, rain.completeness]);
            let value = or_status(percent, Status::NoData);
            let efficiency = read.desk.figure("catchment.efficiency", value, inputs);
            figures.push(efficiency.covered(share).wide(Wide::product(&both)));
            figures.push(inflow);
        }
        figures.insert(0, rain);
        let daily = read.daily("catchment.rain", self.rain.as_ref());
        Made {
            figures,
            daily: daily.into_iter().collect(),
            events: read.events(&[self.rain.as_ref(), self.inflow.as_ref()]),
        }
    }
}

impl RoofSums<'_> {
    fn water(&self, read: &Read<'_>, rain: &Indicator, found: RainCapture) -> Vec<Indicator> {
        let roof = self.roof;
        let area = || setting("A", roof.area_m2, "m2", "area_m2");
        let of = |m3: f64| -> Value { rain.value.clone().map(|_| m3) };
        let gross = read
            .desk
            .figure(
                "catchment.gross",
                of(found.gross_m3),
                vec![area(), from_figure("P", rain)],
            )
            .origin(Origin::Estimated)
            .covered(rain.completeness)
            .wide(Wide::from(rain));
        let runoff = match &roof.runoff_factor {
            Some(factor) => from_factor("C", roof.runoff, "", factor),
            None => setting("C", roof.runoff, "", "runoff"),
        };
        let flush = setting("ff", roof.first_flush_mm, "mm", "first_flush_mm");
        let inputs = vec![area(), runoff, from_figure("P", rain), flush];
        let mut caught = read
            .desk
            .figure("catchment.captured", of(found.net_m3), inputs)
            .origin(Origin::Estimated)
            .covered(rain.completeness)
            .remark_if(roof.inflow.is_none(), "account-rain-no-spill")
            .remark_if(roof.runoff_factor.is_some(), "account-runoff-handbook");
        if let Some(factor) = &roof.runoff_factor {
            caught = caught.factor(self.config, factor);
        }
        vec![gross, caught]
    }
}
