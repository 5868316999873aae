//! Revisions: configuration and built-in factors as they were in force for a while, so that an old
//! report can be made again.

use super::Trouble;
use crate::chapters::{Change, Past};
use crate::config::{self, Config, configuration_name, factors_name};
use crate::evidence::Kind;
use crate::limits::REPORT_CHANGES_MAX;
use crate::model::UtcMs;
use crate::model::period::Period;
use crate::store::{self, Store, StoreError};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::ops::Range;
use std::sync::Arc;

/// Least digits that name a revision.
const DIGITS_MIN: usize = 6;

/// A configuration with the built-in factors beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Number of the kept configuration.
    pub configuration: u64,
    /// Number of the kept factors.
    pub factors: u64,
    /// Since when both are in force.
    pub since: UtcMs,
    /// Its name, as reports print it.
    pub name: String,
}

/// What figures are computed with.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The configuration.
    pub config: Arc<Config>,
    /// Set when it is not the one in force.
    pub past: Option<Past>,
}

impl Revision {
    /// Both numbers, `4.1`.
    pub fn number(&self) -> String {
        format!("{}.{}", self.configuration, self.factors)
    }
}

impl Basis {
    /// What is in force.
    pub fn now(config: Arc<Config>) -> Self {
        Self { config, past: None }
    }
}

/// Every revision, the oldest first.
pub async fn revisions(store: &Store) -> Result<Vec<Revision>, StoreError> {
    let configurations = kept(store, Kind::Configuration).await?;
    let factors = kept(store, Kind::Factors).await?;
    let mut all = Vec::new();
    for (index, one) in configurations.iter().enumerate() {
        let until = configurations
            .get(index + 1)
            .map_or(i64::MAX, |next| next.since.0);
        for other in beside(&factors, one.since.0..until) {
            all.push(Revision {
                configuration: one.id,
                factors: other.id,
                since: one.since.max(other.since),
                name: format!("{}-{}", one.name, other.name),
            });
        }
    }
    Ok(all)
}

/// Number, beginning and name of a kept text; the text itself may be large.
struct Kept {
    id: u64,
    since: UtcMs,
    name: String,
}

async fn kept(store: &Store, kind: Kind) -> Result<Vec<Kept>, StoreError> {
    let mut all: Vec<Kept> = Vec::new();
    while let Some(one) = next(store, kind, all.last().map_or(0, |last| last.id)).await? {
        all.push(Kept {
            id: one.id,
            since: one.since,
            name: name(kind, &one.text),
        });
    }
    Ok(all)
}

fn name(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Configuration => configuration_name(text),
        Kind::Factors | Kind::Calibrations => factors_name(text),
    }
}

async fn next(
    store: &Store,
    kind: Kind,
    after: u64,
) -> Result<Option<store::Revision>, StoreError> {
    store.revision_after(kind, after).await
}

/// The factors that were in force at some time of `held`: those at its beginning, and all begun
/// within.
fn beside(factors: &[Kept], held: Range<i64>) -> impl Iterator<Item = &Kept> {
    let first = factors.iter().rposition(|one| one.since.0 <= held.start);
    let first = first.unwrap_or(0);
    let within = move |one: &Kept| held.start < one.since.0 && one.since.0 < held.end;
    let all = factors.iter().enumerate().skip(first);
    all.filter(move |(index, one)| *index == first || within(one))
        .map(|(_, one)| one)
}

/// What figures of the revision `asked` (a number, or digits of its name) are computed with.
pub async fn basis(config: Arc<Config>, store: &Store, asked: &str) -> Result<Basis, Trouble> {
    let all = revisions(store).await?;
    let unknown = || Trouble::NoRevision(asked.chars().take(100).collect());
    let found = find(&all, asked).ok_or_else(unknown)?;
    let in_force = config.revision_id();
    if found.name == in_force {
        return Ok(Basis::now(config));
    }
    let text = next(store, Kind::Configuration, found.configuration - 1).await?;
    let factors = next(store, Kind::Factors, found.factors - 1).await?;
    let (text, factors) = text.zip(factors).ok_or_else(unknown)?;
    let number = found.number();
    let read = move || config::load_kept(&text.text, &factors.text, &config.file);
    let read = tokio::task::spawn_blocking(read).await?;
    let read = read.map_err(|faults| Trouble::Unreadable(number.clone(), faults))?;
    Ok(Basis {
        config: Arc::new(read),
        past: Some(Past { number, in_force }),
    })
}

/// By `4.1`, by `4` (with the last factors beside it), else by the first digits of the name.
fn find<'a>(all: &'a [Revision], asked: &str) -> Option<&'a Revision> {
    let (configuration, factors) = match asked.split_once('.') {
        Some((configuration, factors)) => (configuration, Some(factors.parse::<u64>().ok()?)),
        None => (asked, None),
    };
    let number = configuration.parse::<u64>().ok();
    let is_it = |one: &&Revision| {
        Some(one.configuration) == number && factors.is_none_or(|factors| one.factors == factors)
    };
    let mut latest = all.iter().rev();
    latest.clone().find(is_it).or_else(|| {
        let is_name = asked.len() >= DIGITS_MIN;
        latest.find(|one| is_name && one.name.starts_with(asked))
    })
}

/// Changes of configuration and factors within the period, the last `REPORT_CHANGES_MAX`, and how
/// many were before those.
pub(super) async fn changes(
    config: &Config,
    store: &Store,
    period: Period,
) -> Result<(Vec<Change>, u64), StoreError> {
    let zone = TimeZone::get(&config.site.timezone).unwrap_or(TimeZone::UTC);
    let midnight = |day: Date| {
        let at = zone.to_ambiguous_zoned_datetime(day.into()).compatible();
        at.map_or(i64::MAX, |at| at.timestamp().as_millisecond())
    };
    let end = period.last().saturating_add(1.day());
    let within = midnight(period.first())..midnight(end);
    let mut all = Vec::new();
    for kind in [Kind::Configuration, Kind::Factors] {
        changes_of(store, kind, &within, &mut all).await?;
    }
    all.sort_by_key(|change| change.at);
    let more = all.len().saturating_sub(REPORT_CHANGES_MAX);
    all.drain(..more);
    Ok((all, more as u64))
}

async fn changes_of(
    store: &Store,
    kind: Kind,
    within: &Range<i64>,
    all: &mut Vec<Change>,
) -> Result<(), StoreError> {
    // The first one is a beginning, no change.
    let Some(mut before) = next(store, kind, 0).await? else {
        return Ok(());
    };
    while let Some(after) = next(store, kind, before.id).await? {
        if within.contains(&after.since.0) {
            all.push(change(kind, &before, &after));
        }
        before = after;
    }
    Ok(())
}

fn change(kind: Kind, before: &store::Revision, after: &store::Revision) -> Change {
    Change {
        at: after.since,
        kind: kind.word(),
        places: match kind {
            Kind::Configuration => config::changed(&before.text, &after.text),
            Kind::Factors | Kind::Calibrations => Vec::new(),
        },
        before_after: (name(kind, &before.text), name(kind, &after.text)),
    }
}
