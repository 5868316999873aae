//! Code shared by the gateway and a sensor node: Modbus frames and units of measure. Needs no
//! operating system and no memory allocator.
//!
//! Entry type: [`frame::ModbusReadRequest`]. A read of three holding registers over RTU:
//!
//! ```text
//! let function = ModbusReadFunction::Holding;
//! let request = ModbusReadRequest { unit: 1, function, address: 0x006b, count: 3 };
//! let length = request.build(ModbusFraming::Rtu, 0, &mut out);   // 01 03 00 6b 00 03 74 17
//! match ModbusReadReply::parse(request, ModbusFraming::Rtu, 0, received) { .. }
//! ```
//!
//! Devices and their registers: `docs/devices.md`.
#![cfg_attr(not(test), no_std)]

mod crc;
pub mod frame;
pub mod identification;
pub mod modbus_server;
pub mod node;
pub mod units;
pub mod write_request;
