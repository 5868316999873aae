//! 1-Wire bus: serial numbers of devices ([`RomCode`]), search for them ([`RomSearch`]), and a
//! master on a pin of a microcontroller ([`OneWireMaster`]). On a Raspberry Pi the kernel is the
//! master.
//!
//! Sources: Maxim application notes 126 ("1-Wire Communication Through Software", table 2,
//! standard speed), 187 ("1-Wire Search Algorithm") and 27 (checksum).

pub use crate::crc::crc8_one_wire;

mod master;
mod rom_code;
mod rom_search;

pub use master::OneWireMaster;
pub use rom_code::RomCode;
pub use rom_search::{RomSearch, RomSearchPass};

#[cfg(test)]
pub(crate) mod simulated_wire_tests;
