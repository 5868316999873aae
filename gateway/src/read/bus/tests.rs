//! A hostile device must never make a wrong value. Each true answer says which register it is of
//! and which request it answers, so that a late or foreign one is found out.

use super::*;
use crate::config::Parity;
use crate::model::Reason;
use drivers::frame::Function;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the device does with one request.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Honest,
    Silent,
    Late(u64),
    WrongTransaction,
    WrongUnit,
    WrongFunction,
    Short,
    Long,
    Garbage,
    Half,
    Exception,
    Close,
}

const MOODS: [Mood; 12] = [
    Mood::Honest,
    Mood::Silent,
    Mood::Late(45),
    Mood::WrongTransaction,
    Mood::WrongUnit,
    Mood::WrongFunction,
    Mood::Short,
    Mood::Long,
    Mood::Garbage,
    Mood::Half,
    Mood::Exception,
    Mood::Close,
];

/// Register values of the `turn`-th request.
fn truth(request: Request, turn: u16) -> Vec<u8> {
    let words = (0..request.count).map(|i| (request.address + i) << 8 | (turn & 0xff));
    words.flat_map(u16::to_be_bytes).collect()
}

/// The bytes that a device in this mood sends back.
fn answer(mood: Mood, framing: Framing, asked: (Request, u16), turn: u16) -> Vec<u8> {
    let (mut request, mut transaction) = asked;
    let mut data = truth(request, turn);
    match mood {
        Mood::WrongTransaction => transaction = transaction.wrapping_sub(1),
        Mood::WrongUnit => request.unit += 1,
        Mood::WrongFunction => request.function = Function::Input,
        Mood::Short => data.truncate(data.len() - 2),
        Mood::Long => data.extend([9, 9]),
        _ => {}
    }
    let mut out = [0; FRAME_MAX];
    let reply = match mood {
        Mood::Exception => Reply::Exception(4),
        _ => Reply::Data(&data),
    };
    let length = reply.build(request, framing, transaction, &mut out);
    let mut bytes = out[..length].to_vec();
    match mood {
        Mood::Silent | Mood::Close => bytes.clear(),
        Mood::WrongTransaction if framing == Framing::Rtu => bytes[length - 1] ^= 1,
        Mood::Garbage => bytes = vec![0xa5; 40],
        Mood::Half => bytes.truncate(length / 2),
        _ => {}
    }
    bytes
}

/// Serves one connection, a mood a request, until it ends; `turn` counts requests over connections.
async fn serve(
    mut wire: impl AsyncRead + AsyncWrite + Unpin,
    framing: Framing,
    moods: &[Mood],
    turn: &std::sync::atomic::AtomicU16,
) {
    let mut buffer = vec![0; 1024];
    let mut used = 0;
    while let Ok(got @ 1..) = wire.read(&mut buffer[used..]).await {
        used += got;
        let Parsed::Frame(asked, length) = Request::parse(framing, &buffer[..used]) else {
            continue;
        };
        buffer.copy_within(length..used, 0);
        used -= length;
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mood = moods[usize::from(turn) % moods.len()];
        if let Mood::Late(ms) = mood {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let bytes = answer(mood, framing, asked, turn);
        if matches!(mood, Mood::Close) || wire.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

fn request(address: u16) -> Request {
    Request {
        unit: 1,
        function: Function::Holding,
        address,
        count: 2,
    }
}

/// Asks many times; every value that is believed must be of this register, and of a request made
/// since the call began. How many were believed.
async fn never_wrong(channel: &mut Channel, turn: &std::sync::atomic::AtomicU16) -> usize {
    let mut believed = 0;
    for round in 0..60u16 {
        let address = 3 + round % 5;
        let first = turn.load(std::sync::atomic::Ordering::Relaxed);
        let asked = channel.ask(request(address), Duration::ZERO).await;
        let last = turn.load(std::sync::atomic::Ordering::Relaxed);
        if let Ok(Reply::Data(data)) = asked {
            let right = (first..last).any(|turn| truth(request(address), turn) == data);
            assert!(right, "round {round}: {data:?}");
            believed += 1;
        }
    }
    believed
}

async fn hostile_tcp(framing: Framing) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let turn = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let shared = turn.clone();
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve(stream, framing, &MOODS, &shared).await;
        }
    });
    let host = "127.0.0.1".to_owned();
    let link = match framing {
        Framing::Tcp => Link::Tcp { host, port },
        Framing::Rtu => Link::RtuOverTcp {
            host,
            port,
            baud: 9600,
        },
    };
    let bus = Bus {
        id: "bus".into(),
        link,
        timeout: Duration::from_millis(30),
        settle: Duration::ZERO,
    };
    let believed = never_wrong(&mut Channel::new(&bus), &turn).await;
    server.abort();
    believed
}

