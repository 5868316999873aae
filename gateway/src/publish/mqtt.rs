//! The MQTT sink (DESIGN 5.4): one message a reading, `QoS` 1, the cursor moved on PUBACK only.
//!
//! rumqttc is used as a connection, never as a queue: what it buffers is lost with a broken
//! session, one oversize publish poisons it, and a packet id that collides stops it for good. So a
//! client lives for one connection and is thrown away with it, the window of publishes on the way
//! is ours (`Acks`), and the journal is the queue.

use crate::clock::Clock;
use crate::config::{MqttSettings, Secret};
use crate::limits::{MQTT_PACKET_MAX, MQTT_WINDOW, SINK_STOP_SECONDS};
use crate::model::{Numbered, Seq, Site};
use crate::publish::acks::Acks;
use crate::publish::backoff::Backoff;
use crate::publish::pace::Pace;
use crate::publish::progress::{Progress, pause, stopped};
use crate::publish::{payload, tls};
use crate::status::Board;
use crate::store::{Store, StoreError};
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, NetworkOptions,
    Outgoing, Packet, QoS, TlsConfiguration, Transport,
};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// The sink's name on the board and in the store.
pub const NAME: &str = "mqtt";
/// A dead link is noticed after twice this.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const CONNECT_SECONDS: u64 = 10;
/// Readings taken from the journal at once.
const TAKE: usize = 4 * MQTT_WINDOW;
/// Readings written before the first of them has left.
const AHEAD: usize = 4;
/// Room for the topic and the fixed parts of a packet.
const PACKET_ROOM: usize = 512;

/// Publishes the journal until told to stop or until the store has ended.
pub async fn run(
    settings: MqttSettings,
    site: Arc<Site>,
    store: Store,
    clock: Clock,
    board: Board,
    mut stop: watch::Receiver<bool>,
) {
    let end = async {
        let progress = Progress::open(NAME, store, clock, board).await?;
        let mut sink = Sink::new(settings, site, progress);
        sink.serve(&mut stop).await
    };
    if let Err(why) = end.await {
        tracing::error!(sink = NAME, %why, "sink has ended");
    }
}

/// What outlives a connection.
struct Sink {
    settings: MqttSettings,
    site: Arc<Site>,
    /// Topic of each device, in the order of the site's devices.
    topics: Vec<String>,
    state_topic: String,
    progress: Progress,
}

/// How a connection ended.
enum End {
    /// As it was told to.
    Stopped,
    /// Something is wrong.
    Broken {
        why: String,
        /// At least one reading was acknowledged before.
        progressed: bool,
    },
}

impl Sink {
    fn new(settings: MqttSettings, site: Arc<Site>, progress: Progress) -> Self {
        let topic = |last: &str| format!("{}/{}/{last}", settings.prefix, site.id);
        Self {
            topics: site.devices.iter().map(|d| topic(&d.id)).collect(),
            state_topic: topic("state"),
            settings,
            site,
            progress,
        }
    }

    /// One connection after the other.
    async fn serve(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), StoreError> {
        let mut backoff = Backoff::default();
        while !*stop.borrow() {
            let end = match self.options() {
                Ok(options) => connection(self, options, stop).await,
                Err(why) => Ok(End::Broken {
                    why,
                    progressed: false,
                }),
            };
            self.progress.persist(true).await?;
            match end? {
                End::Stopped => break,
                End::Broken { why, progressed } => {
                    self.progress.fault(&why);
                    if progressed {
                        backoff.reset();
                    }
                }
            }
            if !pause(backoff.next(fastrand::f64()), stop).await {
                break;
            }
        }
        self.progress.disconnected();
        Ok(())
    }

    fn options(&self) -> Result<MqttOptions, String> {
        let settings = &self.settings;
        let bare = settings.host.contains(':') && !settings.host.starts_with('[');
        let host = if bare {
            format!("[{}]", settings.host)
        } else {
            settings.host.clone()
        };
        let mut options = MqttOptions::new(&settings.client_id, host, settings.port);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_session(true)
            .set_max_packet_size(MQTT_PACKET_MAX, MQTT_PACKET_MAX)
            .set_inflight(u16::try_from(MQTT_WINDOW).unwrap_or(u16::MAX))
            .set_last_will(LastWill::new(
                &self.state_topic,
                self.state("offline", false),
                QoS::AtLeastOnce,
                true,
            ));
        if settings.username.is_some() || settings.password.is_some() {
            let password = settings.password.as_ref().map(Secret::reveal).transpose()?;
            options.set_credentials(
                settings.username.as_deref().unwrap_or_default(),
                password.unwrap_or_default(),
            );
        }
        if settings.tls {
            let config = tls::client(settings.ca_file.as_deref())?;
            let config = TlsConfiguration::Rustls(config);
            options.set_transport(Transport::tls_with_config(config));
        }
        Ok(options)
    }

