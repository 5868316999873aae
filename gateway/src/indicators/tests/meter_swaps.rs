//! Meters that were replaced or reset, as a person has recorded it, and growth across gaps.

use super::site::SITE_DEVICES;
use super::{HOUR, TestSite, assert_figure_close, find_figure, has_remark, parse_time};
use crate::domain::UtcMs;
use crate::domain::calibration::{Calibration, CalibrationKind};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use jiff::civil::date;
use proptest::prelude::*;

fn site() -> String {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    format!("{devices}[[asset]]\nid = 'm'\nkind = 'meter'\nimport = 'meter.import'\n")
}

/// Hourly readings of November: 0.5 kWh an hour; the meter is replaced after 10 days and 4 hours of
/// silence, in which the old one counts 1.5 kWh and the new one 0.5, from `new_first` on.
fn november(new_first: f64) -> Vec<(i64, Option<f64>)> {
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let hour = |hour: i32| {
        let at = start + i64::from(hour) * HOUR;
        match hour {
            0..=240 => Some((at, Some(1000.0 + 0.5 * f64::from(hour)))),
            241..=243 => None,
            _ => Some((at, Some(new_first + 0.5 * f64::from(hour - 243)))),
        }
    };
    (0..=720).filter_map(hour).collect()
}

fn swap(old_last: f64, new_first: f64) -> Calibration {
    let at = UtcMs(parse_time("2026-10-31T17:00:00Z").0 + 243 * HOUR);
    Calibration {
        kind: CalibrationKind::Swap,
        targets: vec!["meter.import".into()],
        pairs: vec![(old_last, new_first), (at.to_f64(), 0.0)],
        since: date(2026, 11, 11),
        withdraws: None,
        who: "Budi".to_owned(),
        note: String::new(),
    }
}

#[tokio::test]
async fn a_counter_that_begins_again_every_day_gives_no_figure_and_a_few_times_a_bound() {
    let start = parse_time("2026-10-31T17:00:00Z").0;
    for (hours, is_given) in [(24, false), (240, true)] {
        let village = TestSite::new(&site());
        let reading = |hour: i32| {
            let value = 0.5 + 0.5 * f64::from(hour % hours);
            (start + i64::from(hour) * HOUR, Some(value))
        };
        village
            .store_readings(vec![("meter.import", (0..=720).map(reading).collect())])
            .await;
        let found = village.indicators("2026-11").await;
        let figure = find_figure(&found, "meter.import", "m");
        match &figure.value {
            Ok(_) => assert!(
                is_given && has_remark(figure, "account-lower-bound"),
                "{hours}"
            ),
            Err(why) => {
                assert_eq!(&*why.key, "analyse-status-falling-counter");
                assert!(!is_given);
            }
        }
    }
}

#[tokio::test]
async fn a_recorded_swap_gives_the_exact_total_in_the_place_of_a_guess() {
    for new_first in [0.0, 7.5, 40_000.0] {
        let village = TestSite::new(&site());
        village
            .store_readings(vec![("meter.import", november(new_first))])
            .await;
        // Also with a snapshot of closed days in between.
        let guessed = village.indicators("2026-11").await;
        let figure = find_figure(&guessed, "meter.import", "m");
        assert!(has_remark(figure, "account-lower-bound"), "{new_first}");
        assert_ne!(figure.value, Ok(360.0));
        let old_last = 1000.0 + 0.5 * 243.0;
        village
            .store
            .append_calibration(swap(old_last, new_first), "test")
            .await
            .unwrap();
        let told = village.indicators("2026-11").await;
        assert_figure_close(&told, "meter.import", "m", 360.0);
        let figure = find_figure(&told, "meter.import", "m");
        assert!(!has_remark(figure, "account-lower-bound"));
        assert!(has_remark(figure, "account-calibrated"));
        let kinds: Vec<&str> = told.events.iter().map(|event| event.kind).collect();
        assert!(kinds.contains(&"swap"), "{kinds:?}");
        assert!(
            !kinds.contains(&"reset") && !kinds.contains(&"spike"),
            "{kinds:?}"
        );
        let event = told
            .events
            .iter()
            .find(|event| event.kind == "swap")
            .unwrap();
        assert_eq!(event.before_after, Some((old_last, new_first)));
        // December does not know of it.
        let after = village.indicators("2026-11-12").await;
        assert_figure_close(&after, "meter.import", "m", 12.0);
        assert!(after.events.iter().all(|event| event.kind != "swap"));
    }
}

