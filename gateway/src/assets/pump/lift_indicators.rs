//! Head, hydraulic energy and efficiencies of a pump (METHODS B.1 to B.3, B.6).

use crate::assets::HeadComponents;
use crate::assets::pump::formulas::{hydraulic_energy, pv_to_water, wire_to_water};
use crate::assets::pump::indicators::PumpSums;
use crate::assets::pump::pipe_friction::{
    DynamicHeadTerms as Parts, head_loss_hazen_williams, total_dynamic_head,
};
use crate::config::Config;
use crate::domain::indicator::{Indicator, IndicatorRemark, IndicatorSpec, ValueOrigin};
use crate::formulas::saved_state::saved_fields;
use crate::formulas::{CompensatedSum, FormulaStatus, GRAVITY_M_S2, WATER_KG_M3, finite_ratio};
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, figure_input, formula_input,
    setting_input, value_or_status,
};
use crate::indicators::input_series::{InputSeries, point_source};
use crate::indicators::period_days::millis_to_f64;
use crate::indicators::sample_merge::InputReading;
use crate::indicators::totaliser::HeldReading;
use std::f64::consts::PI;

pub(crate) const HEAD: IndicatorSpec = IndicatorSpec::new(
    "pump.head",
    "m",
    "B.6",
    "H = h_static + h_drawdown + h_f + Δp/ρg + (1 + ΣK) · v²/2g",
);
pub(crate) const HYDRAULIC_ENERGY: IndicatorSpec = IndicatorSpec::new(
    "pump.hydraulic_energy",
    "kWh",
    "B.1",
    "E_hyd = ρ · g · H · V / 3.6e6",
);
pub(crate) const EFFICIENCY: IndicatorSpec =
    IndicatorSpec::new("pump.efficiency", "%", "B.2", "100 · E_hyd / E");
pub(crate) const PV_TO_WATER: IndicatorSpec =
    IndicatorSpec::new("pump.pv_to_water", "%", "B.3", "100 · E_hyd / (H_poa · A)");

/// Id of the factor for the density of water at 28 degC.
// Using 1000 kg/m3 instead would overstate the energy by 0.4 % (METHODS B).
const WARM_WATER_FACTOR: &str = "water.rho.28C";

/// Mean head, weighted by the pumped volume.
#[derive(Debug)]
pub(super) struct HeadSums {
    flow: Option<usize>,
    max_gap_ms: i64,
    last: Option<i64>,
    depth: HeldReading,
    outlet: HeldReading,
    inlet: HeldReading,
    water: CompensatedSum,
    head_water: CompensatedSum,
}

saved_fields!(HeadSums {
    flow,
    max_gap_ms,
    last,
    depth,
    outlet,
    inlet,
    water,
    head_water,
});

/// Density of the pumped water, kg/m3.
pub(crate) fn water_density(config: &Config) -> f64 {
    config
        .factors
        .find(WARM_WATER_FACTOR)
        .map_or(WATER_KG_M3, |warm| warm.value)
}

impl HeadSums {
    /// Sums over the flow, with well depth, outlet and inlet pressure where they are measured.
    pub(super) fn new(
        lanes: &[InputSeries],
        flow: Option<usize>,
        levels: [Option<usize>; 3],
    ) -> Self {
        let [depth, outlet, inlet] = levels.map(|lane| HeldReading::new(lanes, lane));
        Self {
            flow,
            max_gap_ms: flow.map_or(0, |at| lanes[at].max_gap_ms()),
            last: None,
            depth,
            outlet,
            inlet,
            water: CompensatedSum::default(),
            head_water: CompensatedSum::default(),
        }
    }

    pub(super) fn add_reading(
        &mut self,
        tick: &InputReading,
        head: Option<&HeadComponents>,
        rho: f64,
    ) {
        self.depth.add_reading(tick);
        self.outlet.add_reading(tick);
        self.inlet.add_reading(tick);
        let Some(head) = head.filter(|_| Some(tick.lane) == self.flow) else {
            return;
        };
        let step = self.last.map(|last| tick.at - last);
        self.last = tick.value.map(|_| tick.at);
        let step = step.filter(|step| tick.inside && (1..=self.max_gap_ms).contains(step));
        if let (Some(step), Some(q)) = (step, tick.value.filter(|q| *q > 0.0))
            && let Some(height) = self.head_at_flow(tick.at, q, head, rho)
        {
            let water = q * millis_to_f64(step);
            self.water.add(water);
            self.head_water.add(water * height);
        }
    }

    /// Total dynamic head at a flow in m3/h (METHODS B.6), m. Unknown parts count as 0.
    fn head_at_flow(&self, at: i64, flow: f64, head: &HeadComponents, rho: f64) -> Option<f64> {
        let q = flow / 3600.0;
        let pipe = head.pipe;
        let friction = pipe
            .and_then(|(length, d)| head_loss_hazen_williams(length, q, d, head.hazen_williams_c));
        total_dynamic_head(&Parts {
            static_m: head.static_m,
            drawdown_m: self.depth.value_at(at).or(head.drawdown_m).unwrap_or(0.0),
            h_friction_m: friction.unwrap_or(0.0),
            p_out_pa: self.outlet.value_at(at).unwrap_or(0.0),
            p_in_pa: self.inlet.value_at(at).unwrap_or(0.0),
            v_out_m_s: pipe.map_or(0.0, |(_, d)| q / (PI * d * d / 4.0)),
            sum_k: head.sum_k,
            rho,
        })
    }

    /// Mean head, m. Without a flow, static head plus drawdown, which need no flow.
    fn mean_head(&self, head: &HeadComponents) -> Option<f64> {
        let mean = finite_ratio(self.head_water.value(), self.water.value());
        mean.or_else(|| match self.flow {
            Some(_) => None,
            None => Some(head.static_m + head.drawdown_m.unwrap_or(0.0)),
        })
    }
}

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
        let mut inputs = vec![setting_input(
            "h_static",
            head.static_m,
            "m",
            "head.static_m",
        )];
        if let Some(lane) = self.lift.flow {
            inputs.push(formula_input(
                "Q",
                None,
                "m3/h",
                point_source(read.tracks, lane),
            ));
        }
        let mean = value_or_status(self.lift.mean_head(head), FormulaStatus::NoOperation);
        let height = read
            .desk
            .figure(&HEAD, mean, inputs)
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
        // Implausible efficiencies stay visible, with a warning (METHODS B.2).
        let odd = matches!(&eta, Ok((_, FormulaStatus::EtaTooHigh)));
        let inputs = vec![figure_input("E_hyd", &hydraulic), figure_input("E", e)];
        let efficiency = read
            .desk
            .figure(&EFFICIENCY, eta.map(|(eta, _)| eta), inputs)
            .with_completeness(lowest_completeness([v.completeness, e.completeness]))
            .with_origin(ValueOrigin::Estimated)
            .with_remark_if(odd, &FormulaStatus::EtaTooHigh.words_key())
            .with_remark_if(bound, said);
        vec![height, hydraulic, efficiency]
    }
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
