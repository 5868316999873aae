//! `/catat`: the form, and the latest entries.

use super::entry_texts::{self, EntryRow};
use super::form_fields::{FormFields, SentForm};
use super::indicator_tiles::IndicatorTiles;
use super::submission::{EntrySubmission, FormRefusal, FormResult};
use super::writer_name::{remember_name, remembered_name};
use crate::api::ApiListener;
use crate::api::attachments::{open_checked, stream_file};
use crate::api::entry_recording::ClientKey;
use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::domain::UtcMs;
use crate::domain::ledger::EntryId;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::ledger::{QuantityText, RawEntry};
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::storage::{LedgerQuery, StoreError};
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::ToSpan;
use jiff::civil::Date;

/// Entries of the list.
const LISTED_ENTRIES_MAX: usize = 30;
/// Entries of the list of one month.
const LISTED_MONTH_ENTRIES_MAX: usize = 500;
/// Months that the list offers.
const LISTED_MONTHS: i64 = 24;
/// Time for which a form may wait before its own time of writing is noted, ms.
const LATE_MS: i64 = 5 * 60_000;

/// Values of the form, as typed.
#[derive(Clone, Debug, Default)]
pub(super) struct EntryFormValues {
    pub(super) key: String,
    pub(super) indicator: String,
    pub(super) quantity: String,
    pub(super) unit: String,
    /// `today`, `yesterday` or `other`.
    pub(super) day: String,
    pub(super) date: String,
    pub(super) asset: String,
    pub(super) what: String,
    pub(super) how: String,
    pub(super) who: String,
    pub(super) note: String,
}

/// Filter of the list of entries.
#[derive(Clone, Debug, Default)]
struct EntryFilter {
    indicator: String,
    /// Month as in addresses; empty for the latest entries.
    month: String,
    /// Months to choose from, with their names.
    months: Vec<(String, String)>,
    /// Indicators to choose from, with their names.
    indicators: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    frame: PageFrame,
    /// The page that a phone keeps: without figures.
    is_offline: bool,
    form: EntryFormValues,
    refusal: FormRefusal,
    tiles: IndicatorTiles,
    units: Vec<String>,
    today: Date,
    today_text: String,
    yesterday_text: String,
    saved: Option<EntryRow>,
    rows: Vec<EntryRow>,
    filter: EntryFilter,
}

/// A new key for a form: 122 random bits in the form of a UUID (RFC 9562, version 4).
pub(super) fn new_form_key() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

/// Key of a form that is shown again: the same one, so that it is recorded once, unless it is of no
/// use any more.
pub(super) fn next_form_key(form: &FormFields, refusal: &FormRefusal) -> String {
    let key = form.text("key");
    if refusal.needs_new_key || ClientKey::check(key).is_err() {
        new_form_key()
    } else {
        key.to_owned()
    }
}

pub(super) async fn entry_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "catat", &uri, &headers);
    let form = EntryFormValues {
        key: new_form_key(),
        indicator: query_parameter(&uri, "isi").unwrap_or_default(),
        day: "today".to_owned(),
        who: remembered_name(&headers),
        ..EntryFormValues::default()
    };
    show_form(&app, &uri, frame, form, FormRefusal::default()).await
}

/// The form without any figure, for the service worker to keep.
pub(super) async fn offline_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let mut frame = PageFrame::new(&app, "catat", &uri, &headers);
    frame.hide_person();
    let lang = frame.lang;
    let tiles = match IndicatorTiles::load(&app, "", false, lang).await {
        Ok(tiles) => tiles,
        Err(error) => return render_failure(&uri, frame, &error.into()),
    };
    let form = EntryFormValues {
        key: new_form_key(),
        day: "today".to_owned(),
        who: remembered_name(&headers),
        ..EntryFormValues::default()
    };
    let page = EntryPage {
        is_offline: true,
        ..EntryPage::new(&app, frame, form, tiles)
    };
    render_page(&uri, StatusCode::OK, &page)
}

async fn show_form(
    app: &ApiListener,
    uri: &Uri,
    frame: PageFrame,
    form: EntryFormValues,
    refusal: FormRefusal,
) -> Response {
    let lang = frame.lang;
    let status = refusal.status;
    let loaded = async {
        let tiles = IndicatorTiles::load(app, &form.indicator, true, lang).await?;
        let saved = saved_entry(app, uri, lang).await?;
        let (filter, rows) = listed_entries(app, uri, lang).await?;
        Ok::<_, StoreError>((tiles, saved, filter, rows))
    };
    match loaded.await {
        Ok((tiles, saved, filter, rows)) => {
            let page = EntryPage {
                refusal,
                saved,
                rows,
                filter,
                ..EntryPage::new(app, frame, form, tiles)
            };
            render_page(uri, status, &page)
        }
        Err(error) => render_failure(uri, frame, &error.into()),
    }
}

