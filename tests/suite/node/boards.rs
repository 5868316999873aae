//! Emulated boards with the node's images: QEMU's lm3s6965evb, and an RP2040 in rp2040js.

use crate::peers::{PeerProcess, peer_file, wait_for};
use drivers::frame::crc16;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Longest wait for an answer; an emulator on a busy computer is slow.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// A file that `firmware/node/build` makes.
#[track_caller]
pub(super) fn built_image(name: &str) -> PathBuf {
    // The test binary is in `deps`, two folders below the build folder.
    let program = std::env::current_exe().unwrap();
    let image = program
        .ancestors()
        .nth(3)
        .unwrap()
        .join("firmware")
        .join(name);
    assert!(image.exists(), "{}: tests/run builds it", image.display());
    image
}

/// The RP2040 with sensors; it takes commands (`tests/peers/rp2040/board.mjs`).
pub(super) struct PicoBoard {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    socket: PathBuf,
}

impl PicoBoard {
    /// Starts the board with a flash that holds the image only.
    #[track_caller]
    pub(super) fn start(folder: &Path) -> Self {
        let modules = std::env::var_os("PANTAU_NODE_MODULES");
        assert!(
            modules.is_some(),
            "PANTAU_NODE_MODULES is not set: use tests/run"
        );
        let socket = folder.join("uart.sock");
        let mut process = Command::new("node")
            .arg(peer_file("rp2040/board.mjs"))
            .arg(built_image("pantau-node.uf2"))
            .arg(&socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("no node: use tests/run");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut board = Self {
            process,
            input,
            output,
            socket,
        };
        assert_eq!(board.read_line(), "ready");
        board
    }

    fn read_line(&mut self) -> String {
        let mut said = String::new();
        self.output.read_line(&mut said).unwrap();
        said.trim().to_owned()
    }

    /// Gives a command and returns its answer.
    #[track_caller]
    pub(super) fn command(&mut self, text: &str) -> Value {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{text}").unwrap();
        let said = self.read_line();
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{text}: {said}"))
    }

    /// Connects to the line.
    pub(super) fn raw_line(&self) -> RawLine {
        RawLine::connect(&self.socket)
    }

    /// Gives the line a serial port.
    pub(super) fn serial_port(&self, folder: &Path) -> (PeerProcess, PathBuf) {
        socket_port(&self.socket, folder)
    }
}

impl Drop for PicoBoard {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// QEMU's board.
pub(super) struct QemuBoard {
    _process: PeerProcess,
    monitor: BufReader<UnixStream>,
    socket: PathBuf,
}

impl QemuBoard {
    /// Starts the board.
    #[track_caller]
    pub(super) fn start(folder: &Path) -> Self {
        let (socket, monitor) = (folder.join("uart.sock"), folder.join("monitor.sock"));
        let server = |path: &Path| format!("path={},server=on,wait=off", path.display());
        let mut command = Command::new("qemu-system-arm");
        command
            .args([
                "-M",
                "lm3s6965evb",
                "-nodefaults",
                "-display",
                "none",
                "-kernel",
            ])
            .arg(built_image("thumbv7m-none-eabi/release/lm3s6965"))
            .args([
                "-serial",
                "chardev:uart",
                "-mon",
                "chardev=monitor,mode=control",
            ])
            .arg("-chardev")
            .arg(format!("socket,id=uart,{}", server(&socket)))
            .arg("-chardev")
            .arg(format!("socket,id=monitor,{}", server(&monitor)))
            .stderr(Stdio::null());
        let process = PeerProcess::start(&mut command);
        wait_for("the emulator", || socket.exists() && monitor.exists());
        let mut board = Self {
            _process: process,
            monitor: BufReader::new(UnixStream::connect(&monitor).unwrap()),
            socket,
        };
        board.wait_for_word("QMP");
        board.order("qmp_capabilities", "return");
        board
    }

    /// Resets the chip.
    pub(super) fn reset(&mut self) {
        self.order("system_reset", "RESET");
    }

    fn order(&mut self, name: &str, answer: &str) {
        writeln!(self.monitor.get_mut(), "{{\"execute\": \"{name}\"}}").unwrap();
        self.wait_for_word(answer);
    }

    #[track_caller]
    fn wait_for_word(&mut self, word: &str) {
        let mut said = String::new();
        while !said.contains(word) {
            said.clear();
            assert!(self.monitor.read_line(&mut said).unwrap() > 0, "{word}");
        }
    }

    /// Connects to the line.
    pub(super) fn raw_line(&self) -> RawLine {
        RawLine::connect(&self.socket)
    }

    /// Gives the line a serial port.
    pub(super) fn serial_port(&self, folder: &Path) -> (PeerProcess, PathBuf) {
        socket_port(&self.socket, folder)
    }
}

fn socket_port(socket: &Path, folder: &Path) -> (PeerProcess, PathBuf) {
    let port = folder.join("port");
    let _ = std::fs::remove_file(&port);
    let near = format!("pty,raw,echo=0,link={}", port.display());
    let far = format!("unix-connect:{}", socket.display());
    let peer = PeerProcess::start(Command::new("socat").args([near, far]));
    wait_for("the line", || port.exists());
    (peer, port)
}

/// Line on which the test itself is the master.
pub(super) struct RawLine(UnixStream);

impl RawLine {
    fn connect(socket: &Path) -> Self {
        Self(UnixStream::connect(socket).unwrap())
    }

    /// Sends bytes as they are.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Sends unit and PDU with their checksum; returns the PDU of the answer.
    #[track_caller]
    pub(super) fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.send(&with_crc(request));
        let answer = self.receive(ANSWER_WAIT);
        assert!(answer.len() >= 4, "{request:02x?}: {answer:02x?}");
        assert_eq!(crc16(&answer), 0, "{request:02x?}: {answer:02x?}");
        assert_eq!(answer[0], request[0], "{request:02x?}: {answer:02x?}");
        answer[1..answer.len() - 2].to_vec()
    }

    /// Receives a whole answer, or what came before the time was over.
    pub(super) fn receive(&mut self, wait: Duration) -> Vec<u8> {
        let (mut answer, mut piece) = (Vec::new(), [0; 300]);
        self.0.set_read_timeout(Some(wait)).unwrap();
        while !is_whole(&answer) {
            match self.0.read(&mut piece) {
                Ok(count) if count > 0 => answer.extend(&piece[..count]),
                _ => break,
            }
        }
        answer
    }

    /// Reads input registers.
    #[track_caller]
    pub(super) fn read_input(&mut self, unit: u8, address: u16, count: u8) -> Vec<u16> {
        let [high, low] = address.to_be_bytes();
        let pdu = self.ask(&[unit, 4, high, low, 0, count]);
        assert_eq!(pdu[..2], [4, count * 2]);
        let words = pdu[2..].chunks(2);
        words
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect()
    }
}

/// Returns true for a whole answer, by its function. A pause means nothing: a busy computer can
/// stop an emulator in the middle of a frame.
fn is_whole(answer: &[u8]) -> bool {
    match *answer {
        [_, 3 | 4, count, ..] => answer.len() >= 5 + usize::from(count),
        [_, 6 | 16, ..] => answer.len() >= 8,
        [_, 0x80..=0xff, ..] => answer.len() >= 5,
        // Of texts, whose length is known only at their end.
        _ => answer.len() > 8 && crc16(answer) == 0,
    }
}

/// Bytes with their checksum behind them.
pub(super) fn with_crc(bytes: &[u8]) -> Vec<u8> {
    let mut frame = bytes.to_vec();
    frame.extend(crc16(bytes).to_le_bytes());
    frame
}
