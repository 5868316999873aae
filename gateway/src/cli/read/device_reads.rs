//! Reads of one device, and what they say about it.

use super::other_registers::OtherRegisters;
use super::ranking;
use crate::buses::mqtt::NODE_READ_SECONDS;
use crate::buses::{AdhocReader, AdhocReading};
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE};
use crate::commissioning::fault_diagnosis;
use crate::commissioning::register_inference::HypothesisRanking;
use crate::config::{Bus, Point};
use crate::domain::{ExactNumber, QualityReason, SampleOutcome};
use crate::i18n::Language;
use crate::limits::SETTLE_MAX_MS;
use std::time::Duration;

/// Pause between two reads: most devices have measured again by then.
const READ_PAUSE: Duration = Duration::from_millis(500);
/// Reads of the live screen that are ranked together.
const LIVE_READS_MAX: usize = 16;

/// Reads of one device: the last one in full, the registers of all.
pub(super) struct DeviceReads {
    pub(super) once: AdhocReading,
    /// For each point, the registers of every read that gave it.
    pub(super) reads: Vec<Vec<Vec<u16>>>,
    pub(super) round_trips_ms: Vec<f64>,
    /// Fault of each device on its line, this device first; empty when it answers.
    pub(super) line: Vec<Option<QualityReason>>,
    /// Registers that were tried for one that the device refuses.
    pub(super) others: OtherRegisters,
}

impl DeviceReads {
    pub(super) fn exit_status(&self) -> u8 {
        let mut outcomes = self.once.outcomes.iter();
        if outcomes.any(|outcome| outcome.number().is_some()) {
            EXIT_DONE
        } else {
            EXIT_NEGATIVE
        }
    }

    pub(super) fn from_first_read(once: AdhocReading) -> Self {
        let registers = once.details.registers.iter().cloned();
        Self {
            reads: registers.map(|read| read.into_iter().collect()).collect(),
            round_trips_ms: good_round_trip(&once).into_iter().collect(),
            line: Vec::new(),
            others: OtherRegisters::default(),
            once,
        }
    }

    /// Adds a later read; one without an answer leaves the earlier ones as they are.
    pub(super) fn add_read(&mut self, once: AdhocReading) {
        if once.failure.is_some() {
            return;
        }
        for (reads, read) in self.reads.iter_mut().zip(&once.details.registers) {
            reads.extend(read.clone());
        }
        self.round_trips_ms.extend(good_round_trip(&once));
        self.once = once;
    }

    /// Adds a read of the live screen: a failure is shown, and old reads are dropped.
    pub(super) fn add_live_read(&mut self, once: AdhocReading) {
        if once.failure.is_some() {
            self.once = once;
            return;
        }
        self.add_read(once);
        let old = |all: usize| all.saturating_sub(LIVE_READS_MAX);
        self.round_trips_ms.drain(..old(self.round_trips_ms.len()));
        for reads in &mut self.reads {
            reads.drain(..old(reads.len()));
        }
    }

    pub(super) fn rank_point(
        &self,
        index: usize,
        display: &[(String, ExactNumber)],
    ) -> Option<(&Point, HypothesisRanking)> {
        let point = self.once.details.points.get(index)?.as_ref()?;
        let shown = display.iter().find(|(name, _)| **name == *point.name);
        let ranking = ranking::rank_point(
            point,
            self.reads.get(index)?,
            shown.map(|(_, value)| *value),
        )?;
        Some((point, ranking))
    }
}

/// Reads so many times; stops at the first failure.
pub(super) async fn read_times(
    session: &mut AdhocReader,
    times: u8,
    is_node: bool,
    lang: Language,
) -> DeviceReads {
    let waiting = || {
        // Only the first read waits: for a device that ignores requests after connecting, or for
        // one that sends by itself.
        let (key, seconds) = if is_node {
            ("cli-read-waiting-node", NODE_READ_SECONDS)
        } else {
            ("cli-read-waiting", SETTLE_MAX_MS.div_ceil(1000))
        };
        let seconds = seconds.to_string();
        eprintln!("{}", lang.text_with(key, &[("seconds", &seconds)]));
    };
    let mut seen = DeviceReads::from_first_read(session.read_patiently(waiting).await);
    for _ in 1..times {
        if seen.once.failure.is_some() {
            break;
        }
        tokio::time::sleep(READ_PAUSE).await;
        seen.add_read(session.read().await);
    }
    // One read is over at once; with several there is time for a look at the address.
    if times > 1 && seen.once.failure.is_none() {
        let shared = session.check_address().await;
        seen.once.fault = shared.or(seen.once.fault);
    }
    seen
}

fn good_round_trip(once: &AdhocReading) -> Option<f64> {
    // A bus without requests (pins, sensor nodes) has none.
    let has_answered = once.failure.is_none() && once.round_trip_ms > 0.0;
    has_answered.then_some(once.round_trip_ms)
}

/// Message key of the advice for a device that gave nothing, or that refused some requests.
pub(super) fn advice_key(bus: &Bus, seen: &DeviceReads) -> Option<&'static str> {
    let once = &seen.once;
    let whole = once.failure.as_ref().map(|(failure, _)| failure.reason);
    let mut parts = once.outcomes.iter().filter_map(SampleOutcome::reason);
    let refused = parts.find(|reason| matches!(reason, QualityReason::Refused(_)));
    let fault = once.fault.as_ref().map(|fault| fault.reason);
    let reason = whole.or(refused).or(fault)?;
    let alone = [Some(reason)];
    let line = if seen.line.is_empty() {
        &alone[..]
    } else {
        &seen.line
    };
    fault_diagnosis::advice_key(reason, Some(&bus.link), line)
}
