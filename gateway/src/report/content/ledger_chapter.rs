//! Chapter on manual records by programme: quantities with their evidence, and permitted
//! statements.

use super::context::{ReportContext, text_cell};
use super::figure_key::figure_key;
use super::{display_names, indicator_figures, significant_digits};
use crate::domain::indicator::Indicator;
use crate::domain::ledger::{EntryKind, LedgerEntry, QuantityBasis};
use crate::formulas::claim_rounding::{self, RoundingMode};
use crate::ledger::IndicatorDefinition;
use crate::limits::REPORT_ENTRIES_MAX;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutTone, ReportBlock};
use crate::report::render::table::ReportTable;

/// Column of the total of an indicator.
const TOTAL_COLUMN: usize = 1;

/// Total of a period with the definition of its indicator.
type LedgerTotal<'a> = (&'a Indicator, &'a IndicatorDefinition);

pub(crate) fn ledger_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let all = written_totals(book);
    if all.is_empty() {
        return Vec::new();
    }
    let mut programmes: Vec<&str> = Vec::new();
    for (_, definition) in &all {
        if !programmes.contains(&&*definition.programme) {
            programmes.push(&definition.programme);
        }
    }
    let mut blocks = vec![book.paragraph("ledger-text", &[])];
    for programme in programmes {
        let own = all
            .iter()
            .filter(|(_, definition)| *definition.programme == *programme);
        let own: Vec<_> = own.copied().collect();
        blocks.push(ReportBlock::Heading(programme_name(book, programme)));
        blocks.push(ReportBlock::Table(totals_table(book, programme, &own)));
        blocks.push(ReportBlock::Table(rules_table(book, programme, &own)));
    }
    blocks.extend(entry_blocks(book));
    blocks
}

/// Totals of the period with their definitions. Indicators without a value have no entries and are
/// left out.
pub(crate) fn written_totals<'a>(book: &ReportContext<'a>) -> Vec<LedgerTotal<'a>> {
    let definitions = &book.matter.config.definitions;
    let all = book.indicators().iter().filter_map(|one| {
        let definition = display_names::written_definition(definitions, &one.id)?;
        one.value.is_ok().then_some((one, definition))
    });
    all.collect()
}

/// Name of a programme; its id when the catalogue has no text.
pub(crate) fn programme_name(book: &ReportContext<'_>, programme: &str) -> String {
    let key = format!("chapters-programme-{programme}");
    let text = book.matter.lang.find_text(&key);
    text.unwrap_or_else(|| programme.to_owned())
}

fn totals_table(book: &ReportContext<'_>, programme: &str, all: &[LedgerTotal<'_>]) -> ReportTable {
    let columns = book.columns([
        ("indicator", ValueKind::Text),
        ("value", ValueKind::Mixed),
        ("unit", ValueKind::Text),
        ("evidenced", ValueKind::Mixed),
        ("declared", ValueKind::Mixed),
        ("entries", ValueKind::number("", 0)),
        ("origin", ValueKind::Text),
        ("note", ValueKind::Note),
    ]);
    let mut table = book.table(&format!("ledger/{programme}"), "ledger-totals", columns);
    for (one, definition) in all {
        table.rows.push(total_row(book, one, definition));
        table.mark_figure(TOTAL_COLUMN, figure_key(one));
        let effect = book
            .matter
            .account
            .find(&format!("{}.effect", one.id), None);
        if let Some(effect) = effect {
            table.rows.push(effect_row(book, effect));
            table.mark_figure(TOTAL_COLUMN, figure_key(effect));
        }
    }
    table
}

fn total_row(
    book: &ReportContext<'_>,
    one: &Indicator,
    definition: &IndicatorDefinition,
) -> Vec<CellValue> {
    let [evidenced, declared] = [false, true].map(|declared| {
        let own = counted_records(book, &definition.id);
        let own =
            own.filter(|entry| (entry.statement.known == QuantityBasis::Declared) == declared);
        let quantities = own.filter_map(|entry| {
            let said = &entry.statement;
            let (quantity, to) = (said.quantity?.to_f64(), &definition.unit);
            let definitions = &book.matter.config.definitions;
            definitions.convert_quantity(quantity, &said.unit, to)
        });
        quantities.sum::<f64>()
    });
    // Only sums can be split by evidence; a last value is a single entry.
    let split = |share: f64| match definition.total {
        crate::ledger::TotalRule::Sum => CellValue::Number(round_to_decimals(definition, share)),
        crate::ledger::TotalRule::Last => CellValue::Empty,
    };
    let count = counted_records(book, &definition.id).count();
    vec![
        CellValue::Text(book.indicator_name(&one.id)),
        indicator_figures::printed_value(book, one),
        text_cell(book.unit_text(&one.unit)),
        split(evidenced),
        split(declared),
        CellValue::Number(super::readings_annex::count_to_f64(
            u64::try_from(count).unwrap_or(u64::MAX),
        )),
        CellValue::Text(book.message(&format!("report-origin-{}", one.origin.key()))),
        text_cell(indicator_figures::figure_notes(book, one).join(" ")),
    ]
}

