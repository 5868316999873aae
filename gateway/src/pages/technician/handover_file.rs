//! The record of a hand-over as a document: of the draft, and of what was signed.

use super::handover_checks::CheckedSite;
use super::handover_draft::{HandoverDraft, PhotoNote, SignedHandover};
use crate::api::ApiListener;
use crate::api::attachments::{keep_upload, open_checked, stream_file};
use crate::api::error::ApiError;
use crate::api::soak_job::last_soak;
use crate::domain::{ExactNumber, QualityReason, SampleOutcome, UtcMs};
use crate::handover::{
    HandoverCheck, HandoverCheckState, HandoverDevice, HandoverRecord, devices_from_config,
    find_point_mut,
};
use crate::i18n::Language;
use crate::pages::page_frame::PageFrame;
use crate::pages::page_request::PageRequest;
use crate::report::render::photo::{PictureFile, ReportPhoto};
use crate::report::render::{ReportFormat, render_document};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Bytes that are written to the store at once.
const PIECE_BYTES: usize = 256 << 10;

/// Everything of a record but its photos.
pub(super) struct HandoverState {
    pub(super) devices: Vec<HandoverDevice>,
    pub(super) checks: Vec<HandoverCheck>,
}

impl HandoverState {
    /// State of the site with what the draft says of displays.
    pub(super) async fn load(
        app: &ApiListener,
        draft: &HandoverDraft,
        lang: Language,
    ) -> Result<Self, ApiError> {
        let mut devices = present_devices(app).await?;
        for (point, note) in &draft.displays {
            if let Some(found) = find_point_mut(&mut devices, point) {
                // The reading of the moment at which the display was read.
                found.set_value(ExactNumber::parse(&note.reading), None);
                found.display = Some(note.display.clone());
            }
        }
        let history = app.state().store.list_calibrations().await?;
        let site = CheckedSite {
            app,
            draft,
            devices: &devices,
            history: &history,
            lang,
        };
        let checks = site.checks().await?;
        Ok(Self { devices, checks })
    }

    /// Subjects that are missing.
    pub(super) fn missing(&self) -> Vec<String> {
        let missing = self
            .checks
            .iter()
            .filter(|check| check.state == HandoverCheckState::Missing);
        missing.map(|check| check.subject.to_owned()).collect()
    }
}

/// Devices with their identification, fault and last readings.
async fn present_devices(app: &ApiListener) -> Result<Vec<HandoverDevice>, ApiError> {
    let last = app.state().store.latest_samples().await?;
    let board = app.state().board.snapshot();
    let mut devices = devices_from_config(&app.state().config);
    for device in &mut devices {
        let state = board.devices.get(&*device.id);
        if let Some(identity) = state.and_then(|state| state.identity.as_ref()) {
            device.set_identity(identity);
        }
        let fault = state.and_then(|state| state.fault.as_ref());
        device.fault = fault.map(|fault| (fault.reason.word(), fault.detail.clone()));
        for point in &mut device.points {
            let found = last.iter().find(|one| *one.point == *point.id);
            let outcome = found.map(|one| &one.sample.outcome);
            let reason = outcome.and_then(SampleOutcome::reason);
            point.set_value(
                outcome.and_then(SampleOutcome::number),
                reason.map(QualityReason::word),
            );
        }
    }
    Ok(devices)
}

/// The PDF of a draft.
pub(super) async fn render_draft(
    app: &ApiListener,
    draft: &HandoverDraft,
    state: HandoverState,
    lang: Language,
) -> Result<Vec<u8>, ApiError> {
    let mut photos = Vec::new();
    for (index, photo) in draft.photos.iter().enumerate() {
        photos.extend(read_photo(app, index, photo).await?);
    }
    let config = Arc::clone(&app.state().config);
    let calibrations = app.state().store.list_calibrations().await?;
    let soak = last_soak(app).await?.map(|note| note.result);
    let now = app.now();
    let draft = draft.clone();
    let rendered = tokio::task::spawn_blocking(move || {
        let record = HandoverRecord {
            config: &config,
            lang,
            now,
            devices: state.devices,
            soak,
            photos,
            calibrations,
            technician: draft.technician.signer(),
            receiver: draft.receiver.signer(),
            checks: state.checks,
            remark: draft.remark,
        };
        render_document(&record.to_document(), ReportFormat::Pdf)
    });
    let failed = |why: &dyn std::fmt::Display| {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, why.to_string())
    };
    let rendered = rendered.await.map_err(|fault| failed(&fault))?;
    rendered.map_err(|fault| failed(&fault))
}

