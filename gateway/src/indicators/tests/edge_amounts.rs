//! Tests of what a counter counted across a gap at an edge of the period.

use super::site::{OTHER_ASSETS, SITE_DEVICES, SITE_PLANT};
use super::{
    HOUR, TestSite, assert_figure_close, figure_value, find_figure, has_remark, parse_time,
};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason, ProvisionalReason};
use crate::domain::indicator::{Indicator, IntervalReach, SiteIndicators};
use crate::domain::input_part::PartSource;
use crate::domain::value_bound::ValueBound;
use crate::i18n::Language;
use crate::report::content::{ReportInputs, build_document, headline_figure};
use crate::report::render::document::ReportBlock;
use crate::report::render::figure::FigureStatus;

/// Verdict on what is at least this, because readings are missing at the end.
const OPEN_END: ClaimVerdict = ClaimVerdict::Provisional(ProvisionalReason::ReadingsEnd);
const GAP: &str = "account-opening-gap";
/// 30 September, 24:00 in Jakarta.
const EDGE: &str = "2026-09-30T17:00:00Z";

fn hourly_site() -> TestSite {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let plant = SITE_PLANT
        .replace("export = \"meter.export\"\n", "")
        .replace("import = \"meter.import\"\n", "")
        .replace("irradiance = \"sun.poa\"\n", "system = 'off-grid'\n");
    let pump = OTHER_ASSETS
        .split("[[asset]]\nid = \"tank\"")
        .next()
        .unwrap();
    TestSite::new(&[&devices, &*plant, pump].concat())
}

/// Hourly readings from July to December without those of some hours around the edge.
fn half_year(per_hour: f64, missing: std::ops::Range<i64>) -> Vec<(i64, Option<f64>)> {
    let edge = parse_time(EDGE).0;
    let hours = (-92 * 24..=92 * 24).filter(|hour| !missing.contains(hour));
    #[expect(clippy::cast_precision_loss, reason = "hours of half a year")]
    let reading = |hour: i64| (edge + hour * HOUR, Some(5000.0 + per_hour * hour as f64));
    hours.map(reading).collect()
}

async fn village(missing: std::ops::Range<i64>) -> TestSite {
    let village = hourly_site();
    village
        .store_readings(vec![
            ("inverter.energy", half_year(0.5, missing.clone())),
            ("pump.volume", half_year(0.25, missing)),
        ])
        .await;
    village
}

fn reach_down(found: &SiteIndicators, id: &str, asset: &str) -> f64 {
    find_figure(found, id, asset).uncertainty.reach.down
}

fn opening_args(one: &Indicator) -> Vec<String> {
    let said = one.remarks.iter().find(|said| said.key == GAP).unwrap();
    said.args.iter().map(|(_, text)| text.clone()).collect()
}

