//! [`BusFiles`]: files of one simulated bus, kept up to date.

use crate::simulator::world::SimulatedWorld;
use std::fmt::Debug;
use std::io;
use std::path::Path;

/// Writer of the files of one bus.
pub(super) trait BusFiles: Debug + Send {
    /// Writes what has changed since the last call.
    fn write(&mut self, world: &SimulatedWorld) -> io::Result<()>;
}

/// Writes a file in one step, so that no reader sees half of it.
pub(super) fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}"));
    std::fs::write(&new, text)?;
    std::fs::rename(&new, path)
}
