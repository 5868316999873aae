//! CO2 of a plant (METHODS C): gross by its one declared baseline, project emissions, leakage and
//! net.

use crate::assets::genset::indicators as genset;
use crate::assets::pump::{indicators as pump, lift_indicators as lift};
use crate::assets::solar::indicators as solar;
use crate::assets::{Baseline, BaselineKind, ExportClaim, PvPlantAsset, PvSystemType};
use crate::carbon::baseline_emissions::{
    EmissionPart, genset_emissions, grid_emissions, pump_fuel_emissions,
};
use crate::carbon::claim_segments::{
    ClaimSegment, claim_segments, known_of_days, list_days, sum_of_claims,
};
use crate::carbon::formulas::grid_emissions::net_emission_reduction;
use crate::carbon::fuel_emissions::{LitreEmissions, litre_emissions};
use crate::carbon::known_indicators::{KnownIndicators, find_indicator};
use crate::config::factors::Factors;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason, ProvisionalReason};
use crate::domain::indicator::{
    CompletenessShares, Indicator, IndicatorRemark, IndicatorSpec, InputSource, ValueOrigin,
};
use crate::formulas::FormulaStatus;
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, constant_input, figure_input, setting_input, status_remark,
};
use crate::indicators::uncertainty::RelativeUncertainty;
use jiff::civil::Date;
use std::sync::Arc;

pub(crate) const CO2_GROSS: IndicatorSpec = IndicatorSpec::new(
    "co2.gross",
    "tCO2",
    "C.3",
    "BE = E_used / 1000 · EF · (1 + TDL)",
)
.benefit();
pub(crate) const CO2_PROJECT: IndicatorSpec = IndicatorSpec::new(
    "co2.project",
    "tCO2",
    "C.9",
    "PE = E_used / 1000 · EF · (1 + TDL) + PE_fuel",
)
.burden();
pub(crate) const CO2_LEAKAGE: IndicatorSpec = IndicatorSpec::new(
    "co2.leakage",
    "tCO2",
    "C.9",
    "LE = F_a · d / 365.25 · NCV · ρ / 1000 · EF · (1 − b) / 1000",
)
.burden();
pub(crate) const CO2_NET: IndicatorSpec =
    IndicatorSpec::new("co2.net", "tCO2", "C.9", "BE − PE − LE").benefit();

/// CO2 figures of a plant, from figures built before. Without a baseline only `co2.gross`, with the
/// reason.
pub(crate) fn carbon_figures(
    desk: &FigureContext<'_>,
    plant: &PvPlantAsset,
    known: KnownIndicators<'_>,
) -> Vec<Indicator> {
    let segments = match claim_segments(desk.span.period, &plant.baselines) {
        Ok(segments) => segments,
        Err(remark) => return unclaimed_figures(desk, plant, remark, known),
    };
    let is_claimed = |segment: &&ClaimSegment<'_>| segment.baseline.kind != BaselineKind::None;
    let claimed: Vec<&ClaimSegment<'_>> = segments.iter().filter(is_claimed).collect();
    let parts = segments.iter().map(|segment| {
        let (gross, leakage) = figures_of_segment(desk, plant, segment, known);
        ((*segment, gross), (*segment, leakage))
    });
    let (gross, leakage): (Vec<_>, Vec<_>) = parts.unzip();
    let gross = sum_of_claims(desk, &CO2_GROSS, &gross);
    if claimed.is_empty() {
        return vec![gross];
    }
    let leakage: Vec<_> = leakage
        .into_iter()
        .filter(|(segment, _)| is_claimed(&segment))
        .collect();
    // One part of the leakage that is not known makes all of it unknown.
    let unknown = leakage.iter().find(|(_, part)| part.value.is_err());
    let leakage = match unknown {
        Some((_, part)) => Indicator {
            period: desk.span.period,
            ..part.clone()
        },
        None => sum_of_claims(desk, &CO2_LEAKAGE, &leakage),
    };
    let own = desk.asset.as_deref().unwrap_or_default();
    let set = plant.project.as_ref().and_then(|one| one.genset.as_deref());
    let burdens = [
        (own, &solar::PROJECT_IMPORT),
        (set.unwrap_or_default(), &genset::CO2),
    ];
    let counts = |day: Date| claimed.iter().any(|segment| segment.contains(day));
    let of_days = known_of_days(desk, known, &burdens, counts);
    let mut project = project_figure(desk, plant, &of_days);
    list_days(desk, &mut project, known, counts);
    let net = net_figure(desk, [&gross, &project, &leakage]);
    vec![gross, project, leakage, net]
}

