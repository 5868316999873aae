//! Signs that two devices have one address: values that change between two levels from poll to
//! poll, answers to one request repeated that do so within a second, and requests that are answered
//! twice. Pure.
//!
//! A value that alternates from poll to poll is only a suspicion, since a pump may be switched on
//! and off. The proof is one request repeated at once: no measured quantity returns to the same two
//! levels several times within a second.

use crate::domain::FaultDetail;
use std::collections::VecDeque;
use std::fmt::Display;
use std::time::Duration;

/// Polls that are compared, and repetitions of one request.
pub(super) const REPEATS: usize = 8;
/// Changes between the two levels from which on they count.
const CHANGES_MIN: usize = 3;
/// Smallest distance of the two levels, relative to the larger.
const DISTANCE_MIN: f64 = 0.1;
/// Ratio of the distance of the levels to the spread within each.
const SPREAD_RATIO: f64 = 8.0;
/// Polls until a suspicion that was not confirmed is looked at again.
const PAUSE_POLLS: u32 = 32;
/// Polls of which so many had a second answer to a request.
const SECOND_ANSWERS_MIN: u32 = 3;
/// Difference of two answer times that is no accident, milliseconds, and their ratio.
const TIMES_DIFFER_MS: f64 = 10.0;
const TIMES_RATIO: f64 = 1.5;

/// Two levels of a value, and which repetition had which.
#[derive(Clone, Debug, PartialEq)]
struct AlternatingLevels {
    low: f64,
    high: f64,
    /// True where the value was at the higher level.
    is_high: Vec<bool>,
}

/// Answers to one request repeated: each a value of a point, or the code of an exception.
#[derive(Clone, Debug, Default)]
pub struct RepeatedAnswers {
    answers: Vec<(Result<Vec<f64>, u8>, Duration)>,
    /// Requests that were answered twice.
    twice: u32,
}

/// Watch over the polls of one device.
#[derive(Debug, Default)]
pub(super) struct SharedAddressWatch {
    /// Numbers of the points in the last polls; NaN without one.
    polls: VecDeque<Box<[f64]>>,
    /// Whether the last polls had a second answer, the newest in the lowest bit.
    second_answers: u16,
    /// Polls until the next look.
    pause: u32,
    /// Evidence that is still of the present.
    evidence: Option<FaultDetail>,
}

impl SharedAddressWatch {
    /// Records the numbers of one poll, NaN for a point without one, and whether a request of it
    /// was answered twice.
    pub(super) fn record_poll(&mut self, numbers: Box<[f64]>, has_second: bool) {
        self.second_answers = self.second_answers << 1 | u16::from(has_second);
        if self.polls.len() >= REPEATS {
            self.polls.pop_front();
        }
        self.polls.push_back(numbers);
        self.pause = self.pause.saturating_sub(1);
        let twice = self.second_answers.count_ones();
        if twice >= SECOND_ANSWERS_MIN {
            self.evidence = Some(twice_detail(twice, u16::BITS));
        } else if self.suspected_point().is_none() {
            // The last polls are of one device again.
            self.evidence = None;
        }
    }

    /// Index of a point that alternates from poll to poll; `None` when there is none.
    fn suspected_point(&self) -> Option<usize> {
        let points = self.polls.back().map_or(0, |poll| poll.len());
        (0..points).find(|point| {
            let series = self.polls.iter().map(|poll| poll.get(*point).copied());
            let series: Option<Vec<f64>> = series.collect();
            series.is_some_and(|series| find_levels(&series).is_some())
        })
    }

    /// Index of a point whose request is to be repeated now; `None` when there is no suspicion, or
    /// it was looked at lately.
    pub(super) fn point_to_check(&mut self) -> Option<usize> {
        if self.pause > 0 || self.evidence.is_some() {
            return None;
        }
        let point = self.suspected_point()?;
        self.pause = PAUSE_POLLS;
        Some(point)
    }

    /// Records the result of repeated requests.
    pub(super) fn record_check(&mut self, evidence: Option<FaultDetail>) {
        self.evidence = evidence;
    }

    /// Evidence for two devices; `None` when there is none.
    pub(super) fn evidence(&self) -> Option<&FaultDetail> {
        self.evidence.as_ref()
    }
}

