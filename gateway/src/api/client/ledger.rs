//! Ledger entries, attachments and calibrations.

use super::{ApiClient, ApiClientError, path_with_query};
use crate::domain::calibration::CalibrationHistory;
use crate::domain::ledger::{Attachment, EntryId, LedgerEntry};
use crate::i18n::Language;
use crate::ledger::{
    AttachmentJson, CalibrationJson, CalibrationRequest, EntriesAddedJson, EntryBatchRequest,
    EntryJson,
};
use crate::storage::LedgerQuery;

impl ApiClient {
    /// All ledger entries of a query.
    pub(crate) async fn ledger_entries(
        &mut self,
        mut query: LedgerQuery,
    ) -> Result<Vec<LedgerEntry>, ApiClientError> {
        // The API answers one page; the next one begins after its last id.
        let mut all = Vec::new();
        loop {
            let page: Vec<EntryJson> = self.get_json(&entries_path(&query)).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            query.after = last.id;
            all.extend(parse_entries(&page)?);
        }
    }

    /// Chain of corrections of an entry.
    pub(crate) async fn correction_chain(
        &mut self,
        id: EntryId,
        lang: Language,
    ) -> Result<Vec<LedgerEntry>, ApiClientError> {
        let path = format!("/api/v1/ledger/{id}?lang={}", lang.code());
        let chain: Vec<EntryJson> = self.get_json(&path).await?;
        parse_entries(&chain)
    }

    /// Stores a receipt or photo.
    pub(crate) async fn save_attachment(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<Attachment, ApiClientError> {
        let path = path_with_query("/api/v1/ledger/attachments", &[("name", Some(name))]);
        let answer = self.post(&path, "application/octet-stream", bytes).await?;
        let kept: AttachmentJson = answer.json().await?;
        Ok(kept.to_attachment())
    }

    /// Writes ledger entries: all or none.
    pub(crate) async fn add_entries(
        &mut self,
        batch: &EntryBatchRequest,
        lang: Language,
    ) -> Result<EntriesAddedJson, ApiClientError> {
        let path = format!("/api/v1/ledger?lang={}", lang.code());
        self.post_json(&path, batch).await
    }

    /// All calibrations.
    pub(crate) async fn calibrations(&mut self) -> Result<CalibrationHistory, ApiClientError> {
        let all: Vec<CalibrationJson> = self.get_json("/api/v1/calibrations").await?;
        let entries: Option<Vec<_>> = all.iter().map(CalibrationJson::entry).collect();
        let entries = entries.ok_or(ApiClientError::Unreadable)?;
        Ok(CalibrationHistory::new(entries))
    }

    /// Writes a calibration, or the withdrawal of one.
    pub(crate) async fn add_calibration(
        &mut self,
        request: &CalibrationRequest,
        lang: Language,
    ) -> Result<CalibrationJson, ApiClientError> {
        let path = format!("/api/v1/calibrations?lang={}", lang.code());
        self.post_json(&path, request).await
    }
}

fn parse_entries(page: &[EntryJson]) -> Result<Vec<LedgerEntry>, ApiClientError> {
    let entries: Option<Vec<_>> = page.iter().map(EntryJson::entry).collect();
    entries.ok_or(ApiClientError::Unreadable)
}

fn entries_path(query: &LedgerQuery) -> String {
    let [from, to] = [query.from, query.to].map(|day| day.map(|day| day.to_string()));
    let (superseded, after) = (query.superseded.to_string(), query.after.to_string());
    let parameters = [
        ("superseded", Some(&*superseded)),
        ("after", Some(&*after)),
        ("from", from.as_deref()),
        ("to", to.as_deref()),
        ("indicator", query.indicator.as_deref()),
    ];
    path_with_query("/api/v1/ledger", &parameters)
}
