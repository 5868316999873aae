//! A hostile device must never cause a wrong value. Each true answer contains its register address
//! and request number, so that a late or foreign one is recognised.

use super::*;
use crate::config::{BusLink, Parity};
use crate::domain::QualityReason;
use crate::limits::BACKOFF_MIN_MS;
use crate::tests::reply_faults::{ReplyFault, faulty_reply};
use drivers::frame::{ModbusReadFunction, ParsedFrame};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// Reaction of the device to one request.
#[derive(Clone, Copy, Debug)]
enum HostileReply {
    Honest,
    Late(u64),
    Faulty(ReplyFault),
    Close,
}

const HOSTILE_REPLIES: [HostileReply; 12] = [
    HostileReply::Honest,
    HostileReply::Faulty(ReplyFault::Silent),
    HostileReply::Late(45),
    HostileReply::Faulty(ReplyFault::Transaction),
    HostileReply::Faulty(ReplyFault::Unit),
    HostileReply::Faulty(ReplyFault::Function),
    HostileReply::Faulty(ReplyFault::Short),
    HostileReply::Faulty(ReplyFault::Long),
    HostileReply::Faulty(ReplyFault::Garbage),
    HostileReply::Faulty(ReplyFault::Half),
    HostileReply::Faulty(ReplyFault::Exception),
    HostileReply::Close,
];

/// Register values of the `turn`-th request.
fn expected_data(request: ModbusReadRequest, turn: u16) -> Vec<u8> {
    let words = (0..request.count).map(|i| (request.address + i) << 8 | (turn & 0xff));
    words.flat_map(u16::to_be_bytes).collect()
}

/// Bytes of the right answer to the `turn`-th request.
fn true_reply(framing: ModbusFraming, asked: (ModbusReadRequest, u16), turn: u16) -> Vec<u8> {
    faulty_reply(None, framing, asked, expected_data(asked.0, turn))
}

/// Serves one connection, one reaction a request, until it ends; `turn` counts requests over all
/// connections.
async fn serve_connection(
    mut wire: impl AsyncRead + AsyncWrite + Unpin,
    framing: ModbusFraming,
    moods: &[HostileReply],
    turn: &std::sync::atomic::AtomicU16,
) {
    let mut buffer = vec![0; 1024];
    let mut used = 0;
    while let Ok(got @ 1..) = wire.read(&mut buffer[used..]).await {
        used += got;
        let ParsedFrame::Frame(asked, length) = ModbusReadRequest::parse(framing, &buffer[..used])
        else {
            continue;
        };
        buffer.copy_within(length..used, 0);
        used -= length;
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mood = moods[usize::from(turn) % moods.len()];
        if let HostileReply::Late(ms) = mood {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let fault = match mood {
            HostileReply::Faulty(fault) => Some(fault),
            _ => None,
        };
        let bytes = faulty_reply(fault, framing, asked, expected_data(asked.0, turn));
        if matches!(mood, HostileReply::Close) || wire.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Bus of a Modbus TCP device on loopback, with the socket that the device listens on.
async fn listening_bus() -> (TcpListener, Bus) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let bus = Bus {
        id: "b".into(),
        link: BusLink::Modbus(ModbusLink::Tcp {
            host: "127.0.0.1".into(),
            port,
        }),
        timeout: Duration::from_secs(5),
        settle: Duration::ZERO,
        oddities: drivers::header_oddities::HeaderOddities::default(),
        retries: 0,
    };
    (listener, bus)
}

fn holding_request(address: u16) -> ModbusReadRequest {
    ModbusReadRequest {
        unit: 1,
        function: ModbusReadFunction::Holding,
        address,
        count: 2,
    }
}

/// Sends many requests; every accepted value must be of its register, and of a request sent since
/// the call began. Returns the number of accepted values.
async fn check_never_wrong(channel: &mut BusChannel, turn: &std::sync::atomic::AtomicU16) -> usize {
    let mut believed = 0;
    for round in 0..60u16 {
        let address = 3 + round % 5;
        let first = turn.load(std::sync::atomic::Ordering::Relaxed);
        let asked = channel.ask(holding_request(address), Duration::ZERO).await;
        let last = turn.load(std::sync::atomic::Ordering::Relaxed);
        if let Ok(ModbusReadReply::Data(data)) = asked {
            let right =
                (first..last).any(|turn| expected_data(holding_request(address), turn) == data);
            assert!(right, "round {round}: {data:?}");
            believed += 1;
        }
    }
    believed
}

/// Link to a port of this machine.
fn loopback_link(framing: ModbusFraming, port: u16) -> BusLink {
    let host = "127.0.0.1".to_owned();
    BusLink::Modbus(match framing {
        ModbusFraming::Tcp => ModbusLink::Tcp { host, port },
        ModbusFraming::Rtu => ModbusLink::RtuOverTcp {
            host,
            port,
            baud: 9600,
        },
    })
}

async fn count_believed_over_tcp(framing: ModbusFraming) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let turn = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let shared = turn.clone();
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve_connection(stream, framing, &HOSTILE_REPLIES, &shared).await;
        }
    });
    let bus = Bus {
        id: "bus".into(),
        link: loopback_link(framing, port),
        timeout: Duration::from_millis(30),
        settle: Duration::ZERO,
        oddities: drivers::header_oddities::HeaderOddities::default(),
        retries: 0,
    };
    let believed = check_never_wrong(&mut BusChannel::new(&bus), &turn).await;
    server.abort();
    believed
}

