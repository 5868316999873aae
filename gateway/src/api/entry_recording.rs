//! Recording of ledger entries, the same for the API and the pages: check, duplicates, and the key
//! that records a repeated request once.

use super::ApiListener;
use super::error::ApiError;
use super::request_sender::RequestSender;
use crate::assets::{add_mass_remarks, compared_days};
use crate::domain::ledger::EntryId;
use crate::i18n::Language;
use crate::ledger::{DecimalMark, EntriesAddedJson, EntryBatch, EntryRules, FaultJson, RawEntry};
use crate::limits::ENTRY_KEY_CHARS_MAX;
use crate::storage::{EntryKey, LedgerQuery, StoreError};

/// Entries to be recorded together: all or none.
#[derive(Clone, Debug)]
pub(crate) struct EntryRecording {
    /// Entries with their row numbers.
    pub(crate) rows: Vec<(u64, RawEntry)>,
    /// Decimal sign of the file, if known.
    pub(crate) mark: Option<DecimalMark>,
    /// Records may repeat entries of the ledger.
    pub(crate) again: bool,
    /// User or script that records the entries.
    pub(crate) by: String,
    /// Key of the client, with the content that it stands for.
    pub(crate) key: Option<ClientKey>,
}

/// Key of a client, with the content that it stands for.
#[derive(Clone, Debug)]
pub(crate) struct ClientKey {
    /// The key.
    pub(crate) key: String,
    /// Content of the request, the same text whenever the request is repeated.
    pub(crate) content: String,
}

/// Result of recording.
#[derive(Clone, Debug)]
pub(crate) enum RecordingResult {
    /// The entries are in the ledger, now or since an earlier request with the same key.
    Recorded(EntriesAddedJson),
    /// Nothing was recorded; the batch has the faults.
    Refused(EntryBatch),
}

impl ApiListener {
    /// Checks the entries against the definitions and against entries of the same days.
    pub(crate) async fn check_entries(
        &self,
        recording: &EntryRecording,
    ) -> Result<EntryBatch, StoreError> {
        let rules = self.entry_rules(recording.mark);
        let store = &self.state().store;
        let entries_of = async |from, to| {
            let query = LedgerQuery {
                from: Some(from),
                to: Some(to),
                ..LedgerQuery::default()
            };
            store.all_ledger_entries(query).await
        };
        let rows = recording.rows.iter().map(|(line, raw)| (*line, raw));
        let mut batch = EntryBatch::check(rows, &rules, recording.again, entries_of).await?;
        let state = self.state();
        if let Some((from, to)) = compared_days(&state.assets, &batch) {
            let query = LedgerQuery {
                from: Some(from),
                to: Some(to),
                ..LedgerQuery::default()
            };
            let kept = store.all_ledger_entries(query).await?;
            add_mass_remarks(&state.assets, &state.definitions, &mut batch, &kept);
        }
        Ok(batch)
    }

    /// Rules that entries are checked against at present.
    pub(crate) fn entry_rules(&self, mark: Option<DecimalMark>) -> EntryRules<'_> {
        let stamp = self.state().clock.now();
        EntryRules {
            definitions: &self.state().definitions,
            today: stamp.trusted.then(|| self.local_today(stamp.at)),
            zone: self.0.zone.clone(),
            mark,
        }
    }

    /// Records the entries. A key that was used before records nothing and gives the first answer.
    pub(crate) async fn record_entries(
        &self,
        recording: EntryRecording,
        lang: Language,
    ) -> Result<RecordingResult, StoreError> {
        // The repeated entries are in the ledger already, so the check would call them duplicates.
        if let Some(key) = &recording.key
            && let Some(earlier) = self.repeated_entries(key).await?
        {
            return Ok(RecordingResult::Recorded(earlier));
        }
        let mut key = recording.key.clone().map(ClientKey::entry_key);
        let checked = self.check_entries(&recording).await?;
        if !checked.faults.is_empty() {
            return Ok(RecordingResult::Refused(checked));
        }
        let remarks = checked.remarks.iter();
        let remarks: Vec<FaultJson> = remarks
            .map(|told| FaultJson::from_row_remark(told, lang))
            .collect();
        let note = serde_json::to_string(&remarks).unwrap_or_default();
        if let Some(key) = &mut key {
            // A repeated request gets the remarks of the first.
            key.note.clone_from(&note);
        }
        let keyed = key.is_some();
        let statements = checked.good.into_iter().map(|(_, statement)| statement);
        // Who is signed in counts, whatever a request or a page says.
        let signed_in = RequestSender::current().recorded_name();
        let by = signed_in.unwrap_or(recording.by);
        let store = &self.state().store;
        let added = store
            .append_ledger_once(statements.collect(), &by, key)
            .await?;
        // A request with the same key may have come in between; its answer is given then.
        let note = if keyed { &added.note } else { &note };
        Ok(RecordingResult::Recorded(added_json(added.ids, note)))
    }

    /// Answer of an earlier request with this key; `None` when the key is new.
    pub(crate) async fn repeated_entries(
        &self,
        key: &ClientKey,
    ) -> Result<Option<EntriesAddedJson>, StoreError> {
        let earlier = self.state().store.keyed_entries(key.clone().entry_key());
        let earlier = earlier.await?;
        Ok(earlier.map(|earlier| added_json(earlier.ids, &earlier.note)))
    }
}

fn added_json(ids: Vec<EntryId>, note: &str) -> EntriesAddedJson {
    EntriesAddedJson {
        ids,
        // The entries are in the ledger, whether the remarks can be read or not.
        remarks: serde_json::from_str(note).unwrap_or_default(),
    }
}

impl ClientKey {
    /// Checks a key: letters, digits, `-` and `_`.
    pub(crate) fn check(key: &str) -> Result<(), ApiError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if (1..=ENTRY_KEY_CHARS_MAX).contains(&key.len()) && key.chars().all(plain) {
            return Ok(());
        }
        let expected = format!("1 to {ENTRY_KEY_CHARS_MAX} letters, digits, `-` or `_`");
        Err(ApiError::bad_parameter("key", key, expected))
    }

    fn entry_key(self) -> EntryKey {
        EntryKey {
            key: self.key,
            content: self.content,
            note: String::new(),
        }
    }
}
