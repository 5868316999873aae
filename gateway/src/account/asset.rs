//! What the figures of every kind of asset share: totals of counters as figures.

use crate::account::amount::Amount;
use crate::account::events::Events;
use crate::account::figure::{Build, Desk, Value, because, input};
use crate::account::gather::Sums;
use crate::account::lane::{Lane, source};
use crate::account::track::Track;
use crate::analyse::Status;
use crate::model::indicator::{Daily, Indicator, Origin, Remark, Source};
use std::sync::Arc;

/// What an asset gave.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) figures: Vec<Indicator>,
    pub(super) daily: Vec<Daily>,
    pub(super) events: Events,
}

impl Made {
    /// Takes in what another asset gave.
    pub(super) fn add(&mut self, other: Self) {
        self.figures.extend(other.figures);
        self.daily.extend(other.daily);
        self.events.extend(other.events);
    }

    /// A figure for which nothing could be believed of what was read says so, not that nothing was
    /// read.
    pub(super) fn tell_impossible(&mut self, tracks: &[Track]) {
        let none_possible = |point: &Arc<str>| {
            let mut tracks = tracks.iter();
            let track = tracks.find(|track| track.readings.point == *point);
            track.is_some_and(|track| track.readings.good == 0 && !track.outside.is_empty())
        };
        for figure in &mut self.figures {
            let stands_on = figure.inputs.iter().any(|input| match &input.from {
                Source::Point(readings) => none_possible(&readings.point),
                _ => false,
            });
            if figure.value.is_err() && stands_on {
                figure.value = Err(because(Status::ImplausibleReadings));
            }
        }
    }
}

/// What was read of an asset.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) desk: &'a Desk<'a>,
    pub(super) lanes: &'a [Lane],
    pub(super) tracks: &'a [Track],
}

/// An asset whose readings are being taken in.
pub(super) trait Kind: Sums {
    /// Its figures.
    fn make(&self, read: &Read<'_>) -> Made;
}

impl Read<'_> {
    /// A total as a figure: from its counter, or integrated.
    pub(super) fn amount(
        &self,
        id: &str,
        symbol: &'static str,
        amount: Option<&Amount>,
        absent: Status,
    ) -> Indicator {
        let Some(amount) = amount else {
            return self.desk.figure(id, Err(because(absent)), Vec::new());
        };
        let total: Value = amount.total().map_err(because);
        let lane = &self.lanes[amount.lane];
        let track = &self.tracks[amount.lane];
        let from = source(self.tracks, amount.lane);
        let inputs = vec![input(
            symbol,
            total.as_ref().ok().copied(),
            lane.point.unit,
            from,
        )];
        let share = amount.share(self.desk.span, track);
        let (origin, method, equation) = if amount.is_counter() {
            (Origin::Meter, "G.5", None)
        } else {
            (Origin::Measured, "A.1", Some("Σ (P₁ + P₂) / 2 · Δt"))
        };
        let mut figure = self
            .desk
            .figure(id, total, inputs)
            .origin(origin)
            .covered(share)
            .wide(amount.wide())
            .remark_if(amount.lower_bound(), "account-lower-bound")
            .remark_if(!amount.is_counter(), "account-integrated");
        if figure.method == "G.5" {
            figure.method = method;
            figure.equation = equation.unwrap_or(figure.equation);
        }
        self.opening(figure, amount.lane)
    }

    /// A counter whose last reading before the period is old says so: what it counted in between is
    /// told here.
    fn opening(&self, figure: Indicator, lane: usize) -> Indicator {
        let span = self.desk.span;
        let old = self.lanes[lane].every_ms.saturating_mul(3);
        match self.tracks[lane].readings.first {
            Some((at, _)) if self.lanes[lane].total && at.0 < span.from.saturating_sub(old) => {
                let (date, _) = span.clock(at.0);
                figure.remark(Remark::new("account-opening").with("date", date))
            }
            _ => figure,
        }
    }

    /// The days of a total.
    pub(super) fn daily(&self, id: &str, amount: Option<&Amount>) -> Option<Daily> {
        let amount = amount?;
        let days = amount.daily(self.desk.span, &self.tracks[amount.lane]);
        Some(self.desk.daily(id, days))
    }

    /// What happened to the readings and counters.
    pub(super) fn events(&self, amounts: &[Option<&Amount>]) -> Events {
        let mut events = Events::default();
        for (lane, track) in self.lanes.iter().zip(self.tracks) {
            events.silences(lane, track);
        }
        for amount in amounts.iter().flatten() {
            events.counter(&self.lanes[amount.lane], amount);
        }
        events
    }
}
