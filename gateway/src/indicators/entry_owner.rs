//! [`entry_owner`]: the bin or heap of which an entry is, by its indicator and the name in it.

use crate::assets::Asset;
use crate::domain::ledger::LedgerEntry;
use crate::domain::mentioned_asset::mentioned_asset;

/// The one of these assets that an entry is of; `None` when several use its indicator and it names
/// none of them, or more than one.
pub(crate) fn entry_owner<'a>(members: &[&'a Asset], entry: &LedgerEntry) -> Option<&'a Asset> {
    let said = &entry.statement;
    let possible: Vec<&'a Asset> = users_of_indicator(members, &said.indicator).collect();
    if let [one] = possible[..] {
        return Some(one);
    }
    let named = named_asset(&possible, entry)?;
    possible.iter().find(|one| *one.id == *named).copied()
}

/// The assets that use an indicator for a mass that goes in or comes out.
pub(crate) fn users_of_indicator<'a>(
    members: &[&'a Asset],
    indicator: &str,
) -> impl Iterator<Item = &'a Asset> {
    let members = members.iter().copied();
    members.filter(move |member| member.waste_indicators().contains(&indicator))
}

/// Id of the one of these assets that the text of an entry names.
pub(crate) fn named_asset<'a>(possible: &[&'a Asset], entry: &LedgerEntry) -> Option<&'a str> {
    let labels = || possible.iter().map(|one| (&*one.id, &*one.name));
    let said = &entry.statement;
    mentioned_asset(labels(), &said.what).or_else(|| mentioned_asset(labels(), &said.note))
}
