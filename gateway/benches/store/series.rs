//! The values of the points: seeded random walks, or measured series brought to ten seconds.
//!
//! Measured: `PANTAU_DATA` is a folder of `*.csv` with a head line, RFC 3339 times in the first
//! column and numbers in the others. A head may end in the power of ten of its device's step
//! (`power@-3`); else that is a thousandth of the greatest power of ten in the series. Between two
//! measured values stands a Brownian bridge as rough as their difference, with a third of a step
//! of noise, rounded to steps. Where the next value is far away the device gave no answer. A short
//! series begins anew, with other noise.
//!
//! A device on a site gives more than the measured quantity: points take turns in being the value,
//! the counter that it fills (kW to kWh), and something that follows it with ten minutes' delay
//! (the temperature of a module).

use gateway::domain::{ExactNumber, QualityReason, SampleOutcome};
use std::error::Error;

/// Moments (seconds since 1970) with their values.
#[derive(Clone)]
struct MeasuredColumn {
    samples: Vec<(i64, f64)>,
    /// Power of ten of a device step.
    exponent: i8,
}

/// Seconds between two values of a point.
const STEP_S: i64 = 10;
/// Slots by which a follower is late.
const FOLLOWER_DELAY_SLOTS: f64 = 60.0;
/// A gap of so many usual steps is one.
const GAP_STEPS: i64 = 3;

/// One point's values.
pub(crate) struct BenchSeries {
    random: fastrand::Rng,
    kind: SeriesSource,
}

enum SeriesSource {
    Walk(RandomWalk),
    Measured(MeasuredSeries),
}

impl BenchSeries {
    /// One for each point, each another.
    pub(crate) fn one_per_point(count: usize) -> Result<Vec<Self>, Box<dyn Error>> {
        let columns = read_measured_columns()?;
        let kind = |index: usize| match columns.len() {
            0 => SeriesSource::Walk(RandomWalk {
                kind: index % 5,
                value: 0.0,
                total: 0.0,
            }),
            some => SeriesSource::Measured(MeasuredSeries::new(
                &columns[index % some],
                u16::try_from(index / some).unwrap_or(0),
            )),
        };
        let series = |index| Self {
            random: fastrand::Rng::with_seed(index as u64),
            kind: kind(index),
        };
        Ok((0..count).map(series).collect())
    }

    /// The value of the slot, ten seconds each since midnight.
    pub(crate) fn next(&mut self, slot: i64) -> SampleOutcome {
        match &mut self.kind {
            SeriesSource::Walk(walk) => SampleOutcome::Good(ExactNumber::Decimal {
                mantissa: walk.next(slot, &mut self.random),
                exponent: -1,
            }),
            SeriesSource::Measured(measured) => measured.next(&mut self.random),
        }
    }
}

/// Counter, voltage, temperature, power by day, level.
struct RandomWalk {
    kind: usize,
    value: f64,
    total: f64,
}

impl RandomWalk {
    fn next(&mut self, slot: i64, random: &mut fastrand::Rng) -> i64 {
        let noise = normal_noise(random);
        let sun = ((slot % 8640) as f64 / 8640.0 * std::f64::consts::TAU - 1.57)
            .sin()
            .max(0.0);
        let value = match self.kind {
            0 => {
                self.total += sun * (1.0 + noise / 2.0).max(0.0);
                return self.total as i64;
            }
            1 => 2300.0 + self.revert(0.02, noise * 1.5),
            2 => 270.0 + 60.0 * sun + self.revert(0.01, noise * 0.3),
            3 if sun == 0.0 => 0.0,
            3 => sun * (1500.0 + self.revert(0.05, noise * 6.0)),
            _ => 900.0 + self.revert(0.001, noise * 0.8),
        };
        value.round() as i64
    }

    fn revert(&mut self, pull: f64, push: f64) -> f64 {
        self.value += push - pull * self.value;
        self.value
    }
}

/// A measured column, and where in it we are.
struct MeasuredSeries {
    column: MeasuredColumn,
    is: SeriesRole,
    gap_s: i64,
    place: usize,
    now: i64,
    value: f64,
    /// The counter's or the follower's value.
    other: f64,
}

/// Relation of a point to the measured quantity.
#[derive(Clone, Copy)]
enum SeriesRole {
    Itself,
    Counter,
    Follower,
}

