//! `treated_waste`: entries of waste that stand behind the methane of a treatment, and why others
//! do not (METHODS E.5, G.7).
//!
//! ```text
//! "biopond 1, sisa pasar"                  names its bin
//! "sisa pasar", one bin takes that sort    the configuration names the bin
//! "sisa pasar", several take it            treated nowhere that the program knows: not claimed
//! residue of a bin, put on a heap          was waste once, and is claimed there
//! ```

use crate::assets::Asset;
use crate::carbon::waste_group::WasteGroup;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, IndicatorRemark};
use crate::domain::ledger::LedgerEntry;
use crate::formulas::CompensatedSum;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::indicators::entry_owner::named_asset;
use crate::indicators::entry_quantities::entry_quantity;
use crate::indicators::figure_context::{FigureBuilder, FigureContext};
use crate::indicators::ledger_totals::PeriodLedger;
use crate::indicators::same_masses::SameMasses;

/// Entries whose treatment is known, each mass once.
pub(super) struct TreatedWaste {
    pub(super) book: PeriodLedger,
    remarks: Vec<IndicatorRemark>,
}

/// The entries of a group that stand behind its methane, or the remark that says why none does.
pub(super) fn treated_waste(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    same: &SameMasses,
    book: &PeriodLedger,
) -> Result<TreatedWaste, IndicatorRemark> {
    if let Some(source) = source_of(desk, group) {
        let said = IndicatorRemark::new("account-mass-goes-on");
        return Err(said.with_arg("asset", &source.name));
    }
    let is_fed = |entry: &&LedgerEntry| *entry.statement.indicator == **group.fed;
    let fed: Vec<&LedgerEntry> = book.records().filter(is_fed).collect();
    let untreated: Vec<&LedgerEntry> = fed
        .iter()
        .copied()
        .filter(|one| !is_treated(group, one))
        .collect();
    let names: Vec<&str> = group.assets.iter().map(|asset| &*asset.name).collect();
    let names = names.join(", ");
    if !fed.is_empty() && untreated.len() == fed.len() {
        return Err(IndicatorRemark::new("account-no-treatment").with_arg("assets", names));
    }
    let mut remarks = Vec::new();
    let kg = |entry: &&LedgerEntry| entry_quantity(desk.config, entry, "kg").ok();
    let rest: CompensatedSum = untreated.iter().filter_map(kg).collect();
    if !untreated.is_empty() {
        let kg = round_decimals(rest.value(), 1, RoundingMode::Nearest);
        let said = IndicatorRemark::new("account-untreated-lower-bound");
        remarks.push(said.with_arg("mass", kg).with_arg("assets", names));
    }
    let before: Vec<u64> = fed
        .iter()
        .map(|entry| entry.id)
        .filter(|id| same.is_claimed_before(*id))
        .collect();
    let said = same.remarks(&before).next().cloned();
    if let Some(why) = said
        .clone()
        .filter(|_| before.len() + untreated.len() == fed.len())
    {
        return Err(why);
    }
    remarks.extend(said);
    let counts = |entry: &LedgerEntry| {
        let is_out = is_fed(&entry) && !is_treated(group, entry);
        !is_out && !same.is_claimed_before(entry.id)
    };
    Ok(TreatedWaste {
        book: book.filtered(counts),
        remarks,
    })
}

impl TreatedWaste {
    /// The figure with what is not in it.
    pub(super) fn told(&self, figure: Indicator) -> Indicator {
        let is_doubted = self.remarks.iter().any(IndicatorRemark::is_doubt);
        let verdict = if is_doubted {
            ClaimVerdict::Doubtful
        } else {
            ClaimVerdict::Claimable
        };
        let remarks = self.remarks.iter().cloned();
        remarks.fold(figure.with_verdict(verdict), Indicator::with_remark)
    }
}

/// Whether the program knows what was done with the waste of an entry.
fn is_treated(group: &WasteGroup<'_>, entry: &LedgerEntry) -> bool {
    group.is_declared || matches!(group.assets[..], [one] if named_asset(&[one], entry).is_some())
}

/// The asset out of which, by its indicator, the mass comes that goes into a group.
fn source_of<'a>(desk: &FigureContext<'a>, group: &WasteGroup<'_>) -> Option<&'a Asset> {
    let mut assets = desk.config.assets.iter();
    assets.find(|one| {
        let waste = one.kind.settings().organic_waste();
        let taken = waste.map(|waste| waste.taken).into_iter().flatten();
        let mut taken = taken.flatten();
        taken.any(|indicator| *indicator == **group.fed)
    })
}
