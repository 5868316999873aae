//! What a page says, in the words of one language: the same texts for the first page and for the
//! live changes to it.

use super::health::{self, Health};
use super::{App, show, zone};
use crate::config::Asset;
use crate::model::{DeviceInfo, Outcome, PointInfo, UtcMs};
use crate::status;
use crate::store::{Last, StoreHealth};
use crate::words::Lang;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Health of the whole site, in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Status {
    /// By device id.
    pub(super) devices: BTreeMap<String, Line>,
    /// By sink name.
    pub(super) sinks: BTreeMap<String, Line>,
    /// The store.
    pub(super) store: Line,
    /// `5 of 6 devices answer`.
    pub(super) answering: Line,
}

/// One line of health: a colour, and always words as well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Line {
    /// `ok`, `waiting`, `doubtful`, `fault`.
    pub(super) state: &'static str,
    /// What it is.
    pub(super) words: String,
    /// More about it; empty when there is no more.
    pub(super) detail: String,
    /// What to do; empty when nothing is to be done.
    pub(super) hint: String,
    /// Time of the last good thing, for people; empty when there was none.
    pub(super) last: String,
}

/// A device on the overview.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) line: Line,
    pub(super) points: Vec<Point>,
}

/// A point on a page.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) unit: String,
    pub(super) value: String,
    /// Decimal places for live values; `auto` for floats.
    pub(super) places: String,
    /// `good`, `uncertain`, `bad`, `none`.
    pub(super) quality: &'static str,
    /// Why it is doubtful or absent.
    pub(super) why: String,
    pub(super) kept: bool,
}

impl App {
    pub(super) fn now(&self) -> UtcMs {
        self.state().clock.now().at
    }

    /// Health in words.
    pub(super) fn status(&self, lang: Lang) -> Status {
        let board = self.state().board.read();
        let devices: BTreeMap<_, _> = self
            .site()
            .devices
            .iter()
            .map(|device| {
                (
                    device.id.to_string(),
                    self.device_line(device, &board, lang),
                )
            })
            .collect();
        let sinks = board
            .sinks
            .iter()
            .map(|(name, sink)| ((*name).to_owned(), self.sink_line(sink, lang)))
            .collect();
        Status {
            answering: answering(&devices, lang),
            devices,
            sinks,
            store: self.store_line(lang),
        }
    }

    fn device_line(&self, device: &DeviceInfo, board: &status::State, lang: Lang) -> Line {
        let site = self.site();
        let verdict = health::judge(device, site, &self.state().buses, board, self.now());
        let fault = verdict.fault.as_ref();
        let words = match fault {
            Some(fault) => lang.text(&format!("reason-{}", fault.reason.word())),
            None => lang.text(&format!("web-health-{}", verdict.health.word())),
        };
        let last = board
            .devices
            .get(&device.id)
            .and_then(|state| state.last_good);
        Line {
            state: verdict.health.word(),
            words,
            detail: fault.map(|fault| fault.detail.clone()).unwrap_or_default(),
            hint: verdict.hint.map(|key| lang.text(key)).unwrap_or_default(),
            last: last.map(|at| self.time(at, lang)).unwrap_or_default(),
        }
    }

    fn sink_line(&self, sink: &status::SinkState, lang: Lang) -> Line {
        let waiting = show::count(sink.waiting, lang);
        let until = sink.delivered_at.map(|at| self.time(at, lang));
        let words = match &until {
            Some(until) => lang.say("web-sink-until", &[("until", until), ("waiting", &waiting)]),
            None => lang.say("web-sink-nothing", &[("waiting", &waiting)]),
        };
        let refused = show::count(sink.refused, lang);
        let seconds = show::count(sink.stalled().as_secs(), lang);
        let hint = match (sink.trouble, sink.delivers()) {
            (Some(trouble), _) => lang.text(trouble.key()),
            (None, true) if sink.refused == 0 => String::new(),
            (None, true) => lang.say("web-sink-refused", &[("refused", &refused)]),
            (None, false) if sink.connected => {
                lang.say("web-sink-stalled", &[("seconds", &seconds)])
            }
            (None, false) => lang.text("web-sink-away"),
        };
        let well = sink.refused == 0 && sink.fault.is_none();
        let state = match sink.delivers() {
            true if well => Health::Ok,
            true => Health::Doubtful,
            false => Health::Fault,
        };
        let detail = sink.fault.clone().unwrap_or_default();
        Line {
            state: state.word(),
            words,
            detail,
            hint,
            last: until.unwrap_or_default(),
        }
    }

    fn store_line(&self, lang: Lang) -> Line {
        let receiver = self.state().store.health();
        let stopped = receiver.has_changed().is_err();
        let health = receiver.borrow().clone();
        let until = health
            .durable_at
            .map(|at| self.time(at, lang))
            .unwrap_or_default();
        let unflushed = show::count(u64::try_from(health.unflushed).unwrap_or(u64::MAX), lang);
        let words = match health.durable_at {
            Some(_) if health.unflushed == 0 => lang.say("web-store-all", &[("until", &until)]),
            Some(_) => lang.say(
                "web-store-until",
                &[("until", &until), ("unflushed", &unflushed)],
            ),
            None => lang.say("web-store-nothing", &[("unflushed", &unflushed)]),
        };
        let size = show::bytes(health.bytes, lang);
        let failure = health.failure.as_ref();
        let detail = match failure {
            Some((at, why)) => format!("{}: {why}", self.time(*at, lang)),
            None if stopped => lang.text("web-store-stopped"),
            None => lang.say("web-store-size", &[("size", &size)]),
        };
        let hint = match health.lost {
            0 if failure.is_some() => lang.text("web-hint-store"),
            0 => left_behind(&health, lang),
            lost => lang.say("web-store-lost", &[("lost", &show::count(lost, lang))]),
        };
        let state = match (stopped || failure.is_some(), health.lost) {
            (true, _) => Health::Fault,
            (false, 0) => Health::Ok,
            (false, _) => Health::Doubtful,
        };
        Line {
            state: state.word(),
            words,
            detail,
            hint,
            last: until,
        }
    }

