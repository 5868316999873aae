//! Attribution of ledger entries to bins and heaps that share an indicator (METHODS E.3).

use crate::assets::Asset;
use crate::domain::ledger::LedgerEntry;
use crate::domain::mentioned_asset::mentioned_asset;
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
        let members = self.members.iter().copied();
        members.filter(move |member| member.waste_indicators().contains(&indicator))
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
        let said = &entry.statement;
        let possible: Vec<&'a Asset> = self.users_of(&said.indicator).collect();
        if let [one] = possible[..] {
            return Some(one);
        }
        let labels = || possible.iter().map(|one| (&*one.id, &*one.name));
        let named = mentioned_asset(labels(), &said.what)
            .or_else(|| mentioned_asset(labels(), &said.note))?;
        possible.iter().find(|one| *one.id == *named).copied()
    }
}
