//! [`TankShape`]: inner shape of a tank, from which level gives volume (METHODS D.1).

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::number_ranges::number_range;
use crate::config::raw_values::{RawNumber, SpannedValue};
use crate::domain::ExactNumber;
use crate::limits::STRAPPING_ROWS_MAX;
use schemars::JsonSchema;
use serde::Deserialize;

/// Width of a tank in heights beyond which its volumes may be litres: a pond is as flat.
const TANK_WIDTH_MAX: f64 = 8.0;

/// Inner shape of a tank; lengths in m, volumes in m3.
#[derive(Clone, Debug, PartialEq)]
pub enum TankShape {
    /// Rectangular box.
    Box {
        /// Length.
        length_m: f64,
        /// Width.
        width_m: f64,
        /// Height.
        height_m: f64,
    },
    /// Upright cylinder.
    VerticalCylinder {
        /// Diameter.
        diameter_m: f64,
        /// Height.
        height_m: f64,
    },
    /// Horizontal cylinder with flat ends.
    HorizontalCylinder {
        /// Diameter.
        diameter_m: f64,
        /// Length.
        length_m: f64,
    },
    /// Upright cylinder on a cone or frustum.
    CylinderOnCone {
        /// Diameter of the cylinder.
        diameter_m: f64,
        /// Diameter at the bottom, 0 for a pointed cone.
        bottom_diameter_m: f64,
        /// Height of the cone.
        cone_height_m: f64,
        /// Height of the cylinder above it.
        cylinder_height_m: f64,
    },
    /// Intermediate bulk container, calibrated by one metered fill.
    // The area comes from one metered fill; outer dimensions do not give it.
    Ibc {
        /// Effective area, m2: metered volume per metre of level.
        area_m2: f64,
        /// Height.
        height_m: f64,
        /// Nominal volume.
        nominal_m3: f64,
    },
    /// Levels (m) and volumes (m3) of a calibration, ascending by level.
    // For dished ends and bulged tanks; interpolated linearly (METHODS D.1).
    StrappingTable(Vec<(f64, f64)>),
}

impl TankShape {
    /// Levels of the empty and of the full tank, m.
    pub fn level_range(&self) -> (f64, f64) {
        match self {
            Self::Box { height_m, .. }
            | Self::VerticalCylinder { height_m, .. }
            | Self::Ibc { height_m, .. } => (0.0, *height_m),
            Self::HorizontalCylinder { diameter_m, .. } => (0.0, *diameter_m),
            Self::CylinderOnCone {
                cone_height_m,
                cylinder_height_m,
                ..
            } => (0.0, cone_height_m + cylinder_height_m),
            Self::StrappingTable(rows) => (
                rows.first().map_or(0.0, |row| row.0),
                rows.last().map_or(0.0, |row| row.0),
            ),
        }
    }

    /// Volume of the upright body around it, m3: the tank holds no more.
    pub fn outer_m3(&self) -> f64 {
        let circle = |diameter_m: f64| std::f64::consts::FRAC_PI_4 * diameter_m * diameter_m;
        match self {
            Self::Box {
                length_m,
                width_m,
                height_m,
            } => length_m * width_m * height_m,
            Self::VerticalCylinder {
                diameter_m,
                height_m,
            } => circle(*diameter_m) * height_m,
            Self::HorizontalCylinder {
                diameter_m,
                length_m,
            } => circle(*diameter_m) * length_m,
            Self::CylinderOnCone {
                diameter_m,
                cone_height_m,
                cylinder_height_m,
                ..
            } => circle(*diameter_m) * (cone_height_m + cylinder_height_m),
            Self::Ibc {
                area_m2,
                height_m,
                nominal_m3,
            } => (area_m2 * height_m).max(*nominal_m3),
            Self::StrappingTable(rows) => rows.last().map_or(0.0, |row| row.1),
        }
    }

    /// Word in files.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Box { .. } => "box",
            Self::VerticalCylinder { .. } => "vertical-cylinder",
            Self::HorizontalCylinder { .. } => "horizontal-cylinder",
            Self::CylinderOnCone { .. } => "cylinder-on-cone",
            Self::Ibc { .. } => "ibc",
            Self::StrappingTable(_) => "strapping-table",
        }
    }
}

