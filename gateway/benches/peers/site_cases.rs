//! The kinds of site that `site_load` measures.

use crate::devices::BenchDeviceBehaviour;
use std::time::Duration;

/// One kind of site.
pub(crate) struct SiteLoadCase {
    pub(crate) name: &'static str,
    pub(crate) healthy: usize,
    pub(crate) silent: usize,
    pub(crate) manner: BenchDeviceBehaviour,
    pub(crate) every_s: i64,
    pub(crate) window_s: i64,
    /// Open pages with live values, each with its home page every 30 s.
    pub(crate) viewers: u16,
    /// Rounds, each of the gateway and then of the C program; 0: the gateway once, alone.
    pub(crate) rounds: usize,
}

pub(crate) const CASES: [SiteLoadCase; 5] = [
    SiteLoadCase {
        name: "w1",
        healthy: 20,
        silent: 0,
        manner: BenchDeviceBehaviour::Prompt,
        every_s: 1,
        window_s: 20,
        viewers: 0,
        rounds: 3,
    },
    SiteLoadCase {
        name: "viewed",
        healthy: 20,
        silent: 0,
        manner: BenchDeviceBehaviour::Prompt,
        every_s: 1,
        window_s: 20,
        viewers: 20,
        rounds: 3,
    },
    SiteLoadCase {
        name: "silent",
        healthy: 15,
        silent: 5,
        manner: BenchDeviceBehaviour::Prompt,
        every_s: 1,
        window_s: 20,
        viewers: 0,
        rounds: 1,
    },
    SiteLoadCase {
        name: "slow",
        healthy: 20,
        silent: 0,
        manner: BenchDeviceBehaviour::Slow(Duration::from_millis(60)),
        every_s: 1,
        window_s: 20,
        viewers: 0,
        rounds: 1,
    },
    SiteLoadCase {
        name: "many",
        healthy: 300,
        silent: 0,
        manner: BenchDeviceBehaviour::Prompt,
        every_s: 10,
        window_s: 60,
        viewers: 0,
        rounds: 0,
    },
];
