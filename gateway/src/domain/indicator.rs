//! Indicators: figures for an asset or the site over a period, with unit, uncertainty, completeness
//! and inputs.
//!
//! An indicator is a pure function of raw samples, ledger entries, configuration and factors, and
//! is never stored. Texts are message keys; numbers are not rounded.

use super::UtcMs;
use super::claim_verdict::ClaimVerdict;
use super::factor::Factor;
use super::input_part::InputPart;
use super::ledger::EntryId;
use super::period::Period;
use super::redated_stretch::RedatedStretch;
use super::sample_import::{ImportInPeriod, SampleImport};
use jiff::civil::Date;
use std::sync::Arc;

/// Indicator: one figure of an asset or the site over a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicator {
    /// Id such as `plts.generation`, `co2.net` or `ledger.jelantah`. Its name has the message key
    /// `indicator-ID` with `-` for `.` and `_`; ledger indicators carry their own name.
    pub id: Arc<str>,
    /// The asset; `None`: the site.
    pub asset: Option<Arc<str>>,
    /// The period.
    pub period: Period,
    /// Value in `unit`, or the reason why there is none. A missing value is never zero.
    pub value: Result<f64, IndicatorRemark>,
    /// Symbol of the unit; empty for a bare number.
    pub unit: Arc<str>,
    /// Uncertainty.
    pub uncertainty: Uncertainty,
    /// Share of the period that was measured.
    pub completeness: CompletenessShares,
    /// Origin of the number.
    pub origin: ValueOrigin,
    /// Rounding direction.
    pub side: RoundingDirection,
    /// Method id of METHODS, such as `A.1` or `C.3`.
    pub method: &'static str,
    /// Equation in the symbols of `inputs`, such as `E · EF / 1000` (see [`super::equation`]).
    pub equation: &'static str,
    /// Inputs, in the order of the equation.
    pub inputs: Vec<IndicatorInput>,
    /// Factors that it depends on.
    pub factors: Vec<Arc<Factor>>,
    /// Verdict: whether it may be claimed.
    pub claim: ClaimVerdict,
    /// Remarks for the reader: a lower bound, a reset, a missing log.
    pub remarks: Vec<IndicatorRemark>,
}

/// Translatable remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndicatorRemark {
    /// Message key.
    pub key: String,
    /// Arguments of the message.
    pub args: Vec<(&'static str, String)>,
}

/// Half-widths of the 95 % interval (k = 2); `None`: unknown, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Uncertainty {
    /// IPCC Tier 1 (METHODS G.1), % of the value.
    pub tier1_pct: Option<f64>,
    /// GUM (METHODS G.2), in the unit of the figure; correlated inputs are added linearly.
    pub gum: Option<f64>,
    /// Both are lower bounds: the uncertainty of an input is not known.
    pub is_least: bool,
    /// By how much further the interval reaches down and up, in the unit of the figure: what a
    /// counter counted across a gap at the beginning of the period may belong before it.
    pub reach: IntervalReach,
}

/// By how much further an interval reaches than its half-width, in the unit of its figure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IntervalReach {
    /// Towards smaller values.
    pub down: f64,
    /// Towards greater values.
    pub up: f64,
}

/// Measured shares of the period, 0 to 1; `None`: nothing was expected, or the figure is no
/// measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompletenessShares {
    /// Share of all hours.
    pub all: Option<f64>,
    /// Share of the hours with the sun above the horizon.
    pub daylight: Option<f64>,
}

/// Origin of a number (METHODS 0.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueOrigin {
    /// Sensor.
    Measured,
    /// Counter of billing grade.
    Meter,
    /// Sensor or counter, wholly or partly by way of an imported file.
    Imported,
    /// Entered by staff, with evidence.
    Manual,
    /// Computed from other quantities.
    Estimated,
    /// Declared, without evidence.
    Declared,
}

/// Rounding direction (METHODS G.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoundingDirection {
    /// Rounded to the nearest value.
    Neutral,
    /// Claimed benefit: rounded down.
    Benefit,
    /// Burden: rounded up.
    Burden,
}

/// Fixed properties of an indicator. Each figure of an asset or the site is one constant beside the
/// function that computes it.
///
/// ```
/// use gateway::domain::indicator::IndicatorSpec;
///
/// const ENERGY: IndicatorSpec =
///     IndicatorSpec::new("meter.energy", "kWh", "G.5", "E = Σ (c₂ − c₁)");
/// // The same figure where there is no counter, but only the power.
/// const INTEGRATED: IndicatorSpec = ENERGY.computed_by("A.1", "E");
/// assert_eq!((INTEGRATED.id, INTEGRATED.method), (ENERGY.id, "A.1"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndicatorSpec<'a> {
    /// Id, such as `plts.pr`.
    pub id: &'a str,
    /// Symbol of the unit; empty for a bare number. CO2 figures may be `tCO2e` instead of `tCO2`,
    /// depending on the factor.
    pub unit: &'a str,
    /// Method id of METHODS, such as `A.5`.
    pub method: &'static str,
    /// Equation in the symbols of the inputs.
    pub equation: &'static str,
    /// Rounding direction (METHODS G.3).
    pub side: RoundingDirection,
}

