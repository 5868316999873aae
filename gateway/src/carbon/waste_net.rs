//! Net result of the treatment of organic waste (METHODS E.9).

use crate::domain::indicator::{Indicator, IndicatorRemark, IndicatorSpec, ValueOrigin};
use crate::domain::period::Period;
use crate::indicators::figure_context::{FigureBuilder, FigureContext, figure_input};
use crate::indicators::uncertainty::RelativeUncertainty;

pub(crate) const WASTE_NET: IndicatorSpec =
    IndicatorSpec::new("waste.net", "tCO2e", "E.9", "BE − PE").benefit();

/// Net result (METHODS E.9), for whole calendar years only, because methane accrues by year.
pub(crate) fn net_waste_figure(
    desk: &FigureContext<'_>,
    annual: &Indicator,
    project: &Indicator,
) -> Indicator {
    let value = match desk.span.period {
        // The methane is that of the whole year, the emissions of the treatment only those so far.
        Period::Year(_) if !desk.span.is_over() => Err(IndicatorRemark::new("account-net-running")),
        Period::Year(_) => {
            let both = annual
                .value
                .clone()
                .and_then(|be| Ok((be, project.value.clone()?)));
            both.map(|(be, pe)| be - pe)
        }
        _ => Err(IndicatorRemark::new("account-net-yearly")),
    };
    let inputs = vec![figure_input("BE", annual), figure_input("PE", project)];
    let mut terms = Vec::new();
    for (part, sign) in [(annual, 1.0), (project, -1.0)] {
        if let Ok(value) = part.value {
            terms.push((sign * value, RelativeUncertainty::from_indicator(part)));
        }
    }
    let figure = desk
        .figure(&WASTE_NET, value, inputs)
        .with_origin(ValueOrigin::Estimated)
        .with_uncertainty(RelativeUncertainty::of_sum(&terms, false));
    let all = annual.factors.iter().chain(&project.factors);
    let mut figure = all.fold(figure, |figure, factor| {
        figure.with_factor(desk.config, factor)
    });
    for part in [annual, project] {
        figure = figure.with_verdict(part.claim);
    }
    figure.with_remark(IndicatorRemark::new("account-order-of-magnitude"))
}
