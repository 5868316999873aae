//! [`random_id`]: ids that nobody can guess.

use crate::domain::hex_text::to_hex;
use ring::rand::{SecureRandom, SystemRandom};

/// Returns an id of 128 random bits in hexadecimal digits; `None` when the system gives none.
pub(crate) fn random_id() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(to_hex(&bytes))
}
