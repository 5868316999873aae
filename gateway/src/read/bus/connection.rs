//! Whether a connection over the network is worth keeping. Pure; time is an argument.
//!
//! Some devices drop all that comes within the first seconds of a connection, and begin to count
//! anew with each one. A connection on which nothing was answered yet is therefore kept until it
//! is older than any such device needs; one that has answered is given up at the first silence,
//! unless the far side is known to be such a device.

use crate::limits::SETTLE_MAX_MS;
use std::time::Duration;
use tokio::time::Instant;

const SETTLE_MAX: Duration = Duration::from_millis(SETTLE_MAX_MS);

/// Whom a silence makes doubt the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    Nobody,
    /// Others may still be answered on it, and then nothing is wrong with it.
    Unit(u8),
    Everybody,
}

/// How the connection that is open now has done.
#[derive(Debug)]
pub(super) struct Connection {
    opened: Instant,
    /// Something was answered on it.
    proven: bool,
    /// When the first of the requests was sent that nobody answered since; of a connection without
    /// any answer, when it was opened.
    silent_since: Option<Instant>,
    /// The unit that was asked in vain before anything was answered.
    first_in_vain: Option<u8>,
    /// To be renewed before the next request.
    doubt: Doubt,
    /// The far side is known to drop what comes soon after connecting.
    settles: bool,
    /// The last silence was no quiet time of a new connection.
    silence_counts: bool,
}

impl Connection {
    /// To a device that needs a quiet time, as its configuration says, or perhaps not.
    pub(super) fn new(settles: bool, now: Instant) -> Self {
        Self {
            opened: now,
            proven: false,
            silent_since: Some(now),
            first_in_vain: None,
            doubt: Doubt::Nobody,
            settles,
            silence_counts: false,
        }
    }

    /// It is open anew.
    pub(super) fn opened(&mut self, now: Instant) {
        *self = Self {
            silence_counts: self.silence_counts,
            ..Self::new(self.settles, now)
        };
    }

    /// This unit has answered.
    pub(super) fn answered(&mut self, unit: u8) {
        self.settles |= !self.proven && self.first_in_vain == Some(unit);
        self.heard();
    }

    /// Something was answered, if only too late.
    pub(super) fn heard(&mut self) {
        (self.proven, self.silent_since, self.doubt) = (true, None, Doubt::Nobody);
        self.silence_counts = false;
    }

    /// What was sent to this unit then was not answered.
    pub(super) fn silent(&mut self, unit: u8, sent: Instant) {
        if !self.proven {
            self.first_in_vain.get_or_insert(unit);
        }
        let since = *self.silent_since.get_or_insert(sent);
        let is_waited_for = !self.proven || self.settles;
        if !is_waited_for || sent >= since + SETTLE_MAX {
            self.doubt = match self.doubt {
                Doubt::Nobody => Doubt::Unit(unit),
                Doubt::Unit(other) if other == unit => Doubt::Unit(unit),
                Doubt::Unit(_) | Doubt::Everybody => Doubt::Everybody,
            };
        }
        self.silence_counts |= self.proven || self.doubt != Doubt::Nobody;
    }

    /// It is better to connect anew before this unit is asked.
    pub(super) fn is_doubtful(&self, unit: u8) -> bool {
        match self.doubt {
            Doubt::Nobody => false,
            Doubt::Unit(silent) => silent == unit,
            Doubt::Everybody => true,
        }
    }

    /// The far side is known to drop what comes soon after connecting.
    pub(super) fn settles(&self) -> bool {
        self.settles
    }

    /// Nothing was answered on it yet, and the far side may still be quiet after connecting.
    pub(super) fn may_settle(&self, now: Instant) -> bool {
        !self.proven && now < self.opened + SETTLE_MAX
    }

    /// The last silence is the device's own, not the quiet time of a new connection.
    pub(super) fn silence_counts(&self) -> bool {
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
        let mut connection = Connection::new(false, start);
        for sent in [0, 1000, 2500, 5000, 11_999] {
            connection.silent(1, start + ms(sent));
            assert!(!connection.is_doubtful(1), "{sent}");
            assert!(!connection.silence_counts(), "{sent}");
        }
        connection.silent(1, start + SETTLE_MAX);
        assert!(connection.is_doubtful(1) && connection.silence_counts());
    }

    #[test]
    fn a_proven_connection_is_renewed_at_once_unless_the_far_side_settles() {
        let start = Instant::now();
        let mut quick = Connection::new(false, start);
        quick.answered(1);
        quick.silent(1, start + ms(500));
        assert!(quick.is_doubtful(1) && quick.silence_counts());
        let mut dongle = Connection::new(false, start);
        dongle.silent(1, start);
        dongle.answered(1);
        dongle.silent(1, start + ms(60_000));
        assert!(!dongle.is_doubtful(1));
        dongle.silent(1, start + ms(60_000) + SETTLE_MAX);
        assert!(dongle.is_doubtful(1));
        dongle.heard();
        assert!(!dongle.is_doubtful(1));
    }

    #[test]
    fn a_dead_neighbour_does_not_make_a_quick_gateway_one_that_settles() {
        let start = Instant::now();
        let mut connection = Connection::new(false, start);
        connection.silent(9, start);
        connection.answered(1);
        connection.silent(9, start + ms(1000));
        // Its neighbour is asked on the same connection, and that shows whether it lives.
        assert!(connection.is_doubtful(9) && !connection.is_doubtful(1));
        connection.answered(1);
        assert!(!connection.is_doubtful(9));
        connection.silent(9, start + ms(2000));
        connection.silent(1, start + ms(3000));
        assert!(connection.is_doubtful(9) && connection.is_doubtful(1));
    }

    proptest! {
        #[test]
        fn any_quiet_time_up_to_the_bound_is_outlived(
            quiet in 0..=SETTLE_MAX_MS, pauses in prop::collection::vec(1u64..70_000, 1..12)
        ) {
            let (mut now, mut opened) = (Instant::now(), Instant::now());
            let mut connection = Connection::new(false, opened);
            let mut answered = false;
            for pause in pauses.into_iter().chain([SETTLE_MAX_MS, SETTLE_MAX_MS, SETTLE_MAX_MS]) {
                if connection.is_doubtful(1) {
                    opened = now;
                    connection.opened(now);
                }
                if now >= opened + ms(quiet) {
                    connection.answered(1);
                    answered = true;
                    break;
                }
                connection.silent(1, now);
                now += ms(pause);
            }
            prop_assert!(answered);
        }
    }
}
