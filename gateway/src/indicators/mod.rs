//! Indicators of a site over a period.
//!
//! Entry point: [`calculate_indicators`], with an [`IndicatorQuery`] (period, asset, present time).
//! It reads raw samples from the store, ledger entries, configuration and factors, and returns an
//! [`SiteIndicators`]: a list of [`Indicator`]s, each with unit, uncertainty, completeness, inputs
//! and factors. The result is a pure function of these inputs and is never stored; sums of closed
//! days are (`closed_days`).
//!
//! ```text
//! ask:     period 2026-11, asset `plts`
//! samples: meter.energy 1000.0 kWh at 1 Nov 00:00, 1300.0 kWh at 30 Nov 24:00
//! result:  plts.generation = 1300.0 - 1000.0 = 300.0 kWh (method G.5)
//!          co2.gross       = 300.0 / 1000 * 0.94 = 0.282 tCO2 (method C.3)
//! ```
//!
//! Samples are streamed one asset at a time, in blocks of one day, so that memory use does not
//! depend on the length of the period. Samples with an unknown time (`QualityReason::Undated`) are
//! never counted. Equations: `docs/ARCHITECTURE.md` and `pantau method list`; reports made of the
//! indicators: `docs/reports.md`.

pub(crate) mod amounts_per_person;
pub(crate) mod asset_figures;
pub(crate) mod asset_plan;
pub(crate) mod asset_sums;
pub(crate) mod bound_passing;
pub(crate) mod calibration_corrections;
pub(crate) mod catalogue;
pub(crate) mod claim_inheritance;
pub(crate) mod closed_days;
pub(crate) mod common_days;
pub(crate) mod contradictory_figures;
pub(crate) mod counter_events;
pub(crate) mod coverage;
pub(crate) mod data_events;
pub(crate) mod double_claims;
pub(crate) mod edge_amounts;
pub(crate) mod entry_attribution;
pub(crate) mod entry_owner;
pub(crate) mod entry_plausibility;
pub(crate) mod entry_quantities;
pub(crate) mod feeding_batches;
pub(crate) mod figure_context;
pub(crate) mod held_reading;
pub(crate) mod imported_figures;
pub(crate) mod imported_spans;
pub(crate) mod indicator_query;
pub(crate) mod input_reading;
pub(crate) mod input_series;
pub(crate) mod ledger_effects;
pub(crate) mod ledger_totals;
mod mass_in_two_units;
pub(crate) mod measured_period;
pub(crate) mod measured_since;
pub(crate) mod measured_time;
pub(crate) mod moving_together;
pub(crate) mod net_verdicts;
pub(crate) mod noisy_twins;
pub(crate) mod operating_days;
pub(crate) mod period_days;
pub(crate) mod ratio_plausibility;
pub(crate) mod refused_readings;
pub(crate) mod running_hours;
pub(crate) mod same_masses;
pub(crate) mod sample_merge;
pub(crate) mod sample_stream;
pub(crate) mod series_likeness;
pub(crate) mod site_totals;
pub(crate) mod summed_assets;
pub(crate) mod summed_readings;
pub(crate) mod temperature_stats;
#[cfg(test)]
mod tests;
pub(crate) mod total_inputs;
pub(crate) mod totaliser;
pub(crate) mod uncertainty;
pub(crate) mod unusual_numbers;

use crate::assets::Asset;
use crate::carbon::waste_emissions as waste;
use crate::config::Config;
use crate::domain::equation::equation_fault;
use crate::domain::indicator::{Indicator, InputSource, SiteIndicators};
use crate::storage::Store;
use amounts_per_person::judge_per_person;
use asset_figures::figures_of_kind;
use asset_plan::AssetPlan;
use asset_sums::AssetIndicators;
use claim_inheritance::{doubt_same_entries, pass_verdicts};
use contradictory_figures::doubt_parts_above_whole;
use double_claims::mark_double_claims;
use entry_plausibility::judge_entries;
use feeding_batches::doubt_site_balance;
use figure_context::FigureContext;
use imported_figures::mark_imported;
use ledger_totals::PeriodLedger;
use measured_period::{MeasuredPeriod, periods_around};
use moving_together::{has_main_figure, mark_moving_together, moving_pairs};
use operating_days::mark_operating_days;
use period_days::PeriodDays;
use sample_stream::ProgressCounter;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use summed_assets::{mark_sums_of_others, sums_of_others};
use unusual_numbers::doubt_unusual_settings;

pub use catalogue::{all_indicators, is_measured_figure, name_key, with_measured_figures};
pub use indicator_query::{CalculationProgress, IndicatorQuery, IndicatorsError};

/// Calculates all indicators that are asked for. Returns an error when the period has not begun,
/// the asset is unknown, or the store cannot be read.
pub async fn calculate_indicators(
    config: &Config,
    store: &Store,
    ask: &IndicatorQuery,
    progress: &mut (dyn FnMut(CalculationProgress) + Send),
) -> Result<SiteIndicators, IndicatorsError> {
    calculate_in_turn(config, store, ask, async |_| Ok(()), progress).await
}

