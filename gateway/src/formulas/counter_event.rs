//! Events found in the readings of a meter counter (METHODS G.5).

/// Event found in the readings of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterEventKind {
    /// The counter wrapped at its modulus.
    Rollover,
    /// The counter went back by a little (rounding, or two alternating values); the drop is
    /// subtracted.
    Dip,
    /// The counter went back by more than a day's growth, but not to its start. The reading is left
    /// out; a person has to say whether the meter was replaced.
    StepDown,
    /// The counter started again, or the meter was replaced.
    Reset,
    /// An impossible jump up; the reading is left out.
    Spike,
    /// A reading far below its neighbours, which continue from each other (a zero at night, a torn
    /// word); it is left out.
    Outlier,
    /// A person has said that the meter was replaced or reset, with its last and first readings.
    Swap,
}

impl CounterEventKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Rollover,
        Self::Dip,
        Self::StepDown,
        Self::Reset,
        Self::Spike,
        Self::Outlier,
        Self::Swap,
    ];

    /// Returns the stable English code for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rollover => "rollover",
            Self::Dip => "dip",
            Self::StepDown => "step_down",
            Self::Reset => "reset",
            Self::Spike => "spike",
            Self::Outlier => "outlier",
            Self::Swap => "swap",
        }
    }
}

/// Event with its time and readings, for people to see and correct.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CounterEvent {
    /// Time of the reading, s.
    pub t_s: f64,
    /// Kind of the event.
    pub kind: CounterEventKind,
    /// Reading that it is compared with.
    pub before: f64,
    /// Reading that made the event.
    pub after: f64,
}

/// Event at `after`, compared with the reading `before`; both are time in s, and value.
pub(super) fn counter_event(
    kind: CounterEventKind,
    before: (f64, f64),
    after: (f64, f64),
) -> CounterEvent {
    CounterEvent {
        t_s: after.0,
        kind,
        before: before.1,
        after: after.1,
    }
}
