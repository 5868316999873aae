//! Story of the demo's site, by days before its present: a month in which something is to be seen
//! on each page, and nothing is broken for ever.

use crate::domain::UtcMs;
use crate::domain::site_zone::SiteZone;
use crate::simulator::{IncidentKind, SimulatedIncident};
use jiff::ToSpan;
use jiff::civil::Date;
use std::sync::Arc;

/// Part of the story: days before the present day, local hours, and what happens.
type StoryPart = (i64, [f64; 2], fn() -> IncidentKind);

/// Day and hour at which the new meter counts.
const NEW_METER: (i64, f64) = (19, 10.0);

const STORY: &[StoryPart] = &[
    // The meter of the grid is replaced, which takes half an hour. The technician records what both
    // showed, so that the figures count both. Of the inverter nobody knows what it lost.
    (19, [9.5, NEW_METER.1], || silent("meter")),
    (NEW_METER.0, [NEW_METER.1, 10.1], || IncidentKind::MeterSwap),
    (13, [12.0, 12.1], || IncidentKind::InverterReset),
    // A cable is loose for a day.
    (10, [8.0, 32.0], || silent("level")),
    // A tap drips in three nights, until somebody closes it.
    (5, [-1.0, 5.0], || IncidentKind::TankLeak(0.12)),
    (4, [-1.0, 5.0], || IncidentKind::TankLeak(0.12)),
    (3, [-1.0, 5.0], || IncidentKind::TankLeak(0.12)),
    // The bin stood in the sun for an afternoon.
    (2, [11.0, 16.5], || IncidentKind::HotBin(9.0)),
];

/// The story of a site whose present day is `today`.
pub(super) fn demo_incidents(zone: &SiteZone, today: Date) -> Vec<SimulatedIncident> {
    let part = |(days, hours, kind): &StoryPart| {
        let at = |hour: f64| moment(zone, today, *days, hour);
        SimulatedIncident {
            from: at(hours[0]),
            to: at(hours[1]),
            kind: kind(),
        }
    };
    STORY.iter().map(part).collect()
}

/// Moment at which the new meter of the story counts.
pub(super) fn swap_moment(zone: &SiteZone, today: Date) -> UtcMs {
    let (days, hour) = NEW_METER;
    moment(zone, today, days, hour)
}

/// An hour of a day before `today`.
fn moment(zone: &SiteZone, today: Date, days: i64, hour: f64) -> UtcMs {
    let day = today.checked_sub(days.days()).unwrap_or(today);
    #[expect(clippy::cast_possible_truncation, reason = "hours of a day or two")]
    let within = (hour * 3_600_000.0) as i64;
    UtcMs(zone.midnight(day).0 + within)
}

fn silent(device: &str) -> IncidentKind {
    IncidentKind::SilentDevice(Arc::from(device))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::indicator::SiteIndicators;
    use crate::domain::period::Period;
    use crate::indicators::{IndicatorQuery, calculate_indicators};
    use crate::simulator::clear_sky::GeoLocation;
    use crate::simulator::{IncidentList, SimulatedHistory, SimulatedPlant, SimulatedWorld};
    use crate::storage::Store;
    use crate::tests::{SiteText, load_site};
    use jiff::civil::date;

    pub(in crate::cli::demo) const TODAY: Date = date(2026, 11, 25);
    const DAY_MS: i64 = 86_400_000;

    /// Tank and bin of the demo, read every two minutes.
    fn small_site(folder: &std::path::Path) -> Config {
        let text = SiteText::new("desa")
            .store(folder)
            .tcp_bus("lan", 502)
            .device(
                "level",
                "lan",
                "unit = 3\nprofile = 'qdy30a-level'\nevery = '2m'",
            )
            .device("bsf-bin", "lan", "unit = 12\nkind = 'bin'\nevery = '2m'")
            .points([concat!(
                "{ id = 'temp_core', register = 'input:0', type = 'i16', scale = 0.1, ",
                "unit = 'degC' }"
            )])
            .asset("tank", "tank", "level = 'level.level'")
            .with("shape = { kind = 'vertical-cylinder', diameter_m = 3.6, height_m = 2.6 }")
            .asset("bsf", "bsf", "temperature = 'bsf-bin.temp_core'");
        load_site(&text.text())
    }

    pub(in crate::cli::demo) async fn figures_of(
        config: &Config,
        store: &Store,
        period: Period,
    ) -> SiteIndicators {
        let query = IndicatorQuery {
            period,
            asset: None,
            now: config.site.timezone.midnight(TODAY),
            daily: true,
            snapshots: true,
        };
        let found = calculate_indicators(config, store, &query, &mut |_| ()).await;
        found.unwrap()
    }

    fn value(found: &SiteIndicators, id: &str, asset: &str) -> f64 {
        *found.find(id, Some(asset)).unwrap().value.as_ref().unwrap()
    }

    /// Store with the story of the days since `first`.
    pub(in crate::cli::demo) async fn store_of_story(
        config: &Config,
        folder: &std::path::Path,
        first: Date,
    ) -> Store {
        let zone = &config.site.timezone;
        let (start, end) = (zone.midnight(first), zone.midnight(TODAY));
        let clock = Clock::set(end, true);
        let place = GeoLocation {
            latitude: config.site.latitude,
            longitude: config.site.longitude,
        };
        let incidents = IncidentList::new(demo_incidents(zone, TODAY));
        let plant = SimulatedPlant::new(place, zone.clone(), 1, start).with_incidents(incidents);
        let world = SimulatedWorld::new(plant, clock.clone(), 1, 1.0);
        let history = SimulatedHistory::new(config, &world);
        let store = Store::open(folder, &config.site, &config.store, "", &clock).unwrap();
        for day in 0..(end.0 - start.0) / DAY_MS {
            let from = UtcMs(start.0 + day * DAY_MS);
            let columns = history.polls_between(from, UtcMs(from.0 + DAY_MS));
            store.import_columns(columns).await.unwrap();
        }
        store
    }

    #[tokio::test]
    async fn the_tank_leaks_in_three_nights_and_the_bin_is_hot_for_one_afternoon() {
        let folder = tempfile::tempdir().unwrap();
        let config = small_site(folder.path());
        let store = store_of_story(&config, folder.path(), date(2026, 11, 14)).await;
        let week = Period::Range(date(2026, 11, 18), date(2026, 11, 24));
        let found = figures_of(&config, &store, week).await;
        assert!((value(&found, "tank.leak_nights", "tank") - 3.0).abs() < 1e-9);
        assert!((1.5..6.0).contains(&value(&found, "tank.days_left", "tank")));
        let hot = value(&found, "bsf.hours_critical", "bsf");
        assert!((1.0..8.0).contains(&hot), "{hot} h");
        assert!(value(&found, "bsf.hours_lethal", "bsf").abs() < 1e-9);
        // A day before: the level was silent from 8 to 8, and the tank was tight.
        let before = Period::Range(date(2026, 11, 15), date(2026, 11, 17));
        let found = figures_of(&config, &store, before).await;
        assert!(value(&found, "tank.leak_nights", "tank").abs() < 1e-9);
        let share = found
            .find("tank.volume_last", Some("tank"))
            .unwrap()
            .completeness;
        let share = share.all.unwrap();
        assert!((0.6..0.7).contains(&share), "{share} of three days");
        assert!(value(&found, "bsf.hours_critical", "bsf").abs() < 1e-9);
    }
}
