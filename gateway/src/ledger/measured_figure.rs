//! [`MeasuredFigure`]: a figure that Pantau computes; people set targets for it alone.

use super::indicator_definition::{BilingualText, IndicatorDefinition, TotalRule};
use crate::domain::ExactNumber;
use crate::domain::ledger::QuantityBasis;
use crate::domain::mentioned_asset::mentioned_asset;
use crate::i18n::Language;
use std::sync::Arc;

/// Decimal places that the target of a measured figure may have.
const TARGET_DECIMALS: u8 = 3;

/// Measured figure of a site, as an indicator that has targets only.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredFigure {
    /// Id as the ledger has it (`plts-generation`), name and unit.
    pub definition: IndicatorDefinition,
    /// Assets that have it, as (id, name); empty for a figure of the site.
    assets: Vec<(Arc<str>, Arc<str>)>,
    /// Whether a target that names no asset has a figure at which it stands.
    has_total: bool,
}

impl MeasuredFigure {
    /// Figure with an id such as `plts.generation`, in `unit`, of these assets as (id, name).
    pub fn new(
        id: &str,
        unit: &str,
        assets: Vec<(Arc<str>, Arc<str>)>,
        has_site_total: bool,
    ) -> Self {
        let key = id.replace(['.', '_'], "-");
        let mut names = Language::ALL
            .iter()
            .map(|lang| lang.text(&format!("indicator-{key}")));
        let none = || BilingualText {
            id: String::new(),
            en: String::new(),
        };
        Self {
            has_total: has_site_total || assets.len() < 2,
            assets,
            definition: IndicatorDefinition {
                programme: id.split('.').next().unwrap_or_default().into(),
                name: BilingualText {
                    id: names.next().unwrap_or_default(),
                    en: names.next().unwrap_or_default(),
                },
                unit: unit.into(),
                decimals: TARGET_DECIMALS,
                total: TotalRule::Sum,
                known: vec![QuantityBasis::Declared],
                print: none(),
                needs: none(),
                never: none(),
                example: ExactNumber::Float(1.0),
                factors: Vec::new(),
                id: key.into(),
            },
        }
    }

    /// Assets of which a target must name one, as a list for a message; `None` where `what` names
    /// one, or names nothing and need not.
    pub(super) fn assets_to_name(&self, what: &str) -> Option<String> {
        let labels = self.assets.iter().map(|(id, name)| (&**id, &**name));
        let is_named = mentioned_asset(labels, what).is_some();
        if is_named || self.assets.is_empty() || (what.is_empty() && self.has_total) {
            return None;
        }
        let ids: Vec<&str> = self.assets.iter().map(|(id, _)| &**id).collect();
        Some(ids.join(", "))
    }
}
