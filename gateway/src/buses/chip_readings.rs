//! From what chips give to the outcomes of the points of a device.

use super::PollError;
use super::blocking_bus::DeviceReading;
use crate::config::{ChipPoint, Point, PointAccess};
use crate::domain::{QualityReason, SampleOutcome};
use drivers::sensor_fault::SensorFault;

/// Reason that a chip gives no value, and a text that says where it is.
#[derive(Debug)]
pub(super) struct ChipError {
    pub(super) reason: QualityReason,
    pub(super) message: String,
}

impl ChipError {
    /// Error of a sensor at a place.
    pub(super) fn of_sensor(fault: SensorFault, place: &str) -> Self {
        Self {
            reason: QualityReason::Sensor(fault),
            message: format!("{place}: {fault}"),
        }
    }
}

/// Reads every point of a device. Errors: no point has a value, and the first fault is the reason.
pub(super) fn collect_reading(
    points: &[Point],
    mut read: impl FnMut(&ChipPoint) -> Result<f64, ChipError>,
) -> Result<DeviceReading, PollError> {
    let mut first_fault = None;
    let mut outcome = |point: &Point| {
        let PointAccess::Chip(access) = &point.access else {
            return SampleOutcome::Bad(QualityReason::Absent);
        };
        match read(access) {
            Ok(value) => scaled_outcome(point, value),
            Err(error) => {
                let reason = error.reason;
                first_fault.get_or_insert(PollError {
                    reason,
                    message: error.message,
                });
                SampleOutcome::Bad(reason)
            }
        }
    };
    let outcomes: Box<[SampleOutcome]> = points.iter().map(&mut outcome).collect();
    match first_fault {
        Some(fault) if !outcomes.iter().any(|outcome| outcome.number().is_some()) => Err(fault),
        fault => Ok(DeviceReading { outcomes, fault }),
    }
}

/// Value of a chip in the unit of its point.
pub(super) fn scaled_outcome(point: &Point, value: f64) -> SampleOutcome {
    match point.scale.scale_float(value, 0) {
        Some(number) if point.allows(number.to_f64()) => SampleOutcome::Good(number),
        Some(_) => SampleOutcome::Bad(QualityReason::OutOfRange),
        None => SampleOutcome::Bad(QualityReason::NotANumber),
    }
}
