//! Indicators from ledger entries (METHODS F): totals, targets and baselines of a period, and the
//! effect of a quantity where a factor with a source is known.

use crate::config::Config;
use crate::domain::decimal::Decimal;
use crate::domain::factor::{HeadlineStatus, ProvisionalReason};
use crate::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorRemark, IndicatorSpec, InputSource,
    ValueOrigin,
};
use crate::domain::ledger::{EntryId, EntryKind, EntryTime, LedgerEntry, QuantityBasis};
use crate::domain::period::Period;
use crate::formulas::ledger_value::{UNVERIFIED, ledger_indicator};
use crate::formulas::{CompensatedSum, FormulaStatus};
use crate::indicators::IndicatorsError;
use crate::indicators::data_events::DataEventList;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, figure_input, formula_input, status_remark,
};
use crate::indicators::period_days::{PeriodDay, PeriodDays};
use crate::ledger::{IndicatorDefinition, TotalRule};
use crate::storage::{LedgerQuery, Store};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Ledger entries up to the end of a period, superseded entries included.
#[derive(Debug, Default)]
pub(crate) struct PeriodLedger {
    entries: Vec<LedgerEntry>,
}

/// Sum of a set of entries.
#[derive(Debug)]
pub(crate) struct LedgerTotal {
    pub(crate) value: f64,
    pub(crate) entries: Vec<EntryId>,
    pub(crate) origin: ValueOrigin,
    /// Remarks for the reader: partly declared, without attachment, older stock.
    pub(crate) remarks: Vec<IndicatorRemark>,
}

impl PeriodLedger {
    /// Reads the entries from the store.
    pub(crate) async fn open(store: &Store, span: &PeriodDays) -> Result<Self, IndicatorsError> {
        let query = LedgerQuery {
            to: Some(span.period.last()),
            // Superseded entries are needed to report corrections.
            superseded: true,
            ..LedgerQuery::default()
        };
        let entries = store.all_ledger_entries(query).await?;
        Ok(Self { entries })
    }

    /// Copy with only the entries for which `keep` holds.
    pub(crate) fn filtered(&self, keep: impl Fn(&LedgerEntry) -> bool) -> Self {
        Self {
            entries: self
                .entries
                .iter()
                .filter(|one| keep(one))
                .cloned()
                .collect(),
        }
    }

    /// Current entries of one kind and one indicator.
    fn current_entries<'a>(
        &'a self,
        indicator: &'a str,
        sort: EntryKind,
    ) -> impl Iterator<Item = &'a LedgerEntry> {
        self.entries.iter().filter(move |entry| {
            let said = &entry.statement;
            entry.is_current() && said.sort == sort && *said.indicator == *indicator
        })
    }

    /// Quantities of one indicator by date, from the first entry to the end of the period.
    pub(crate) fn records_by_date(&self, indicator: &str) -> Vec<(Date, f64)> {
        // From the first entry on, because landfill methane depends on all earlier deposits
        // (METHODS E.7).
        let records = self.current_entries(indicator, EntryKind::Record);
        records
            .map(|entry| (entry.statement.when.first(), entry_quantity(entry)))
            .collect()
    }

    /// Total of an indicator in the period; `None` when there is no entry.
    pub(crate) fn total(
        &self,
        config: &Config,
        indicator: &str,
        period: Period,
    ) -> Option<LedgerTotal> {
        let stock = config.definitions.find(indicator)?.total == TotalRule::Last;
        let day = |entry: &LedgerEntry| entry.statement.when.first();
        let mut records: Vec<&LedgerEntry> =
            self.current_entries(indicator, EntryKind::Record).collect();
        // A stock (number of members, living trees) is the latest count, even if it was counted
        // before the period. A flow is the sum within the period.
        if stock {
            records.retain(|entry| day(entry) <= period.last());
            let latest = records
                .into_iter()
                .max_by_key(|entry| (day(entry), entry.id))?;
            let mut written = sum_entries(&[latest]);
            if day(latest) < period.first() {
                let since =
                    IndicatorRemark::new("account-stock-since").with_arg("date", day(latest));
                written.remarks.push(since);
            }
            return Some(written);
        }
        records.retain(|entry| period.contains(day(entry)));
        (!records.is_empty()).then(|| sum_entries(&records))
    }

    /// Target or baseline of the period: the entry for exactly this period, or the sum of entries
    /// for consecutive parts of it.
    fn target_or_baseline(
        &self,
        definition: &IndicatorDefinition,
        sort: EntryKind,
        period: Period,
    ) -> Option<LedgerTotal> {
        let of = |entry: &&LedgerEntry| match entry.statement.when {
            EntryTime::Period(aimed) => {
                aimed.first() == period.first() && aimed.last() == period.last()
            }
            other => other.first() == period.first() && other.last() == period.last(),
        };
        let exact = self
            // Should there be several entries for exactly this period, the latest one counts.
            .current_entries(&definition.id, sort)
            .filter(of)
            .max_by_key(|entry| entry.id);
        if let Some(entry) = exact {
            return Some(sum_entries(&[entry]));
        }
        // Targets of a stock must not be added over months.
        if definition.total == TotalRule::Last {
            return None;
        }
        let parts = self.consecutive_parts(definition, sort, period)?;
        Some(sum_entries(&parts))
    }

    /// Entries for consecutive stretches that fill the period without a gap or overlap.
    fn consecutive_parts<'a>(
        &'a self,
        definition: &'a IndicatorDefinition,
        sort: EntryKind,
        period: Period,
    ) -> Option<Vec<&'a LedgerEntry>> {
        let mut inside: Vec<&LedgerEntry> = self
            .current_entries(&definition.id, sort)
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

    /// Corrections of entries that belong to the period.
    pub(crate) fn corrections(&self, period: Period) -> DataEventList {
        let mut events = DataEventList::default();
        let by_id: HashMap<EntryId, &LedgerEntry> =
            self.entries.iter().map(|one| (one.id, one)).collect();
        for new in &self.entries {
            let old = new.statement.supersedes.and_then(|id| by_id.get(&id));
            let touches = |entry: &LedgerEntry| {
                let when = entry.statement.when;
                when.first() <= period.last() && when.last() >= period.first()
            };
            if let Some(old) = old.filter(|old| touches(old) || touches(new)) {
                events.add_ledger_correction(old, new);
            }
        }
        events
    }
}

