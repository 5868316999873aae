//! Pseudo terminal as a serial line: its far end has a path like any serial port.

use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The device's end of the line.
#[derive(Debug)]
pub struct PseudoTerminal {
    near: AsyncFd<File>,
    path: PathBuf,
    /// Far end, kept open.
    // The line stays up, and raw, while no master has the port open; both ends of a port share its
    // settings.
    far: serial2_tokio::SerialPort,
}

impl PseudoTerminal {
    /// Opens a new line; needs a running tokio reactor.
    pub fn open(baud: u32) -> io::Result<Self> {
        let near = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
            .open("/dev/ptmx")?;
        let path = unlock_far_end(&near)?;
        let far = serial2_tokio::SerialPort::open(&path, baud)?;
        Ok(Self {
            near: register_async(near)?,
            path,
            far,
        })
    }

    /// Returns the baud rate that the master has set.
    pub fn baud(&self) -> io::Result<u32> {
        // A pseudo terminal keeps the speed, but not the parity.
        self.far.get_configuration()?.get_baud_rate()
    }

    /// Returns the path of the far end, `/dev/pts/N`.
    pub fn path(&self) -> &PathBuf {
        &self.path
    }
}

/// Registers the descriptor with the reactor.
#[expect(
    unsafe_code,
    reason = "tokio asks for a promise about the descriptor that a `File` keeps"
)]
fn register_async(near: File) -> io::Result<AsyncFd<File>> {
    // SAFETY: a `File` has one descriptor, open until the `File` is dropped; nobody takes it out.
    unsafe { AsyncFd::register(near) }.map_err(io::Error::from)
}

/// Unlocks the far end and returns its path.
#[expect(
    unsafe_code,
    reason = "pseudo terminals have no safe wrapper in our tree"
)]
fn unlock_far_end(near: &File) -> io::Result<PathBuf> {
    let mut name = [0; 64];
    // SAFETY: the descriptor is open for the whole call, and `ptsname_r` writes at most the given
    // length.
    let failed = unsafe {
        libc::grantpt(near.as_raw_fd()) != 0
            || libc::unlockpt(near.as_raw_fd()) != 0
            || libc::ptsname_r(near.as_raw_fd(), name.as_mut_ptr(), name.len()) != 0
    };
    if failed {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `ptsname_r` has written a text that ends with a zero within `name`.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Ok(PathBuf::from(name.to_string_lossy().into_owned()))
}

impl AsyncRead for PseudoTerminal {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.near.poll_read_ready(context))?;
            let got = guard.try_io(|near| near.get_ref().read(into.initialize_unfilled()));
            if let Ok(got) = got {
                return Poll::Ready(got.map(|count| into.advance(count)));
            }
        }
    }
}

impl AsyncWrite for PseudoTerminal {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.near.poll_write_ready(context))?;
            if let Ok(done) = guard.try_io(|near| near.get_ref().write(bytes)) {
                return Poll::Ready(done);
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
