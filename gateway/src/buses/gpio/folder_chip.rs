//! [`ChipAtPath`]: the chip behind the path of a bus: a device of the kernel, or the folder of a
//! simulator with a [`LineFile`] for each line.

use super::kernel_chip::{self, CONSUMER, FoundLine, KernelChip, line_name};
use super::line_file::LineFile;
use super::pin_chip::{LineEvent, PinChip, PinError, PinLine};
use crate::config::{GpioLine, GpioPoint, LineEdge};
use crate::domain::QualityReason;
use crate::limits::pin_limits::GPIO_LINES_MAX;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Chip at a path; what is there is looked at each time a line is opened.
#[derive(Debug)]
pub(super) struct ChipAtPath {
    path: PathBuf,
    kernel: KernelChip,
}

impl ChipAtPath {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            kernel: KernelChip::new(path),
        }
    }
}

impl PinChip for ChipAtPath {
    fn open_line(&mut self, settings: &GpioPoint) -> Result<Box<dyn PinLine>, PinError> {
        if self.path.is_dir() {
            let line = FolderLine::open(&self.path, settings)?;
            return Ok(Box::new(line));
        }
        self.kernel.open_line(settings)
    }
}

/// Returns the lines of a chip.
pub(in crate::buses) fn list_lines(chip: &Path) -> io::Result<Vec<FoundLine>> {
    if chip.is_dir() {
        return list_folder(chip);
    }
    kernel_chip::list_lines(chip)
}

fn list_folder(folder: &Path) -> io::Result<Vec<FoundLine>> {
    let mut lines = Vec::new();
    // Beside each line there may be the file of its users.
    for entry in std::fs::read_dir(folder)?.take(2 * GPIO_LINES_MAX) {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if LineFile::read(&folder.join(&name)).is_err() {
            continue;
        }
        let is_used = File::open(users_file(folder, &name))
            .is_ok_and(|users| matches!(users.try_lock(), Err(TryLockError::WouldBlock)));
        let digits = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        lines.push(FoundLine {
            number: digits.parse().unwrap_or_default(),
            name: if digits == name { String::new() } else { name },
            used_by: is_used.then(|| CONSUMER.to_owned()),
        });
    }
    lines.sort_by(|a, b| (a.number, &a.name).cmp(&(b.number, &b.name)));
    Ok(lines)
}

/// Path of the file that every user of a line holds with a lock, as a kernel knows who has a line.
fn users_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.users"))
}

/// Holds the file of the users of a line; `None` where it cannot be made or locked, which only
/// hides the use.
fn hold_users_file(folder: &Path, name: &str) -> Option<File> {
    let mut open = OpenOptions::new();
    let open = open.create(true).truncate(false).write(true);
    let users = open.open(users_file(folder, name)).ok()?;
    users.try_lock_shared().ok().map(|()| users)
}

/// Open line of a folder.
#[derive(Debug)]
struct FolderLine {
    name: String,
    file: PathBuf,
    settings: GpioPoint,
    /// Edges before the line was opened, which have no number.
    edges_before: u32,
    /// Number of the last edge that was taken.
    taken: u32,
    /// Locked while the line is open.
    _users: Option<File>,
}

impl FolderLine {
    fn open(folder: &Path, settings: &GpioPoint) -> Result<Self, PinError> {
        let absent = |line: &str| PinError {
            reason: QualityReason::Absent,
            message: format!("{line} is not simulated"),
        };
        let line = settings.line.clone();
        let line = line.unwrap_or_else(|| GpioLine::Name(Arc::from("")));
        let name = line_name(folder, &line);
        let file = LineFile::path_of(folder, &line).ok_or_else(|| absent(&name))?;
        if !file.is_file() {
            return Err(absent(&name));
        }
        let mut opened = Self {
            name,
            file,
            settings: settings.clone(),
            edges_before: 0,
            taken: 0,
            _users: hold_users_file(folder, &line.to_string()),
        };
        opened.edges_before = opened.read()?.watched_edges(settings);
        Ok(opened)
    }

    fn read(&self) -> Result<LineFile, PinError> {
        LineFile::read(&self.file).map_err(|error| PinError {
            reason: QualityReason::Unreachable,
            message: format!("{}: {error}; does the simulator run?", self.name),
        })
    }
}