#[tokio::test]
async fn a_hostile_tcp_device_never_makes_a_wrong_value() {
    assert!(hostile_tcp(Framing::Tcp).await >= 3);
}

#[tokio::test]
async fn a_hostile_device_server_never_makes_a_wrong_value() {
    assert!(hostile_tcp(Framing::Rtu).await >= 3);
}

fn serial(wire: serial2_tokio::SerialPort, timeout: u64) -> Channel {
    let line = Line {
        port: PathBuf::new(),
        baud: 115_200,
        parity: Parity::None,
        stop_bits: 1,
    };
    let timeout = Duration::from_millis(timeout);
    let mut channel = Channel::new(&Bus {
        id: "line".into(),
        link: Link::Rtu(line),
        timeout,
        settle: Duration::ZERO,
    });
    channel.wire = Some(Wire::Serial(wire.into()));
    channel
}

#[tokio::test]
async fn a_hostile_device_on_a_line_never_makes_a_wrong_value() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let turn = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let shared = turn.clone();
    let moods = &MOODS[..MOODS.len() - 1];
    let server = tokio::spawn(async move { serve(theirs, Framing::Rtu, moods, &shared).await });
    let believed = never_wrong(&mut serial(ours, 30), &turn).await;
    server.abort();
    assert!(believed >= 3, "{believed}");
}

#[tokio::test]
async fn no_request_goes_out_before_the_line_was_silent() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let turn = Arc::new(std::sync::atomic::AtomicU16::new(0));
    let shared = turn.clone();
    let server =
        tokio::spawn(async move { serve(theirs, Framing::Rtu, &[Mood::Honest], &shared).await });
    let mut channel = serial(ours, 500);
    let start = Instant::now();
    for _ in 0..10 {
        channel.ask(request(1), Duration::ZERO).await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_micros(9 * 1750));
    server.abort();
}

#[tokio::test]
async fn a_bus_that_is_not_there_is_a_reason() {
    let link = Link::Tcp {
        host: "127.0.0.1".into(),
        port: 1,
    };
    let bus = Bus {
        id: "lan".into(),
        link,
        timeout: Duration::from_millis(100),
        settle: Duration::ZERO,
    };
    let mut channel = Channel::new(&bus);
    for _ in 0..2 {
        let failure = channel.ask(request(0), Duration::ZERO).await.unwrap_err();
        assert_eq!(failure.reason(), Reason::Unreachable);
    }
    assert!(channel.pause_ms() > BACKOFF_MIN_MS / 2);
}

/// A device that answers every request with as much noise as an answer has; how many it has heard.
async fn babble(mut wire: serial2_tokio::SerialPort, heard: &std::sync::atomic::AtomicU16) {
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
    let device = tokio::spawn(async move { babble(theirs, &shared).await });
    let mut channel = serial(ours, 400);
    let start = Instant::now();
    let failure = channel.ask(request(1), Duration::ZERO).await.unwrap_err();
    assert_eq!(failure.reason(), Reason::Corrupt);
    assert!(start.elapsed() < Duration::from_millis(600));
    assert_eq!(heard.load(std::sync::atomic::Ordering::Relaxed), 2);
    device.abort();
}

#[tokio::test]
async fn a_late_answer_on_a_line_is_thrown_away_and_counted() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let mut channel = serial(ours, 30);
    let failure = channel.ask(request(1), Duration::ZERO).await.unwrap_err();
    assert_eq!(failure.reason(), Reason::Timeout);
    assert_eq!(channel.take_counts().late, 0);
    let late = answer(Mood::Honest, Framing::Rtu, (request(1), 0), 7);
    theirs.write_all(&late).await.unwrap();
    // The reactor sees it on its next round.
    tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>())
        .await
        .unwrap_err();
    let asked = channel.ask(request(1), Duration::ZERO).await;
    // Late by its own word, and by more than the timeout; how much nobody has measured.
    let failure = asked.unwrap_err();
    assert_eq!(failure, Failure::Late(Duration::from_millis(30), None));
    let counts = channel.take_counts();
    assert_eq!((counts.late, counts.stale), (1, 0));
}

