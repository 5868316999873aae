//! One poll of one device: sends its planned reads and remembers the refused ones.

mod address_check;
mod remedies;

use crate::buses::modbus::answer_record::AnswerRecord;
use crate::buses::modbus::bus::{BusChannel, BusChannelError};
use crate::buses::modbus::device_info::DeviceInfoReader;
use crate::buses::modbus::read_plan::{self, PlannedRead};
use crate::buses::modbus::register_image::RegisterImage;
use crate::buses::modbus::shared_address::SharedAddressWatch;
use crate::buses::modbus::silence_tracker::SilenceTracker;
use crate::buses::modbus::sunspec_discovery::{DiscoveryStep, SunSpecDiscovery};
use crate::buses::modbus::sunspec_state::{
    DeviceSunSpecState, apply_configured_limits, format_bases,
};
use crate::buses::modbus::tracked_read::TrackedRead;
use crate::config::{Device, ModbusLink, Point};
use crate::domain::{FaultDetail, MonoMs, QualityReason, SampleOutcome};
use crate::status::DeviceIdentity;
use drivers::frame::{ModbusFraming, ModbusReadFunction, ModbusReadReply, ModbusReadRequest};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// One device with its current read plan and the registers of its last poll.
#[derive(Debug)]
pub(in crate::buses::modbus) struct DeviceReader {
    /// The device as configured.
    pub(in crate::buses::modbus) device: Device,
    /// The device as it is read: a `SunSpec` device has its discovered addresses here.
    asked: Device,
    link: ModbusLink,
    asks: Vec<TrackedRead>,
    image: RegisterImage,
    discovery: Option<DeviceSunSpecState>,
    facts: DeviceInfoReader,
    silence: SilenceTracker,
    /// Number of single-value reads sent to check that the device is alive.
    alive_checks: usize,
    /// Times that a request without an answer is sent again.
    retries: u8,
    /// The last request was answered: a silence may be a lost answer.
    has_answered: bool,
    record: AnswerRecord,
    /// Signs of a second device at this address.
    shared: SharedAddressWatch,
    /// Requests answered in this poll.
    answers: u32,
    /// Requests not answered in this poll.
    silences: u32,
    /// This poll changed the read plan.
    pub(in crate::buses::modbus) has_learnt: bool,
    /// The last failed request.
    failed: Option<ModbusReadRequest>,
    /// Round-trip time of the last answered request, milliseconds.
    pub(in crate::buses::modbus) round_trip_ms: f64,
    /// Last request and its error, as text for log and status page.
    pub(in crate::buses::modbus) detail: FaultDetail,
}

impl DeviceReader {
    pub(in crate::buses::modbus) fn new(device: Device, link: &ModbusLink, retries: u8) -> Self {
        let mut reader = Self {
            asked: device.clone(),
            discovery: device.sunspec.clone().map(DeviceSunSpecState::new),
            facts: DeviceInfoReader::new(&device, link),
            device,
            link: link.clone(),
            asks: Vec::new(),
            image: RegisterImage::default(),
            silence: SilenceTracker::new(),
            alive_checks: 0,
            retries,
            has_answered: false,
            record: AnswerRecord::default(),
            shared: SharedAddressWatch::default(),
            answers: 0,
            silences: 0,
            has_learnt: false,
            failed: None,
            round_trip_ms: 0.0,
            detail: FaultDetail::default(),
        };
        if reader.discovery.is_none() {
            reader.replan();
        }
        reader
    }

    /// Adapts after one silent poll from now on, for a technician who waits.
    pub(in crate::buses::modbus) fn become_interactive(&mut self) {
        self.silence = SilenceTracker::interactive();
    }

    fn replan(&mut self) {
        let most = self.max_registers();
        self.asked.limits.max_registers = most;
        let asks = read_plan::plan_reads(&self.asked, &self.link).reads;
        self.asks = asks.into_iter().map(TrackedRead::new).collect();
    }

    /// Reads all points. A device that does not answer ends the poll at the first timeout, so that
    /// other devices of the bus lose one timeout and no more.
    pub(in crate::buses::modbus) async fn poll(
        &mut self,
        channel: &mut BusChannel,
        now: MonoMs,
    ) -> Result<Box<[SampleOutcome]>, BusChannelError> {
        self.image.clear();
        self.detail.clear();
        (self.answers, self.silences, self.has_learnt) = (0, 0, false);
        let result = self.read_all(channel, now).await;
        let result = result.map_err(|failure| self.as_half_answered(failure));
        let changed = self.discovery.as_ref();
        let changed = changed.is_some_and(|d| d.has_changed_models(&self.asked, &self.image));
        let mut result = result.map(|()| self.outcomes(changed));
        if let Ok(outcomes) = &mut result {
            self.watch_shared_address(channel, outcomes).await;
            self.read_device_info(channel, now).await;
        }
        if let Some(discovery) = &mut self.discovery {
            let gave = result.is_ok() && discovery.cut_short.is_none();
            discovery.record_poll(gave, changed);
        }
        result
    }

