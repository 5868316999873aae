//! E.1 to E.3: black soldier fly bins.

use super::{Status, Sum, count, ratio};

/// Below this larvae do not develop, °C (Chia 2018).
pub const THRESHOLD_C: f64 = 12.3;
/// Above this heat adds nothing, °C.
pub const CAP_C: f64 = 36.0;
/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// How a bin's substrate is, by its temperature 5 cm deep in the centre (E.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Band {
    /// Below 12 °C.
    NoDevelopment,
    /// 12 to below 27 °C.
    Slow,
    /// 27 to 30 °C.
    Optimal,
    /// Above 30 to below 36 °C: warn.
    Warm,
    /// 36 to below 44 °C: 0.1 % survive at 36.
    Critical,
    /// From 44 °C on.
    Lethal,
}

impl Band {
    /// Every band, the coldest first.
    pub const ALL: [Self; 6] = [
        Self::NoDevelopment,
        Self::Slow,
        Self::Optimal,
        Self::Warm,
        Self::Critical,
        Self::Lethal,
    ];

    /// The word that scripts read.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoDevelopment => "no_development",
            Self::Slow => "slow",
            Self::Optimal => "optimal",
            Self::Warm => "warm",
            Self::Critical => "critical",
            Self::Lethal => "lethal",
        }
    }
}

/// E.1: the band of a temperature in °C (Tomberlin 2009, Chia 2018).
pub fn bsf_band(t_c: f64) -> Option<Band> {
    Some(match t_c {
        t if t < 12.0 => Band::NoDevelopment,
        t if t < 27.0 => Band::Slow,
        t if t <= 30.0 => Band::Optimal,
        t if t < 36.0 => Band::Warm,
        t if t < 44.0 => Band::Critical,
        t if t >= 44.0 => Band::Lethal,
        _ => return None,
    })
}

/// Degree-days with the share of time that they rest on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DegreeDays {
    /// °C·day; nothing is filled in.
    pub dd: Option<f64>,
    /// Valid over all records.
    pub coverage: Option<f64>,
}

/// E.2 as a stream: ΣΔt/24 h·max(0, min(T, 36) − 12.3).
#[derive(Clone, Copy, Debug)]
pub struct DegreeDaySum {
    threshold_c: f64,
    cap_c: f64,
    sum: Sum,
    valid: usize,
    all: usize,
}

impl DegreeDaySum {
    /// Nothing yet; [`THRESHOLD_C`] and [`CAP_C`] are the methods' own.
    pub fn new(threshold_c: f64, cap_c: f64) -> Self {
        Self {
            threshold_c,
            cap_c,
            sum: Sum::default(),
            valid: 0,
            all: 0,
        }
    }

    /// One record of `step_s` seconds.
    pub fn push(&mut self, t_c: Option<f64>, step_s: f64) {
        self.all += 1;
        if let Some(t) = t_c {
            self.valid += 1;
            let warm = (t.min(self.cap_c) - self.threshold_c).max(0.0);
            self.sum.add(step_s / DAY_S * warm);
        }
    }

    /// The degree-days so far.
    pub fn finish(&self) -> DegreeDays {
        DegreeDays {
            dd: (self.valid > 0).then(|| self.sum.value()),
            coverage: ratio(count(self.valid), count(self.all)),
        }
    }
}

/// What went into and came out of a bin, all wet or all dry, kg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BsfInput {
    /// Fed.
    pub fed_kg: Option<f64>,
    /// Residue (kasgot).
    pub residue_kg: Option<f64>,
    /// Larvae gained.
    pub larvae_gain_kg: Option<f64>,
    /// Length of the time, days.
    pub days: f64,
}

/// E.3's indices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BsfIndices {
    /// Substrate reduction (W − R)/W.
    pub sr: Option<f64>,
    /// Waste reduction index 100·SR/days.
    pub wri: Option<f64>,
    /// Bioconversion B/W.
    pub bcr: Option<f64>,
    /// Feed conversion W/B.
    pub fcr: Option<f64>,
    /// Efficiency of conversion B/(W − R).
    pub ecd: Option<f64>,
    /// Lost to air: (W − R − B)/W.
    pub loss: Option<f64>,
    /// Why there is none, or why they are doubtful.
    pub status: Status,
}

/// E.3. Without the kilograms fed there is no index and no claim; more out than in is flagged.
pub fn bsf_indices(input: &BsfInput) -> BsfIndices {
    let Some(fed) = input.fed_kg.filter(|fed| *fed > 0.0) else {
        return BsfIndices {
            sr: None,
            wri: None,
            bcr: None,
            fcr: None,
            ecd: None,
            loss: None,
            status: Status::FedMissing,
        };
    };
    let (residue, larvae) = (input.residue_kg, input.larvae_gain_kg);
    let reduced = residue.map(|r| fed - r);
    let lost = reduced.zip(larvae).map(|(reduced, b)| reduced - b);
    let sr = reduced.and_then(|reduced| ratio(reduced, fed));
    // A balance that closes to the last digit is not "more out than in".
    let status = match lost {
        None => Status::MassMissing,
        Some(lost) if lost < -1e-12 * fed => Status::MassBalance,
        Some(_) => Status::Ok,
    };
    BsfIndices {
        sr,
        wri: sr.and_then(|sr| ratio(100.0 * sr, input.days)),
        bcr: larvae.and_then(|b| ratio(b, fed)),
        fcr: larvae.and_then(|b| ratio(fed, b)),
        ecd: larvae
            .zip(reduced)
            .and_then(|(b, reduced)| ratio(b, reduced)),
        loss: lost.and_then(|lost| ratio(lost, fed)),
        status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_boundary_belongs_to_the_band_that_the_methods_name() {
        let at = |t: f64| bsf_band(t).map(Band::code);
        for (t, band) in [
            (11.9, "no_development"),
            (12.0, "slow"),
            (27.0, "optimal"),
            (30.0, "optimal"),
            (30.1, "warm"),
            (36.0, "critical"),
            (44.0, "lethal"),
        ] {
            assert_eq!(at(t), Some(band));
        }
        assert_eq!(at(f64::NAN), None);
    }

    #[test]
    fn a_missing_temperature_lowers_coverage_and_adds_nothing() {
        let mut sum = DegreeDaySum::new(THRESHOLD_C, CAP_C);
        sum.push(Some(40.0), DAY_S);
        sum.push(None, DAY_S);
        let found = sum.finish();
        assert!((found.dd.unwrap() - 23.7).abs() < 1e-12);
        assert_eq!(found.coverage, Some(0.5));
    }
}