impl RepeatedAnswers {
    /// Adds an answer: its numbers, or the code of an exception, and the time that it took.
    pub fn record(&mut self, answer: Result<Vec<f64>, u8>, took: Duration) {
        self.answers.push((answer, took));
    }

    /// Adds requests that were answered twice.
    pub fn record_twice(&mut self, count: u32) {
        self.twice += count;
    }

    /// Evidence for two devices; `place` names what was read. `None` when there is none.
    pub fn evidence(&self, place: impl Fn(usize) -> String) -> Option<FaultDetail> {
        // One could be an accident of the line.
        if self.twice > 1 {
            let all = u32::try_from(self.answers.len()).unwrap_or(u32::MAX);
            return Some(twice_detail(self.twice.min(all), all));
        }
        let refusals: Vec<bool> = self.answers.iter().map(|(said, _)| said.is_err()).collect();
        if count_changes(&refusals) >= CHANGES_MIN {
            let english = format!(
                "{} of {} answers to one request are refusals, the others have data",
                refusals.iter().filter(|refused| **refused).count(),
                refusals.len()
            );
            let refused = refusals.iter().filter(|refused| **refused).count();
            let args: &[(_, &dyn Display)] = &[("refused", &refused), ("all", &refusals.len())];
            let detail = FaultDetail::message(english, "detail-two-refusals", args);
            return Some(detail.followed_by(self.times_detail(&refusals)));
        }
        let data = self.answers.iter().map(|(said, _)| said.as_ref().ok());
        let data: Vec<&Vec<f64>> = data.collect::<Option<_>>()?;
        let count = data.iter().map(|numbers| numbers.len()).min()?;
        (0..count).find_map(|at| {
            let series: Vec<f64> = data.iter().map(|numbers| numbers[at]).collect();
            let levels = find_levels(&series)?;
            let (low, high) = (levels.low.to_string(), levels.high.to_string());
            let (place, all) = (place(at), series.len());
            let english =
                format!("{place} is {low} and {high} by turns in {all} answers to one request");
            let args: &[(_, &dyn Display)] = &[
                ("place", &place),
                ("low", &low),
                ("high", &high),
                ("all", &all),
            ];
            let detail = FaultDetail::message(english, "detail-two-levels", args);
            Some(detail.followed_by(self.times_detail(&levels.is_high)))
        })
    }

    /// Answer times of the two, when they differ.
    fn times_detail(&self, is_second: &[bool]) -> FaultDetail {
        let mean = |second: bool| {
            let times = self.answers.iter().zip(is_second);
            let times = times.filter(|(_, one)| **one == second);
            let times: Vec<f64> = times
                .map(|((_, took), _)| took.as_secs_f64() * 1000.0)
                .collect();
            times.iter().sum::<f64>() / f64::from(u32::try_from(times.len()).unwrap_or(1).max(1))
        };
        let (one, other) = (mean(false), mean(true));
        let (short, long) = (one.min(other), one.max(other));
        if long < short + TIMES_DIFFER_MS || long < short * TIMES_RATIO {
            return FaultDetail::default();
        }
        let (one, other) = (format!("{one:.0}"), format!("{other:.0}"));
        let english = format!("; after {one} ms and {other} ms");
        let args: &[(_, &dyn Display)] = &[("one", &one), ("other", &other)];
        FaultDetail::message(english, "detail-two-times", args)
    }
}

fn twice_detail(twice: u32, all: u32) -> FaultDetail {
    let english = format!("{twice} of the last {all} requests were answered twice");
    let args: &[(_, &dyn Display)] = &[("twice", &twice), ("all", &all)];
    FaultDetail::message(english, "detail-answered-twice", args)
}

