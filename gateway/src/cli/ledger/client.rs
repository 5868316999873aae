//! Ledger for a command: from the running gateway, or from the store when no gateway runs.

use crate::cli::backend::{Backend, CommandError, current_user, percent_encode, report_failure};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::ledger::{
    Attachment, EntryId, EntryKind, EntryStatement, EntryTime, LedgerEntry,
};
use crate::domain::site_zone::SiteZone;
use crate::i18n::Language;
use crate::ledger::{
    AttachmentJson, DecimalMark, EntriesAddedJson, EntryBatch, EntryBatchRequest, EntryJson,
    EntryRequest, EntryRules, IndicatorDefinitions, RawEntry,
};
use crate::limits::ATTACHMENT_BYTES_MAX;
use crate::storage::{LedgerQuery, StoreAccess, StoreError};
use http_body_util::BodyExt;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

pub(super) struct LedgerClient {
    way: Backend,
    pub(super) definitions: IndicatorDefinitions,
    pub(super) zone: SiteZone,
    /// Date at the site; `None` while the clock is not trusted.
    pub(super) today: Option<Date>,
    pub(super) lang: Language,
}

impl LedgerClient {
    pub(super) async fn open(
        config: &Config,
        lang: Language,
        access: StoreAccess,
    ) -> Result<Self, CommandError> {
        let zone = config.site.timezone.clone();
        let now = Clock::system().now();
        let today = zone.date(now.at);
        Ok(Self {
            way: Backend::open(config, access).await?,
            definitions: config.definitions.clone(),
            zone,
            // An entry dated by a wrong clock would count in a wrong period.
            today: now.trusted.then_some(today),
            lang,
        })
    }

    pub(super) async fn close(self) {
        self.way.close().await;
    }

    /// Prints the failure in the language of the call; returns exit status 1.
    pub(super) fn report_failure(trouble: &CommandError, lang: Language) -> u8 {
        let words = match trouble {
            CommandError::Store(StoreError::Superseded { entry, current }) => {
                let (entry, current) = (entry.to_string(), current.to_string());
                lang.text_with(
                    "ledger-superseded",
                    &[("entry", &entry), ("current", &current)],
                )
            }
            CommandError::Store(StoreError::UnknownEntry(entry)) => {
                lang.text_with("ledger-unknown-entry", &[("entry", &entry.to_string())])
            }
            _ => return report_failure(trouble, lang),
        };
        report_failure(&CommandError::Refused(words), lang)
    }

    /// All entries of a query.
    pub(super) async fn entries(
        &mut self,
        mut query: LedgerQuery,
    ) -> Result<Vec<LedgerEntry>, CommandError> {
        if let Backend::Store(store) = &self.way {
            return Ok(store.all_ledger_entries(query).await?);
        }
        // The API answers one page; the next one begins after its last id.
        let mut all = Vec::new();
        loop {
            let page: Vec<EntryJson> = self.get_json(&query_path(&query)).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            query.after = last.id;
            for one in &page {
                all.push(one.entry().ok_or_else(unreadable_answer)?);
            }
        }
    }

    /// Chain of corrections of an entry.
    pub(super) async fn correction_chain(
        &mut self,
        id: EntryId,
    ) -> Result<Vec<LedgerEntry>, CommandError> {
        if let Backend::Store(store) = &self.way {
            return Ok(store.correction_chain(id).await?);
        }
        let path = format!("/api/v1/ledger/{id}?lang={}", self.lang.code());
        let chain: Vec<EntryJson> = self.get_json(&path).await?;
        let entries = chain
            .iter()
            .map(EntryJson::entry)
            .collect::<Option<Vec<_>>>();
        entries.ok_or_else(unreadable_answer)
    }

    /// Stores receipts and photos.
    pub(super) async fn attach_files(
        &mut self,
        files: &[impl AsRef<Path>],
    ) -> Result<Vec<Attachment>, CommandError> {
        let mut kept = Vec::new();
        for file in files {
            kept.push(self.attach_file(file.as_ref()).await?);
        }
        Ok(kept)
    }