/// `shape` as typed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(tag = "kind")]
pub(crate) enum RawTankShape {
    /// Rectangular box.
    Box(RawBox),
    /// Upright cylinder.
    VerticalCylinder(RawVerticalCylinder),
    /// Horizontal cylinder with flat ends.
    HorizontalCylinder(RawHorizontalCylinder),
    /// Upright cylinder on a cone or frustum.
    CylinderOnCone(RawCylinderOnCone),
    /// Intermediate bulk container (IBC).
    Ibc(RawIbc),
    /// Levels and volumes from a calibration.
    StrappingTable(RawStrappingTable),
}

/// Rectangular box.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "keys that people type, with their unit"
)]
pub(crate) struct RawBox {
    /// Inner length, m.
    #[schemars(required)]
    length_m: RawNumber,
    /// Inner width, m.
    #[schemars(required)]
    width_m: RawNumber,
    /// Inner height, m.
    #[schemars(required)]
    height_m: RawNumber,
}

/// Upright cylinder.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawVerticalCylinder {
    /// Inner diameter, m.
    #[schemars(required)]
    diameter_m: RawNumber,
    /// Inner height, m.
    #[schemars(required)]
    height_m: RawNumber,
}

/// Horizontal cylinder.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawHorizontalCylinder {
    /// Inner diameter, m.
    #[schemars(required)]
    diameter_m: RawNumber,
    /// Inner length, m.
    #[schemars(required)]
    length_m: RawNumber,
}

/// Upright cylinder on a cone.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "keys that people type, with their unit"
)]
pub(crate) struct RawCylinderOnCone {
    /// Inner diameter of the cylinder, m.
    #[schemars(required)]
    diameter_m: RawNumber,
    /// Inner diameter at the bottom, m; 0 (a pointed cone) by default.
    bottom_diameter_m: RawNumber,
    /// Height of the cone, m.
    #[schemars(required)]
    cone_height_m: RawNumber,
    /// Height of the cylinder above it, m.
    #[schemars(required)]
    cylinder_height_m: RawNumber,
}

/// Intermediate bulk container (IBC).
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawIbc {
    /// Effective area, m2: metered volume / rise of the level.
    #[schemars(required)]
    area_m2: RawNumber,
    /// Inner height, m.
    #[schemars(required)]
    height_m: RawNumber,
    /// Nominal volume, m3.
    #[schemars(required)]
    nominal_m3: RawNumber,
}

/// Strapping table.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawStrappingTable {
    /// Rows of level (m) and volume (m3), ascending: `[[0, 0], [0.5, 0.52], [1.0, 1.07]]`.
    #[schemars(required, with = "Option<Vec<Vec<f64>>>")]
    table: Option<SpannedValue<Vec<Vec<f64>>>>,
}

pub(crate) fn check_shape(notes: &mut DiagnosticCollector<'_>, raw: &RawTankShape) -> TankShape {
    let mut size = |typed: &RawNumber, key: &str| notes.ranged_number(typed, key).unwrap_or(0.0);
    match raw {
        RawTankShape::Box(raw) => TankShape::Box {
            length_m: size(&raw.length_m, "length_m"),
            width_m: size(&raw.width_m, "width_m"),
            height_m: size(&raw.height_m, "height_m"),
        },
        RawTankShape::VerticalCylinder(raw) => TankShape::VerticalCylinder {
            diameter_m: size(&raw.diameter_m, "diameter_m"),
            height_m: size(&raw.height_m, "height_m"),
        },
        RawTankShape::HorizontalCylinder(raw) => TankShape::HorizontalCylinder {
            diameter_m: size(&raw.diameter_m, "diameter_m"),
            length_m: size(&raw.length_m, "length_m"),
        },
        RawTankShape::CylinderOnCone(raw) => check_cylinder_on_cone(notes, raw),
        RawTankShape::Ibc(raw) => TankShape::Ibc {
            area_m2: size(&raw.area_m2, "area_m2"),
            height_m: size(&raw.height_m, "height_m"),
            nominal_m3: size(&raw.nominal_m3, "nominal_m3"),
        },
        RawTankShape::StrappingTable(raw) => {
            TankShape::StrappingTable(check_strapping_table(notes, raw))
        }
    }
}

