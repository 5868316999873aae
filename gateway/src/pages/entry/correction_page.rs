//! `/catat/entri/ID`: an entry with its corrections, and the forms that correct or withdraw it.

use super::entry_page::{new_form_key, next_form_key};
use super::entry_texts::{self, EntryRow};
use super::form_fields::{FormFields, SentForm};
use super::submission::{EntrySubmission, FormRefusal};
use super::writer_name::remembered_name;
use crate::domain::ledger::{EntryId, EntryStatement, LedgerEntry};
use crate::ledger::{QuantityText, RawEntry};
use crate::pages::page_frame::{PageFrame, render_failure, render_not_found, render_page};
use crate::pages::page_request::PageRequest;
use crate::storage::StoreError;
use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

/// Values of the forms, as typed.
#[derive(Clone, Debug, Default)]
struct CorrectionValues {
    key: String,
    quantity: String,
    when: String,
    what: String,
    reason: String,
    who: String,
}

#[derive(Template)]
#[template(path = "entry_correction.html")]
struct CorrectionPage {
    frame: PageFrame,
    /// The chain of corrections, the newest first.
    rows: Vec<EntryRow>,
    /// The entry that counts; `None` when it was withdrawn.
    current: Option<EntryRow>,
    form: CorrectionValues,
    refusal: FormRefusal,
}

pub(super) async fn correction_page(asked: PageRequest, Path(id): Path<EntryId>) -> Response {
    let frame = PageFrame::new(&asked.app, "catat", &asked.uri, &asked.headers);
    show_chain(&asked, frame, id, None, FormRefusal::default()).await
}

async fn show_chain(
    asked: &PageRequest,
    frame: PageFrame,
    id: EntryId,
    typed: Option<CorrectionValues>,
    refusal: FormRefusal,
) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let chain = match app.state().store.correction_chain(id).await {
        Ok(chain) => chain,
        Err(StoreError::UnknownEntry(_)) => {
            return render_not_found(uri, frame, &uri.to_string());
        }
        Err(fault) => return render_failure(uri, frame, &fault.into()),
    };
    let last = chain.iter().find(|entry| entry.is_current());
    let form = typed.unwrap_or_else(|| usual_values(&frame, last, headers));
    let rows = entry_texts::entry_rows(app, &chain, frame.lang);
    let page = CorrectionPage {
        current: rows.iter().find(|row| row.is_current).cloned(),
        rows,
        form,
        refusal,
        frame,
    };
    render_page(uri, page.refusal.status, &page)
}

fn usual_values(
    frame: &PageFrame,
    current: Option<&LedgerEntry>,
    headers: &HeaderMap,
) -> CorrectionValues {
    let statement = current.map(|entry| &entry.statement);
    let quantity = statement.and_then(|statement| statement.quantity);
    let digits = quantity
        .map(|quantity| quantity.to_string())
        .unwrap_or_default();
    CorrectionValues {
        key: new_form_key(),
        quantity: frame.lang.locale().plain_digits(&digits),
        when: statement
            .map(|one| one.when.to_string())
            .unwrap_or_default(),
        what: statement.map(|one| one.what.clone()).unwrap_or_default(),
        reason: String::new(),
        who: remembered_name(headers),
    }
}

/// Copy of an entry as its correction, for a reason of its own.
fn as_correction(old: &EntryStatement, id: EntryId, form: &FormFields) -> RawEntry {
    RawEntry {
        kind: Some(old.sort.word().to_owned()),
        indicator: Some(old.indicator.to_string()),
        what: Some(old.what.clone()),
        quantity: None,
        unit: Some(old.unit.to_string()),
        when: Some(old.when.to_string()),
        how: Some(old.known.word().to_owned()),
        who: form.optional("who"),
        note: form.optional("reason"),
        supersedes: Some(id),
        attachments: old.attachments.clone(),
    }
}

pub(super) async fn correct_entry(Path(id): Path<EntryId>, sent: SentForm) -> Response {
    replace_entry(id, sent, false).await
}

pub(super) async fn withdraw_entry(Path(id): Path<EntryId>, sent: SentForm) -> Response {
    replace_entry(id, sent, true).await
}

async fn replace_entry(id: EntryId, sent: SentForm, is_withdrawal: bool) -> Response {
    let SentForm { asked, frame, form } = sent;
    let PageRequest { app, uri, headers } = &asked;
    let old = match app.state().store.correction_chain(id).await {
        Ok(chain) => chain.into_iter().find(|entry| entry.id == id),
        Err(StoreError::UnknownEntry(_)) => None,
        Err(fault) => return render_failure(uri, frame, &fault.into()),
    };
    let Some(old) = old else {
        return render_not_found(uri, frame, &uri.to_string());
    };
    let mut raw = as_correction(&old.statement, id, &form);
    if !is_withdrawal {
        raw.quantity = Some(QuantityText::Written(form.text("quantity").to_owned()));
        raw.when = form.optional("when");
        raw.what = form.optional("what");
    }
    let submission = EntrySubmission::of_page(app, frame.lang, &form, raw);
    let refusal = match submission.send_and_lead_to("/catat?tersimpan=").await {
        Ok(response) => return response,
        Err(refusal) => refusal,
    };
    let typed = CorrectionValues {
        key: next_form_key(&form, &refusal),
        reason: form.text("reason").to_owned(),
        who: form.text("who").to_owned(),
        ..if is_withdrawal {
            usual_values(&frame, Some(&old), headers)
        } else {
            CorrectionValues {
                quantity: form.text("quantity").to_owned(),
                when: form.text("when").to_owned(),
                what: form.text("what").to_owned(),
                ..CorrectionValues::default()
            }
        }
    };
    show_chain(&asked, frame, id, Some(typed), refusal).await
}
