//! Figures of the impact: which, in which themes, and over which periods.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::domain::ledger::{EntryKind, EntryTime, LedgerEntry};
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::limits::RANGE_DAYS_MAX;
use crate::pages::period_choice::PeriodChoice;
use crate::pages::site_figures::{FigureScope, FigureText, SiteFigures};
use crate::report::content::period_name;
use crate::report::render::number_format;
use crate::storage::LedgerQuery;
use jiff::ToSpan;
use jiff::civil::Date;
use std::time::Duration;

/// Longest wait for the figures since the start; they go on being computed.
const SINCE_START_WAIT: Duration = Duration::from_secs(20);

/// Theme of emissions avoided.
const CLIMATE_THEME: &str = "climate";
/// Themes with their indicators, in the order of the page. An id that ends with `.` stands for all
/// that begin with it and are not named before.
const IMPACT_THEMES: [(&str, &[&str]); 6] = [
    (CLIMATE_THEME, &["co2.net", "waste.net"]),
    ("energy", &["site.generation", "site.self_use"]),
    ("water", &["site.water", "site.rain_captured"]),
    (
        "waste",
        &[
            "ledger.bsf-fed",
            "ledger.waste-sorted",
            "ledger.jelantah",
            "ledger.jelantah-kg",
            "ledger.belt-waste",
            "ledger.coconut-fibre",
            "ledger.bsf-maggot",
            "ledger.bsf-kasgot",
        ],
    ),
    (
        "people",
        &[
            "ledger.beneficiaries",
            "ledger.households",
            "ledger.turnover",
            "ledger.income",
            "ledger.money-saved",
            "ledger.belt-saved",
        ],
    ),
    ("programme", &["ledger."]),
];
/// Ends of ids that are no achievement.
const AUXILIARY_ENDS: [&str; 3] = [".target", ".baseline", ".effect"];
/// Themes whose figures are shown with their reason also when there is no value.
const CLAIM_THEMES: [&str; 3] = [CLIMATE_THEME, "energy", "water"];

/// The three periods of the page.
pub(crate) struct ImpactPeriods {
    pub(crate) month: Period,
    pub(crate) year: Period,
    pub(crate) since: Period,
}

/// Figures of a theme.
pub(crate) struct ImpactTheme {
    /// Last part of the message key `dampak-theme-KEY`.
    pub(crate) key: &'static str,
    pub(crate) rows: Vec<ImpactRow>,
}

/// One indicator over the three periods.
pub(crate) struct ImpactRow {
    pub(crate) label: String,
    /// Month, year, since the start; `None`: not computed yet, or nothing recorded.
    pub(crate) cells: [Option<FigureText>; 3],
}

/// The figures of the page.
pub(crate) struct ImpactFigures {
    pub(crate) themes: Vec<ImpactTheme>,
    /// Names of the three periods.
    pub(crate) heads: [String; 3],
    /// Whether each of them still goes on.
    pub(crate) open: [bool; 3],
    /// Sentences about the figures of the climate, each once.
    pub(crate) notes: Vec<String>,
    /// The figures since the start are still being computed.
    pub(crate) is_incomplete: bool,
}

impl ImpactTheme {
    /// Emissions avoided, whose status and bounds are always told.
    pub(crate) fn is_climate(&self) -> bool {
        self.key == CLIMATE_THEME
    }
}

impl ImpactPeriods {
    /// The chosen month with its year and everything before.
    pub(crate) fn new(choice: &PeriodChoice, start: Date) -> Self {
        let month = choice.period;
        let year = month.first().first_of_year();
        let last = month.last().min(choice.today);
        let earliest = last.saturating_sub(i64::from(RANGE_DAYS_MAX).days());
        Self {
            month,
            // In its first year a site is asked for what it could measure.
            year: if choice.is_current && start <= year {
                Period::Year(year)
            } else {
                Period::Range(start.clamp(year, last), last)
            },
            since: Period::Range(start.clamp(earliest, last), last),
        }
    }
}

/// First day of the site with data or a record; today when there is none.
pub(crate) async fn first_day(app: &ApiListener) -> Result<Date, ApiError> {
    let store = &app.state().store;
    let extent = store.evidence_extent().await?;
    let entries = store.all_ledger_entries(LedgerQuery::default()).await?;
    let is_record = |entry: &&LedgerEntry| entry.statement.sort == EntryKind::Record;
    let recorded = entries
        .iter()
        .filter(is_record)
        .map(|entry| entry.statement.when);
    let recorded = recorded.map(EntryTime::first).min();
    let known = extent.days.first().copied().into_iter().chain(recorded);
    Ok(known.min().unwrap_or_else(|| app.today()))
}

impl ImpactFigures {
    /// Computes the figures of the page.
    pub(crate) async fn load(
        app: &ApiListener,
        periods: &ImpactPeriods,
        lang: Language,
    ) -> Result<Self, ApiError> {
        let load = |period| SiteFigures::load(app, period, FigureScope::site(), lang);
        let month = load(periods.month).await?;
        let year = load(periods.year).await?;
        let since = tokio::time::timeout(SINCE_START_WAIT, load(periods.since)).await;
        let since = since.ok().transpose()?;
        let all = [Some(&month), Some(&year), since.as_ref()];
        let themes = impact_themes(&all);
        Ok(Self {
            notes: climate_notes(&themes),
            themes,
            heads: period_heads(periods, app.today(), lang),
            open: [periods.month, periods.year, periods.since]
                .map(|period| period.last() >= app.today()),
            is_incomplete: since.is_none(),
        })
    }
}

