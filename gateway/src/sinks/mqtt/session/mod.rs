//! Session over one connection: message window, acknowledgements, end.

mod alarms;
mod evidence;
mod inbound;
mod outbound;
mod site_state;
mod state_echo;

use crate::limits::{SINK_STABLE_SECONDS, SINK_STOP_SECONDS};
use crate::mqtt_link::{BrokerLink, BrokerLinkError, ConnectionEndCause, DISCONNECT, PINGREQ};
use crate::sinks::catch_up_rate::CatchUpRate;
use crate::sinks::lane_feed::LaneFeeds;
use crate::sinks::mqtt::ack_window::{AckWindow, InFlightReading};
use crate::sinks::mqtt::expected_echo::StateEcho;
use crate::sinks::mqtt::published_alarms::PublishedAlarms;
use crate::sinks::mqtt::published_head::PublishedHead;
use crate::sinks::mqtt::published_state::PublishedState;
use crate::sinks::mqtt::sink_state::{BrokenSession, MqttSink, SessionEnd};
use crate::sinks::sink_progress::wait_for_stop;
use crate::status::SinkDiagnosis;
use crate::storage::{DeliveryLane, StoreError};
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

const SESSION_TICK: Duration = Duration::from_secs(1);
/// Fault of readings that wait for their date, as in the InfluxDB sink.
const DATE_WAIT: &str = "the readings have no date yet";

/// State of one connection.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the connection by its own, not a state among others"
)]
pub(super) struct MqttSession<'a> {
    sink: &'a mut MqttSink,
    link: BrokerLink,
    acks: AckWindow,
    feeds: LaneFeeds,
    /// Lane whose next reading waits until nothing is in flight, so that the other one must wait.
    turn: Option<DeliveryLane>,
    pace: CatchUpRate,
    scratch: String,
    since: Instant,
    /// Time of the last write.
    wrote: Instant,
    /// Time of a ping that is not answered yet.
    ping_sent: Option<Instant>,
    /// Number of answered pings.
    pongs: u32,
    /// Nothing may be sent beside the message in flight.
    alone: bool,
    control: Option<ControlReading>,
    /// Bytes of the smallest reading that was acknowledged on this connection.
    smallest_acked: Option<usize>,
    /// Set once a stop was requested: time limit of a clean end.
    closing: Option<Instant>,
    /// Progress of a clean end.
    closing_stage: SessionClosing,
    /// The status shows "connected".
    shown: bool,
    /// The status says that readings wait for their date.
    waits_for_date: bool,
    /// Whether the broker passes on what it acknowledges.
    echo: StateEcho,
    /// State messages of this connection.
    published: PublishedState,
    /// Head of the evidence chain on this connection.
    head: PublishedHead,
    /// Changes of alarms on this connection.
    alarms: PublishedAlarms,
    /// Last refusal that is not permanent yet.
    held: Option<BrokerLinkError>,
    /// Problem that does not affect readings.
    remark: Option<BrokerLinkError>,
    /// An unexpected acknowledgement was logged.
    stray: bool,
}

/// Reading that is sent before its turn, to see whether the broker accepts smaller ones
/// (`hangup_suspicion`).
#[derive(Clone, Copy, Debug)]
struct ControlReading {
    /// Packet id.
    id: u16,
    reading: InFlightReading,
    /// Lane of the suspected reading.
    suspect: DeliveryLane,
}

/// Steps of a clean end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum SessionClosing {
    /// The "offline" message has not been sent.
    Open,
    /// The "offline" message is not acknowledged yet.
    SaidOffline,
    /// DISCONNECT remains to be written.
    Leaving,
}

/// Event that a session waits for.
enum SessionEvent {
    /// Something was read (true) or written.
    Network(Result<bool, BrokerLinkError>),
    /// Readings may be sent, or the cursor persisted.
    Work,
    Tick,
    Stop,
    GiveUp,
}

impl<'a> MqttSession<'a> {
    pub(super) fn new(sink: &'a mut MqttSink, link: BrokerLink) -> Self {
        let now = Instant::now();
        sink.progress.begin_live(sink.settings.catch_up);
        sink.suspicions.begin_connection();
        let published = PublishedState::new(sink.progress.clock.now().at);
        Self {
            feeds: LaneFeeds::new(&sink.progress),
            turn: None,
            pace: CatchUpRate::new(sink.settings.catch_up, now),
            sink,
            link,
            acks: AckWindow::new(now),
            // The scratch buffer keeps its memory from message to message.
            scratch: String::new(),
            since: now,
            wrote: now,
            ping_sent: None,
            pongs: 0,
            alone: false,
            control: None,
            smallest_acked: None,
            closing: None,
            closing_stage: SessionClosing::Open,
            shown: false,
            waits_for_date: false,
            echo: StateEcho::Settled,
            published,
            head: PublishedHead::default(),
            alarms: PublishedAlarms::default(),
            held: None,
            remark: None,
            stray: false,
        }
    }