#[tokio::test]
async fn a_late_answer_does_not_pass_for_a_shorter_request_made_longer() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let mut channel = serial(ours, 60);
    let longer = Request {
        count: 3,
        ..request(9)
    };
    assert!(channel.ask(longer, Duration::ZERO).await.is_err());
    let device = tokio::spawn(async move {
        let mut asked = [0; 16];
        let mut used = 0;
        while used < 16 {
            used += theirs.read(&mut asked[used..]).await.unwrap();
        }
        let late = answer(Mood::Honest, Framing::Rtu, (longer, 0), 7);
        theirs.write_all(&late).await.unwrap();
        theirs
    });
    // Two registers, made longer because the unit owes three.
    let asked = channel.ask(request(1), Duration::ZERO).await;
    assert_eq!(asked.unwrap_err().reason(), Reason::Late);
    device.await.unwrap();
}

/// Answers device identifications: two texts, and a third one when asked on.
async fn introduce(mut wire: impl AsyncRead + AsyncWrite + Unpin) {
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
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((wire, _)) = listener.accept().await {
            introduce(wire).await;
        }
    });
    let bus = Bus {
        id: "b".into(),
        link: Link::Tcp {
            host: "127.0.0.1".into(),
            port,
        },
        timeout: Duration::from_secs(5),
        settle: Duration::ZERO,
    };
    let mut channel = Channel::new(&bus);
    let said = channel.identify(9, Duration::ZERO).await.unwrap().unwrap();
    let said: Vec<(u8, &str)> = said
        .iter()
        .map(|(number, text)| (*number, &**text))
        .collect();
    assert_eq!(said, [(0, "Acme"), (1, "X1"), (2, "v 7")]);
}

#[tokio::test]
async fn what_is_asked_through_the_owner_is_what_the_owner_hears() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let turn = std::sync::atomic::AtomicU16::new(0);
        while let Ok((wire, _)) = listener.accept().await {
            serve(wire, Framing::Tcp, &[Mood::Honest, Mood::Exception], &turn).await;
        }
    });
    let bus = Bus {
        id: "b".into(),
        link: Link::Tcp {
            host: "127.0.0.1".into(),
            port,
        },
        timeout: Duration::from_secs(5),
        settle: Duration::ZERO,
    };
    let (door, mut errands) = crate::errand::door();
    let mut owner = Channel::new(&bus);
    let owning = async {
        while let Some(errand) = errands.recv().await {
            owner.run_errand(errand).await;
        }
    };
    let asking = async {
        let mut shared = Channel::shared(&bus, door);
        shared.keep_trace();
        let asked = request(3);
        let reply = shared.ask(asked, Duration::ZERO).await;
        assert_eq!(reply, Ok(Reply::Data(&truth(asked, 0))));
        assert!(!shared.trace().1.is_empty());
        let reply = shared.ask(asked, Duration::ZERO).await;
        assert_eq!(reply, Ok(Reply::Exception(4)));
    };
    // The door closes with the one that asks.
    tokio::join!(owning, asking);
}

/// A server that drops what comes within `quiet` of each connection, and answers later requests
/// after `delay`; how many connections it had.
async fn dongle(
    framing: Framing,
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
                    let Parsed::Frame(asked, _) = Request::parse(framing, &buffer[..got]) else {
                        continue;
                    };
                    if Instant::now() < settled {
                        continue;
                    }
                    tokio::time::sleep(delay).await;
                    let bytes = answer(Mood::Honest, framing, asked, 7);
                    if wire.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, connections)
}

fn over_network(framing: Framing, port: u16, settle: Duration) -> Channel {
    let host = "127.0.0.1".to_owned();
    let link = match framing {
        Framing::Tcp => Link::Tcp { host, port },
        Framing::Rtu => Link::RtuOverTcp {
            host,
            port,
            baud: 9600,
        },
    };
    Channel::new(&Bus {
        id: "b".into(),
        link,
        timeout: Duration::from_millis(500),
        settle,
    })
}

