//! Water balance of a tank from its level (METHODS D.4) and leaks at night (D.5).

use crate::assets::LeakNightSettings;
use crate::assets::tank::mass_balance::{
    LEAK_NIGHTS, TankBalance, TankMassBalance, leak_night, leak_suspected,
};
use crate::formulas::count_as_f64;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::period_days::{HOUR_MS, PeriodDays, millis_to_f64};

/// Ratio of each tried deadband to the one before.
// All deadbands are tried in one pass, because the noise of the level, which decides between them,
// is known only at the end of the period and samples are read only once.
const DEADBAND_RATIO: f64 = 1.25;
/// Smallest deadband, m3. With `DEADBANDS_TRIED` steps the range is 0.1 L to 1.8 m3.
const DEADBAND_MIN_M3: f64 = 0.000_1;
/// Number of deadbands.
const DEADBANDS_TRIED: i32 = 45;
/// Factor on the standard deviation at night that gives the deadband (METHODS D.4).
const NOISE_FACTOR: f64 = 3.0;
/// Share of the capacity used as deadband when no quiet night gives the noise.
const FALLBACK_SHARE: f64 = 0.005;
/// Interval of the points used for the slope of a night, ms.
// More points do not improve the estimate of a leak, and Theil-Sen compares all pairs.
const MINUTE_MS: i64 = 60_000;

/// Mass balances with different deadbands.
#[derive(Debug)]
pub(crate) struct DeadbandBalances {
    all: Vec<(f64, TankMassBalance)>,
    fallback_m3: f64,
}

saved_fields!(DeadbandBalances { fallback_m3 } parts { all });

impl DeadbandBalances {
    /// Balance with the deadband of the site, or with all deadbands of the range.
    pub(crate) fn new(own_m3: Option<f64>, capacity_m3: f64) -> Self {
        let tried = (0..DEADBANDS_TRIED).map(|step| DEADBAND_MIN_M3 * DEADBAND_RATIO.powi(step));
        let all: Vec<f64> = own_m3.map_or_else(|| tried.collect(), |own| vec![own]);
        Self {
            all: all
                .into_iter()
                .map(|deadband| (deadband, TankMassBalance::new(deadband)))
                .collect(),
            fallback_m3: capacity_m3 * FALLBACK_SHARE,
        }
    }

    /// Starts from the next volume without counting the step (a calibration changed).
    pub(crate) fn rebase(&mut self) {
        for (_, balance) in &mut self.all {
            balance.restart_reference();
        }
    }

    pub(crate) fn add_volume(&mut self, volume_m3: Option<f64>) {
        for (_, balance) in &mut self.all {
            balance.push(volume_m3);
        }
    }

    /// Balance with the smallest deadband of at least three times the noise (m3), and that
    /// deadband.
    pub(crate) fn choose_balance(&self, noise_m3: Option<f64>) -> (TankBalance, f64) {
        let wanted = noise_m3.map_or(self.fallback_m3, |noise| NOISE_FACTOR * noise);
        let fitting = self.all.iter().find(|(deadband, _)| *deadband >= wanted);
        // More noise than the largest deadband: that one counts the least, as a lower bound should.
        let chosen = fitting.or(self.all.last());
        chosen.map_or_else(
            || (TankMassBalance::new(0.0).finish(), 0.0),
            |(deadband, balance)| (balance.finish(), *deadband),
        )
    }
}

/// Volumes of the nights of a period.
#[derive(Debug)]
pub(crate) struct NightVolumes {
    /// Start and end of each night window, ms.
    windows: Vec<(i64, i64)>,
    rain_free_ms: i64,
    threshold_m3_h: f64,
    night: usize,
    /// One volume per minute, with the time in hours.
    points: Vec<(f64, Option<f64>)>,
    minute: i64,
    last: Option<f64>,
    squares: f64,
    steps: usize,
    rained: Option<i64>,
    disturbed: Option<i64>,
    noises: Vec<f64>,
    verdicts: Vec<Option<bool>>,
}

saved_fields!(NightVolumes {
    rain_free_ms,
    threshold_m3_h,
    night,
    points,
    minute,
    last,
    squares,
    steps,
    rained,
    disturbed,
    noises,
    verdicts,
} fixed { windows });

