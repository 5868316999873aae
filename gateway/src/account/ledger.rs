//! What people wrote down, as figures: METHODS F. Totals, targets and baselines of a period, and
//! what a quantity is worth where a factor with a source says so.

use crate::account::AccountError;
use crate::account::events::Events;
use crate::account::figure::{Build, Desk, because, from_figure, input};
use crate::account::span::{Day, Span};
use crate::analyse::ledger_value::{UNVERIFIED, ledger_indicator};
use crate::analyse::{Status, Sum};
use crate::config::Config;
use crate::ledger::{Definition, Total};
use crate::model::decimal::Decimal;
use crate::model::factor::{Doubt, Headline};
use crate::model::indicator::{Completeness, Daily, Indicator, Origin, Remark, Side, Source};
use crate::model::ledger::{Entry, EntryId, Known, Sort, When};
use crate::model::period::Period;
use crate::store::{LedgerQuery, Store};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The ledger up to the end of a period, replaced entries among the rest.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: Vec<Entry>,
}

/// What entries come to.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) value: f64,
    pub(super) entries: Vec<EntryId>,
    pub(super) origin: Origin,
    /// What a reader must know of them.
    pub(super) remarks: Vec<Remark>,
}

impl Book {
    /// Reads it.
    pub(super) async fn open(store: &Store, span: &Span) -> Result<Self, AccountError> {
        let query = LedgerQuery {
            to: Some(span.period.last()),
            superseded: true,
            ..LedgerQuery::default()
        };
        let entries = store.ledger_all(query).await?;
        Ok(Self { entries })
    }

    /// The same with some of the entries alone.
    pub(super) fn only(&self, keep: impl Fn(&Entry) -> bool) -> Self {
        Self {
            entries: self
                .entries
                .iter()
                .filter(|one| keep(one))
                .cloned()
                .collect(),
        }
    }

    /// Entries of that sort that count, of one indicator.
    fn of<'a>(&'a self, indicator: &'a str, sort: Sort) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| {
            let said = &entry.statement;
            entry.is_current() && said.sort == sort && *said.indicator == *indicator
        })
    }

    /// What happened, by day, of one indicator, from the beginning to the end of the period.
    pub(super) fn deposits(&self, indicator: &str) -> Vec<(Date, f64)> {
        let records = self.of(indicator, Sort::Record);
        records
            .map(|entry| (entry.statement.when.first(), quantity(entry)))
            .collect()
    }

    /// What was written down of an indicator for the period; nothing when nothing was.
    pub(super) fn total(
        &self,
        config: &Config,
        indicator: &str,
        period: Period,
    ) -> Option<Written> {
        let stock = config.definitions.find(indicator)?.total == Total::Last;
        let day = |entry: &Entry| entry.statement.when.first();
        let mut records: Vec<&Entry> = self.of(indicator, Sort::Record).collect();
        if stock {
            records.retain(|entry| day(entry) <= period.last());
            let latest = records
                .into_iter()
                .max_by_key(|entry| (day(entry), entry.id))?;
            let mut written = written(&[latest]);
            if day(latest) < period.first() {
                let since = Remark::new("account-stock-since").with("date", day(latest));
                written.remarks.push(since);
            }
            return Some(written);
        }
        records.retain(|entry| period.contains(day(entry)));
        (!records.is_empty()).then(|| written(&records))
    }

    /// A target or baseline for the period: one for just that period, or several that make it up.
    fn aim(&self, definition: &Definition, sort: Sort, period: Period) -> Option<Written> {
        let of = |entry: &&Entry| match entry.statement.when {
            When::Period(aimed) => aimed.first() == period.first() && aimed.last() == period.last(),
            other => other.first() == period.first() && other.last() == period.last(),
        };
        let exact = self
            .of(&definition.id, sort)
            .filter(of)
            .max_by_key(|entry| entry.id);
        if let Some(entry) = exact {
            return Some(written(&[entry]));
        }
        if definition.total == Total::Last {
            return None;
        }
        let parts = self.parts(definition, sort, period)?;
        Some(written(&parts))
    }

    /// Aims for stretches that follow each other and fill the period.
    fn parts<'a>(
        &'a self,
        definition: &'a Definition,
        sort: Sort,
        period: Period,
    ) -> Option<Vec<&'a Entry>> {
        let mut inside: Vec<&Entry> = self
            .of(&definition.id, sort)
            .filter(|entry| {
                let when = entry.statement.when;
                period.contains(when.first()) && period.contains(when.last())
            })
            .collect();
        inside.sort_by_key(|entry| (entry.statement.when.first(), entry.id));
        let mut next = period.first();
        for entry in &inside {
            if entry.statement.when.first() != next {
                return None;
            }
            next = entry.statement.when.last().tomorrow().ok()?;
        }
        (next.yesterday().ok()? == period.last() && !inside.is_empty()).then_some(inside)
    }

    /// Corrections of what counts for the period.
    pub(super) fn corrections(&self, period: Period) -> Events {
        let mut events = Events::default();
        let by_id: HashMap<EntryId, &Entry> =
            self.entries.iter().map(|one| (one.id, one)).collect();
        for new in &self.entries {
            let old = new.statement.supersedes.and_then(|id| by_id.get(&id));
            let touches = |entry: &Entry| {
                let when = entry.statement.when;
                when.first() <= period.last() && when.last() >= period.first()
            };
            if let Some(old) = old.filter(|old| touches(old) || touches(new)) {
                events.correction(old, new);
            }
        }
        events
    }
}