    fn time(&self, at: UtcMs, lang: Lang) -> String {
        zone::clock(at, self.now(), &self.0.zone, lang)
    }

    /// The devices with their points' last values.
    pub(super) fn devices(&self, last: &[Last], lang: Lang) -> Vec<Device> {
        let last: HashMap<&str, &Last> = last.iter().map(|last| (&*last.point, last)).collect();
        let board = self.state().board.read();
        let of = |device: &DeviceInfo| {
            let mut points: Vec<&PointInfo> = device.points.iter().collect();
            points.sort_by_key(|point| rank(point, &self.state().assets));
            let points = points.into_iter();
            Device {
                id: device.id.to_string(),
                kind: kind(&device.kind, lang),
                line: self.device_line(device, &board, lang),
                points: points
                    .map(|point| one_point(point, last.get(&*point.id).copied(), lang))
                    .collect(),
            }
        };
        self.site().devices.iter().map(of).collect()
    }
}

/// What sinks do not get any more.
fn left_behind(health: &StoreHealth, lang: Lang) -> String {
    let mut words = Vec::new();
    if health.undelivered > 0 {
        let count = show::count(health.undelivered, lang);
        words.push(lang.say("web-store-undelivered", &[("count", &count)]));
    }
    if !health.retired.is_empty() {
        let sinks = health.retired.join(", ");
        words.push(lang.say("web-store-retired", &[("sinks", &sinks)]));
    }
    words.join(". ")
}

/// A point's words and last value.
pub(super) fn one_point(point: &PointInfo, last: Option<&Last>, lang: Lang) -> Point {
    let outcome = last.map(|last| last.sample.outcome);
    let number = outcome.as_ref().and_then(Outcome::number);
    let reason = outcome.as_ref().and_then(Outcome::reason);
    Point {
        id: point.id.to_string(),
        name: point.name.to_string(),
        label: label(point, lang),
        unit: unit(&point.unit, lang),
        value: number.map_or_else(
            || "\u{2013}".to_owned(),
            |number| show::number(number, lang),
        ),
        places: match number {
            Some(number @ crate::model::Number::Decimal { .. }) => show::places(number).to_string(),
            _ => "auto".to_owned(),
        },
        quality: outcome
            .as_ref()
            .map_or("none", |outcome| outcome.quality().word()),
        why: reason
            .map(|reason| lang.text(&format!("reason-{}", reason.word())))
            .unwrap_or_default(),
        kept: last.is_none_or(|last| last.durable),
    }
}

fn answering(devices: &BTreeMap<String, Line>, lang: Lang) -> Line {
    let well = devices
        .values()
        .filter(|line| line.state != Health::Fault.word())
        .count();
    let (count, all) = (well.to_string(), devices.len().to_string());
    let state = if well == devices.len() {
        Health::Ok
    } else {
        Health::Fault
    };
    Line {
        state: state.word(),
        words: lang.say("web-answering", &[("count", &count), ("all", &all)]),
        detail: String::new(),
        hint: String::new(),
        last: String::new(),
    }
}

/// What is measured, in words; the point's own name where the catalogue has no word for it.
pub(super) fn label(point: &PointInfo, lang: Lang) -> String {
    word("web-quantity-", &point.name, lang)
        .or_else(|| word("web-quantity-", &point.quantity, lang))
        .unwrap_or_else(|| point.name.replace(['_', '-'], " "))
}

/// The unit as people write it: `degC` is °C.
fn unit(unit: &str, lang: Lang) -> String {
    let key = unit.replace('/', "-per-").replace('%', "pct-");
    word("web-unit-", key.trim_end_matches('-'), lang).unwrap_or_else(|| unit.to_owned())
}

/// What staff look for first on a card: what an asset is made of, then power before level before
/// the rest; states last, since they are no quantity.
fn rank(point: &PointInfo, assets: &[Asset]) -> (bool, usize) {
    const FIRST: [&str; 6] = ["power", "flow", "level", "length", "temperature", "volume"];
    const LAST: [&str; 3] = ["status", "state", "alarm"];
    let of_asset = assets
        .iter()
        .flat_map(|asset| asset.points.values())
        .any(|id| *id == point.id);
    let quantity = &*point.quantity;
    let place = FIRST.iter().position(|first| *first == quantity);
    let other = if LAST.contains(&quantity) {
        FIRST.len() + 1
    } else {
        FIRST.len()
    };
    (!of_asset, place.unwrap_or(other))
}

fn kind(kind: &str, lang: Lang) -> String {
    word("web-kind-", kind, lang).unwrap_or_else(|| kind.to_owned())
}

/// The catalogue's word for a word of the configuration, when it has one.
fn word(prefix: &str, word: &str, lang: Lang) -> Option<String> {
    let key = format!("{prefix}{}", word.replace(['_', ' '], "-"));
    Some(lang.text(&key)).filter(|text| *text != key)
}
