//! Connection to a broker: TCP or TLS, CONNECT and CONNACK, bytes in both directions.

use super::broker_refusal;
use super::connection_end::{BrokerLinkError, ConnectionEndCause, diagnose_connection};
use super::packet_codec::{
    self, BrokerPacket, ConnAck, ConnectPacket, MqttProtocolVersion, OversizeMessage,
};
use crate::config::{BrokerSettings, MqttVersion, Secret};
use crate::limits::{MQTT_SEND_BUFFER_BYTES, MQTT_WINDOW};
use crate::status::SinkDiagnosis;
use crate::tls_client;
use bytes::{Buf as _, BytesMut};
use rustls::pki_types::ServerName;
use std::io;
use std::time::Duration;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Time limit of each step of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Silence after which the broker is pinged, seconds.
const KEEP_ALIVE_SECONDS: u16 = 20;
/// Reason code for a last will that the broker would have to keep (5.0, 3.2.2.2).
const RETAIN_NOT_SUPPORTED: u8 = 0x9A;
/// Time to wait for the broker's reason after a write has failed.
const LAST_READ_TIMEOUT: Duration = Duration::from_millis(300);

trait BrokerStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> BrokerStream for T {}

/// Result of one CONNECT.
enum BrokerGreeting {
    Welcome(Box<BrokerLink>),
    /// The broker does not know this version, and says so.
    WrongVersion,
    /// The broker closed the connection without an answer: it may not know this version.
    NoAnswer(BrokerLinkError),
    Failed(BrokerLinkError),
}

/// Connection that the broker has accepted.
pub(crate) struct BrokerLink {
    reader: ReadHalf<Box<dyn BrokerStream>>,
    writer: WriteHalf<Box<dyn BrokerStream>>,
    read: BytesMut,
    /// Bytes of a message that is too large, which are still to be thrown away.
    skipped: usize,
    /// Bytes to be written.
    pub(crate) out: BytesMut,
    unflushed: bool,
    pub(crate) version: MqttProtocolVersion,
    /// Bytes of the largest packet that the broker accepts, when it says so.
    pub(crate) packet_max: usize,
    /// Number of messages that may be unacknowledged.
    pub(crate) window: usize,
    /// Time without a write after which a ping is due.
    pub(crate) keep_alive: Duration,
    /// The broker keeps messages for later subscribers.
    pub(crate) retains: bool,
}

/// Abilities of the broker, as far as they are known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownBroker {
    /// No version above 3.1.1.
    only_old: bool,
    /// It keeps no messages, so that no connection may ask for it.
    keeps_nothing: bool,
}

impl BrokerLink {
    /// Connects, with version 5 where the broker knows it. `will` is the topic and the text of the
    /// last will; a client without one publishes nothing.
    pub(crate) async fn open(
        settings: &BrokerSettings,
        will: Option<(&str, &str)>,
        known: &mut KnownBroker,
    ) -> Result<Self, BrokerLinkError> {
        let old = known.only_old || settings.version == MqttVersion::V3;
        if !old {
            match connect_with_version(settings, will, MqttProtocolVersion::V5, known).await {
                BrokerGreeting::Welcome(link) => return Ok(*link),
                BrokerGreeting::Failed(lost) => return Err(lost),
                // Remembered only in automatic mode; a configured version is always used.
                BrokerGreeting::WrongVersion => {
                    known.only_old = settings.version == MqttVersion::Any;
                }
                BrokerGreeting::NoAnswer(lost) if settings.version == MqttVersion::V5 => {
                    return Err(lost);
                }
                // Not remembered: a broker that is being stopped does the same.
                BrokerGreeting::NoAnswer(_) => {}
            }
            if settings.version == MqttVersion::V5 {
                return Err(BrokerLinkError::new(
                    ConnectionEndCause::OtherReason,
                    "the broker does not speak MQTT 5",
                ));
            }
        }
        match connect_with_version(settings, will, MqttProtocolVersion::V3, known).await {
            BrokerGreeting::Welcome(link) => Ok(*link),
            BrokerGreeting::Failed(lost) | BrokerGreeting::NoAnswer(lost) => Err(lost),
            BrokerGreeting::WrongVersion => {
                known.only_old = false;
                Err(BrokerLinkError::new(
                    ConnectionEndCause::OtherReason,
                    "the broker speaks neither MQTT 5 nor 3.1.1",
                ))
            }
        }
    }