impl MeasuredSeries {
    /// The `turn`th point of this column.
    fn new(column: &MeasuredColumn, turn: u16) -> Self {
        let samples = &column.samples;
        let mut steps: Vec<i64> = samples.windows(2).map(|two| two[1].0 - two[0].0).collect();
        steps.sort_unstable();
        let from = samples[0].0 + i64::from(turn / 3) * 86_400;
        let place = samples.partition_point(|(at, _)| *at <= from) % samples.len();
        Self {
            is: [
                SeriesRole::Itself,
                SeriesRole::Counter,
                SeriesRole::Follower,
            ][usize::from(turn % 3)],
            gap_s: GAP_STEPS * steps[steps.len() / 2],
            now: samples[place].0,
            value: samples[place].1,
            other: 0.0,
            column: column.clone(),
            place,
        }
    }

    fn next(&mut self, random: &mut fastrand::Rng) -> SampleOutcome {
        self.now += STEP_S;
        while let Some((at, value)) = self.column.samples.get(self.place + 1)
            && *at <= self.now
        {
            self.value = *value;
            self.place += 1;
        }
        let Some((at, value)) = self.column.samples.get(self.place + 1).copied() else {
            (self.place, self.now, self.value) =
                (0, self.column.samples[0].0, self.column.samples[0].1);
            return self.point(random);
        };
        let (before, known) = self.column.samples[self.place];
        if at - before > self.gap_s {
            return SampleOutcome::Bad(QualityReason::Timeout);
        }
        let left = ((at - self.now) / STEP_S) as f64;
        let rough = (value - known).abs() / (((at - before) / STEP_S) as f64).sqrt();
        // A plain line between two values would compress far too well.
        let bridge = rough * (left / (left + 1.0)).sqrt() * normal_noise(random);
        self.value += (value - self.value) / (left + 1.0) + bridge;
        self.point(random)
    }

    fn point(&mut self, random: &mut fastrand::Rng) -> SampleOutcome {
        let noise = 0.33 * normal_noise(random);
        let (value, exponent, noise) = match self.is {
            SeriesRole::Itself => (self.value, self.column.exponent, noise),
            SeriesRole::Counter => {
                // A counter never goes back, also where the measured power is a little below zero
                // at night.
                self.other += self.value.max(0.0) * STEP_S as f64 / 3600.0;
                (self.other, self.column.exponent + 1, 0.0)
            }
            SeriesRole::Follower => {
                self.other += (self.value - self.other) / FOLLOWER_DELAY_SLOTS;
                (self.other, self.column.exponent, noise)
            }
        };
        SampleOutcome::Good(ExactNumber::Decimal {
            mantissa: (value / 10f64.powi(exponent.into()) + noise).round() as i64,
            exponent,
        })
    }
}

/// About normal, variance 1.
fn normal_noise(random: &mut fastrand::Rng) -> f64 {
    ((0..12).map(|_| random.f64()).sum::<f64>() - 6.0).clamp(-6.0, 6.0)
}

fn read_measured_columns() -> Result<Vec<MeasuredColumn>, Box<dyn Error>> {
    let mut columns = Vec::new();
    let Some(folder) = std::env::var_os("PANTAU_DATA") else {
        return Ok(columns);
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .flatten()
        .map(|f| f.path())
        .collect();
    files.sort();
    for file in files {
        if file.extension().is_some_and(|ext| ext == "csv") {
            columns.extend(parse_columns(&std::fs::read_to_string(file)?));
        }
    }
    Ok(columns)
}

/// The columns of one file that are long enough.
fn parse_columns(text: &str) -> Vec<MeasuredColumn> {
    let heads = text
        .lines()
        .next()
        .into_iter()
        .flat_map(|head| head.split(','));
    let empty = |head: &str| MeasuredColumn {
        samples: Vec::new(),
        exponent: head
            .rsplit('@')
            .next()
            .and_then(|e| e.parse().ok())
            .unwrap_or(i8::MIN),
    };
    let mut columns: Vec<MeasuredColumn> = heads.skip(1).map(empty).collect();
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let Some(Ok(at)) = cells.next().map(str::parse::<jiff::Timestamp>) else {
            continue;
        };
        for (column, cell) in columns.iter_mut().zip(cells) {
            if let Ok(value) = cell.trim().parse() {
                column.samples.push((at.as_second(), value));
            }
        }
    }
    // A short column would only repeat itself within the month.
    columns.retain(|column| column.samples.len() > 1000);
    for column in columns
        .iter_mut()
        .filter(|column| column.exponent == i8::MIN)
    {
        let greatest = column
            .samples
            .iter()
            .map(|(_, v)| v.abs())
            .fold(0.0, f64::max);
        column.exponent = greatest.log10().floor() as i8 - 3;
    }
    columns
}