#[tokio::test]
async fn what_was_counted_across_the_edge_of_a_period_is_told_and_no_figure_on_it_is_final() {
    // Silent from 29 September 10:00 to 2 October 09:00: 71 hours, 35.5 kWh and 17.75 m3.
    let village = village(-37..33).await;
    let half = village.indicators("2026-07-01..2026-12-31").await;
    let third = village.indicators("2026-Q3").await;
    let fourth = village.indicators("2026-Q4").await;
    for (id, asset, amount, unit) in [
        ("plts.generation", "plts", 35.5, "kWh"),
        ("pump.volume", "pump", 17.75, "m3"),
    ] {
        let sum = figure_value(&third, id, asset) + figure_value(&fourth, id, asset);
        assert_figure_close(&half, id, asset, sum);
        let one = find_figure(&fourth, id, asset);
        assert_eq!(one.claim, ClaimVerdict::Doubtful, "{:?}", one.remarks);
        let total = figure_value(&fourth, id, asset);
        let wanted = [
            amount.to_string(),
            unit.to_owned(),
            "2026-09-29T10:00:00".to_owned(),
            "2026-10-02T09:00:00".to_owned(),
            (total - amount).to_string(),
        ];
        assert_eq!(opening_args(one), wanted);
        assert!((reach_down(&fourth, id, asset) - amount).abs() < 1e-9);
        // The line of its own adds up from the two readings.
        let line = one.inputs.iter().find(|input| input.symbol == "Δ_open");
        let line = line.unwrap();
        let sum: f64 = line.parts.iter().map(|part| part.value).sum();
        assert_eq!(line.value, Some(sum));
        let is_reading = |of: &PartSource| matches!(of, PartSource::Reading(_));
        assert!(line.parts.iter().all(|part| is_reading(&part.of)));
        // The period before ends in the gap.
        let one = find_figure(&third, id, asset);
        assert_eq!(one.bound(), ValueBound::Lower, "{:?}", one.remarks);
        assert!(has_remark(one, "account-until-counted-lower-bound"));
        assert_eq!(one.claim, OPEN_END, "{id}");
        assert!(!has_remark(one, GAP));
        // Both together know.
        let one = find_figure(&half, id, asset);
        assert!(!has_remark(one, GAP) && one.bound() == ValueBound::Neither);
        assert_eq!(one.claim == ClaimVerdict::Doubtful, asset == "none");
    }
}

#[tokio::test]
async fn the_emissions_on_such_a_total_reach_down_as_it_does() {
    let village = village(-37..33).await;
    let found = village.indicators("2026-Q4").await;
    let energy = figure_value(&found, "plts.generation", "plts");
    for (id, asset) in [("co2.net", "plts"), ("co2.gross", "plts"), ("co2.net", "")] {
        let one = find_figure(&found, id, asset);
        let value = *one.value.as_ref().unwrap();
        let wanted = value * 35.5 / energy;
        let reach = one.uncertainty.reach;
        assert!((reach.down - wanted).abs() < 1e-9, "{id}: {reach:?}");
        assert!(reach.up.abs() < 1e-12);
        assert!(one.claim >= ClaimVerdict::Doubtful, "{id}");
        assert!(has_remark(one, "account-passed-opening-gap-down"));
        assert!(!has_remark(one, GAP), "{id}: {:?}", one.remarks);
    }
    // Only a part of the site: no pump stands on the energy of the plant.
    let one = find_figure(&found, "pump.volume", "pump");
    assert!(!has_remark(one, "account-passed-opening-gap-down"));
}

#[tokio::test]
async fn a_power_log_has_nothing_of_the_gap_in_either_period() {
    let village = hourly_site();
    let flat = |missing| {
        let all = half_year(0.0, missing).into_iter();
        all.map(|(at, _)| (at, Some(500.0))).collect()
    };
    village
        .store_readings(vec![("inverter.power", flat(-37..33))])
        .await;
    for (period, key) in [
        ("2026-Q3", "account-until-lower-bound"),
        ("2026-Q4", "account-since-lower-bound"),
    ] {
        let found = village.indicators(period).await;
        let one = find_figure(&found, "plts.generation", "plts");
        assert!(has_remark(one, key), "{period}: {:?}", one.remarks);
        assert_eq!(
            (one.bound(), one.uncertainty.reach.down),
            (ValueBound::Lower, 0.0)
        );
    }
}

#[tokio::test]
async fn a_few_missed_polls_at_the_edge_are_no_doubt() {
    // Two polls are missing: no gap.
    let village = village(-1..1).await;
    for period in ["2026-Q3", "2026-Q4"] {
        let found = village.indicators(period).await;
        for (id, asset) in [("plts.generation", "plts"), ("pump.volume", "pump")] {
            let one = find_figure(&found, id, asset);
            assert_eq!(one.claim, ClaimVerdict::Claimable, "{:?}", one.remarks);
            assert_eq!(one.bound(), ValueBound::Neither, "{period} {id}");
        }
    }
}

