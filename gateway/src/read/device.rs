//! One poll of one device: its requests in order, what it refuses remembered.

use super::bus::{Channel, Failure};
use super::discovery::{Discovery, discovery_bases, keep_limits};
use super::facts::Facts;
use super::image::Image;
use super::plan::{self, Ask};
use super::silence::{Remedy, Silence};
use super::survey::{Next, Survey};
use super::tracked_ask::TrackedAsk;
use crate::config::{Device, Link, Point};
use crate::limits::BACKOFF_MAX_MS;
use crate::model::{MonoMs, Outcome, Reason};
use crate::status::Identity;
use drivers::frame::{Framing, Function, Reply, Request};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::time::Instant;

/// A device with its plan as it has turned out.
#[derive(Debug)]
pub(super) struct Reader {
    /// As configured.
    pub(super) device: Device,
    /// As it is asked: the same, but for a device that says itself where its points are.
    asked: Device,
    link: Link,
    asks: Vec<TrackedAsk>,
    image: Image,
    discovery: Option<Discovery>,
    facts: Facts,
    silence: Silence,
    /// Single values that were asked for as a sign of life.
    looks: usize,
    /// Requests that were answered in this poll.
    answers: u32,
    /// Requests of this poll that were not.
    silences: u32,
    /// The poll has changed what will be asked.
    pub(super) has_learnt: bool,
    /// The request that failed last.
    failed: Option<Request>,
    /// Milliseconds of the last answered request.
    pub(super) round_trip_ms: f64,
    /// What was asked last, and how it went wrong.
    pub(super) detail: String,
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
            silence: Silence::new(),
            looks: 0,
            answers: 0,
            silences: 0,
            has_learnt: false,
            failed: None,
            round_trip_ms: 0.0,
            detail: String::new(),
        };
        if reader.discovery.is_none() {
            reader.plan();
        }
        reader
    }

    /// The same for somebody who waits for it.
    pub(super) fn hurried(mut self) -> Self {
        self.silence = Silence::hurried();
        self
    }

    fn plan(&mut self) {
        let most = self.max_registers();
        self.asked.limits.max_registers = most;
        let asks = plan::plan(&self.asked, &self.link).asks;
        self.asks = asks.into_iter().map(TrackedAsk::new).collect();
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
        (self.answers, self.silences, self.has_learnt) = (0, 0, false);
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
        self.look_for_life(channel, now).await?;
        let mut index = 0;
        // Each turn either passes an ask or splits it into smaller ones; single values do not
        // split.
        while index < self.asks.len() {
            if self.step(index, channel, now).await? {
                index += 1;
            }
        }
        self.silence.done();
        Ok(())
    }

    /// Asks for a single value when the first request of the poll is one that was silent lately:
    /// whether the device is dead, or silent to this one alone.
    async fn look_for_life(&mut self, channel: &mut Channel, now: MonoMs) -> Result<(), Failure> {
        let is_asked = |tracked: &&TrackedAsk| !tracked.is_left_alone(now);
        let unit = self.device.unit;
        let first = self.asks.iter().find(is_asked);
        let Some(first) = first.map(|first| first.ask.request(unit)) else {
            return Ok(());
        };
        if self.answers > 0 || !self.silence.is_suspected(first) {
            return Ok(());
        }
        self.looks = self.looks.wrapping_add(1);
        let turn = self.looks % self.asks.len();
        let single = self.asks[turn].ask.single(&self.asked, self.looks);
        let single = single.map(|single| single.request(unit));
        if let Some(single) = single.filter(|single| *single != first) {
            // An exception is a sign of life, too.
            let _ = self.ask(single, channel).await?;
        }
        Ok(())
    }

    /// Looks a device over that says itself where its points are, when that is not known.
    async fn discover(&mut self, channel: &mut Channel) -> Result<(), Failure> {
        let Some(discovery) = self.discovery.as_ref().filter(|d| d.fitted.is_none()) else {
            return Ok(());
        };
        let mut survey = Survey::new(&discovery.wanted, self.max_registers(), discovery.first);
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
                    if matches!(answer, Err(Failure::Timeout(_))) {
                        self.shorten(request, false);
                    }
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
        let tracked = &self.asks[index];
        let ask = &tracked.ask;
        let (table, address, count) = (ask.table, ask.address, ask.count);
        if let Some((reason, _)) = tracked.refused.filter(|(_, until)| now < *until) {
            let why = match reason {
                Reason::Refused(code) => format!("exception {code}"),
                _ => "no answer, while others are answered".to_owned(),
            };
            self.detail = format!("{table:?}:{address} x {count}: {why}");
            self.image.fail(table, address, count, reason);
            return Ok(true);
        }
        let request = ask.request(self.device.unit);
        match self.ask(request, channel).await {
            Ok(Ok(data)) => {
                self.image.put(table, address, count, &data);
                let tracked = &mut self.asks[index];
                (tracked.refused, tracked.was_silent) = (None, false);
                Ok(true)
            }
            Ok(Err(code)) => self.refuse(index, code, now),
            Err(failure @ Failure::Timeout(_)) => self.silent(index, failure, now),
            Err(failure) => Err(failure),
        }
    }

    /// A request that was not answered ends the poll; only a single value that is silent again and
    /// again is left alone, and the poll goes on.
    fn silent(&mut self, index: usize, failure: Failure, now: MonoMs) -> Result<bool, Failure> {
        let ask = &self.asks[index].ask;
        let request = ask.request(self.device.unit);
        let Some(parts) = ask.split(&self.asked) else {
            let (table, address, count) = (ask.table, ask.address, ask.count);
            let remedy = self.silence.silent(request, self.answers > 0, false);
            if remedy == Remedy::Wait || self.silences > 1 {
                return Err(failure);
            }
            self.asks[index].refused = Some((Reason::Timeout, MonoMs(now.0 + BACKOFF_MAX_MS)));
            self.image.fail(table, address, count, Reason::Timeout);
            return Ok(true);
        };
        let has_peer = self.has_peer(index);
        match self.shorten(request, has_peer) {
            Remedy::Wait => {}
            Remedy::Compare => {
                self.asks[index].was_silent = true;
                self.asks[index..].rotate_left(1);
                self.has_learnt = true;
            }
            Remedy::Shorten(_) => self.plan(),
            Remedy::Split => {
                let parts = parts.into_iter().map(TrackedAsk::new);
                self.asks.splice(index..=index, parts);
                self.has_learnt = true;
            }
        }
        Err(failure)
    }

    /// Requests that are about as long are there to compare with, and none of them was silent yet.
    fn has_peer(&self, index: usize) -> bool {
        let ask = &self.asks[index].ask;
        let others = self.asks.iter().enumerate();
        let mut peers = others
            .filter(|(other, _)| *other != index)
            .map(|(_, other)| other)
            .filter(|other| other.ask.table == ask.table && 2 * other.ask.count > ask.count)
            .peekable();
        peers.peek().is_some() && peers.all(|other| !other.was_silent)
    }

    /// What is to be done about a silent request that can be shorter; what that is is told.
    fn shorten(&mut self, request: Request, has_peer: bool) -> Remedy {
        let remedy = self.silence.silent(request, self.answers > 0, has_peer);
        if let Remedy::Shorten(most) = remedy {
            let (device, silent) = (&*self.device.id, request.count);
            tracing::warn!(
                device,
                silent,
                most,
                "device answers short reads and not long ones: it is asked for fewer registers"
            );
            let _ = write!(
                self.detail,
                "; it answers shorter reads: at most {most} from now on"
            );
            self.has_learnt = true;
        }
        remedy
    }

    /// Registers of one read: as configured, or fewer when the device was found to be silent to
    /// longer ones.
    fn max_registers(&self) -> u16 {
        let configured = self.device.limits.max_registers;
        let align = self.device.limits.align.max(1);
        let learnt = self
            .silence
            .most()
            .map(|most| (most - most % align).max(align));
        learnt.map_or(configured, |learnt| learnt.min(configured))
    }

    /// Registers of one read, when the device was found to be silent to longer ones.
    pub(super) fn shortened_to(&self) -> Option<u16> {
        self.silence.most().map(|_| self.max_registers())
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
            Ok(_) => {
                self.round_trip_ms = start.elapsed().as_secs_f64() * 1000.0;
                self.answers += 1;
                self.silence.answered(request);
            }
            Err(failure) => {
                self.silences += 1;
                self.failed = Some(request);
                self.detail = detail(request, failure);
            }
        }
        reply
    }

    /// The request that failed last was answered after all, but too late.
    pub(super) fn is_late(&mut self, timeout: Duration, after: Option<Duration>) -> Failure {
        let failure = Failure::Late(timeout, after);
        if let Some(request) = self.failed {
            self.detail = detail(request, &failure);
        }
        failure
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
                .splice(index..=index, parts.into_iter().map(TrackedAsk::new));
            return Ok(false);
        }
        self.image
            .fail(ask.table, ask.address, ask.count, Reason::Refused(code));
        if matches!(code, 1..=3) {
            let until = MonoMs(now.0 + BACKOFF_MAX_MS);
            self.asks[index].refused = Some((Reason::Refused(code), until));
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

fn detail(request: Request, failure: &Failure) -> String {
    let (function, address) = (request.function, request.address);
    format!("{function:?}:{address} x {}: {failure}", request.count)
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
