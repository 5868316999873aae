//! Tests of the pulse counter: clean and bouncing meters, lost edges, storms, stuck lines.
#![expect(clippy::float_cmp, reason = "the examples are exact in binary")]

use super::*;
use proptest::prelude::*;

const MS: u64 = 1_000_000;

/// A reed contact of at most 10 pulses a second: 25 ms at least.
fn reed_counter() -> PulseCounter {
    let mut counter = PulseCounter::new(PulseSettings::for_fastest_rate(10), 0);
    counter.begin(false, 0);
    counter
}

fn clean_counter(pulses_per_second: u32) -> PulseCounter {
    let settings = PulseSettings::for_clean_line(pulses_per_second);
    let mut counter = PulseCounter::new(settings, 0);
    counter.begin(false, 0);
    counter
}

/// Feeds times in ms with a level that changes with each, active first; returns the last sequence.
fn feed_changes(counter: &mut PulseCounter, times_ms: &[u64]) {
    let first = counter.sequence;
    for (at, time_ms) in (1..).zip(times_ms) {
        counter.feed(PulseEdge {
            sequence: first + at,
            time_ns: time_ms * MS,
            is_active: at % 2 == 1,
        });
    }
}

fn start_at(sequence: u32, time_ns: u64) -> PulseEdge {
    PulseEdge {
        sequence,
        time_ns,
        is_active: true,
    }
}

#[test]
fn ten_thousand_pulses_at_1_khz_are_counted() {
    let mut counter = clean_counter(1000);
    for pulse in 1..=10_000 {
        assert_eq!(counter.feed(start_at(pulse, u64::from(pulse) * MS)), 1);
    }
    assert_eq!(counter.total(), 10_000);
    assert_eq!(counter.fault(10_000 * MS), None);
    assert!((counter.rate_per_second(10_000 * MS) - 1000.0).abs() < 1e-6);
}

#[test]
fn edges_lost_in_a_full_buffer_are_counted_by_their_numbers() {
    let mut counter = clean_counter(1000);
    counter.feed(start_at(3, 3 * MS));
    assert_eq!(counter.feed(start_at(500, 500 * MS)), 497);
    assert_eq!(counter.total(), 500);
    assert_eq!(counter.missed_edges(), 498);
    assert!((counter.rate_per_second(500 * MS) - 1000.0).abs() < 1e-6);
}

#[test]
fn lost_edges_of_both_kinds_are_half_as_many_pulses() {
    for (lost, expected) in [(0, 2), (1, 2), (2, 3), (3, 3), (4, 4)] {
        let mut settings = PulseSettings::for_fastest_rate(1000);
        (settings.pulse_min_ns, settings.gap_min_ns) = (0, 0);
        let mut counter = PulseCounter::new(settings, 0);
        counter.begin(false, 0);
        feed_changes(&mut counter, &[1, 2]);
        let next = 3 + lost;
        counter.feed(PulseEdge {
            sequence: next,
            time_ns: u64::from(next) * MS,
            is_active: next % 2 == 1,
        });
        assert_eq!(counter.total(), expected, "{lost} lost");
    }
}

#[test]
fn the_sequence_number_wraps_and_an_edge_that_comes_twice_counts_once() {
    let mut counter = clean_counter(1000);
    counter.sequence = u32::MAX - 1;
    assert_eq!(counter.feed(start_at(u32::MAX, MS)), 1);
    assert_eq!(counter.feed(start_at(u32::MAX, MS)), 0);
    assert_eq!(counter.feed(start_at(u32::MAX - 5, MS)), 0);
    assert_eq!(counter.feed(start_at(1, 3 * MS)), 2);
    assert_eq!(counter.total(), 3);
    assert_eq!(pulses_between(u32::MAX - 1, 3), 5);
}

#[test]
fn a_bouncing_contact_gives_one_pulse() {
    let mut counter = reed_counter();
    // Closes with three bounces, opens with two.
    feed_changes(&mut counter, &[0, 1, 2, 3, 5, 60, 61, 63, 64, 65]);
    counter.advance(200 * MS, None);
    assert_eq!(counter.total(), 1);
    assert_eq!(counter.rejected_edges(), 4);
    assert_eq!(counter.last_pulse_ns(), Some(5 * MS));
}

#[test]
fn a_short_spike_from_a_motor_is_no_pulse() {
    let mut counter = reed_counter();
    feed_changes(&mut counter, &[100, 101, 900, 902]);
    counter.advance(2000 * MS, None);
    assert_eq!(counter.total(), 0);
    // A gap in the middle of a pulse does not make two of it.
    feed_changes(&mut counter, &[3000, 3040, 3041, 3080]);
    counter.advance(4000 * MS, None);
    assert_eq!(counter.total(), 1);
}

