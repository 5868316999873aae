//! [`CheckContext`]: what an asset is checked against, and checks that several kinds share.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::Factors;
use crate::config::raw_values::RawText;
use crate::config::same_places::SamePlaces;
use crate::domain::Site;
use crate::ledger::{IndicatorDefinitions, LedgerDimension};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Data against which an asset is checked.
#[derive(Debug)]
pub(crate) struct CheckContext<'a> {
    pub(crate) site: &'a Site,
    /// Points that are one register by two names.
    pub(crate) places: &'a SamePlaces,
    pub(crate) factors: &'a Factors,
    pub(crate) definitions: &'a IndicatorDefinitions,
    /// Points of the asset under check, by role; emptied for each asset.
    pub(crate) roles: BTreeMap<String, Arc<str>>,
}

/// Requires at least one of these keys.
pub(crate) fn require_one_of(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    keys: &[(&str, bool)],
) {
    if keys.iter().any(|(_, given)| *given) {
        return;
    }
    let names: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    notes.add_error(
        span.clone(),
        names[0],
        "fault-one-of",
        "",
        &names.join(", "),
    );
}

/// Returns the trimmed text, empty when the key is absent.
pub(crate) fn text_or_empty(typed: &RawText) -> String {
    typed
        .as_ref()
        .map_or(String::new(), |at| at.get().trim().to_owned())
}

/// Key of an asset that names a ledger indicator.
pub(crate) struct IndicatorKey {
    key: &'static str,
    usual: &'static str,
    dimension: LedgerDimension,
}

impl IndicatorKey {
    /// Key of an indicator that measures `dimension`; `usual` is meant when the key is absent.
    pub(crate) const fn new(
        key: &'static str,
        usual: &'static str,
        dimension: LedgerDimension,
    ) -> Self {
        Self {
            key,
            usual,
            dimension,
        }
    }
}

impl CheckContext<'_> {
    /// Checks a ledger indicator and its unit; `table` is the place of an asset without the key.
    pub(crate) fn ledger_indicator(
        &self,
        notes: &mut DiagnosticCollector<'_>,
        table: &Range<usize>,
        typed: &RawText,
        wanted: &IndicatorKey,
    ) -> Arc<str> {
        // A site may change the unit of a built-in indicator, so the usual one is checked too.
        let (id, span) = match typed {
            Some(at) => (at.get().as_str(), at.span()),
            None => (wanted.usual, table.clone()),
        };
        let known = self.definitions;
        let Some(definition) = known.find(id) else {
            let hint = known.nearest_id(id).map(str::to_owned);
            let all: Vec<&str> = known.all().iter().map(|one| &*one.id).collect();
            let all = all.join(", ");
            let what = "fault-unknown-indicator";
            notes.add_error_with_hint(span, wanted.key, what, id, &all, hint);
            return Arc::from(id);
        };
        let unit = &definition.unit;
        // Without a unit the indicator itself has an error, which is reported already.
        if !unit.is_empty() && !known.measures(unit, wanted.dimension) {
            let found = format!("{} ({unit})", definition.id);
            let fitting = known.units_measuring(wanted.dimension);
            notes.add_error(span, wanted.key, "fault-indicator-unit", &found, &fitting);
        }
        Arc::clone(&definition.id)
    }
}
