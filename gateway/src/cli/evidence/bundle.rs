//! The evidence bundle: samples of a period, the whole chain, ledger, configurations and factors in
//! one ZIP, checked by reading it back before it gets its name.

use crate::cli::running::{Trouble, Way};
use crate::evidence::{
    About, BUNDLE_FORMAT, BundleError, BundleWriter, CSV_HEADER, Kind, Record, Verdict,
    check_bundle, entry_of_point, entry_of_text,
};
use crate::limits::LEDGER_PAGE_MAX;
use crate::model::Site;
use crate::model::period::Period;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// A further file, put into the bundle's folder `report`.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Extra {
    /// Its name, without a folder.
    pub(in crate::cli) name: String,
    /// Its bytes.
    pub(in crate::cli) bytes: Vec<u8>,
}

impl Extra {
    /// A file as it is.
    pub(in crate::cli) fn read(file: &Path) -> io::Result<Self> {
        let name = file.file_name().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            bytes: std::fs::read(file)?,
        })
    }
}

/// Times that a bundle is written again when a day has got another record meanwhile.
const AGAIN_MAX: u32 = 3;

/// Newest records of the closed days of a period.
type Days = BTreeMap<Date, Record>;

/// Writes the bundle of a period to `to`: what it is about, and what reading it back found; `None`
/// when no day of the period is closed yet. `told` hears of days and points done.
pub(in crate::cli) async fn bundle(
    way: &mut Way,
    site: &Site,
    period: Period,
    extra: &[Extra],
    to: &Path,
    mut told: impl FnMut(u64),
) -> Result<Option<(About, Verdict)>, Trouble> {
    let mut half = to.as_os_str().to_owned();
    half.push(".part");
    let half = PathBuf::from(half);
    let written = again(way, site, period, extra, &half, &mut told).await;
    match &written {
        Ok(Some(_)) => std::fs::rename(&half, to)?,
        // What is unfinished stays nowhere; that it cannot be removed is no further news.
        _ => drop(std::fs::remove_file(&half)),
    }
    written
}

async fn again(
    way: &mut Way,
    site: &Site,
    period: Period,
    extra: &[Extra],
    half: &Path,
    told: &mut impl FnMut(u64),
) -> Result<Option<(About, Verdict)>, Trouble> {
    let mut found = None;
    for _ in 0..AGAIN_MAX {
        way.settle(|_| ()).await?;
        let Some((about, last)) = write(way, site, period, extra, half, told).await? else {
            return Ok(None);
        };
        let (_, verdict) = check_bundle(half, None, |_| ()).map_err(trouble)?;
        way.settle(|_| ()).await?;
        let is_current = way.digests(last).await?.is_empty();
        let is_done = verdict.is_good() || is_current;
        found = Some((about, verdict));
        if is_done {
            break;
        }
    }
    Ok(found)
}

/// One try; what it is about, and the number of the last record in it.
async fn write(
    way: &mut Way,
    site: &Site,
    period: Period,
    extra: &[Extra],
    half: &Path,
    told: &mut impl FnMut(u64),
) -> Result<Option<(About, u64)>, Trouble> {
    let mut zip = BundleWriter::create(half).map_err(trouble)?;
    let (days, head, last) = digests(way, &mut zip, period).await?;
    let (Some(from), Some(to)) = (days.keys().next(), days.keys().next_back()) else {
        return Ok(None);
    };
    let extent = way.extent().await?;
    let is_due = |day: &&Date| extent.due.contains(&day.to_string());
    if let (Way::Own(_), Some(day)) = (&*way, days.keys().find(is_due)) {
        return Err(Trouble::Unsettled(day.to_string()));
    }
    let gone = |day: &Date| {
        extent
            .gone_before
            .as_ref()
            .is_some_and(|gone| day.to_string() < *gone)
    };
    let about = About {
        format: BUNDLE_FORMAT.to_owned(),
        site: site.id.to_string(),
        zone: site.timezone.to_string(),
        period: period.to_string(),
        first: from.to_string(),
        last: to.to_string(),
        gone: days
            .keys()
            .filter(|day| gone(day))
            .map(ToString::to_string)
            .collect(),
        head,
    };
    ledger(way, &mut zip, extent.last_entry).await?;
    texts(way, &mut zip).await?;
    samples(way, &mut zip, &days, &gone, told).await?;
    for file in extra {
        zip.begin(&format!("report/{}", file.name))
            .map_err(trouble)?;
        zip.put(&file.bytes).map_err(trouble)?;
    }
    zip.finish(about.clone()).map_err(trouble)?;
    Ok(Some((about, last)))
}

/// The whole chain; the newest records of the period's days, the last digest and its number.
async fn digests(
    way: &mut Way,
    zip: &mut BundleWriter,
    period: Period,
) -> Result<(Days, String, u64), Trouble> {
    let (mut days, mut head, mut last) = (Days::new(), String::new(), 0);
    loop {
        let page = way.digests(last).await?;
        if page.is_empty() {
            return Ok((days, head, last));
        }
        for digest in page {
            zip.digest(&digest).map_err(trouble)?;
            if period.contains(digest.day)
                && let Ok(record) = digest.record.parse()
            {
                days.insert(digest.day, record);
            }
            (head, last) = (digest.sha256, digest.number);
        }
    }
}

async fn ledger(way: &mut Way, zip: &mut BundleWriter, last: u64) -> Result<(), Trouble> {
    zip.begin_ledger().map_err(trouble)?;
    let mut first = 1;
    while first <= last {
        let until = last.min(first + LEDGER_PAGE_MAX as u64 - 1);
        let lines = way.ledger_lines(first, until).await?;
        zip.put(&lines).map_err(trouble)?;
        first = until + 1;
    }
    Ok(())
}

async fn texts(way: &mut Way, zip: &mut BundleWriter) -> Result<(), Trouble> {
    for kind in Kind::ALL {
        let mut after = 0;
        while let Some(revision) = way.revision_after(kind, after).await? {
            zip.begin(&entry_of_text(kind, revision.id))
                .map_err(trouble)?;
            zip.put(revision.text.as_bytes()).map_err(trouble)?;
            after = revision.id;
        }
    }
    Ok(())
}

/// A file a point, its days one after the other.
async fn samples(
    way: &mut Way,
    zip: &mut BundleWriter,
    days: &Days,
    gone: &impl Fn(&Date) -> bool,
    told: &mut impl FnMut(u64),
) -> Result<(), Trouble> {
    let kept: Vec<(&Date, &Record)> = days.iter().filter(|(day, _)| !gone(day)).collect();
    let named = kept.iter().flat_map(|(_, record)| &record.samples);
    let points: BTreeSet<&str> = named.map(|line| line.point.as_str()).collect();
    for point in points {
        zip.begin(&entry_of_point(point)).map_err(trouble)?;
        zip.put(format!("{CSV_HEADER}\n").as_bytes())
            .map_err(trouble)?;
        for (day, record) in &kept {
            if record.samples.iter().any(|line| line.point == point) {
                let lines = way.samples(**day, point).await?;
                zip.put(&lines).map_err(trouble)?;
                told(lines.len() as u64);
            }
        }
    }
    Ok(())
}

fn trouble(fault: BundleError) -> Trouble {
    match fault {
        BundleError::File(fault) => Trouble::File(fault),
        other => Trouble::File(io::Error::other(other)),
    }
}