fn effect_row(book: &ReportContext<'_>, effect: &Indicator) -> Vec<CellValue> {
    vec![
        CellValue::Text(book.indicator_name(&effect.id)),
        indicator_figures::printed_value(book, effect),
        text_cell(book.unit_text(&effect.unit)),
        CellValue::Empty,
        CellValue::Empty,
        CellValue::Empty,
        CellValue::Text(book.message(&format!("report-origin-{}", effect.origin.key()))),
        text_cell(indicator_figures::figure_notes(book, effect).join(" ")),
    ]
}

fn round_to_decimals(definition: &IndicatorDefinition, x: f64) -> f64 {
    let decimals = i32::from(definition.decimals);
    claim_rounding::round_decimals(x, decimals, RoundingMode::Nearest)
}

/// Current records of an indicator within the period.
pub(crate) fn counted_records<'a>(
    book: &ReportContext<'a>,
    id: &'a str,
) -> impl Iterator<Item = &'a LedgerEntry> {
    let period = book.matter.account.period;
    book.matter.entries.iter().filter(move |entry| {
        let said = &entry.statement;
        let is_record = said.sort == EntryKind::Record && *said.indicator == *id;
        is_record && entry.is_current() && period.contains(said.when.first())
    })
}

/// Permitted statement of each indicator, further requirements, and forbidden statements (METHODS
/// F).
fn rules_table(book: &ReportContext<'_>, programme: &str, all: &[LedgerTotal<'_>]) -> ReportTable {
    let columns = book.columns([
        ("indicator", ValueKind::Text),
        ("printed", ValueKind::Text),
        ("needs", ValueKind::Text),
        ("not-said", ValueKind::Text),
    ]);
    let mut table = book.table(&format!("rules/{programme}"), "ledger-rules", columns);
    table.rows = all
        .iter()
        .map(|(_, definition)| {
            let texts = [
                &definition.name,
                &definition.print,
                &definition.needs,
                &definition.never,
            ];
            texts.map(|text| text_cell(text.text(book.lang))).to_vec()
        })
        .collect();
    table
}

/// All records of the period, at most `REPORT_ENTRIES_MAX`.
fn entry_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let columns = book.columns([
        ("entry", ValueKind::number("", 0)),
        ("when", ValueKind::Date),
        ("indicator", ValueKind::Text),
        ("what", ValueKind::Text),
        ("quantity", ValueKind::Mixed),
        ("unit", ValueKind::Text),
        ("how", ValueKind::Text),
        ("who", ValueKind::Text),
        ("files", ValueKind::number("", 0)),
        ("remark", ValueKind::Text),
    ]);
    let mut table = book.table("entries", "entries", columns);
    let definitions = book.matter.config.definitions.all().iter();
    let mut all: Vec<&LedgerEntry> = definitions
        .flat_map(|one| counted_records(book, &one.id))
        .collect();
    all.sort_by_key(|entry| (entry.statement.when.first(), entry.id));
    let more = all.len().saturating_sub(REPORT_ENTRIES_MAX);
    all.truncate(REPORT_ENTRIES_MAX);
    table.rows = all
        .into_iter()
        .map(|entry| entry_row(book, entry))
        .collect();
    let mut blocks = vec![ReportBlock::Table(table)];
    if more > 0 {
        let count = more.to_string();
        blocks.push(book.callout(CalloutTone::Note, "entries-more", &[("count", &count)]));
    }
    blocks
}

fn entry_row(book: &ReportContext<'_>, entry: &LedgerEntry) -> Vec<CellValue> {
    let said = &entry.statement;
    let quantity = said.quantity.map(crate::domain::ExactNumber::to_f64);
    let files = u64::try_from(said.attachments.len()).unwrap_or(u64::MAX);
    let remark = match said.supersedes {
        Some(old) => {
            let old = old.to_string();
            let corrects = book.format_message("chapters-corrects", &[("entry", &old)]);
            format!("{corrects} {}", said.note)
        }
        None => said.note.clone(),
    };
    vec![
        CellValue::Number(super::readings_annex::count_to_f64(entry.id)),
        CellValue::Date(said.when.first()),
        CellValue::Text(book.indicator_name(&format!("ledger.{}", said.indicator))),
        text_cell(said.what.clone()),
        quantity.map_or(CellValue::Empty, CellValue::Number),
        text_cell(book.unit_text(&said.unit)),
        CellValue::Text(book.message(&format!("chapters-known-{}", said.known.word()))),
        text_cell(said.who.clone()),
        CellValue::Number(super::readings_annex::count_to_f64(files)),
        text_cell(remark.trim()),
    ]
}

/// Numbers of the entries behind a figure, for the evidence column.
pub(crate) fn evidence_text(one: &Indicator) -> String {
    use crate::domain::indicator::InputSource;
    let entries = one.inputs.iter().filter_map(|input| match &input.from {
        InputSource::Ledger { entries, .. } => Some(entries),
        _ => None,
    });
    let mut ids: Vec<u64> = entries.flatten().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let more = ids.len() > EVIDENCE_MAX;
    let shown = ids.iter().take(EVIDENCE_MAX).map(|id| format!("L-{id}"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if more {
        text.push_str(", …");
    }
    text
}

/// Entries named in one cell.
const EVIDENCE_MAX: usize = 8;

/// Uncertainty of a figure in percent, for the form.
pub(crate) fn spread_value(one: &Indicator) -> CellValue {
    let percent = significant_digits::uncertainty_percent(one).map(|percent| percent / 100.0);
    percent.map_or(CellValue::Empty, CellValue::Number)
}
