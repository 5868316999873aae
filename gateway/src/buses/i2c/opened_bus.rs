//! [`OpenedI2c`]: the I2C bus behind a path: an adapter of the kernel, or the socket of a
//! simulator.

use super::socket_bus::SocketBus;
use embedded_hal::i2c::{self, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use linux_embedded_hal::I2cdev;
use linux_embedded_hal::i2cdev::linux::{LinuxI2CDevice, LinuxI2CError};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Open I2C bus.
pub(super) struct OpenedI2c {
    link: I2cTransport,
    is_held: bool,
}

enum I2cTransport {
    Kernel(I2cdev, PathBuf),
    Socket(SocketBus),
}

/// Error of a transaction, as the number of the system's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TransferError(i32);

impl i2c::Error for TransferError {
    fn kind(&self) -> ErrorKind {
        // Documentation/i2c/fault-codes.rst of Linux. EREMOTEIO is what the I2C of a Raspberry Pi
        // gives for an address that nobody acknowledges; a line that is held low is a time-out.
        match self.0 {
            libc::ENXIO | libc::EREMOTEIO | libc::ENODEV => {
                ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown)
            }
            libc::EAGAIN => ErrorKind::ArbitrationLoss,
            _ => ErrorKind::Bus,
        }
    }
}

impl TransferError {
    fn of_io(error: &io::Error) -> Self {
        let number = match error.kind() {
            io::ErrorKind::WouldBlock => Some(libc::ETIMEDOUT),
            _ => error.raw_os_error(),
        };
        Self(number.unwrap_or(libc::EIO))
    }

    fn of_kernel(error: &LinuxI2CError) -> Self {
        match error {
            LinuxI2CError::Errno(number) => Self(*number),
            LinuxI2CError::Io(error) => Self::of_io(error),
        }
    }
}

impl OpenedI2c {
    /// Opens the bus. Errors: there is no such bus, or no permission for it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Opened first: the system's error says more than that of the library.
        let is_socket = std::fs::metadata(path)?.file_type().is_socket();
        let link = if is_socket {
            I2cTransport::Socket(SocketBus::connect(path)?)
        } else {
            std::fs::File::open(path)?;
            let bus = I2cdev::new(path).map_err(io::Error::other)?;
            I2cTransport::Kernel(bus, path.to_path_buf())
        };
        Ok(Self {
            link,
            is_held: false,
        })
    }

    #[cfg(test)]
    pub(super) fn over(bus: SocketBus) -> Self {
        Self {
            link: I2cTransport::Socket(bus),
            is_held: false,
        }
    }

    /// Whether an address that was asked for since the last call belongs to a driver of the
    /// kernel.
    pub(super) fn take_held(&mut self) -> bool {
        std::mem::take(&mut self.is_held)
    }
}

impl ErrorType for OpenedI2c {
    type Error = TransferError;
}

impl I2c for OpenedI2c {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), TransferError> {
        let (error, is_held) = match &mut self.link {
            I2cTransport::Kernel(bus, path) => {
                let done = I2c::<u8>::transaction(bus, address, operations);
                let Err(error) = done else { return Ok(()) };
                let error = TransferError::of_kernel(error.inner());
                // A busy line and an address with a driver have one number: the address alone is
                // asked for once more.
                (
                    error,
                    error.0 == libc::EBUSY && is_address_held(path, address),
                )
            }
            I2cTransport::Socket(bus) => {
                let done = bus.transfer(address, operations);
                let Err(error) = done else { return Ok(()) };
                let error = TransferError::of_io(&error);
                (error, error.0 == libc::EBUSY)
            }
        };
        self.is_held |= is_held;
        Err(error)
    }
}

fn is_address_held(path: &Path, address: u8) -> bool {
    let opened = LinuxI2CDevice::new(path, address.into());
    opened.is_err_and(|error| TransferError::of_kernel(&error).0 == libc::EBUSY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::sensor_fault::SensorFault;

    #[test]
    fn an_address_that_nobody_acknowledges_and_a_line_that_is_held_are_told_apart() {
        let fault = |number| SensorFault::from_i2c(&TransferError(number));
        for number in [libc::EREMOTEIO, libc::ENXIO, libc::ENODEV] {
            assert_eq!(fault(number), SensorFault::Absent);
        }
        for number in [libc::ETIMEDOUT, libc::EBUSY, libc::EIO, libc::EAGAIN] {
            assert_eq!(fault(number), SensorFault::BusFault);
        }
    }

    #[test]
    fn no_reply_at_all_is_a_time_out() {
        let error = io::Error::from(io::ErrorKind::WouldBlock);
        assert_eq!(TransferError::of_io(&error), TransferError(libc::ETIMEDOUT));
        assert_eq!(
            TransferError::of_io(&io::ErrorKind::UnexpectedEof.into()),
            TransferError(libc::EIO)
        );
    }
}