#[test]
fn a_pulse_counts_as_soon_as_it_has_lasted_long_enough() {
    let mut counter = reed_counter();
    feed_changes(&mut counter, &[100]);
    assert_eq!(counter.advance(124 * MS, None), 0);
    assert_eq!(counter.advance(125 * MS, None), 1);
    assert_eq!(counter.advance(9000 * MS, None), 0);
    assert_eq!(counter.last_pulse_ns(), Some(100 * MS));
}

#[test]
fn a_contact_closed_at_the_start_is_no_pulse_and_the_total_goes_on() {
    let mut counter = PulseCounter::new(PulseSettings::for_fastest_rate(10), 4711);
    counter.begin(true, 500 * MS);
    counter.advance(900 * MS, None);
    assert_eq!(counter.total(), 4711);
    for (sequence, time_ms, is_active) in [(1, 1000, false), (2, 1100, true), (3, 1200, false)] {
        counter.feed(PulseEdge {
            sequence,
            time_ns: time_ms * MS,
            is_active,
        });
    }
    assert_eq!(counter.total(), 4712);
    // The line is requested again: numbers begin anew, the total does not.
    counter.begin(false, 2000 * MS);
    feed_changes(&mut counter, &[2100, 2200]);
    assert_eq!(counter.total(), 4713);
}

#[test]
fn starts_of_pulses_that_are_too_near_are_rejected() {
    let mut settings = PulseSettings::for_fastest_rate(10);
    settings.edges = WatchedEdges::PulseStart;
    let mut counter = PulseCounter::new(settings, 0);
    counter.begin(false, 0);
    for (sequence, time_ms) in [(1, 10), (2, 11), (3, 13), (4, 110), (5, 111)] {
        counter.feed(start_at(sequence, time_ms * MS));
    }
    assert_eq!(counter.total(), 2);
    assert_eq!(counter.rejected_edges(), 3);
    // 1000 numbers in a second are not 1000 pulses of a meter that gives 10.
    counter.feed(start_at(1005, 1110 * MS));
    assert_eq!(counter.total(), 22);
}

#[test]
fn a_storm_is_marked_at_once_and_ends_a_second_after_the_last_of_it() {
    let mut counter = reed_counter();
    let times: Vec<u64> = (0..200).map(|at| 1000 + at).collect();
    feed_changes(&mut counter, &times);
    assert_eq!(counter.fault(1200 * MS), Some(SensorFault::BounceStorm));
    assert_eq!(counter.total(), 0);
    counter.advance(1900 * MS, None);
    assert_eq!(counter.fault(1900 * MS), Some(SensorFault::BounceStorm));
    counter.advance(2100 * MS, None);
    counter.advance(3200 * MS, None);
    assert_eq!(counter.fault(3200 * MS), None);
}

#[test]
fn a_meter_at_its_fastest_rate_is_no_storm() {
    let mut counter = reed_counter();
    let times: Vec<u64> = (0..400).map(|at| 50 * at).collect();
    feed_changes(&mut counter, &times);
    assert_eq!(counter.fault(20_000 * MS), None);
    assert_eq!(counter.total(), 200);
    assert!((counter.rate_per_second(20_000 * MS) - 10.0).abs() < 1e-6);
}

#[test]
fn a_reader_that_is_late_by_seconds_is_no_storm() {
    let mut counter = clean_counter(1000);
    counter.feed(start_at(1, 1000 * MS));
    assert_eq!(counter.feed(start_at(10_001, 11_000 * MS)), 10_000);
    assert_eq!(counter.fault(11_000 * MS), None);
    assert_eq!(counter.feed(start_at(110_001, 21_000 * MS)), 100_000);
    assert_eq!(counter.fault(21_000 * MS), Some(SensorFault::BounceStorm));
}

#[test]
fn a_bucket_that_stays_tipped_is_a_stuck_line() {
    let mut settings = PulseSettings::for_fastest_rate(10);
    settings.pulse_max_ns = Some(5000 * MS);
    let mut counter = PulseCounter::new(settings, 0);
    counter.begin(false, 0);
    feed_changes(&mut counter, &[1000]);
    counter.advance(6000 * MS, None);
    assert_eq!(counter.fault(6000 * MS), None);
    assert_eq!(counter.fault(6001 * MS), Some(SensorFault::StuckLine));
    counter.feed(PulseEdge {
        sequence: 2,
        time_ns: 7000 * MS,
        is_active: false,
    });
    assert_eq!(counter.fault(9000 * MS), None);
    assert_eq!(counter.total(), 1);
}

#[test]
fn a_stuck_line_is_seen_by_its_level_where_only_starts_are_watched() {
    let mut settings = PulseSettings::for_clean_line(10);
    settings.pulse_max_ns = Some(5000 * MS);
    let mut counter = PulseCounter::new(settings, 0);
    counter.begin(false, 0);
    counter.feed(start_at(1, 1000 * MS));
    counter.advance(1000 * MS, Some(true));
    counter.advance(6500 * MS, Some(true));
    assert_eq!(counter.fault(6500 * MS), Some(SensorFault::StuckLine));
    counter.advance(7000 * MS, Some(false));
    assert_eq!(counter.fault(7000 * MS), None);
}

