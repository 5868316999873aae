//! Open answers with samples: [`SampleAnswers`] bounds them, and [`SampleReader`] reads the samples
//! of one answer block by block.
//!
//! An answer that waits for its reader holds nothing of the store: the next block is read when the
//! reader has taken the one before. When all places are taken, the answer that waits longest for
//! its reader gives way to a new one; its body then ends with an error, so that the client sees
//! that it is not complete.

use super::error::{ApiError, ApiErrorCode};
use crate::limits::{
    ANSWER_WAIT_SECONDS, LONG_ANSWER_SAMPLES, LONG_ANSWERS_MAX, SAMPLE_ANSWERS_MAX,
    SAMPLE_PIECES_MAX, SLOW_READER_MS,
};
use crate::storage::{QueryCursor, SampleBlock, Store, StoreError};
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Interval at which a new answer looks for a place.
const PLACE_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Open answers of one listener.
#[derive(Clone, Debug)]
pub(crate) struct SampleAnswers {
    rows: Arc<Mutex<AnswerRows>>,
    /// Pieces that are being made.
    pieces: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct AnswerRows {
    next: u64,
    rows: BTreeMap<u64, AnswerRow>,
}

#[derive(Debug)]
struct AnswerRow {
    is_long: bool,
    /// Since when the answer waits for its reader; `None` while a piece is made.
    waits_since: Option<Instant>,
}

/// Place of one answer; given back when dropped.
#[derive(Debug)]
pub(crate) struct AnswerPlace {
    answers: SampleAnswers,
    number: u64,
}

/// Leave to make one piece of an answer. The answer waits for its reader when it is dropped.
#[derive(Debug)]
pub(crate) struct PieceTurn<'a> {
    place: &'a AnswerPlace,
    _permit: SemaphorePermit<'a>,
}

/// Samples of one answer, read again from the start as often as the answer needs them.
#[derive(Debug)]
pub(crate) struct SampleReader {
    store: Store,
    place: AnswerPlace,
    start: QueryCursor,
    /// Position after the last block; `None` after the end.
    cursor: Option<QueryCursor>,
}

impl Default for SampleAnswers {
    fn default() -> Self {
        Self {
            rows: Arc::default(),
            pieces: Arc::new(Semaphore::new(SAMPLE_PIECES_MAX)),
        }
    }
}

impl SampleAnswers {
    /// Waits for a place for an answer of about so many samples. Status 503 when all other readers
    /// are busy for `ANSWER_WAIT_SECONDS`.
    pub(crate) async fn open(&self, samples: u64) -> Result<AnswerPlace, ApiError> {
        let is_long = samples > LONG_ANSWER_SAMPLES;
        let end = Instant::now() + Duration::from_secs(ANSWER_WAIT_SECONDS);
        loop {
            if let Some(number) = self.lock_rows().admit(is_long) {
                let answers = self.clone();
                return Ok(AnswerPlace { answers, number });
            }
            if Instant::now() >= end {
                return Err(ApiError::with_code(
                    StatusCode::SERVICE_UNAVAILABLE,
                    ApiErrorCode::Busy,
                    "too many requests for samples at once",
                ));
            }
            tokio::time::sleep(PLACE_CHECK_INTERVAL).await;
        }
    }

    fn lock_rows(&self) -> std::sync::MutexGuard<'_, AnswerRows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnswerRows {
    /// Number of a new place; `None` when there is none and nobody is slow enough to give way.
    fn admit(&mut self, is_long: bool) -> Option<u64> {
        let long = self.rows.values().filter(|row| row.is_long).count();
        let is_full = self.rows.len() >= SAMPLE_ANSWERS_MAX;
        if is_long && long >= LONG_ANSWERS_MAX {
            self.end_slowest(|row| row.is_long)?;
        } else if is_full {
            self.end_slowest(|_| true)?;
        }
        let number = self.next;
        self.next += 1;
        let row = AnswerRow {
            is_long,
            waits_since: Some(Instant::now()),
        };
        self.rows.insert(number, row);
        Some(number)
    }

