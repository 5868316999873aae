//! Entries as JSON: the shape of `/api/v1/ledger`, which the command line speaks as well.

use super::batch::Told;
use super::check::{Raw, Typed};
use super::definitions::{Both, Definition, Total};
use crate::model::UtcMs;
use crate::model::decimal::Decimal;
use crate::model::ledger::{Attachment, Entry, EntryId, Statement};
use crate::words::Lang;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileJson {
    /// File name.
    pub name: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Length, bytes.
    pub bytes: u64,
    /// Where it is kept, within the store's directory; not read.
    #[serde(default)]
    pub path: String,
}

/// An entry in the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryJson {
    /// Its number.
    pub id: EntryId,
    /// `record`, `target` or `baseline`.
    pub kind: String,
    /// Indicator id.
    pub indicator: String,
    /// Free words.
    pub what: String,
    /// How much, in `unit`; `null` in a withdrawal.
    #[schema(value_type = Option<f64>)]
    pub quantity: Option<serde_json::Number>,
    /// The indicator's unit.
    pub unit: String,
    /// Local date, date-time or period.
    pub when: String,
    /// First local day of it.
    pub from: String,
    /// Last local day of it.
    pub to: String,
    /// `weighed`, `metered`, `counted` or `declared`.
    pub how: String,
    /// Who says so.
    pub who: String,
    /// Anything else.
    pub note: String,
    /// Receipts and photos.
    pub attachments: Vec<FileJson>,
    /// The entry that this one replaces.
    pub supersedes: Option<EntryId>,
    /// The entry that replaces this one.
    pub superseded_by: Option<EntryId>,
    /// It counts: not replaced, not withdrawn.
    pub current: bool,
    /// RFC 3339.
    pub recorded_at: String,
    /// Who or what wrote it down.
    pub recorded_by: String,
}

/// An entry to be written down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sent {
    /// `record` unless said; `target`, `baseline`.
    pub kind: Option<String>,
    /// Indicator id.
    pub indicator: Option<String>,
    /// Free words.
    pub what: Option<String>,
    /// A number, or its digits as text; `null` withdraws the superseded entry.
    #[schema(value_type = Option<f64>)]
    pub quantity: Option<Value>,
    /// The indicator's unit, or one that can be converted.
    pub unit: Option<String>,
    /// Local date or date-time, RFC 3339, or the period of a target.
    #[serde(alias = "date")]
    pub when: Option<String>,
    /// `weighed`, `metered`, `counted` or `declared`.
    pub how: Option<String>,
    /// Who says so.
    pub who: Option<String>,
    /// Anything else; the reason of a correction.
    pub note: Option<String>,
    /// Files sent before.
    pub attachments: Vec<FileJson>,
    /// The entry that is replaced.
    pub supersedes: Option<EntryId>,
}

/// Entries to be written down together: all or none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SentBatch {
    /// The entries.
    pub entries: Vec<Sent>,
    /// Entries may repeat what is there already.
    #[serde(default)]
    pub again: bool,
    /// Who or what writes them down.
    #[serde(default)]
    pub recorded_by: Option<String>,
}

/// What was written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Added {
    /// The new entries' numbers, in the order of the request.
    pub ids: Vec<EntryId>,
    /// Conversions and assumptions.
    pub remarks: Vec<FaultJson>,
}

/// A sentence about a field of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultJson {
    /// The entry's place in the request or the row's number in its file, from 1.
    pub row: u64,
    /// Which field.
    pub field: String,
    /// What stood there.
    pub found: String,
    /// The sentence, in the language asked for.
    pub error: String,
}

/// Nothing was written down, and everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// One sentence.
    pub error: String,
    /// Every fault.
    pub faults: Vec<FaultJson>,
}

/// An indicator that can be written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndicatorJson {
    /// Its id.
    pub id: String,
    /// The programme it belongs to.
    pub programme: String,
    /// Name, in the language asked for, as all texts here.
    pub name: String,
    /// Unit in which it is kept.
    pub unit: String,
    /// Digits behind the point in a report.
    pub decimals: u8,
    /// `sum` (a flow) or `last` (a stock).
    pub total: &'static str,
    /// How it may be known.
    pub how: Vec<&'static str>,
    /// What may be printed.
    pub print: String,
    /// What must be supplied before more may be said.
    pub needs: String,
    /// What may not be printed.
    pub never: String,
}

impl IndicatorJson {
    /// In one language.
    pub fn of(one: &Definition, lang: Lang) -> Self {
        let text = |both: &Both| both.text(lang).to_owned();
        Self {
            id: one.id.to_string(),
            programme: one.programme.to_string(),
            name: text(&one.name),
            unit: one.unit.to_string(),
            decimals: one.decimals,
            total: match one.total {
                Total::Sum => "sum",
                Total::Last => "last",
            },
            how: one.known.iter().map(|known| known.word()).collect(),
            print: text(&one.print),
            needs: text(&one.needs),
            never: text(&one.never),
        }
    }
}

