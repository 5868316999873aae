//! What somebody handed in becomes a statement, or a list of everything that is wrong with it.
//! Tables, the API and the command line all come through here.

use super::definitions::{Definition, Definitions};
use super::written::{self, Mark};
use crate::limits::{LEDGER_FILES_MAX, LEDGER_TEXT_MAX};
use crate::model::decimal::Decimal;
use crate::model::ledger::{Attachment, EntryId, Known, Sort, Statement, When};
use crate::model::period::Period;
use crate::words::Lang;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::str::FromStr;
use std::sync::Arc;

/// A part of an entry; its word is a heading of tables and a key of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Record, target, baseline.
    Kind,
    /// Indicator id.
    Indicator,
    /// Free words.
    What,
    /// How much.
    Quantity,
    /// Unit.
    Unit,
    /// Date, date-time or period.
    When,
    /// How it is known.
    How,
    /// Who says so.
    Who,
    /// Anything else.
    Note,
    /// The entry that is replaced.
    Supersedes,
    /// Receipts and photos.
    Attachments,
}

/// A quantity as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Digits with a point, written by a program.
    Plain(String),
    /// Written by a person.
    Written(String),
}

/// An entry as it came: nothing is believed yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raw {
    /// Record when nothing is said.
    pub kind: Option<String>,
    /// Id or exact name of the indicator.
    pub indicator: Option<String>,
    /// Free words.
    pub what: Option<String>,
    /// How much.
    pub quantity: Option<Typed>,
    /// Unit, ours or one that can be converted.
    pub unit: Option<String>,
    /// Date, date-time or period.
    pub when: Option<String>,
    /// Declared when nothing is said.
    pub how: Option<String>,
    /// Who says so.
    pub who: Option<String>,
    /// Anything else.
    pub note: Option<String>,
    /// The entry that is replaced.
    pub supersedes: Option<EntryId>,
    /// Kept receipts and photos.
    pub attachments: Vec<Attachment>,
}

/// A sentence about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which field.
    pub field: Field,
    /// Catalogue key of the sentence.
    pub key: &'static str,
    /// What stood there.
    pub found: String,
    /// What is expected, or what was made of it; language-neutral.
    pub detail: String,
}

/// What an entry is checked against.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// What may be written down.
    pub definitions: &'a Definitions,
    /// The site's date today; `None` while the clock cannot be believed, and then no date is in
    /// the future.
    pub today: Option<Date>,
    /// The site's time zone.
    pub zone: TimeZone,
    /// The sign before decimals, where the file shows it.
    pub mark: Option<Mark>,
}

/// A statement and what was assumed or converted to get it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The statement.
    pub statement: Statement,
    /// Conversions and assumptions.
    pub remarks: Vec<Remark>,
}

impl Field {
    /// Its word in tables and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Indicator => "indicator",
            Self::What => "what",
            Self::Quantity => "quantity",
            Self::Unit => "unit",
            Self::When => "when",
            Self::How => "how",
            Self::Who => "who",
            Self::Note => "note",
            Self::Supersedes => "supersedes",
            Self::Attachments => "attachments",
        }
    }

    /// Its name for people.
    pub fn name(self, lang: Lang) -> String {
        lang.text(&format!("ledger-field-{}", self.word()))
    }
}

impl Remark {
    /// The sentence, without the field's name.
    pub fn say(&self, lang: Lang) -> String {
        let args = [("found", &*self.found), ("detail", &*self.detail)];
        lang.say(self.key, &args)
    }
}

/// The statement, or everything that is wrong.
pub fn check(raw: &Raw, rules: &Rules<'_>) -> Result<Checked, Vec<Remark>> {
    let mut desk = Desk {
        rules,
        faults: Vec::new(),
        remarks: Vec::new(),
    };
    let statement = desk.statement(raw);
    match statement {
        Some(statement) if desk.faults.is_empty() => Ok(Checked {
            statement,
            remarks: desk.remarks,
        }),
        _ => Err(desk.faults),
    }
}

struct Desk<'a> {
    rules: &'a Rules<'a>,
    faults: Vec<Remark>,
    remarks: Vec<Remark>,
}

