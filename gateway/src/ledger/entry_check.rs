//! Check of a raw entry: it becomes a statement, or a list of all its faults. Tables, API and
//! command line use the same check.

use super::amount_range::AmountDoubt;
use super::entry_bounds::{self, date_fault_key, join_words, unreadable_key};
use super::entry_field::{
    EntryField, FieldRemark, NEAR_ASSET, QuantityText, RawEntry, field_remark,
};
use super::indicator_definition::IndicatorDefinition;
use super::indicator_definitions::IndicatorDefinitions;
use super::quantity_unit::quantity_unit;
use super::template_examples::is_example;
use super::value_parser::{self, DecimalMark, RUPIAH};
use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, QuantityBasis};
use crate::domain::period::Period;
use crate::limits::{LEDGER_FILES_MAX, LEDGER_TEXT_MAX};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Definitions and limits that entries are checked against.
#[derive(Clone, Debug)]
pub struct EntryRules<'a> {
    /// Indicators and units.
    pub definitions: &'a IndicatorDefinitions,
    /// Today at the site; `None` while the clock is not trusted, then no date is refused as a
    /// future one.
    pub today: Option<Date>,
    /// Time zone of the site.
    pub zone: TimeZone,
    /// Decimal sign of the file, if known.
    pub mark: Option<DecimalMark>,
}

/// Statement with the conversions and assumptions that were made.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedStatement {
    /// The statement.
    pub statement: EntryStatement,
    /// Conversions and assumptions.
    pub remarks: Vec<FieldRemark>,
}

/// Checks a raw entry; returns the statement, or all faults of the entry.
pub fn check_entry(
    raw: &RawEntry,
    rules: &EntryRules<'_>,
) -> Result<CheckedStatement, Vec<FieldRemark>> {
    let mut desk = EntryChecker {
        rules,
        faults: Vec::new(),
        remarks: Vec::new(),
    };
    let statement = desk.check_statement(raw);
    match statement {
        Some(statement) if desk.faults.is_empty() => Ok(CheckedStatement {
            statement,
            remarks: desk.remarks,
        }),
        _ => Err(desk.faults),
    }
}

struct EntryChecker<'a> {
    rules: &'a EntryRules<'a>,
    faults: Vec<FieldRemark>,
    remarks: Vec<FieldRemark>,
}

