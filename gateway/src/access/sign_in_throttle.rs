//! [`SignInThrottle`]: growing waits after wrong passwords, for each name and each address.
//!
//! A try counts as wrong when it begins, so that many at the same time are no way around; the right
//! password takes it back.

use crate::domain::MonoMs;
use crate::limits::{
    SIGN_IN_ADDRESS_WAIT_MAX_MS, SIGN_IN_FORGET_MS, SIGN_IN_FREE_TRIES, SIGN_IN_KEYS_MAX,
    SIGN_IN_NAME_WAIT_MAX_MS, SIGN_IN_NOTES_PER_HOUR, SIGN_IN_WAIT_FIRST_MS,
};
use std::collections::HashMap;
use std::net::IpAddr;

/// Name or address that is tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ThrottleKey {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct ThrottleEntry {
    failures: u32,
    last: u64,
}

/// Wrong tries of the last hour.
#[derive(Debug, Default)]
pub(super) struct SignInThrottle {
    entries: HashMap<ThrottleKey, ThrottleEntry>,
    /// Refusals noted in the audit log since the time, in ms.
    noted: (u64, u32),
}

impl SignInThrottle {
    /// Begins a try; the milliseconds to wait when it is too early.
    pub(super) fn begin(&mut self, name: &str, address: IpAddr, now: MonoMs) -> Result<(), u64> {
        let keys = throttle_keys(name, address);
        let waits = keys.iter().map(|key| self.wait_ms(key, now.0));
        let wait = waits.max().unwrap_or(0);
        if wait > 0 {
            return Err(wait);
        }
        for key in keys {
            self.count(key, now.0);
        }
        Ok(())
    }

    /// Takes a try back that had the right password. The name begins anew; an address keeps its
    /// other tries, so that a person with an account cannot go on guessing those of others.
    pub(super) fn succeed(&mut self, name: &str, address: IpAddr) {
        let [name, address] = throttle_keys(name, address);
        self.entries.remove(&name);
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.failures = entry.failures.saturating_sub(1);
        }
    }

    /// Returns whether a refusal is noted in the audit log: the log only grows, so a flood is
    /// noted in part.
    pub(super) fn may_note(&mut self, now: MonoMs) -> bool {
        let (since, count) = &mut self.noted;
        if now.0.saturating_sub(*since) >= SIGN_IN_FORGET_MS {
            (*since, *count) = (now.0, 0);
        }
        *count += 1;
        *count <= SIGN_IN_NOTES_PER_HOUR
    }

    fn wait_ms(&self, key: &ThrottleKey, now: u64) -> u64 {
        let Some(entry) = self.entries.get(key).filter(|entry| !entry.is_old(now)) else {
            return 0;
        };
        let longest = match key {
            // A name waits shortly: another person must not be able to lock its owner out.
            ThrottleKey::Name(_) => SIGN_IN_NAME_WAIT_MAX_MS,
            ThrottleKey::Address(_) => SIGN_IN_ADDRESS_WAIT_MAX_MS,
        };
        let over = entry.failures.saturating_sub(SIGN_IN_FREE_TRIES);
        if over == 0 {
            return 0;
        }
        // 30 doublings are far beyond the longest wait, and the shift cannot overflow.
        let doublings = over.saturating_sub(1).min(30);
        let wait = SIGN_IN_WAIT_FIRST_MS.saturating_mul(1 << doublings);
        let end = entry.last.saturating_add(wait.min(longest));
        end.saturating_sub(now)
    }

    fn count(&mut self, key: ThrottleKey, now: u64) {
        if self.entries.len() >= SIGN_IN_KEYS_MAX && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        let fresh = ThrottleEntry {
            failures: 0,
            last: now,
        };
        let entry = self.entries.entry(key).or_insert(fresh);
        if entry.is_old(now) {
            entry.failures = 0;
        }
        entry.failures = entry.failures.saturating_add(1);
        entry.last = now;
    }

    /// Forgets old entries, and then the one with the fewest tries.
    fn make_room(&mut self, now: u64) {
        self.entries.retain(|_, entry| !entry.is_old(now));
        if self.entries.len() < SIGN_IN_KEYS_MAX {
            return;
        }
        let all = self.entries.iter();
        // Made-up names have one try each: they push each other out, and not a name under attack.
        let least = all.min_by_key(|(_, entry)| (entry.failures, entry.last));
        if let Some(key) = least.map(|(key, _)| key.clone()) {
            self.entries.remove(&key);
        }
    }
}

