//! `pantau scan gpio`, `i2c` and `one-wire`: lists of the gateway's own pins.
//!
//! A probe on 1-Wire is named by holding it in the hand: the list is repeated, and shows which one
//! has become warmer.

use crate::buses::pin_survey::{self, FoundChip, FoundLine, FoundProbe};
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE, fail_with_message};
use crate::cli::run::wait_for_stop;
use crate::cli::standard_output::print_line;
use crate::config::{BusLink, Config, SensorChip};
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use drivers::sensor_fault::SensorFault;
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Warming that shows which probe is held in a hand, degC.
const WARMED_BY: f64 = 1.0;
/// Time for which the probes are watched.
const WATCH_TIME: Duration = Duration::from_mins(1);
/// Pause between two lists of probes.
const WATCH_PAUSE: Duration = Duration::from_secs(1);

/// Pins that are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PinTarget {
    /// Lines of a GPIO chip.
    Gpio(PathBuf),
    /// Chips on an I2C bus.
    I2c(PathBuf),
    /// Probes on 1-Wire, in this folder of the kernel.
    OneWire(PathBuf),
}

impl PinTarget {
    /// Reads a target of the command line: a kind of bus, a device path, or a bus of the
    /// configuration; `None` when it is none of the gateway's own pins.
    pub(super) fn parse(text: &str, config: Option<&Config>) -> Option<Self> {
        let configured = config.and_then(|config| config.buses.iter().find(|bus| *bus.id == *text));
        match configured.map(|bus| &bus.link) {
            Some(BusLink::Gpio(link)) => return Some(Self::Gpio(link.chip.clone())),
            Some(BusLink::I2c(link)) => return Some(Self::I2c(link.port.clone())),
            Some(BusLink::OneWire(link)) => return Some(Self::OneWire(link.folder.clone())),
            Some(_) => return None,
            None => {}
        }
        match text {
            "gpio" => Some(Self::Gpio("/dev/gpiochip0".into())),
            "i2c" => Some(Self::I2c("/dev/i2c-1".into())),
            "one-wire" => Some(Self::OneWire("/sys/bus/w1/devices".into())),
            path if path.starts_with("/dev/gpiochip") => Some(Self::Gpio(path.into())),
            path if path.starts_with("/dev/i2c-") => Some(Self::I2c(path.into())),
            path => Self::simulated(Path::new(path)),
        }
    }

    /// Bus of a simulator at a path; `None` when there is none.
    fn simulated(path: &Path) -> Option<Self> {
        if pin_survey::is_simulated_i2c(path) {
            Some(Self::I2c(path.into()))
        } else if pin_survey::is_probe_folder(path) {
            Some(Self::OneWire(path.into()))
        } else if path.is_absolute() && path.is_dir() {
            Some(Self::Gpio(path.into()))
        } else {
            None
        }
    }
}

/// Lists the things on some pins. Exit status: 0 something was found, 1 nothing was, or it could
/// not be looked at.
pub(super) async fn scan_pins(target: &PinTarget, is_json: bool, lang: Language) -> u8 {
    let found = match target {
        PinTarget::Gpio(chip) => list_blocking(chip, pin_survey::list_lines)
            .await
            .map(|lines| print_all(&lines, is_json, line_json, |line| line_text(line, lang))),
        PinTarget::I2c(port) => list_blocking(port, pin_survey::list_chips)
            .await
            .map(|chips| {
                print_all(
                    &chips,
                    is_json,
                    |chip| chip_json(*chip),
                    |chip| chip_text(*chip, lang),
                )
            }),
        PinTarget::OneWire(folder) => watch_probes(folder, is_json, lang).await,
    };
    match found {
        Ok(0) => {
            print_line(&lang.text("scan-pins-nothing"));
            EXIT_NEGATIVE
        }
        Ok(_) => EXIT_DONE,
        Err(error) => {
            let path = target.path().display().to_string();
            let args = [("path", path.as_str()), ("why", &error.to_string())];
            fail_with_message(&lang.text_with("scan-pins-failed", &args))
        }
    }
}

impl PinTarget {
    fn path(&self) -> &Path {
        match self {
            Self::Gpio(path) | Self::I2c(path) | Self::OneWire(path) => path,
        }
    }
}

/// Runs a survey, which waits for chips, beside the program.
async fn list_blocking<T: Send + 'static>(
    path: &Path,
    list: fn(&Path) -> io::Result<Vec<T>>,
) -> io::Result<Vec<T>> {
    let path = path.to_path_buf();
    tokio::task::spawn_blocking(move || list(&path))
        .await
        .map_err(io::Error::other)?
}

fn print_all<T>(
    found: &[T],
    is_json: bool,
    json: impl Fn(&T) -> Value,
    text: impl Fn(&T) -> String,
) -> usize {
    for one in found {
        if is_json {
            print_line(&json(one).to_string());
        } else {
            print_line(&text(one));
        }
    }
    found.len()
}

fn line_json(line: &FoundLine) -> Value {
    json!({ "line": line.number, "name": line.name, "used_by": line.used_by })
}

