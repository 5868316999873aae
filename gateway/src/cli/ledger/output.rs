//! Output of `pantau ledger`.

use crate::cli::standard_output::{print_line, print_text};
use crate::domain::ledger::{EntryId, LedgerEntry};
use crate::i18n::Language;
use crate::ledger::{
    EntryJson, FaultJson, IndicatorDefinitionJson, IndicatorDefinitions, RowRemark,
};
use serde::Serialize;

/// Prints one JSON value.
pub(super) fn print_json(value: &impl Serialize) {
    print_line(&serde_json::to_string(value).unwrap_or_default());
}

/// Prints the ids of new entries.
pub(super) fn print_added_ids(ids: &[EntryId], lang: Language) {
    // The ids of one batch follow each other, so the first and the last name them all.
    let words = if let [first, .., last] = ids {
        let [count, first, last] = [ids.len() as u64, *first, *last].map(|id| id.to_string());
        let args = [("count", &*count), ("first", &*first), ("last", &*last)];
        lang.text_with("ledger-added-many", &args)
    } else {
        let id = ids.first().map(EntryId::to_string).unwrap_or_default();
        lang.text_with("ledger-added", &[("ids", &id)])
    };
    print_line(&words);
}

/// Prints entries, one on each line.
pub(super) fn print_entries(entries: &[LedgerEntry], as_json: bool, lang: Language) {
    if as_json {
        let all: Vec<EntryJson> = entries.iter().map(EntryJson::from_entry).collect();
        return print_json(&all);
    }
    if entries.is_empty() {
        print_line(&lang.text("ledger-nothing"));
        return;
    }
    for entry in entries {
        print_line(&entry_line(entry, lang));
    }
}

fn entry_line(entry: &LedgerEntry, lang: Language) -> String {
    let said = &entry.statement;
    let quantity = match said.quantity {
        Some(quantity) => {
            let digits = lang.locale().grouped_digits(&quantity.to_string());
            format!("{digits} {}", said.unit)
        }
        None => lang.text("ledger-withdrawn"),
    };
    let word = |word: &str| lang.text(&format!("ledger-word-{word}"));
    let mut parts = vec![
        format!("{:>5}", entry.id),
        format!("{:<10}", said.when.to_string()),
        format!("{:<20}", said.indicator),
        format!("{quantity:>16}"),
        word(said.known.word()),
        lang.text_with("ledger-by", &[("who", &said.who)]),
    ];
    if said.sort != crate::domain::ledger::EntryKind::Record {
        parts.push(format!("[{}]", word(said.sort.word())));
    }
    parts.extend(
        [&said.what, &said.note]
            .into_iter()
            .filter(|text| !text.is_empty())
            .cloned(),
    );
    parts.extend(
        said.attachments
            .iter()
            .map(|file| format!("+{}", file.name)),
    );
    let chain = [
        ("ledger-corrects", said.supersedes),
        ("ledger-corrected", entry.superseded_by),
    ];
    for (key, id) in chain {
        parts.extend(id.map(|id| format!("({})", lang.text_with(key, &[("id", &id.to_string())]))));
    }
    parts.join("  ")
}

/// Prints the indicators, with unit and printing rules.
pub(super) fn print_indicators(definitions: &IndicatorDefinitions, as_json: bool, lang: Language) {
    let all = definitions.all().iter();
    if as_json {
        let all: Vec<IndicatorDefinitionJson> = all
            .map(|one| IndicatorDefinitionJson::from_definition(one, lang))
            .collect();
        return print_json(&all);
    }
    for one in all {
        let name = one.name.text(lang);
        print_text(&format!("{:<20}  {:<9}  {name}\n", one.id, one.unit));
        for (key, both) in [
            ("print", &one.print),
            ("needs", &one.needs),
            ("never", &one.never),
        ] {
            let key = lang.text(&format!("ledger-list-{key}"));
            print_text(&format!("{:<22}{key}: {}\n", "", both.text(lang)));
        }
    }
}

/// Errors of entries as JSON.
pub(super) fn faults_json(told: &[RowRemark], lang: Language) -> Vec<FaultJson> {
    told.iter()
        .map(|told| FaultJson::from_row_remark(told, lang))
        .collect()
}
