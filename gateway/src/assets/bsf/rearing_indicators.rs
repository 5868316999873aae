//! Masses and indices of rearing larvae, from ledger entries (METHODS E.3).

use crate::assets::BsfAsset;
use crate::assets::bsf::formulas::{BsfMasses, bsf_indices};
use crate::domain::indicator::{Indicator, IndicatorRemark, IndicatorSpec, ValueOrigin};
use crate::formulas::FormulaStatus;
use crate::indicators::entry_attribution::mean_batch_days;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, constant_input, figure_input, value_or_status,
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

/// BSF indices (METHODS E.3).
pub(crate) fn bsf_index_figures(
    desk: &FigureContext<'_>,
    bin: &BsfAsset,
    book: &PeriodLedger,
) -> Vec<Indicator> {
    let written = |spec, indicator, symbol| entered_figure(desk, spec, (indicator, symbol), book);
    let w = written(&FED, &bin.fed, "W");
    let b = written(&LARVAE, &bin.larvae, "B");
    let r = written(&RESIDUE, &bin.residue, "R");
    let number = |one: &Indicator| one.value.as_ref().ok().copied();
    let days = mean_batch_days(desk, book, bin);
    let found = bsf_indices(&BsfMasses {
        fed_kg: number(&w),
        residue_kg: number(&r),
        larvae_gain_kg: number(&b),
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
    // Indices are valid only if all masses have the same basis, so the basis is printed (METHODS
    // E.3).
    let basis = if bin.dry_mass {
        "account-basis-dry"
    } else {
        "account-basis-wet"
    };
    let odd = found.status == FormulaStatus::MassBalance;
    let declared = [&w, &b, &r]
        .iter()
        .any(|one| one.origin == ValueOrigin::Declared);
    let origin = if declared {
        ValueOrigin::Declared
    } else {
        ValueOrigin::Manual
    };
    let index = |(spec, value): (&IndicatorSpec<'_>, Option<f64>)| {
        let mut inputs = vec![
            figure_input("W", &w),
            figure_input("B", &b),
            figure_input("R", &r),
        ];
        // More mass out than in: an entry is wrong or missing, and no index can be defended.
        let mut value = value_or_status(value.filter(|_| !odd), found.status);
        if spec.id == WRI.id {
            inputs.push(constant_input("d", days.unwrap_or_default(), "d", "batch"));
            if found.sr.is_some() && days.is_none() {
                value = Err(IndicatorRemark::new("account-no-batch"));
            }
        }
        desk.figure(spec, value, inputs)
            .with_origin(origin)
            .with_remark(IndicatorRemark::new(basis))
    };
    let indices: Vec<Indicator> = all.into_iter().map(index).collect();
    [w, b, r].into_iter().chain(indices).collect()
}
