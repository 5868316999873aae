//! One poll of one device: its requests in order, what it refuses remembered.

use super::bus::{Channel, Failure};
use super::image::Image;
use super::plan::{self, Ask};
use crate::config::{Device, Link};
use crate::limits::BACKOFF_MAX_MS;
use crate::model::{MonoMs, Outcome, Reason};
use drivers::frame::{Framing, Reply};
use tokio::time::Instant;

/// A device with its plan as it has turned out.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) device: Device,
    asks: Vec<Tracked>,
    image: Image,
    /// Milliseconds of the last answered request.
    pub(super) round_trip_ms: f64,
    /// What was asked last, and how it went wrong.
    pub(super) detail: String,
    is_line: bool,
}

#[derive(Debug)]
struct Tracked {
    ask: Ask,
    /// The exception it was refused with, and until when it is not asked again.
    refused: Option<(u8, MonoMs)>,
}

impl Reader {
    pub(super) fn new(device: Device, link: &Link) -> Self {
        let asks = plan::plan(&device, link).asks;
        Self {
            asks: asks.into_iter().map(Tracked::new).collect(),
            device,
            image: Image::default(),
            round_trip_ms: 0.0,
            detail: String::new(),
            is_line: !matches!(link, Link::Tcp { .. }),
        }
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
        let mut index = 0;
        // Each turn either passes an ask or splits it into smaller ones; single values do not
        // split.
        while index < self.asks.len() {
            if self.step(index, channel, now).await? {
                index += 1;
            }
        }
        Ok(self.image.outcomes(&self.device))
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
        let start = Instant::now();
        let mut reply = channel.ask(request, self.device.limits.gap).await.map(kept);
        if matches!(reply, Err(Failure::Corrupt(..))) && self.is_line {
            // One spark on the line is not worth a lost sample.
            reply = channel.ask(request, self.device.limits.gap).await.map(kept);
        }
        let reply = reply.inspect_err(|failure| {
            self.detail = format!("{table:?}:{address} x {count}: {failure}");
        })?;
        self.round_trip_ms = start.elapsed().as_secs_f64() * 1000.0;
        match reply {
            Ok(data) => {
                self.image.put(table, address, count, &data);
                self.asks[index].refused = None;
                Ok(true)
            }
            Err(code) => self.refuse(index, code, now),
        }
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
            && let Some(parts) = ask.split(&self.device)
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
