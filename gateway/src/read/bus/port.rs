//! Who has a serial port: nobody else while we have it, or the program that must be stopped first.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where processes and their open files are.
const PROCESSES: &str = "/proc";

/// Another process that has a port open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

/// The first of the other processes that have the port open; those of other users are seen by
/// root only. Who made a pseudo terminal does not count: it is the wire.
pub fn holder(port: &Path) -> Option<Holder> {
    let real = std::fs::canonicalize(port).ok()?;
    let processes = std::fs::read_dir(PROCESSES).into_iter().flatten().flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pid = pids.find(|pid| *pid != std::process::id() && holds(*pid, &real))?;
    let name = name_of(pid);
    Some(Holder { pid, name })
}

fn holds(pid: u32, port: &Path) -> bool {
    let files = std::fs::read_dir(format!("{PROCESSES}/{pid}/fd"));
    let files = files.into_iter().flatten().flatten();
    let open: Vec<PathBuf> = files
        .filter_map(|file| std::fs::read_link(file.path()).ok())
        .collect();
    let makes = |path: &PathBuf| path.ends_with("ptmx");
    let is_pty = port.starts_with("/dev/pts");
    open.iter().any(|path| path == port) && !(is_pty && open.iter().any(makes))
}

fn name_of(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("{PROCESSES}/{pid}/comm"));
    name.unwrap_or_default().trim().to_owned()
}

/// Our right to a port: while it lives nobody else opens the port, as far as the system can keep
/// them out. Root may open any port, but finds it locked when it asks.
#[derive(Debug)]
pub(super) struct PortLock(File);

impl PortLock {
    /// Fails with the name of whoever has the port.
    pub(super) fn take(port: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
            .open(port)
            .map_err(|fault| match fault.raw_os_error() {
                Some(libc::EBUSY) => busy(port),
                _ => fault,
            })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(port)),
            Err(TryLockError::Error(fault)) => return Err(fault),
        }
        // Whoever opened it without asking is seen by its open file only.
        if holder(port).is_some() {
            return Err(busy(port));
        }
        Ok(Self(file))
    }

    /// Keeps out whoever does not ask first, once our own end is open.
    pub(super) fn shut(&self) {
        exclude(&self.0, libc::TIOCEXCL);
    }
}

impl Drop for PortLock {
    fn drop(&mut self) {
        // A pseudo terminal outlives who had it open, and would stay shut.
        exclude(&self.0, libc::TIOCNXCL);
    }
}

#[expect(unsafe_code, reason = "the mode has no safe wrapper in our tree")]
fn exclude(file: &File, mode: libc::Ioctl) {
    // SAFETY: the descriptor is open for the whole call, and these two modes take no argument.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), mode) };
    if done != 0 {
        let error = io::Error::last_os_error();
        tracing::debug!(%error, "a serial port without an exclusive mode");
    }
}

fn busy(port: &Path) -> io::Error {
    let port_text = port.display();
    let why = match holder(port) {
        Some(Holder { pid, name }) => {
            format!("{port_text} is busy: {name} (process {pid}) has it open")
        }
        None => format!("{port_text} is busy: another program has it open"),
    };
    io::Error::new(io::ErrorKind::ResourceBusy, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::pty::Pty;

    #[tokio::test]
    async fn who_holds_a_port_is_named_and_who_makes_it_is_not() {
        let pty = Pty::open(9600).unwrap();
        assert_eq!(holder(pty.path()), None);
        let port = File::open(pty.path()).unwrap();
        let mut other = std::process::Command::new("sleep")
            .arg("60")
            .stdin(port)
            .spawn()
            .unwrap();
        // Between fork and exec the child still has our ends; then only the port.
        let pid = other.id();
        while name_of(pid) != "sleep" {
            std::thread::yield_now();
        }
        let held = (holder(pty.path()), PortLock::take(pty.path()));
        other.kill().unwrap();
        other.wait().unwrap();
        let name = "sleep".to_owned();
        assert_eq!(held.0, Some(Holder { pid, name }));
        let why = held.1.unwrap_err().to_string();
        assert!(
            why.contains("sleep") && why.contains(&pid.to_string()),
            "{why}"
        );
        PortLock::take(pty.path()).unwrap();
    }

    #[tokio::test]
    async fn a_port_is_given_to_one_at_a_time() {
        let pty = Pty::open(9600).unwrap();
        let first = PortLock::take(pty.path()).unwrap();
        first.shut();
        let why = PortLock::take(pty.path()).unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::ResourceBusy);
        drop(first);
        PortLock::take(pty.path()).unwrap().shut();
        // Nor does the mode stay when we are gone.
        OpenOptions::new().read(true).open(pty.path()).unwrap();
    }
}
