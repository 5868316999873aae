//! [`AssetKindSettings`]: settings of a kind, as far as all parts of the gateway ask for them.

use crate::assets::{Baseline, RatedLimit};
use crate::carbon::settings::waste_disposal::{WasteDisposal, disposal_factors};
use crate::domain::factor::Factor;
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

    /// Declared baseline.
    fn baseline(&self) -> Option<&Baseline> {
        None
    }

    /// Ids of the other assets on which its figures depend.
    fn needed_assets(&self) -> Vec<&Arc<str>> {
        Vec::new()
    }

    /// Limits of its points by its ratings.
    fn rated_limits(&self) -> Vec<RatedLimit<'_>> {
        Vec::new()
    }

    /// Organic waste that it takes.
    fn organic_waste(&self) -> Option<OrganicWaste<'_>> {
        None
    }
}

/// Organic waste that an asset takes, by the indicators of the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrganicWaste<'a> {
    /// Mass that goes in.
    pub(crate) fed: &'a Arc<str>,
    /// Masses that come out.
    pub(crate) taken: [Option<&'a str>; 2],
    /// True when the masses are dry.
    pub(crate) dry: bool,
    /// Disposal without the programme.
    pub(crate) disposal: Option<&'a WasteDisposal>,
}
