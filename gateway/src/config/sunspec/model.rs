//! [`SunSpecModel`]: a model in the list of a device.

use super::definitions::{self, GroupCounts};

/// Marker at the start of a model list: "`SunS`".
pub const SUNS_MARKER: [u16; 2] = [0x5375, 0x6e53];
/// Model number that ends the list.
pub const END_MODEL: u16 = 0xffff;
/// Number of the common model: manufacturer, model, version, serial number.
pub const COMMON_MODEL: u16 = 1;

/// Model as found on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SunSpecModel {
    /// Number of its definition.
    pub id: u16,
    /// Address of its first register, which holds `id`.
    pub address: u16,
    /// Length in registers as the device reports it, without the two header registers.
    pub length: u16,
    /// Repetition counts of its groups.
    pub(super) counts: GroupCounts,
}

/// True when the definitions contain this model.
pub(super) fn is_known_model(id: u16) -> bool {
    definitions::find_model(id).is_some()
}

impl SunSpecModel {
    /// Creates a model at an address with the length that the device reports.
    pub fn new(id: u16, address: u16, length: u16) -> Self {
        let mut counts = GroupCounts::new();
        if let Some(definition) = definitions::find_model(id) {
            definition.fill_counts(length, &mut counts);
        }
        Self {
            id,
            address,
            length,
            counts,
        }
    }

    /// Address of the next model's header; `None` beyond the address space.
    pub fn next(&self) -> Option<u16> {
        self.address.checked_add(2)?.checked_add(self.length)
    }

    /// Registers that hold the repetition counts of its groups, by name.
    pub fn count_registers(&self) -> Vec<(&'static str, u16)> {
        let points = definitions::find_model(self.id).map(definitions::SunSpecGroup::count_points);
        let points = points.unwrap_or_default().into_iter();
        points
            .filter(|(_, offset)| *offset < self.register_count())
            .filter_map(|(name, offset)| Some((name, self.register_at(offset)?)))
            .collect()
    }

    /// Stores a repetition count; "not implemented" counts as 0.
    pub fn set_count(&mut self, name: &str, times: u16) {
        // 0xFFFF is "not implemented" of an unsigned register.
        let times = if times == u16::MAX { 0 } else { times };
        self.counts.insert(name.to_owned(), times);
    }

    pub(super) fn register_count(&self) -> u64 {
        u64::from(self.length) + 2
    }

    pub(super) fn register_at(&self, offset: u64) -> Option<u16> {
        self.address.checked_add(u16::try_from(offset).ok()?)
    }

    /// Number and length as one 32-bit value.
    pub(super) fn header(&self) -> i64 {
        i64::from(self.id) << 16 | i64::from(self.length)
    }
}
