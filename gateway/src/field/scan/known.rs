//! What one device has answered so far, register by register.

use crate::config::{Point, Table};
use crate::limits::SCAN_SILENCES_MAX;
use crate::read::plan;
use std::collections::BTreeMap;

/// Silences of one table, without one answer, after which it is not asked any more.
const TABLE_SILENCES_MAX: usize = 24;
/// "No such function": the whole table is not there.
const NO_FUNCTION: u8 = 1;

/// Registers of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// What they hold.
    Words(Vec<u16>),
    /// The device refuses them.
    Refused,
    /// It does not answer when they are asked for.
    Silent,
    /// Nobody has asked yet.
    Unknown,
}

/// Answers of one device.
#[derive(Debug, Default)]
pub(super) struct Known {
    words: BTreeMap<(Table, u16), u16>,
    refused: Vec<Stretch>,
    silent: Vec<Stretch>,
    tables: BTreeMap<Table, TableState>,
    silences: usize,
}

/// Table, first and last register.
type Stretch = (Table, u16, u16);

#[derive(Debug, Default)]
struct TableState {
    answers: usize,
    silences: usize,
    absent: bool,
}

impl Known {
    /// Registers from `first` on.
    pub(super) fn put(&mut self, table: Table, first: u16, words: &[u16]) {
        self.tables.entry(table).or_default().answers += 1;
        let places = (first..=u16::MAX).map(|at| (table, at));
        self.words.extend(places.zip(words.iter().copied()));
    }

    pub(super) fn refuse(&mut self, table: Table, first: u16, count: u16, code: u8) {
        let state = self.tables.entry(table).or_default();
        state.answers += 1;
        state.absent |= code == NO_FUNCTION;
        let last = first.saturating_add(count.max(1) - 1);
        self.refused.push((table, first, last));
    }

    pub(super) fn silence(&mut self, table: Table, first: u16, count: u16) {
        self.silences += 1;
        self.tables.entry(table).or_default().silences += 1;
        let last = first.saturating_add(count.max(1) - 1);
        self.silent.push((table, first, last));
    }

    /// The device is silent too often to go on.
    pub(super) fn is_given_up(&self) -> bool {
        self.silences >= SCAN_SILENCES_MAX
    }

    /// The registers `first..=last`.
    pub(super) fn look(&self, table: Table, first: u16, last: u16) -> Look {
        let words: Option<Vec<u16>> = (first..=last)
            .map(|at| self.words.get(&(table, at)).copied())
            .collect();
        if let Some(words) = words {
            return Look::Words(words);
        }
        // What a part of it was refused for, the whole would be.
        let inside = |(of, from, to): &&Stretch| *of == table && first <= *from && *to <= last;
        let state = self.tables.get(&table);
        if state.is_some_and(|state| state.absent) || self.refused.iter().any(|s| inside(&s)) {
            return Look::Refused;
        }
        let dumb = |state: &TableState| state.answers == 0 && state.silences >= TABLE_SILENCES_MAX;
        if self.is_given_up() || state.is_some_and(dumb) || self.silent.iter().any(|s| inside(&s)) {
            return Look::Silent;
        }
        Look::Unknown
    }

    /// The register is known not to be zero.
    pub(super) fn holds_some(&self, table: Table, at: u16) -> bool {
        self.words.get(&(table, at)).is_some_and(|word| *word != 0)
    }

    /// A point's registers in the order that `decode` wants: the high half first when it is apart.
    pub(super) fn of(&self, point: &Point) -> Look {
        let mut halves = Vec::new();
        for (first, last) in plan::spans(point) {
            match self.look(point.table, first, last) {
                Look::Words(words) => halves.push(words),
                other => return other,
            }
        }
        halves.reverse();
        Look::Words(halves.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_part_refuses_the_whole_and_not_its_neighbours() {
        let mut known = Known::default();
        known.put(Table::Input, 0, &[7, 8]);
        known.refuse(Table::Input, 2, 2, 2);
        assert_eq!(known.look(Table::Input, 0, 1), Look::Words(vec![7, 8]));
        assert_eq!(known.look(Table::Input, 0, 3), Look::Refused);
        assert_eq!(known.look(Table::Input, 2, 2), Look::Unknown);
        assert_eq!(known.look(Table::Holding, 0, 1), Look::Unknown);
        known.refuse(Table::Holding, 5, 1, NO_FUNCTION);
        assert_eq!(known.look(Table::Holding, 0, 1), Look::Refused);
    }

    #[test]
    fn a_table_without_a_voice_is_left_alone() {
        let mut known = Known::default();
        for at in 0..24 {
            known.silence(Table::Input, at * 10, 1);
        }
        assert_eq!(known.look(Table::Input, 500, 501), Look::Silent);
        assert_eq!(known.look(Table::Holding, 0, 1), Look::Unknown);
    }
}
