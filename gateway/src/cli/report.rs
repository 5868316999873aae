//! `pantau report`: the report of a period, or the explanation of one of its figures.

use super::backend::{
    DEFAULT_CONFIG_PATH, current_user, load_config, local_date, move_progress_bar, open_client,
    open_to_issue, print_stderr, progress_bar, report_failure,
};
use super::evidence::{self, BundleExtraFile};
use super::exit_status::{EXIT_DONE, EXIT_USAGE};
use super::output_ending::{check_ending, check_file, is_standard_output};
use super::standard_output::{print_bytes, print_line};
use crate::api::client::{ApiClient, ApiClientError, path_with_query, percent_encode};
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::report::build::{self, ReportRequest};
use crate::report::content::ReportEdition;
use crate::report::render::ReportFormat;
use crate::report::render::number_format::date;
use crate::storage::StoreAccess;
use bytes::Bytes;
use serde_json::json;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `pantau report`.
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    /// Period of the report.
    #[arg(value_name = "PERIOD", required_unless_present = "revisions")]
    period: Option<String>,
    /// Format; by the extension of the output file when left out.
    #[arg(long, value_name = "pdf|xlsx|csv|json")]
    format: Option<String>,
    /// Edition of a PDF.
    #[arg(long, value_name = "director|full")]
    edition: Option<String>,
    /// Output file; `-` is standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Report about one asset.
    #[arg(long, value_name = "ID")]
    asset: Option<String>,
    /// Explains this figure instead.
    #[arg(long, value_name = "INDICATOR")]
    explain: Option<String>,
    /// Revision of configuration and factors to compute with.
    #[arg(long, value_name = "ID")]
    revision: Option<String>,
    /// Lists all revisions instead.
    #[arg(long, conflicts_with_all = ["period", "revision", "explain", "bundle"])]
    revisions: bool,
    /// Also writes the evidence and the report itself into one ZIP.
    #[arg(long, value_name = "FILE.zip", conflicts_with = "explain")]
    bundle: Option<PathBuf>,
    /// Name of the person who issues the report.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["explain", "revisions"])]
    who: Option<String>,
    /// JSON output for scripts.
    #[arg(long)]
    json: bool,
}

/// Time between two lines about the progress.
const PROGRESS_LINE_EVERY: Duration = Duration::from_secs(3);
/// Recorded days after which a line says so.
const RECORDED_DAYS_A_LINE: u64 = 10;
/// Word for `--explain` that stands for every figure.
const ALL_FIGURES: &str = "all";

/// Arguments after their check against the site.
struct CheckedReportArgs {
    config: Arc<Config>,
    wish: ReportRequest,
    /// Revision to compute with, when it is not the one in force.
    revision: Option<String>,
}

/// Makes the report or the explanation; returns the exit status.
pub(super) async fn run_report(options: ReportArgs, lang: Language) -> u8 {
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if options.revisions {
        return super::revisions::run_revisions(&config, options.json, lang).await;
    }
    let asked = match check_args(config, &options, lang) {
        Ok(asked) => asked,
        Err(sentence) => {
            print_stderr(&sentence);
            return EXIT_USAGE;
        }
    };
    let done = match &options.explain {
        Some(figure) => explain_figure(&asked, figure, &options).await,
        None => write_report(&asked, &options).await,
    };
    done.unwrap_or_else(|trouble| report_failure(&trouble, lang))
}

impl CheckedReportArgs {
    fn file_name(&self) -> String {
        build::report_file_name(&self.config, &self.wish, self.revision.as_deref())
    }

    /// The report in a format, as a file of a bundle.
    fn bundle_file(&self, format: ReportFormat, bytes: Bytes) -> BundleExtraFile {
        let wish = ReportRequest {
            format,
            ..self.wish.clone()
        };
        BundleExtraFile {
            name: build::report_file_name(&self.config, &wish, self.revision.as_deref()),
            bytes: bytes.into(),
        }
    }

    /// Path with the query parameters for language, asset and revision, and these.
    fn path(&self, path: &str, more: &[(&str, Option<&str>)]) -> String {
        let own = [
            ("lang", Some(self.wish.lang.code())),
            ("asset", self.wish.asset.as_deref()),
            ("revision", self.revision.as_deref()),
        ];
        path_with_query(path, &[&own, more].concat())
    }
}

/// Arguments that fit the site. Errors: a sentence that says what to change.
fn check_args(
    config: Config,
    options: &ReportArgs,
    lang: Language,
) -> Result<CheckedReportArgs, String> {
    let found = options.period.as_deref().unwrap_or_default();
    let period: Period = found
        .parse()
        .map_err(|_| lang.text_with("reporting-no-period", &[("found", found)]))?;
    if period.first() > local_date(&config, Clock::system().now().at) {
        let first = date(lang, period.first());
        return Err(lang.text_with("reporting-future", &[("first", &first)]));
    }
    // An old revision may have had other assets.
    if let Some(asset) = options
        .asset
        .as_ref()
        .filter(|_| options.revision.is_none())
    {
        check_asset(&config, asset, lang)?;
    }
    let format = choose_format(options, lang)?;
    check_outputs(options, format, lang)?;
    let asset = options.asset.as_deref().map(Arc::from);
    Ok(CheckedReportArgs {
        config: Arc::new(config),
        wish: ReportRequest {
            period,
            asset,
            lang,
            format,
            edition: choose_edition(options, lang)?,
        },
        revision: options.revision.clone(),
    })
}

