//! JSON form of ledger entries, for `/api/v1/ledger` and the command line.

use super::entry_batch::RowRemark;
use super::entry_field::{QuantityText, RawEntry};
use super::indicator_definition::{BilingualText, IndicatorDefinition, TotalRule};
use crate::domain::ExactNumber;
use crate::domain::UtcMs;
use crate::domain::ledger::{Attachment, EntryId, EntryStatement, LedgerEntry};
use crate::i18n::Language;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Schema, Type};

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentJson {
    /// File name.
    pub name: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Length, bytes.
    pub bytes: u64,
    /// Path within the store directory; ignored in requests.
    #[serde(default)]
    pub path: String,
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryJson {
    /// Number of the entry.
    #[schema(value_type = u64)]
    pub id: EntryId,
    /// `record`, `target` or `baseline`.
    pub kind: String,
    /// Indicator id.
    pub indicator: String,
    /// Description in free words.
    pub what: String,
    /// Quantity in `unit`; `null` in a withdrawal.
    #[schema(value_type = Option<f64>)]
    pub quantity: Option<serde_json::Number>,
    /// Unit of the indicator.
    pub unit: String,
    /// Local date, date-time or period.
    pub when: String,
    /// First local day.
    pub from: String,
    /// Last local day.
    pub to: String,
    /// `weighed`, `metered`, `counted` or `declared`.
    pub how: String,
    /// Person who states the quantity.
    pub who: String,
    /// Free note.
    pub note: String,
    /// Receipts and photos.
    pub attachments: Vec<AttachmentJson>,
    /// The entry that this one replaces.
    #[schema(value_type = Option<u64>)]
    pub supersedes: Option<EntryId>,
    /// The entry that replaces this one.
    #[schema(value_type = Option<u64>)]
    pub superseded_by: Option<EntryId>,
    /// Whether it counts: neither replaced nor a withdrawal.
    pub current: bool,
    /// Time of recording, RFC 3339.
    pub recorded_at: String,
    /// User or script that recorded the entry.
    pub recorded_by: String,
}

/// A number, or its digits as text, or `null`, as the OpenAPI description says it.
fn quantity_schema() -> Schema {
    let one = |kind| ObjectBuilder::new().schema_type(kind);
    let all = OneOfBuilder::new()
        .item(one(Type::Number))
        .item(one(Type::String));
    all.item(one(Type::Null)).into()
}

/// An entry to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EntryRequest {
    /// `record` (default), `target` or `baseline`.
    pub kind: Option<String>,
    /// Indicator id.
    pub indicator: Option<String>,
    /// Description in free words.
    pub what: Option<String>,
    /// A number, or its digits as text; `null` withdraws the superseded entry.
    #[schema(schema_with = quantity_schema)]
    pub quantity: Option<Value>,
    /// Unit of the indicator, or one that can be converted to it.
    pub unit: Option<String>,
    /// Local date or date-time, RFC 3339, or the period of a target.
    // Tables have the heading `date`, so programs send it as well.
    #[serde(alias = "date")]
    pub when: Option<String>,
    /// `weighed`, `metered`, `counted` or `declared`.
    pub how: Option<String>,
    /// Person who states the quantity.
    pub who: Option<String>,
    /// Free note; the reason of a correction.
    pub note: Option<String>,
    /// Files uploaded before.
    pub attachments: Vec<AttachmentJson>,
    /// The entry that is replaced.
    #[schema(value_type = Option<u64>)]
    pub supersedes: Option<EntryId>,
}

/// Entries to be recorded together: all or none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryBatchRequest {
    /// The entries.
    pub entries: Vec<EntryRequest>,
    /// Records may repeat entries of the ledger.
    #[serde(default)]
    pub again: bool,
    /// User or script that records the entries.
    #[serde(default)]
    pub recorded_by: Option<String>,
    /// Key chosen by the client, such as a UUID: a repeated request with it is recorded once.
    #[serde(default)]
    pub key: Option<String>,
}

/// Result of recording entries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntriesAddedJson {
    /// Numbers of the new entries, in the order of the request.
    #[schema(value_type = Vec<u64>)]
    pub ids: Vec<EntryId>,
    /// Conversions and assumptions.
    pub remarks: Vec<FaultJson>,
}

/// Message about a field of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultJson {
    /// Position in the request or row number in the file, from 1.
    pub row: u64,
    /// The field.
    pub field: String,
    /// Text that was found.
    pub found: String,
    /// Message in the requested language.
    pub error: String,
}

/// Refusal: nothing was recorded, with all faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntriesRefusedJson {
    /// Summary.
    pub error: String,
    /// All faults.
    pub faults: Vec<FaultJson>,
}

/// An indicator of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndicatorDefinitionJson {
    /// Id.
    pub id: String,
    /// Programme that it belongs to.
    pub programme: String,
    /// Name, in the requested language like all texts here.
    pub name: String,
    /// Unit in which it is stored.
    pub unit: String,
    /// Decimal places in a report.
    pub decimals: u8,
    /// `sum` (a flow) or `last` (a stock).
    pub total: &'static str,
    /// Accepted bases of the quantity.
    pub how: Vec<&'static str>,
    /// Statement that may be printed.
    pub print: String,
    /// Evidence that must be supplied before more may be claimed.
    pub needs: String,
    /// Statement that must not be printed.
    pub never: String,
}

