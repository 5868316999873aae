//! Clock DS3231 on I2C, with battery and thermometer ([`Ds3231`]).
//!
//! Source: Maxim (Analog Devices) DS3231 data sheet 19-5170 revision 10, figure 1 (registers),
//! "Clock and Calendar", "Status Register", "Temperature Registers". The time in it is UTC. As in
//! Linux, the century bit stands for the years from 2100 on.

use crate::sensor_fault::SensorFault;
use embedded_hal::i2c::I2c;

/// The one address that the chip has.
pub const DS3231_ADDRESS: u8 = 0x68;

const TIME_REGISTER: u8 = 0x00;
const CONTROL_REGISTER: u8 = 0x0e;
const STATUS_REGISTER: u8 = 0x0f;
const TEMPERATURE_REGISTER: u8 = 0x11;

/// Bit of the control register: the clock stops when it runs on its battery.
const STOPS_ON_BATTERY: u8 = 1 << 7;
/// Bit of the status register: the clock was stopped since the time was set.
const WAS_STOPPED: u8 = 1 << 7;
/// Bit of the hours: 12-hour form.
const TWELVE_HOURS: u8 = 1 << 6;
/// Bit of the hours in 12-hour form: after noon.
const AFTER_NOON: u8 = 1 << 5;
/// Bit of the month: year 2100 and later.
const NEXT_CENTURY: u8 = 1 << 7;

/// Date and time of the clock, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ds3231Time {
    /// Year, 2000 to 2199.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

/// Clock DS3231. The bus is handed to each call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ds3231;

/// Returns the number of two decimal digits in a byte.
fn from_digits(byte: u8) -> Result<u8, SensorFault> {
    let (tens, ones) = (byte >> 4, byte & 0x0f);
    // The chip sends no checksum: an impossible digit is how a damaged answer shows.
    let are_digits = tens <= 9 && ones <= 9;
    are_digits
        .then_some(tens * 10 + ones)
        .ok_or(SensorFault::Checksum)
}

/// Returns a number below 100 as two decimal digits.
fn to_digits(number: u8) -> u8 {
    ((number / 10) << 4) | (number % 10)
}

fn hour_from_register(byte: u8) -> Result<u8, SensorFault> {
    if byte & TWELVE_HOURS == 0 {
        return from_digits(byte & 0x3f);
    }
    match from_digits(byte & 0x1f)? {
        // 12 comes before 1: 12 AM is midnight, 12 PM noon.
        hour @ 1..=12 => Ok(hour % 12 + if byte & AFTER_NOON != 0 { 12 } else { 0 }),
        _ => Err(SensorFault::Checksum),
    }
}

