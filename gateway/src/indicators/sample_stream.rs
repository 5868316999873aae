//! [`SampleStream`]: the samples of one point in time order, block by block.

use crate::domain::{Sample, SampleOutcome, UtcMs};
use crate::indicators::input_series::InputSeries;
use crate::indicators::{CalculationProgress, IndicatorsError};
use crate::storage::{AggregateFunction, BucketStep, PointQuery, SampleBlock, Store, StoreError};
use tokio::sync::mpsc;

/// Progress counter.
pub(crate) struct ProgressCounter<'a> {
    pub(crate) progress: &'a mut (dyn FnMut(CalculationProgress) + Send),
    pub(crate) done: u64,
    pub(crate) all: u64,
}

impl ProgressCounter<'_> {
    fn advance(&mut self) {
        self.done = (self.done + 1).min(self.all);
        (self.progress)(CalculationProgress {
            done: self.done,
            all: self.all,
        });
    }
}

/// Stream of the samples of one point with the next sample.
pub(crate) struct SampleStream {
    blocks: Option<mpsc::Receiver<Result<SampleBlock, StoreError>>>,
    pub(crate) block: std::vec::IntoIter<Sample>,
    pub(crate) head: Option<Sample>,
}

impl SampleStream {
    pub(crate) async fn open(
        store: &Store,
        point: &str,
        from: i64,
        to: i64,
    ) -> Result<Self, IndicatorsError> {
        let query = PointQuery {
            point: point.to_owned(),
            from: UtcMs(from),
            to: UtcMs(to),
            step: BucketStep::Raw,
            aggregate: AggregateFunction::Last,
        };
        Ok(Self {
            blocks: Some(store.query(query).await?),
            block: Vec::new().into_iter(),
            head: None,
        })
    }

    /// Moves to the next sample; `head` stays empty at the end of the stream.
    pub(crate) async fn advance(
        &mut self,
        steps: &mut ProgressCounter<'_>,
    ) -> Result<(), IndicatorsError> {
        self.head = self.block.next();
        while self.head.is_none() {
            let Some(blocks) = &mut self.blocks else {
                return Ok(());
            };
            match blocks.recv().await {
                Some(Ok(block)) => self.block = block.into_iter(),
                // A point that was never read is not an error; it has no readings.
                None | Some(Err(StoreError::UnknownPoint(_))) => self.blocks = None,
                Some(Err(fault)) => return Err(fault.into()),
            }
            self.head = self.block.next();
            steps.advance();
            // A block of one day is a noticeable amount of work; other tasks get their turn between
            // blocks.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// First good sample that is plausible and not zero, which devices report that sleep.
    pub(crate) async fn first_good(
        mut self,
        series: &InputSeries,
    ) -> Result<Option<(i64, f64)>, IndicatorsError> {
        while let Some(blocks) = &mut self.blocks {
            match blocks.recv().await {
                Some(Ok(block)) => {
                    let good = block.iter().find_map(|sample| match sample.outcome {
                        SampleOutcome::Good(number) => {
                            Some((sample.at.0, number.to_f64())).filter(|(_, own)| *own != 0.0)
                        }
                        _ => None,
                    });
                    if let Some(good) = good.filter(|(_, own)| series.is_plausible(*own)) {
                        return Ok(Some(good));
                    }
                }
                None | Some(Err(StoreError::UnknownPoint(_))) => self.blocks = None,
                Some(Err(fault)) => return Err(fault.into()),
            }
        }
        Ok(None)
    }

    /// Last good sample that is not zero, or the last zero if there is no other.
    pub(crate) async fn last_good(mut self) -> Result<Option<(i64, f64)>, IndicatorsError> {
        let mut last: Option<(i64, f64)> = None;
        while let Some(blocks) = &mut self.blocks {
            match blocks.recv().await {
                Some(Ok(block)) => {
                    let good = block.iter().filter_map(|sample| match sample.outcome {
                        SampleOutcome::Good(number) => Some((sample.at.0, number.to_f64())),
                        _ => None,
                    });
                    // Devices that sleep report zero at night; the last value before it is the real
                    // counter.
                    last = good.fold(last, |last, now| match last {
                        Some((_, before)) if before != 0.0 && now.1 == 0.0 => last,
                        _ => Some(now),
                    });
                }
                None | Some(Err(StoreError::UnknownPoint(_))) => self.blocks = None,
                Some(Err(fault)) => return Err(fault.into()),
            }
        }
        Ok(last)
    }
}
