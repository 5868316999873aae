//! Level from sensor readings (pressure, 4 to 20 mA, ultrasonic), and the properties of water and
//! air needed for it (D.2).

use crate::formulas::{FormulaStatus, GRAVITY_M_S2, finite_ratio};

/// Blanking distance of an ultrasonic sensor unless one is given, m.
pub const BLANKING_M: f64 = 0.0;

/// Density of air-free water, kg/m³, from 0 to 40 °C (Tanaka 2001); `None` outside.
pub fn water_density(t_c: f64) -> Option<f64> {
    (0.0..=40.0).contains(&t_c).then(|| {
        // Agrees with IAPWS-95 to 7e-7 (METHODS, section J).
        let above = t_c - 3.983_035;
        let share = above * above * (t_c + 301.797) / (522_528.9 * (t_c + 69.348_81));
        999.974_950 * (1.0 - share)
    })
}

/// Level from pressure, m (D.2): h = (p − `p_atm`)/(ρg) + offset. Pressures in Pa; a gauge sensor
/// has `p_atm` 0, an absolute one needs a barometer (10 hPa are 10 cm of water).
pub fn level_from_pressure(p_pa: f64, p_atm_pa: f64, rho: f64, offset_m: f64) -> Option<f64> {
    Some(finite_ratio(p_pa - p_atm_pa, rho * GRAVITY_M_S2)? + offset_m)
}

/// Value of a 4 to 20 mA current loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurrentLoopValue {
    /// Value in the unit of the span; `None` on a fault.
    pub value: Option<f64>,
    /// `Ok`, or the fault or warning of the current.
    pub status: FormulaStatus,
}

/// Value of a current loop (D.2): x = lo + (I − 4)/16·span, I in mA. At or below 3.6 and at or
/// above 21 mA the loop is faulty; 3.8 to 20.5 mA is the normal range.
pub fn current_loop_value(i_ma: Option<f64>, lo: f64, hi: f64) -> CurrentLoopValue {
    let Some(i) = i_ma else {
        return CurrentLoopValue {
            value: None,
            status: FormulaStatus::NoData,
        };
    };
    let value = lo + (i - 4.0) / 16.0 * (hi - lo);
    let (value, status) = match i {
        i if i <= 3.6 || i >= 21.0 => (None, FormulaStatus::Fault),
        i if (3.8..=20.5).contains(&i) => (Some(value), FormulaStatus::Ok),
        _ => (Some(value), FormulaStatus::OutsideNormal),
    };
    CurrentLoopValue { value, status }
}

/// Speed of sound in air, m/s (D.2): 331.3·√(1 + T/273.15); `None` below absolute zero.
pub fn sound_speed(t_c: f64) -> Option<f64> {
    let share = 1.0 + t_c / 273.15;
    (share >= 0.0).then(|| 331.3 * share.sqrt())
}

/// Level measured by an ultrasonic sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UltrasonicLevel {
    /// Level, m.
    pub level_m: Option<f64>,
    /// Distance from the sensor to the surface, m.
    pub distance_m: Option<f64>,
    /// `Ok`, or the reason for which the level is missing or doubtful.
    pub status: FormulaStatus,
}

/// Level from the travel time of an ultrasonic echo, m (D.2): h = `H_sensor` − c·t/2; `None` inside
/// the blanking distance. The air temperature is that of the tank's headspace: an error of 10 °C is
/// 1.7 % of the distance.
pub fn level_from_ultrasonic(
    echo_s: Option<f64>,
    t_air_c: f64,
    sensor_height_m: f64,
    blanking_m: f64,
) -> UltrasonicLevel {
    let distance_m = echo_s
        .and_then(|echo| Some(sound_speed(t_air_c)? * echo / 2.0))
        .filter(|_| echo_s.is_some_and(|echo| echo > 0.0));
    let level_m = distance_m
        .filter(|distance| *distance >= blanking_m)
        .map(|distance| sensor_height_m - distance);
    let status = match (distance_m, level_m) {
        (None, _) => FormulaStatus::NoEcho,
        (Some(_), None) => FormulaStatus::InsideBlanking,
        (Some(_), Some(level)) if level < 0.0 => FormulaStatus::BelowEmpty,
        _ => FormulaStatus::Ok,
    };
    UltrasonicLevel {
        level_m,
        distance_m,
        status,
    }
}
