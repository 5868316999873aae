//! MQTT broker that follows a script for each message.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Reaction of a scripted broker to a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BrokerReply {
    Ack,
    AckTwice,
    /// With this reason code; MQTT 5 only.
    Code(u8),
    Silence,
    HangUp,
    /// These bytes, and the end of the connection.
    End(&'static [u8]),
}

/// Message received by a scripted broker.
#[derive(Clone, Debug)]
pub(crate) struct BrokerMessage {
    /// Number of the connection, from 1.
    pub(crate) connection: usize,
    /// Number of the reading; none for a state message.
    pub(crate) seq: Option<u64>,
    /// The broker is to keep it.
    pub(crate) is_retained: bool,
}

/// Properties of a scripted broker.
#[derive(Clone, Copy)]
struct BrokerTraits {
    /// Highest protocol level that it speaks.
    level: u8,
    /// Code with which it answers a subscription.
    subscribed: u8,
    /// Properties in its CONNACK of MQTT 5.
    greeting: &'static [u8],
}

/// Property of CONNACK: the broker keeps no messages.
pub(crate) const RETAINS_NOTHING: &[u8] = &[0x25, 0];

/// Broker whose script decides the reaction to each message.
pub(crate) struct ScriptedBroker {
    pub(crate) port: u16,
    /// Connections that sent CONNECT.
    pub(crate) connects: Arc<Mutex<usize>>,
    /// Messages that were acknowledged, in order.
    pub(crate) taken: Arc<Mutex<Vec<BrokerMessage>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for ScriptedBroker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ScriptedBroker {
    /// Starts it; it speaks MQTT up to this protocol level (4 is 3.1.1), and answers at level 3 as
    /// one that does not look at the version.
    pub(crate) async fn start(
        level: u8,
        script: impl Fn(&BrokerMessage) -> BrokerReply + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(level, 0, script).await
    }

    /// Starts one of MQTT 5 with these properties in its CONNACK.
    pub(crate) async fn start_greeting(
        greeting: &'static [u8],
        script: impl Fn(&BrokerMessage) -> BrokerReply + Send + Sync + 'static,
    ) -> Self {
        let traits = BrokerTraits {
            level: 5,
            subscribed: 0,
            greeting,
        };
        Self::start_as(traits, script).await
    }

    /// The same, with this code as answer to a subscription.
    pub(crate) async fn start_with(
        level: u8,
        subscribed: u8,
        script: impl Fn(&BrokerMessage) -> BrokerReply + Send + Sync + 'static,
    ) -> Self {
        let traits = BrokerTraits {
            level,
            subscribed,
            greeting: &[],
        };
        Self::start_as(traits, script).await
    }

    async fn start_as(
        traits: BrokerTraits,
        script: impl Fn(&BrokerMessage) -> BrokerReply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connects, taken) = (Arc::default(), Arc::default());
        let shared = (Arc::new(script), Arc::clone(&connects), Arc::clone(&taken));
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, connects, taken) = shared.clone();
                open.spawn(async move {
                    // A closed connection is no failure of the test.
                    let _ = speak_mqtt(stream, traits, &*script, &connects, &taken).await;
                });
            }
        });
        Self {
            port,
            connects,
            taken,
            task,
        }
    }

    /// Numbers of the readings that were acknowledged, in order.
    pub(crate) fn seqs(&self) -> Vec<u64> {
        self.taken
            .lock()
            .unwrap()
            .iter()
            .filter_map(|heard| heard.seq)
            .collect()
    }
}

