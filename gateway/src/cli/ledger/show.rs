//! Entries on the screen.

use crate::ledger::{Definitions, EntryJson, IndicatorJson};
use crate::model::decimal::Decimal;
use crate::model::ledger::{Entry, EntryId};
use crate::words::Lang;
use serde::Serialize;
use std::io::{self, Write};

/// A text on standard output.
pub(super) fn text(text: &str) {
    // Nobody is left to tell when standard output is gone.
    let _ = io::stdout().write_all(text.as_bytes());
}

/// One value for a script.
pub(super) fn json(value: &impl Serialize) {
    text(&(serde_json::to_string(value).unwrap_or_default() + "\n"));
}

/// The numbers that new entries have got.
pub(super) fn added(ids: &[EntryId], lang: Lang) {
    let words = if let [first, .., last] = ids {
        let [count, first, last] = [ids.len() as u64, *first, *last].map(|id| id.to_string());
        let args = [("count", &*count), ("first", &*first), ("last", &*last)];
        lang.say("ledger-added-many", &args)
    } else {
        let id = ids.first().map(EntryId::to_string).unwrap_or_default();
        lang.say("ledger-added", &[("ids", &id)])
    };
    text(&(words + "\n"));
}

/// Entries, one a line.
pub(super) fn entries(entries: &[Entry], as_json: bool, lang: Lang) {
    if as_json {
        let all: Vec<EntryJson> = entries.iter().map(EntryJson::of).collect();
        return json(&all);
    }
    if entries.is_empty() {
        return text(&(lang.text("ledger-nothing") + "\n"));
    }
    for entry in entries {
        text(&(line(entry, lang) + "\n"));
    }
}

fn line(entry: &Entry, lang: Lang) -> String {
    let said = &entry.statement;
    let quantity = match said.quantity {
        Some(quantity) => format!("{} {}", amount(quantity, lang), said.unit),
        None => lang.text("ledger-withdrawn"),
    };
    let word = |word: &str| lang.text(&format!("ledger-word-{word}"));
    let mut parts = vec![
        format!("{:>5}", entry.id),
        format!("{:<10}", said.when.to_string()),
        format!("{:<20}", said.indicator),
        format!("{quantity:>16}"),
        word(said.known.word()),
        lang.say("ledger-by", &[("who", &said.who)]),
    ];
    if said.sort != crate::model::ledger::Sort::Record {
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
        parts.extend(id.map(|id| format!("({})", lang.say(key, &[("id", &id.to_string())]))));
    }
    parts.join("  ")
}

/// A number the way a language writes it: 1.234,5 or 1,234.5.
fn amount(number: Decimal, lang: Lang) -> String {
    let text = number.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let (group, point) = match lang {
        Lang::Id => ('.', ','),
        Lang::En => (',', '.'),
    };
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    if !part.is_empty() {
        out.push(point);
        out.push_str(part);
    }
    out
}

/// What may be written down.
pub(super) fn indicators(definitions: &Definitions, as_json: bool, lang: Lang) {
    let all = definitions.all().iter();
    if as_json {
        let all: Vec<IndicatorJson> = all.map(|one| IndicatorJson::of(one, lang)).collect();
        return json(&all);
    }
    for one in all {
        let name = one.name.text(lang);
        text(&format!("{:<20}  {:<9}  {name}\n", one.id, one.unit));
        for (key, both) in [
            ("print", &one.print),
            ("needs", &one.needs),
            ("never", &one.never),
        ] {
            let key = lang.text(&format!("ledger-list-{key}"));
            text(&format!("{:<22}{key}: {}\n", "", both.text(lang)));
        }
    }
}