/// Figures of a period for which no baseline holds.
fn unclaimed_figures(
    desk: &FigureContext<'_>,
    plant: &PvPlantAsset,
    remark: IndicatorRemark,
    known: KnownIndicators<'_>,
) -> Vec<Indicator> {
    let mut kinds = plant.baselines.iter().map(|one| &one.kind);
    let kind = kinds.rfind(|kind| **kind != BaselineKind::None);
    let Some(kind) = kind else {
        return vec![desk.figure(&CO2_GROSS, Err(remark), Vec::new())];
    };
    let gross = EmissionPart::unavailable(remark).into_figure(desk, &CO2_GROSS);
    let leakage = leakage_figure(desk, plant, kind);
    let project = project_figure(desk, plant, known);
    let net = net_figure(desk, [&gross, &project, &leakage]);
    vec![gross, project, leakage, net]
}

/// Gross emissions and leakage of the days of a stretch.
fn figures_of_segment(
    desk: &FigureContext<'_>,
    plant: &PvPlantAsset,
    segment: &ClaimSegment<'_>,
    known: KnownIndicators<'_>,
) -> (Indicator, Indicator) {
    let span = desk.span.between(segment.first, segment.last);
    let part = FigureContext {
        span: &span,
        ..desk.clone()
    };
    let own = desk.asset.as_deref().unwrap_or_default();
    let kind = &segment.baseline.kind;
    let mut reduced = vec![(own, &solar::GENERATION), (own, &solar::SELF_USE)];
    reduced.extend(kind.pump().map(|pump| (&**pump, &pump::VOLUME)));
    let counts = |day: Date| segment.contains(day);
    let of_days = known_of_days(&part, known, &reduced, counts);
    let mut gross = gross_figure(&part, plant, segment.baseline, &of_days);
    list_days(&part, &mut gross, known, counts);
    (gross, leakage_figure(&part, plant, kind))
}

/// Baseline emissions (BE), t.
fn gross_figure(
    desk: &FigureContext<'_>,
    plant: &PvPlantAsset,
    baseline: &Baseline,
    known: KnownIndicators<'_>,
) -> Indicator {
    let id = desk.asset.as_deref().unwrap_or_default();
    // Energy sold as a renewable energy certificate must not be claimed again (METHODS G.7).
    if plant.claim.as_ref().is_some_and(|claim| claim.rec) {
        return EmissionPart::unavailable(IndicatorRemark::new("account-rec"))
            .into_figure(desk, &CO2_GROSS);
    }
    let used = displaced_energy(plant, id, known);
    let part = match (&baseline.kind, &used) {
        (BaselineKind::None, _) => {
            EmissionPart::unavailable(IndicatorRemark::new("account-baseline-none"))
        }
        (
            BaselineKind::PumpFuel {
                pump,
                method: way,
                fuel,
            },
            _,
        ) => pump_fuel_emissions(desk, known, pump, *way, fuel),
        (_, None) => EmissionPart::unavailable(status_remark(FormulaStatus::NoEnergy)),
        (BaselineKind::Grid { factor, losses }, Some(used)) => {
            grid_emissions(desk.config, used, factor.as_ref(), ("GRID", *losses))
        }
        (
            BaselineKind::Genset {
                rating_kw,
                method: way,
            },
            Some(used),
        ) => genset_emissions(desk, used, *rating_kw, way.as_ref()),
    };
    let stands_on = part.inputs.iter().find_map(|input| match &input.from {
        InputSource::Indicator { id, asset } => Some((Arc::clone(id), asset.clone())),
        _ => None,
    });
    let mut figure = part.into_figure(desk, &CO2_GROSS);
    let of_pump = match &baseline.kind {
        BaselineKind::PumpFuel { pump, .. } => pump,
        _ => id,
    };
    let found = stands_on.and_then(|(from, asset)| {
        let mut all = known.iter();
        all.find(|one| one.id == from && one.asset == asset)
    });
    if let Some(from) = found {
        figure = figure
            .with_completeness(from.completeness)
            .with_verdict(from.claim);
        // The reach of an amount at an edge passes on by its own rule, in the figure's unit.
        let remarks = from.remarks.iter().filter(|said| !said.is_edge_amount());
        figure.remarks.extend(remarks.cloned());
    }
    let figure =
        judge_pump(figure, known, of_pump).with_verdict(baseline.headline(&desk.config.factors));
    add_evidence_remarks(&desk.config.factors, figure, plant, baseline)
}

