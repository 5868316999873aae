//! One poll of one device: its requests in order, what it refuses remembered.

use super::bus::{Channel, Failure};
use super::facts::Facts;
use super::image::Image;
use super::plan::{self, Ask};
use super::survey::{Next, Survey};
use crate::config::sunspec::{Fitted, SunSpec};
use crate::config::{Device, Link, Point};
use crate::limits::{BACKOFF_MAX_MS, SUNSPEC_MISSES_MAX};
use crate::model::{MonoMs, Outcome, Reason};
use crate::status::Identity;
use drivers::frame::{Framing, Function, Reply, Request};
use std::sync::Arc;
use tokio::time::Instant;

/// A device with its plan as it has turned out.
#[derive(Debug)]
pub(super) struct Reader {
    /// As configured.
    pub(super) device: Device,
    /// As it is asked: the same, but for a device that says itself where its points are.
    asked: Device,
    link: Link,
    asks: Vec<Tracked>,
    image: Image,
    discovery: Option<Discovery>,
    facts: Facts,
    /// Milliseconds of the last answered request.
    pub(super) round_trip_ms: f64,
    /// What was asked last, and how it went wrong.
    pub(super) detail: String,
}

/// What a device that says itself where its points are has said.
#[derive(Debug)]
struct Discovery {
    wanted: Arc<SunSpec>,
    /// `None` before it was looked over, and after its list has changed.
    fitted: Option<Fitted>,
    identity: Option<Identity>,
    /// Why its list ended before every wanted point; `None` when it did not.
    cut_short: Option<String>,
    /// Number of the base that is tried first.
    first: usize,
    /// Polls in a row that gave nothing: no answer, or a list that breaks off.
    misses: u32,
}

#[derive(Debug)]
struct Tracked {
    ask: Ask,
    /// The exception it was refused with, and until when it is not asked again.
    refused: Option<(u8, MonoMs)>,
}

impl Reader {
    pub(super) fn new(device: Device, link: &Link) -> Self {
        let mut reader = Self {
            asked: device.clone(),
            discovery: device.sunspec.clone().map(Discovery::new),
            facts: Facts::new(&device, link),
            device,
            link: link.clone(),
            asks: Vec::new(),
            image: Image::default(),
            round_trip_ms: 0.0,
            detail: String::new(),
        };
        if reader.discovery.is_none() {
            reader.plan();
        }
        reader
    }

    fn plan(&mut self) {
        let asks = plan::plan(&self.asked, &self.link).asks;
        self.asks = asks.into_iter().map(Tracked::new).collect();
    }

    /// Asks for everything. A device that does not answer ends the poll, so that its neighbours
    /// lose one timeout and no more.
    pub(super) async fn poll(
        &mut self,
        channel: &mut Channel,
        now: MonoMs,
    ) -> Result<Box<[Outcome]>, Failure> {
        self.image.clear();
        self.detail.clear();
        let result = self.ask_all(channel, now).await;
        let changed = self.discovery.as_ref();
        let changed = changed.is_some_and(|d| d.has_changed(&self.asked, &self.image));
        let result = result.map(|()| self.outcomes(changed));
        if result.is_ok() {
            self.look_at_facts(channel, now).await;
        }
        if let Some(discovery) = &mut self.discovery {
            let gave = result.is_ok() && discovery.cut_short.is_none();
            discovery.after(gave, changed);
        }
        result
    }

    async fn ask_all(&mut self, channel: &mut Channel, now: MonoMs) -> Result<(), Failure> {
        self.discover(channel).await?;
        let mut index = 0;
        // Each turn either passes an ask or splits it into smaller ones; single values do not
        // split.
        while index < self.asks.len() {
            if self.step(index, channel, now).await? {
                index += 1;
            }
        }
        Ok(())
    }

