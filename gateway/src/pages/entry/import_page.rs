//! `/catat/impor`: a table of entries is shown first, and recorded when it is confirmed.

use super::entry_page::new_form_key;
use super::entry_texts;
use super::form_fields::{FormFields, SentForm};
use super::submission::PAGE_RECORDER;
use crate::api::ApiListener;
use crate::api::entry_recording::{ClientKey, EntryRecording, RecordingResult};
use crate::api::error::{ApiError, unknown_path_error};
use crate::api::ledger::{ledger_error, recorder_name};
use crate::api::request_language::{query_parameter, request_language};
use crate::api::row_messages::{row_messages, skipped_messages};
use crate::domain::ledger::EntryStatement;
use crate::i18n::Language;
use crate::ledger::{
    DecimalMark, EntryBatch, EntryRequest, EntryTable, IndicatorDefinitions, NamedColumn,
    TableError, csv_template, read_named_table, xlsx_template,
};
use crate::pages::number_format::format_count;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// Rows of the preview; the others are counted.
const PREVIEW_ROWS_MAX: usize = 100;
/// Faults and remarks of the preview; the others are counted.
const PREVIEW_REMARKS_MAX: usize = 50;

/// Row of the preview.
#[derive(Clone, Debug)]
struct PreviewRow {
    line: u64,
    when: String,
    name: String,
    what: String,
    amount: String,
    /// Basis as a word.
    basis: &'static str,
    who: String,
    note: String,
}

/// Preview of a table.
#[derive(Clone, Debug, Default)]
struct TablePreview {
    file: String,
    /// Format of the table as it was read.
    understood: String,
    rows: Vec<PreviewRow>,
    /// Rows that would be recorded, with the marks of the language.
    count: String,
    rows_left_out: usize,
    faults: Vec<String>,
    faults_left_out: usize,
    remarks: Vec<String>,
    /// The checked entries, for the form that confirms them; empty when there are faults.
    entries: String,
}

#[derive(Template)]
#[template(path = "entry_import.html")]
struct ImportPage {
    frame: PageFrame,
    key: String,
    /// Why nothing can be shown; empty when something can.
    failure: String,
    /// Number of entries that were just recorded; empty when none were.
    saved: String,
    again: bool,
    /// Decimal sign that was chosen: `comma`, `point`, or empty.
    decimal: &'static str,
    /// Columns with other headings, one a line, as they were typed.
    columns: String,
    preview: Option<TablePreview>,
}

impl ImportPage {
    fn new(frame: PageFrame) -> Self {
        Self {
            frame,
            key: new_form_key(),
            failure: String::new(),
            saved: String::new(),
            again: false,
            decimal: "",
            columns: String::new(),
            preview: None,
        }
    }
}

pub(super) async fn import_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "catat", &uri, &headers);
    let saved = query_parameter(&uri, "tersimpan").and_then(|text| text.parse().ok());
    let saved = saved.map(|count| format_count(count, frame.lang));
    let page = ImportPage {
        saved: saved.unwrap_or_default(),
        ..ImportPage::new(frame)
    };
    render_page(&uri, StatusCode::OK, &page)
}

pub(super) async fn preview_table(SentForm { asked, frame, form }: SentForm) -> Response {
    let PageRequest { app, uri, .. } = asked;
    let lang = frame.lang;
    let again = !form.text("again").is_empty();
    // What a person chose counts more than what the table shows.
    let said = DecimalMark::parse(form.text("decimal"));
    let mut page = ImportPage {
        again,
        decimal: said.map_or("", DecimalMark::word),
        columns: form.text("columns").to_owned(),
        ..ImportPage::new(frame)
    };
    let (name, table) = match sent_table(&form, &app.state().definitions, lang) {
        Ok(found) => found,
        Err((status, failure)) => {
            page.failure = failure;
            return render_page(&uri, status, &page);
        }
    };
    let rows = table.rows.iter().map(|row| (row.line, row.raw.clone()));
    let recording = EntryRecording {
        rows: rows.collect(),
        mark: said.or(table.mark),
        again,
        by: String::new(),
        key: None,
    };
    match app.check_entries(&recording).await {
        Ok(batch) => page.preview = Some(preview(&app, name, (&table, said), &batch, lang)),
        Err(fault) => return render_failure(&uri, page.frame, &fault.into()),
    }
    render_page(&uri, StatusCode::OK, &page)
}