/// The figure with the verdict on the pump: an impossible efficiency means that its water, its head
/// or its energy is wrong.
fn judge_pump(figure: Indicator, known: KnownIndicators<'_>, pump: &str) -> Indicator {
    let efficiency = find_indicator(known, &lift::EFFICIENCY, pump);
    match efficiency.filter(|one| one.claim.is_withheld()) {
        Some(efficiency) => figure
            .with_verdict(efficiency.claim)
            .with_remark(IndicatorRemark::new("account-implausible-eta")),
        None => figure,
    }
}

/// Energy that displaced other energy: self-used energy, or all generation.
fn displaced_energy<'a>(
    plant: &PvPlantAsset,
    id: &str,
    known: KnownIndicators<'a>,
) -> Option<&'a Indicator> {
    let own = find_indicator(known, &solar::SELF_USE, id);
    let generated = find_indicator(known, &solar::GENERATION, id);
    if claims_export(plant) {
        generated
    } else {
        own.or(generated)
    }
}

/// Whether the exported energy counts too: only if the off-taker does not claim it (METHODS C.7).
fn claims_export(plant: &PvPlantAsset) -> bool {
    let claim = plant.claim.as_ref();
    claim.is_some_and(|claim| claim.export == ExportClaim::Site)
}

/// Project emissions (PE): grid energy and fuel that the plant itself uses (METHODS C.9).
fn project_figure(
    desk: &FigureContext<'_>,
    plant: &PvPlantAsset,
    known: KnownIndicators<'_>,
) -> Indicator {
    let id = desk.asset.as_deref().unwrap_or_default();
    let Some(project) = &plant.project else {
        return EmissionPart::known_zero("account-no-project")
            .into_figure(desk, &CO2_PROJECT)
            .with_origin(ValueOrigin::Declared);
    };
    let mut parts = Vec::new();
    if project.import.is_some() {
        let taken = find_indicator(known, &solar::PROJECT_IMPORT, id);
        parts.push(match taken {
            Some(taken) => (
                grid_emissions(desk.config, taken, project.factor.as_ref(), ("GRID", 0.0)),
                taken.completeness,
            ),
            None => (
                EmissionPart::unavailable(status_remark(FormulaStatus::NoEnergy)),
                CompletenessShares::default(),
            ),
        });
    }
    if let Some(set) = &project.genset {
        let burnt = find_indicator(known, &genset::CO2, set);
        parts.push(match burnt {
            Some(burnt) => (genset_emission_part(burnt), burnt.completeness),
            None => (
                EmissionPart::unavailable(status_remark(FormulaStatus::NoData)),
                CompletenessShares::default(),
            ),
        });
    }
    let share = lowest_completeness(parts.iter().map(|(_, share)| *share));
    let parts = parts.into_iter().map(|(part, _)| part);
    sum_emission_parts(parts)
        .into_figure(desk, &CO2_PROJECT)
        .with_completeness(share)
}

