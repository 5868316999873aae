//! Tests of counter totals: cases from fault reports, and random counters with every kind of error.

use super::*;
use proptest::prelude::*;

/// Greatest rate of a plant of 5 kWp, kWh/s, as in the vectors of the methods.
const PLANT_KWH_PER_S: f64 = 5.0 / 3600.0;

fn event_codes(events: &[CounterEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind.code()).collect()
}

/// Counter of a plant of 5 kWp with this step, set up as figures of a site do it.
fn plant_counter(step: f64) -> CounterTotal {
    wrapping_counter(step, None)
}

fn wrapping_counter(step: f64, modulus: Option<f64>) -> CounterTotal {
    let per_hour = 5.0 * 1.3;
    CounterTotal::new(per_hour / 3600.0, modulus)
        .with_step(step)
        .with_slack(step.max(per_hour * 0.25))
}

/// Readings five minutes apart.
fn five_minute_readings(values: &[f64]) -> Vec<(f64, Option<f64>)> {
    let place = (0_u32..).map(|at| f64::from(at) * 300.0);
    place.zip(values.iter().copied().map(Some)).collect()
}

#[track_caller]
fn assert_total(
    readings: &[(f64, Option<f64>)],
    counter: CounterTotal,
    wanted: f64,
) -> Vec<CounterEvent> {
    let (total, events) = counter_total(readings, counter);
    let found = total.total.unwrap();
    assert!((found - wanted).abs() < 1e-9, "{found}, not {wanted}");
    events
}

fn counter_with_rate(max: f64) -> CounterTotal {
    CounterTotal::new(max, None)
}

#[test]
fn a_spike_is_left_out_and_the_next_reading_bridges_it() {
    let readings = [(0.0, Some(10.0)), (60.0, Some(9e6)), (120.0, Some(11.0))];
    let (total, events) = counter_total(&readings, counter_with_rate(1.0));
    assert_eq!((total.total, total.lower_bound), (Some(1.0), false));
    assert_eq!(event_codes(&events), ["spike"]);
}

#[test]
fn a_swapped_meter_is_followed_from_its_second_reading_on() {
    let readings = [
        (0.0, Some(10.0)),
        (60.0, Some(5000.0)),
        (120.0, Some(5001.0)),
        (180.0, Some(5003.0)),
    ];
    let (total, events) = counter_total(&readings, counter_with_rate(1.0));
    assert_eq!((total.total, total.lower_bound), (Some(3.0), true));
    assert_eq!(event_codes(&events), ["spike"]);
}

#[test]
fn a_coarse_register_may_jump_by_its_own_step() {
    let readings = [(0.0, 10.0), (10.0, 10.0), (20.0, 11.0), (30.0, 11.0)];
    let mut counter = counter_with_rate(2.0 / 3600.0).with_slack(1.0);
    for (t, reading) in readings {
        assert_eq!(counter.push(t, Some(reading)), Vec::new());
    }
    let found = counter.finish();
    assert_eq!((found.total, found.lower_bound), (Some(1.0), false));
}

#[test]
fn a_coarse_register_may_not_jump_at_every_reading() {
    let mut counter = counter_with_rate(2.0 / 3600.0).with_slack(1.0);
    for reading in 0..1000_u32 {
        counter.push(f64::from(reading) * 10.0, Some(f64::from(reading)));
    }
    let most = 2.0 / 3600.0 * 10_000.0 * RATE_MARGIN + 1.0;
    let tally = counter.tally();
    assert!(counter.finish().total.unwrap() <= most);
    assert!(tally.lost > 9 * tally.rises, "{tally:?}");
}

#[test]
fn a_reset_counts_the_new_reading_and_is_a_lower_bound() {
    let readings = [(0.0, Some(100.0)), (60.0, Some(2.0)), (120.0, Some(5.0))];
    let (total, events) = counter_total(&readings, counter_with_rate(1.0));
    assert_eq!((total.total, total.lower_bound), (Some(5.0), true));
    assert_eq!(event_codes(&events), ["reset"]);
    // No later reading explains the low one.
    let (total, events) = counter_total(&readings[..2], counter_with_rate(1.0));
    assert_eq!((total.total, total.lower_bound), (Some(2.0), true));
    assert_eq!(event_codes(&events), ["reset"]);
}

