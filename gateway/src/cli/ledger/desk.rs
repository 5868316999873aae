//! The ledger as a command sees it: in the running gateway, or in the store when none runs.

use crate::cli::running::{Trouble, Way, escaped, failed, user};
use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::{
    Added, Batch, Definitions, EntryJson, FileJson, Mark, Raw, Rules, Sent, SentBatch,
};
use crate::limits::ATTACHMENT_BYTES_MAX;
use crate::model::UtcMs;
use crate::model::ledger::{Attachment, Entry, EntryId, Sort, Statement, When};
use crate::store::{Access, LedgerQuery, StoreError};
use crate::words::Lang;
use http_body_util::BodyExt;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

pub(super) struct Desk {
    way: Way,
    pub(super) definitions: Definitions,
    pub(super) zone: TimeZone,
    /// The site's date; `None` while the clock cannot be believed.
    pub(super) today: Option<Date>,
    pub(super) lang: Lang,
}

impl Desk {
    pub(super) async fn open(config: &Config, lang: Lang, access: Access) -> Result<Self, Trouble> {
        let zone = TimeZone::get(&config.site.timezone).unwrap_or(TimeZone::UTC);
        let now = Clock::system().now();
        let today = day(now.at, &zone);
        Ok(Self {
            way: Way::find(config, access).await?,
            definitions: config.definitions.clone(),
            zone,
            today: now.trusted.then_some(today),
            lang,
        })
    }

    pub(super) async fn close(self) {
        self.way.close().await;
    }

    /// Exit status 1 with the reason, in the language of the call.
    pub(super) fn failed(trouble: &Trouble, lang: Lang) -> u8 {
        let words = match trouble {
            Trouble::Store(StoreError::Superseded { entry, current }) => {
                let (entry, current) = (entry.to_string(), current.to_string());
                lang.say(
                    "ledger-superseded",
                    &[("entry", &entry), ("current", &current)],
                )
            }
            Trouble::Store(StoreError::UnknownEntry(entry)) => {
                lang.say("ledger-unknown-entry", &[("entry", &entry.to_string())])
            }
            _ => return failed(trouble, lang),
        };
        failed(&Trouble::Refused(words), lang)
    }

    /// All entries that answer the query.
    pub(super) async fn entries(&mut self, mut query: LedgerQuery) -> Result<Vec<Entry>, Trouble> {
        if let Way::Own(store) = &self.way {
            return Ok(store.ledger_all(query).await?);
        }
        let mut all = Vec::new();
        loop {
            let page: Vec<EntryJson> = self.get(&path(&query)).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            query.after = last.id;
            for one in &page {
                all.push(one.entry().ok_or_else(garbled)?);
            }
        }
    }

    /// The chain of corrections of an entry.
    pub(super) async fn chain(&mut self, id: EntryId) -> Result<Vec<Entry>, Trouble> {
        if let Way::Own(store) = &self.way {
            return Ok(store.ledger_chain(id).await?);
        }
        let path = format!("/api/v1/ledger/{id}?lang={}", self.lang.code());
        let chain: Vec<EntryJson> = self.get(&path).await?;
        let entries = chain
            .iter()
            .map(EntryJson::entry)
            .collect::<Option<Vec<_>>>();
        entries.ok_or_else(garbled)
    }

    /// Keeps receipts and photos.
    pub(super) async fn attach(
        &mut self,
        files: &[impl AsRef<Path>],
    ) -> Result<Vec<Attachment>, Trouble> {
        let mut kept = Vec::new();
        for file in files {
            kept.push(self.attach_one(file.as_ref()).await?);
        }
        Ok(kept)
    }

    async fn attach_one(&mut self, file: &Path) -> Result<Attachment, Trouble> {
        let about = std::fs::metadata(file)?;
        if about.len() > ATTACHMENT_BYTES_MAX as u64 {
            let why = format!("{}: more than {ATTACHMENT_BYTES_MAX} bytes", file.display());
            return Err(Trouble::File(io::Error::other(why)));
        }
        let bytes = std::fs::read(file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let running = match &mut self.way {
            Way::Own(store) => return Ok(store.attach(&name, bytes).await?),
            Way::Running(running) => running,
        };
        let path = format!("/api/v1/ledger/attachments?name={}", escaped(&name));
        let answer = running
            .send("POST", &path, "application/octet-stream", bytes)
            .await?;
        let kept: FileJson = parsed(&answer.collect().await?.to_bytes())?;
        Ok(kept.believed())
    }

    /// Checks rows and looks for what is there already.
    pub(super) async fn check<'r>(
        &mut self,
        rows: impl IntoIterator<Item = (u64, &'r Raw)>,
        mark: Option<Mark>,
        again: bool,
    ) -> Result<Batch, Trouble> {
        let rules = Rules {
            definitions: &self.definitions,
            today: self.today,
            zone: self.zone.clone(),
            mark,
        };
        let mut batch = Batch::of(rows, &rules);
        let days = batch.good.iter().map(|(_, statement)| statement.when);
        let query = LedgerQuery {
            from: days.clone().map(When::first).min(),
            to: days.map(When::last).max(),
            ..LedgerQuery::default()
        };
        let asks = |statement: &Statement| !again || statement.sort != Sort::Record;
        if batch.good.iter().any(|(_, statement)| asks(statement)) {
            let kept = self.entries(query).await?;
            batch.flag_duplicates(&kept, again);
        }
        Ok(batch)
    }

    /// Writes down what has been checked.
    pub(super) async fn add(
        &mut self,
        statements: Vec<Statement>,
        again: bool,
    ) -> Result<Vec<EntryId>, Trouble> {
        let by = user().unwrap_or_else(|| "cli".to_owned());
        let lang = self.lang.code();
        let running = match &mut self.way {
            Way::Own(store) => return Ok(store.ledger_add(statements, &by).await?),
            Way::Running(running) => running,
        };
        let batch = SentBatch {
            entries: statements.iter().map(Sent::of).collect(),
            again,
            recorded_by: Some(by),
        };
        let body = serde_json::to_vec(&batch).map_err(io::Error::other)?;
        let path = format!("/api/v1/ledger?lang={lang}");
        let answer = running
            .send("POST", &path, "application/json", body)
            .await?;
        let added: Added = parsed(&answer.collect().await?.to_bytes())?;
        Ok(added.ids)
    }

    async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Trouble> {
        let Way::Running(running) = &mut self.way else {
            return Err(garbled());
        };
        let answer = running.ask("GET", path, "").await?;
        parsed(&answer.collect().await?.to_bytes())
    }
}

/// The local day of a moment.
pub(super) fn day(at: UtcMs, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned_datetime(zone.clone()).date()
}

fn path(query: &LedgerQuery) -> String {
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
            let _ = write!(path, "&{name}={}", escaped(&value));
        }
    }
    path
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|fault| Trouble::File(io::Error::other(fault)))
}

/// A gateway of another version answers what this program cannot read.
fn garbled() -> Trouble {
    Trouble::File(io::Error::other(
        "the running gateway's answer makes no sense",
    ))
}
