//! Saving what a form says: checks, questions to the person, the photo, and the key that records a
//! form once.

use super::form_fields::FormFields;
use super::plausibility::{self, COMPARED_ENTRIES_MAX};
use super::writer_name::remember_name;
use crate::api::ApiListener;
use crate::api::entry_recording::{ClientKey, EntryRecording, RecordingResult};
use crate::api::error::ApiError;
use crate::api::ledger::{ledger_error, recorder_name};
use crate::assets::{MASS_DAYS, first_compared_day, mass_imbalance};
use crate::domain::ExactNumber;
use crate::domain::ledger::{Attachment, EntryId, EntryKind, EntryStatement};
use crate::i18n::Language;
use crate::ledger::{
    DecimalMark, EntryBatch, FieldRemark, QuantityText, RawEntry, RowRemark, check_entry,
};
use crate::limits::ATTACHMENT_BYTES_MAX;
use crate::pages::entry::entry_texts;
use crate::pages::number_format;
use crate::storage::LedgerQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

/// Recorded author of entries of these pages.
pub(super) const PAGE_RECORDER: &str = "page";
/// Fields of a form that say how it was sent, not what is recorded.
const SENDING_FIELDS: [&str; 6] = ["key", "written", "queued", "confirm", "choice", "lang"];
/// Message keys of a second entry that is like one in the ledger.
const DUPLICATE_KEY: &str = "ledger-duplicate";
const AMBIGUOUS_KEY: &str = "ledger-ambiguous";

/// Result of sending a form.
#[derive(Debug)]
pub(super) enum FormResult {
    /// The entry is in the ledger, now or since the form was sent before.
    Saved(EntryId),
    /// Nothing was recorded.
    Refused(Box<FormRefusal>),
}

/// Reasons for which a form was not recorded, for the page that shows it again.
#[derive(Clone, Debug, Default)]
pub(super) struct FormRefusal {
    /// Status of the answer.
    pub(super) status: StatusCode,
    /// Field and message; the field is empty for a message about the whole form.
    pub(super) faults: Vec<(&'static str, String)>,
    /// Question that one tap answers; empty when there is none.
    pub(super) question: String,
    /// Value of the field `confirm` that answers it.
    pub(super) confirm: String,
    /// Readings of an ambiguous number: value of the field `choice`, and text.
    pub(super) choices: Vec<(String, String)>,
    /// Photo that is stored already, as in [`kept_photo_text`]; empty when there is none.
    pub(super) kept_photo: String,
    /// True when the form needs a new key.
    pub(super) needs_new_key: bool,
}

impl FormRefusal {
    /// Refusal for one reason.
    pub(super) fn new(status: StatusCode, field: &'static str, message: String) -> Self {
        Self {
            status,
            faults: vec![(field, message)],
            ..Self::default()
        }
    }

    /// Refusal for an error: a fault of the gateway must not cost what was typed.
    pub(super) fn of_error(error: &ApiError, lang: Language) -> Self {
        let status = StatusCode::from_u16(error.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, "", error.person_message(lang))
    }

    /// Refusal with all faults of a batch of one entry.
    fn of_faults(faults: &[FieldRemark], lang: Language) -> Self {
        let told = |remark: &FieldRemark| (remark.field.word(), remark.message(lang));
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            faults: faults.iter().map(told).collect(),
            ..Self::default()
        }
    }

    /// All reasons in one text.
    pub(super) fn text(&self, lang: Language) -> String {
        let named = |(field, message): &(&'static str, String)| match *field {
            "" | "photo" => message.clone(),
            field => format!("{}: {message}", lang.text(&format!("ledger-field-{field}"))),
        };
        let faults = self.faults.iter().map(named);
        let question = Some(self.question.clone()).filter(|text| !text.is_empty());
        faults.chain(question).collect::<Vec<_>>().join("; ")
    }
}

/// A form about one entry, and the entry as it was typed.
#[derive(Debug)]
pub(super) struct EntrySubmission<'a> {
    pub(super) app: &'a ApiListener,
    pub(super) lang: Language,
    /// Person or program that records it.
    pub(super) by: String,
    pub(super) form: &'a FormFields,
    pub(super) raw: RawEntry,
}

impl<'a> EntrySubmission<'a> {
    /// A form that was sent to a page: the page is recorded as its author.
    pub(super) fn of_page(
        app: &'a ApiListener,
        lang: Language,
        form: &'a FormFields,
        raw: RawEntry,
    ) -> Self {
        Self {
            app,
            lang,
            by: recorder_name(Some(PAGE_RECORDER.to_owned())),
            form,
            raw,
        }
    }

    /// Records the entry and leads to `place`, an address that ends where the entry's id follows;
    /// the refusal says why nothing was recorded.
    pub(super) async fn send_and_lead_to(self, place: &str) -> Result<Response, FormRefusal> {
        let (form, lang) = (self.form, self.lang);
        match self.send().await {
            Ok(FormResult::Saved(id)) => {
                let mut response = Redirect::to(&format!("{place}{id}")).into_response();
                remember_name(&mut response, form.text("who"));
                Ok(response)
            }
            Ok(FormResult::Refused(refusal)) => Err(*refusal),
            Err(error) => Err(FormRefusal::of_error(&error, lang)),
        }
    }