    /// Looks a device over that says itself where its points are, when that is not known.
    async fn discover(&mut self, channel: &mut Channel) -> Result<(), Failure> {
        let Some(discovery) = self.discovery.as_ref().filter(|d| d.fitted.is_none()) else {
            return Ok(());
        };
        let mut survey = Survey::new(
            &discovery.wanted,
            self.device.limits.max_registers,
            discovery.first,
        );
        let found = loop {
            match survey.next() {
                Next::Done(found) => break found,
                Next::Nothing => {
                    let bases = discovery_bases(self.discovery.as_ref());
                    self.detail = format!("no SunSpec list of models at {bases}");
                    return Err(Failure::NotFound(self.detail.clone()));
                }
                Next::Ask(address, count) => {
                    let request = Request {
                        unit: self.device.unit,
                        function: Function::Holding,
                        address,
                        count,
                    };
                    let answer = self.ask(request, channel).await;
                    if answer.is_err()
                        && !survey.has_begun()
                        && let Some(discovery) = &mut self.discovery
                    {
                        discovery.first += 1;
                    }
                    survey.answer(words(&answer?).as_deref().map_err(|code| *code));
                }
            }
        };
        if let Some(discovery) = &mut self.discovery {
            let mut fitted = discovery.wanted.fit(&found.models);
            keep_limits(&self.device.points, &mut fitted);
            self.asked.points.clone_from(&fitted.points);
            let nothing = fitted.slots.iter().all(Option::is_none);
            discovery.cut_short = found.identity.cut_short.clone().filter(|_| nothing);
            discovery.fitted = Some(fitted);
            discovery.identity = Some(found.identity);
            discovery.misses = 0;
        }
        self.plan();
        Ok(())
    }

    /// Asks what the device says of itself, when it is time to. What fails is tried again later:
    /// the readings of this poll are there already.
    async fn look_at_facts(&mut self, channel: &mut Channel, now: MonoMs) {
        if !self.facts.are_due(now) {
            return;
        }
        let (detail, round_trip_ms) = (self.detail.clone(), self.round_trip_ms);
        let mut answered = true;
        for ask in self.facts.asks() {
            match self.ask(ask.request(self.device.unit), channel).await {
                Ok(Ok(data)) => self.facts.put(&ask, &data),
                Ok(Err(_refused)) => {}
                Err(_failure) => {
                    answered = false;
                    break;
                }
            }
        }
        self.facts.settle(answered, now);
        (self.detail, self.round_trip_ms) = (detail, round_trip_ms);
    }

    /// False when the ask was split and its place has to be looked at again.
    async fn step(
        &mut self,
        index: usize,
        channel: &mut Channel,
        now: MonoMs,
    ) -> Result<bool, Failure> {
        let Tracked { ask, refused } = &self.asks[index];
        let (table, address, count) = (ask.table, ask.address, ask.count);
        if let Some((code, _)) = refused.filter(|(_, until)| now < *until) {
            self.detail = format!("{table:?}:{address} x {count}: exception {code}");
            self.image
                .fail(table, address, count, Reason::Refused(code));
            return Ok(true);
        }
        let request = ask.request(self.device.unit);
        match self.ask(request, channel).await? {
            Ok(data) => {
                self.image.put(table, address, count, &data);
                self.asks[index].refused = None;
                Ok(true)
            }
            Err(code) => self.refuse(index, code, now),
        }
    }

    /// The data of the answer, or the exception's code.
    async fn ask(
        &mut self,
        request: Request,
        channel: &mut Channel,
    ) -> Result<Result<Vec<u8>, u8>, Failure> {
        let start = Instant::now();
        let reply = channel.ask(request, self.device.limits.gap).await.map(kept);
        match &reply {
            Ok(_) => self.round_trip_ms = start.elapsed().as_secs_f64() * 1000.0,
            Err(failure) => {
                let (function, address) = (request.function, request.address);
                self.detail = format!("{function:?}:{address} x {}: {failure}", request.count);
            }
        }
        reply
    }

    fn refuse(&mut self, index: usize, code: u8, now: MonoMs) -> Result<bool, Failure> {
        let ask = &self.asks[index].ask;
        self.detail = format!(
            "{:?}:{} x {}: exception {code}",
            ask.table, ask.address, ask.count
        );
        // 10 and 11: a gateway says that the device behind it is not there.
        if matches!(code, 10 | 11) {
            return Err(Failure::Refused(code));
        }
        if matches!(code, 2 | 3)
            && let Some(parts) = ask.split(&self.asked)
        {
            self.asks
                .splice(index..=index, parts.into_iter().map(Tracked::new));
            return Ok(false);
        }
        self.image
            .fail(ask.table, ask.address, ask.count, Reason::Refused(code));
        if matches!(code, 1..=3) {
            self.asks[index].refused = Some((code, MonoMs(now.0 + BACKOFF_MAX_MS)));
        }
        Ok(true)
    }

    /// One outcome for each configured point.
    fn outcomes(&self, changed: bool) -> Box<[Outcome]> {
        if changed {
            let none = Outcome::Bad(Reason::NotValid);
            return vec![none; self.device.points.len()].into();
        }
        self.slotted(self.image.outcomes(&self.asked))
    }

