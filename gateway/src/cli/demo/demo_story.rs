//! What happened at the demo's site, by days before its present: a month in which something is to
//! be seen on each page, and nothing is broken for ever.

use crate::domain::UtcMs;
use crate::domain::site_zone::SiteZone;
use crate::simulator::{IncidentKind, SimulatedIncident};
use jiff::ToSpan;
use jiff::civil::Date;
use std::sync::Arc;

/// Part of the story: days before the present day, local hours, and what happens.
type StoryPart = (i64, [f64; 2], fn() -> IncidentKind);

const STORY: &[StoryPart] = &[
    // The meter of the grid is replaced, which takes half an hour.
    (19, [9.5, 10.0], || silent("meter")),
    (19, [10.0, 10.1], || IncidentKind::MeterSwap),
    (13, [12.0, 12.1], || IncidentKind::InverterReset),
    // A cable is loose for a day.
    (10, [8.0, 32.0], || silent("level")),
    // A tap drips in three nights, until somebody closes it.
    (5, [-1.0, 5.0], || IncidentKind::TankLeak(0.12)),
    (4, [-1.0, 5.0], || IncidentKind::TankLeak(0.12)),
    (3, [-1.0, 5.0], || IncidentKind::TankLeak(0.12)),
    // The bin stood in the sun for an afternoon.
    (2, [11.0, 16.5], || IncidentKind::HotBin(7.0)),
];

/// The story of a site whose present day is `today`.
pub(super) fn demo_incidents(zone: &SiteZone, today: Date) -> Vec<SimulatedIncident> {
    let part = |(days, hours, kind): &StoryPart| {
        let day = today.checked_sub(days.days()).unwrap_or(today);
        let midnight = zone.midnight(day);
        #[expect(clippy::cast_possible_truncation, reason = "hours of a day or two")]
        let at = |hour: f64| UtcMs(midnight.0 + (hour * 3_600_000.0) as i64);
        SimulatedIncident {
            from: at(hours[0]),
            to: at(hours[1]),
            kind: kind(),
        }
    };
    STORY.iter().map(part).collect()
}

fn silent(device: &str) -> IncidentKind {
    IncidentKind::SilentDevice(Arc::from(device))
}
