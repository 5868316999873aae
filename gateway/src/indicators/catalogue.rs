//! List of all indicators of assets and of the site.

use crate::carbon;
use crate::config::Config;
use crate::domain::indicator::IndicatorSpec;
use crate::indicators::{asset_figures::KIND_INDICATORS, site_totals};
use crate::ledger::{IndicatorDefinitions, MeasuredFigure};
use std::sync::Arc;

/// All indicators of assets and of the site, in report order. Ids of ledger indicators
/// (`ledger.ID`, `ledger.ID.target`, `ledger.ID.baseline`, `ledger.ID.effect`) follow from the
/// definitions of the ledger and are not listed.
pub fn all_indicators() -> impl Iterator<Item = &'static IndicatorSpec<'static>> {
    let others = [carbon::INDICATORS, site_totals::INDICATORS];
    let lists = KIND_INDICATORS.iter().map(|(_, own)| *own).chain(others);
    lists.flatten().copied()
}

/// Message key of the name of an indicator.
pub fn name_key(id: &str) -> String {
    format!("indicator-{}", plain_id(id))
}

/// Returns whether an indicator of the ledger stands for a figure that Pantau measures: a site
/// declares it so that the figure can have a target, and people write none of it down. Those of the
/// built-in list are written down, also where a figure is made of them (`bsf.fed` of `bsf-fed`).
pub fn is_measured_figure(ledger_id: &str) -> bool {
    let is_written = IndicatorDefinitions::has_built_in(ledger_id);
    !is_written && all_indicators().any(|spec| plain_id(spec.id) == ledger_id)
}

/// Definitions of the ledger with the figures that Pantau computes at the site, which have targets
/// only.
pub fn with_measured_figures(config: &Config) -> IndicatorDefinitions {
    let mut all = Vec::new();
    for (word, specs) in KIND_INDICATORS {
        let own = config.assets.iter().filter(|one| one.kind.word() == *word);
        let own: Vec<_> = own
            .map(|one| (Arc::clone(&one.id), Arc::clone(&one.name)))
            .collect();
        if own.is_empty() {
            continue;
        }
        let figure = |spec: &&IndicatorSpec<'_>| {
            let has_total = site_totals::has_total(spec.id);
            MeasuredFigure::new(spec.id, spec.unit, own.clone(), has_total)
        };
        all.extend(specs.iter().map(figure));
    }
    let others = [carbon::INDICATORS, site_totals::INDICATORS].into_iter();
    let others = others.flatten();
    all.extend(others.map(|spec| MeasuredFigure::new(spec.id, spec.unit, Vec::new(), true)));
    config.definitions.clone().with_measured_figures(all)
}

/// Id as the ledger and message keys have it: `plts-generation` of `plts.generation`.
fn plain_id(id: &str) -> String {
    id.replace(['.', '_'], "-")
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
    fn a_figure_with_a_target_is_measured_and_a_weighed_one_is_not() {
        assert!(is_measured_figure("plts-generation") && is_measured_figure("co2-net"));
        for written in ["bsf-fed", "bsf-maggot", "plts.generation", "pupuk-cair"] {
            assert!(!is_measured_figure(written), "{written}");
        }
    }

    #[test]
    fn an_id_stands_for_one_figure() {
        let ids: BTreeSet<&str> = all_indicators().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), all_indicators().count());
    }
}
