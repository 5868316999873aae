//! Queries in progress, each with the channel to its caller.

use super::downsample::BucketDownsampler;
use super::key_registry::PointKey;
use super::local_calendar::LocalDay;
use super::store_error::StoreError;
use super::store_values::{PointQuery, SampleBlock};
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Query in progress.
#[derive(Debug)]
pub(super) struct RunningQuery {
    pub(super) query: PointQuery,
    pub(super) point: PointKey,
    /// Next local day to read.
    pub(super) day: LocalDay,
    /// Last local day to read.
    pub(super) end: LocalDay,
    /// `None` for raw samples.
    pub(super) fold: Option<BucketDownsampler>,
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
