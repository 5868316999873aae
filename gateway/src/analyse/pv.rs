//! A.2 to A.13: performance of the PV array after the practice of IEC 61724-1.
//!
//! G is irradiance in the plane of the array, W/m²; P0 the nameplate DC power at STC, kWp.

use super::{HOUR_S, Status, Sum, ratio};

/// Irradiance of the standard test conditions, W/m².
pub const G_REF: f64 = 1000.0;
/// Cell temperature of the standard test conditions, °C.
pub const T_REF_C: f64 = 25.0;
/// Below this irradiance a record is left out of corrected ratios, W/m² (A.8).
pub const G_MIN: f64 = 20.0;
/// Below this insolation it was night, kWh/m² (A.5).
pub const DARK_KWH_M2: f64 = 0.02;
/// Above this a performance ratio says that a sensor or a nameplate is wrong (A.5).
pub const PR_MAX: f64 = 1.05;
/// From this irradiance on it is day, W/m² (A.12, policy).
pub const DAYLIGHT_W_M2: f64 = 50.0;

/// Insolation over a time with its records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insolation {
    /// Energy on the plane, kWh/m²; nothing without a valid record.
    pub kwh_m2: Option<f64>,
    /// Records with a value.
    pub valid: usize,
    /// Records there should be.
    pub expected: usize,
}

/// A.2 as a stream: H = Σ max(0, G)·τ/1000. A thermopile's negative offset counts as 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct PoaInsolation {
    sum: Sum,
    valid: usize,
    expected: usize,
}

impl PoaInsolation {
    /// One record: irradiance in W/m² or nothing, over `step_s` seconds.
    pub fn push(&mut self, g_w_m2: Option<f64>, step_s: f64) {
        self.expected += 1;
        if let Some(g) = g_w_m2 {
            self.valid += 1;
            self.sum.add(g.max(0.0) * step_s / HOUR_S / 1000.0);
        }
    }

    /// The insolation so far.
    pub fn finish(&self) -> Insolation {
        Insolation {
            kwh_m2: (self.valid > 0).then(|| self.sum.value()),
            valid: self.valid,
            expected: self.expected,
        }
    }
}

/// A.2 over equal steps; see [`PoaInsolation`].
pub fn poa_insolation(g_w_m2: &[Option<f64>], step_s: f64) -> Insolation {
    let mut sum = PoaInsolation::default();
    for g in g_w_m2 {
        sum.push(*g, step_s);
    }
    sum.finish()
}

/// Energies and insolation of a time, for [`pv_yields`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PvInput {
    /// DC energy of the array, kWh.
    pub e_dc_kwh: Option<f64>,
    /// Energy after the inverter, kWh.
    pub e_out_kwh: Option<f64>,
    /// Nameplate DC power, kWp.
    pub p0_kwp: f64,
    /// Insolation on the array's plane, kWh/m².
    pub h_poa_kwh_m2: Option<f64>,
}

/// Yields, losses and the performance ratio.
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
    /// Why there is no ratio, or why it is doubtful.
    pub status: Status,
}

/// A.3 to A.6: `Y_r` = H·1000/`G_ref`, `Y_A` = `E_DC`/P0, `Y_f` = `E_out`/P0, PR = `Y_f`/`Y_r`,
/// losses `Y_r` − `Y_A` and `Y_A` − `Y_f`. No ratio below 0.02 kWh/m² or without irradiance; above
/// 1.05 it is flagged.
pub fn pv_yields(input: &PvInput) -> PvYields {
    let per_kwp = |e: Option<f64>| e.and_then(|e| ratio(e, input.p0_kwp));
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
) -> (Option<f64>, Status) {
    let (Some(h), Some(reference_h)) = (h, reference_h) else {
        return (None, Status::NoIrradiance);
    };
    if h < DARK_KWH_M2 {
        return (None, Status::Dark);
    }
    match final_h.and_then(|final_h| ratio(final_h, reference_h)) {
        None => (None, Status::NoEnergy),
        Some(pr) if pr > PR_MAX => (Some(pr), Status::PrTooHigh),
        Some(pr) => (Some(pr), Status::Ok),
    }
}

/// A.7 with the nominal operating cell temperature: `T_a` + (NOCT − 20)/800·G, °C. An estimate.
pub fn cell_temp_noct(t_air_c: f64, g_w_m2: f64, noct_c: f64) -> f64 {
    t_air_c + (noct_c - 20.0) / 800.0 * g_w_m2
}

/// Coefficients of Sandia's module temperature model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sapm {
    /// At no wind.
    pub a: f64,
    /// Per m/s of wind.
    pub b: f64,
    /// Cell above module at 1000 W/m², °C.
    pub delta_t_c: f64,
}

