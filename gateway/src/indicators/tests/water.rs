//! Figures of water, bins and heaps.

use super::site::{OTHER_ASSETS, SITE_PLANT, site_text};
use super::{
    MINUTE, PointColumn, TestSite, assert_figure_close, assert_figures_close, assert_missing,
    figure_value, find_figure, has_remark, parse_time,
};
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::SiteIndicators;
use crate::formulas::GRAVITY_M_S2;

pub(crate) fn november_start() -> i64 {
    parse_time("2026-10-31T17:00:00Z").0
}

/// One value for each minute of a day, as a function of the hour.
pub(crate) fn day(of: impl Fn(f64) -> f64) -> Vec<(i64, Option<f64>)> {
    let minutes = 0..=24 * 60;
    let hour = |minute: i64| f64::from(i32::try_from(minute).unwrap()) / 60.0;
    minutes
        .map(|minute| (november_start() + minute * MINUTE, Some(of(hour(minute)))))
        .collect()
}

/// Figures of a day of the village with these readings.
async fn day_of_village(columns: Vec<PointColumn<'_>>) -> SiteIndicators {
    let village = TestSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    village.store_readings(columns).await;
    village.indicators("2026-11-01").await
}

/// Hours between `from` and `to` that have passed at `hour`.
fn passed(hour: f64, from: f64, to: f64) -> f64 {
    hour.clamp(from, to) - from
}

#[tokio::test]
async fn a_pump_lifts_what_its_meters_say() {
    // 800 W and 3 m3/h from 08:00 to 12:00, then an hour of power without flow.
    let runs = |hour: f64| hour > 8.0 && hour <= 13.0;
    let found = day_of_village(vec![
        (
            "pump.power",
            day(|hour| if runs(hour) { 800.0 } else { 0.0 }),
        ),
        (
            "pump.energy",
            day(|hour| 50.0 + 0.8 * passed(hour, 8.0, 13.0)),
        ),
        (
            "pump.flow",
            day(|hour| if runs(hour) && hour <= 12.0 { 3.0 } else { 0.0 }),
        ),
        (
            "pump.volume",
            day(|hour| 10.0 + 3.0 * passed(hour, 8.0, 12.0)),
        ),
    ])
    .await;
    assert_figures_close(
        &found,
        "pump",
        &[
            ("pump.volume", 12.0),
            ("pump.energy", 4.0),
            ("pump.specific", 3.0),
            ("pump.energy_per_m3", 1.0 / 3.0),
            ("pump.hours", 5.0),
            ("pump.dry_runs", 1.0),
        ],
    );
    let dry = figure_value(&found, "pump.dry_hours", "pump");
    assert!((dry - 1.0).abs() < 2.5 / 60.0, "{dry}");
    assert_figure_close(&found, "pump.head", "pump", 20.0);
    let lifted = 996.24 * GRAVITY_M_S2 * 20.0 * 12.0 / 3.6e6;
    assert!((figure_value(&found, "pump.hydraulic_energy", "pump") - lifted).abs() < 1e-3);
    assert!((figure_value(&found, "pump.efficiency", "pump") - 25.0 * lifted).abs() < 0.1);
    assert!(has_remark(
        find_figure(&found, "pump.efficiency", "pump"),
        "account-head-lower-bound"
    ));
    assert_figure_close(&found, "pump.m3_per_kwp_day", "pump", 6.0);
    assert_figure_close(&found, "site.water", "", 12.0);
}