    async fn attach_file(&mut self, file: &Path) -> Result<Attachment, CommandError> {
        // The size is checked before the file is read into memory.
        let about = std::fs::metadata(file)?;
        if about.len() > ATTACHMENT_BYTES_MAX as u64 {
            let why = format!("{}: more than {ATTACHMENT_BYTES_MAX} bytes", file.display());
            return Err(CommandError::File(io::Error::other(why)));
        }
        let bytes = std::fs::read(file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let running = match &mut self.way {
            Backend::Store(store) => return Ok(store.save_attachment(&name, bytes).await?),
            Backend::Gateway(running) => running,
        };
        let path = format!("/api/v1/ledger/attachments?name={}", percent_encode(&name));
        let answer = running
            .request_with_media_type("POST", &path, "application/octet-stream", bytes)
            .await?;
        let kept: AttachmentJson = parse_json(&answer.collect().await?.to_bytes())?;
        Ok(kept.to_attachment())
    }

    /// Checks rows, and compares them with the entries that exist.
    pub(super) async fn check_rows<'r>(
        &mut self,
        rows: impl IntoIterator<Item = (u64, &'r RawEntry)>,
        mark: Option<DecimalMark>,
        again: bool,
    ) -> Result<EntryBatch, CommandError> {
        let rules = EntryRules {
            definitions: &self.definitions,
            today: self.today,
            zone: self.zone.rules().clone(),
            mark,
        };
        let mut batch = EntryBatch::check_rows(rows, &rules);
        let days = batch.good.iter().map(|(_, statement)| statement.when);
        // Only the days of the rows can hold duplicates.
        let query = LedgerQuery {
            from: days.clone().map(EntryTime::first).min(),
            to: days.map(EntryTime::last).max(),
            ..LedgerQuery::default()
        };
        // A second target of the same indicator and period is refused even with `--again`.
        let asks = |statement: &EntryStatement| !again || statement.sort != EntryKind::Record;
        if batch.good.iter().any(|(_, statement)| asks(statement)) {
            let kept = self.entries(query).await?;
            batch.flag_duplicates(&kept, again);
        }
        Ok(batch)
    }

    /// Writes entries that were checked before.
    pub(super) async fn add_statements(
        &mut self,
        statements: Vec<EntryStatement>,
        again: bool,
    ) -> Result<Vec<EntryId>, CommandError> {
        // The gateway runs as another user, so the command names the person.
        let by = current_user().unwrap_or_else(|| "cli".to_owned());
        let lang = self.lang.code();
        let running = match &mut self.way {
            Backend::Store(store) => return Ok(store.append_ledger(statements, &by).await?),
            Backend::Gateway(running) => running,
        };
        let batch = EntryBatchRequest {
            entries: statements
                .iter()
                .map(EntryRequest::from_statement)
                .collect(),
            again,
            recorded_by: Some(by),
        };
        let body = serde_json::to_vec(&batch).map_err(io::Error::other)?;
        let path = format!("/api/v1/ledger?lang={lang}");
        let answer = running
            .request_with_media_type("POST", &path, "application/json", body)
            .await?;
        let added: EntriesAddedJson = parse_json(&answer.collect().await?.to_bytes())?;
        Ok(added.ids)
    }

    async fn get_json<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, CommandError> {
        let Backend::Gateway(running) = &mut self.way else {
            return Err(unreadable_answer());
        };
        let answer = running.request("GET", path, "").await?;
        parse_json(&answer.collect().await?.to_bytes())
    }
}

fn query_path(query: &LedgerQuery) -> String {
    let mut path = format!(
        "/api/v1/ledger?superseded={}&after={}",
        query.superseded, query.after
    );
    for (name, value) in [
        ("from", query.from.map(|day| day.to_string())),
        ("to", query.to.map(|day| day.to_string())),
        ("indicator", query.indicator.clone()),
    ] {
        if let Some(value) = value {
            let _ = write!(path, "&{name}={}", percent_encode(&value));
        }
    }
    path
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, CommandError> {
    serde_json::from_slice(body).map_err(|fault| CommandError::File(io::Error::other(fault)))
}

/// Error for an answer that this program cannot read: the gateway may be another version.
fn unreadable_answer() -> CommandError {
    CommandError::File(io::Error::other(
        "this version cannot read the running gateway's answer",
    ))
}
