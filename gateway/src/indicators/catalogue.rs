//! Catalogue of indicators: id, unit, method, equation and rounding direction.

use crate::domain::indicator::RoundingDirection;

/// Fixed properties of an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndicatorSpec {
    /// Id, such as `plts.pr`.
    pub id: &'static str,
    /// Symbol of the unit; empty for a bare number. CO2 figures may be `tCO2e` instead of `tCO2`,
    /// depending on the factor.
    pub unit: &'static str,
    /// Method id of METHODS, such as `A.5`.
    pub method: &'static str,
    /// Equation in the symbols of the inputs.
    pub equation: &'static str,
    /// Rounding direction (METHODS G.3).
    pub side: RoundingDirection,
}

const fn neutral_spec(
    id: &'static str,
    unit: &'static str,
    method: &'static str,
    equation: &'static str,
) -> IndicatorSpec {
    IndicatorSpec {
        id,
        unit,
        method,
        equation,
        side: RoundingDirection::Neutral,
    }
}

const fn benefit_spec(of: IndicatorSpec) -> IndicatorSpec {
    IndicatorSpec {
        side: RoundingDirection::Benefit,
        ..of
    }
}

const fn burden_spec(of: IndicatorSpec) -> IndicatorSpec {
    IndicatorSpec {
        side: RoundingDirection::Burden,
        ..of
    }
}

