//! What comes for an earlier request: recognised as late, counted apart, never taken for noise.

use super::failure::unreachable;
use super::owed::{Debt, Lateness};
use super::{BUFFER, Channel, Failure, Received};
use drivers::frame::{Framing, Misfit};
use tokio::time::Instant;

impl Channel {
    /// An answer may still come although nobody waits for it.
    pub fn owes(&self) -> bool {
        self.owner.is_none() && self.wire.is_some() && self.owed.is_waited_for()
    }

    /// Units whose answers come after the timeout.
    pub fn late_units(&self) -> Vec<u8> {
        self.owed.late_units().collect()
    }

    /// How late this unit answers; `None` when it is not known to.
    pub fn lateness(&self, unit: u8) -> Option<Lateness> {
        self.owed.lateness(unit)
    }

    /// Nothing was answered on this connection yet, and the far side may be one that drops what
    /// comes soon after connecting.
    pub fn may_settle(&self) -> bool {
        self.is_network() && self.wire.is_some() && self.connection.may_settle(Instant::now())
    }

    /// The last silence was the device's own, not the quiet time of a new connection.
    pub fn silence_counts(&self) -> bool {
        !self.is_network() || self.connection.silence_counts()
    }

    /// Listens while nothing is asked, until an owed answer came or the connection is gone. May be
    /// dropped at any time; nothing that came is lost.
    pub async fn overhear(&mut self) {
        let late = self.counts.late;
        while self.owes() && self.counts.late == late {
            if self.overheard >= BUFFER {
                self.overheard = 0;
            }
            let Some(wire) = self.wire.as_mut() else {
                return;
            };
            let room = &mut self.buffer[self.overheard..];
            match wire.receive(room).await {
                Ok(bytes) => {
                    self.overheard += bytes;
                    self.quiet_since = Instant::now();
                    self.sift(Some(self.quiet_since));
                }
                Err(_) => self.wire = None,
            }
        }
    }

    /// Gives a connection up that has been silent for too long, unless what came meanwhile shows
    /// that it lives. What came late is counted first.
    pub(super) fn give_up_doubtful(&mut self, unit: u8) {
        if self.connection.is_doubtful(unit) && self.wire.is_some() && self.is_network() {
            let gone = self.clear_wire().is_err();
            if gone || self.connection.is_doubtful(unit) {
                self.wire = None;
            }
        }
    }

    /// Takes what came unasked off the wire.
    pub(super) fn clear_wire(&mut self) -> Result<(), Failure> {
        if self.overheard >= BUFFER {
            self.overheard = 0;
        }
        let room = &mut self.buffer[self.overheard..];
        let came = match self.wire.as_mut() {
            Some(wire) => wire.drain(room).map_err(|fault| unreachable(&fault))?,
            None => 0,
        };
        if came > 0 {
            self.overheard += came;
            // When it came nobody knows.
            self.sift(None);
        }
        if self.overheard > 0 {
            self.counts.stale += 1;
            self.overheard = 0;
        }
        Ok(())
    }

    /// Looks for owed answers in what was overheard; what is none is dropped and counted.
    fn sift(&mut self, heard: Option<Instant>) {
        self.owed.expire(Instant::now());
        let (mut start, mut dropped) = (0, false);
        while start < self.overheard {
            let bytes = &self.buffer[start..self.overheard];
            match self.owed.pay(self.framing, bytes, heard) {
                Debt::Paid(used) => {
                    start += used;
                    self.note_late();
                }
                Debt::More => break,
                Debt::None => (start, dropped) = (start + 1, true),
            }
        }
        self.buffer.copy_within(start..self.overheard, 0);
        self.overheard -= start;
        self.counts.stale += u64::from(dropped);
    }

    fn note_late(&mut self) {
        self.counts.late += 1;
        self.connection.heard();
    }

    /// Sets bytes aside that are not the awaited answer; false when more must come before it is
    /// clear whether they are a late one.
    pub(super) fn set_aside(&mut self, misfit: Misfit, used: usize, seen: &mut Received) -> bool {
        if misfit != Misfit::Echo && self.owed.is_waited_for() {
            let bytes = &self.buffer[seen.start..seen.end];
            match self.owed.pay(self.framing, bytes, Some(self.quiet_since)) {
                Debt::Paid(used) => {
                    seen.start += used;
                    self.note_late();
                    return true;
                }
                Debt::More if self.framing == Framing::Rtu => return false,
                Debt::More | Debt::None => {}
            }
        }
        seen.start += used.max(1);
        match misfit {
            Misfit::Stale => self.counts.stale += 1,
            Misfit::Echo => {}
            _ => {
                let is_noise = matches!(misfit, Misfit::Noise | Misfit::Checksum);
                seen.noise += if is_noise { used } else { 0 };
                seen.misfit = seen.misfit.max(Some(misfit));
            }
        }
        true
    }
}