impl IndicatorDefinitionJson {
    /// The definition in one language.
    pub fn from_definition(one: &IndicatorDefinition, lang: Language) -> Self {
        let text = |both: &BilingualText| both.text(lang).to_owned();
        Self {
            id: one.id.to_string(),
            programme: one.programme.to_string(),
            name: text(&one.name),
            unit: one.unit.to_string(),
            decimals: one.decimals,
            total: match one.total {
                TotalRule::Sum => "sum",
                TotalRule::Last => "last",
            },
            how: one.known.iter().map(|known| known.word()).collect(),
            print: text(&one.print),
            needs: text(&one.needs),
            never: text(&one.never),
        }
    }
}

impl FaultJson {
    /// The message in one language.
    pub fn from_row_remark(told: &RowRemark, lang: Language) -> Self {
        Self {
            row: told.line,
            field: told.remark.field.word().to_owned(),
            found: told.remark.found.clone(),
            error: told.remark.message(lang),
        }
    }
}

impl EntryBatchRequest {
    /// Parses a request body: one entry, a list of entries, or a batch.
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

fn attachments_json(statement: &EntryStatement) -> Vec<AttachmentJson> {
    let all = statement.attachments.iter();
    all.map(AttachmentJson::from_attachment).collect()
}

impl EntryRequest {
    /// Raw entry for the check.
    pub fn raw(&self) -> RawEntry {
        let quantity = self.quantity.as_ref().and_then(|value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(number_text(other)),
        });
        RawEntry {
            kind: self.kind.clone(),
            indicator: self.indicator.clone(),
            what: self.what.clone(),
            quantity: quantity.map(QuantityText::Plain),
            unit: self.unit.clone(),
            when: self.when.clone(),
            how: self.how.clone(),
            who: self.who.clone(),
            note: self.note.clone(),
            supersedes: self.supersedes,
            attachments: self
                .attachments
                .iter()
                .map(AttachmentJson::to_attachment)
                .collect(),
        }
    }

    /// Request for a statement that is already checked.
    pub fn from_statement(statement: &EntryStatement) -> Self {
        Self {
            kind: Some(statement.sort.word().to_owned()),
            indicator: Some(statement.indicator.to_string()),
            what: Some(statement.what.clone()),
            quantity: statement
                // Sent as text, so that the exact digits are kept.
                .quantity
                .map(|quantity| Value::String(quantity.to_string())),
            unit: Some(statement.unit.to_string()),
            when: Some(statement.when.to_string()),
            how: Some(statement.known.word().to_owned()),
            who: Some(statement.who.clone()),
            note: Some(statement.note.clone()),
            attachments: attachments_json(statement),
            supersedes: statement.supersedes,
        }
    }
}

/// Digits of a JSON number. `1e3` and other values stay as they are and are refused by the check.
fn number_text(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => number.to_string(),
        _ => value.to_string(),
    }
}

impl AttachmentJson {
    /// The attachment with its path in the store.
    pub fn from_attachment(file: &Attachment) -> Self {
        Self {
            name: file.name.clone(),
            sha256: file.sha256.clone(),
            bytes: file.bytes,
            path: file.stored_path(),
        }
    }

    /// The attachment that the JSON names.
    pub fn to_attachment(&self) -> Attachment {
        Attachment {
            name: self.name.clone(),
            // Hashes are stored and compared in lower case.
            sha256: self.sha256.to_ascii_lowercase(),
            bytes: self.bytes,
        }
    }
}

impl EntryJson {
    /// The entry as JSON.
    pub fn from_entry(entry: &LedgerEntry) -> Self {
        let statement = &entry.statement;
        Self {
            id: entry.id,
            kind: statement.sort.word().to_owned(),
            indicator: statement.indicator.to_string(),
            what: statement.what.clone(),
            quantity: statement.quantity.and_then(json_number),
            unit: statement.unit.to_string(),
            when: statement.when.to_string(),
            from: statement.when.first().to_string(),
            to: statement.when.last().to_string(),
            how: statement.known.word().to_owned(),
            who: statement.who.clone(),
            note: statement.note.clone(),
            attachments: attachments_json(statement),
            supersedes: statement.supersedes,
            superseded_by: entry.superseded_by,
            current: entry.is_current(),
            recorded_at: rfc3339_text(entry.recorded_at),
            recorded_by: entry.recorded_by.clone(),
        }
    }

    /// The entry as a domain value; `None` when a part of it cannot be parsed.
    pub fn entry(&self) -> Option<LedgerEntry> {
        let recorded: jiff::Timestamp = self.recorded_at.parse().ok()?;
        let quantity = match &self.quantity {
            Some(number) => Some(ExactNumber::parse_quantity(&number.to_string())?),
            None => None,
        };
        Some(LedgerEntry {
            id: self.id,
            statement: EntryStatement {
                sort: self.kind.parse().ok()?,
                indicator: self.indicator.as_str().into(),
                what: self.what.clone(),
                quantity,
                unit: self.unit.as_str().into(),
                when: self.when.parse().ok()?,
                known: self.how.parse().ok()?,
                who: self.who.clone(),
                note: self.note.clone(),
                attachments: self
                    .attachments
                    .iter()
                    .map(AttachmentJson::to_attachment)
                    .collect(),
                supersedes: self.supersedes,
            },
            recorded_at: UtcMs(recorded.as_millisecond()),
            recorded_by: self.recorded_by.clone(),
            superseded_by: self.superseded_by,
        })
    }
}

/// JSON number with the same digits: a quantity has at most 15 digits, which a double keeps.
/// A small fraction may have an exponent in JSON; it is removed when the entry is parsed.
fn json_number(quantity: ExactNumber) -> Option<serde_json::Number> {
    quantity.to_string().parse().ok()
}

fn rfc3339_text(at: UtcMs) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .unwrap_or_default()
        .to_string()
}
