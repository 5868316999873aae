//! [`FrameLog`]: the last requests and answers of a bus as they were on the wire, kept only while a
//! technician looks at them.

use crate::domain::{FaultDetail, QualityReason};
use crate::limits::FRAMES_KEPT_MAX;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Time for which frames are kept after somebody has looked.
pub const FRAMES_KEPT_FOR: Duration = Duration::from_secs(30);

/// Frames of one bus; clones share them.
#[derive(Clone, Debug, Default)]
pub struct FrameLog(Arc<Mutex<FrameRing>>);

#[derive(Debug, Default)]
struct FrameRing {
    wanted_until: Option<Instant>,
    frames: VecDeque<BusFrame>,
    /// Number of frames so far.
    count: u64,
}

/// A request and what came back.
#[derive(Clone, Debug, PartialEq)]
pub struct BusFrame {
    /// Time of the request; for a late answer the time at which it came.
    pub at: Instant,
    /// Frames of a line with a check sum, in place of Modbus TCP.
    pub is_rtu: bool,
    /// Bytes of the request; empty for a late answer.
    pub sent: Vec<u8>,
    /// Bytes received.
    pub received: Vec<u8>,
    /// Time from the request to the last byte.
    pub answer_time: Option<Duration>,
    /// Outcome.
    pub ending: FrameEnding,
}

/// Outcome of a request on the wire.
#[derive(Clone, Debug, PartialEq)]
pub enum FrameEnding {
    /// The answer fits.
    Answered,
    /// No usable answer.
    Failed(QualityReason, FaultDetail),
    /// An answer to a request that had been given up.
    Late,
}

impl FrameLog {
    /// Whether a technician looks at the frames now.
    pub fn is_wanted(&self) -> bool {
        let until = self.with(|kept| kept.wanted_until);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Keeps a frame; the oldest one goes when there are `FRAMES_KEPT_MAX`.
    pub fn push(&self, frame: BusFrame) {
        self.with(|kept| {
            if kept.frames.len() >= FRAMES_KEPT_MAX {
                kept.frames.pop_front();
            }
            kept.frames.push_back(frame);
            kept.count += 1;
        });
    }

    /// The frames, the newest first, with their number so far; from now on frames are kept.
    pub fn look(&self) -> (u64, Vec<BusFrame>) {
        self.with(|kept| {
            let now = Instant::now();
            // Those of an earlier look say nothing about the line as it is now.
            if kept.wanted_until.is_none_or(|until| until <= now) {
                kept.frames.clear();
            }
            kept.wanted_until = Some(now + FRAMES_KEPT_FOR);
            (kept.count, kept.frames.iter().rev().cloned().collect())
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut FrameRing) -> T) -> T {
        // A panic of another task does not make a list of frames unusable.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn frames_are_kept_while_somebody_looks_and_no_more_than_the_ring_holds() {
        let log = FrameLog::default();
        assert!(!log.is_wanted());
        assert_eq!(log.look(), (0, vec![]));
        assert!(log.is_wanted());
        let frame = |number: usize| BusFrame {
            at: Instant::now(),
            is_rtu: true,
            sent: number.to_be_bytes().to_vec(),
            received: vec![],
            answer_time: None,
            ending: FrameEnding::Answered,
        };
        for number in 0..FRAMES_KEPT_MAX + 5 {
            log.push(frame(number));
        }
        let (count, frames) = log.look();
        assert_eq!(count, u64::try_from(FRAMES_KEPT_MAX + 5).unwrap());
        assert_eq!(frames.len(), FRAMES_KEPT_MAX);
        assert_eq!(frames[0], frame(FRAMES_KEPT_MAX + 4));
        tokio::time::advance(FRAMES_KEPT_FOR).await;
        assert!(!log.is_wanted());
        assert_eq!(log.look().1, []);
    }
}
