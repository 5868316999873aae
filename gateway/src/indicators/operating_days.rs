//! Days of operation of an asset within the period: outside them nothing is expected of it and
//! nothing claimed.
//!
//! ```text
//! period 2026, asset since 1 July: figures of 1 July to 31 December, and a remark says so
//! ```

use crate::config::Config;
use crate::domain::indicator::{CompletenessShares, IndicatorRemark};
use crate::indicators::asset_sums::AssetIndicators;
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::period_days::PeriodDays;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The part of the period for each asset that is in operation in it.
pub(crate) fn operating_spans(
    config: &Config,
    span: &PeriodDays,
) -> BTreeMap<Arc<str>, PeriodDays> {
    let part = |asset: &crate::assets::Asset| {
        let span = span.of_asset(asset.days)?;
        Some((Arc::clone(&asset.id), span))
    };
    config.assets.iter().filter_map(part).collect()
}

/// Labels the figures of a part of the period, and gives their daily values all days of it.
pub(crate) fn mark_operating_days(
    span: &PeriodDays,
    spans: &BTreeMap<Arc<str>, PeriodDays>,
    all: &mut AssetIndicators,
) {
    let part_of = |asset: &Option<Arc<str>>| {
        let own = spans.get(asset.as_ref()?)?;
        let (first, last) = (own.period.first(), own.period.last());
        let is_part = (first, last) != (span.period.first(), span.period.last());
        is_part.then_some((first, last))
    };
    for figure in &mut all.figures {
        if let Some((first, last)) = part_of(&figure.asset) {
            let remark = IndicatorRemark::new("account-asset-part");
            let remark = remark.with_arg("first", first).with_arg("last", last);
            *figure = figure.clone().with_remark(remark);
        }
    }
    for series in &mut all.daily {
        if part_of(&series.asset).is_none() {
            continue;
        }
        let known: BTreeMap<Date, (Option<f64>, CompletenessShares)> = series
            .days
            .iter()
            .map(|(date, value, shares)| (*date, (*value, *shares)))
            .collect();
        let day = |date: Date| {
            let (value, shares) = known.get(&date).copied().unwrap_or_default();
            (date, value, shares)
        };
        series.days = span.days.iter().map(|one| day(one.date)).collect();
    }
}
