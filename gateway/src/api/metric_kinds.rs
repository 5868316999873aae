//! Kinds of metrics that several files register.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// One label with its value.
pub(super) type MetricLabels = [(&'static str, String); 1];
/// Metric that goes up and down.
pub(super) type GaugeMetric = Gauge<f64, AtomicU64>;

/// Registers a gauge with its value.
pub(super) fn register_gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = GaugeMetric::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}
