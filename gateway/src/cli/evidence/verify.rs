//! `pantau verify`: the chain recomputed from raw samples, ledger and revisions; or a bundle.

use super::say;
use crate::cli::args::CONFIG_DEFAULT;
use crate::cli::running::{Trouble, Way, failed, load, progress};
use crate::evidence::{Chain, Digest, Hash, Record, Verdict, What, check_bundle, hash};
use crate::limits::LEDGER_PAGE_MAX;
use crate::words::Lang;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is asked.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Options {
    #[arg(value_name = "FILE.zip")]
    bundle: Option<PathBuf>,
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    #[arg(long, value_name = "SHA-256")]
    digest: Option<String>,
    #[arg(long)]
    json: bool,
}

/// Times that a day is looked at again when its record has changed meanwhile.
const AGAIN_MAX: u32 = 5;

/// Checks, and says what differs; the exit status.
pub(in crate::cli) async fn run(options: &Options, lang: Lang) -> u8 {
    match &options.bundle {
        Some(file) => bundle(options, file, lang),
        None => own(options, lang).await,
    }
}

fn bundle(options: &Options, file: &Path, lang: Lang) -> u8 {
    let bar = progress(None);
    let wanted = wanted(options);
    let checked = check_bundle(file, wanted.as_deref(), |bytes| bar.inc(bytes));
    bar.finish_and_clear();
    match checked {
        Ok((about, verdict)) => say::verdict(&verdict, Some(&about), options.json, lang),
        Err(fault) => say::unreadable(file, &fault, options.json, lang),
    }
}

