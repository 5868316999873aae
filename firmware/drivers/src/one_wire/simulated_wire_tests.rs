//! 1-Wire line with simulated DS18B20 on it, which see nothing but the level and its times; and
//! tests of the master against it.

use super::*;
use crate::sensor_fault::SensorFault;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::rc::Rc;

/// Phase of a device: waiting for bits, or sending them.
#[derive(Clone, Debug)]
enum WirePhase {
    Idle,
    RomCommand(Vec<bool>),
    Matching(Vec<bool>),
    Searching { sent: usize },
    FunctionCommand(Vec<bool>),
    Sending(Vec<bool>),
    Receiving(Vec<bool>),
}

/// Simulated DS18B20.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDevice {
    pub(crate) rom: RomCode,
    pub(crate) scratchpad: [u8; 9],
    pub(crate) conversions: usize,
    phase: WirePhase,
}

/// State of the line: who pulls it, and since when.
#[derive(Debug, Default)]
pub(crate) struct SimulatedLine {
    now_us: u64,
    low_since_us: Option<u64>,
    /// Until when a device holds the line low: of a slot's 0, or of its presence pulse.
    held_from_us: u64,
    held_until_us: u64,
    pub(crate) is_shorted: bool,
    pub(crate) devices: Vec<SimulatedDevice>,
}

/// Pin and delay of the simulated line.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedWire(pub(crate) Rc<RefCell<SimulatedLine>>);

fn bits_of(bytes: &[u8]) -> Vec<bool> {
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    bits.collect()
}

fn byte_of(bits: &[bool]) -> u8 {
    let bits = bits.iter().enumerate();
    bits.map(|(at, bit)| u8::from(*bit) << at).sum()
}

impl SimulatedDevice {
    /// The bit that the device sends in the next slot, if it sends.
    fn next_bit(&self) -> Option<bool> {
        let rom = bits_of(&self.rom.bytes());
        match &self.phase {
            WirePhase::Searching { sent } if sent % 3 == 0 => Some(rom[sent / 3]),
            WirePhase::Searching { sent } if sent % 3 == 1 => Some(!rom[sent / 3]),
            WirePhase::Sending(bits) => bits.first().copied(),
            _ => None,
        }
    }

    /// Takes a slot in which the line was low for a short time (1) or a long time (0).
    fn take_slot(&mut self, bit: bool) {
        let rom = bits_of(&self.rom.bytes());
        self.phase = match std::mem::replace(&mut self.phase, WirePhase::Idle) {
            WirePhase::RomCommand(bits) => self.collect(bits, bit, Self::rom_command),
            WirePhase::FunctionCommand(bits) => self.collect(bits, bit, Self::function_command),
            WirePhase::Matching(mut bits) => {
                bits.push(bit);
                match (bits.len(), rom == bits) {
                    (64, true) => WirePhase::FunctionCommand(Vec::new()),
                    (64, false) => WirePhase::Idle,
                    _ => WirePhase::Matching(bits),
                }
            }
            WirePhase::Searching { sent } => {
                let is_mine = sent % 3 != 2 || rom[sent / 3] == bit;
                match (is_mine, sent + 1) {
                    (false, _) => WirePhase::Idle,
                    (true, 192) => WirePhase::FunctionCommand(Vec::new()),
                    (true, sent) => WirePhase::Searching { sent },
                }
            }
            WirePhase::Sending(bits) => WirePhase::Sending(bits[1.min(bits.len())..].to_vec()),
            WirePhase::Receiving(mut bits) => {
                bits.push(bit);
                if bits.len() == 24 {
                    for (at, byte) in bits.chunks(8).enumerate() {
                        self.scratchpad[2 + at] = byte_of(byte);
                    }
                    self.scratchpad[8] = crc8_one_wire(&self.scratchpad[..8]);
                    WirePhase::Idle
                } else {
                    WirePhase::Receiving(bits)
                }
            }
            WirePhase::Idle => WirePhase::Idle,
        };
    }

    fn collect(
        &mut self,
        mut bits: Vec<bool>,
        bit: bool,
        command: fn(&mut Self, u8, Vec<bool>) -> WirePhase,
    ) -> WirePhase {
        bits.push(bit);
        let byte = byte_of(&bits);
        command(self, byte, bits)
    }

    fn rom_command(&mut self, byte: u8, bits: Vec<bool>) -> WirePhase {
        if bits.len() < 8 {
            return WirePhase::RomCommand(bits);
        }
        match byte {
            0xf0 => WirePhase::Searching { sent: 0 },
            0x55 => WirePhase::Matching(Vec::new()),
            0xcc => WirePhase::FunctionCommand(Vec::new()),
            0x33 => WirePhase::Sending(bits_of(&self.rom.bytes())),
            _ => WirePhase::Idle,
        }
    }