#[tokio::test]
async fn a_tank_balances_and_says_how_long_it_lasts() {
    // Area 2 m2: from 1.0 m up to 1.5 m in the morning, down to 0.9 m in the afternoon.
    let level = |hour: f64| {
        1.0 + 0.5 * passed(hour, 8.0, 10.0) / 2.0 - 0.6 * passed(hour, 13.0, 16.0) / 3.0
    };
    let found = day_of_village(vec![("tank.level", day(level))]).await;
    assert_figures_close(
        &found,
        "tank",
        &[
            ("tank.volume_last", 1.8),
            ("tank.volume_min", 1.8),
            ("tank.volume_max", 3.0),
            ("tank.fill_last", 45.0),
        ],
    );
    let (inflow, outflow) = (
        figure_value(&found, "tank.inflow", "tank"),
        figure_value(&found, "tank.outflow", "tank"),
    );
    // Inflow less outflow is the change of volume, except for what the deadband of 10 L holds back.
    assert!(
        (inflow - outflow - (1.8 - 2.0)).abs() < 0.01,
        "{inflow} {outflow}"
    );
    assert!((inflow - 1.0).abs() < 0.011 && (outflow - 1.2).abs() < 0.011);
    let left = figure_value(&found, "tank.days_left", "tank");
    assert!((left - 1.6 / outflow).abs() < 1e-9, "{left}");
    assert_figures_close(
        &found,
        "tank",
        &[("tank.leak_nights", 0.0), ("tank.overflow_hours", 0.0)],
    );
}

/// A day of a tank of 2 m2 with a meter at its inlet alone.
async fn day_of_metered_tank(
    level: impl Fn(f64) -> f64,
    inflow: impl Fn(f64) -> f64,
) -> SiteIndicators {
    let tank = "[[asset]]\nid = 'tank'\nkind = 'tank'\nlevel = 'tank.level'\n\
                shape = { kind = 'box', length_m = 2.0, width_m = 1.0, height_m = 2.0 }\n\
                inflow = 'pump.volume'\ndeadband_l = 10.0\n";
    let village = TestSite::new(&site_text(&[tank]));
    village
        .store_readings(vec![
            ("tank.level", day(level)),
            ("pump.volume", day(inflow)),
        ])
        .await;
    village.indicators("2026-11-01").await
}

#[tokio::test]
async fn a_metered_inflow_that_cannot_supply_the_outflow_says_so() {
    // 3 m3 are used and filled again, but the meter saw 0.2 m3.
    let level = |hour: f64| {
        1.8 - 1.5 * passed(hour, 6.0, 12.0) / 6.0 + 1.5 * passed(hour, 14.0, 20.0) / 6.0
    };
    let found = day_of_metered_tank(level, |hour| 10.0 + 0.2 * hour / 24.0).await;
    for id in ["tank.inflow", "tank.outflow", "tank.days_left"] {
        let figure = find_figure(&found, id, "tank");
        assert_eq!(figure.claim, ClaimVerdict::Doubtful, "{id}");
        assert!(has_remark(figure, "account-balance-impossible"), "{id}");
    }
}

#[tokio::test]
async fn days_left_go_by_the_larger_use_that_is_known() {
    // The level stands still, and 2.4 m3 go through.
    let found = day_of_metered_tank(|_| 1.2, |hour| 10.0 + 2.4 * hour / 24.0).await;
    let left = find_figure(&found, "tank.days_left", "tank");
    assert!(has_remark(left, "account-use-by-meter"));
    assert!(!has_remark(left, "account-balance-impossible"));
    assert_figure_close(&found, "tank.days_left", "tank", 1.0);
    // The first page shows the use that the days left go by.
    assert_figure_close(&found, "tank.outflow", "tank", 2.4);
}

#[tokio::test]
async fn metered_flows_that_differ_by_more_than_the_tank_holds_are_to_be_checked() {
    let tank = "[[asset]]\nid = 'tank'\nkind = 'tank'\nlevel = 'tank.level'\n\
                shape = { kind = 'box', length_m = 2.0, width_m = 1.0, height_m = 2.0 }\n\
                inflow = 'pump.volume'\noutflow = 'tank.out'\ndeadband_l = 10.0\n";
    let last = "unit = \"mm\", counter = true },";
    let more = "{ id = \"out\", register = \"holding:6\", type = \"f64\", unit = \"m3\", \
                counter = true },";
    let text = site_text(&[tank]).replace(last, &format!("{last}\n  {more}"));
    for (inflow, claim) in [
        (5.0, ClaimVerdict::Claimable),
        (60.0, ClaimVerdict::Doubtful),
    ] {
        let village = TestSite::new(&text);
        village
            .store_readings(vec![
                ("tank.level", day(|_| 1.2)),
                ("pump.volume", day(|hour| 10.0 + inflow * hour / 24.0)),
                ("tank.out", day(|hour| 10.0 + 3.0 * hour / 24.0)),
            ])
            .await;
        let found = village.indicators("2026-11-01").await;
        for id in ["tank.inflow", "tank.outflow"] {
            let figure = find_figure(&found, id, "tank");
            let is_doubted = has_remark(figure, "account-balance-surplus");
            assert_eq!((figure.claim, is_doubted), (claim, inflow > 50.0), "{id}");
        }
    }
}

