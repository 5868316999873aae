//! [`SummedReadings`]: everything that a snapshot of closed days holds, and its bytes.

use crate::domain::calibration::CalibrationHistory;
use crate::formulas::saved_state::{SavedState, StateArchive};
use crate::indicators::calibration_corrections::SeriesCorrections;
use crate::indicators::coverage::Coverage;
use crate::storage::snapshot_basis;
use flate2::Compression;
use flate2::read::DeflateEncoder;
use jiff::civil::Date;
use std::io::Read;

/// Everything that a snapshot holds.
pub(crate) struct SummedReadings<'s, 'a> {
    pub(crate) sums: &'s mut dyn SavedState,
    pub(crate) tracks: &'s mut [Coverage],
    pub(crate) corrections: &'s mut SeriesCorrections<'a>,
}

/// Oldest times that a calculation has read and has searched, ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadReach {
    pub(crate) reads_from: i64,
    pub(crate) looks_from: i64,
}

impl SummedReadings<'_, '_> {
    /// The sums as the bytes of a snapshot.
    pub(crate) fn save(&mut self, calibrations: &CalibrationHistory, last: Date) -> Vec<u8> {
        let mut archive = StateArchive::save();
        self.exchange(&mut archive);
        let mut state = calibration_basis(calibrations, last);
        state.extend(archive.finish().unwrap_or_default());
        deflate(&state)
    }
}

impl SavedState for SummedReadings<'_, '_> {
    fn exchange(&mut self, archive: &mut StateArchive) {
        self.sums.exchange(archive);
        for track in self.tracks.iter_mut() {
            track.exchange(archive);
        }
        self.corrections.exchange(archive);
    }
}

/// Hash of the calibrations that say something about days up to `last`.
pub(crate) fn calibration_basis(calibrations: &CalibrationHistory, last: Date) -> Vec<u8> {
    let entries = calibrations.entries().iter();
    let entries = entries.filter(|entry| entry.said.since <= last);
    let texts: Vec<String> = entries.map(|entry| format!("{entry:?}")).collect();
    let parts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    snapshot_basis(&parts)
}

fn deflate(state: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    // Reading from a slice cannot fail.
    let _ = DeflateEncoder::new(state, Compression::fast()).read_to_end(&mut packed);
    packed
}
