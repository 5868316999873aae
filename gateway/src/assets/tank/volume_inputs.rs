//! Equation and inputs of the volume of a tank at a level, by its shape (METHODS D.1).

use crate::assets::tank::geometry::{TankGeometry, tank_volume};
use crate::domain::indicator::{IndicatorInput, InputSource};
use crate::indicators::figure_context::{measured_input, setting_input};

/// Volume of a strapping table between two of its rows.
const BETWEEN_ROWS: &str = "V₁ + (V₂ − V₁) · (h − h₁) / (h₂ − h₁)";
/// Volume in a horizontal cylinder with flat ends.
const HORIZONTAL: &str = "L · (r^2 · acos((r − h) / r) − (r − h) · sqrt(2 · r · h − h^2))";

/// Equation and inputs of the volume at a level, m; `None` where the shape does not give it, as
/// with a cone, or where it was computed by another shape.
pub(super) fn volume_inputs(
    shape: &TankGeometry,
    (level, volume): (f64, f64),
    (rule, from): (&'static str, InputSource),
) -> Option<(&'static str, Vec<IndicatorInput>)> {
    let found = tank_volume(shape, Some(level)).v_m3?;
    let (empty, full) = shape.levels()?;
    // A level outside of the tank is taken as empty or full.
    let inside = level.min(full).max(empty);
    if (found - volume).abs() > 1e-9 * volume.abs() {
        return None;
    }
    let size = |symbol, value| setting_input(symbol, value, "m", "shape");
    let (equation, sizes) = match shape {
        TankGeometry::Box { length, width, .. } => {
            ("L · B · h", vec![size("L", *length), size("B", *width)])
        }
        TankGeometry::VerticalCylinder { radius, .. } => {
            ("π / 4 · D^2 · h", vec![size("D", 2.0 * radius)])
        }
        TankGeometry::HorizontalCylinder { radius, length } => {
            (HORIZONTAL, vec![size("L", *length), size("r", *radius)])
        }
        TankGeometry::Ibc {
            area_m2,
            nominal_m3,
            ..
        } => (
            "min(V_nom, A · h)",
            vec![
                setting_input("V_nom", *nominal_m3, "m3", "shape.nominal_m3"),
                setting_input("A", *area_m2, "m2", "shape.area_m2"),
            ],
        ),
        TankGeometry::Strapping(table) => (BETWEEN_ROWS, rows_around(table, inside)?),
        TankGeometry::CylinderOnCone { .. } => return None,
    };
    let mut inputs = vec![measured_input(("h", rule), Some(inside), "m", from)];
    inputs.extend(sizes);
    Some((equation, inputs))
}

/// Rows of a strapping table below and above a level.
fn rows_around(table: &[(f64, f64)], level: f64) -> Option<Vec<IndicatorInput>> {
    let rows = table.windows(2).find(|rows| level <= rows[1].0)?;
    let row = |of: (f64, f64), height, volume| {
        [
            setting_input(height, of.0, "m", "shape.table"),
            setting_input(volume, of.1, "m3", "shape.table"),
        ]
    };
    let both = row(rows[0], "h₁", "V₁").into_iter();
    Some(both.chain(row(rows[1], "h₂", "V₂")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::equation::{Equation, equation_values};

    #[test]
    fn the_equation_of_a_shape_gives_its_volume() {
        let shapes = [
            TankGeometry::Box {
                length: 2.0,
                width: 1.5,
                height: 1.2,
            },
            TankGeometry::VerticalCylinder {
                radius: 0.55,
                height: 1.35,
            },
            TankGeometry::HorizontalCylinder {
                radius: 0.6,
                length: 2.0,
            },
            TankGeometry::Ibc {
                area_m2: 1.03,
                height: 1.0,
                nominal_m3: 1.0,
            },
            TankGeometry::Strapping(vec![(0.1, 0.0), (0.5, 0.4), (1.1, 1.3)]),
        ];
        for shape in shapes {
            for level in [0.0, 0.1, 0.3, 0.5, 0.77, 1.1, 5.0] {
                let volume = tank_volume(&shape, Some(level)).v_m3.unwrap();
                let from = ("h_last", InputSource::Constant(""));
                let (equation, inputs) = volume_inputs(&shape, (level, volume), from).unwrap();
                let values = equation_values(&inputs);
                let found = Equation::parse(equation)
                    .unwrap()
                    .evaluate(&values)
                    .unwrap();
                assert!((found - volume).abs() < 1e-9, "{shape:?} {level}: {found}");
            }
        }
    }
}
