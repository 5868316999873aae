//! What people wrote down, by programme: quantities with how they are known, and what may be said.

use super::book::{Book, cell};
use super::{digits, figures, naming};
use crate::ledger::Definition;
use crate::limits::REPORT_ENTRIES_MAX;
use crate::model::indicator::Indicator;
use crate::model::ledger::{Entry, Known, Sort};
use crate::report::document::{Block, Tone};
use crate::report::table::Table;
use crate::report::value::{Kind, Value};

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let all = written(book);
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
        blocks.push(Block::Heading(programme_name(book, programme)));
        blocks.push(Block::Table(totals(book, programme, &own)));
        blocks.push(Block::Table(rules(book, programme, &own)));
    }
    blocks.extend(entries(book));
    blocks
}

/// The totals of the period with what their indicators may say. What has neither a value nor an
/// effect was not written down and is left out.
pub(super) fn written<'a>(book: &Book<'a>) -> Vec<(&'a Indicator, &'a Definition)> {
    let definitions = &book.matter.config.definitions;
    let all = book.indicators().iter().filter_map(|one| {
        let definition = naming::written(definitions, &one.id)?;
        one.value.is_ok().then_some((one, definition))
    });
    all.collect()
}

/// The name of a programme; its word when the catalogue has none.
pub(super) fn programme_name(book: &Book<'_>, programme: &str) -> String {
    let key = format!("chapters-programme-{programme}");
    match book.text(&key) {
        text if text == key => programme.to_owned(),
        text => text,
    }
}

fn totals(book: &Book<'_>, programme: &str, all: &[(&Indicator, &Definition)]) -> Table {
    let columns = vec![
        book.column("indicator", Kind::Text),
        book.column("value", Kind::Mixed),
        book.column("unit", Kind::Text),
        book.column("evidenced", Kind::Mixed),
        book.column("declared", Kind::Mixed),
        book.column("entries", Kind::number("", 0)),
        book.column("origin", Kind::Text),
        book.column("note", Kind::Note),
    ];
    let mut table = book.table(&format!("ledger/{programme}"), "ledger-totals", columns);
    for (one, definition) in all {
        table.rows.push(total(book, one, definition));
        let effect = book
            .matter
            .account
            .find(&format!("{}.effect", one.id), None);
        table
            .rows
            .extend(effect.map(|effect| effect_row(book, effect)));
    }
    table
}

fn total(book: &Book<'_>, one: &Indicator, definition: &Definition) -> Vec<Value> {
    let [evidenced, declared] = [false, true].map(|declared| {
        let own = records(book, &definition.id);
        let own = own.filter(|entry| (entry.statement.known == Known::Declared) == declared);
        let quantities = own.filter_map(|entry| entry.statement.quantity);
        quantities
            .map(crate::model::decimal::Decimal::to_f64)
            .sum::<f64>()
    });
    let split = |share: f64| match definition.total {
        crate::ledger::Total::Sum => Value::Number(rounded(definition, share)),
        crate::ledger::Total::Last => Value::Empty,
    };
    let count = records(book, &definition.id).count();
    vec![
        Value::Text(book.name(&one.id)),
        figures::value(book, one),
        cell(book.unit(&one.unit)),
        split(evidenced),
        split(declared),
        Value::Number(super::points::count(
            u64::try_from(count).unwrap_or(u64::MAX),
        )),
        Value::Text(book.text(&format!("report-origin-{}", one.origin.key()))),
        cell(figures::notes(book, one).join(" ")),
    ]
}

fn effect_row(book: &Book<'_>, effect: &Indicator) -> Vec<Value> {
    vec![
        Value::Text(book.name(&effect.id)),
        figures::value(book, effect),
        cell(book.unit(&effect.unit)),
        Value::Empty,
        Value::Empty,
        Value::Empty,
        Value::Text(book.text(&format!("report-origin-{}", effect.origin.key()))),
        cell(figures::notes(book, effect).join(" ")),
    ]
}