    fn new(stream: Box<dyn BrokerStream>, version: MqttProtocolVersion) -> Self {
        // Split, so that a slow write does not keep the acknowledgements from being read.
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            read: BytesMut::with_capacity(1024),
            skipped: 0,
            out: BytesMut::with_capacity(4096),
            unflushed: false,
            version,
            packet_max: usize::MAX,
            window: MQTT_WINDOW,
            keep_alive: Duration::from_secs(KEEP_ALIVE_SECONDS.into()),
            retains: true,
        }
    }

    /// Applies the limits in the broker's CONNACK.
    fn apply_limits(&mut self, answer: &ConnAck) {
        self.packet_max = answer.packet_max.unwrap_or(usize::MAX);
        self.window = MQTT_WINDOW.min(usize::from(answer.receive_max));
        self.retains = answer.retains;
        if let Some(seconds) = answer.keep_alive.filter(|&seconds| seconds > 0) {
            // The broker's keep-alive applies when it is shorter than ours.
            self.keep_alive = self.keep_alive.min(Duration::from_secs(seconds.into()));
        }
    }

    /// True when enough is waiting to be written.
    pub(crate) fn is_output_full(&self) -> bool {
        self.out.len() >= MQTT_SEND_BUFFER_BYTES
    }

    /// Reads and writes what is possible; returns true when something was read. Cancel safe.
    pub(crate) async fn exchange_bytes(&mut self) -> Result<bool, BrokerLinkError> {
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
            got = reader.read_buf(read) => return check_received(got).map(|()| true),
            written = write_output(writer, out, unflushed), if pending => written,
        };
        match written {
            Ok(()) => Ok(false),
            Err(fault) => {
                // The broker's reason may have arrived before the write failed.
                let got = timeout(LAST_READ_TIMEOUT, reader.read_buf(read)).await;
                match got {
                    Ok(Ok(1..)) => Ok(true),
                    _ => Err(BrokerLinkError::from_io(&fault)),
                }
            }
        }
    }

    /// Returns the next packet of the broker. Of a message that is too large only the topic is
    /// returned, and its bytes are thrown away as they come.
    pub(crate) fn next_packet(&mut self) -> Result<Option<BrokerPacket>, BrokerLinkError> {
        let skipped = self.skipped.min(self.read.len());
        self.read.advance(skipped);
        self.skipped -= skipped;
        if self.skipped > 0 {
            return Ok(None);
        }
        if let Some(OversizeMessage { topic, bytes }) = packet_codec::oversize_message(&self.read) {
            self.skipped = bytes;
            return Ok(Some(BrokerPacket::Oversize { topic, bytes }));
        }
        packet_codec::take_packet(&mut self.read, self.version).map_err(
            |packet_codec::MalformedPacketError| {
                BrokerLinkError::new(
                    ConnectionEndCause::OtherReason,
                    "the other side is no MQTT broker",
                )
            },
        )
    }
}

fn check_received(got: io::Result<usize>) -> Result<(), BrokerLinkError> {
    match got {
        Ok(0) => Err(BrokerLinkError::new(
            ConnectionEndCause::HungUp,
            "the broker has closed the connection",
        )),
        Ok(_) => Ok(()),
        Err(fault) => Err(BrokerLinkError::from_io(&fault)),
    }
}

