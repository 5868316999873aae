//! `pantau export`: the samples of one point as CSV, or the evidence bundle of a period.

use super::backend::{
    DEFAULT_CONFIG_PATH, load_config, open_client, open_with_records, print_stderr, progress_bar,
    report_failure,
};
use super::evidence::{self, BundleExtraFile};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::output_ending::{check_ending, check_file, is_standard_output};
use super::standard_output::print_bytes;
use crate::api::client::{ApiClient, path_with_query};
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::config::Config;
use crate::i18n::Language;
use crate::samples_csv;
use crate::storage::StoreAccess;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Range of all possible sample times in UTC milliseconds: years 1 to 9999, which RFC 3339 can
/// write.
const ALL_TIME_MS: Range<i64> = -62_135_596_800_000..253_402_199_999_999;

/// Requested range in RFC 3339; an open end where nothing is given.
type RequestedRange<'a> = (Option<&'a str>, Option<&'a str>);

/// Arguments of `pantau export`.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    #[arg(long, value_name = "ID", required_unless_present = "bundle")]
    point: Option<String>,
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    #[arg(long, value_name = "PERIOD", requires = "output",
        conflicts_with_all = ["point", "from", "to"])]
    bundle: Option<String>,
    #[arg(long, value_name = "FILE", requires = "bundle")]
    with: Vec<PathBuf>,
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the requested export; returns the exit status.
pub(super) async fn run_export(options: &ExportArgs, lang: Language) -> u8 {
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if let Err(why) = check_output(options, lang) {
        print_stderr(&why);
        return EXIT_USAGE;
    }
    if let (Some(period), Some(output)) = (&options.bundle, &options.output) {
        return export_bundle(&config, period, &options.with, output, lang).await;
    }
    let asked = (options.from.as_deref(), options.to.as_deref());
    let point = options.point.as_deref().unwrap_or_default();
    let output = options.output.as_deref();
    let output = output.filter(|file| !is_standard_output(file));
    export_samples(&config, point, asked, output, lang).await
}

/// Checks the name of the output file. Errors: a sentence that says what to give instead.
fn check_output(options: &ExportArgs, lang: Language) -> Result<(), String> {
    match &options.output {
        Some(output) if options.bundle.is_some() => check_file(output, "zip", lang),
        Some(output) => check_ending(output, "csv", lang),
        None => Ok(()),
    }
}

/// Writes the evidence bundle of a period, one ZIP file.
async fn export_bundle(
    config: &Config,
    period: &str,
    with: &[PathBuf],
    output: &Path,
    lang: Language,
) -> u8 {
    let Ok(period) = period.parse() else {
        print_stderr(&lang.text_with("evidence-period", &[("found", period)]));
        return EXIT_USAGE;
    };
    let bar = progress_bar(None);
    let done = async {
        let extra = with.iter().map(|file| BundleExtraFile::read(file));
        let extra = extra.collect::<Result<Vec<_>, _>>()?;
        // A bundle can only hold days that have a record, so due records are made first.
        let mut client = open_with_records(config, false).await?;
        let (client_ref, told) = (&mut client, |bytes| bar.inc(bytes));
        let done =
            evidence::write_bundle(client_ref, &config.site, period, &extra, output, told).await;
        client.close().await;
        done
    };
    let done = done.await;
    bar.finish_and_clear();
    match done {
        Ok(written) => evidence::print_written_bundle(written.as_ref(), output, lang),
        Err(trouble) => report_failure(&trouble, lang),
    }
}

/// Writes the samples of a point as CSV.
async fn export_samples(
    config: &Config,
    point: &str,
    asked: RequestedRange<'_>,
    output: Option<&Path>,
    lang: Language,
) -> u8 {
    let Some(stretch) = parse_range(asked) else {
        print_stderr(&lang.text("exchange-time"));
        return EXIT_USAGE;
    };
    if config.site.point(point).is_none() {
        print_stderr(&lang.text_with("cli-no-point", &[("point", point)]));
        return EXIT_USAGE;
    }
    match write_samples(config, point, stretch, output).await {
        Ok(lost) if lost.is_empty() => EXIT_DONE,
        Ok(lost) => {
            let days = lost.into_iter().collect::<Vec<_>>().join(", ");
            print_stderr(&lang.text_with("export-damaged", &[("days", &days)]));
            EXIT_NEGATIVE
        }
        Err(trouble) => report_failure(&trouble, lang),
    }
}

