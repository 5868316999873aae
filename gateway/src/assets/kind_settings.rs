//! [`AssetKindSettings`] and [`RawAssetTable`]: what the folder of a kind implements.

use crate::assets::{Baseline, RatedLimit};
use crate::carbon::settings::waste_disposal::{WasteDisposal, disposal_factors};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::domain::date_bounds::DateBounds;
use crate::domain::factor::Factor;
use crate::ledger::AmountRange;
use std::sync::Arc;

/// Checked settings of a kind, as far as all parts of the gateway ask for them.
pub(crate) trait AssetKindSettings {
    /// Chapter of the report that shows it.
    fn report_chapter(&self) -> &'static str;

    /// Factors on which its figures depend; those of the disposal without the programme by default.
    fn factors(&self) -> Vec<&Arc<Factor>> {
        let waste = self.organic_waste();
        disposal_factors(waste.and_then(|waste| waste.disposal))
    }

    /// Declared baselines, by their first day.
    fn baselines(&self) -> &[Baseline] {
        &[]
    }

    /// Stretches of days for which something is declared, with the key: its baselines.
    fn declared_stretches(&self) -> Vec<(&'static str, DateBounds)> {
        let baselines = self.baselines().iter();
        baselines.map(|one| ("baseline", one.days)).collect()
    }

    /// Ids of the other assets on which its figures depend.
    fn needed_assets(&self) -> Vec<&Arc<str>> {
        Vec::new()
    }

    /// Id of the generator set that backs up a plant.
    fn backup_genset(&self) -> Option<&Arc<str>> {
        None
    }

    /// Factor of the energy that a plant itself takes from the grid.
    fn import_factor(&self) -> Option<&Arc<Factor>> {
        None
    }

    /// Limits of its points by its ratings.
    fn rated_limits(&self) -> Vec<RatedLimit<'_>> {
        Vec::new()
    }

    /// Organic waste that it takes.
    fn organic_waste(&self) -> Option<OrganicWaste<'_>> {
        None
    }

    /// Largest amounts that one entry of its indicators can have, each with its unit.
    fn entry_ranges(&self) -> Vec<(&Arc<str>, AmountRange, &'static str)> {
        Vec::new()
    }

    /// Measurements of a pump; `None` for other kinds.
    fn pump_measurements(&self) -> Option<PumpMeasurements> {
        None
    }
}

/// `[[asset]]` of a kind as typed. Its module also has `check_table`, which checks it by itself.
pub(crate) trait RawAssetTable {
    /// Checks the names of other assets in the table of `own`, once all assets are known.
    fn check_relations(
        &self,
        _notes: &mut DiagnosticCollector<'_>,
        _own: &dyn AssetKindSettings,
        _all: &[&dyn NamedAsset],
    ) {
    }
}

/// Asset as the table of another one names it.
pub(crate) trait NamedAsset {
    /// Id.
    fn id(&self) -> &Arc<str>;

    /// Word of its kind in files: `plts`, `pump`, ...
    fn word(&self) -> &'static str;

    /// Settings of its kind.
    fn settings(&self) -> &dyn AssetKindSettings;
}

/// Measurements of a pump, as far as the baseline of a plant needs them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PumpMeasurements {
    /// It measures its water.
    pub(crate) water: bool,
    /// Its head is known.
    pub(crate) head: bool,
}

/// Organic waste that an asset takes, by the indicators of the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrganicWaste<'a> {
    /// Mass that goes in.
    pub(crate) fed: &'a Arc<str>,
    /// True when the records of that mass are of nothing but what goes in: the site says so, or the
    /// indicator does.
    pub(crate) is_declared: bool,
    /// Masses that come out.
    pub(crate) taken: [Option<&'a str>; 2],
    /// True when the masses are dry.
    pub(crate) dry: bool,
    /// Disposal without the programme.
    pub(crate) disposal: Option<&'a WasteDisposal>,
}
