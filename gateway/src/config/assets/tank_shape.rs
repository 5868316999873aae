//! The inside of a tank (METHODS D.1): what turns a level into a volume.

use crate::config::notes::Notes;
use crate::config::raw::{At, Number};
use crate::limits::STRAPPING_ROWS_MAX;
use schemars::JsonSchema;
use serde::Deserialize;

/// The inside of a tank; lengths in m, volumes in m3.
#[derive(Clone, Debug, PartialEq)]
pub enum TankShape {
    /// A box.
    Box {
        /// Length.
        length_m: f64,
        /// Width.
        width_m: f64,
        /// Height.
        height_m: f64,
    },
    /// A standing cylinder.
    VerticalCylinder {
        /// Diameter.
        diameter_m: f64,
        /// Height.
        height_m: f64,
    },
    /// A lying cylinder with flat ends.
    HorizontalCylinder {
        /// Diameter.
        diameter_m: f64,
        /// Length.
        length_m: f64,
    },
    /// A standing cylinder on a cone or frustum.
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
    /// An IBC, by one metered fill.
    Ibc {
        /// Effective area: metered volume for each metre of level, m2.
        area_m2: f64,
        /// Height.
        height_m: f64,
        /// Nominal volume.
        nominal_m3: f64,
    },
    /// Levels (m) and their volumes (m3), both from a calibration; levels rise.
    StrappingTable(Vec<(f64, f64)>),
}

impl TankShape {
    /// Levels of the empty and of the full tank, m.
    pub fn levels(&self) -> (f64, f64) {
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

    /// Its word in files.
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
pub(crate) enum RawShape {
    /// A box.
    Box(RawBox),
    /// A standing cylinder.
    VerticalCylinder(RawUpright),
    /// A lying cylinder with flat ends.
    HorizontalCylinder(RawLying),
    /// A standing cylinder on a cone or frustum.
    CylinderOnCone(RawOnCone),
    /// An IBC.
    Ibc(RawIbc),
    /// Levels and volumes from a calibration.
    StrappingTable(RawStrapping),
}

/// A box.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "keys that people type, with their unit"
)]
pub(crate) struct RawBox {
    /// Inner length, m.
    #[schemars(required)]
    length_m: Number,
    /// Inner width, m.
    #[schemars(required)]
    width_m: Number,
    /// Inner height, m.
    #[schemars(required)]
    height_m: Number,
}

/// A standing cylinder.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawUpright {
    /// Inner diameter, m.
    #[schemars(required)]
    diameter_m: Number,
    /// Inner height, m.
    #[schemars(required)]
    height_m: Number,
}

/// A lying cylinder.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawLying {
    /// Inner diameter, m.
    #[schemars(required)]
    diameter_m: Number,
    /// Inner length, m.
    #[schemars(required)]
    length_m: Number,
}

/// A standing cylinder on a cone.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "keys that people type, with their unit"
)]
pub(crate) struct RawOnCone {
    /// Inner diameter of the cylinder, m.
    #[schemars(required)]
    diameter_m: Number,
    /// Inner diameter at the bottom, m; 0 (a pointed cone) when left out.
    bottom_diameter_m: Number,
    /// Height of the cone, m.
    #[schemars(required)]
    cone_height_m: Number,
    /// Height of the cylinder above it, m.
    #[schemars(required)]
    cylinder_height_m: Number,
}

/// An IBC.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawIbc {
    /// Effective area, m2: metered volume / rise of the level.
    #[schemars(required)]
    area_m2: Number,
    /// Inner height, m.
    #[schemars(required)]
    height_m: Number,
    /// Nominal volume, m3.
    #[schemars(required)]
    nominal_m3: Number,
}

/// A strapping table.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawStrapping {
    /// Rows of level (m) and volume (m3): `[[0, 0], [0.5, 0.52], [1.0, 1.07]]`; levels rise.
    #[schemars(required, with = "Option<Vec<Vec<f64>>>")]
    table: Option<At<Vec<Vec<f64>>>>,
}

pub(super) fn shape(notes: &mut Notes<'_>, raw: &RawShape) -> TankShape {
    let mut size = |typed: &Number, key: &str| notes.positive(typed, key).unwrap_or(0.0);
    match raw {
        RawShape::Box(raw) => TankShape::Box {
            length_m: size(&raw.length_m, "length_m"),
            width_m: size(&raw.width_m, "width_m"),
            height_m: size(&raw.height_m, "height_m"),
        },
        RawShape::VerticalCylinder(raw) => TankShape::VerticalCylinder {
            diameter_m: size(&raw.diameter_m, "diameter_m"),
            height_m: size(&raw.height_m, "height_m"),
        },
        RawShape::HorizontalCylinder(raw) => TankShape::HorizontalCylinder {
            diameter_m: size(&raw.diameter_m, "diameter_m"),
            length_m: size(&raw.length_m, "length_m"),
        },
        RawShape::CylinderOnCone(raw) => on_cone(notes, raw),
        RawShape::Ibc(raw) => TankShape::Ibc {
            area_m2: size(&raw.area_m2, "area_m2"),
            height_m: size(&raw.height_m, "height_m"),
            nominal_m3: size(&raw.nominal_m3, "nominal_m3"),
        },
        RawShape::StrappingTable(raw) => TankShape::StrappingTable(strapping(notes, raw)),
    }
}

fn on_cone(notes: &mut Notes<'_>, raw: &RawOnCone) -> TankShape {
    let diameter_m = notes.positive(&raw.diameter_m, "diameter_m").unwrap_or(0.0);
    let most = if diameter_m > 0.0 {
        diameter_m
    } else {
        f64::MAX
    };
    let bottom = notes.within(&raw.bottom_diameter_m, "bottom_diameter_m", 0.0..=most);
    let mut size = |typed: &Number, key: &str| notes.positive(typed, key).unwrap_or(0.0);
    TankShape::CylinderOnCone {
        diameter_m,
        bottom_diameter_m: bottom.unwrap_or(0.0),
        cone_height_m: size(&raw.cone_height_m, "cone_height_m"),
        cylinder_height_m: size(&raw.cylinder_height_m, "cylinder_height_m"),
    }
}

/// Levels must rise and volumes must not fall; the first row that does otherwise is shown.
fn strapping(notes: &mut Notes<'_>, raw: &RawStrapping) -> Vec<(f64, f64)> {
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
        notes.fault(
            at.span(),
            "table",
            "fault-value",
            &found,
            "fault-expect-strapping",
        );
        return Vec::new();
    };
    let falls = |pair: &[(f64, f64)]| pair[1].0 <= pair[0].0 || pair[1].1 < pair[0].1;
    if let Some(pair) = rows.windows(2).find(|pair| falls(pair)) {
        let found = format!("[{}, {}]", pair[1].0, pair[1].1);
        let before = format!("[{}, {}]", pair[0].0, pair[0].1);
        notes.fault(at.span(), "table", "fault-rising", &found, &before);
    }
    rows
}
