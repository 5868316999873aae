//! A connection to a broker: TCP or TLS, the greeting, and bytes both ways.

use crate::config::{MqttSettings, MqttVersion, Secret};
use crate::limits::{MQTT_AHEAD_BYTES, MQTT_WINDOW};
use crate::publish::mqtt::packet::{self, ConnAck, Connect, Packet, Version};
use crate::publish::mqtt::words;
use crate::publish::tls;
use crate::status::SinkTrouble;
use bytes::BytesMut;
use rustls::pki_types::ServerName;
use std::io;
use std::time::Duration;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long each step of a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// A broker that says nothing for so long is asked whether it is there.
const KEEP_ALIVE_SECONDS: u16 = 20;
/// How long a reason is waited for after the broker has stopped reading.
const LAST_WORDS: Duration = Duration::from_millis(300);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How a connection came to its end, or why there was none.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    pub(super) why: String,
    pub(super) trouble: Option<SinkTrouble>,
    pub(super) how: How,
}

/// Who ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// The far side, and did not say why.
    HungUp,
    /// The far side, for the message that was on the way.
    Refused,
    /// The far side for a reason that lies in no message, or there was no connection.
    Said,
    /// We, after silence.
    Silent,
}

impl Lost {
    pub(super) fn new(how: How, why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            trouble: None,
            how,
        }
    }

    /// A fault of a connection that was there.
    pub(super) fn broken(fault: &io::Error) -> Self {
        use io::ErrorKind::{HostUnreachable, NetworkUnreachable, TimedOut};
        let gone = matches!(
            fault.kind(),
            HostUnreachable | NetworkUnreachable | TimedOut
        );
        let how = if gone { How::Silent } else { How::HungUp };
        Self::new(how, format!("the connection broke: {fault}"))
    }
}

/// What became of one greeting.
enum Greeted {
    Welcome(Box<BrokerLink>),
    /// The broker does not speak this version, and says so.
    WrongVersion,
    /// The broker hung up without an answer: perhaps it does not speak this version.
    NoAnswer(Lost),
    Failed(Lost),
}

/// A connection that the broker has taken.
pub(super) struct BrokerLink {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    read: BytesMut,
    /// What is to be written.
    pub(super) out: BytesMut,
    unflushed: bool,
    pub(super) version: Version,
    /// Bytes of the largest packet that the broker takes, when it says so.
    pub(super) packet_max: usize,
    /// Messages that may be on the way.
    pub(super) window: usize,
    /// Nothing was written for so long: the broker must hear of us.
    pub(super) keep_alive: Duration,
}

/// Which version the broker speaks, as far as it has said so.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spoken {
    only_old: bool,
}

impl BrokerLink {
    /// Connects, in version 5 where the broker speaks it.
    pub(super) async fn open(
        settings: &MqttSettings,
        will: (&str, &str),
        spoken: &mut Spoken,
    ) -> Result<Self, Lost> {
        let old = spoken.only_old || settings.version == MqttVersion::V3;
        if !old {
            match greet(settings, will, Version::V5).await {
                Greeted::Welcome(link) => return Ok(*link),
                Greeted::Failed(lost) => return Err(lost),
                Greeted::WrongVersion => spoken.only_old = settings.version == MqttVersion::Any,
                Greeted::NoAnswer(lost) if settings.version == MqttVersion::V5 => return Err(lost),
                // Not kept in mind: a broker that is just being stopped does the same.
                Greeted::NoAnswer(_) => {}
            }
            if settings.version == MqttVersion::V5 {
                return Err(Lost::new(How::Said, "the broker does not speak MQTT 5"));
            }
        }
        match greet(settings, will, Version::V3).await {
            Greeted::Welcome(link) => Ok(*link),
            Greeted::Failed(lost) | Greeted::NoAnswer(lost) => Err(lost),
            Greeted::WrongVersion => {
                spoken.only_old = false;
                Err(Lost::new(
                    How::Said,
                    "the broker speaks neither MQTT 5 nor 3.1.1",
                ))
            }
        }
    }

    fn new(stream: Box<dyn Stream>, version: Version) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            read: BytesMut::with_capacity(1024),
            out: BytesMut::with_capacity(4096),
            unflushed: false,
            version,
            packet_max: usize::MAX,
            window: MQTT_WINDOW,
            keep_alive: Duration::from_secs(KEEP_ALIVE_SECONDS.into()),
        }
    }

    /// Keeps within what the broker takes.
    fn bound(&mut self, answer: &ConnAck) {
        self.packet_max = answer.packet_max.unwrap_or(usize::MAX);
        self.window = MQTT_WINDOW.min(usize::from(answer.receive_max));
        if let Some(seconds) = answer.keep_alive.filter(|&seconds| seconds > 0) {
            self.keep_alive = self.keep_alive.min(Duration::from_secs(seconds.into()));
        }
    }

    /// Whether enough is waiting to be written.
    pub(super) fn is_full(&self) -> bool {
        self.out.len() >= MQTT_AHEAD_BYTES
    }

    /// Reads and writes what there is; true when something was read. May be dropped at any time.
    pub(super) async fn exchange(&mut self) -> Result<bool, Lost> {
        let Self {
            reader,
            writer,
            read,
            out,
            unflushed,
            ..
        } = self;
        let pending = !out.is_empty() || *unflushed;
        let written = tokio::select! {
            got = reader.read_buf(read) => return arrived(got).map(|()| true),
            written = write(writer, out, unflushed), if pending => written,
        };
        match written {
            Ok(()) => Ok(false),
            Err(fault) => {
                // The reason may have arrived before.
                let got = timeout(LAST_WORDS, reader.read_buf(read)).await;
                match got {
                    Ok(Ok(1..)) => Ok(true),
                    _ => Err(Lost::broken(&fault)),
                }
            }
        }
    }

    /// The next thing that the broker has said.
    pub(super) fn answer(&mut self) -> Result<Option<Packet>, Lost> {
        packet::take(&mut self.read, self.version)
            .map_err(|packet::Malformed| Lost::new(How::Said, "what answers is no MQTT broker"))
    }
}

