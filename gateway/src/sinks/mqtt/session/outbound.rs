//! Selection of the next reading to send, and of what may be in flight beside it.

use super::MqttSession;
use crate::domain::NumberedReading;
use crate::limits::{MQTT_PACKET_MAX, MQTT_PROBE_PINGS, MQTT_WINDOW};
use crate::mqtt_link::{BrokerLinkError, ConnectionEndCause, PublishMessage};
use crate::sinks::lane_feed::LaneRefill;
use crate::sinks::mqtt::ack_window::InFlightReading;
use crate::sinks::mqtt::hangup_suspicion::ControlStage;
use crate::sinks::mqtt::payload;
use crate::sinks::mqtt::session::ControlReading;
use crate::sinks::reading_dates::ReadingDate;
use crate::sinks::refusal_proof::REFUSALS_NAMED;
use crate::storage::{DeliveryLane, StoreError};
use std::sync::Arc;
use tokio::time::Instant;

/// Readings taken from the journal at once.
const JOURNAL_BATCH: usize = 4 * MQTT_WINDOW;
/// Bytes reserved for the topic and the fixed parts of a packet.
const PACKET_ROOM: usize = 512;

/// Reading, and the lane that delivers it.
pub(super) type LaneReading<'r> = (DeliveryLane, &'r NumberedReading);

/// Decision about the next reading.
enum SendDecision {
    Send(InFlightReading),
    Refuse(String),
    /// Refused for good only when the broker takes another one.
    Hold(InFlightReading, String),
    /// Refused as the cause of lost connections.
    RefuseSuspect,
    /// Nothing to do until a packet is received.
    Wait,
}