impl EntryPage {
    fn new(
        app: &ApiListener,
        frame: PageFrame,
        form: EntryFormValues,
        tiles: IndicatorTiles,
    ) -> Self {
        let today = app.today();
        let locale = frame.lang.locale();
        // The year would not fit on a button of a phone.
        let day_text = |day: Date| {
            let whole = locale.format_short_date(day);
            whole.replace(&format!(" {}", day.year()), "")
        };
        let units = app.state().definitions.units();
        Self {
            is_offline: false,
            refusal: FormRefusal::default(),
            units: units.map(str::to_owned).collect(),
            today,
            today_text: day_text(today),
            yesterday_text: day_text(today.saturating_sub(1.day())),
            saved: None,
            rows: Vec::new(),
            filter: EntryFilter::default(),
            frame,
            form,
            tiles,
        }
    }

    /// Message about a field; empty when there is none.
    fn fault(&self, field: &str) -> String {
        let mut faults = self.refusal.faults.iter();
        let found = faults.find(|(name, _)| *name == field);
        found
            .map(|(_, message)| message.clone())
            .unwrap_or_default()
    }

    /// True when a closed part of the form has a fault or a text.
    fn has_details(&self) -> bool {
        let form = &self.form;
        let typed = [&form.unit, &form.what, &form.how, &form.note];
        let fields = ["unit", "what", "how", "note", "photo", "attachments"];
        typed.iter().any(|text| !text.is_empty())
            || fields.iter().any(|field| !self.fault(field).is_empty())
            || !self.refusal.kept_photo.is_empty()
    }
}

/// Entry of the parameter `tersimpan`.
async fn saved_entry(
    app: &ApiListener,
    uri: &Uri,
    lang: Language,
) -> Result<Option<EntryRow>, StoreError> {
    let id: Option<EntryId> = query_parameter(uri, "tersimpan").and_then(|text| text.parse().ok());
    let Some(id) = id else {
        return Ok(None);
    };
    let chain = match app.state().store.correction_chain(id).await {
        Ok(chain) => chain,
        Err(StoreError::UnknownEntry(_)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let mut rows = entry_texts::entry_rows(app, &chain, lang).into_iter();
    Ok(rows.find(|row| row.id == id))
}

async fn listed_entries(
    app: &ApiListener,
    uri: &Uri,
    lang: Language,
) -> Result<(EntryFilter, Vec<EntryRow>), StoreError> {
    let asked = |name| query_parameter(uri, name).filter(|text| !text.is_empty());
    let month = asked("bulan").and_then(|text| match text.parse() {
        Ok(Period::Month(first)) => Some(Period::Month(first)),
        _ => None,
    });
    let definitions = &app.state().definitions;
    let indicator = asked("indikator").filter(|id| definitions.find(id).is_some());
    let query = LedgerQuery {
        from: month.map(Period::first),
        to: month.map(Period::last),
        indicator: indicator.clone(),
        superseded: true,
        newest: Some(match month {
            Some(_) => LISTED_MONTH_ENTRIES_MAX,
            None => LISTED_ENTRIES_MAX,
        }),
        ..LedgerQuery::default()
    };
    let entries = app.state().store.ledger(query).await?;
    let this_month = app.today().first_of_month();
    let months = (0..LISTED_MONTHS).map(|back| this_month.saturating_sub(back.months()));
    let filter = EntryFilter {
        indicator: indicator.unwrap_or_default(),
        month: month.map(|month| month.to_string()).unwrap_or_default(),
        months: months
            .map(|first| {
                let name = lang.locale().format_month(first);
                (Period::Month(first).to_string(), name)
            })
            .collect(),
        indicators: definition_choices(app, lang),
    };
    Ok((filter, entry_texts::entry_rows(app, &entries, lang)))
}

/// Ids and names of all indicators.
pub(super) fn definition_choices(app: &ApiListener, lang: Language) -> Vec<(String, String)> {
    let all = app.state().definitions.all().iter();
    all.map(|one| (one.id.to_string(), one.name.text(lang).to_owned()))
        .collect()
}

pub(super) async fn save_entry(SentForm { asked, frame, form }: SentForm) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let raw = raw_entry(&app, frame.lang, &form);
    let submission = EntrySubmission::of_page(&app, frame.lang, &form, raw);
    let wants_json = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes() == b"application/json");
    let mut response = match submission.send().await {
        Ok(FormResult::Saved(id)) if wants_json => {
            (StatusCode::CREATED, Json(serde_json::json!({ "id": id }))).into_response()
        }
        Ok(FormResult::Saved(id)) => {
            Redirect::to(&format!("/catat?tersimpan={id}")).into_response()
        }
        Ok(FormResult::Refused(refusal)) if wants_json => {
            let said = serde_json::json!({
                "reason": refusal.text(frame.lang),
                "confirm": refusal.confirm,
            });
            (refusal.status, Json(said)).into_response()
        }
        Ok(FormResult::Refused(refusal)) => {
            let values = typed_values(&form, &refusal);
            return show_form(&app, &uri, frame, values, *refusal).await;
        }
        Err(error) if wants_json => error.into_response(),
        Err(error) => {
            let refusal = FormRefusal::of_error(&error, frame.lang);
            let values = typed_values(&form, &refusal);
            return show_form(&app, &uri, frame, values, refusal).await;
        }
    };
    remember_name(&mut response, form.text("who"));
    response
}

