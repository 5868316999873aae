//! Calibrations: figures of their days, and of no day before.

use super::site::{PLANT, REST, text};
use super::water::{day, november};
use super::{DAY, MINUTE, Village, close, figure, says};
use crate::model::calibration::{Calibration, Kind};
use jiff::civil::date;

async fn calibrate(village: &Village, kind: Kind, target: &str, pairs: &[(f64, f64)]) {
    let said = Calibration {
        kind,
        targets: vec![target.into()],
        pairs: pairs.to_vec(),
        since: date(2026, 11, 2),
        withdraws: None,
        who: "Budi".to_owned(),
        note: String::new(),
    };
    village.store.calibrate(said, "test").await.unwrap();
}

/// Two days of the same.
fn both(of: impl Fn(f64) -> f64) -> Vec<(i64, Option<f64>)> {
    let first = day(&of);
    let second = first.iter().skip(1).map(|(at, value)| (at + DAY, *value));
    first.iter().copied().chain(second).collect()
}

#[tokio::test]
async fn a_dipped_level_corrects_its_days_and_leaves_yesterday_alone() {
    let village = Village::new(&text(&[PLANT, REST]));
    village.read(vec![("tank.level", both(|_| 1.0))]).await;
    let before = village.account("2026-11-01").await;
    calibrate(
        &village,
        Kind::Level,
        "tank.level",
        &[(0.1, 0.0), (1.1, 1.05)],
    )
    .await;
    let after = village.account("2026-11-01").await;
    let last = |found| figure(found, "tank.volume_last", "tank").clone();
    assert_eq!(last(&before), last(&after));
    let found = village.account("2026-11-02").await;
    // 2 m2; 1.0 m shown is 0.945 m.
    close(&found, "tank.volume_last", "tank", 1.89);
    assert!(says(&last(&found), "account-calibrated"));
    // The step between the two days is no water that went.
    let month = village.account("2026-11").await;
    close(&month, "tank.outflow", "tank", 0.0);
    close(&month, "tank.inflow", "tank", 0.0);
}

#[tokio::test]
async fn a_strapping_table_stands_in_for_the_shape_from_its_day_on() {
    let village = Village::new(&text(&[PLANT, REST]));
    village.read(vec![("tank.level", both(|_| 1.0))]).await;
    calibrate(
        &village,
        Kind::Strapping,
        "tank",
        &[(0.0, 0.0), (2.0, 3600.0)],
    )
    .await;
    let first = village.account("2026-11-01").await;
    close(&first, "tank.volume_last", "tank", 2.0);
    assert!(!says(
        figure(&first, "tank.volume_last", "tank"),
        "account-calibrated"
    ));
    let second = village.account("2026-11-02").await;
    close(&second, "tank.volume_last", "tank", 1.8);
    let both = village.account("2026-11").await;
    close(&both, "tank.outflow", "tank", 0.0);
    assert!(says(
        figure(&both, "tank.volume_last", "tank"),
        "account-calibrated"
    ));
}

#[tokio::test]
async fn a_counted_volume_corrects_the_growth_of_a_meter_day_by_day() {
    let village = Village::new(&text(&[PLANT, REST]));
    let volume = |minute: i64| 10.0 + 0.01 * f64::from(i32::try_from(minute).unwrap());
    let minutes = 0..=2 * 24 * 60;
    let readings = minutes.map(|one| (november() + one * MINUTE, Some(volume(one))));
    village
        .read(vec![("pump.volume", readings.collect())])
        .await;
    calibrate(&village, Kind::Pulses, "pump.volume", &[(10.0, 9.0)]).await;
    close(
        &village.account("2026-11-01").await,
        "pump.volume",
        "pump",
        14.4,
    );
    close(
        &village.account("2026-11-02").await,
        "pump.volume",
        "pump",
        14.4 * 0.9,
    );
    let month = village.account("2026-11").await;
    close(&month, "pump.volume", "pump", 14.4 * 1.9);
    assert!(says(
        figure(&month, "pump.volume", "pump"),
        "account-calibrated"
    ));
}
