//! Look for a second device at the address of a device that answers.

use super::DeviceReader;
use crate::buses::modbus::bus::BusChannel;
use crate::buses::modbus::read_plan::{PlannedRead, register_spans};
use crate::buses::modbus::register_image::RegisterImage;
use crate::buses::modbus::shared_address::{REPEATS, RepeatedAnswers};
use crate::domain::{ExactNumber, FaultDetail, QualityReason, SampleOutcome};
use std::time::Duration;
use tokio::time::Instant;

/// Pause between two repetitions: time for a second answer.
const REPEAT_GAP: Duration = Duration::from_millis(100);
/// Longest time of all repetitions: the other devices of the bus wait.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

impl DeviceReader {
    /// Takes the outcomes of a poll. A suspicion is checked at once; with two devices at one
    /// address no value is certain.
    pub(super) async fn watch_shared_address(
        &mut self,
        channel: &mut BusChannel,
        outcomes: &mut [SampleOutcome],
    ) {
        let numbers = outcomes.iter().map(number_or_nan).collect();
        let has_second = channel.take_second_answers() > 0;
        self.shared.record_poll(numbers, has_second);
        if let Some(point) = self.shared.point_to_check() {
            let evidence = self.repeat_request(Some(point), channel).await;
            self.shared.record_check(evidence);
        }
        if self.shared.evidence().is_some() {
            for outcome in outcomes.iter_mut() {
                if let SampleOutcome::Good(number) = *outcome {
                    *outcome = SampleOutcome::Uncertain(number, QualityReason::TwoDevices);
                }
            }
        }
    }

    /// Repeats a request of the plan for a technician; returns the evidence for two devices.
    pub(in crate::buses::modbus) async fn check_address(
        &mut self,
        channel: &mut BusChannel,
    ) -> Option<FaultDetail> {
        let evidence = self.repeat_request(None, channel).await;
        self.shared.record_check(evidence.clone());
        evidence
    }

    /// Evidence for two devices at this address.
    pub(in crate::buses::modbus) fn shared_address(&self) -> Option<&FaultDetail> {
        self.shared.evidence()
    }

    /// Sends the request of this point (of the first read without one) several times; returns the
    /// evidence for two devices.
    async fn repeat_request(
        &mut self,
        point: Option<usize>,
        channel: &mut BusChannel,
    ) -> Option<FaultDetail> {
        let read = self.read_of_point(point)?.clone();
        let request = read.to_request(self.device.unit);
        let (gap, begin) = (self.device.limits.gap.max(REPEAT_GAP), Instant::now());
        let mut answers = RepeatedAnswers::default();
        channel.take_second_answers();
        for _ in 0..REPEATS {
            let reply = channel.ask(request, gap).await.map(super::reply_data);
            let took = channel.last_answer_time();
            let Ok(reply) = reply else {
                break;
            };
            answers.record(reply.map(|data| self.read_numbers(&read, &data)), took);
            answers.record_twice(channel.take_second_answers());
            if begin.elapsed() > CHECK_LIMIT {
                break;
            }
        }
        let name = |at: usize| {
            self.asked
                .points
                .get(at)
                .map(|point| point.name.to_string())
        };
        answers.evidence(|at| name(at).unwrap_or_default())
    }

    /// Read of the plan that has this point; the first one without a point.
    fn read_of_point(&self, point: Option<usize>) -> Option<&PlannedRead> {
        let mut reads = self.asks.iter().map(|tracked| &tracked.read);
        let Some(point) = point else {
            return reads.next();
        };
        let (table, first, _) = register_spans(self.point_as_read(point)?).next()?;
        reads.find(|read| {
            let offset = first.checked_sub(read.address);
            read.table == table && offset.is_some_and(|offset| offset < read.count)
        })
    }

    /// Numbers of all points of this read, NaN for a point outside or without a number.
    fn read_numbers(&self, read: &PlannedRead, data: &[u8]) -> Vec<f64> {
        let mut image = RegisterImage::default();
        image.store_reply(read.table, read.address, read.count, data);
        let outcomes = image.decode_outcomes(&self.asked);
        outcomes.iter().map(number_or_nan).collect()
    }
}

fn number_or_nan(outcome: &SampleOutcome) -> f64 {
    outcome.number().map_or(f64::NAN, ExactNumber::to_f64)
}