/// Input of an indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct IndicatorInput {
    /// Symbol in the equation, such as `E`.
    pub symbol: &'static str,
    /// Value.
    pub value: Option<f64>,
    /// Symbol of the unit.
    pub unit: Arc<str>,
    /// Source of the value.
    pub from: InputSource,
    /// Rule by which the value comes from readings, such as `Σ τ, P ≥ P_run`; empty for none.
    pub rule: &'static str,
    /// Numbers of which the value is the sum; without a value, rows of a `Σ` of the equation.
    pub parts: Vec<InputPart>,
}

/// Source of an input; follows the figure down to its readings.
#[derive(Clone, Debug, PartialEq)]
pub enum InputSource {
    /// Readings of a point.
    Point(PointReadings),
    /// Entries of the ledger.
    Ledger {
        /// Indicator of the ledger.
        indicator: Arc<str>,
        /// Entries that count.
        entries: Vec<EntryId>,
    },
    /// A factor.
    Factor(Arc<str>),
    /// Key of the configuration: `capacity_kwp` of the asset, `gwp` of the site.
    Setting(String),
    /// Another indicator of the same period.
    Indicator {
        /// Its id.
        id: Arc<str>,
        /// Its asset; `None`: the site.
        asset: Option<Arc<str>>,
    },
    /// The same figure for a part of the period, such as the days of one baseline.
    Part(Box<Indicator>),
    /// Convention of the methods or constant of nature, by its name in [`CONSTANT_NAMES`].
    Constant(&'static str),
}

/// Names of constants; each has a text, `chapters-constant-NAME`.
pub const CONSTANT_NAMES: [&str; 14] = [
    "across-edge",
    "across-gaps",
    "across-opening",
    "batch",
    "gravity",
    "gwp",
    "hygiene",
    "ipcc",
    "measured",
    "no-biodiesel",
    "period",
    "running",
    "stc",
    "water",
];

/// Readings of a point within a period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointReadings {
    /// Id of the point, `device.point`.
    pub point: Arc<str>,
    /// First good reading, in the unit of the point.
    pub first: Option<(UtcMs, f64)>,
    /// Last good reading, in the unit of the point.
    pub last: Option<(UtcMs, f64)>,
    /// Number of good readings.
    pub good: u64,
    /// Number of expected readings.
    pub expected: u64,
    /// Number of gaps: stretches without a good reading, longer than three polling intervals.
    pub gaps: u64,
    /// Longest gap, ms.
    pub longest_gap_ms: i64,
    /// Imports of files from which readings of the period came.
    pub imports: Vec<ImportInPeriod>,
    /// Stretches of the period whose readings were dated afterwards, the last
    /// `REDATED_STRETCHES_MAX`.
    pub redated: Vec<Arc<RedatedStretch>>,
    /// Measured share of each day of the period, 0 to 1; `None`: no reading was expected.
    pub day_shares: Vec<Option<f64>>,
}

/// Values by local day, for plots and tables.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyValues {
    /// Id of the indicator.
    pub id: Arc<str>,
    /// The asset; `None`: the site.
    pub asset: Option<Arc<str>>,
    /// Unit of the values.
    pub unit: Arc<str>,
    /// All days of the period in order: date, value (`None`: no value can be defended) and share
    /// measured.
    pub days: Vec<(Date, Option<f64>, CompletenessShares)>,
}

/// Data event: something that happened to the data, for staff to check and correct.
#[derive(Clone, Debug, PartialEq)]
pub struct DataEvent {
    /// Start.
    pub at: UtcMs,
    /// End, if it lasted.
    pub until: Option<UtcMs>,
    /// The point, or the indicator of the ledger.
    pub of: Arc<str>,
    /// `reset`, `rollover`, `spike`, `dip`, `step_down`, `outlier`, `zero`, `gap`, `correction` or
    /// `undated`, `redated`, `damaged`, `imported` or `imported_over`; its message key is
    /// `event-KIND`, with `-` for `_`.
    pub kind: &'static str,
    /// Reading before and after, if any.
    pub before_after: Option<(f64, f64)>,
    /// The import, for `imported` and `imported_over`.
    pub import: Option<Arc<SampleImport>>,
    /// The stretch, for `redated`.
    pub redated: Option<Arc<RedatedStretch>>,
}

/// All indicators of a site over a period.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteIndicators {
    /// The period.
    pub period: Period,
    /// Time for which they were calculated: a period that ends later is running.
    pub now: UtcMs,
    /// Revision of the configuration and factors used.
    pub revision: String,
    /// Indicators, assets in the order of the configuration.
    pub indicators: Vec<Indicator>,
    /// Figures of other assets from which these are computed, in an account of one asset: they
    /// decide its statuses, and are no figures of it.
    pub sources: Vec<Indicator>,
    /// Daily values, if requested.
    pub daily: Vec<DailyValues>,
    /// Data events in time order, at most `DATA_EVENTS_MAX`.
    pub events: Vec<DataEvent>,
    /// Number of events beyond that bound.
    pub events_left_out: u64,
}

