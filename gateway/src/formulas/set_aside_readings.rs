//! [`SetAsideReadings`]: readings of a counter that wait for an explanation (METHODS G.5).

use super::saved_state::{SavedState, StateArchive, saved_fields};

/// A reading: time in s, and value.
pub(super) type TimedReading = (f64, f64);

/// Reason for which a reading is set aside until later readings decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SetAsideReason {
    #[default]
    Spike,
    StepDown,
    /// Below nine tenths of the base: an outlier or a reset.
    Low,
}

impl SavedState for SetAsideReason {
    fn exchange(&mut self, archive: &mut StateArchive) {
        let all = [Self::Spike, Self::StepDown, Self::Low];
        let mut place = all.iter().position(|one| one == self).unwrap_or_default();
        place.exchange(archive);
        match all.get(place) {
            Some(found) => *self = *found,
            None => archive.refuse(),
        }
    }
}

/// Consecutive readings that do not continue from the base.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SetAsideReadings {
    pub(super) why: SetAsideReason,
    /// First of them, the one that the event reports.
    pub(super) first: TimedReading,
    pub(super) last: TimedReading,
    /// Number of readings other than zero in a run of low readings.
    pub(super) not_zero: u64,
    /// Value of [`CounterTotal`]'s `credit` at the last of them.
    pub(super) credit: f64,
}

saved_fields!(SetAsideReadings {
    why,
    first,
    last,
    not_zero,
    credit,
});
