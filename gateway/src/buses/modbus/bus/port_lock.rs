//! Exclusive use of a serial port, and the name of the process that has it open.

use crate::domain::FaultDetail;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Directory of processes and their open files.
const PROC_DIR: &str = "/proc";

/// Other process that has a port open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortHolder {
    /// Process id.
    pub pid: u32,
    /// Process name.
    pub name: String,
}

/// Returns the first other process that has the port open; processes of other users are visible to
/// root only. The process that created a pseudo terminal does not count, since it plays the line.
pub fn port_holder(port: &Path) -> Option<PortHolder> {
    let real = std::fs::canonicalize(port).ok()?;
    let processes = std::fs::read_dir(PROC_DIR).into_iter().flatten().flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // Our own process has the port open through the lock.
    let pid = pids.find(|pid| *pid != std::process::id() && has_port_open(*pid, &real))?;
    let name = process_name(pid);
    Some(PortHolder { pid, name })
}

fn has_port_open(pid: u32, port: &Path) -> bool {
    let files = std::fs::read_dir(format!("{PROC_DIR}/{pid}/fd"));
    let files = files.into_iter().flatten().flatten();
    let open: Vec<PathBuf> = files
        .filter_map(|file| std::fs::read_link(file.path()).ok())
        .collect();
    // A simulated line is made by a process that holds the other end (ptmx) and plays the devices.
    let makes = |path: &PathBuf| path.ends_with("ptmx");
    let is_pty = port.starts_with("/dev/pts");
    open.iter().any(|path| path == port) && !(is_pty && open.iter().any(makes))
}

fn process_name(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("{PROC_DIR}/{pid}/comm"));
    name.unwrap_or_default().trim().to_owned()
}

/// Lock on a serial port: while it exists, no other process can open the port, as far as the system
/// enforces it. Root may open any port, but finds the lock when it asks for one.
#[derive(Debug)]
pub(super) struct PortLock(File);

impl PortLock {
    /// Takes the lock; the error names the process that has the port.
    pub(super) fn acquire(port: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            // The lock's own descriptor must neither become the controlling terminal nor wait for a
            // carrier signal.
            .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
            .open(port)
            // The exclusive mode of another program makes the open itself fail.
            .map_err(|fault| match fault.raw_os_error() {
                Some(libc::EBUSY) => port_busy_error(port),
                _ => fault,
            })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(port_busy_error(port)),
            Err(TryLockError::Error(fault)) => return Err(fault),
        }
        // A program that takes no lock is found by its open file only.
        if port_holder(port).is_some() {
            return Err(port_busy_error(port));
        }
        Ok(Self(file))
    }

    /// Sets the exclusive mode once our own descriptor is open: later opens fail.
    pub(super) fn set_exclusive(&self) {
        set_exclusive_mode(&self.0, libc::TIOCEXCL);
    }
}

impl Drop for PortLock {
    fn drop(&mut self) {
        // A pseudo terminal outlives the process that opened it and would stay exclusive.
        set_exclusive_mode(&self.0, libc::TIOCNXCL);
    }
}

#[expect(unsafe_code, reason = "the mode has no safe wrapper in our tree")]
fn set_exclusive_mode(file: &File, mode: libc::Ioctl) {
    // SAFETY: the descriptor is open for the whole call, and these two modes take no argument.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), mode) };
    if done != 0 {
        let error = io::Error::last_os_error();
        tracing::debug!(%error, "a serial port without an exclusive mode");
    }
}

fn port_busy_error(port: &Path) -> io::Error {
    let busy = PortBusyError {
        port: port.to_owned(),
        holder: port_holder(port),
    };
    io::Error::new(io::ErrorKind::ResourceBusy, busy)
}

/// A port that another program has open.
#[derive(Debug)]
pub(super) struct PortBusyError {
    port: PathBuf,
    holder: Option<PortHolder>,
}

impl PortBusyError {
    /// Returns the error as text for every language.
    pub(super) fn detail(&self) -> FaultDetail {
        let (english, port) = (self.to_string(), self.port.display());
        match &self.holder {
            Some(PortHolder { pid, name }) => FaultDetail::message(
                english,
                "detail-port-held",
                &[("port", &port), ("name", name), ("pid", pid)],
            ),
            None => FaultDetail::message(english, "detail-port-busy", &[("port", &port)]),
        }
    }
}

impl std::error::Error for PortBusyError {}

impl fmt::Display for PortBusyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port.display();
        match &self.holder {
            Some(PortHolder { pid, name }) => {
                write!(f, "{port} is busy: {name} (process {pid}) has it open")
            }
            None => write!(f, "{port} is busy: another program has it open"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::pty::PseudoTerminal;

    #[tokio::test]
    async fn who_holds_a_port_is_named_and_who_makes_it_is_not() {
        let pty = PseudoTerminal::open(9600).unwrap();
        assert_eq!(port_holder(pty.path()), None);
        let port = File::open(pty.path()).unwrap();
        let mut other = std::process::Command::new("sleep")
            .arg("60")
            .stdin(port)
            .spawn()
            .unwrap();
        // Between fork and exec the child still has our descriptors; then only the port.
        let pid = other.id();
        while process_name(pid) != "sleep" {
            std::thread::yield_now();
        }
        let held = (port_holder(pty.path()), PortLock::acquire(pty.path()));
        other.kill().unwrap();
        other.wait().unwrap();
        let name = "sleep".to_owned();
        assert_eq!(held.0, Some(PortHolder { pid, name }));
        let why = held.1.unwrap_err().to_string();
        assert!(
            why.contains("sleep") && why.contains(&pid.to_string()),
            "{why}"
        );
        PortLock::acquire(pty.path()).unwrap();
    }

    #[tokio::test]
    async fn a_port_is_given_to_one_at_a_time() {
        let pty = PseudoTerminal::open(9600).unwrap();
        let first = PortLock::acquire(pty.path()).unwrap();
        first.set_exclusive();
        let why = PortLock::acquire(pty.path()).unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::ResourceBusy);
        drop(first);
        PortLock::acquire(pty.path()).unwrap().set_exclusive();
        // The mode must not stay after the lock is dropped.
        OpenOptions::new().read(true).open(pty.path()).unwrap();
    }
}
