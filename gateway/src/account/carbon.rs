//! CO2 of a plant: METHODS C. Gross by its one declared baseline, what the project emits itself,
//! leakage, net.

use crate::account::baseline::{Part, genset, grid, pump_fuel};
use crate::account::figure::{Build, Desk, because, from_figure, setting};
use crate::account::fuel::{Litre, litre};
use crate::account::span::Span;
use crate::account::track::least;
use crate::account::wide::Wide;
use crate::analyse::Status;
use crate::analyse::grid::net_er;
use crate::config::assets::{Baseline, BaselineKind, ExportClaim, GensetWay, Plts, System};
use crate::model::factor::{Doubt, Headline};
use crate::model::indicator::{Completeness, Indicator, Origin, Remark, Source};
use std::sync::Arc;

/// Figures that were made so far, of all assets.
pub(super) type Known<'a> = &'a [Indicator];

/// The figure with this id of this asset.
pub(super) fn find<'a>(known: Known<'a>, id: &str, asset: &str) -> Option<&'a Indicator> {
    let mut all = known.iter();
    all.find(|one| &*one.id == id && one.asset.as_deref() == Some(asset))
}

/// The CO2 figures of a plant, from figures that were made already.
pub(super) fn plant(desk: &Desk<'_>, plant: &Plts, known: Known<'_>) -> Vec<Indicator> {
    let Some(baseline) = &plant.baseline else {
        let none = || Err(Remark::new("account-no-baseline"));
        return vec![desk.figure("co2.gross", none(), Vec::new())];
    };
    let gross = gross(desk, plant, baseline, known);
    if matches!(baseline.kind, BaselineKind::None) {
        return vec![gross];
    }
    let project = project(desk, plant, known);
    let leakage = leakage(desk, plant, &baseline.kind);
    let net = net(desk, [&gross, &project, &leakage]);
    vec![gross, project, leakage, net]
}

/// BE: what would have been emitted.
fn gross(desk: &Desk<'_>, plant: &Plts, baseline: &Baseline, known: Known<'_>) -> Indicator {
    let id = desk.asset.as_deref().unwrap_or_default();
    let first = desk.span.period.first();
    let late = baseline.since.filter(|since| *since > first);
    if plant.claim.as_ref().is_some_and(|claim| claim.rec) {
        return Part::none(Remark::new("account-rec")).figure(desk, "co2.gross");
    }
    if let Some(since) = late.filter(|since| *since > desk.span.period.last()) {
        let remark = Remark::new("account-baseline-later").with("date", since);
        return Part::none(remark).figure(desk, "co2.gross");
    }
    let used = used(plant, id, known);
    let mut part = match (&baseline.kind, &used) {
        (BaselineKind::None, _) => Part::none(Remark::new("account-baseline-none")),
        (BaselineKind::PumpFuel { pump, way, fuel }, _) => pump_fuel(desk, known, pump, *way, fuel),
        (_, None) => Part::none(because(Status::NoEnergy)),
        (BaselineKind::Grid { factor, losses }, Some(used)) => {
            grid(desk.config, used, factor.as_ref(), *losses)
        }
        (BaselineKind::Genset { rating_kw, way }, Some(used)) => {
            genset(desk, used, *rating_kw, way.as_ref())
        }
    };
    if let Some(since) = late {
        part.remarks
            .push(Remark::new("account-baseline-late").with("date", since));
    }
    let stands_on = part.inputs.iter().find_map(|input| match &input.from {
        Source::Indicator(id) => Some(Arc::clone(id)),
        _ => None,
    });
    let mut figure = part.figure(desk, "co2.gross");
    let of_pump = match &baseline.kind {
        BaselineKind::PumpFuel { pump, .. } => pump,
        _ => id,
    };
    if let Some(from) = stands_on.and_then(|from| find(known, &from, of_pump)) {
        figure = figure.covered(from.completeness);
        figure.remarks.extend(from.remarks.iter().cloned());
    }
    figure.headline = Headline::of_all([figure.headline, baseline.headline(&desk.config.factors)]);
    evidence(figure, plant, baseline)
}

/// The energy that displaced another: what was used, or what was generated.
fn used<'a>(plant: &Plts, id: &str, known: Known<'a>) -> Option<&'a Indicator> {
    let site_claims = plant
        .claim
        .as_ref()
        .is_some_and(|claim| claim.export == ExportClaim::Site);
    let own = find(known, "plts.self_use", id);
    let generated = find(known, "plts.generation", id);
    if site_claims {
        generated
    } else {
        own.or(generated)
    }
}

/// PE: the grid's energy and the fuel that the plant takes itself (C.9).
fn project(desk: &Desk<'_>, plant: &Plts, known: Known<'_>) -> Indicator {
    let id = desk.asset.as_deref().unwrap_or_default();
    let Some(project) = &plant.project else {
        return Part::zero("account-no-project")
            .figure(desk, "co2.project")
            .origin(Origin::Declared);
    };
    let mut parts = Vec::new();
    if project.import.is_some() {
        let taken = find(known, "plts.project_import", id);
        parts.push(match taken {
            Some(taken) => (
                grid(desk.config, taken, project.factor.as_ref(), 0.0),
                taken.completeness,
            ),
            None => (
                Part::none(because(Status::NoEnergy)),
                Completeness::default(),
            ),
        });
    }
    if let Some(set) = &project.genset {
        let burnt = find(known, "genset.co2", set);
        parts.push(match burnt {
            Some(burnt) => (copied(burnt), burnt.completeness),
            None => (Part::none(because(Status::NoData)), Completeness::default()),
        });
    }
    let share = least(parts.iter().map(|(_, share)| *share));
    let parts = parts.into_iter().map(|(part, _)| part);
    added(parts).figure(desk, "co2.project").covered(share)
}

