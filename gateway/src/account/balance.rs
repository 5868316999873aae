//! What flowed in and out of a tank by its level alone (D.4), and whether it leaks at night (D.5).

use crate::account::span::{HOUR_MS, Span, millis};
use crate::analyse::balance::{Balance, LEAK_NIGHTS, MassBalance, leak_night, leak_suspected};
use crate::analyse::count;
use crate::config::assets::LeakNight;

/// Deadbands that are tried at once, each so many times the one before it: the noise of the level
/// is known only when the period has been read.
const STEP: f64 = 1.25;
/// The least of them, m3, and how many there are: a decilitre to two cubic metres.
const LEAST_M3: f64 = 0.000_1;
/// See `LEAST_M3`.
const TRIED: i32 = 45;
/// Deadband over the standard deviation at night (D.4).
const OVER_NOISE: f64 = 3.0;
/// Share of the tank that is taken where no night tells the noise.
const NO_NIGHT: f64 = 0.005;
/// Nights are looked at minute by minute: more points tell no more of a leak, ms.
const MINUTE_MS: i64 = 60_000;

/// Balances by deadband.
#[derive(Debug)]
pub(super) struct Balances {
    all: Vec<(f64, MassBalance)>,
    fallback_m3: f64,
}

impl Balances {
    /// With the site's own deadband, or with all that may turn out right.
    pub(super) fn new(own_m3: Option<f64>, capacity_m3: f64) -> Self {
        let tried = (0..TRIED).map(|step| LEAST_M3 * STEP.powi(step));
        let all: Vec<f64> = own_m3.map_or_else(|| tried.collect(), |own| vec![own]);
        Self {
            all: all
                .into_iter()
                .map(|deadband| (deadband, MassBalance::new(deadband)))
                .collect(),
            fallback_m3: capacity_m3 * NO_NIGHT,
        }
    }

    /// From the next volume on another calibration holds.
    pub(super) fn rebase(&mut self) {
        for (_, balance) in &mut self.all {
            balance.rebase();
        }
    }

    pub(super) fn take(&mut self, volume_m3: Option<f64>) {
        for (_, balance) in &mut self.all {
            balance.push(volume_m3);
        }
    }

    /// The balance with the least deadband of at least three times the noise, m3, and the deadband.
    pub(super) fn choose(&self, noise_m3: Option<f64>) -> (Balance, f64) {
        let wanted = noise_m3.map_or(self.fallback_m3, |noise| OVER_NOISE * noise);
        let fitting = self.all.iter().find(|(deadband, _)| *deadband >= wanted);
        let chosen = fitting.or(self.all.last());
        chosen.map_or_else(
            || (MassBalance::new(0.0).finish(), 0.0),
            |(deadband, balance)| (balance.finish(), *deadband),
        )
    }
}

/// The nights of a period.
#[derive(Debug)]
pub(super) struct Nights {
    /// When each opens and closes, ms.
    windows: Vec<(i64, i64)>,
    rain_free_ms: i64,
    threshold_m3_h: f64,
    night: usize,
    /// A volume each minute, by hours.
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

impl Nights {
    pub(super) fn new(night: &LeakNight, span: &Span) -> Self {
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

    /// When it last rained.
    pub(super) fn rained(&mut self, at: Option<i64>) {
        self.rained = at;
    }

    /// Water was seen to flow in or out.
    pub(super) fn disturbed(&mut self, at: i64) {
        self.disturbed = Some(at);
    }

    /// A volume, m3.
    pub(super) fn take(&mut self, at: i64, volume_m3: f64) {
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
                .push((millis(at - from) / HOUR_MS, Some(volume_m3)));
        }
    }

    /// The day is over: so is its night, which came first.
    pub(super) fn day_ends(&mut self) {
        let Some((from, to)) = self.windows.get(self.night).copied() else {
            return;
        };
        self.night += 1;
        let since =
            |moment: Option<i64>, from: i64| moment.is_some_and(|at| (from..to).contains(&at));
        // Rain later that day came after the window.
        let wet = since(self.rained, from - self.rain_free_ms);
        let quiet = !wet && !since(self.disturbed, from);
        let points = std::mem::take(&mut self.points);
        if self.steps > 0 && quiet {
            // Neighbours differ by the noise of both; a slow leak hardly counts.
            self.noises
                .push((self.squares / (2.0 * count(self.steps))).sqrt());
        }
        let verdict = leak_night(&points, self.threshold_m3_h).leak;
        self.verdicts.push(verdict.filter(|_| quiet));
        (self.last, self.squares, self.steps) = (None, 0.0, 0);
    }

    /// The usual noise of a volume at night, m3.
    pub(super) fn noise(&self) -> Option<f64> {
        let mut noises = self.noises.clone();
        noises.sort_by(f64::total_cmp);
        noises.get(noises.len() / 2).copied()
    }

    /// Nights with a leak, nights with a verdict, and whether a leak is suspected at any time.
    pub(super) fn verdict(&self) -> (f64, usize, Option<bool>) {
        let known: Vec<bool> = self.verdicts.iter().flatten().copied().collect();
        let leaking = known.iter().filter(|leaks| **leaks).count();
        let nights: Vec<Option<bool>> = known.iter().map(|leaks| Some(*leaks)).collect();
        let windows = nights.windows(LEAK_NIGHTS.min(nights.len()).max(1));
        let suspected = windows.filter_map(leak_suspected).reduce(|a, b| a || b);
        (count(leaking), known.len(), suspected)
    }
}