    /// As `outcomes`, whatever the limits of the points: what a refused value would have been.
    pub(super) fn unlimited(&self) -> Box<[Outcome]> {
        let mut asked = self.asked.clone();
        for point in &mut asked.points {
            (point.min, point.max) = (None, None);
        }
        self.slotted(self.image.outcomes(&asked))
    }

    fn slotted(&self, all: Box<[Outcome]>) -> Box<[Outcome]> {
        let Some(slots) = self.slots() else {
            return all;
        };
        let of = |slot: &Option<usize>| slot.and_then(|slot| all.get(slot).copied());
        let absent = Outcome::Bad(Reason::Absent);
        slots
            .iter()
            .map(|slot| of(slot).unwrap_or(absent))
            .collect()
    }

    fn slots(&self) -> Option<&[Option<usize>]> {
        let fitted = self.discovery.as_ref()?.fitted.as_ref()?;
        Some(&fitted.slots)
    }

    /// The configured point of this number where it is read; `None` when the device has none.
    pub(super) fn point(&self, index: usize) -> Option<&Point> {
        match (&self.discovery, self.slots()) {
            (None, _) => self.asked.points.get(index),
            (Some(_), None) => None,
            (Some(_), Some(slots)) => self.asked.points.get((*slots.get(index)?)?),
        }
    }

    /// Why the device's list of models ended before every wanted point; `None` when it did not.
    pub(super) fn cut_short(&self) -> Option<&str> {
        self.discovery.as_ref()?.cut_short.as_deref()
    }

    /// What the device says of itself, when it was asked.
    pub(super) fn identity(&self) -> Option<&Identity> {
        let found = self
            .discovery
            .as_ref()
            .and_then(|found| found.identity.as_ref());
        found.or(self.facts.identity())
    }

    pub(super) fn image(&self) -> &Image {
        &self.image
    }

    /// The requests as they are now, with the bytes that a frame of each would have.
    pub(super) fn asks(&self) -> impl Iterator<Item = (&Ask, usize)> {
        let size = |ask: &Ask| ask.request(self.device.unit).reply_bytes(Framing::Rtu);
        self.asks
            .iter()
            .map(move |tracked| (&tracked.ask, size(&tracked.ask)))
    }
}

impl Discovery {
    fn new(wanted: Arc<SunSpec>) -> Self {
        Self {
            wanted,
            fitted: None,
            identity: None,
            cut_short: None,
            first: 0,
            misses: 0,
        }
    }

    /// Another model stands where one of the wanted points was found: no value of this poll counts.
    fn has_changed(&self, asked: &Device, image: &Image) -> bool {
        let changed = |(index, held): &(usize, i64)| {
            let point = asked.points.get(*index);
            let words = point.and_then(|point| image.registers(point))?;
            let head = words.iter().fold(0, |all, w| all << 16 | i64::from(*w));
            Some(head != *held)
        };
        let heads = self.fitted.iter().flat_map(|fitted| &fitted.headers);
        heads.filter_map(changed).any(|is_other| is_other)
    }

    /// A device that was away, or that said half of its list, may come back with another one.
    fn after(&mut self, gave: bool, changed: bool) {
        self.misses = if gave {
            0
        } else {
            self.misses.saturating_add(1)
        };
        if changed || self.misses >= SUNSPEC_MISSES_MAX {
            self.fitted = None;
        }
    }
}

/// The site may know narrower limits of a point than the list of models.
fn keep_limits(wanted: &[Point], fitted: &mut Fitted) {
    for (wanted, slot) in wanted.iter().zip(&fitted.slots) {
        if let Some(point) = slot.and_then(|slot| fitted.points.get_mut(slot)) {
            (point.min, point.max) = (wanted.min, wanted.max);
        }
    }
}

fn discovery_bases(discovery: Option<&Discovery>) -> String {
    let bases = discovery.map(|discovery| discovery.wanted.bases());
    let bases = bases.unwrap_or_default().iter().map(u16::to_string);
    bases.collect::<Vec<_>>().join(", ")
}

impl Tracked {
    fn new(ask: Ask) -> Self {
        Self { ask, refused: None }
    }
}

/// The data, or the exception's code.
fn kept(reply: Reply<'_>) -> Result<Vec<u8>, u8> {
    match reply {
        Reply::Data(data) => Ok(data.to_vec()),
        Reply::Exception(code) => Err(code),
    }
}

/// Registers of an answer.
fn words(answer: &Result<Vec<u8>, u8>) -> Result<Vec<u16>, u8> {
    let data = answer.as_ref().map_err(|code| *code)?;
    let pairs = data.chunks_exact(2);
    Ok(pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect())
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