impl PinLine for FolderLine {
    fn is_active(&mut self) -> Result<bool, PinError> {
        Ok(self.read()?.is_active(&self.settings))
    }

    fn take_events(&mut self, each: &mut dyn FnMut(LineEvent)) -> Result<(), PinError> {
        let line = self.read()?;
        let edges = line.watched_edges(&self.settings);
        let Some(number) = edges.checked_sub(self.edges_before.saturating_add(self.taken)) else {
            return Err(PinError {
                reason: QualityReason::Unreachable,
                message: format!("{}: the simulator has started again", self.name),
            });
        };
        if number > 0 {
            self.taken += number;
            // As in a full queue of the kernel, only the newest edge is left; its number tells
            // how many there were.
            each(LineEvent {
                number: self.taken,
                at_ns: line.changed_ns,
                is_rising: match self.settings.watched_edges() {
                    LineEdge::Rising => true,
                    LineEdge::Falling => false,
                    LineEdge::Both => line.is_active(&self.settings),
                },
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};

    fn settings_of(keys: &str) -> GpioPoint {
        let site = SiteText::new("s").bus("pins", "kind = 'gpio'");
        let device = format!("line = 'GPIO17'\npoint = [{{ id = 'p', {keys} }}]");
        let config = load_site(&site.device("d", "pins", device).text());
        config.devices[0].points[0].access.gpio().unwrap().clone()
    }

    fn write(folder: &Path, line: LineFile) {
        std::fs::write(folder.join("GPIO17"), line.text()).unwrap();
    }

    fn take(line: &mut dyn PinLine) -> Vec<LineEvent> {
        let mut events = Vec::new();
        line.take_events(&mut |event| events.push(event)).unwrap();
        events
    }

    const BEFORE: LineFile = LineFile {
        is_high: true,
        rises: 100,
        falls: 100,
        changed_ns: 5,
    };

    #[test]
    fn edges_are_numbered_from_the_opening_of_the_line() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), BEFORE);
        let settings = settings_of("signal = 'pulses'");
        let mut line = ChipAtPath::new(folder.path()).open_line(&settings).unwrap();
        assert_eq!((line.is_active(), take(&mut *line)), (Ok(false), vec![]));
        let pressed = LineFile {
            is_high: false,
            falls: 103,
            rises: 102,
            changed_ns: 90,
        };
        write(folder.path(), pressed);
        let event = LineEvent {
            number: 3,
            at_ns: 90,
            is_rising: true,
        };
        assert_eq!(
            (line.is_active(), take(&mut *line)),
            (Ok(true), vec![event])
        );
        assert_eq!(take(&mut *line), []);
    }

    #[test]
    fn a_simulator_that_starts_again_closes_the_line() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), BEFORE);
        let mut chip = ChipAtPath::new(folder.path());
        let mut line = chip.open_line(&settings_of("signal = 'state'")).unwrap();
        write(folder.path(), LineFile::default());
        let error = line.take_events(&mut |_| ()).unwrap_err();
        assert_eq!(error.reason, QualityReason::Unreachable);
        std::fs::remove_file(folder.path().join("GPIO17")).unwrap();
        let error = chip.open_line(&settings_of("signal = 'state'"));
        assert_eq!(error.unwrap_err().reason, QualityReason::Absent);
    }

    #[test]
    fn the_lines_of_a_folder_are_listed_by_number() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["GPIO27", "4"] {
            std::fs::write(folder.path().join(name), BEFORE.text()).unwrap();
        }
        std::fs::write(folder.path().join("notes.txt"), "no line").unwrap();
        let lines = list_lines(folder.path()).unwrap();
        let lines: Vec<_> = lines.iter().map(|l| (l.number, l.name.as_str())).collect();
        assert_eq!(lines, [(4, ""), (27, "GPIO27")]);
    }

    #[test]
    fn a_line_is_listed_as_used_while_it_is_open() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), BEFORE);
        let user = || list_lines(folder.path()).unwrap().remove(0).used_by;
        assert_eq!(user(), None);
        let mut chip = ChipAtPath::new(folder.path());
        let first = chip.open_line(&settings_of("signal = 'state'")).unwrap();
        let second = chip.open_line(&settings_of("signal = 'state-seconds'"));
        drop(first);
        assert_eq!(user().as_deref(), Some(CONSUMER));
        drop(second);
        assert_eq!(user(), None);
    }
}
