//! What goes on over one connection: the window of messages, acknowledgements, the end.

mod feed;
mod hear;

use crate::limits::{SINK_STABLE_SECONDS, SINK_STOP_SECONDS};
use crate::model::{Numbered, Seq};
use crate::publish::mqtt::acks::{Acks, Flying};
use crate::publish::mqtt::link::{BrokerLink, How, Lost};
use crate::publish::mqtt::packet::{DISCONNECT, Message, PING, Version};
use crate::publish::mqtt::{Broken, End, MqttSink, NAME};
use crate::publish::pace::Pace;
use crate::publish::progress::stopped;
use crate::status::SinkTrouble;
use crate::store::StoreError;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

const TICK: Duration = Duration::from_secs(1);

/// Everything of one connection.
pub(super) struct MqttSession<'a> {
    sink: &'a mut MqttSink,
    link: BrokerLink,
    acks: Acks,
    /// Readings taken from the journal and not yet handed over.
    taken: VecDeque<Arc<Numbered>>,
    /// The last reading taken.
    last: Seq,
    pace: Pace,
    scratch: String,
    since: Instant,
    /// The last time that something was written.
    wrote: Instant,
    /// A ping without its answer.
    asked: Option<Instant>,
    /// Pings that were answered.
    answered: u32,
    /// Nothing may go beside what is on the way.
    alone: bool,
    /// A reading that goes before its turn, with its packet id (`suspicion`).
    control: Option<(u16, Flying)>,
    /// Set once a stop was asked for: when to give up on a clean one.
    closing: Option<Instant>,
    /// How far a clean end has come.
    parting: Parting,
    /// The board says that we are connected.
    shown: bool,
    /// What does not work beside the readings.
    remark: Option<Lost>,
    /// An acknowledgement of nothing was logged.
    stray: bool,
}

/// Steps of a clean end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Parting {
    /// The last message has not been sent.
    Open,
    /// It waits for its acknowledgement.
    SaidOffline,
    /// What is left is to write.
    Leaving,
}

/// What a session waits for.
enum Wake {
    /// Something was read (true) or written.
    Network(Result<bool, Lost>),
    /// Readings may be handed over, or the cursor told.
    Work,
    Tick,
    Stop,
    GiveUp,
}

impl<'a> MqttSession<'a> {
    pub(super) fn new(sink: &'a mut MqttSink, link: BrokerLink) -> Self {
        let durable = *sink.progress.durable.borrow();
        let now = Instant::now();
        Self {
            last: sink.progress.delivered(),
            pace: Pace::new(sink.settings.catch_up, durable, now),
            sink,
            link,
            acks: Acks::new(now),
            taken: VecDeque::new(),
            scratch: String::new(),
            since: now,
            wrote: now,
            asked: None,
            answered: 0,
            alone: false,
            control: None,
            closing: None,
            parting: Parting::Open,
            shown: false,
            remark: None,
            stray: false,
        }
    }