#[tokio::test]
async fn a_hostile_tcp_device_never_makes_a_wrong_value() {
    assert!(count_believed_over_tcp(ModbusFraming::Tcp).await >= 3);
}

#[tokio::test]
async fn a_hostile_device_server_never_makes_a_wrong_value() {
    assert!(count_believed_over_tcp(ModbusFraming::Rtu).await >= 3);
}

fn serial_channel(wire: serial2_tokio::SerialPort, timeout: u64) -> BusChannel {
    let line = SerialPortSettings {
        port: PathBuf::new(),
        baud: 115_200,
        parity: Parity::None,
        stop_bits: 1,
    };
    let timeout = Duration::from_millis(timeout);
    let mut channel = BusChannel::new(&Bus {
        id: "line".into(),
        link: BusLink::Modbus(ModbusLink::Rtu(line)),
        timeout,
        settle: Duration::ZERO,
        oddities: drivers::header_oddities::HeaderOddities::default(),
        retries: 0,
    });
    channel.wire = Some(BusTransport::Serial(wire.into()));
    channel
}

#[tokio::test]
async fn a_hostile_device_on_a_line_never_makes_a_wrong_value() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let turn = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let shared = turn.clone();
    let moods = &HOSTILE_REPLIES[..HOSTILE_REPLIES.len() - 1];
    let server =
        tokio::spawn(
            async move { serve_connection(theirs, ModbusFraming::Rtu, moods, &shared).await },
        );
    let believed = check_never_wrong(&mut serial_channel(ours, 30), &turn).await;
    server.abort();
    assert!(believed >= 3, "{believed}");
}

#[tokio::test]
async fn no_request_goes_out_before_the_line_was_silent() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let turn = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let shared = turn.clone();
    let server = tokio::spawn(async move {
        serve_connection(theirs, ModbusFraming::Rtu, &[HostileReply::Honest], &shared).await;
    });
    let mut channel = serial_channel(ours, 500);
    let start = Instant::now();
    for _ in 0..10 {
        channel
            .ask(holding_request(1), Duration::ZERO)
            .await
            .unwrap();
    }
    assert!(start.elapsed() >= Duration::from_micros(9 * 1750));
    server.abort();
}

#[tokio::test]
async fn a_bus_that_is_not_there_is_a_reason() {
    let link = ModbusLink::Tcp {
        host: "127.0.0.1".into(),
        port: 1,
    };
    let bus = Bus {
        id: "lan".into(),
        link: BusLink::Modbus(link),
        timeout: Duration::from_millis(100),
        settle: Duration::ZERO,
        oddities: drivers::header_oddities::HeaderOddities::default(),
        retries: 0,
    };
    let mut channel = BusChannel::new(&bus);
    for _ in 0..2 {
        let failure = channel
            .ask(holding_request(0), Duration::ZERO)
            .await
            .unwrap_err();
        assert_eq!(failure.reason(), QualityReason::Unreachable);
    }
    assert!(channel.reconnect_pause_ms() > BACKOFF_MIN_MS / 2);
}

