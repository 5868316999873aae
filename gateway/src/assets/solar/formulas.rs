//! Performance of PV arrays after the practice of IEC 61724-1 (A.2 to A.13).
//!
//! G is the irradiance in the plane of the array, W/m²; P0 the DC nameplate power at STC, kWp.

use crate::formulas::saved_state::saved_fields;
use crate::formulas::{CompensatedSum, FormulaStatus, HOUR_S, finite_ratio};

/// Irradiance of the standard test conditions, W/m².
pub const G_REF: f64 = 1000.0;
/// Cell temperature of the standard test conditions, °C.
pub const T_REF_C: f64 = 25.0;
/// Irradiance below which a record is left out of corrected ratios, W/m² (A.8).
pub const G_MIN: f64 = 20.0;
/// Insolation below which there is no performance ratio (night or dark), kWh/m² (A.5).
pub const DARK_KWH_M2: f64 = 0.02;
/// Performance ratio above which the irradiance sensor, its plane or the nameplate must be wrong
/// (A.5).
pub const PR_MAX: f64 = 1.05;
/// Irradiance from which it is daytime, W/m² (A.12, policy).
pub const DAYLIGHT_W_M2: f64 = 50.0;

/// Insolation over a period, with its records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaneInsolation {
    /// Insolation on the plane, kWh/m²; `None` without a valid record.
    pub kwh_m2: Option<f64>,
    /// Records with a value.
    pub valid: usize,
    /// Records expected.
    pub expected: usize,
}

/// Streaming insolation, kWh/m² (A.2): H = Σ max(0, G)·τ/1000.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlaneInsolationSum {
    sum: CompensatedSum,
    valid: usize,
    expected: usize,
}

saved_fields!(PlaneInsolationSum {
    sum,
    valid,
    expected
});

impl PlaneInsolationSum {
    /// Adds one record: irradiance in W/m² or `None`, over `step_s` seconds.
    pub fn push(&mut self, g_w_m2: Option<f64>, step_s: f64) {
        self.expected += 1;
        if let Some(g) = g_w_m2 {
            self.valid += 1;
            // A thermopile shows slightly negative values at night; they count as 0.
            self.sum.add(g.max(0.0) * step_s / HOUR_S / 1000.0);
        }
    }

    /// Returns the insolation so far.
    pub fn finish(&self) -> PlaneInsolation {
        PlaneInsolation {
            kwh_m2: (self.valid > 0).then(|| self.sum.value()),
            valid: self.valid,
            expected: self.expected,
        }
    }
}

/// Insolation of records at equal steps (A.2); see [`PlaneInsolationSum`].
pub fn poa_insolation(g_w_m2: &[Option<f64>], step_s: f64) -> PlaneInsolation {
    let mut sum = PlaneInsolationSum::default();
    for g in g_w_m2 {
        sum.push(*g, step_s);
    }
    sum.finish()
}

/// Energies and insolation of a period, for [`pv_yields`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PvYieldInput {
    /// DC energy of the array, kWh.
    pub e_dc_kwh: Option<f64>,
    /// Energy after the inverter, kWh.
    pub e_out_kwh: Option<f64>,
    /// Nameplate DC power, kWp.
    pub p0_kwp: f64,
    /// Insolation on the array's plane, kWh/m².
    pub h_poa_kwh_m2: Option<f64>,
}

/// Yields, losses and performance ratio of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PvYields {
    /// Reference yield, h (A.3).
    pub reference_h: Option<f64>,
    /// Array yield, h (A.4).
    pub array_h: Option<f64>,
    /// Final yield, h (A.4).
    pub final_h: Option<f64>,
    /// Performance ratio (A.5).
    pub pr: Option<f64>,
    /// Capture loss, h (A.6).
    pub capture_loss_h: Option<f64>,
    /// Loss after the array, h (A.6).
    pub system_loss_h: Option<f64>,
    /// `Ok`, or the reason for which the ratio is missing or doubtful.
    pub status: FormulaStatus,
}

