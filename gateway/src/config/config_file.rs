//! [`read_text`]: reads a configuration file of bounded size.

use std::path::Path;

/// Maximum size of a configuration file, in bytes; a site of 3000 devices needs less.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Reads a file of at most `FILE_BYTES_MAX` bytes.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES_MAX => Err("larger than 8 MiB".to_owned()),
        // A pipe would be waited for.
        Ok(about) if !about.is_file() && !about.is_dir() => Err("no file".to_owned()),
        // Without a size, the reading gives the error with its reason.
        _ => std::fs::read_to_string(path).map_err(|error| error.to_string()),
    }
}
