//! `pantau scan BUS` of a bus of kind `uart`: listens for the sensor that sends there by itself.

use crate::buses::pin_survey::{UartSurvey, hear_sensor};
use crate::buses::{AdhocReader, AdhocReading};
use crate::cli::backend::{progress_bar, report_failure};
use crate::cli::bus_client::gateway_bus_handle;
use crate::cli::command_error::CommandError;
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE, fail_with_message};
use crate::cli::read::{point_line, point_reads};
use crate::cli::run::wait_for_stop;
use crate::cli::standard_output::{print_line, print_text};
use crate::clock::Clock;
use crate::commissioning::scan::{is_bus_at_port, port_error_text, sensor_tables};
use crate::config::{self, BusLink, Config, Parity, SensorChip, SerialPortSettings, UartLink};
use crate::domain::SampleOutcome;
use crate::domain::hex_text::hex_pairs;
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use drivers::a02yyuw::A02YYUW_BAUD;
use drivers::sensor_fault::SensorFault;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// Time for which a port is heard; a sensor sends at least three times a second.
const LISTEN_TIME: Duration = Duration::from_secs(5);
/// Time between two steps of the bar.
const PROGRESS_TICK: Duration = Duration::from_millis(250);
/// UART of the pins 8 and 10 of a Raspberry Pi.
const DEFAULT_PORT: &str = "/dev/serial0";
/// Bytes before the first and after the last frame, which are no damage.
const CUT_BYTES_MAX: u32 = 6;

/// Serial port that is heard.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct UartTarget {
    /// Index of its bus in the configuration.
    bus: Option<usize>,
    line: SerialPortSettings,
}

impl UartTarget {
    /// Reads a target of the command line: a bus of the configuration, `uart`, or `uart:PORT`;
    /// `None` for anything else.
    pub(super) fn parse(text: &str, config: Option<&Config>) -> Option<Self> {
        let buses = config.map_or(&[][..], |config| &config.buses);
        let of_bus = |index: usize| match &buses[index].link {
            BusLink::Uart(UartLink(line)) => Some(Self {
                bus: Some(index),
                line: line.clone(),
            }),
            _ => None,
        };
        if let Some(index) = buses.iter().position(|bus| *bus.id == *text) {
            return of_bus(index);
        }
        let port = match text.strip_prefix("uart") {
            Some("") => PathBuf::from(DEFAULT_PORT),
            Some(port) => PathBuf::from(port.strip_prefix(':')?),
            None => return None,
        };
        let mut places = 0..buses.len();
        let known = places.find(|index| is_bus_at_port(&buses[*index].link, &port));
        known.and_then(of_bus).or(Some(Self {
            bus: None,
            line: SerialPortSettings {
                port,
                baud: A02YYUW_BAUD,
                parity: Parity::None,
                stop_bits: 1,
            },
        }))
    }

    /// Index of the device at the port, which can be one only.
    fn device_index(&self, config: &Config) -> Option<usize> {
        let bus = self.bus?;
        config.devices.iter().position(|device| device.bus == bus)
    }

    fn port_text(&self) -> String {
        self.line.port.display().to_string()
    }
}

/// Hears a port and prints the sensor; returns the exit status (0 a sensor was heard, 1 none was,
/// or the port cannot be heard) and the tables of a sensor that the configuration does not have.
pub(super) async fn scan_uart(
    target: &UartTarget,
    config: Option<&Config>,
    is_json: bool,
    lang: Language,
) -> (u8, String) {
    let nothing = |status| (status, String::new());
    let index = config.and_then(|config| target.device_index(config));
    if let Some((config, index)) = config.zip(index) {
        match read_through_owner(config, index).await {
            Ok(None) => {}
            Ok(Some(once)) => return nothing(print_owned(config, index, &once, is_json, lang)),
            Err(trouble) => return nothing(report_failure(&trouble, lang)),
        }
    }
    if let Some(why) = port_error_text(&target.line.port, lang) {
        return nothing(fail_with_message(&why));
    }
    let mut survey = UartSurvey::default();
    if let Err(error) = hear_for(target, &mut survey, lang).await {
        let (port, why) = (target.port_text(), error.to_string());
        let args = [("port", port.as_str()), ("why", &why)];
        return nothing(fail_with_message(&lang.text_with("scan-port-lost", &args)));
    }
    let known = config.zip(index);
    let known = known.map(|(config, index)| &*config.devices[index].id);
    if is_json {
        print_line(&survey_json(target, &survey, known).to_string());
    } else {
        print_line(&survey_texts(target, &survey, known, lang).join("\n    "));
    }
    match (survey.frames, known) {
        (0, _) => nothing(EXIT_NEGATIVE),
        (_, Some(_)) => nothing(EXIT_DONE),
        (_, None) => {
            let tables = proposed_tables(target, config);
            if !is_json {
                print_text(&tables);
            }
            (EXIT_DONE, tables)
        }
    }
}

