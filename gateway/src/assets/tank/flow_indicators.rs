//! Inflow, outflow and days of supply of a tank (METHODS D.4).

use crate::assets::tank::geometry::tank_volume;
use crate::assets::tank::mass_balance::{TankBalance, missing_inflow, surplus_inflow};
use crate::assets::tank::tank_sums::TankSums;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, ValueOrigin,
};
use crate::formulas::FormulaStatus;
use crate::formulas::claim_rounding::{self, RoundingMode};
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::coverage::{lowest_completeness, point_source};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, figure_input, measured_input,
    setting_input, value_or_status,
};
use crate::indicators::totaliser::Totaliser;

pub(crate) const INFLOW: IndicatorSpec = IndicatorSpec::new("tank.inflow", "m3", "D.4", "V_in");
pub(crate) const OUTFLOW: IndicatorSpec = IndicatorSpec::new("tank.outflow", "m3", "D.4", "V_out");
pub(crate) const DAYS_LEFT: IndicatorSpec = IndicatorSpec::new(
    "tank.days_left",
    "d",
    "D.4",
    "max(0, V_last − V_outlet) · d / V_out",
);

/// Key of the remark on a use that is what the inflow meter and the level leave for it.
const USE_BY_METER: &str = "account-use-by-meter";

impl TankSums<'_> {
    /// Inflow and outflow, from meters if there are any, else from the level (METHODS D.4); days of
    /// supply left.
    pub(super) fn flow_figures(
        &self,
        read: &AssetReadings<'_>,
        level: usize,
        last: &Indicator,
    ) -> Vec<Indicator> {
        let noise = self.nights.volume_noise();
        let (balance, deadband) = self.balances.choose_balance(noise);
        let share = read.tracks[level].completeness(read.desk.span);
        let from_level = |spec: &IndicatorSpec<'_>, rule, value: Option<f64>| {
            let symbol = spec.equation;
            let from = point_source(read.tracks, level);
            let inputs = vec![
                measured_input((symbol, rule), value, spec.unit, from),
                self.deadband_input(read, level, (noise, deadband)),
            ];
            let figure = read
                .desk
                .figure(spec, value_or_status(value, balance.status), inputs)
                .with_completeness(share)
                .with_origin(ValueOrigin::Estimated)
                // Filling and use at the same time cancel in the level, so both totals are lower
                // bounds.
                .with_remark(IndicatorRemark::new("account-balance-lower-bound"));
            match balance.across_gap {
                0 => figure,
                n => figure
                    .with_remark(IndicatorRemark::new("account-across-gaps").with_arg("count", n)),
            }
        };
        let metered = |spec: IndicatorSpec<'static>, symbol, amount: &Totaliser| {
            let method = if amount.is_counter() { "G.5" } else { "A.1" };
            let spec = spec.computed_by(method, spec.equation);
            read.total_figure(&spec, symbol, Some(amount), FormulaStatus::NoData)
        };
        let inflow = match &self.inflow {
            Some(meter) => metered(INFLOW, "V_in", meter)
                .with_remark_if(self.rain.is_some(), "account-inflow-without-rain"),
            None => from_level(&INFLOW, "Σ ΔV, ΔV ≥ δ", balance.inflow_m3),
        };
        let outflow = match &self.outflow {
            Some(meter) => metered(OUTFLOW, "V_out", meter),
            None => from_level(&OUTFLOW, "Σ −ΔV, −ΔV ≥ δ", balance.outflow_m3),
        };
        self.judged_flows(read, [inflow, outflow], (balance, deadband), last)
    }

    /// The deadband as an input: what the site has set, else what its nights or its size give.
    fn deadband_input(
        &self,
        read: &AssetReadings<'_>,
        level: usize,
        (noise, deadband): (Option<f64>, f64),
    ) -> IndicatorInput {
        if self.tank.deadband_m3.is_some() {
            return setting_input("δ", deadband, "m3", "deadband_l");
        }
        let rule = match noise {
            Some(_) => "δ ≥ 3 · σ_V",
            None => "δ ≥ 0.005 · V_full",
        };
        let from = point_source(read.tracks, level);
        measured_input(("δ", rule), Some(deadband), "m3", from)
    }

    /// The flows with the verdict of the water balance (METHODS D.4), the outflow as the larger of
    /// that of the level and what the metered inflow and the level leave for it; days left.
    fn judged_flows(
        &self,
        read: &AssetReadings<'_>,
        [inflow, outflow]: [Indicator; 2],
        (balance, deadband): (TankBalance, f64),
        last: &Indicator,
    ) -> Vec<Indicator> {
        let metered_in = self.inflow.is_some() && self.rain.is_none();
        let flows = inflow.value.clone().ok().zip(outflow.value.clone().ok());
        let closing = flows.zip(balance.change_m3());
        let by_level = self.outflow.is_none();
        let doubt = closing.and_then(|((inflow, outflow), change)| {
            let flows = [inflow, outflow, change];
            let lacking = missing_inflow(flows, deadband, by_level).filter(|_| metered_in);
            let full = tank_volume(self.shapes.last_shape(), Some(self.tank.full_m)).v_m3;
            let surplus = full
                .filter(|_| self.inflow.is_some() && !by_level)
                .and_then(|full| surplus_inflow(flows, deadband, full));
            let lacking = lacking.map(|m3| balance_remark("impossible", "lacking", m3));
            lacking.or(surplus.map(|m3| balance_remark("surplus", "surplus", m3)))
        });
        let mark = |figure: Indicator| match &doubt {
            Some(doubt) => figure
                .with_verdict(ClaimVerdict::Doubtful)
                .with_remark(doubt.clone()),
            None => figure,
        };
        // What the meter saw come in and the tank does not have went out, also while it was filled.
        let used = closing.filter(|_| metered_in && by_level);
        let used = used.map(|((inflow, out), change)| (out, (inflow - change).max(0.0)));
        let used = used.and_then(|(out, used)| (out < used).then_some(used));
        let outflow = match used {
            Some(used) => self.outflow_by_meter(read, (&inflow, &outflow), (used, balance)),
            None => outflow,
        };
        // Water and time of the same readings: those of the meter, or of the level.
        let meter = self.outflow.as_ref();
        let meter = meter.or(used.and(self.inflow.as_ref()));
        let hours = match meter {
            Some(meter) => read.measured_hours(meter),
            None => read.level_hours(self.level.unwrap_or_default()),
        };
        let left = days_left_figure(self, read.desk, last, (&outflow, hours / 24.0));
        let left = left.with_remark_if(used.is_some(), USE_BY_METER);
        vec![mark(inflow), mark(outflow), mark(left)]
    }

    /// The outflow as what the metered inflow and the level leave for it.
    fn outflow_by_meter(
        &self,
        read: &AssetReadings<'_>,
        (inflow, outflow): (&Indicator, &Indicator),
        (used, balance): (f64, TankBalance),
    ) -> Indicator {
        let from = point_source(read.tracks, self.level.unwrap_or_default());
        let change = measured_input(("ΔV", "V_last − V_first"), balance.change_m3(), "m3", from);
        let spec = OUTFLOW.computed_by(OUTFLOW.method, "max(0, V_in − ΔV)");
        let inputs = vec![figure_input("V_in", inflow), change];
        read.desk
            .figure(&spec, Ok(used), inputs)
            .with_completeness(lowest_completeness([
                inflow.completeness,
                outflow.completeness,
            ]))
            .with_origin(ValueOrigin::Estimated)
            .with_remark(IndicatorRemark::new(USE_BY_METER))
    }
}

