//! From the store to a report: figures, ledger and chapters, on a thread of their own, so that
//! whoever asks goes on answering others meanwhile. The page's API and the command line both come
//! here.

mod revision;
#[cfg(test)]
mod tests;

pub use revision::{Basis, Revision, basis, revisions};

use crate::account::{self, AccountError, Ask, Progress};
use crate::chapters::{self, Matter};
use crate::config::{Config, Faults};
use crate::limits::REPORT_SETTLE_MAX;
use crate::model::UtcMs;
use crate::model::indicator::Account;
use crate::model::period::Period;
use crate::report::{self, Format};
use crate::store::{LedgerQuery, Store, StoreError};
use crate::words::Lang;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinError;

/// Which report.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Over which period.
    pub period: Period,
    /// About one asset; `None`: the whole site.
    pub asset: Option<Arc<str>>,
    /// In which language.
    pub lang: Lang,
    /// In which format.
    pub format: Format,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The figures could not be computed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The report could not be written.
    #[error(transparent)]
    Report(#[from] report::Fault),
    /// No revision has this number or name.
    #[error("no revision {0}")]
    NoRevision(String),
    /// The revision can no longer be read.
    #[error("revision {0} can no longer be read: {1}")]
    Unreadable(String, Faults),
    /// The thread ended before its work was done.
    #[error("the work was cut short: {0}")]
    CutShort(#[from] JoinError),
}

impl Trouble {
    /// What to change, or what went wrong, in one language.
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Self::Account(AccountError::Future(first)) => {
                let first = report::format::date(lang, *first);
                lang.say("reporting-future", &[("first", &first)])
            }
            Self::Account(AccountError::UnknownAsset(id)) => {
                lang.say("reporting-no-asset", &[("found", id)])
            }
            Self::Report(report::Fault::TooLarge { found, most }) => {
                let (found, most) = (found.to_string(), most.to_string());
                lang.say("reporting-too-large", &[("found", &found), ("most", &most)])
            }
            Self::NoRevision(found) => lang.say("reporting-no-revision", &[("found", found)]),
            Self::Unreadable(found, faults) => {
                let args = [("found", found.as_str()), ("why", &faults.render(lang))];
                lang.say("reporting-old-unreadable", &args)
            }
            other => lang.say("reporting-failed", &[("why", &other.to_string())]),
        }
    }

    /// The question is to blame, not the gateway.
    pub fn is_question(&self) -> bool {
        matches!(
            self,
            Self::Account(AccountError::Future(_) | AccountError::UnknownAsset(_))
                | Self::Report(report::Fault::TooLarge { .. })
                | Self::NoRevision(_)
                | Self::Unreadable(..)
        )
    }
}

/// The figures of a period. `held` is kept until the work is done, also when nobody waits for it
/// any more: the permit of a bounded number of such works.
pub async fn figures<H: Send + 'static>(
    config: Arc<Config>,
    store: Store,
    ask: Ask,
    held: H,
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Account, Trouble> {
    let runtime = Handle::current();
    let work = move || {
        let account = account::account(&config, &store, &ask, &mut progress);
        let account = runtime.block_on(account);
        drop(held);
        account
    };
    Ok(tokio::task::spawn_blocking(work).await??)
}

/// A report as bytes; the same questions to the same readings at the same moment `now` have the
/// same bytes.
pub async fn report<H: Send + 'static>(
    basis: Basis,
    store: Store,
    wish: Wish,
    now: UtcMs,
    held: H,
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Vec<u8>, Trouble> {
    let runtime = Handle::current();
    let work = move || {
        let bytes = runtime.block_on(make(&basis, &store, &wish, now, &mut progress));
        drop(held);
        bytes
    };
    tokio::task::spawn_blocking(work).await?
}

/// Makes the records of the evidence chain that are due, so that a report prints the digest of its
/// last closed day whoever asks for it.
async fn settle(store: &Store) -> Result<(), StoreError> {
    for _ in 0..REPORT_SETTLE_MAX {
        if store.settle_digests().await? == 0 {
            break;
        }
    }
    Ok(())
}

async fn make(
    basis: &Basis,
    store: &Store,
    wish: &Wish,
    now: UtcMs,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<u8>, Trouble> {
    let config = &*basis.config;
    let ask = Ask {
        period: wish.period,
        asset: wish.asset.clone(),
        now,
        daily: true,
    };
    settle(store).await?;
    let account = account::account(config, store, &ask, progress).await?;
    let query = LedgerQuery {
        from: Some(wish.period.first()),
        to: Some(wish.period.last()),
        ..LedgerQuery::default()
    };
    // What people wrote down is the site's, not an asset's.
    let entries = match wish.asset {
        Some(_) => Vec::new(),
        None => store.ledger_all(query).await?,
    };
    let digest = store
        .digest_in(wish.period.first(), wish.period.last())
        .await?;
    let (changes, changes_left_out) = revision::changes(config, store, wish.period).await?;
    let document = chapters::document(Matter {
        config,
        account: &account,
        entries: &entries,
        changes: &changes,
        changes_left_out,
        past: basis.past.as_ref(),
        digest: digest.as_ref().map_or("", |digest| &digest.sha256),
        asset: wish.asset.as_deref(),
        issued: now,
        lang: wish.lang,
    });
    Ok(report::render(&document, wish.format)?)
}

/// The name of a report's file: `desa-impian-2026-11.pdf`, with `-plts` when it is about one asset
/// and `-r4.1` when a revision was asked for.
pub fn file_name(config: &Config, wish: &Wish, revision: Option<&str>) -> String {
    let (site, period) = (&config.site.id, wish.period.to_string().replace("..", "_"));
    let asset = wish.asset.as_deref().map(|asset| format!("-{asset}"));
    let asset = asset.unwrap_or_default();
    let revision = revision.map_or(String::new(), |revision| format!("-r{revision}"));
    format!("{site}-{period}{asset}{revision}.{}", wish.format.key())
}
