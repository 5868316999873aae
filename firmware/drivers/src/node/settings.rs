//! Settings of the node ([`NodeSettings`]): address and speed, which are on trial until they are
//! confirmed.

/// Word that confirms address and speed: 0x5AFE.
pub const CONFIRM_WORD: u16 = 0x5afe;
/// Seconds after which settings without confirmation are undone.
pub const TRIAL_SECONDS: u32 = 60;
/// Serial speeds, by their code.
pub const LINE_SPEEDS: [u32; 6] = [1200, 2400, 4800, 9600, 19_200, 38_400];

/// Unit address and speed of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSettings {
    /// Unit address, 1 to 247.
    pub unit: u8,
    /// Code of the speed, an index of [`LINE_SPEEDS`].
    pub speed_code: u8,
}

/// Levels of the 4-20 mA probe at both ends, mm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSettings {
    /// Level at 4 mA.
    pub zero_mm: i16,
    /// Level at 20 mA.
    pub full_mm: i16,
}

/// Settings, with those on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeSettings {
    /// Settings that are kept over a reset.
    kept: LineSettings,
    /// Settings on trial, and the second of the uptime at which they are undone.
    trial: Option<(LineSettings, u32)>,
    /// Ends of the level probe.
    pub probe: ProbeSettings,
}

impl LineSettings {
    /// Settings of a new node: unit 1, 9600 baud.
    pub const FACTORY: Self = Self {
        unit: 1,
        speed_code: 3,
    };

    /// Returns the settings if both are in range.
    pub fn checked(self) -> Option<Self> {
        let is_known = usize::from(self.speed_code) < LINE_SPEEDS.len();
        ((1..=247).contains(&self.unit) && is_known).then_some(self)
    }

    /// Returns the speed, bit/s.
    pub fn baud(self) -> u32 {
        let speed = LINE_SPEEDS.get(usize::from(self.speed_code));
        speed.copied().unwrap_or(9600)
    }
}

impl ProbeSettings {
    /// A probe of 5 m.
    pub const FACTORY: Self = Self {
        zero_mm: 0,
        full_mm: 5000,
    };

    /// Converts a current in microamperes into a level, mm.
    pub fn level_mm(self, microamperes: u16) -> i16 {
        let span = i32::from(self.full_mm) - i32::from(self.zero_mm);
        let above = i64::from(microamperes) - 4000;
        // Rounded to the nearest, also below zero.
        let twice = (i64::from(span) * above * 2).div_euclid(16_000);
        let level = i64::from(self.zero_mm) + (twice + 1).div_euclid(2);
        let bounded = level.clamp(i64::from(i16::MIN), i64::from(i16::MAX));
        i16::try_from(bounded).unwrap_or_default()
    }
}

impl NodeSettings {
    /// Creates the settings as they were kept.
    pub const fn new(kept: LineSettings, probe: ProbeSettings) -> Self {
        Self {
            kept,
            trial: None,
            probe,
        }
    }

    /// Returns the settings in use.
    pub fn line(&self) -> LineSettings {
        self.trial.map_or(self.kept, |(line, _)| line)
    }

    /// Returns the settings that are kept over a reset.
    pub fn kept_line(&self) -> LineSettings {
        self.kept
    }

    /// Puts settings on trial.
    pub fn try_line(&mut self, line: LineSettings, now_s: u32) {
        self.trial = Some((line, now_s.saturating_add(TRIAL_SECONDS)));
    }

    /// Keeps the settings on trial.
    pub fn confirm(&mut self) {
        self.kept = self.line();
        self.trial = None;
    }

    /// Undoes settings that nobody has confirmed in time.
    pub fn end_trial(&mut self, now_s: u32) {
        if self.trial.is_some_and(|(_, until_s)| now_s >= until_s) {
            self.trial = None;
        }
    }
}
