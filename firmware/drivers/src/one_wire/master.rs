//! Master of a 1-Wire bus on one pin ([`OneWireMaster`]).

use super::{RomCode, RomSearch};
use crate::sensor_fault::SensorFault;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};

/// Times of application note 126, table 2, standard speed, us. The letters are the note's.
mod timing {
    /// A: low time of a 1, and of a read.
    pub(super) const SHORT_LOW: u32 = 6;
    /// B: rest of the slot of a 1.
    pub(super) const REST_OF_ONE: u32 = 64;
    /// C: low time of a 0.
    pub(super) const LONG_LOW: u32 = 60;
    /// D: rest of the slot of a 0.
    pub(super) const REST_OF_ZERO: u32 = 10;
    /// E: from the end of the low time to the sample, late enough for a long cable to rise.
    pub(super) const UNTIL_SAMPLE: u32 = 9;
    /// F: rest of the slot of a read.
    pub(super) const REST_OF_READ: u32 = 55;
    /// H: low time of a reset.
    pub(super) const RESET_LOW: u32 = 480;
    /// I: from the end of the reset to the sample of the presence pulse.
    pub(super) const UNTIL_PRESENCE: u32 = 70;
    /// J: rest of the reset.
    pub(super) const REST_OF_RESET: u32 = 410;
    /// Time within which a released line is high, if there is a pull-up and no short circuit.
    pub(super) const RISE_STEPS: u32 = 25;
    /// Time between two looks at it.
    pub(super) const RISE_STEP: u32 = 2;
}

const READ_ROM: u8 = 0x33;
const MATCH_ROM: u8 = 0x55;
const SKIP_ROM: u8 = 0xcc;
const SEARCH_ROM: u8 = 0xf0;

/// Master of a 1-Wire bus on one open-drain pin: high lets the line go, low pulls it down. The line
/// needs a pull-up of 4.7 kohm to 3.3 V, and 2.2 kohm with a long cable.
///
/// A call is busy for the time of its bits, 70 us each: 0.6 ms for a byte, 14 ms for a pass of a
/// search. The delay must be right to 2 us. An interrupt that takes longer than 5 us can damage a
/// bit. All that is read has a checksum, so that this is a fault and no wrong value: try again.
#[derive(Debug)]
pub struct OneWireMaster<P, D> {
    pin: P,
    delay: D,
}

impl<P: InputPin + OutputPin, D: DelayNs> OneWireMaster<P, D> {
    /// Returns the master. The line is not touched yet.
    pub fn new(pin: P, delay: D) -> Self {
        Self { pin, delay }
    }

    /// Gives pin and delay back.
    pub fn release(self) -> (P, D) {
        (self.pin, self.delay)
    }

    /// Resets the bus. `Absent`: no device answers. `BusFault`: the line does not become high, so
    /// it is short-circuited or has no pull-up.
    pub fn reset(&mut self) -> Result<(), SensorFault> {
        self.let_go()?;
        // A line that is low already would pass for the presence pulse of a device.
        self.wait_until_high()?;
        self.pull_low()?;
        self.delay.delay_us(timing::RESET_LOW);
        self.let_go()?;
        self.delay.delay_us(timing::UNTIL_PRESENCE);
        let is_present = !self.is_high()?;
        self.delay.delay_us(timing::REST_OF_RESET);
        // A presence pulse ends after 240 us at most: something else holds the line low.
        if !self.is_high()? {
            return Err(SensorFault::BusFault);
        }
        is_present.then_some(()).ok_or(SensorFault::Absent)
    }

    /// Resets the bus and addresses one device, or all of them.
    pub fn select(&mut self, device: Option<RomCode>) -> Result<(), SensorFault> {
        self.reset()?;
        let Some(rom) = device else {
            return self.write_byte(SKIP_ROM);
        };
        self.write_byte(MATCH_ROM)?;
        rom.bytes()
            .into_iter()
            .try_for_each(|byte| self.write_byte(byte))
    }

    /// Reads the serial number of the only device on the bus. With two of them it is `Checksum`.
    pub fn read_only_device(&mut self) -> Result<RomCode, SensorFault> {
        self.reset()?;
        self.write_byte(READ_ROM)?;
        let mut bytes = [0; 8];
        self.read_bytes(&mut bytes)?;
        RomCode::from_bytes(bytes)
    }

    /// Returns the next device of a search; `None` when all are found. After a fault the same call
    /// tries the same device again.
    pub fn search_next(&mut self, search: &mut RomSearch) -> Result<Option<RomCode>, SensorFault> {
        let Some(mut pass) = search.next_pass() else {
            return Ok(None);
        };
        self.reset()?;
        self.write_byte(SEARCH_ROM)?;
        for _ in 0..64 {
            let bit = self.read_bit()?;
            let opposite = self.read_bit()?;
            let side = pass.choose(bit, opposite)?;
            self.write_bit(side)?;
        }
        search.finish_pass(&pass).map(Some)
    }

    /// Writes a byte, the lowest bit first.
    pub fn write_byte(&mut self, byte: u8) -> Result<(), SensorFault> {
        (0..8).try_for_each(|bit| self.write_bit(byte >> bit & 1 == 1))
    }

