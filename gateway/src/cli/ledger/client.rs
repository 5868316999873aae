//! Ledger for a command.

use crate::api::client::ApiClient;
use crate::assets::{Asset, add_mass_remarks, compared_days};
use crate::cli::backend::{current_user, local_date, open_client};
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::ledger::{Attachment, EntryId, EntryStatement, LedgerEntry};
use crate::domain::site_zone::SiteZone;
use crate::i18n::Language;
use crate::indicators::with_measured_figures;
use crate::ledger::{
    DecimalMark, EntryBatch, EntryBatchRequest, EntryRequest, EntryRules, IndicatorDefinitions,
    RawEntry,
};
use crate::limits::ATTACHMENT_BYTES_MAX;
use crate::storage::{LedgerQuery, StoreAccess};
use jiff::civil::Date;
use std::path::Path;

pub(super) struct LedgerClient {
    api: ApiClient,
    pub(super) definitions: IndicatorDefinitions,
    pub(super) assets: Vec<Asset>,
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
        let now = Clock::system().now();
        Ok(Self {
            api: open_client(config, access).await?,
            definitions: with_measured_figures(config),
            assets: config.assets.clone(),
            zone: config.site.timezone.clone(),
            // An entry dated by a wrong clock would count in a wrong period.
            today: now.trusted.then(|| local_date(config, now.at)),
            lang,
        })
    }

    pub(super) async fn close(self) {
        self.api.close().await;
    }

    /// All entries of a query.
    pub(super) async fn entries(
        &mut self,
        query: LedgerQuery,
    ) -> Result<Vec<LedgerEntry>, CommandError> {
        Ok(self.api.ledger_entries(query).await?)
    }

    /// Chain of corrections of an entry.
    pub(super) async fn correction_chain(
        &mut self,
        id: EntryId,
    ) -> Result<Vec<LedgerEntry>, CommandError> {
        Ok(self.api.correction_chain(id, self.lang).await?)
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
        let about = std::fs::metadata(file).reading(file)?;
        if about.len() > ATTACHMENT_BYTES_MAX as u64 {
            let why = format!("{}: more than {ATTACHMENT_BYTES_MAX} bytes", file.display());
            return Err(CommandError::Usage(why));
        }
        let bytes = std::fs::read(file).reading(file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Ok(self.api.save_attachment(&name, bytes).await?)
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
        let api = &mut self.api;
        let entries_of = async |from, to| {
            let query = LedgerQuery {
                from: Some(from),
                to: Some(to),
                ..LedgerQuery::default()
            };
            api.ledger_entries(query).await
        };
        let mut batch = EntryBatch::check(rows, &rules, again, entries_of).await?;
        if let Some((from, to)) = compared_days(&self.assets, &batch) {
            let query = LedgerQuery {
                from: Some(from),
                to: Some(to),
                ..LedgerQuery::default()
            };
            let kept = self.api.ledger_entries(query).await?;
            add_mass_remarks(&self.assets, &self.definitions, &mut batch, &kept);
        }
        Ok(batch)
    }

    /// Writes entries; the API checks them as `check_rows` does, since others may have written
    /// meanwhile.
    pub(super) async fn add_statements(
        &mut self,
        statements: &[EntryStatement],
        again: bool,
    ) -> Result<Vec<EntryId>, CommandError> {
        let batch = EntryBatchRequest {
            entries: statements
                .iter()
                .map(EntryRequest::from_statement)
                .collect(),
            again,
            // The gateway runs as another user, so the command names the person.
            recorded_by: Some(current_user()),
            key: None,
        };
        Ok(self.api.add_entries(&batch, self.lang).await?.ids)
    }
}
