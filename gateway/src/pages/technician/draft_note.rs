//! Work that is not finished, as JSON in a note of the store.

use crate::api::ApiListener;
use crate::storage::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The draft under a name; an empty one where there is none, or one of another version.
pub(super) async fn read_draft<T: Default + DeserializeOwned>(
    app: &ApiListener,
    name: &str,
) -> Result<T, StoreError> {
    let note = app.state().store.technician_note(name).await?;
    let draft = note.and_then(|text| serde_json::from_str(&text).ok());
    Ok(draft.unwrap_or_default())
}

/// Keeps a draft; an empty one is removed.
pub(super) async fn keep_draft<T: Default + PartialEq + Serialize>(
    app: &ApiListener,
    name: &str,
    draft: &T,
) -> Result<(), StoreError> {
    let body = (*draft != T::default()).then(|| serde_json::to_string(draft).unwrap_or_default());
    app.state().store.keep_technician_note(name, body).await
}
