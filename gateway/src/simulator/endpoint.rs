//! [`SimulatedEndpoint`]: where a simulated bus can be reached.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Address of a simulated bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimulatedEndpoint {
    /// TCP server on loopback.
    Tcp(SocketAddr),
    /// Path of a serial port (pseudo terminal).
    Port(PathBuf),
    /// Folder with the files of GPIO lines or of 1-Wire probes.
    Folder(PathBuf),
    /// Socket of an I2C bus.
    Socket(PathBuf),
    /// This kind of bus is not simulated.
    NotSimulated,
}