fn check_cylinder_on_cone(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawCylinderOnCone,
) -> TankShape {
    let diameter_m = notes
        .ranged_number(&raw.diameter_m, "diameter_m")
        .unwrap_or(0.0);
    // After an error in `diameter_m` the bottom is not checked against it.
    let most = if diameter_m > 0.0 {
        diameter_m
    } else {
        f64::MAX
    };
    let bottom = notes.number_in_range(&raw.bottom_diameter_m, "bottom_diameter_m", 0.0..=most);
    let mut size = |typed: &RawNumber, key: &str| notes.ranged_number(typed, key).unwrap_or(0.0);
    TankShape::CylinderOnCone {
        diameter_m,
        bottom_diameter_m: bottom.unwrap_or(0.0),
        cone_height_m: size(&raw.cone_height_m, "cone_height_m"),
        cylinder_height_m: size(&raw.cylinder_height_m, "cylinder_height_m"),
    }
}

/// Checks a strapping table: levels must rise, volumes must not fall; reports the first bad row.
fn check_strapping_table(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawStrappingTable,
) -> Vec<(f64, f64)> {
    let Some(at) = &raw.table else {
        return Vec::new();
    };
    let pair = |row: &Vec<f64>| match row.as_slice() {
        [level, volume] if level.is_finite() && volume.is_finite() && *volume >= 0.0 => {
            Some((*level, *volume))
        }
        _ => None,
    };
    let rows: Option<Vec<(f64, f64)>> = at.get().iter().map(pair).collect();
    let usable = |rows: &Vec<(f64, f64)>| (2..=STRAPPING_ROWS_MAX).contains(&rows.len());
    let Some(rows) = rows.filter(usable) else {
        let found = format!("{} x", at.get().len());
        notes.add_error(
            at.span(),
            "table",
            "fault-value",
            &found,
            "fault-expect-strapping",
        );
        return Vec::new();
    };
    let falls = |pair: &[(f64, f64)]| pair[1].0 <= pair[0].0 || pair[1].1 <= pair[0].1;
    if let Some(pair) = rows.windows(2).find(|pair| falls(pair)) {
        let found = format!("[{}, {}]", pair[1].0, pair[1].1);
        let before = format!("[{}, {}]", pair[0].0, pair[0].1);
        notes.add_error(at.span(), "table", "fault-rising", &found, &before);
    }
    check_strapping_range(notes, at, &rows);
    rows
}

/// Checks heights and volumes of a strapping table against what a tank can be: a height in cm, or
/// volumes in litres, are beyond it.
fn check_strapping_range(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<Vec<Vec<f64>>>,
    rows: &[(f64, f64)],
) {
    let (Some(lowest), Some(highest)) = (rows.first(), rows.last()) else {
        return;
    };
    let volume = highest.1 - lowest.1;
    let mut is_told = false;
    for (key, number) in [("height_m", highest.0), ("nominal_m3", volume)] {
        let Some(range) = number_range(key) else {
            continue;
        };
        let found = format!("[{}, {}]", highest.0, highest.1);
        is_told |= range.is_unusual(number);
        if range.refuses(number) {
            let expected = format!("{} {}", range.refused_text(), range.unit);
            notes.add_error(at.span(), "table", "fault-range", &found, &expected);
        } else {
            notes.warn_unusual((at.span(), "table"), (key, number), &found);
        }
    }
    if lowest.0 < 0.0 {
        let found = format!("[{}, {}]", lowest.0, lowest.1);
        notes.add_error(at.span(), "table", "fault-range", &found, ">= 0 m");
    }
    let height = highest.0 - lowest.0;
    let width = (volume / height).sqrt();
    if !is_told && height > 0.0 && width > height * TANK_WIDTH_MAX {
        // Differences of what was typed.
        let [volume, height] =
            [volume, height].map(|number| ExactNumber::Float(number).short_digits());
        let (found, expected) = (format!("{volume} m3"), format!("{height} m"));
        notes.add_warning(
            at.span(),
            "table",
            "fault-strapping-wide",
            &found,
            &expected,
        );
    }
}
