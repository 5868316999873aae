//! Water, bins and heaps.

use super::site::{PLANT, REST, text};
use super::{MINUTE, Village, at, close, figure, says, value, why};
use crate::analyse::GRAVITY;

pub(super) fn november() -> i64 {
    at("2026-10-31T17:00:00Z").0
}

/// Something for each minute of a day, by the hour of the day.
pub(super) fn day(of: impl Fn(f64) -> f64) -> Vec<(i64, Option<f64>)> {
    let minutes = 0..=24 * 60;
    let hour = |minute: i64| f64::from(i32::try_from(minute).unwrap()) / 60.0;
    minutes
        .map(|minute| (november() + minute * MINUTE, Some(of(hour(minute)))))
        .collect()
}

/// How much of the time from `from` to `to` has passed at that hour.
fn passed(hour: f64, from: f64, to: f64) -> f64 {
    hour.clamp(from, to) - from
}

#[tokio::test]
async fn a_pump_lifts_what_its_meters_say() {
    let village = Village::new(&text(&[PLANT, REST]));
    // 800 W and 3 m3/h from 08:00 to 12:00, then an hour of power without water.
    let runs = |hour: f64| hour > 8.0 && hour <= 13.0;
    village
        .read(vec![
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
    let found = village.account("2026-11-01").await;
    close(&found, "pump.volume", "pump", 12.0);
    close(&found, "pump.energy", "pump", 4.0);
    close(&found, "pump.specific", "pump", 3.0);
    close(&found, "pump.energy_per_m3", "pump", 1.0 / 3.0);
    close(&found, "pump.hours", "pump", 5.0);
    close(&found, "pump.dry_runs", "pump", 1.0);
    let dry = value(&found, "pump.dry_hours", "pump");
    assert!((dry - 1.0).abs() < 2.5 / 60.0, "{dry}");
    close(&found, "pump.head", "pump", 20.0);
    let lifted = 996.24 * GRAVITY * 20.0 * 12.0 / 3.6e6;
    assert!((value(&found, "pump.hydraulic_energy", "pump") - lifted).abs() < 1e-3);
    assert!((value(&found, "pump.efficiency", "pump") - 25.0 * lifted).abs() < 0.1);
    assert!(says(
        figure(&found, "pump.efficiency", "pump"),
        "account-head-lower-bound"
    ));
    close(&found, "pump.m3_per_kwp_day", "pump", 6.0);
    close(&found, "site.water", "", 12.0);
}

#[tokio::test]
async fn a_tank_balances_and_says_how_long_it_lasts() {
    let village = Village::new(&text(&[PLANT, REST]));
    // 2 m2: from 1.0 m up to 1.5 m in the morning, down to 0.9 m in the afternoon.
    let level = |hour: f64| {
        1.0 + 0.5 * passed(hour, 8.0, 10.0) / 2.0 - 0.6 * passed(hour, 13.0, 16.0) / 3.0
    };
    village.read(vec![("tank.level", day(level))]).await;
    let found = village.account("2026-11-01").await;
    close(&found, "tank.volume_last", "tank", 1.8);
    close(&found, "tank.volume_min", "tank", 1.8);
    close(&found, "tank.volume_max", "tank", 3.0);
    close(&found, "tank.fill_last", "tank", 45.0);
    let (inflow, outflow) = (
        value(&found, "tank.inflow", "tank"),
        value(&found, "tank.outflow", "tank"),
    );
    // In less out is the change of volume, but for what the deadband of 10 L still holds.
    assert!(
        (inflow - outflow - (1.8 - 2.0)).abs() < 0.01,
        "{inflow} {outflow}"
    );
    assert!((inflow - 1.0).abs() < 0.011 && (outflow - 1.2).abs() < 0.011);
    let left = value(&found, "tank.days_left", "tank");
    assert!((left - 1.6 / outflow).abs() < 1e-9, "{left}");
    close(&found, "tank.leak_nights", "tank", 0.0);
    close(&found, "tank.overflow_hours", "tank", 0.0);
}

#[tokio::test]
async fn a_tank_that_falls_at_night_leaks() {
    let village = Village::new(&text(&[PLANT, REST]));
    // 20 L an hour from 2 m2.
    village
        .read(vec![("tank.level", day(|hour| 1.5 - 0.01 * hour))])
        .await;
    let found = village.account("2026-11-01").await;
    close(&found, "tank.leak_nights", "tank", 1.0);
}

#[tokio::test]
async fn rain_is_caught_shower_by_shower() {
    let village = Village::new(&text(&[PLANT, REST]));
    // 10 mm at 02:00, 20 mm at 10:00: two showers.
    let rain = |hour: f64| {
        let first = if hour > 2.0 { 10.0 } else { 0.0 };
        let second = if hour > 10.0 { 20.0 } else { 0.0 };
        100.0 + first + second
    };
    village.read(vec![("tank.rain", day(rain))]).await;
    let found = village.account("2026-11-01").await;
    close(&found, "catchment.rain", "roof", 30.0);
    close(&found, "catchment.gross", "roof", 3.0);
    close(
        &found,
        "catchment.captured",
        "roof",
        0.1 * (9.0 - 0.5 + 18.0 - 0.5),
    );
}

#[tokio::test]
async fn a_bins_hours_fall_into_bands() {
    let village = Village::new(&text(&[PLANT, REST]));
    let warmth = |hour: f64| if hour > 12.0 { 40.0 } else { 28.0 };
    let hot = |hour: f64| if hour > 20.0 { 40.0 } else { 60.0 };
    village
        .read(vec![("bin.core", day(warmth)), ("bin.heap", day(hot))])
        .await;
    let found = village.account("2026-11-01").await;
    close(&found, "bsf.hours_optimal", "bin", 12.0);
    close(&found, "bsf.hours_critical", "bin", 12.0);
    close(&found, "bsf.hours_slow", "bin", 0.0);
    close(&found, "bsf.temperature_mean", "bin", 34.0);
    close(
        &found,
        "bsf.degree_days",
        "bin",
        0.5 * (28.0 - 12.3) + 0.5 * (36.0 - 12.3),
    );
    close(&found, "compost.hot_hours", "heap", 20.0);
    close(&found, "compost.hygienised", "heap", 0.0);
    assert_eq!(
        why(&found, "bsf.reduction", "bin"),
        "analyse-status-error-fed-missing"
    );
}

#[tokio::test]
async fn what_was_not_measured_has_no_figure() {
    let village = Village::new(&text(&[PLANT, REST]));
    let found = village.account("2026-11-01").await;
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
        figure(&found, "tank.inflow", "tank").completeness.all,
        Some(0.0)
    );
}
