//! D.2: level from what a sensor gives, and the properties of water and air that this needs.

use super::{GRAVITY, Status, ratio};

/// A blanking distance where nobody says another, m.
pub const BLANKING_M: f64 = 0.0;

/// B, D: density of air-free water, kg/m³, from 0 to 40 °C (Tanaka 2001).
pub fn water_density(t_c: f64) -> Option<f64> {
    (0.0..=40.0).contains(&t_c).then(|| {
        let above = t_c - 3.983_035;
        let share = above * above * (t_c + 301.797) / (522_528.9 * (t_c + 69.348_81));
        999.974_950 * (1.0 - share)
    })
}

/// D.2: h = (p − `p_atm`)/(ρg) + offset, m. A gauge sensor has `p_atm` 0; pressures in Pa.
pub fn level_from_pressure(p_pa: f64, p_atm_pa: f64, rho: f64, offset_m: f64) -> Option<f64> {
    Some(ratio(p_pa - p_atm_pa, rho * GRAVITY)? + offset_m)
}

/// A value from a 4 to 20 mA loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoopValue {
    /// The value in the unit of the span; nothing on a fault.
    pub value: Option<f64>,
    /// How the current is.
    pub status: Status,
}

/// D.2: x = lo + (I − 4)/16·span. At or below 3.6 and at or above 21 mA the loop is at fault; 3.8
/// to 20.5 mA is normal.
pub fn current_loop(i_ma: Option<f64>, lo: f64, hi: f64) -> LoopValue {
    let Some(i) = i_ma else {
        return LoopValue {
            value: None,
            status: Status::NoData,
        };
    };
    let value = lo + (i - 4.0) / 16.0 * (hi - lo);
    let (value, status) = match i {
        i if i <= 3.6 || i >= 21.0 => (None, Status::Fault),
        i if (3.8..=20.5).contains(&i) => (Some(value), Status::Ok),
        _ => (Some(value), Status::OutsideNormal),
    };
    LoopValue { value, status }
}

/// D.2: speed of sound in air, 331.3·√(1 + T/273.15) m/s; nothing below absolute zero.
pub fn sound_speed(t_c: f64) -> Option<f64> {
    let share = 1.0 + t_c / 273.15;
    (share >= 0.0).then(|| 331.3 * share.sqrt())
}

/// A level by echo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EchoLevel {
    /// The level, m.
    pub level_m: Option<f64>,
    /// From the sensor to the surface, m.
    pub distance_m: Option<f64>,
    /// Why there is no level, or why it is doubtful.
    pub status: Status,
}

/// D.2: h = `H_sensor` − c·t/2, m; nothing inside the blanking distance. The air's temperature is
/// that of the tank's headspace: 10 °C of error are 1.7 % of the distance.
pub fn level_from_ultrasonic(
    echo_s: Option<f64>,
    t_air_c: f64,
    sensor_height_m: f64,
    blanking_m: f64,
) -> EchoLevel {
    let distance_m = echo_s
        .and_then(|echo| Some(sound_speed(t_air_c)? * echo / 2.0))
        .filter(|_| echo_s.is_some_and(|echo| echo > 0.0));
    let level_m = distance_m
        .filter(|distance| *distance >= blanking_m)
        .map(|distance| sensor_height_m - distance);
    let status = match (distance_m, level_m) {
        (None, _) => Status::NoEcho,
        (Some(_), None) => Status::InsideBlanking,
        (Some(_), Some(level)) if level < 0.0 => Status::BelowEmpty,
        _ => Status::Ok,
    };
    EchoLevel {
        level_m,
        distance_m,
        status,
    }
}