fn genset_emission_part(figure: &Indicator) -> EmissionPart {
    EmissionPart {
        verdict: figure.claim,
        value: figure.value.clone(),
        unit: "tCO2",
        inputs: vec![figure_input("PE_fuel", figure)],
        factors: figure.factors.clone(),
        wide: RelativeUncertainty::from_indicator(figure),
        remarks: figure.remarks.clone(),
        method: "C.9",
        equation: "PE_fuel",
    }
}

/// Sum of several sources; unknown if one of them is unknown.
fn sum_emission_parts(parts: impl Iterator<Item = EmissionPart>) -> EmissionPart {
    let mut sum = EmissionPart::known_zero("account-no-project");
    sum.remarks.clear();
    let mut terms = Vec::new();
    for part in parts {
        // Grid energy stands before the fuel of a genset.
        sum.equation = if sum.inputs.is_empty() {
            part.equation
        } else {
            "E_used / 1000 · EF · (1 + TDL) + PE_fuel"
        };
        if let Ok(value) = part.value {
            terms.push((value, part.wide));
        }
        sum.value = sum.value.and_then(|so_far| Ok(so_far + part.value?));
        if part.unit == "tCO2e" {
            sum.unit = part.unit;
        }
        sum.verdict = ClaimVerdict::combine([sum.verdict, part.verdict]);
        sum.inputs.extend(part.inputs);
        sum.factors.extend(part.factors);
        sum.remarks.extend(part.remarks);
    }
    sum.wide = RelativeUncertainty::of_sum(&terms, false);
    if sum.value == Ok(0.0) {
        sum.wide = RelativeUncertainty::EXACT;
    }
    sum
}

/// Leakage (LE): fuel that the replaced set goes on burning elsewhere (METHODS C.9).
fn leakage_figure(
    desk: &FigureContext<'_>,
    plant: &PvPlantAsset,
    kind: &BaselineKind,
) -> Indicator {
    let replaces = matches!(
        kind,
        BaselineKind::Genset { .. } | BaselineKind::PumpFuel { .. }
    );
    let part = match &plant.leakage {
        // A replaced engine that is sold or used elsewhere keeps burning fuel, so a statement on
        // its disposal is required before leakage can be taken as zero.
        None if replaces => EmissionPart::unavailable(IndicatorRemark::new("account-no-statement")),
        Some(leak) if leak.lacks_statement() => {
            EmissionPart::unavailable(IndicatorRemark::new("account-no-statement"))
        }
        Some(leak) if leak.replaced.leaks() => {
            let litre = kind.fuel().map(|fuel| litre_emissions(desk, fuel));
            let burnt = (leak.litres_per_year, desk.span.days_passed());
            leakage_fuel_part(burnt, litre).unwrap_or_else(EmissionPart::unavailable)
        }
        _ => EmissionPart::known_zero("account-no-leakage"),
    };
    part.into_figure(desk, &CO2_LEAKAGE)
        .with_origin(ValueOrigin::Declared)
}

fn leakage_fuel_part(
    (burnt_a, days): (Option<f64>, f64),
    litre: Option<Result<LitreEmissions, IndicatorRemark>>,
) -> Result<EmissionPart, IndicatorRemark> {
    let burnt_a = burnt_a.ok_or_else(|| IndicatorRemark::new("account-no-leakage-litres"))?;
    let litre = litre.ok_or_else(|| IndicatorRemark::new("account-no-leakage-fuel"))??;
    let mut part = EmissionPart::unavailable(status_remark(FormulaStatus::NoData));
    part.value = Ok(burnt_a * days / 365.25 * litre.kg_co2 / 1000.0);
    part.inputs = vec![
        setting_input("F_a", burnt_a, "L", "leakage.litres_per_year"),
        constant_input("d", days, "d", "period"),
    ];
    part.inputs.extend(litre.inputs);
    part.factors = litre.factors;
    part.remarks = litre.remarks;
    Ok(part)
}