    fn function_command(&mut self, byte: u8, bits: Vec<bool>) -> WirePhase {
        if bits.len() < 8 {
            return WirePhase::FunctionCommand(bits);
        }
        match byte {
            0x44 => {
                self.conversions += 1;
                // It answers "busy" in three slots.
                WirePhase::Sending(vec![false; 3])
            }
            0xbe => WirePhase::Sending(bits_of(&self.scratchpad)),
            0x4e => WirePhase::Receiving(Vec::new()),
            0xb4 => WirePhase::Sending(vec![true]),
            _ => WirePhase::Idle,
        }
    }
}

impl SimulatedWire {
    /// A line with a device for each serial number; all have the same scratchpad.
    pub(crate) fn with_devices(roms: &[RomCode], scratchpad: [u8; 9]) -> Self {
        let devices = roms.iter().map(|rom| SimulatedDevice {
            rom: *rom,
            scratchpad,
            conversions: 0,
            phase: WirePhase::Idle,
        });
        let devices = devices.collect();
        Self(Rc::new(RefCell::new(SimulatedLine {
            devices,
            ..SimulatedLine::default()
        })))
    }

    pub(crate) fn master(&self) -> OneWireMaster<Self, Self> {
        OneWireMaster::new(self.clone(), self.clone())
    }
}

impl ErrorType for SimulatedWire {
    type Error = Infallible;
}

impl OutputPin for SimulatedWire {
    fn set_low(&mut self) -> Result<(), Infallible> {
        let line = &mut *self.0.borrow_mut();
        if line.low_since_us.is_none() {
            line.low_since_us = Some(line.now_us);
            // A device that sends a 0 holds the line for 30 us from the falling edge on.
            if line.devices.iter().any(|one| one.next_bit() == Some(false)) {
                line.held_from_us = line.now_us;
                line.held_until_us = line.now_us + 30;
            }
        }
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        let line = &mut *self.0.borrow_mut();
        let Some(since) = line.low_since_us.take() else {
            return Ok(());
        };
        let low_us = line.now_us - since;
        for device in &mut line.devices {
            match low_us {
                480.. => device.phase = WirePhase::RomCommand(Vec::new()),
                1..15 => device.take_slot(true),
                60..=120 => device.take_slot(false),
                _ => panic!("low for {low_us} us: no device knows what that means"),
            }
        }
        if low_us >= 480 && !line.devices.is_empty() {
            line.held_from_us = line.now_us + 30;
            line.held_until_us = line.now_us + 150;
        }
        Ok(())
    }
}

impl InputPin for SimulatedWire {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        let line = self.0.borrow();
        let is_held = (line.held_from_us..line.held_until_us).contains(&line.now_us);
        Ok(!line.is_shorted && !is_held && line.low_since_us.is_none())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|is_high| !is_high)
    }
}

impl DelayNs for SimulatedWire {
    fn delay_ns(&mut self, ns: u32) {
        self.0.borrow_mut().now_us += u64::from(ns / 1000);
    }
}

fn device(number: u64) -> RomCode {
    RomCode::from_number(0x28, number)
}

fn search_all(wire: &SimulatedWire) -> Result<Vec<RomCode>, SensorFault> {
    let mut master = wire.master();
    let mut search = RomSearch::new();
    let mut found = Vec::new();
    while let Some(rom) = master.search_next(&mut search)? {
        found.push(rom);
    }
    Ok(found)
}

#[test]
fn all_devices_on_a_line_are_found() {
    let roms = [3, 1, 0x7243_1ab0, 0xffff_ffff_ffff, 2].map(device);
    let wire = SimulatedWire::with_devices(&roms, [0; 9]);
    let found = search_all(&wire).unwrap();
    assert_eq!(found.len(), roms.len());
    assert_eq!(
        found.into_iter().collect::<BTreeSet<_>>(),
        roms.into_iter().collect::<BTreeSet<_>>()
    );
}

#[test]
fn an_empty_line_and_a_shorted_one_are_told_apart() {
    let wire = SimulatedWire::with_devices(&[], [0; 9]);
    assert_eq!(search_all(&wire), Err(SensorFault::Absent));
    wire.0.borrow_mut().is_shorted = true;
    assert_eq!(search_all(&wire), Err(SensorFault::BusFault));
}

#[test]
fn the_only_device_says_its_number_and_two_of_them_are_noticed() {
    let wire = SimulatedWire::with_devices(&[device(77)], [0; 9]);
    assert_eq!(wire.master().read_only_device(), Ok(device(77)));
    let wire = SimulatedWire::with_devices(&[device(77), device(78)], [0; 9]);
    let both = wire.master().read_only_device();
    assert_eq!(both, Err(SensorFault::Checksum));
}
