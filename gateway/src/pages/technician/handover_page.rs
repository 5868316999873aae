//! `/teknisi/serah-terima`: what is done and what is missing, displays, photos and names, until
//! both have confirmed the record.

use super::handover_checks::check_page;
use super::handover_draft::{DisplayNote, HandoverDraft, PhotoNote, SignedHandover};
use super::handover_file::{HandoverState, sign};
use super::wizard_notice::WizardNotice;
use crate::api::ApiListener;
use crate::api::attachments::open_checked;
use crate::api::error::ApiError;
use crate::api::request_language::query_parameter;
use crate::domain::ExactNumber;
use crate::handover::{HandoverCheck, HandoverCheckState, HandoverDevice, HandoverPoint};
use crate::limits::{HANDOVER_FIELD_LETTERS_MAX, HANDOVER_PHOTO_BYTES_MAX, HANDOVER_PHOTOS_MAX};
use crate::pages::entry::FormFields;
use crate::pages::number_format::{format_bytes, parse_reader_number};
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::pages::sign_in_page::redirect_to;
use crate::pages::users_page::time_text;
use crate::report::render::photo::PictureFile;
use askama::Template;
use axum::response::Response;

#[derive(Template)]
#[template(path = "handover.html")]
struct HandoverPage {
    frame: PageFrame,
    notice: WizardNotice,
    checks: Vec<CheckRow>,
    missing: usize,
    devices: Vec<DisplayDevice>,
    draft: HandoverDraft,
    /// Times of the confirmations; empty before.
    confirmed: [String; 2],
    signed: Vec<SignedRow>,
}

/// Line of the list of checks.
struct CheckRow {
    subject: &'static str,
    /// `ok`, `fault` or `waiting`, as states of devices are drawn.
    state: &'static str,
    word: &'static str,
    found: String,
    page: &'static str,
}

/// Device whose displays can be compared.
struct DisplayDevice {
    id: String,
    points: Vec<DisplayRow>,
    compared: usize,
}

/// Point beside its display.
struct DisplayRow {
    id: String,
    label: String,
    reading: String,
    unit: String,
    display: String,
    /// Message key of the comparison; empty before it.
    verdict: &'static str,
}

/// Signed record as listed.
struct SignedRow {
    id: u64,
    when: String,
    names: String,
    missing: usize,
}

impl HandoverPage {
    fn is_ready(&self) -> bool {
        !self.draft.technician.name.is_empty() && !self.draft.receiver.name.is_empty()
    }
}

pub(super) async fn handover_page(asked: PageRequest) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let done = match query_parameter(&asked.uri, "hasil").as_deref() {
        Some("simpan") => frame.t("handover-page-saved"),
        Some(id) if id.bytes().all(|byte| byte.is_ascii_digit()) => {
            frame.lang.text_with("handover-page-signed", &[("id", id)])
        }
        _ => String::new(),
    };
    let notice = WizardNotice {
        done,
        ..WizardNotice::default()
    };
    show_page(&asked, notice).await
}

pub(super) async fn change_handover(asked: PageRequest, fields: PlainForm) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let applied = apply_form(&asked.app, &fields, &frame).await;
    answer(&asked, frame, applied).await
}

async fn answer(
    asked: &PageRequest,
    frame: PageFrame,
    applied: Result<Result<String, WizardNotice>, ApiError>,
) -> Response {
    match applied {
        Ok(Ok(result)) => redirect_to(&format!("/teknisi/serah-terima{result}")),
        Ok(Err(notice)) => show_page(asked, notice).await,
        Err(error) => match WizardNotice::of_error(error, &frame) {
            Ok(notice) => show_page(asked, notice).await,
            Err(error) => render_failure(&asked.uri, frame, &error),
        },
    }
}

/// Text of a field, cut to what a record holds.
fn short_text(fields: &PlainForm, name: &str) -> String {
    let text = fields.trimmed(name).chars();
    text.take(HANDOVER_FIELD_LETTERS_MAX).collect()
}

async fn apply_form(
    app: &ApiListener,
    fields: &PlainForm,
    frame: &PageFrame,
) -> Result<Result<String, WizardNotice>, ApiError> {
    let mut draft = HandoverDraft::read(app).await?;
    let place = match fields.trimmed("cara") {
        "layar" => {
            if let Err(notice) = note_displays(app, &mut draft, fields, frame).await? {
                return Ok(Err(notice));
            }
            "?hasil=simpan#layar"
        }
        "hapus-foto" => {
            let sha256 = fields.trimmed("foto");
            draft.photos.retain(|photo| photo.sha256 != sha256);
            draft.take_back_confirmations();
            "#foto"
        }
        "nama" => {
            draft.take_back_confirmations();
            draft.technician.name = short_text(fields, "teknisi");
            draft.technician.position = short_text(fields, "jabatan-teknisi");
            draft.receiver.name = short_text(fields, "penerima");
            draft.receiver.position = short_text(fields, "jabatan-penerima");
            draft.remark = short_text(fields, "catatan");
            if draft.technician.name.is_empty() || draft.receiver.name.is_empty() {
                return Ok(Err(WizardNotice::refusal(
                    frame.t("handover-page-no-names"),
                )));
            }
            "?hasil=simpan#tanda-tangan"
        }
        "setuju" => return confirm(app, draft, fields, frame).await,
        _ => "",
    };
    draft.keep(app).await?;
    Ok(Ok(place.to_owned()))
}