    async fn read_all(
        &mut self,
        channel: &mut BusChannel,
        now: MonoMs,
    ) -> Result<(), BusChannelError> {
        self.discover_models(channel).await?;
        self.check_alive(channel, now).await?;
        let mut index = 0;
        // Each turn either finishes a read or splits it into smaller ones; single values cannot be
        // split, so the loop ends.
        while index < self.asks.len() {
            if self.perform_read(index, channel, now).await? {
                index += 1;
            }
        }
        self.silence.end_poll();
        Ok(())
    }

    /// Reads a single value when the first read of this poll timed out lately, to tell a dead
    /// device from one that is silent to this read only.
    async fn check_alive(
        &mut self,
        channel: &mut BusChannel,
        now: MonoMs,
    ) -> Result<(), BusChannelError> {
        let is_asked = |tracked: &&TrackedRead| !tracked.is_suspended(now);
        let unit = self.device.unit;
        let first = self.asks.iter().find(is_asked);
        let Some(first) = first.map(|first| first.read.to_request(unit)) else {
            return Ok(());
        };
        if self.answers > 0 || !self.silence.is_suspected(first) {
            return Ok(());
        }
        self.alive_checks = self.alive_checks.wrapping_add(1);
        let turn = self.alive_checks % self.asks.len();
        let single = self.asks[turn]
            .read
            .single_value_read(&self.asked, self.alive_checks);
        let single = single.map(|single| single.to_request(unit));
        if let Some(single) = single.filter(|single| *single != first) {
            // An exception is a sign of life as well.
            let _ = self.send_request(single, channel).await?;
        }
        Ok(())
    }

    /// Discovers the models of a `SunSpec` device, unless they are known.
    async fn discover_models(&mut self, channel: &mut BusChannel) -> Result<(), BusChannelError> {
        let Some(discovery) = self.discovery.as_ref().filter(|d| d.fitted.is_none()) else {
            return Ok(());
        };
        let mut survey =
            SunSpecDiscovery::new(&discovery.wanted, self.max_registers(), discovery.first);
        let found = loop {
            match survey.next() {
                DiscoveryStep::Done(found) => break found,
                DiscoveryStep::Nothing => {
                    let bases = format_bases(self.discovery.as_ref());
                    let english = format!("no SunSpec list of models at {bases}");
                    self.detail =
                        FaultDetail::message(english, "detail-no-models", &[("bases", &bases)]);
                    return Err(BusChannelError::NotFound(self.detail.clone()));
                }
                DiscoveryStep::Ask(address, count) => {
                    let request = ModbusReadRequest {
                        unit: self.device.unit,
                        function: ModbusReadFunction::Holding,
                        address,
                        count,
                    };
                    let answer = self.send_request(request, channel).await;
                    // The next poll begins with the next base, so that each poll costs one timeout
                    // at most.
                    if matches!(answer, Err(BusChannelError::Timeout(_))) {
                        self.decide_remedy(request, false);
                    }
                    if answer.is_err()
                        && !survey.has_begun()
                        && let Some(discovery) = &mut self.discovery
                    {
                        discovery.first += 1;
                    }
                    survey
                        .record_answer(answer_registers(&answer?).as_deref().map_err(|code| *code));
                }
            }
        };
        if let Some(discovery) = &mut self.discovery {
            let mut fitted = discovery.wanted.resolve_points(&found.models);
            apply_configured_limits(&self.device.points, &mut fitted);
            self.asked.points = Arc::from(&*fitted.points);
            let nothing = fitted.slots.iter().all(Option::is_none);
            discovery.cut_short = found.identity.cut_short.clone().filter(|_| nothing);
            discovery.fitted = Some(fitted);
            discovery.identity = Some(found.identity);
            discovery.misses = 0;
        }
        self.replan();
        Ok(())
    }