    /// Reads bytes until the buffer is full, the lowest bit of each first.
    pub fn read_bytes(&mut self, bytes: &mut [u8]) -> Result<(), SensorFault> {
        for byte in bytes {
            *byte = 0;
            for bit in 0..8 {
                *byte |= u8::from(self.read_bit()?) << bit;
            }
        }
        Ok(())
    }

    /// Reads one bit.
    pub fn read_bit(&mut self) -> Result<bool, SensorFault> {
        self.pull_low()?;
        self.delay.delay_us(timing::SHORT_LOW);
        self.let_go()?;
        self.delay.delay_us(timing::UNTIL_SAMPLE);
        let bit = self.is_high()?;
        self.delay.delay_us(timing::REST_OF_READ);
        Ok(bit)
    }

    fn write_bit(&mut self, bit: bool) -> Result<(), SensorFault> {
        let (low, rest) = if bit {
            (timing::SHORT_LOW, timing::REST_OF_ONE)
        } else {
            (timing::LONG_LOW, timing::REST_OF_ZERO)
        };
        self.pull_low()?;
        self.delay.delay_us(low);
        self.let_go()?;
        self.delay.delay_us(rest);
        Ok(())
    }

    fn wait_until_high(&mut self) -> Result<(), SensorFault> {
        for _ in 0..timing::RISE_STEPS {
            if self.is_high()? {
                return Ok(());
            }
            self.delay.delay_us(timing::RISE_STEP);
        }
        Err(SensorFault::BusFault)
    }

    fn pull_low(&mut self) -> Result<(), SensorFault> {
        self.pin.set_low().map_err(|_| SensorFault::BusFault)
    }

    fn let_go(&mut self) -> Result<(), SensorFault> {
        self.pin.set_high().map_err(|_| SensorFault::BusFault)
    }

    fn is_high(&mut self) -> Result<bool, SensorFault> {
        self.pin.is_high().map_err(|_| SensorFault::BusFault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::delay::{CheckedDelay, Transaction as Wait};
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction as Pin};

    /// Resets a scripted line; `levels` are what the pin reads, `waits` the delays in between.
    fn reset_scripted(pins: &[Pin], waits_us: &[u32]) -> Result<(), SensorFault> {
        let waits: Vec<Wait> = waits_us.iter().map(|us| Wait::delay_us(*us)).collect();
        let mut master = OneWireMaster::new(Mock::new(pins), CheckedDelay::new(&waits));
        let result = master.reset();
        let (mut pin, mut delay) = master.release();
        pin.done();
        delay.done();
        result
    }

    fn reset_pins(presence: State, end: State) -> [Pin; 6] {
        [
            Pin::set(State::High),
            Pin::get(State::High),
            Pin::set(State::Low),
            Pin::set(State::High),
            Pin::get(presence),
            Pin::get(end),
        ]
    }

    #[test]
    fn a_reset_keeps_the_times_of_the_application_note() {
        let waits = [480, 70, 410];
        let present = reset_scripted(&reset_pins(State::Low, State::High), &waits);
        assert_eq!(present, Ok(()));
        let empty = reset_scripted(&reset_pins(State::High, State::High), &waits);
        assert_eq!(empty, Err(SensorFault::Absent));
        let held = reset_scripted(&reset_pins(State::Low, State::Low), &waits);
        assert_eq!(held, Err(SensorFault::BusFault));
    }

    #[test]
    fn a_shorted_line_is_given_up_after_50_us() {
        let mut pins = vec![Pin::set(State::High)];
        pins.extend((0..25).map(|_| Pin::get(State::Low)));
        let waits = [2; 25];
        let shorted = reset_scripted(&pins, &waits);
        assert_eq!(shorted, Err(SensorFault::BusFault));
    }

    #[test]
    fn a_line_that_rises_slowly_is_waited_for() {
        let mut pins = vec![Pin::set(State::High), Pin::get(State::Low)];
        pins.extend(reset_pins(State::Low, State::High).into_iter().skip(1));
        let slow = reset_scripted(&pins, &[2, 480, 70, 410]);
        assert_eq!(slow, Ok(()));
    }

    #[test]
    fn the_slots_of_a_byte_keep_the_times_of_the_application_note() {
        // 0x02: the lowest bit first, so 0, 1, 0, 0, ...
        let mut pins = Vec::new();
        let mut waits = Vec::new();
        for bit in 0..8 {
            pins.extend([Pin::set(State::Low), Pin::set(State::High)]);
            waits.extend(if bit == 1 { [6, 64] } else { [60, 10] });
        }
        pins.extend([
            Pin::set(State::Low),
            Pin::set(State::High),
            Pin::get(State::High),
        ]);
        waits.extend([6, 9, 55]);
        let waits: Vec<Wait> = waits.into_iter().map(Wait::delay_us).collect();
        let mut master = OneWireMaster::new(Mock::new(&pins), CheckedDelay::new(&waits));
        master.write_byte(2).unwrap();
        assert_eq!(master.read_bit(), Ok(true));
        let (mut pin, mut delay) = master.release();
        pin.done();
        delay.done();
    }
}