async fn speak_mqtt(
    mut stream: TcpStream,
    traits: BrokerTraits,
    script: &(impl Fn(&BrokerMessage) -> BrokerReply + Send + Sync),
    connects: &Mutex<usize>,
    taken: &Mutex<Vec<BrokerMessage>>,
) -> std::io::Result<()> {
    let level = traits.level;
    let (mut connection, mut spoken) = (0, level);
    loop {
        let (kind, body) = mqtt_packet(&mut stream).await?;
        match kind >> 4 {
            // Byte 6 is the protocol level. A 3.1.1 broker refuses a higher one with return code 1;
            // one that does not look at the level (here 3) accepts it and answers in 3.1.1.
            1 if body[6] > level && level > 3 => return stream.write_all(&[0x20, 2, 0, 1]).await,
            1 => {
                spoken = if level > 3 { body[6] } else { 4 };
                connection = {
                    let mut connects = connects.lock().unwrap();
                    *connects += 1;
                    *connects
                };
                // A last will that such a broker would have to keep (bit 5 of the flags).
                if traits.greeting == RETAINS_NOTHING && body[7] & 0x20 != 0 {
                    return stream.write_all(&[0x20, 3, 0, 0x9A, 0]).await;
                }
                stream.write_all(&connack(spoken, traits.greeting)).await?;
            }
            3 => {
                let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
                let id = [body[2 + topic], body[3 + topic]];
                let seq = published_seq(&body[4 + topic..], spoken);
                let heard = BrokerMessage {
                    connection,
                    seq,
                    is_retained: kind & 1 == 1,
                };
                let reply = script(&heard);
                let ack = [0x40, 2, id[0], id[1]];
                match reply {
                    BrokerReply::Ack => stream.write_all(&ack).await?,
                    BrokerReply::AckTwice => stream.write_all(&[ack, ack].concat()).await?,
                    BrokerReply::Code(code) => {
                        stream.write_all(&[0x40, 3, id[0], id[1], code]).await?;
                    }
                    BrokerReply::Silence => {}
                    // In 3.1.1 a broker has no words for a message that is too large: it closes the
                    // connection.
                    BrokerReply::HangUp => return Ok(()),
                    BrokerReply::End(bytes) => return stream.write_all(bytes).await,
                }
                if matches!(reply, BrokerReply::Ack | BrokerReply::AckTwice) {
                    // What the client has subscribed to is its state.
                    if spoken == 4 && traits.subscribed == 0 && seq.is_none() {
                        stream.write_all(&passed_on(&body, topic)).await?;
                    }
                    taken.lock().unwrap().push(heard);
                }
            }
            8 => {
                let answer = [0x90, 3, body[0], body[1], traits.subscribed];
                stream.write_all(&answer).await?;
            }
            // PINGREQ: without an answer, the client would end the connection by itself.
            12 => stream.write_all(&[0xD0, 0]).await?,
            _ => return Ok(()),
        }
    }
}

/// Number of the reading in a PUBLISH, from behind its packet id.
fn published_seq(rest: &[u8], spoken: u8) -> Option<u64> {
    // In MQTT 5 the length of its properties comes first; Pantau sends none, so it is one byte.
    let payload = &rest[usize::from(spoken == 5)..];
    let payload: serde_json::Value = serde_json::from_slice(payload).unwrap();
    payload["seq"].as_u64()
}

/// CONNACK; that of MQTT 5 has the length of its properties, and these.
fn connack(spoken: u8, greeting: &[u8]) -> Vec<u8> {
    if spoken != 5 {
        return vec![0x20, 2, 0, 0];
    }
    let length = u8::try_from(greeting.len()).unwrap();
    [&[0x20, 3 + length, 0, 0, length], greeting].concat()
}

/// A message of `QoS` 1 in 3.1.1 as it goes to a subscriber, with `QoS` 0: without its packet id.
fn passed_on(body: &[u8], topic: usize) -> Vec<u8> {
    let rest = [&body[..2 + topic], &body[4 + topic..]].concat();
    let (low, high) = (rest.len() % 128, rest.len() / 128);
    let digit = |part: usize| u8::try_from(part).unwrap();
    [vec![0x30, digit(low | 0x80), digit(high)], rest].concat()
}

/// First byte and body of the next packet.
async fn mqtt_packet(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    // MQTT counts lengths in 7-bit digits, the lowest first.
    let (mut length, mut shift) = (0, 0);
    loop {
        let digit = stream.read_u8().await?;
        length |= usize::from(digit & 0x7F) << shift;
        shift += 7;
        if digit & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((kind, body))
}
