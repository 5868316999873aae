//! [`check_relations`]: checks relations between assets.
//!
//! Referenced assets must exist and have the right kind, and grid factors have one vintage.

use super::{Asset, NamedAsset, RawAsset};
use crate::carbon::settings::baseline::BaselineKind;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::Factors;
use crate::config::raw_values::SpannedValue;
use crate::domain::factor::{Factor, FactorStatus};
use std::sync::Arc;

pub(crate) fn check_relations(
    notes: &mut DiagnosticCollector<'_>,
    factors: &Factors,
    raw: &[SpannedValue<RawAsset>],
    all: &[Asset],
) {
    let named: Vec<&dyn NamedAsset> = all.iter().map(|asset| asset as &dyn NamedAsset).collect();
    for (at, asset) in raw.iter().zip(all) {
        let table = at.get().table();
        table.check_relations(notes, asset.kind.settings(), &named);
    }
    warn_mixed_vintages(notes, raw, all);
    warn_higher_factors(notes, factors, raw, all);
}

/// Warns about a grid factor where another one of the same grid and year is lower (METHODS C.2 c).
fn warn_higher_factors(
    notes: &mut DiagnosticCollector<'_>,
    factors: &Factors,
    raw: &[SpannedValue<RawAsset>],
    all: &[Asset],
) {
    for (at, asset) in raw.iter().zip(all) {
        for factor in grid_factors(asset) {
            if let Some(lower) = lower_factor(factors, factor) {
                let (found, other) = (quoted_factor(factor), quoted_factor(lower));
                notes.add_warning(at.span(), "baseline", "fault-lower-factor", &found, &other);
            }
        }
    }
}

/// Grid factors of the baselines of an asset, in their order.
fn grid_factors(asset: &Asset) -> impl Iterator<Item = &Arc<Factor>> {
    asset.baselines().iter().filter_map(|one| match &one.kind {
        BaselineKind::Grid { factor, .. } => factor.as_ref(),
        _ => None,
    })
}

fn quoted_factor(factor: &Factor) -> String {
    format!("{} ({} {})", factor.id, factor.value, factor.unit)
}

/// The lowest factor of the same grid and year, if it is lower than this one. A factor that was
/// computed from others is no official value.
fn lower_factor<'a>(factors: &'a Factors, chosen: &Factor) -> Option<&'a Arc<Factor>> {
    // The scope begins with the name of the grid.
    let grid = |factor: &Factor| factor.scope.split(',').next().map(str::to_lowercase);
    let own = chosen.t_per_mwh()?;
    let rivals = factors.all().iter().filter(|one| {
        one.is_of_grid()
            && one.status != FactorStatus::Derived
            && one.year == chosen.year
            && !one.scope.is_empty()
            && grid(one) == grid(chosen)
    });
    let values = rivals.filter_map(|one| Some((one, one.t_per_mwh()?)));
    let lowest = values.min_by(|(_, a), (_, b)| a.total_cmp(b));
    lowest
        .filter(|(_, value)| *value < own)
        .map(|(factor, _)| factor)
}

/// Warns about grid factors of different years (METHODS C.2: one vintage a year).
fn warn_mixed_vintages(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAsset>],
    all: &[Asset],
) {
    let mut first: Option<(i16, &str)> = None;
    for (at, asset) in raw.iter().zip(all) {
        // Of baselines that follow each other the last one: their years differ by intention.
        let project = asset.kind.settings().import_factor();
        for factor in grid_factors(asset).last().into_iter().chain(project) {
            match (factor.year, first) {
                (Some(year), Some((other, id))) if year != other => {
                    let found = format!("{} ({year})", factor.id);
                    let other = format!("{id} ({other})");
                    notes.add_warning(at.span(), "baseline", "fault-vintages", &found, &other);
                }
                (Some(year), None) => first = Some((year, &factor.id)),
                _ => {}
            }
        }
    }
}
