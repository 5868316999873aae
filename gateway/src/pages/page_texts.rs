//! Texts of a page in one language. The first page and the live changes use the same texts.

use crate::api::device_health::{self, HealthState, slow_period_text};
use crate::api::{ApiListener, local_time};
use crate::config::{Asset, ValueWords};
use crate::domain::period::Period;
use crate::domain::{DeviceInfo, PointInfo, Reading, SampleOutcome, UtcMs};
use crate::i18n::Language;
use crate::pages::number_format;
use crate::report::render::number_format::NO_VALUE;
use crate::status::{self, DeliveryHealth};
use crate::storage::LatestSample;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Health of the whole site as texts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SiteHealthTexts {
    /// By device id.
    pub(crate) devices: BTreeMap<String, HealthLine>,
    /// Lines and networks by bus id; their counts change with every request.
    #[serde(skip)]
    pub(crate) buses: BTreeMap<String, HealthLine>,
    /// By sink name.
    pub(crate) sinks: BTreeMap<String, HealthLine>,
    /// Channels of messages of alarms by id.
    pub(crate) channels: BTreeMap<String, HealthLine>,
    /// The store.
    pub(crate) store: HealthLine,
    /// Time stamps of the chain; `None` when none are configured.
    pub(crate) stamps: Option<HealthLine>,
    /// Daily copies on another disk; `None` when none are made.
    pub(crate) copies: Option<HealthLine>,
    /// Number of devices that answer: `5 of 6 devices answer`.
    pub(crate) answering: HealthLine,
}

/// One line of health: a state for the colour, and always a text as well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HealthLine {
    /// `ok`, `waiting`, `doubtful`, `fault`.
    pub(crate) state: &'static str,
    /// Main text.
    pub(crate) words: String,
    /// Details; empty when there are none.
    pub(crate) detail: String,
    /// Advice; empty when nothing is to be done.
    pub(crate) hint: String,
    /// Time of the last success as text; for a device that never answered the word for never.
    pub(crate) last: String,
}

/// A device on the overview page.
#[derive(Clone, Debug)]
pub(crate) struct DeviceCard {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) line: HealthLine,
    pub(crate) points: Vec<PointCard>,
}

/// A point on a page.
#[derive(Clone, Debug)]
pub(crate) struct PointCard {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) unit: String,
    pub(crate) value: String,
    /// The value is a word or a code, not a measured number.
    pub(crate) is_word: bool,
    /// `good`, `uncertain`, `bad`, `none`.
    pub(crate) quality: &'static str,
    /// Reason when the quality is not good.
    pub(crate) why: String,
    pub(crate) kept: bool,
}

/// Texts of one value of a reading.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReadingText {
    pub(crate) point: Arc<str>,
    pub(crate) value: String,
    /// `good`, `uncertain`, `bad`.
    pub(crate) quality: &'static str,
    /// Reason when the quality is not good; else empty.
    pub(crate) why: String,
}

impl ApiListener {
    /// Start and end of a period, ms since 1970 UTC.
    pub(crate) fn period_bounds(&self, period: Period) -> (i64, i64) {
        let zone = &self.site().timezone;
        let (from, _) = zone.day_bounds(period.first());
        let (_, to) = zone.day_bounds(period.last());
        (from.0, to.0)
    }

    /// Health of devices, sinks and store in this language.
    pub(crate) fn status(&self, lang: Language) -> SiteHealthTexts {
        let board = self.state().board.snapshot();
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
        let channels = board.alarm_channels.iter();
        let channels = channels.map(|(id, one)| (id.to_string(), self.channel_line(one, lang)));
        let buses = self.state().buses.iter();
        let buses = buses.map(|bus| (bus.id.to_string(), self.bus_line(bus, &board, lang)));
        SiteHealthTexts {
            buses: buses.collect(),
            answering: answering_line(&devices, lang),
            devices,
            sinks,
            channels: channels.collect(),
            store: self.store_line(lang),
            stamps: board.stamps.as_ref().map(|one| self.stamps_line(one, lang)),
            copies: board.copies.as_ref().map(|one| self.copies_line(one, lang)),
        }
    }

    fn device_line(
        &self,
        device: &DeviceInfo,
        board: &status::StatusSnapshot,
        lang: Language,
    ) -> HealthLine {
        let site = self.site();
        let verdict = device_health::judge_device_health(
            device,
            site,
            &self.state().buses,
            board,
            self.now(),
        );
        let fault = verdict.fault.as_ref();
        let words = match fault {
            Some(fault) => lang.text(&format!("reason-{}", fault.reason.word())),
            None => lang.text(&format!("web-health-{}", verdict.health.word())),
        };
        let state = board.devices.get(&device.id);
        let last = state.and_then(|state| state.last_good);
        let real_every = state.and_then(|state| state.real_every_ms);
        HealthLine {
            state: verdict.health.word(),
            words,
            detail: match fault {
                Some(fault) => lang.fault_detail(&fault.detail),
                None => real_every
                    .and_then(|real| slow_period_text(real, device.every_ms, lang))
                    .unwrap_or_default(),
            },
            hint: verdict.hint_text(lang).unwrap_or_default(),
            last: last.map_or_else(
                || lang.text("web-updated-never"),
                |at| self.format_time(at, lang),
            ),
        }
    }

