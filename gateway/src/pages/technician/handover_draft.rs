//! [`HandoverDraft`]: the record of a hand-over before it is signed; [`SignedHandover`]: after it.

use super::draft_note::{keep_draft, read_draft};
use crate::api::ApiListener;
use crate::domain::UtcMs;
use crate::handover::HandoverSigner;
use crate::storage::StoreError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the note.
const DRAFT_NOTE: &str = "handover";

/// Record that is not signed yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct HandoverDraft {
    /// Values that displays showed, by point.
    pub(super) displays: BTreeMap<String, DisplayNote>,
    pub(super) photos: Vec<PhotoNote>,
    pub(super) technician: SignerNote,
    pub(super) receiver: SignerNote,
    /// Further agreements of the two.
    #[serde(default)]
    pub(super) remark: String,
}

/// Display of a point, with the reading of the same moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct DisplayNote {
    /// As typed.
    pub(super) display: String,
    /// Reading in the digits of the device.
    pub(super) reading: String,
}

/// Photo, kept as the receipts of the ledger are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PhotoNote {
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

/// Person who hands over or takes over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SignerNote {
    pub(super) name: String,
    pub(super) position: String,
    /// Time of the confirmation, milliseconds since 1970 UTC.
    pub(super) confirmed: Option<i64>,
}

/// Signed record; its document is an attachment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SignedHandover {
    /// SHA-256 of the PDF.
    pub(super) pdf: String,
    pub(super) technician: SignerNote,
    pub(super) receiver: SignerNote,
    /// Subjects that were missing, words of `handover-subject-WORD`.
    pub(super) missing: Vec<String>,
    pub(super) remark: String,
    /// Configuration at the time.
    pub(super) revision: String,
}

impl HandoverDraft {
    /// The draft; an empty one where there is none.
    pub(super) async fn read(app: &ApiListener) -> Result<Self, StoreError> {
        read_draft(app, DRAFT_NOTE).await
    }

    /// Keeps the draft; an empty one is removed.
    pub(super) async fn keep(&self, app: &ApiListener) -> Result<(), StoreError> {
        keep_draft(app, DRAFT_NOTE, self).await
    }

    /// Takes the confirmations back: what was confirmed is another record now.
    pub(super) fn take_back_confirmations(&mut self) {
        self.technician.confirmed = None;
        self.receiver.confirmed = None;
    }

    /// Whether both have confirmed it.
    pub(super) fn is_signed(&self) -> bool {
        self.technician.confirmed.is_some() && self.receiver.confirmed.is_some()
    }
}

impl SignerNote {
    /// The signer for the document.
    pub(super) fn signer(&self) -> HandoverSigner {
        HandoverSigner {
            name: self.name.clone(),
            position: self.position.clone(),
            confirmed: self.confirmed.map(UtcMs),
        }
    }
}
