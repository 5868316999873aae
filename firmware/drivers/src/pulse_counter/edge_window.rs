//! Edges in each second, and whether they are a bounce storm ([`EdgeWindow`]).

const WINDOW_NS: u64 = 1_000_000_000;

/// Edges of the current second.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct EdgeWindow {
    start_ns: u64,
    edges: u32,
    is_storm: bool,
}

impl EdgeWindow {
    /// Takes edges that came between two times, the last one at the end.
    pub(super) fn note(&mut self, edges: u32, since_ns: u64, time_ns: u64, limit: u32) {
        self.advance(time_ns, limit);
        // Edges that were not seen came at any time since the one before them; a reader that was
        // late by seconds is no storm.
        let length_ns = time_ns.saturating_sub(since_ns).max(WINDOW_NS);
        let share = u64::from(edges) * WINDOW_NS / length_ns;
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        // The edge that was seen is of this second in any case, so the share is 1 at the least.
        self.edges = self.edges.saturating_add(share.max(1));
        self.is_storm |= self.edges > limit;
    }

    /// Ends windows that are over. A storm ends with the first window without one.
    pub(super) fn advance(&mut self, now_ns: u64, limit: u32) {
        let age_ns = now_ns.saturating_sub(self.start_ns);
        if age_ns < WINDOW_NS {
            return;
        }
        // A window before an empty one has no say any more.
        self.is_storm = self.edges > limit && age_ns < 2 * WINDOW_NS;
        self.start_ns = now_ns;
        self.edges = 0;
    }

    /// Returns true during a storm.
    pub(super) fn is_storm(&self) -> bool {
        self.is_storm
    }
}