fn check_asset(config: &Config, asset: &str, lang: Language) -> Result<(), String> {
    if config.assets.iter().any(|one| *one.id == *asset) {
        return Ok(());
    }
    let mut sentence = lang.text_with("reporting-no-asset", &[("found", asset)]);
    let all: Vec<&str> = config.assets.iter().map(|one| &*one.id).collect();
    if !all.is_empty() {
        sentence.push(' ');
        sentence.push_str(&lang.text_with("reporting-assets", &[("known", &all.join(", "))]));
    }
    Err(sentence)
}

/// Edition of `--edition`, else the director's. Errors: a word that is none.
fn choose_edition(options: &ReportArgs, lang: Language) -> Result<ReportEdition, String> {
    let Some(word) = &options.edition else {
        return Ok(ReportEdition::default());
    };
    ReportEdition::parse(word)
        .ok_or_else(|| lang.text_with("reporting-no-edition", &[("found", word)]))
}

/// Format of `--format`, else of the file's ending, else PDF. Errors: a word or an ending that is
/// no format.
fn choose_format(options: &ReportArgs, lang: Language) -> Result<ReportFormat, String> {
    if let Some(word) = &options.format {
        return ReportFormat::parse(word).ok_or_else(|| lang.text("reporting-no-format"));
    }
    let ending = options.output.as_deref().and_then(Path::extension);
    // An explanation is text, whatever the name of its file.
    let Some(ending) = ending.filter(|_| options.explain.is_none()) else {
        return Ok(ReportFormat::Pdf);
    };
    let ending = ending.to_string_lossy().to_lowercase();
    ReportFormat::parse(&ending)
        .ok_or_else(|| lang.text_with("reporting-no-ending", &[("found", &ending)]))
}

/// Checks that the names of the output files fit what is written. Errors: a sentence that says what
/// to change.
fn check_outputs(options: &ReportArgs, format: ReportFormat, lang: Language) -> Result<(), String> {
    let written = match (&options.explain, options.json) {
        (Some(_), true) => "json",
        (Some(_), false) => "txt",
        (None, _) => format.key(),
    };
    if let Some(output) = &options.output {
        check_ending(output, written, lang)?;
    }
    match &options.bundle {
        Some(bundle) => check_file(bundle, "zip", lang),
        None => Ok(()),
    }
}

/// Writes the report; the file gets its name only when it is complete.
async fn write_report(asked: &CheckedReportArgs, options: &ReportArgs) -> Result<u8, CommandError> {
    let mut client = open_to_issue(&asked.config, asked.wish.lang).await?;
    let done = write_report_and_bundle(&mut client, asked, options).await;
    client.close().await;
    done
}

/// Writes the report, which prints the digest of the last closed day; then the bundle, if
/// requested.
async fn write_report_and_bundle(
    client: &mut ApiClient,
    asked: &CheckedReportArgs,
    options: &ReportArgs,
) -> Result<u8, CommandError> {
    // The digest that the report prints must exist before the report is made.
    let lang = asked.wish.lang;
    record_closed_days(client, lang).await?;
    let who = options.who.clone().unwrap_or_else(current_user);
    let bytes = fetch_report(client, asked, asked.wish.format, &who).await?;
    save_report(&bytes, asked, options)?;
    let Some(bundle) = &options.bundle else {
        return Ok(EXIT_DONE);
    };
    let mut extra = vec![asked.bundle_file(asked.wish.format, bytes)];
    // It names the rows and texts that no record has yet, one by one, so that a bundle in which one
    // of them was changed does not fit it; other formats have one hash of all of them.
    if asked.wish.format != ReportFormat::Json {
        let bytes = fetch_report(client, asked, ReportFormat::Json, &who).await?;
        extra.push(asked.bundle_file(ReportFormat::Json, bytes));
    }
    let (site, period) = (&asked.config.site, asked.wish.period);
    let bar = progress_bar(None);
    let told = |done| bar.inc(done);
    let done = evidence::write_bundle(client, site, period, &extra, bundle, told).await;
    bar.finish_and_clear();
    Ok(evidence::print_written_bundle(
        done?.as_ref(),
        bundle,
        asked.wish.lang,
    ))
}

/// The report in a format, issued by `who`.
async fn fetch_report(
    client: &mut ApiClient,
    asked: &CheckedReportArgs,
    format: ReportFormat,
    who: &str,
) -> Result<Bytes, CommandError> {
    let said = [
        ("edition", Some(asked.wish.edition.key())),
        ("by", Some(who)),
    ];
    let (period, format) = (asked.wish.period, format.key());
    let path = asked.path(&format!("/api/v1/reports/{period}.{format}"), &said);
    fetch_with_progress(client, &path, asked.wish.lang).await
}

