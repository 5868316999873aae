//! [`UartBus`]: a sensor at a serial port that sends by itself, such as the ultrasonic A02YYUW.
//!
//! ```text
//! [[bus]]    id = "ultrasonic", kind = "uart", port = "/dev/ttyS0"
//! [[device]] id = "tank-level", bus = "ultrasonic", profile = "dfrobot-a02yyuw"
//! ```
//!
//! A poll throws away what has gathered, and waits for the next whole frame. Wiring:
//! docs/wiring.md.

use super::chip_readings::{ChipError, collect_reading};
use super::device_access::access_error;
use super::{BusDriver, BusFuture, DevicePoll, PollError};
use crate::config::{Device, Point, SerialPortSettings};
use crate::domain::{MonoMs, QualityReason};
use drivers::a02yyuw::A02yyuwReader;
use drivers::sensor_fault::SensorFault;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a frame; the sensor sends one every 100 to 300 ms.
const FRAME_WAIT: Duration = Duration::from_secs(1);
/// Frames that are enough to say which sensor is at a port, and how steady its distance is.
const SURVEY_FRAMES: u32 = 10;
/// First bytes of a survey that are kept, to be shown.
const SHOWN_BYTES_MAX: usize = 16;

/// Bytes and frames that were heard at a serial port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UartSurvey {
    /// Number of bytes.
    pub bytes: u64,
    /// The first of them.
    pub first_bytes: Vec<u8>,
    /// Bytes that belonged to no frame.
    pub skipped_bytes: u32,
    /// Number of whole frames.
    pub frames: u32,
    /// Distance of the newest frame, mm, or the reason that it has none.
    pub newest: Option<Result<u16, SensorFault>>,
    /// Shortest and longest distance, mm.
    pub distances: Option<(u16, u16)>,
}

impl UartSurvey {
    fn add_bytes(&mut self, frames: &mut A02yyuwReader, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = SHOWN_BYTES_MAX.saturating_sub(self.first_bytes.len());
        self.first_bytes.extend(bytes.iter().take(room));
        for distance in bytes.iter().filter_map(|byte| frames.push(*byte, 0)) {
            self.frames += 1;
            self.newest = Some(distance);
            if let Ok(distance) = distance {
                let (low, high) = self.distances.unwrap_or((distance, distance));
                self.distances = Some((low.min(distance), high.max(distance)));
            }
        }
        self.skipped_bytes = frames.skipped_bytes();
    }
}

/// Hears a serial port until it is clear which sensor is there; the caller limits the time. Cancel
/// safe. Errors: the port cannot be opened or read.
pub async fn hear_sensor(line: &SerialPortSettings, survey: &mut UartSurvey) -> io::Result<()> {
    let port = serial2_tokio::SerialPort::open(&line.port, line.baud)?;
    port.discard_input_buffer()?;
    let mut frames = A02yyuwReader::new(0);
    let mut bytes = [0; 64];
    while survey.frames < SURVEY_FRAMES {
        let count = port.read(&mut bytes).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        survey.add_bytes(&mut frames, &bytes[..count]);
    }
    Ok(())
}

/// Serial port with the devices on it.
#[derive(Debug)]
pub(super) struct UartBus {
    line: SerialPortSettings,
    port: Option<serial2_tokio::SerialPort>,
    devices: Vec<Arc<[Point]>>,
}

impl UartBus {
    /// Creates the driver; it opens nothing yet.
    pub(super) fn new(line: &SerialPortSettings, devices: Vec<Device>) -> Self {
        Self {
            line: line.clone(),
            port: None,
            devices: devices.into_iter().map(|device| device.points).collect(),
        }
    }