    /// Runs from CONNACK to the end of the connection.
    pub(super) async fn run(
        mut self,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<SessionEnd, StoreError> {
        self.sink.progress.log_connected(self.link.version.label());
        if let Err(lost) = self.begin_state() {
            return Ok(self.handle_loss(lost));
        }
        // At least twice within the time limit of an acknowledgement.
        let turn = SESSION_TICK.min(self.sink.settings.ack_within / 2);
        // With the full second, when the devices are asked: no wake-up of its own.
        let clock = self.sink.progress.clock.clone();
        let until_tick = || clock.until_slot(turn, Duration::ZERO);
        let mut tick = std::pin::pin!(tokio::time::sleep(until_tick()));
        loop {
            let resume = self.fill_window().await?;
            self.continue_closing();
            let end = match self.wait_for_event(resume, tick.as_mut(), stop).await? {
                SessionEvent::Network(Ok(true)) => self.process_packets().await?,
                SessionEvent::Network(Ok(false)) => self.closing_end(),
                SessionEvent::Network(Err(lost)) => {
                    self.sink.last_code = None;
                    Some(self.handle_loss(lost))
                }
                SessionEvent::Work => {
                    self.sink.progress.persist_cursor(false).await?;
                    None
                }
                SessionEvent::Tick => {
                    tick.as_mut().reset(Instant::now() + until_tick());
                    self.check_timeouts().await?
                }
                SessionEvent::Stop => {
                    let wait = Duration::from_secs(SINK_STOP_SECONDS);
                    self.closing = Some(Instant::now() + wait);
                    None
                }
                SessionEvent::GiveUp => Some(SessionEnd::Stopped),
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    async fn wait_for_event(
        &mut self,
        resume: Option<Instant>,
        tick: Pin<&mut Sleep>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<SessionEvent, StoreError> {
        let closing = self.closing;
        Ok(tokio::select! {
            done = self.link.exchange_bytes() => SessionEvent::Network(done),
            changed = self.sink.progress.durable.changed(), if closing.is_none() => {
                changed.map_err(|_| StoreError::Stopped)?;
                SessionEvent::Work
            }
            () = sleep_until_or_never(resume) => SessionEvent::Work,
            () = tick => SessionEvent::Tick,
            () = wait_for_stop(stop), if closing.is_none() => SessionEvent::Stop,
            () = sleep_until_or_never(closing) => SessionEvent::GiveUp,
        })
    }

    fn send_ping(&mut self) {
        if self.ping_sent.is_none() {
            let now = Instant::now();
            self.link.out.extend_from_slice(&PINGREQ);
            (self.ping_sent, self.wrote) = (Some(now), now);
        }
    }

    fn advance_cursor(&mut self) {
        let places = self.acks.advance(Instant::now());
        let lanes = [
            (DeliveryLane::Live, places.live, places.live_taken),
            (DeliveryLane::Backlog, places.backlog, places.backlog_taken),
        ];
        for (lane, place, taken) in lanes {
            if let Some(place) = place {
                self.sink.progress.advance(lane, place, taken);
            }
        }
        let is_acked = places.live.or(places.backlog).is_some();
        self.alone &= self.acks.open_count() > 0;
        if !self.shown && self.echo.is_settled() && (is_acked || self.is_idle()) {
            self.shown = true;
            self.show_connected();
        }
    }

    /// True when nothing is in flight and nothing waits.
    fn is_idle(&self) -> bool {
        let progress = &self.sink.progress;
        self.acks.len() == 0 && progress.lanes().is_delivered(*progress.durable.borrow())
    }

    /// Sets the status to connected, after an acknowledgement has proved it.
    fn show_connected(&self) {
        let progress = &self.sink.progress;
        match &self.remark {
            Some(remark) => progress.set_connected_with(Some((&remark.why, remark.trouble))),
            // A fault that occurred several times in a row remains visible until the connection is
            // stable.
            None if self.sink.has_short_connections() => progress.set_connected_with(None),
            None => progress.set_connected(),
        }
    }

    /// Says that readings wait for their date, while they do.
    fn show_date_wait(&mut self) {
        if self.echo.is_settled() && self.sink.dates.take_is_waiting() {
            self.waits_for_date = true;
            let fault = (DATE_WAIT, Some(SinkDiagnosis::NoTime));
            self.sink.progress.set_connected_with(Some(fault));
        }
    }

    /// The readings have their dates: nothing is said of them any more.
    pub(super) fn end_date_wait(&mut self) {
        if std::mem::take(&mut self.waits_for_date) {
            self.show_connected();
        }
    }

    /// Checks the time limits, once a second.
    async fn check_timeouts(&mut self) -> Result<Option<SessionEnd>, StoreError> {
        self.sink.progress.persist_cursor(false).await?;
        let (now, limit) = (Instant::now(), self.sink.settings.ack_within);
        // One limit for the oldest message and for a ping: a broker that is connected and silent is
        // detected by either.
        let over = |since: Option<Instant>| since.is_some_and(|since| now - since >= limit);
        if over(self.acks.waiting_since()) && self.acks.is_held_up() {
            return Ok(Some(self.end_without_taker()));
        }
        if over(self.acks.waiting_since()) || over(self.ping_sent) {
            let why = format!("the broker is connected and has acknowledged nothing for {limit:?}");
            let mut lost = BrokerLinkError::new(ConnectionEndCause::Silent, why);
            lost.trouble = Some(SinkDiagnosis::Silent);
            return Ok(Some(self.handle_loss(lost)));
        }
        if let Some(end) = self.check_echo() {
            return Ok(Some(end));
        }
        self.publish_evidence().await?;
        self.publish_alarm().await?;
        self.publish_changed_state();
        self.show_date_wait();
        if now - self.wrote >= self.link.keep_alive {
            self.send_ping();
        }
        let stable = now - self.since >= Duration::from_secs(SINK_STABLE_SECONDS);
        if stable && self.sink.has_short_connections() {
            self.sink.short_connections = 0;
            self.show_connected();
        }
        Ok(None)
    }

    /// Performs a step of a clean end: "offline" is acknowledged after everything still in flight.
    fn continue_closing(&mut self) {
        if self.closing.is_none() {
            return;
        }
        // A full window has no room for the "offline" message yet.
        if self.closing_stage == SessionClosing::Open && self.acks.open_count() < self.link.window {
            self.publish_state("offline");
            self.closing_stage = SessionClosing::SaidOffline;
        }
        // A refused reading that is not given up is sent again at the next start.
        if self.closing_stage == SessionClosing::SaidOffline && self.acks.open_count() == 0 {
            self.link.out.extend_from_slice(&DISCONNECT);
            self.closing_stage = SessionClosing::Leaving;
        }
    }

    fn closing_end(&self) -> Option<SessionEnd> {
        let left = self.closing_stage == SessionClosing::Leaving && self.link.out.is_empty();
        left.then_some(SessionEnd::Stopped)
    }

    /// Ends the connection to a broker that has refused readings and taken none since.
    fn end_without_taker(&mut self) -> SessionEnd {
        let why = "the broker takes no reading";
        let held = self.held.take();
        let mut lost =
            held.unwrap_or_else(|| BrokerLinkError::new(ConnectionEndCause::OtherReason, why));
        lost.why
            .push_str("; it takes no other reading either, so that all are kept");
        lost.how = ConnectionEndCause::OtherReason;
        lost.trouble = lost.trouble.or(Some(SinkDiagnosis::TakesNothing));
        self.record_loss(lost, &[], false)
    }

    /// Handles the loss of the connection.
    fn handle_loss(&mut self, lost: BrokerLinkError) -> SessionEnd {
        let flying: Vec<InFlightReading> = self.acks.in_flight().collect();
        // With another message in flight (the state, say) the reading was not alone.
        let certain = flying.len() != 1 || self.acks.open_count() == 1;
        let hung_up = matches!(
            lost.how,
            ConnectionEndCause::HungUp | ConnectionEndCause::Refused
        ) && certain;
        self.record_loss(lost, &flying, hung_up)
    }

    /// Records the loss for what was in flight.
    fn record_loss(
        &mut self,
        mut lost: BrokerLinkError,
        flying: &[InFlightReading],
        hung_up: bool,
    ) -> SessionEnd {
        // During a clean end a lost connection is no failure: unacknowledged readings are sent
        // again at the next start.
        if self.closing.is_some() {
            return SessionEnd::Stopped;
        }
        if let Some(remark) = self
            .remark
            .take()
            .filter(|_| lost.how == ConnectionEndCause::HungUp)
        {
            // The earlier refusal is the best available explanation.
            lost.why = format!("{}; {}", remark.why, lost.why);
            lost.trouble = remark.trouble;
        }
        let is_on_reading = self.control.is_some()
            || flying.len() == 1
            // Another client with our id lets some readings pass first.
            || (!flying.is_empty() && self.smallest_acked.is_none());
        let suspicions = &mut self.sink.suspicions;
        let expected = match (lost.how, self.control) {
            (ConnectionEndCause::HungUp | ConnectionEndCause::Refused, Some(control)) => {
                suspicions.record_lost_control(control.suspect);
                lost.why
                    .push_str("; it takes no other reading either: may this user publish them?");
                lost.trouble = lost.trouble.or(Some(SinkDiagnosis::TakesNothing));
                None
            }
            (ConnectionEndCause::OtherReason, _) => None,
            _ => suspicions.record_loss(flying, hung_up),
        };
        if lost.how == ConnectionEndCause::Refused {
            suspicions.send_singly(flying);
        }
        if let [one] = flying {
            let device = self.sink.site.devices.get(usize::from(one.device));
            let device = device.map_or("?", |device| &*device.id);
            let (seq, bytes) = (one.seq, one.bytes);
            let more = format!(" (on the way: reading {seq} of {device}, {bytes} bytes)");
            lost.why.push_str(&more);
        }
        SessionEnd::Broken(BrokenSession {
            lost,
            lived: Some(self.since.elapsed()),
            suspected: is_on_reading,
            expected,
        })
    }
}

/// Waits until that time; for ever when there is none.
async fn sleep_until_or_never(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
