//! Modbus TCP devices of the bench; each answers function 3 with 50 f32 that encode the number of
//! the poll.

use crate::harness::now_ns;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Values of one device.
pub(crate) const POINTS_PER_DEVICE: u16 = 50;

/// Behaviour of a device.
#[derive(Clone, Copy)]
pub(crate) enum BenchDeviceBehaviour {
    /// Answers at once.
    Prompt,
    /// Answers after so long.
    Slow(Duration),
    /// Takes requests and never answers.
    Silent,
}

/// A device, and when it answered its first, second, ... request (ns since 1970).
#[derive(Clone)]
pub(crate) struct BenchDevice {
    /// Port it listens on.
    pub(crate) port: u16,
    answered: Arc<Mutex<Vec<i64>>>,
}

impl BenchDevice {
    /// Starts one on a free port; its thread lives as long as the bench.
    pub(crate) fn start(manner: BenchDeviceBehaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answered = Arc::new(Mutex::new(Vec::new()));
        let device = Self { port, answered };
        let shared = device.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                thread::spawn(move || shared.serve(stream, manner));
            }
        });
        device
    }

    /// Returns the time at which poll number `poll` was answered, ns since 1970.
    pub(crate) fn answered_at(&self, poll: usize) -> Option<i64> {
        self.answered.lock().unwrap().get(poll).copied()
    }

    fn serve(&self, mut stream: TcpStream, manner: BenchDeviceBehaviour) -> Option<()> {
        // Without it, Nagle's algorithm would add delays that belong to the bench and not to the
        // gateway.
        stream.set_nodelay(true).ok()?;
        loop {
            let mut asked = [0; 12];
            stream.read_exact(&mut asked).ok()?;
            match manner {
                BenchDeviceBehaviour::Silent => continue,
                BenchDeviceBehaviour::Slow(pause) => thread::sleep(pause),
                BenchDeviceBehaviour::Prompt => {}
            }
            let address = u16::from_be_bytes([asked[8], asked[9]]);
            let count = u16::from_be_bytes([asked[10], asked[11]]);
            let body = 2 * count;
            let mut said = asked[..4].to_vec();
            said.extend((3 + body).to_be_bytes());
            said.extend([asked[6], asked[7], u8::try_from(body).ok()?]);
            said.extend(self.register_bytes(address, count));
            stream.write_all(&said).ok()?;
        }
    }

    /// The registers asked for, as bytes; notes the moment.
    fn register_bytes(&self, address: u16, count: u16) -> Vec<u8> {
        // The time is taken when the values are made, because the latency is counted from there.
        let mut answered = self.answered.lock().unwrap();
        let poll = answered.len();
        answered.push(now_ns());
        let bytes = (0..POINTS_PER_DEVICE).flat_map(|point| poll_value(poll, point).to_be_bytes());
        bytes
            .skip(2 * usize::from(address))
            .take(2 * usize::from(count))
            .collect()
    }
}

/// Returns the value of point `point` at poll `poll`: exact in an f32, and different each time.
#[expect(
    clippy::cast_precision_loss,
    reason = "below 2^24, where every f32 is exact"
)]
pub(crate) fn poll_value(poll: usize, point: u16) -> f32 {
    // 64 is more than the points of a device, so a value names both its poll and its point.
    ((poll % 200_000) * 64 + usize::from(point)) as f32 / 4.0
}

/// The poll that a value of point 0 belongs to.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the inverse of `value`, which gives small whole numbers"
)]
pub(crate) fn poll_of_value(value: f64) -> usize {
    (value * 4.0) as usize / 64
}
