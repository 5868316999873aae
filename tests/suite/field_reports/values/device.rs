//! A Modbus TCP server that holds the registers of a report.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Registers of every unit, both tables alike, by address (all others are refused), and the
/// addresses that were asked.
#[derive(Clone, Default)]
pub(super) struct RegisterServer {
    pub(super) registers: Arc<Mutex<BTreeMap<u16, u16>>>,
    pub(super) asked: Arc<Mutex<Vec<u16>>>,
    /// It hangs up after so many answers.
    pub(super) patience: Option<usize>,
}

impl RegisterServer {
    pub(super) fn new(blocks: &[(u16, &[u16])]) -> Self {
        let device = Self::default();
        for (first, words) in blocks {
            device.set_registers(*first, words);
        }
        device
    }

    pub(super) fn set_registers(&self, first: u16, words: &[u16]) {
        let places = (first..).zip(words.iter().copied());
        self.registers.lock().unwrap().extend(places);
    }

    /// Serves on a free port as long as the test's process lives.
    pub(super) fn serve(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let device = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let device = device.clone();
                std::thread::spawn(move || device.serve_connection(stream));
            }
        });
        port
    }

    fn serve_connection(&self, mut stream: TcpStream) {
        let mut request = [0; 12];
        let mut left = self.patience.unwrap_or(usize::MAX);
        while left > 0 && stream.read_exact(&mut request).is_ok() {
            let word = |at: usize| u16::from_be_bytes([request[at], request[at + 1]]);
            let (first, count) = (word(8), word(10));
            // Logged before the answer, so that a test sees a request as soon as it has its answer.
            self.asked.lock().unwrap().push(first);
            let registers = self.registers.lock().unwrap();
            let places = first..first.saturating_add(count);
            let words: Option<Vec<u16>> = places.map(|at| registers.get(&at).copied()).collect();
            let pdu = match words {
                Some(words) => {
                    let bytes = words.iter().flat_map(|word| word.to_be_bytes());
                    let size = u8::try_from(2 * count).unwrap();
                    [request[7], size].into_iter().chain(bytes).collect()
                }
                // Exception 2: real devices refuse a whole read when one of its addresses does not
                // exist.
                None => vec![request[7] | 0x80, 2],
            };
            let length = u16::try_from(pdu.len() + 1).unwrap().to_be_bytes();
            let head = [&request[..4], &length, &request[6..7]].concat();
            if stream.write_all(&[head, pdu].concat()).is_err() {
                return;
            }
            left -= 1;
        }
    }
}
