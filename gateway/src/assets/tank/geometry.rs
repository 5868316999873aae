//! Volume of a tank from its level, by its geometry (D.1).

use crate::formulas::FormulaStatus;
use std::f64::consts::PI;

/// Ratio to the full level above which, for [`OVERFULL_S`] seconds, the sensor is faulty (D.1).
pub const OVERFULL_RATIO: f64 = 1.03;
/// Time above that ratio before the sensor counts as faulty, s (D.1).
pub const OVERFULL_S: f64 = 600.0;

/// Inner geometry of a tank, in m.
#[derive(Clone, Debug, PartialEq)]
pub enum TankGeometry {
    /// Rectangular tank.
    Box {
        /// Length.
        length: f64,
        /// Width.
        width: f64,
        /// Height.
        height: f64,
    },
    /// Vertical cylinder.
    VerticalCylinder {
        /// Radius.
        radius: f64,
        /// Height.
        height: f64,
    },
    /// Horizontal cylinder with flat ends.
    HorizontalCylinder {
        /// Radius.
        radius: f64,
        /// Length.
        length: f64,
    },
    /// Vertical cylinder on a cone or frustum.
    CylinderOnCone {
        /// Radius of the cylinder.
        radius: f64,
        /// Radius at the bottom; 0 for a pointed cone.
        bottom: f64,
        /// Height of the cone.
        cone: f64,
        /// Height of the cylinder above it.
        cylinder: f64,
    },
    /// Intermediate bulk container (IBC), calibrated by one metered fill.
    Ibc {
        /// Effective area, m², from the metered fill and not from the outer dimensions.
        area_m2: f64,
        /// Height.
        height: f64,
        /// Nominal volume, m³.
        nominal_m3: f64,
    },
    /// Strapping table of (level in m, volume in m³), levels growing.
    Strapping(Vec<(f64, f64)>),
}

/// Volume at a level, with its status.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TankVolume {
    /// Volume, m³; `None` without a level.
    pub v_m3: Option<f64>,
    /// `Ok`, or the side on which the level lay outside the tank.
    pub status: FormulaStatus,
}

impl TankGeometry {
    /// Returns the levels of the empty and the full tank, m; `None` for an empty strapping table.
    pub fn levels(&self) -> Option<(f64, f64)> {
        Some(match self {
            Self::Box { height, .. }
            | Self::VerticalCylinder { height, .. }
            | Self::Ibc { height, .. } => (0.0, *height),
            Self::HorizontalCylinder { radius, .. } => (0.0, 2.0 * radius),
            Self::CylinderOnCone { cone, cylinder, .. } => (0.0, cone + cylinder),
            Self::Strapping(table) => (table.first()?.0, table.last()?.0),
        })
    }

    /// Returns the volume at a level inside the tank, m³.
    fn volume_inside(&self, h: f64) -> Option<f64> {
        Some(match self {
            Self::Box { length, width, .. } => length * width * h,
            Self::VerticalCylinder { radius, .. } => PI * radius * radius * h,
            Self::HorizontalCylinder { radius, length } => {
                horizontal_cylinder_volume(*radius, *length, h)
            }
            Self::CylinderOnCone {
                radius,
                bottom,
                cone,
                ..
            } => cylinder_on_cone_volume(*radius, *bottom, *cone, h),
            Self::Ibc {
                area_m2,
                nominal_m3,
                ..
            } => nominal_m3.min(area_m2 * h),
            Self::Strapping(table) => return interpolate_strapping_table(table, h),
        })
    }

    /// Returns the volume of the full tank, m³.
    pub fn capacity_m3(&self) -> Option<f64> {
        self.volume_inside(self.levels()?.1)
    }
}

/// Volume at level `h_m` (D.1). A level outside the tank is clamped and flagged.
pub fn tank_volume(shape: &TankGeometry, h_m: Option<f64>) -> TankVolume {
    let (Some(h), Some((empty, full))) = (h_m, shape.levels()) else {
        return TankVolume {
            v_m3: None,
            status: FormulaStatus::NoData,
        };
    };
    let status = if h > full {
        FormulaStatus::AboveFull
    } else if h < empty {
        FormulaStatus::BelowEmpty
    } else {
        FormulaStatus::Ok
    };
    // Not `clamp`, which panics if the limits are in the wrong order (a faulty strapping table).
    let v_m3 = shape.volume_inside(h.min(full).max(empty));
    TankVolume { v_m3, status }
}

fn horizontal_cylinder_volume(r: f64, length: f64, h: f64) -> f64 {
    let below = r - h;
    // Rounding errors at the empty and full level must not leave the domain of `sqrt` and `acos`.
    let chord = (2.0 * r * h - h * h).max(0.0).sqrt();
    let angle = (below / r).clamp(-1.0, 1.0).acos();
    length * (r * r * angle - below * chord)
}

fn cylinder_on_cone_volume(radius: f64, bottom: f64, cone: f64, h: f64) -> f64 {
    let inside = h.min(cone);
    // A cone of height 0 is a plain cylinder.
    let share = if cone > 0.0 { inside / cone } else { 0.0 };
    let at_level = bottom + (radius - bottom) * share;
    let frustum = bottom * bottom + bottom * at_level + at_level * at_level;
    PI * inside / 3.0 * frustum + PI * radius * radius * (h - cone).max(0.0)
}

fn interpolate_strapping_table(table: &[(f64, f64)], h: f64) -> Option<f64> {
    let after = table.partition_point(|(level, _)| *level < h);
    let (h1, v1) = *table.get(after)?;
    let Some((h0, v0)) = after.checked_sub(1).map(|before| table[before]) else {
        // At the first level there is no row before.
        return Some(v1);
    };
    Some(v0 + (v1 - v0) * (h - h0) / (h1 - h0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_geometry() -> impl Strategy<Value = TankGeometry> {
        let side = 0.1..5.0_f64;
        prop_oneof![
            (side.clone(), side.clone(), side.clone()).prop_map(|(length, width, height)| {
                TankGeometry::Box {
                    length,
                    width,
                    height,
                }
            }),
            (side.clone(), side.clone())
                .prop_map(|(radius, height)| TankGeometry::VerticalCylinder { radius, height }),
            (side.clone(), side.clone())
                .prop_map(|(radius, length)| TankGeometry::HorizontalCylinder { radius, length }),
            (side.clone(), 0.0..1.0, side.clone(), side).prop_map(
                |(radius, share, cone, cylinder)| TankGeometry::CylinderOnCone {
                    radius,
                    bottom: radius * share,
                    cone,
                    cylinder,
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn more_level_is_never_less_water(
            shape in any_geometry(), a in -1.0..12.0, b in -1.0..12.0
        ) {
            let volume = |h: f64| tank_volume(&shape, Some(h)).v_m3.unwrap();
            let (low, high) = (f64::min(a, b), f64::max(a, b));
            prop_assert!(volume(low) <= volume(high) + 1e-9);
            prop_assert!(volume(high) <= shape.capacity_m3().unwrap() + 1e-9);
        }
    }

    #[test]
    fn a_strapping_table_is_read_between_its_rows() {
        let table = TankGeometry::Strapping(vec![(0.0, 0.0), (0.5, 0.4), (1.0, 1.0)]);
        let volume = |h: f64| tank_volume(&table, Some(h));
        assert!((volume(0.75).v_m3.unwrap() - 0.7).abs() < 1e-12);
        assert_eq!(volume(1.2).v_m3, Some(1.0));
        assert_eq!(volume(1.2).status, FormulaStatus::AboveFull);
    }
}