    /// Reads the device information (serial number, firmware) when it is due. A failure is ignored
    /// and retried later, since the values of this poll have been read already.
    async fn read_device_info(&mut self, channel: &mut BusChannel, now: MonoMs) {
        if !self.facts.are_due(now) {
            return;
        }
        let (detail, round_trip_ms) = (self.detail.clone(), self.round_trip_ms);
        let mut answered = true;
        for ask in self.facts.planned_reads() {
            match self
                .send_request(ask.to_request(self.device.unit), channel)
                .await
            {
                Ok(Ok(data)) => self.facts.store_answer(&ask, &data),
                Ok(Err(_refused)) => {}
                Err(_failure) => {
                    answered = false;
                    // The error and round trip reported for the poll must stay.
                    break;
                }
            }
        }
        self.facts.finish_read(answered, now);
        (self.detail, self.round_trip_ms) = (detail, round_trip_ms);
    }

    /// Performs one planned read. Returns false when the read was split and the same index must be
    /// tried again.
    async fn perform_read(
        &mut self,
        index: usize,
        channel: &mut BusChannel,
        now: MonoMs,
    ) -> Result<bool, BusChannelError> {
        let tracked = &self.asks[index];
        let ask = &tracked.read;
        let (table, address, count) = (ask.table, ask.address, ask.count);
        if let Some((reason, _)) = tracked.refused.filter(|(_, until)| now < *until) {
            let why = match reason {
                QualityReason::Refused(code) => BusChannelError::Refused(code).detail(),
                _ => FaultDetail::message(
                    "no answer, while others are answered",
                    "detail-silent-register",
                    &[],
                ),
            };
            let place = format!("{table:?}:{address} x {count}: ");
            self.detail = FaultDetail::from(place).followed_by(why);
            self.image.store_failure(table, address, count, reason);
            return Ok(true);
        }
        let request = ask.to_request(self.device.unit);
        match self.send_request(request, channel).await {
            Ok(Ok(data)) => {
                self.image.store_reply(table, address, count, &data);
                let tracked = &mut self.asks[index];
                (tracked.refused, tracked.was_silent) = (None, false);
                Ok(true)
            }
            Ok(Err(code)) => self.handle_exception(index, code, now),
            Err(failure @ BusChannelError::Timeout(_)) => self.handle_silence(index, failure, now),
            Err(failure) => Err(failure),
        }
    }

    /// Largest number of registers of one read: the configured limit, or less when the device did
    /// not answer longer reads.
    fn max_registers(&self) -> u16 {
        let configured = self.device.limits.max_registers;
        // A device with aligned registers must still be asked for whole values.
        let align = self.device.limits.align.max(1);
        let learnt = self
            .silence
            .learned_max_registers()
            .map(|most| (most - most % align).max(align));
        learnt.map_or(configured, |learnt| learnt.min(configured))
    }

    /// Learned limit of registers in one read; `None` when none was learned.
    pub(in crate::buses::modbus) fn shortened_to(&self) -> Option<u16> {
        self.silence
            .learned_max_registers()
            .map(|_| self.max_registers())
    }

    /// Sends a request and returns the data of the reply, or the exception code.
    async fn send_request(
        &mut self,
        request: ModbusReadRequest,
        channel: &mut BusChannel,
    ) -> Result<Result<Vec<u8>, u8>, BusChannelError> {
        let mut reply = self.ask_once(request, channel).await;
        // A device that was silent before costs the others of its bus one timeout and no more.
        let mut tries = if self.has_answered { self.retries } else { 0 };
        while tries > 0 && matches!(reply, Err(BusChannelError::Timeout(_))) {
            tries -= 1;
            reply = self.ask_once(request, channel).await;
        }
        self.has_answered = reply.is_ok();
        match &reply {
            Ok(_) => {
                self.answers += 1;
                self.silence.record_answer(request);
            }
            Err(failure) => {
                self.silences += 1;
                self.failed = Some(request);
                self.detail = failure_detail(request, failure);
            }
        }
        reply
    }

    async fn ask_once(
        &mut self,
        request: ModbusReadRequest,
        channel: &mut BusChannel,
    ) -> Result<Result<Vec<u8>, u8>, BusChannelError> {
        let start = Instant::now();
        let gap = self.device.limits.gap;
        let reply = channel.ask(request, gap).await.map(reply_data);
        match &reply {
            Ok(_) => {
                self.round_trip_ms = start.elapsed().as_secs_f64() * 1000.0;
                self.record.record(true);
            }
            // Only a silence that the device has caused counts.
            Err(BusChannelError::Timeout(_)) if channel.is_silence_meaningful() => {
                self.record.record(false);
            }
            Err(_) => {}
        }
        reply
    }

    /// Answers and requests, of a device that answers only some of them.
    pub(in crate::buses::modbus) fn half_answered(&self) -> Option<(u32, u32)> {
        self.record.half_answered()
    }

