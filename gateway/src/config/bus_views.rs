//! [`Bus`], and views of a [`BusLink`] and a [`PointAccess`] as those of one kind of bus.

use crate::config::{
    BusLink, ChipPoint, GpioPoint, ModbusLink, ModbusPoint, MqttLink, MqttPoint, PointAccess,
};
use drivers::header_oddities::HeaderOddities;
use std::sync::Arc;
use std::time::Duration;

/// Connection to devices: a serial line or a network address.
#[derive(Clone, Debug, PartialEq)]
pub struct Bus {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Kind of bus, and its connection.
    pub link: BusLink,
    /// Timeout of one request.
    pub timeout: Duration,
    /// Times that a request without an answer is sent again to a device that has answered before.
    pub retries: u8,
    /// Quiet time between connecting and the first request.
    pub settle: Duration,
    /// Errors in the header of a Modbus TCP answer that are accepted.
    pub oddities: HeaderOddities,
}

impl BusLink {
    /// Modbus connection; `None` for another kind of bus.
    pub fn modbus(&self) -> Option<&ModbusLink> {
        match self {
            Self::Modbus(link) => Some(link),
            _ => None,
        }
    }

    /// Same as `modbus`, to change it.
    pub fn modbus_mut(&mut self) -> Option<&mut ModbusLink> {
        match self {
            Self::Modbus(link) => Some(link),
            _ => None,
        }
    }

    /// Broker of sensor nodes; `None` for another kind of bus.
    pub fn mqtt(&self) -> Option<&MqttLink> {
        match self {
            Self::Mqtt(link) => Some(link),
            _ => None,
        }
    }
}

impl PointAccess {
    /// GPIO line; `None` for another kind of bus.
    pub fn gpio(&self) -> Option<&GpioPoint> {
        match self {
            Self::Gpio(line) => Some(line),
            _ => None,
        }
    }

    /// Sensor chip; `None` for another kind of bus.
    pub fn chip(&self) -> Option<&ChipPoint> {
        match self {
            Self::Chip(point) => Some(point),
            _ => None,
        }
    }

    /// Value in the messages of a node; `None` for another kind of bus.
    pub fn mqtt(&self) -> Option<&MqttPoint> {
        match self {
            Self::Mqtt(message) => Some(message),
            _ => None,
        }
    }

    /// Modbus registers; `None` for another kind of bus.
    pub fn modbus(&self) -> Option<&ModbusPoint> {
        match self {
            Self::Modbus(registers) => Some(registers),
            _ => None,
        }
    }

    /// Same as `modbus`, to change it.
    pub fn modbus_mut(&mut self) -> Option<&mut ModbusPoint> {
        match self {
            Self::Modbus(registers) => Some(registers),
            _ => None,
        }
    }
}
