//! Certainty of the time in the API, in metrics and in `/healthz`.

use super::ApiState;
use super::metric_kinds::{GaugeMetric, MetricLabels, register_gauge};
use crate::clock::{ClockCertainty, StartDoubt, TrustSource};
use crate::domain::UtcMs;
use crate::limits::CLOCK_LEAD_TOLD_MS;
use crate::status::SinkState;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Trust in the clock of the site.
#[expect(
    clippy::struct_field_names,
    reason = "names of the API, beside others of the site"
)]
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteClockJson {
    /// False while the clock is not synchronised.
    pub(super) clock_trusted: bool,
    /// Largest error of `now`, milliseconds; absent while the clock is not synchronised. It grows
    /// while the clock runs on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clock_bound_ms: Option<u64>,
    /// Source that vouched for the time last: `kernel` (NTP), `battery-clock`, `host`
    /// or `person`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clock_source: Option<&'static str>,
}

impl SiteClockJson {
    pub(super) fn of(certainty: Option<ClockCertainty>) -> Self {
        Self {
            clock_trusted: certainty.is_some(),
            clock_bound_ms: certainty.map(|certainty| certainty.bound_ms),
            clock_source: certainty.map(|certainty| certainty.source.word()),
        }
    }
}

/// Notes about the time of readings; `undated` values of earlier starts stay without one.
pub(super) fn clock_notes(state: &ApiState, undated: u64) -> Vec<String> {
    let (now, certainty) = (state.clock.now(), state.clock.certainty());
    let unknown = "the clock is not synchronised; readings are kept undated";
    let unknown = (!now.trusted).then(|| unknown.to_owned());
    let start = state.clock.start_doubt().map(start_note);
    let lost = (undated > 0).then(|| {
        format!(
            "{undated} values of earlier starts of the computer stay undated: no source knew the \
             time then"
        )
    });
    let hints = server_clock_notes(&state.board.snapshot().sinks, now.at);
    let own = [unknown, start, clock_note(certainty), lost];
    own.into_iter().flatten().chain(hints).collect()
}

/// Note about a time at the start that is not believed.
fn start_note(doubt: StartDoubt) -> String {
    let why = match doubt {
        StartDoubt::BatteryDiffers(lead_ms) => {
            format!("the battery clock shows another time ({lead_ms} ms ahead)")
        }
        StartDoubt::BeforeData(newest) => format!("it is before the newest data ({newest})"),
        StartDoubt::FarAhead(Some(newest)) => {
            format!("it is far beyond the newest reading ({newest})")
        }
        StartDoubt::FarAhead(None) => "it cannot be".to_owned(),
    };
    format!(
        "the time of the computer at its start is not believed: {why}; connect to the network \
         (NTP), or set the time (pantau time set)"
    )
}

/// Note about a clock of the computer that shows another time than readings get.
fn clock_note(certainty: Option<ClockCertainty>) -> Option<String> {
    // Where a person has set the time, the clock of the computer is known to be wrong.
    let certainty = certainty.filter(|certainty| certainty.source != TrustSource::Person)?;
    let lead = certainty.system_lead_ms;
    (lead.abs() >= CLOCK_LEAD_TOLD_MS).then(|| {
        format!(
            "the clock of the computer was set by {lead} ms and no source confirms it; readings \
             keep their time"
        )
    })
}

/// Notes about servers whose clocks show another time than readings get.
fn server_clock_notes(sinks: &BTreeMap<&'static str, SinkState>, now: UtcMs) -> Vec<String> {
    let note = |(name, sink): (&&'static str, &SinkState)| {
        let lead = sink.clock_lead_ms?;
        let says = UtcMs(now.0.saturating_add(lead));
        Some(format!(
            "sink {name}: the server's clock says {says}, {lead} ms ahead of readings; a hint only"
        ))
    };
    sinks.iter().filter_map(note).collect()
}

/// Registers trust in the clock and, while somebody vouches for it, source and largest error.
pub(super) fn register_clock_metrics(registry: &mut Registry, certainty: Option<ClockCertainty>) {
    let trusted = f64::from(u8::from(certainty.is_some()));
    register_gauge(
        registry,
        "clock_trusted",
        "1 when the wall clock is trusted",
        trusted,
    );
    let Some(certainty) = certainty else {
        return;
    };
    // Milliseconds of weeks stay below 2^32; more is shown as that.
    let bound_ms = u32::try_from(certainty.bound_ms).unwrap_or(u32::MAX);
    register_gauge(
        registry,
        "clock_bound_seconds",
        "Largest error of the time of new readings",
        f64::from(bound_ms) / 1000.0,
    );
    let family = Family::<MetricLabels, GaugeMetric>::default();
    let label = [("source", certainty.source.word().to_owned())];
    family.get_or_create(&label).set(1.0);
    registry.register(
        "clock_source",
        "Source that vouched for the time last",
        family,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certainty(system_lead_ms: i64) -> ClockCertainty {
        ClockCertainty {
            source: TrustSource::Kernel,
            bound_ms: 3246,
            system_lead_ms,
        }
    }

    #[test]
    fn bound_and_source_of_the_time_are_in_the_metrics_and_in_the_api() {
        let mut registry = Registry::default();
        register_clock_metrics(&mut registry, Some(certainty(0)));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "clock_trusted 1.0\n",
            "clock_bound_seconds 3.246\n",
            "clock_source{source=\"kernel\"} 1.0\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        let json = serde_json::to_value(SiteClockJson::of(Some(certainty(0)))).unwrap();
        let told = serde_json::json!({
            "clock_trusted": true, "clock_bound_ms": 3246, "clock_source": "kernel"
        });
        assert_eq!(json, told);
        let json = serde_json::to_value(SiteClockJson::of(None)).unwrap();
        assert_eq!(json, serde_json::json!({ "clock_trusted": false }));
    }

    #[test]
    fn a_clock_that_was_set_by_hand_is_told_and_a_right_one_is_not() {
        assert_eq!(clock_note(Some(certainty(400))), None);
        assert_eq!(clock_note(None), None);
        let told = clock_note(Some(certainty(-7_200_000))).unwrap();
        assert!(told.contains("was set by -7200000 ms"), "{told}");
    }
}
