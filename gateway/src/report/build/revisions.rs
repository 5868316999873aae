//! Revisions: configurations and built-in factors with the time from which they were in force, so
//! that an old report can be made again.

use super::ReportBuildError;
use crate::config::{self, Config, configuration_name, factors_name};
use crate::domain::UtcMs;
use crate::domain::period::Period;
use crate::evidence::RevisionKind;
use crate::limits::REPORT_CHANGES_MAX;
use crate::report::content::{PastRevision, RevisionChange};
use crate::storage::{self, Store, StoreError};
use std::ops::Range;
use std::sync::Arc;

/// Minimum digits of a name that select a revision.
// Fewer digits may fit the names of several revisions.
const NAME_DIGITS_MIN: usize = 6;

/// A configuration with the built-in factors of the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalculationRevision {
    /// Number of the archived configuration.
    pub configuration: u64,
    /// Number of the archived factors.
    pub factors: u64,
    /// Start of validity of the pair.
    pub since: UtcMs,
    /// Name as reports print it.
    pub name: String,
}

/// Configuration and factors with which figures are computed.
#[derive(Clone, Debug)]
pub struct CalculationBasis {
    /// The configuration.
    pub config: Arc<Config>,
    /// Set when the configuration is an earlier revision.
    pub past: Option<PastRevision>,
    /// Time of the report that is made again: what was changed later is not told.
    pub made: Option<UtcMs>,
}

impl CalculationRevision {
    /// Both numbers, `4.1`.
    pub fn number(&self) -> String {
        format!("{}.{}", self.configuration, self.factors)
    }
}

impl CalculationBasis {
    /// The revision in force.
    pub fn in_force(config: Arc<Config>) -> Self {
        Self {
            config,
            past: None,
            made: None,
        }
    }

    /// The same for a report that was made at a time, and is to say what it said then.
    #[must_use]
    pub fn made_again(self, made: UtcMs) -> Self {
        Self {
            past: None,
            made: Some(made),
            ..self
        }
    }
}

/// All revisions, the oldest first.
pub async fn list_revisions(store: &Store) -> Result<Vec<CalculationRevision>, StoreError> {
    let configurations = revision_headers(store, RevisionKind::Configuration).await?;
    let factors = revision_headers(store, RevisionKind::Factors).await?;
    let mut all = Vec::new();
    for (index, one) in configurations.iter().enumerate() {
        let until = configurations
            .get(index + 1)
            .map_or(i64::MAX, |next| next.since.0);
        for other in factors_during(&factors, one.since.0..until) {
            all.push(CalculationRevision {
                configuration: one.id,
                factors: other.id,
                // A pair is in force from the later start of its two parts.
                since: one.since.max(other.since),
                name: format!("{}-{}", one.name, other.name),
            });
        }
    }
    Ok(all)
}

/// Number, start of validity and name of an archived text, without the text, which may be large.
struct RevisionHeader {
    id: u64,
    since: UtcMs,
    name: String,
}

async fn revision_headers(
    store: &Store,
    kind: RevisionKind,
) -> Result<Vec<RevisionHeader>, StoreError> {
    let mut all: Vec<RevisionHeader> = Vec::new();
    while let Some(one) = next_revision(store, kind, all.last().map_or(0, |last| last.id)).await? {
        all.push(RevisionHeader {
            id: one.id,
            since: one.since,
            name: revision_name(kind, &one.text),
        });
    }
    Ok(all)
}

fn revision_name(kind: RevisionKind, text: &str) -> String {
    match kind {
        RevisionKind::Configuration => configuration_name(text),
        RevisionKind::Factors | RevisionKind::Calibrations => factors_name(text),
    }
}

async fn next_revision(
    store: &Store,
    kind: RevisionKind,
    after: u64,
) -> Result<Option<storage::TextRevision>, StoreError> {
    store.revision_after(kind, after).await
}

/// Factors that were in force during `held`: those at its start, and those that began within it.
fn factors_during(
    factors: &[RevisionHeader],
    held: Range<i64>,
) -> impl Iterator<Item = &RevisionHeader> {
    let first = factors.iter().rposition(|one| one.since.0 <= held.start);
    let first = first.unwrap_or(0);
    let within = move |one: &RevisionHeader| held.start < one.since.0 && one.since.0 < held.end;
    let all = factors.iter().enumerate().skip(first);
    all.filter(move |(index, one)| *index == first || within(one))
        .map(|(_, one)| one)
}