/// Yields, performance ratio and losses (A.3 to A.6): `Y_r` = H·1000/`G_ref`, `Y_A` = `E_DC`/P0,
/// `Y_f` = `E_out`/P0, PR = `Y_f`/`Y_r`, losses `Y_r` − `Y_A` and `Y_A` − `Y_f`. No ratio below
/// 0.02 kWh/m² or without irradiance; above 1.05 it is flagged.
pub fn pv_yields(input: &PvYieldInput) -> PvYields {
    let per_kwp = |e: Option<f64>| e.and_then(|e| finite_ratio(e, input.p0_kwp));
    let reference_h = input.h_poa_kwh_m2.map(|h| h * 1000.0 / G_REF);
    let (array_h, final_h) = (per_kwp(input.e_dc_kwh), per_kwp(input.e_out_kwh));
    let minus = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
    let (pr, status) = performance_ratio(input.h_poa_kwh_m2, reference_h, final_h);
    PvYields {
        reference_h,
        array_h,
        final_h,
        pr,
        capture_loss_h: minus(reference_h, array_h),
        system_loss_h: minus(array_h, final_h),
        status,
    }
}

fn performance_ratio(
    h: Option<f64>,
    reference_h: Option<f64>,
    final_h: Option<f64>,
) -> (Option<f64>, FormulaStatus) {
    let (Some(h), Some(reference_h)) = (h, reference_h) else {
        return (None, FormulaStatus::NoIrradiance);
    };
    // In a pump system without battery or export the array is throttled when the tank is full: the
    // ratio then measures demand, not the array.
    if h < DARK_KWH_M2 {
        return (None, FormulaStatus::Dark);
    }
    match final_h.and_then(|final_h| finite_ratio(final_h, reference_h)) {
        None => (None, FormulaStatus::NoEnergy),
        // The value is kept for the person who looks for the wrong plane, unit or nameplate.
        Some(pr) if pr > PR_MAX => (Some(pr), FormulaStatus::PrTooHigh),
        Some(pr) => (Some(pr), FormulaStatus::Ok),
    }
}

/// Cell temperature from the nominal operating cell temperature, °C (A.7): `T_a` + (NOCT −
/// 20)/800·G. An estimate.
pub fn cell_temp_noct(t_air_c: f64, g_w_m2: f64, noct_c: f64) -> f64 {
    t_air_c + (noct_c - 20.0) / 800.0 * g_w_m2
}

/// Coefficients of the Sandia module temperature model (SAPM).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SapmCoefficients {
    /// Exponent at no wind.
    pub a: f64,
    /// Change of the exponent per m/s of wind, s/m.
    pub b: f64,
    /// Temperature of the cell above that of the module at 1000 W/m², °C.
    pub delta_t_c: f64,
}

/// SAPM coefficients of glass-polymer modules on an open rack (King 2004).
pub const SAPM_OPEN_RACK: SapmCoefficients = SapmCoefficients {
    a: -3.56,
    b: -0.075,
    delta_t_c: 3.0,
};

/// Cell temperature by the Sandia model, °C (A.7): G·e^(a+b·v) + `T_a` + G/1000·ΔT. An estimate.
pub fn cell_temp_sapm(t_air_c: f64, g_w_m2: f64, wind_m_s: f64, sapm: SapmCoefficients) -> f64 {
    let module_c = g_w_m2 * (sapm.a + sapm.b * wind_m_s).exp() + t_air_c;
    module_c + g_w_m2 / G_REF * sapm.delta_t_c
}

/// Measured values of one interval, for a corrected ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrIntervalRecord {
    /// Energy, kWh.
    pub e_kwh: Option<f64>,
    /// Irradiance, W/m².
    pub g_w_m2: Option<f64>,
    /// Cell temperature, °C.
    pub t_cell_c: Option<f64>,
    /// Length of the interval, s.
    pub step_s: f64,
}

/// Performance ratio corrected for temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrectedPr {
    /// Corrected ratio.
    pub pr: Option<f64>,
    /// Reference temperature of the correction, °C.
    pub t_ref_c: Option<f64>,
    /// Number of records used.
    pub used: usize,
    /// `Ok`, or the reason for which there is no ratio.
    pub status: FormulaStatus,
}

/// Sums behind a corrected performance ratio, over the records that have all three values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrectedPrTerms {
    /// Energy, kWh.
    pub energy: f64,
    /// Hours of full sun, `G / G_ref · τ`, h.
    pub hours: f64,
    /// Hours of full sun times the cell temperature, °C·h.
    pub warm_hours: f64,
}

/// Streaming sums of corrected performance ratios (A.8, A.9). A record without energy, irradiance
/// or temperature, or with less light than `g_min`, is left out of both sums of the ratio.
#[derive(Clone, Copy, Debug, Default)]
pub struct CorrectedPrSums {
    energy: CompensatedSum,
    hours: CompensatedSum,
    warm_hours: CompensatedSum,
    light: CompensatedSum,
    warm_light: CompensatedSum,
    used: usize,
}

