//! Civil days, months and quarters (triwulan) in the three Indonesian time zones (G.8).

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::Offset;

/// Indonesian time zone; none has daylight saving (Keppres 41/1987).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndonesianZone {
    /// Waktu Indonesia Barat, UTC+7.
    Wib,
    /// Waktu Indonesia Tengah, UTC+8.
    Wita,
    /// Waktu Indonesia Timur, UTC+9.
    Wit,
}

impl IndonesianZone {
    /// Words accepted by the methods.
    pub const NAMES: &[&str] = &[
        "WIB",
        "WITA",
        "WIT",
        "Asia/Jakarta",
        "Asia/Pontianak",
        "Asia/Makassar",
        "Asia/Jayapura",
    ];

    /// Parses an Indonesian or IANA name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "WIB" | "Asia/Jakarta" | "Asia/Pontianak" => Some(Self::Wib),
            "WITA" | "Asia/Makassar" => Some(Self::Wita),
            "WIT" | "Asia/Jayapura" => Some(Self::Wit),
            _ => None,
        }
    }

    fn offset(self) -> Offset {
        Offset::constant(match self {
            Self::Wib => 7,
            Self::Wita => 8,
            Self::Wit => 9,
        })
    }

    /// Returns the local date of an instant.
    pub fn date(self, at: Timestamp) -> Date {
        self.offset().to_datetime(at).date()
    }

    /// Returns the instant at which a local day begins; `None` outside the years 1 to 9999.
    pub fn midnight(self, day: Date) -> Option<Timestamp> {
        let midnight = day.to_datetime(jiff::civil::Time::midnight());
        self.offset().to_timestamp(midnight).ok()
    }
}

/// Names of the local periods that an instant falls into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPeriodNames {
    /// Day: `2025-04-01`.
    pub date: String,
    /// Month: `2025-04`.
    pub month: String,
    /// Quarter (triwulan): `2025-TW2`.
    pub triwulan: String,
    /// Half-year: `2025-S1`.
    pub semester: String,
}

/// Returns the local periods of an instant (G.8).
pub fn local_period(at: Timestamp, zone: IndonesianZone) -> LocalPeriodNames {
    let day = zone.date(at);
    let (year, month) = (day.year(), day.month());
    LocalPeriodNames {
        date: day.to_string(),
        month: format!("{year:04}-{month:02}"),
        triwulan: format!("{year:04}-TW{}", (month - 1) / 3 + 1),
        semester: format!("{year:04}-S{}", (month - 1) / 6 + 1),
    }
}

/// Returns the start (inclusive) and end (exclusive) of a local quarter, 1 to 4, in UTC (G.8).
pub fn triwulan_bounds_utc(
    year: i16,
    quarter: i8,
    zone: IndonesianZone,
) -> Option<(Timestamp, Timestamp)> {
    // The fourth quarter ends in the next year, which must stay within 9999.
    if !(1..=9998).contains(&year) || !(1..=4).contains(&quarter) {
        return None;
    }
    let start = date(year, quarter * 3 - 2, 1);
    let end = if quarter == 4 {
        date(year + 1, 1, 1)
    } else {
        date(year, quarter * 3 + 1, 1)
    };
    Some((zone.midnight(start)?, zone.midnight(end)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_zone() -> impl Strategy<Value = (IndonesianZone, i64)> {
        prop_oneof![
            Just((IndonesianZone::Wib, 7)),
            Just((IndonesianZone::Wita, 8)),
            Just((IndonesianZone::Wit, 9))
        ]
    }

    proptest! {
        #[test]
        fn every_local_day_has_twenty_four_hours(
            (zone, hours) in any_zone(),
            second in 0_i64..4_000_000_000,
        ) {
            let at = Timestamp::from_second(second).unwrap();
            let day = zone.date(at);
            let start = zone.midnight(day).unwrap();
            let end = zone.midnight(day.tomorrow().unwrap()).unwrap();
            prop_assert!(start <= at && at < end);
            prop_assert_eq!(end.as_second() - start.as_second(), 86_400);
            prop_assert_eq!((start.as_second() + hours * 3600) % 86_400, 0);
        }

        #[test]
        fn quarters_join_without_a_gap((zone, _) in any_zone(), year in 1970_i16..2200) {
            let bounds = |quarter| triwulan_bounds_utc(year, quarter, zone).unwrap();
            for quarter in 1..4 {
                prop_assert_eq!(bounds(quarter).1, bounds(quarter + 1).0);
            }
            let name = |at: Timestamp| local_period(at, zone).triwulan;
            prop_assert_eq!(name(bounds(3).0), format!("{year}-TW3"));
        }
    }
}
