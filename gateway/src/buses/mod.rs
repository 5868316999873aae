//! Buses to readings: one task for each bus polls its devices; each kind of bus is a
//! [`BusDriver`].
//!
//! Entry point: [`spawn_bus_tasks`]; [`AdhocReader`] reads one device for a technician.
//!
//! ```text
//! let buses = spawn_bus_tasks(&config, &clock, &board, &counters, &readings, &stop, &mut tasks);
//! ```
//!
//! This module knows neither the store nor the sinks: readings leave it through a channel. Exactly
//! one task owns a bus, with one request on the wire at a time. See docs/ARCHITECTURE.md, "buses",
//! and docs/extending.md, "A kind of bus".

mod adhoc;
mod blocking_bus;
mod bus_driver;
mod bus_task;
mod chip_readings;
mod device_access;
mod fault_log;
pub mod gpio;
pub mod i2c;
mod measured_load;
pub mod modbus;
pub mod mqtt;
mod one_wire;
mod owned_bus;
pub mod pin_survey;
mod poll_scheduler;
mod uart;

use crate::bus_request::BusRequest;
use crate::clock::Clock;
use crate::config::{Bus, BusLink, Config, Device, UartLink};
use blocking_bus::BlockingBus;
use tokio::sync::mpsc;

pub use adhoc::{AdhocReader, AdhocReading, read_device_once};
pub(crate) use bus_driver::NO_RAW_REQUESTS;
pub use bus_driver::{
    BusCounts, BusDriver, BusFuture, DevicePoll, PatientPoll, PollDetails, PollError, PollRequest,
};
pub(crate) use bus_task::create_bus_task;
pub use bus_task::{BusTask, CounterValues, spawn_bus_tasks};

/// Creates the driver of a bus: the list of the kinds of bus. It opens nothing yet.
fn create_driver(
    config: &Config,
    bus: &Bus,
    devices: Vec<Device>,
    clock: &Clock,
) -> Box<dyn BusDriver> {
    match &bus.link {
        BusLink::Modbus(link) => Box::new(modbus::ModbusBus::new(bus, link, devices, None)),
        BusLink::Gpio(link) => Box::new(gpio::GpioBus::new(link, &devices)),
        BusLink::I2c(link) => {
            let reader = i2c::I2cReader::new(&link.port, devices, clock);
            Box::new(BlockingBus::new(bus.id.to_string(), Box::new(reader)))
        }
        BusLink::OneWire(link) => {
            let reader = one_wire::OneWireReader::new(&link.folder, devices);
            Box::new(BlockingBus::new(bus.id.to_string(), Box::new(reader)))
        }
        BusLink::Uart(UartLink(line)) => Box::new(uart::UartBus::new(line, devices)),
        BusLink::Mqtt(link) => {
            let zone = &config.site.timezone;
            Box::new(mqtt::MqttBus::new(link, &devices, clock, zone))
        }
    }
}

/// Creates a driver of one device whose requests go to the task that owns its bus.
fn create_owned_driver(
    config: &Config,
    index: usize,
    owner: mpsc::Sender<BusRequest>,
) -> Option<Box<dyn BusDriver>> {
    let device = config.devices.get(index)?;
    let bus = config.buses.get(device.bus)?;
    if let BusLink::Modbus(link) = &bus.link {
        let (devices, owner) = (vec![device.clone()], Some(owner));
        return Some(Box::new(modbus::ModbusBus::new(bus, link, devices, owner)));
    }
    let mut on_bus = devices_of_bus(config, device.bus).map(|(_, device)| &device.id);
    let position = on_bus.position(|id| *id == device.id)?;
    let positions = vec![u16::try_from(position).ok()?];
    Some(Box::new(owned_bus::OwnedBus::new(owner, positions)))
}

/// Returns the devices of a bus in file order, each with its index in `Config::devices`.
pub(crate) fn devices_of_bus(config: &Config, bus: usize) -> impl Iterator<Item = (u16, &Device)> {
    let numbered = (0u16..).zip(&config.devices);
    numbered.filter(move |(_, device)| device.bus == bus)
}