#[tokio::test]
async fn an_outage_in_the_middle_of_a_period_does_not_hide_one_at_its_end() {
    let village = hourly_site();
    let edge = parse_time(EDGE).0;
    let middle = edge - 30 * 24 * HOUR;
    let mut all = half_year(0.5, -10..15);
    all.retain(|(at, _)| !(middle..middle + 20 * HOUR).contains(at));
    village.store_readings(vec![("inverter.energy", all)]).await;
    let found = village.indicators("2026-Q3").await;
    let one = find_figure(&found, "plts.generation", "plts");
    assert_eq!(one.bound(), ValueBound::Lower, "{:?}", one.remarks);
}

#[tokio::test]
async fn more_than_a_twentieth_is_not_claimed() {
    let village = village(-1000..33).await;
    let found = village.indicators("2026-Q4").await;
    let one = find_figure(&found, "plts.generation", "plts");
    let bound = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
    assert_eq!(one.claim, bound);
    assert!(reach_down(&found, "plts.generation", "plts") > 500.0);
    assert!(reach_down(&found, "co2.net", "plts") > 0.0);
}

/// Every figure that people see, in all that shows it: what is at least this is not final.
#[tokio::test]
async fn a_period_that_ends_in_a_gap_is_final_nowhere() {
    let village = village(-37..33).await;
    let now = parse_time("2027-01-10T00:00:00Z");
    let mut at_least = 0;
    for period in ["2026-09", "2026-Q3", "2026-10", "2026-Q4"] {
        let found = village.indicators(period).await;
        let inputs = ReportInputs::of_account(&village.config, &found, now, Language::En);
        let lower = found.indicators.iter();
        let lower = lower.filter(|one| one.value.is_ok() && one.bound() == ValueBound::Lower);
        for one in lower.filter(|one| one.measured_until().is_some()) {
            let shown = headline_figure(inputs, one);
            assert_ne!(shown.status, FigureStatus::Final, "{} {period}", one.id);
            assert_ne!(one.claim, ClaimVerdict::Claimable, "{} {period}", one.id);
            at_least += 1;
        }
        let document = build_document(inputs);
        assert!(document.is_provisional(), "{period}");
        let blocks = document.sections.iter().flat_map(|section| &section.blocks);
        let figures = blocks.filter_map(|block| match block {
            ReportBlock::Figures(figures) => Some(&figures.items),
            _ => None,
        });
        for figure in figures.flatten().filter(|one| one.until.is_some()) {
            let is_final = figure.is_at_least && figure.status == FigureStatus::Final;
            assert!(!is_final, "{}", figure.id);
        }
    }
    assert!(at_least > 10, "{at_least}");
}

/// A counter of 8 kWh a day that is read at this hour of each day, from August to December.
async fn daily_meter(hour: i64, every_days: i64) -> TestSite {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1d\"");
    let meter = "[[asset]]\nid = 'm'\nkind = 'meter'\nenergy = 'meter.import'\n";
    let village = TestSite::new(&format!("{devices}{meter}"));
    let edge = parse_time(EDGE).0;
    let days = (-60..=92).filter(|day| day % every_days == 0);
    #[expect(clippy::cast_precision_loss, reason = "days of half a year")]
    let reading = |day: i64| {
        let at = edge + (day * 24 + hour) * HOUR;
        (at, Some(1000.0 + 8.0 * day as f64))
    };
    let column = days.map(reading).collect();
    village.store_readings(vec![("meter.import", column)]).await;
    village
}

fn args_of(one: &Indicator, key: &str) -> Vec<String> {
    let said = one.remarks.iter().find(|said| said.key == key);
    let args = said.into_iter().flat_map(|said| &said.args);
    args.map(|(_, text)| text.clone()).collect()
}