#[test]
fn a_drop_by_rounding_is_subtracted_and_no_reset() {
    let morning = [
        (0.0, 40.0),
        (1800.0, 40.3),
        (46_800.0, 40.2),
        (48_600.0, 40.5),
        (50_400.0, 40.9),
    ];
    let morning = morning.map(|(t, kwh)| (t, Some(kwh)));
    let away = [(0.0, 1200.1), (300.0, 1200.2)];
    let back = [(1_036_800.0, 1200.1), (1_037_100.0, 1200.3)];
    let away: Vec<_> = away
        .into_iter()
        .chain(back)
        .map(|(t, kwh)| (t, Some(kwh)))
        .collect();
    let in_turn: Vec<f64> = (0..50).flat_map(|_| [1000.0, 1000.1]).collect();
    let rising = |i: u32| 1000.0 + 0.05 * f64::from(i) + 0.1 * f64::from(i % 2);
    let rising: Vec<f64> = (0..=100).map(rising).collect();
    let one_back = [
        20303.0, 20303.1, 20303.2, 20303.3, 20303.2, 20303.3, 20303.4, 20303.5,
    ];
    let young = [0.13, 0.14, 0.15, 0.14, 0.15, 0.14, 0.15, 0.16];
    for (readings, step, wanted) in [
        (morning.to_vec(), 0.1, 0.9),
        (away, 0.1, 0.2),
        (five_minute_readings(&in_turn), 0.1, 0.1),
        (five_minute_readings(&rising), 0.05, 5.0),
        (five_minute_readings(&one_back), 0.1, 0.5),
        (five_minute_readings(&young), 0.01, 0.03),
    ] {
        for counter in [
            counter_with_rate(PLANT_KWH_PER_S).with_step(step),
            plant_counter(step),
        ] {
            let events = assert_total(&readings, counter, wanted);
            assert!(events.iter().all(|one| one.kind == CounterEventKind::Dip));
            assert!(!events.is_empty());
        }
    }
}

#[test]
fn zeros_torn_words_wraps_and_late_resets_count_what_was_there() {
    let wraps = |at: f64| wrapping_counter(0.1, Some(at));
    let cases: [(&[f64], CounterTotal, f64, &[&str]); 10] = [
        (
            &[1200.0, 1200.3, 0.0, 0.0, 0.0, 1200.4, 1200.6],
            plant_counter(0.1),
            0.6,
            &["outlier"],
        ),
        (
            &[1200.0, 0.0, 1200.2, 0.0, 1200.3, 1200.4],
            plant_counter(0.1),
            0.4,
            &["outlier", "outlier"],
        ),
        (
            &[1200.0, 1200.2, 327_680_000.0, 1200.3, 1200.4],
            plant_counter(0.1),
            0.4,
            &["spike"],
        ),
        (
            &[838_860.6, 838_860.7, 0.1, 0.3],
            wraps(838_860.8),
            0.5,
            &["rollover"],
        ),
        (&[65_535.6, 0.2, 0.6], wraps(65_536.0), 1.0, &["rollover"]),
        (&[99_999.6, 0.0, 0.4], wraps(100_000.0), 0.8, &["rollover"]),
        (
            &[20_303.0, 20_303.2, 12.5, 20_303.3],
            plant_counter(0.1),
            0.3,
            &["outlier"],
        ),
        (
            &[5.0, 5.1, 5.1, 5.1, 0.0, 0.1, 0.2],
            plant_counter(0.1),
            0.3,
            &["reset"],
        ),
        (
            &[100.0, 100.1, -14_780.9, 100.2, 100.4],
            plant_counter(0.1),
            0.4,
            &["outlier"],
        ),
        // A zero at night of a device that starts the morning one step lower.
        (
            &[1200.0, 1200.3, 0.0, 1200.2, 1200.5],
            plant_counter(0.1),
            0.5,
            &["outlier", "dip"],
        ),
    ];
    for (readings, counter, wanted, told) in cases {
        let events = assert_total(&five_minute_readings(readings), counter, wanted);
        assert_eq!(event_codes(&events), told, "{readings:?}");
    }
}

