//! [`FormFields`]: the fields of a form that a browser sends.

use crate::api::error::ApiError;
use crate::limits::FORM_BYTES_MAX;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::StatusCode;

/// Fields in the order of the form.
#[derive(Debug, Default)]
pub(crate) struct FormFields(Vec<(String, String)>);

impl FormFields {
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

impl<S: Send + Sync> FromRequest<S> for FormFields {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, ApiError> {
        DefaultBodyLimit::max(FORM_BYTES_MAX).apply(&mut request);
        let form = Form::<Vec<(String, String)>>::from_request(request, state).await;
        form.map(|Form(fields)| Self(fields)).map_err(form_error)
    }
}

fn form_error(fault: FormRejection) -> ApiError {
    let status = match &fault {
        FormRejection::InvalidFormContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FormRejection::BytesRejection(_) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    ApiError::new(status, "this is not a form of the page")
}
