//! Queries in progress: the position in an answer, and the channel to the caller of those that the
//! store sends by itself.

use super::downsample::BucketDownsampler;
use super::key_registry::PointKey;
use super::local_calendar::LocalDay;
use super::store_error::StoreError;
use super::store_values::{PointQuery, SampleBlock};
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Position in the answer to a query. The store keeps nothing of it: whoever holds it asks for the
/// next block when there is a reader for it.
#[derive(Clone, Debug)]
pub struct QueryCursor {
    pub(super) query: PointQuery,
    pub(super) point: PointKey,
    /// Next local day to read.
    pub(super) day: LocalDay,
    /// Last local day to read.
    pub(super) end: LocalDay,
    /// `None` for raw samples.
    pub(super) fold: Option<BucketDownsampler>,
    /// The last block was handed out.
    pub(super) ended: bool,
}

/// Answer to a query that was begun.
#[derive(Clone, Debug)]
pub struct OpenQuery {
    /// Position before the first block.
    pub cursor: QueryCursor,
    /// Raw samples in the range, without those of an untrusted clock on closed days; `None` for
    /// buckets.
    pub samples: Option<u64>,
    /// Some numbers of the range may be uncertain: without a date, or of unknown age.
    pub has_doubt: bool,
}

/// Query whose blocks the store sends by itself.
#[derive(Debug)]
pub(super) struct RunningQuery {
    pub(super) cursor: QueryCursor,
    pub(super) blocks: mpsc::Sender<Result<SampleBlock, StoreError>>,
}

/// Waits until a query has room for its next block; returns its index.
pub(super) async fn next_ready(running: &VecDeque<RunningQuery>) -> usize {
    if running.is_empty() {
        return std::future::pending().await;
    }
    let room = running.iter().map(|one| Box::pin(one.blocks.reserve()));
    futures_util::future::select_all(room).await.1
}
