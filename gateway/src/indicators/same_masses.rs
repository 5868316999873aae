//! [`SameMasses`]: masses that two entries count for two claims (METHODS G.7).
//!
//! ```text
//! 2 Nov  bsf-fed       60 kg  sisa pasar    fed to maggots
//! 2 Nov  waste-sorted  60 kg  sisa pasar    composted: the same waste? it is claimed once
//! ```
//!
//! Buckets of one size that go to two bins of one kind are usual, and are not asked about.

use crate::assets::Asset;
use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::domain::ledger::{EntryId, LedgerEntry};
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::indicators::entry_owner::{entry_owner, users_of_indicator};
use crate::indicators::entry_quantities::entry_quantity;
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::mass_in_two_units::{UnitAmount, pairs_in_two_units};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Units in which amounts are compared.
const COMPARED_UNITS: [&str; 2] = ["kg", "L"];

/// Days and amount with unit of an entry.
type MassKey = (Date, Date, String);

/// Entry of a mass: its number, the claim for which it counts, and the words of its source.
type MassEntry = (EntryId, String, BTreeSet<String>);

/// An entry and the earlier one that is probably of the same mass.
#[derive(Clone, Debug, PartialEq)]
struct SameMass {
    first: EntryId,
    second: EntryId,
    remark: IndicatorRemark,
}

/// Entries that are probably of one mass, and stand behind two claims.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SameMasses {
    all: Vec<SameMass>,
}

impl SameMasses {
    /// Compares the records of a site.
    pub(crate) fn among<'a>(
        config: &Config,
        records: impl Iterator<Item = &'a LedgerEntry>,
    ) -> Self {
        let treating = config.assets.iter();
        let treating = treating.filter(|one| one.kind.settings().organic_waste().is_some());
        let treating: Vec<&Asset> = treating.collect();
        let mut alike: BTreeMap<MassKey, Vec<MassEntry>> = BTreeMap::new();
        let mut amounts = Vec::new();
        for entry in records {
            let claim = claim_of(config, &treating, entry);
            if let Some((claim, key)) = claim.zip(mass_key(config, entry)) {
                let source = source_words(config, &entry.statement.what);
                amounts.extend(unit_amount(config, entry, &claim));
                alike
                    .entry(key)
                    .or_default()
                    .push((entry.id, claim, source));
            }
        }
        let pairs = alike
            .into_iter()
            .flat_map(|(key, entries)| pairs_of(&key, entries));
        let mut all: Vec<SameMass> = pairs.collect();
        let in_two_units = pairs_in_two_units(&amounts).into_iter();
        all.extend(in_two_units.map(|(one, other)| same_in_two_units(one, other)));
        Self { all }
    }

    /// Whether the mass of an entry stands behind the claim of an earlier one.
    pub(crate) fn is_claimed_before(&self, id: EntryId) -> bool {
        self.all.iter().any(|one| one.second == id)
    }

    /// Remarks on the masses that some of these entries have in common with others.
    pub(crate) fn remarks<'a>(
        &'a self,
        entries: &'a [EntryId],
    ) -> impl Iterator<Item = &'a IndicatorRemark> {
        let has = |one: &&SameMass| entries.contains(&one.first) || entries.contains(&one.second);
        self.all.iter().filter(has).map(|one| &one.remark)
    }

    /// Makes the figures with such an entry doubtful.
    pub(crate) fn mark(&self, figures: &mut [Indicator]) {
        for figure in figures.iter_mut().filter(|_| !self.all.is_empty()) {
            let entries = figure.inputs.iter().filter_map(|input| match &input.from {
                InputSource::Ledger { entries, .. } => Some(entries.as_slice()),
                _ => None,
            });
            // One is told: the others stand in the list of entries.
            let told = entries.flat_map(|own| self.remarks(own)).next().cloned();
            if let Some(remark) = told {
                let marked = figure.clone().with_verdict(ClaimVerdict::Doubtful);
                *figure = marked.with_remark(remark);
            }
        }
    }
}