/// Net emissions ER = BE - PE - LE (METHODS C.9); unknown if one of the three is unknown.
pub(crate) fn net_figure(
    desk: &FigureContext<'_>,
    [gross, project, leakage]: [&Indicator; 3],
) -> Indicator {
    let parts = [gross, project, leakage];
    let number = |at: usize| parts[at].value.clone();
    let value = number(0).and_then(|be| Ok(net_emission_reduction(be, number(1)?, number(2)?)));
    let mut terms = Vec::new();
    // A negative result is reported as it is.
    for (figure, sign) in parts.iter().zip([1.0, -1.0, -1.0]) {
        if let Ok(value) = figure.value {
            terms.push((sign * value, RelativeUncertainty::from_indicator(figure)));
        }
    }
    // Uncertainties of gross and project emissions add linearly if they share a factor (METHODS
    // G.2).
    let shared = gross
        .factors
        .iter()
        .any(|one| project.factors.contains(one));
    let inputs = [("BE", gross), ("PE", project), ("LE", leakage)];
    let inputs = inputs.map(|(symbol, figure)| figure_input(symbol, figure));
    let whole = parts.iter().any(|part| &*part.unit == "tCO2e");
    let spec = CO2_NET.in_unit(if whole { "tCO2e" } else { CO2_NET.unit });
    desk.figure(&spec, value, inputs.to_vec())
        .with_origin(ValueOrigin::Estimated)
        .with_completeness(gross.completeness)
        .with_uncertainty(RelativeUncertainty::of_sum(&terms, shared))
        .with_parts(&parts)
}

/// Adds remarks on evidence that an auditor will ask for and the site has not yet provided.
fn add_evidence_remarks(
    factors: &Factors,
    figure: Indicator,
    plant: &PvPlantAsset,
    baseline: &Baseline,
) -> Indicator {
    if figure.value.is_err() {
        return figure;
    }
    // The verdict of the factors, also where the energy is to be checked, which is worse.
    let of_factors = ClaimVerdict::combine(figure.factors.iter().map(|one| factors.headline(one)));
    let doubt = match of_factors {
        ClaimVerdict::Provisional(doubt) => Some(doubt),
        _ => None,
    };
    let is_doubted = doubt.is_some() || figure.claim.is_withheld();
    // Where the site may claim its export, all generation counts (METHODS C.7). The water of a pump
    // does not depend on what the plant exports.
    let counts_generation = matches!(
        baseline.kind,
        BaselineKind::Grid { .. } | BaselineKind::Genset { .. }
    ) && !claims_export(plant);
    let given_unknown =
        plant.export.is_none() && plant.system == PvSystemType::GridTied && counts_generation;
    let metered = plant.energy.as_ref().is_some_and(|energy| energy.counter);
    let kwp = IndicatorRemark::new("account-evidence-kwp").with_arg("kwp", plant.capacity_kwp);
    let mut figure = figure
        .with_remark_if(
            doubt == Some(ProvisionalReason::NoPage),
            "account-evidence-page",
        )
        .with_remark_if(
            doubt == Some(ProvisionalReason::PageMissing),
            "account-evidence-page-missing",
        )
        .with_remark_if(
            doubt == Some(ProvisionalReason::Derived),
            "account-evidence-official",
        )
        .with_remark_if(!metered, "account-evidence-metered")
        .with_remark_if(given_unknown, "account-no-export")
        .with_remark_if(baseline.evidence.is_empty(), "account-evidence-baseline");
    if is_doubted {
        figure = figure.with_remark(kwp);
    }
    if given_unknown {
        figure = figure.with_verdict(ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound));
    }
    figure
}