#[tokio::test]
async fn a_tank_that_falls_at_night_leaks() {
    // 20 L/h from an area of 2 m2.
    let found = day_of_village(vec![("tank.level", day(|hour| 1.5 - 0.01 * hour))]).await;
    assert_figure_close(&found, "tank.leak_nights", "tank", 1.0);
}

#[tokio::test]
async fn rain_is_caught_shower_by_shower() {
    // 10 mm at 02:00 and 20 mm at 10:00: two rain events.
    let rain = |hour: f64| {
        let first = if hour > 2.0 { 10.0 } else { 0.0 };
        let second = if hour > 10.0 { 20.0 } else { 0.0 };
        100.0 + first + second
    };
    let found = day_of_village(vec![("tank.rain", day(rain))]).await;
    assert_figures_close(
        &found,
        "roof",
        &[
            ("catchment.rain", 30.0),
            ("catchment.gross", 3.0),
            ("catchment.captured", 0.1 * (9.0 - 0.5 + 18.0 - 0.5)),
        ],
    );
}

#[tokio::test]
async fn a_bins_hours_fall_into_bands() {
    let warmth = |hour: f64| if hour > 12.0 { 40.0 } else { 28.0 };
    let hot = |hour: f64| if hour > 20.0 { 40.0 } else { 60.0 };
    let found = day_of_village(vec![("bin.core", day(warmth)), ("bin.heap", day(hot))]).await;
    assert_figures_close(
        &found,
        "bin",
        &[
            ("bsf.hours_optimal", 12.0),
            ("bsf.hours_critical", 12.0),
            ("bsf.hours_slow", 0.0),
            ("bsf.temperature_mean", 34.0),
            ("bsf.degree_days", 0.5 * (28.0 - 12.3) + 0.5 * (36.0 - 12.3)),
        ],
    );
    assert_figures_close(
        &found,
        "heap",
        &[("compost.hot_hours", 20.0), ("compost.hygienised", 0.0)],
    );
    assert_missing(
        &found,
        "bsf.reduction",
        "bin",
        "analyse-status-error-fed-missing",
    );
}

#[tokio::test]
async fn what_was_not_measured_has_no_figure() {
    let found = day_of_village(Vec::new()).await;
    for one in &found.indicators {
        let declared = one.id.starts_with("co2.project") || one.id.starts_with("co2.leakage");
        assert!(
            one.value.is_err() || declared,
            "{}: {:?}",
            one.id,
            one.value
        );
    }
    assert_eq!(
        find_figure(&found, "tank.inflow", "tank").completeness.all,
        Some(0.0)
    );
}

#[tokio::test]
async fn a_reading_that_is_on_its_way_is_not_missing_in_a_running_day() {
    let site = TestSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    let midnight = parse_time("2026-11-27T17:00:00Z").0;
    let read = [-1, 0, 1, 2, 4].map(|minute| (midnight + minute * MINUTE, Some(29.0)));
    site.store_readings(vec![("bin.core", read.to_vec())]).await;
    for (now, share) in [
        // Polled once a minute; the newest reading may still be on its way.
        ("2026-11-27T17:02:30Z", 1.0),
        ("2026-11-27T17:03:01Z", 1.0),
        ("2026-11-27T17:04:01Z", 0.75),
        ("2026-11-27T17:05:30Z", 0.75),
    ] {
        let found = site.indicators_at("2026-11-28", now).await;
        let figure = find_figure(&found, "bsf.temperature_mean", "bin");
        assert_eq!(figure.completeness.all, Some(share), "{now}");
    }
}
