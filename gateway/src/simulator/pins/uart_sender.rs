//! Simulated ultrasonic sensor at a UART: a pseudo terminal on which it sends by itself.

use super::pin_point::SimulatedPinPoint;
use crate::simulator::pty::PseudoTerminal;
use crate::simulator::world::SimulatedWorld;
use drivers::a02yyuw::frame_of_distance;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Time between two frames; the real sensor takes 100 to 300 ms.
const FRAME_PAUSE: Duration = Duration::from_millis(200);

/// Starts the sensor; returns the path of the port. A port without a point is silent.
pub(super) fn serve_sensor(
    baud: u32,
    points: Vec<SimulatedPinPoint>,
    (world, mut started): (&SimulatedWorld, watch::Receiver<bool>),
    tasks: &mut JoinSet<()>,
) -> io::Result<PathBuf> {
    let mut line = PseudoTerminal::open(baud)?;
    let path = line.path().clone();
    let world = world.clone();
    tasks.spawn(async move {
        // The simulation may end before.
        let _ = started.wait_for(|started| *started).await;
        let mut turn = tokio::time::interval(FRAME_PAUSE);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            turn.tick().await;
            let Some(point) = points.first() else {
                continue;
            };
            let frame = frame_of_distance(point.word(&world.snapshot()));
            // Nobody may read: then the line is full, and this frame is lost as on a real wire.
            let sent = tokio::time::timeout(FRAME_PAUSE, line.write_all(&frame)).await;
            if let Ok(Err(error)) = sent {
                tracing::error!(%error, "a simulated sensor ended");
                return;
            }
        }
    });
    Ok(path)
}
