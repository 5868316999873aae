//! The list of figures: id, unit, method, equation, and whom rounding may not flatter.

use crate::model::indicator::Side;

/// What is always true of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its id.
    pub id: &'static str,
    /// Symbol of its unit; empty for a bare number. That of CO2 figures may be `tCO2e` instead of
    /// `tCO2`, by the factor.
    pub unit: &'static str,
    /// Method id of METHODS.
    pub method: &'static str,
    /// Its equation in the symbols of its inputs.
    pub equation: &'static str,
    /// Whom rounding may never flatter.
    pub side: Side,
}

const fn spec(
    id: &'static str,
    unit: &'static str,
    method: &'static str,
    equation: &'static str,
) -> Spec {
    Spec {
        id,
        unit,
        method,
        equation,
        side: Side::Neutral,
    }
}

const fn benefit(of: Spec) -> Spec {
    Spec {
        side: Side::Benefit,
        ..of
    }
}

const fn burden(of: Spec) -> Spec {
    Spec {
        side: Side::Burden,
        ..of
    }
}

/// Every figure of an asset or of the site, in the order of a report. Those of the ledger
/// (`ledger.ID`, `ledger.ID.target`, `ledger.ID.baseline`, `ledger.ID.effect`) go by its
/// indicators.
pub const INDICATORS: &[Spec] = &[
    spec("plts.generation", "kWh", "G.5", "E = ΣΔE"),
    spec("plts.dc_energy", "kWh", "G.5", "E_DC = ΣΔE"),
    spec("plts.export", "kWh", "G.5", "E_export = ΣΔE"),
    spec("plts.import", "kWh", "G.5", "E_import = ΣΔE"),
    spec("plts.project_import", "kWh", "G.5", "E = ΣΔE"),
    spec("plts.self_use", "kWh", "C.7", "E_self = E − E_export"),
    spec("plts.self_consumption", "%", "C.7", "100 · E_self / E"),
    spec(
        "plts.self_sufficiency",
        "%",
        "C.7",
        "100 · E_self / (E_self + E_import)",
    ),
    spec("plts.specific_yield", "kWh/kWp", "A.10", "E / P0"),
    spec(
        "plts.insolation",
        "kWh/m2",
        "A.2",
        "H = Σ max(0, G) · τ / 1000",
    ),
    spec("plts.reference_yield", "h", "A.3", "Y_r = H · 1000 / G_ref"),
    spec("plts.array_yield", "h", "A.4", "Y_A = E_DC / P0"),
    spec("plts.final_yield", "h", "A.4", "Y_f = E / P0"),
    spec("plts.pr", "%", "A.5", "100 · Y_f / Y_r"),
    spec("plts.capture_loss", "h", "A.6", "Y_r − Y_A"),
    spec("plts.system_loss", "h", "A.6", "Y_A − Y_f"),
    spec(
        "plts.pr_temperature",
        "%",
        "A.8",
        "100 · ΣE / Σ[P0 · G / G_ref · τ · (1 + γ(T − 25))]",
    ),
    spec(
        "plts.pr_weather",
        "%",
        "A.9",
        "100 · ΣE / Σ[P0 · G / G_ref · τ · (1 + γ(T − T_ref))]",
    ),
    spec("plts.capacity_factor", "%", "A.11", "100 · E / (P0 · t)"),
    spec(
        "plts.capacity_factor_ac",
        "%",
        "A.11",
        "100 · E / (P_AC · t)",
    ),
    spec(
        "plts.availability",
        "%",
        "A.12",
        "100 · (t_day − t_down) / t_day",
    ),
    spec("pump.volume", "m3", "G.5", "V = ΣΔV"),
    spec("pump.energy", "kWh", "G.5", "E = ΣΔE"),
    spec("pump.specific", "m3/kWh", "B.4", "V / E"),
    spec("pump.energy_per_m3", "kWh/m3", "B.4", "E / V"),
    spec(
        "pump.head",
        "m",
        "B.6",
        "H = h_static + h_drawdown + h_f + Δp/ρg + (1 + ΣK) · v²/2g",
    ),
    spec(
        "pump.hydraulic_energy",
        "kWh",
        "B.1",
        "E_hyd = ρ · g · H · V / 3.6e6",
    ),
    spec("pump.efficiency", "%", "B.2", "100 · E_hyd / E"),
    spec("pump.m3_per_kwp_day", "m3/kWp/d", "B.4", "V / (P0 · d)"),
    spec("pump.pv_to_water", "%", "B.3", "100 · E_hyd / (H_poa · A)"),
    spec("pump.hours", "h", "B.8", "Σ τ, P ≥ P_run"),
    spec("pump.dry_runs", "", "B.8", "n, P ≥ P_min, Q < Q_min"),
    spec("pump.dry_hours", "h", "B.8", "Σ τ, P ≥ P_min, Q < Q_min"),
    spec("tank.volume_last", "m3", "D.1", "V(h_last)"),
    spec("tank.volume_min", "m3", "D.1", "min V(h)"),
    spec("tank.volume_max", "m3", "D.1", "max V(h)"),
    spec("tank.fill_last", "%", "D.1", "100 · V(h_last) / V(h_full)"),
    spec("tank.inflow", "m3", "D.4", "Σ ΔV, ΔV ≥ δ"),
    spec("tank.outflow", "m3", "D.4", "Σ −ΔV, −ΔV ≥ δ"),
    spec(
        "tank.days_left",
        "d",
        "D.4",
        "(V_last − V_outlet) · d / V_out",
    ),
    spec("tank.overflow_hours", "h", "D.1", "Σ τ, h ≥ h_full"),
    spec("tank.leak_nights", "", "D.5", "n, dV/dt ≤ −q"),
    spec("catchment.rain", "mm", "G.5", "P = ΣΔP"),
    spec("catchment.gross", "m3", "D.3", "A · P / 1000"),
    spec(
        "catchment.captured",
        "m3",
        "D.3",
        "Σ max(0, A · (C · P − ff)) / 1000",
    ),
    spec("catchment.inflow", "m3", "G.5", "V_in = ΣΔV"),
    spec(
        "catchment.efficiency",
        "%",
        "D.3",
        "100 · V_in / (A · P / 1000)",
    ),
    spec("bsf.temperature_mean", "degC", "E.1", "ΣT / n"),
    spec("bsf.temperature_min", "degC", "E.1", "min T"),
    spec("bsf.temperature_max", "degC", "E.1", "max T"),
    spec("bsf.hours_no_development", "h", "E.1", "Σ τ, T < 12"),
    spec("bsf.hours_slow", "h", "E.1", "Σ τ, 12 ≤ T < 27"),
    spec("bsf.hours_optimal", "h", "E.1", "Σ τ, 27 ≤ T ≤ 30"),
    spec("bsf.hours_warm", "h", "E.1", "Σ τ, 30 < T < 36"),
    spec("bsf.hours_critical", "h", "E.1", "Σ τ, 36 ≤ T < 44"),
    spec("bsf.hours_lethal", "h", "E.1", "Σ τ, T ≥ 44"),
    spec(
        "bsf.degree_days",
        "degC d",
        "E.2",
        "Σ Δt / 24 h · max(0, min(T, 36) − 12.3)",
    ),
    spec("bsf.fed", "kg", "E.3", "W"),
    spec("bsf.larvae", "kg", "E.3", "B"),
    spec("bsf.residue", "kg", "E.3", "R"),
    spec("bsf.reduction", "%", "E.3", "100 · (W − R) / W"),
    spec("bsf.wri", "%/d", "E.3", "100 · (W − R) / W / d"),
    spec("bsf.bioconversion", "%", "E.3", "100 · B / W"),
    spec("bsf.feed_conversion", "", "E.3", "W / B"),
    spec("bsf.efficiency", "%", "E.3", "100 · B / (W − R)"),
    spec("bsf.loss", "%", "E.3", "100 · (W − R − B) / W"),
    spec("compost.temperature_mean", "degC", "E.4", "ΣT / n"),
    spec("compost.temperature_min", "degC", "E.4", "min T"),
    spec("compost.temperature_max", "degC", "E.4", "max T"),
    spec("compost.hot_hours", "h", "E.4", "max t, T ≥ 55"),
    spec(
        "compost.hygienised",
        "",
        "E.4",
        "1: t ≥ 72 h, T ≥ 55; t ≥ 360 h, n ≥ 5",
    ),
    spec("compost.turnings", "", "E.4", "n"),
    spec("compost.fed", "kg", "E.4", "W"),
    spec("compost.energy", "kWh", "G.5", "E = ΣΔE"),
    spec("genset.energy", "kWh", "G.5", "E = ΣΔE"),
    spec("genset.hours", "h", "A.1", "Σ τ, P ≥ P_run"),
    spec("genset.fuel", "L", "G.5", "F = ΣΔF"),
    spec("genset.specific_fuel", "L/kWh", "C.5", "F / E"),
    burden(spec("genset.co2", "tCO2", "C.5", "F · EF / 1000")),
    spec("meter.energy", "kWh", "G.5", "E = ΣΔE"),
    spec("meter.import", "kWh", "G.5", "E_import = ΣΔE"),
    spec("meter.export", "kWh", "G.5", "E_export = ΣΔE"),
    benefit(spec(
        "co2.gross",
        "tCO2",
        "C.3",
        "BE = E_used / 1000 · EF · (1 + TDL)",
    )),
    burden(spec(
        "co2.project",
        "tCO2",
        "C.9",
        "PE = E_grid / 1000 · EF + F · EF_fuel / 1000",
    )),
    burden(spec(
        "co2.leakage",
        "tCO2",
        "C.9",
        "LE = F · EF_fuel / 1000",
    )),
    benefit(spec("co2.net", "tCO2", "C.9", "BE − PE − LE")),
    benefit(spec(
        "methane.annual",
        "tCO2e",
        "E.5",
        "φ(1−f) · GWP · (1−OX) · 16/12 · F · DOC_f · MCF · ΣW · DOC · e^(−k(y−x)) · (1−e^(−k))",
    )),
    benefit(spec(
        "methane.lifetime",
        "tCO2e",
        "E.7",
        "φ(1−f) · GWP · (1−OX) · 16/12 · F · DOC_f · MCF · W · DOC",
    )),
    burden(spec(
        "waste.project",
        "tCO2e",
        "E.8",
        "W · Σ GWP · EF / 1000 + E / 1000 · EF_grid",
    )),
    benefit(spec("waste.net", "tCO2e", "E.9", "BE − PE")),
    spec("site.generation", "kWh", "G.5", "ΣE"),
    spec("site.self_use", "kWh", "C.7", "ΣE_self"),
    spec("site.water", "m3", "G.5", "ΣV"),
    spec("site.rain_captured", "m3", "D.3", "ΣV"),
];

/// The figure of that id.
pub fn find_spec(id: &str) -> Option<&'static Spec> {
    INDICATORS.iter().find(|spec| spec.id == id)
}

/// Key of a figure's name in the catalogue.
pub fn name_key(id: &str) -> String {
    format!("indicator-{}", id.replace(['.', '_'], "-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Lang;
    use std::collections::BTreeSet;

    #[test]
    fn every_figure_has_a_name_of_its_own_in_both_languages() {
        for lang in [Lang::Id, Lang::En] {
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
