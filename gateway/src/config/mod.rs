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

mod alarm_change;
pub(crate) mod alarm_channel_keys;
mod alarm_channel_values;
mod alarm_channels;
#[cfg(test)]
mod alarm_channels_tests;
mod alarm_library;
mod alarm_own;
mod alarm_rule;
mod alarm_settings;
mod alarm_table;
pub(crate) mod archived;
mod backup_settings;
pub(crate) mod broker_settings;
mod bus_checks;
pub(crate) mod bus_keys;
pub(crate) mod bus_kinds;
mod bus_link_summary;
mod bus_views;
mod captures;
pub(crate) mod check;
pub(crate) mod chip_point;
mod config_file;
mod config_schema;
mod configuration_edit;
pub(crate) mod device_accuracy;
mod device_limits;
pub(crate) mod devices;
pub(crate) mod diagnostic;
pub(crate) mod diagnostic_collector;
mod evidence_settings;
pub mod factors;
pub(crate) mod gpio_point;
pub mod identification;
mod linear_scale;
pub(crate) mod modbus_link;
pub(crate) mod modbus_point;
pub(crate) mod mqtt_point;
pub(crate) mod number_ranges;
mod other_bus;
pub(crate) mod physical_limits;
pub(crate) mod pin_place;
mod point;
pub(crate) mod point_checks;
mod point_places;
pub mod profile;
pub(crate) mod profile_variant;
pub(crate) mod ratio_ranges;
pub(crate) mod raw_config;
pub(crate) mod raw_profile;
pub(crate) mod raw_values;
mod register_checks;
mod register_types;
mod report_settings;
mod revision_text;
pub(crate) mod same_places;
mod schema_check;
pub(crate) mod secret;
pub mod set_address;
#[cfg(test)]
mod set_address_tests;
pub mod settings;
pub(crate) mod site_indicators;
mod site_outline;
pub(crate) mod site_place;
pub mod sunspec;
mod syntax_faults;
pub(crate) mod value_syntax;
mod value_words;
mod web_settings;

pub use crate::assets::Asset;
pub use alarm_channel_values::QuietHours;
pub use alarm_channels::{AlarmCarrier, AlarmChannel, MailServer};
pub(crate) use alarm_rule::is_role;
pub use alarm_rule::{AlarmLevel, AlarmPeriod, AlarmRule, AlarmSource, AlarmTest};
pub use archived::{changed_keys, changed_places, first_faulty_line, load_archived, place_name};
pub use backup_settings::BackupSettings;
pub use broker_settings::{BrokerSettings, ClientCertificate, MqttVersion};
pub use bus_kinds::{BusLink, PointAccess};
pub use bus_link_summary::BusLinkSummary;
pub use bus_views::Bus;
pub use captures::RegisterCapture;
pub use chip_point::{
    ChipPoint, ChipSignal, I2cLink, OneWireLink, SensorChip, UartLink, VoltageMeaning,
};
pub use configuration_edit::{ConfigurationEdit, ConfigurationEditError, configuration_edit};
pub use device_limits::DeviceLimits;
pub(crate) use diagnostic::nearest_name;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use diagnostic_collector::DiagnosticCollector;
pub use evidence_settings::TimeStampSettings;
pub use gpio_point::{GpioLine, GpioLink, GpioPoint, GpioSignal, LineBias, LineEdge};
pub use linear_scale::LinearScale;
pub use modbus_link::{ModbusLink, Parity, SerialPortSettings};
pub use modbus_point::{ModbusPoint, ScaleExponentTable, ValidityCondition};
pub(crate) use mqtt_point::is_node_topic;
pub use mqtt_point::{JsonFieldPath, MqttLink, MqttPoint, SensorNodeFacts};
pub use point::{FactConfidence, Point, PointDescription};
pub use raw_values::{RawInteger, RawText, SpannedValue};
pub use register_types::{ModbusTable, RegisterEncoding, WordOrder};
pub(crate) use secret::mask_message;
pub use secret::{Secret, mask_secrets};
pub use settings::*;
pub use site_outline::SiteOutline;
pub use value_words::ValueWords;

use crate::i18n::Language;
use crate::sinks::{SINK_KINDS, SinkKind};
use factors::FactorTexts;
use profile::ProfileLibrary;
use std::path::Path;
use toml::de::DeTable;

/// Reads and checks a configuration file with the profiles that it names.
///
/// A file of a secret need not exist yet: that is a warning.
pub fn load_config(path: &Path) -> Result<Config, Diagnostics> {
    match config_file::read_text(path) {
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

/// Returns the language that a configuration file names for its site; `None` when it names none or
/// cannot be read. The rest of the file is not checked.
pub(crate) fn site_language(path: &Path) -> Option<Language> {
    let text = config_file::read_text(path).ok()?;
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
    let config = config_schema::parse_config(&mut notes, kinds).map(|(raw, sinks)| {
        let mut config = check::check_config(&mut notes, &raw, FactorTexts::Now);
        config.sinks = check::check_sinks(&mut notes, sinks, &config.site.id, env);
        let language = config.language.unwrap_or_default();
        config.alarm_channels =
            alarm_channels::check_alarm_channels(&mut notes, &raw.alarm_channel, language, env);
        let published = config.published_topics();
        bus_checks::check_all_topics(&mut notes, &raw.device, &config.devices, &published);
        bus_checks::check_client_ids(&mut notes, &raw.bus, &config.buses, &config.sinks);
        config
    });
    check::accept_config(notes, config)
}

/// Returns the JSON Schema of `pantau.toml` as text, for editors.
pub fn config_schema() -> String {
    let schema = config_schema::config_schema(SINK_KINDS);
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

/// Names of all profiles of `directory` and of the binary, in their order.
pub fn profile_names(directory: Option<&Path>) -> Vec<String> {
    ProfileLibrary::new(directory.map(Path::to_path_buf)).names()
}

/// Whether a line of a file has a password in its comment.
pub fn has_comment_secret(line: &str) -> bool {
    secret::mask_comment_secrets(line) != line
}

/// The file's part of an archived text.
pub fn file_text(kept: &str) -> &str {
    revision_text::split_texts(kept).0
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