fn entry_quantity(entry: &LedgerEntry) -> f64 {
    entry.statement.quantity.map_or(0.0, Decimal::to_f64)
}

fn sum_entries(entries: &[&LedgerEntry]) -> LedgerTotal {
    let value = entries
        .iter()
        .map(|entry| entry_quantity(entry))
        .collect::<CompensatedSum>()
        .value();
    let declared = entries
        .iter()
        .filter(|entry| entry.statement.known == QuantityBasis::Declared);
    let declared: Vec<_> = declared.map(|entry| entry_quantity(entry)).collect();
    let bare = entries
        .iter()
        .filter(|entry| entry.statement.attachments.is_empty())
        .count();
    let mut remarks = Vec::new();
    if !declared.is_empty() && declared.len() < entries.len() {
        let sum = declared.iter().copied().collect::<CompensatedSum>().value();
        remarks.push(IndicatorRemark::new("account-partly-declared").with_arg("quantity", sum));
    }
    if bare > 0 {
        let of = IndicatorRemark::new("account-without-file").with_arg("count", bare);
        remarks.push(of.with_arg("all", entries.len()));
    }
    LedgerTotal {
        value,
        entries: entries.iter().map(|entry| entry.id).collect(),
        origin: if declared.len() == entries.len() {
            ValueOrigin::Declared
        } else {
            ValueOrigin::Manual
        },
        remarks,
    }
}

