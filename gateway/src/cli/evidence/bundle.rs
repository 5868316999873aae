//! Evidence bundle: samples of a period, the whole chain, ledger, issued reports, imports,
//! configurations and factors in one ZIP. It is read back and checked before it gets its name.

use crate::api::client::ApiClient;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::cli::file_error::FileError;
use crate::domain::Site;
use crate::domain::period::Period;
use crate::evidence::{
    BUNDLE_FORMAT, BundleDays, BundleError, BundleSummary, BundleWriter, ClosedDayRecords,
    DayRecord, RecordedTable, RevisionKind, SAMPLES_CSV_HEADER, VerificationReport, check_bundle,
    closing_file_name, days_of_figures, is_near_period, revision_file_name, samples_file_name,
    stamp_file_name,
};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Additional file for the folder `report` of the bundle.
#[derive(Clone, Debug)]
pub(in crate::cli) struct BundleExtraFile {
    /// File name without a folder.
    pub(in crate::cli) name: String,
    /// Content.
    pub(in crate::cli) bytes: Vec<u8>,
}

impl BundleExtraFile {
    /// Reads a file as it is.
    pub(in crate::cli) fn read(file: &Path) -> Result<Self, CommandError> {
        let name = file.file_name().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            bytes: std::fs::read(file).reading(file)?,
        })
    }
}

/// Repetitions of the writing when a day got another record in between.
const BUNDLE_REWRITES_MAX: u32 = 3;

/// Writes the bundle of a period to `to`. Returns its description and the result of its check;
/// `None` when no day of the period is closed yet. `told` receives the bytes of samples written.
pub(in crate::cli) async fn write_bundle(
    client: &mut ApiClient,
    site: &Site,
    period: Period,
    extra: &[BundleExtraFile],
    to: &Path,
    told: impl FnMut(u64),
) -> Result<Option<(BundleSummary, VerificationReport)>, CommandError> {
    let mut half = to.as_os_str().to_owned();
    // Another name until it is checked: a file with the name of a bundle is a whole one.
    half.push(".part");
    let half = PathBuf::from(half);
    let mut job = BundleJob {
        client,
        site,
        period,
        extra,
        half: &half,
        told,
    };
    let written = job.write_until_settled().await;
    match &written {
        Ok(Some(_)) => std::fs::rename(&half, to).writing(to)?,
        // A partial bundle is removed. A failure to remove it changes nothing more.
        _ => drop(std::fs::remove_file(&half)),
    }
    written.map_err(|trouble| match trouble {
        CommandError::Bundle(BundleError::File(error)) => {
            CommandError::OutputFile(FileError::new(to, error))
        }
        other => other,
    })
}

/// Bundle that is being written.
struct BundleJob<'a, F> {
    client: &'a mut ApiClient,
    site: &'a Site,
    period: Period,
    extra: &'a [BundleExtraFile],
    /// File of the part that is written so far.
    half: &'a Path,
    /// Receives the bytes of samples written.
    told: F,
}

impl<F: FnMut(u64)> BundleJob<'_, F> {
    async fn write_until_settled(
        &mut self,
    ) -> Result<Option<(BundleSummary, VerificationReport)>, CommandError> {
        let mut found = None;
        for attempt in 1..=BUNDLE_REWRITES_MAX {
            self.client.make_due_records(|_| ()).await?;
            // Every closed day has its record now, which the bundle needs; a store that is open for
            // reading cannot make one.
            let (about, last) = match self.write_once().await {
                Ok(Some(written)) => written,
                Ok(None) => return Ok(None),
                Err(CommandError::RecordChanged(_)) if attempt < BUNDLE_REWRITES_MAX => continue,
                Err(trouble) => return Err(trouble),
            };
            let (_, verdict) = check_bundle(self.half, None, &[], |_| ())?;
            // The bundle is complete when no record was made while it was written.
            self.client.make_due_records(|_| ()).await?;
            let is_current = self.client.digests_after(last).await?.is_empty();
            let is_done = verdict.is_intact() || is_current;
            found = Some((about, verdict));
            if is_done {
                break;
            }
        }
        Ok(found)
    }

    /// Writes the bundle once; returns its description and the number of its last record.
    async fn write_once(&mut self) -> Result<Option<(BundleSummary, u64)>, CommandError> {
        let mut zip = BundleWriter::create(self.half)?;
        let (days, head, last) = write_digests(self.client, &mut zip, self.period).await?;
        let Some(near) = BundleDays::of(&days, self.period) else {
            return Ok(None);
        };
        let extent = self.client.evidence_extent().await?;
        let is_due = |day: &&Date| extent.due.contains(&day.to_string());
        // Its samples are newer than its record: the bundle would contradict itself.
        if let Some(day) = days.keys().find(is_due) {
            return Err(CommandError::RecordChanged(day.to_string()));
        }
        let gone = |day: &Date| {
            extent
                .gone_before
                .as_ref()
                .is_some_and(|gone| day.to_string() < *gone)
        };
        let about = BundleSummary {
            format: BUNDLE_FORMAT.to_owned(),
            site: self.site.id.to_string(),
            zone: self.site.timezone.name().to_string(),
            period: self.period.to_string(),
            first: near.first.to_string(),
            last: near.last.to_string(),
            before: near.before,
            after: near.after,
            gone: days
                .keys()
                .filter(|day| gone(day))
                .map(ToString::to_string)
                .collect(),
            head,
        };
        for table in RecordedTable::ALL {
            write_rows(self.client, &mut zip, table, extent.last_row(table)).await?;
        }
        write_revisions(self.client, &mut zip).await?;
        write_samples(self.client, &mut zip, &days, &gone, &mut self.told).await?;
        if about.has_closing_readings() {
            write_closing_readings(self.client, &mut zip, &days, near.last).await?;
        }
        write_stamps(self.client, &mut zip).await?;
        for file in self.extra {
            zip.begin_file(&format!("report/{}", file.name))?;
            zip.put(&file.bytes)?;
        }
        zip.finish(about.clone())?;
        Ok(Some((about, last)))
    }
}