/// Range in UTC milliseconds; `None` when a time cannot be read.
fn parse_range((from, to): RequestedRange<'_>) -> Option<Range<i64>> {
    let moment = |text: Option<&str>, otherwise| match text {
        Some(text) => samples_csv::parse_time(text).map(|at| at.0),
        None => Some(otherwise),
    };
    Some(moment(from, ALL_TIME_MS.start)?..moment(to, ALL_TIME_MS.end)?)
}

/// Writes the rows; returns the days of the range in which readings of the device were lost.
async fn write_samples(
    config: &Config,
    point: &str,
    stretch: Range<i64>,
    output: Option<&Path>,
) -> Result<BTreeSet<String>, CommandError> {
    let mut client = open_client(config, StoreAccess::Read).await?;
    let mut target = ExportTarget::open(output)?;
    let done = copy_samples(&mut client, point, stretch.clone(), &mut target).await;
    // Asked afterwards: a garbled chunk is found when it is read.
    let lost = lost_days(&mut client, point, stretch).await;
    client.close().await;
    // The store is closed also after an error.
    done?;
    target.finish()?;
    lost
}

/// Days of the range in which readings of the point's device were lost by damage of the store.
async fn lost_days(
    client: &mut ApiClient,
    point: &str,
    stretch: Range<i64>,
) -> Result<BTreeSet<String>, CommandError> {
    let device = point.split('.').next().unwrap_or_default();
    let found = client.damage_lines().await?;
    let of_device = found.into_iter().filter(|one| {
        let is_in = one.first < stretch.end && one.last >= stretch.start;
        let is_of_it = one.device == device || one.device.is_empty();
        one.what == "readings" && is_of_it && is_in
    });
    let days: BTreeSet<String> = of_device.map(|one| one.day).collect();
    let mut lost = BTreeSet::new();
    for day in days {
        // Other points of the device may have lost readings, and this one none.
        if client.has_lost_readings(point, &day).await? {
            lost.insert(day);
        }
    }
    Ok(lost)
}

/// Copies the rows part by part, so that a long history does not fill the memory.
async fn copy_samples(
    client: &mut ApiClient,
    point: &str,
    stretch: Range<i64>,
    target: &mut ExportTarget,
) -> Result<(), CommandError> {
    let [from, to] = [stretch.start, stretch.end].map(|at| at.to_string());
    let parameters = [
        ("point", Some(point)),
        ("from", Some(&*from)),
        ("to", Some(&*to)),
    ];
    let path = path_with_query("/api/v1/samples.csv", &parameters);
    let mut rows = client.get(&path).await?;
    while let Some(part) = rows.next_part().await? {
        // Nobody reads further rows from a closed pipe (`| head`).
        if !target.write_bytes(&part)? {
            break;
        }
    }
    Ok(())
}

/// Output file that gets its name only when it is complete, or standard output.
struct ExportTarget {
    file: Option<ExportFile>,
    progress: indicatif::ProgressBar,
}

/// File that is written under another name until it is complete.
struct ExportFile {
    writer: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
}

impl ExportTarget {
    fn open(path: Option<&Path>) -> Result<Self, CommandError> {
        Ok(Self {
            file: path.map(ExportFile::create).transpose()?,
            progress: progress_bar(None),
        })
    }

    /// Writes; returns false when standard output is closed.
    fn write_bytes(&mut self, bytes: &[u8]) -> Result<bool, CommandError> {
        self.progress.inc(u64::try_from(bytes.len()).unwrap_or(0));
        match &mut self.file {
            Some(file) => {
                file.writer.write_all(bytes).writing(&file.path)?;
                Ok(true)
            }
            None => Ok(print_bytes(bytes)),
        }
    }

    fn finish(self) -> Result<(), CommandError> {
        self.progress.finish_and_clear();
        let Some(mut file) = self.file else {
            return Ok(());
        };
        let done = file.writer.flush();
        let done = done.and_then(|()| std::fs::rename(&file.part, &file.path));
        done.writing(&file.path)
    }
}

impl ExportFile {
    fn create(path: &Path) -> Result<Self, CommandError> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        Ok(Self {
            writer: BufWriter::new(File::create(&part).writing(path)?),
            part,
            path: path.to_owned(),
        })
    }
}