/// A photo for the document; `None` for a file that is no picture.
async fn read_photo(
    app: &ApiListener,
    index: usize,
    photo: &PhotoNote,
) -> Result<Option<ReportPhoto>, ApiError> {
    let mut file = open_checked(app, &photo.sha256).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = file.next_piece().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(PictureFile::read(bytes).map(|picture| ReportPhoto {
        id: format!("photo-{}", index + 1),
        name: photo.name.clone(),
        sha256: photo.sha256.clone(),
        picture,
    }))
}

/// Keeps the document of a draft that both have confirmed, and the record of it; returns the number
/// of the record.
pub(super) async fn sign(
    app: &ApiListener,
    draft: &HandoverDraft,
    lang: Language,
) -> Result<u64, ApiError> {
    let state = HandoverState::load(app, draft, lang).await?;
    let missing = state.missing();
    let pdf = render_draft(app, draft, state, lang).await?;
    let store = &app.state().store;
    let mut upload = store.begin_attachment().await?;
    for piece in pdf.chunks(PIECE_BYTES) {
        upload.write(Bytes::copy_from_slice(piece)).await?;
    }
    let kept = keep_upload(app, upload, &file_name(app, app.now())).await?;
    let signed = SignedHandover {
        pdf: kept.sha256.clone(),
        technician: draft.technician.clone(),
        receiver: draft.receiver.clone(),
        missing,
        remark: draft.remark.clone(),
        revision: app.state().config.revision_id(),
    };
    let what = format!(
        "by {} and {}, {}, SHA-256 {}",
        signed.technician.name,
        signed.receiver.name,
        match &*signed.missing {
            [] => "nothing missing".to_owned(),
            missing => format!("missing: {}", missing.join(", ")),
        },
        signed.pdf
    );
    let body = serde_json::to_string(&signed).unwrap_or_default();
    let id = store.append_handover(body, what).await?;
    HandoverDraft::default().keep(app).await?;
    Ok(id)
}

fn file_name(app: &ApiListener, at: UtcMs) -> String {
    let day = app.local_today(at);
    format!("serah-terima-{}-{day}.pdf", app.site().id)
}

/// `/teknisi/serah-terima/berkas`: the record as it would be signed now.
pub(super) async fn draft_file(asked: PageRequest) -> Result<Response, ApiError> {
    let PageRequest { app, uri, headers } = &asked;
    let lang = PageFrame::new(app, "teknisi", uri, headers).lang;
    let draft = HandoverDraft::read(app).await?;
    let state = HandoverState::load(app, &draft, lang).await?;
    let pdf = render_draft(app, &draft, state, lang).await?;
    Ok((pdf_headers(&file_name(app, app.now())), pdf).into_response())
}

/// `/teknisi/serah-terima/berkas/{id}`: a signed record, byte by byte as it was signed.
pub(super) async fn signed_file(
    State(app): State<ApiListener>,
    Path(id): Path<u64>,
) -> Result<Response, ApiError> {
    let records = app.state().store.handovers().await?;
    let found = records.iter().find(|record| record.id == id);
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "no such record");
    let record = found.ok_or_else(unknown)?;
    let signed: SignedHandover = serde_json::from_str(&record.body).map_err(|_| unknown())?;
    let file = open_checked(&app, &signed.pdf).await?;
    let name = file_name(&app, record.at);
    Ok((pdf_headers(&name), stream_file(Bytes::new(), file)).into_response())
}

fn pdf_headers(name: &str) -> [(header::HeaderName, String); 3] {
    [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("inline; filename=\"{name}\""),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
}
