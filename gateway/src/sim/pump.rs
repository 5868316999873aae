//! A solar pump: power to flow along its curve.

/// Most power the motor takes, W.
pub const RATED_W: f64 = 750.0;
/// Power that the controller must see before it starts the motor, W.
pub const START_W: f64 = 320.0;
/// Power below which it stops it again, W.
pub const STOP_W: f64 = 220.0;
/// Height of the tank's inlet over the water of the well, m.
const LIFT_M: f64 = 19.0;
/// Pipe friction, m of head at (1 m3/h)^2.
const FRICTION: f64 = 0.22;
/// Motor and pump together.
const EFFICIENCY: f64 = 0.42;
/// Weight of water: W for one m3/h lifted by one metre.
const W_PER_M3H_M: f64 = 9810.0 / 3600.0;

/// Flow in m3/h for an electrical power in W: the root of `P n = w Q (H + k Q2)`.
pub fn flow(power: f64) -> f64 {
    if power <= 0.0 {
        return 0.0;
    }
    let lifted = power * EFFICIENCY / W_PER_M3H_M;
    // Newton from above: the curve is convex and grows, so that each step stays above the root.
    (0..8).fold(lifted / LIFT_M, |q, _| {
        let excess = q * (LIFT_M + FRICTION * q * q) - lifted;
        q - excess / (LIFT_M + 3.0 * FRICTION * q * q)
    })
}

/// Total head in m at a flow in m3/h.
pub fn head(flow: f64) -> f64 {
    LIFT_M + FRICTION * flow * flow
}

/// Whether the motor runs: sun enough, and a tank (0..=1 full) that has room; both with hysteresis.
pub fn runs(running: bool, available: f64, fill: f64) -> bool {
    if running {
        available >= STOP_W && fill < 0.96
    } else {
        available >= START_W && fill < 0.80
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flow_lifts_just_what_the_power_can_lift() {
        for power in [50.0, 220.0, 500.0, RATED_W] {
            let q = flow(power);
            let lifted = W_PER_M3H_M * q * head(q) / EFFICIENCY;
            assert!((lifted - power).abs() < 1e-6, "{power} W: {q} m3/h");
        }
        assert!(flow(0.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_full_tank_stops_the_pump_until_there_is_room_again() {
        assert!(!runs(true, 700.0, 0.97));
        assert!(!runs(false, 700.0, 0.90));
        assert!(runs(false, 700.0, 0.70));
        assert!(runs(true, 250.0, 0.5) && !runs(false, 250.0, 0.5));
    }
}