    /// The site's state message. Nobody can know beforehand when a last will is sent, so that has
    /// no `since`.
    fn state(&self, state: &str, dated: bool) -> String {
        let mut text = format!("{{\"state\":\"{state}\"");
        if dated {
            text.push_str(",\"since\":\"");
            payload::time(&mut text, self.progress.clock.now().at);
            text.push('"');
        }
        text + ",\"version\":\"" + env!("CARGO_PKG_VERSION") + "\"}"
    }
}

/// Everything of one connection but the connection itself.
struct Session<'a> {
    sink: &'a mut Sink,
    client: AsyncClient,
    acks: Acks,
    /// Readings taken from the journal and not yet handed over.
    taken: VecDeque<Arc<Numbered>>,
    /// The last reading taken.
    last: Seq,
    pace: Pace,
    scratch: String,
    connected: bool,
    /// Set once a stop was asked for: when to give up on a clean one.
    closing: Option<Instant>,
    progressed: bool,
}

/// What a session waits for.
enum Wake {
    Network(Box<Result<Event, ConnectionError>>),
    /// Readings may be handed over, or the cursor told.
    Work,
    Stop,
    GiveUp,
}

/// One connection, from connect to its end.
async fn connection(
    sink: &mut Sink,
    options: MqttOptions,
    stop: &mut watch::Receiver<bool>,
) -> Result<End, StoreError> {
    // One more than the window: the disconnect always fits.
    let (client, mut network) = AsyncClient::new(options, MQTT_WINDOW + 1);
    let mut wire = NetworkOptions::new();
    // Every publish is acknowledged, so that Nagle's algorithm costs one round trip at most and
    // puts the rest of a flush into a few packets; rumqttc flushes after each publish.
    wire.set_tcp_nodelay(false);
    wire.set_connection_timeout(CONNECT_SECONDS);
    network.set_network_options(wire);
    let mut session = Session::new(sink, client);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let event = session.until_event(&mut network, &mut tick, stop).await?;
        let end = match event {
            Heard::Event(event) => session.heard(&event),
            Heard::End(end) => Some(end),
        };
        if let Some(end) = end {
            return Ok(end);
        }
    }
}

/// Why a session stopped waiting.
enum Heard {
    Event(Event),
    End(End),
}

impl<'a> Session<'a> {
    fn new(sink: &'a mut Sink, client: AsyncClient) -> Self {
        let durable = *sink.progress.durable.borrow();
        Self {
            last: sink.progress.delivered(),
            pace: Pace::new(sink.settings.catch_up, durable, Instant::now()),
            sink,
            client,
            acks: Acks::default(),
            taken: VecDeque::new(),
            scratch: String::new(),
            connected: false,
            closing: None,
            progressed: false,
        }
    }