    async fn poll_device(&mut self, device: usize) -> DevicePoll {
        let distance = match self.read_distance().await {
            Ok(distance) => distance,
            Err(error) => {
                // A port that fails is opened anew: an adapter may have been plugged in again.
                self.port = None;
                let advice = "see docs/wiring.md, \"Ultrasonic sensor A02YYUW\"";
                return DevicePoll::new(Err(PollError {
                    reason: QualityReason::Unreachable,
                    message: access_error(&self.line.port, &error, "dialout", advice),
                }));
            }
        };
        let place = format!("sensor at {}", self.line.port.display());
        let reading = collect_reading(&self.devices[device], |_| {
            let error = |fault| ChipError::of_sensor(fault, &place);
            distance.map(f64::from).map_err(error)
        });
        DevicePoll::new(reading.map(|reading| reading.outcomes))
    }

    /// Waits for the next frame: distance in mm.
    async fn read_distance(&mut self) -> io::Result<Result<u16, SensorFault>> {
        if self.port.is_none() {
            self.port = Some(serial2_tokio::SerialPort::open(
                &self.line.port,
                self.line.baud,
            )?);
        }
        let Some(port) = &mut self.port else {
            return Ok(Err(SensorFault::Absent));
        };
        // What has gathered since the last poll is old.
        port.discard_input_buffer()?;
        let mut frames = A02yyuwReader::new(0);
        let mut bytes = [0; 64];
        let frame = async {
            loop {
                let count = port.read(&mut bytes).await?;
                if count == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                }
                for byte in &bytes[..count] {
                    if let Some(distance) = frames.push(*byte, 0) {
                        return Ok(distance);
                    }
                }
            }
        };
        match tokio::time::timeout(FRAME_WAIT, frame).await {
            Ok(distance) => distance,
            // Bytes without a frame are a wrong speed or interference.
            Err(_) if frames.skipped_bytes() > 0 => Ok(Err(SensorFault::Checksum)),
            Err(_) => Ok(Err(SensorFault::Absent)),
        }
    }
}

impl BusDriver for UartBus {
    fn poll(&mut self, device: usize, _now: MonoMs) -> BusFuture<'_, DevicePoll> {
        Box::pin(self.poll_device(device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};

    /// Polls a sensor that sends these bytes again and again.
    async fn poll_sender(bytes: &'static [u8]) -> Result<f64, QualityReason> {
        let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
        let keys = "chip = 'a02yyuw'\n\
                    point = [{ id = 'distance', signal = 'distance', scale = 0.001, unit = 'm' }]";
        let site = SiteText::new("s").bus("u", "kind = 'uart'\nport = '/dev/none'");
        let config = load_site(&site.device("level", "u", keys).text());
        let line = config.buses[0].link.serial_port().unwrap().clone();
        let mut bus = UartBus::new(&line, config.devices);
        bus.port = Some(ours);
        let sending = async {
            while !bytes.is_empty() && theirs.write_all(bytes).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            std::future::pending::<()>().await;
        };
        let poll = tokio::select! {
            poll = bus.poll_device(0) => poll,
            () = sending => unreachable!(),
        };
        let outcomes = poll.outcomes.map_err(|error| error.reason)?;
        outcomes[0]
            .number()
            .map(crate::domain::ExactNumber::to_f64)
            .ok_or(QualityReason::Missing)
    }

    #[tokio::test]
    async fn the_next_whole_frame_is_the_distance() {
        assert_eq!(poll_sender(&[0xff, 0x07, 0xa1, 0xa7]).await, Ok(1.953));
        // A poll may begin in the middle of a frame.
        assert_eq!(poll_sender(&[0xa1, 0xa7, 0xff, 0x07]).await, Ok(1.953));
    }

    #[tokio::test]
    async fn silence_garbage_and_no_echo_are_told_apart() {
        let fault = |fault| Err(QualityReason::Sensor(fault));
        assert_eq!(poll_sender(&[]).await, fault(SensorFault::Absent));
        assert_eq!(poll_sender(b"hello").await, fault(SensorFault::Checksum));
        assert_eq!(
            poll_sender(&[0xff, 0, 0, 0xff]).await,
            fault(SensorFault::NoEcho)
        );
    }
}