/// Like [`calculate_indicators`], but waits for its turn before it reads: `turn` gets the number of
/// point-days that have to be read, and what it returns is held until the end.
pub async fn calculate_in_turn<T>(
    config: &Config,
    store: &Store,
    ask: &IndicatorQuery,
    turn: impl AsyncFnOnce(u64) -> Result<T, IndicatorsError>,
    progress: &mut (dyn FnMut(CalculationProgress) + Send),
) -> Result<SiteIndicators, IndicatorsError> {
    check_asset(config, ask)?;
    let own = MeasuredPeriod::open(config, store, ask.clone()).await?;
    let around = periods_around(config, store, &own).await?;
    let calibrations = store.list_calibrations().await?;
    let lost = store.list_damage().await?;
    // Also for the figures of one asset: what it is compared with, and rests on, decides what may
    // be claimed of them.
    let plans = own.plans((config, store), &calibrations, |_| true).await?;
    let mut near = Vec::new();
    for one in &around {
        let plans = one.plans((config, store), &calibrations, has_main_figure);
        near.push(plans.await?);
    }
    let all_days = plans.iter().chain(near.iter().flatten());
    let all_days = all_days.map(AssetPlan::point_days).sum();
    let _turn = turn(all_days).await?;
    let span = &own.span;
    let book = PeriodLedger::open(store, span).await?;
    let mut steps = ProgressCounter {
        progress,
        done: 0,
        all: all_days,
    };
    let mut all = AssetIndicators::default();
    // One asset after the other: only the streams of one asset are open at a time.
    for plan in plans {
        let (points, is_asked) = (plan.point_ids(), plan.is_asked(ask));
        let made = plan.run(store, &mut steps).await?;
        if !is_asked {
            all.merge_figures(made);
            continue;
        }
        all.merge(made);
        let first_of = |device: &str| {
            let mut own = points.iter();
            // A line without a device is for all of them.
            own.find(|id| device.is_empty() || id.split('.').next() == Some(device))
                .cloned()
        };
        all.events.add_damage(&lost, (span.from, span.to), first_of);
    }
    let start_of = |day| config.site.timezone.day_bounds(day).0;
    all.events
        .add_record_damage(&lost, (span.from, span.to), start_of);
    let mut pairs = moving_pairs(config, &all.figures, &all.daily);
    let mut sums = sums_of_others(config, &all.figures, &all.daily);
    for plans in near {
        let mut there = AssetIndicators::default();
        for plan in plans {
            there.merge(plan.run(store, &mut steps).await?);
        }
        pairs.extend(moving_pairs(config, &there.figures, &there.daily));
        sums.extend(sums_of_others(config, &there.figures, &there.daily));
    }
    mark_moving_together(config, &mut all.figures, pairs);
    mark_sums_of_others(config, &mut all.figures, &sums);
    doubt_parts_above_whole(config, &mut all.figures);
    add_dependent_indicators(config, (span, &own.spans), &book, &mut all);
    mark_operating_days(span, &own.spans, &mut all);
    Ok(build_site_indicators(config, ask, all))
}

/// Reads the closed days of the asset of a query, or of all, into snapshots, when it is its turn.
/// Errors: those of [`calculate_indicators`].
pub async fn keep_closed_days<T>(
    config: &Config,
    store: &Store,
    ask: &IndicatorQuery,
    turn: impl AsyncFnOnce(u64) -> Result<T, IndicatorsError>,
) -> Result<(), IndicatorsError> {
    check_asset(config, ask)?;
    let own = MeasuredPeriod::open(config, store, ask.clone()).await?;
    let calibrations = store.list_calibrations().await?;
    let plans = own.plans((config, store), &calibrations, |asset| {
        ask.asset.as_ref().is_none_or(|id| *id == asset.id)
    });
    let plans = plans.await?;
    let all = plans.iter().map(AssetPlan::point_days).sum();
    let _turn = turn(all).await?;
    let mut steps = ProgressCounter {
        progress: &mut |_| (),
        done: 0,
        all,
    };
    for plan in plans {
        plan.run(store, &mut steps).await?;
    }
    Ok(())
}

