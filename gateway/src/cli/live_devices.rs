//! Live devices for `watch` and `soak`: from the running gateway, else from polls of this process.
//!
//! A bus has one owner. While a gateway runs, no command opens its lines.

use super::backend::load_config;
use super::bus_client;
use super::exit_status::EXIT_USAGE;
use crate::api::client::ApiClient;
use crate::api::device_health::slow_period_text;
use crate::cli::command_error::CommandError;
use crate::clock::Clock;
use crate::commissioning::fault_diagnosis;
use crate::commissioning::soak_test::SoakCounts;
use crate::config::{Bus, Config};
use crate::domain::{ExactNumber, QualityReason, Reading, SampleOutcome};
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use crate::limits::READING_QUEUE_MAX;
use crate::status::StatusBoard;
use crate::{buses, server};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// State of one device at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DeviceSnapshot {
    pub(super) id: Arc<str>,
    pub(super) counts: SoakCounts,
    /// Wished time between two polls, milliseconds, and the real one when it is known.
    pub(super) every_ms: (u64, Option<u64>),
    /// Device, register, request and answer of the fault; empty without a fault.
    pub(super) detail: String,
    /// Advice for the fault, in words; empty without a fault.
    pub(super) advice: String,
    pub(super) values: Vec<PointSnapshot>,
}

impl DeviceSnapshot {
    /// Counts for a test of the wiring.
    pub(super) fn soak_counts(&self) -> SoakCounts {
        let values = self.values.iter();
        let values: Vec<_> = values
            .map(|point| (point.value.is_some(), point.reason))
            .collect();
        self.counts.with_values(&values)
    }
}

impl DeviceSnapshot {
    /// Real time between two polls, when it is longer than wished; empty otherwise.
    pub(super) fn slow_period(&self, lang: Language) -> String {
        let (wished, real) = self.every_ms;
        let text = real.and_then(|real| slow_period_text(real, wished, lang));
        // A silent device is asked less often on purpose.
        text.filter(|_| self.counts.fault.is_none())
            .unwrap_or_default()
    }
}

/// Round-trip time in milliseconds, as text; a dash where the bus has no requests.
pub(super) fn round_trip_text(ms: f64, lang: Language) -> String {
    if ms > 0.0 {
        lang.locale().plain_digits(&nearest_digits(ms, 1))
    } else {
        "-".to_owned()
    }
}

/// Last value of one point.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PointSnapshot {
    pub(super) name: String,
    /// Number in the resolution of the device; a dash without a number.
    pub(super) text: String,
    pub(super) value: Option<f64>,
    pub(super) unit: String,
    /// Reason for a missing or doubtful number.
    pub(super) reason: Option<QualityReason>,
}

/// Source of device states.
pub(super) enum LiveDevices {
    /// The running gateway.
    Gateway(Box<GatewayPolling>),
    /// Polls of this process.
    Direct(Box<DirectPolling>),
}

/// Running gateway that is asked, and the configuration with the words for its values.
pub(super) struct GatewayPolling {
    client: ApiClient,
    config: Config,
    ids: Vec<Arc<str>>,
    lang: Language,
}

/// Polls of this process, with the last reading of each device.
pub(super) struct DirectPolling {
    config: Config,
    /// Devices that are shown; others on the same buses are polled for diagnosis only.
    ids: Vec<Arc<str>>,
    board: StatusBoard,
    readings: mpsc::Receiver<Reading>,
    last: HashMap<u16, Reading>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<String>,
    lang: Language,
}

impl LiveDevices {
    /// Opens the source for these devices; a running gateway is asked before a line is opened.
    /// Errors: another program holds a serial port.
    pub(super) async fn open(
        config: Config,
        ids: Vec<Arc<str>>,
        lang: Language,
    ) -> Result<Self, CommandError> {
        if let Some(running) = server::connect_client(&config.store.path).await? {
            return Ok(Self::Gateway(Box::new(GatewayPolling {
                client: running,
                config,
                ids,
                lang,
            })));
        }
        // Only buses with a shown device are opened.
        let used = |index: &usize| config.devices.iter().any(|device| device.bus == *index);
        let buses = (0..config.buses.len()).filter(used);
        let buses: Vec<Bus> = buses.map(|index| config.buses[index].clone()).collect();
        if let Some(who) = bus_client::port_holder_text(&buses, lang) {
            return Err(CommandError::Refused(who));
        }
        Ok(Self::Direct(Box::new(DirectPolling::start(
            config, ids, lang,
        ))))
    }

