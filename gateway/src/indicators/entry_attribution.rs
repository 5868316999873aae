//! Attribution of ledger entries to bins and heaps that share an indicator (METHODS E.3).

use crate::assets::Asset;
use crate::domain::ledger::LedgerEntry;
use crate::indicators::entry_owner::{entry_owner, users_of_indicator};
use crate::indicators::ledger_totals::PeriodLedger;

/// Bins and heaps that share an indicator of the ledger.
#[derive(Debug)]
pub(crate) struct EntryAttribution<'a> {
    members: &'a [&'a Asset],
}

impl<'a> EntryAttribution<'a> {
    pub(crate) fn new(members: &'a [&'a Asset]) -> Self {
        Self { members }
    }

    /// Entries of one member: entries that name it, and entries of an indicator that only it uses.
    pub(crate) fn entries_of(&self, book: &PeriodLedger, member: &Asset) -> PeriodLedger {
        book.filtered(|entry| self.owner_of(entry).is_some_and(|one| one.id == member.id))
    }

    /// Entries that cannot be attributed to a single member.
    pub(crate) fn unattributed_entries(&self, book: &PeriodLedger) -> PeriodLedger {
        book.filtered(|entry| self.owner_of(entry).is_none())
    }

    /// Entries of a group of the members: of an indicator that others use too, those that name one
    /// of the group.
    pub(crate) fn entries_of_group(&self, book: &PeriodLedger, group: &[&Asset]) -> PeriodLedger {
        let is_own = |one: &Asset| group.iter().any(|known| known.id == one.id);
        book.filtered(|entry| {
            let mut users = self.users_of(&entry.statement.indicator);
            users.all(is_own) || self.owner_of(entry).is_some_and(is_own)
        })
    }

    /// Members that use an indicator.
    pub(crate) fn users_of(&self, indicator: &str) -> impl Iterator<Item = &'a Asset> {
        users_of_indicator(self.members, indicator)
    }

    /// Whether there is an entry of the mass that goes into or comes out of a member.
    pub(crate) fn has_entries(&self, book: &PeriodLedger) -> bool {
        let mut all = self
            .members
            .iter()
            .flat_map(|member| member.waste_indicators());
        all.any(|indicator| book.record_dates(indicator).next().is_some())
    }

    fn owner_of(&self, entry: &LedgerEntry) -> Option<&'a Asset> {
        entry_owner(self.members, entry)
    }
}
