//! `HeadSums`: mean head of a pump, and the density of its water.

use crate::assets::HeadComponents;
use crate::assets::pump::pipe_friction::{
    DynamicHeadTerms as Parts, head_loss_hazen_williams, total_dynamic_head,
};
use crate::config::Config;
use crate::formulas::saved_state::saved_fields;
use crate::formulas::{CompensatedSum, WATER_KG_M3, finite_ratio};
use crate::indicators::held_reading::HeldReading;
use crate::indicators::input_reading::InputReading;
use crate::indicators::input_series::InputSeries;
use crate::indicators::period_days::{HOUR_MS, millis_to_f64};
use std::f64::consts::PI;

/// Id of the factor for the density of water at 28 degC.
// Using 1000 kg/m3 instead would overstate the energy by 0.4 % (METHODS B).
const WARM_WATER_FACTOR: &str = "water.rho.28C";

/// Mean head, weighted by the pumped volume.
#[derive(Debug)]
pub(super) struct HeadSums {
    pub(super) flow: Option<usize>,
    max_gap_ms: i64,
    last: Option<i64>,
    depth: HeldReading,
    outlet: HeldReading,
    inlet: HeldReading,
    water: CompensatedSum,
    head_water: CompensatedSum,
    /// Water, and water times head, so far at the end of each day.
    pub(super) days: (Vec<f64>, Vec<f64>),
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
    days,
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
            days: (Vec::new(), Vec::new()),
        }
    }

    /// Closes a day.
    pub(super) fn end_day(&mut self) {
        self.days.0.push(self.water.value() / HOUR_MS);
        self.days.1.push(self.head_water.value() / HOUR_MS);
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
        let step = step
            .filter(|step| tick.inside && (1..=self.max_gap_ms.max(tick.reach_ms)).contains(step));
        // The mean is weighted by water: the head of a pump that stands still lifts nothing.
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

    /// Water with a known head, m3, and the sum of water times head, m4; `None` without any.
    pub(super) fn lifted(&self) -> Option<(f64, f64)> {
        let (water, lifted) = (
            self.water.value() / HOUR_MS,
            self.head_water.value() / HOUR_MS,
        );
        (water > 0.0).then_some((water, lifted))
    }

    /// Mean head, m. Without a flow, static head plus drawdown, which need no flow.
    pub(super) fn mean_head(&self, head: &HeadComponents) -> Option<f64> {
        let mean = finite_ratio(self.head_water.value(), self.water.value());
        mean.or_else(|| match self.flow {
            Some(_) => None,
            // Without a flow meter friction is unknown: this is the lower bound of METHODS B.6.
            None => Some(head.static_m + head.drawdown_m.unwrap_or(0.0)),
        })
    }
}