fn days_in_month(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

impl Ds3231Time {
    /// Returns the time if there is such a time.
    fn checked(self) -> Result<Self, SensorFault> {
        let is_time = self.hour < 24 && self.minute < 60 && self.second < 60;
        let is_month = (2000..2200).contains(&self.year) && (1..=12).contains(&self.month);
        let is_day = self.day >= 1 && self.day <= days_in_month(self.year, self.month);
        (is_time && is_month && is_day)
            .then_some(self)
            .ok_or(SensorFault::Checksum)
    }

    /// Decodes the first seven registers, in 24-hour or 12-hour form. `Checksum`: there is no such
    /// time.
    pub fn from_registers(registers: [u8; 7]) -> Result<Self, SensorFault> {
        // The numbers of weekdays are user-defined (data sheet): they say nothing of the date.
        let [second, minute, hour, _weekday, day, month, year] = registers;
        let century = if month & NEXT_CENTURY != 0 {
            2100
        } else {
            2000
        };
        let time = Self {
            year: century + u16::from(from_digits(year)?),
            month: from_digits(month & !NEXT_CENTURY)?,
            day: from_digits(day)?,
            hour: hour_from_register(hour)?,
            minute: from_digits(minute)?,
            second: from_digits(second)?,
        };
        time.checked()
    }

    /// Encodes the time for the first seven registers, in 24-hour form; `None` if there is no such
    /// time in the years 2000 to 2199.
    pub fn to_registers(self) -> Option<[u8; 7]> {
        let time = self.checked().ok()?;
        let century = if time.year < 2100 { 0 } else { NEXT_CENTURY };
        // 2000-01-01 was a Saturday; the chip is given 1 for a Sunday.
        let weekday = u8::try_from((time.days_since_2000() + 6) % 7).ok()? + 1;
        Some([
            to_digits(time.second),
            to_digits(time.minute),
            to_digits(time.hour),
            weekday,
            to_digits(time.day),
            to_digits(time.month) | century,
            to_digits(u8::try_from(time.year % 100).ok()?),
        ])
    }

    /// Returns the seconds since 1970-01-01, UTC.
    pub fn unix_seconds(self) -> i64 {
        let seconds = u32::from(self.hour) * 3600 + u32::from(self.minute) * 60;
        let seconds = i64::from(seconds) + i64::from(self.second);
        i64::from(self.days_since_2000()) * 86_400 + SECONDS_TO_2000 + seconds
    }

    /// Returns the time of seconds since 1970-01-01, UTC; `None` outside the years 2000 to 2199.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        let seconds = seconds.checked_sub(SECONDS_TO_2000)?;
        let mut days = u32::try_from(seconds.div_euclid(86_400)).ok()?;
        let of_day = u32::try_from(seconds.rem_euclid(86_400)).ok()?;
        let (mut year, mut month) = (2000, 1);
        while days >= days_in_year(year) {
            days -= days_in_year(year);
            year += 1;
            // Bounds the loop, whatever the number of days.
            if year == 2200 {
                return None;
            }
        }
        while days >= u32::from(days_in_month(year, month)) {
            days -= u32::from(days_in_month(year, month));
            month += 1;
        }
        Some(Self {
            year,
            month,
            day: u8::try_from(days + 1).ok()?,
            hour: u8::try_from(of_day / 3600).ok()?,
            minute: u8::try_from(of_day / 60 % 60).ok()?,
            second: u8::try_from(of_day % 60).ok()?,
        })
    }

    fn days_since_2000(self) -> u32 {
        let years = (2000..self.year).map(days_in_year).sum::<u32>();
        let months = (1..self.month).map(|month| u32::from(days_in_month(self.year, month)));
        years + months.sum::<u32>() + u32::from(self.day) - 1
    }
}

/// Seconds from 1970-01-01 to 2000-01-01.
const SECONDS_TO_2000: i64 = 946_684_800;

fn days_in_year(year: u16) -> u32 {
    // The eleven other months have 337 days together.
    337 + u32::from(days_in_month(year, 2))
}

/// Decodes the two temperature registers, degC in steps of 0.25.
pub fn ds3231_celsius(registers: [u8; 2]) -> f64 {
    // The value is in the upper ten bits; the shift of a signed number keeps its sign.
    f64::from(i16::from_be_bytes(registers) >> 6) / 4.0
}

impl Ds3231 {
    /// Reads the time. `ClockStopped`: the clock had no power, and its time is not to be used until
    /// it is set.
    pub fn read_time(&self, bus: &mut impl I2c) -> Result<Ds3231Time, SensorFault> {
        // One transaction: the chip holds the time still for it.
        // It reaches to the status, so that time and mark are of the same moment.
        let mut registers = [0; 16];
        read_registers(bus, TIME_REGISTER, &mut registers)?;
        let [s, m, h, weekday, day, month, year, .., status] = registers;
        if status & WAS_STOPPED != 0 {
            return Err(SensorFault::ClockStopped);
        }
        Ds3231Time::from_registers([s, m, h, weekday, day, month, year])
    }

    /// Sets the time, lets the clock run on its battery, and takes the mark of a stopped clock
    /// away. `AboveRange`: there is no such time in the years 2000 to 2199.
    pub fn set_time(&self, bus: &mut impl I2c, time: Ds3231Time) -> Result<(), SensorFault> {
        let time = time.to_registers().ok_or(SensorFault::AboveRange)?;
        let mut message = [TIME_REGISTER; 8];
        message[1..].copy_from_slice(&time);
        write_registers(bus, &message)?;
        let mut settings = [0; 2];
        read_registers(bus, CONTROL_REGISTER, &mut settings)?;
        let [control, status] = settings;
        if control & STOPS_ON_BATTERY != 0 {
            write_registers(bus, &[CONTROL_REGISTER, control & !STOPS_ON_BATTERY])?;
        }
        // Last: the mark stays if anything before this failed.
        write_registers(bus, &[STATUS_REGISTER, status & !WAS_STOPPED])
    }