/// The text of a field; an empty one is none.
fn text(typed: Option<&String>) -> Option<&str> {
    typed
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

impl<'a> Desk<'a> {
    fn fault(&mut self, field: Field, key: &'static str, found: &str, detail: &str) {
        self.faults.push(remark(field, key, found, detail));
    }

    fn statement(&mut self, raw: &Raw) -> Option<Statement> {
        let sort = self.sort(raw);
        let definition = self.indicator(raw);
        let quantity = self.quantity(raw, definition);
        let known = self.known(raw, definition);
        let when = self.when(raw, sort);
        let what = self.words(Field::What, raw.what.as_ref());
        let who = self.words(Field::Who, raw.who.as_ref());
        let note = self.words(Field::Note, raw.note.as_ref());
        if who.is_empty() {
            self.fault(Field::Who, "ledger-missing", "", "");
        }
        self.withdrawal(raw, &note);
        if raw.attachments.len() > LEDGER_FILES_MAX {
            let (found, most) = (
                raw.attachments.len().to_string(),
                LEDGER_FILES_MAX.to_string(),
            );
            self.fault(Field::Attachments, "ledger-too-many", &found, &most);
        }
        let definition = definition?;
        Some(Statement {
            sort,
            indicator: Arc::clone(&definition.id),
            what,
            quantity,
            unit: Arc::clone(&definition.unit),
            when: when?,
            known,
            who,
            note,
            attachments: raw.attachments.clone(),
            supersedes: raw.supersedes,
        })
    }

    fn sort(&mut self, raw: &Raw) -> Sort {
        let Some(found) = text(raw.kind.as_ref()) else {
            return Sort::Record;
        };
        self.rules.definitions.sort(found).unwrap_or_else(|| {
            self.fault(
                Field::Kind,
                "ledger-word",
                found,
                &words(&Sort::ALL.map(Sort::word)),
            );
            Sort::Record
        })
    }

    fn indicator(&mut self, raw: &Raw) -> Option<&'a Definition> {
        let Some(found) = text(raw.indicator.as_ref()) else {
            self.fault(Field::Indicator, "ledger-missing", "", "");
            return None;
        };
        let definitions = self.rules.definitions;
        let known = definitions.named(found);
        if known.is_none() {
            match definitions.nearest(found) {
                Some(near) => self.fault(Field::Indicator, "ledger-indicator-near", found, near),
                None => self.fault(Field::Indicator, "ledger-indicator", found, ""),
            }
        }
        known
    }

    /// The quantity in the indicator's unit.
    fn quantity(&mut self, raw: &Raw, definition: Option<&Definition>) -> Option<Decimal> {
        let (number, beside) = self.number(raw)?;
        if number.is_negative() {
            self.fault(Field::Quantity, "ledger-negative", &number.to_string(), "");
            return None;
        }
        let definition = definition?;
        let definitions = self.rules.definitions;
        let column = text(raw.unit.as_ref());
        if let (Some(column), Some(beside)) = (column, beside)
            && definitions.spelled(column) != definitions.spelled(beside)
        {
            self.fault(Field::Unit, "ledger-units-differ", column, beside);
            return None;
        }
        let Some(unit) = column.or(beside) else {
            self.fault(Field::Unit, "ledger-unit-missing", "", &definition.unit);
            return None;
        };
        let Some(power) = definitions.power(unit, &definition.unit) else {
            let alike = definitions.alike(&definition.unit);
            self.fault(Field::Unit, "ledger-unit", unit, &alike);
            return None;
        };
        let Some(converted) = number.shifted(power) else {
            self.fault(Field::Quantity, "ledger-number", &number.to_string(), "");
            return None;
        };
        if power != 0 {
            let (found, made) = (
                format!("{number} {unit}"),
                format!("{converted} {}", definition.unit),
            );
            self.remarks
                .push(remark(Field::Unit, "ledger-converted", &found, &made));
        }
        if definition.decimals == 0 && converted.places() > 0 {
            self.fault(
                Field::Quantity,
                "ledger-whole",
                &converted.to_string(),
                &definition.unit,
            );
        }
        Some(converted)
    }

    /// The number, and the unit that a person wrote behind it.
    fn number<'r>(&mut self, raw: &'r Raw) -> Option<(Decimal, Option<&'r str>)> {
        let (typed, is_plain) = match &raw.quantity {
            Some(Typed::Plain(typed)) => (typed, true),
            Some(Typed::Written(typed)) => (typed, false),
            None => return None,
        };
        let found = text(Some(typed))?;
        if is_plain {
            let number = Decimal::from_str(found).ok();
            if number.is_none() {
                self.fault(Field::Quantity, "ledger-number", found, "");
            }
            return Some((number?, None));
        }
        let (digits, beside) = written::apart(found);
        let Some(amount) = written::amount(digits) else {
            self.fault(Field::Quantity, unread(found, "ledger-number"), found, "");
            return None;
        };
        let number = amount.with(self.rules.mark);
        if let (
            None,
            written::Amount::Either {
                grouped, decimal, ..
            },
        ) = (number, amount)
        {
            let both = format!("{grouped} / {}", decimal.to_string().replace('.', ","));
            self.fault(Field::Quantity, "ledger-ambiguous", found, &both);
        }
        Some((number?, beside))
    }

    fn known(&mut self, raw: &Raw, definition: Option<&Definition>) -> Known {
        let may = definition.map_or(&Known::ALL[..], |definition| &definition.known);
        let Some(found) = text(raw.how.as_ref()) else {
            let word = Known::Declared.word();
            self.remarks
                .push(remark(Field::How, "ledger-assumed", "", word));
            return Known::Declared;
        };
        let known = self.rules.definitions.known(found);
        known
            .filter(|known| may.contains(known))
            .unwrap_or_else(|| {
                let may: Vec<&str> = may.iter().map(|known| known.word()).collect();
                self.fault(Field::How, "ledger-word", found, &words(&may));
                Known::Declared
            })
    }

    fn when(&mut self, raw: &Raw, sort: Sort) -> Option<When> {
        let Some(found) = text(raw.when.as_ref()) else {
            self.fault(Field::When, "ledger-missing", "", "");
            return None;
        };
        if sort != Sort::Record {
            return match found.parse() {
                Ok(Period::Day(day)) => Some(When::Day(day)),
                Ok(period) => Some(When::Period(period)),
                Err(_) => {
                    self.fault(Field::When, "ledger-period", found, "");
                    None
                }
            };
        }
        let Some(when) = written::when(found, &self.rules.zone) else {
            self.fault(Field::When, unread(found, "ledger-date"), found, "");
            return None;
        };
        if let Some(today) = self.rules.today.filter(|today| when.first() > *today) {
            self.fault(Field::When, "ledger-future", found, &today.to_string());
        }
        if written::is_day_number(found) {
            let made = when.to_string();
            self.remarks
                .push(remark(Field::When, "ledger-serial", found, &made));
        }
        Some(when)
    }

    fn words(&mut self, field: Field, typed: Option<&String>) -> String {
        let found = text(typed).unwrap_or_default();
        if found.chars().count() > LEDGER_TEXT_MAX {
            self.fault(field, "ledger-long", found, &LEDGER_TEXT_MAX.to_string());
        }
        found
            .chars()
            .filter(|c| !c.is_control() || *c == '\n')
            .collect()
    }

    /// Only a correction may leave the quantity out, and then it says why.
    fn withdrawal(&mut self, raw: &Raw, note: &str) {
        let has_quantity = match &raw.quantity {
            Some(Typed::Plain(typed) | Typed::Written(typed)) => !typed.trim().is_empty(),
            None => false,
        };
        if !has_quantity && raw.supersedes.is_none() {
            self.fault(Field::Quantity, "ledger-missing", "", "");
        }
        if raw.supersedes.is_some() && note.is_empty() {
            self.fault(Field::Note, "ledger-reason", "", "");
        }
    }
}

/// Why a text cannot be read; a formula came without the result that it had on somebody's screen.
fn unread(found: &str, key: &'static str) -> &'static str {
    if found.starts_with('=') {
        "ledger-formula"
    } else {
        key
    }
}

fn remark(field: Field, key: &'static str, found: &str, detail: &str) -> Remark {
    let cut = |text: &str| text.chars().take(80).collect();
    Remark {
        field,
        key,
        found: cut(found),
        detail: detail.to_owned(),
    }
}

fn words(all: &[&str]) -> String {
    all.join(", ")
}