/// Loads the revision `asked`: a number, or digits of its name.
pub async fn load_basis(
    config: Arc<Config>,
    store: &Store,
    asked: &str,
) -> Result<CalculationBasis, ReportBuildError> {
    let all = list_revisions(store).await?;
    // The text comes from a request: a long one must not fill the message.
    let unknown = || ReportBuildError::NoRevision(asked.chars().take(100).collect());
    let found = find_revision(&all, asked).ok_or_else(unknown)?;
    let in_force = config.revision_id();
    // The revision in force is already loaded and checked.
    if found.name == in_force {
        return Ok(CalculationBasis::in_force(config));
    }
    // The store gives the revision after a number, hence one less.
    let text = next_revision(store, RevisionKind::Configuration, found.configuration - 1).await?;
    let factors = next_revision(store, RevisionKind::Factors, found.factors - 1).await?;
    let (text, factors) = text.zip(factors).ok_or_else(unknown)?;
    let number = found.number();
    // Parsing and checking read profile files from the disk: not on a thread of the runtime.
    let read = move || config::load_archived(&text.text, &factors.text, &config.file);
    let read = tokio::task::spawn_blocking(read).await?;
    let read = read.map_err(|faults| ReportBuildError::Unreadable(number.clone(), faults))?;
    Ok(CalculationBasis {
        config: Arc::new(read),
        past: Some(PastRevision { number, in_force }),
        made: None,
    })
}

/// Finds `4.1`, `4` (with its last factors), else the name that begins with these digits.
fn find_revision<'a>(
    all: &'a [CalculationRevision],
    asked: &str,
) -> Option<&'a CalculationRevision> {
    let (configuration, factors) = match asked.split_once('.') {
        Some((configuration, factors)) => (configuration, Some(factors.parse::<u64>().ok()?)),
        None => (asked, None),
    };
    let number = configuration.parse::<u64>().ok();
    let is_it = |one: &&CalculationRevision| {
        Some(one.configuration) == number && factors.is_none_or(|factors| one.factors == factors)
    };
    // The latest first: `4` alone means the factors that were last used with it.
    let mut latest = all.iter().rev();
    latest.clone().find(is_it).or_else(|| {
        let is_name = asked.len() >= NAME_DIGITS_MIN;
        latest.find(|one| is_name && one.name.starts_with(asked))
    })
}

/// Changes of configuration and factors, and backups that were put back, within the period: the
/// last `REPORT_CHANGES_MAX`, and the number of earlier ones.
pub(crate) async fn revision_changes(
    config: &Config,
    store: &Store,
    (period, made): (Period, Option<UtcMs>),
) -> Result<(Vec<RevisionChange>, u64), StoreError> {
    let zone = &config.site.timezone;
    let end = zone.day_bounds(period.last()).1.0;
    let end = made.map_or(end, |made| end.min(made.0));
    let within = zone.midnight(period.first()).0..end;
    let mut all = Vec::new();
    for kind in [RevisionKind::Configuration, RevisionKind::Factors] {
        collect_changes(store, kind, &within, &mut all).await?;
    }
    let restores = store.list_restores().await?;
    let restores = restores.iter().filter(|one| within.contains(&one.at.0));
    all.extend(restores.map(describe_restore));
    all.sort_by_key(|change| change.at);
    let more = all.len().saturating_sub(REPORT_CHANGES_MAX);
    all.drain(..more);
    Ok((all, more as u64))
}

async fn collect_changes(
    store: &Store,
    kind: RevisionKind,
    within: &Range<i64>,
    all: &mut Vec<RevisionChange>,
) -> Result<(), StoreError> {
    // The first text is the start of the store, not a change.
    let Some(mut before) = next_revision(store, kind, 0).await? else {
        return Ok(());
    };
    while let Some(after) = next_revision(store, kind, before.id).await? {
        if within.contains(&after.since.0) {
            all.push(describe_change(kind, &before, &after));
        }
        before = after;
    }
    Ok(())
}

/// Places in which a configuration differs from the one before it; none for the first.
pub(super) async fn places_of_change(store: &Store, id: u64) -> Result<Vec<String>, StoreError> {
    let kind = RevisionKind::Configuration;
    let before = match id.checked_sub(2) {
        Some(before) => next_revision(store, kind, before).await?,
        None => None,
    };
    let after = next_revision(store, kind, id.saturating_sub(1)).await?;
    let pair = before.zip(after);
    Ok(pair.map_or_else(Vec::new, |(before, after)| {
        config::changed_keys(&before.text, &after.text)
    }))
}

fn describe_change(
    kind: RevisionKind,
    before: &storage::TextRevision,
    after: &storage::TextRevision,
) -> RevisionChange {
    RevisionChange {
        at: after.since,
        kind: kind.word(),
        places: match kind {
            RevisionKind::Configuration => config::changed_places(&before.text, &after.text),
            RevisionKind::Factors | RevisionKind::Calibrations => Vec::new(),
        },
        before_after: (
            revision_name(kind, &before.text),
            revision_name(kind, &after.text),
        ),
    }
}

/// A backup that was put back: its time, and that of the restore.
fn describe_restore(restore: &storage::StoreRestore) -> RevisionChange {
    let backup = restore.what.split(' ').next().unwrap_or_default();
    RevisionChange {
        at: restore.at,
        kind: "restored",
        places: Vec::new(),
        before_after: (backup.to_owned(), restore.at.to_string()),
    }
}
