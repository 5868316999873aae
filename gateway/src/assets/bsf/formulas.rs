//! Black soldier fly (BSF) bins: temperature bands (E.1), degree-days (E.2) and mass indices (E.3).

use crate::formulas::saved_state::saved_fields;
use crate::formulas::{CompensatedSum, FormulaStatus, count_as_f64, finite_ratio};

/// Lower development threshold of larvae, °C (Chia 2018: 10.4 to 12.3 °C).
pub const DEVELOPMENT_MIN_C: f64 = 12.3;
/// Temperature above which development does not get faster, °C (E.2).
pub const DEVELOPMENT_CAP_C: f64 = 36.0;
/// Seconds per day.
const DAY_S: f64 = 86_400.0;

/// Condition of a bin by the substrate temperature 5 cm deep in the centre (E.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LarvaeTemperatureBand {
    /// Below 12 °C.
    NoDevelopment,
    /// 12 to below 27 °C.
    Slow,
    /// 27 to 30 °C.
    Optimal,
    /// Above 30 to below 36 °C, between tested temperatures: a warning.
    Warm,
    /// 36 to below 44 °C; 0.1 % survive to adult at 36 °C (Tomberlin 2009).
    Critical,
    /// 44 °C and above, the upper end of the thermal maximum (Chia 2018).
    Lethal,
}

impl LarvaeTemperatureBand {
    /// All bands, coldest first.
    pub const ALL: [Self; 6] = [
        Self::NoDevelopment,
        Self::Slow,
        Self::Optimal,
        Self::Warm,
        Self::Critical,
        Self::Lethal,
    ];

    /// Returns the stable English code for scripts.
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

/// Returns the band of a substrate temperature in °C (E.1: Tomberlin 2009, Chia 2018); `None` for
/// NaN.
pub fn bsf_band(t_c: f64) -> Option<LarvaeTemperatureBand> {
    Some(match t_c {
        t if t < 12.0 => LarvaeTemperatureBand::NoDevelopment,
        t if t < 27.0 => LarvaeTemperatureBand::Slow,
        // 27 and 30 °C were both tested good, so both boundaries belong to this band.
        t if t <= 30.0 => LarvaeTemperatureBand::Optimal,
        t if t < 36.0 => LarvaeTemperatureBand::Warm,
        t if t < 44.0 => LarvaeTemperatureBand::Critical,
        t if t >= 44.0 => LarvaeTemperatureBand::Lethal,
        _ => return None,
    })
}

/// Degree-days of larvae and the share of records that they rest on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LarvaeDegreeDays {
    /// Degree-days, °C·day; missing records are not filled in.
    pub dd: Option<f64>,
    /// Share of records with a value, 0 to 1.
    pub coverage: Option<f64>,
}

/// Streaming sum of degree-days (E.2): ΣΔt/24 h·max(0, min(T, 36) − 12.3), °C·day.
#[derive(Clone, Copy, Debug)]
pub struct DegreeDaySum {
    threshold_c: f64,
    cap_c: f64,
    sum: CompensatedSum,
    valid: usize,
    all: usize,
}

saved_fields!(DegreeDaySum {
    threshold_c,
    cap_c,
    sum,
    valid,
    all
});

impl DegreeDaySum {
    /// Creates an empty sum; the methods use [`DEVELOPMENT_MIN_C`] and [`DEVELOPMENT_CAP_C`].
    pub fn new(threshold_c: f64, cap_c: f64) -> Self {
        Self {
            threshold_c,
            cap_c,
            sum: CompensatedSum::default(),
            valid: 0,
            all: 0,
        }
    }

    /// Adds one record that covers `step_s` seconds; `None` if its temperature is missing.
    pub fn push(&mut self, t_c: Option<f64>, step_s: f64) {
        self.all += 1;
        if let Some(t) = t_c {
            self.valid += 1;
            let warm = (t.min(self.cap_c) - self.threshold_c).max(0.0);
            self.sum.add(step_s / DAY_S * warm);
        }
    }

