//! Why a serial port cannot be had: which group to join, who holds it, which ports there are.

use crate::config::Link;
use crate::read::bus::holder;
use crate::words::Lang;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Folders and beginnings of names of serial ports.
const PORTS: [(&str, &str); 5] = [
    ("/dev/serial/by-id", ""),
    ("/dev", "ttyUSB"),
    ("/dev", "ttyACM"),
    ("/dev", "ttyAMA"),
    ("/dev", "ttySC"),
];

/// Serial ports of this machine, those whose names stay first.
pub(super) fn known() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for (folder, begin) in PORTS {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(begin));
        let mut paths: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            // A port has one name here, the first.
            if !all.iter().any(|other| same(other, &path)) {
                all.push(path);
            }
        }
    }
    all
}

/// Both names lead to one port.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}

/// The configured bus at this port.
pub(super) fn is_at(link: &Link, port: &Path) -> bool {
    matches!(link, Link::Rtu(serial) if same(&serial.port, port))
}

/// What keeps the port from being opened, in words that say what to do; `None` when nothing does.
pub(super) fn trouble(port: &Path, lang: Lang) -> Option<String> {
    let shown = port.display().to_string();
    let opened = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
        .open(port);
    match opened {
        Ok(_) => held(port, lang),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(missing(&shown, lang)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let group = group_of(port).unwrap_or_else(|| "dialout".to_owned());
            let args = [("port", shown.as_str()), ("group", group.as_str())];
            Some(lang.say("scan-port-denied", &args))
        }
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
            let nobody = || lang.say("scan-port-busy", &[("port", shown.as_str())]);
            Some(held(port, lang).unwrap_or_else(nobody))
        }
        Err(error) => {
            let why = error.to_string();
            Some(lang.say("scan-port-other", &[("port", &shown), ("why", &why)]))
        }
    }
}

fn missing(port: &str, lang: Lang) -> String {
    let all: Vec<String> = known()
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if all.is_empty() {
        return lang.say("scan-port-missing-none", &[("port", port)]);
    }
    lang.say(
        "scan-port-missing",
        &[("port", port), ("ports", &all.join(", "))],
    )
}

/// Who has the port open, in words that say what to do; `None` when nobody else has.
pub fn held(port: &Path, lang: Lang) -> Option<String> {
    let holder = holder(port)?;
    let (pid, port) = (holder.pid.to_string(), port.display().to_string());
    let args = [
        ("port", port.as_str()),
        ("name", holder.name.as_str()),
        ("pid", pid.as_str()),
    ];
    Some(lang.say("scan-port-held", &args))
}

/// Name of the group that may use the port.
fn group_of(port: &Path) -> Option<String> {
    let gid = std::fs::metadata(port).ok()?.gid().to_string();
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    named_group(&groups, &gid)
}

fn named_group(groups: &str, gid: &str) -> Option<String> {
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
        let text = trouble(Path::new("/dev/ttyNOPE9"), Lang::En).unwrap();
        assert!(text.contains("/dev/ttyNOPE9"), "{text}");
    }

    #[test]
    fn the_group_of_a_port_is_named() {
        let groups = "root:x:0:\ndialout:x:20:pi\n";
        assert_eq!(named_group(groups, "20").as_deref(), Some("dialout"));
        assert_eq!(named_group(groups, "21"), None);
    }
}
