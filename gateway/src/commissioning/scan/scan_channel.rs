//! Requests of a scan over a channel, and their duration.

use super::{DeviceLocation, DeviceScan, FoundDevice, ScanCost, ScanObserver, place_text};
use crate::buses::modbus::bus::{BusChannel, BusChannelError};
use crate::commissioning::scan_engine::{
    DeviceIdentifier, IdentificationStep, ScanAnswer, ScanLineSettings, ScanQuestion, unit_sweep,
};
use crate::commissioning::shared_address;
use crate::config::ModbusLink;
use crate::domain::{FaultDetail, QualityReason};
use drivers::frame::{ModbusFraming, ModbusReadReply, ModbusReadRequest};
use std::time::Duration;
use tokio::time::Instant;

/// Pause between two requests to an unknown device.
const PROBE_GAP: Duration = Duration::from_millis(10);
/// Bytes of an exception answer, and of an identification without its texts.
const REFUSAL_BYTES: usize = 5;
const IDENTIFICATION_BYTES: usize = 10;
/// Longest pause before a device has shown that it needs a longer one.
const SHORT_GAP_MAX: Duration = Duration::from_millis(60);
/// Minimum timeout while a found device is identified.
const FOUND_TIMEOUT: Duration = Duration::from_millis(400);

/// Channel to devices with its current line settings.
pub(crate) struct ScanChannel {
    pub(crate) channel: BusChannel,
    pub(crate) tuning: Option<ScanLineSettings>,
    /// The device needs the long pauses of its profile.
    is_slow: bool,
    /// The last request was followed by bytes that are no valid answer.
    pub(crate) is_garbled: bool,
    /// Reason why the last answer did not fit the request, when it is known.
    pub(crate) misfit: Option<FaultDetail>,
    /// That reason has already been reported for this network host.
    pub(crate) has_told_misfit: bool,
    /// Time of the last change of line settings.
    pub(crate) tuned_at: Instant,
    /// Units already reported as late.
    pub(crate) told_late: Vec<u8>,
}

impl ScanChannel {
    pub(crate) fn new(channel: BusChannel, tuning: Option<ScanLineSettings>) -> Self {
        Self {
            channel,
            tuning,
            is_slow: false,
            is_garbled: false,
            misfit: None,
            has_told_misfit: false,
            tuned_at: Instant::now(),
            told_late: Vec::new(),
        }
    }

    /// Sends one request; `Err` when the channel is lost.
    pub(crate) async fn send_request(
        &mut self,
        request: ModbusReadRequest,
        gap: Duration,
        cost: &mut ScanCost,
    ) -> Result<ScanAnswer, FaultDetail> {
        (self.is_garbled, self.misfit) = (false, None);
        let reply = self.channel.ask(request, gap).await;
        let answer = match reply {
            Ok(ModbusReadReply::Data(data)) => Ok(ScanAnswer::Words(data_to_words(request, data))),
            Ok(ModbusReadReply::Exception(code)) => Ok(ScanAnswer::Refused(code)),
            Err(failure) => {
                let reason = failure.reason();
                self.is_garbled = reason == QualityReason::Corrupt;
                self.misfit = (reason == QualityReason::Header).then(|| failure.detail());
                failure_as_silence(&failure)
            }
        };
        let most = request.reply_bytes(ModbusFraming::Rtu);
        let bytes = match answer {
            Ok(ScanAnswer::Refused(_)) => Some(REFUSAL_BYTES),
            Ok(ScanAnswer::Silence) | Err(_) => None,
            Ok(_) => Some(most),
        };
        cost.add_request(self, gap, bytes, most);
        answer
    }

    /// Reads registers of a device that may need long pauses. A short pause is tried first; after a
    /// silent answer the request is repeated with the long one, and the long pause is kept when it
    /// helps.
    async fn read_registers(
        &mut self,
        request: ModbusReadRequest,
        gap: Duration,
        cost: &mut ScanCost,
    ) -> ScanAnswer {
        // Some profiles want long pauses; with them a hundred identification requests to every
        // device would take too long.
        let short = if self.is_slow {
            gap
        } else {
            gap.min(SHORT_GAP_MAX)
        };
        let answer = self.send_request(request, short, cost).await;
        let answer = answer.unwrap_or(ScanAnswer::Silence);
        if answer != ScanAnswer::Silence || short == gap {
            return answer;
        }
        let again = self.send_request(request, gap, cost).await;
        let again = again.unwrap_or(ScanAnswer::Silence);
        self.is_slow = again != ScanAnswer::Silence;
        again
    }