fn days_left_figure(
    sums: &TankSums<'_>,
    desk: &FigureContext<'_>,
    last: &Indicator,
    (out, days): (&Indicator, f64),
) -> Indicator {
    let dead = tank_volume(sums.shapes.last_shape(), Some(sums.tank.outlet_m))
        .v_m3
        .unwrap_or(0.0);
    let both = last.value.clone().and_then(|v| Ok((v, out.value.clone()?)));
    let value: FigureValue = both.and_then(|(v, out)| {
        let left = (v - dead).max(0.0) * days / out;
        let used = out > 0.0 && left.is_finite();
        used.then_some(left)
            .ok_or_else(|| IndicatorRemark::new("account-no-use"))
    });
    let inputs = vec![
        figure_input("V_last", last),
        setting_input("V_outlet", dead, "m3", "outlet_m"),
        figure_input("V_out", out),
        constant_input("d", days, "d", "measured"),
    ];
    desk.figure(&DAYS_LEFT, value, inputs)
        .with_completeness(out.completeness)
        .with_origin(ValueOrigin::Estimated)
}

/// Remark that the flows of a tank cannot all be true, with the water that is too little or too
/// much.
fn balance_remark(what: &str, name: &'static str, m3: f64) -> IndicatorRemark {
    let rounded = claim_rounding::round_decimals(m3, 2, RoundingMode::Nearest);
    IndicatorRemark::new(&format!("account-balance-{what}")).with_arg(name, rounded)
}