    /// Reads the temperature of the chip, degC.
    pub fn read_celsius(&self, bus: &mut impl I2c) -> Result<f64, SensorFault> {
        let mut registers = [0; 2];
        read_registers(bus, TEMPERATURE_REGISTER, &mut registers)?;
        Ok(ds3231_celsius(registers))
    }
}

fn read_registers(bus: &mut impl I2c, first: u8, registers: &mut [u8]) -> Result<(), SensorFault> {
    bus.write_read(DS3231_ADDRESS, &[first], registers)
        .map_err(|error| SensorFault::from_i2c(&error))
}

fn write_registers(bus: &mut impl I2c, message: &[u8]) -> Result<(), SensorFault> {
    bus.write(DS3231_ADDRESS, message)
        .map_err(|error| SensorFault::from_i2c(&error))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the examples are exact in binary")]
mod tests {
    use super::*;
    use ds323x::{DateTimeAccess, Datelike, Ds323x, NaiveDate, Timelike};
    use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
    use proptest::prelude::*;

    const NOON: Ds3231Time = Ds3231Time {
        year: 2026,
        month: 11,
        day: 29,
        hour: 12,
        minute: 34,
        second: 56,
    };

    /// NOON, a Sunday, in the registers.
    const NOON_REGISTERS: [u8; 7] = [0x56, 0x34, 0x12, 0x01, 0x29, 0x11, 0x26];

    /// Returns the sixteen registers that are read at once.
    fn all_registers(status: u8) -> Vec<u8> {
        [&NOON_REGISTERS[..], &[0; 7], &[0x1c, status]].concat()
    }

    fn read_all(registers: Vec<u8>) -> Transaction {
        Transaction::write_read(DS3231_ADDRESS, vec![TIME_REGISTER], registers)
    }

    #[test]
    fn the_data_sheets_temperature_is_25_and_a_quarter() {
        assert_eq!(ds3231_celsius([0b0001_1001, 0b0100_0000]), 25.25);
        assert_eq!(ds3231_celsius([0xff, 0b1100_0000]), -0.25);
        assert_eq!(ds3231_celsius([0xd8, 0]), -40.0);
    }

    #[test]
    fn twelve_hour_registers_are_read_and_24_hours_are_written() {
        let hour = |byte| {
            let mut registers = NOON_REGISTERS;
            registers[2] = byte;
            Ds3231Time::from_registers(registers).map(|time| time.hour)
        };
        assert_eq!(hour(0x52), Ok(0));
        assert_eq!(hour(0x41), Ok(1));
        assert_eq!(hour(0x72), Ok(12));
        assert_eq!(hour(0x71), Ok(23));
        assert_eq!(hour(0x60), Err(SensorFault::Checksum));
        assert_eq!(hour(0x23), Ok(23));
        assert_eq!(hour(0x24), Err(SensorFault::Checksum));
        assert_eq!(NOON.to_registers(), Some(NOON_REGISTERS));
    }

    #[test]
    fn the_century_bit_is_the_year_2100() {
        let registers = [0, 0, 0, 5, 1, 0x81, 0];
        let time = Ds3231Time::from_registers(registers).unwrap();
        assert_eq!(time.year, 2100);
        assert_eq!(
            Ds3231Time { year: 2199, ..time }.to_registers().unwrap()[6],
            0x99
        );
        assert_eq!(Ds3231Time { year: 2200, ..time }.to_registers(), None);
        assert_eq!(Ds3231Time { year: 1999, ..time }.to_registers(), None);
    }

    #[test]
    fn digits_and_dates_that_cannot_be_are_refused() {
        let read = Ds3231Time::from_registers;
        assert_eq!(read([0xff; 7]), Err(SensorFault::Checksum));
        assert_eq!(read([0; 7]), Err(SensorFault::Checksum));
        let mut letter = NOON_REGISTERS;
        letter[0] = 0x1a;
        assert_eq!(read(letter), Err(SensorFault::Checksum));
        // 30 February.
        assert_eq!(
            read([0, 0, 0, 1, 0x30, 0x02, 0x26]),
            Err(SensorFault::Checksum)
        );
        assert!(read([0, 0, 0, 1, 0x29, 0x02, 0x28]).is_ok());
    }

    #[test]
    fn seconds_since_1970_are_those_of_date() {
        assert_eq!(NOON.unix_seconds(), 1_795_955_696);
        let first = Ds3231Time::from_unix_seconds(SECONDS_TO_2000).unwrap();
        assert_eq!((first.year, first.month, first.day), (2000, 1, 1));
        assert_eq!(Ds3231Time::from_unix_seconds(SECONDS_TO_2000 - 1), None);
        assert_eq!(Ds3231Time::from_unix_seconds(i64::MAX), None);
        assert_eq!(Ds3231Time::from_unix_seconds(i64::MIN), None);
        // 2200-01-01.
        assert_eq!(Ds3231Time::from_unix_seconds(7_258_118_400), None);
    }

    #[test]
    fn a_clock_that_was_stopped_gives_no_time_until_it_is_set() {
        let mut bus = Mock::new(&[
            read_all(all_registers(0x88)),
            Transaction::write(DS3231_ADDRESS, [&[0], &NOON_REGISTERS[..]].concat()),
            Transaction::write_read(DS3231_ADDRESS, vec![CONTROL_REGISTER], vec![0x9c, 0x88]),
            Transaction::write(DS3231_ADDRESS, vec![CONTROL_REGISTER, 0x1c]),
            Transaction::write(DS3231_ADDRESS, vec![STATUS_REGISTER, 0x08]),
            read_all(all_registers(0x08)),
            Transaction::write_read(DS3231_ADDRESS, vec![TEMPERATURE_REGISTER], vec![0x19, 0x40]),
        ]);
        let stopped = Ds3231.read_time(&mut bus);
        assert_eq!(stopped, Err(SensorFault::ClockStopped));
        Ds3231.set_time(&mut bus, NOON).unwrap();
        assert_eq!(Ds3231.read_time(&mut bus), Ok(NOON));
        assert_eq!(Ds3231.read_celsius(&mut bus), Ok(25.25));
        bus.done();
    }

    #[test]
    fn a_board_without_a_clock_is_absent() {
        let no_answer = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);
        let mut bus = Mock::new(&[read_all(vec![0; 16]).with_error(no_answer)]);
        assert_eq!(Ds3231.read_time(&mut bus), Err(SensorFault::Absent));
        bus.done();
    }

    proptest! {
        #[test]
        fn ds323x_reads_what_is_set_here_and_sets_what_is_read_here(
            seconds in SECONDS_TO_2000..4_102_444_800i64
        ) {
            let time = Ds3231Time::from_unix_seconds(seconds).unwrap();
            prop_assert_eq!(time.unix_seconds(), seconds);
            let registers = time.to_registers().unwrap();
            let mut clock = Ds323x::new_ds3231(Mock::new(&[
                Transaction::write_read(DS3231_ADDRESS, vec![0], registers.to_vec()),
                Transaction::write(DS3231_ADDRESS, [&[0], &registers[..]].concat()),
            ]));
            let theirs = clock.datetime().unwrap();
            let day = NaiveDate::from_ymd_opt(time.year.into(), time.month.into(), time.day.into());
            prop_assert_eq!(Some(theirs.date()), day);
            prop_assert_eq!(theirs.year(), i32::from(time.year));
            let of_day = (theirs.hour(), theirs.minute(), theirs.second());
            let ours = (time.hour.into(), time.minute.into(), time.second.into());
            prop_assert_eq!(of_day, ours);
            clock.set_datetime(&theirs).unwrap();
            clock.destroy_ds3231().done();
        }

        #[test]
        fn any_registers_are_a_time_or_a_fault(registers: [u8; 7]) {
            if let Ok(time) = Ds3231Time::from_registers(registers) {
                let again = Ds3231Time::from_unix_seconds(time.unix_seconds());
                prop_assert_eq!(again, Some(time));
                prop_assert!(time.to_registers().is_some());
            }
        }
    }
}
