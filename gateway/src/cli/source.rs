//! Live devices for `watch` and `soak`: those of the running gateway, which holds the line, else
//! our own polls.

use super::running::{Running, Trouble};
use super::shared;
use crate::clock::Clock;
use crate::config::{Bus, Config};
use crate::field::diagnosis;
use crate::field::soak::Counts;
use crate::limits::READING_QUEUE_MAX;
use crate::model::{Outcome, Reading, Reason};
use crate::read;
use crate::status::Board;
use crate::words::Lang;
use http_body_util::BodyExt;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// One device as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Look {
    pub(super) id: Arc<str>,
    pub(super) counts: Counts,
    /// Device, register, asked, got; empty when nothing is wrong.
    pub(super) detail: String,
    /// What to do, in words; empty when nothing is wrong.
    pub(super) advice: String,
    pub(super) values: Vec<Shown>,
}

/// One point's last value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shown {
    pub(super) name: String,
    /// As text in the device's own step; a dash without a number.
    pub(super) text: String,
    pub(super) value: Option<f64>,
    pub(super) unit: String,
    /// Why there is no number, or a doubtful one.
    pub(super) reason: Option<Reason>,
}

/// Where looks come from.
pub(super) enum Source {
    /// The gateway that runs.
    Running(Running, Vec<Arc<str>>, Lang),
    /// Our own polls.
    Own(Box<Own>),
}

/// Polls of our own, with the last reading of each device.
pub(super) struct Own {
    config: Config,
    /// Those that are looked at.
    ids: Vec<Arc<str>>,
    board: Board,
    readings: mpsc::Receiver<Reading>,
    last: HashMap<u16, Reading>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<String>,
    lang: Lang,
}

impl Source {
    /// Of these devices; a running gateway is asked before a line is opened.
    pub(super) async fn open(
        config: Config,
        ids: Vec<Arc<str>>,
        lang: Lang,
    ) -> Result<Self, Trouble> {
        if let Some(running) = Running::connect(&config.store.path).await? {
            return Ok(Self::Running(running, ids, lang));
        }
        let used = |index: &usize| config.devices.iter().any(|device| device.bus == *index);
        let buses = (0..config.buses.len()).filter(used);
        let buses: Vec<Bus> = buses.map(|index| config.buses[index].clone()).collect();
        if let Some(who) = shared::holder(&buses, lang) {
            return Err(Trouble::Refused(who));
        }
        Ok(Self::Own(Box::new(Own::start(config, ids, lang))))
    }

    /// The gateway that runs is asked, so that the line is not ours.
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Running(..))
    }

    /// Every device now, in the configuration's order.
    pub(super) async fn look(&mut self) -> Result<Vec<Look>, Trouble> {
        match self {
            Self::Own(own) => Ok(own.look()),
            Self::Running(running, ids, lang) => {
                let path = format!("/api/v1/devices?lang={}", lang.code());
                let devices = json(running, &path).await?;
                let points = json(running, "/api/v1/points").await?;
                let looks = ids.iter().map(|id| told(id, &devices, &points));
                Ok(looks.collect())
            }
        }
    }

    /// Lets go of the line.
    pub(super) async fn close(self) {
        if let Self::Own(mut own) = self {
            let _ = own.stop.send(true);
            while own.tasks.join_next().await.is_some() {}
        }
    }
}

