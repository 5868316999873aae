//! [`RatedLimit`]: limits of a point from the ratings of its asset.

use crate::assets::AssetPoint;

/// Maximum operating time behind a counter, h: full power for a century.
const LIFETIME_H: f64 = 876_600.0;

/// Temperature range of air, modules and water outdoors, degC.
pub(crate) const OUTDOOR_RANGE_C: (f64, f64) = (-60.0, 150.0);

/// Limits of one point, in the unit of its asset.
pub(crate) type RatedLimit<'a> = (&'a AssetPoint, (f64, f64));

/// Limits of -most to +most.
pub(crate) fn symmetric_limit(used: Option<&AssetPoint>, most: f64) -> Option<RatedLimit<'_>> {
    used.map(|used| (used, (-most, most)))
}

/// Limits of a counter: zero to full power for a century.
pub(crate) fn lifetime_limit(
    used: Option<&AssetPoint>,
    most_an_hour: f64,
) -> Option<RatedLimit<'_>> {
    used.map(|used| (used, (0.0, most_an_hour * LIFETIME_H)))
}
