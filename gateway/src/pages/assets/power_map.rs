//! [`PowerMap`]: mean power by hour of the day over the days of a period.

use super::section_context::SectionContext;
use crate::assets::asset_point::AssetPoint;
use crate::domain::UtcMs;
use crate::pages::drawings::heat_map::{HEAT_LEVELS, HeatDay, HeatMap, HeatMonth};
use crate::report::content;
use crate::report::render::number_format;
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Shortest period with a map; a shorter one has curves that say more.
pub(crate) const MAP_DAYS_MIN: i32 = 14;
/// Longest period in which each day is a link.
const DAY_LINKS_MAX: i32 = 31;
/// Hours of daylight near the equator, within which a missing mean is a gap.
const DAYLIGHT_HOURS: std::ops::Range<usize> = 7..17;
/// Watts in a kilowatt.
const KILO: f64 = 0.001;

/// Map of the power with its legend.
#[derive(Debug)]
pub(crate) struct PowerMap {
    /// The map as SVG.
    pub(crate) svg: String,
    /// Colours from the lowest to the highest.
    pub(crate) levels: std::ops::RangeInclusive<u8>,
    /// Greatest hourly mean with its unit.
    pub(crate) most: String,
    /// The map in sentences.
    pub(crate) summary: String,
    /// Message key of the hint on its links.
    pub(crate) hint: &'static str,
}

/// Means of each hour of a day, kW.
type DayHours = [Option<f64>; 24];

impl PowerMap {
    /// Map of hourly means of `point`; `None` when there is no mean at all.
    pub(crate) fn new(
        at: &SectionContext<'_>,
        point: &AssetPoint,
        means: &[(UtcMs, Option<f64>)],
    ) -> Option<Self> {
        let days = hours_by_day(at, point, means);
        let all = days.values().flatten().flatten().copied();
        let most = all.reduce(f64::max)?.max(0.0);
        let last = at.choice.period.last().min(at.choice.today);
        let mut map = HeatMap {
            months: Vec::new(),
            most,
        };
        let by_day = at.choice.days() <= DAY_LINKS_MAX;
        let mut day = at.choice.period.first();
        let end = at.choice.period.last();
        while day <= end {
            if day.day() == 1 || map.months.is_empty() || by_day {
                map.months.push(column_group(at, day, by_day));
            }
            let hours = days.get(&day).copied().unwrap_or_default();
            let days = map.months.last_mut().map(|month| &mut month.days);
            if let Some(days) = days {
                days.push(HeatDay {
                    text: day_text(at, day, &hours),
                    hours,
                });
            }
            day = day.saturating_add(1.day());
        }
        Some(Self {
            svg: map.svg(),
            levels: 0..=HEAT_LEVELS,
            most: power_text(at, most),
            summary: summary(at, &days, last),
            hint: if by_day {
                "assets-heat-day-hint"
            } else {
                "assets-heat-hint"
            },
        })
    }
}

fn hours_by_day(
    at: &SectionContext<'_>,
    point: &AssetPoint,
    means: &[(UtcMs, Option<f64>)],
) -> BTreeMap<Date, DayHours> {
    let zone = at.app.site().timezone.rules();
    let mut days: BTreeMap<Date, DayHours> = BTreeMap::new();
    for (moment, mean) in means {
        let (local, _) = number_format::local_time(*moment, zone);
        let hour = usize::from(local.hour().unsigned_abs());
        let place = days.entry(local.date()).or_default().get_mut(hour);
        // Of the hour that a clock shows twice the later one counts.
        if let Some(place) = place {
            *place = mean.map(|own| point.value(own) * KILO);
        }
    }
    days
}

/// Days that one link leads to: those of a month, or a single day where it is wide enough.
fn column_group(at: &SectionContext<'_>, day: Date, by_day: bool) -> HeatMonth {
    let month = short_month(at, day);
    HeatMonth {
        label: match day.day() {
            _ if !by_day => month,
            number if number % 7 == 1 => format!("{number} {month}"),
            _ => String::new(),
        },
        link: if by_day {
            format!("?period={day}")
        } else {
            format!("?period={:04}-{:02}", day.year(), day.month())
        },
        days: Vec::new(),
    }
}

fn short_month(at: &SectionContext<'_>, day: Date) -> String {
    let month = usize::from(day.month().unsigned_abs()) - 1;
    at.lang().locale().months[month][1].to_owned()
}

fn power_text(at: &SectionContext<'_>, kilowatts: f64) -> String {
    number_format::format_quantity(at.lang(), kilowatts, "kW", 1)
}

fn hour_text(hour: usize) -> String {
    format!("{hour:02}–{:02}", hour + 1)
}

/// A day with its energy and its greatest hour.
fn day_text(at: &SectionContext<'_>, day: Date, hours: &DayHours) -> String {
    let date = number_format::format_short_date(at.lang(), day);
    let Some((hour, most)) = greatest(hours) else {
        return format!("{date}: {}", at.text("assets-day-empty"));
    };
    let daily = at.figures.daily(at.own(), "plts.generation");
    let mut days = daily.into_iter().flat_map(|daily| &daily.days);
    let energy = days
        .find(|(one, ..)| *one == day)
        .and_then(|(_, value, _)| *value);
    let energy = energy.map_or_else(String::new, |kwh| {
        format!(
            "{}, ",
            number_format::format_quantity(at.lang(), kwh, "kWh", 1)
        )
    });
    let args = [
        ("energy", &*energy),
        ("power", &*power_text(at, most)),
        ("hour", &*hour_text(hour)),
    ];
    format!("{date}: {}", at.lang().text_with("assets-heat-day", &args))
}

/// Hour with the greatest mean.
fn greatest(hours: &DayHours) -> Option<(usize, f64)> {
    let known = hours.iter().enumerate();
    let known = known.filter_map(|(hour, mean)| Some((hour, (*mean)?)));
    known.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Usual greatest hour, best hour of all, and gaps by day.
fn summary(at: &SectionContext<'_>, days: &BTreeMap<Date, DayHours>, last: Date) -> String {
    let mut usual: DayHours = [None; 24];
    for (hour, place) in usual.iter_mut().enumerate() {
        let known = days.values().filter_map(|hours| hours[hour]);
        let (sum, count) = known.fold((0.0, 0.0), |(sum, count), mean| (sum + mean, count + 1.0));
        *place = (count > 0.0).then(|| sum / count);
    }
    let best = days
        .iter()
        .filter_map(|(day, hours)| Some((day, greatest(hours)?)));
    let best = best.max_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let (Some((hour, mean)), Some((day, (_, most)))) = (greatest(&usual), best) else {
        return String::new();
    };
    let passed = (last - at.choice.period.first()).get_days() + 1;
    let known: usize = days
        .values()
        .map(|hours| hours[DAYLIGHT_HOURS].iter().flatten().count())
        .sum();
    let expected = usize::try_from(passed).unwrap_or(0) * DAYLIGHT_HOURS.len();
    let gaps = content::format_quantity(
        at.lang(),
        f64::from(u32::try_from(expected.saturating_sub(known)).unwrap_or(u32::MAX)),
        "",
    );
    let args = [
        ("hour", &*hour_text(hour)),
        ("mean", &*power_text(at, mean)),
        ("day", &*number_format::format_short_date(at.lang(), *day)),
        ("most", &*power_text(at, most)),
        ("gaps", &*gaps),
    ];
    at.lang().text_with("assets-heat-summary", &args)
}
