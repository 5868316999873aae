//! What is on a line or in a network, and which device it is. Pure: the engine says what to ask
//! next, and is handed what came.
//!
//! [`ranges`] reads what a person wants scanned, [`sweep`] says which unit to probe next and how
//! long that takes at most, [`identify`] asks one found device until `weigh` can say which
//! profiles fit it. What a profile claims is weighed against chance: a value in its range counts
//! by how unlikely just those registers would be on any other device.

pub mod identify;
mod known;
pub mod ranges;
pub mod sweep;
mod weigh;

pub use identify::{Answer, Candidate, Identify, Next, Question, Verdict};
pub use sweep::{Probe, Sweep, Tuning};
pub use weigh::Why;

#[cfg(test)]
mod tests;
