//! [`DataChecks`]: what happened to the data of an asset, for people to look at and correct.

use super::section_context::SectionContext;
use crate::domain::UtcMs;
use crate::domain::indicator::DataEvent;
use crate::report::content;
use crate::report::render::number_format;

/// Checks that are shown at once.
const CHECKS_SHOWN_MAX: usize = 8;
/// Checks of a page.
const CHECKS_MAX: usize = 60;
/// Events that are in order: some inverters count from zero every day, and meters round.
const HARMLESS_KINDS: [&str; 2] = ["zero", "dip"];

/// Events of the data of an asset.
#[derive(Debug, Default)]
pub(crate) struct DataChecks {
    /// The newest ones.
    pub(crate) shown: Vec<DataCheck>,
    /// Earlier ones.
    pub(crate) more: Vec<DataCheck>,
    /// Number of those that are left out.
    pub(crate) left_out: u64,
}

/// One event.
#[derive(Debug)]
pub(crate) struct DataCheck {
    /// Time, and its end if it lasted.
    pub(crate) when: String,
    /// Name of the point in words.
    pub(crate) of: String,
    /// The event, as a sentence.
    pub(crate) text: String,
    /// Readings before and after; empty when there are none.
    pub(crate) readings: String,
    /// Address of the plot of the point on that day.
    pub(crate) link: String,
}

/// Events of the asset in the period, the newest first.
pub(crate) fn data_checks(at: &SectionContext<'_>) -> DataChecks {
    let account = &at.figures.account;
    let own = account.events.iter().rev();
    let own = own.filter(|event| !HARMLESS_KINDS.contains(&event.kind));
    let mut all: Vec<DataCheck> = own.map(|event| data_check(at, event)).collect();
    let beyond = all.len().saturating_sub(CHECKS_MAX);
    all.truncate(CHECKS_MAX);
    let more = all.split_off(all.len().min(CHECKS_SHOWN_MAX));
    DataChecks {
        shown: all,
        more,
        left_out: account.events_left_out + u64::try_from(beyond).unwrap_or(u64::MAX),
    }
}

fn data_check(at: &SectionContext<'_>, event: &DataEvent) -> DataCheck {
    let lang = at.lang();
    let time = |moment: UtcMs| {
        number_format::format_short_time(lang, moment, at.app.site().timezone.rules())
    };
    let when = match event.until {
        Some(until) => format!("{} – {}", time(event.at), time(until)),
        None => time(event.at),
    };
    let unit = at
        .app
        .site()
        .point(&event.of)
        .map_or("", |point| &*point.unit);
    // One digit more than figures of the unit have: the readings are raw, and floats have many.
    let amount = |value: f64| {
        let decimals = content::usual_decimals(unit, Some(value)).saturating_add(1);
        let decimals = u8::try_from(decimals).unwrap_or(0);
        number_format::format_quantity(lang, value, &content::unit_text(lang, unit), decimals)
    };
    let readings = event
        .before_after
        .map_or_else(String::new, |(before, after)| {
            format!("{} → {}", amount(before), amount(after))
        });
    // A site that began within the period has not lost anything.
    let (from, _) = at.app.period_bounds(at.choice.period);
    let text = if event.kind == "gap" && event.at.0 <= from {
        at.text("assets-check-not-yet")
    } else {
        content::event_text(lang, event, at.app.site().timezone.rules())
    };
    DataCheck {
        when,
        of: at.point_name(&event.of),
        text: content::to_sentence(&text),
        readings,
        link: format!("/points/{}?span=day&at={}", event.of, event.at.0),
    }
}