#[test]
fn a_new_count_that_comes_near_the_old_one_is_told_and_a_lower_bound() {
    // A plant of 5 kW whose counter restarts at 89.9; or a torn word and then a meter that went
    // back.
    let hourly = |values: &[f64]| -> Vec<(f64, Option<f64>)> {
        let at = (0..values.len()).map(|hour| f64::from(u32::try_from(hour).unwrap()) * 3600.0);
        at.zip(values.iter().copied().map(Some)).collect()
    };
    let (total, events) = counter_total(
        &hourly(&[99.5, 100.0, 89.9, 90.4, 90.9, 92.9, 95.9, 98.9]),
        plant_counter(0.0),
    );
    assert!(
        total.total.unwrap() <= 9.5 && total.lower_bound,
        "{total:?}"
    );
    assert!(event_codes(&events).contains(&"step_down"), "{events:?}");
    // A zero at night before a morning one step lower is still an outlier.
    let (total, events) = counter_total(
        &hourly(&[40.0, 40.3, 0.0, 40.2, 40.5, 40.9]),
        plant_counter(0.0),
    );
    assert!((total.total.unwrap() - 0.9).abs() < 1e-9, "{total:?}");
    assert!(!total.lower_bound && !event_codes(&events).contains(&"reset"));
}

#[test]
fn a_step_down_waits_for_a_second_reading_and_is_asked_about() {
    let swapped = [100_000.0, 100_000.1, 91_000.0, 91_000.1, 91_000.2];
    let (total, events) = counter_total(
        &five_minute_readings(&swapped),
        counter_with_rate(PLANT_KWH_PER_S),
    );
    assert!((total.total.unwrap() - 0.3).abs() < 1e-9 && total.lower_bound);
    assert_eq!(event_codes(&events), ["step_down"]);
    let once = [100_000.0, 100_000.1, 91_000.0, 100_000.2];
    let (total, events) = counter_total(
        &five_minute_readings(&once),
        counter_with_rate(PLANT_KWH_PER_S),
    );
    assert!((total.total.unwrap() - 0.2).abs() < 1e-9);
    assert_eq!(event_codes(&events), ["step_down"]);
}

/// Readings that grow by 0.1 every five minutes, with one fall in their middle.
fn readings_with_fall(start: f64, fall: f64) -> Vec<(f64, Option<f64>)> {
    let value = |at: u32| {
        let grown = start + 0.1 * f64::from(at);
        if at < 300 { grown } else { grown - fall }
    };
    five_minute_readings(&(0..=600).map(value).collect::<Vec<_>>())
}

#[test]
fn a_fall_by_more_than_a_few_steps_is_no_rounding_however_much_the_counter_shows() {
    for (start, fall, is_rounding) in [
        (29_900.0, 20.1, false),
        (29_900.0, 1.1, false),
        (29_900.0, 0.4, true),
        (29_900.0, 0.2, true),
        (900.0, 20.1, false),
        (900.0, 0.4, true),
    ] {
        // Of the second, the step is known from how it grows.
        for counter in [plant_counter(0.1), plant_counter(0.0)] {
            let readings = readings_with_fall(start, fall);
            let (total, events) = counter_total(&readings, counter);
            let found = total.total.unwrap();
            assert!((found - (60.0 - fall)).abs() < 1e-6, "{found}: {fall}");
            let kind = if is_rounding { "dip" } else { "step_down" };
            assert_eq!(event_codes(&events), [kind], "{start} {fall}");
            assert_eq!(total.lower_bound, !is_rounding, "{start} {fall}");
        }
    }
}

#[test]
fn a_spike_that_is_read_again_and_again_is_no_meter() {
    let dusk = [
        (0.0, 40.0),
        (300.0, 40.3),
        (600.0, 327_680_000.0),
        (900.0, 327_680_000.0),
        (1200.0, 327_680_000.0),
        // A night later.
        (46_800.0, 40.3),
        (47_100.0, 40.4),
    ];
    let dusk = dusk.map(|(t, kwh)| (t, Some(kwh)));
    let events = assert_total(&dusk, plant_counter(0.1), 0.4);
    assert_eq!(event_codes(&events), ["spike"]);
}

#[test]
fn a_period_that_only_fell_is_zero_with_its_event() {
    let (total, events) = counter_total(
        &five_minute_readings(&[1000.1, 1000.0]),
        counter_with_rate(PLANT_KWH_PER_S),
    );
    assert_eq!((total.total, total.lower_bound), (Some(0.0), false));
    assert_eq!(event_codes(&events), ["dip"]);
}