    /// Whether a running gateway is the source.
    pub(super) fn is_gateway(&self) -> bool {
        matches!(self, Self::Gateway(..))
    }

    /// State of every device now, in the order of the configuration.
    pub(super) async fn take_snapshots(&mut self) -> Result<Vec<DeviceSnapshot>, CommandError> {
        match self {
            Self::Direct(own) => Ok(own.take_snapshots()),
            Self::Gateway(running) => running.take_snapshots().await,
        }
    }

    /// Ends the polls and closes the lines.
    pub(super) async fn close(self) {
        if let Self::Direct(mut own) = self {
            let _ = own.stop.send(true);
            // The serial ports are free only when their tasks have ended.
            while own.tasks.join_next().await.is_some() {}
        }
    }
}

impl GatewayPolling {
    async fn take_snapshots(&mut self) -> Result<Vec<DeviceSnapshot>, CommandError> {
        let path = format!("/api/v1/devices?lang={}", self.lang.code());
        let devices: Value = self.client.get_json(&path).await?;
        let points: Value = self.client.get_json("/api/v1/points").await?;
        let looks = self.ids.iter().map(|id| {
            let mut look = snapshot_from_api(id, &devices, &points);
            let models = sunspec_models(id, &devices);
            add_device_facts(&mut look, &self.config, &models, self.lang);
            look
        });
        Ok(looks.collect())
    }
}

impl DirectPolling {
    fn start(config: Config, ids: Vec<Arc<str>>, lang: Language) -> Self {
        let (sender, readings) = mpsc::channel(READING_QUEUE_MAX);
        let (stop, stopped) = watch::channel(false);
        let (board, mut tasks) = (StatusBoard::default(), JoinSet::new());
        // The handles for requests of others are not needed here.
        let _errands = buses::spawn_bus_tasks(
            &config,
            &Clock::system(),
            &board,
            // A command that polls by itself counts from 0.
            &buses::CounterValues::default(),
            &sender,
            &stopped,
            &mut tasks,
        );
        Self {
            config,
            ids,
            board,
            readings,
            last: HashMap::new(),
            stop,
            tasks,
            lang,
        }
    }

    fn take_snapshots(&mut self) -> Vec<DeviceSnapshot> {
        while let Ok(reading) = self.readings.try_recv() {
            self.last.insert(reading.device, reading);
        }
        let numbers = (0..self.config.devices.len()).zip(0u16..);
        numbers
            .filter(|(index, _)| self.ids.contains(&self.config.devices[*index].id))
            .map(|(index, number)| self.device_snapshot(index, number))
            .collect()
    }

