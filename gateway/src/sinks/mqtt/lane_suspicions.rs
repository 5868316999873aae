//! [`LaneSuspicions`]: the evidence about readings that end connections, of both lanes.
//!
//! Each lane has its own order of readings, so that each has its own evidence; a size that a broker
//! does not accept holds for both.

use crate::sinks::mqtt::ack_window::InFlightReading;
use crate::sinks::mqtt::hangup_suspicion::{HangupSuspicion, SuspectReading};
use crate::storage::DeliveryLane;
use tokio::time::Instant;

/// Evidence from lost connections, by lane.
#[derive(Debug, Default)]
pub(super) struct LaneSuspicions {
    live: HangupSuspicion,
    backlog: HangupSuspicion,
}

impl LaneSuspicions {
    /// Returns the evidence about the readings of a lane.
    pub(super) fn of(&mut self, lane: DeliveryLane) -> &mut HangupSuspicion {
        match lane {
            DeliveryLane::Live => &mut self.live,
            DeliveryLane::Backlog => &mut self.backlog,
        }
    }

    /// Records a lost connection with these readings in flight; `hung_up` when the broker ended it.
    /// Returns the number of times that a single suspected reading was alone, when the loss was
    /// expected.
    pub(super) fn record_loss(&mut self, flying: &[InFlightReading], hung_up: bool) -> Option<u32> {
        let mut expected = None;
        for lane in DeliveryLane::ALL {
            let of_lane = flying.iter().filter(|reading| reading.lane == lane);
            let of_lane: Vec<_> = of_lane.copied().collect();
            // A lane with nothing in flight learns nothing from the other's readings.
            if of_lane.is_empty() && !flying.is_empty() {
                continue;
            }
            let alone = hung_up && flying.len() <= 1;
            expected = expected.or(self.of(lane).record_loss(&of_lane, alone));
        }
        expected
    }

    /// Records the begin of a connection.
    pub(super) fn begin_connection(&mut self) {
        self.live.begin_connection();
        self.backlog.begin_connection();
    }

    /// Records that the broker closed the connection on the smaller control reading as well.
    pub(super) fn record_lost_control(&mut self, suspect: DeliveryLane) {
        self.of(suspect).record_lost_control();
    }

    /// Records that the broker accepted this reading.
    pub(super) fn record_ack(&mut self, reading: &InFlightReading) {
        self.of(reading.lane).record_ack(reading);
        let other = self.of(reading.lane.other());
        other.forget_limit(reading);
        other.record_small_packet();
    }

    /// Records a small packet (ping) that was answered.
    pub(super) fn record_small_packet(&mut self) {
        self.live.record_small_packet();
        self.backlog.record_small_packet();
    }

    /// Sends the readings of each lane one at a time up to the newest of these.
    pub(super) fn send_singly(&mut self, flying: &[InFlightReading]) {
        for reading in flying {
            self.of(reading.lane).send_singly_until(reading.seq);
        }
    }

    /// Confirms the suspicion of a lane, and remembers the size for the device in both.
    pub(super) fn condemn_suspect(
        &mut self,
        lane: DeliveryLane,
        now: Instant,
    ) -> Option<SuspectReading> {
        let suspect = self.of(lane).condemn_suspect(now)?;
        self.of(lane.other()).learn_limit(&suspect.reading, now);
        Some(suspect)
    }
}