    /// From the greeting to the end.
    pub(super) async fn run(mut self, stop: &mut watch::Receiver<bool>) -> Result<End, StoreError> {
        let version = self.link.version.text();
        tracing::info!(sink = NAME, from = self.last + 1, version, "connected");
        if self.link.version == Version::V3 && !self.sink.warned {
            self.sink.warned = true;
            tracing::warn!(
                sink = NAME,
                "MQTT 3.1.1: whether the broker throws away what it acknowledges cannot be known"
            );
        }
        self.say("online");
        let mut tick = tokio::time::interval(TICK.min(self.sink.settings.ack_within / 2));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let resume = self.feed().await?;
            self.part();
            let end = match self.wait(resume, &mut tick, stop).await? {
                Wake::Network(Ok(true)) => self.hear().await?,
                Wake::Network(Ok(false)) => self.written(),
                Wake::Network(Err(lost)) => Some(self.lost(lost).await?),
                Wake::Work => {
                    self.sink.progress.persist(false).await?;
                    None
                }
                Wake::Tick => self.tick().await?,
                Wake::Stop => {
                    let wait = Duration::from_secs(SINK_STOP_SECONDS);
                    self.closing = Some(Instant::now() + wait);
                    None
                }
                Wake::GiveUp => Some(End::Stopped),
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    async fn wait(
        &mut self,
        resume: Option<Instant>,
        tick: &mut Interval,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Wake, StoreError> {
        let closing = self.closing;
        Ok(tokio::select! {
            done = self.link.exchange() => Wake::Network(done),
            changed = self.sink.progress.durable.changed(), if closing.is_none() => {
                changed.map_err(|_| StoreError::Stopped)?;
                Wake::Work
            }
            () = moment(resume) => Wake::Work,
            _ = tick.tick() => Wake::Tick,
            () = stopped(stop), if closing.is_none() => Wake::Stop,
            () = moment(closing) => Wake::GiveUp,
        })
    }

    /// Publishes the site's state.
    fn say(&mut self, state: &str) {
        let now = Instant::now();
        let text = self.sink.state(state, true);
        let message = Message {
            topic: &self.sink.state_topic,
            payload: &text,
            retain: true,
        };
        let id = self.acks.sent(None, now);
        message.publish(&mut self.link.out, self.link.version, id);
        self.wrote = now;
    }

    fn ping(&mut self) {
        if self.asked.is_none() {
            let now = Instant::now();
            self.link.out.extend_from_slice(&PING);
            (self.asked, self.wrote) = (Some(now), now);
        }
    }

    fn advance(&mut self) {
        let place = self.acks.advance(Instant::now());
        if let Some(place) = place {
            self.sink.progress.advance(place);
        }
        self.alone &= self.acks.len() > 0;
        if !self.shown && (place.is_some() || self.idle()) {
            self.shown = true;
            self.show();
        }
    }

    /// Nothing is on the way and nothing waits.
    fn idle(&self) -> bool {
        let progress = &self.sink.progress;
        self.acks.len() == 0 && *progress.durable.borrow() <= progress.delivered()
    }

    /// What the board says is what has been seen: an acknowledgement.
    fn show(&self) {
        let progress = &self.sink.progress;
        match &self.remark {
            Some(remark) => progress.connected_with(Some((&remark.why, remark.trouble))),
            // What has just been wrong several times in a row is still worth to be read.
            None if self.sink.unsettled() => progress.connected_with(None),
            None => progress.connected(),
        }
    }

    /// Once a second.
    async fn tick(&mut self) -> Result<Option<End>, StoreError> {
        self.sink.progress.persist(false).await?;
        let (now, limit) = (Instant::now(), self.sink.settings.ack_within);
        let over = |since: Option<Instant>| since.is_some_and(|since| now - since >= limit);
        if over(self.acks.waiting_since()) || over(self.asked) {
            let why = format!("the broker is connected and has acknowledged nothing for {limit:?}");
            let mut lost = Lost::new(How::Silent, why);
            lost.trouble = Some(SinkTrouble::Silent);
            return Ok(Some(self.lost(lost).await?));
        }
        if now - self.wrote >= self.link.keep_alive {
            self.ping();
        }
        let stable = now - self.since >= Duration::from_secs(SINK_STABLE_SECONDS);
        if stable && self.sink.unsettled() {
            self.sink.short_lives = 0;
            self.show();
        }
        Ok(None)
    }

    /// A step towards a clean end: the last words are acknowledged after everything that is still
    /// on the way.
    fn part(&mut self) {
        if self.closing.is_none() {
            return;
        }
        if self.parting == Parting::Open && self.acks.len() < self.link.window {
            self.say("offline");
            self.parting = Parting::SaidOffline;
        }
        if self.parting == Parting::SaidOffline && self.acks.len() == 0 {
            self.link.out.extend_from_slice(&DISCONNECT);
            self.parting = Parting::Leaving;
        }
    }

    fn written(&self) -> Option<End> {
        let left = self.parting == Parting::Leaving && self.link.out.is_empty();
        left.then_some(End::Stopped)
    }

    /// The connection is no more.
    async fn lost(&mut self, lost: Lost) -> Result<End, StoreError> {
        let flying: Vec<Flying> = self.acks.flying().collect();
        if let ([only], How::Refused) = (&flying[..], lost.how) {
            self.refuse_sent(only, &format!("{} bytes: {}", only.bytes, lost.why))
                .await?;
            // It was the oldest reading that was open.
            self.sink.progress.advance((only.seq, only.at));
            return Ok(self.broken(lost, &[], false));
        }
        let certain = flying.len() != 1 || self.acks.open() == 1;
        let hung_up = matches!(lost.how, How::HungUp | How::Refused) && certain;
        Ok(self.broken(lost, &flying, hung_up))
    }

    /// Draws the consequences for what was on the way.
    fn broken(&mut self, mut lost: Lost, flying: &[Flying], hung_up: bool) -> End {
        if self.closing.is_some() {
            return End::Stopped;
        }
        if let Some(remark) = self.remark.take().filter(|_| lost.how == How::HungUp) {
            // What it has said before is the best reason that there is.
            lost.why = format!("{}; {}", remark.why, lost.why);
            lost.trouble = remark.trouble;
        }
        let suspicion = &mut self.sink.suspicion;
        let expected = match lost.how {
            How::HungUp if self.control.is_some() => {
                suspicion.lost_control();
                lost.why
                    .push_str("; it hangs up on every reading: may this user publish them?");
                None
            }
            How::HungUp | How::Refused | How::Silent => suspicion.lost(flying, hung_up),
            How::Said => None,
        };
        if lost.how == How::Refused
            && let Some(newest) = flying.last()
        {
            suspicion.hold(newest.seq);
        }
        if let [one] = flying {
            let device = self.sink.site.devices.get(usize::from(one.device));
            let device = device.map_or("?", |device| &*device.id);
            let (seq, bytes) = (one.seq, one.bytes);
            let more = format!(" (on the way: reading {seq} of {device}, {bytes} bytes)");
            lost.why.push_str(&more);
        }
        let suspected = hung_up && flying.len() == 1;
        End::Broken(Broken {
            lost,
            lived: Some(self.since.elapsed()),
            suspected,
            expected,
        })
    }
}

/// That moment; never, when there is none.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
