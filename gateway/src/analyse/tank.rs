//! D.1: volume of a tank from its level.

use super::Status;
use std::f64::consts::PI;

/// Above full by this share for [`OVERFULL_S`] seconds says that the sensor is at fault.
pub const OVERFULL: f64 = 1.03;
/// How long a level may stand above full before the sensor is doubted, s.
pub const OVERFULL_S: f64 = 600.0;

/// The inside of a tank, in m.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A box.
    Box {
        /// Length.
        length: f64,
        /// Width.
        width: f64,
        /// Height.
        height: f64,
    },
    /// A standing cylinder.
    Upright {
        /// Radius.
        radius: f64,
        /// Height.
        height: f64,
    },
    /// A lying cylinder with flat ends.
    Lying {
        /// Radius.
        radius: f64,
        /// Length.
        length: f64,
    },
    /// A standing cylinder on a cone or frustum.
    OnCone {
        /// Radius of the cylinder.
        radius: f64,
        /// Radius at the bottom; 0 for a pointed cone.
        bottom: f64,
        /// Height of the cone.
        cone: f64,
        /// Height of the cylinder above it.
        cylinder: f64,
    },
    /// An IBC, by one metered fill.
    Ibc {
        /// Effective area, m².
        area_m2: f64,
        /// Height.
        height: f64,
        /// Nominal volume, m³.
        nominal_m3: f64,
    },
    /// A strapping table of (level in m, volume in m³), levels growing.
    Strapping(Vec<(f64, f64)>),
}

/// A volume and what was done to its level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Volume {
    /// The volume, m³.
    pub v_m3: Option<f64>,
    /// Whether the level was inside the tank.
    pub status: Status,
}

impl Shape {
    /// The levels of an empty and of a full tank, m. `None` for an empty table.
    pub fn levels(&self) -> Option<(f64, f64)> {
        Some(match self {
            Self::Box { height, .. } | Self::Upright { height, .. } | Self::Ibc { height, .. } => {
                (0.0, *height)
            }
            Self::Lying { radius, .. } => (0.0, 2.0 * radius),
            Self::OnCone { cone, cylinder, .. } => (0.0, cone + cylinder),
            Self::Strapping(table) => (table.first()?.0, table.last()?.0),
        })
    }

    /// Volume at a level inside the tank, m³.
    fn volume(&self, h: f64) -> Option<f64> {
        Some(match self {
            Self::Box { length, width, .. } => length * width * h,
            Self::Upright { radius, .. } => PI * radius * radius * h,
            Self::Lying { radius, length } => lying(*radius, *length, h),
            Self::OnCone {
                radius,
                bottom,
                cone,
                ..
            } => on_cone(*radius, *bottom, *cone, h),
            Self::Ibc {
                area_m2,
                nominal_m3,
                ..
            } => nominal_m3.min(area_m2 * h),
            Self::Strapping(table) => return interpolate(table, h),
        })
    }

    /// The volume of the full tank, m³.
    pub fn capacity_m3(&self) -> Option<f64> {
        self.volume(self.levels()?.1)
    }
}

/// D.1: the volume at level `h_m`. A level outside the tank is clamped and flagged.
pub fn tank_volume(shape: &Shape, h_m: Option<f64>) -> Volume {
    let (Some(h), Some((empty, full))) = (h_m, shape.levels()) else {
        return Volume {
            v_m3: None,
            status: Status::NoData,
        };
    };
    let status = if h > full {
        Status::AboveFull
    } else if h < empty {
        Status::BelowEmpty
    } else {
        Status::Ok
    };
    // Not `clamp`: a table or a tank of no height must not panic.
    let v_m3 = shape.volume(h.min(full).max(empty));
    Volume { v_m3, status }
}

fn lying(r: f64, length: f64, h: f64) -> f64 {
    let below = r - h;
    let chord = (2.0 * r * h - h * h).max(0.0).sqrt();
    let angle = (below / r).clamp(-1.0, 1.0).acos();
    length * (r * r * angle - below * chord)
}

fn on_cone(radius: f64, bottom: f64, cone: f64, h: f64) -> f64 {
    let inside = h.min(cone);
    let share = if cone > 0.0 { inside / cone } else { 0.0 };
    let at_level = bottom + (radius - bottom) * share;
    let frustum = bottom * bottom + bottom * at_level + at_level * at_level;
    PI * inside / 3.0 * frustum + PI * radius * radius * (h - cone).max(0.0)
}

fn interpolate(table: &[(f64, f64)], h: f64) -> Option<f64> {
    let after = table.partition_point(|(level, _)| *level < h);
    let (h1, v1) = *table.get(after)?;
    let Some((h0, v0)) = after.checked_sub(1).map(|before| table[before]) else {
        return Some(v1);
    };
    Some(v0 + (v1 - v0) * (h - h0) / (h1 - h0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shapes() -> impl Strategy<Value = Shape> {
        let side = 0.1..5.0_f64;
        prop_oneof![
            (side.clone(), side.clone(), side.clone()).prop_map(|(length, width, height)| {
                Shape::Box {
                    length,
                    width,
                    height,
                }
            }),
            (side.clone(), side.clone())
                .prop_map(|(radius, height)| Shape::Upright { radius, height }),
            (side.clone(), side.clone())
                .prop_map(|(radius, length)| Shape::Lying { radius, length }),
            (side.clone(), 0.0..1.0, side.clone(), side).prop_map(
                |(radius, share, cone, cylinder)| Shape::OnCone {
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
        fn more_level_is_never_less_water(shape in shapes(), a in -1.0..12.0, b in -1.0..12.0) {
            let volume = |h: f64| tank_volume(&shape, Some(h)).v_m3.unwrap();
            let (low, high) = (f64::min(a, b), f64::max(a, b));
            prop_assert!(volume(low) <= volume(high) + 1e-9);
            prop_assert!(volume(high) <= shape.capacity_m3().unwrap() + 1e-9);
        }
    }

    #[test]
    fn a_strapping_table_is_read_between_its_rows() {
        let table = Shape::Strapping(vec![(0.0, 0.0), (0.5, 0.4), (1.0, 1.0)]);
        let volume = |h: f64| tank_volume(&table, Some(h));
        assert!((volume(0.75).v_m3.unwrap() - 0.7).abs() < 1e-12);
        assert_eq!(volume(1.2).v_m3, Some(1.0));
        assert_eq!(volume(1.2).status, Status::AboveFull);
    }
}