/// Reads the device through the running gateway, which has its port open; `None` when no gateway
/// runs.
async fn read_through_owner(
    config: &Config,
    index: usize,
) -> Result<Option<AdhocReading>, CommandError> {
    let bus = &config.buses[config.devices[index].bus].id;
    let Some(owner) = gateway_bus_handle(config, bus).await? else {
        return Ok(None);
    };
    let reader = AdhocReader::via_owner(config, index, &Clock::system(), Some(owner));
    Ok(match reader {
        Some(mut reader) => Some(reader.read().await),
        None => None,
    })
}

/// Prints what the running gateway has read; returns the exit status.
fn print_owned(
    config: &Config,
    index: usize,
    once: &AdhocReading,
    is_json: bool,
    lang: Language,
) -> u8 {
    let device = &config.devices[index];
    let bus = &config.buses[device.bus].id;
    let fault = once.failure.as_ref().map(|(error, _)| error);
    if is_json {
        let values = once.outcomes.iter().map(SampleOutcome::number);
        let values = values.map(|number| number.map(|number| number.to_string()));
        let names = device.points.iter().map(|point| point.name.to_string());
        let values: serde_json::Map<String, Value> = names.zip(values.map(Value::from)).collect();
        let line = json!({
            "bus": bus.to_string(),
            "gateway": true,
            "configured": device.id.to_string(),
            "values": values,
            "fault": fault.map(|error| error.reason.word()),
        });
        print_line(&line.to_string());
    } else {
        let args = [("bus", &**bus), ("id", &*device.id)];
        print_line(&lang.text_with("scan-uart-owned", &args));
        for (point, (place, outcome, words)) in device.points.iter().zip(point_reads(device, once))
        {
            print_text(&point_line(point, place, outcome, words, lang));
        }
        if let Some(error) = fault {
            let reason = lang.text(&format!("reason-{}", error.reason.word()));
            print_line(&format!("{reason}: {error}"));
        }
    }
    match fault {
        None => EXIT_DONE,
        Some(_) => EXIT_NEGATIVE,
    }
}

/// Hears the port until it is clear which sensor is there, for a limited time, or until Ctrl-C.
async fn hear_for(
    target: &UartTarget,
    survey: &mut UartSurvey,
    lang: Language,
) -> std::io::Result<()> {
    let bar = progress_bar(Some(LISTEN_TIME.as_millis().try_into().unwrap_or(u64::MAX)));
    if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:24} {msg}") {
        bar.set_style(style);
    }
    let begun = Instant::now();
    let port = target.port_text();
    let show_progress = async {
        let mut tick = tokio::time::interval(PROGRESS_TICK);
        loop {
            tick.tick().await;
            let passed = begun.elapsed();
            bar.set_position(passed.as_millis().try_into().unwrap_or(u64::MAX));
            let left = LISTEN_TIME.saturating_sub(passed).as_secs() + 1;
            let args = [("port", port.as_str()), ("left", &left.to_string())];
            bar.set_message(lang.text_with("scan-uart-progress", &args));
        }
    };
    let heard = tokio::select! {
        heard = hear_sensor(&target.line, survey) => heard,
        () = tokio::time::sleep(LISTEN_TIME) => Ok(()),
        () = show_progress => Ok(()),
        () = wait_for_stop() => Ok(()),
    };
    bar.finish_and_clear();
    heard
}

/// Lines about what was heard, the first about the port.
fn survey_texts(
    target: &UartTarget,
    survey: &UartSurvey,
    known: Option<&str>,
    lang: Language,
) -> Vec<String> {
    let (port, seconds) = (target.port_text(), LISTEN_TIME.as_secs().to_string());
    let (bytes, baud) = (survey.bytes.to_string(), target.line.baud.to_string());
    let shown = hex_pairs(&survey.first_bytes);
    let own_baud = A02YYUW_BAUD.to_string();
    let args = [
        ("port", port.as_str()),
        ("seconds", &seconds),
        ("bytes", &bytes),
        ("shown", &shown),
        ("chip", SensorChip::A02yyuw.word()),
        ("baud", &baud),
        ("own", &own_baud),
    ];
    let Some(newest) = survey.newest else {
        let key = match survey.bytes {
            0 => "scan-uart-silent",
            _ if target.line.baud != A02YYUW_BAUD => "scan-uart-speed",
            _ => "scan-uart-no-frames",
        };
        return vec![lang.text_with(key, &args)];
    };
    let mut texts = vec![sensor_text(&port, survey, newest, lang)];
    if survey.skipped_bytes > CUT_BYTES_MAX {
        let count = survey.skipped_bytes.to_string();
        texts.push(lang.text_with("scan-uart-damaged", &[("count", &count)]));
    }
    texts.extend(known.map(|id| lang.text_with("scan-configured", &[("id", id)])));
    texts
}

