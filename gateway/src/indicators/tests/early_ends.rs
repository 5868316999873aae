//! Periods that end after the last reading, or run on after it: the device died.

use super::site::{OTHER_ASSETS, SITE_PLANT, site_text};
use super::{HOUR, MINUTE, PointColumn, TestSite, find_figure, has_remark, parse_time};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, InputSource, SiteIndicators};
use crate::domain::value_bound::ValueBound;

const PERIOD: &str = "2026-11-01..2026-11-05";
/// 4 November, 10:00 in Jakarta.
const LAST: &str = "2026-11-04T03:00:00Z";
const UNTIL: &str = "2026-11-04T10:00:00";

/// One reading a minute from before the period to a moment.
fn column(point: &'static str, to: &str, grown_an_hour: f64) -> PointColumn<'static> {
    let (from, to) = (parse_time("2026-10-31T16:00:00Z").0, parse_time(to).0);
    #[expect(clippy::cast_precision_loss, reason = "minutes of some days")]
    let reading = |minute: i64| {
        let value = 100.0 + grown_an_hour * minute as f64 / 60.0;
        (from + minute * MINUTE, Some(value))
    };
    let all = 0..=(to - from) / MINUTE;
    (point, all.map(reading).collect())
}

async fn plant(energy_to: &str, export_to: &str) -> TestSite {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    village
        .store_readings(vec![
            column("inverter.energy", energy_to, 0.4),
            column("meter.export", export_to, 0.1),
            column("meter.import", energy_to, 0.1),
        ])
        .await;
    village
}

fn until(one: &Indicator) -> Option<String> {
    one.measured_until().map(|until| until.at.to_string())
}

fn assert_until(found: &SiteIndicators, figures: &[(&str, &str, ValueBound)]) {
    for (id, asset, bound) in figures {
        let one = find_figure(found, id, asset);
        assert_eq!(one.bound(), *bound, "{id} {:?}", one.remarks);
        assert_eq!(until(one).as_deref(), Some(UNTIL), "{id}");
        assert_eq!(one.measured_since(), None, "{id}");
    }
}

#[tokio::test]
async fn figures_of_a_closed_period_after_the_last_reading_say_until_when_and_are_at_least() {
    let village = plant(LAST, LAST).await;
    let found = village.indicators(PERIOD).await;
    let (lower, neither) = (ValueBound::Lower, ValueBound::Neither);
    assert_until(
        &found,
        &[
            ("plts.generation", "plts", lower),
            ("plts.export", "plts", lower),
            ("plts.self_use", "plts", lower),
            ("plts.specific_yield", "plts", lower),
            ("plts.self_consumption", "plts", neither),
            ("plts.capacity_factor", "plts", neither),
            ("co2.net", "plts", lower),
            ("co2.net", "", lower),
            ("site.generation", "", lower),
        ],
    );
    // While the period runs, the readings may still come.
    let running = village.indicators_at(PERIOD, "2026-11-05T03:00:00Z").await;
    let made = find_figure(&running, "plts.generation", "plts");
    assert_eq!((until(made), made.bound()), (None, ValueBound::Neither));
}

#[tokio::test]
async fn a_device_that_is_silent_for_more_than_a_day_has_ended_in_a_running_period_too() {
    let village = plant(LAST, LAST).await;
    for (now, is_ended) in [
        ("2026-11-05T02:50:00Z", false),
        ("2026-11-05T03:10:00Z", true),
    ] {
        let found = village.indicators_at("2026-11", now).await;
        for (id, asset) in [
            ("plts.generation", "plts"),
            ("plts.self_use", "plts"),
            ("co2.net", ""),
        ] {
            let one = find_figure(&found, id, asset);
            assert_eq!(until(one).is_some(), is_ended, "{id} {:?}", one.remarks);
            assert_eq!(one.bound() == ValueBound::Lower, is_ended, "{id} {now}");
        }
    }
}

#[tokio::test]
async fn what_is_subtracted_and_ended_earlier_makes_an_upper_bound() {
    let end = "2026-11-05T17:00:00Z";
    let village = plant(end, LAST).await;
    // The period is over, and is running.
    for found in [
        village.indicators(PERIOD).await,
        village.indicators_at("2026-11", end).await,
    ] {
        let used = find_figure(&found, "plts.self_use", "plts");
        let upper = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
        assert_eq!(used.claim, upper, "{:?}", used.remarks);
        assert!(used.measured_until().is_some_and(|until| until.in_part));
        let net = find_figure(&found, "co2.net", "plts");
        assert!(net.claim.is_withheld(), "{:?}", net.remarks);
    }
    let found = plant(end, end).await.indicators(PERIOD).await;
    let made = find_figure(&found, "plts.generation", "plts");
    assert_eq!(
        (until(made), made.claim < ClaimVerdict::Doubtful),
        (None, true)
    );
}

#[tokio::test]
async fn a_device_that_is_silent_every_night_has_not_ended_early() {
    let pump = OTHER_ASSETS.replace("plts = \"plts\"\n", "");
    let from = parse_time("2026-10-31T17:00:00Z").0;
    // Powered by the sun from 06:00 to 18:00; on the last day but one it dies at noon.
    for (days, is_early) in [(5, false), (3, true)] {
        let hours = (0..days * 24_i32).filter(|hour| (6..=18).contains(&(hour % 24)));
        let volume = hours.flat_map(|hour| {
            let at = from + i64::from(hour) * HOUR;
            let minutes = (0..60_i32).map(move |minute| {
                let value = f64::from(hour) + f64::from(minute) / 60.0;
                (at + i64::from(minute) * MINUTE, Some(value))
            });
            minutes.collect::<Vec<_>>()
        });
        let village = TestSite::new(&site_text(&[&pump]));
        village
            .store_readings(vec![("pump.volume", volume.collect())])
            .await;
        let found = village.indicators(PERIOD).await;
        let water = find_figure(&found, "pump.volume", "pump");
        assert_eq!(until(water).is_some(), is_early, "{:?}", water.remarks);
        let counted = has_remark(water, "account-until-counted-lower-bound");
        assert_eq!(counted, is_early);
    }
}

#[tokio::test]
async fn no_figure_on_readings_that_end_early_looks_like_one_of_the_whole_period() {
    let village = TestSite::new(&site_text(&[SITE_PLANT, OTHER_ASSETS]));
    let points = [
        ("inverter.energy", 0.4),
        ("inverter.power", 0.0),
        ("meter.export", 0.1),
        ("meter.import", 0.1),
        ("sun.poa", 0.0),
        ("pump.energy", 0.1),
        ("pump.volume", 0.5),
        ("tank.level", 0.0),
        ("tank.rain", 0.0),
        ("bin.core", 0.0),
        ("bin.heap", 0.0),
    ];
    let columns = points.map(|(point, grown)| column(point, LAST, grown));
    village.store_readings(Vec::from(columns)).await;
    let found = village.indicators(PERIOD).await;
    let of_readings = found.indicators.iter().filter(|one| {
        let mut inputs = one.inputs.iter();
        one.value.is_ok() && inputs.any(|input| matches!(input.from, InputSource::Point(_)))
    });
    let mut checked = 0;
    for one in of_readings {
        assert_eq!(
            until(one).as_deref(),
            Some(UNTIL),
            "{} {:?}",
            one.id,
            one.remarks
        );
        checked += 1;
    }
    assert!(checked > 10, "{checked} figures");
}
