//! Targets and baselines of figures: the one place that says which figure has which.

use super::context::ReportContext;
use super::daily_values;
use crate::domain::ExactNumber;
use crate::domain::indicator::Indicator;
use crate::domain::ledger::{EntryKind, LedgerEntry};
use crate::domain::mentioned_asset::mentioned_asset;
use crate::domain::period::Period;
use crate::formulas::finite_ratio;
use crate::ledger::{IndicatorDefinitions, PartsRule, period_target};

/// Totals of the site as (figure of assets, total): they stand for the figures of several assets.
pub(crate) const SITE_TOTALS: [(&str, &str); 4] = [
    ("plts.generation", "site.generation"),
    ("plts.self_use", "site.self_use"),
    ("pump.volume", "site.water"),
    ("catchment.captured", "site.rain_captured"),
];
/// Figures of assets that the site has under the same id.
const OWN_TOTALS: [&str; 4] = ["co2.gross", "co2.project", "co2.leakage", "co2.net"];

/// Id of the figures of assets of which a figure of the site is the total; `None` for another one.
pub(crate) fn part_of_total(one: &Indicator) -> Option<&'static str> {
    if one.asset.is_some() {
        return None;
    }
    let mut totals = SITE_TOTALS.iter();
    let total = totals.find(|(_, total)| *total == &*one.id);
    let own = OWN_TOTALS.iter().find(|own| **own == &*one.id);
    total.map(|(of, _)| *of).or(own.copied())
}

/// Target or baseline of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FigureTarget {
    /// Value in the unit of the figure.
    pub(crate) value: f64,
    /// Days that it is for, and days of the figure.
    pub(crate) days: (u32, u32),
}

impl FigureTarget {
    /// Value in relation to the whole period; `None` when it is for a part of it, which says
    /// nothing about the rest.
    pub(crate) fn whole(&self) -> Option<f64> {
        self.part().is_none().then_some(self.value)
    }

    /// Days that it is for, and days of the figure, where these are more.
    pub(crate) fn part(&self) -> Option<(u32, u32)> {
        (self.days.0 < self.days.1).then_some(self.days)
    }
}

/// Target (or baseline) of a figure. An entry that names an asset is for the figure of that asset.
/// Any other one is for the site, and stands at one figure alone: the record, the total of the
/// site, or the figure of the only asset that has it.
pub(crate) fn find_target(
    book: &ReportContext<'_>,
    sort: EntryKind,
    one: &Indicator,
) -> Option<FigureTarget> {
    let own = one.asset.as_deref();
    let own = own.and_then(|asset| target_under(book, sort, &target_id(&one.id), one, Some(asset)));
    own.or_else(|| {
        let keys = site_keys(book, one);
        keys.iter()
            .find_map(|key| target_under(book, sort, key, one, None))
    })
}

/// Id under which the ledger keeps the target of a figure.
fn target_id(id: &str) -> String {
    let id = id.strip_prefix("ledger.").unwrap_or(id);
    id.replace(['.', '_'], "-")
}

/// Ids of the ledger whose targets for the site stand at this figure.
fn site_keys(book: &ReportContext<'_>, one: &Indicator) -> Vec<String> {
    let mut keys = Vec::new();
    let own = target_id(&one.id);
    if is_line_of_site(book, one, &own) {
        keys.push(own);
    }
    let total = SITE_TOTALS.iter().find(|(_, total)| *total == &*one.id);
    if let Some((of, _)) = total.filter(|(of, _)| assets_with(book, of) > 1) {
        keys.push(target_id(of));
    }
    keys
}

/// Whether the figure is the one of the site under this id.
fn is_line_of_site(book: &ReportContext<'_>, one: &Indicator, key: &str) -> bool {
    let is_record = one.id.starts_with("ledger.");
    let is_measured = !IndicatorDefinitions::has_built_in(key)
        && book.lang.find_text(&format!("indicator-{key}")).is_some();
    if !is_measured || is_record {
        // A measured figure may be declared as an indicator of the ledger too, which nobody
        // writes down.
        let is_told_elsewhere = || {
            let mut all = book.indicators().iter();
            all.any(|other| !other.id.starts_with("ledger.") && target_id(&other.id) == key)
        };
        return is_record && (!is_measured || !is_told_elsewhere());
    }
    let Some(asset) = one.asset.as_deref() else {
        return true;
    };
    let config = book.matter.config;
    let kind = config.assets.iter().find(|own| *own.id == *asset);
    let kind = kind.map(|own| own.kind.word());
    let alike = config.assets.iter();
    let alike = alike.filter(|other| Some(other.kind.word()) == kind);
    // The page of one asset knows the figures of that asset only.
    alike.count() <= 1 && assets_with(book, &one.id) <= 1 && !OWN_TOTALS.contains(&&*one.id)
}

/// Number of assets that have a figure.
fn assets_with(book: &ReportContext<'_>, id: &str) -> usize {
    let all = book.indicators().iter();
    all.filter(|one| *one.id == *id && one.asset.is_some())
        .count()
}

/// Target for the days of a figure, of the entries under an id that name this asset (or none).
fn target_under(
    book: &ReportContext<'_>,
    sort: EntryKind,
    key: &str,
    one: &Indicator,
    asset: Option<&str>,
) -> Option<FigureTarget> {
    let config = book.matter.config;
    let labels = || config.assets.iter().map(|one| (&*one.id, &*one.name));
    let entries = book.matter.entries.iter().filter(|entry| {
        let said = &entry.statement;
        entry.is_current()
            && said.sort == sort
            && *said.indicator == *key
            && mentioned_asset(labels(), &said.what) == asset
    });
    let entries: Vec<&LedgerEntry> = entries.collect();
    let rule = match config.definitions.find(key) {
        Some(definition) => PartsRule::from(definition.total),
        None if daily_values::adds_up(&one.id, &one.unit) => PartsRule::Sum,
        // What a tank holds at the end of the period.
        None if one.id.ends_with("_last") => PartsRule::Last,
        None => PartsRule::Mean,
    };
    let quantity = |entry: &LedgerEntry| {
        let said = &entry.statement;
        let quantity = said.quantity.map(ExactNumber::to_f64)?;
        // A figure of CO2 is in CO2e where its factor contains other gases.
        let units = [&*one.unit, one.unit.trim_end_matches('e')];
        let mut all = units.into_iter();
        all.find_map(|unit| {
            config
                .definitions
                .convert_quantity(quantity, &said.unit, unit)
        })
    };
    let of = |period: Period| {
        let found = period_target(entries.iter().copied(), rule, period)?;
        Some(FigureTarget {
            value: found.value(quantity)?,
            days: (found.days, found.all_days),
        })
    };
    let (whole, own) = (book.matter.account.period, one.period);
    let found = of(own);
    if found.is_some_and(|found| found.whole().is_some()) || is_same(own, whole) {
        return found;
    }
    // An asset that was in operation for a part of the period owes that part of an amount.
    let due = of(whole)
        .and_then(|target| target.whole())
        .and_then(|target| {
            let share = match rule {
                PartsRule::Sum => finite_ratio(days_of(own), days_of(whole))?,
                PartsRule::Mean | PartsRule::Last => 1.0,
            };
            let days = (own.last() - own.first()).get_days() + 1;
            let days = u32::try_from(days).ok()?;
            Some(FigureTarget {
                value: target * share,
                days: (days, days),
            })
        });
    due.or(found)
}

fn is_same(one: Period, other: Period) -> bool {
    (one.first(), one.last()) == (other.first(), other.last())
}

fn days_of(period: Period) -> f64 {
    f64::from((period.last() - period.first()).get_days() + 1)
}