    fn device_snapshot(&self, index: usize, number: u16) -> DeviceSnapshot {
        let device = &self.config.devices[index];
        let board = self.board.snapshot();
        let state = board.devices.get(&device.id).cloned().unwrap_or_default();
        let reason = state.fault.as_ref().map(|fault| fault.reason);
        // The advice depends on the neighbours: one silent device has another cause than a silent
        // bus.
        let same_bus = self
            .config
            .devices
            .iter()
            .filter(|other| other.bus == device.bus);
        let fault_of = |id| Some(board.devices.get(id)?.fault.as_ref()?.reason);
        let reasons: Vec<Option<QualityReason>> =
            same_bus.map(|other| fault_of(&other.id)).collect();
        let link = self.config.buses.get(device.bus).map(|bus| &bus.link);
        let advice = state.fault.as_ref().and_then(|fault| {
            let key = fault_diagnosis::advice_key(fault.reason, link, &reasons)?;
            Some(fault_diagnosis::advice_text(key, &fault.detail, self.lang))
        });
        let outcomes = self.last.get(&number).map(|reading| &*reading.outcomes);
        let points = device.points.iter().enumerate();
        let shown = points.map(|(place, point)| {
            let outcome = outcomes.and_then(|outcomes| outcomes.get(place));
            point_snapshot(&point.name, &point.unit, outcome)
        });
        let identity = state.identity.unwrap_or_default();
        let models: Vec<u16> = identity.models.iter().map(|(model, _)| *model).collect();
        let mut look = DeviceSnapshot {
            id: device.id.clone(),
            counts: SoakCounts {
                polls: state.polls,
                failures: state.failures,
                late: state.late,
                round_trip_ms: state.round_trip_ms,
                fault: reason,
                ..SoakCounts::default()
            },
            detail: state
                .fault
                .map(|fault| self.lang.fault_detail(&fault.detail))
                .unwrap_or_default(),
            every_ms: (
                self.config.site.devices[index].every_ms,
                state.real_every_ms,
            ),
            advice: advice.unwrap_or_default(),
            values: shown.collect(),
        };
        add_device_facts(&mut look, &self.config, &models, self.lang);
        look
    }
}

/// Adds what the configuration knows of a device: words for codes and bits, and whether it sends by
/// itself.
fn add_device_facts(look: &mut DeviceSnapshot, config: &Config, models: &[u16], lang: Language) {
    let device = config.devices.iter().find(|device| device.id == look.id);
    let bus = device.and_then(|device| config.buses.get(device.bus));
    look.counts.sends_by_itself = bus.is_some_and(|bus| bus.link.mqtt().is_some());
    for (index, point) in device
        .iter()
        .flat_map(|device| device.points.iter().enumerate())
    {
        let words = device.and_then(|device| device.value_words(index, models, lang));
        let shown = look.values.iter_mut().find(|one| *one.name == *point.name);
        if let (Some(words), Some(shown)) = (words, shown)
            && let Some(value) = shown.value
        {
            shown.text = words.text(ExactNumber::Float(value));
        }
    }
}

/// `SunSpec` models of a device, from the answer of the API.
fn sunspec_models(id: &str, devices: &Value) -> Vec<u16> {
    let mut all = devices.as_array().into_iter().flatten();
    let device = all.find(|one| one["id"] == id);
    let models = device.and_then(|one| one["identity"]["models"].as_array());
    let models = models.into_iter().flatten();
    let id = |model: &Value| u16::try_from(model["id"].as_u64()?).ok();
    models.filter_map(id).collect()
}

fn point_snapshot(name: &str, unit: &str, outcome: Option<&SampleOutcome>) -> PointSnapshot {
    let number = outcome.and_then(SampleOutcome::number);
    PointSnapshot {
        name: name.to_owned(),
        text: number.map_or_else(|| "-".to_owned(), ExactNumber::short_digits),
        value: number.map(ExactNumber::to_f64),
        unit: unit.to_owned(),
        reason: outcome.and_then(SampleOutcome::reason),
    }
}

/// State of one device from the answers of the API. A device that the gateway does not have is
/// shown as never polled: its configuration is older than the file.
fn snapshot_from_api(id: &Arc<str>, devices: &Value, points: &Value) -> DeviceSnapshot {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let all = list(devices);
    let Some(device) = all.iter().find(|one| one["id"] == **id) else {
        return DeviceSnapshot {
            id: id.clone(),
            ..DeviceSnapshot::default()
        };
    };
    let (status, fault) = (&device["status"], &device["status"]["fault"]);
    let count = |name: &str| status[name].as_u64().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mine = list(points).into_iter();
    let prefix = format!("{id}.");
    let values = mine
        .filter_map(|point| point_from_api(point["id"].as_str()?.strip_prefix(&prefix)?, &point));
    DeviceSnapshot {
        id: id.clone(),
        counts: SoakCounts {
            polls: count("polls"),
            failures: count("failures"),
            late: count("late"),
            round_trip_ms: status["round_trip_ms"].as_f64().unwrap_or_default(),
            fault: parse_reason_word(&fault["reason"]),
            ..SoakCounts::default()
        },
        every_ms: (
            device["every_ms"].as_u64().unwrap_or_default(),
            status["real_every_ms"].as_u64(),
        ),
        detail: text(&fault["detail"]),
        advice: text(&fault["hint"]),
        values: values.collect(),
    }
}

