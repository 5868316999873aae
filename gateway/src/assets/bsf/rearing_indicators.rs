//! Masses and indices of rearing larvae, from ledger entries (METHODS E.3).

use crate::assets::BsfAsset;
use crate::assets::bsf::formulas::{BsfMasses, bsf_indices};
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, ValueOrigin,
};
use crate::formulas::FormulaStatus;
use crate::indicators::feeding_batches::{BatchMass, BatchesOfPeriod, FeedingBatch, MassExcess};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, constant_input, measured_input, status_remark,
};
use crate::indicators::ledger_totals::{PeriodLedger, entered_figure};

pub(crate) const FED: IndicatorSpec = IndicatorSpec::new("bsf.fed", "kg", "E.3", "W");
pub(crate) const LARVAE: IndicatorSpec = IndicatorSpec::new("bsf.larvae", "kg", "E.3", "B");
pub(crate) const RESIDUE: IndicatorSpec = IndicatorSpec::new("bsf.residue", "kg", "E.3", "R");
pub(crate) const REDUCTION: IndicatorSpec =
    IndicatorSpec::new("bsf.reduction", "%", "E.3", "100 · (W − R) / W");
pub(crate) const WRI: IndicatorSpec =
    IndicatorSpec::new("bsf.wri", "%/d", "E.3", "100 · (W − R) / W / d");
pub(crate) const BIOCONVERSION: IndicatorSpec =
    IndicatorSpec::new("bsf.bioconversion", "%", "E.3", "100 · B / W");
pub(crate) const FEED_CONVERSION: IndicatorSpec =
    IndicatorSpec::new("bsf.feed_conversion", "", "E.3", "W / B");
pub(crate) const EFFICIENCY: IndicatorSpec =
    IndicatorSpec::new("bsf.efficiency", "%", "E.3", "100 · B / (W − R)");
pub(crate) const LOSS: IndicatorSpec =
    IndicatorSpec::new("bsf.loss", "%", "E.3", "100 · (W − R − B) / W");

/// Rule of a mass that is that of batches and not of the period; its text is `chapters-rule-RULE`.
const OF_BATCHES: &str = "batches";
/// Key of the remark on an entry whose unit does not convert.
const UNIT_UNFIT: &str = "account-unit-unfit";

/// BSF indices (METHODS E.3), of the batches that were harvested in the period.
pub(crate) fn bsf_index_figures(
    desk: &FigureContext<'_>,
    bin: &BsfAsset,
    book: &PeriodLedger,
) -> Vec<Indicator> {
    let written = |spec, indicator, symbol| entered_figure(desk, spec, (indicator, symbol), book);
    let batches = BatchesOfPeriod::read(desk.config, book, bin, desk.span.period);
    let entered = [
        written(&FED, &bin.fed, "W"),
        judged_harvest(written(&LARVAE, &bin.larvae, "B"), batches.excess),
        judged_harvest(written(&RESIDUE, &bin.residue, "R"), batches.excess),
    ];
    // A mass in a unit that is none makes the batches incomplete.
    let mut missing = entered.iter().filter_map(|one| one.value.as_ref().err());
    let unfit = missing.find(|remark| remark.key == UNIT_UNFIT).cloned();
    let [w, b, r] = batches.masses();
    let days = batches.mean_days();
    let found = bsf_indices(&BsfMasses {
        fed_kg: w.kg,
        residue_kg: r.kg,
        larvae_gain_kg: b.kg,
        // Without a completed batch there is no index per day; NaN yields an unknown index.
        days: days.unwrap_or(f64::NAN),
    });
    let percent = |x: Option<f64>| x.map(|x| 100.0 * x);
    let all = [
        (&REDUCTION, percent(found.sr)),
        (&WRI, found.wri),
        (&BIOCONVERSION, percent(found.bcr)),
        (&FEED_CONVERSION, found.fcr),
        (&EFFICIENCY, percent(found.ecd)),
        (&LOSS, percent(found.loss)),
    ];
    let has_fed = entered[0].value.is_ok() || batches.open.is_some();
    let why = |status| match (&unfit, batches.harvested.is_empty() && has_fed) {
        (Some(remark), _) => Err(remark.clone()),
        (None, true) => Err(IndicatorRemark::new("account-no-batch")),
        (None, false) => Err(status_remark(status)),
    };
    // More mass out than in: an entry is wrong or missing, and no index can be defended.
    let odd = found.status == FormulaStatus::MassBalance || batches.has_impossible();
    let index = |(spec, value): (&IndicatorSpec<'_>, Option<f64>)| {
        let mut inputs = vec![
            mass_of_batches("W", (&w, &bin.fed), &batches),
            mass_of_batches("B", (&b, &bin.larvae), &batches),
            mass_of_batches("R", (&r, &bin.residue), &batches),
        ];
        if spec.id == WRI.id {
            inputs.extend(days.map(|days| constant_input("d", days, "d", "batch")));
        }
        let no_days = spec.id == WRI.id && found.sr.is_some() && days.is_none() && !odd;
        let value = match value.filter(|_| !odd && unfit.is_none()) {
            Some(value) => Ok(value),
            None if no_days => Err(IndicatorRemark::new("account-no-batch")),
            None if odd => why(FormulaStatus::MassBalance),
            None if found.status == FormulaStatus::Ok => why(FormulaStatus::NoData),
            None => why(found.status),
        };
        desk.figure(spec, value, inputs)
    };
    let indices: Vec<Indicator> = all
        .into_iter()
        .map(index)
        .map(|figure| labelled(figure, bin, &entered, batches.open.as_ref()))
        .collect();
    entered.into_iter().chain(indices).collect()
}

/// A mass of the harvested batches with its entries, some of which may be older than the period.
fn mass_of_batches(
    symbol: &'static str,
    (mass, indicator): (&BatchMass, &str),
    batches: &BatchesOfPeriod,
) -> IndicatorInput {
    let source = mass.source(indicator);
    IndicatorInput {
        parts: batches.parts_of(mass),
        ..measured_input((symbol, OF_BATCHES), mass.kg, "kg", source)
    }
}

/// A mass that came out of the bin, to be checked where more came out than went in.
fn judged_harvest(figure: Indicator, excess: Option<MassExcess>) -> Indicator {
    match excess {
        Some(excess) => figure
            .with_remark(excess.remark())
            .with_verdict(ClaimVerdict::Doubtful),
        None => figure,
    }
}

/// The index with its origin, the basis of its masses, and the batch that it does not contain.
fn labelled(
    figure: Indicator,
    bin: &BsfAsset,
    entered: &[Indicator; 3],
    open: Option<&FeedingBatch>,
) -> Indicator {
    // Indices are valid only if all masses have the same basis, so the basis is printed (METHODS
    // E.3).
    let basis = if bin.dry_mass {
        "account-basis-dry"
    } else {
        "account-basis-wet"
    };
    let declared = entered
        .iter()
        .any(|one| one.origin == ValueOrigin::Declared);
    let figure = figure
        .with_origin(if declared {
            ValueOrigin::Declared
        } else {
            ValueOrigin::Manual
        })
        .with_remark(IndicatorRemark::new(basis));
    match open {
        Some(batch) => figure.with_remark(
            IndicatorRemark::new("account-open-batch")
                .with_arg("date", batch.first)
                .with_arg("mass", batch.fed.kg.unwrap_or_default()),
        ),
        None => figure,
    }
}