/// Figure that is the total of ledger entries alone.
fn ledger_figure(
    desk: &FigureContext<'_>,
    spec: &IndicatorSpec<'_>,
    (indicator, symbol): (&str, &'static str),
    written: Option<&LedgerTotal>,
) -> Indicator {
    let unit = indicator_unit(desk.config, indicator);
    let value = written.map(|one| one.value);
    let from = InputSource::Ledger {
        indicator: Arc::from(indicator),
        entries: written.map_or_else(Vec::new, |one| one.entries.clone()),
    };
    let inputs = vec![formula_input(symbol, value, &unit, from)];
    let value = value.ok_or_else(|| IndicatorRemark::new("account-not-written"));
    let figure = desk.figure(spec, value, inputs);
    let origin = written.map_or(ValueOrigin::Manual, |one| one.origin);
    let remarks = written.map_or_else(Vec::new, |one| one.remarks.clone());
    remarks
        .into_iter()
        .fold(figure.with_origin(origin), FigureBuilder::with_remark)
}

/// Figure that is the total of the entries of an indicator in the period.
pub(crate) fn entered_figure(
    desk: &FigureContext<'_>,
    spec: &IndicatorSpec<'_>,
    (indicator, symbol): (&str, &'static str),
    book: &PeriodLedger,
) -> Indicator {
    let total = book.total(desk.config, indicator, desk.span.period);
    ledger_figure(desk, spec, (indicator, symbol), total.as_ref())
}

fn indicator_unit(config: &Config, indicator: &str) -> Arc<str> {
    let found = config.definitions.find(indicator);
    found.map_or_else(|| Arc::from(""), |definition| Arc::clone(&definition.unit))
}

/// Figures of all indicators of the ledger with an entry in the period, with targets, baselines,
/// effects and daily values.
pub(crate) fn programme_figures(
    desk: &FigureContext<'_>,
    book: &PeriodLedger,
) -> (Vec<Indicator>, Vec<DailyValues>) {
    let (mut all, mut daily) = (Vec::new(), Vec::new());
    let period = desk.span.period;
    for definition in desk.config.definitions.all() {
        let total = book.total(desk.config, &definition.id, period);
        let aims = [
            (EntryKind::Target, "target"),
            (EntryKind::Baseline, "baseline"),
        ];
        let aims =
            aims.map(|(sort, word)| (word, book.target_or_baseline(definition, sort, period)));
        if total.is_none() && aims.iter().all(|(_, aim)| aim.is_none()) {
            continue;
        }
        let id = format!("ledger.{}", definition.id);
        let quantity = programme_figure(desk, definition, &id, total.as_ref());
        for (word, aim) in aims {
            if let Some(aim) = aim {
                all.push(programme_figure(
                    desk,
                    definition,
                    &format!("{id}.{word}"),
                    Some(&aim),
                ));
            }
        }
        all.extend(effect_figure(desk, definition, &quantity));
        if let (TotalRule::Sum, true) = (definition.total, total.is_some()) {
            daily.push(daily_quantities(desk, book, definition, &quantity.id));
        }
        all.push(quantity);
    }
    (all, daily)
}

fn programme_figure(
    desk: &FigureContext<'_>,
    definition: &IndicatorDefinition,
    id: &str,
    written: Option<&LedgerTotal>,
) -> Indicator {
    let equation = match definition.total {
        TotalRule::Sum => "Σ Q",
        TotalRule::Last => "Q_last",
    };
    let spec = IndicatorSpec::new(id, &definition.unit, "F", equation);
    ledger_figure(desk, &spec, (&definition.id, "Q"), written)
}

/// Effect of a quantity (quantity x factor), if the definition names a factor.
fn effect_figure(
    desk: &FigureContext<'_>,
    definition: &IndicatorDefinition,
    quantity: &Indicator,
) -> Option<Indicator> {
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
    let value = found.value.ok_or_else(|| status_remark(found.status));
    let inputs = vec![
        figure_input("Q", quantity),
        formula_input("f", number, unit, InputSource::Factor(Arc::clone(id))),
    ];
    let id = format!("{}.effect", quantity.id);
    let unit = unit.split('/').next().unwrap_or_default();
    let spec = IndicatorSpec::new(&id, unit, "F", "Q · f").benefit();
    let mut figure = desk
        .figure(&spec, value, inputs)
        .with_origin(ValueOrigin::Estimated);
    let illustrates = found.status == FormulaStatus::Illustrative;
    figure = figure.with_remark_if(illustrates, &found.status.words_key());
    if illustrates {
        // Numbers from the unverified table may be shown as an illustration, never as a claim.
        figure.headline = HeadlineStatus::Provisional(ProvisionalReason::Unverified);
    }
    Some(match known {
        Some(factor) => figure.with_factor(desk.config, factor),
        None => figure,
    })
}

fn daily_quantities(
    desk: &FigureContext<'_>,
    book: &PeriodLedger,
    definition: &IndicatorDefinition,
    id: &str,
) -> DailyValues {
    let mut sums: BTreeMap<Date, f64> = BTreeMap::new();
    for (date, quantity) in book.records_by_date(&definition.id) {
        *sums.entry(date).or_default() += quantity;
    }
    let of_day = |day: &PeriodDay| (sums.get(&day.date).copied(), CompletenessShares::default());
    let spec = IndicatorSpec::new(id, &definition.unit, "F", "Q");
    desk.daily_values(&spec, desk.span.days.iter().map(of_day).collect())
}
