//! [`ReadingIntake`]: takes the readings of all buses to the store, and holds them back while the
//! store is opened again.

use crate::clock::Clock;
use crate::domain::Reading;
use crate::limits::{READING_QUEUE_MAX, STORE_BATCH_WAIT_MS};
use crate::storage::Store;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Where readings go, and what their numbers of devices mean there.
#[derive(Clone, Debug)]
pub(super) struct IntakeTarget {
    /// Store.
    pub(super) store: Store,
    /// Index of the device in the configuration, by the number that readings carry.
    pub(super) devices: Vec<Option<u16>>,
}

/// Order to the intake.
#[derive(Debug)]
pub(super) enum IntakeOrder {
    /// Passes all waiting readings to the store, says so, and waits for a new target. Readings wait
    /// in their channel meanwhile, and buses wait when it is full.
    Pause(oneshot::Sender<()>),
    /// Goes on with another target.
    Resume(IntakeTarget),
}

/// Task that passes readings from the buses to the store.
#[derive(Debug)]
pub(super) struct ReadingIntake {
    readings: mpsc::Receiver<Reading>,
    orders: mpsc::Receiver<IntakeOrder>,
    target: IntakeTarget,
    clock: Clock,
    /// True at the start: an earlier run in this boot may have stored undated readings.
    may_be_undated: bool,
    /// A failure to re-date was logged and has not ended.
    is_told: bool,
}

impl ReadingIntake {
    /// Creates the intake; `readings` are those of all buses.
    pub(super) fn new(
        readings: mpsc::Receiver<Reading>,
        orders: mpsc::Receiver<IntakeOrder>,
        target: IntakeTarget,
        clock: Clock,
    ) -> Self {
        Self {
            readings,
            orders,
            target,
            clock,
            may_be_undated: true,
            is_told: false,
        }
    }

