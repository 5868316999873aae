//! Server of simulated chips on I2C: transactions over a Unix socket, as `buses::i2c` sends them.

use super::chip_models::SimulatedChips;
use super::pin_point::SimulatedPinPoint;
use crate::buses::i2c::{READ_PART, WRITE_PART};
use crate::limits::pin_limits::{I2C_PART_BYTES_MAX, I2C_PARTS_MAX, SIMULATED_I2C_MASTERS_MAX};
use crate::simulator::world::SimulatedWorld;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

/// Part of a transaction.
enum I2cPart {
    Write(Vec<u8>),
    Read(usize),
}

/// Starts the bus with the chips of these points at a path.
pub(super) fn serve_chips(
    path: &Path,
    points: Vec<SimulatedPinPoint>,
    world: &SimulatedWorld,
    tasks: &mut JoinSet<()>,
) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    let chips = Arc::new(Mutex::new(SimulatedChips::new(points)));
    let world = world.clone();
    tasks.spawn(async move {
        let mut masters = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            while masters.try_join_next().is_some() {}
            if masters.len() < SIMULATED_I2C_MASTERS_MAX {
                masters.spawn(serve_master(stream, Arc::clone(&chips), world.clone()));
            }
        }
    });
    Ok(())
}

/// Serves one master until it hangs up or sends nonsense.
async fn serve_master(
    mut stream: UnixStream,
    chips: Arc<Mutex<SimulatedChips>>,
    world: SimulatedWorld,
) {
    while let Ok((address, parts)) = read_request(&mut stream).await {
        let reply = reply_bytes(&chips, &world, address, &parts);
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut UnixStream) -> io::Result<(u8, Vec<I2cPart>)> {
    let nonsense = || io::Error::from(io::ErrorKind::InvalidData);
    let (address, count) = (stream.read_u8().await?, stream.read_u8().await?);
    if usize::from(count) > I2C_PARTS_MAX {
        return Err(nonsense());
    }
    let mut parts = Vec::new();
    for _ in 0..count {
        let (word, length) = (stream.read_u8().await?, stream.read_u8().await?);
        let length = usize::from(length);
        if length > I2C_PART_BYTES_MAX {
            return Err(nonsense());
        }
        parts.push(match word {
            READ_PART => I2cPart::Read(length),
            WRITE_PART => {
                let mut bytes = vec![0; length];
                stream.read_exact(&mut bytes).await?;
                I2cPart::Write(bytes)
            }
            _ => return Err(nonsense()),
        });
    }
    Ok((address, parts))
}

/// Makes a transaction: 0 and the bytes read, or the error that the kernel gives.
fn reply_bytes(
    chips: &Mutex<SimulatedChips>,
    world: &SimulatedWorld,
    address: u8,
    parts: &[I2cPart],
) -> Vec<u8> {
    let now = world.snapshot();
    // A chip is consistent after each part, so a panic of another thread does not matter.
    let mut chips = chips.lock().unwrap_or_else(PoisonError::into_inner);
    let mut reply = vec![0];
    for part in parts {
        let done = match part {
            I2cPart::Write(bytes) => chips.write(address, bytes),
            I2cPart::Read(count) => chips
                .read(address, *count, &now)
                .map(|bytes| reply.extend(bytes)),
        };
        if done.is_none() {
            // As the I2C of a Raspberry Pi says that nobody acknowledged.
            return vec![u8::try_from(libc::EREMOTEIO).unwrap_or(u8::MAX)];
        }
    }
    reply
}