impl FaultJson {
    /// In one language.
    pub fn of(told: &Told, lang: Lang) -> Self {
        Self {
            row: told.line,
            field: told.remark.field.word().to_owned(),
            found: told.remark.found.clone(),
            error: told.remark.say(lang),
        }
    }
}

impl SentBatch {
    /// From a body: one entry, a list of them, or a batch.
    pub fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        let value: Value = serde_json::from_slice(body)?;
        let entries = match value {
            Value::Array(_) => serde_json::from_value(value)?,
            Value::Object(ref fields) if fields.contains_key("entries") => {
                return serde_json::from_value(value);
            }
            one => vec![serde_json::from_value(one)?],
        };
        Ok(Self {
            entries,
            ..Self::default()
        })
    }
}

impl Sent {
    /// For `check`.
    pub fn raw(&self) -> Raw {
        let quantity = self.quantity.as_ref().and_then(|value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(plain(other)),
        });
        Raw {
            kind: self.kind.clone(),
            indicator: self.indicator.clone(),
            what: self.what.clone(),
            quantity: quantity.map(Typed::Plain),
            unit: self.unit.clone(),
            when: self.when.clone(),
            how: self.how.clone(),
            who: self.who.clone(),
            note: self.note.clone(),
            supersedes: self.supersedes,
            attachments: self.attachments.iter().map(FileJson::believed).collect(),
        }
    }

    /// A checked statement, to be sent on.
    pub fn of(statement: &Statement) -> Self {
        Self {
            kind: Some(statement.sort.word().to_owned()),
            indicator: Some(statement.indicator.to_string()),
            what: Some(statement.what.clone()),
            quantity: statement
                .quantity
                .map(|quantity| Value::String(quantity.to_string())),
            unit: Some(statement.unit.to_string()),
            when: Some(statement.when.to_string()),
            how: Some(statement.known.word().to_owned()),
            who: Some(statement.who.clone()),
            note: Some(statement.note.clone()),
            attachments: statement.attachments.iter().map(FileJson::of).collect(),
            supersedes: statement.supersedes,
        }
    }
}

/// A JSON number's digits; `1e3` and what is no number stay as they are and are refused later.
fn plain(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => number.to_string(),
        _ => value.to_string(),
    }
}

impl FileJson {
    /// An attachment with the place where it is kept.
    pub fn of(file: &Attachment) -> Self {
        Self {
            name: file.name.clone(),
            sha256: file.sha256.clone(),
            bytes: file.bytes,
            path: file.kept_path(),
        }
    }

    /// The attachment that it names.
    pub fn believed(&self) -> Attachment {
        Attachment {
            name: self.name.clone(),
            sha256: self.sha256.to_ascii_lowercase(),
            bytes: self.bytes,
        }
    }
}

impl EntryJson {
    /// An entry as JSON.
    pub fn of(entry: &Entry) -> Self {
        let statement = &entry.statement;
        Self {
            id: entry.id,
            kind: statement.sort.word().to_owned(),
            indicator: statement.indicator.to_string(),
            what: statement.what.clone(),
            quantity: statement.quantity.and_then(number),
            unit: statement.unit.to_string(),
            when: statement.when.to_string(),
            from: statement.when.first().to_string(),
            to: statement.when.last().to_string(),
            how: statement.known.word().to_owned(),
            who: statement.who.clone(),
            note: statement.note.clone(),
            attachments: statement.attachments.iter().map(FileJson::of).collect(),
            supersedes: statement.supersedes,
            superseded_by: entry.superseded_by,
            current: entry.is_current(),
            recorded_at: time(entry.recorded_at),
            recorded_by: entry.recorded_by.clone(),
        }
    }

    /// The entry that was sent; `None` when some part of it makes no sense.
    pub fn entry(&self) -> Option<Entry> {
        let recorded: jiff::Timestamp = self.recorded_at.parse().ok()?;
        let quantity = match &self.quantity {
            Some(number) => Some(number.to_string().parse::<Decimal>().ok()?),
            None => None,
        };
        Some(Entry {
            id: self.id,
            statement: Statement {
                sort: self.kind.parse().ok()?,
                indicator: self.indicator.as_str().into(),
                what: self.what.clone(),
                quantity,
                unit: self.unit.as_str().into(),
                when: self.when.parse().ok()?,
                known: self.how.parse().ok()?,
                who: self.who.clone(),
                note: self.note.clone(),
                attachments: self.attachments.iter().map(FileJson::believed).collect(),
                supersedes: self.supersedes,
            },
            recorded_at: UtcMs(recorded.as_millisecond()),
            recorded_by: self.recorded_by.clone(),
            superseded_by: self.superseded_by,
        })
    }
}

/// The same digits: a decimal of the ledger has no more of them than a double holds. A small
/// fraction may get an exponent there, which the digits that come back must not have.
fn number(quantity: Decimal) -> Option<serde_json::Number> {
    quantity.to_string().parse().ok()
}

fn time(at: UtcMs) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .unwrap_or_default()
        .to_string()
}
