//! Files to believed settings, all faults at once.
//!
//! `load` reads `pantau.toml` and the profiles it names; what it returns has been checked as a
//! whole. Nothing outside this module sees what a person typed (`raw`). A text goes through three
//! steps:
//! `shape` holds it against the schema of the raw types, `check` and its neighbours turn raw into
//! believed, and `fault` says what is wrong.

pub mod assets;
mod check;
mod devices;
pub mod factors;
mod fault;
pub mod identify;
mod indicators;
mod kept;
mod limits;
mod notes;
pub(crate) mod physical;
mod points;
pub mod profile;
mod raw;
mod raw_profile;
mod secret;
pub mod set_address;
pub mod settings;
mod shape;
mod sinks;
pub mod sunspec;
mod values;
mod variant;

pub use assets::Asset;
pub use fault::{Fault, Faults};
pub use kept::{changed, load_kept};
pub use secret::{Secret, masked};
pub use settings::*;
pub use sinks::MqttVersion;

use factors::Texts;
use notes::Notes;
use profile::Library;
use std::path::Path;

/// Largest configuration file, in bytes; a site of 3000 devices needs less.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Reads and checks a configuration file, with the profiles that it names. A secret's file may come
/// later.
pub fn load(path: &Path) -> Result<Config, Faults> {
    match read_text(path) {
        Ok(text) => load_text(&text, path, &|name| std::env::var(name).ok()),
        Err(error) => {
            let mut notes = Notes::new(path, "");
            notes.fault(0..0, "", "fault-file", &error, "");
            Err(Faults(notes.faults))
        }
    }
}

/// The text of a file of believable size.
fn read_text(path: &Path) -> Result<String, String> {
    match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES_MAX => Err("larger than 8 MiB".to_owned()),
        _ => std::fs::read_to_string(path).map_err(|error| error.to_string()),
    }
}

/// Checks a configuration's text. `file` is where it stands (relative paths start there), `env`
/// looks a variable up.
pub fn load_text(
    text: &str,
    file: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Faults> {
    let mut notes = Notes::new(file, text);
    let config = shape::read::<raw::RawConfig>(&mut notes)
        .map(|raw| check::config(&mut notes, &raw, env, Texts::Now));
    believed(notes, config)
}

/// The configuration, when nothing is wrong with it.
fn believed(mut notes: Notes<'_>, config: Option<Config>) -> Result<Config, Faults> {
    let mut faults = std::mem::take(&mut notes.faults);
    // Faults of profiles stand behind those of the file itself.
    faults.sort_by_key(|fault| (fault.file != notes.file, fault.line));
    match config {
        Some(mut config) if faults.is_empty() => {
            notes.warnings.sort_by_key(|fault| fault.line);
            config.warnings = notes.warnings;
            Ok(config)
        }
        _ => Err(Faults(faults)),
    }
}

/// The JSON Schema of `pantau.toml`, for editors.
pub fn schema() -> String {
    let schema = shape::schema_of::<raw::RawConfig>();
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

/// Every profile of the directory (if any) and of the binary, by name, or what is wrong with it.
pub fn profiles(directory: Option<&Path>) -> Vec<(String, Result<profile::Profile, Faults>)> {
    let library = Library::new(directory.map(Path::to_path_buf));
    let load = |name: String| {
        let loaded = library.load(&name)?;
        Some((name, loaded))
    };
    library.names().into_iter().filter_map(load).collect()
}

/// Every profile that loads, each variant by itself.
pub fn sound_profiles(directory: Option<&Path>) -> Vec<profile::Profile> {
    let loaded = profiles(directory).into_iter();
    let loaded = loaded.filter_map(|(_, profile)| profile.ok());
    loaded
        .flat_map(|mut profile| {
            let variants = std::mem::take(&mut profile.variants);
            std::iter::once(profile).chain(variants)
        })
        .collect()
}
