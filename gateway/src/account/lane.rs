//! A point as figures need it: in the unit of its use, with its pace, its step and its accuracy.

use crate::account::track::Track;
use crate::config::Config;
use crate::config::assets::PointUse;
use crate::limits::ASSET_POINTS_MAX;
use crate::model::Number;
use crate::model::indicator::Source;

/// A momentary value is believed up to so many times what its asset gives at most: motors start
/// with more than they run with, and ratings are typed by people.
const LEVEL_MARGIN: f64 = 2.0;

/// Readings of a point in its use.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) point: PointUse,
    /// Between two polls, ms.
    pub(super) every_ms: i64,
    /// Least step of its register, in the unit of its use; 0: not known.
    pub(super) step: f64,
    /// Where it starts again from 0, in the unit of its use.
    pub(super) wraps_at: Option<f64>,
    /// Half-width of its 95 % interval, % of the reading; `None`: not known.
    pub(super) accuracy_pct: Option<f64>,
    /// It is held against its last reading before the period, however old.
    pub(super) total: bool,
    /// Least and greatest value that can be, in the point's own unit.
    limits: (f64, f64),
    /// Greatest value that can be, either way, in the unit of its use: by the asset's rating.
    most: f64,
}

/// The lanes of an asset, in the order in which its figures were told of them.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    config: &'a Config,
    pub(super) all: Vec<Lane>,
}

impl Lane {
    /// It is added up by its growth.
    pub(super) fn is_counter(&self) -> bool {
        let unit = self.point.unit;
        self.total && unit != "W" && !unit.ends_with("/h")
    }

    /// A reading, in the point's own unit, is one that can be. What was stored as good under wider
    /// limits than those of today is none.
    pub(super) fn can_be(&self, own: f64) -> bool {
        let (least, greatest) = self.limits;
        (least..=greatest).contains(&own) && self.point.value(own).abs() <= self.most
    }

    /// A reading that is older than this says nothing of now, ms (A.1).
    pub(super) fn max_gap_ms(&self) -> i64 {
        self.every_ms.saturating_mul(2)
    }
}

impl<'a> Lanes<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self {
            config,
            all: Vec::new(),
        }
    }

    /// A lane for what is read as it is: its number.
    pub(super) fn level(&mut self, point: Option<&PointUse>) -> Option<usize> {
        self.add(point?, false)
    }

    /// A lane for what is added up.
    pub(super) fn total(&mut self, point: Option<&PointUse>) -> Option<usize> {
        self.add(point?, true)
    }

    /// What an asset can give at most limits what is believed of a power or flow: `LEVEL_MARGIN`
    /// times it.
    pub(super) fn rated(&mut self, lane: Option<usize>, most: f64) {
        let lane = lane.and_then(|at| self.all.get_mut(at));
        if let Some(lane) = lane.filter(|lane| !lane.is_counter()) {
            lane.most = most * LEVEL_MARGIN;
        }
    }

    fn add(&mut self, point: &PointUse, total: bool) -> Option<usize> {
        if self.all.len() >= ASSET_POINTS_MAX {
            tracing::warn!(point = %point.id, "one asset has too many points; this one is left out");
            return None;
        }
        let (device, place) = self.config.site.find(&point.id)?;
        let info = self.config.site.devices.get(usize::from(device))?;
        let device = self.config.devices.get(usize::from(device));
        let facts = device.and_then(|device| device.points.get(place));
        let accuracy = device.and_then(|device| device.accuracy.get(&info.points[place].name));
        let step = facts.map_or(0.0, |facts| {
            let (mantissa, exponent) = facts.scale.factor;
            Number::Decimal { mantissa, exponent }.to_f64()
        });
        self.all.push(Lane {
            every_ms: i64::try_from(info.every_ms).unwrap_or(i64::MAX / 8).max(1),
            step: (step * point.scale).abs(),
            wraps_at: facts
                .and_then(|facts| facts.wraps_at)
                .map(|own| own * point.scale),
            accuracy_pct: accuracy.copied(),
            total,
            limits: (
                facts
                    .and_then(|facts| facts.min)
                    .unwrap_or(f64::NEG_INFINITY),
                facts.and_then(|facts| facts.max).unwrap_or(f64::INFINITY),
            ),
            most: f64::INFINITY,
            point: point.clone(),
        });
        Some(self.all.len() - 1)
    }
}

/// Where an input from a lane comes from.
pub(super) fn source(tracks: &[Track], lane: usize) -> Source {
    let readings = tracks.get(lane).map(|track| track.readings.clone());
    Source::Point(readings.unwrap_or_default())
}