saved_fields!(CorrectedPrSums {
    energy,
    hours,
    warm_hours,
    light,
    warm_light,
    used,
});

impl CorrectedPrSums {
    /// Adds one record; `g_min` in W/m² ([`G_MIN`]).
    pub fn push(&mut self, record: &PrIntervalRecord, g_min: f64) {
        // A record counts in both sums of the ratio or in neither, else they would cover different
        // times.
        let (Some(e), Some(g), Some(t)) = (record.e_kwh, record.g_w_m2, record.t_cell_c) else {
            return;
        };
        if g < g_min {
            return;
        }
        let sun_hours = g / G_REF * record.step_s / HOUR_S;
        self.energy.add(e);
        self.hours.add(sun_hours);
        self.warm_hours.add(sun_hours * t);
        // Without the length of the record, as METHODS A.9 writes the reference temperature.
        self.light.add(g);
        self.warm_light.add(g * t);
        self.used += 1;
    }

    /// Returns the sums behind the ratios.
    pub fn sums(&self) -> CorrectedPrTerms {
        CorrectedPrTerms {
            energy: self.energy.value(),
            hours: self.hours.value(),
            warm_hours: self.warm_hours.value(),
        }
    }

    /// Returns the temperature-corrected ratio (A.8): ΣE / Σ[P0·G/`G_ref`·τ·(1 + γ(T − `T_ref`))];
    /// γ per °C, negative.
    pub fn temp_corrected(&self, p0_kwp: f64, gamma_per_c: f64, t_ref_c: f64) -> CorrectedPr {
        let (hours, warm) = (self.hours.value(), self.warm_hours.value());
        // Multiplied out: the reference of A.9 is known only after the last record.
        let expected = p0_kwp * (hours + gamma_per_c * (warm - t_ref_c * hours));
        let enough = self.used > 0 && expected > 0.0;
        let pr = finite_ratio(self.energy.value(), expected).filter(|_| enough);
        CorrectedPr {
            pr,
            t_ref_c: Some(t_ref_c).filter(|_| self.used > 0),
            used: self.used,
            status: pr.map_or(FormulaStatus::NoValidRecords, |_| FormulaStatus::Ok),
        }
    }

    /// Returns the weather-corrected ratio, for comparing seasons (A.9, Dierauf 2013, NREL): A.8
    /// with `T_ref` = ΣG·T/ΣG.
    pub fn weather_corrected(&self, p0_kwp: f64, gamma_per_c: f64) -> CorrectedPr {
        let mean_c = finite_ratio(self.warm_light.value(), self.light.value());
        // Without any record the reference temperature does not matter: there is no ratio then.
        self.temp_corrected(p0_kwp, gamma_per_c, mean_c.unwrap_or(T_REF_C))
    }
}

/// Specific yield E/P0 over a stated period, kWh/kWp (A.10).
pub fn specific_yield(e_kwh: f64, p0_kwp: f64) -> Option<f64> {
    finite_ratio(e_kwh, p0_kwp)
}

/// Capacity factor E/(`P_rated`·hours) (A.11). The label must say whether the rating is DC or AC.
pub fn capacity_factor(e_kwh: f64, p_rated_kw: f64, hours: f64) -> Option<f64> {
    finite_ratio(e_kwh, p_rated_kw * hours)
}

/// Availability in time (A.12): (`T_day` − `T_down`)/`T_day`; it is day from 50 W/m² on.
pub fn availability_time(t_daylight_s: f64, t_down_s: f64) -> Option<f64> {
    finite_ratio(t_daylight_s - t_down_s, t_daylight_s)
}

/// Availability in energy (A.12): E/(E + `E_lost`); the lost energy is an estimate.
pub fn availability_energy(e_measured_kwh: f64, e_lost_kwh: f64) -> Option<f64> {
    finite_ratio(e_measured_kwh, e_measured_kwh + e_lost_kwh)
}

/// Soiling ratio of a paired cell (A.13): (Isc/G) dirty over (Isc/G) clean. Currents in A,
/// irradiances in W/m².
pub fn soiling_ratio(
    (isc_dirty, g_dirty): (f64, f64),
    (isc_clean, g_clean): (f64, f64),
) -> Option<f64> {
    finite_ratio(
        finite_ratio(isc_dirty, g_dirty)?,
        finite_ratio(isc_clean, g_clean)?,
    )
}
