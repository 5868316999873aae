//! Solar pump: electrical power to flow along the system curve.

/// Greatest power of the motor, W.
pub const MOTOR_RATED_W: f64 = 750.0;
/// Available power at which the controller starts the motor, W.
pub const MOTOR_START_W: f64 = 320.0;
/// Available power below which it stops the motor, W.
pub const MOTOR_STOP_W: f64 = 220.0;
/// Static head: height of the tank's inlet above the water of the well, m.
const LIFT_M: f64 = 19.0;
/// Friction of the pipe, m of head at (1 m3/h)^2.
const PIPE_FRICTION: f64 = 0.22;
/// Efficiency of motor and pump together.
const PUMP_EFFICIENCY: f64 = 0.42;
/// Hydraulic power of 1 m3/h lifted by 1 m, W.
const W_PER_M3H_M: f64 = 9810.0 / 3600.0;

/// Flow in m3/h at an electrical power in W: the root of `P n = w Q (H + k Q^2)`.
pub fn flow_at_power(power: f64) -> f64 {
    if power <= 0.0 {
        return 0.0;
    }
    let lifted = power * PUMP_EFFICIENCY / W_PER_M3H_M;
    // Newton's method from above: the curve is convex and rising, so each step stays above the
    // root.
    (0..8).fold(lifted / LIFT_M, |q, _| {
        let excess = q * (LIFT_M + PIPE_FRICTION * q * q) - lifted;
        q - excess / (LIFT_M + 3.0 * PIPE_FRICTION * q * q)
    })
}

/// Total head, m, at a flow in m3/h.
pub fn head_at_flow(flow: f64) -> f64 {
    LIFT_M + PIPE_FRICTION * flow * flow
}

/// Returns whether the motor runs, from the available power in W and the fill level (0..=1) of the
/// tank; both with hysteresis.
pub fn should_run(running: bool, available: f64, fill: f64) -> bool {
    // Start and stop differ: with one limit a passing cloud would switch the motor on and off.
    if running {
        available >= MOTOR_STOP_W && fill < 0.96
    } else {
        available >= MOTOR_START_W && fill < 0.80
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flow_lifts_just_what_the_power_can_lift() {
        for power in [50.0, 220.0, 500.0, MOTOR_RATED_W] {
            let q = flow_at_power(power);
            let lifted = W_PER_M3H_M * q * head_at_flow(q) / PUMP_EFFICIENCY;
            assert!((lifted - power).abs() < 1e-6, "{power} W: {q} m3/h");
        }
        assert!(flow_at_power(0.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_full_tank_stops_the_pump_until_there_is_room_again() {
        assert!(!should_run(true, 700.0, 0.97));
        assert!(!should_run(false, 700.0, 0.90));
        assert!(should_run(false, 700.0, 0.70));
        assert!(should_run(true, 250.0, 0.5) && !should_run(false, 250.0, 0.5));
    }
}