    fn sink_line(&self, sink: &status::SinkState, lang: Language) -> HealthLine {
        let count = |number| number_format::format_count(number, lang);
        let waiting = count(sink.waiting);
        let until = sink.delivered_at.map(|at| self.format_time(at, lang));
        let words = until.as_ref().map_or_else(
            || lang.text_with("web-sink-nothing", &[("waiting", &waiting)]),
            |until| lang.text_with("web-sink-until", &[("until", until), ("waiting", &waiting)]),
        );
        // A known cause has its own advice; otherwise the advice follows from the connection.
        let hint = match (sink.trouble, sink.health()) {
            (Some(trouble), _) => lang.text(trouble.message_key()),
            (None, DeliveryHealth::Good | DeliveryHealth::Late) if sink.backlog > 0 => {
                lang.text_with("web-sink-backlog", &[("backlog", &count(sink.backlog))])
            }
            (None, DeliveryHealth::Good) if sink.refused == 0 => String::new(),
            (None, DeliveryHealth::Good) => {
                lang.text_with("web-sink-refused", &[("refused", &count(sink.refused))])
            }
            (None, DeliveryHealth::Stalled) => {
                let seconds = count(sink.stalled_for().as_secs());
                lang.text_with("web-sink-stalled", &[("seconds", &seconds)])
            }
            (None, DeliveryHealth::Refusing) => {
                let refused = count(sink.refused_in_a_row);
                lang.text_with("web-sink-refusing", &[("refused", &refused)])
            }
            (None, DeliveryHealth::Late) => {
                let minutes = count(sink.oldest_age().as_secs() / 60);
                lang.text_with("web-sink-late", &[("minutes", &minutes)])
            }
            (None, DeliveryHealth::Away) => lang.text("web-sink-away"),
        };
        let pause = sink.next_try.map(|at| self.format_time(at, lang));
        let hint = pause.map_or(hint.clone(), |until| {
            let pause = lang.text_with("web-sink-pause", &[("until", &until)]);
            format!("{hint} {pause}")
        });
        // A sink that delivers but has refused readings is doubtful: those readings are not at the
        // destination.
        let well = sink.refused == 0 && sink.fault.is_none();
        let state = match sink.is_delivering() {
            true if well => HealthState::Ok,
            true => HealthState::Doubtful,
            false => HealthState::Fault,
        };
        let detail = sink.fault.clone().unwrap_or_default();
        HealthLine {
            state: state.word(),
            words,
            detail,
            hint,
            last: until.unwrap_or_default(),
        }
    }

    pub(crate) fn format_time(&self, at: UtcMs, lang: Language) -> String {
        local_time::format_local_time(at, self.now(), &self.0.zone, lang)
    }

    /// Devices with the last values of their points, the most important points first.
    pub(crate) fn device_cards(&self, last: &[LatestSample], lang: Language) -> Vec<DeviceCard> {
        let last: HashMap<&str, &LatestSample> =
            last.iter().map(|last| (&*last.point, last)).collect();
        let board = self.state().board.snapshot();
        let of = |(index, device): (usize, &DeviceInfo)| {
            let mut points: Vec<(usize, &PointInfo)> = device.points.iter().enumerate().collect();
            points.sort_by_key(|(_, point)| point_sort_key(point, &self.state().assets));
            let models = self.sunspec_models(&device.id);
            let cards = points.into_iter().map(|(place, point)| {
                let label = self.point_label((index, place), point, lang);
                let words = self.value_words((index, place), &models, lang);
                let last = last.get(&*point.id).copied();
                build_point_card(point, label, words.as_ref(), last, lang)
            });
            DeviceCard {
                id: device.id.to_string(),
                title: self.device_title(index, device),
                kind: device_kind_text(&device.kind, lang),
                line: self.device_line(device, &board, lang),
                points: cards.collect(),
            }
        };
        self.site().devices.iter().enumerate().map(of).collect()
    }

    /// Name of a device for people; its id when the configuration gives none.
    pub(crate) fn device_title(&self, index: usize, device: &DeviceInfo) -> String {
        let settings = self.state().config.devices.get(index);
        settings
            .map_or(&device.id, |settings| &settings.name)
            .to_string()
    }

    /// Texts and last value of a point; `place` is the index of its device and its own.
    pub(crate) fn point_card(
        &self,
        place: (usize, usize),
        point: &PointInfo,
        last: Option<&LatestSample>,
        lang: Language,
    ) -> PointCard {
        let device = self.site().devices.get(place.0);
        let models = device.map(|device| self.sunspec_models(&device.id));
        let words = self.value_words(place, &models.unwrap_or_default(), lang);
        let label = self.point_label(place, point, lang);
        build_point_card(point, label, words.as_ref(), last, lang)
    }

