//! [`FormFields`]: what a browser sends with a form of these pages, read piece by piece. The routes
//! take it as a [`SentForm`].

use crate::api::error::ApiError;
use crate::api::{ApiListener, DroppedBytes};
use crate::limits::{FORM_FIELDS_MAX, FORM_PHOTO_BYTES_MAX, LEDGER_FILE_BYTES_MAX};
use crate::pages::page_frame::{PageFrame, render_failure};
use crate::pages::page_request::PageRequest;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::BTreeMap;

/// Fields of a form (`multipart/form-data`, RFC 7578).
///
/// A file that is too large is read to its end and dropped: the page can then say so, with
/// everything else that was typed still in it.
#[derive(Debug, Default)]
pub(super) struct FormFields {
    texts: BTreeMap<String, String>,
    /// The file, when one was chosen.
    pub(super) file: Option<UploadedFile>,
    /// True when the file, or the form as a whole, was larger than allowed.
    pub(super) too_large: bool,
}

/// File of a form.
#[derive(Debug)]
pub(super) struct UploadedFile {
    /// Name that the browser gives.
    pub(super) name: String,
    /// Content.
    pub(super) bytes: Vec<u8>,
}

impl FormFields {
    /// Trimmed text of a field; empty when it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", |text| text.trim())
    }

    /// Trimmed text of a field; `None` when it is missing or empty.
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// The fields that say what is recorded, as one text that is the same when the form is sent
    /// again. `left_out` are fields about the sending.
    pub(super) fn content(&self, left_out: &[&str]) -> String {
        let mut said: Vec<String> = Vec::new();
        for (name, text) in &self.texts {
            if !left_out.contains(&name.as_str()) && !text.trim().is_empty() {
                said.push(format!("{name}={}", text.trim()));
            }
        }
        if let Some(file) = &self.file {
            said.push(format!("file={:08x}", crc32fast::hash(&file.bytes)));
        }
        said.join("\n")
    }

    fn text_bytes(&self) -> usize {
        let texts = self.texts.iter();
        texts.map(|(name, text)| name.len() + text.len()).sum()
    }

    /// Reads one field; false when the form ends here because it is too large.
    async fn read_field(
        &mut self,
        mut field: Field<'_>,
        dropped: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<bool, ApiError> {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        // The texts of a form share one limit: many fields must not take more memory than one.
        let most = match file {
            Some(_) => FORM_PHOTO_BYTES_MAX,
            None => LEDGER_FILE_BYTES_MAX.saturating_sub(self.text_bytes()),
        };
        let mut bytes = Vec::new();
        let mut is_whole = true;
        loop {
            match field.chunk().await {
                Ok(Some(chunk)) if is_whole && bytes.len() + chunk.len() <= most => {
                    bytes.extend_from_slice(&chunk);
                }
                Ok(Some(chunk)) => {
                    is_whole = false;
                    dropped(bytes.len() + chunk.len());
                    bytes = Vec::new();
                }
                Ok(None) => break,
                Err(fault) if fault.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                    self.too_large = true;
                    return Ok(false);
                }
                Err(fault) => return Err(ApiError::new(fault.status(), fault.body_text())),
            }
        }
        self.too_large |= !is_whole;
        match file {
            Some(name) if is_whole && !bytes.is_empty() => {
                self.file = Some(UploadedFile { name, bytes });
            }
            Some(_) => {}
            None => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.texts.insert(name, text);
            }
        }
        Ok(true)
    }
}

impl<S: Send + Sync> FromRequest<S> for FormFields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let mut form = Self::default();
        let dropped = request.extensions().get::<DroppedBytes>().cloned();
        let dropped = move |bytes| {
            if let Some(DroppedBytes(drop_bytes)) = &dropped {
                drop_bytes(bytes);
            }
        };
        let parts = Multipart::from_request(request, state).await;
        let mut parts = parts.map_err(|fault| ApiError::new(fault.status(), fault.body_text()))?;
        for _ in 0..FORM_FIELDS_MAX {
            match parts.next_field().await {
                Ok(Some(field)) => {
                    if !form.read_field(field, &dropped).await? {
                        break;
                    }
                }
                Ok(None) => break,
                Err(fault) if fault.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                    form.too_large = true;
                    break;
                }
                Err(fault) => return Err(ApiError::new(fault.status(), fault.body_text())),
            }
        }
        Ok(form)
    }
}

/// Form that was sent to one of these pages, with the frame of the page that answers. A form that
/// cannot be read is answered by the page of its fault.
pub(super) struct SentForm {
    pub(super) asked: PageRequest,
    pub(super) frame: PageFrame,
    pub(super) form: FormFields,
}

impl FromRequest<ApiListener> for SentForm {
    type Rejection = Response;

    async fn from_request(request: Request, app: &ApiListener) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let asked = PageRequest::of_parts(&parts, app);
        let frame = PageFrame::new(app, "catat", &asked.uri, &asked.headers);
        match FormFields::from_request(Request::from_parts(parts, body), app).await {
            Ok(form) => Ok(Self { asked, frame, form }),
            Err(error) => Err(render_failure(&asked.uri, frame, &error)),
        }
    }
}
