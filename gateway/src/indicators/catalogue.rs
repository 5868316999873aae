//! List of all indicators of assets and of the site.

use crate::carbon;
use crate::domain::indicator::IndicatorSpec;
use crate::indicators::{asset_figures::ASSET_INDICATORS, site_totals};

/// All indicators of assets and of the site, in report order. Ids of ledger indicators
/// (`ledger.ID`, `ledger.ID.target`, `ledger.ID.baseline`, `ledger.ID.effect`) follow from the
/// definitions of the ledger and are not listed.
pub fn all_indicators() -> impl Iterator<Item = &'static IndicatorSpec<'static>> {
    let others = [carbon::INDICATORS, site_totals::INDICATORS];
    let lists = ASSET_INDICATORS.iter().copied().chain(others);
    lists.flatten().copied()
}

/// Message key of the name of an indicator.
pub fn name_key(id: &str) -> String {
    format!("indicator-{}", id.replace(['.', '_'], "-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;
    use std::collections::BTreeSet;

    #[test]
    fn every_figure_has_a_name_of_its_own_in_both_languages() {
        for lang in [Language::Id, Language::En] {
            let mut names = BTreeSet::new();
            for spec in all_indicators() {
                let key = name_key(spec.id);
                let name = lang.text(&key);
                assert_ne!(name, key, "{}", lang.code());
                assert!(names.insert(name), "{} twice in {}", spec.id, lang.code());
            }
        }
    }

    #[test]
    fn an_id_stands_for_one_figure() {
        let ids: BTreeSet<&str> = all_indicators().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), all_indicators().count());
    }
}