    fn point_label(&self, place: (usize, usize), point: &PointInfo, lang: Language) -> String {
        let device = self.state().config.devices.get(place.0);
        match device.and_then(|device| device.points.get(place.1)) {
            Some(settings) => settings.label(lang),
            None => lang.point_label(&point.name, &point.quantity),
        }
    }

    /// Texts of points of a reading, with their places: value, quality, and why that is not good.
    pub(crate) fn reading_texts(
        &self,
        reading: &Reading,
        places: &[usize],
        lang: Language,
    ) -> Vec<(usize, ReadingText)> {
        let index = usize::from(reading.device);
        let Some(device) = self.site().devices.get(index) else {
            return Vec::new();
        };
        let models = self.sunspec_models(&device.id);
        let text = |place: &usize| {
            let (point, outcome) = (device.points.get(*place)?, reading.outcomes.get(*place)?);
            let words = self.value_words((index, *place), &models, lang);
            let text = ReadingText {
                point: Arc::clone(&point.id),
                value: value_text(outcome, words.as_ref(), lang),
                quality: outcome.quality().word(),
                why: reason_text(outcome, lang),
            };
            Some((*place, text))
        };
        places.iter().filter_map(text).collect()
    }

    /// Models that a `SunSpec` device was found to have.
    // The board is not copied for this: it is asked for each device and point on a page.
    fn sunspec_models(&self, device: &str) -> Vec<u16> {
        self.state().board.update(|board| {
            let state = board.devices.get(device);
            let identity = state.and_then(|state| state.identity.as_ref());
            let models = identity.iter().flat_map(|identity| &identity.models);
            models.map(|(model, _)| *model).collect()
        })
    }

    fn value_words(
        &self,
        place: (usize, usize),
        models: &[u16],
        lang: Language,
    ) -> Option<ValueWords> {
        let device = self.state().config.devices.get(place.0)?;
        device.value_words(place.1, models, lang)
    }
}

fn build_point_card(
    point: &PointInfo,
    label: String,
    words: Option<&ValueWords>,
    last: Option<&LatestSample>,
    lang: Language,
) -> PointCard {
    let outcome = last.map(|last| last.sample.outcome);
    PointCard {
        id: point.id.to_string(),
        name: point.name.to_string(),
        label,
        unit: unit_text(&point.unit, lang),
        value: outcome.map_or_else(|| NO_VALUE.to_owned(), |one| value_text(&one, words, lang)),
        is_word: words.is_some(),
        quality: outcome
            .as_ref()
            .map_or("none", |outcome| outcome.quality().word()),
        why: outcome
            .map(|outcome| reason_text(&outcome, lang))
            .unwrap_or_default(),
        kept: last.is_none_or(|last| last.durable),
    }
}

/// Value of a reading: its word, else its digits.
fn value_text(outcome: &SampleOutcome, words: Option<&ValueWords>, lang: Language) -> String {
    match (outcome.number(), words) {
        (None, _) => NO_VALUE.to_owned(),
        (Some(number), Some(words)) => words.text(number),
        (Some(number), None) => number_format::format_number(number, lang),
    }
}

/// Reason why a value is doubtful or missing; empty for a good one.
fn reason_text(outcome: &SampleOutcome, lang: Language) -> String {
    let reason = outcome.reason();
    reason
        .map(|reason| lang.text(&format!("reason-{}", reason.word())))
        .unwrap_or_default()
}

fn answering_line(devices: &BTreeMap<String, HealthLine>, lang: Language) -> HealthLine {
    let is_well = |line: &&HealthLine| line.state != HealthState::Fault.word();
    let well = devices.values().filter(is_well).count();
    let (count, all) = (well.to_string(), devices.len().to_string());
    let state = if well == devices.len() {
        HealthState::Ok
    } else {
        HealthState::Fault
    };
    HealthLine {
        state: state.word(),
        words: lang.text_with("web-answering", &[("count", &count), ("all", &all)]),
        detail: String::new(),
        hint: String::new(),
        last: String::new(),
    }
}

/// Unit as printed: `degC` becomes °C.
fn unit_text(unit: &str, lang: Language) -> String {
    let key = unit.replace('/', "-per-").replace('%', "pct-");
    catalogue_word("web-unit-", key.trim_end_matches('-'), lang).unwrap_or_else(|| unit.to_owned())
}

/// Sort key of a point on a card: points of assets first; then power, flow, level, length,
/// temperature, volume; others; states and alarms last.
fn point_sort_key(point: &PointInfo, assets: &[Asset]) -> (bool, usize) {
    const FIRST: [&str; 6] = ["power", "flow", "level", "length", "temperature", "volume"];
    const LAST: [&str; 4] = ["status", "state", "alarm", "fault"];
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

fn device_kind_text(kind: &str, lang: Language) -> String {
    catalogue_word("web-kind-", kind, lang).unwrap_or_else(|| kind.to_owned())
}

/// Text of `PREFIXword` in the catalogue; `None` when it has none.
fn catalogue_word(prefix: &str, word: &str, lang: Language) -> Option<String> {
    let key = format!("{prefix}{}", word.replace(['_', ' '], "-"));
    Some(lang.text(&key)).filter(|text| *text != key)
}