fn line_text(line: &FoundLine, lang: Language) -> String {
    let number = line.number.to_string();
    let user = line.used_by.as_deref().unwrap_or_default();
    let args = [
        ("line", number.as_str()),
        ("name", &line.name),
        ("user", user),
    ];
    match &line.used_by {
        Some(_) => lang.text_with("scan-pins-line-used", &args),
        None => lang.text_with("scan-pins-line", &args),
    }
}

fn chip_json(found: FoundChip) -> Value {
    json!({
        "address": found.address,
        "chip": found.chip.map(SensorChip::word),
        "in_use": found.is_held,
    })
}

fn chip_text(found: FoundChip, lang: Language) -> String {
    let address = format!("0x{:02x}", found.address);
    if found.is_held {
        return lang.text_with("scan-pins-chip-held", &[("address", &address)]);
    }
    match found.chip {
        Some(chip) => {
            let args = [("address", address.as_str()), ("chip", chip.word())];
            lang.text_with("scan-pins-chip", &args)
        }
        None => lang.text_with("scan-pins-chip-unknown", &[("address", &address)]),
    }
}

/// Lists the probes; for people again and again, with how much each has warmed.
async fn watch_probes(folder: &Path, is_json: bool, lang: Language) -> io::Result<usize> {
    let first = list_blocking(folder, pin_survey::list_probes).await?;
    let count = print_all(&first, is_json, probe_json, |probe| {
        probe_text(probe, 0.0, lang)
    });
    if is_json || count == 0 {
        return Ok(count);
    }
    print_line(&lang.text("scan-pins-hold"));
    let watching = watch_warming(folder, &first, lang);
    tokio::select! {
        watched = tokio::time::timeout(WATCH_TIME, watching) => watched.unwrap_or(Ok(()))?,
        () = wait_for_stop() => {}
    }
    Ok(count)
}

/// Prints each probe that has warmed, once; ends when all have.
async fn watch_warming(folder: &Path, first: &[FoundProbe], lang: Language) -> io::Result<()> {
    let mut cold: Vec<FoundProbe> = first.to_vec();
    while !cold.is_empty() {
        tokio::time::sleep(WATCH_PAUSE).await;
        let now = list_blocking(folder, pin_survey::list_probes).await?;
        for probe in now {
            let Some(place) = cold.iter().position(|one| one.serial == probe.serial) else {
                continue;
            };
            let warmed = warmed_by(&cold[place], &probe);
            if warmed >= WARMED_BY {
                print_line(&probe_text(&probe, warmed, lang));
                cold.remove(place);
            }
        }
    }
    Ok(())
}

/// Warming between two readings of a probe, degC; 0 when one of them has no value.
fn warmed_by(before: &FoundProbe, after: &FoundProbe) -> f64 {
    match (before.celsius, after.celsius) {
        (Ok(before), Ok(after)) => after - before,
        _ => 0.0,
    }
}

fn probe_json(probe: &FoundProbe) -> Value {
    json!({
        "serial": probe.serial.to_string(),
        "celsius": probe.celsius.ok(),
        "fault": probe.celsius.err().map(SensorFault::name),
    })
}

fn probe_text(probe: &FoundProbe, warmed: f64, lang: Language) -> String {
    let serial = probe.serial.to_string();
    let degrees = |value: f64| lang.locale().plain_digits(&nearest_digits(value, 1));
    let celsius = match probe.celsius {
        Ok(value) => degrees(value),
        Err(fault) => {
            let why = lang.text(&format!("reason-{}", fault.name()));
            return lang.text_with("scan-pins-probe-bad", &[("serial", &serial), ("why", &why)]);
        }
    };
    let warmed_text = degrees(warmed);
    let args = [
        ("serial", serial.as_str()),
        ("celsius", celsius.as_str()),
        ("warmed", warmed_text.as_str()),
    ];
    if warmed >= WARMED_BY {
        lang.text_with("scan-pins-warmed", &args)
    } else {
        lang.text_with("scan-pins-probe", &args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::one_wire::RomCode;

    fn probe(celsius: Result<f64, SensorFault>) -> FoundProbe {
        let serial = RomCode::from_linux_name("28-0316a2795ab1").unwrap();
        FoundProbe { serial, celsius }
    }

    #[test]
    fn the_probe_in_the_hand_is_the_one_that_warms() {
        let warmed = warmed_by(&probe(Ok(27.0)), &probe(Ok(29.5)));
        let text = probe_text(&probe(Ok(29.5)), warmed, Language::En);
        assert!(
            text.contains("28-0316a2795ab1") && text.contains("2.5"),
            "{text}"
        );
        let text = probe_text(&probe(Ok(29.5)), warmed, Language::Id);
        assert!(text.contains("2,5"), "{text}");
        let unknown = warmed_by(&probe(Err(SensorFault::Checksum)), &probe(Ok(29.5)));
        assert!(unknown.abs() < f64::EPSILON);
    }

    #[test]
    fn pins_are_named_by_their_kind_or_their_path() {
        let parse = |text| PinTarget::parse(text, None);
        assert_eq!(
            parse("one-wire"),
            Some(PinTarget::OneWire("/sys/bus/w1/devices".into()))
        );
        assert_eq!(
            parse("/dev/i2c-3"),
            Some(PinTarget::I2c("/dev/i2c-3".into()))
        );
        assert_eq!(parse("/dev/ttyUSB0"), None);
        assert_eq!(parse("192.168.1.0/24"), None);
    }
}