/// Amount of an entry in the unit of its indicator, where that is a mass or a volume.
fn unit_amount(config: &Config, entry: &LedgerEntry, claim: &str) -> Option<UnitAmount> {
    let unit = COMPARED_UNITS
        .into_iter()
        .find(|unit| *entry.statement.unit == **unit)?;
    let amount = entry_quantity(config, entry, unit).ok()?;
    let when = entry.statement.when;
    (amount > 0.0).then(|| UnitAmount {
        entry: entry.id,
        claim: claim.to_owned(),
        days: (when.first(), when.last()),
        amount,
        unit,
    })
}

/// The later of two entries that are one thing in litres and kilograms is not claimed.
fn same_in_two_units(litres: &UnitAmount, mass: &UnitAmount) -> SameMass {
    let remark = IndicatorRemark::new("account-same-mass-units")
        .with_arg("first", litres.entry)
        .with_arg("second", mass.entry)
        .with_arg(
            "litres",
            round_decimals(litres.amount, 6, RoundingMode::Nearest),
        )
        .with_arg(
            "mass",
            round_decimals(mass.amount, 6, RoundingMode::Nearest),
        )
        .with_arg("date", litres.days.0);
    SameMass {
        first: litres.entry.min(mass.entry),
        second: litres.entry.max(mass.entry),
        remark,
    }
}

/// Pairs of entries of two claims among entries of one day and amount. What says nothing of its
/// source, or less than the other one, may be of the same.
fn pairs_of((day, _, mass): &MassKey, mut entries: Vec<MassEntry>) -> Vec<SameMass> {
    entries.sort_unstable();
    let (mass, unit) = mass.split_once(' ').unwrap_or((mass, ""));
    let mut single: Vec<&MassEntry> = Vec::new();
    let mut pairs = Vec::new();
    for entry in &entries {
        let (second, claim, source) = entry;
        let is_same = |one: &&MassEntry| {
            one.1 != *claim && (one.2.is_subset(source) || source.is_subset(&one.2))
        };
        let Some(place) = single.iter().position(is_same) else {
            single.push(entry);
            continue;
        };
        let (first, ..) = single.remove(place);
        let remark = IndicatorRemark::new("account-same-mass")
            .with_arg("first", first)
            .with_arg("second", second)
            .with_arg("mass", mass)
            .with_arg("unit", unit)
            .with_arg("date", day);
        pairs.push(SameMass {
            first: *first,
            second: *second,
            remark,
        });
    }
    pairs
}

/// The claim for which an entry counts: the kind of treatment, or the effect of its indicator;
/// `None` for none, or one that is not known.
fn claim_of(config: &Config, treating: &[&Asset], entry: &LedgerEntry) -> Option<String> {
    let indicator = &*entry.statement.indicator;
    let takes = |one: &Asset| {
        let waste = one.kind.settings().organic_waste();
        waste.is_some_and(|waste| **waste.fed == *indicator)
    };
    let users: Vec<&Asset> = users_of_indicator(treating, indicator)
        .filter(|one| takes(one))
        .collect();
    let Some(any) = users.first() else {
        let definition = config.definitions.find(indicator)?;
        return (!definition.factors.is_empty()).then(|| indicator.to_owned());
    };
    let is_one_kind = users.iter().all(|one| one.kind.word() == any.kind.word());
    let owner = entry_owner(&users, entry).or(is_one_kind.then_some(*any))?;
    Some(owner.kind.word().to_owned())
}

fn mass_key(config: &Config, entry: &LedgerEntry) -> Option<MassKey> {
    let said = &entry.statement;
    let mut amounts = COMPARED_UNITS
        .iter()
        .filter_map(|unit| Some((entry_quantity(config, entry, unit).ok()?, unit)));
    let (amount, unit) = amounts.next().filter(|(amount, _)| *amount > 0.0)?;
    let amount = round_decimals(amount, 6, RoundingMode::Nearest);
    let mass = format!("{amount} {unit}");
    Some((said.when.first(), said.when.last(), mass))
}

/// Words of a text besides the names of assets, in small letters.
fn source_words(config: &Config, text: &str) -> BTreeSet<String> {
    let mut text = text.to_lowercase();
    let assets = config.assets.iter();
    let mut names: Vec<String> = assets
        .flat_map(|one| [one.id.to_lowercase(), one.name.to_lowercase()])
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        text = text.replace(&name, " ");
    }
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}
