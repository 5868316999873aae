//! The open end of a bus: a TCP stream or a serial port.

use super::port::PortLock;
use crate::config::{Line, Link, Parity};
use futures_util::FutureExt;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Something that bytes go through.
#[derive(Debug)]
pub(super) enum Wire {
    /// Modbus TCP, or a serial device server.
    Tcp(TcpStream),
    /// A serial line.
    Serial(Port),
}

/// An open serial port, and our right to it; none for an end that nobody else can open.
#[derive(Debug)]
pub(super) struct Port {
    port: serial2_tokio::SerialPort,
    _lock: Option<PortLock>,
}

impl From<serial2_tokio::SerialPort> for Port {
    fn from(port: serial2_tokio::SerialPort) -> Self {
        Self { port, _lock: None }
    }
}

impl Wire {
    /// Opens the link, within `timeout`.
    pub(super) async fn open(link: &Link, timeout: Duration) -> io::Result<Self> {
        match link {
            Link::Tcp { host, port } | Link::RtuOverTcp { host, port, .. } => {
                let connecting = TcpStream::connect((host.as_str(), *port));
                let stream = tokio::time::timeout(timeout, connecting)
                    .await
                    .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            Link::Rtu(serial) => {
                let lock = PortLock::take(&serial.port)?;
                let open = serial2_tokio::SerialPort::open(&serial.port, |s| settings(s, serial));
                let port = open?;
                lock.shut();
                Ok(Self::Serial(Port {
                    port,
                    _lock: Some(lock),
                }))
            }
        }
    }

    /// Sets speed and parity of an open port; a stream has none.
    pub(super) fn retune(&mut self, line: &Line) -> io::Result<()> {
        let Self::Serial(Port { port, .. }) = self else {
            return Ok(());
        };
        let now = port.get_configuration()?;
        port.set_configuration(&settings(now, line)?)?;
        port.discard_input_buffer()
    }

    /// One write of a whole request.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes).await,
            Self::Serial(Port { port, .. }) => port.write_all(bytes).await,
        }
    }

    /// What has arrived; an end of the stream is an error.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = match self {
            Self::Tcp(stream) => stream.read(buffer).await?,
            Self::Serial(Port { port, .. }) => port.read(buffer).await?,
        };
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(got)
    }

    /// Takes what came unasked; how many bytes. What does not fit is thrown away.
    pub(super) fn drain(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => match stream.try_read(buffer) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => Ok(bytes),
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => Ok(0),
                Err(fault) => Err(fault),
            },
            Self::Serial(Port { port, .. }) => {
                let came = port.read(buffer).now_or_never().transpose()?;
                port.discard_input_buffer()?;
                Ok(came.unwrap_or(0))
            }
        }
    }
}

fn settings(
    mut settings: serial2_tokio::Settings,
    line: &Line,
) -> io::Result<serial2_tokio::Settings> {
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