#[test]
fn readings_of_another_unit_are_refused_and_the_tally_says_so() {
    // Watt-hours read as kilowatt-hours: 2 kW, every five minutes.
    let mut counter = plant_counter(1.0);
    for at in 0..3500_u32 {
        counter.push(f64::from(at) * 300.0, Some(f64::from(at) * 167.0));
    }
    let tally = counter.tally();
    assert_eq!((tally.rises, tally.lost), (0, 3499));
}

/// Error put on a true counter value before it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ReadingFate {
    Read,
    /// Rounding error of one step down or up, or none.
    Noise(i8),
    Missing,
    Zero,
    Spike,
    Torn(f64),
    Reset,
}

fn reading_fates(wild: bool) -> impl Strategy<Value = Vec<(f64, ReadingFate)>> {
    let tame = prop_oneof![
        6 => Just(ReadingFate::Read),
        3 => (-1..=1_i8).prop_map(ReadingFate::Noise),
        2 => Just(ReadingFate::Missing),
        2 => Just(ReadingFate::Zero),
    ];
    let any = prop_oneof![
        12 => tame.clone(),
        1 => Just(ReadingFate::Spike),
        1 => (0.01..0.8_f64).prop_map(ReadingFate::Torn),
        1 => Just(ReadingFate::Reset),
    ];
    let fate = if wild { any.boxed() } else { tame.boxed() };
    proptest::collection::vec((0.0..0.8_f64, fate), 2..150)
}

/// Seconds between two polls; a true counter grows by less than 0.8 meanwhile.
const POLL_S: f64 = 60.0;
/// The register's step.
const STEP: f64 = 0.1;

/// Simulated readings of a counter.
struct SimulatedCounter {
    readings: Vec<(f64, Option<f64>)>,
    truth: f64,
    resets: u32,
}

fn simulate_counter(
    start: f64,
    steps: &[(f64, ReadingFate)],
    modulus: Option<f64>,
) -> SimulatedCounter {
    let mut seen = SimulatedCounter {
        readings: vec![(0.0, Some(start))],
        truth: 0.0,
        resets: 0,
    };
    let mut shown = start;
    let mut low = false;
    for (at, (step, fate)) in (1_u32..).zip(steps) {
        if *fate == ReadingFate::Reset {
            shown = 0.0;
            seen.resets += 1;
        }
        shown += step;
        seen.truth += step;
        shown = modulus.map_or(shown, |modulus| shown % modulus);
        let read = match fate {
            ReadingFate::Missing => None,
            ReadingFate::Zero => Some(0.0),
            ReadingFate::Spike => Some(327_680_000.0),
            // A low reading that grows from another low one cannot be told from a counter.
            ReadingFate::Torn(share) if !low => Some(shown * share),
            ReadingFate::Noise(steps) => {
                let noisy = (shown + f64::from(*steps) * STEP).max(0.0);
                // A register never shows its modulus or more.
                Some(if modulus.is_some_and(|modulus| noisy >= modulus) {
                    shown
                } else {
                    noisy
                })
            }
            _ => Some(shown),
        };
        low = matches!(fate, ReadingFate::Torn(_) | ReadingFate::Zero)
            || (low && *fate == ReadingFate::Missing);
        seen.readings.push((f64::from(at) * POLL_S, read));
    }
    seen
}

fn village_counter(modulus: Option<f64>) -> CounterTotal {
    CounterTotal::new(1.0 / POLL_S, modulus).with_step(STEP)
}

#[test]
fn a_zero_at_the_end_is_no_wrap_however_near_the_counter_was_to_one() {
    let readings = [
        (0.0, Some(97.2)),
        (60.0, Some(97.8)),
        (120.0, Some(98.2)),
        (180.0, Some(327_680_000.0)),
        (240.0, Some(0.0)),
    ];
    let (total, events) = counter_total(&readings, village_counter(Some(100.0)));
    assert!(
        (total.total.unwrap() - 1.0).abs() < 1e-9,
        "{total:?} {events:?}"
    );
    let (grown, _) = counter_total(
        &[&readings[..], &[(300.0, Some(0.3))]].concat(),
        village_counter(Some(100.0)),
    );
    assert!((grown.total.unwrap() - 3.1).abs() < 1e-9, "{grown:?}");
}

