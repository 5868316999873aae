//! State of accumulators as bytes, so that a long sum can stop at the end of a day and go on later.
//!
//! One method, [`SavedState::exchange`], both saves and restores: the order of the fields stands in
//! one place and cannot differ between the two.
//!
//! ```text
//! let mut archive = StateArchive::save();
//! sums.exchange(&mut archive);
//! let bytes = archive.finish();                    // Some: nothing can fail while saving
//! let mut archive = StateArchive::load(&bytes);
//! other.exchange(&mut archive);                    // `other` was made with the same settings
//! archive.finish().is_some()                       // every byte was used, none was missing
//! ```

/// State that can be saved and restored to the bit.
pub trait SavedState {
    /// Saves all fields, or replaces them by the saved ones.
    fn exchange(&mut self, archive: &mut StateArchive);
}

/// Bytes of a state that are being written or read.
#[derive(Debug)]
pub struct StateArchive {
    bytes: Vec<u8>,
    /// Position of the next byte to read; `None` while saving.
    position: Option<usize>,
    failed: bool,
}

impl StateArchive {
    /// Archive that collects a state.
    pub fn save() -> Self {
        Self {
            bytes: Vec::new(),
            position: None,
            failed: false,
        }
    }

    /// Archive that gives a saved state back.
    pub fn load(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            position: Some(0),
            failed: false,
        }
    }

    /// The saved bytes; when loading, `None` if bytes were missing, left over or impossible.
    pub fn finish(self) -> Option<Vec<u8>> {
        let complete = self.position.is_none_or(|at| at == self.bytes.len());
        (complete && !self.failed).then_some(self.bytes)
    }

    /// Whether a state is being restored.
    pub fn is_loading(&self) -> bool {
        self.position.is_some()
    }

    /// Marks the saved state as impossible.
    pub fn refuse(&mut self) {
        self.failed = true;
    }

    /// Bytes that are left to read.
    fn left(&self) -> usize {
        self.position.map_or(0, |at| self.bytes.len() - at)
    }

    fn raw<const N: usize>(&mut self, value: [u8; N]) -> [u8; N] {
        let Some(at) = self.position else {
            self.bytes.extend_from_slice(&value);
            return value;
        };
        let read = self
            .bytes
            .get(at..at + N)
            .and_then(|own| own.try_into().ok());
        let Some(read) = read else {
            // The rest counts as used up: nothing more is read from a state that was cut off.
            self.failed = true;
            self.position = Some(self.bytes.len());
            return [0; N];
        };
        self.position = Some(at + N);
        read
    }

    /// Whole number as a varint.
    fn varint(&mut self, value: u64) -> u64 {
        let (mut rest, mut read) = (value, 0_u64);
        for shift in (0..64).step_by(7) {
            let more = u8::from(rest >= 0x80) << 7;
            let [byte] = self.raw([rest.to_le_bytes()[0] & 0x7f | more]);
            read |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return read;
            }
            rest >>= 7;
        }
        self.failed |= self.is_loading();
        read
    }

    /// Length of a list; each element takes at least one byte.
    fn length(&mut self, length: usize) -> usize {
        let mut length = length;
        length.exchange(self);
        if self.is_loading() && length > self.left() {
            self.failed = true;
            return 0;
        }
        length
    }
}

impl SavedState for f64 {
    fn exchange(&mut self, archive: &mut StateArchive) {
        *self = Self::from_bits(u64::from_le_bytes(
            archive.raw(self.to_bits().to_le_bytes()),
        ));
    }
}

impl SavedState for u64 {
    fn exchange(&mut self, archive: &mut StateArchive) {
        *self = archive.varint(*self);
    }
}

impl SavedState for i64 {
    fn exchange(&mut self, archive: &mut StateArchive) {
        let zigzag = (*self << 1).cast_unsigned() ^ (*self >> 63).cast_unsigned();
        let read = archive.varint(zigzag);
        *self = (read >> 1).cast_signed() ^ -(read & 1).cast_signed();
    }
}

impl SavedState for usize {
    fn exchange(&mut self, archive: &mut StateArchive) {
        let read = archive.varint(u64::try_from(*self).unwrap_or(u64::MAX));
        // `usize::MAX` stands for "none" in some states, also between machines of other widths.
        *self = Self::try_from(read).unwrap_or(Self::MAX);
    }
}

impl SavedState for u8 {
    fn exchange(&mut self, archive: &mut StateArchive) {
        [*self] = archive.raw([*self]);
    }
}

