//! Which reading goes next, and whether anything may be on the way beside it.

use super::MqttSession;
use crate::limits::{MQTT_PACKET_MAX, MQTT_PROBES, MQTT_WINDOW};
use crate::model::{Numbered, Seq};
use crate::publish::mqtt::acks::Flying;
use crate::publish::mqtt::packet::Message;
use crate::publish::payload;
use crate::store::StoreError;
use std::sync::Arc;
use tokio::time::Instant;

/// Readings taken from the journal at once.
const TAKE: usize = 4 * MQTT_WINDOW;
/// Room for the topic and the fixed parts of a packet.
const PACKET_ROOM: usize = 512;

/// What to do with the next reading.
enum Step {
    Send(Flying),
    Refuse(String),
    /// Until something comes back there is nothing to do.
    Wait,
}

impl MqttSession<'_> {
    /// Fills the window from the journal; when to come back, while the backlog is throttled.
    pub(super) async fn feed(&mut self) -> Result<Option<Instant>, StoreError> {
        if self.closing.is_some() {
            return Ok(None);
        }
        let durable = *self.sink.progress.durable.borrow_and_update();
        let mut may = self.pace.allowance(durable, Instant::now());
        while self.has_room() {
            if self.taken.is_empty() && !self.take(durable).await? {
                return Ok(None);
            }
            if may == 0 {
                return Ok(Some(self.pace.wake()));
            }
            if !self.step().await? {
                return Ok(None);
            }
            may -= 1;
            self.pace.take(1);
        }
        Ok(None)
    }

    /// One place is kept for the message that we are offline.
    fn has_room(&self) -> bool {
        let most = self.link.window.saturating_sub(1).max(1);
        self.acks.len() < most && !self.alone && !self.link.is_full()
    }

    /// Takes the next readings from the journal; false when there are none.
    async fn take(&mut self, durable: Seq) -> Result<bool, StoreError> {
        if self.last >= durable {
            return Ok(false);
        }
        let readings = self.sink.progress.store.journal(self.last, TAKE).await?;
        self.taken.extend(readings);
        if let Some(reading) = self.taken.back() {
            self.last = reading.seq;
        }
        Ok(!self.taken.is_empty())
    }

    /// Deals with the next reading; false when it has to wait.
    async fn step(&mut self) -> Result<bool, StoreError> {
        let Some(numbered) = self.taken.pop_front() else {
            return Ok(false);
        };
        match self.decide(&numbered) {
            Step::Send(flying) => {
                self.send(flying, Some(flying));
                Ok(true)
            }
            Step::Refuse(why) => {
                self.refuse(&numbered, &why).await?;
                Ok(true)
            }
            Step::Wait => {
                self.taken.push_front(numbered);
                Ok(false)
            }
        }
    }

    fn decide(&mut self, numbered: &Numbered) -> Step {
        let flying = match self.encode(numbered) {
            Ok(flying) => flying,
            Err(why) => return Step::Refuse(why.to_owned()),
        };
        let (bytes, most) = (flying.bytes, self.link.packet_max);
        if bytes > most {
            return Step::Refuse(format!(
                "{bytes} bytes: the broker takes no message above {most} bytes"
            ));
        }
        let suspicion = &mut self.sink.suspicion;
        if let Some(known) = suspicion.too_large(&flying, Instant::now()) {
            return Step::Refuse(format!(
                "{bytes} bytes: the broker hangs up on messages of {known} bytes from this device"
            ));
        }
        if !suspicion.alone(&flying) {
            return Step::Send(flying);
        }
        if self.acks.len() > 0 {
            return Step::Wait;
        }
        if suspicion.is_suspect(flying.seq) {
            if self.answered < MQTT_PROBES {
                self.ping();
                return Step::Wait;
            }
            if self.sink.suspicion.ripe().is_some() && self.send_control(&flying) {
                return Step::Wait;
            }
            // The search has written over it.
            if self.encode(numbered).is_err() {
                return Step::Wait;
            }
        }
        self.alone = true;
        Step::Send(flying)
    }

    /// Sends the next smaller reading before its turn; false when there is none yet.
    fn send_control(&mut self, suspect: &Flying) -> bool {
        for index in 0..self.taken.len() {
            let Some(numbered) = self.taken.get(index).map(Arc::clone) else {
                return false;
            };
            if let Ok(flying) = self.encode(&numbered)
                && flying.bytes < suspect.bytes
            {
                self.alone = true;
                let id = self.send(flying, None);
                self.control = Some((id, flying));
                return true;
            }
        }
        false
    }

    /// Writes the reading's message into the scratch buffer; or why no broker takes it.
    pub(super) fn encode(&mut self, numbered: &Numbered) -> Result<Flying, &'static str> {
        self.scratch.clear();
        let (seq, reading) = (numbered.seq, &numbered.reading);
        let index = usize::from(reading.device);
        let device = self.sink.site.devices.get(index);
        let (Some(device), Some(topic)) = (device, self.sink.topics.get(index)) else {
            return Err("its device is no longer in the configuration");
        };
        payload::encode(&mut self.scratch, device, numbered);
        if topic.contains(['+', '#']) {
            return Err("the topic has a wildcard in it");
        }
        if self.scratch.len() + topic.len() + PACKET_ROOM > MQTT_PACKET_MAX {
            return Err("larger than an MQTT packet may be");
        }
        let message = Message {
            topic,
            payload: &self.scratch,
            retain: false,
        };
        let bytes = message.bytes(self.link.version);
        Ok(Flying {
            seq,
            at: reading.at,
            device: reading.device,
            bytes,
        })
    }

    /// Sends what is in the scratch buffer, `counted` when its acknowledgement moves the cursor.
    fn send(&mut self, flying: Flying, counted: Option<Flying>) -> u16 {
        let now = Instant::now();
        let id = self.acks.sent(counted, now);
        if let Some(topic) = self.sink.topics.get(usize::from(flying.device)) {
            let message = Message {
                topic,
                payload: &self.scratch,
                retain: false,
            };
            message.publish(&mut self.link.out, self.link.version, id);
        }
        self.wrote = now;
        id
    }

    /// Puts a reading on the refused list that has not been sent.
    pub(super) async fn refuse(
        &mut self,
        numbered: &Numbered,
        why: &str,
    ) -> Result<(), StoreError> {
        let (seq, at) = (numbered.seq, numbered.reading.at);
        // Its text is shown as far as there is one.
        let flying = self.encode(numbered);
        self.sink.progress.refuse(seq, why, &self.scratch).await?;
        let nothing = Flying {
            seq,
            at,
            device: numbered.reading.device,
            bytes: 0,
        };
        self.acks.skipped(flying.unwrap_or(nothing), Instant::now());
        self.advance();
        Ok(())
    }
}
