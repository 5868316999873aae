//! Answers in blocks: a day of samples at a time, so that flushes go on in between.

use super::calendar::Day;
use super::handle::{Block, Query, StoreError};
use super::hot::merge;
use super::keeper::Keeper;
use super::names::PointKey;
use crate::limits::QUERIES_MAX;
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// A question being answered.
#[derive(Debug)]
pub(super) struct Running {
    query: Query,
    point: PointKey,
    /// The next local day to read.
    day: Day,
    /// The last one.
    end: Day,
    blocks: mpsc::Sender<Result<Block, StoreError>>,
}

/// Waits until an answer has room for its next block.
pub(super) async fn wanted(running: &VecDeque<Running>) -> usize {
    if running.is_empty() {
        return std::future::pending().await;
    }
    let room = running.iter().map(|one| Box::pin(one.blocks.reserve()));
    futures_util::future::select_all(room).await.1
}

impl Keeper {
    /// Begins to answer.
    pub(super) fn begin(&mut self, query: Query, blocks: mpsc::Sender<Result<Block, StoreError>>) {
        let refused = match self.names.point(&query.point) {
            None => StoreError::UnknownPoint(query.point),
            Some(_) if self.running.len() >= QUERIES_MAX => {
                StoreError::Invalid("too many questions at once".to_owned())
            }
            Some(_) if query.to <= query.from => return,
            Some(point) => {
                let (first, last) = self.span(point);
                self.running.push_back(Running {
                    day: self.calendar.day(query.from).max(first),
                    end: self
                        .calendar
                        .day(crate::model::UtcMs(query.to.0 - 1))
                        .min(last),
                    query,
                    point,
                    blocks,
                });
                return;
            }
        };
        // The queue is new and empty; only a caller that has gone cannot be told.
        let _ = blocks.try_send(Err(refused));
    }

    /// Makes the next block of an answer that has room for it.
    pub(super) fn stream(&mut self, which: usize) {
        let Some(mut one) = self.running.remove(which) else {
            return;
        };
        if one.blocks.is_closed() {
            return;
        }
        while one.day <= one.end {
            let day = one.day;
            one.day += 1;
            match self.samples(one.point, day) {
                Ok(mut block) => {
                    block.retain(|sample| (one.query.from..one.query.to).contains(&sample.at));
                    if block.is_empty() {
                        continue;
                    }
                    if one.blocks.try_send(Ok(block)).is_ok() {
                        self.running.push_back(one);
                    }
                }
                Err(fault) => drop(one.blocks.try_send(Err(fault))),
            }
            return;
        }
    }

    /// All samples of a point's local day, in time order.
    pub(super) fn samples(&mut self, point: PointKey, day: Day) -> Result<Block, StoreError> {
        let mut samples = self.hot.samples(point, day);
        merge(&mut samples);
        Ok(samples)
    }

    /// The first and the last local day of which something is kept.
    fn span(&self, point: PointKey) -> (Day, Day) {
        let days = self
            .hot
            .keys()
            .filter(|key| key.point == point)
            .map(|key| key.day);
        days.fold((Day::MAX, Day::MIN), |(low, high), day| {
            (low.min(day), high.max(day))
        })
    }
}
