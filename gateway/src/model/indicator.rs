//! A figure for an asset or the site over a period, and all that says how far to believe it.
//!
//! An indicator is a pure function of raw readings, ledger entries, configuration and factors; it
//! is never stored. Texts are keys of the catalogue, numbers are unrounded.

use super::UtcMs;
use super::factor::{Factor, Headline};
use super::ledger::EntryId;
use super::period::Period;
use jiff::civil::Date;
use std::sync::Arc;

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicator {
    /// Stable id, `plts.generation`, `co2.net`, `ledger.jelantah`; its name in both languages is
    /// the catalogue's `indicator-ID` with `-` for `.` and `_` (that of the ledger's is its own).
    pub id: Arc<str>,
    /// The asset that it is about; `None`: the site.
    pub asset: Option<Arc<str>>,
    /// The period that it is about.
    pub period: Period,
    /// The figure in `unit`, or why there is none: never a zero in its place.
    pub value: Result<f64, Remark>,
    /// Symbol of its unit; empty for a bare number.
    pub unit: Arc<str>,
    /// How wide it is.
    pub uncertainty: Uncertainty,
    /// How much of the period was measured.
    pub completeness: Completeness,
    /// Where the number came from.
    pub origin: Origin,
    /// Whom rounding may never flatter.
    pub side: Side,
    /// Method id of METHODS: `A.1`, `C.3`.
    pub method: &'static str,
    /// Its equation in the symbols of `inputs`: `E · EF / 1000`.
    pub equation: &'static str,
    /// What went into it, in the order of the equation.
    pub inputs: Vec<Input>,
    /// The factors that it stands on.
    pub factors: Vec<Arc<Factor>>,
    /// Whether it may be said in a headline as it is, or only as provisional.
    pub headline: Headline,
    /// What a reader must know as well: a lower bound, a reset, a missing log.
    pub remarks: Vec<Remark>,
}

/// A sentence of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Its key.
    pub key: String,
    /// What it names.
    pub args: Vec<(&'static str, String)>,
}

/// Half-widths of the 95 % interval (k = 2); `None`: not known, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Uncertainty {
    /// IPCC Tier 1 (G.1), % of the value.
    pub tier1_pct: Option<f64>,
    /// GUM (G.2), in the figure's unit; correlated inputs added linearly.
    pub gum: Option<f64>,
}

/// Shares of one of the period that were measured; `None`: nothing was expected, or it is no
/// measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Completeness {
    /// Of all hours.
    pub all: Option<f64>,
    /// Of the hours with the sun above the horizon.
    pub daylight: Option<f64>,
}

/// Where a number came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A sensor.
    Measured,
    /// A counter of billing grade.
    Meter,
    /// Written down by staff, with evidence.
    Manual,
    /// Worked out from something else.
    Estimated,
    /// Said, without evidence.
    Declared,
}

/// Whom rounding may never flatter (G.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Neither: rounded to the nearest.
    Neutral,
    /// A benefit that is claimed: rounded down.
    Benefit,
    /// A burden: rounded up.
    Burden,
}

/// One thing that went into a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its symbol in the equation: `E`.
    pub symbol: &'static str,
    /// Its number.
    pub value: Option<f64>,
    /// Symbol of its unit.
    pub unit: Arc<str>,
    /// Where it is from.
    pub from: Source,
}

/// Where an input is from: the next step of the way down.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Readings of a point.
    Point(Readings),
    /// Entries of the ledger.
    Ledger {
        /// The indicator that was written down.
        indicator: Arc<str>,
        /// The entries that count.
        entries: Vec<EntryId>,
    },
    /// A factor.
    Factor(Arc<str>),
    /// A key of the configuration: `capacity_kwp` of the asset, `gwp` of the site.
    Setting(String),
    /// Another indicator of the same asset and period.
    Indicator(Arc<str>),
    /// A convention of the methods: seconds of an hour, 44/12.
    Constant(&'static str),
}

/// The readings of a point within a period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readings {
    /// `device.point`.
    pub point: Arc<str>,
    /// First good reading, in the point's own unit.
    pub first: Option<(UtcMs, f64)>,
    /// Last good reading, in the point's own unit.
    pub last: Option<(UtcMs, f64)>,
    /// Good readings.
    pub good: u64,
    /// Readings that were expected.
    pub expected: u64,
    /// Stretches without a good reading, longer than three times the polling interval.
    pub gaps: u64,
    /// The longest of them, ms.
    pub longest_gap_ms: i64,
}

/// Values by local day, for plots and tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Daily {
    /// Id of the indicator whose days these are.
    pub id: Arc<str>,
    /// The asset, `None`: the site.
    pub asset: Option<Arc<str>>,
    /// Unit of the values.
    pub unit: Arc<str>,
    /// Every day of the period, in order: the value (`None`: nothing to defend) and the share
    /// measured.
    pub days: Vec<(Date, Option<f64>, Completeness)>,
}

/// Something that happened to the data, for staff to see and correct.
#[derive(Clone, Debug, PartialEq)]
pub struct DataEvent {
    /// When it began.
    pub at: UtcMs,
    /// When it ended, where it lasted.
    pub until: Option<UtcMs>,
    /// The point, or the ledger's indicator.
    pub of: Arc<str>,
    /// `reset`, `rollover`, `spike`, `dip`, `step_down`, `outlier`, `zero`, `gap`, `correction`,
    /// `undated`; its text is the catalogue's `event-KIND`, with `-` for `_`.
    pub kind: &'static str,
    /// The reading before and after, where there is one.
    pub before_after: Option<(f64, f64)>,
}

/// All figures of a site over a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The period.
    pub period: Period,
    /// Revision of the configuration and factors that they were computed with.
    pub revision: String,
    /// The figures, assets in the order of the configuration.
    pub indicators: Vec<Indicator>,
    /// Their days, where a plot wants them.
    pub daily: Vec<Daily>,
    /// What happened to the data, in time order, at most `DATA_EVENTS_MAX`.
    pub events: Vec<DataEvent>,
    /// Events beyond that bound, counted only.
    pub events_left_out: u64,
}

impl Origin {
    /// Stable English key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Meter => "meter",
            Self::Manual => "manual",
            Self::Estimated => "estimated",
            Self::Declared => "declared",
        }
    }
}

impl Remark {
    /// A sentence without names in it.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            args: Vec::new(),
        }
    }

    /// The same sentence with one more name in it.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts are said alike at the call"
    )]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }
}

impl Account {
    /// The figure with this id, of this asset or of the site.
    pub fn find(&self, id: &str, asset: Option<&str>) -> Option<&Indicator> {
        let mut all = self.indicators.iter();
        all.find(|one| &*one.id == id && one.asset.as_deref() == asset)
    }
}
