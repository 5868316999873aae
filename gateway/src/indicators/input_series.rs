//! Input series: a point as the indicators need it, in the unit of its use, with polling interval,
//! register step and accuracy.

use crate::assets::AssetPoint;
use crate::config::Config;
use crate::domain::ExactNumber;
use crate::domain::redated_stretch::RedatedStretch;
use crate::indicators::imported_spans::ImportedSpans;
use crate::limits::ASSET_POINTS_MAX;
use std::sync::Arc;

/// Factor on the rating of an asset up to which a momentary value is plausible.
// Motors take more power at the start than in operation, and ratings are typed by people.
const RATING_MARGIN: f64 = 2.0;

/// Readings of one point in the unit of its use.
#[derive(Clone, Debug)]
pub(crate) struct InputSeries {
    pub(crate) point: AssetPoint,
    /// Polling interval, ms.
    pub(crate) every_ms: i64,
    /// Smallest step of the register, in the unit of its use; 0: unknown.
    pub(crate) step: f64,
    /// Value at which the counter wraps to 0, in the unit of its use.
    pub(crate) wraps_at: Option<f64>,
    /// Half-width of the 95 % interval, % of the reading; `None`: unknown.
    pub(crate) accuracy_pct: Option<f64>,
    /// The series is added up. Its baseline is the last reading before the period, however old.
    pub(crate) total: bool,
    /// Lowest and highest plausible value, in the unit of the point.
    limits: (f64, f64),
    /// Highest plausible absolute value by the rating of the asset, in the unit of its use.
    most: f64,
    /// Stretches of time whose readings came from files.
    pub(crate) imports: ImportedSpans,
    /// Stretches whose readings were dated afterwards, in time order.
    pub(crate) redated: Vec<Arc<RedatedStretch>>,
}

/// Input series of one asset, in the order in which its accumulator asked for them.
#[derive(Debug)]
pub(crate) struct InputSeriesList<'a> {
    config: &'a Config,
    pub(crate) all: Vec<InputSeries>,
}

impl InputSeries {
    /// Whether the series is a counter, whose growth is added up.
    pub(crate) fn is_counter(&self) -> bool {
        // A point that is added up may also be a power or a flow; only its unit tells it from a
        // counter.
        let unit = self.point.unit;
        self.total && unit != "W" && !unit.ends_with("/h")
    }

    /// Whether a reading, in the unit of the point, is plausible. Limits are those of today:
    /// readings stored as good under wider limits may be implausible.
    pub(crate) fn is_plausible(&self, own: f64) -> bool {
        let (least, greatest) = self.limits;
        (least..=greatest).contains(&own) && self.point.value(own).abs() <= self.most
    }

    /// Age from which a reading no longer gives the present value, ms.
    pub(crate) fn max_gap_ms(&self) -> i64 {
        // Maximum gap of METHODS A.1: twice the nominal interval.
        self.every_ms.saturating_mul(2)
    }

    /// Longest time that a reading at `at` (ms) may cover because of the interval of the file that
    /// it came from, ms; 0 when it came from none.
    pub(crate) fn imported_reach_ms(&self, at: i64) -> i64 {
        self.imports.interval_at(at).saturating_mul(2)
    }

    /// Greatest age of a reading that gives the present value, whatever it came from, ms.
    pub(crate) fn longest_gap_ms(&self) -> i64 {
        let imported = self.imports.longest_interval().saturating_mul(2);
        self.max_gap_ms().max(imported)
    }
}

impl<'a> InputSeriesList<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        Self {
            config,
            all: Vec::new(),
        }
    }

    /// Adds a series of momentary values and returns its index; `None` for a missing point.
    pub(crate) fn add_level(&mut self, point: Option<&AssetPoint>) -> Option<usize> {
        self.add_series(point?, false)
    }

    /// Adds a series that is added up and returns its index.
    pub(crate) fn add_total(&mut self, point: Option<&AssetPoint>) -> Option<usize> {
        self.add_series(point?, true)
    }

    /// Limits the plausible values of a power or flow to `RATING_MARGIN` times `most`, the highest
    /// value by the rating of the asset.
    pub(crate) fn limit_by_rating(&mut self, lane: Option<usize>, most: f64) {
        let lane = lane.and_then(|at| self.all.get_mut(at));
        if let Some(lane) = lane.filter(|lane| !lane.is_counter()) {
            lane.most = most * RATING_MARGIN;
        }
    }

    fn add_series(&mut self, point: &AssetPoint, total: bool) -> Option<usize> {
        if self.all.len() >= ASSET_POINTS_MAX {
            tracing::warn!(point = %point.id, "one asset has too many points; this one is left out");
            return None;
        }
        let (device, place) = self.config.site.find_point(&point.id)?;
        let info = self.config.site.devices.get(usize::from(device))?;
        let device = self.config.devices.get(usize::from(device));
        let facts = device.and_then(|device| device.points.get(place));
        let accuracy = device.and_then(|device| device.accuracy.get(&info.points[place].name));
        let step = facts.map_or(0.0, |facts| {
            let (mantissa, exponent) = facts.scale.factor;
            ExactNumber::Decimal { mantissa, exponent }.to_f64()
        });
        self.all.push(InputSeries {
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
            imports: ImportedSpans::default(),
            redated: Vec::new(),
            point: point.clone(),
        });
        Some(self.all.len() - 1)
    }
}
