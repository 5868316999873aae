//! Time zone of a site, and the local days in it.

use super::UtcMs;
use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase, offset};
use jiff::{Timestamp, ToSpan};
use std::sync::Arc;

/// Time zone of a site: its IANA name as it was typed, and its rules.
///
/// The rules are looked up once, where the name is checked, so that a zone that exists is known.
///
/// ```
/// use gateway::domain::{UtcMs, site_zone::SiteZone};
/// let zone = SiteZone::by_name("Asia/Makassar").unwrap();
/// let day = jiff::civil::date(2026, 11, 21);
/// assert_eq!(zone.midnight(day).to_string(), "2026-11-20T16:00:00Z");
/// assert_eq!(zone.date(zone.midnight(day)), day);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SiteZone {
    name: Arc<str>,
    rules: TimeZone,
}

/// Zone of a site whose configuration names none.
const DEFAULT_NAME: &str = "Asia/Jakarta";

impl SiteZone {
    /// Zone of an IANA name; `None` for a name that is not known.
    pub fn by_name(name: &str) -> Option<Self> {
        // The system's file may not be readable, such as when file descriptors are used up.
        let own = |_| TimeZoneDatabase::bundled().get(name);
        let rules = TimeZone::get(name).or_else(own).ok()?;
        let name = Arc::from(name);
        Some(Self { name, rules })
    }

    /// Zone of this computer; `None` when it has none with an IANA name.
    pub fn of_machine() -> Option<Self> {
        Self::by_name(TimeZone::try_system().ok()?.iana_name()?)
    }

    /// IANA name, as it was typed.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Rules of the zone.
    pub fn rules(&self) -> &TimeZone {
        &self.rules
    }

    /// Local date of a moment.
    pub fn date(&self, at: UtcMs) -> Date {
        // Times from a garbled blob may lie beyond the range of the calendar library; they are
        // clamped, with two days left for the offset of the zone and for the next midnight.
        let (least, most) = (Timestamp::MIN + 48.hours(), Timestamp::MAX - 48.hours());
        let at = at.0.clamp(least.as_millisecond(), most.as_millisecond());
        let moment = Timestamp::from_millisecond(at).unwrap_or_default();
        self.rules.to_datetime(moment).date()
    }

    /// First moment of a local day.
    pub fn midnight(&self, day: Date) -> UtcMs {
        // Zones of Indonesia have no daylight saving (METHODS G.8): each local midnight exists
        // once. Elsewhere a midnight that does not exist is the end of the gap.
        let moment = self.rules.to_timestamp(day.to_datetime(Time::midnight()));
        // Only the first and last day of the calendar library can lie outside its range.
        let edge = if day.year() < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        UtcMs(moment.unwrap_or(edge).as_millisecond())
    }

    /// First moments of a local day and of the next one.
    pub fn day_bounds(&self, day: Date) -> (UtcMs, UtcMs) {
        (
            self.midnight(day),
            self.midnight(day.saturating_add(1.day())),
        )
    }
}

impl Default for SiteZone {
    /// Western Indonesia Time (WIB), `Asia/Jakarta`.
    fn default() -> Self {
        Self::by_name(DEFAULT_NAME).unwrap_or_else(|| Self {
            name: Arc::from(DEFAULT_NAME),
            rules: TimeZone::fixed(offset(7)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_name_stays_as_it_was_typed() {
        let zone = SiteZone::by_name("asia/jakarta").unwrap();
        assert_eq!(&**zone.name(), "asia/jakarta");
        assert_eq!(zone.rules(), SiteZone::default().rules());
        assert_eq!(SiteZone::by_name("Asia/Nowhere"), None);
    }

    #[test]
    fn a_midnight_that_does_not_exist_is_the_end_of_the_gap() {
        // Until 2018 the clocks of Brazil went from 00:00 to 01:00.
        let zone = SiteZone::by_name("America/Sao_Paulo").unwrap();
        let midnight = zone.midnight(jiff::civil::date(2018, 11, 4));
        assert_eq!(midnight.to_string(), "2018-11-04T03:00:00Z");
    }

    proptest! {
        #[test]
        fn every_moment_lies_in_its_day(
            at in prop_oneof![any::<i64>(), 0..4_102_444_800_000_i64],
            name in prop::sample::select(vec!["Asia/Jayapura", "Europe/Berlin", "Pacific/Apia"]),
        ) {
            let zone = SiteZone::by_name(name).unwrap();
            let (from, to) = zone.day_bounds(zone.date(UtcMs(at)));
            prop_assert!(from < to);
            if (0..4_102_444_800_000).contains(&at) {
                prop_assert!((from.0..to.0).contains(&at), "{at} {from} {to}");
            }
        }
    }
}
