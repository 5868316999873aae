//! The MQTT sink (DESIGN 5.4): one message a reading, `QoS` 1, the cursor moved on PUBACK only.
//!
//! rumqttc writes and reads the packets (`packet`); the connection (`link`) is ours: the journal is
//! the queue, so that a client library's own queue, its retries and its way to end a connection
//! over a second acknowledgement are in the way. A connection is thrown away with everything that
//! was on the way; the next one begins at the cursor.
//!
//! In MQTT 5 the broker says why it does not take a message; it is asked for that first, and
//! 3.1.1 is spoken where it does not know 5. In 3.1.1 an acknowledgement is all there is: a broker
//! that acknowledges what it throws away (an ACL that denies) cannot be told from one that keeps
//! it.
//!
//! Who is connected and gets no acknowledgement is not well (`MQTT_ACK_SECONDS`), and a connection
//! that is lost soon is no success (`SINK_STABLE_SECONDS`). Which message makes a broker hang up is
//! found by `suspicion`.

mod acks;
mod link;
mod packet;
mod session;
mod suspicion;
mod words;

use crate::clock::Clock;
use crate::config::MqttSettings;
use crate::limits::{SINK_SHORT_LIVES, SINK_STABLE_SECONDS};
use crate::model::Site;
use crate::publish::backoff::Backoff;
use crate::publish::mqtt::link::{BrokerLink, How, Lost, Spoken};
use crate::publish::mqtt::session::MqttSession;
use crate::publish::mqtt::suspicion::Suspicion;
use crate::publish::payload;
use crate::publish::progress::{Progress, pause, stopped};
use crate::status::{Board, SinkTrouble};
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The sink's name on the board and in the store.
pub const NAME: &str = "mqtt";

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
        let mut sink = MqttSink::new(settings, site, progress);
        sink.serve(&mut stop).await
    };
    if let Err(why) = end.await {
        tracing::error!(sink = NAME, %why, "sink has ended");
    }
}

/// What outlives a connection.
struct MqttSink {
    settings: MqttSettings,
    site: Arc<Site>,
    /// Topic of each device, in the order of the site's devices.
    topics: Vec<String>,
    state_topic: String,
    progress: Progress,
    suspicion: Suspicion,
    spoken: Spoken,
    /// Connections in a row that the broker has ended soon, without a reason.
    short_lives: u32,
    /// What 3.1.1 cannot say has been logged.
    warned: bool,
}

/// How a connection ended.
enum End {
    /// As it was told to.
    Stopped,
    /// Something is wrong.
    Broken(Broken),
}

/// A connection that was lost, or never came.
struct Broken {
    lost: Lost,
    /// For how long the broker had taken us; nothing, when it had not.
    lived: Option<Duration>,
    /// One message is suspected to be the cause.
    suspected: bool,
    /// The loss was expected: how often the same message has done that.
    expected: Option<u32>,
}

impl MqttSink {
    fn new(settings: MqttSettings, site: Arc<Site>, progress: Progress) -> Self {
        let topic = |last: &str| format!("{}/{}/{last}", settings.prefix, site.id);
        Self {
            topics: site.devices.iter().map(|d| topic(&d.id)).collect(),
            state_topic: topic("state"),
            settings,
            site,
            progress,
            suspicion: Suspicion::default(),
            spoken: Spoken::default(),
            short_lives: 0,
            warned: false,
        }
    }

    /// One connection after the other.
    async fn serve(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), StoreError> {
        let mut backoff = Backoff::default();
        while !*stop.borrow() {
            let end = self.connection(stop).await;
            self.progress.persist(true).await?;
            let End::Broken(broken) = end? else {
                break;
            };
            let wait = self.after(broken, &mut backoff);
            if !pause(wait, stop).await {
                break;
            }
        }
        self.progress.disconnected();
        Ok(())
    }

    /// One connection, from connect to its end.
    async fn connection(&mut self, stop: &mut watch::Receiver<bool>) -> Result<End, StoreError> {
        let will = self.state("offline", false);
        let will = (self.state_topic.as_str(), will.as_str());
        let link = tokio::select! {
            link = BrokerLink::open(&self.settings, will, &mut self.spoken) => link,
            () = stopped(stop) => return Ok(End::Stopped),
        };
        match link {
            Ok(link) => MqttSession::new(self, link).run(stop).await,
            Err(lost) => Ok(End::Broken(Broken {
                lost,
                lived: None,
                suspected: false,
                expected: None,
            })),
        }
    }

    /// Says what has happened; how long to wait.
    fn after(&mut self, broken: Broken, backoff: &mut Backoff) -> Duration {
        let Broken {
            mut lost,
            lived,
            suspected,
            expected,
        } = broken;
        let ended = match lost.how {
            How::HungUp => !suspected,
            _ => lost.trouble == Some(SinkTrouble::ClientId),
        };
        match lived {
            // It was well, and may be at once again.
            Some(lived) if lived >= Duration::from_secs(SINK_STABLE_SECONDS) => {
                backoff.reset();
                self.short_lives = 0;
            }
            Some(_) => self.short_lives += u32::from(ended),
            None => self.short_lives = 0,
        }
        if self.unsettled() && lost.trouble.is_none() {
            lost = words::short_lives(&lost, self.short_lives, &self.settings);
        }
        self.progress.fault(&lost.why, lost.trouble);
        match expected {
            Some(times) => Backoff::pause(times.saturating_sub(1), fastrand::f64()),
            None => backoff.next(fastrand::f64()),
        }
    }

    /// The broker takes us, and ends it soon, again and again.
    fn unsettled(&self) -> bool {
        self.short_lives >= SINK_SHORT_LIVES
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