/// One of the two confirms the record; with the second confirmation it is signed.
async fn confirm(
    app: &ApiListener,
    mut draft: HandoverDraft,
    fields: &PlainForm,
    frame: &PageFrame,
) -> Result<Result<String, WizardNotice>, ApiError> {
    let refused = |key: &str| Ok(Err(WizardNotice::refusal(frame.t(key))));
    if draft.technician.name.is_empty() || draft.receiver.name.is_empty() {
        return refused("handover-page-no-names");
    }
    if !app.state().clock.now().trusted {
        return refused("handover-page-no-time");
    }
    let state = HandoverState::load(app, &draft, frame.lang).await?;
    let is_complete = state.missing().is_empty();
    if fields.trimmed("paham") != "ya" && !is_complete {
        return refused("handover-page-not-aware");
    }
    let now = Some(app.now().0);
    match fields.trimmed("siapa") {
        "teknisi" => draft.technician.confirmed = now,
        "penerima" => draft.receiver.confirmed = now,
        _ => return refused("handover-page-no-names"),
    }
    if draft.is_signed() {
        let id = sign(app, &draft, frame.lang).await?;
        return Ok(Ok(format!("?hasil={id}")));
    }
    draft.keep(app).await?;
    Ok(Ok("?hasil=simpan#tanda-tangan".to_owned()))
}

/// Notes what displays show, each beside the reading of this moment.
async fn note_displays(
    app: &ApiListener,
    draft: &mut HandoverDraft,
    fields: &PlainForm,
    frame: &PageFrame,
) -> Result<Result<(), WizardNotice>, ApiError> {
    let empty = HandoverDraft::default();
    let state = HandoverState::load(app, &empty, frame.lang).await?;
    let points = state.devices.iter().flat_map(|device| &device.points);
    let mut refused = Vec::new();
    for point in points {
        let name = format!("layar-{}", point.id);
        let typed = fields.trimmed(&name);
        let known = draft.displays.get(&point.id);
        // What was noted before keeps the reading of its moment.
        if known.is_some_and(|known| shown_display(known, frame) == typed) {
            continue;
        }
        if typed.is_empty() {
            // A form of one device has the fields of that device alone.
            if fields.trimmed("alat") == device_of(&point.id) {
                draft.displays.remove(&point.id);
            }
            continue;
        }
        let digits = parse_reader_number(typed, frame.lang);
        match digits {
            Some(number) if point.value.is_some() => {
                draft.displays.insert(
                    point.id.clone(),
                    DisplayNote {
                        display: number.to_string(),
                        reading: point.text.clone(),
                    },
                );
            }
            Some(_) => {
                let args = [("point", &*point.id)];
                refused.push(frame.lang.text_with("wizard-no-reading", &args));
            }
            None => {
                let example = frame.lang.locale().grouped_digits("230.5");
                let args = [("found", typed), ("example", &*example)];
                refused.push(frame.lang.text_with("wizard-number", &args));
            }
        }
    }
    draft.take_back_confirmations();
    if refused.is_empty() {
        return Ok(Ok(()));
    }
    // What was right is kept: nobody walks to a display twice.
    draft.keep(app).await?;
    Ok(Err(WizardNotice {
        refused,
        ..WizardNotice::default()
    }))
}

fn device_of(point: &str) -> &str {
    point.split('.').next().unwrap_or_default()
}

/// Display as the reader writes numbers.
fn shown_display(note: &DisplayNote, frame: &PageFrame) -> String {
    frame.lang.locale().plain_digits(&note.display)
}

/// `/teknisi/serah-terima/foto`: keeps a photo.
pub(super) async fn add_photo(asked: PageRequest, form: FormFields) -> Response {
    let frame = PageFrame::new(&asked.app, "teknisi", &asked.uri, &asked.headers);
    let applied = keep_photo(&asked.app, form, &frame).await;
    answer(&asked, frame, applied).await
}

