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
pub mod formulas;
pub mod fuel_emissions;
pub mod settings;
pub mod waste_emissions;