#[tokio::test]
async fn a_counter_that_is_read_once_a_day_says_what_it_counted_across_both_edges() {
    let village = daily_meter(7, 1).await;
    let found = village.indicators("2026-10").await;
    let one = find_figure(&found, "meter.energy", "m");
    assert_figure_close(&found, "meter.energy", "m", 248.0);
    // The interval says it; there is nothing to be checked.
    let reach = one.uncertainty.reach;
    assert_eq!((reach.down, reach.up), (8.0, 8.0), "{:?}", one.remarks);
    assert_eq!(one.claim, ClaimVerdict::Claimable, "{:?}", one.remarks);
    assert_eq!(one.bound(), ValueBound::Neither);
    let wanted = [
        "8",
        "kWh",
        "2026-09-30T07:00:00",
        "2026-10-01T07:00:00",
        "240",
    ];
    assert_eq!(args_of(one, "account-edge-interval"), wanted);
    let wanted = [
        "8",
        "kWh",
        "2026-10-31T07:00:00",
        "2026-11-01T07:00:00",
        "256",
    ];
    assert_eq!(args_of(one, "account-closing-interval"), wanted);
    let line = one.inputs.iter().find(|input| input.symbol == "Δ_open");
    let sum: f64 = line.unwrap().parts.iter().map(|part| part.value).sum();
    assert!((sum - 8.0).abs() < 1e-9);
    // Periods add up, and each of two neighbours tells the same amount.
    let next = village.indicators("2026-11").await;
    let both = village.indicators("2026-10-01..2026-11-30").await;
    let sum = figure_value(&found, "meter.energy", "m") + figure_value(&next, "meter.energy", "m");
    assert_figure_close(&both, "meter.energy", "m", sum);
    let next_down = find_figure(&next, "meter.energy", "m")
        .uncertainty
        .reach
        .down;
    assert!((next_down - reach.up).abs() < 1e-9);
    // Read at midnight, there is nothing to tell; nor within a period that runs.
    let midnight = daily_meter(0, 1).await;
    let found = midnight.indicators("2026-10").await;
    let one = find_figure(&found, "meter.energy", "m");
    assert_eq!(one.uncertainty.reach, IntervalReach::default());
    let running = village
        .indicators_at("2026-10", "2026-10-20T17:00:00Z")
        .await;
    let one = find_figure(&running, "meter.energy", "m");
    assert_eq!(
        (one.uncertainty.reach.down, one.uncertainty.reach.up),
        (8.0, 0.0)
    );
}

#[tokio::test]
async fn a_counter_that_is_read_every_other_week_claims_nothing_of_a_month() {
    let village = daily_meter(7, 14).await;
    let found = village.indicators("2026-10").await;
    let one = find_figure(&found, "meter.energy", "m");
    let bound = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
    assert_eq!(one.claim, bound, "{:?}", one.remarks);
}

#[tokio::test]
async fn a_gap_that_begins_hours_before_the_period_is_told_however_rarely_is_polled() {
    // The last reading is of 22:00, two hours before the period; the next one of the sixth day.
    let village = village(-1..125).await;
    let found = village.indicators("2026-Q4").await;
    let one = find_figure(&found, "plts.generation", "plts");
    assert!(one.uncertainty.reach.down > 60.0, "{:?}", one.remarks);
    assert!(one.claim >= ClaimVerdict::Doubtful);
}

#[tokio::test]
async fn a_reading_of_the_display_at_the_edge_settles_both_periods() {
    let village = hourly_site();
    let mut all = half_year(0.5, -37..33);
    all.push((parse_time(EDGE).0, Some(5000.0)));
    all.sort_by_key(|(at, _)| *at);
    village.store_readings(vec![("inverter.energy", all)]).await;
    for period in ["2026-Q3", "2026-Q4"] {
        let found = village.indicators(period).await;
        let one = find_figure(&found, "plts.generation", "plts");
        assert_eq!(one.claim, ClaimVerdict::Claimable, "{:?}", one.remarks);
        assert_eq!(one.bound(), ValueBound::Neither, "{:?}", one.remarks);
    }
}