/// Sandia's coefficients for glass-polymer modules on an open rack (King 2004).
pub const SAPM_OPEN_RACK: Sapm = Sapm {
    a: -3.56,
    b: -0.075,
    delta_t_c: 3.0,
};

/// A.7 after Sandia: G·e^(a+b·v) + `T_a` + G/1000·ΔT, °C. An estimate.
pub fn cell_temp_sapm(t_air_c: f64, g_w_m2: f64, wind_m_s: f64, sapm: Sapm) -> f64 {
    let module_c = g_w_m2 * (sapm.a + sapm.b * wind_m_s).exp() + t_air_c;
    module_c + g_w_m2 / G_REF * sapm.delta_t_c
}

/// One interval with what a corrected ratio needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrRecord {
    /// Energy, kWh.
    pub e_kwh: Option<f64>,
    /// Irradiance, W/m².
    pub g_w_m2: Option<f64>,
    /// Cell temperature, °C.
    pub t_cell_c: Option<f64>,
    /// Length, s.
    pub step_s: f64,
}

/// A corrected performance ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrectedPr {
    /// The ratio.
    pub pr: Option<f64>,
    /// Temperature to which it is corrected, °C.
    pub t_ref_c: Option<f64>,
    /// Records used.
    pub used: usize,
    /// Why there is none.
    pub status: Status,
}

/// A.8 and A.9 as a stream. A record that lacks energy, irradiance or temperature, or is darker
/// than `g_min`, is dropped from both sums.
#[derive(Clone, Copy, Debug, Default)]
pub struct PrSums {
    energy: Sum,
    hours: Sum,
    warm_hours: Sum,
    light: Sum,
    warm_light: Sum,
    used: usize,
}

impl PrSums {
    /// One record; `g_min` in W/m² ([`G_MIN`]).
    pub fn push(&mut self, record: &PrRecord, g_min: f64) {
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
        self.light.add(g);
        self.warm_light.add(g * t);
        self.used += 1;
    }

    /// A.8: ΣE / Σ[P0·G/`G_ref`·τ·(1 + γ(T − `T_ref`))]; γ per °C, negative.
    pub fn temp_corrected(&self, p0_kwp: f64, gamma_per_c: f64, t_ref_c: f64) -> CorrectedPr {
        let (hours, warm) = (self.hours.value(), self.warm_hours.value());
        let expected = p0_kwp * (hours + gamma_per_c * (warm - t_ref_c * hours));
        let enough = self.used > 0 && expected > 0.0;
        let pr = ratio(self.energy.value(), expected).filter(|_| enough);
        CorrectedPr {
            pr,
            t_ref_c: Some(t_ref_c).filter(|_| self.used > 0),
            used: self.used,
            status: pr.map_or(Status::NoValidRecords, |_| Status::Ok),
        }
    }

    /// A.9 (Dierauf 2013, NREL): A.8 with `T_ref` = ΣG·T/ΣG, to compare seasons.
    pub fn weather_corrected(&self, p0_kwp: f64, gamma_per_c: f64) -> CorrectedPr {
        let mean_c = ratio(self.warm_light.value(), self.light.value());
        self.temp_corrected(p0_kwp, gamma_per_c, mean_c.unwrap_or(T_REF_C))
    }
}

/// A.10: specific yield E/P0 over a stated time, kWh/kWp.
pub fn specific_yield(e_kwh: f64, p0_kwp: f64) -> Option<f64> {
    ratio(e_kwh, p0_kwp)
}

/// A.11: E/(`P_rated`·hours). Say whether the rating is DC or AC.
pub fn capacity_factor(e_kwh: f64, p_rated_kw: f64, hours: f64) -> Option<f64> {
    ratio(e_kwh, p_rated_kw * hours)
}

/// A.12 in time: (`T_day` − `T_down`)/`T_day`, where it is day from 50 W/m² on.
pub fn availability_time(t_daylight_s: f64, t_down_s: f64) -> Option<f64> {
    ratio(t_daylight_s - t_down_s, t_daylight_s)
}

/// A.12 in energy: E/(E + `E_lost`), the lost one being an estimate.
pub fn availability_energy(e_measured_kwh: f64, e_lost_kwh: f64) -> Option<f64> {
    ratio(e_measured_kwh, e_measured_kwh + e_lost_kwh)
}

/// A.13: (Isc/G) dirty over (Isc/G) clean, of a paired cell. Currents in A, irradiances in W/m².
pub fn soiling_ratio(
    (isc_dirty, g_dirty): (f64, f64),
    (isc_clean, g_clean): (f64, f64),
) -> Option<f64> {
    ratio(ratio(isc_dirty, g_dirty)?, ratio(isc_clean, g_clean)?)
}
