//! [`Asset`]: a checked asset of a site.

use super::asset_kind::AssetKind;
use super::kind_settings::{AssetKindSettings, NamedAsset};
use crate::carbon::settings::baseline::Baseline;
use crate::config::number_ranges::UnusualNumber;
use crate::domain::date_bounds::DateBounds;
use crate::domain::factor::Factor;
use crate::domain::period::Period;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Checked asset: a PV plant, a pump, a tank, ...
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Id.
    pub id: Arc<str>,
    /// Name for people; the id when none is given.
    pub name: Arc<str>,
    /// Point ids by role (`power`, `energy`, `level`, ...), for pages and lists.
    pub points: BTreeMap<String, Arc<str>>,
    /// Days of operation: outside them nothing is expected of it and nothing claimed.
    pub days: DateBounds,
    /// Kind, with the data that its figures need.
    pub kind: AssetKind,
    /// Its numbers that are possible and unusual: what uses them is to be checked.
    pub(crate) unusual: Vec<UnusualNumber>,
}

impl Asset {
    /// Declared baselines by their first day; none overlaps another.
    pub fn baselines(&self) -> &[Baseline] {
        self.kind.settings().baselines()
    }

    /// Codes of its baselines that hold in a period, in their order: `GRID`, `GENSET, GRID`.
    pub fn baseline_codes(&self, period: Period) -> String {
        let held = self.baselines().iter();
        let held = held.filter(|one| one.days.within(period).is_some());
        let mut codes: Vec<&str> = held.map(|one| one.kind.code()).collect();
        codes.dedup();
        codes.join(", ")
    }

    /// Factors on which its figures depend.
    pub fn factors(&self) -> Vec<&Arc<Factor>> {
        self.kind.settings().factors()
    }

    /// Ledger indicators of the masses that go in and come out; empty for assets without organic
    /// waste.
    pub(crate) fn waste_indicators(&self) -> Vec<&str> {
        let waste = self.kind.settings().organic_waste();
        let all = waste.map(|waste| [Some(&**waste.fed)].into_iter().chain(waste.taken));
        all.into_iter().flatten().flatten().collect()
    }
}

impl NamedAsset for Asset {
    fn id(&self) -> &Arc<str> {
        &self.id
    }

    fn word(&self) -> &'static str {
        self.kind.word()
    }

    fn settings(&self) -> &dyn AssetKindSettings {
        self.kind.settings()
    }
}