impl NightVolumes {
    pub(crate) fn new(night: &LeakNightSettings, span: &PeriodDays) -> Self {
        let clock = |time: jiff::civil::Time| {
            let minutes = i64::from(time.hour()) * 60 + i64::from(time.minute());
            minutes * MINUTE_MS
        };
        let window = |from: i64| (from + clock(night.from), from + clock(night.to));
        Self {
            windows: span.days.iter().map(|day| window(day.from)).collect(),
            rain_free_ms: i64::try_from(night.rain_free.as_millis()).unwrap_or(i64::MAX),
            threshold_m3_h: night.threshold_m3_h,
            night: 0,
            points: Vec::new(),
            minute: 0,
            last: None,
            squares: 0.0,
            steps: 0,
            rained: None,
            disturbed: None,
            noises: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// Sets the time of the last rain.
    pub(crate) fn set_last_rain(&mut self, at: Option<i64>) {
        self.rained = at;
    }

    /// Sets the time at which water was last seen to flow in or out.
    pub(crate) fn set_disturbed(&mut self, at: i64) {
        self.disturbed = Some(at);
    }

    /// Adds a volume, m3.
    pub(crate) fn add_volume(&mut self, at: i64, volume_m3: f64) {
        let Some((from, to)) = self.windows.get(self.night).copied() else {
            return;
        };
        if !(from..to).contains(&at) {
            return;
        }
        if let Some(last) = self.last.replace(volume_m3) {
            self.squares += (volume_m3 - last) * (volume_m3 - last);
            self.steps += 1;
        }
        if at - self.minute >= MINUTE_MS {
            self.minute = at - at.rem_euclid(MINUTE_MS);
            self.points
                .push((millis_to_f64(at - from) / HOUR_MS, Some(volume_m3)));
        }
    }

    /// Closes a day and evaluates its night.
    // The night window lies at the beginning of the day, so it is complete when the day ends.
    pub(crate) fn end_day(&mut self) {
        let Some((from, to)) = self.windows.get(self.night).copied() else {
            return;
        };
        self.night += 1;
        let since =
            |moment: Option<i64>, from: i64| moment.is_some_and(|at| (from..to).contains(&at));
        // Rain after the window on the same day does not count.
        let wet = since(self.rained, from - self.rain_free_ms);
        let quiet = !wet && !since(self.disturbed, from);
        let points = std::mem::take(&mut self.points);
        if self.steps > 0 && quiet {
            // The difference of two neighbours has the noise of both, hence the factor 2. A slow
            // leak adds little to it.
            self.noises
                .push((self.squares / (2.0 * count_as_f64(self.steps))).sqrt());
        }
        let verdict = leak_night(&points, self.threshold_m3_h).leak;
        self.verdicts.push(verdict.filter(|_| quiet));
        (self.last, self.squares, self.steps) = (None, 0.0, 0);
    }

    /// Median noise of the volume at night, m3; `None` without a quiet night.
    pub(crate) fn volume_noise(&self) -> Option<f64> {
        let mut noises = self.noises.clone();
        noises.sort_by(f64::total_cmp);
        // The median, so that one restless night does not widen the deadband.
        noises.get(noises.len() / 2).copied()
    }

    /// Each night: 1 with a leak, 0 without; `None` where it cannot be told.
    pub(crate) fn leaks_by_day(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        let nights = self.verdicts.iter();
        nights.map(|verdict| verdict.map(|leaks| f64::from(u8::from(leaks))))
    }

    /// Nights with a leak, nights with a verdict, and whether a leak is suspected in any run of
    /// nights.
    pub(crate) fn leak_verdict(&self) -> (f64, usize, Option<bool>) {
        let known: Vec<bool> = self.verdicts.iter().flatten().copied().collect();
        let leaking = known.iter().filter(|leaks| **leaks).count();
        let nights: Vec<Option<bool>> = known.iter().map(|leaks| Some(*leaks)).collect();
        // `windows` panics at 0; fewer known nights than a full window are judged together.
        let windows = nights.windows(LEAK_NIGHTS.min(nights.len()).max(1));
        let suspected = windows.filter_map(leak_suspected).reduce(|a, b| a || b);
        (count_as_f64(leaking), known.len(), suspected)
    }
}
