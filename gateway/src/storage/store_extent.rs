//! [`StoreExtent`]: from when to when a store holds readings. `pantau.seq` has it beside the file,
//! so that a start which finds the file gone or garbled can say what is missing.

use crate::domain::UtcMs;

/// First and last time of the dated readings of a store, ms since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StoreExtent {
    /// Last, and first in the order: of two extents of a store that grows the later is greater.
    pub(super) last: i64,
    pub(super) first: i64,
}

impl StoreExtent {
    /// Extent of a store that has no reading.
    pub(super) const EMPTY: Self = Self { last: 0, first: 0 };

    /// Text in the small file, `1795194000000~1795280400000`.
    pub(super) fn text(self) -> String {
        format!("{}~{}", self.first, self.last)
    }

    /// Reads the text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('~')?;
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(Self { last, first })
    }

    /// Times of the first and the last reading; `None` for a store without any.
    pub(super) fn times(self) -> Option<(UtcMs, UtcMs)> {
        (self != Self::EMPTY).then_some((UtcMs(self.first), UtcMs(self.last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extent_is_read_as_it_was_written_and_other_words_are_none() {
        for (first, last) in [(0, 0), (1, 1_795_194_000_000)] {
            let extent = StoreExtent { last, first };
            assert_eq!(StoreExtent::parse(&extent.text()), Some(extent));
        }
        for text in ["", "~", "1", "2~1", "a~b", "1~2~3"] {
            assert_eq!(StoreExtent::parse(text), None, "{text}");
        }
        assert_eq!(StoreExtent::EMPTY.times(), None);
    }
}
