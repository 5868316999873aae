//! Units that answer after the timeout: reported, asked again with a longer timeout, and never
//! mistaken for another unit.

use super::scan_channel::ScanChannel;
use super::{DeviceScan, ScanObserver};
use crate::buses::modbus::bus::proposed_timeout;
use crate::limits::BUS_REQUEST_EXTRA_MS;
use std::time::Duration;
use tokio::time::Instant;

/// After the last request, late answers are awaited for this many timeouts.
const LINGER_FACTOR: u32 = 4;
/// Minimum extra time beyond the observed response time.
const LATE_MARGIN: Duration = Duration::from_millis(200);

impl ScanChannel {
    /// Units found to answer late since the last call.
    pub(crate) fn newly_late(&mut self) -> Vec<u8> {
        let mut units = self.channel.late_units();
        units.retain(|unit| !self.told_late.contains(unit));
        self.told_late.extend(&units);
        units
    }

    /// Waits for late answers of units that are still outstanding.
    pub(crate) async fn wait_for_late_answers(&mut self) {
        let until = Instant::now() + LINGER_FACTOR * self.channel.timeout();
        while self.channel.awaits_late_answer() {
            let heard =
                tokio::time::timeout_at(until, self.channel.listen_for_late_answers()).await;
            if heard.is_err() {
                return;
            }
        }
    }
}

impl<H: ScanObserver> DeviceScan<'_, H> {
    /// Reports a late unit; returns the timeout that it needs.
    pub(crate) fn warn_late_unit(&mut self, asker: &ScanChannel, unit: u8) -> Duration {
        let patience = asker.channel.timeout();
        let after = asker.channel.lateness(unit).and_then(|late| late.after);
        let (unit, ms) = (unit.to_string(), patience.as_millis().to_string());
        let after_text = after.map_or(String::new(), |after| {
            let ms = after.as_millis().to_string();
            self.lang.text_with("scan-late-after", &[("ms", &ms)])
        });
        let proposed = after.map_or(String::new(), |after| {
            let proposed = proposed_timeout(after);
            self.lang
                .text_with("scan-late-proposed", &[("proposed", &proposed)])
        });
        let args = [
            ("unit", unit.as_str()),
            ("patience", ms.as_str()),
            ("after", after_text.as_str()),
            ("proposed", proposed.as_str()),
        ];
        self.host.warn(&self.lang.text_with("scan-late", &args));
        let after = after.unwrap_or(2 * patience);
        let wanted = (2 * after).max(after + LATE_MARGIN);
        // Bounded: on a bus of the gateway all polls wait for this answer.
        let most = Duration::from_millis(BUS_REQUEST_EXTRA_MS);
        wanted.max(patience).min(most.max(patience))
    }
}