proptest! {
    #[test]
    fn whatever_happens_a_counter_never_counts_more_than_there_was(
        start in 0.0..99.0_f64,
        steps in reading_fates(true),
        wraps in any::<bool>(),
    ) {
        let modulus = wraps.then_some(100.0);
        // A torn word at the very end cannot be told from a reset (rule 5); figures of a site leave
        // it to the next period.
        let undecided = |(_, fate): &&(f64, ReadingFate)| {
            matches!(fate, ReadingFate::Torn(_) | ReadingFate::Missing)
        };
        let known = steps.len() - steps.iter().rev().take_while(undecided).count();
        let seen = simulate_counter(start, &steps[..known], modulus);
        let (total, events) = counter_total(&seen.readings, village_counter(modulus));
        let total = total.total.unwrap_or(0.0);
        // Each end is known to a step, and each reset has two more ends.
        let noise = 2.0 * STEP * f64::from(1 + 2 * seen.resets);
        // A reset may look like a wrap, and then adds at most one modulus.
        let doubt = modulus.unwrap_or(0.0) * f64::from(seen.resets);
        prop_assert!(
            total <= seen.truth + noise + doubt + 1e-6,
            "{total} of {}: {events:?}", seen.truth
        );
    }

    #[test]
    fn without_reset_wrap_or_swap_a_total_is_the_last_reading_less_the_first(
        start in 0.5..1e5_f64,
        steps in reading_fates(false),
    ) {
        let mut steps = steps;
        steps.push((0.1, ReadingFate::Read));
        let seen = simulate_counter(start, &steps, None);
        let (total, events) = counter_total(&seen.readings, village_counter(None));
        let last = seen.readings.last().unwrap().1.unwrap();
        let quiet = |one: &CounterEvent| {
            matches!(one.kind, CounterEventKind::Dip | CounterEventKind::Outlier)
        };
        prop_assume!(events.iter().all(quiet));
        let wanted = (last - start).max(0.0);
        prop_assert!((total.total.unwrap() - wanted).abs() < 1e-6, "{total:?}, not {wanted}");
    }

    #[test]
    fn two_periods_add_up_wherever_they_meet(
        start in 10.0..99.0_f64,
        steps in reading_fates(false),
        at in any::<proptest::sample::Index>(),
    ) {
        // A period opens with the last reading of the one before it.
        let modulus = Some(100.0);
        let mut seen = simulate_counter(start, &steps, modulus);
        seen.readings.retain(|(_, reading)| reading.is_some_and(|x| x != 0.0));
        let at = at.index(seen.readings.len());
        let count = |part: &[(f64, Option<f64>)]| {
            let mut counter = village_counter(modulus);
            for (t, reading) in part {
                counter.push(*t, *reading);
            }
            counter.net_total().unwrap_or(0.0)
        };
        let (whole, first, second) = (
            count(&seen.readings),
            count(&seen.readings[..=at]),
            count(&seen.readings[at..]),
        );
        prop_assert!((whole - first - second).abs() < 1e-6, "{whole}: {first} + {second}");
    }

    #[test]
    fn a_counter_that_goes_on_into_another_period_adds_up_too(
        start in 0.0..99.0_f64,
        steps in reading_fates(true),
        at in any::<proptest::sample::Index>(),
    ) {
        let seen = simulate_counter(start, &steps, None);
        let at = at.index(seen.readings.len());
        let mut whole = village_counter(None);
        let mut parts = village_counter(None);
        let mut first = 0.0;
        for (place, (t, reading)) in seen.readings.iter().enumerate() {
            if place == at {
                first = parts.net_total().unwrap_or(0.0);
                parts.restart();
            }
            whole.push(*t, *reading);
            parts.push(*t, *reading);
        }
        let sum = first + parts.net_total().unwrap_or(0.0);
        prop_assert!((whole.net_total().unwrap_or(0.0) - sum).abs() < 1e-6);
    }
}

#[test]
fn every_event_has_words_in_both_languages() {
    use crate::i18n::Language;
    let all = [
        CounterEventKind::Rollover,
        CounterEventKind::Dip,
        CounterEventKind::StepDown,
        CounterEventKind::Reset,
        CounterEventKind::Spike,
        CounterEventKind::Outlier,
    ];
    for kind in all {
        for lang in [Language::Id, Language::En] {
            let key = format!("event-{}", kind.code().replace('_', "-"));
            assert_ne!(lang.text(&key), key, "{}", lang.code());
        }
    }
}