fn point_from_api(name: &str, point: &Value) -> Option<PointSnapshot> {
    let last = &point["last"];
    Some(PointSnapshot {
        name: name.to_owned(),
        text: match &last["v"] {
            // A whole number stays as it was written: a double would lose digits above 2^53.
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(value) => ExactNumber::Float(value).short_digits(),
                None => number.to_string(),
            },
            _ => "-".to_owned(),
        },
        value: last["v"].as_f64(),
        unit: point["unit"].as_str()?.to_owned(),
        reason: parse_reason_word(&last["reason"]),
    })
}

/// Reason of this word. An exception code is not part of the API, so that every refusal is the
/// same.
fn parse_reason_word(word: &Value) -> Option<QualityReason> {
    QualityReason::from_word(word.as_str()?)
}

/// Loads a configuration and selects devices by name; after an error message the exit status.
pub(super) fn load_selection(
    file: &Path,
    wanted: &[String],
    lang: Language,
) -> Result<(Config, Vec<Arc<str>>), u8> {
    let mut config = load_config(file, lang)?;
    match select_devices(&mut config, wanted) {
        Ok(ids) => Ok((config, ids)),
        Err(device) => {
            let device = [("device", device.as_str())];
            eprintln!("{}", lang.text_with("cli-read-unknown", &device));
            Err(EXIT_USAGE)
        }
    }
}

/// Ids of the named devices, or of all devices when none is named. Errors: a name that the
/// configuration does not have. The other devices of the same buses stay in the configuration,
/// since the diagnosis of a silent device needs its neighbours.
fn select_devices(config: &mut Config, wanted: &[String]) -> Result<Vec<Arc<str>>, String> {
    let known = |id: &String| config.devices.iter().any(|device| *device.id == **id);
    if let Some(unknown) = wanted.iter().find(|id| !known(id)) {
        return Err(unknown.clone());
    }
    let is_wanted = |id: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == id);
    let named = config.devices.iter().filter(|device| is_wanted(&device.id));
    let (ids, buses): (Vec<_>, Vec<_>) =
        named.map(|device| (device.id.clone(), device.bus)).unzip();
    let mut stay = config
        .devices
        .iter()
        .map(|device| buses.contains(&device.bus));
    // Both lists have the same order; what is known by bus index in one is dropped from both.
    config.site.devices.retain(|_| stay.next().unwrap_or(false));
    config.devices.retain(|device| buses.contains(&device.bus));
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_running_gateway_tells_is_a_look() {
        let devices = json!([{"id": "meter", "status": {
            "polls": 10, "failures": 1, "late": 0, "round_trip_ms": 4.5,
            "fault": {"reason": "timeout", "detail": "no answer", "hint": "check A/B"}
        }}]);
        let points = json!([
            {"id": "meter.power", "unit": "W", "last": {"v": 12.50, "q": "good"}},
            {"id": "other.power", "unit": "W", "last": null},
        ]);
        let look = snapshot_from_api(&"meter".into(), &devices, &points);
        assert_eq!((look.counts.polls, look.counts.failures), (10, 1));
        assert_eq!(look.counts.fault, Some(QualityReason::Timeout));
        assert_eq!(
            (look.detail.as_str(), look.advice.as_str()),
            ("no answer", "check A/B")
        );
        assert_eq!(look.values.len(), 1);
        assert_eq!(look.values[0].value, Some(12.5));
    }

    #[test]
    fn a_device_that_the_running_gateway_does_not_know_was_never_polled() {
        let look = snapshot_from_api(&"new".into(), &json!([]), &json!([]));
        assert_eq!(look.counts, SoakCounts::default());
    }
}