    /// The failure of a device that answers only some of its requests, in place of a silence.
    fn as_half_answered(&mut self, failure: BusChannelError) -> BusChannelError {
        let (BusChannelError::Timeout(ms), Some((answered, sent))) =
            (&failure, self.half_answered())
        else {
            return failure;
        };
        let failure = BusChannelError::HalfAnswered(*ms, answered, sent);
        if let Some(request) = self.failed {
            self.detail = failure_detail(request, &failure);
        }
        failure
    }

    /// Returns the last failed request as "late": its reply came after the timeout.
    pub(in crate::buses::modbus) fn as_late_error(
        &mut self,
        timeout: Duration,
        after: Option<Duration>,
    ) -> BusChannelError {
        let failure = BusChannelError::Late(timeout, after);
        if let Some(request) = self.failed {
            self.detail = failure_detail(request, &failure);
        }
        failure
    }

    /// Returns one outcome for each configured point.
    fn outcomes(&self, changed: bool) -> Box<[SampleOutcome]> {
        if changed {
            let none = SampleOutcome::Bad(QualityReason::NotValid);
            // The registers belong to another model now: a value would be wrong.
            return vec![none; self.device.points.len()].into();
        }
        self.arrange_by_slot(self.image.decode_outcomes(&self.asked))
    }

    /// Same as `outcomes` without limits: values that were rejected as out of range.
    pub(in crate::buses::modbus) fn outcomes_without_limits(&self) -> Box<[SampleOutcome]> {
        let mut asked = self.asked.clone();
        for point in Arc::make_mut(&mut asked.points) {
            (point.min, point.max) = (None, None);
        }
        self.arrange_by_slot(self.image.decode_outcomes(&asked))
    }

    fn arrange_by_slot(&self, all: Box<[SampleOutcome]>) -> Box<[SampleOutcome]> {
        let Some(slots) = self.point_slots() else {
            return all;
        };
        let of = |slot: &Option<usize>| slot.and_then(|slot| all.get(slot).copied());
        let absent = SampleOutcome::Bad(QualityReason::Absent);
        slots
            .iter()
            .map(|slot| of(slot).unwrap_or(absent))
            .collect()
    }

    fn point_slots(&self) -> Option<&[Option<usize>]> {
        let fitted = self.discovery.as_ref()?.fitted.as_ref()?;
        Some(&fitted.slots)
    }

    /// Returns the configured point of this index as it is read; `None` when the device has none.
    pub(in crate::buses::modbus) fn point_as_read(&self, index: usize) -> Option<&Point> {
        match (&self.discovery, self.point_slots()) {
            (None, _) => self.asked.points.get(index),
            (Some(_), None) => None,
            (Some(_), Some(slots)) => self.asked.points.get((*slots.get(index)?)?),
        }
    }

    /// Reason that the device's model list ended early; `None` when it did not.
    pub(in crate::buses::modbus) fn list_end_reason(&self) -> Option<&str> {
        self.discovery.as_ref()?.cut_short.as_deref()
    }

    /// Returns manufacturer, model, version and serial number, when they have been read.
    pub(in crate::buses::modbus) fn identity(&self) -> Option<&DeviceIdentity> {
        let found = self
            .discovery
            .as_ref()
            .and_then(|found| found.identity.as_ref());
        found.or(self.facts.identity())
    }

    pub(in crate::buses::modbus) fn image(&self) -> &RegisterImage {
        &self.image
    }

    /// Returns the planned reads, each with the bytes of its RTU reply.
    pub(in crate::buses::modbus) fn planned_reads(
        &self,
    ) -> impl Iterator<Item = (&PlannedRead, usize)> {
        let size = |ask: &PlannedRead| {
            ask.to_request(self.device.unit)
                .reply_bytes(ModbusFraming::Rtu)
        };
        self.asks
            .iter()
            .map(move |tracked| (&tracked.read, size(&tracked.read)))
    }
}

fn failure_detail(request: ModbusReadRequest, failure: &BusChannelError) -> FaultDetail {
    let (function, address) = (request.function, request.address);
    let place = format!("{function:?}:{address} x {}: ", request.count);
    FaultDetail::from(place).followed_by(failure.detail())
}

/// Returns the data of a reply, or the exception code.
fn reply_data(reply: ModbusReadReply<'_>) -> Result<Vec<u8>, u8> {
    match reply {
        ModbusReadReply::Data(data) => Ok(data.to_vec()),
        ModbusReadReply::Exception(code) => Err(code),
    }
}

/// Converts reply data to registers.
fn answer_registers(answer: &Result<Vec<u8>, u8>) -> Result<Vec<u16>, u8> {
    let data = answer.as_ref().map_err(|code| *code)?;
    let pairs = data.chunks_exact(2);
    Ok(pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect())
}

#[cfg(test)]
mod tests;
