//! Modbus server with selectable misbehaviour, over TCP, RTU over TCP and a serial line. Every
//! register value encodes unit, place and request number, and every request is logged, so that
//! every stored value can be checked.

use drivers::frame::{ModbusFraming, ModbusReadReply, ModbusReadRequest, ParsedFrame};
use gateway::clock::Clock;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::reply_faults::{ReplyFault, faulty_reply, reply_frame};

/// Behaviour of unit 1; all other units behave well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerBehaviour {
    Honest,
    Late,
    Faulty(ReplyFault),
    /// Ends the connection; a line stays silent.
    Close,
    /// Another one for each request.
    Any,
}

/// All that can go wrong, one at a time.
pub(super) const ALL_MISBEHAVIOURS: [ServerBehaviour; 11] = [
    ServerBehaviour::Faulty(ReplyFault::Silent),
    ServerBehaviour::Late,
    ServerBehaviour::Faulty(ReplyFault::Transaction),
    ServerBehaviour::Faulty(ReplyFault::Unit),
    ServerBehaviour::Faulty(ReplyFault::Function),
    ServerBehaviour::Faulty(ReplyFault::Short),
    ServerBehaviour::Faulty(ReplyFault::Long),
    ServerBehaviour::Faulty(ReplyFault::Garbage),
    ServerBehaviour::Faulty(ReplyFault::Half),
    ServerBehaviour::Faulty(ReplyFault::Exception),
    ServerBehaviour::Close,
];

/// Received request; its index in the log is its turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoggedRequest {
    /// Milliseconds since 1970 UTC.
    pub(super) at: i64,
    pub(super) request: ModbusReadRequest,
}

/// A server; it serves as long as the test's process lives.
#[derive(Clone)]
pub(super) struct MisbehavingServer {
    framing: ModbusFraming,
    is_line: bool,
    state: Arc<Mutex<ServerState>>,
}

struct ServerState {
    mood: ServerBehaviour,
    /// A register that does not exist.
    illegal: Option<u16>,
    log: Vec<LoggedRequest>,
    dice: u64,
}

type SharedOutput = Arc<Mutex<Box<dyn Write + Send>>>;

impl MisbehavingServer {
    fn new(framing: ModbusFraming, is_line: bool, seed: u64, illegal: Option<u16>) -> Self {
        let state = ServerState {
            mood: ServerBehaviour::Honest,
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
    pub(super) fn listen_tcp(
        framing: ModbusFraming,
        seed: u64,
        illegal: Option<u16>,
    ) -> (Self, u16) {
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
    pub(super) fn serve_line(port: &Path, seed: u64) -> Self {
        let server = Self::new(ModbusFraming::Rtu, true, seed, None);
        let file = File::options().read(true).write(true).open(port).unwrap();
        let (serving, out) = (server.clone(), file.try_clone().unwrap());
        std::thread::spawn(move || serving.serve(file, Box::new(out)));
        server
    }

    pub(super) fn set_behaviour(&self, mood: ServerBehaviour) {
        self.state.lock().unwrap().mood = mood;
    }

    pub(super) fn log(&self) -> Vec<LoggedRequest> {
        self.state.lock().unwrap().log.clone()
    }

    fn serve(&self, mut wire: impl Read, out: Box<dyn Write + Send>) {
        let (mut buffer, mut used) = ([0; 1024], 0);
        let out: SharedOutput = Arc::new(Mutex::new(out));
        while let Ok(got @ 1..) = wire.read(&mut buffer[used..]) {
            used += got;
            loop {
                let done = match ModbusReadRequest::parse(self.framing, &buffer[..used]) {
                    ParsedFrame::Incomplete(_) => break,
                    ParsedFrame::Garbage(_, bytes) => bytes,
                    ParsedFrame::Frame(asked, bytes) => {
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
    fn answer(&self, (request, transaction): (ModbusReadRequest, u16), out: &SharedOutput) -> bool {
        let (turn, mood, dice, illegal) = self.state.lock().unwrap().log_request(request);
        let covered = request.address..request.address + request.count;
        let asks_illegal = !request.function.is_bits()
            && illegal.is_some_and(|illegal| covered.contains(&illegal));
        let bytes = if asks_illegal {
            let reply = ModbusReadReply::Exception(2);
            reply_frame(self.framing, (request, transaction), reply)
        } else {
            let fault = match mood {
                ServerBehaviour::Faulty(fault) => Some(fault),
                ServerBehaviour::Close => Some(ReplyFault::Silent),
                _ => None,
            };
            let data = true_data(request, turn);
            faulty_reply(fault, self.framing, (request, transaction), data)
        };
        if mood == ServerBehaviour::Late {
            let out = Arc::clone(out);
            std::thread::spawn(move || {
                // 250 to 649 ms is after the timeout of 200 ms, and often in the middle of the
                // answer to the next request.
                std::thread::sleep(Duration::from_millis(250 + dice % 400));
                let _ = out.lock().unwrap().write_all(&bytes);
            });
            return true;
        }
        // In two pieces, as networks like to.
        let (first, rest) = bytes.split_at(usize::try_from(dice).unwrap() % (bytes.len() + 1));
        let mut out = out.lock().unwrap();
        let ends = mood == ServerBehaviour::Close && !self.is_line;
        !ends && out.write_all(first).is_ok() && out.write_all(rest).is_ok()
    }
}

impl ServerState {
    /// Logs a request; its turn, the mood for it, a throw of the dice, and what does not exist.
    fn log_request(
        &mut self,
        request: ModbusReadRequest,
    ) -> (usize, ServerBehaviour, u64, Option<u16>) {
        let at = Clock::system().now().at.0;
        self.log.push(LoggedRequest { at, request });
        // Xorshift: a seed gives the same faults in every run, without a crate.
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        let dice = self.dice >> 32;
        let mood = match self.mood {
            _ if request.unit != 1 => ServerBehaviour::Honest,
            ServerBehaviour::Any => {
                ALL_MISBEHAVIOURS[usize::try_from(dice).unwrap() % ALL_MISBEHAVIOURS.len()]
            }
            mood => mood,
        };
        (self.log.len() - 1, mood, dice, self.illegal)
    }
}

/// The register at `address`: at thousands and behind, the halves of a number of unit, place and
/// turn; elsewhere the turn alone.
fn register_word(unit: u8, address: u16, turn: usize) -> u16 {
    let turn = u32::try_from(turn).unwrap();
    // Four bits of unit, four of place and 24 of turn: a value alone tells whether it is the right
    // one.
    let number = u32::from(unit) << 28 | u32::from(address / 1000) << 24 | turn;
    let halves = number.to_be_bytes();
    match address % 1000 {
        0 => u16::from_be_bytes([halves[0], halves[1]]),
        _ => u16::from_be_bytes([halves[2], halves[3]]),
    }
}

/// Every third bit of a table of bits is set.
fn true_data(request: ModbusReadRequest, turn: usize) -> Vec<u8> {
    let places = (0..request.count).map(|place| request.address + place);
    if !request.function.is_bits() {
        let words = places.map(|address| register_word(request.unit, address, turn));
        return words.flat_map(u16::to_be_bytes).collect();
    }
    let mut bytes = vec![0; request.data_bytes()];
    for (place, address) in places.enumerate() {
        bytes[place / 8] |= u8::from(address % 3 == 0) << (place % 8);
    }
    bytes
}