    /// Hands readings over until the network has something to say. A half-done poll must not be
    /// dropped (half a packet would be on the wire), so it lives on while other things happen.
    async fn until_event(
        &mut self,
        network: &mut EventLoop,
        tick: &mut Interval,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Heard, StoreError> {
        let mut poll = pin!(network.poll());
        loop {
            let resume = match self.feed().await? {
                Fed::Idle => None,
                Fed::Later(at) => Some(at),
                Fed::Broken(why) => return Ok(Heard::End(self.broken(why))),
            };
            let wake = tokio::select! {
                event = &mut poll => Wake::Network(Box::new(event)),
                changed = self.sink.progress.durable.changed() => {
                    changed.map_err(|_| StoreError::Stopped)?;
                    Wake::Work
                }
                () = moment(resume) => Wake::Work,
                _ = tick.tick() => Wake::Work,
                () = stopped(stop), if self.closing.is_none() => Wake::Stop,
                () = moment(self.closing) => Wake::GiveUp,
            };
            match wake {
                Wake::Network(event) => match *event {
                    Ok(event) => return Ok(Heard::Event(event)),
                    Err(why) => return Ok(Heard::End(self.lost(&why))),
                },
                Wake::Work => self.sink.progress.persist(false).await?,
                Wake::Stop if self.connected => self.close(),
                Wake::Stop | Wake::GiveUp => return Ok(Heard::End(End::Stopped)),
            }
        }
    }

    /// Fills the window from the journal.
    async fn feed(&mut self) -> Result<Fed, StoreError> {
        if !self.connected || self.closing.is_some() {
            return Ok(Fed::Idle);
        }
        let durable = *self.sink.progress.durable.borrow_and_update();
        let mut may = self.pace.allowance(durable, Instant::now());
        // One place is kept for the message that we are offline. What has left makes room for the
        // next: the first of a flush travels while the others are being written.
        while self.acks.len() + 1 < MQTT_WINDOW && self.acks.unsent() < AHEAD {
            if self.taken.is_empty() && !self.take(durable).await? {
                return Ok(Fed::Idle);
            }
            if may == 0 {
                return Ok(Fed::Later(self.pace.wake()));
            }
            let Some(reading) = self.taken.pop_front() else {
                return Ok(Fed::Idle);
            };
            if let Err(why) = self.hand_over(&reading).await? {
                return Ok(Fed::Broken(why));
            }
            may -= 1;
            self.pace.take(1);
        }
        Ok(Fed::Idle)
    }

    /// Takes the next readings from the journal; false when there are none.
    async fn take(&mut self, durable: Seq) -> Result<bool, StoreError> {
        if self.last >= durable {
            return Ok(false);
        }
        let readings = self.sink.progress.store.journal(self.last, TAKE).await?;
        self.taken.extend(readings);
        if let Some(reading) = self.taken.back() {
            self.last = reading.seq;
        }
        Ok(!self.taken.is_empty())
    }

    /// Gives one reading to the client library, or to the refused list when no broker could take
    /// it.
    async fn hand_over(&mut self, reading: &Numbered) -> Result<Result<(), String>, StoreError> {
        let place = (reading.seq, reading.reading.at);
        match self.message(reading).map(str::to_owned) {
            Ok(topic) => {
                let text = self.scratch.as_bytes();
                let sent = self
                    .client
                    .try_publish(topic, QoS::AtLeastOnce, false, text);
                self.acks.queued(Some(place));
                Ok(sent.map_err(|why| why.to_string()))
            }
            Err(why) => {
                let progress = &mut self.sink.progress;
                progress.refuse(reading.seq, why, &self.scratch).await?;
                self.acks.skipped(place);
                self.advance();
                Ok(Ok(()))
            }
        }
    }

    /// Writes the reading's message into the scratch buffer; its topic, or why no broker takes it.
    fn message(&mut self, reading: &Numbered) -> Result<&str, &'static str> {
        self.scratch.clear();
        let index = usize::from(reading.reading.device);
        let device = self.sink.site.devices.get(index);
        let (Some(device), Some(topic)) = (device, self.sink.topics.get(index)) else {
            return Err("its device is no longer in the configuration");
        };
        payload::encode(&mut self.scratch, device, reading);
        if topic.contains(['+', '#']) {
            return Err("the topic has a wildcard in it");
        }
        if self.scratch.len() + topic.len() + PACKET_ROOM > MQTT_PACKET_MAX {
            return Err("larger than an MQTT packet may be");
        }
        Ok(topic)
    }

    /// Takes note of what the network says.
    fn heard(&mut self, event: &Event) -> Option<End> {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                self.connected = true;
                self.sink.progress.connected();
                tracing::info!(sink = NAME, from = self.last + 1, "connected");
                self.say("online");
            }
            Event::Outgoing(Outgoing::Publish(id)) => self.acks.sent(*id),
            Event::Incoming(Packet::PubAck(ack)) => {
                self.acks.acknowledged(ack.pkid);
                self.advance();
                if self.closing.is_some() && self.acks.len() == 0 {
                    let _ = self.client.try_disconnect();
                }
            }
            Event::Outgoing(Outgoing::Disconnect) => return Some(End::Stopped),
            _ => {}
        }
        None
    }

    fn advance(&mut self) {
        if let Some(place) = self.acks.advance() {
            self.sink.progress.advance(place);
            self.progressed = true;
        }
    }

    /// The last words: they are acknowledged after everything that is still on the way.
    fn close(&mut self) {
        self.closing = Some(Instant::now() + Duration::from_secs(SINK_STOP_SECONDS));
        self.say("offline");
    }

    /// Publishes the site's state. The window has room for it: it is the first or the last
    /// message.
    fn say(&mut self, state: &str) {
        let text = self.sink.state(state, true);
        let topic = &self.sink.state_topic;
        match self.client.try_publish(topic, QoS::AtLeastOnce, true, text) {
            Ok(()) => self.acks.queued(None),
            Err(why) => tracing::warn!(sink = NAME, state, %why, "state not published"),
        }
    }

    fn lost(&self, why: &ConnectionError) -> End {
        match self.closing {
            Some(_) => End::Stopped,
            None => self.broken(words(why)),
        }
    }

    fn broken(&self, why: String) -> End {
        End::Broken {
            why,
            progressed: self.progressed,
        }
    }
}

/// What feeding came to.
enum Fed {
    /// Until an acknowledgement or the journal moves, there is nothing to do.
    Idle,
    /// The backlog is being throttled until then.
    Later(Instant),
    /// The client library does not take publishes any more.
    Broken(String),
}

/// That moment; never, when there is none.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A fault as a technician can use it: what to check, not the library's enum.
fn words(fault: &ConnectionError) -> String {
    match fault {
        ConnectionError::ConnectionRefused(code) => {
            format!("the broker refuses us ({code:?}): check user name, password and client id")
        }
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => {
            "the broker does not answer".to_owned()
        }
        other => other.to_string(),
    }
}