    /// Records the entry, or says why not. Sending the same form again gives the first answer.
    pub(super) async fn send(mut self) -> Result<FormResult, ApiError> {
        let key = ClientKey {
            key: self.form.text("key").to_owned(),
            content: self.form.content(&SENDING_FIELDS),
        };
        ClientKey::check(&key.key)?;
        // Before all questions: a phone that lost the answer would be asked about its own entry.
        match self.app.repeated_entries(&key).await {
            Ok(Some(earlier)) => return Ok(saved_result(earlier.ids.first().copied())),
            Ok(None) => {}
            Err(fault) => return self.store_refusal(fault).map(refused),
        }
        if self.form.too_large {
            let most = number_format::format_bytes(ATTACHMENT_BYTES_MAX as u64, self.lang);
            let message = self
                .lang
                .text_with("entry-photo-too-large", &[("most", &most)]);
            let refusal = FormRefusal::new(StatusCode::PAYLOAD_TOO_LARGE, "photo", message);
            return Ok(refused(refusal));
        }
        let photo = self.kept_photo();
        if let Some(choice) = self.form.optional("choice") {
            // A choice is a number in the unit of the indicator.
            let definition = self.raw.indicator.as_deref();
            let definition = definition.and_then(|id| self.app.state().definitions.find(id));
            self.raw.unit = definition.map(|one| one.unit.to_string());
            self.raw.quantity = Some(QuantityText::Plain(choice));
        }
        self.raw.attachments.extend(photo.clone());
        match self.find_objection().await? {
            Some(mut refusal) => {
                refusal.kept_photo = photo.as_ref().map(kept_photo_text).unwrap_or_default();
                Ok(refused(refusal))
            }
            None => self.record(key).await,
        }
    }

    /// Faults of the entry, or a question about it that was not answered yet.
    async fn find_objection(&self) -> Result<Option<FormRefusal>, ApiError> {
        let rules = self.app.entry_rules(None);
        let statement = match check_entry(&self.raw, &rules) {
            Ok(checked) => checked.statement,
            Err(faults) => {
                let mut refusal = FormRefusal::of_faults(&faults, self.lang);
                if let [only] = &faults[..]
                    && only.key == AMBIGUOUS_KEY
                {
                    refusal.choices = self.readings();
                    refusal.question = self
                        .lang
                        .text_with("entry-ask-ambiguous", &[("found", &only.found)]);
                    refusal.faults.clear();
                }
                return Ok(Some(refusal));
            }
        };
        let confirm = confirm_text(&statement);
        if self.form.text("confirm") == confirm {
            return Ok(None);
        }
        let question = match self.doubt_question(&statement).await? {
            Some(question) => Some(question),
            None => match self.mass_question(&statement).await? {
                Some(question) => Some(question),
                None => self.duplicate_question().await?,
            },
        };
        Ok(question.map(|question| FormRefusal {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            question,
            confirm,
            ..FormRefusal::default()
        }))
    }

    /// Question about a quantity that is far from the history.
    async fn doubt_question(&self, statement: &EntryStatement) -> Result<Option<String>, ApiError> {
        let definitions = &self.app.state().definitions;
        let Some(definition) = definitions.find(&statement.indicator) else {
            return Ok(None);
        };
        let query = LedgerQuery {
            indicator: Some(definition.id.to_string()),
            sort: Some(EntryKind::Record),
            newest: Some(COMPARED_ENTRIES_MAX),
            ..LedgerQuery::default()
        };
        let history = self.app.state().store.ledger(query).await?;
        let range = definitions.amount_range(&definition.id);
        if !plausibility::is_doubtful(statement, definition, &history, range) {
            return Ok(None);
        }
        let is_nothing = statement.quantity.is_some_and(|it| it.to_f64() == 0.0);
        if is_nothing {
            let amount = entry_texts::amount_text(statement, self.lang);
            let question = self
                .lang
                .text_with("entry-ask-nothing", &[("amount", &amount)]);
            return Ok(Some(question));
        }
        let quantities = history.iter().filter_map(|entry| entry.statement.quantity);
        let largest = quantities.max_by(|a, b| a.to_f64().total_cmp(&b.to_f64()));
        let amount = entry_texts::amount_text(statement, self.lang);
        let largest =
            largest.map(|largest| entry_texts::quantity_text(largest, &statement.unit, self.lang));
        Ok(Some(match largest {
            Some(largest) => self.lang.text_with(
                "entry-ask-large",
                &[("amount", &amount), ("largest", &largest)],
            ),
            None => self
                .lang
                .text_with("entry-ask-first", &[("amount", &amount)]),
        }))
    }