fn quantity(entry: &Entry) -> f64 {
    entry.statement.quantity.map_or(0.0, Decimal::to_f64)
}

fn written(entries: &[&Entry]) -> Written {
    let value = entries
        .iter()
        .map(|entry| quantity(entry))
        .collect::<Sum>()
        .value();
    let declared = entries
        .iter()
        .filter(|entry| entry.statement.known == Known::Declared);
    let declared: Vec<_> = declared.map(|entry| quantity(entry)).collect();
    let bare = entries
        .iter()
        .filter(|entry| entry.statement.attachments.is_empty())
        .count();
    let mut remarks = Vec::new();
    if !declared.is_empty() && declared.len() < entries.len() {
        let sum = declared.iter().copied().collect::<Sum>().value();
        remarks.push(Remark::new("account-partly-declared").with("quantity", sum));
    }
    if bare > 0 {
        let of = Remark::new("account-without-file").with("count", bare);
        remarks.push(of.with("all", entries.len()));
    }
    Written {
        value,
        entries: entries.iter().map(|entry| entry.id).collect(),
        origin: if declared.len() == entries.len() {
            Origin::Declared
        } else {
            Origin::Manual
        },
        remarks,
    }
}

/// A figure that stands on entries alone.
pub(super) fn figure(
    desk: &Desk<'_>,
    id: &str,
    (indicator, symbol): (&str, &'static str),
    written: Option<&Written>,
) -> Indicator {
    let unit = config_unit(desk.config, indicator);
    let value = written.map(|one| one.value);
    let from = Source::Ledger {
        indicator: Arc::from(indicator),
        entries: written.map_or_else(Vec::new, |one| one.entries.clone()),
    };
    let inputs = vec![input(symbol, value, &unit, from)];
    let value = value.ok_or_else(|| Remark::new("account-not-written"));
    let figure = desk.figure(id, value, inputs);
    let origin = written.map_or(Origin::Manual, |one| one.origin);
    let remarks = written.map_or_else(Vec::new, |one| one.remarks.clone());
    remarks
        .into_iter()
        .fold(figure.origin(origin), Build::remark)
}

fn config_unit(config: &Config, indicator: &str) -> Arc<str> {
    let found = config.definitions.find(indicator);
    found.map_or_else(|| Arc::from(""), |definition| Arc::clone(&definition.unit))
}

/// Everything that was written down for the period, aims and effects among it, with its days.
pub(super) fn figures(desk: &Desk<'_>, book: &Book) -> (Vec<Indicator>, Vec<Daily>) {
    let (mut all, mut daily) = (Vec::new(), Vec::new());
    let period = desk.span.period;
    for definition in desk.config.definitions.all() {
        let total = book.total(desk.config, &definition.id, period);
        let aims = [(Sort::Target, "target"), (Sort::Baseline, "baseline")];
        let aims = aims.map(|(sort, word)| (word, book.aim(definition, sort, period)));
        if total.is_none() && aims.iter().all(|(_, aim)| aim.is_none()) {
            continue;
        }
        let id = format!("ledger.{}", definition.id);
        let quantity = named(desk, definition, &id, total.as_ref());
        for (word, aim) in aims {
            if let Some(aim) = aim {
                all.push(named(desk, definition, &format!("{id}.{word}"), Some(&aim)));
            }
        }
        all.extend(effect(desk, definition, &quantity));
        if let (Total::Sum, true) = (definition.total, total.is_some()) {
            daily.push(days(desk, book, definition, &id));
        }
        all.push(quantity);
    }
    (all, daily)
}

fn named(
    desk: &Desk<'_>,
    definition: &Definition,
    id: &str,
    written: Option<&Written>,
) -> Indicator {
    let mut made = figure(desk, id, (&definition.id, "Q"), written);
    made.unit = Arc::clone(&definition.unit);
    (made.method, made.equation) = ("F", "Σ Q");
    if definition.total == Total::Last {
        made.equation = "Q_last";
    }
    made
}

/// What a quantity is worth, where a factor is named for it.
fn effect(desk: &Desk<'_>, definition: &Definition, quantity: &Indicator) -> Option<Indicator> {
    let id = definition.factor.as_ref()?;
    let factors = &desk.config.factors;
    let known = factors.find(id);
    let unchecked = factors.find_unverified(id).filter(|_| known.is_none());
    let number = known
        .map(|one| one.value)
        .or(unchecked.and_then(|one| one.value));
    let (status, source, unit) = match (known, unchecked) {
        (Some(one), _) => (one.status.word(), one.source.as_str(), one.unit.text()),
        (None, Some(one)) => (UNVERIFIED, one.why.as_str(), one.unit.as_str()),
        (None, None) => ("", "", ""),
    };
    let found = ledger_indicator(quantity.value.clone().ok(), number, status, source);
    let value = found.value.ok_or_else(|| because(found.status));
    let inputs = vec![
        from_figure("Q", quantity),
        input("f", number, unit, Source::Factor(Arc::clone(id))),
    ];
    let mut figure = desk
        .figure(&format!("{}.effect", quantity.id), value, inputs)
        .origin(Origin::Estimated);
    figure.unit = Arc::from(unit.split('/').next().unwrap_or_default());
    (figure.method, figure.equation, figure.side) = ("F", "Q · f", Side::Benefit);
    let illustrates = found.status == Status::Illustrative;
    figure = figure.remark_if(illustrates, &found.status.words_key());
    if illustrates {
        figure.headline = Headline::Provisional(Doubt::Unverified);
    }
    Some(match known {
        Some(factor) => figure.factor(desk.config, factor),
        None => figure,
    })
}

fn days(desk: &Desk<'_>, book: &Book, definition: &Definition, id: &str) -> Daily {
    let mut sums: BTreeMap<Date, f64> = BTreeMap::new();
    for (date, quantity) in book.deposits(&definition.id) {
        *sums.entry(date).or_default() += quantity;
    }
    let of_day = |day: &Day| (sums.get(&day.date).copied(), Completeness::default());
    let mut daily = desk.daily(id, desk.span.days.iter().map(of_day).collect());
    daily.unit = Arc::clone(&definition.unit);
    daily
}