/// Asks as a bus task does, with growing pauses, until there is an answer; how long it took.
async fn asked_until_answered(channel: &mut Channel) -> Duration {
    let begun = Instant::now();
    for misses in 0..12 {
        match channel.ask(request(3), Duration::ZERO).await {
            Ok(reply) => {
                assert_eq!(reply, Reply::Data(&truth(request(3), 7)));
                return begun.elapsed();
            }
            Err(failure) => assert_eq!(failure.reason(), Reason::Timeout),
        }
        let pause = tokio::time::sleep(Duration::from_millis(back_off_ms(misses)));
        tokio::pin!(pause);
        tokio::select! {
            () = &mut pause => {}
            () = channel.overhear() => pause.await,
        }
    }
    panic!("never answered");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_drops_what_comes_soon_after_connecting_answers_after_its_quiet_time() {
    for framing in [Framing::Tcp, Framing::Rtu] {
        for quiet in [200, 1000, 2000, 5000, 10_000].map(Duration::from_millis) {
            let (port, connections) = dongle(framing, quiet, Duration::ZERO).await;
            let mut channel = over_network(framing, port, Duration::ZERO);
            let took = asked_until_answered(&mut channel).await;
            assert!(took >= quiet && took <= 2 * quiet + Duration::from_secs(1));
            // One lost answer more does not begin the quiet time anew.
            channel.connection.silent(1, Instant::now());
            let took = asked_until_answered(&mut channel).await;
            assert!(took < Duration::from_millis(100), "{took:?}");
            let count = connections.load(std::sync::atomic::Ordering::Relaxed);
            assert_eq!(count, 1, "{quiet:?}");

            let (port, connections) = dongle(framing, quiet, Duration::ZERO).await;
            let mut told = over_network(framing, port, quiet + Duration::from_millis(1));
            let begun = Instant::now();
            told.ask(request(3), Duration::ZERO).await.unwrap();
            assert!(begun.elapsed() < quiet + Duration::from_millis(100));
            assert_eq!(told.take_counts().timeouts, 0);
            let count = connections.load(std::sync::atomic::Ordering::Relaxed);
            assert_eq!(count, 1, "{quiet:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_is_told_with_its_delay_and_never_taken_for_another() {
    for framing in [Framing::Tcp, Framing::Rtu] {
        let (port, _) = dongle(framing, Duration::ZERO, Duration::from_millis(800)).await;
        let mut channel = over_network(framing, port, Duration::ZERO);
        let first = channel.ask(request(1), Duration::ZERO).await.unwrap_err();
        assert_eq!(first.reason(), Reason::Timeout);
        channel.overhear().await;
        let after = channel.lateness(1).and_then(|late| late.after).unwrap();
        assert!((800..900).contains(&after.as_millis()), "{after:?}");
        let asked = channel.ask(request(9), Duration::ZERO).await.unwrap_err();
        assert_eq!(asked.reason(), Reason::Late);
        assert!(asked.to_string().contains("after 80"), "{asked}");
        channel.overhear().await;
        assert_eq!(channel.take_counts().late, 2);
        channel.set_timeout(Duration::from_secs(2));
        let reply = channel.ask(request(9), Duration::ZERO).await;
        assert_eq!(reply, Ok(Reply::Data(&truth(request(9), 7))));
        assert!(channel.late_units().is_empty());
    }
}

#[tokio::test]
async fn a_late_answer_that_comes_in_pieces_does_no_harm_to_a_neighbour() {
    let (ours, theirs) = serial2_tokio::SerialPort::pair().unwrap();
    let mut channel = serial(ours, 100);
    assert!(channel.ask(request(1), Duration::ZERO).await.is_err());
    let neighbour = Request {
        unit: 2,
        ..request(5)
    };
    let device = tokio::spawn(async move {
        let mut asked = [0; 16];
        let mut used = 0;
        while used < 16 {
            used += theirs.read(&mut asked[used..]).await.unwrap();
        }
        let late = answer(Mood::Honest, Framing::Rtu, (request(1), 0), 7);
        for piece in late.chunks(4) {
            theirs.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let own = answer(Mood::Honest, Framing::Rtu, (neighbour, 0), 8);
        theirs.write_all(&own).await.unwrap();
        theirs
    });
    channel.set_timeout(Duration::from_secs(5));
    let reply = channel.ask(neighbour, Duration::ZERO).await;
    assert_eq!(reply, Ok(Reply::Data(&truth(neighbour, 8))));
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
                let Parsed::Frame(asked, _) = Request::parse(Framing::Tcp, &buffer[..got]) else {
                    continue;
                };
                let mut bytes = answer(Mood::Honest, Framing::Tcp, asked, 7);
                bytes[5] += 6;
                wire.write_all(&bytes).await.unwrap();
            }
        }
    });
    let mut channel = over_network(Framing::Tcp, port, Duration::ZERO);
    let failure = channel.ask(request(1), Duration::ZERO).await.unwrap_err();
    assert_eq!(failure.reason(), Reason::Header);
    let said = failure.to_string();
    assert!(
        said.contains("length in the header is 13, should be 7"),
        "{said}"
    );
}
