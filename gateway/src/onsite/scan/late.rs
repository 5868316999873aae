//! Units that answer later than they were waited for: named, asked again with more patience, and
//! never taken for another unit.

use super::ask::Asker;
use super::{Host, Scan};
use crate::limits::ERRAND_PATIENCE_MS;
use std::time::Duration;
use tokio::time::Instant;

/// An answer that comes within so many times the patience is waited for at the end.
const LINGER: u32 = 4;
/// A late device is waited for at least so much longer than it took.
const MARGIN: Duration = Duration::from_millis(200);

impl Asker {
    /// Units that were found to answer late since the last call.
    pub(super) fn newly_late(&mut self) -> Vec<u8> {
        let mut units = self.channel.late_units();
        units.retain(|unit| !self.told_late.contains(unit));
        self.told_late.extend(&units);
        units
    }

    /// Waits for answers that may still come.
    pub(super) async fn linger(&mut self) {
        let until = Instant::now() + LINGER * self.channel.timeout();
        while self.channel.owes() {
            let heard = tokio::time::timeout_at(until, self.channel.overhear()).await;
            if heard.is_err() {
                return;
            }
        }
    }
}

impl<H: Host> Scan<'_, H> {
    /// Says that a unit answers late; how long it has to be waited for.
    pub(super) fn late(&mut self, asker: &Asker, unit: u8) -> Duration {
        let patience = asker.channel.timeout();
        let after = asker.channel.lateness(unit).and_then(|late| late.after);
        let (unit, ms) = (unit.to_string(), patience.as_millis().to_string());
        let after_text = after.map_or(String::new(), |after| {
            let after = after.as_millis().to_string();
            self.lang.say("scan-late-after", &[("ms", &after)])
        });
        let args = [
            ("unit", unit.as_str()),
            ("patience", ms.as_str()),
            ("after", after_text.as_str()),
        ];
        self.host.warn(&self.lang.say("scan-late", &args));
        let after = after.unwrap_or(2 * patience);
        let wanted = (2 * after).max(after + MARGIN);
        let most = Duration::from_millis(ERRAND_PATIENCE_MS);
        wanted.max(patience).min(most.max(patience))
    }
}
