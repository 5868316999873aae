//! [`load_config`]: reads `pantau.toml` and its profiles into a checked [`Config`], or reports all
//! errors.
//!
//! ```text
//! match config::load_config(Path::new("pantau.toml")) {
//!     Ok(config) => run(config),
//!     Err(diagnostics) => eprintln!("{}", diagnostics.render(Language::En)),
//! }
//! ```
//!
//! A text is checked in two passes. `schema_check` compares it with the JSON Schema of the raw
//! types (`raw_config`, `raw_profile`) and removes what does not fit. The `check_...` functions
//! then turn the raw types into the checked ones (`settings`, `assets`, `factors`). Both collect
//! diagnostics, so that one load shows every error. The tables of the sinks are read and checked by
//! the kinds of sinks themselves (`sinks::SINK_KINDS`).
//!
//! All keys are described in `docs/configuration.md`, profiles in `docs/devices.md`, factors in
//! `docs/factors.md`.

pub(crate) mod archived;
pub(crate) mod bus_keys;
pub(crate) mod bus_kinds;
pub(crate) mod check;
pub(crate) mod chip_point;
pub(crate) mod device_limits;
pub(crate) mod devices;
pub(crate) mod diagnostic;
pub(crate) mod diagnostic_collector;
pub mod factors;
pub(crate) mod gpio_point;
pub mod identification;
mod linear_scale;
pub(crate) mod modbus_link;
pub(crate) mod modbus_point;
pub(crate) mod physical_limits;
pub(crate) mod point_checks;
pub mod profile;
pub(crate) mod profile_variant;
pub(crate) mod raw_config;
pub(crate) mod raw_profile;
pub(crate) mod raw_values;
pub(crate) mod schema_check;
pub(crate) mod secret;
pub mod set_address;
#[cfg(test)]
mod set_address_tests;
pub mod settings;
pub(crate) mod site_indicators;
pub mod sunspec;
pub(crate) mod value_syntax;
mod value_words;
mod web_settings;

pub use crate::assets::Asset;
pub use archived::{changed_places, load_archived};
pub use bus_kinds::{Bus, BusLink, BusLinkSummary, PointAccess};
pub use chip_point::{
    ChipPoint, ChipSignal, I2cLink, OneWireLink, SensorChip, UartLink, VoltageMeaning,
};
pub(crate) use diagnostic::nearest_name;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use diagnostic_collector::DiagnosticCollector;
pub use gpio_point::{GpioLine, GpioLink, GpioPoint, GpioSignal, LineBias, LineEdge};
pub use linear_scale::LinearScale;
pub use modbus_link::{ModbusLink, Parity, SerialPortSettings};
pub use modbus_point::{ModbusPoint, ModbusTable, RegisterEncoding, ScaleExponentTable, WordOrder};
pub use raw_values::{RawInteger, RawText, SpannedValue};
pub use secret::{Secret, mask_secrets};
pub use settings::*;
pub use value_words::ValueWords;

use crate::i18n::Language;
use crate::sinks::{SINK_KINDS, SinkKind};
use factors::FactorTexts;
use profile::ProfileLibrary;
use std::path::Path;
use toml::de::DeTable;

/// Maximum size of a configuration file, in bytes; a site of 3000 devices needs less.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Reads and checks a configuration file with the profiles that it names.
///
/// A file of a secret need not exist yet: that is a warning.
pub fn load_config(path: &Path) -> Result<Config, Diagnostics> {
    match read_text(path) {
        Ok(text) => load_config_text(&text, path, &|name| std::env::var(name).ok()),
        Err(error) => {
            let mut notes = DiagnosticCollector::new(path, "");
            if path.exists() {
                notes.add_error(0..0, "", "fault-file", &error, "");
            } else {
                let name = path.display().to_string();
                notes.add_error(0..0, "", "fault-no-file", &name, "");
            }
            Err(Diagnostics(notes.faults))
        }
    }
}

/// Reads a file of at most `FILE_BYTES_MAX` bytes.
fn read_text(path: &Path) -> Result<String, String> {
    match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES_MAX => Err("larger than 8 MiB".to_owned()),
        _ => std::fs::read_to_string(path).map_err(|error| error.to_string()),
    }
}

/// Returns the language that a configuration file names for its site; `None` when it names none or
/// cannot be read. The rest of the file is not checked.
pub(crate) fn site_language(path: &Path) -> Option<Language> {
    let text = read_text(path).ok()?;
    // A fault in the file does not change the language in which it is reported.
    let (root, _) = DeTable::parse_recoverable(&text);
    let site = root.get_ref().get("site")?.get_ref().get("language")?;
    Language::parse(site.get_ref().as_str()?)
}

/// Checks the text of a configuration.
///
/// Relative paths start at the directory of `file`; `env` looks up an environment variable.
pub fn load_config_text(
    text: &str,
    file: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Diagnostics> {
    load_with_sinks(text, file, env, SINK_KINDS)
}

/// Checks the text of a configuration that may name sinks of these kinds.
pub fn load_with_sinks(
    text: &str,
    file: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    kinds: &[SinkKind],
) -> Result<Config, Diagnostics> {
    let mut notes = DiagnosticCollector::new(file, text);
    let config = schema_check::parse_config(&mut notes, kinds).map(|(raw, sinks)| {
        let mut config = check::check_config(&mut notes, &raw, FactorTexts::Now);
        config.sinks = check::check_sinks(&mut notes, sinks, &config.site.id, env);
        config
    });
    accept_config(notes, config)
}

/// Returns the configuration when it has no errors, else the sorted errors.
fn accept_config(
    mut notes: DiagnosticCollector<'_>,
    config: Option<Config>,
) -> Result<Config, Diagnostics> {
    let mut faults = std::mem::take(&mut notes.faults);
    // Errors of profiles follow those of the file itself.
    faults.sort_by_key(|fault| (fault.file != notes.file, fault.line));
    match config {
        Some(mut config) if faults.is_empty() => {
            notes.warnings.sort_by_key(|fault| fault.line);
            config.warnings = notes.warnings;
            Ok(config)
        }
        _ => Err(Diagnostics(faults)),
    }
}

/// Returns the JSON Schema of `pantau.toml` as text, for editors.
pub fn config_schema() -> String {
    let schema = schema_check::config_schema(SINK_KINDS);
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

/// Loads every profile of `directory` and of the binary: its name, and the profile or its errors.
pub fn load_profiles(
    directory: Option<&Path>,
) -> Vec<(String, Result<profile::Profile, Diagnostics>)> {
    let library = ProfileLibrary::new(directory.map(Path::to_path_buf));
    let load = |name: String| {
        let loaded = library.load(&name)?;
        Some((name, loaded))
    };
    library.names().into_iter().filter_map(load).collect()
}

/// Returns every profile without errors, each variant as a profile of its own.
pub fn valid_profiles(directory: Option<&Path>) -> Vec<profile::Profile> {
    let loaded = load_profiles(directory).into_iter();
    let loaded = loaded.filter_map(|(_, profile)| profile.ok());
    loaded
        .flat_map(|mut profile| {
            let variants = std::mem::take(&mut profile.variants);
            std::iter::once(profile).chain(variants)
        })
        .collect()
}