fn rounded(definition: &Definition, x: f64) -> f64 {
    let scale = 10_f64.powi(i32::from(definition.decimals));
    (x * scale).round() / scale
}

/// The records that count of an indicator.
pub(super) fn records<'a>(book: &Book<'a>, id: &'a str) -> impl Iterator<Item = &'a Entry> {
    let period = book.matter.account.period;
    book.matter.entries.iter().filter(move |entry| {
        let said = &entry.statement;
        let is_record = said.sort == Sort::Record && *said.indicator == *id;
        is_record && entry.is_current() && period.contains(said.when.first())
    })
}

/// What may be printed of each, and what more would take (METHODS F).
fn rules(book: &Book<'_>, programme: &str, all: &[(&Indicator, &Definition)]) -> Table {
    let columns = vec![
        book.column("indicator", Kind::Text),
        book.column("printed", Kind::Text),
        book.column("needs", Kind::Text),
        book.column("not-said", Kind::Text),
    ];
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
            texts.map(|text| cell(text.text(book.lang))).to_vec()
        })
        .collect();
    table
}

/// Every record of the period, the first `REPORT_ENTRIES_MAX` of them.
fn entries(book: &Book<'_>) -> Vec<Block> {
    let columns = vec![
        book.column("entry", Kind::number("", 0)),
        book.column("when", Kind::Text),
        book.column("indicator", Kind::Text),
        book.column("what", Kind::Text),
        book.column("quantity", Kind::Mixed),
        book.column("unit", Kind::Text),
        book.column("how", Kind::Text),
        book.column("who", Kind::Text),
        book.column("files", Kind::number("", 0)),
        book.column("remark", Kind::Text),
    ];
    let mut table = book.table("entries", "entries", columns);
    let definitions = book.matter.config.definitions.all().iter();
    let mut all: Vec<&Entry> = definitions.flat_map(|one| records(book, &one.id)).collect();
    all.sort_by_key(|entry| (entry.statement.when.first(), entry.id));
    let more = all.len().saturating_sub(REPORT_ENTRIES_MAX);
    all.truncate(REPORT_ENTRIES_MAX);
    table.rows = all
        .into_iter()
        .map(|entry| entry_row(book, entry))
        .collect();
    let mut blocks = vec![Block::Table(table)];
    if more > 0 {
        let count = more.to_string();
        blocks.push(book.callout(Tone::Note, "entries-more", &[("count", &count)]));
    }
    blocks
}

fn entry_row(book: &Book<'_>, entry: &Entry) -> Vec<Value> {
    let said = &entry.statement;
    let quantity = said.quantity.map(crate::model::decimal::Decimal::to_f64);
    let files = u64::try_from(said.attachments.len()).unwrap_or(u64::MAX);
    let remark = match said.supersedes {
        Some(old) => {
            let old = old.to_string();
            let corrects = book.say("chapters-corrects", &[("entry", &old)]);
            format!("{corrects} {}", said.note)
        }
        None => said.note.clone(),
    };
    vec![
        Value::Number(super::points::count(entry.id)),
        Value::Text(crate::report::format::short_date(
            book.lang,
            said.when.first(),
        )),
        Value::Text(book.name(&format!("ledger.{}", said.indicator))),
        cell(said.what.clone()),
        quantity.map_or(Value::Empty, Value::Number),
        cell(book.unit(&said.unit)),
        Value::Text(book.text(&format!("chapters-known-{}", said.known.word()))),
        cell(said.who.clone()),
        Value::Number(super::points::count(files)),
        cell(remark.trim()),
    ]
}

/// Numbers of the entries behind a figure, for the column of evidence.
pub(super) fn evidence(one: &Indicator) -> String {
    use crate::model::indicator::Source;
    let entries = one.inputs.iter().filter_map(|input| match &input.from {
        Source::Ledger { entries, .. } => Some(entries),
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

/// The uncertainty of a figure in percent, for the column of the form.
pub(super) fn spread(one: &Indicator) -> Value {
    let percent = digits::percent(one).map(|percent| percent / 100.0);
    percent.map_or(Value::Empty, Value::Number)
}
