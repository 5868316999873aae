//! Open connection of a bus: a TCP stream or a serial port.

use super::port_lock::PortLock;
use crate::config::{ModbusLink, Parity, SerialPortSettings};
use futures_util::FutureExt;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Byte transport of a bus.
#[derive(Debug)]
pub(super) enum BusTransport {
    /// Modbus TCP, or a serial device server.
    Tcp(TcpStream),
    /// Serial port.
    Serial(LockedSerialPort),
}

/// Open serial port and its lock; no lock for an end that nobody else can open (tests).
#[derive(Debug)]
pub(super) struct LockedSerialPort {
    port: serial2_tokio::SerialPort,
    _lock: Option<PortLock>,
}

impl From<serial2_tokio::SerialPort> for LockedSerialPort {
    fn from(port: serial2_tokio::SerialPort) -> Self {
        Self { port, _lock: None }
    }
}

impl BusTransport {
    /// Opens the link within `timeout`.
    pub(super) async fn open(link: &ModbusLink, timeout: Duration) -> io::Result<Self> {
        match link {
            ModbusLink::Tcp { host, port } | ModbusLink::RtuOverTcp { host, port, .. } => {
                let connecting = TcpStream::connect((host.as_str(), *port));
                let stream = tokio::time::timeout(timeout, connecting)
                    .await
                    .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                // A request is one small packet: Nagle's algorithm would delay it.
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            ModbusLink::Rtu(serial) => {
                // The lock comes before the port is opened, so that another program's settings stay
                // untouched.
                let lock = PortLock::acquire(&serial.port)?;
                let open =
                    serial2_tokio::SerialPort::open(&serial.port, |s| serial_settings(s, serial));
                let port = open?;
                lock.set_exclusive();
                Ok(Self::Serial(LockedSerialPort {
                    port,
                    _lock: Some(lock),
                }))
            }
        }
    }

    /// Sets speed and parity of an open port; does nothing on a TCP stream.
    pub(super) fn set_line_settings(&mut self, line: &SerialPortSettings) -> io::Result<()> {
        let Self::Serial(LockedSerialPort { port, .. }) = self else {
            return Ok(());
        };
        // The present settings are read first, so that those of the driver that we do not set are
        // kept.
        let now = port.get_configuration()?;
        port.set_configuration(&serial_settings(now, line)?)?;
        port.discard_input_buffer()
    }

    /// Sends a complete request.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes).await,
            Self::Serial(LockedSerialPort { port, .. }) => port.write_all(bytes).await,
        }
    }

    /// Receives what has arrived; the end of the stream is an error.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = match self {
            Self::Tcp(stream) => stream.read(buffer).await?,
            Self::Serial(LockedSerialPort { port, .. }) => port.read(buffer).await?,
        };
        // Zero bytes mean that the other side has closed the stream, or that the adapter was
        // unplugged.
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(got)
    }

    /// Takes bytes that came without a request and returns their number; more than `buffer` holds
    /// are discarded.
    pub(super) fn drain_input(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => match stream.try_read(buffer) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => Ok(bytes),
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => Ok(0),
                Err(fault) => Err(fault),
            },
            Self::Serial(LockedSerialPort { port, .. }) => {
                // Polled once without waiting: only bytes that are in the driver's buffer already.
                let came = port.read(buffer).now_or_never().transpose()?;
                port.discard_input_buffer()?;
                Ok(came.unwrap_or(0))
            }
        }
    }
}

fn serial_settings(
    mut settings: serial2_tokio::Settings,
    line: &SerialPortSettings,
) -> io::Result<serial2_tokio::Settings> {
    // Raw mode: the terminal driver must not change or hold back any byte.
    settings.set_raw();
    settings.set_baud_rate(line.baud)?;
    settings.set_char_size(serial2_tokio::CharSize::Bits8);
    settings.set_parity(match line.parity {
        Parity::None => serial2_tokio::Parity::None,
        Parity::Even => serial2_tokio::Parity::Even,
        Parity::Odd => serial2_tokio::Parity::Odd,
    });
    settings.set_stop_bits(match line.stop_bits {
        2 => serial2_tokio::StopBits::Two,
        _ => serial2_tokio::StopBits::One,
    });
    settings.set_flow_control(serial2_tokio::FlowControl::None);
    Ok(settings)
}