fn arrived(got: io::Result<usize>) -> Result<(), Lost> {
    match got {
        Ok(0) => Err(Lost::new(
            How::HungUp,
            "the broker has closed the connection",
        )),
        Ok(_) => Ok(()),
        Err(fault) => Err(Lost::broken(&fault)),
    }
}

/// Each step keeps what it has done in its arguments, so that it may be dropped between two.
async fn write(
    writer: &mut WriteHalf<Box<dyn Stream>>,
    out: &mut BytesMut,
    unflushed: &mut bool,
) -> io::Result<()> {
    while !out.is_empty() {
        *unflushed = true;
        if writer.write_buf(out).await? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    writer.flush().await?;
    *unflushed = false;
    Ok(())
}

async fn greet(settings: &MqttSettings, will: (&str, &str), version: Version) -> Greeted {
    let stream = match dial(settings).await {
        Ok(stream) => stream,
        Err(why) => return Greeted::Failed(Lost::new(How::Said, why)),
    };
    let mut link = BrokerLink::new(stream, version);
    // Read anew each time: its file may come later, or be mended.
    let password = match settings.password.as_ref().map(Secret::reveal).transpose() {
        Ok(password) => password,
        Err(why) => return Greeted::Failed(Lost::new(How::Said, why)),
    };
    let login = (settings.username.is_some() || password.is_some()).then(|| {
        let user = settings.username.as_deref().unwrap_or_default();
        (user, password.as_deref().unwrap_or_default())
    });
    let with = Connect {
        client_id: &settings.client_id,
        keep_alive: KEEP_ALIVE_SECONDS,
        will_topic: will.0,
        will: will.1,
        login,
    };
    if let Err(why) = packet::connect(&mut link.out, version, &with) {
        return Greeted::Failed(Lost::new(How::Said, why));
    }
    match timeout(CONNECT, welcome(&mut link)).await {
        Ok(Ok(Packet::ConnAck(answer))) => judge(link, &answer, settings),
        Ok(Ok(_)) => Greeted::Failed(Lost::new(How::Said, "what answers is no MQTT broker")),
        Ok(Err(lost)) if lost.how == How::HungUp => Greeted::NoAnswer(lost),
        Ok(Err(lost)) => Greeted::Failed(lost),
        Err(_) => Greeted::Failed(Lost::new(How::Silent, "the broker does not answer")),
    }
}

async fn welcome(link: &mut BrokerLink) -> Result<Packet, Lost> {
    loop {
        if let Some(answer) = link.answer()? {
            return Ok(answer);
        }
        link.exchange().await?;
    }
}

fn judge(mut link: BrokerLink, answer: &ConnAck, settings: &MqttSettings) -> Greeted {
    let said = |why: String| Greeted::Failed(Lost::new(How::Said, why));
    match (link.version, answer.said.code) {
        // It has not looked at the version: what it has understood of the greeting is open.
        (Version::V5, 0) if !answer.properties => Greeted::WrongVersion,
        (_, 0) if answer.qos_max == 0 => said("the broker takes no message with QoS 1".to_owned()),
        (_, 0) => {
            link.bound(answer);
            Greeted::Welcome(Box::new(link))
        }
        (_, 0x84 | 1) => Greeted::WrongVersion,
        _ => said(words::refusal(&answer.said, link.version, settings)),
    }
}

/// TCP, and TLS where the settings say so; the fault in words.
async fn dial(settings: &MqttSettings) -> Result<Box<dyn Stream>, String> {
    let (host, port) = (settings.host.trim_matches(['[', ']']), settings.port);
    let said = |why: String| format!("{host}:{port}: {why}");
    // Read anew each time: a file may come, or be mended.
    let config = settings
        .tls
        .then(|| tls::client(settings.ca_file.as_deref()))
        .transpose()?;
    let stream = timeout(CONNECT, TcpStream::connect((host, port)))
        .await
        .map_err(|_| said("does not answer".to_owned()))?
        .map_err(|why| said(why.to_string()))?;
    // Messages are written many at a time.
    let _ = stream.set_nodelay(true);
    let Some(config) = config else {
        return Ok(Box::new(stream));
    };
    let name = ServerName::try_from(host.to_owned()).map_err(|why| said(why.to_string()))?;
    let stream = timeout(CONNECT, TlsConnector::from(config).connect(name, stream))
        .await
        .map_err(|_| said("TLS does not answer".to_owned()))?
        .map_err(|why| said(why.to_string()))?;
    Ok(Box::new(stream))
}