/// Adds the indicators that depend on the ledger or on indicators of other assets.
fn add_dependent_indicators(
    config: &Config,
    (span, spans): (&PeriodDays, &BTreeMap<Arc<str>, PeriodDays>),
    book: &PeriodLedger,
    all: &mut AssetIndicators,
) {
    let in_operation = config.assets.iter();
    let in_operation = in_operation.filter_map(|asset| {
        let span = spans.get(&asset.id)?;
        Some((asset, FigureContext::new(config, span, Some(&asset.id))))
    });
    let in_operation: Vec<(&Asset, FigureContext<'_>)> = in_operation.collect();
    pass_verdicts(&mut all.figures);
    // Ledger figures first: the CO2 of a plant may depend on the fuel of a genset.
    for (asset, desk) in &in_operation {
        let own = indicators_of_asset(&all.figures, asset);
        let figures = figures_of_kind(&asset.kind);
        let more = figures.ledger_figures(desk, book, &own);
        all.figures.extend(more);
    }
    for (asset, desk) in &in_operation {
        let figures = figures_of_kind(&asset.kind);
        let desk = desk.clone().with_daily(&all.daily);
        let more = figures.dependent_figures(&desk, &all.figures);
        all.figures.extend(more);
    }
    mark_double_claims(config, &mut all.figures);
    doubt_unusual_settings(config, &mut all.figures);
    judge_entries(config, book, &mut all.figures);
    pass_verdicts(&mut all.figures);
    let site = FigureContext::new(config, span, None);
    let waste = waste::waste_figures(&site, book, &all.figures);
    all.figures.extend(waste);
    pass_verdicts(&mut all.figures);
    let totals = site_totals::site_totals(&site, &all.figures);
    all.figures.extend(totals);
    let (figures, daily) = ledger_totals::programme_figures(&site, book);
    all.figures.extend(figures);
    doubt_site_balance(config, book, span.period, &mut all.figures);
    judge_entries(config, book, &mut all.figures);
    judge_per_person(config, span, &mut all.figures);
    doubt_same_entries(&mut all.figures);
    pass_verdicts(&mut all.figures);
    all.daily.extend(daily);
    all.events.extend(book.corrections(span.period));
}

/// In builds for tests: every equation gives the value of its figure.
fn debug_assert_equations(all: &[Indicator]) {
    if cfg!(debug_assertions) {
        for one in all {
            let fault = equation_fault(one);
            assert!(fault.is_none(), "{} of {:?}: {fault:?}", one.id, one.asset);
        }
    }
}

/// Indicators of one asset.
fn indicators_of_asset<'a>(known: &'a [Indicator], asset: &Asset) -> Vec<&'a Indicator> {
    let own = known
        .iter()
        .filter(|one| one.asset.as_ref() == Some(&asset.id));
    own.collect()
}

/// Checks that the site has the asset that is asked for.
fn check_asset(config: &Config, ask: &IndicatorQuery) -> Result<(), IndicatorsError> {
    match &ask.asset {
        Some(id) if config.assets.iter().all(|one| one.id != *id) => {
            Err(IndicatorsError::UnknownAsset(id.clone()))
        }
        _ => Ok(()),
    }
}

/// Takes out the figures of other assets than this one, and returns those among them from which a
/// figure of this one is computed.
fn take_sources(asset: &Arc<str>, all: &mut Vec<Indicator>) -> Vec<Indicator> {
    let (own, others) = all
        .drain(..)
        .partition::<Vec<_>, _>(|one| one.asset.as_ref() == Some(asset));
    *all = own;
    let mut wanted = inputs_of(all);
    let mut sources: Vec<Indicator> = Vec::new();
    // A figure of an asset may rest on others of it: as many rounds as there are figures at most.
    for _ in 0..=others.len() {
        let is_new = |one: &&Indicator| {
            let key = (Arc::clone(&one.id), one.asset.clone());
            let is_known = sources
                .iter()
                .any(|known| (&known.id, &known.asset) == (&key.0, &key.1));
            wanted.contains(&key) && !is_known
        };
        let more: Vec<Indicator> = others.iter().filter(is_new).cloned().collect();
        if more.is_empty() {
            break;
        }
        wanted = inputs_of(&more);
        sources.extend(more);
    }
    sources
}

/// Ids and assets of the figures that are inputs of these ones.
fn inputs_of(all: &[Indicator]) -> BTreeSet<(Arc<str>, Option<Arc<str>>)> {
    let inputs = all.iter().flat_map(|one| &one.inputs);
    let named = inputs.filter_map(|input| match &input.from {
        InputSource::Indicator { id, asset } => Some((Arc::clone(id), asset.clone())),
        _ => None,
    });
    named.collect()
}

/// Sorts the indicators in report order and drops those of assets that were not asked for.
fn build_site_indicators(
    config: &Config,
    ask: &IndicatorQuery,
    all: AssetIndicators,
) -> SiteIndicators {
    let (mut events, mut indicators) = (all.events, all.figures);
    let place = |one: &Indicator| {
        let asset = config
            .assets
            .iter()
            .position(|asset| Some(&asset.id) == one.asset.as_ref());
        let spec = all_indicators().position(|spec| *spec.id == *one.id);
        (asset.unwrap_or(usize::MAX), spec.unwrap_or(usize::MAX))
    };
    indicators.sort_by_key(place);
    debug_assert_equations(&indicators);
    mark_imported(&mut indicators);
    let mut daily = if ask.daily { all.daily } else { Vec::new() };
    let mut sources = Vec::new();
    if let Some(asset) = &ask.asset {
        sources = take_sources(asset, &mut indicators);
        daily.retain(|one| one.asset == ask.asset);
        let asset = config
            .assets
            .iter()
            .find(|one| Some(&one.id) == ask.asset.as_ref());
        events.retain_sources(|of| {
            asset.is_some_and(|asset| asset.points.values().any(|point| **point == *of))
        });
    }
    let (events, events_left_out) = events.finish();
    SiteIndicators {
        period: ask.period,
        now: ask.now,
        revision: config.revision_id(),
        indicators,
        sources,
        daily,
        events,
        events_left_out,
    }
}
