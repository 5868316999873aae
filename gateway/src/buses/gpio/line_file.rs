//! [`LineFile`]: state of a simulated line, in a file that a simulator writes and the gateway
//! reads.
//!
//! ```text
//! is_high = true
//! rises = 1204
//! falls = 1204
//! changed_ns = 81234567890123
//! ```
//!
//! A chip is a folder with a file for each line. A file is replaced as a whole, so that no reader
//! sees half of it.

use crate::config::{GpioLine, GpioPoint, LineEdge};
use serde::{Deserialize, Serialize};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Bytes of a file that are read at most; it has about 80.
const FILE_BYTES_MAX: u64 = 512;

/// State of a wire, and how often it has changed since the simulator started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFile {
    /// The wire is at the supply; else at ground.
    pub is_high: bool,
    /// Changes from low to high.
    pub rises: u32,
    /// Changes from high to low.
    pub falls: u32,
    /// Time of the last change by the monotonic clock, nanoseconds.
    pub changed_ns: u64,
}

impl LineFile {
    /// Returns the path of a line in the folder of its chip; `None` for a name that is no file
    /// name.
    pub fn path_of(folder: &Path, line: &GpioLine) -> Option<PathBuf> {
        let name = line.to_string();
        let is_plain = !name.starts_with('.') && !name.contains('/');
        is_plain.then(|| folder.join(name))
    }

    /// Reads the state of a line. Errors: no such file, or it is none of a line.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        toml::from_str(&text).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    /// Returns the content of the file.
    pub fn text(&self) -> String {
        // Four plain values are always TOML.
        toml::to_string(self).unwrap_or_default()
    }

    /// Whether the line is active.
    pub(super) fn is_active(&self, settings: &GpioPoint) -> bool {
        self.is_high != settings.active_low
    }

    /// Returns the number of edges that the kernel would number with these settings.
    pub(super) fn watched_edges(&self, settings: &GpioPoint) -> u32 {
        let (starts, ends) = if settings.active_low {
            (self.falls, self.rises)
        } else {
            (self.rises, self.falls)
        };
        match settings.watched_edges() {
            LineEdge::Rising => starts,
            LineEdge::Falling => ends,
            LineEdge::Both => starts.saturating_add(ends),
        }
    }
}
