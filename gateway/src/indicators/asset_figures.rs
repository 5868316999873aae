//! [`AssetFigures`]: figures of a kind of asset, and the figures of each kind of the list.

use crate::assets::{Asset, AssetKind, for_each_asset_kind};
use crate::config::Config;
use crate::domain::calibration::CalibrationHistory;
use crate::domain::indicator::{Indicator, IndicatorSpec};
use crate::domain::redated_stretch::RedatedStretch;
use crate::domain::sample_import::ImportedStretch;
use crate::indicators::asset_sums::AssetSums;
use crate::indicators::figure_context::FigureContext;
use crate::indicators::input_series::InputSeries;
use crate::indicators::ledger_totals::PeriodLedger;
use crate::indicators::period_days::PeriodDays;
use std::sync::Arc;

/// Asset and period for which sums are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SumsRequest<'a> {
    pub(crate) config: &'a Config,
    pub(crate) asset: &'a Asset,
    pub(crate) span: &'a PeriodDays,
    pub(crate) calibrations: &'a CalibrationHistory,
    pub(crate) imports: &'a [ImportedStretch],
    pub(crate) redated: &'a [Arc<RedatedStretch>],
}

/// Input series of an asset, with the accumulator that takes their readings.
pub(crate) type SeriesAndSums<'a> = (Vec<InputSeries>, Box<dyn AssetSums + 'a>);

/// Figures of a kind of asset; the folder of the kind implements it for its settings.
pub(crate) trait AssetFigures {
    /// Sums that make the figures from readings.
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a>;

    /// Figures from ledger entries; `own` are the figures of the asset that are made already.
    fn ledger_figures(
        &self,
        _desk: &FigureContext<'_>,
        _book: &PeriodLedger,
        _own: &[&Indicator],
    ) -> Vec<Indicator> {
        Vec::new()
    }

    /// Figures that depend on figures of other assets.
    fn dependent_figures(&self, _desk: &FigureContext<'_>, _known: &[Indicator]) -> Vec<Indicator> {
        Vec::new()
    }
}

/// Puts the accumulator into a box.
pub(crate) fn boxed_sums<'a>(
    (lanes, sums): (Vec<InputSeries>, impl AssetSums + 'a),
) -> SeriesAndSums<'a> {
    (lanes, Box::new(sums))
}

macro_rules! asset_kind_figures {
    ($($kind:ident: $word:literal, $about:tt, $folder:ident($settings:ident, $raw:ident);)*) => {
        /// Word of each kind with its figures, in report order.
        pub(crate) const KIND_INDICATORS: &[(&str, &[&IndicatorSpec<'static>])] =
            &[$(($word, crate::assets::$folder::indicators::INDICATORS),)*];

        /// Returns the figures of an asset of this kind.
        pub(crate) fn figures_of_kind(kind: &AssetKind) -> &dyn AssetFigures {
            match kind {
                $(AssetKind::$kind(one) => &**one,)*
            }
        }
    };
}

for_each_asset_kind!(asset_kind_figures);
