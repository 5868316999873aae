//! [`EntryRow`]: an entry of the ledger as texts for a page.

use crate::api::ApiListener;
use crate::api::local_time::format_local_time;
use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryId, EntryKind, EntryStatement, EntryTime, LedgerEntry};
use crate::i18n::Language;
use crate::report::content::{period_name, unit_text};

/// Entry as texts.
#[derive(Clone, Debug)]
pub(super) struct EntryRow {
    pub(super) id: EntryId,
    /// Indicator id.
    pub(super) indicator: String,
    /// Name of the indicator.
    pub(super) name: String,
    /// `record`, `target` or `baseline`; its text has the message key `ledger-word-KIND`.
    pub(super) kind: &'static str,
    pub(super) what: String,
    /// Quantity with its unit; empty in a withdrawal.
    pub(super) amount: String,
    /// Unit of the indicator.
    pub(super) unit: String,
    /// Day, day with time, or period.
    pub(super) when: String,
    /// Basis as a word; its text has the message key `ledger-word-BASIS`.
    pub(super) basis: &'static str,
    pub(super) who: String,
    pub(super) note: String,
    /// Photos and receipts: name and hash.
    pub(super) files: Vec<(String, String)>,
    /// True when it counts.
    pub(super) is_current: bool,
    /// The entry that it replaces.
    pub(super) replaces: Option<EntryId>,
    /// Person, time and entry that replaced it; empty when nothing did.
    pub(super) replaced: String,
}

/// Quantity with its unit, in the marks of the language.
pub(super) fn quantity_text(quantity: ExactNumber, unit: &str, lang: Language) -> String {
    let digits = lang.locale().grouped_digits(&quantity.to_string());
    format!("{digits} {}", unit_text(lang, unit))
}

/// Quantity of a statement with its unit; empty in a withdrawal.
pub(super) fn amount_text(statement: &EntryStatement, lang: Language) -> String {
    let quantity = statement.quantity;
    quantity.map_or_else(String::new, |quantity| {
        quantity_text(quantity, &statement.unit, lang)
    })
}

/// Time of an entry: `21 Nov 2026`, `21 Nov 2026 14.30`, `November 2026`.
pub(super) fn entry_time_text(when: EntryTime, lang: Language) -> String {
    let locale = lang.locale();
    match when {
        EntryTime::Day(day) => locale.format_short_date(day),
        EntryTime::Moment(moment) => format!(
            "{} {}",
            locale.format_short_date(moment.date()),
            locale.format_clock(moment.time())
        ),
        EntryTime::Period(period) => period_name(lang, period),
    }
}

/// Name of an indicator; its id when the site no longer defines it.
pub(super) fn definition_name(app: &ApiListener, id: &str, lang: Language) -> String {
    let definition = app.state().definitions.find(id);
    definition.map_or_else(|| id.to_owned(), |one| one.name.text(lang).to_owned())
}

/// Entries as texts, the newest first.
pub(super) fn entry_rows(
    app: &ApiListener,
    entries: &[LedgerEntry],
    lang: Language,
) -> Vec<EntryRow> {
    let newest_first = entries.iter().rev();
    newest_first
        .map(|entry| entry_row(app, entry, entries, lang))
        .collect()
}

fn entry_row(
    app: &ApiListener,
    entry: &LedgerEntry,
    around: &[LedgerEntry],
    lang: Language,
) -> EntryRow {
    let statement = &entry.statement;
    let time = |at| format_local_time(at, app.now(), &app.0.zone, lang);
    let later = entry.superseded_by.map(|id| {
        let key = match around.iter().find(|one| one.id == id) {
            Some(later) => {
                let key = match later.statement.quantity {
                    Some(_) => "entry-replaced-by",
                    None => "entry-withdrawn-by",
                };
                let (who, at) = (later.statement.who.as_str(), time(later.recorded_at));
                let args = [("who", who), ("at", at.as_str()), ("id", &id.to_string())];
                return lang.text_with(key, &args);
            }
            None => "entry-replaced",
        };
        lang.text_with(key, &[("id", &id.to_string())])
    });
    let files = statement.attachments.iter();
    EntryRow {
        id: entry.id,
        indicator: statement.indicator.to_string(),
        name: definition_name(app, &statement.indicator, lang),
        kind: statement.sort.word(),
        what: statement.what.clone(),
        amount: amount_text(statement, lang),
        unit: unit_text(lang, &statement.unit),
        when: entry_time_text(statement.when, lang),
        basis: statement.known.word(),
        who: statement.who.clone(),
        note: statement.note.clone(),
        files: files
            .map(|file| (file.name.clone(), file.sha256.clone()))
            .collect(),
        is_current: entry.is_current(),
        replaces: statement.supersedes,
        replaced: later.unwrap_or_default(),
    }
}

impl EntryRow {
    /// True when the kind has to be said: a target or a baseline.
    pub(super) fn is_record(&self) -> bool {
        self.kind == EntryKind::Record.word()
    }
}