impl Own {
    fn start(config: Config, ids: Vec<Arc<str>>, lang: Lang) -> Self {
        let (sender, readings) = mpsc::channel(READING_QUEUE_MAX);
        let (stop, stopped) = watch::channel(false);
        let (board, mut tasks) = (Board::default(), JoinSet::new());
        let _errands = read::spawn(
            &config,
            &Clock::system(),
            &board,
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

    fn look(&mut self) -> Vec<Look> {
        while let Ok(reading) = self.readings.try_recv() {
            self.last.insert(reading.device, reading);
        }
        let numbers = (0..self.config.devices.len()).zip(0u16..);
        numbers
            .filter(|(index, _)| self.ids.contains(&self.config.devices[*index].id))
            .map(|(index, number)| self.device(index, number))
            .collect()
    }

    fn device(&self, index: usize, number: u16) -> Look {
        let device = &self.config.devices[index];
        let board = self.board.read();
        let state = board.devices.get(&device.id).cloned().unwrap_or_default();
        let reason = state.fault.as_ref().map(|fault| fault.reason);
        let same_bus = self
            .config
            .devices
            .iter()
            .filter(|other| other.bus == device.bus);
        let fault_of = |id| Some(board.devices.get(id)?.fault.as_ref()?.reason);
        let reasons: Vec<Option<Reason>> = same_bus.map(|other| fault_of(&other.id)).collect();
        let link = self.config.buses.get(device.bus).map(|bus| &bus.link);
        let advice = reason.and_then(|reason| diagnosis::advice(reason, link, &reasons));
        let outcomes = self.last.get(&number).map(|reading| &*reading.outcomes);
        let points = device.points.iter().enumerate();
        let shown = points.map(|(place, point)| {
            let outcome = outcomes.and_then(|outcomes| outcomes.get(place));
            shown(&point.name, &point.unit, outcome)
        });
        Look {
            id: device.id.clone(),
            counts: Counts {
                polls: state.polls,
                failures: state.failures,
                late: state.late,
                round_trip_ms: state.round_trip_ms,
                fault: reason,
            },
            detail: state.fault.map(|fault| fault.detail).unwrap_or_default(),
            advice: advice.map(|key| self.lang.text(key)).unwrap_or_default(),
            values: shown.collect(),
        }
    }
}

fn shown(name: &str, unit: &str, outcome: Option<&Outcome>) -> Shown {
    let number = outcome.and_then(Outcome::number);
    Shown {
        name: name.to_owned(),
        text: number.map_or_else(|| "-".to_owned(), |number| number.to_string()),
        value: number.map(crate::model::Number::to_f64),
        unit: unit.to_owned(),
        reason: outcome.and_then(Outcome::reason),
    }
}

async fn json(running: &mut Running, path: &str) -> Result<Value, Trouble> {
    let body = running.ask("GET", path, "").await?.collect().await?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| Trouble::Refused(error.to_string()))
}

/// One device as the running gateway tells it; a device that it does not have was never polled.
fn told(id: &Arc<str>, devices: &Value, points: &Value) -> Look {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let all = list(devices);
    let Some(device) = all.iter().find(|one| one["id"] == **id) else {
        return Look {
            id: id.clone(),
            ..Look::default()
        };
    };
    let (status, fault) = (&device["status"], &device["status"]["fault"]);
    let count = |name: &str| status[name].as_u64().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mine = list(points).into_iter();
    let prefix = format!("{id}.");
    let values =
        mine.filter_map(|point| told_value(point["id"].as_str()?.strip_prefix(&prefix)?, &point));
    Look {
        id: id.clone(),
        counts: Counts {
            polls: count("polls"),
            failures: count("failures"),
            late: count("late"),
            round_trip_ms: status["round_trip_ms"].as_f64().unwrap_or_default(),
            fault: reason(&fault["reason"]),
        },
        detail: text(&fault["detail"]),
        advice: text(&fault["hint"]),
        values: values.collect(),
    }
}

fn told_value(name: &str, point: &Value) -> Option<Shown> {
    let last = &point["last"];
    Some(Shown {
        name: name.to_owned(),
        text: match &last["v"] {
            Value::Number(number) => number.to_string(),
            _ => "-".to_owned(),
        },
        value: last["v"].as_f64(),
        unit: point["unit"].as_str()?.to_owned(),
        reason: reason(&last["reason"]),
    })
}

/// The reason with this word; the code of a refusal is not told.
fn reason(word: &Value) -> Option<Reason> {
    let word = word.as_str()?;
    (0..=u8::MAX)
        .filter_map(Reason::from_code)
        .find(|reason| reason.word() == word)
}

/// The named devices, or all when none is named; the name that the configuration does not have. Of
/// the others only those on the same lines stay: what a device's silence means, its neighbours say.
pub(super) fn only(config: &mut Config, wanted: &[String]) -> Result<Vec<Arc<str>>, String> {
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
        let look = told(&"meter".into(), &devices, &points);
        assert_eq!((look.counts.polls, look.counts.failures), (10, 1));
        assert_eq!(look.counts.fault, Some(Reason::Timeout));
        assert_eq!(
            (look.detail.as_str(), look.advice.as_str()),
            ("no answer", "check A/B")
        );
        assert_eq!(look.values.len(), 1);
        assert_eq!(look.values[0].value, Some(12.5));
    }

    #[test]
    fn a_device_that_the_running_gateway_does_not_know_was_never_polled() {
        let look = told(&"new".into(), &json!([]), &json!([]));
        assert_eq!(look.counts, Counts::default());
    }
}