/// Writes the whole chain; returns the newest records of the days whose samples belong to the
/// bundle, the last digest and its number.
async fn write_digests(
    client: &mut ApiClient,
    zip: &mut BundleWriter,
    period: Period,
) -> Result<(ClosedDayRecords, String, u64), CommandError> {
    let (mut days, mut head, mut last) = (ClosedDayRecords::new(), String::new(), 0);
    loop {
        let page = client.digests_after(last).await?;
        if page.is_empty() {
            return Ok((days_of_figures(days, period), head, last));
        }
        for digest in page {
            zip.write_digest(&digest)?;
            if is_near_period(period, digest.day)
                && let Ok(record) = digest.record.parse()
            {
                days.insert(digest.day, record);
            }
            (head, last) = (digest.sha256, digest.number);
        }
    }
}

async fn write_rows(
    client: &mut ApiClient,
    zip: &mut BundleWriter,
    table: RecordedTable,
    last: u64,
) -> Result<(), CommandError> {
    zip.begin_file(&table.file_name())?;
    let mut first = 1;
    while first <= last {
        let until = last.min(first + table.rows_at_once() - 1);
        let lines = client.recorded_rows(table, first, until).await?;
        zip.put(&lines)?;
        first = until + 1;
    }
    Ok(())
}

async fn write_revisions(
    client: &mut ApiClient,
    zip: &mut BundleWriter,
) -> Result<(), CommandError> {
    for kind in RevisionKind::ALL {
        let mut after = 0;
        while let Some(revision) = client.revision_after(kind, after).await? {
            zip.begin_file(&revision_file_name(kind, revision.id))?;
            zip.put(revision.text.as_bytes())?;
            after = revision.id;
        }
    }
    Ok(())
}

/// Writes the time stamps of the records.
async fn write_stamps(client: &mut ApiClient, zip: &mut BundleWriter) -> Result<(), CommandError> {
    let mut after = 0;
    while let Some((stamp, answer)) = client.time_stamp_after(after).await? {
        zip.begin_file(&stamp_file_name(stamp.number))?;
        zip.put(&answer)?;
        after = stamp.id;
    }
    Ok(())
}

/// Writes one file for each point, its days one after the other.
async fn write_samples(
    client: &mut ApiClient,
    zip: &mut BundleWriter,
    days: &ClosedDayRecords,
    gone: &impl Fn(&Date) -> bool,
    told: &mut impl FnMut(u64),
) -> Result<(), CommandError> {
    // Raw samples of old days may have been deleted by retention; their records stay.
    let kept: Vec<(&Date, &DayRecord)> = days.iter().filter(|(day, _)| !gone(day)).collect();
    let named = kept.iter().flat_map(|(_, record)| &record.samples);
    let points: BTreeSet<&str> = named.map(|line| line.point.as_str()).collect();
    for point in points {
        zip.begin_file(&samples_file_name(point))?;
        zip.put(format!("{SAMPLES_CSV_HEADER}\n").as_bytes())?;
        for (day, record) in &kept {
            if record.samples.iter().any(|line| line.point == point) {
                let lines = client.samples_of_day(**day, point).await?;
                zip.put(&lines)?;
                told(lines.len() as u64);
            }
        }
    }
    Ok(())
}

/// Writes the reading of each point at the moment at which the last day ends: it counts in the
/// period, but belongs to a day that has no record yet.
async fn write_closing_readings(
    client: &mut ApiClient,
    zip: &mut BundleWriter,
    days: &ClosedDayRecords,
    last: Date,
) -> Result<(), CommandError> {
    let (Some(record), Ok(next)) = (days.get(&last), last.tomorrow()) else {
        return Ok(());
    };
    let moment = format!("{},", record.to);
    let points = days.values().flat_map(|record| &record.samples);
    let points: BTreeSet<&str> = points.map(|line| line.point.as_str()).collect();
    for point in points {
        let lines = client.samples_of_day(next, point).await?;
        let first = lines.split_inclusive(|byte| *byte == b'\n').next();
        if let Some(first) = first.filter(|line| line.starts_with(moment.as_bytes())) {
            zip.begin_file(&closing_file_name(point))?;
            zip.put(format!("{SAMPLES_CSV_HEADER}\n").as_bytes())?;
            zip.put(first)?;
        }
    }
    Ok(())
}
