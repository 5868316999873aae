//! Head, hydraulic energy and efficiencies of a pump (METHODS B.1 to B.3, B.6).

use crate::assets::HeadComponents;
use crate::assets::pump::formulas::{hydraulic_energy, pv_to_water, wire_to_water};
use crate::assets::pump::pump_sums::PumpSums;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, ValueOrigin,
};
use crate::formulas::{FormulaStatus, GRAVITY_M_S2};
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::coverage::{lowest_completeness, point_source};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, figure_input, measured_input,
    setting_input, value_or_status, with_days,
};

pub(crate) const HEAD: IndicatorSpec = IndicatorSpec::new("pump.head", "m", "B.6", "H = M / V");
pub(crate) const HYDRAULIC_ENERGY: IndicatorSpec = IndicatorSpec::new(
    "pump.hydraulic_energy",
    "kWh",
    "B.1",
    "E_hyd = ρ · g · H · V / 3600000",
);
pub(crate) const EFFICIENCY: IndicatorSpec =
    IndicatorSpec::new("pump.efficiency", "%", "B.2", "100 · E_hyd / E");
pub(crate) const PV_TO_WATER: IndicatorSpec =
    IndicatorSpec::new("pump.pv_to_water", "%", "B.3", "100 · E_hyd / (H_poa · A)");

/// Rule by which water times head comes from readings of the flow.
const LIFTED_RULE: &str =
    "Σ Q · τ · (h_static + h_drawdown + h_f + Δp/ρg + (1 + ΣK) · v²/2g), Q > 0";

impl PumpSums<'_> {
    /// Head, hydraulic energy and efficiency (METHODS B.1, B.2, B.6).
    pub(super) fn lift_figures(
        &self,
        read: &AssetReadings<'_>,
        v: &Indicator,
        e: &Indicator,
    ) -> Vec<Indicator> {
        let Some(head) = &self.pump.head else {
            let none = Err(IndicatorRemark::new("account-no-head"));
            return vec![read.desk.figure(&EFFICIENCY, none, Vec::new())];
        };
        let rho = self.rho;
        let known = head.drawdown_m.is_some() || head.well_depth.is_some();
        // Without pipe, flow or drawdown the head lacks a part: it and all that follows from it are
        // lower bounds, which is the safe side for a claim (METHODS B.6).
        let bound = head.pipe.is_none() || self.lift.flow.is_none() || !known;
        let said = "account-head-lower-bound";
        let mean = value_or_status(self.lift.mean_head(head), FormulaStatus::NoOperation);
        let (spec, inputs) = self.head_inputs(read, head);
        let height = read
            .desk
            .figure(&spec, mean, inputs)
            .with_completeness(v.completeness)
            .with_origin(ValueOrigin::Estimated)
            .with_remark_if(bound, said);
        let both = v.value.clone().and_then(|v| Ok((v, height.value.clone()?)));
        let found = both.map(|(v, h)| (wire_to_water(v, h, e.value.clone().ok(), rho), v, h));
        let water = found.clone().map(|(_, v, h)| hydraulic_energy(v, h, rho));
        let of_water = |spec: &IndicatorSpec<'_>, value: FigureValue| {
            let inputs = vec![
                figure_input("V", v),
                figure_input("H", &height),
                constant_input("ρ", rho, "kg/m3", "water"),
                constant_input("g", GRAVITY_M_S2, "m/s2", "gravity"),
            ];
            let figure = read.desk.figure(spec, value, inputs);
            figure
                .with_completeness(v.completeness)
                .with_origin(ValueOrigin::Estimated)
                .with_remark_if(bound, said)
        };
        let hydraulic = of_water(&HYDRAULIC_ENERGY, water);
        let eta = found.and_then(|(found, _, _)| {
            let percent = value_or_status(found.eta.map(|eta| 100.0 * eta), found.status)?;
            Ok((percent, found.status))
        });
        // An implausible efficiency stays visible in its chapter, and is not claimed (METHODS B.2).
        let odd = matches!(&eta, Ok((_, FormulaStatus::EtaTooHigh)));
        let inputs = vec![figure_input("E_hyd", &hydraulic), figure_input("E", e)];
        let efficiency = read
            .desk
            .figure(&EFFICIENCY, eta.map(|(eta, _)| eta), inputs)
            .with_completeness(lowest_completeness([v.completeness, e.completeness]))
            .with_origin(ValueOrigin::Estimated)
            .with_remark_if(odd, &FormulaStatus::EtaTooHigh.words_key())
            .with_remark_if(bound, said);
        let judged = [hydraulic, efficiency].map(|one| if odd { implausible(one) } else { one });
        [height].into_iter().chain(judged).collect()
    }
}

impl PumpSums<'_> {
    /// Equation and inputs of the head: a mean over the pumped water, or its parts without a flow.
    fn head_inputs(
        &self,
        read: &AssetReadings<'_>,
        head: &HeadComponents,
    ) -> (IndicatorSpec<'static>, Vec<IndicatorInput>) {
        let still = || setting_input("h_static", head.static_m, "m", "head.static_m");
        let Some(lane) = self.lift.flow else {
            let drawdown = head.drawdown_m.unwrap_or(0.0);
            let drawdown = setting_input("h_drawdown", drawdown, "m", "head.drawdown_m");
            let spec = HEAD.computed_by(HEAD.method, "H = h_static + h_drawdown");
            return (spec, vec![still(), drawdown]);
        };
        let (water, lifted) = self.lift.lifted().unzip();
        let from = point_source(read.tracks, lane);
        let lifted = measured_input(("M", LIFTED_RULE), lifted, "m3 m", from.clone());
        let water = measured_input(("V", "Σ Q · τ, Q > 0"), water, "m3", from);
        let (span, days) = (read.desk.span, &self.lift.days);
        let inputs = vec![
            with_days(lifted, &days.1, span),
            with_days(water, &days.0, span),
            still(),
        ];
        (HEAD, inputs)
    }
}

/// Efficiency, and the energy of the water that it is made of: water, head or energy is wrong.
fn implausible(figure: Indicator) -> Indicator {
    figure
        .with_verdict(ClaimVerdict::NotClaimed(NotClaimedReason::Implausible))
        .with_remark(IndicatorRemark::new("account-implausible-eta"))
}

/// PV-to-water efficiency (METHODS B.3), after the insolation of the plant is known.
pub(crate) fn pv_to_water_figure(
    desk: &FigureContext<'_>,
    (pump, area_m2): (&Indicator, f64),
    sun: &Indicator,
) -> Indicator {
    let both = pump.value.clone().and_then(|e| Ok((e, sun.value.clone()?)));
    let value = both.and_then(|(e, h)| {
        let share = pv_to_water(e, h, area_m2);
        value_or_status(
            share.map(|share| 100.0 * share),
            FormulaStatus::NoIrradiance,
        )
    });
    let inputs = vec![
        figure_input("E_hyd", pump),
        figure_input("H_poa", sun),
        setting_input("A", area_m2, "m2", "module_area_m2"),
    ];
    let figure = desk.figure(&PV_TO_WATER, value, inputs);
    let share = lowest_completeness([pump.completeness, sun.completeness]);
    let figure = figure
        .with_completeness(share)
        .with_origin(ValueOrigin::Estimated);
    pump.remarks
        .iter()
        .cloned()
        .fold(figure, FigureBuilder::with_remark)
}
