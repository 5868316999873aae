//! Reasons why a serial port cannot be used: permissions, another process, a missing device.

use crate::buses::modbus::bus::port_holder;
use crate::config::BusLink;
use crate::i18n::Language;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Directories and name prefixes of serial ports.
const PORT_PATTERNS: [(&str, &str); 5] = [
    ("/dev/serial/by-id", ""),
    ("/dev", "ttyUSB"),
    ("/dev", "ttyACM"),
    ("/dev", "ttyAMA"),
    ("/dev", "ttySC"),
];

/// Serial ports of this machine; stable names (by-id) first.
pub(crate) fn list_serial_ports() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for (folder, begin) in PORT_PATTERNS {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(begin));
        let mut paths: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            // Each port is listed once, under its first name.
            if !all.iter().any(|other| is_same_port(other, &path)) {
                all.push(path);
            }
        }
    }
    all
}

/// True when both paths lead to the same device file.
pub(crate) fn is_same_port(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}

/// True when the bus uses this port.
pub(crate) fn is_bus_at_port(link: &BusLink, port: &Path) -> bool {
    link.serial_port()
        .is_some_and(|serial| is_same_port(&serial.port, port))
}

/// Reason why the port cannot be opened, with advice; `None` when it can.
pub(crate) fn port_error_text(port: &Path, lang: Language) -> Option<String> {
    let shown = port.display().to_string();
    // O_NONBLOCK: opening a port without carrier detect would block; O_NOCTTY: it must not become
    // the controlling terminal.
    let opened = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
        .open(port);
    match opened {
        // Linux lets two processes open one port; requests of both would collide on the line.
        Ok(_) => port_holder_text(port, lang),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(missing_port_text(&shown, lang)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            // Debian's group of serial ports.
            let group = port_group_name(port).unwrap_or_else(|| "dialout".to_owned());
            let args = [("port", shown.as_str()), ("group", group.as_str())];
            Some(lang.text_with("scan-port-denied", &args))
        }
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
            let nobody = || lang.text_with("scan-port-busy", &[("port", shown.as_str())]);
            Some(port_holder_text(port, lang).unwrap_or_else(nobody))
        }
        Err(error) => {
            let why = error.to_string();
            Some(lang.text_with("scan-port-other", &[("port", &shown), ("why", &why)]))
        }
    }
}

fn missing_port_text(port: &str, lang: Language) -> String {
    let all: Vec<String> = list_serial_ports()
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if all.is_empty() {
        return lang.text_with("scan-port-missing-none", &[("port", port)]);
    }
    lang.text_with(
        "scan-port-missing",
        &[("port", port), ("ports", &all.join(", "))],
    )
}

/// Message about the process that has the port open; `None` when no other has.
pub fn port_holder_text(port: &Path, lang: Language) -> Option<String> {
    let holder = port_holder(port)?;
    let (pid, port) = (holder.pid.to_string(), port.display().to_string());
    let args = [
        ("port", port.as_str()),
        ("name", holder.name.as_str()),
        ("pid", pid.as_str()),
    ];
    Some(lang.text_with("scan-port-held", &args))
}

/// Name of the group that may use the port.
fn port_group_name(port: &Path) -> Option<String> {
    let gid = std::fs::metadata(port).ok()?.gid().to_string();
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    find_group_name(&groups, &gid)
}

fn find_group_name(groups: &str, gid: &str) -> Option<String> {
    let mut lines = groups.lines().map(|line| line.split(':'));
    lines.find_map(|mut parts| {
        let name = parts.next()?;
        (parts.nth(1)? == gid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_there_is_told() {
        let text = port_error_text(Path::new("/dev/ttyNOPE9"), Language::En).unwrap();
        assert!(text.contains("/dev/ttyNOPE9"), "{text}");
    }

    #[test]
    fn the_group_of_a_port_is_named() {
        let groups = "root:x:0:\ndialout:x:20:pi\n";
        assert_eq!(find_group_name(groups, "20").as_deref(), Some("dialout"));
        assert_eq!(find_group_name(groups, "21"), None);
    }
}
