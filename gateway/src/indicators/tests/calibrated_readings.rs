//! Calibrations: they change the figures from their day on and none before.

use super::site::{OTHER_ASSETS, SITE_PLANT, site_text};
use super::water::{day, november_start};
use super::{DAY, MINUTE, TestSite, assert_figure_close, find_figure, has_remark};
use crate::domain::calibration::{Calibration, CalibrationKind};
use jiff::civil::date;

async fn add_calibration(
    village: &TestSite,
    kind: CalibrationKind,
    target: &str,
    pairs: &[(f64, f64)],
) {
    let said = Calibration {
        kind,
        targets: vec![target.into()],
        pairs: pairs.to_vec(),
        since: date(2026, 11, 2),
        withdraws: None,
        who: "Budi".to_owned(),
        note: String::new(),
    };
    village
        .store
        .append_calibration(said, "test")
        .await
        .unwrap();
}

/// The same values on two days.
fn two_equal_days(of: impl Fn(f64) -> f64) -> Vec<(i64, Option<f64>)> {
    let first = day(&of);
    let second = first.iter().skip(1).map(|(at, value)| (at + DAY, *value));
    first.iter().copied().chain(second).collect()
}

#[tokio::test]
async fn a_dipped_level_corrects_its_days_and_leaves_yesterday_alone() {
    let village = TestSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    village
        .store_readings(vec![("tank.level", two_equal_days(|_| 1.0))])
        .await;
    let before = village.indicators("2026-11-01").await;
    add_calibration(
        &village,
        CalibrationKind::Level,
        "tank.level",
        &[(0.1, 0.0), (1.1, 1.05)],
    )
    .await;
    let after = village.indicators("2026-11-01").await;
    let last = |found| find_figure(found, "tank.volume_last", "tank").clone();
    assert_eq!(last(&before), last(&after));
    let found = village.indicators("2026-11-02").await;
    // Area 2 m2; a level of 1.0 m shown is 0.945 m.
    assert_figure_close(&found, "tank.volume_last", "tank", 1.89);
    assert!(has_remark(&last(&found), "account-calibrated"));
    // The step between the two days is not counted as outflow.
    let month = village.indicators("2026-11").await;
    assert_figure_close(&month, "tank.outflow", "tank", 0.0);
    assert_figure_close(&month, "tank.inflow", "tank", 0.0);
}

#[tokio::test]
async fn a_strapping_table_stands_in_for_the_shape_from_its_day_on() {
    let village = TestSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    village
        .store_readings(vec![("tank.level", two_equal_days(|_| 1.0))])
        .await;
    add_calibration(
        &village,
        CalibrationKind::Strapping,
        "tank",
        &[(0.0, 0.0), (2.0, 3600.0)],
    )
    .await;
    let first = village.indicators("2026-11-01").await;
    assert_figure_close(&first, "tank.volume_last", "tank", 2.0);
    assert!(!has_remark(
        find_figure(&first, "tank.volume_last", "tank"),
        "account-calibrated"
    ));
    let second = village.indicators("2026-11-02").await;
    assert_figure_close(&second, "tank.volume_last", "tank", 1.8);
    let both = village.indicators("2026-11").await;
    assert_figure_close(&both, "tank.outflow", "tank", 0.0);
    assert!(has_remark(
        find_figure(&both, "tank.volume_last", "tank"),
        "account-calibrated"
    ));
}

#[tokio::test]
async fn a_counted_volume_corrects_the_growth_of_a_meter_day_by_day() {
    let village = TestSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    let volume = |minute: i64| 10.0 + 0.01 * f64::from(i32::try_from(minute).unwrap());
    let minutes = 0..=2 * 24 * 60;
    let readings = minutes.map(|one| (november_start() + one * MINUTE, Some(volume(one))));
    village
        .store_readings(vec![("pump.volume", readings.collect())])
        .await;
    add_calibration(
        &village,
        CalibrationKind::Pulses,
        "pump.volume",
        &[(10.0, 9.0)],
    )
    .await;
    assert_figure_close(
        &village.indicators("2026-11-01").await,
        "pump.volume",
        "pump",
        14.4,
    );
    assert_figure_close(
        &village.indicators("2026-11-02").await,
        "pump.volume",
        "pump",
        14.4 * 0.9,
    );
    let month = village.indicators("2026-11").await;
    assert_figure_close(&month, "pump.volume", "pump", 14.4 * 1.9);
    assert!(has_remark(
        find_figure(&month, "pump.volume", "pump"),
        "account-calibrated"
    ));
}