/// Makes the records that are due, with a bar, or a line from time to time where standard error is
/// no terminal.
async fn record_closed_days(client: &mut ApiClient, lang: Language) -> Result<(), CommandError> {
    let (bar, has_bar) = (progress_bar(None), std::io::stderr().is_terminal());
    let (mut most, mut said) = (0, 0);
    let told = |left: u64| {
        most = most.max(left);
        let done = most - left;
        move_progress_bar(&bar, done, most);
        if !has_bar && left > 0 && done >= said + RECORDED_DAYS_A_LINE {
            said = done;
            let args = [("done", &*done.to_string()), ("all", &*most.to_string())];
            print_stderr(&lang.text_with("reporting-recording", &args));
        }
    };
    let made = client.make_due_records(told).await;
    bar.finish_and_clear();
    Ok(made?)
}

/// Writes the report to its file or to standard output, and prints where it is.
fn save_report(
    bytes: &[u8],
    asked: &CheckedReportArgs,
    options: &ReportArgs,
) -> Result<(), CommandError> {
    let file = match &options.output {
        Some(file) => file.clone(),
        None => PathBuf::from(asked.file_name()),
    };
    if is_standard_output(&file) {
        print_bytes(bytes);
        return Ok(());
    }
    write_whole_file(&file, bytes)?;
    let (name, lang) = (file.display().to_string(), asked.wish.lang);
    let said = if options.json {
        let format = asked.wish.format.key();
        let period = asked.wish.period.to_string();
        json!({ "file": name, "format": format, "period": period, "bytes": bytes.len() })
            .to_string()
    } else {
        lang.text_with("reporting-done", &[("file", &name)])
    };
    print_line(&said);
    Ok(())
}

/// Answer of the API, with a bar while it computes, or a line from time to time where standard
/// error is no terminal. Errors: a refused request is a wrong call.
async fn fetch_with_progress(
    client: &mut ApiClient,
    path: &str,
    lang: Language,
) -> Result<Bytes, CommandError> {
    let bar = progress_bar(None);
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut progress = client.progress();
    let has_bar = std::io::stderr().is_terminal();
    let mut lines = tokio::time::interval(PROGRESS_LINE_EVERY);
    // The first tick comes at once.
    lines.tick().await;
    let mut answer = std::pin::pin!(async { client.get(path).await?.bytes().await });
    let answer = loop {
        tokio::select! {
            answer = &mut answer => break answer,
            Ok(()) = progress.changed() => {
                let now = *progress.borrow_and_update();
                move_progress_bar(&bar, now.done, now.all);
            }
            _ = lines.tick(), if !has_bar && progress.borrow().all > 0 => {
                let now = *progress.borrow();
                let args = [("done", &*now.done.to_string()), ("all", &*now.all.to_string())];
                print_stderr(&lang.text_with("reporting-progress", &args));
            }
        }
    };
    bar.finish_and_clear();
    answer.map_err(|trouble| match trouble {
        ApiClientError::Refused { status, text, .. } if status.is_client_error() => {
            CommandError::Usage(text)
        }
        other => other.into(),
    })
}

/// Prints the explanation of a figure.
async fn explain_figure(
    asked: &CheckedReportArgs,
    figure: &str,
    options: &ReportArgs,
) -> Result<u8, CommandError> {
    let period = asked.wish.period.to_string();
    let shape = if options.json { "indented" } else { "text" };
    let path = match figure {
        ALL_FIGURES => "/api/v1/explanations".to_owned(),
        figure => format!("/api/v1/indicators/{}", percent_encode(figure)),
    };
    let path = asked.path(&path, &[("period", Some(&*period)), ("as", Some(shape))]);
    // Unlike a report, an explanation prints no digest and needs no evidence records.
    let mut client = open_client(&asked.config, StoreAccess::Read).await?;
    let said = fetch_with_progress(&mut client, &path, asked.wish.lang).await;
    client.close().await;
    let mut said = Vec::from(said?);
    // The answer of the API has no final newline, and the prompt of the terminal needs one.
    if !said.ends_with(b"\n") {
        said.push(b'\n');
    }
    match &options.output {
        Some(file) if !is_standard_output(file) => write_whole_file(file, &said)?,
        _ => drop(print_bytes(&said)),
    }
    Ok(EXIT_DONE)
}

/// Writes a file that gets its name only when all of it is on disk.
fn write_whole_file(file: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let kept = std::fs::File::create(&part).and_then(|mut out| {
        out.write_all(bytes)?;
        // On disk before the rename: after a power cut the name must not stand for an empty file.
        out.sync_all()
    });
    let done = kept.and_then(|()| std::fs::rename(&part, file));
    if done.is_err() {
        // A partial file would look like a report. A failure to remove it changes nothing more.
        let _ = std::fs::remove_file(&part);
    }
    done.writing(file)
}