#[test]
fn the_rate_falls_when_pulses_stay_away_and_ends_at_zero() {
    let mut counter = clean_counter(100);
    for pulse in 1..=20 {
        counter.feed(start_at(pulse, u64::from(pulse) * 500 * MS));
    }
    let rate = |time_ms: u64| counter.rate_per_second(time_ms * MS);
    assert!((rate(10_000) - 2.0).abs() < 1e-9);
    assert!((rate(10_400) - 2.0).abs() < 1e-9);
    assert!((rate(14_000) - 0.25).abs() < 1e-9);
    assert_eq!(rate(70_001), 0.0);
    // After the pause it starts over.
    counter.feed(start_at(21, 200_000 * MS));
    assert_eq!(counter.rate_per_second(200_000 * MS), 0.0);
    counter.feed(start_at(22, 201_000 * MS));
    assert!((counter.rate_per_second(201_000 * MS) - 1.0).abs() < 1e-9);
}

proptest! {
    #[test]
    fn no_pulse_is_lost_or_invented_when_edges_are(
        periods_us in prop::collection::vec(1000..20_000u64, 1..400),
        kept in prop::collection::vec(any::<bool>(), 400),
    ) {
        let mut counter = clean_counter(1000);
        let mut both = PulseCounter::new(
            PulseSettings { edges: WatchedEdges::Both, ..PulseSettings::for_clean_line(1000) },
            0,
        );
        both.begin(false, 0);
        let (mut time_ns, mut sequence, mut pulses) = (0, 0, 0);
        for (period, keep) in periods_us.iter().zip(&kept) {
            time_ns += period * 1000;
            pulses += 1;
            let is_last = pulses == periods_us.len();
            if *keep || is_last {
                counter.feed(start_at(u32::try_from(pulses).unwrap(), time_ns));
            }
            // Any part of the edges of both kinds is lost, but not the end.
            for (is_active, at_ns) in [(true, time_ns), (false, time_ns + 300_000)] {
                sequence += 1;
                if *keep == is_active || is_last {
                    both.feed(PulseEdge { sequence, time_ns: at_ns, is_active });
                }
            }
        }
        prop_assert_eq!(counter.total(), u64::try_from(pulses).unwrap());
        prop_assert_eq!(both.total(), u64::try_from(pulses).unwrap());
    }

    #[test]
    fn bounces_do_not_change_the_count(
        meter in prop::collection::vec((30..500u64, 40..500u64, 0..6u64, 0..6u64), 1..60)
    ) {
        let mut counter = reed_counter();
        let (mut now_us, mut sequence) = (1_000_000, 0);
        let mut change = |counter: &mut PulseCounter, time_us: u64, is_active| {
            sequence += 1;
            counter.feed(PulseEdge { sequence, time_ns: time_us * 1000, is_active });
        };
        for (pulse_ms, gap_ms, closing, opening) in &meter {
            for bounce in 0..*closing {
                change(&mut counter, now_us + bounce * 400, true);
                change(&mut counter, now_us + bounce * 400 + 150, false);
            }
            change(&mut counter, now_us + 2500, true);
            now_us += 2500 + pulse_ms * 1000;
            for bounce in 0..*opening {
                change(&mut counter, now_us + bounce * 400, false);
                change(&mut counter, now_us + bounce * 400 + 150, true);
            }
            change(&mut counter, now_us + 2500, false);
            now_us += 2500 + gap_ms * 1000;
        }
        counter.advance(now_us * 1000, None);
        prop_assert_eq!(counter.total(), u64::try_from(meter.len()).unwrap());
    }

    #[test]
    fn any_edges_leave_a_counter_that_only_goes_up(
        edges in prop::collection::vec(any::<(u32, u64, bool)>(), 0..50),
        watches_both: bool,
        pulse_min_ns: u64,
        gap_min_ns: u64,
    ) {
        let mut settings = PulseSettings::for_clean_line(10);
        (settings.pulse_min_ns, settings.gap_min_ns) = (pulse_min_ns, gap_min_ns);
        if watches_both {
            settings.edges = WatchedEdges::Both;
        }
        let mut counter = PulseCounter::new(settings, 0);
        for (sequence, time_ns, is_active) in edges {
            let before = counter.total();
            let new = counter.feed(PulseEdge { sequence, time_ns, is_active });
            prop_assert_eq!(counter.total(), before + new);
            counter.advance(time_ns, Some(is_active));
            prop_assert!(counter.rate_per_second(time_ns) >= 0.0);
            let _ = counter.fault(time_ns);
        }
    }
}
