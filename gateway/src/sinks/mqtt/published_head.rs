//! [`PublishedHead`]: the part of the evidence chain that one connection has published.

use tokio::time::Instant;

/// Head of the evidence chain as one connection has published it.
#[derive(Debug, Default)]
pub(super) struct PublishedHead {
    /// Time of the last look at the chain.
    pub(super) checked: Option<Instant>,
    /// Digest that was published last; empty before the first.
    pub(super) sha256: String,
}