/// All indicators of assets and of the site, in report order. Ids of ledger indicators
/// (`ledger.ID`, `ledger.ID.target`, `ledger.ID.baseline`, `ledger.ID.effect`) follow from the
/// definitions of the ledger and are not listed.
pub const INDICATORS: &[IndicatorSpec] = &[
    neutral_spec("plts.generation", "kWh", "G.5", "E = ΣΔE"),
    neutral_spec("plts.dc_energy", "kWh", "G.5", "E_DC = ΣΔE"),
    neutral_spec("plts.export", "kWh", "G.5", "E_export = ΣΔE"),
    neutral_spec("plts.import", "kWh", "G.5", "E_import = ΣΔE"),
    neutral_spec("plts.project_import", "kWh", "G.5", "E = ΣΔE"),
    neutral_spec("plts.self_use", "kWh", "C.7", "E_self = E − E_export"),
    neutral_spec("plts.self_consumption", "%", "C.7", "100 · E_self / E"),
    neutral_spec(
        "plts.self_sufficiency",
        "%",
        "C.7",
        "100 · E_self / (E_self + E_import)",
    ),
    neutral_spec("plts.specific_yield", "kWh/kWp", "A.10", "E / P0"),
    neutral_spec(
        "plts.insolation",
        "kWh/m2",
        "A.2",
        "H = Σ max(0, G) · τ / 1000",
    ),
    neutral_spec("plts.reference_yield", "h", "A.3", "Y_r = H · 1000 / G_ref"),
    neutral_spec("plts.array_yield", "h", "A.4", "Y_A = E_DC / P0"),
    neutral_spec("plts.final_yield", "h", "A.4", "Y_f = E / P0"),
    neutral_spec("plts.pr", "%", "A.5", "100 · Y_f / Y_r"),
    neutral_spec("plts.capture_loss", "h", "A.6", "Y_r − Y_A"),
    neutral_spec("plts.system_loss", "h", "A.6", "Y_A − Y_f"),
    neutral_spec(
        "plts.pr_temperature",
        "%",
        "A.8",
        "100 · ΣE / Σ[P0 · G / G_ref · τ · (1 + γ(T − 25))]",
    ),
    neutral_spec(
        "plts.pr_weather",
        "%",
        "A.9",
        "100 · ΣE / Σ[P0 · G / G_ref · τ · (1 + γ(T − T_ref))]",
    ),
    neutral_spec("plts.capacity_factor", "%", "A.11", "100 · E / (P0 · t)"),
    neutral_spec(
        "plts.capacity_factor_ac",
        "%",
        "A.11",
        "100 · E / (P_AC · t)",
    ),
    neutral_spec(
        "plts.availability",
        "%",
        "A.12",
        "100 · (t_day − t_down) / t_day",
    ),
    neutral_spec("pump.volume", "m3", "G.5", "V = ΣΔV"),
    neutral_spec("pump.energy", "kWh", "G.5", "E = ΣΔE"),
    neutral_spec("pump.specific", "m3/kWh", "B.4", "V / E"),
    neutral_spec("pump.energy_per_m3", "kWh/m3", "B.4", "E / V"),
    neutral_spec(
        "pump.head",
        "m",
        "B.6",
        "H = h_static + h_drawdown + h_f + Δp/ρg + (1 + ΣK) · v²/2g",
    ),
    neutral_spec(
        "pump.hydraulic_energy",
        "kWh",
        "B.1",
        "E_hyd = ρ · g · H · V / 3.6e6",
    ),
    neutral_spec("pump.efficiency", "%", "B.2", "100 · E_hyd / E"),
    neutral_spec("pump.m3_per_kwp_day", "m3/kWp/d", "B.4", "V / (P0 · d)"),
    neutral_spec("pump.pv_to_water", "%", "B.3", "100 · E_hyd / (H_poa · A)"),
    neutral_spec("pump.hours", "h", "B.8", "Σ τ, P ≥ P_run"),
    neutral_spec("pump.dry_runs", "", "B.8", "n, P ≥ P_min, Q < Q_min"),
    neutral_spec("pump.dry_hours", "h", "B.8", "Σ τ, P ≥ P_min, Q < Q_min"),
    neutral_spec("tank.volume_last", "m3", "D.1", "V(h_last)"),
    neutral_spec("tank.volume_min", "m3", "D.1", "min V(h)"),
    neutral_spec("tank.volume_max", "m3", "D.1", "max V(h)"),
    neutral_spec("tank.fill_last", "%", "D.1", "100 · V(h_last) / V(h_full)"),
    neutral_spec("tank.inflow", "m3", "D.4", "Σ ΔV, ΔV ≥ δ"),
    neutral_spec("tank.outflow", "m3", "D.4", "Σ −ΔV, −ΔV ≥ δ"),
    neutral_spec(
        "tank.days_left",
        "d",
        "D.4",
        "(V_last − V_outlet) · d / V_out",
    ),
    neutral_spec("tank.overflow_hours", "h", "D.1", "Σ τ, h ≥ h_full"),
    neutral_spec("tank.leak_nights", "", "D.5", "n, dV/dt ≤ −q"),
    neutral_spec("catchment.rain", "mm", "G.5", "P = ΣΔP"),
    neutral_spec("catchment.gross", "m3", "D.3", "A · P / 1000"),
    neutral_spec(
        "catchment.captured",
        "m3",
        "D.3",
        "Σ max(0, A · (C · P − ff)) / 1000",
    ),
    neutral_spec("catchment.inflow", "m3", "G.5", "V_in = ΣΔV"),
    neutral_spec(
        "catchment.efficiency",
        "%",
        "D.3",
        "100 · V_in / (A · P / 1000)",
    ),
    neutral_spec("bsf.temperature_mean", "degC", "E.1", "ΣT / n"),
    neutral_spec("bsf.temperature_min", "degC", "E.1", "min T"),
    neutral_spec("bsf.temperature_max", "degC", "E.1", "max T"),
    neutral_spec("bsf.hours_no_development", "h", "E.1", "Σ τ, T < 12"),
    neutral_spec("bsf.hours_slow", "h", "E.1", "Σ τ, 12 ≤ T < 27"),
    neutral_spec("bsf.hours_optimal", "h", "E.1", "Σ τ, 27 ≤ T ≤ 30"),
    neutral_spec("bsf.hours_warm", "h", "E.1", "Σ τ, 30 < T < 36"),
    neutral_spec("bsf.hours_critical", "h", "E.1", "Σ τ, 36 ≤ T < 44"),
    neutral_spec("bsf.hours_lethal", "h", "E.1", "Σ τ, T ≥ 44"),
    neutral_spec(
        "bsf.degree_days",
        "degC d",
        "E.2",
        "Σ Δt / 24 h · max(0, min(T, 36) − 12.3)",
    ),
    neutral_spec("bsf.fed", "kg", "E.3", "W"),
    neutral_spec("bsf.larvae", "kg", "E.3", "B"),
    neutral_spec("bsf.residue", "kg", "E.3", "R"),
    neutral_spec("bsf.reduction", "%", "E.3", "100 · (W − R) / W"),
    neutral_spec("bsf.wri", "%/d", "E.3", "100 · (W − R) / W / d"),
    neutral_spec("bsf.bioconversion", "%", "E.3", "100 · B / W"),
    neutral_spec("bsf.feed_conversion", "", "E.3", "W / B"),
    neutral_spec("bsf.efficiency", "%", "E.3", "100 · B / (W − R)"),
    neutral_spec("bsf.loss", "%", "E.3", "100 · (W − R − B) / W"),
    neutral_spec("compost.temperature_mean", "degC", "E.4", "ΣT / n"),
    neutral_spec("compost.temperature_min", "degC", "E.4", "min T"),
    neutral_spec("compost.temperature_max", "degC", "E.4", "max T"),
    neutral_spec("compost.hot_hours", "h", "E.4", "max t, T ≥ 55"),
    neutral_spec(
        "compost.hygienised",
        "",
        "E.4",
        "1: t ≥ 72 h, T ≥ 55; t ≥ 360 h, n ≥ 5",
    ),
    neutral_spec("compost.turnings", "", "E.4", "n"),
    neutral_spec("compost.fed", "kg", "E.4", "W"),
    neutral_spec("compost.energy", "kWh", "G.5", "E = ΣΔE"),
    neutral_spec("genset.energy", "kWh", "G.5", "E = ΣΔE"),
    neutral_spec("genset.hours", "h", "A.1", "Σ τ, P ≥ P_run"),
    neutral_spec("genset.fuel", "L", "G.5", "F = ΣΔF"),
    neutral_spec("genset.specific_fuel", "L/kWh", "C.5", "F / E"),
    burden_spec(neutral_spec("genset.co2", "tCO2", "C.5", "F · EF / 1000")),
    neutral_spec("meter.energy", "kWh", "G.5", "E = ΣΔE"),
    neutral_spec("meter.import", "kWh", "G.5", "E_import = ΣΔE"),
    neutral_spec("meter.export", "kWh", "G.5", "E_export = ΣΔE"),
    benefit_spec(neutral_spec(
        "co2.gross",
        "tCO2",
        "C.3",
        "BE = E_used / 1000 · EF · (1 + TDL)",
    )),
    burden_spec(neutral_spec(
        "co2.project",
        "tCO2",
        "C.9",
        "PE = E_grid / 1000 · EF + F · EF_fuel / 1000",
    )),
    burden_spec(neutral_spec(
        "co2.leakage",
        "tCO2",
        "C.9",
        "LE = F · EF_fuel / 1000",
    )),
    benefit_spec(neutral_spec("co2.net", "tCO2", "C.9", "BE − PE − LE")),
    benefit_spec(neutral_spec(
        "methane.annual",
        "tCO2e",
        "E.5",
        "φ(1−f) · GWP · (1−OX) · 16/12 · F · DOC_f · MCF · ΣW · DOC · e^(−k(y−x)) · (1−e^(−k))",
    )),
    benefit_spec(neutral_spec(
        "methane.lifetime",
        "tCO2e",
        "E.7",
        "φ(1−f) · GWP · (1−OX) · 16/12 · F · DOC_f · MCF · W · DOC",
    )),
    burden_spec(neutral_spec(
        "waste.project",
        "tCO2e",
        "E.8",
        "W · Σ GWP · EF / 1000 + E / 1000 · EF_grid",
    )),
    benefit_spec(neutral_spec("waste.net", "tCO2e", "E.9", "BE − PE")),
    neutral_spec("site.generation", "kWh", "G.5", "ΣE"),
    neutral_spec("site.self_use", "kWh", "C.7", "ΣE_self"),
    neutral_spec("site.water", "m3", "G.5", "ΣV"),
    neutral_spec("site.rain_captured", "m3", "D.3", "ΣV"),
];

/// Properties of the indicator with this id.
pub fn find_spec(id: &str) -> Option<&'static IndicatorSpec> {
    INDICATORS.iter().find(|spec| spec.id == id)
}

/// Message key of the name of an indicator.
pub fn name_key(id: &str) -> String {
    format!("indicator-{}", id.replace(['.', '_'], "-"))
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
            for spec in INDICATORS {
                let key = name_key(spec.id);
                let name = lang.text(&key);
                assert_ne!(name, key, "{}", lang.code());
                assert!(names.insert(name), "{} twice in {}", spec.id, lang.code());
            }
        }
    }

    #[test]
    fn an_id_stands_for_one_figure() {
        let ids: BTreeSet<&str> = INDICATORS.iter().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), INDICATORS.len());
    }
}