    /// Question about a mass that came out of a bin and that did not go in.
    async fn mass_question(&self, statement: &EntryStatement) -> Result<Option<String>, ApiError> {
        let state = self.app.state();
        let day = statement.when.first();
        let query = LedgerQuery {
            from: Some(first_compared_day(day)),
            to: Some(day),
            ..LedgerQuery::default()
        };
        let entries = state.store.all_ledger_entries(query).await?;
        let found = mass_imbalance(&state.assets, &state.definitions, statement, &entries);
        let amount = entry_texts::amount_text(statement, self.lang);
        Ok(found.map(|found| {
            let (out, fed) = (
                kg_text(found.out_kg, self.lang),
                kg_text(found.fed_kg, self.lang),
            );
            let days = MASS_DAYS.to_string();
            let args = [
                ("amount", &*amount),
                ("out", &*out),
                ("fed", &*fed),
                ("days", &*days),
            ];
            self.lang.text_with("entry-ask-mass-balance", &args)
        }))
    }

    /// Question about an entry that is in the ledger already.
    async fn duplicate_question(&self) -> Result<Option<String>, ApiError> {
        let batch = self.app.check_entries(&self.recording(None, false)).await?;
        let found = |told: &&RowRemark| told.remark.key == DUPLICATE_KEY;
        let question = batch.faults.iter().find(found).map(|told| {
            let entry = ("entry", &*told.remark.detail);
            self.lang.text_with("entry-ask-again", &[entry])
        });
        Ok(question)
    }

    /// Both readings of an ambiguous number, with their texts.
    fn readings(&self) -> Vec<(String, String)> {
        let read = |mark| {
            let rules = self.app.entry_rules(Some(mark));
            let statement = check_entry(&self.raw, &rules).ok()?.statement;
            let quantity = statement.quantity?;
            let amount = entry_texts::quantity_text(quantity, &statement.unit, self.lang);
            Some((quantity.to_string(), amount))
        };
        let both = [DecimalMark::Comma, DecimalMark::Point];
        both.into_iter().filter_map(read).collect()
    }

    fn recording(&self, key: Option<ClientKey>, again: bool) -> EntryRecording {
        EntryRecording {
            rows: vec![(1, self.raw.clone())],
            mark: None,
            again,
            by: self.by.clone(),
            key,
        }
    }

    /// The photo of the form, or the one that an earlier try stored.
    fn kept_photo(&self) -> Option<Attachment> {
        let own = self.form.photo.as_ref().map(|photo| photo.kept.clone());
        own.or_else(|| parse_kept_photo(self.form.text("kept_photo")))
    }

    async fn record(self, key: ClientKey) -> Result<FormResult, ApiError> {
        // The questions were asked, so a repeated entry is meant.
        let recording = self.recording(Some(key), true);
        match self.app.record_entries(recording, self.lang).await {
            Ok(RecordingResult::Recorded(added)) => Ok(saved_result(added.ids.first().copied())),
            Ok(RecordingResult::Refused(batch)) => Ok(refused(self.batch_refusal(&batch))),
            Err(fault) => self.store_refusal(fault).map(refused),
        }
    }

    fn batch_refusal(&self, batch: &EntryBatch) -> FormRefusal {
        let faults: Vec<_> = batch
            .faults
            .iter()
            .map(|told| told.remark.clone())
            .collect();
        FormRefusal::of_faults(&faults, self.lang)
    }

    /// Refusal for an error of the store that is about this entry; other errors stay errors.
    fn store_refusal(&self, fault: crate::storage::StoreError) -> Result<FormRefusal, ApiError> {
        let is_key = matches!(fault, crate::storage::StoreError::KeyUsed(_));
        let error = ledger_error(fault, self.lang);
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        if !status.is_client_error() {
            return Err(error);
        }
        let message = if is_key {
            self.lang.text("entry-form-used")
        } else {
            error.person_message(self.lang)
        };
        let mut refusal = FormRefusal::new(status, "", message);
        refusal.needs_new_key = is_key;
        Ok(refusal)
    }
}

fn refused(refusal: FormRefusal) -> FormResult {
    FormResult::Refused(Box::new(refusal))
}

fn saved_result(id: Option<EntryId>) -> FormResult {
    FormResult::Saved(id.unwrap_or_default())
}

/// Text that a person confirms: an answer counts only for the entry that it was asked about.
fn confirm_text(statement: &EntryStatement) -> String {
    let quantity = statement.quantity.map(|quantity| quantity.to_string());
    let quantity = quantity.unwrap_or_default();
    format!("{} {quantity} {}", statement.indicator, statement.when)
}

/// Stored photo as the text of a hidden field: hash, length and name.
fn kept_photo_text(photo: &Attachment) -> String {
    format!("{} {} {}", photo.sha256, photo.bytes, photo.name)
}

fn parse_kept_photo(text: &str) -> Option<Attachment> {
    let mut parts = text.splitn(3, ' ');
    let (sha256, bytes, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Attachment {
        name: name.to_owned(),
        sha256: sha256.to_owned(),
        bytes: bytes.parse().ok()?,
    })
}

fn kg_text(kg: f64, lang: Language) -> String {
    let text = ExactNumber::Float(kg).short_digits();
    lang.locale().plain_digits(&text)
}
