//! Answers of one device so far, by register.

use crate::buses::modbus::read_plan;
use crate::config::{ModbusTable, Point};
use crate::limits::SCAN_TIMEOUTS_MAX;
use std::collections::BTreeMap;

/// Timeouts of one table without any answer after which it is not read any more.
const TABLE_SILENCES_MAX: usize = 24;
/// Exception 1, illegal function: the device does not have the table.
const NO_FUNCTION: u8 = 1;

/// State of a register range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KnownRegisters {
    /// Values of the registers.
    Words(Vec<u16>),
    /// The device refuses them.
    Refused,
    /// The device does not answer when they are read.
    Silent,
    /// Not read so far.
    Unknown,
}

/// Answers of one device.
#[derive(Debug, Default)]
pub(crate) struct RegisterAnswers {
    words: BTreeMap<(ModbusTable, u16), u16>,
    refused: Vec<RegisterStretch>,
    silent: Vec<RegisterStretch>,
    tables: BTreeMap<ModbusTable, TableAnswers>,
    silences: usize,
}

/// Table, first and last register.
type RegisterStretch = (ModbusTable, u16, u16);

#[derive(Debug, Default)]
struct TableAnswers {
    answers: usize,
    silences: usize,
    absent: bool,
}

impl RegisterAnswers {
    /// Records register values from `first` on.
    pub(crate) fn record_words(&mut self, table: ModbusTable, first: u16, words: &[u16]) {
        self.tables.entry(table).or_default().answers += 1;
        let places = (first..=u16::MAX).map(|at| (table, at));
        self.words.extend(places.zip(words.iter().copied()));
    }

    pub(crate) fn record_refusal(&mut self, table: ModbusTable, first: u16, count: u16, code: u8) {
        let state = self.tables.entry(table).or_default();
        state.answers += 1;
        state.absent |= code == NO_FUNCTION;
        let last = first.saturating_add(count.max(1) - 1);
        self.refused.push((table, first, last));
    }

    pub(crate) fn record_silence(&mut self, table: ModbusTable, first: u16, count: u16) {
        self.silences += 1;
        self.tables.entry(table).or_default().silences += 1;
        let last = first.saturating_add(count.max(1) - 1);
        self.silent.push((table, first, last));
    }

    /// True when the device has timed out too often to continue.
    pub(crate) fn is_given_up(&self) -> bool {
        // Each timeout costs its full length, so that a silent device would hold the line for
        // minutes.
        self.silences >= SCAN_TIMEOUTS_MAX
    }

    /// Returns the state of the registers `first..=last`.
    pub(crate) fn known_registers(
        &self,
        table: ModbusTable,
        first: u16,
        last: u16,
    ) -> KnownRegisters {
        let words: Option<Vec<u16>> = (first..=last)
            .map(|at| self.words.get(&(table, at)).copied())
            .collect();
        if let Some(words) = words {
            return KnownRegisters::Words(words);
        }
        // A range is refused when a part of it is refused; the reverse does not hold.
        let inside =
            |(of, from, to): &&RegisterStretch| *of == table && first <= *from && *to <= last;
        let state = self.tables.get(&table);
        if state.is_some_and(|state| state.absent) || self.refused.iter().any(|s| inside(&s)) {
            return KnownRegisters::Refused;
        }
        // A device that never answers for a table may lack it without saying so.
        let dumb =
            |state: &TableAnswers| state.answers == 0 && state.silences >= TABLE_SILENCES_MAX;
        if self.is_given_up() || state.is_some_and(dumb) || self.silent.iter().any(|s| inside(&s)) {
            return KnownRegisters::Silent;
        }
        KnownRegisters::Unknown
    }

    /// True when the register is known not to be zero.
    pub(crate) fn is_nonzero(&self, table: ModbusTable, at: u16) -> bool {
        self.words.get(&(table, at)).is_some_and(|word| *word != 0)
    }

    /// Returns a point's registers in the order that `decode` expects: high half first when it
    /// stands apart.
    pub(crate) fn point_registers(&self, point: &Point) -> KnownRegisters {
        let mut halves = Vec::new();
        for (table, first, last) in read_plan::register_spans(point) {
            match self.known_registers(table, first, last) {
                KnownRegisters::Words(words) => halves.push(words),
                other => return other,
            }
        }
        halves.reverse();
        KnownRegisters::Words(halves.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ModbusTable::{Holding, Input};

    #[track_caller]
    fn assert_known(
        known: &RegisterAnswers,
        (table, first, last): (ModbusTable, u16, u16),
        wanted: &KnownRegisters,
    ) {
        assert_eq!(&known.known_registers(table, first, last), wanted);
    }

    #[test]
    fn a_refused_part_refuses_the_whole_and_not_its_neighbours() {
        let mut known = RegisterAnswers::default();
        known.record_words(ModbusTable::Input, 0, &[7, 8]);
        known.record_refusal(ModbusTable::Input, 2, 2, 2);
        assert_known(&known, (Input, 0, 1), &KnownRegisters::Words(vec![7, 8]));
        assert_known(&known, (Input, 0, 3), &KnownRegisters::Refused);
        assert_known(&known, (Input, 2, 2), &KnownRegisters::Unknown);
        assert_known(&known, (Holding, 0, 1), &KnownRegisters::Unknown);
        known.record_refusal(ModbusTable::Holding, 5, 1, NO_FUNCTION);
        assert_known(&known, (Holding, 0, 1), &KnownRegisters::Refused);
    }

    #[test]
    fn a_table_without_a_voice_is_left_alone() {
        let mut known = RegisterAnswers::default();
        for at in 0..24 {
            known.record_silence(ModbusTable::Input, at * 10, 1);
        }
        assert_known(&known, (Input, 500, 501), &KnownRegisters::Silent);
        assert_known(&known, (Holding, 0, 1), &KnownRegisters::Unknown);
    }
}