fn copied(figure: &Indicator) -> Part {
    Part {
        value: figure.value.clone(),
        unit: "tCO2",
        inputs: vec![from_figure("F · EF_fuel", figure)],
        factors: figure.factors.clone(),
        wide: Wide::from(figure),
        remarks: figure.remarks.clone(),
        method: "",
        equation: "",
    }
}

/// Several sources; one that is not known makes the whole unknown.
fn added(parts: impl Iterator<Item = Part>) -> Part {
    let mut sum = Part::zero("account-no-project");
    sum.remarks.clear();
    let mut terms = Vec::new();
    for part in parts {
        if let Ok(value) = part.value {
            terms.push((value, part.wide));
        }
        sum.value = sum.value.and_then(|so_far| Ok(so_far + part.value?));
        if part.unit == "tCO2e" {
            sum.unit = part.unit;
        }
        sum.inputs.extend(part.inputs);
        sum.factors.extend(part.factors);
        sum.remarks.extend(part.remarks);
    }
    sum.wide = Wide::sum(&terms, false);
    if sum.value == Ok(0.0) {
        sum.wide = Wide::EXACT;
    }
    sum
}

/// LE: fuel that the replaced set goes on burning elsewhere (C.9).
fn leakage(desk: &Desk<'_>, plant: &Plts, kind: &BaselineKind) -> Indicator {
    let replaces = matches!(
        kind,
        BaselineKind::Genset { .. } | BaselineKind::PumpFuel { .. }
    );
    let part = match &plant.leakage {
        None if replaces => Part::none(Remark::new("account-no-statement")),
        Some(leak) if leak.replaced.leaks() => {
            let fuel = match kind {
                BaselineKind::PumpFuel { fuel, .. }
                | BaselineKind::Genset {
                    way: Some(GensetWay::Litres { fuel, .. }),
                    ..
                } => Some(fuel),
                _ => None,
            };
            let burnt = leak.litres_per_year.map(|year| year * years(desk.span));
            let litre = fuel.map(|fuel| litre(desk, fuel));
            still_burnt(burnt, litre)
        }
        _ => Part::zero("account-no-leakage"),
    };
    part.figure(desk, "co2.leakage").origin(Origin::Declared)
}

fn years(span: &Span) -> f64 {
    span.days_passed() / 365.25
}

fn still_burnt(burnt: Option<f64>, litre: Option<Result<Litre, Remark>>) -> Part {
    let (Some(burnt), Some(litre)) = (burnt, litre) else {
        return Part::none(Remark::new("account-no-density"));
    };
    let litre = match litre {
        Ok(litre) => litre,
        Err(missing) => return Part::none(missing),
    };
    let mut part = Part::none(because(Status::NoData));
    part.value = Ok(burnt * litre.kg_co2 / 1000.0);
    part.inputs = vec![setting("F", burnt, "L", "leakage.litres_per_year")];
    part.inputs.extend(litre.inputs);
    part.factors = litre.factors;
    part.remarks = litre.remarks;
    part
}

/// C.9; what is not known of one part is not known of the whole.
pub(super) fn net(desk: &Desk<'_>, [gross, project, leakage]: [&Indicator; 3]) -> Indicator {
    let parts = [gross, project, leakage];
    let number = |at: usize| parts[at].value.clone();
    let value = number(0).and_then(|be| Ok(net_er(be, number(1)?, number(2)?)));
    let mut terms = Vec::new();
    for (figure, sign) in parts.iter().zip([1.0, -1.0, -1.0]) {
        if let Ok(value) = figure.value {
            terms.push((sign * value, Wide::from(figure)));
        }
    }
    let shared = gross
        .factors
        .iter()
        .any(|one| project.factors.contains(one));
    let inputs = [("BE", gross), ("PE", project), ("LE", leakage)];
    let inputs = inputs.map(|(symbol, figure)| from_figure(symbol, figure));
    let mut net = desk
        .figure("co2.net", value, inputs.to_vec())
        .origin(Origin::Estimated)
        .covered(gross.completeness)
        .wide(Wide::sum(&terms, shared));
    let whole = parts.iter().any(|part| &*part.unit == "tCO2e");
    net.unit = Arc::from(if whole { "tCO2e" } else { "tCO2" });
    for part in parts {
        for factor in &part.factors {
            net = net.factor(desk.config, factor);
        }
        net = part.remarks.iter().cloned().fold(net, Build::remark);
    }
    net.headline = Headline::of_all(parts.map(|part| part.headline));
    net
}

/// What an auditor will ask for and the site has not shown yet.
fn evidence(figure: Indicator, plant: &Plts, baseline: &Baseline) -> Indicator {
    if figure.value.is_err() {
        return figure;
    }
    let doubt = match figure.headline {
        Headline::Firm => None,
        Headline::Provisional(doubt) => Some(doubt),
    };
    let grid_tied = plant.system == System::GridTied;
    let given_unknown = plant.export.is_none() && grid_tied;
    let metered = plant.energy.as_ref().is_some_and(|energy| energy.counter);
    let kwp = Remark::new("account-evidence-kwp").with("kwp", plant.capacity_kwp);
    let mut figure = figure
        .remark_if(doubt == Some(Doubt::NoPage), "account-evidence-page")
        .remark_if(
            doubt == Some(Doubt::PageMissing),
            "account-evidence-page-missing",
        )
        .remark_if(doubt == Some(Doubt::Derived), "account-evidence-official")
        .remark_if(!metered, "account-evidence-metered")
        .remark_if(given_unknown, "account-no-export")
        .remark_if(baseline.evidence.is_empty(), "account-evidence-baseline");
    if doubt.is_some() {
        figure = figure.remark(kwp);
    }
    figure
}
