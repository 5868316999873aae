//! [`BlockingBus`]: a bus whose devices are read by calls that wait, in a thread of its own.

use super::{BusDriver, BusFuture, DevicePoll, PollError};
use crate::domain::{MonoMs, QualityReason, SampleOutcome};
use crate::status::DeviceFault;
use std::fmt::Debug;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest time of one poll. A call into the kernel that never returns must not hold the bus task.
const POLL_LIMIT: Duration = Duration::from_secs(10);

/// Reader of devices by calls that may wait.
pub(super) trait BlockingReader: Debug + Send {
    /// Reads all points of a device. Errors: nothing of it could be read.
    fn read_device(&mut self, device: usize) -> Result<DeviceReading, PollError>;
}

/// Outcomes of the points of a device, and its fault when some of them have none.
#[derive(Debug)]
pub(super) struct DeviceReading {
    pub(super) outcomes: Box<[SampleOutcome]>,
    pub(super) fault: Option<PollError>,
}

/// Request to the thread: the position of the device, and where its reading goes.
type ReadRequest = (usize, oneshot::Sender<Result<DeviceReading, PollError>>);

/// Bus with its thread, which starts with the first poll.
#[derive(Debug)]
pub(super) struct BlockingBus {
    name: String,
    /// Reader until its thread starts.
    reader: Option<Box<dyn BlockingReader>>,
    requests: Option<SyncSender<ReadRequest>>,
}

impl BlockingBus {
    /// Creates the bus; `name` is that of its thread, of which the system shows 15 letters.
    pub(super) fn new(name: String, reader: Box<dyn BlockingReader>) -> Self {
        Self {
            name,
            reader: Some(reader),
            requests: None,
        }
    }

    fn start_thread(&mut self) -> std::io::Result<()> {
        let Some(reader) = self.reader.take() else {
            return Ok(());
        };
        // One request at a time: a second one waits for nobody, and is refused.
        let (requests, waiting) = sync_channel(1);
        std::thread::Builder::new()
            .name(self.name.clone())
            .spawn(move || serve_reads(reader, &waiting))?;
        self.requests = Some(requests);
        Ok(())
    }

    async fn read_device(&mut self, device: usize) -> Result<DeviceReading, PollError> {
        self.start_thread()
            .map_err(|error| unreachable_bus(format!("no thread for this bus: {error}")))?;
        let gone = || unreachable_bus("the thread of this bus has ended".to_owned());
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        let (answer, done) = oneshot::channel();
        requests
            .try_send((device, answer))
            .map_err(|error| match error {
                TrySendError::Full(_) => stuck_bus(),
                TrySendError::Disconnected(_) => gone(),
            })?;
        match tokio::time::timeout(POLL_LIMIT, done).await {
            Ok(Ok(reading)) => reading,
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(stuck_bus()),
        }
    }
}

/// Serves reads until the bus is dropped.
fn serve_reads(mut reader: Box<dyn BlockingReader>, waiting: &Receiver<ReadRequest>) {
    while let Ok((device, answer)) = waiting.recv() {
        // A poll that waited too long has gone.
        let _ = answer.send(reader.read_device(device));
    }
}

fn unreachable_bus(message: String) -> PollError {
    PollError {
        reason: QualityReason::Unreachable,
        message,
    }
}

fn stuck_bus() -> PollError {
    PollError {
        reason: QualityReason::Timeout,
        message: format!("the bus has not answered within {} s", POLL_LIMIT.as_secs()),
    }
}

impl BusDriver for BlockingBus {
    fn poll(&mut self, device: usize, _now: MonoMs) -> BusFuture<'_, DevicePoll> {
        Box::pin(async move {
            let reading = self.read_device(device).await;
            let fault = reading.as_ref().ok().and_then(|reading| {
                let fault = reading.fault.as_ref()?;
                Some(DeviceFault {
                    reason: fault.reason,
                    detail: fault.message.clone().into(),
                })
            });
            DevicePoll {
                fault,
                ..DevicePoll::new(reading.map(|reading| reading.outcomes))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ExactNumber;

    /// Reader whose device 1 never answers.
    #[derive(Debug)]
    struct HangingReader;

    impl BlockingReader for HangingReader {
        fn read_device(&mut self, device: usize) -> Result<DeviceReading, PollError> {
            if device == 1 {
                std::thread::park();
            }
            Ok(DeviceReading {
                outcomes: [SampleOutcome::Good(ExactNumber::Float(21.5))].into(),
                fault: None,
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_never_returns_holds_up_no_other_bus() {
        let mut bus = BlockingBus::new("bus test".to_owned(), Box::new(HangingReader));
        let poll = bus.poll(1, MonoMs(0)).await;
        assert_eq!(poll.outcomes.unwrap_err().reason, QualityReason::Timeout);
        // One request waits in the queue; the next one is told at once.
        let poll = bus.poll(0, MonoMs(0)).await;
        assert_eq!(poll.outcomes.unwrap_err().reason, QualityReason::Timeout);
        let poll = bus.poll(0, MonoMs(0)).await;
        assert_eq!(poll.outcomes.unwrap_err().reason, QualityReason::Timeout);
    }
}