    async fn ask_question(
        &mut self,
        asked: ScanQuestion,
        unit: u8,
        cost: &mut ScanCost,
    ) -> ScanAnswer {
        match asked {
            ScanQuestion::Read(request, gap) => {
                self.read_registers(request, gap.max(PROBE_GAP), cost).await
            }
            ScanQuestion::Identification => {
                let answer = match self.channel.read_identification(unit, PROBE_GAP).await {
                    Ok(Ok(objects)) => ScanAnswer::Objects(objects),
                    Ok(Err(code)) => ScanAnswer::Refused(code),
                    Err(_) => ScanAnswer::Silence,
                };
                let bytes = match &answer {
                    ScanAnswer::Objects(objects) => {
                        let text = |object: &(u8, String)| 2 + object.1.len();
                        Some(IDENTIFICATION_BYTES + objects.iter().map(text).sum::<usize>())
                    }
                    ScanAnswer::Silence => None,
                    ScanAnswer::Refused(_) | ScanAnswer::Words(_) => Some(REFUSAL_BYTES),
                };
                cost.add_request(self, PROBE_GAP, bytes, 0);
                answer
            }
        }
    }
}

impl<H: ScanObserver> DeviceScan<'_, H> {
    /// Identifies a found device by further requests.
    pub(crate) async fn identify_device(
        &mut self,
        asker: &mut ScanChannel,
        link: &ModbusLink,
        place: DeviceLocation,
        probe: (ModbusReadRequest, ScanAnswer),
    ) -> FoundDevice {
        let (request, first) = probe;
        self.warn_shared_address(asker, request, &place).await;
        let patience = asker.channel.timeout();
        // Longer than in the sweep: here a timeout costs time for one device, not for every unit.
        asker.channel.set_timeout(FOUND_TIMEOUT.max(patience));
        asker.is_slow = false;
        let mut identify = DeviceIdentifier::new(&self.profiles, request.unit, link);
        identify.record_probe(request, &first);
        let verdict = loop {
            match identify.next_step() {
                IdentificationStep::Done(verdict) => break verdict,
                IdentificationStep::Ask(question) => {
                    let answer = asker
                        .ask_question(question, request.unit, &mut self.cost)
                        .await;
                    identify.record_answer(answer);
                }
            }
        };
        asker.channel.set_timeout(patience);
        FoundDevice {
            place,
            unit: request.unit,
            verdict,
            configured: None,
        }
    }
}

impl<H: ScanObserver> DeviceScan<'_, H> {
    /// Reports a found unit that two devices seem to have.
    async fn warn_shared_address(
        &mut self,
        asker: &mut ScanChannel,
        request: ModbusReadRequest,
        place: &DeviceLocation,
    ) {
        let check = shared_address::check_address(&mut asker.channel, request).await;
        for (sent, bytes) in check.requests {
            let most = sent.reply_bytes(ModbusFraming::Rtu);
            let gap = shared_address::REPEAT_GAP;
            self.cost.add_request(asker, gap, bytes, most);
        }
        let Some(evidence) = check.evidence else {
            return;
        };
        let (unit, place) = (request.unit.to_string(), place_text(place));
        let detail = self.lang.fault_detail(&evidence);
        let args = [
            ("place", place.as_str()),
            ("unit", unit.as_str()),
            ("detail", detail.as_str()),
        ];
        self.host
            .warn(&self.lang.text_with("scan-two-devices", &args));
    }
}

/// Noise and no answer both count as silence; other failures end the scan of the target.
fn failure_as_silence(failure: &BusChannelError) -> Result<ScanAnswer, FaultDetail> {
    match failure.reason() {
        QualityReason::Timeout
        | QualityReason::Late
        | QualityReason::HalfAnswered
        | QualityReason::TwoDevices
        | QualityReason::Corrupt
        | QualityReason::Header => Ok(ScanAnswer::Silence),
        _ => Err(failure.detail()),
    }
}

/// Registers of an answer; coils and discrete inputs as registers of 0 and 1.
fn data_to_words(request: ModbusReadRequest, data: &[u8]) -> Vec<u16> {
    if request.function.is_bits() {
        let bit = |at: usize| Some(u16::from(data.get(at / 8)? >> (at % 8) & 1));
        return (0..usize::from(request.count)).map_while(bit).collect();
    }
    let pairs = data.chunks_exact(2);
    pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

impl ScanCost {
    /// Adds a request with an answer of `reply_bytes`; `None`: no answer.
    fn add_request(
        &mut self,
        asker: &ScanChannel,
        gap: Duration,
        reply_bytes: Option<usize>,
        most: usize,
    ) {
        self.questions += 1;
        let reply = reply_bytes.unwrap_or(most);
        self.limit += unit_sweep::wire_time(asker.tuning, reply)
            + gap.max(unit_sweep::frame_silence(asker.tuning));
        if reply_bytes.is_none() {
            self.limit += asker.channel.timeout();
        }
    }
}