/// Device that answers every request with as many bytes of noise as an answer has; returns the
/// number of requests received.
async fn reply_with_noise(
    mut wire: serial2_tokio::SerialPort,
    heard: &std::sync::atomic::AtomicU16,
) {
    let mut buffer = [0; 64];
    let mut used = 0;
    while let Ok(got @ 1..) = AsyncReadExt::read(&mut wire, &mut buffer[used..]).await {
        used += got;
        if used >= 8 {
            used = 0;
            heard.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let _ = AsyncWriteExt::write_all(&mut wire, &[0xa5; 12]).await;
        }
    }
}

#[tokio::test]
async fn noise_is_tried_again_within_the_one_timeout() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let heard = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let shared = heard.clone();
    let device = tokio::spawn(async move { reply_with_noise(theirs, &shared).await });
    let mut channel = serial_channel(ours, 400);
    let start = Instant::now();
    let failure = channel
        .ask(holding_request(1), Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(failure.reason(), QualityReason::Corrupt);
    assert!(start.elapsed() < Duration::from_millis(600));
    assert_eq!(heard.load(std::sync::atomic::Ordering::Relaxed), 2);
    device.abort();
}

#[tokio::test]
async fn a_late_answer_on_a_line_is_thrown_away_and_counted() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let mut channel = serial_channel(ours, 30);
    let failure = channel
        .ask(holding_request(1), Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(failure.reason(), QualityReason::Timeout);
    assert_eq!(channel.take_counts().late, 0);
    let late = true_reply(ModbusFraming::Rtu, (holding_request(1), 0), 7);
    theirs.write_all(&late).await.unwrap();
    // The reactor sees it at its next round.
    tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>())
        .await
        .unwrap_err();
    let asked = channel.ask(holding_request(1), Duration::ZERO).await;
    // Late by its length, and by more than the timeout; the delay itself was not measured.
    let failure = asked.unwrap_err();
    assert_eq!(
        failure,
        BusChannelError::Late(Duration::from_millis(30), None)
    );
    let counts = channel.take_counts();
    assert_eq!((counts.late, counts.stale), (1, 0));
}

#[tokio::test]
async fn a_late_answer_does_not_pass_for_a_shorter_request_made_longer() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let mut channel = serial_channel(ours, 60);
    let longer = ModbusReadRequest {
        count: 3,
        ..holding_request(9)
    };
    assert!(channel.ask(longer, Duration::ZERO).await.is_err());
    let device = tokio::spawn(async move {
        let mut asked = [0; 16];
        let mut used = 0;
        while used < 16 {
            used += theirs.read(&mut asked[used..]).await.unwrap();
        }
        let late = true_reply(ModbusFraming::Rtu, (longer, 0), 7);
        theirs.write_all(&late).await.unwrap();
        theirs
    });
    // Two registers, made longer because the unit still owes an answer of three.
    let asked = channel.ask(holding_request(1), Duration::ZERO).await;
    assert_eq!(asked.unwrap_err().reason(), QualityReason::Late);
    device.await.unwrap();
}

