//! Decides whether a network connection is kept after a timeout. Pure; time is an argument.
//!
//! Some devices discard all requests in the first seconds of a connection, and each new connection
//! starts that quiet time again. A connection without any answer so far is therefore kept for
//! longer than the longest known quiet time (`SETTLE_MAX_MS`); one that has answered is dropped at
//! the first timeout, unless the far side is known to need a quiet time.

use crate::limits::SETTLE_MAX_MS;
use std::time::Duration;
use tokio::time::Instant;

const SETTLE_MAX: Duration = Duration::from_millis(SETTLE_MAX_MS);

/// Units whose next request needs a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionDoubt {
    Nobody,
    /// One unit; others may still be answered on this connection, which proves that it works.
    Unit(u8),
    Everybody,
}

/// Answers and timeouts on the current connection.
#[derive(Debug)]
pub(super) struct ConnectionHealth {
    opened: Instant,
    /// Something was answered on it.
    has_answered: bool,
    /// Time of the first request of those not answered since the last answer; without any answer,
    /// the time of connecting.
    silent_since: Option<Instant>,
    /// Unit that timed out first, before anything was answered.
    first_silent_unit: Option<u8>,
    /// Units for which the connection is renewed before their next request.
    doubt: ConnectionDoubt,
    /// The far side is known to discard requests soon after connecting.
    settles: bool,
    /// The last timeout was not caused by the quiet time of a new connection.
    silence_counts: bool,
}

impl ConnectionHealth {
    /// Creates the state; `settles` when the configuration states a quiet time.
    pub(super) fn new(settles: bool, now: Instant) -> Self {
        Self {
            opened: now,
            has_answered: false,
            silent_since: Some(now),
            first_silent_unit: None,
            doubt: ConnectionDoubt::Nobody,
            settles,
            silence_counts: false,
        }
    }

    /// Resets the state for a new connection.
    pub(super) fn reset(&mut self, now: Instant) {
        // Kept across connections: whether the silence counts was found out by the previous one.
        *self = Self {
            silence_counts: self.silence_counts,
            ..Self::new(self.settles, now)
        };
    }

    /// Records an answer of this unit.
    pub(super) fn record_answer(&mut self, unit: u8) {
        // The unit that had timed out on this very connection now answers: the timeouts were its
        // quiet time. An answer of another unit proves nothing, since a gateway may have one dead
        // device.
        self.settles |= !self.has_answered && self.first_silent_unit == Some(unit);
        self.record_late_answer();
    }

    /// Records an answer that came too late.
    pub(super) fn record_late_answer(&mut self) {
        (self.has_answered, self.silent_since, self.doubt) = (true, None, ConnectionDoubt::Nobody);
        self.silence_counts = false;
    }

    /// Records that a request to this unit, sent at this time, was not answered.
    pub(super) fn record_silence(&mut self, unit: u8, sent: Instant) {
        if !self.has_answered {
            self.first_silent_unit.get_or_insert(unit);
        }
        let since = *self.silent_since.get_or_insert(sent);
        let is_waited_for = !self.has_answered || self.settles;
        // A silence before the bound may still be the quiet time of this connection.
        if !is_waited_for || sent >= since + SETTLE_MAX {
            self.doubt = match self.doubt {
                ConnectionDoubt::Nobody => ConnectionDoubt::Unit(unit),
                ConnectionDoubt::Unit(other) if other == unit => ConnectionDoubt::Unit(unit),
                ConnectionDoubt::Unit(_) | ConnectionDoubt::Everybody => ConnectionDoubt::Everybody,
            };
        }
        self.silence_counts |= self.has_answered || self.doubt != ConnectionDoubt::Nobody;
    }

    /// True when a new connection is needed before this unit is asked.
    pub(super) fn is_doubtful(&self, unit: u8) -> bool {
        match self.doubt {
            ConnectionDoubt::Nobody => false,
            ConnectionDoubt::Unit(silent) => silent == unit,
            ConnectionDoubt::Everybody => true,
        }
    }

    /// True when the far side is known to discard requests soon after connecting.
    pub(super) fn needs_settling(&self) -> bool {
        self.settles
    }

    /// True when nothing was answered yet and the quiet time may not be over.
    pub(super) fn may_be_settling(&self, now: Instant) -> bool {
        !self.has_answered && now < self.opened + SETTLE_MAX
    }

    /// True when the last timeout was caused by the device, not by the quiet time of a new
    /// connection.
    pub(super) fn is_silence_meaningful(&self) -> bool {
        self.silence_counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_new_connection_is_kept_through_its_quiet_time_and_an_old_silent_one_is_not() {
        let start = Instant::now();
        let mut connection = ConnectionHealth::new(false, start);
        for sent in [0, 1000, 2500, 5000, 11_999] {
            connection.record_silence(1, start + ms(sent));
            assert!(!connection.is_doubtful(1), "{sent}");
            assert!(!connection.is_silence_meaningful(), "{sent}");
        }
        connection.record_silence(1, start + SETTLE_MAX);
        assert!(connection.is_doubtful(1) && connection.is_silence_meaningful());
    }

    #[test]
    fn a_proven_connection_is_renewed_at_once_unless_the_far_side_settles() {
        let start = Instant::now();
        let mut quick = ConnectionHealth::new(false, start);
        quick.record_answer(1);
        quick.record_silence(1, start + ms(500));
        assert!(quick.is_doubtful(1) && quick.is_silence_meaningful());
        let mut dongle = ConnectionHealth::new(false, start);
        dongle.record_silence(1, start);
        dongle.record_answer(1);
        dongle.record_silence(1, start + ms(60_000));
        assert!(!dongle.is_doubtful(1));
        dongle.record_silence(1, start + ms(60_000) + SETTLE_MAX);
        assert!(dongle.is_doubtful(1));
        dongle.record_late_answer();
        assert!(!dongle.is_doubtful(1));
    }

    #[test]
    fn a_dead_neighbour_does_not_make_a_quick_gateway_one_that_settles() {
        let start = Instant::now();
        let mut connection = ConnectionHealth::new(false, start);
        connection.record_silence(9, start);
        connection.record_answer(1);
        connection.record_silence(9, start + ms(1000));
        // Another unit on the same connection shows whether the connection works.
        assert!(connection.is_doubtful(9) && !connection.is_doubtful(1));
        connection.record_answer(1);
        assert!(!connection.is_doubtful(9));
        connection.record_silence(9, start + ms(2000));
        connection.record_silence(1, start + ms(3000));
        assert!(connection.is_doubtful(9) && connection.is_doubtful(1));
    }

    proptest! {
        #[test]
        fn any_quiet_time_up_to_the_bound_is_outlived(
            quiet in 0..=SETTLE_MAX_MS, pauses in prop::collection::vec(1u64..70_000, 1..12)
        ) {
            let (mut now, mut opened) = (Instant::now(), Instant::now());
            let mut connection = ConnectionHealth::new(false, opened);
            let mut answered = false;
            for pause in pauses.into_iter().chain([SETTLE_MAX_MS, SETTLE_MAX_MS, SETTLE_MAX_MS]) {
                if connection.is_doubtful(1) {
                    opened = now;
                    connection.reset(now);
                }
                if now >= opened + ms(quiet) {
                    connection.record_answer(1);
                    answered = true;
                    break;
                }
                connection.record_silence(1, now);
                now += ms(pause);
            }
            prop_assert!(answered);
        }
    }
}