/// The table of a form, with the name of its file. Errors: why nothing can be shown.
fn sent_table<'f>(
    form: &'f FormFields,
    definitions: &IndicatorDefinitions,
    lang: Language,
) -> Result<(&'f str, EntryTable), (StatusCode, String)> {
    let refused = |why: String| (StatusCode::UNPROCESSABLE_ENTITY, why);
    if form.too_large {
        let why = TableError::TooLong.message(lang);
        return Err((StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    let file = form.file.as_ref();
    let file = file.ok_or_else(|| refused(lang.text("entry-import-no-file")))?;
    let named = form.text("columns").lines().map(str::trim);
    let named = named.filter(|line| !line.is_empty()).map(|line| {
        let unknown = || lang.text_with("ledger-column-unknown", &[("found", line)]);
        NamedColumn::parse(line, definitions).ok_or_else(|| refused(unknown()))
    });
    let named: Vec<NamedColumn> = named.collect::<Result<_, _>>()?;
    let table = read_named_table(&file.bytes, definitions, &named).map_err(|fault| {
        let args = [("file", &*file.name), ("why", &fault.message(lang))];
        refused(lang.text_with("ledger-no-table", &args))
    })?;
    if table.rows.is_empty() {
        let mut said = skipped_messages(&table, lang);
        said.push(lang.text("ledger-empty"));
        return Err(refused(said.join("; ")));
    }
    Ok((&file.name, table))
}

fn preview(
    app: &ApiListener,
    file: &str,
    (table, said): (&EntryTable, Option<DecimalMark>),
    batch: &EntryBatch,
    lang: Language,
) -> TablePreview {
    let row = |(line, statement): &(u64, EntryStatement)| PreviewRow {
        line: *line,
        when: entry_texts::entry_time_text(statement.when, lang),
        name: entry_texts::definition_name(app, &statement.indicator, lang),
        what: statement.what.clone(),
        amount: entry_texts::amount_text(statement, lang),
        basis: statement.known.word(),
        who: statement.who.clone(),
        note: statement.note.clone(),
    };
    let skipped = table.mark_messages(said, lang).into_iter();
    let skipped = skipped.chain(skipped_messages(table, lang));
    let remarks = row_messages(table, &batch.remarks, lang);
    let faults = row_messages(table, &batch.faults, lang);
    let statements = batch.good.iter().map(|(_, statement)| statement);
    let requests: Vec<EntryRequest> = statements.map(EntryRequest::from_statement).collect();
    TablePreview {
        file: file.to_owned(),
        understood: lang.text_with(
            "exchange-understood",
            &[("parts", &table.format_text(said, lang))],
        ),
        rows: batch.good.iter().take(PREVIEW_ROWS_MAX).map(row).collect(),
        count: format_count(batch.good.len() as u64, lang),
        rows_left_out: batch.good.len().saturating_sub(PREVIEW_ROWS_MAX),
        faults_left_out: faults.len().saturating_sub(PREVIEW_REMARKS_MAX),
        faults: faults.into_iter().take(PREVIEW_REMARKS_MAX).collect(),
        remarks: skipped.chain(remarks).take(PREVIEW_REMARKS_MAX).collect(),
        entries: if batch.faults.is_empty() {
            serde_json::to_string(&requests).unwrap_or_default()
        } else {
            String::new()
        },
    }
}

pub(super) async fn save_table(SentForm { asked, frame, form }: SentForm) -> Response {
    let PageRequest { app, uri, .. } = asked;
    match record_table(&app, &form, frame.lang).await {
        Ok(RecordingResult::Recorded(added)) => {
            Redirect::to(&format!("/catat/impor?tersimpan={}", added.ids.len())).into_response()
        }
        // The rows were right a moment ago, so someone else recorded one of them meanwhile.
        Ok(RecordingResult::Refused(batch)) => {
            let lang = frame.lang;
            let faults = batch.faults.iter().take(PREVIEW_REMARKS_MAX);
            let faults: Vec<String> = faults.map(|told| told.remark.message(lang)).collect();
            let page = ImportPage {
                failure: faults.join("; "),
                ..ImportPage::new(frame)
            };
            render_page(&uri, StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => render_failure(&uri, frame, &error),
    }
}

async fn record_table(
    app: &ApiListener,
    form: &FormFields,
    lang: Language,
) -> Result<RecordingResult, ApiError> {
    ClientKey::check(form.text("key"))?;
    let entries: Vec<EntryRequest> = serde_json::from_str(form.text("entries"))
        .map_err(|fault| ApiError::new(StatusCode::BAD_REQUEST, fault.to_string()))?;
    // Checked again when recorded: rows of a form may have been changed since the preview.
    let recording = EntryRecording {
        rows: (1..).zip(entries.iter().map(EntryRequest::raw)).collect(),
        mark: None,
        again: !form.text("again").is_empty(),
        by: recorder_name(Some(PAGE_RECORDER.to_owned())),
        key: Some(ClientKey {
            key: form.text("key").to_owned(),
            content: form.content(&["key"]),
        }),
    };
    let result = app.record_entries(recording, lang).await;
    result.map_err(|fault| ledger_error(fault, lang))
}

/// The table to fill in: `catatan.xlsx` or `catatan.csv`.
pub(super) async fn table_template(
    PageRequest { app, uri, headers }: PageRequest,
    Path(file): Path<String>,
) -> Result<Response, ApiError> {
    let lang = request_language(&uri, &headers);
    let definitions = &app.state().definitions;
    let (media, bytes) = match file.as_str() {
        "catatan.csv" => (
            "text/csv; charset=utf-8",
            csv_template(definitions, lang, app.today()).into_bytes(),
        ),
        "catatan.xlsx" => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            xlsx_template(definitions, lang, app.today()).map_err(|fault| {
                ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, fault.to_string())
            })?,
        ),
        _ => return Err(unknown_path_error(uri).await),
    };
    let named = format!("attachment; filename=\"{file}\"");
    let headers = [
        (header::CONTENT_TYPE, media.to_owned()),
        (header::CONTENT_DISPOSITION, named),
    ];
    Ok((headers, bytes).into_response())
}
