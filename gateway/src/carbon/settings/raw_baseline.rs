//! `baseline` of a plant as typed, by kind.

use crate::assets::genset::settings::GensetLoad;
use crate::carbon::settings::engine_fuel::{RawBlend, RawFuelKeys, RawFuelKind};
use crate::config::raw_values::{RawDate, RawNumber, RawText, SpannedValue};
use schemars::JsonSchema;
use serde::Deserialize;

/// `baseline` as typed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(tag = "kind")]
pub(crate) enum RawBaseline {
    /// Electricity from the grid.
    Grid(RawGridBaseline),
    /// Electricity from a diesel generator set.
    Genset(RawGensetBaseline),
    /// Diesel or petrol pump.
    PumpFuel(RawPumpFuelBaseline),
    /// No service existed: nothing is avoided.
    None(RawNoBaseline),
}

/// Keys of every declaration: first and last day, who declared it, and the evidence.
pub(super) type DeclarationKeys<'a> = ([Option<&'a RawDate>; 2], &'a RawText, &'a RawText);

/// Writes the table of a kind: its own keys and those of every declaration. A flattened struct
/// would lose the places of the values in the text.
macro_rules! declared_table {
    ($(#[$about:meta])* $name:ident { $($own:tt)* } evidence = $evidence:literal) => {
        $(#[$about])*
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        pub(crate) struct $name {
            $($own)*
            /// First day for which it is declared.
            #[schemars(with = "Option<serde_json::Value>")]
            pub(super) since: Option<RawDate>,
            /// Last day for which it is declared.
            #[schemars(with = "Option<serde_json::Value>")]
            pub(super) until: Option<RawDate>,
            /// Person or body that declared it.
            pub(super) by: RawText,
            #[doc = $evidence]
            pub(super) evidence: RawText,
        }

        impl $name {
            pub(super) fn declaration(&self) -> DeclarationKeys<'_> {
                let days = [self.since.as_ref(), self.until.as_ref()];
                (days, &self.by, &self.evidence)
            }
        }
    };
}

/// Writes the table of a kind that burns fuel: its own keys, those of the fuel, and those of every
/// declaration.
macro_rules! fuel_table {
    ($(#[$about:meta])* $name:ident { $($own:tt)* } evidence = $evidence:literal) => {
        declared_table! {
            $(#[$about])*
            $name {
                $($own)*
                /// Fuel, `diesel` by default.
                pub(super) fuel_kind: Option<SpannedValue<RawFuelKind>>,
                /// Factor for CO2 per heat; that of the IPCC for the fuel by default.
                pub(super) fuel_factor: RawText,
                /// Density from the delivery note, kg/L.
                pub(super) density_kg_l: RawNumber,
                /// Shares of biodiesel, by start date.
                #[serde(default)]
                pub(super) biodiesel: Vec<SpannedValue<RawBlend>>,
            }
            evidence = $evidence
        }

        impl $name {
            pub(super) fn fuel(&self) -> RawFuelKeys<'_> {
                RawFuelKeys {
                    kind: self.fuel_kind.as_ref(),
                    factor: &self.fuel_factor,
                    density: &self.density_kg_l,
                    blends: &self.biodiesel,
                }
            }
        }
    };
}

declared_table! {
    /// `GRID`.
    RawGridBaseline {
        /// Id of the grid factor; required, there is no default.
        #[schemars(required)]
        pub(super) factor: RawText,
        /// Transmission and distribution losses as a share, 0 by default (the lowest claim).
        pub(super) losses: RawNumber,
    }
    evidence = "Evidence: the PLN bill, a meter at the same load."
}

fuel_table! {
    /// `GENSET`.
    RawGensetBaseline {
        /// Rated power, kW.
        #[schemars(required)]
        pub(super) rating_kw: RawNumber,
        /// Litres per kWh, from a fuel log.
        pub(super) litres_per_kwh: RawNumber,
        /// Id of a factor for its electricity.
        pub(super) factor: RawText,
        /// Load, for the unverified table of METHODS C.4.
        pub(super) load: Option<SpannedValue<GensetLoad>>,
    }
    evidence = "Evidence: a fuel log, the nameplate."
}

fuel_table! {
    /// `PUMP_FUEL`.
    RawPumpFuelBaseline {
        /// Id of the pump asset whose water it would have lifted.
        #[schemars(required)]
        pub(crate) pump: RawText,
        /// Litres per m3, from a fuel log; otherwise computed from water and head.
        pub(super) litres_per_m3: RawNumber,
        /// Efficiency of the replaced pump, measured.
        pub(super) eta_pump: RawNumber,
        /// Efficiency of the replaced engine, measured.
        pub(super) eta_engine: RawNumber,
    }
    evidence = "Evidence: a fuel log, photos, farmers' statements."
}

declared_table! {
    /// `NONE`.
    RawNoBaseline {}
    evidence = "Evidence."
}