impl SavedState for bool {
    fn exchange(&mut self, archive: &mut StateArchive) {
        let mut byte = u8::from(*self);
        byte.exchange(archive);
        *self = byte != 0;
    }
}

impl<T: SavedState + Default> SavedState for Option<T> {
    fn exchange(&mut self, archive: &mut StateArchive) {
        let mut present = self.is_some();
        present.exchange(archive);
        if archive.is_loading() {
            *self = present.then(T::default);
        }
        if let Some(value) = self {
            value.exchange(archive);
        }
    }
}

impl<T: SavedState + Default> SavedState for Vec<T> {
    fn exchange(&mut self, archive: &mut StateArchive) {
        let length = archive.length(self.len());
        if archive.is_loading() {
            self.clear();
            self.resize_with(length, T::default);
        }
        for one in self.iter_mut() {
            one.exchange(archive);
        }
    }
}

impl<T: SavedState, const N: usize> SavedState for [T; N] {
    fn exchange(&mut self, archive: &mut StateArchive) {
        for one in self.iter_mut() {
            one.exchange(archive);
        }
    }
}

impl<A: SavedState, B: SavedState> SavedState for (A, B) {
    fn exchange(&mut self, archive: &mut StateArchive) {
        self.0.exchange(archive);
        self.1.exchange(archive);
    }
}

/// Implements [`SavedState`] by the list of all fields: one that is left out does not compile.
/// `parts` are options and lists whose presence and length follow from the settings; only their
/// content is saved. `fixed` fields follow from the settings as a whole.
macro_rules! saved_fields {
    ($kind:ty { $($field:ident),* $(,)? } $(parts { $($part:ident),* $(,)? })?
        $(fixed { $($fixed:ident),* $(,)? })?) => {
        impl $crate::formulas::saved_state::SavedState for $kind {
            fn exchange(&mut self, archive: &mut $crate::formulas::saved_state::StateArchive) {
                let Self { $($field,)* $($($part,)*)? $($($fixed: _,)*)? } = self;
                $($crate::formulas::saved_state::SavedState::exchange($field, archive);)*
                $($(for part in $part.iter_mut() {
                    $crate::formulas::saved_state::SavedState::exchange(part, archive);
                })*)?
            }
        }
    };
}

pub(crate) use saved_fields;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Sample = ((f64, i64), (u64, Option<(usize, bool)>), Vec<Option<f64>>);

    fn bytes_of(state: &mut impl SavedState) -> Vec<u8> {
        let mut archive = StateArchive::save();
        state.exchange(&mut archive);
        archive.finish().unwrap()
    }

    fn restored(bytes: &[u8]) -> (SampleState, Option<Vec<u8>>) {
        let (mut state, mut archive) = (SampleState::default(), StateArchive::load(bytes));
        state.exchange(&mut archive);
        (state, archive.finish())
    }

    #[derive(Debug, Default)]
    struct SampleState {
        pair: (f64, i64),
        count: u64,
        place: Option<(usize, bool)>,
        days: Vec<Option<f64>>,
    }

    saved_fields!(SampleState {
        pair,
        count,
        place,
        days
    });

    fn any_state() -> impl Strategy<Value = SampleState> {
        let number = || any::<u64>().prop_map(f64::from_bits);
        let days = prop::collection::vec(prop::option::of(number()), 0..9);
        let rest = (any::<u64>(), any::<Option<(usize, bool)>>());
        let all = ((number(), any::<i64>()), rest, days);
        all.prop_map(|(pair, (count, place), days): Sample| SampleState {
            pair,
            count,
            place,
            days,
        })
    }

    proptest! {
        #[test]
        fn a_restored_state_has_the_same_bits(mut state in any_state()) {
            let saved = bytes_of(&mut state);
            let (mut again, complete) = restored(&saved);
            prop_assert!(complete.is_some());
            prop_assert_eq!(bytes_of(&mut again), saved);
        }

        #[test]
        fn a_state_that_was_cut_off_or_continued_is_refused(
            mut state in any_state(), cut in any::<prop::sample::Index>()
        ) {
            let saved = bytes_of(&mut state);
            prop_assert_eq!(restored(&saved[..cut.index(saved.len())]).1, None);
            prop_assert_eq!(restored(&[&saved[..], &[0]].concat()).1, None);
        }

        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = restored(&bytes);
        }
    }
}
