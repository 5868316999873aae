//! [`LineBatch`]: the lines of one write, divisible at each reading.

use crate::domain::{ReadingSeq, UtcMs};
use crate::storage::DeliveryLane;
use std::ops::{Range, RangeInclusive};

/// Lines of one write, all of one lane.
#[derive(Debug)]
pub(super) struct LineBatch {
    pub(super) lane: DeliveryLane,
    pub(super) text: String,
    pub(super) places: Vec<BatchEntry>,
}

/// One reading of a batch.
#[derive(Debug)]
pub(super) struct BatchEntry {
    pub(super) seq: ReadingSeq,
    pub(super) at: UtcMs,
    /// End of its line in the text; end of the previous line when it has none.
    end: usize,
}

impl Default for LineBatch {
    fn default() -> Self {
        Self {
            lane: DeliveryLane::Live,
            text: String::new(),
            places: Vec::new(),
        }
    }
}

impl LineBatch {
    /// Begins an empty batch of a lane.
    pub(super) fn begin(&mut self, lane: DeliveryLane) {
        self.lane = lane;
        self.text.clear();
        self.places.clear();
    }

    /// Marks the end of a reading's line, if it has one.
    pub(super) fn push_reading(&mut self, seq: ReadingSeq, at: UtcMs) {
        let end = self.text.len();
        self.places.push(BatchEntry { seq, at, end });
    }

    pub(super) fn text_of(&self, part: &Range<usize>) -> &str {
        let end = |index: usize| self.places.get(index).map_or(0, |place| place.end);
        let start = part.start.checked_sub(1).map_or(0, end);
        &self.text[start..end(part.end - 1)]
    }

    /// Whether the reading at this index has a line.
    pub(super) fn has_line(&self, index: usize) -> bool {
        index < self.places.len() && !self.text_of(&(index..index + 1)).is_empty()
    }

    /// First and last number of the readings of a part.
    pub(super) fn seqs_of(&self, part: &Range<usize>) -> Option<RangeInclusive<ReadingSeq>> {
        let places = self.places.get(part.clone())?;
        Some(places.first()?.seq..=places.last()?.seq)
    }

    pub(super) fn line_count(&self, part: &Range<usize>) -> usize {
        self.text_of(part).matches('\n').count()
    }
}

/// Returns the two halves, the later one first, since parts are taken from the end of the list.
pub(super) fn split_range(part: Range<usize>) -> [Range<usize>; 2] {
    let middle = part.start + part.len() / 2;
    [middle..part.end, part.start..middle]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_batch_has_the_text_of_its_readings_only() {
        let mut batch = LineBatch::default();
        for (seq, line) in [(1, "a\n"), (2, ""), (3, "b\n"), (4, "c\n")] {
            batch.text.push_str(line);
            batch.push_reading(seq, UtcMs(0));
        }
        assert_eq!(batch.text_of(&(0..4)), "a\nb\nc\n");
        assert_eq!(batch.text_of(&(1..3)), "b\n");
        assert_eq!(batch.text_of(&(1..2)), "");
        assert_eq!(batch.line_count(&(2..4)), 2);
    }

    #[test]
    fn halving_keeps_order_and_ends_with_single_lines() {
        let whole = 0..5;
        let mut parts = Vec::from([whole]);
        let mut seen = Vec::new();
        while let Some(part) = parts.pop() {
            match part.len() {
                1 => seen.push(part.start),
                _ => parts.extend(split_range(part)),
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }
}
