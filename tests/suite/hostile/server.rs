//! A Modbus server with moods, over TCP, RTU over TCP and a serial line. Every register that it
//! gives says of which unit and which place it is and which request it answers, and every request
//! is logged: whatever the gateway keeps can be judged.

use drivers::frame::{FRAME_MAX, Framing, Function, Parsed, Reply, Request};
use gateway::clock::Clock;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How unit 1 behaves; every other unit is honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Honest,
    Silent,
    Late,
    /// The transaction before; on a line a wrong checksum.
    Transaction,
    /// As if unit 2 had answered.
    Unit,
    Function,
    Short,
    Long,
    Garbage,
    Half,
    Exception,
    /// Ends the connection; a line stays silent.
    Close,
    /// Another one for each request.
    Any,
}

/// All that can go wrong, one at a time.
pub(super) const MISBEHAVIOUR: [Mood; 11] = [
    Mood::Silent,
    Mood::Late,
    Mood::Transaction,
    Mood::Unit,
    Mood::Function,
    Mood::Short,
    Mood::Long,
    Mood::Garbage,
    Mood::Half,
    Mood::Exception,
    Mood::Close,
];

/// A request as it came; its place in the log is its turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// Milliseconds since 1970 UTC.
    pub(super) at: i64,
    pub(super) request: Request,
}

/// A server; it serves as long as the test's process lives.
#[derive(Clone)]
pub(super) struct Server {
    framing: Framing,
    is_line: bool,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    /// A register that does not exist.
    illegal: Option<u16>,
    log: Vec<Asked>,
    dice: u64,
}

type Out = Arc<Mutex<Box<dyn Write + Send>>>;

impl Server {
    fn new(framing: Framing, is_line: bool, seed: u64, illegal: Option<u16>) -> Self {
        let state = State {
            mood: Mood::Honest,
            illegal,
            log: Vec::new(),
            dice: seed,
        };
        Self {
            framing,
            is_line,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Listens on a free port of loopback.
    pub(super) fn tcp(framing: Framing, seed: u64, illegal: Option<u16>) -> (Self, u16) {
        let server = Self::new(framing, false, seed, illegal);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, out) = (serving.clone(), stream.try_clone());
                std::thread::spawn(move || server.serve(stream, Box::new(out.unwrap())));
            }
        });
        (server, port)
    }

    /// Serves the far end of a line.
    pub(super) fn line(port: &Path, seed: u64) -> Self {
        let server = Self::new(Framing::Rtu, true, seed, None);
        let file = File::options().read(true).write(true).open(port).unwrap();
        let (serving, out) = (server.clone(), file.try_clone().unwrap());
        std::thread::spawn(move || serving.serve(file, Box::new(out)));
        server
    }

    pub(super) fn be(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    pub(super) fn log(&self) -> Vec<Asked> {
        self.state.lock().unwrap().log.clone()
    }

    fn serve(&self, mut wire: impl Read, out: Box<dyn Write + Send>) {
        let (mut buffer, mut used) = ([0; 1024], 0);
        let out: Out = Arc::new(Mutex::new(out));
        while let Ok(got @ 1..) = wire.read(&mut buffer[used..]) {
            used += got;
            loop {
                let done = match Request::parse(self.framing, &buffer[..used]) {
                    Parsed::More(_) => break,
                    Parsed::Garbage(_, bytes) => bytes,
                    Parsed::Frame(asked, bytes) => {
                        if !self.answer(asked, &out) {
                            return;
                        }
                        bytes
                    }
                };
                buffer.copy_within(done..used, 0);
                used -= done;
            }
        }
    }

    /// False when the connection is to end.
    fn answer(&self, (request, transaction): (Request, u16), out: &Out) -> bool {
        let (turn, mood, dice, illegal) = self.state.lock().unwrap().note(request);
        let covered = request.address..request.address + request.count;
        let asks_illegal = !request.function.is_bits()
            && illegal.is_some_and(|illegal| covered.contains(&illegal));
        let bytes = if asks_illegal {
            frame(self.framing, request, transaction, Reply::Exception(2))
        } else {
            moody(mood, self.framing, (request, transaction), turn)
        };
        if mood == Mood::Late {
            let out = Arc::clone(out);
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(250 + dice % 400));
                let _ = out.lock().unwrap().write_all(&bytes);
            });
            return true;
        }
        // In two pieces, as networks like to.
        let (first, rest) = bytes.split_at(usize::try_from(dice).unwrap() % (bytes.len() + 1));
        let mut out = out.lock().unwrap();
        let ends = mood == Mood::Close && !self.is_line;
        !ends && out.write_all(first).is_ok() && out.write_all(rest).is_ok()
    }
}

