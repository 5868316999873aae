//! Errors of the store, as sentences for people.

use crate::i18n::Language;
use crate::storage::StoreError;

/// Cause of an error of the disk, in plain words.
pub(crate) fn store_fault_text(fault: &StoreError, lang: Language) -> String {
    match fault {
        _ if fault.is_disk_full() => lang.text("io-full"),
        StoreError::FileGone { file, .. } => {
            let file = file.display().to_string();
            lang.text_with("store-fault-gone", &[("file", &file)])
        }
        StoreError::ReadOnly(place) => {
            let file = place.display().to_string();
            lang.text_with("store-fault-read-only", &[("file", &file)])
        }
        StoreError::Disk { why, .. } => lang.text_with("store-fault-disk", &[("why", why)]),
        other => lang.text_with("store-fault-disk", &[("why", &other.to_string())]),
    }
}