/// Names of the three periods; an open one says up to when.
fn period_heads(periods: &ImpactPeriods, today: Date, lang: Language) -> [String; 3] {
    let last = periods.month.last();
    let until = number_format::format_short_date(lang, last.min(today));
    let up_to = |period| {
        let name = period_name(lang, period);
        lang.text_with("dampak-until", &[("name", &name), ("until", &until)])
    };
    let start = number_format::format_short_date(lang, periods.since.first());
    let year = Period::Year(periods.year.first().first_of_year());
    [
        if last < today {
            period_name(lang, periods.month)
        } else {
            up_to(periods.month)
        },
        if periods.year.first() == periods.year.first().first_of_year() {
            up_to(year)
        } else {
            let name = period_name(lang, year);
            let first = number_format::format_short_date(lang, periods.year.first());
            lang.text_with("dampak-year-since", &[("name", &name), ("start", &first)])
        },
        lang.text_with("dampak-since", &[("start", &start)]),
    ]
}

fn impact_themes(all: &[Option<&SiteFigures>; 3]) -> Vec<ImpactTheme> {
    let mut taken: Vec<(String, String)> = Vec::new();
    let mut themes = Vec::new();
    for (key, ids) in IMPACT_THEMES {
        let mut rows = Vec::new();
        for id in ids {
            for (id, asset) in matching_figures(all, id) {
                let place = (id, asset);
                if taken.contains(&place) {
                    continue;
                }
                rows.extend(impact_row(all, &place, CLAIM_THEMES.contains(&key)));
                taken.push(place);
            }
        }
        if !rows.is_empty() {
            themes.push(ImpactTheme { key, rows });
        }
    }
    themes
}

/// Ids with their assets that an entry of the themes stands for. A figure of the site stands for
/// those of its assets.
fn matching_figures(all: &[Option<&SiteFigures>; 3], wanted: &str) -> Vec<(String, String)> {
    let figures = all.iter().flatten();
    let figures = figures.flat_map(|one| one.account.indicators.iter());
    let mut found: Vec<(String, String)> = Vec::new();
    for one in figures {
        let is_auxiliary = AUXILIARY_ENDS.iter().any(|end| one.id.ends_with(end));
        let fits = if wanted.ends_with('.') {
            one.id.starts_with(wanted) && one.asset.is_none() && !is_auxiliary
        } else {
            *one.id == *wanted
        };
        let asset = one.asset.as_deref().unwrap_or_default();
        let place = (one.id.to_string(), asset.to_owned());
        if fits && !found.contains(&place) {
            found.push(place);
        }
    }
    if found.iter().any(|(_, asset)| asset.is_empty()) {
        found.retain(|(_, asset)| asset.is_empty());
    }
    found
}

/// The row of a figure; `None` when nothing was measured or recorded and that needs no reason.
fn impact_row(
    all: &[Option<&SiteFigures>; 3],
    (id, asset): &(String, String),
    is_claim: bool,
) -> Option<ImpactRow> {
    let asset = (!asset.is_empty()).then_some(asset.as_str());
    let cells = all.map(|figures| figures?.public_headline(asset, id));
    let is_shown = |cell: &FigureText| cell.has_value() || is_claim;
    let label = cells
        .iter()
        .flatten()
        .find(|cell| is_shown(cell))?
        .label
        .clone();
    Some(ImpactRow { label, cells })
}

fn climate_notes(themes: &[ImpactTheme]) -> Vec<String> {
    let climate = themes.iter().filter(|theme| theme.is_climate());
    let cells = climate
        .flat_map(|theme| &theme.rows)
        .flat_map(|row| &row.cells);
    let mut notes: Vec<String> = Vec::new();
    for note in cells.flatten().flat_map(|cell| &cell.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(query: &str, start: Date) -> [String; 3] {
        let uri = format!("/dampak{query}").parse().unwrap();
        let today = Date::constant(2026, 11, 29);
        let choice = PeriodChoice::of_request(&uri, today, "month", Language::default());
        let all = ImpactPeriods::new(&choice, start);
        [all.month, all.year, all.since].map(|period| period.to_string())
    }

    #[test]
    fn the_year_and_all_before_end_with_the_chosen_month_and_today() {
        let start = Date::constant(2025, 3, 9);
        assert_eq!(
            periods("", start),
            ["2026-11", "2026", "2025-03-09..2026-11-29"]
        );
        assert_eq!(
            periods("?period=2026-04", start),
            [
                "2026-04",
                "2026-01-01..2026-04-30",
                "2025-03-09..2026-04-30"
            ]
        );
        // In the first year, and in a year before it.
        let first = Date::constant(2026, 11, 20);
        assert_eq!(periods("", first)[1], "2026-11-20..2026-11-29");
        assert_eq!(
            periods("?period=2026-04", first)[1],
            "2026-04-30..2026-04-30"
        );
        // Before the start, and after more than ten years.
        assert_eq!(
            periods("?period=2024-02", start)[2],
            "2024-02-29..2024-02-29"
        );
        let old = periods("", Date::constant(1999, 1, 1));
        assert!(old[2].parse::<Period>().is_ok(), "{old:?}");
    }
}
