//! The values of the points: seeded random walks, or measured series brought to ten seconds.
//!
//! Measured: `PANTAU_DATA` is a folder of `*.csv` with a head line, RFC 3339 times in the first
//! column and numbers in the others. Between two measured values stands a Brownian bridge as rough
//! as their difference, with half a device step of noise, then rounded to device steps: a
//! thousandth of the greatest power of ten in the series. Where the next value is far away the
//! device gave no answer. A short series begins anew, with other noise.

use gateway::model::{Number, Outcome, Reason};
use std::error::Error;

/// Moment (seconds since 1970) and value.
type Column = Vec<(i64, f64)>;

/// Seconds between two values of a point.
const EVERY_S: i64 = 10;
/// A gap of so many usual steps is one.
const GAP_STEPS: i64 = 3;

/// One point's values.
pub(crate) struct Series {
    random: fastrand::Rng,
    kind: Kind,
}

enum Kind {
    Walk(Walk),
    Measured(Measured),
}

impl Series {
    /// One for each point, each another.
    pub(crate) fn all(count: usize) -> Result<Vec<Self>, Box<dyn Error>> {
        let columns = measured()?;
        let kind = |index: usize| match columns.len() {
            0 => Kind::Walk(Walk {
                kind: index % 5,
                value: 0.0,
                total: 0.0,
            }),
            some => Kind::Measured(Measured::new(
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
    pub(crate) fn next(&mut self, slot: i64) -> Outcome {
        match &mut self.kind {
            Kind::Walk(walk) => Outcome::Good(Number::Decimal {
                mantissa: walk.next(slot, &mut self.random),
                exponent: -1,
            }),
            Kind::Measured(measured) => measured.next(&mut self.random),
        }
    }
}

/// Counter, voltage, temperature, power by day, level.
struct Walk {
    kind: usize,
    value: f64,
    total: f64,
}

impl Walk {
    fn next(&mut self, slot: i64, random: &mut fastrand::Rng) -> i64 {
        let noise = normal(random);
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
struct Measured {
    column: Column,
    exponent: i8,
    gap_s: i64,
    place: usize,
    now: i64,
    value: f64,
}

impl Measured {
    /// `shift`: how many days into the series it begins.
    fn new(column: &[(i64, f64)], shift: u16) -> Self {
        let greatest = column.iter().map(|(_, v)| v.abs()).fold(0.0, f64::max);
        let mut steps: Vec<i64> = column.windows(2).map(|two| two[1].0 - two[0].0).collect();
        steps.sort_unstable();
        let from = column[0].0 + i64::from(shift) * 86_400;
        let place = column.partition_point(|(at, _)| *at <= from) % column.len();
        Self {
            exponent: greatest.log10().floor() as i8 - 3,
            gap_s: GAP_STEPS * steps[steps.len() / 2],
            now: column[place].0,
            value: column[place].1,
            column: column.to_vec(),
            place,
        }
    }

    fn next(&mut self, random: &mut fastrand::Rng) -> Outcome {
        self.now += EVERY_S;
        while let Some((at, value)) = self.column.get(self.place + 1)
            && *at <= self.now
        {
            self.value = *value;
            self.place += 1;
        }
        let Some((at, value)) = self.column.get(self.place + 1).copied() else {
            (self.place, self.now, self.value) = (0, self.column[0].0, self.column[0].1);
            return self.steps(random);
        };
        let (before, known) = self.column[self.place];
        if at - before > self.gap_s {
            return Outcome::Bad(Reason::Timeout);
        }
        let left = ((at - self.now) / EVERY_S) as f64;
        let rough = (value - known).abs() / (((at - before) / EVERY_S) as f64).sqrt();
        let bridge = rough * (left / (left + 1.0)).sqrt() * normal(random);
        self.value += (value - self.value) / (left + 1.0) + bridge;
        self.steps(random)
    }

    fn steps(&self, random: &mut fastrand::Rng) -> Outcome {
        let step = 10f64.powi(self.exponent.into());
        Outcome::Good(Number::Decimal {
            mantissa: (self.value / step + 0.5 * normal(random)).round() as i64,
            exponent: self.exponent,
        })
    }
}

/// About normal, variance 1.
fn normal(random: &mut fastrand::Rng) -> f64 {
    ((0..12).map(|_| random.f64()).sum::<f64>() - 6.0).clamp(-6.0, 6.0)
}

fn measured() -> Result<Vec<Column>, Box<dyn Error>> {
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
            columns.extend(columns_of(&std::fs::read_to_string(file)?));
        }
    }
    Ok(columns)
}

/// The columns of one file that are long enough.
fn columns_of(text: &str) -> Vec<Column> {
    let width = text
        .lines()
        .next()
        .map_or(0, |head| head.split(',').count());
    let mut columns = vec![Vec::new(); width.saturating_sub(1)];
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let Some(Ok(at)) = cells.next().map(str::parse::<jiff::Timestamp>) else {
            continue;
        };
        for (column, cell) in columns.iter_mut().zip(cells) {
            if let Ok(value) = cell.trim().parse() {
                column.push((at.as_second(), value));
            }
        }
    }
    columns.retain(|column| column.len() > 1000);
    columns
}
