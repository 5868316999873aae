//! Figures per time, of which a part of the readings is missing.

use super::site::{OTHER_ASSETS, SITE_PLANT, site_text};
use super::{DAY, MINUTE, TestSite, figure_value, find_figure, parse_time};
use crate::domain::UtcMs;
use crate::domain::indicator::{Indicator, SiteIndicators};
use crate::solar_position::{GeoLocation, solar_elevation_sine};
use proptest::prelude::*;

const DAYS: i64 = 2;
const PERIOD: &str = "2026-11-01..2026-11-02";
const PLACE: GeoLocation = GeoLocation {
    latitude: -3.76,
    longitude: 103.78,
};
/// Half-width that figures without a known uncertainty get here, as a share: half a minute at each
/// end of the light.
const EDGES: f64 = 0.005;

/// Site whose totals are integrals of power and flow.
const WITHOUT_COUNTERS: &str = "
[[asset]]
id = 'plts'
kind = 'plts'
capacity_kwp = 2.0
power = 'inverter.power'
[[asset]]
id = 'pump'
kind = 'pump'
flow = 'pump.flow'
plts = 'plts'
";

fn is_light(at: i64) -> bool {
    solar_elevation_sine(UtcMs(at), PLACE) > 0.0
}

/// One value a minute, but for the minutes that are missing: while the sun is up the value of
/// `rate`, or what it has summed up to.
fn readings(missing: &[bool], rate: f64, is_total: bool) -> Vec<(i64, Option<f64>)> {
    let from = parse_time("2026-10-31T17:00:00Z").0;
    let mut total = 100.0;
    let mut all = Vec::new();
    for minute in 0..=DAYS * DAY / MINUTE {
        let at = from + minute * MINUTE;
        let now = if is_light(at) { rate } else { 0.0 };
        total += now / 60.0;
        let place = usize::try_from(minute).unwrap() % missing.len();
        if !missing[place] {
            all.push((at, Some(if is_total { total } else { now })));
        }
    }
    all
}

/// Figures of the site with the minutes that are not missing.
async fn figures_without(missing: &[bool], is_total: bool) -> SiteIndicators {
    let text = if is_total {
        site_text(&[SITE_PLANT, OTHER_ASSETS])
    } else {
        site_text(&[WITHOUT_COUNTERS])
    };
    let village = TestSite::new(&text);
    let (energy, volume) = if is_total {
        ("inverter.energy", "pump.volume")
    } else {
        ("inverter.power", "pump.flow")
    };
    let power = if is_total { 1.0 } else { 1000.0 };
    // A steady use of 20 L/h from an area of 2 m2.
    let fall = readings(missing, 0.0, false);
    let first = parse_time("2026-10-31T17:00:00Z").0;
    #[expect(clippy::cast_precision_loss, reason = "minutes of two days")]
    let level = fall
        .into_iter()
        .map(|(at, _)| (at, Some(1.9 - 0.01 * ((at - first) / MINUTE) as f64 / 60.0)));
    let mut columns = vec![
        (energy, readings(missing, power, is_total)),
        (volume, readings(missing, 2.0, is_total)),
    ];
    if is_total {
        columns.push(("tank.level", level.collect()));
    }
    village.store_readings(columns).await;
    village.indicators(PERIOD).await
}

/// Volume above the outlet, less the volume of a day that the days left are made of: the use a day.
fn use_a_day(found: &SiteIndicators) -> f64 {
    let left = figure_value(found, "tank.days_left", "tank");
    (figure_value(found, "tank.volume_last", "tank") - 0.2) / left
}

fn half_width(figure: &Indicator) -> f64 {
    let value = *figure.value.as_ref().unwrap();
    figure.uncertainty.gum.unwrap_or(0.0).max(EDGES * value)
}

/// Share of the light that is not known for the minutes that are missing at its ends: half of the
/// gap there, each time.
fn unknown_share(missing: &[bool]) -> f64 {
    let from = parse_time("2026-10-31T17:00:00Z").0;
    let minutes = 0..missing.len();
    let has_light = |minute: &usize| is_light(from + i64::try_from(*minute).unwrap() * MINUTE);
    let light = minutes.clone().filter(has_light).count();
    let ends = minutes.filter(|at| *at > 0 && has_light(at) != has_light(&(at - 1)));
    let gap = |at: usize| {
        let after = missing[at..].iter().take_while(|one| **one).count();
        let before = missing[..at].iter().rev().take_while(|one| **one).count();
        after + before
    };
    let unknown: usize = ends.map(gap).sum();
    f64::from(u32::try_from(unknown).unwrap()) / f64::from(u32::try_from(2 * light).unwrap())
}

/// Minutes of two days that are missing: single ones, and one long stretch.
fn missing_minutes() -> impl Strategy<Value = Vec<bool>> {
    let minutes = usize::try_from(DAYS * DAY / MINUTE).unwrap() + 1;
    let single = (0.0..0.7_f64).prop_flat_map(move |share| {
        proptest::collection::vec(proptest::bool::weighted(share), minutes)
    });
    (single, 0..minutes, 0..minutes / 3).prop_map(move |(mut all, from, length)| {
        let to = (from + length).min(minutes);
        all[from..to].iter_mut().for_each(|one| *one = true);
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_figure_per_time_does_not_depend_on_which_readings_are_missing(
        missing in missing_minutes(),
        is_total in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (whole, part) = runtime.block_on(async {
            (figures_without(&[false], is_total).await, figures_without(&missing, is_total).await)
        });
        for (id, asset) in [("plts.capacity_factor", "plts"), ("pump.m3_per_kwp_day", "pump")] {
            let wanted = find_figure(&whole, id, asset);
            let found = figure_value(&part, id, asset);
            let off = (found - wanted.value.as_ref().unwrap()).abs();
            let unknown = unknown_share(&missing) * wanted.value.as_ref().unwrap();
            let most = half_width(wanted) + unknown;
            prop_assert!(off <= most, "{id}: {found}, whole {:?}", wanted.value);
        }
        if is_total {
            let (wanted, found) = (use_a_day(&whole), use_a_day(&part));
            // The level counts from steps of 10 L on.
            prop_assert!((found - wanted).abs() <= 0.03 * wanted, "{found}, whole {wanted}");
        }
    }
}

#[tokio::test]
async fn a_device_silent_at_night_has_the_capacity_factor_of_whole_days() {
    let from = parse_time("2026-10-31T17:00:00Z").0;
    let minutes = 0..=DAYS * DAY / MINUTE;
    let dark: Vec<bool> = minutes
        .map(|minute| !is_light(from + minute * MINUTE))
        .collect();
    for is_total in [true, false] {
        let whole = figures_without(&[false], is_total).await;
        let lit = figures_without(&dark, is_total).await;
        let [whole, lit] =
            [whole, lit].map(|found| figure_value(&found, "plts.capacity_factor", "plts"));
        // A kilowatt for half of the time, of 2 kWp.
        assert!((24.0..27.0).contains(&whole), "{whole}");
        assert!((whole - lit).abs() < EDGES * whole, "{whole} {lit}");
    }
}