fn typed_values(form: &FormFields, refusal: &FormRefusal) -> EntryFormValues {
    let text = |name| form.text(name).to_owned();
    EntryFormValues {
        key: next_form_key(form, refusal),
        indicator: text("indicator"),
        quantity: text("quantity"),
        unit: text("unit"),
        day: text("day"),
        date: text("date"),
        asset: text("asset"),
        what: text("what"),
        how: text("how"),
        who: text("who"),
        note: text("note"),
    }
}

/// The entry that the form describes.
fn raw_entry(app: &ApiListener, lang: Language, form: &FormFields) -> RawEntry {
    let definition = app.state().definitions.find(form.text("indicator"));
    let quantity = form.text("quantity");
    // A unit that was typed behind the number comes first.
    let has_unit = quantity.ends_with(|c: char| c.is_alphabetic() || c == '\u{b3}');
    let unit = form.optional("unit").or_else(|| {
        let own = definition.map(|one| one.unit.to_string());
        own.filter(|_| !has_unit)
    });
    let how = form.optional("how").or_else(|| {
        let first = definition.and_then(|one| one.known.first());
        first.map(|known| known.word().to_owned())
    });
    let asset = app.state().assets.iter();
    let asset = asset
        .filter(|asset| *asset.id == *form.text("asset"))
        .filter(|asset| asset.waste_indicators().contains(&form.text("indicator")))
        .map(|asset| asset.name.to_string());
    let what = asset.into_iter().chain(form.optional("what"));
    let written = written_time(app, form);
    let note = form.optional("note").into_iter().chain(written.map(|at| {
        let at = crate::api::local_time::format_local_time(at, UtcMs(0), &app.0.zone, lang);
        lang.text_with("entry-written-offline", &[("at", &at)])
    }));
    RawEntry {
        indicator: form.optional("indicator"),
        what: Some(what.collect::<Vec<_>>().join(", ")),
        quantity: Some(QuantityText::Written(quantity.to_owned())),
        unit,
        when: form_day(app, form),
        how,
        who: form.optional("who"),
        note: Some(note.collect::<Vec<_>>().join(" ")),
        ..RawEntry::default()
    }
}

/// Time of writing of a form that waited for a connection; `None` when it was sent at once. A time
/// in the future comes from a phone with a wrong clock.
fn written_time(app: &ApiListener, form: &FormFields) -> Option<UtcMs> {
    let written = UtcMs(form.text("written").parse().ok()?);
    let stamp = app.state().clock.now();
    let is_late = form.text("queued") == "1" && written.0 + LATE_MS < stamp.at.0;
    (is_late && written.0 > 0).then_some(written)
}

/// Day of the form: today and yesterday are counted from the time of writing.
fn form_day(app: &ApiListener, form: &FormFields) -> Option<String> {
    let today = match written_time(app, form) {
        Some(written) => app.site().timezone.date(written),
        None => app.today(),
    };
    match form.text("day") {
        "today" => Some(today.to_string()),
        "yesterday" => Some(today.saturating_sub(1.day()).to_string()),
        _ => form.optional("date"),
    }
}

/// A photo or receipt of an entry. Images open in the browser; anything else is a download, since
/// an uploaded page must not run as a page of this origin.
pub(super) async fn photo(
    State(app): State<ApiListener>,
    Path(sha256): Path<String>,
) -> Result<Response, ApiError> {
    let mut file = open_checked(&app, &sha256).await?;
    let first = file.next_piece().await?.unwrap_or_default();
    let image = match &first[..] {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    };
    let disposition = if image.is_some() {
        "inline"
    } else {
        "attachment"
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            image.unwrap_or("application/octet-stream"),
        ),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, stream_file(first, file)).into_response())
}
