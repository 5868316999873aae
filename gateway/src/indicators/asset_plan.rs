//! Calculation of one asset: what has to be read, and the figures made of it.

use crate::indicators::asset_figures::{SumsRequest, figures_of_kind};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::calibration_corrections::{
    SeriesCorrections, add_calibration_remarks, calibrations_in_period,
};
use crate::indicators::closed_days::ClosedDays;
use crate::indicators::coverage::Coverage;
use crate::indicators::figure_context::FigureContext;
use crate::indicators::imported_spans::ImportedSpans;
use crate::indicators::input_series::InputSeries;
use crate::indicators::sample_merge::{SumsInProgress, gather_readings};
use crate::indicators::sample_stream::ProgressCounter;
use crate::indicators::summed_readings::SummedReadings;
use crate::indicators::{IndicatorQuery, IndicatorsError};
use crate::storage::Store;
use std::sync::Arc;

/// Sums of an asset before its samples are read.
pub(crate) struct AssetPlan<'a> {
    request: SumsRequest<'a>,
    lanes: Vec<InputSeries>,
    sums: Box<dyn AssetSums + 'a>,
    closed: Option<ClosedDays>,
}

impl<'a> AssetPlan<'a> {
    /// Makes the sums of an asset and looks for a snapshot of its closed days.
    pub(crate) async fn new(
        store: &Store,
        revision: &str,
        ask: &IndicatorQuery,
        request: SumsRequest<'a>,
    ) -> Result<Self, IndicatorsError> {
        let mut made = figures_of_kind(&request.asset.kind).sums(&request);
        for lane in &mut made.0 {
            lane.imports = ImportedSpans::of_point(&lane.point.id, request.imports);
            let redated = request.redated.iter();
            let own = redated.filter(|one| one.point == lane.point.id);
            lane.redated = own.cloned().collect();
        }
        let place = (&request.asset.id, request.span);
        let closed = ClosedDays::find(store, revision, ask, place, &mut made).await?;
        let (lanes, sums) = made;
        Ok(Self {
            request,
            lanes,
            sums,
            closed,
        })
    }

    /// Whether the plan is for the asset that was asked for, or all were.
    pub(crate) fn is_asked(&self, ask: &IndicatorQuery) -> bool {
        let asked = ask.asset.as_ref();
        asked.is_none_or(|id| *id == self.request.asset.id)
    }

    /// Ids of the points that are read.
    pub(crate) fn point_ids(&self) -> Vec<Arc<str>> {
        let ids = self.lanes.iter().map(|lane| Arc::clone(&lane.point.id));
        ids.collect()
    }

    /// Number of days that have to be read, for all points together.
    pub(crate) fn point_days(&self) -> u64 {
        let span = self.request.span;
        let begun = span.days.iter().filter(|day| day.from < span.to).count();
        let restored = self.closed.as_ref().map_or(0, ClosedDays::restored_days);
        let days = self.lanes.len() * begun.saturating_sub(restored);
        u64::try_from(days).unwrap_or(u64::MAX)
    }

    /// Reads the samples and makes the figures; keeps the sums of the closed days.
    pub(crate) async fn run(
        mut self,
        store: &Store,
        steps: &mut ProgressCounter<'_>,
    ) -> Result<AssetIndicators, IndicatorsError> {
        let SumsRequest {
            config,
            asset,
            span,
            calibrations,
            ..
        } = self.request;
        let lanes = &self.lanes;
        let fresh = || lanes.iter().map(|lane| Coverage::new(lane, span)).collect();
        let mut tracks: Vec<Coverage> = fresh();
        let mut corrections = SeriesCorrections::new(calibrations, lanes, span.day_before());
        if let Some(closed) = &mut self.closed {
            let mut all = SummedReadings {
                sums: &mut *self.sums,
                tracks: &mut tracks,
                corrections: &mut corrections,
            };
            if closed.restored_days() > 0 && !closed.restore(calibrations, span, &mut all) {
                self.sums = figures_of_kind(&asset.kind).sums(&self.request).1;
                tracks = fresh();
                corrections = SeriesCorrections::new(calibrations, lanes, span.day_before());
            }
        }
        let work = SumsInProgress {
            span,
            corrections: &mut corrections,
            tracks: &mut tracks,
            sums: &mut *self.sums,
            restored: self.closed.as_ref().map_or(0, ClosedDays::restored_days),
            save_after: self.closed.as_ref().and_then(ClosedDays::next_snapshot),
        };
        let saved = gather_readings(store, work, steps).await?;
        if let (Some(closed), Some((state, reach))) = (&self.closed, saved) {
            closed.keep(store, (span, state), reach).await?;
        }
        let desk = FigureContext::new(config, span, Some(&asset.id));
        let read = AssetReadings {
            desk: &desk,
            lanes,
            tracks: &tracks,
        };
        let mut made = self.sums.build_indicators(&read);
        made.mark_implausible(&tracks);
        read.mark_missing_ends(&mut made.figures);
        let points = lanes.iter().map(|lane| lane.point.id.clone());
        let targets: Vec<Arc<str>> = points.chain([asset.id.clone()]).collect();
        let used = calibrations_in_period(calibrations, &targets, span);
        add_calibration_remarks(&mut made.figures, &asset.id, &used);
        Ok(made)
    }
}
