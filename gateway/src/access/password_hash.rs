//! Hashes of passwords: Argon2id (RFC 9106).

use super::access_error::AccessError;
use super::secret_token::random_bytes;
use crate::domain::hex_text::{parse_hex, to_hex};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

/// Bytes of a salt, and of a hash.
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Most memory in KiB and most passes that a stored hash may ask for.
// A damaged file must not make the gateway take all memory.
const MEMORY_KIB_MAX: u32 = 64 << 10;
const PASSES_MAX: u32 = 10;

/// Cost of one hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

/// Stored hash of a password with everything that its check needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PasswordHash {
    pub(super) cost: PasswordCost,
    salt: String,
    hash: String,
}

impl PasswordCost {
    /// 19 MiB and two passes, the least that OWASP recommends: a third of a second on a Pi 3.
    pub const STANDARD: Self = Self {
        memory_kib: 19 << 10,
        passes: 2,
    };
    /// As cheap as can be, for tests.
    #[cfg(test)]
    pub(crate) const CHEAP: Self = Self {
        memory_kib: 8,
        passes: 1,
    };
}

impl PasswordHash {
    /// Hash with a random salt.
    pub(super) fn create(password: &str, cost: PasswordCost) -> Result<Self, AccessError> {
        let salt = random_bytes::<SALT_BYTES>()?;
        let hash = argon2id(password, &salt, cost).ok_or(AccessError::Busy)?;
        Ok(Self {
            cost,
            salt: to_hex(&salt),
            hash: to_hex(&hash),
        })
    }

    /// Returns whether the password has this hash. It takes as long for a wrong one.
    pub(super) fn is_of(&self, password: &str) -> bool {
        let cost = self.cost;
        let is_payable = cost.memory_kib <= MEMORY_KIB_MAX && cost.passes <= PASSES_MAX;
        let stored = parse_hex(&self.salt).zip(parse_hex(&self.hash));
        let Some((salt, hash)) = stored.filter(|_| is_payable) else {
            return false;
        };
        argon2id(password, &salt, cost).is_some_and(|found| is_same(&found, &hash))
    }
}

fn argon2id(password: &str, salt: &[u8], cost: PasswordCost) -> Option<[u8; HASH_BYTES]> {
    // One lane: a single thread makes all hashes, so more lanes would not make it faster.
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES)).ok()?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; HASH_BYTES];
    let done = hasher.hash_password_into(password.as_bytes(), salt, &mut hash);
    done.ok().map(|()| hash)
}

/// Returns whether two secrets are the same, in a time that tells nothing of where they differ.
pub(super) fn is_same(left: &[u8], right: &[u8]) -> bool {
    let differing = left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b));
    left.len() == right.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_again_and_no_other_and_salts_differ() {
        let hash = PasswordHash::create("kunci gudang 7", PasswordCost::CHEAP).unwrap();
        assert!(hash.is_of("kunci gudang 7"));
        assert!(!hash.is_of("kunci gudang 8"));
        assert!(!hash.is_of(""));
        let again = PasswordHash::create("kunci gudang 7", PasswordCost::CHEAP).unwrap();
        assert_ne!(hash, again);
    }

    #[test]
    fn the_standard_cost_gives_the_hash_of_the_reference_program() {
        // argon2-cffi, which wraps the reference implementation in C.
        let salt = b"saltsaltsaltsalt";
        let hash = argon2id("kunci gudang 7", salt, PasswordCost::STANDARD).unwrap();
        assert_eq!(to_hex(&hash), REFERENCE);
    }

    const REFERENCE: &str = "d1196d2e4569f3ba0a98a43e9ba87f1cdb4f9b8afcb20457eca16b5749c1de6d";

    #[test]
    fn a_damaged_file_cannot_ask_for_all_memory() {
        let mut hash = PasswordHash::create("kunci gudang 7", PasswordCost::CHEAP).unwrap();
        hash.cost.memory_kib = u32::MAX;
        assert!(!hash.is_of("kunci gudang 7"));
        hash.cost = PasswordCost::CHEAP;
        hash.salt = "xyz".to_owned();
        assert!(!hash.is_of("kunci gudang 7"));
    }
}
