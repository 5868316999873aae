//! [`PublishedState`]: when the state message of the site is published again.

use crate::domain::UtcMs;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Least time between two state messages of one connection.
const STATE_PAUSE: Duration = Duration::from_secs(10);
/// Time after which a state that is not well is published again, with what is the oldest then.
const STATE_REPEAT: Duration = Duration::from_mins(10);

/// Condition that a state message tells beside `online`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SiteState {
    /// `ok`, `failing` (the disk refuses writes) or `hung` (it does not answer).
    pub(super) disk: &'static str,
    /// Health of each sink.
    pub(super) sinks: BTreeMap<&'static str, &'static str>,
}

/// State messages of one connection.
#[derive(Debug)]
pub(super) struct PublishedState {
    /// Time of the connection.
    pub(super) since: UtcMs,
    /// The last one, and when it was published.
    last: Option<(SiteState, Instant)>,
}

impl SiteState {
    fn is_well(&self) -> bool {
        self.disk == "ok" && self.sinks.values().all(|health| *health == "ok")
    }
}

impl PublishedState {
    pub(super) fn new(since: UtcMs) -> Self {
        Self { since, last: None }
    }

    /// Notes what was published.
    pub(super) fn record(&mut self, state: SiteState, now: Instant) {
        self.last = Some((state, now));
    }

    /// Whether the state is to be published at this moment.
    pub(super) fn is_due(&self, state: &SiteState, now: Instant) -> bool {
        self.last.as_ref().is_none_or(|(last, at)| {
            let passed = now.duration_since(*at);
            let pause = if last == state {
                STATE_REPEAT
            } else {
                STATE_PAUSE
            };
            passed >= pause && (last != state || !state.is_well())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(disk: &'static str, influx: &'static str) -> SiteState {
        let sinks = BTreeMap::from([("influx", influx)]);
        SiteState { disk, sinks }
    }

    #[test]
    fn a_state_is_said_when_it_changes_and_again_while_it_is_not_well() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut published = PublishedState::new(UtcMs(0));
        assert!(published.is_due(&site("ok", "ok"), start));
        published.last = Some((site("ok", "ok"), start));
        assert!(!published.is_due(&site("ok", "ok"), after(100_000)));
        assert!(!published.is_due(&site("hung", "ok"), after(9)));
        assert!(published.is_due(&site("hung", "ok"), after(10)));
        published.last = Some((site("ok", "late"), start));
        assert!(!published.is_due(&site("ok", "late"), after(599)));
        assert!(published.is_due(&site("ok", "late"), after(600)));
        assert!(published.is_due(&site("ok", "ok"), after(60)));
    }
}
