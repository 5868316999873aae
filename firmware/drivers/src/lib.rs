//! Code shared by the gateway and a sensor node: Modbus frames, units of measure and sensors. Needs
//! no operating system and no memory allocator.
//!
//! Entry type for Modbus: [`frame::ModbusReadRequest`]. A read of three holding registers over RTU:
//!
//! ```text
//! let function = ModbusReadFunction::Holding;
//! let request = ModbusReadRequest { unit: 1, function, address: 0x006b, count: 3 };
//! let length = request.build(ModbusFraming::Rtu, 0, &mut out);   // 01 03 00 6b 00 03 74 17
//! match ModbusReadReply::parse(request, ModbusFraming::Rtu, 0, received) { .. }
//! ```
//!
//! Sensors: a module for each chip or kind of signal. All of them give a value or a
//! [`sensor_fault::SensorFault`]; a measurement that takes time is started, and read later:
//!
//! ```text
//! let wait = adc.start_single(&mut bus, setup)?;                 // then sleep, or await a timer
//! let level = probe.value_from_volts(adc.read(&mut bus)?.volts()?)?;
//! ```
//!
//! Devices and their registers: `docs/devices.md`.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod a02yyuw;
pub mod ads1115;
pub mod calibration;
mod crc;
pub mod current_loop;
pub mod ds18b20;
pub mod ds3231;
pub mod frame;
pub mod header_oddities;
pub mod identification;
pub mod measuring_range;
pub mod modbus_server;
pub mod node;
pub mod one_wire;
pub mod pulse_counter;
pub mod sensor_fault;
pub mod sht;
pub mod units;
pub mod voltage_divider;
pub mod water_level;
pub mod write_request;