/// Answers device identifications: two texts, and a third one in the next part.
async fn serve_identification(mut wire: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = [0; 64];
    while let Ok(got @ 1..) = wire.read(&mut buffer).await {
        let object = buffer[got - 1];
        let pdu: &[u8] = match object {
            0 => b"\x2b\x0e\x01\x01\xff\x02\x02\x00\x04Acme\x01\x02X1",
            _ => b"\x2b\x0e\x01\x01\x00\x00\x01\x02\x03v 7",
        };
        let mut frame = buffer[..7].to_vec();
        frame[4..6].copy_from_slice(&u16::try_from(pdu.len() + 1).unwrap().to_be_bytes());
        frame.extend(pdu);
        if wire.write_all(&frame).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_device_is_asked_on_until_it_has_said_all_of_itself() {
    let (listener, bus) = listening_bus().await;
    tokio::spawn(async move {
        while let Ok((wire, _)) = listener.accept().await {
            serve_identification(wire).await;
        }
    });
    let mut channel = BusChannel::new(&bus);
    let said = channel
        .read_identification(9, Duration::ZERO)
        .await
        .unwrap()
        .unwrap();
    let said: Vec<(u8, &str)> = said
        .iter()
        .map(|(number, text)| (*number, &**text))
        .collect();
    assert_eq!(said, [(0, "Acme"), (1, "X1"), (2, "v 7")]);
}

#[tokio::test]
async fn what_is_asked_through_the_owner_is_what_the_owner_hears() {
    let (listener, bus) = listening_bus().await;
    tokio::spawn(async move {
        let turn = std::sync::atomic::AtomicU16::new(0);
        while let Ok((wire, _)) = listener.accept().await {
            serve_connection(
                wire,
                ModbusFraming::Tcp,
                &[
                    HostileReply::Honest,
                    HostileReply::Faulty(ReplyFault::Exception),
                ],
                &turn,
            )
            .await;
        }
    });
    let (door, mut errands) = crate::bus_request::request_channel();
    let mut owner = BusChannel::new(&bus);
    let owning = async {
        while let Some(errand) = errands.recv().await {
            owner.serve_bus_request(errand).await;
        }
    };
    let asking = async {
        let mut shared = BusChannel::via_owner(&bus, door);
        shared.keep_trace();
        let asked = holding_request(3);
        let reply = shared.ask(asked, Duration::ZERO).await;
        assert_eq!(reply, Ok(ModbusReadReply::Data(&expected_data(asked, 0))));
        assert!(!shared.trace().1.is_empty());
        let reply = shared.ask(asked, Duration::ZERO).await;
        assert_eq!(reply, Ok(ModbusReadReply::Exception(4)));
    };
    // The sender is dropped with the requester.
    tokio::join!(owning, asking);
}

/// Server that discards requests within `quiet` of each connection and answers later ones after
/// `delay`; returns its port and the number of connections.
async fn serve_settling_device(
    framing: ModbusFraming,
    quiet: Duration,
    delay: Duration,
) -> (u16, Arc<std::sync::atomic::AtomicU16>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut wire, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let settled = Instant::now() + quiet;
            tokio::spawn(async move {
                let mut buffer = [0; 64];
                while let Ok(got @ 1..) = wire.read(&mut buffer).await {
                    let ParsedFrame::Frame(asked, _) =
                        ModbusReadRequest::parse(framing, &buffer[..got])
                    else {
                        continue;
                    };
                    if Instant::now() < settled {
                        continue;
                    }
                    tokio::time::sleep(delay).await;
                    let bytes = true_reply(framing, asked, 7);
                    if wire.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, connections)
}

fn network_channel(framing: ModbusFraming, port: u16, settle: Duration) -> BusChannel {
    BusChannel::new(&Bus {
        id: "b".into(),
        link: loopback_link(framing, port),
        timeout: Duration::from_millis(500),
        settle,
        oddities: drivers::header_oddities::HeaderOddities::default(),
        retries: 0,
    })
}

/// Sends requests as a bus task does, with growing pauses, until there is an answer; returns the
/// time taken.
async fn asked_until_answered(channel: &mut BusChannel) -> Duration {
    let begun = Instant::now();
    for misses in 0..12 {
        match channel.ask(holding_request(3), Duration::ZERO).await {
            Ok(reply) => {
                assert_eq!(
                    reply,
                    ModbusReadReply::Data(&expected_data(holding_request(3), 7))
                );
                return begun.elapsed();
            }
            Err(failure) => assert_eq!(failure.reason(), QualityReason::Timeout),
        }
        let pause = tokio::time::sleep(Duration::from_millis(back_off_ms(misses)));
        tokio::pin!(pause);
        tokio::select! {
            () = &mut pause => {}
            () = channel.listen_for_late_answers() => pause.await,
        }
    }
    panic!("never answered");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_drops_what_comes_soon_after_connecting_answers_after_its_quiet_time() {
    for framing in [ModbusFraming::Tcp, ModbusFraming::Rtu] {
        for quiet in [200, 1000, 2000, 5000, 10_000].map(Duration::from_millis) {
            let (port, connections) = serve_settling_device(framing, quiet, Duration::ZERO).await;
            let mut channel = network_channel(framing, port, Duration::ZERO);
            let took = asked_until_answered(&mut channel).await;
            assert!(took >= quiet && took <= 2 * quiet + Duration::from_secs(1));
            // One lost answer does not start the quiet time again.
            channel.connection.record_silence(1, Instant::now());
            let took = asked_until_answered(&mut channel).await;
            assert!(took < Duration::from_millis(100), "{took:?}");
            let count = connections.load(std::sync::atomic::Ordering::Relaxed);
            assert_eq!(count, 1, "{quiet:?}");

            let (port, connections) = serve_settling_device(framing, quiet, Duration::ZERO).await;
            let mut told = network_channel(framing, port, quiet + Duration::from_millis(1));
            let begun = Instant::now();
            told.ask(holding_request(3), Duration::ZERO).await.unwrap();
            assert!(begun.elapsed() < quiet + Duration::from_millis(100));
            assert_eq!(told.take_counts().timeouts, 0);
            let count = connections.load(std::sync::atomic::Ordering::Relaxed);
            assert_eq!(count, 1, "{quiet:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_is_told_with_its_delay_and_never_taken_for_another() {
    for framing in [ModbusFraming::Tcp, ModbusFraming::Rtu] {
        let (port, _) =
            serve_settling_device(framing, Duration::ZERO, Duration::from_millis(800)).await;
        let mut channel = network_channel(framing, port, Duration::ZERO);
        let first = channel
            .ask(holding_request(1), Duration::ZERO)
            .await
            .unwrap_err();
        assert_eq!(first.reason(), QualityReason::Timeout);
        channel.listen_for_late_answers().await;
        let after = channel.lateness(1).and_then(|late| late.after).unwrap();
        assert!((800..900).contains(&after.as_millis()), "{after:?}");
        let asked = channel
            .ask(holding_request(9), Duration::ZERO)
            .await
            .unwrap_err();
        assert_eq!(asked.reason(), QualityReason::Late);
        assert!(asked.to_string().contains("after 80"), "{asked}");
        channel.listen_for_late_answers().await;
        assert_eq!(channel.take_counts().late, 2);
        channel.set_timeout(Duration::from_secs(2));
        let reply = channel.ask(holding_request(9), Duration::ZERO).await;
        assert_eq!(
            reply,
            Ok(ModbusReadReply::Data(&expected_data(holding_request(9), 7)))
        );
        assert!(channel.late_units().is_empty());
    }
}

#[tokio::test]
async fn a_late_answer_that_comes_in_pieces_does_no_harm_to_a_neighbour() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let mut channel = serial_channel(ours, 100);
    assert!(
        channel
            .ask(holding_request(1), Duration::ZERO)
            .await
            .is_err()
    );
    let neighbour = ModbusReadRequest {
        unit: 2,
        ..holding_request(5)
    };
    let device = tokio::spawn(async move {
        let mut asked = [0; 16];
        let mut used = 0;
        while used < 16 {
            used += theirs.read(&mut asked[used..]).await.unwrap();
        }
        let late = true_reply(ModbusFraming::Rtu, (holding_request(1), 0), 7);
        for piece in late.chunks(4) {
            theirs.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let own = true_reply(ModbusFraming::Rtu, (neighbour, 0), 8);
        theirs.write_all(&own).await.unwrap();
        theirs
    });
    channel.set_timeout(Duration::from_secs(5));
    let reply = channel.ask(neighbour, Duration::ZERO).await;
    assert_eq!(
        reply,
        Ok(ModbusReadReply::Data(&expected_data(neighbour, 8)))
    );
    let counts = channel.take_counts();
    assert_eq!((counts.late, counts.corrupt, counts.stale), (1, 0, 0));
    assert_eq!(channel.late_units(), [1]);
    device.await.unwrap();
}

#[tokio::test]
async fn a_wrong_length_in_the_header_is_a_fault_with_a_name() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut wire, _)) = listener.accept().await {
            let mut buffer = [0; 64];
            while let Ok(got @ 1..) = wire.read(&mut buffer).await {
                let ParsedFrame::Frame(asked, _) =
                    ModbusReadRequest::parse(ModbusFraming::Tcp, &buffer[..got])
                else {
                    continue;
                };
                let mut bytes = true_reply(ModbusFraming::Tcp, asked, 7);
                bytes[5] += 6;
                wire.write_all(&bytes).await.unwrap();
            }
        }
    });
    let mut channel = network_channel(ModbusFraming::Tcp, port, Duration::ZERO);
    let failure = channel
        .ask(holding_request(1), Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(failure.reason(), QualityReason::Header);
    let said = failure.to_string();
    assert!(
        said.contains("length in the header is 13, should be 7"),
        "{said}"
    );
}
