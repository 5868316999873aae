//! Emissions: baselines, avoided and project emissions, claims (METHODS C, E.5 to E.9).
//!
//! [`settings`] are the checked parts of the configuration, [`formulas`] the arithmetic, and the
//! modules beside them make figures of a period from the figures of assets and from the ledger.
//!
//! ```text
//! co2.gross = E_used / 1000 · EF · (1 + TDL)      // avoided_emissions, C.3
//! co2.net   = gross − project − leakage           // C.9
//! ```
//!
//! See docs/factors.md and docs/reports.md.

pub mod avoided_emissions;
pub mod baseline_emissions;
pub(crate) mod claim_segments;
pub mod formulas;
pub mod fuel_emissions;
pub mod known_indicators;
pub mod landfill_baseline;
pub mod settings;
pub mod treated_waste;
mod treatment_inputs;
pub mod waste_emissions;
pub mod waste_group;
pub mod waste_net;

use crate::domain::indicator::IndicatorSpec;
use avoided_emissions::{CO2_GROSS, CO2_LEAKAGE, CO2_NET, CO2_PROJECT};
use waste_emissions::{METHANE_ANNUAL, METHANE_LIFETIME, WASTE_PROJECT};
use waste_net::WASTE_NET;

/// Figures of emissions, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[
    &CO2_GROSS,
    &CO2_PROJECT,
    &CO2_LEAKAGE,
    &CO2_NET,
    &METHANE_ANNUAL,
    &METHANE_LIFETIME,
    &WASTE_PROJECT,
    &WASTE_NET,
];
