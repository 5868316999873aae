//! [`SimulatedIncident`]: what happens once at a simulated site, so that a history has something to
//! show: a leak, a hot afternoon, a counter that begins again, a device that is silent.

use crate::domain::UtcMs;
use std::sync::Arc;

/// Something that happens from one moment to another.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedIncident {
    /// Start.
    pub from: UtcMs,
    /// End, exclusive.
    pub to: UtcMs,
    /// Kind of the incident.
    pub kind: IncidentKind,
}

/// Kind of an incident.
#[derive(Clone, Debug, PartialEq)]
pub enum IncidentKind {
    /// Water runs out of the tank, m3/h.
    TankLeak(f64),
    /// The bin becomes warmer by this, degC.
    HotBin(f64),
    /// At the start, the inverter loses its counters and begins again at zero.
    InverterReset,
    /// At the start, a new meter of the grid takes the place of the old one.
    MeterSwap,
    /// The device with this id does not answer.
    SilentDevice(Arc<str>),
}

/// Incidents of a site; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct IncidentList(Arc<[SimulatedIncident]>);

impl IncidentList {
    /// A list of incidents in any order.
    pub fn new(all: Vec<SimulatedIncident>) -> Self {
        Self(all.into())
    }

    /// Leak at a time, m3/h.
    pub fn leak_m3_h(&self, at: UtcMs) -> f64 {
        let leaks = self.active(at).map(|one| match one.kind {
            IncidentKind::TankLeak(flow) => flow,
            _ => 0.0,
        });
        leaks.sum()
    }

    /// Warming of the bin at a time, degC.
    pub fn bin_heat_c(&self, at: UtcMs) -> f64 {
        let heats = self.active(at).map(|one| match one.kind {
            IncidentKind::HotBin(heat) => heat,
            _ => 0.0,
        });
        heats.sum()
    }

    /// Whether an incident of this kind starts after `before` and not after `at`.
    pub fn has_started(&self, kind: &IncidentKind, before: UtcMs, at: UtcMs) -> bool {
        let mut all = self.0.iter();
        all.any(|one| one.kind == *kind && before.0 < one.from.0 && one.from.0 <= at.0)
    }

    /// Whether a device is silent at a time.
    pub fn is_silent(&self, device: &str, at: UtcMs) -> bool {
        self.active(at).any(
            |one| matches!(&one.kind, IncidentKind::SilentDevice(silent) if **silent == *device),
        )
    }

    fn active(&self, at: UtcMs) -> impl Iterator<Item = &SimulatedIncident> {
        let all = self.0.iter();
        all.filter(move |one| (one.from.0..one.to.0).contains(&at.0))
    }
}
