//! [`energy_chain`]: certainty that the energy of one asset is in that of another, by what a site
//! declares about the assets between them.
//!
//! ```text
//! m feeds n, n feeds w                the energy of m is in w
//! m part-of n, n feeds w              perhaps: another part of n may feed w
//! p feeds m, m part-of n              the energy of p is in n
//! p feeds n, m part-of n              perhaps: another part of n may get it
//! m part-of n, w part-of n            not: two parts of one whole
//! ```

use super::asset_relation::{AssetRelation, AssetRelationSort};
use super::energy_overlap::EnergyOverlap;
use std::collections::BTreeSet;

/// An asset that the energy reaches, and the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ReachedAsset<'a> {
    id: &'a str,
    /// It was fed on the way.
    fed: bool,
    /// The energy may have gone by: it is a part of what was fed, or was fed by a whole.
    partial: bool,
    /// The last step that was not in series led to a whole: all of the energy is in it.
    whole: bool,
}

/// Certainty that energy of one of the two is in that of the other; `carries` tells which assets
/// hand energy on.
pub(super) fn energy_chain(
    relations: &[AssetRelation],
    carries: impl Fn(&str) -> bool + Copy,
    one: &str,
    other: &str,
) -> EnergyOverlap {
    let there = energy_reaches(relations, carries, one, other);
    there.max(energy_reaches(relations, carries, other, one))
}

/// Certainty that energy of the first asset is in that of the second.
pub(super) fn energy_reaches(
    relations: &[AssetRelation],
    carries: impl Fn(&str) -> bool,
    from: &str,
    to: &str,
) -> EnergyOverlap {
    let mut best = EnergyOverlap::None;
    let mut seen = BTreeSet::new();
    let mut next = vec![ReachedAsset {
        id: from,
        fed: false,
        partial: false,
        whole: false,
    }];
    while let Some(at) = next.pop() {
        if !seen.insert(at) {
            continue;
        }
        if at.id == to && from != to {
            let certainty = if at.partial {
                EnergyOverlap::Possible
            } else {
                EnergyOverlap::Sure
            };
            best = best.max(certainty);
        }
        next.extend(relations.iter().filter_map(|one| step(one, at, &carries)));
    }
    best
}

/// Asset to which a relation leads from this one; `None` where it hands on no energy.
fn step<'a>(
    relation: &'a AssetRelation,
    at: ReachedAsset<'_>,
    carries: impl Fn(&str) -> bool,
) -> Option<ReachedAsset<'a>> {
    let is_here = *relation.asset == *at.id;
    let is_other = *relation.with == *at.id;
    let reached = |id: &'a str| ReachedAsset {
        id,
        fed: at.fed,
        partial: at.partial,
        whole: at.whole,
    };
    match relation.sort {
        AssetRelationSort::InSeries if is_here => Some(reached(&relation.with)),
        AssetRelationSort::InSeries if is_other => Some(reached(&relation.asset)),
        // A pump hands on water, and no energy.
        AssetRelationSort::Feeds if is_here && carries(at.id) => Some(ReachedAsset {
            fed: true,
            partial: at.partial || at.whole,
            whole: false,
            ..reached(&relation.with)
        }),
        AssetRelationSort::PartOf if is_here => Some(ReachedAsset {
            whole: true,
            ..reached(&relation.with)
        }),
        // What is fed may be in any of its parts; the parts of one whole are not each other.
        AssetRelationSort::PartOf if is_other && at.fed && !at.whole => Some(ReachedAsset {
            partial: true,
            ..reached(&relation.asset)
        }),
        _ => None,
    }
}