/// Writes the output. Cancel safe: each step records its progress in the arguments.
async fn write_output(
    writer: &mut WriteHalf<Box<dyn BrokerStream>>,
    out: &mut BytesMut,
    unflushed: &mut bool,
) -> io::Result<()> {
    while !out.is_empty() {
        // Set before the write: a call that was dropped continues with the flush next time.
        *unflushed = true;
        if writer.write_buf(out).await? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    writer.flush().await?;
    *unflushed = false;
    Ok(())
}

async fn connect_with_version(
    settings: &BrokerSettings,
    will: Option<(&str, &str)>,
    version: MqttProtocolVersion,
    known: &mut KnownBroker,
) -> BrokerGreeting {
    let stream = match open_stream(settings).await {
        Ok(stream) => stream,
        Err(lost) => return BrokerGreeting::Failed(lost),
    };
    let mut link = BrokerLink::new(stream, version);
    // Read again at each connection: the password file may be created or corrected later.
    let password = match settings.password.as_ref().map(Secret::reveal).transpose() {
        Ok(password) => password,
        Err(why) => {
            return BrokerGreeting::Failed(BrokerLinkError::new(
                ConnectionEndCause::OtherReason,
                why,
            ));
        }
    };
    // MQTT 3.1.1 allows no password without a user name.
    let login = (settings.username.is_some() || password.is_some()).then(|| {
        let user = settings.username.as_deref().unwrap_or_default();
        (user, password.as_deref().unwrap_or_default())
    });
    let with = ConnectPacket {
        client_id: &settings.client_id,
        keep_alive: KEEP_ALIVE_SECONDS,
        will,
        retain_will: !known.keeps_nothing || version == MqttProtocolVersion::V3,
        login,
    };
    if let Err(why) = packet_codec::write_connect(&mut link.out, version, &with) {
        return BrokerGreeting::Failed(BrokerLinkError::new(ConnectionEndCause::OtherReason, why));
    }
    match timeout(CONNECT_TIMEOUT, read_first_packet(&mut link)).await {
        Ok(Ok(BrokerPacket::ConnAck(answer))) => {
            // The next connection asks for nothing that this broker does not do (5.0, 3.2.2.3.5).
            known.keeps_nothing |= !answer.retains || answer.said.code == RETAIN_NOT_SUPPORTED;
            judge_connack(link, &answer, settings, will.is_some())
        }
        Ok(Ok(_)) => BrokerGreeting::Failed(BrokerLinkError::new(
            ConnectionEndCause::OtherReason,
            "the other side is no MQTT broker",
        )),
        Ok(Err(lost)) if lost.how == ConnectionEndCause::HungUp => BrokerGreeting::NoAnswer(lost),
        Ok(Err(lost)) => BrokerGreeting::Failed(lost),
        Err(_) => {
            let silent = "the broker does not answer";
            let lost = BrokerLinkError::new(ConnectionEndCause::Silent, silent);
            BrokerGreeting::Failed(lost.with_trouble(Some(SinkDiagnosis::NoAnswer)))
        }
    }
}

async fn read_first_packet(link: &mut BrokerLink) -> Result<BrokerPacket, BrokerLinkError> {
    loop {
        if let Some(answer) = link.next_packet()? {
            return Ok(answer);
        }
        link.exchange_bytes().await?;
    }
}

fn judge_connack(
    mut link: BrokerLink,
    answer: &ConnAck,
    settings: &BrokerSettings,
    publishes: bool,
) -> BrokerGreeting {
    let said = |why: String| {
        BrokerGreeting::Failed(BrokerLinkError::new(ConnectionEndCause::OtherReason, why))
    };
    match (link.version, answer.said.code) {
        // A broker that answers version 5 without properties has not looked at the version, so that
        // its reading of the rest is uncertain.
        (MqttProtocolVersion::V5, 0) if !answer.properties => BrokerGreeting::WrongVersion,
        // QoS 0 has no acknowledgement to move the cursor by.
        (_, 0) if publishes && answer.qos_max == 0 => {
            said("the broker takes no message with QoS 1".to_owned())
        }
        (_, 0) => {
            link.apply_limits(answer);
            BrokerGreeting::Welcome(Box::new(link))
        }
        // 1 and 0x84: unacceptable protocol version, of 3.1.1 and of 5.0.
        (_, 0x84 | 1) => BrokerGreeting::WrongVersion,
        _ => {
            let (refused, version) = (&answer.said, link.version);
            let why = broker_refusal::connack_refusal(refused, version, &settings.client_id);
            let lost = BrokerLinkError::new(ConnectionEndCause::OtherReason, why);
            let is_login = broker_refusal::is_login_refused(refused, version);
            let trouble = is_login.then_some(SinkDiagnosis::LoginRefused);
            BrokerGreeting::Failed(lost.with_trouble(trouble))
        }
    }
}

/// Opens TCP, and TLS where the settings say so.
async fn open_stream(settings: &BrokerSettings) -> Result<Box<dyn BrokerStream>, BrokerLinkError> {
    let (host, port) = (settings.host.trim_matches(['[', ']']), settings.port);
    let lost = |why: String| BrokerLinkError::new(ConnectionEndCause::OtherReason, why);
    let failed = |why: &str, trouble| lost(format!("{host}:{port}: {why}")).with_trouble(trouble);
    let silent = Some(SinkDiagnosis::NoAnswer);
    // Read again at each connection: the certificate files may be created or corrected later.
    let own = settings.certificate.as_ref();
    let own = own.map(|files| (files.chain.as_path(), files.key.as_path()));
    let config = settings
        .tls
        .then(|| tls_client::tls_client_config(settings.ca_file.as_deref(), own))
        .transpose()
        .map_err(lost)?;
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port)))
        .await
        .map_err(|_| failed("does not answer", silent))?
        .map_err(|why| failed(&why.to_string(), diagnose_connection(&why)))?;
    // Messages are written many at a time, so Nagle's algorithm would only add delay.
    let _ = stream.set_nodelay(true);
    let Some(config) = config else {
        return Ok(Box::new(stream));
    };
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|why| failed(&why.to_string(), None))?;
    let stream = timeout(
        CONNECT_TIMEOUT,
        TlsConnector::from(config).connect(name, stream),
    )
    .await
    .map_err(|_| failed("TLS does not answer", silent))?
    .map_err(|why| failed(&tls_client::tls_fault_text(&why), diagnose_connection(&why)))?;
    Ok(Box::new(stream))
}