impl<'a> IndicatorSpec<'a> {
    /// Properties of an indicator that is rounded to the nearest value.
    pub const fn new(
        id: &'a str,
        unit: &'a str,
        method: &'static str,
        equation: &'static str,
    ) -> Self {
        Self {
            id,
            unit,
            method,
            equation,
            side: RoundingDirection::Neutral,
        }
    }

    /// The same as a claimed benefit, which is rounded down.
    #[must_use]
    pub const fn benefit(self) -> Self {
        Self {
            side: RoundingDirection::Benefit,
            ..self
        }
    }

    /// The same as a burden, which is rounded up.
    #[must_use]
    pub const fn burden(self) -> Self {
        Self {
            side: RoundingDirection::Burden,
            ..self
        }
    }

    /// The same figure computed another way.
    #[must_use]
    pub const fn computed_by(self, method: &'static str, equation: &'static str) -> Self {
        Self {
            method,
            equation,
            ..self
        }
    }

    /// The same figure in another unit.
    #[must_use]
    pub const fn in_unit(self, unit: &'a str) -> Self {
        Self { unit, ..self }
    }
}

impl ValueOrigin {
    /// Stable English key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Meter => "meter",
            Self::Imported => "imported",
            Self::Manual => "manual",
            Self::Estimated => "estimated",
            Self::Declared => "declared",
        }
    }
}

/// Keys, or beginnings of keys, of the remarks that say why a figure is to be checked or must not
/// be claimed. They stand at every figure that is computed from the one that they are about.
const DOUBT_REMARKS: &[&str] = &[
    "account-implausible-",
    "account-unusual-",
    "account-same-mass",
    "account-same-series",
    "account-sum-of-others",
    "account-steady-ratio",
    "account-claimed-perhaps",
    "account-certified-perhaps",
    "account-effect-claimed-perhaps",
    "account-certified-twin",
    "account-refused",
    "account-high-yield",
    "account-low-yield",
    "account-opening-upper-bound",
    "account-opening-gap",
    "account-edge-upper-bound",
    "account-passed-opening-gap-",
    "account-passed-upper-bound",
    "account-passed-either-bound",
    "account-balance-impossible",
    "account-balance-surplus",
    "account-behind-ratio",
    "account-modules-below",
    "account-part-above-whole",
];

/// Beginnings of the keys of remarks on what was counted across a gap that began before the period:
/// on a total, and on what is computed from it.
const OPENING_GAPS: [&str; 2] = ["account-opening-gap", "account-passed-opening-gap-"];

/// Beginnings of the keys of the same remarks where the readings are always that far apart, also at
/// the end of the period.
const EDGE_INTERVALS: [&str; 3] = [
    "account-edge-interval",
    "account-closing-interval",
    "account-passed-edge-",
];

/// Further remarks that say what somebody at the site should do.
const ADVICE_REMARKS: &[&str] = &[
    "account-counter-refused",
    "account-evidence-official",
    "account-moves-together",
    "account-no-density",
    "account-no-leakage-",
    "account-no-treatment",
    "account-rest-together",
    "account-tank-overfull",
    "account-unnamed-",
    "analyse-status-falling-counter",
    "analyse-status-implausible-",
    "analyse-status-inconsistent-flow-without-energy",
];

impl IndicatorRemark {
    /// Whether it says what somebody at the site should do, which is nothing for outsiders.
    pub fn is_advice(&self) -> bool {
        self.is_doubt() || ADVICE_REMARKS.iter().any(|key| self.key.starts_with(key))
    }

    /// Whether it says why the figure is to be checked or must not be claimed.
    pub fn is_doubt(&self) -> bool {
        DOUBT_REMARKS.iter().any(|key| self.key.starts_with(key))
    }

    /// Whether it says that a gap at the beginning of the period makes a figure uncertain.
    pub(crate) fn is_opening_gap(&self) -> bool {
        OPENING_GAPS.iter().any(|key| self.key.starts_with(key))
    }

    /// Whether it says that a part of a figure, which may be small, perhaps belongs to another
    /// period.
    pub(crate) fn is_edge_amount(&self) -> bool {
        let mut keys = EDGE_INTERVALS.iter();
        self.is_opening_gap() || keys.any(|key| self.key.starts_with(key))
    }

    /// Remark without arguments.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            args: Vec::new(),
        }
    }

    /// The remark with one more argument.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts are said alike at the call"
    )]
    pub fn with_arg(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }
}

impl SiteIndicators {
    /// Indicator with this id, of this asset or of the site.
    pub fn find(&self, id: &str, asset: Option<&str>) -> Option<&Indicator> {
        let mut all = self.indicators.iter();
        all.find(|one| &*one.id == id && one.asset.as_deref() == asset)
    }

    /// The same, also among the figures of other assets from which those of an account of one asset
    /// are computed.
    pub fn find_source(&self, id: &str, asset: Option<&str>) -> Option<&Indicator> {
        let mut all = self.indicators.iter().chain(&self.sources);
        all.find(|one| &*one.id == id && one.asset.as_deref() == asset)
    }
}
