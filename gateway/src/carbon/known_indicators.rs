//! `find_indicator`: a figure among those that are made already.

use crate::domain::indicator::{Indicator, IndicatorSpec};

/// Figures built so far, of all assets.
pub(crate) type KnownIndicators<'a> = &'a [Indicator];

/// This figure of this asset.
pub(crate) fn find_indicator<'a>(
    known: KnownIndicators<'a>,
    spec: &IndicatorSpec<'_>,
    asset: &str,
) -> Option<&'a Indicator> {
    let mut all = known.iter();
    all.find(|one| *one.id == *spec.id && one.asset.as_deref() == Some(asset))
}