#[tokio::test]
async fn a_withdrawn_swap_leaves_the_guess() {
    let village = TestSite::new(&site());
    village
        .store_readings(vec![("meter.import", november(0.0))])
        .await;
    let before = village.indicators("2026-11").await;
    let id = village
        .store
        .append_calibration(swap(1121.5, 0.0), "test")
        .await
        .unwrap();
    let with = village.indicators("2026-11").await;
    let withdrawal = Calibration {
        pairs: Vec::new(),
        withdraws: Some(id),
        note: "false".to_owned(),
        ..swap(0.0, 0.0)
    };
    village
        .store
        .append_calibration(withdrawal, "test")
        .await
        .unwrap();
    let after = village.indicators("2026-11").await;
    let of = |found| find_figure(found, "meter.import", "m").value.clone();
    assert_ne!(of(&with), of(&before));
    assert_eq!(of(&after), of(&before));
}

#[tokio::test]
async fn what_was_counted_across_a_gap_is_told() {
    let village = TestSite::new(&site());
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let hours = (0..=720_i32).filter(|hour| !(101..=124).contains(hour));
    let readings = hours.map(|hour| (start + i64::from(hour) * HOUR, Some(0.5 * f64::from(hour))));
    village
        .store_readings(vec![("meter.import", readings.collect())])
        .await;
    let found = village.indicators("2026-11").await;
    assert_figure_close(&found, "meter.import", "m", 360.0);
    let figure = find_figure(&found, "meter.import", "m");
    let told = figure
        .remarks
        .iter()
        .find(|one| one.key == "account-counted-across-gaps");
    let args: Vec<&str> = told.unwrap().args.iter().map(|(_, text)| &**text).collect();
    assert_eq!(args, ["12.5", "kWh"]);
    let input = figure.inputs.iter().find(|input| input.symbol == "Δ_gap");
    assert_eq!(input.unwrap().value, Some(12.5));
    // A day without a gap has no such line.
    let day = village.indicators("2026-11-20").await;
    let figure = find_figure(&day, "meter.import", "m");
    assert!(!has_remark(figure, "account-counted-across-gaps"));
}

#[tokio::test]
async fn what_may_have_been_counted_before_the_period_is_no_claim() {
    let village = TestSite::new(&site());
    let start = parse_time("2026-10-31T17:00:00Z").0;
    // The last reading before November is of September; 300 kWh came in between.
    let old = (start - 720 * HOUR, Some(900.0));
    let hours = (1..=720_i32).map(|hour| (start + i64::from(hour) * HOUR, f64::from(hour) / 3.0));
    let readings = hours.map(|(at, grown)| (at, Some(1200.0 + grown)));
    let readings = std::iter::once(old).chain(readings).collect();
    village
        .store_readings(vec![("meter.import", readings)])
        .await;
    let found = village.indicators("2026-11").await;
    let figure = find_figure(&found, "meter.import", "m");
    let bound = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
    assert_eq!(figure.claim, bound);
    assert!(has_remark(figure, "account-opening-upper-bound"));
    // A day later nothing is open any more.
    let day = village.indicators("2026-11-02").await;
    let figure = find_figure(&day, "meter.import", "m");
    assert!(!figure.claim.is_withheld());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// A total is an upper bound exactly when more than a twentieth of it was counted across a gap
    /// that had begun before the period, whatever the gap.
    #[test]
    fn a_total_is_an_upper_bound_when_much_of_it_was_counted_across_the_opening(
        ago in 0_i32..900, first in 1_i32..300, share in 0.0_f64..1.0, rate in 0.1_f64..2.0,
        silence in any::<bool>(), later_gap in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let village = TestSite::new(&site());
            let start = parse_time("2026-10-31T17:00:00Z").0;
            let at = |hour: i32| start + i64::from(hour) * HOUR;
            let opening = share * f64::from(ago + first);
            let mut readings = vec![(at(-ago), Some(900.0))];
            // A poll without an answer ends no gap.
            if silence {
                readings.extend((1 - ago..first).map(|hour| (at(hour), None)));
            }
            let is_missing = |hour: i32| later_gap && (400..420).contains(&hour);
            let hours = (first..=720).filter(|hour| *hour == first || !is_missing(*hour));
            let grown = |hour: i32| 900.0 + opening + rate * f64::from(hour - first);
            readings.extend(hours.map(|hour| (at(hour), Some(grown(hour)))));
            village.store_readings(vec![("meter.import", readings)]).await;
            let found = village.indicators("2026-11").await;
            let figure = find_figure(&found, "meter.import", "m");
            let total = opening + rate * f64::from(720 - first);
            let value = figure.value.clone().unwrap();
            assert!((value - total).abs() < 1e-6, "{value} {total}");
            // A gap that begins with the period is all of the period.
            let is_much = ago > 3 && opening > 0.05 * total;
            assert_eq!(
                has_remark(figure, "account-opening-upper-bound"),
                is_much,
                "{ago} {first} {opening} {total}"
            );
            let bound = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
            assert!(!is_much || figure.claim >= bound, "{:?}", figure.claim);
        });
    }
}
