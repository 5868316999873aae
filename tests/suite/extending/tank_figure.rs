//! Constant and arithmetic of a further figure of a tank.

use gateway::assets::tank::geometry::{TankGeometry, tank_volume};
use gateway::domain::indicator::IndicatorSpec;
use gateway::indicators::all_indicators;

/// Water that still fits into the tank at the end of the period.
const FREE_LAST: IndicatorSpec =
    IndicatorSpec::new("tank.free_last", "m3", "D.1", "max(0, V_full − V)");

/// Free volume, m3; `None` without a last volume or a shape.
fn free_volume(shape: &TankGeometry, full_m: f64, last_m3: Option<f64>) -> Option<f64> {
    let capacity = tank_volume(shape, Some(full_m)).v_m3?;
    Some((capacity - last_m3?).max(0.0))
}

#[test]
fn a_figure_is_a_constant_and_a_function() {
    let tank = TankGeometry::Box {
        length: 2.0,
        width: 1.0,
        height: 1.5,
    };
    assert_eq!(free_volume(&tank, 1.5, Some(1.0)), Some(2.0));
    assert_eq!(free_volume(&tank, 1.5, None), None);
    // The id is free, and in the words of the others of its folder.
    assert!(all_indicators().all(|known| known.id != FREE_LAST.id));
    assert!(all_indicators().any(|known| known.id.starts_with("tank.")));
}
