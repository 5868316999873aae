//! [`GpioPoint`]: the meaning of a GPIO line, and [`GpioLink`]: the chip of the lines; and their
//! checks.

use crate::config::BusLinkSummary;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawNumber, RawText, SpannedValue};
use crate::config::value_syntax::{self, EXPECT_DURATION};
use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Chip of the 40-pin header of a Raspberry Pi with a recent kernel.
const DEFAULT_CHIP: &str = "/dev/gpiochip0";
/// Longest debounce period: a longer one would swallow the tips of heavy rain.
const DEBOUNCE_MAX: Duration = Duration::from_secs(1);

/// GPIO chip whose lines are read.
#[derive(Clone, Debug, PartialEq)]
pub struct GpioLink {
    /// Device path, `/dev/gpiochip0` by default.
    pub chip: PathBuf,
}

/// Meaning of one GPIO line.
#[derive(Clone, Debug, PartialEq)]
pub struct GpioPoint {
    /// The line; `None` until the device names it, in a profile.
    pub line: Option<GpioLine>,
    /// Value that is made of its levels.
    pub signal: GpioSignal,
    /// Resistor inside the chip.
    pub bias: LineBias,
    /// Edges that count as a pulse.
    pub edge: LineEdge,
    /// Time for which a level must be stable; zero: no debounce.
    pub debounce: Duration,
    /// The line is active when its level is low.
    pub active_low: bool,
    /// Most pulses per second that the meter can give; `None`: no limit.
    pub rate_max: Option<f64>,
    /// Longest pulse; a line that is active for longer is stuck. `None`: a contact may rest closed.
    pub pulse_max: Option<Duration>,
}

impl GpioPoint {
    /// Whether both are on the same line and need the same edges.
    pub fn shares_line_with(&self, other: &Self) -> bool {
        let unlike = Self {
            signal: other.signal,
            ..self.clone()
        };
        unlike == *other && self.signal.is_count() == other.signal.is_count()
    }

    /// Edges that are reported. A count needs those that are pulses and no others: every edge has
    /// a number.
    pub fn watched_edges(&self) -> LineEdge {
        if self.signal.is_count() {
            self.edge
        } else {
            LineEdge::Both
        }
    }
}

/// One line of a chip.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GpioLine {
    /// By its number on the chip.
    Number(u32),
    /// By the name that the chip gives it, such as `GPIO17`.
    Name(Arc<str>),
}

impl fmt::Display for GpioLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// Value that is made of the levels of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpioSignal {
    /// Number of pulses since the counter was first read; it goes on after a restart.
    Pulses,
    /// Pulses per second.
    Rate,
    /// 1 while the line is active, else 0.
    State,
    /// Seconds since the state changed, or since it was first seen.
    StateSeconds,
}

impl GpioSignal {
    /// All signals.
    pub const ALL: [Self; 4] = [Self::Pulses, Self::Rate, Self::State, Self::StateSeconds];

    /// Whether it counts pulses.
    pub fn is_count(self) -> bool {
        matches!(self, Self::Pulses | Self::Rate)
    }

    /// Word in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pulses => "pulses",
            Self::Rate => "rate",
            Self::State => "state",
            Self::StateSeconds => "state-seconds",
        }
    }

    /// Signal of this word; `None` for another word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.word() == word)
    }
}

/// Resistor inside the chip that holds an open line at a level.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum LineBias {
    /// To the supply: for a contact or an open collector to ground.
    #[default]
    PullUp,
    /// To ground.
    PullDown,
    /// None: the circuit has its own.
    None,
    /// As the chip has it.
    AsIs,
}

/// Edges that count as a pulse, of the active state.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum LineEdge {
    /// The line becomes active.
    #[default]
    Rising,
    /// The line becomes inactive.
    Falling,
    /// Both.
    Both,
}

/// Level at which a line is active.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawActiveLevel {
    #[default]
    Low,
    High,
}

impl GpioLink {
    /// Description for tables and texts.
    pub(crate) fn summary(&self) -> BusLinkSummary {
        BusLinkSummary {
            kind: "gpio",
            name: "GPIO",
            address: self.chip.display().to_string(),
            baud: None,
            format: None,
        }
    }
}

/// Checks the keys of a GPIO bus.
pub(crate) fn check_gpio_link(chip: &RawText) -> GpioLink {
    let chip = chip.as_ref().map_or(DEFAULT_CHIP, |at| at.get());
    GpioLink {
        // `gpiochip0` is how the tools of libgpiod name it.
        chip: Path::new("/dev").join(chip),
    }
}

/// Keys of a point that say what a line means, as typed.
pub(crate) struct GpioPointKeys<'a> {
    /// `line`.
    pub(crate) line: Option<&'a SpannedValue<toml::Value>>,
    /// `bias`.
    pub(crate) bias: &'a Option<SpannedValue<LineBias>>,
    /// `active`.
    pub(crate) active: &'a Option<SpannedValue<RawActiveLevel>>,
    /// `edge`.
    pub(crate) edge: &'a Option<SpannedValue<LineEdge>>,
    /// `debounce`.
    pub(crate) debounce: &'a RawText,
    /// `max_rate`.
    pub(crate) max_rate: &'a RawNumber,
    /// `max_pulse`.
    pub(crate) max_pulse: &'a RawText,
}

/// Checks the keys of a point on a line; the word of its signal is known to be one.
pub(crate) fn check_gpio_point(
    notes: &mut DiagnosticCollector<'_>,
    keys: &GpioPointKeys<'_>,
    signal: GpioSignal,
) -> GpioPoint {
    let debounce = notes.parsed_text(
        keys.debounce,
        "debounce",
        value_syntax::parse_duration,
        EXPECT_DURATION,
    );
    if let (Some(at), Some(period)) = (keys.debounce, debounce)
        && period > DEBOUNCE_MAX
    {
        notes.add_error(at.span(), "debounce", "fault-range", at.get(), "0ms..=1s");
    }
    let active = keys.active.as_ref().map(|at| *at.get()).unwrap_or_default();
    GpioPoint {
        line: check_line(notes, keys.line),
        signal,
        bias: keys.bias.as_ref().map(|at| *at.get()).unwrap_or_default(),
        edge: keys.edge.as_ref().map(|at| *at.get()).unwrap_or_default(),
        debounce: debounce.unwrap_or_default(),
        active_low: active == RawActiveLevel::Low,
        rate_max: notes.positive_number(keys.max_rate, "max_rate"),
        pulse_max: notes.parsed_text(
            keys.max_pulse,
            "max_pulse",
            value_syntax::parse_duration,
            EXPECT_DURATION,
        ),
    }
}

/// Checks the line of a point or device: a number or a name.
pub(crate) fn check_line(
    notes: &mut DiagnosticCollector<'_>,
    typed: Option<&SpannedValue<toml::Value>>,
) -> Option<GpioLine> {
    let at = typed?;
    let line = match at.get() {
        toml::Value::Integer(number) => u32::try_from(*number).ok().map(GpioLine::Number),
        toml::Value::String(name) if !name.trim().is_empty() => {
            Some(GpioLine::Name(Arc::from(name.trim())))
        }
        _ => None,
    };
    if line.is_none() {
        let found = at.get().to_string();
        notes.add_error(
            at.span(),
            "line",
            "fault-value",
            &found,
            "fault-expect-line",
        );
    }
    line
}