/// Trimmed text of a field; `None` if empty.
fn trimmed_text(typed: Option<&String>) -> Option<&str> {
    typed
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

impl<'a> EntryChecker<'a> {
    fn add_fault(&mut self, field: EntryField, key: &'static str, found: &str, detail: &str) {
        self.faults.push(field_remark(field, key, found, detail));
    }

    fn check_statement(&mut self, raw: &RawEntry) -> Option<EntryStatement> {
        // All fields are checked even after a fault, so that staff see every fault of a row at
        // once.
        let sort = self.check_kind(raw);
        let definition = self.check_indicator(raw, sort);
        let quantity = self.check_quantity(raw, definition);
        // A target is set, whatever is known of what is reached.
        let recorded = definition.filter(|_| sort == EntryKind::Record);
        let known = self.check_basis(raw, recorded);
        let when = self.check_time(raw, sort);
        if let Some((definition, quantity)) = definition.zip(quantity) {
            self.check_amount(definition, quantity, sort);
        }
        let what = self.check_text(EntryField::What, raw.what.as_ref());
        // Nobody counts it for an asset that it does not name: a person says which one is meant.
        if let Some((found, asset)) = self.rules.definitions.near_asset(&what) {
            self.add_fault(EntryField::What, NEAR_ASSET, &found, asset);
        } else if let Some((unknown, known)) = self.rules.definitions.unknown_asset(&what) {
            self.add_fault(EntryField::What, "ledger-no-such-asset", &unknown, &known);
        }
        let who = self.check_text(EntryField::Who, raw.who.as_ref());
        let note = self.check_text(EntryField::Note, raw.note.as_ref());
        if who.is_empty() {
            self.add_fault(EntryField::Who, "ledger-missing", "", "");
        }
        if is_example(&who, &note) {
            self.add_fault(EntryField::Who, "ledger-is-example", "", "");
        }
        self.check_withdrawal(raw, &note);
        if raw.attachments.len() > LEDGER_FILES_MAX {
            let found = raw.attachments.len().to_string();
            let most = LEDGER_FILES_MAX.to_string();
            self.add_fault(EntryField::Attachments, "ledger-too-many", &found, &most);
        }
        let definition = definition?;
        Some(EntryStatement {
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

    fn check_kind(&mut self, raw: &RawEntry) -> EntryKind {
        let Some(found) = trimmed_text(raw.kind.as_ref()) else {
            return EntryKind::Record;
        };
        self.rules.definitions.sort(found).unwrap_or_else(|| {
            self.add_fault(
                EntryField::Kind,
                "ledger-word",
                found,
                &join_words(&EntryKind::ALL.map(EntryKind::word)),
            );
            EntryKind::Record
        })
    }

    fn check_indicator(
        &mut self,
        raw: &RawEntry,
        sort: EntryKind,
    ) -> Option<&'a IndicatorDefinition> {
        let Some(found) = trimmed_text(raw.indicator.as_ref()) else {
            self.add_fault(EntryField::Indicator, "ledger-missing", "", "");
            return None;
        };
        let definitions = self.rules.definitions;
        // Only an exact name counts. A near one is proposed, since similar ids are different
        // figures.
        if let Some(known) = definitions.find_by_name(found) {
            if !known.id.eq_ignore_ascii_case(found) {
                let told = field_remark(EntryField::Indicator, "ledger-named", found, &known.id);
                self.remarks.push(told);
            }
            return Some(known);
        }
        let several = definitions.ids_with_name(found);
        if several.len() > 1 {
            let ids = join_words(&several);
            self.add_fault(
                EntryField::Indicator,
                "ledger-indicator-several",
                found,
                &ids,
            );
            return None;
        }
        let measured = definitions.find_measured(found);
        let (key, near) = match (measured, definitions.nearest_id(found)) {
            (Some(_), _) if sort == EntryKind::Record => ("ledger-measured", ""),
            (Some(one), _) => {
                let what = trimmed_text(raw.what.as_ref()).unwrap_or_default();
                if let Some(assets) = one.assets_to_name(what) {
                    self.add_fault(EntryField::What, "ledger-which-asset", what, &assets);
                }
                return Some(&one.definition);
            }
            (None, Some(near)) => ("ledger-indicator-near", near),
            (None, None) => ("ledger-indicator", ""),
        };
        self.add_fault(EntryField::Indicator, key, found, near);
        None
    }

    /// Quantity in the unit of the indicator.
    fn check_quantity(
        &mut self,
        raw: &RawEntry,
        definition: Option<&IndicatorDefinition>,
    ) -> Option<ExactNumber> {
        let (number, beside) = self.check_number(raw)?;
        // Entries are corrected by superseding them, not by negative quantities.
        if number.to_f64() < 0.0 {
            let typed = number.to_string();
            self.add_fault(EntryField::Quantity, "ledger-negative", &typed, "");
            return None;
        }
        let definition = definition?;
        let definitions = self.rules.definitions;
        let column = trimmed_text(raw.unit.as_ref());
        let unit = match quantity_unit(column, beside, definitions) {
            Ok(Some(unit)) => unit,
            Ok(None) if definition.unit.is_empty() => "",
            Ok(None) => {
                let unit = &definition.unit;
                self.add_fault(EntryField::Unit, "ledger-unit-missing", "", unit);
                return None;
            }
            Err((column, beside)) => {
                self.add_fault(EntryField::Unit, "ledger-units-differ", column, beside);
                return None;
            }
        };
        let Some(power) = definitions.power_between(unit, &definition.unit) else {
            let alike = definitions.convertible_units(&definition.unit);
            self.add_fault(EntryField::Unit, "ledger-unit", unit, &alike);
            return None;
        };
        let Some(converted) = number.times_power_of_ten(power) else {
            self.add_fault(
                EntryField::Quantity,
                "ledger-number",
                &number.to_string(),
                "",
            );
            return None;
        };
        if power != 0 {
            let (found, made) = (
                format!("{number} {unit}"),
                format!("{converted} {}", definition.unit),
            );
            self.remarks.push(field_remark(
                EntryField::Unit,
                "ledger-converted",
                &found,
                &made,
            ));
        }
        // Indicators without decimal places count pieces or people.
        if definition.decimals == 0 && converted.has_fraction() {
            self.add_fault(
                EntryField::Quantity,
                "ledger-whole",
                &converted.to_string(),
                &definition.unit,
            );
        }
        Some(converted)
    }

    /// Whether an amount is possible, and usual: one rule for all ways in which entries come.
    fn check_amount(
        &mut self,
        definition: &IndicatorDefinition,
        quantity: ExactNumber,
        sort: EntryKind,
    ) {
        let unit = &definition.unit;
        let range = self.rules.definitions.amount_range(&definition.id);
        let doubt = range.and_then(|range| Some((range, range.doubt(quantity.to_f64())?)));
        let Some((range, doubt)) = doubt else {
            return;
        };
        let found = format!("{quantity} {unit}");
        let (key, detail) = match doubt {
            AmountDoubt::Impossible => {
                let most = format!("{} {unit}", range.most);
                self.add_fault(EntryField::Quantity, "ledger-impossible", &found, &most);
                return;
            }
            AmountDoubt::Unusual => ("ledger-unusual", format!("{} {unit}", range.usual.1)),
            AmountDoubt::Little => ("ledger-little", format!("{} {unit}", range.usual.0)),
        };
        // What is wanted is not what is usual, and a baseline may be nothing.
        if sort == EntryKind::Record {
            let remark = field_remark(EntryField::Quantity, key, &found, &detail);
            self.remarks.push(remark);
        }
    }

    /// Number of a quantity, and the unit that a person wrote behind it.
    fn check_number<'r>(&mut self, raw: &'r RawEntry) -> Option<(ExactNumber, Option<&'r str>)> {
        let (typed, is_plain) = match &raw.quantity {
            Some(QuantityText::Plain(typed)) => (typed, true),
            Some(QuantityText::Written(typed)) => (typed, false),
            None => return None,
        };
        let found = trimmed_text(Some(typed))?;
        if is_plain {
            // The number format of a workbook may show a unit behind the number.
            let (digits, unit) = found.split_once(' ').unzip();
            let number = ExactNumber::parse_quantity(digits.unwrap_or(found));
            if number.is_none() {
                self.add_fault(EntryField::Quantity, "ledger-number", found, "");
            }
            return Some((number?, unit));
        }
        let (digits, beside) = value_parser::split_unit(found);
        let Some(amount) = value_parser::parse_number(digits) else {
            self.add_fault(
                EntryField::Quantity,
                unreadable_key(found, "ledger-number"),
                found,
                "",
            );
            return None;
        };
        // Rupiah have no decimals: a sign before three digits groups thousands.
        let is_rupiah = [trimmed_text(raw.unit.as_ref()), beside].contains(&Some(RUPIAH));
        let number = match amount {
            value_parser::WrittenNumber::Either { grouped, .. } if is_rupiah => Some(grouped),
            _ => amount.resolve(self.rules.mark),
        };
        if let (
            None,
            value_parser::WrittenNumber::Either {
                grouped, decimal, ..
            },
        ) = (number, amount)
        {
            let both = format!("{grouped} / {decimal}");
            self.add_fault(EntryField::Quantity, "ledger-ambiguous", found, &both);
        }
        Some((number?, beside))
    }

    fn check_basis(
        &mut self,
        raw: &RawEntry,
        definition: Option<&IndicatorDefinition>,
    ) -> QuantityBasis {
        let may = definition.map_or(&QuantityBasis::ALL[..], |definition| &definition.known);
        let Some(found) = trimmed_text(raw.how.as_ref()) else {
            // The weakest basis is assumed, and a remark says so.
            let word = QuantityBasis::Declared.word();
            self.remarks
                .push(field_remark(EntryField::How, "ledger-assumed", "", word));
            return QuantityBasis::Declared;
        };
        let known = self.rules.definitions.parse_basis(found);
        known
            .filter(|known| may.contains(known))
            .unwrap_or_else(|| {
                let may: Vec<&str> = may.iter().map(|known| known.word()).collect();
                self.add_fault(EntryField::How, "ledger-word", found, &join_words(&may));
                QuantityBasis::Declared
            })
    }

    fn check_time(&mut self, raw: &RawEntry, sort: EntryKind) -> Option<EntryTime> {
        let Some(found) = trimmed_text(raw.when.as_ref()) else {
            self.add_fault(EntryField::EntryTime, "ledger-missing", "", "");
            return None;
        };
        // The period of a target is no date of an event: it may lie in the future.
        if sort != EntryKind::Record {
            let when = match found.parse() {
                Ok(Period::Day(day)) => EntryTime::Day(day),
                Ok(period) => EntryTime::Period(period),
                Err(_) => {
                    self.add_fault(EntryField::EntryTime, "ledger-period", found, "");
                    return None;
                }
            };
            if let Some((key, detail)) = entry_bounds::time_fault(when, None) {
                self.add_fault(EntryField::EntryTime, key, found, &detail);
            }
            return Some(when);
        }
        let date = match value_parser::parse_entry_time(found, &self.rules.zone) {
            Ok(date) => date,
            Err(fault) => {
                let key = unreadable_key(found, date_fault_key(fault));
                self.add_fault(EntryField::EntryTime, key, found, "");
                return None;
            }
        };
        let when = date.when;
        let day = when.first();
        if date.weekday.is_some_and(|weekday| weekday != day.weekday()) {
            let day = day.to_string();
            self.add_fault(EntryField::EntryTime, "ledger-weekday", found, &day);
        }
        if let Some((key, detail)) = entry_bounds::time_fault(when, self.rules.today) {
            self.add_fault(EntryField::EntryTime, key, found, &detail);
        }
        let made = when.to_string();
        let mut remark = |key| {
            let told = field_remark(EntryField::EntryTime, key, found, &made);
            self.remarks.push(told);
        };
        if value_parser::is_day_number(found) {
            remark("ledger-serial");
        } else if date.is_short {
            remark("ledger-short-year");
        }
        Some(when)
    }

    fn check_text(&mut self, field: EntryField, typed: Option<&String>) -> String {
        let found = trimmed_text(typed).unwrap_or_default();
        if found.chars().count() > LEDGER_TEXT_MAX {
            self.add_fault(field, "ledger-long", found, &LEDGER_TEXT_MAX.to_string());
        }
        found
            .chars()
            // Control characters come with texts that were copied out of other programs.
            .filter(|c| !c.is_control() || *c == '\n')
            .collect()
    }

    /// A quantity may be missing only in a correction, and a correction must have a reason in its
    /// note.
    fn check_withdrawal(&mut self, raw: &RawEntry, note: &str) {
        let has_quantity = match &raw.quantity {
            Some(QuantityText::Plain(typed) | QuantityText::Written(typed)) => {
                !typed.trim().is_empty()
            }
            None => false,
        };
        if !has_quantity && raw.supersedes.is_none() {
            self.add_fault(EntryField::Quantity, "ledger-missing", "", "");
        }
        if raw.supersedes.is_some() && note.is_empty() {
            self.add_fault(EntryField::Note, "ledger-reason", "", "");
        }
    }
}