/// The two levels of values that change between them; `None` for any other values.
fn find_levels(series: &[f64]) -> Option<AlternatingLevels> {
    if series.len() < CHANGES_MIN + 1 || !series.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mut sorted = series.to_vec();
    sorted.sort_by(f64::total_cmp);
    // The widest gap separates the levels.
    let gaps = sorted.windows(2).map(|pair| pair[1] - pair[0]).enumerate();
    let (place, distance) = gaps.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (low, high) = sorted.split_at(place + 1);
    let spread = |level: &[f64]| {
        level
            .last()
            .zip(level.first())
            .map(|(last, first)| last - first)
    };
    let spread = spread(low)?.max(spread(high)?);
    let size = low.first()?.abs().max(high.last()?.abs());
    if distance < DISTANCE_MIN * size || distance <= SPREAD_RATIO * spread {
        return None;
    }
    let limit = *high.first()?;
    let is_high: Vec<bool> = series.iter().map(|value| *value >= limit).collect();
    (count_changes(&is_high) >= CHANGES_MIN).then(|| AlternatingLevels {
        low: low[low.len() / 2],
        high: high[high.len() / 2],
        is_high,
    })
}

fn count_changes(states: &[bool]) -> usize {
    states.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn repeated(answers: &[(f64, u64)]) -> Option<String> {
        let mut all = RepeatedAnswers::default();
        for (value, ms) in answers {
            all.record(Ok(vec![50.0, *value]), Duration::from_millis(*ms));
        }
        let found = all.evidence(|at| format!("holding:{at}"));
        found.map(|detail| detail.to_string())
    }

    #[test]
    fn two_levels_by_turns_are_two_devices_with_their_answer_times() {
        let twins = [
            (230.1, 10),
            (110.7, 60),
            (230.2, 11),
            (230.1, 10),
            (110.7, 62),
            (230.1, 9),
            (110.8, 60),
            (110.7, 61),
        ];
        let said = repeated(&twins).unwrap();
        assert!(
            said.contains("holding:1 is 110.7 and 230.1 by turns in 8"),
            "{said}"
        );
        assert!(said.contains("after 61 ms and 10 ms"), "{said}");
    }

    #[test]
    fn one_device_is_never_two_whatever_it_measures() {
        // Steady, drifting, switched on once, noisy, and a counter.
        let steady = [230.1; 8];
        let drift = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let switched = [0.0, 0.0, 0.0, 1500.0, 1500.0, 1490.0, 1510.0, 1500.0];
        let noise = [230.1, 230.3, 230.1, 230.3, 230.2, 230.1, 230.3, 230.1];
        for series in [steady, drift, switched, noise] {
            let answers = series.map(|value| (value, 10));
            assert_eq!(repeated(&answers), None, "{series:?}");
        }
    }

    #[test]
    fn data_and_refusals_by_turns_and_second_answers_are_two_devices() {
        let mut mixed = RepeatedAnswers::default();
        let mut twice = RepeatedAnswers::default();
        for turn in 0..6 {
            let said = if turn % 2 == 0 { Ok(vec![1.0]) } else { Err(2) };
            mixed.record(said, Duration::from_millis(10));
            twice.record(Ok(vec![1.0]), Duration::from_millis(10));
            twice.record_twice(1);
        }
        let said = mixed.evidence(|_| String::new()).unwrap().to_string();
        assert!(said.starts_with("3 of 6 answers"), "{said}");
        let said = twice.evidence(|_| String::new()).unwrap().to_string();
        assert_eq!(said, "6 of the last 6 requests were answered twice");
    }

    #[test]
    fn a_suspicion_is_looked_at_once_and_evidence_ends_with_its_cause() {
        let mut watch = SharedAddressWatch::default();
        for turn in 0..REPEATS {
            let value = if turn % 2 == 0 { 230.0 } else { 110.0 };
            watch.record_poll(Box::new([f64::NAN, value]), false);
        }
        assert_eq!(watch.point_to_check(), Some(1));
        assert_eq!(watch.point_to_check(), None);
        watch.record_check(Some("two".into()));
        assert!(watch.evidence().is_some());
        for _ in 0..REPEATS {
            watch.record_poll(Box::new([f64::NAN, 230.0]), false);
        }
        assert_eq!(watch.evidence(), None);
    }

    proptest! {
        #[test]
        fn any_numbers_are_looked_at(series in prop::collection::vec(any::<f64>(), 0..12)) {
            if let Some(levels) = find_levels(&series) {
                prop_assert!(levels.low < levels.high);
            }
        }
    }
}