async fn own(options: &Options, lang: Lang) -> u8 {
    let config = match load(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let checked = async {
        let mut way = Way::with_records(&config).await?;
        let verdict = check(&mut way, wanted(options).as_deref()).await;
        way.close().await;
        verdict
    };
    match checked.await {
        Ok(verdict) => say::verdict(&verdict, None, options.json, lang),
        Err(trouble) => failed(&trouble, lang),
    }
}

/// The digest that somebody reads off a report.
fn wanted(options: &Options) -> Option<String> {
    let text = options.digest.as_deref()?;
    Some(
        text.split_whitespace()
            .collect::<String>()
            .to_ascii_lowercase(),
    )
}

/// The whole chain against the data.
async fn check(way: &mut Way, wanted: Option<&str>) -> Result<Verdict, Trouble> {
    way.check_pages().await?;
    let bar = progress(Some(0));
    let mut most = 0;
    way.settle(|left| {
        most = most.max(left);
        bar.set_length(most);
        bar.set_position(most - left);
    })
    .await?;
    let mut verdict = Verdict::default();
    let chain = records(way, wanted, &mut verdict).await?;
    ledger(way, &chain, &mut verdict).await?;
    texts(way, &chain, &mut verdict).await?;
    bar.set_length(chain.newest().count() as u64);
    bar.set_position(0);
    let extent = way.extent().await?;
    let gone: Option<Date> = extent.gone_before.and_then(|day| day.parse().ok());
    for (day, _) in chain.newest() {
        match gone {
            Some(gone) if day < gone => verdict.gone += 1,
            // What came in later has no record yet, so that nothing can be held against it.
            _ if extent.due.contains(&day.to_string()) => verdict.due += 1,
            _ => check_day(way, day, &mut verdict).await?,
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    verdict.settle();
    Ok(verdict)
}

/// Every record, held against the one before it; and closed days that have none.
async fn records(
    way: &mut Way,
    wanted: Option<&str>,
    verdict: &mut Verdict,
) -> Result<Chain, Trouble> {
    let mut chain = Chain::default();
    let mut found = wanted.is_none();
    loop {
        let page = way.digests(chain.count()).await?;
        if page.is_empty() {
            break;
        }
        for digest in &page {
            found |= Some(digest.sha256.as_str()) == wanted;
            chain.push(digest, verdict);
        }
    }
    chain.sum_up(verdict);
    if !found {
        verdict.fault(None, What::Foreign, wanted.unwrap_or_default());
    }
    unrecorded(way, &chain, verdict).await?;
    Ok(chain)
}

/// Closed days that have samples and no record, also when one has been made meanwhile.
async fn unrecorded(way: &mut Way, chain: &Chain, verdict: &mut Verdict) -> Result<(), Trouble> {
    let extent = way.extent().await?;
    let gone = extent.gone_before.as_ref().and_then(|day| day.parse().ok());
    let days = extent
        .days
        .iter()
        .filter_map(|day| day.parse::<Date>().ok());
    let is_due = |day: &Date| extent.due.contains(&day.to_string());
    let closed = |day: &Date| Some(*day) <= verdict.last && Some(*day) >= gone && !is_due(day);
    let bare: Vec<Date> = days.filter(closed).filter(|day| !chain.has(*day)).collect();
    for day in bare {
        way.settle(|_| ()).await?;
        if way.newest(day).await?.is_none() {
            verdict.fault(Some(day), What::Unrecorded, "");
        }
    }
    Ok(())
}

async fn ledger(way: &mut Way, chain: &Chain, verdict: &mut Verdict) -> Result<(), Trouble> {
    for range in chain.ranges() {
        let mut hash = Hash::default();
        let mut first = range.first;
        while first <= range.last {
            let last = range.last.min(first + LEDGER_PAGE_MAX as u64 - 1);
            hash.put(&way.ledger_lines(first, last).await?);
            first = last + 1;
        }
        if hash.finish() != range.sha256 {
            let name = format!("{}-{}", range.first, range.last);
            verdict.fault(Some(range.day), What::Ledger, name);
        }
    }
    let through = chain.ranges().last().map_or(0, |range| range.last);
    let last = way.extent().await?.last_entry;
    verdict.open_entries = last.saturating_sub(through);
    Ok(())
}

async fn texts(way: &mut Way, chain: &Chain, verdict: &mut Verdict) -> Result<(), Trouble> {
    for ((kind, id), (day, sha256)) in chain.texts() {
        let found = way.revision_after(*kind, id.saturating_sub(1)).await?;
        let found = found.filter(|found| found.id == *id);
        if found.is_none_or(|found| hash(found.text.as_bytes()) != *sha256) {
            verdict.fault(Some(*day), kind.what(), id.to_string());
        }
    }
    Ok(())
}

/// A day's samples against its newest record; again when another record has been made meanwhile.
async fn check_day(way: &mut Way, day: Date, verdict: &mut Verdict) -> Result<(), Trouble> {
    verdict.days += 1;
    let mut newest = way.newest(day).await?;
    for _ in 0..AGAIN_MAX {
        let Some(digest) = &newest else {
            return Ok(());
        };
        let differs = differing(way, day, digest).await?;
        if differs.is_empty() {
            return Ok(());
        }
        way.settle(|_| ()).await?;
        let again = way.newest(day).await?;
        if again == newest {
            for point in differs {
                verdict.fault(Some(day), What::Samples, point);
            }
            return Ok(());
        }
        newest = again;
    }
    Ok(())
}

/// Points whose samples are not those of the record.
async fn differing(way: &mut Way, day: Date, digest: &Digest) -> Result<Vec<String>, Trouble> {
    // One that cannot be read is a fault of the chain already.
    let Ok(record) = digest.record.parse::<Record>() else {
        return Ok(Vec::new());
    };
    let there: BTreeSet<String> = way.points(day).await?.into_iter().collect();
    let said = record.samples.iter().map(|line| &line.point);
    let points: BTreeSet<&String> = said.chain(&there).collect();
    let mut differs = Vec::new();
    for point in points {
        let line = record.samples.iter().find(|line| line.point == *point);
        let text = if there.contains(point) {
            way.samples(day, point).await?
        } else {
            Vec::new()
        };
        let same = match line {
            Some(line) => hash(&text) == line.sha256,
            None => text.is_empty(),
        };
        if !same {
            differs.push(point.clone());
        }
    }
    Ok(differs)
}
