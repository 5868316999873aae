//! Program that listens at an address, as far as `/proc` tells it.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

/// Directory of processes and of the network.
const PROC_DIR: &str = "/proc";
/// State of a listening socket in `/proc/net/tcp` (proc(5)).
const LISTENS: &str = "0A";

/// Process that listens at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressHolder {
    /// Process id.
    pub pid: u32,
    /// Process name.
    pub name: String,
}

impl fmt::Display for AddressHolder {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(into, "{} (process {})", self.name, self.pid)
    }
}

/// Returns the process that listens at the port of an address; `None` where that is not told:
/// processes of other users are visible to root only.
pub(super) fn address_holder(address: SocketAddr) -> Option<AddressHolder> {
    let tables = ["net/tcp", "net/tcp6"].map(|name| Path::new(PROC_DIR).join(name));
    let texts = tables.map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let socket = texts
        .iter()
        .find_map(|text| listening_socket(text, address.port()))?;
    let processes = std::fs::read_dir(PROC_DIR).into_iter().flatten().flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pid = pids.find(|pid| has_file(*pid, &format!("socket:[{socket}]")))?;
    let name = std::fs::read_to_string(format!("{PROC_DIR}/{pid}/comm")).unwrap_or_default();
    let name = name.trim().to_owned();
    Some(AddressHolder { pid, name })
}

/// Number of the socket that listens at a port, in a table of the system.
fn listening_socket(table: &str, port: u16) -> Option<u64> {
    let wanted = format!(":{port:04X}");
    table.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_it = words.get(1)?.ends_with(&wanted) && *words.get(3)? == LISTENS;
        is_it.then(|| words.get(9)?.parse().ok())?
    })
}

fn has_file(pid: u32, wanted: &str) -> bool {
    let files = std::fs::read_dir(format!("{PROC_DIR}/{pid}/fd"));
    let mut files = files.into_iter().flatten().flatten();
    files.any(|file| std::fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_that_listens_at_an_address_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let holder = address_holder(address).unwrap();
        assert_eq!(holder.pid, std::process::id());
        drop(listener);
        assert_eq!(address_holder(address), None);
    }
}
