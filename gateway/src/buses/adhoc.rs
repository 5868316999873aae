//! One device, read on request, with every byte of the exchange; for `pantau read`.

use super::bus_driver::{BusDriver, PatientPoll, PollDetails, PollError};
use super::{create_driver, create_owned_driver};
use crate::bus_request::BusRequest;
use crate::clock::Clock;
use crate::config::{Config, Device};
use crate::domain::{FaultDetail, SampleOutcome};
use crate::status::{DeviceFault, DeviceIdentity};
use tokio::sync::mpsc;

/// Result of one reading of a device.
#[derive(Debug)]
pub struct AdhocReading {
    /// Requests, registers and bytes.
    pub details: PollDetails,
    /// Manufacturer, model, version and serial number, when the device reports them.
    pub identity: Option<DeviceIdentity>,
    /// Outcome of each point; empty when the device gave nothing.
    pub outcomes: Box<[SampleOutcome]>,
    /// Round-trip time of the last answered request, milliseconds.
    pub round_trip_ms: f64,
    /// Fault of a device that answers.
    pub fault: Option<DeviceFault>,
    /// Error of a failed reading, with device, register, request and answer as text.
    pub failure: Option<(PollError, FaultDetail)>,
}

/// Reader of one device with a driver of its own.
#[derive(Debug)]
pub struct AdhocReader {
    driver: Box<dyn BusDriver>,
    device: Device,
    clock: Clock,
}

impl AdhocReader {
    /// Creates a reader of the device with this index; `None` when there is no such device. Opens
    /// nothing yet.
    pub fn new(config: &Config, index: usize, clock: &Clock) -> Option<Self> {
        Self::via_owner(config, index, clock, None)
    }

    /// Creates a reader that sends its requests to the task that owns the bus, when there is one.
    pub fn via_owner(
        config: &Config,
        index: usize,
        clock: &Clock,
        owner: Option<mpsc::Sender<BusRequest>>,
    ) -> Option<Self> {
        let device = config.devices.get(index)?;
        let driver = if let Some(owner) = owner {
            create_owned_driver(config, index, owner)?
        } else {
            let bus = config.buses.get(device.bus)?;
            create_driver(config, bus, vec![device.clone()], clock)
        };
        Some(Self {
            driver,
            device: device.clone(),
            clock: clock.clone(),
        })
    }

    /// Reads the device.
    pub async fn read(&mut self) -> AdhocReading {
        self.read_patiently(|| {}).await
    }

    /// Repeats a request to a device that answers; the fault when two devices seem to have its
    /// address.
    pub async fn check_address(&mut self) -> Option<DeviceFault> {
        self.driver.check_address(0).await
    }

    /// Reads the device; `waiting` is called once when it does not answer at once but may still do
    /// so: after its quiet time, or to shorter reads.
    pub async fn read_patiently(&mut self, waiting: impl FnOnce() + Send) -> AdhocReading {
        let mut waiting = Some(waiting);
        let mut once = || waiting.take().into_iter().for_each(|waiting| waiting());
        let wish = PatientPoll {
            device: 0,
            clock: &self.clock,
            waiting: &mut once,
        };
        let poll = self.driver.poll_patiently(wish).await;
        let details = self.driver.poll_details(0, &poll);
        AdhocReading {
            details: details.unwrap_or_else(|| PollDetails {
                points: self.device.points.iter().cloned().map(Some).collect(),
                ..PollDetails::default()
            }),
            identity: poll.identity,
            fault: poll.fault,
            round_trip_ms: poll.round_trip_ms,
            failure: poll
                .outcomes
                .as_ref()
                .err()
                .map(|error| (error.clone(), poll.detail)),
            outcomes: poll.outcomes.unwrap_or_default(),
        }
    }
}

/// Reads the device with this index once; `None` when there is no such device.
pub async fn read_device_once(
    config: &Config,
    index: usize,
    clock: &Clock,
) -> Option<AdhocReading> {
    Some(AdhocReader::new(config, index, clock)?.read().await)
}