impl State {
    /// Logs a request; its turn, the mood for it, a throw of the dice, and what does not exist.
    fn note(&mut self, request: Request) -> (usize, Mood, u64, Option<u16>) {
        let at = Clock::system().now().at.0;
        self.log.push(Asked { at, request });
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        let dice = self.dice >> 32;
        let mood = match self.mood {
            _ if request.unit != 1 => Mood::Honest,
            Mood::Any => MISBEHAVIOUR[usize::try_from(dice).unwrap() % MISBEHAVIOUR.len()],
            mood => mood,
        };
        (self.log.len() - 1, mood, dice, self.illegal)
    }
}

/// The register at `address`: at thousands and behind, the halves of a number of unit, place and
/// turn; elsewhere the turn alone.
fn word(unit: u8, address: u16, turn: usize) -> u16 {
    let turn = u32::try_from(turn).unwrap();
    let number = u32::from(unit) << 28 | u32::from(address / 1000) << 24 | turn;
    let halves = number.to_be_bytes();
    match address % 1000 {
        0 => u16::from_be_bytes([halves[0], halves[1]]),
        _ => u16::from_be_bytes([halves[2], halves[3]]),
    }
}

/// Every third bit of a table of bits is set.
fn truth(request: Request, turn: usize) -> Vec<u8> {
    let places = (0..request.count).map(|place| request.address + place);
    if !request.function.is_bits() {
        let words = places.map(|address| word(request.unit, address, turn));
        return words.flat_map(u16::to_be_bytes).collect();
    }
    let mut bytes = vec![0; request.data_bytes()];
    for (place, address) in places.enumerate() {
        bytes[place / 8] |= u8::from(address % 3 == 0) << (place % 8);
    }
    bytes
}

fn frame(framing: Framing, request: Request, transaction: u16, reply: Reply<'_>) -> Vec<u8> {
    let mut out = [0; FRAME_MAX];
    let length = reply.build(request, framing, transaction, &mut out);
    out[..length].to_vec()
}

/// What a unit in this mood sends back.
fn moody(mood: Mood, framing: Framing, asked: (Request, u16), turn: usize) -> Vec<u8> {
    let (mut request, mut transaction) = asked;
    let mut data = truth(request, turn);
    match mood {
        Mood::Transaction => transaction = transaction.wrapping_sub(1),
        Mood::Unit => request.unit = 2,
        Mood::Function => request.function = Function::Input,
        Mood::Short => data.truncate(data.len() - 2),
        Mood::Long => data.extend([9, 9]),
        _ => {}
    }
    let reply = match mood {
        Mood::Exception => Reply::Exception(4),
        _ => Reply::Data(&data),
    };
    let mut bytes = frame(framing, request, transaction, reply);
    match mood {
        Mood::Silent | Mood::Close => bytes.clear(),
        Mood::Transaction if framing == Framing::Rtu => *bytes.last_mut().unwrap() ^= 1,
        Mood::Garbage => bytes = vec![0xa5; 40],
        Mood::Half => bytes.truncate(bytes.len() / 2),
        _ => {}
    }
    bytes
}
