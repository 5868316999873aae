//! Ranges of values that a factor of a unit can have.

use crate::domain::factor::Factor;

/// Highest emission factor of electricity, t/MWh: a small diesel set at low load.
const ELECTRICITY_MAX: f64 = 3.0;
/// Highest emission factor of heat, kg/GJ: above that of peat.
const HEAT_MAX: f64 = 150.0;
/// Highest emission factor of a litre of fuel, kg/L: above that of heavy fuel oil.
const LITRE_MAX: f64 = 5.0;
/// Substances whose emission cannot be negative.
const EMITTED: [&str; 3] = ["CO2", "CH4", "N2O"];

/// The range in which the value of the factor must lie and its unit, when the value cannot be true.
pub(super) fn violated_range(factor: &Factor) -> Option<String> {
    let of_unit = [
        (factor.t_per_mwh(), ELECTRICITY_MAX, "tCO2/MWh"),
        (factor.kg_per_gj(), HEAT_MAX, "kgCO2/GJ"),
        (
            factor
                .value_in("kgCO2/L")
                .or_else(|| factor.value_in("kgCO2e/L")),
            LITRE_MAX,
            "kgCO2/L",
        ),
    ];
    for (value, most, unit) in of_unit {
        if value.is_some_and(|value| !(0.0..=most).contains(&value)) {
            return Some(format!("0..={most} {unit}"));
        }
    }
    let text = factor.unit.text();
    let is_emission = EMITTED.iter().any(|substance| text.contains(substance));
    (is_emission && factor.value < 0.0).then(|| format!(">= 0 {text}"))
}
