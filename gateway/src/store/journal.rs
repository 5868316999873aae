//! The code of a journal row: all readings of one flush.

use super::bytes::{Bytes, put, put_signed};
use super::names::{LayoutKey, Names};
use super::track::Track;
use crate::model::{MonoMs, Numbered, Outcome, Seq, UtcMs};
use std::collections::HashMap;
use std::sync::Arc;

/// A reading as the journal keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) layout: LayoutKey,
    pub(super) at: UtcMs,
    pub(super) mono: MonoMs,
    pub(super) dated: bool,
    pub(super) outcomes: Box<[Outcome]>,
}

/// Writes readings one after the other; each as the difference to the one before.
#[derive(Debug, Default)]
pub(super) struct Writer {
    body: Vec<u8>,
    at: i64,
    mono: i64,
    tracks: HashMap<LayoutKey, Vec<Track>>,
}

impl Writer {
    pub(super) fn put(
        &mut self,
        layout: LayoutKey,
        at: UtcMs,
        mono: MonoMs,
        dated: bool,
        outcomes: &[Outcome],
    ) {
        let body = &mut self.body;
        put(body, u64::from(layout) << 1 | u64::from(!dated));
        put_signed(body, at.0.wrapping_sub(self.at));
        let mono = mono.0.cast_signed();
        put_signed(body, mono.wrapping_sub(self.mono));
        (self.at, self.mono) = (at.0, mono);
        let tracks = self.tracks.entry(layout).or_default();
        tracks.resize(outcomes.len(), Track::default());
        for (track, outcome) in tracks.iter_mut().zip(outcomes) {
            track.put(body, outcome);
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.body
    }
}

/// Reads a row; `None` when it makes no sense or names an unknown layout.
pub(super) fn read(body: &[u8], count: u32, names: &Names) -> Option<Vec<Kept>> {
    let mut bytes = Bytes(body);
    let (mut at, mut mono) = (0i64, 0i64);
    let mut tracks: HashMap<LayoutKey, Vec<Track>> = HashMap::new();
    // A reading takes at least three bytes: a wrong count asks for no memory.
    let mut kept = Vec::with_capacity((count as usize).min(body.len()));
    for _ in 0..count {
        let head = bytes.number()?;
        let layout = LayoutKey::try_from(head >> 1).ok()?;
        at = at.wrapping_add(bytes.signed()?);
        mono = mono.wrapping_add(bytes.signed()?);
        let points = names.points(layout)?.len();
        let tracks = tracks
            .entry(layout)
            .or_insert_with(|| vec![Track::default(); points]);
        kept.push(Kept {
            layout,
            at: UtcMs(at),
            mono: MonoMs(mono.cast_unsigned()),
            dated: head & 1 == 0,
            outcomes: tracks
                .iter_mut()
                .map(|track| track.get(&mut bytes))
                .collect::<Option<_>>()?,
        });
    }
    bytes.is_empty().then_some(kept)
}

/// The readings of a flush as one row's body.
pub(super) fn write(readings: &[Arc<Numbered>], names: &Names) -> Vec<u8> {
    let mut writer = Writer::default();
    for numbered in readings {
        let reading = &numbered.reading;
        if let Some(layout) = names.layout(reading.device) {
            writer.put(
                layout,
                reading.at,
                reading.mono,
                reading.dated,
                &reading.outcomes,
            );
        }
    }
    writer.finish()
}

/// A kept reading as sinks see it; `None` when its device is no longer configured.
pub(super) fn numbered(seq: Seq, kept: Kept, names: &Names) -> Option<Arc<Numbered>> {
    let (device, outcomes) = names.today(kept.layout, kept.outcomes)?;
    Some(Arc::new(Numbered {
        seq,
        reading: crate::model::Reading {
            device,
            at: kept.at,
            mono: kept.mono,
            dated: kept.dated,
            outcomes,
        },
    }))
}
