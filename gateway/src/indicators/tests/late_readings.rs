//! Periods that begin before the first reading.

use super::site::{OTHER_ASSETS, SITE_PLANT, site_text};
use super::{HOUR, MINUTE, PointColumn, TestSite, find_figure, has_remark, parse_time};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, InputSource, SiteIndicators};
use crate::domain::value_bound::ValueBound;

const PERIOD: &str = "2026-11-01..2026-11-05";
/// 2 November, 10:00 in Jakarta.
const FIRST: &str = "2026-11-02T03:00:00Z";
const SINCE: &str = "2026-11-02T10:00:00";

/// One reading a minute from a moment to the end of the period.
fn column(point: &'static str, from: &str, grown_an_hour: f64) -> PointColumn<'static> {
    let (from, to) = (parse_time(from).0, parse_time("2026-11-05T17:00:00Z").0);
    #[expect(clippy::cast_precision_loss, reason = "minutes of some days")]
    let reading = |minute: i64| {
        let value = 100.0 + grown_an_hour * minute as f64 / 60.0;
        (from + minute * MINUTE, Some(value))
    };
    let all = 0..=(to - from) / MINUTE;
    (point, all.map(reading).collect())
}

/// The plant, whose two meters begin at these moments.
async fn plant(energy_from: &str, export_from: &str) -> SiteIndicators {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    village
        .store_readings(vec![
            column("inverter.energy", energy_from, 0.4),
            column("meter.export", export_from, 0.1),
            column("meter.import", FIRST, 0.1),
        ])
        .await;
    village.indicators(PERIOD).await
}

fn since(one: &Indicator) -> Option<String> {
    one.measured_since().map(|since| since.at.to_string())
}

#[tokio::test]
async fn figures_of_a_period_before_the_first_reading_say_since_when_and_are_at_least() {
    let found = plant(FIRST, FIRST).await;
    for (id, asset, bound) in [
        ("plts.generation", "plts", ValueBound::Lower),
        ("plts.export", "plts", ValueBound::Lower),
        ("plts.self_use", "plts", ValueBound::Lower),
        ("plts.specific_yield", "plts", ValueBound::Lower),
        // Of the time that was measured, whatever was before.
        ("plts.self_consumption", "plts", ValueBound::Neither),
        ("plts.capacity_factor", "plts", ValueBound::Neither),
        ("co2.gross", "plts", ValueBound::Lower),
        ("co2.net", "plts", ValueBound::Lower),
        ("co2.net", "", ValueBound::Lower),
        ("site.generation", "", ValueBound::Lower),
    ] {
        let one = find_figure(&found, id, asset);
        assert_eq!(one.bound(), bound, "{id} {:?}", one.remarks);
        assert_eq!(since(one).as_deref(), Some(SINCE), "{id}");
        assert!(!one.measured_since().unwrap().in_part, "{id}");
        assert!(one.claim < ClaimVerdict::Doubtful, "{id} {:?}", one.claim);
        // Four days less ten hours of five.
        let share = one.completeness.all;
        assert!(share.is_none_or(|share| share < 0.73), "{id}: {share:?}");
    }
}

#[tokio::test]
async fn what_is_subtracted_and_was_measured_later_makes_an_upper_bound() {
    // Generated since before the period, and given to the grid before that was measured.
    let found = plant("2026-10-31T16:00:00Z", FIRST).await;
    let used = find_figure(&found, "plts.self_use", "plts");
    let upper = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
    assert_eq!(used.claim, upper, "{:?}", used.remarks);
    assert!(used.measured_since().is_some_and(|since| since.in_part));
    assert!(find_figure(&found, "co2.net", "plts").claim.is_withheld());
    // Both late, and one later: the true value may be on either side.
    let found = plant(FIRST, "2026-11-03T03:00:00Z").await;
    let used = find_figure(&found, "plts.self_use", "plts");
    assert_eq!(used.claim, ClaimVerdict::Doubtful, "{:?}", used.remarks);
    assert_eq!(since(used).as_deref(), Some("2026-11-03T10:00:00"));
    assert!(find_figure(&found, "co2.net", "plts").claim >= ClaimVerdict::Doubtful);
    // Wired within the hour, both began together.
    let found = plant(FIRST, "2026-11-02T03:40:00Z").await;
    let used = find_figure(&found, "plts.self_use", "plts");
    assert_eq!(used.bound(), ValueBound::Lower, "{:?}", used.remarks);
}

#[tokio::test]
async fn a_period_from_the_first_reading_and_a_declared_part_say_nothing_of_it() {
    let village = TestSite::new(&site_text(&[SITE_PLANT]));
    village
        .store_readings(vec![column("inverter.energy", "2026-10-31T16:00:00Z", 0.4)])
        .await;
    let found = village.indicators(PERIOD).await;
    assert_eq!(since(find_figure(&found, "plts.generation", "plts")), None);
    let declared = SITE_PLANT.replace("kind = \"plts\"", "kind = \"plts\"\nsince = 2026-11-03");
    let village = TestSite::new(&site_text(&[&declared]));
    village
        .store_readings(vec![column("inverter.energy", "2026-11-02T17:00:00Z", 0.4)])
        .await;
    let found = village.indicators(PERIOD).await;
    let made = find_figure(&found, "plts.generation", "plts");
    assert_eq!(since(made), None, "{:?}", made.remarks);
    assert!(has_remark(made, "account-asset-part"));
}

#[tokio::test]
async fn a_plant_that_sleeps_until_the_sun_is_up_is_not_late() {
    let text = site_text(&[&SITE_PLANT.replace("energy = \"inverter.energy\"\n", "")]);
    // 06:00 and 09:00 of the first day.
    for (from, is_late) in [
        ("2026-10-31T23:00:00Z", false),
        ("2026-11-01T02:00:00Z", true),
    ] {
        let village = TestSite::new(&text);
        let power = column("inverter.power", from, 0.0);
        village.store_readings(vec![power]).await;
        let found = village.indicators(PERIOD).await;
        let made = find_figure(&found, "plts.generation", "plts");
        assert_eq!(since(made).is_some(), is_late, "{:?}", made.remarks);
    }
}

/// Every figure of every kind of asset that stands on readings: none looks like one of the whole
/// period.
#[tokio::test]
async fn no_figure_on_late_readings_looks_like_one_of_the_whole_period() {
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
    let columns = points.map(|(point, grown)| column(point, FIRST, grown));
    village.store_readings(Vec::from(columns)).await;
    let found = village.indicators(PERIOD).await;
    let of_readings = found.indicators.iter().filter(|one| {
        let mut inputs = one.inputs.iter();
        one.value.is_ok() && inputs.any(|input| matches!(input.from, InputSource::Point(_)))
    });
    let mut checked = 0;
    for one in of_readings {
        assert_eq!(
            since(one).as_deref(),
            Some(SINCE),
            "{} {:?}",
            one.id,
            one.remarks
        );
        checked += 1;
    }
    assert!(checked > 10, "{checked} figures");
    let late = parse_time(FIRST).0 - parse_time("2026-10-31T17:00:00Z").0;
    assert!(late > 30 * HOUR);
}