    /// Takes the place of the answer that waits longest for its reader.
    fn end_slowest(&mut self, may_end: impl Fn(&AnswerRow) -> bool) -> Option<()> {
        let rows = self.rows.iter().filter(|(_, row)| may_end(row));
        let waits = rows.filter_map(|(number, row)| Some((row.waits_since?, *number)));
        let (since, number) = waits.min()?;
        let limit = Duration::from_millis(SLOW_READER_MS);
        let is_slow = Instant::now().saturating_duration_since(since) >= limit;
        is_slow.then(|| drop(self.rows.remove(&number)))
    }
}

impl AnswerPlace {
    /// The reader wants more: waits for the turn to make the next piece. `SlowReader` when the
    /// place was taken by another answer.
    pub(crate) async fn next_turn(&self) -> Result<PieceTurn<'_>, StoreError> {
        self.mark(None)?;
        let permit = self.answers.pieces.acquire().await;
        let permit = permit.map_err(|_| StoreError::Stopped)?;
        Ok(PieceTurn {
            place: self,
            _permit: permit,
        })
    }

    fn mark(&self, waits_since: Option<Instant>) -> Result<(), StoreError> {
        let mut rows = self.answers.lock_rows();
        let row = rows.rows.get_mut(&self.number);
        row.ok_or(StoreError::SlowReader)?.waits_since = waits_since;
        Ok(())
    }
}

impl Drop for PieceTurn<'_> {
    fn drop(&mut self) {
        // The place may have been given to another answer; then there is nothing to mark.
        let _ = self.place.mark(Some(Instant::now()));
    }
}

impl Drop for AnswerPlace {
    fn drop(&mut self) {
        self.answers.lock_rows().rows.remove(&self.number);
    }
}

impl SampleReader {
    pub(crate) fn new(store: Store, place: AnswerPlace, start: QueryCursor) -> Self {
        let cursor = Some(start.clone());
        Self {
            store,
            place,
            start,
            cursor,
        }
    }

    /// The next samples; `None` after the last.
    pub(crate) async fn next_block(&mut self) -> Result<Option<SampleBlock>, StoreError> {
        let _turn = self.place.next_turn().await?;
        while let Some(cursor) = self.cursor.take() {
            if let Some((cursor, block)) = self.store.next_block(cursor).await? {
                self.cursor = Some(cursor);
                if !block.is_empty() {
                    return Ok(Some(block));
                }
            }
        }
        Ok(None)
    }

    /// Begins again with the first sample.
    pub(crate) fn restart(&mut self) {
        self.cursor = Some(self.start.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_answer_that_waits_longest_gives_way_after_a_second() {
        let answers = SampleAnswers::default();
        let long = LONG_ANSWER_SAMPLES + 1;
        let mut places = Vec::new();
        for _ in 0..LONG_ANSWERS_MAX {
            places.push(answers.open(long).await.unwrap());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // A plot needs no place of a long answer.
        let from = Instant::now();
        let plot = answers.open(100).await.unwrap();
        assert_eq!(from.elapsed(), Duration::ZERO);
        drop(plot);
        // The first one goes on; the second has waited longest then.
        drop(places[0].next_turn().await.unwrap());
        let _more = answers.open(long).await.unwrap();
        assert!(from.elapsed() <= Duration::from_millis(1050));
        assert!(places[0].next_turn().await.is_ok());
        assert!(matches!(
            places[1].next_turn().await,
            Err(StoreError::SlowReader)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn while_every_reader_takes_its_piece_a_further_answer_is_refused_as_busy() {
        let answers = SampleAnswers::default();
        let mut places = Vec::new();
        for _ in 0..SAMPLE_ANSWERS_MAX {
            places.push(answers.open(1).await.unwrap());
        }
        let read = async {
            loop {
                for place in &places {
                    drop(place.next_turn().await.unwrap());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let refused = tokio::select! {
            () = read => unreachable!("readers do not end"),
            refused = answers.open(1) => refused,
        };
        assert_eq!(refused.unwrap_err().status, 503);
        places.pop();
        assert!(answers.open(1).await.is_ok());
    }
}
