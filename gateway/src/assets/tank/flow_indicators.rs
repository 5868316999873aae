//! Inflow, outflow and days of supply of a tank (METHODS D.4).

use crate::assets::tank::geometry::tank_volume;
use crate::assets::tank::mass_balance::{TankBalance, missing_inflow};
use crate::assets::tank::tank_sums::TankSums;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, ValueOrigin,
};
use crate::formulas::FormulaStatus;
use crate::formulas::claim_rounding::{self, RoundingMode};
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::coverage::point_source;
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
                setting_input("δ", deadband, "m3", "deadband_l"),
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

    /// The flows with the verdict of the water balance (METHODS D.4), and days left by the larger
    /// of the outflow and what the metered inflow and the level leave for it.
    fn judged_flows(
        &self,
        read: &AssetReadings<'_>,
        [inflow, outflow]: [Indicator; 2],
        (balance, deadband): (TankBalance, f64),
        last: &Indicator,
    ) -> Vec<Indicator> {
        let metered_in = self.inflow.is_some() && self.rain.is_none();
        let flows = inflow.value.clone().ok().zip(outflow.value.clone().ok());
        let closing = flows.zip(balance.change_m3()).filter(|_| metered_in);
        let used = closing.map(|((inflow, _), change)| (inflow - change).max(0.0));
        let lacking = closing.and_then(|((inflow, outflow), change)| {
            let by_level = self.outflow.is_none();
            missing_inflow([inflow, outflow, change], deadband, by_level)
        });
        let mark = |figure: Indicator| match lacking {
            Some(lacking) => figure
                .with_verdict(ClaimVerdict::Doubtful)
                .with_remark(lacking_remark(lacking)),
            None => figure,
        };
        let by_level = outflow.value.clone().ok();
        // What the meter saw come in and the tank does not have went out, also while it was filled.
        let use_of_meter = used.filter(|_| self.outflow.is_none() && by_level < used);
        let mut out = outflow.clone();
        let mut use_inputs = vec![figure_input("V_out", &outflow)];
        if let Some(used) = use_of_meter {
            out.value = Ok(used);
            let from = point_source(read.tracks, self.level.unwrap_or_default());
            let change =
                measured_input(("ΔV", "V_last − V_first"), balance.change_m3(), "m3", from);
            use_inputs = vec![figure_input("V_in", &inflow), change];
        }
        // Water and time of the same readings: those of the meter, or of the level.
        let meter = self
            .outflow
            .as_ref()
            .or(use_of_meter.and(self.inflow.as_ref()));
        let hours = match meter {
            Some(meter) => read.measured_hours(meter),
            None => read.level_hours(self.level.unwrap_or_default()),
        };
        let left = self.days_left_figure(read.desk, last, (&out, use_inputs, hours / 24.0));
        let left = left.with_remark_if(use_of_meter.is_some(), "account-use-by-meter");
        vec![mark(inflow), mark(outflow), mark(left)]
    }

    fn days_left_figure(
        &self,
        desk: &FigureContext<'_>,
        last: &Indicator,
        (out, use_inputs, days): (&Indicator, Vec<IndicatorInput>, f64),
    ) -> Indicator {
        let dead = tank_volume(self.shapes.last_shape(), Some(self.tank.outlet_m))
            .v_m3
            .unwrap_or(0.0);
        let both = last.value.clone().and_then(|v| Ok((v, out.value.clone()?)));
        let value: FigureValue = both.and_then(|(v, out)| {
            let left = (v - dead).max(0.0) * days / out;
            let used = out > 0.0 && left.is_finite();
            used.then_some(left)
                .ok_or_else(|| IndicatorRemark::new("account-no-use"))
        });
        let by_meter = "max(0, V_last − V_outlet) · d / max(0, V_in − ΔV)";
        let spec = match use_inputs.len() {
            1 => DAYS_LEFT,
            _ => DAYS_LEFT.computed_by(DAYS_LEFT.method, by_meter),
        };
        let mut inputs = vec![
            figure_input("V_last", last),
            setting_input("V_outlet", dead, "m3", "outlet_m"),
        ];
        inputs.extend(use_inputs);
        inputs.push(constant_input("d", days, "d", "measured"));
        desk.figure(&spec, value, inputs)
            .with_completeness(out.completeness)
            .with_origin(ValueOrigin::Estimated)
    }
}

fn lacking_remark(lacking_m3: f64) -> IndicatorRemark {
    let lacking = claim_rounding::round_decimals(lacking_m3, 2, RoundingMode::Nearest);
    IndicatorRemark::new("account-balance-impossible").with_arg("lacking", lacking)
}