    /// Returns the degree-days so far.
    pub fn finish(&self) -> LarvaeDegreeDays {
        LarvaeDegreeDays {
            dd: (self.valid > 0).then(|| self.sum.value()),
            coverage: finite_ratio(count_as_f64(self.valid), count_as_f64(self.all)),
        }
    }
}

/// Masses into and out of a bin in one feeding batch, kg; all wet or all dry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BsfMasses {
    /// Mass fed, W.
    pub fed_kg: Option<f64>,
    /// Mass of residue (kasgot), R.
    pub residue_kg: Option<f64>,
    /// Larvae harvested less larvae put in, B.
    pub larvae_gain_kg: Option<f64>,
    /// Days of the feeding batch, from first feeding to harvest.
    pub days: f64,
}

/// Indices of a bin (E.3), each a ratio unless noted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BsfIndices {
    /// Substrate reduction, SR = (W − R)/W.
    pub sr: Option<f64>,
    /// Waste reduction index, 100·SR/days, %/day.
    pub wri: Option<f64>,
    /// Bioconversion ratio, B/W.
    pub bcr: Option<f64>,
    /// Feed conversion ratio, W/B.
    pub fcr: Option<f64>,
    /// Efficiency of conversion of digested feed, B/(W − R).
    pub ecd: Option<f64>,
    /// Share lost to air, (W − R − B)/W.
    pub loss: Option<f64>,
    /// `Ok`, or the reason for which indices are missing or doubtful.
    pub status: FormulaStatus,
}

/// Mass indices of a bin (E.3). Without the mass fed there is no index; more mass out than in gives
/// [`FormulaStatus::MassBalance`].
pub fn bsf_indices(input: &BsfMasses) -> BsfIndices {
    // Without the mass fed there is no efficiency and no emission claim (E.3).
    let Some(fed) = input.fed_kg.filter(|fed| *fed > 0.0) else {
        return BsfIndices {
            sr: None,
            wri: None,
            bcr: None,
            fcr: None,
            ecd: None,
            loss: None,
            status: FormulaStatus::FedMissing,
        };
    };
    let (residue, larvae) = (input.residue_kg, input.larvae_gain_kg);
    let reduced = residue.map(|r| fed - r);
    let lost = reduced.zip(larvae).map(|(reduced, b)| reduced - b);
    let sr = reduced.and_then(|reduced| finite_ratio(reduced, fed));
    // The tolerance keeps rounding errors of a closed balance from counting as "more out than in".
    let out = residue.unwrap_or(0.0) + larvae.unwrap_or(0.0);
    let status = match lost {
        // Also when one of the two was not weighed.
        _ if out > fed * (1.0 + 1e-12) => FormulaStatus::MassBalance,
        None => FormulaStatus::MassMissing,
        Some(_) => FormulaStatus::Ok,
    };
    BsfIndices {
        sr,
        wri: sr.and_then(|sr| finite_ratio(100.0 * sr, input.days)),
        bcr: larvae.and_then(|b| finite_ratio(b, fed)),
        fcr: larvae.and_then(|b| finite_ratio(fed, b)),
        ecd: larvae
            .zip(reduced)
            .and_then(|(b, reduced)| finite_ratio(b, reduced)),
        loss: lost.and_then(|lost| finite_ratio(lost, fed)),
        status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_boundary_belongs_to_the_band_that_the_methods_name() {
        let at = |t: f64| bsf_band(t).map(LarvaeTemperatureBand::code);
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
        let mut sum = DegreeDaySum::new(DEVELOPMENT_MIN_C, DEVELOPMENT_CAP_C);
        sum.push(Some(40.0), DAY_S);
        sum.push(None, DAY_S);
        let found = sum.finish();
        assert!((found.dd.unwrap() - 23.7).abs() < 1e-12);
        assert_eq!(found.coverage, Some(0.5));
    }
}
