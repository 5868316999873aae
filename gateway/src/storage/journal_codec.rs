//! Codec of a journal row: all readings of one flush in one blob.

use super::delta_codec::DeltaCodec;
use super::key_registry::{KeyRegistry, LayoutKey};
use super::varint::{ByteReader, put, put_signed_varint};
use crate::domain::{MonoMs, NumberedReading, ReadingSeq, SampleOutcome, UtcMs};
use std::collections::HashMap;
use std::sync::Arc;

/// Reading decoded from the journal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JournalReading {
    pub(super) layout: LayoutKey,
    pub(super) at: UtcMs,
    pub(super) mono: MonoMs,
    pub(super) dated: bool,
    pub(super) outcomes: Box<[SampleOutcome]>,
}

/// Encoder of a row; each reading is coded as the difference to the one before.
#[derive(Debug, Default)]
pub(super) struct JournalEncoder {
    body: Vec<u8>,
    at: i64,
    mono: i64,
    // One codec state a point of each layout: the same point changes little from poll to poll.
    tracks: HashMap<LayoutKey, Vec<DeltaCodec>>,
}

impl JournalEncoder {
    /// Appends one reading.
    pub(super) fn put(
        &mut self,
        layout: LayoutKey,
        at: UtcMs,
        mono: MonoMs,
        dated: bool,
        outcomes: &[SampleOutcome],
    ) {
        let body = &mut self.body;
        // The lowest bit marks an undated reading; the layout fits the same byte.
        put(body, u64::from(layout) << 1 | u64::from(!dated));
        put_signed_varint(body, at.0.wrapping_sub(self.at));
        let mono = mono.0.cast_signed();
        put_signed_varint(body, mono.wrapping_sub(self.mono));
        (self.at, self.mono) = (at.0, mono);
        let tracks = self.tracks.entry(layout).or_default();
        tracks.resize(outcomes.len(), DeltaCodec::default());
        for (track, outcome) in tracks.iter_mut().zip(outcomes) {
            track.put(body, outcome);
        }
    }

    /// Returns the encoded row.
    pub(super) fn finish(self) -> Vec<u8> {
        self.body
    }
}

/// Decodes a row; `None` when it is garbled or names an unknown layout.
pub(super) fn decode_row(
    body: &[u8],
    count: u32,
    names: &KeyRegistry,
) -> Option<Vec<JournalReading>> {
    let mut bytes = ByteReader(body);
    let (mut at, mut mono) = (0i64, 0i64);
    let mut tracks: HashMap<LayoutKey, Vec<DeltaCodec>> = HashMap::new();
    // A reading takes at least three bytes, so a wrong count cannot ask for more memory than the
    // body.
    let mut kept = Vec::with_capacity((count as usize).min(body.len()));
    for _ in 0..count {
        let head = bytes.read_varint()?;
        let layout = LayoutKey::try_from(head >> 1).ok()?;
        at = at.wrapping_add(bytes.read_signed_varint()?);
        mono = mono.wrapping_add(bytes.read_signed_varint()?);
        let points = names.layout_points(layout)?.len();
        let tracks = tracks
            .entry(layout)
            .or_insert_with(|| vec![DeltaCodec::default(); points]);
        kept.push(JournalReading {
            layout,
            at: UtcMs(at),
            mono: MonoMs(mono.cast_unsigned()),
            dated: head & 1 == 0,
            outcomes: tracks
                .iter_mut()
                .map(|track| track.decode(&mut bytes))
                .collect::<Option<_>>()?,
        });
    }
    // Bytes left over mean that the count or the body is wrong.
    bytes.is_empty().then_some(kept)
}

/// Encodes the readings of one flush.
pub(super) fn encode_row(readings: &[Arc<NumberedReading>], names: &KeyRegistry) -> Vec<u8> {
    let mut writer = JournalEncoder::default();
    for numbered in readings {
        let reading = &numbered.reading;
        if let Some(layout) = names.layout_key(reading.device) {
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

/// Converts a decoded reading into the form that sinks get; `None` when the name of its device was
/// lost.
pub(super) fn to_numbered(
    seq: ReadingSeq,
    kept: JournalReading,
    names: &KeyRegistry,
) -> Option<Arc<NumberedReading>> {
    let device = names.device_of_layout(kept.layout)?;
    Some(Arc::new(NumberedReading {
        seq,
        reading: crate::domain::Reading {
            device,
            at: kept.at,
            mono: kept.mono,
            dated: kept.dated,
            outcomes: kept.outcomes,
        },
    }))
}