    /// Passes readings on until all buses have ended, or the store has.
    pub(super) async fn run(mut self) {
        loop {
            let goes_on = tokio::select! {
                // An order waits for no reading.
                biased;
                Some(order) = self.orders.recv() => self.follow(order).await,
                first = self.readings.recv() => match first {
                    Some(first) => self.store_batch(first).await,
                    None => false,
                },
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Follows an order; false when the gateway is gone.
    async fn follow(&mut self, order: IntakeOrder) -> bool {
        match order {
            IntakeOrder::Resume(target) => self.take_over(target),
            IntakeOrder::Pause(paused) => {
                let waiting = self.take_waiting(Vec::new());
                self.store_all(waiting).await;
                let _ = paused.send(());
                match self.orders.recv().await {
                    Some(IntakeOrder::Resume(target)) => self.take_over(target),
                    // Two pauses in a row have nothing to wait for.
                    Some(IntakeOrder::Pause(_)) => {}
                    None => return false,
                }
            }
        }
        true
    }

    fn take_over(&mut self, target: IntakeTarget) {
        self.target = target;
        self.may_be_undated = true;
    }

    /// Stores a reading and those that wait behind it; false when the store has ended.
    async fn store_batch(&mut self, first: Reading) -> bool {
        // Buses with equal intervals answer together: wait shortly and wake the store once for all.
        tokio::time::sleep(Duration::from_millis(STORE_BATCH_WAIT_MS)).await;
        let all = self.take_waiting(vec![first]);
        self.store_all(all).await
    }

    /// Adds the readings that wait now.
    fn take_waiting(&mut self, mut all: Vec<Reading>) -> Vec<Reading> {
        // Buses may fill the channel as fast as it empties.
        let most = all.len() + READING_QUEUE_MAX;
        while all.len() < most {
            match self.readings.try_recv() {
                Ok(reading) => all.push(reading),
                Err(_) => break,
            }
        }
        all
    }

    /// Appends readings, and re-dates undated ones once the time is known; false when the store has
    /// ended.
    async fn store_all(&mut self, all: Vec<Reading>) -> bool {
        let mut batch = Vec::new();
        for reading in all {
            let Some(reading) = self.numbered(reading) else {
                continue;
            };
            if reading.dated && self.may_be_undated {
                if !self.append(&mut batch).await {
                    return false;
                }
                self.may_be_undated = !self.redate_undated().await;
            }
            self.may_be_undated |= !reading.dated;
            batch.push(reading);
        }
        self.append(&mut batch).await
    }

    /// The reading with the index of its device.
    fn numbered(&self, mut reading: Reading) -> Option<Reading> {
        let index = self.target.devices.get(usize::from(reading.device));
        let Some(index) = index.copied().flatten() else {
            tracing::error!(
                number = reading.device,
                "a reading of a device that is gone"
            );
            return None;
        };
        reading.device = index;
        Some(reading)
    }

    /// Appends a batch; false when the store has ended.
    async fn append(&self, batch: &mut Vec<Reading>) -> bool {
        let handed = self.target.store.append_all(std::mem::take(batch)).await;
        if let Err(error) = &handed {
            tracing::error!(%error, "readings could not be passed to the store");
        }
        handed.is_ok()
    }

    /// Re-dates readings that were stored undated; false when it must be tried again.
    async fn redate_undated(&mut self) -> bool {
        if !self.clock.now().trusted {
            return false;
        }
        let redated = self.target.store.redate_all().await;
        // Tried with every reading: a line of the log is for the first of a run of failures.
        let was_told = std::mem::replace(&mut self.is_told, redated.is_err());
        match redated {
            Ok(0) => {}
            Ok(moved) => tracing::info!(moved, "clock is trusted: undated readings were re-dated"),
            Err(error) => {
                if !was_told {
                    tracing::error!(%error, "undated readings could not be re-dated; will retry");
                }
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ExactNumber, Quality, SampleOutcome, UtcMs};
    use crate::storage::{AggregateFunction, BucketStep, PointQuery};
    use crate::tests::{SiteText, load_site};

    fn reading_now(clock: &Clock) -> Reading {
        let now = clock.now();
        Reading {
            device: 0,
            at: now.at,
            mono: now.mono,
            dated: now.trusted,
            outcomes: [SampleOutcome::Good(ExactNumber::Float(1.0))].into(),
        }
    }

    async fn qualities(store: &Store) -> Vec<(i64, Quality)> {
        let query = PointQuery {
            point: "d.p".to_owned(),
            from: UtcMs(0),
            to: UtcMs(i64::MAX),
            step: BucketStep::Raw,
            aggregate: AggregateFunction::Last,
        };
        let mut blocks = store.query(query).await.unwrap();
        let mut all = Vec::new();
        while let Some(block) = blocks.recv().await {
            let block = block.unwrap();
            all.extend(block.iter().map(|one| (one.at.0, one.outcome.quality())));
        }
        all
    }

    #[tokio::test]
    async fn what_an_earlier_run_read_without_the_time_gets_its_date_with_the_first_dated_reading()
    {
        let dir = tempfile::tempdir().unwrap();
        let text = SiteText::new("s").tcp_bus("b", 502).device("d", "b", "");
        let text = text.points(["{ id = 'p', register = 'holding:0', type = 'u16' }"]);
        let text = &text.text();
        let config = load_site(text);
        let clock = Clock::set(UtcMs(1000), false);
        let open = || Store::open(dir.path(), &config.site, &config.store, text, &clock).unwrap();
        let earlier = open();
        earlier.append(reading_now(&clock)).await.unwrap();
        earlier.stop().await;

        let store = open();
        let (out, readings) = mpsc::channel(4);
        let target = IntakeTarget {
            store: store.clone(),
            devices: vec![Some(0)],
        };
        let (_orders, followed) = mpsc::channel(1);
        let intake = ReadingIntake::new(readings, followed, target, clock.clone());
        let keeping = tokio::spawn(intake.run());
        clock.advance(Duration::from_secs(10));
        clock.set_wall_clock(UtcMs(1_795_194_010_000));
        clock.trust();
        out.send(reading_now(&clock)).await.unwrap();
        drop(out);
        keeping.await.unwrap();
        store.flush().await.unwrap();
        let right = [1_795_194_000_000, 1_795_194_010_000].map(|at| (at, Quality::Good));
        assert_eq!(qualities(&store).await, right);
        store.stop().await;
    }
}
