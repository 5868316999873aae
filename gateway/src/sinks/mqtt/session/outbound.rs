//! Selection of the next reading to send, and of what may be in flight beside it.

use super::MqttSession;
use crate::domain::{NumberedReading, ReadingSeq};
use crate::limits::{MQTT_PACKET_MAX, MQTT_PROBE_PINGS, MQTT_WINDOW};
use crate::mqtt_link::PublishMessage;
use crate::sinks::mqtt::ack_window::InFlightReading;
use crate::sinks::mqtt::payload;
use crate::storage::StoreError;
use std::sync::Arc;
use tokio::time::Instant;

/// Readings taken from the journal at once.
const JOURNAL_BATCH: usize = 4 * MQTT_WINDOW;
/// Bytes reserved for the topic and the fixed parts of a packet.
const PACKET_ROOM: usize = 512;

/// Decision about the next reading.
enum SendDecision {
    Send(InFlightReading),
    Refuse(String),
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
        let durable = *self.sink.progress.durable.borrow_and_update();
        let mut may = self.pace.allowance(durable, Instant::now());
        while self.has_window_room() {
            if self.taken.is_empty() && !self.take_readings(durable).await? {
                return Ok(None);
            }
            if may == 0 {
                return Ok(Some(self.pace.next_check()));
            }
            if !self.process_next().await? {
                return Ok(None);
            }
            may -= 1;
            self.pace.take(1);
        }
        Ok(None)
    }

    /// True when another message fits; one place is reserved for the "offline" message.
    pub(super) fn has_window_room(&self) -> bool {
        let most = self.link.window.saturating_sub(1).max(1);
        let is_free = self.acks.len() < most && !self.link.is_output_full();
        is_free && !self.alone && self.echo.is_settled()
    }

    /// Takes the next readings from the journal; returns false when there are none.
    async fn take_readings(&mut self, durable: ReadingSeq) -> Result<bool, StoreError> {
        if self.last >= durable {
            return Ok(false);
        }
        let store = &self.sink.progress.store;
        match store.read_journal(self.last, JOURNAL_BATCH).await {
            // They are in the journal; the connection stays, and says what the disk does.
            Err(StoreError::Hung(_)) => return Ok(false),
            readings => self.taken.extend(readings?),
        }
        if let Some(reading) = self.taken.back() {
            self.last = reading.seq;
        }
        Ok(!self.taken.is_empty())
    }

    /// Processes the next reading; returns false when it has to wait.
    async fn process_next(&mut self) -> Result<bool, StoreError> {
        let Some(numbered) = self.taken.pop_front() else {
            return Ok(false);
        };
        match self.decide_sending(&numbered) {
            SendDecision::Send(flying) => {
                self.send_message(flying, Some(flying));
                Ok(true)
            }
            SendDecision::Refuse(why) => {
                self.refuse_reading(&numbered, &why).await?;
                Ok(true)
            }
            SendDecision::Wait => {
                self.taken.push_front(numbered);
                Ok(false)
            }
        }
    }

    fn decide_sending(&mut self, numbered: &NumberedReading) -> SendDecision {
        let flying = match self.encode_reading(numbered) {
            Ok(flying) => flying,
            Err(why) => return SendDecision::Refuse(why.to_owned()),
        };
        // The limit is the broker's own (5.0): sending a larger packet would end the connection.
        let (bytes, most) = (flying.bytes, self.link.packet_max);
        if bytes > most {
            return SendDecision::Refuse(format!(
                "{bytes} bytes: the broker takes no message above {most} bytes"
            ));
        }
        let suspicion = &mut self.sink.suspicion;
        if let Some(known) = suspicion.known_size_limit(&flying, Instant::now()) {
            return SendDecision::Refuse(format!(
                "{bytes} bytes: the broker hangs up on messages of {known} bytes from this device"
            ));
        }
        if !suspicion.must_go_alone(&flying) {
            return SendDecision::Send(flying);
        }
        // A doubtful reading is sent only when nothing else is in flight.
        if self.acks.len() > 0 {
            return SendDecision::Wait;
        }
        // The link is measured with pings first, so that a bad link is not mistaken for a bad
        // reading.
        if suspicion.is_suspect(flying.seq) {
            if self.pongs < MQTT_PROBE_PINGS {
                self.send_ping();
                return SendDecision::Wait;
            }
            if self.sink.suspicion.ripe_suspect().is_some() && self.send_control(&flying) {
                return SendDecision::Wait;
            }
            // The search for a control has overwritten the scratch buffer.
            if self.encode_reading(numbered).is_err() {
                return SendDecision::Wait;
            }
        }
        self.alone = true;
        SendDecision::Send(flying)
    }

    /// Sends the next smaller reading before its turn, as control; returns false when there is
    /// none.
    fn send_control(&mut self, suspect: &InFlightReading) -> bool {
        for index in 0..self.taken.len() {
            let Some(numbered) = self.taken.get(index).map(Arc::clone) else {
                return false;
            };
            if let Ok(flying) = self.encode_reading(&numbered)
                && flying.bytes < suspect.bytes
            {
                self.alone = true;
                let id = self.send_message(flying, None);
                self.control = Some((id, flying));
                return true;
            }
        }
        false
    }

    /// Writes the reading's message into the scratch buffer; the error says why no broker accepts
    /// it.
    pub(super) fn encode_reading(
        &mut self,
        numbered: &NumberedReading,
    ) -> Result<InFlightReading, &'static str> {
        self.scratch.clear();
        let (seq, reading) = (numbered.seq, &numbered.reading);
        let index = usize::from(reading.device);
        let device = self.sink.site.devices.get(index);
        let (Some(device), Some(topic)) = (device, self.sink.topics.get(index)) else {
            return Err("its device is no longer in the configuration");
        };
        let store = self.sink.progress.store.id();
        payload::encode_payload(&mut self.scratch, store, device, numbered);
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
        })
    }

    /// Sends the scratch buffer; `counted` when the acknowledgement moves the cursor.
    fn send_message(&mut self, flying: InFlightReading, counted: Option<InFlightReading>) -> u16 {
        let now = Instant::now();
        let id = self.acks.push_sent(counted, now);
        if let Some(topic) = self.sink.topics.get(usize::from(flying.device)) {
            let message = PublishMessage {
                topic,
                payload: &self.scratch,
                retain: false,
            };
            message.write_publish(&mut self.link.out, self.link.version, id);
        }
        self.wrote = now;
        id
    }

    /// Puts an unsent reading on the refused list.
    pub(super) async fn refuse_reading(
        &mut self,
        numbered: &NumberedReading,
        why: &str,
    ) -> Result<(), StoreError> {
        let (seq, at) = (numbered.seq, numbered.reading.at);
        // The list shows the payload as far as it could be encoded.
        let flying = self.encode_reading(numbered);
        self.sink
            .progress
            .refuse_reading(seq, why, &self.scratch)
            .await?;
        let nothing = InFlightReading {
            seq,
            at,
            device: numbered.reading.device,
            bytes: 0,
        };
        // It stands in the window as acknowledged, so that the cursor passes it in its turn.
        self.acks
            .push_skipped(flying.unwrap_or(nothing), Instant::now());
        self.advance_cursor();
        Ok(())
    }
}