async fn keep_photo(
    app: &ApiListener,
    form: FormFields,
    frame: &PageFrame,
) -> Result<Result<String, WizardNotice>, ApiError> {
    let refused = |reason: String| Ok(Err(WizardNotice::refusal(reason)));
    let mut draft = HandoverDraft::read(app).await?;
    let most = format_bytes(HANDOVER_PHOTO_BYTES_MAX, frame.lang);
    let too_large = || {
        frame
            .lang
            .text_with("entry-photo-too-large", &[("most", &most)])
    };
    if form.too_large {
        return refused(too_large());
    }
    let Some(photo) = form.photo else {
        return refused(frame.t("handover-page-no-photo"));
    };
    let photo = PhotoNote {
        name: photo.kept.name.clone(),
        sha256: photo.kept.sha256.clone(),
        bytes: photo.kept.bytes,
    };
    if draft
        .photos
        .iter()
        .any(|known| known.sha256 == photo.sha256)
    {
        return Ok(Ok("#foto".to_owned()));
    }
    if draft.photos.len() >= HANDOVER_PHOTOS_MAX {
        let (found, most) = (draft.photos.len() + 1, HANDOVER_PHOTOS_MAX);
        let args = [
            ("found", &*found.to_string()),
            ("expected", &*most.to_string()),
        ];
        return refused(frame.lang.text_with("handover-photos-many", &args));
    }
    let total = draft.photos.iter().map(|known| known.bytes).sum::<u64>();
    if total.saturating_add(photo.bytes) > HANDOVER_PHOTO_BYTES_MAX {
        return refused(too_large());
    }
    if !is_picture(app, &photo).await? {
        let args = [("file", &*photo.name)];
        return refused(frame.lang.text_with("handover-no-photo", &args));
    }
    draft.photos.push(photo);
    draft.take_back_confirmations();
    draft.keep(app).await?;
    Ok(Ok("?hasil=simpan#foto".to_owned()))
}

/// Whether a document can show the file.
async fn is_picture(app: &ApiListener, photo: &PhotoNote) -> Result<bool, ApiError> {
    let mut file = open_checked(app, &photo.sha256).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = file.next_piece().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(PictureFile::read(bytes).is_some())
}

async fn show_page(asked: &PageRequest, notice: WizardNotice) -> Response {
    let PageRequest { app, uri, headers } = asked;
    let frame = PageFrame::new(app, "teknisi", uri, headers);
    match load_page(app, frame, notice).await {
        Ok(page) => render_page(uri, page.notice.status(), &page),
        Err(error) => {
            let frame = PageFrame::new(app, "teknisi", uri, headers);
            render_failure(uri, frame, &error)
        }
    }
}

async fn load_page(
    app: &ApiListener,
    frame: PageFrame,
    notice: WizardNotice,
) -> Result<HandoverPage, ApiError> {
    let lang = frame.lang;
    let draft = HandoverDraft::read(app).await?;
    let state = HandoverState::load(app, &draft, lang).await?;
    let signed = app.state().store.handovers().await?;
    let confirmed =
        [&draft.technician, &draft.receiver].map(|signer| time_text(app, &frame, signer.confirmed));
    let signed = signed.iter().filter_map(|record| {
        let body: SignedHandover = serde_json::from_str(&record.body).ok()?;
        Some(SignedRow {
            id: record.id,
            when: time_text(app, &frame, Some(record.at.0)),
            names: format!("{} · {}", body.technician.name, body.receiver.name),
            missing: body.missing.len(),
        })
    });
    let devices = state.devices.iter();
    let devices = devices.map(|device| display_device(app, device, &draft, &frame));
    Ok(HandoverPage {
        missing: state.missing().len(),
        checks: state.checks.iter().map(check_row).collect(),
        devices: devices.filter(|device| !device.points.is_empty()).collect(),
        confirmed,
        signed: signed.collect(),
        draft,
        notice,
        frame,
    })
}

fn check_row(check: &HandoverCheck) -> CheckRow {
    CheckRow {
        subject: check.subject,
        state: match check.state {
            HandoverCheckState::Done => "ok",
            HandoverCheckState::Missing => "fault",
            HandoverCheckState::NotNeeded => "waiting",
        },
        word: check.state.word(),
        found: check.found.clone(),
        page: check_page(check.subject),
    }
}

fn display_device(
    app: &ApiListener,
    device: &HandoverDevice,
    draft: &HandoverDraft,
    frame: &PageFrame,
) -> DisplayDevice {
    let row = |point: &HandoverPoint| {
        let note = draft.displays.get(&point.id);
        let compared = point.compare_with_display();
        DisplayRow {
            label: app.state().config.point_title(&point.id, frame.lang),
            reading: ExactNumber::parse(&point.text)
                .map(|number| frame.lang.locale().reading_digits(&number.short_digits()))
                .unwrap_or_default(),
            unit: point.unit.clone(),
            display: note
                .map(|note| shown_display(note, frame))
                .unwrap_or_default(),
            verdict: match compared.map(|compared| compared.agrees()) {
                Some(true) => "handover-agrees",
                Some(false) => "handover-differs",
                None => "",
            },
            id: point.id.clone(),
        }
    };
    let shown = device.points.iter().filter(|point| point.value.is_some());
    let points: Vec<DisplayRow> = shown.map(row).collect();
    DisplayDevice {
        compared: points.iter().filter(|row| !row.verdict.is_empty()).count(),
        id: device.id.clone(),
        points,
    }
}