impl ThrottleEntry {
    fn is_old(&self, now: u64) -> bool {
        now.saturating_sub(self.last) >= SIGN_IN_FORGET_MS
    }
}

fn throttle_keys(name: &str, address: IpAddr) -> [ThrottleKey; 2] {
    let address = match address {
        // One computer has a whole network of IPv6 addresses.
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        IpAddr::V4(_) => address,
    };
    // A name may be as long as a body; only its begin is kept.
    let name = name.chars().take(64).collect();
    [ThrottleKey::Name(name), ThrottleKey::Address(address)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 8));

    /// Tries with a wrong password as often as allowed for a time; their number.
    fn tries_in(throttle: &mut SignInThrottle, name: &str, from: IpAddr, span_ms: u64) -> u32 {
        let mut now = 0;
        let mut tries = 0;
        while now < span_ms {
            match throttle.begin(name, from, MonoMs(now)) {
                Ok(()) => tries += 1,
                Err(wait) => now += wait,
            }
        }
        tries
    }

    #[test]
    fn waits_grow_and_a_day_of_guessing_is_a_handful_of_tries() {
        let day = 24 * 3_600_000;
        let tries = tries_in(&mut SignInThrottle::default(), "siti", HERE, day);
        assert!((20..200).contains(&tries), "{tries}");
    }

    #[test]
    fn another_name_from_the_same_address_waits_too_and_another_address_does_not() {
        let mut throttle = SignInThrottle::default();
        for _ in 0..20 {
            let _ = throttle.begin("siti", HERE, MonoMs(0));
        }
        assert!(throttle.begin("budi", HERE, MonoMs(0)).is_err());
        assert!(throttle.begin("budi", THERE, MonoMs(0)).is_ok());
        // The name itself waits from everywhere, but never long.
        let wait = throttle.begin("siti", THERE, MonoMs(0)).unwrap_err();
        assert!(wait <= SIGN_IN_NAME_WAIT_MAX_MS);
    }

    #[test]
    fn a_right_password_ends_the_wait_of_the_name_only() {
        let mut throttle = SignInThrottle::default();
        let mut now = 0;
        for _ in 0..12 {
            while let Err(wait) = throttle.begin("admin", HERE, MonoMs(now)) {
                now += wait;
            }
            // A person with an account of his own signs in between two guesses.
            while let Err(wait) = throttle.begin("tamu", HERE, MonoMs(now)) {
                now += wait;
            }
            throttle.succeed("tamu", HERE);
        }
        assert!(now > 60_000, "{now}");
        assert!(throttle.begin("tamu", THERE, MonoMs(now)).is_ok());
    }

    #[test]
    fn an_hour_later_all_is_forgotten_and_a_flood_is_noted_in_part() {
        let mut throttle = SignInThrottle::default();
        tries_in(&mut throttle, "siti", HERE, 60_000);
        assert!(throttle.begin("siti", HERE, MonoMs(60_000)).is_err());
        let later = MonoMs(60_000 + SIGN_IN_FORGET_MS + SIGN_IN_ADDRESS_WAIT_MAX_MS);
        assert!(throttle.begin("siti", HERE, later).is_ok());
        let noted = (0..1000).filter(|_| throttle.may_note(later)).count();
        assert_eq!(noted, SIGN_IN_NOTES_PER_HOUR as usize);
    }

    proptest! {
        #[test]
        fn memory_is_bounded_whatever_is_tried(
            tries in prop::collection::vec((any::<u32>(), any::<u128>(), 0..90_000u64), 0..3000),
        ) {
            let mut throttle = SignInThrottle::default();
            let mut now = 0;
            for (name, address, step) in tries {
                now += step;
                let address = IpAddr::V6(address.into());
                let _ = throttle.begin(&name.to_string(), address, MonoMs(now));
                prop_assert!(throttle.entries.len() <= SIGN_IN_KEYS_MAX + 1);
            }
        }

        #[test]
        fn a_wait_that_was_waited_is_over(
            steps in prop::collection::vec(0..40_000u64, 1..60),
        ) {
            let mut throttle = SignInThrottle::default();
            let mut now = 0;
            for step in steps {
                now += step;
                if let Err(wait) = throttle.begin("siti", HERE, MonoMs(now)) {
                    prop_assert!(throttle.begin("siti", HERE, MonoMs(now + wait - 1)).is_err());
                    now += wait;
                    prop_assert!(throttle.begin("siti", HERE, MonoMs(now)).is_ok());
                }
            }
        }
    }
}
