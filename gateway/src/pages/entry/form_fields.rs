//! [`FormFields`]: what a browser sends with a form of these pages, read piece by piece. The routes
//! take it as a [`SentForm`].

use crate::api::attachments::keep_upload;
use crate::api::error::ApiError;
use crate::api::{ApiListener, DroppedBytes};
use crate::domain::ledger::Attachment;
use crate::limits::{ATTACHMENT_BYTES_MAX, FORM_FIELDS_MAX, LEDGER_FILE_BYTES_MAX};
use crate::pages::page_frame::{PageFrame, render_failure};
use crate::pages::page_request::PageRequest;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::BTreeMap;

/// Name of the field whose file is a photo.
const PHOTO_FIELD: &str = "photo";

/// Fields of a form (`multipart/form-data`, RFC 7578).
///
/// A photo goes to disk as it comes, so that it needs little memory whatever its size is. A file
/// that is too large is read to its end and dropped: the page can then say so, with everything else
/// that was typed still in it.
#[derive(Debug, Default)]
pub(in crate::pages) struct FormFields {
    texts: BTreeMap<String, String>,
    /// The table, when one was chosen.
    pub(super) file: Option<UploadedFile>,
    /// The photo, when one was taken.
    pub(in crate::pages) photo: Option<FormPhoto>,
    /// True when the file, or the form as a whole, was larger than allowed.
    pub(in crate::pages) too_large: bool,
}

/// Photo of a form, which is stored already.
#[derive(Debug)]
pub(in crate::pages) struct FormPhoto {
    /// Its name and hash.
    pub(in crate::pages) kept: Attachment,
    checksum: u32,
}

/// Where the fields of a form go.
struct FormReader<'a> {
    app: &'a ApiListener,
    /// Told of bytes that are no longer held in memory.
    dropped: &'a (dyn Fn(usize) + Send + Sync),
}

/// Table of a form.
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
        if let Some(photo) = &self.photo {
            said.push(format!("file={:08x}", photo.checksum));
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
        reader: &FormReader<'_>,
    ) -> Result<bool, ApiError> {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        if let (PHOTO_FIELD, Some(file)) = (&*name, &file) {
            return self.read_photo(field, file, reader).await;
        }
        // The texts of a form share one limit: many fields must not take more memory than one.
        let most = match file {
            Some(_) => LEDGER_FILE_BYTES_MAX,
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
                    (reader.dropped)(bytes.len() + chunk.len());
                    bytes = Vec::new();
                }
                Ok(None) => break,
                Err(fault) => return self.end_with(&fault),
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

    /// Reads a photo into the store; false when the form ends here.
    async fn read_photo(
        &mut self,
        mut field: Field<'_>,
        name: &str,
        reader: &FormReader<'_>,
    ) -> Result<bool, ApiError> {
        let mut upload = None;
        let mut checksum = crc32fast::Hasher::new();
        let mut bytes = 0;
        loop {
            let chunk = match field.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(fault) => return self.end_with(&fault),
            };
            let count = chunk.len();
            // An input without a chosen photo makes no file.
            if bytes == 0 && count > 0 {
                upload = Some(reader.app.state().store.begin_attachment().await?);
            }
            bytes += count;
            if bytes > ATTACHMENT_BYTES_MAX {
                self.too_large = true;
                upload = None;
            }
            checksum.update(&chunk);
            if let Some(open) = &mut upload {
                open.write(chunk).await?;
            }
            // On disk: others may use the memory of it.
            (reader.dropped)(count);
        }
        if let Some(upload) = upload {
            self.photo = Some(FormPhoto {
                kept: keep_upload(reader.app, upload, name).await?,
                checksum: checksum.finalize(),
            });
        }
        Ok(true)
    }

    /// Ends the form at a fault of its body: false when it was too large.
    fn end_with(&mut self, fault: &MultipartError) -> Result<bool, ApiError> {
        if fault.status() == StatusCode::PAYLOAD_TOO_LARGE {
            self.too_large = true;
            return Ok(false);
        }
        Err(ApiError::new(fault.status(), fault.body_text()))
    }
}

impl FromRequest<ApiListener> for FormFields {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &ApiListener) -> Result<Self, ApiError> {
        let mut form = Self::default();
        let dropped = request.extensions().get::<DroppedBytes>().cloned();
        let dropped = move |bytes| {
            if let Some(DroppedBytes(drop_bytes)) = &dropped {
                drop_bytes(bytes);
            }
        };
        let parts = Multipart::from_request(request, app).await;
        let mut parts = parts.map_err(|fault| ApiError::new(fault.status(), fault.body_text()))?;
        let reader = FormReader {
            app,
            dropped: &dropped,
        };
        for _ in 0..FORM_FIELDS_MAX {
            match parts.next_field().await {
                Ok(Some(field)) => {
                    if !form.read_field(field, &reader).await? {
                        break;
                    }
                }
                Ok(None) => break,
                Err(fault) => {
                    form.end_with(&fault)?;
                    break;
                }
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
