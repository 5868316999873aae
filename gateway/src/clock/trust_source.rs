//! [`TrustSource`]: the source that vouches for the time, and the offset between two clocks.

use crate::domain::{MonoMs, UtcMs};

/// Source that vouches for the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustSource {
    /// Kernel with a disciplined clock (NTP, chrony, GPS).
    Kernel,
    /// Battery clock that the gateway reads itself.
    BatteryClock,
    /// Time at the start, of a battery clock (`hctosys`) or of the host of a virtual machine.
    Host,
    /// Person who has set the time.
    Person,
}

impl TrustSource {
    /// Every source.
    const ALL: [Self; 4] = [Self::Kernel, Self::BatteryClock, Self::Host, Self::Person];

    /// True when this source, in agreement, ends the doubt about a time of `other`: the network any
    /// doubt, a battery clock that the gateway reads those about the start and about people. The
    /// time at a start, and what people say, merely fit.
    pub fn confirms(self, other: Self) -> bool {
        match self {
            Self::Kernel => true,
            Self::BatteryClock => matches!(other, Self::Host | Self::Person),
            Self::Host | Self::Person => false,
        }
    }

    /// Inverse of [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.word() == word)
    }

    /// Word for metrics, API and texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::BatteryClock => "battery-clock",
            Self::Host => "host",
            Self::Person => "person",
        }
    }
}

/// Offset in milliseconds between a wall clock time and the monotonic time of the same moment.
pub fn offset_ms(at: UtcMs, mono: MonoMs) -> i64 {
    let mono = i64::try_from(mono.0).unwrap_or(i64::MAX);
    at.0.saturating_sub(mono)
}