/// Sensor and its newest distance, with the shortest and the longest.
fn sensor_text(
    port: &str,
    survey: &UartSurvey,
    newest: Result<u16, SensorFault>,
    lang: Language,
) -> String {
    let metres = |mm: u16| {
        let text = nearest_digits(f64::from(mm) / 1000.0, 3);
        lang.locale().plain_digits(&text)
    };
    let why = newest.err();
    let why = why.map(|fault| lang.text(&format!("reason-{}", fault.name())));
    let (low, high) = survey.distances.unwrap_or_default();
    let (frames, low, high) = (survey.frames.to_string(), metres(low), metres(high));
    let distance = newest.map(metres).unwrap_or_default();
    let args = [
        ("port", port),
        ("chip", SensorChip::A02yyuw.word()),
        ("distance", &distance),
        ("count", &frames),
        ("low", &low),
        ("high", &high),
        ("why", why.as_deref().unwrap_or_default()),
    ];
    match newest {
        Ok(_) => lang.text_with("scan-uart-sensor", &args),
        Err(_) => lang.text_with("scan-uart-no-distance", &args),
    }
}

fn survey_json(target: &UartTarget, survey: &UartSurvey, known: Option<&str>) -> Value {
    let chip = (survey.frames > 0).then(|| SensorChip::A02yyuw.word());
    json!({
        "port": target.port_text(),
        "baud": target.line.baud,
        "chip": chip,
        "distance_mm": survey.newest.and_then(Result::ok),
        "fault": survey.newest.and_then(Result::err).map(SensorFault::name),
        "frames": survey.frames,
        "bytes": survey.bytes,
        "skipped_bytes": survey.skipped_bytes,
        "configured": known,
    })
}

/// Tables of the sensor at a port; empty when no profile has it.
fn proposed_tables(target: &UartTarget, config: Option<&Config>) -> String {
    let folder = config.and_then(|config| config.profiles.as_deref());
    let profiles = config::valid_profiles(folder);
    let profile = profiles.iter().find(|profile| {
        let mut chips = profile
            .points
            .iter()
            .filter_map(|point| point.access.chip());
        chips.any(|access| access.chip == Some(SensorChip::A02yyuw))
    });
    profile.map_or_else(String::new, |profile| {
        let place: (Option<usize>, &Path) = (target.bus, &target.line.port);
        sensor_tables(config, place, &profile.name, &profile.kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> UartTarget {
        UartTarget::parse("uart:/dev/ttyS9", None).unwrap()
    }

    #[test]
    fn a_port_is_named_by_its_kind_with_or_without_its_path() {
        assert_eq!(target().line.port, Path::new("/dev/ttyS9"));
        let usual = UartTarget::parse("uart", None).unwrap();
        assert_eq!(usual.line.port, Path::new(DEFAULT_PORT));
        assert_eq!(usual.line.baud, A02YYUW_BAUD);
        assert_eq!(UartTarget::parse("uarts", None), None);
        assert_eq!(UartTarget::parse("/dev/ttyS9", None), None);
    }

    #[test]
    fn silence_is_told_with_the_wires_to_check() {
        let text = |lang| survey_texts(&target(), &UartSurvey::default(), None, lang).join(" ");
        let english = text(Language::En);
        for words in ["/dev/ttyS9", "5 s", "RXD (pin 10", "docs/wiring.md"] {
            assert!(english.contains(words), "{words}: {english}");
        }
        assert!(text(Language::Id).contains("docs/pengkabelan.md"));
    }

    #[test]
    fn damage_and_a_missing_echo_are_told_beside_the_sensor() {
        let survey = UartSurvey {
            bytes: 60,
            skipped_bytes: 20,
            frames: 10,
            newest: Some(Err(SensorFault::NoEcho)),
            ..UartSurvey::default()
        };
        let texts = survey_texts(&target(), &survey, Some("tank"), Language::En);
        assert!(
            texts[0].contains("without a distance: no echo"),
            "{texts:?}"
        );
        assert!(texts[1].starts_with("20 bytes"), "{texts:?}");
        assert!(
            texts[2].contains("is tank in the configuration"),
            "{texts:?}"
        );
        // The pieces of the first and the last frame are none.
        let cut = UartSurvey {
            skipped_bytes: 3,
            ..survey
        };
        let texts = survey_texts(&target(), &cut, None, Language::En);
        assert_eq!(texts.len(), 1);
    }
}
