//! [`SocketBus`]: I2C of a simulator in another process, over a Unix socket.
//!
//! Request: address, number of parts; for each part 0 (write) or 1 (read), its length, and the
//! bytes of a write. Reply: 0 and the bytes that were read, or the number of the system's error
//! as the kernel would give it.

use crate::limits::pin_limits::{I2C_PART_BYTES_MAX, I2C_PARTS_MAX};
use embedded_hal::i2c::Operation;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Longest wait for a reply: that of a bus whose clock is held.
const REPLY_WAIT: Duration = Duration::from_secs(1);

/// Part of a request that is written to the chip.
pub const WRITE_PART: u8 = 0;
/// Part of a request that is read from the chip.
pub const READ_PART: u8 = 1;

/// Connection to a simulated bus.
#[derive(Debug)]
pub(super) struct SocketBus {
    stream: UnixStream,
}

impl SocketBus {
    /// Connects to a socket. Errors: no simulator listens there.
    pub(super) fn connect(path: &Path) -> io::Result<Self> {
        Self::new(UnixStream::connect(path)?)
    }

    fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(REPLY_WAIT))?;
        stream.set_write_timeout(Some(REPLY_WAIT))?;
        Ok(Self { stream })
    }

    /// Makes one transaction. Errors: those of the simulated bus, and of the connection.
    pub(super) fn transfer(&mut self, address: u8, parts: &mut [Operation<'_>]) -> io::Result<()> {
        self.stream.write_all(&request_bytes(address, parts)?)?;
        let mut status = [0];
        self.stream.read_exact(&mut status)?;
        if status != [0] {
            return Err(io::Error::from_raw_os_error(status[0].into()));
        }
        for part in parts {
            if let Operation::Read(into) = part {
                self.stream.read_exact(into)?;
            }
        }
        Ok(())
    }
}

fn request_bytes(address: u8, parts: &[Operation<'_>]) -> io::Result<Vec<u8>> {
    let too_long = || io::Error::from(io::ErrorKind::InvalidInput);
    if parts.len() > I2C_PARTS_MAX {
        return Err(too_long());
    }
    let count = u8::try_from(parts.len()).map_err(|_| too_long())?;
    let mut request = vec![address, count];
    for part in parts {
        let (word, length) = match part {
            Operation::Write(bytes) => (WRITE_PART, bytes.len()),
            Operation::Read(into) => (READ_PART, into.len()),
        };
        if length > I2C_PART_BYTES_MAX {
            return Err(too_long());
        }
        request.extend([word, u8::try_from(length).map_err(|_| too_long())?]);
        if let Operation::Write(bytes) = part {
            request.extend_from_slice(bytes);
        }
    }
    Ok(request)
}

#[cfg(test)]
impl SocketBus {
    /// A bus that answers every transaction with these bytes.
    pub(super) fn answering(reply: &'static [u8]) -> Self {
        let (near, mut far) = UnixStream::pair().unwrap();
        std::thread::spawn(move || {
            let mut request = [0; 256];
            while far.read(&mut request).is_ok_and(|count| count > 0) {
                far.write_all(reply).unwrap();
            }
        });
        Self::new(near).unwrap()
    }
}
