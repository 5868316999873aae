//! Indicators from ledger entries (METHODS F): totals, targets and baselines of a period, and the
//! effect of a quantity where a factor with a source is known.

use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec,
    InputSource, ValueOrigin,
};
use crate::domain::input_part::{InputPart, bounded_parts};
use crate::domain::ledger::{EntryId, EntryKind, LedgerEntry, QuantityBasis};
use crate::domain::mentioned_asset::mentioned_asset;
use crate::domain::period::Period;
use crate::formulas::CompensatedSum;
use crate::indicators::IndicatorsError;
use crate::indicators::data_events::DataEventList;
use crate::indicators::entry_quantities::{entry_parts, entry_quantity};
use crate::indicators::figure_context::{FigureBuilder, FigureContext, FigureValue, formula_input};
use crate::indicators::ledger_effects::effect_figure;
use crate::indicators::period_days::{PeriodDay, PeriodDays};
use crate::indicators::same_masses::SameMasses;
use crate::ledger::{IndicatorDefinition, TotalRule, period_target};
use crate::limits::INPUT_PARTS_MAX;
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
    /// Sum, or the reason for which an entry cannot be added.
    pub(crate) value: FigureValue,
    pub(crate) entries: Vec<EntryId>,
    /// Each entry with its quantity in the unit of the sum.
    pub(crate) parts: Vec<InputPart>,
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

    /// Current records of all indicators.
    pub(crate) fn records(&self) -> impl Iterator<Item = &LedgerEntry> {
        let is_record =
            |entry: &&LedgerEntry| entry.is_current() && entry.statement.sort == EntryKind::Record;
        self.entries.iter().filter(is_record)
    }

    /// Dates of the records of one indicator, from the first entry to the end of the period.
    pub(crate) fn record_dates<'a>(
        &'a self,
        indicator: &'a str,
    ) -> impl Iterator<Item = Date> + use<'a> {
        let records = self.current_entries(indicator, EntryKind::Record);
        records.map(|entry| entry.statement.when.first())
    }

    /// Quantities of one indicator by date in the unit `to`, from the first entry to the end of the
    /// period.
    pub(crate) fn records_by_date(
        &self,
        config: &Config,
        indicator: &str,
        to: &str,
    ) -> Result<Vec<(Date, f64)>, IndicatorRemark> {
        // From the first entry on, because landfill methane depends on all earlier deposits
        // (METHODS E.7).
        let records = self.current_entries(indicator, EntryKind::Record);
        records
            .map(|entry| {
                Ok((
                    entry.statement.when.first(),
                    entry_quantity(config, entry, to)?,
                ))
            })
            .collect()
    }

    /// Records of one indicator as parts in the unit `to`, from the first entry to the end of the
    /// period; without those that do not convert.
    pub(crate) fn record_parts(
        &self,
        config: &Config,
        indicator: &str,
        to: &str,
    ) -> Vec<InputPart> {
        entry_parts(
            config,
            self.current_entries(indicator, EntryKind::Record),
            to,
        )
    }

    /// Total of an indicator in the period, in the unit `to`; `None` when there is no entry.
    fn total(
        &self,
        config: &Config,
        indicator: &str,
        period: Period,
        to: &str,
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
            let mut written = sum_entries(config, &[latest], to);
            if day(latest) < period.first() {
                let since =
                    IndicatorRemark::new("account-stock-since").with_arg("date", day(latest));
                written.remarks.push(since);
            }
            return Some(written);
        }
        records.retain(|entry| period.contains(day(entry)));
        (!records.is_empty()).then(|| sum_entries(config, &records, to))
    }

    /// Target or baseline of the site for the period; entries that name an asset are for that
    /// asset alone.
    fn target_or_baseline(
        &self,
        config: &Config,
        definition: &IndicatorDefinition,
        sort: EntryKind,
        period: Period,
    ) -> Option<LedgerTotal> {
        let labels = || config.assets.iter().map(|one| (&*one.id, &*one.name));
        let all = self.current_entries(&definition.id, sort);
        let all = all.filter(|entry| mentioned_asset(labels(), &entry.statement.what).is_none());
        let found = period_target(all, definition.total.into(), period)?;
        let mut total = sum_entries(config, &found.entries, &definition.unit);
        if !found.is_whole() {
            let part = IndicatorRemark::new("account-target-days").with_arg("covered", found.days);
            total.remarks.push(part.with_arg("days", found.all_days));
        }
        Some(total)
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

fn sum_entries(config: &Config, entries: &[&LedgerEntry], to: &str) -> LedgerTotal {
    let sum_of = |entries: &[&LedgerEntry]| -> FigureValue {
        let quantities = entries
            .iter()
            .map(|entry| entry_quantity(config, entry, to));
        let sum: CompensatedSum = quantities.collect::<Result<_, _>>()?;
        Ok(sum.value())
    };
    let declared = entries
        .iter()
        .copied()
        .filter(|entry| entry.statement.known == QuantityBasis::Declared);
    let declared: Vec<&LedgerEntry> = declared.collect();
    let bare = entries
        .iter()
        .filter(|entry| entry.statement.attachments.is_empty())
        .count();
    let partly = !declared.is_empty() && declared.len() < entries.len();
    let mut remarks = Vec::new();
    if let (true, Ok(sum)) = (partly, sum_of(&declared)) {
        remarks.push(IndicatorRemark::new("account-partly-declared").with_arg("quantity", sum));
    }
    if bare > 0 {
        let of = IndicatorRemark::new("account-without-file").with_arg("count", bare);
        remarks.push(of.with_arg("all", entries.len()));
    }
    LedgerTotal {
        value: sum_of(entries),
        entries: entries.iter().map(|entry| entry.id).collect(),
        parts: bounded_parts(
            entry_parts(config, entries.iter().copied(), to),
            INPUT_PARTS_MAX,
        ),
        origin: if declared.len() == entries.len() {
            ValueOrigin::Declared
        } else {
            ValueOrigin::Manual
        },
        remarks,
    }
}

/// Figure that is the total of ledger entries alone; `written` is in the unit of the figure.
fn ledger_figure(
    desk: &FigureContext<'_>,
    spec: &IndicatorSpec<'_>,
    (indicator, symbol): (&str, &'static str),
    written: Option<&LedgerTotal>,
) -> Indicator {
    // A bare count is shown as people count it: activities, pieces.
    let unit = match spec.unit {
        "" => indicator_unit(desk.config, indicator),
        unit => Arc::from(unit),
    };
    let missing = || Err(IndicatorRemark::new("account-not-written"));
    let value = written.map_or_else(missing, |one| one.value.clone());
    let from = InputSource::Ledger {
        indicator: Arc::from(indicator),
        entries: written.map_or_else(Vec::new, |one| one.entries.clone()),
    };
    let number = value.as_ref().ok().copied();
    let input = IndicatorInput {
        parts: written.map_or_else(Vec::new, |one| one.parts.clone()),
        ..formula_input(symbol, number, &unit, from)
    };
    let spec = spec.computed_by(spec.method, symbol);
    let figure = desk.figure(&spec, value, vec![input]);
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
    let total = book.total(desk.config, indicator, desk.span.period, spec.unit);
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
    let same = SameMasses::among(desk.config, book.records());
    for definition in desk.config.definitions.all() {
        let total = book.total(desk.config, &definition.id, period, &definition.unit);
        let aims = [
            (EntryKind::Target, "target"),
            (EntryKind::Baseline, "baseline"),
        ];
        let find_aim = |sort| book.target_or_baseline(desk.config, definition, sort, period);
        let aims = aims.map(|(sort, word)| (word, find_aim(sort)));
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
        let counted = total.as_ref().map_or(&[][..], |total| &total.entries);
        let counted = book.records().filter(|entry| counted.contains(&entry.id));
        let counted: Vec<&LedgerEntry> = counted.collect();
        all.extend(own_effect(desk, definition, &quantity, (&same, &counted)));
        if let (TotalRule::Sum, true) = (definition.total, total.is_some()) {
            daily.extend(daily_quantities(desk, book, definition, &quantity.id));
        }
        all.push(quantity);
    }
    same.mark(&mut all);
    (all, daily)
}

/// Effect of the entries whose mass stands behind no earlier claim; of none of them it has no
/// value.
fn own_effect(
    desk: &FigureContext<'_>,
    definition: &IndicatorDefinition,
    quantity: &Indicator,
    (same, counted): (&SameMasses, &[&LedgerEntry]),
) -> Option<Indicator> {
    let is_before = |entry: &&&LedgerEntry| same.is_claimed_before(entry.id);
    let (before, own): (Vec<&LedgerEntry>, Vec<&LedgerEntry>) =
        counted.iter().partition(|entry| is_before(entry));
    let figure = effect_figure(desk, definition, quantity, &own)?;
    let before: Vec<EntryId> = before.iter().map(|entry| entry.id).collect();
    let Some(said) = same.remarks(&before).next().cloned() else {
        return Some(figure);
    };
    let value = if own.is_empty() {
        Err(said.clone())
    } else {
        figure.value.clone()
    };
    let figure = Indicator { value, ..figure };
    Some(
        figure
            .with_verdict(ClaimVerdict::Doubtful)
            .with_remark(said),
    )
}

fn programme_figure(
    desk: &FigureContext<'_>,
    definition: &IndicatorDefinition,
    id: &str,
    written: Option<&LedgerTotal>,
) -> Indicator {
    let spec = IndicatorSpec::new(id, &definition.unit, "F", "Q");
    ledger_figure(desk, &spec, (&definition.id, "Q"), written)
}

fn daily_quantities(
    desk: &FigureContext<'_>,
    book: &PeriodLedger,
    definition: &IndicatorDefinition,
    id: &str,
) -> Option<DailyValues> {
    let records = book.records_by_date(desk.config, &definition.id, &definition.unit);
    let mut sums: BTreeMap<Date, f64> = BTreeMap::new();
    for (date, quantity) in records.ok()? {
        *sums.entry(date).or_default() += quantity;
    }
    let of_day = |day: &PeriodDay| (sums.get(&day.date).copied(), CompletenessShares::default());
    let spec = IndicatorSpec::new(id, &definition.unit, "F", "Q");
    Some(desk.daily_values(&spec, desk.span.days.iter().map(of_day).collect()))
}