impl MqttSession<'_> {
    /// Fills the window from the journal; returns the time to continue while the backlog is
    /// throttled.
    pub(super) async fn fill_window(&mut self) -> Result<Option<Instant>, StoreError> {
        // No new readings during a clean end: what is in flight is acknowledged first.
        if self.closing.is_some() {
            return Ok(None);
        }
        self.sink.progress.durable.borrow_and_update();
        if self.sink.dates.become_settled(&self.sink.progress).await {
            // What was taken before has the old times.
            for lane in DeliveryLane::ALL {
                self.feeds.of(lane).retake();
            }
            self.end_date_wait();
        }
        self.ask_again().await?;
        let mut may = self.pace.allowance(Instant::now());
        while self.has_window_room() {
            let Some(lane) = self.next_lane().await? else {
                return Ok(None);
            };
            let is_backlog = lane == DeliveryLane::Backlog;
            if is_backlog && may == 0 {
                return Ok(Some(self.pace.next_check()));
            }
            if !self.process_next(lane).await? {
                return Ok(None);
            }
            if is_backlog {
                may -= 1;
                self.pace.take(1);
            }
        }
        Ok(None)
    }

    /// Returns the lane of the next reading: the live one first, unless the other has to go alone.
    async fn next_lane(&mut self) -> Result<Option<DeliveryLane>, StoreError> {
        let first = self.turn.unwrap_or(DeliveryLane::Live);
        let has_first = self.has_reading(first).await?;
        // Looked for also while the first one has its turn: it may be the control.
        let has_other =
            (!has_first || self.turn.is_some()) && self.has_reading(first.other()).await?;
        let other = has_other.then_some(first.other());
        Ok(if has_first { Some(first) } else { other })
    }

    /// Takes the next readings of a lane from the journal; returns whether there is one to send.
    async fn has_reading(&mut self, lane: DeliveryLane) -> Result<bool, StoreError> {
        loop {
            let feed = self.feeds.of(lane);
            match feed.refill(&self.sink.progress, JOURNAL_BATCH).await? {
                LaneRefill::Taken => {
                    // One that waits for its date holds the other lane up no more than none does.
                    let next = feed.taken.front();
                    let dates = &mut self.sink.dates;
                    let waits = next.is_some_and(|one| dates.judge(one) == ReadingDate::Waiting);
                    return Ok(!waits);
                }
                // Each turn removes a stretch of the backlog.
                LaneRefill::Missing(until) if self.acks.len() == 0 => {
                    self.sink.progress.pass_missing(until);
                }
                LaneRefill::Missing(_) | LaneRefill::Empty => return Ok(false),
            }
        }
    }

    /// True when another message fits; one place is reserved for the "offline" message.
    pub(super) fn has_window_room(&self) -> bool {
        let most = self.link.window.saturating_sub(1).max(1);
        // Behind refused readings may be one that the broker takes.
        let span = if self.acks.is_held_up() {
            JOURNAL_BATCH
        } else {
            most
        };
        let is_free = self.acks.open_count() < most && self.acks.len() < span;
        is_free && !self.link.is_output_full() && !self.alone && self.echo.is_settled()
    }

    /// Processes the next reading of a lane; returns false when it has to wait.
    async fn process_next(&mut self, lane: DeliveryLane) -> Result<bool, StoreError> {
        let Some(numbered) = self.feeds.of(lane).pop() else {
            return Ok(false);
        };
        match self.decide_sending((lane, &numbered)) {
            SendDecision::Send(flying) => {
                self.turn = None;
                self.send_message(flying, Some(flying));
                Ok(true)
            }
            SendDecision::Refuse(why) => {
                self.turn = None;
                self.refuse_reading((lane, &numbered), &why).await?;
                Ok(true)
            }
            SendDecision::Hold(flying, why) => {
                self.turn = None;
                if self.sink.proof.record_refusal(flying.seq, REFUSALS_NAMED) {
                    self.refuse_reading((lane, &numbered), &why).await?;
                } else {
                    self.held = Some(BrokerLinkError::new(ConnectionEndCause::Refused, why));
                    self.acks.push_held(flying, Instant::now());
                }
                Ok(true)
            }
            SendDecision::RefuseSuspect => {
                self.feeds.of(lane).put_back(numbered);
                self.refuse_suspect(lane).await?;
                Ok(true)
            }
            SendDecision::Wait => {
                // The window would never be empty if the other lane went on.
                self.turn = Some(lane);
                self.feeds.of(lane).put_back(numbered);
                Ok(false)
            }
        }
    }

    fn decide_sending(&mut self, (lane, numbered): LaneReading<'_>) -> SendDecision {
        let flying = match self.encode_reading((lane, numbered)) {
            Ok(flying) => flying,
            Err(why) => return SendDecision::Refuse(why.to_owned()),
        };
        // The limit is the broker's own (5.0): sending a larger packet would end the connection.
        let bytes = flying.bytes;
        if bytes > self.link.packet_max {
            let why = self.limit_text(bytes);
            return match self.smallest_acked {
                Some(_) => SendDecision::Refuse(why),
                None => SendDecision::Hold(flying, why),
            };
        }
        let suspicion = self.sink.suspicions.of(lane);
        if let Some(known) = suspicion.known_size_limit(&flying, Instant::now()) {
            return SendDecision::Refuse(format!(
                "{bytes} bytes: the broker takes no messages of {known} bytes from this device"
            ));
        }
        if !suspicion.must_go_alone(&flying) {
            return SendDecision::Send(flying);
        }
        // A doubtful reading is sent only when nothing else is in flight.
        if self.acks.open_count() > 0 {
            return SendDecision::Wait;
        }
        // The link is measured with pings first, so that a bad link is not mistaken for a bad
        // reading.
        if suspicion.is_suspect(flying.seq) {
            if self.pongs < MQTT_PROBE_PINGS {
                self.send_ping();
                return SendDecision::Wait;
            }
            let control = suspicion.ripe_suspect().map(|suspect| suspect.control);
            if control == Some(ControlStage::Proved) {
                return SendDecision::RefuseSuspect;
            }
            if control == Some(ControlStage::Missing) {
                // A smaller reading of the live lane was accepted before it had its turn.
                let acked = self.smallest_acked;
                if acked.is_some_and(|bytes| bytes < flying.bytes) {
                    suspicion.record_accepted_control();
                } else if self.send_control(&flying) {
                    return SendDecision::Wait;
                }
            }
            // The search for a control has overwritten the scratch buffer.
            if self.encode_reading((lane, numbered)).is_err() {
                return SendDecision::Wait;
            }
        }
        self.alone = true;
        SendDecision::Send(flying)
    }

    fn limit_text(&self, bytes: usize) -> String {
        let most = self.link.packet_max;
        format!("{bytes} bytes: the broker takes no message above {most} bytes")
    }

    /// Sends refused readings again, or gives them up, after the broker has taken another one.
    async fn ask_again(&mut self) -> Result<(), StoreError> {
        let proof = &self.sink.proof;
        let held = self.acks.held();
        let due: Vec<_> = held
            .filter(|(_, reading)| proof.is_worth_asking(reading.seq))
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        for (id, reading) in due {
            if reading.bytes > self.link.packet_max {
                let why = self.limit_text(reading.bytes);
                self.give_up_held(id, &reading, &why).await?;
                continue;
            }
            let most = self.link.window.saturating_sub(1).max(1);
            let is_free = self.acks.open_count() < most && !self.link.is_output_full();
            if !is_free || self.alone {
                break;
            }
            match self.encode_again(&reading).await {
                Ok(true) => {}
                Ok(false) => {
                    let why = "the journal no longer has it";
                    self.give_up_held(id, &reading, why).await?;
                    continue;
                }
                // It is asked again when the disk answers.
                Err(StoreError::Hung(_)) => break,
                Err(failed) => return Err(failed),
            }
            // A refused packet id is free (5.0, 2.2.1); with it the reading keeps its place.
            self.acks.reopen(id, Instant::now());
            self.write_message(&reading, id);
        }
        self.advance_cursor();
        Ok(())
    }

    /// Puts a held reading on the refused list.
    pub(super) async fn give_up_held(
        &mut self,
        id: u16,
        reading: &InFlightReading,
        why: &str,
    ) -> Result<(), StoreError> {
        self.encode_again(reading).await?;
        let progress = &mut self.sink.progress;
        progress
            .refuse_reading(reading.seq, why, &self.scratch)
            .await?;
        self.acks.give_up(id);
        Ok(())
    }

    /// Takes a reading from the journal once more and writes its message into the scratch buffer;
    /// returns whether that has it.
    async fn encode_again(&mut self, reading: &InFlightReading) -> Result<bool, StoreError> {
        self.scratch.clear();
        let before = reading.seq.saturating_sub(1);
        let found = self.sink.progress.store.read_journal(before, 1).await?;
        let Some(numbered) = found.first().filter(|one| one.seq == reading.seq) else {
            return Ok(false);
        };
        Ok(self.encode_reading((reading.lane, numbered)).is_ok())
    }

    /// Sends the next smaller reading before its turn, as control; returns false when there is
    /// none.
    fn send_control(&mut self, suspect: &InFlightReading) -> bool {
        // The end of a backlog may have no other reading: then one of the live lane serves.
        for lane in [suspect.lane, suspect.lane.other()] {
            let taken: Vec<_> = self.feeds.of(lane).taken.iter().map(Arc::clone).collect();
            for numbered in taken {
                if self.sink.dates.judge(&numbered) == ReadingDate::Waiting {
                    break;
                }
                if let Ok(reading) = self.encode_reading((lane, &numbered))
                    && reading.bytes < suspect.bytes
                {
                    self.alone = true;
                    let id = self.send_message(reading, None);
                    let suspect = suspect.lane;
                    self.control = Some(ControlReading {
                        id,
                        reading,
                        suspect,
                    });
                    return true;
                }
            }
        }
        false
    }

    /// Writes the reading's message into the scratch buffer; the error says why no broker accepts
    /// it.
    pub(super) fn encode_reading(
        &mut self,
        (lane, numbered): LaneReading<'_>,
    ) -> Result<InFlightReading, &'static str> {
        self.scratch.clear();
        let (seq, reading) = (numbered.seq, &numbered.reading);
        let index = usize::from(reading.device);
        let device = self.sink.site.devices.get(index);
        let (Some(device), Some(topic)) = (device, self.sink.topics.get(index)) else {
            return Err("its device is no longer in the configuration");
        };
        let store = self.sink.progress.store.id();
        payload::encode_payload(&mut self.scratch, store, device, (lane, numbered));
        // A topic comes from the ids of the configuration; a broker would close the connection over
        // a wildcard.
        if topic.contains(['+', '#']) {
            return Err("the topic has a wildcard in it");
        }
        if self.scratch.len() + topic.len() + PACKET_ROOM > MQTT_PACKET_MAX {
            return Err("larger than an MQTT packet may be");
        }
        let message = PublishMessage {
            topic,
            payload: &self.scratch,
            retain: false,
        };
        let bytes = message.packet_bytes(self.link.version);
        Ok(InFlightReading {
            seq,
            at: reading.at,
            device: reading.device,
            bytes,
            lane,
        })
    }

    /// Sends the scratch buffer; `counted` when the acknowledgement moves the cursor.
    fn send_message(&mut self, flying: InFlightReading, counted: Option<InFlightReading>) -> u16 {
        let id = self.acks.push_sent(counted, Instant::now());
        self.write_message(&flying, id);
        id
    }

    /// Writes the scratch buffer as message of a reading.
    fn write_message(&mut self, flying: &InFlightReading, id: u16) {
        if let Some(topic) = self.sink.topics.get(usize::from(flying.device)) {
            let message = PublishMessage {
                topic,
                payload: &self.scratch,
                retain: false,
            };
            message.write_publish(&mut self.link.out, self.link.version, id);
        }
        self.wrote = Instant::now();
    }

    /// Puts an unsent reading on the refused list.
    pub(super) async fn refuse_reading(
        &mut self,
        (lane, numbered): LaneReading<'_>,
        why: &str,
    ) -> Result<(), StoreError> {
        let (seq, at) = (numbered.seq, numbered.reading.at);
        // The list shows the payload as far as it could be encoded.
        let flying = self.encode_reading((lane, numbered));
        self.sink
            .progress
            .refuse_reading(seq, why, &self.scratch)
            .await?;
        let nothing = InFlightReading {
            seq,
            at,
            device: numbered.reading.device,
            bytes: 0,
            lane,
        };
        // It stands in the window as acknowledged, so that the cursor passes it in its turn.
        self.acks
            .push_skipped(flying.unwrap_or(nothing), Instant::now());
        self.advance_cursor();
        Ok(())
    }
}
