//! [`PlainForm`]: the fields of a form without files, and [`CarriedForm`], the fields of any form
//! that must go through the sign-in first.

use crate::api::error::ApiError;
use crate::limits::PLAIN_FORM_BYTES_MAX;
use axum::Form;
use axum::extract::multipart::Multipart;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Query, Request};
use axum::http::{StatusCode, Uri, header};

/// Fields in the order of the form.
#[derive(Debug, Default)]
pub(crate) struct PlainForm(Vec<(String, String)>);

/// Fields of a form that was sent without a session; files are left out.
#[derive(Debug, Default)]
pub(crate) struct CarriedForm {
    pub(crate) fields: Vec<(String, String)>,
    /// It was sent as `multipart/form-data`, and must be sent again so.
    pub(crate) is_multipart: bool,
    /// It had files, or was too large to be read.
    pub(crate) is_cut: bool,
}

impl PlainForm {
    /// Fields of a form that was sent in the address; none where that cannot be read.
    pub(crate) fn of_query(uri: &Uri) -> Self {
        let fields = Query::<Vec<(String, String)>>::try_from_uri(uri);
        fields.map_or_else(|_| Self::default(), |Query(fields)| Self(fields))
    }

    /// Value of a field; empty when the form does not have it.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    /// Value of a field without spaces around it.
    pub(crate) fn trimmed(&self, name: &str) -> &str {
        self.text(name).trim()
    }

    /// Fields whose name begins with a prefix, without it.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Vec<(String, String)> {
        let all = self.0.iter();
        let own = |(name, value): &(String, String)| {
            let name = name.strip_prefix(prefix)?;
            Some((name.to_owned(), value.clone()))
        };
        all.filter_map(own).collect()
    }
}

impl<S: Send + Sync> FromRequest<S> for PlainForm {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, ApiError> {
        DefaultBodyLimit::max(PLAIN_FORM_BYTES_MAX).apply(&mut request);
        let form = Form::<Vec<(String, String)>>::from_request(request, state).await;
        form.map(|Form(fields)| Self(fields))
            .map_err(|fault| form_error(&fault))
    }
}

impl CarriedForm {
    /// Reads as much of the form of a request as can be carried.
    pub(crate) async fn read(request: Request) -> Self {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.map_or(&b""[..], |kind| kind.as_bytes());
        if kind.starts_with(b"multipart/form-data") {
            return Self::read_multipart(request).await;
        }
        let form = PlainForm::from_request(request, &()).await;
        Self {
            is_cut: form.is_err(),
            fields: form.unwrap_or_default().0,
            is_multipart: false,
        }
    }

    async fn read_multipart(request: Request) -> Self {
        let mut form = Self {
            is_multipart: true,
            ..Self::default()
        };
        let Ok(mut parts) = Multipart::from_request(request, &()).await else {
            form.is_cut = true;
            return form;
        };
        let mut bytes = 0;
        loop {
            let field = match parts.next_field().await {
                Ok(Some(field)) => field,
                Ok(None) => return form,
                Err(_) => break,
            };
            let name = field.name().unwrap_or_default().to_owned();
            if let Some(file) = field.file_name() {
                // An input without a chosen file is sent with an empty name.
                form.is_cut |= !file.is_empty();
                continue;
            }
            let Ok(text) = field.text().await else { break };
            bytes += name.len() + text.len();
            if bytes > PLAIN_FORM_BYTES_MAX {
                break;
            }
            form.fields.push((name, text));
        }
        form.is_cut = true;
        form
    }
}

fn form_error(fault: &FormRejection) -> ApiError {
    let status = match fault {
        FormRejection::InvalidFormContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FormRejection::BytesRejection(_) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    ApiError::new(status, "this is not a form of the page")
}
