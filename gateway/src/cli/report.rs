//! `pantau report`: the report of a period, or the explanation of one of its figures; from the
//! running gateway, else from the store.

use super::args::DEFAULT_CONFIG_PATH;
use super::backend::{
    Backend, CommandError, GatewayConnection, load_config, percent_encode, print_stderr,
    progress_bar, report_failure,
};
use super::evidence::{self, BundleExtraFile};
use super::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::indicators::{CalculationProgress, IndicatorQuery};
use crate::report::build::{self, CalculationBasis, ReportRequest};
use crate::report::content::explain::explain_indicator;
use crate::report::render::ReportFormat;
use crate::report::render::number_format::date;
use crate::storage::{Store, StoreAccess};
use http_body_util::BodyExt;
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// JSON output for scripts.
    #[arg(long)]
    json: bool,
}

/// Arguments after their check against the site.
struct CheckedReportArgs {
    config: Arc<Config>,
    wish: ReportRequest,
    /// Revision to compute with, when it is not the one in force.
    revision: Option<String>,
    now: UtcMs,
}

/// Failure of `pantau report`.
pub(super) enum ReportCommandError {
    /// The readings or a file could not be reached.
    Command(CommandError),
    /// The figures or the report could not be made.
    Report(build::ReportBuildError),
    /// There is no such figure.
    UnknownFigure(String),
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
    done.unwrap_or_else(|failure| failure.print_error(lang))
}

impl CheckedReportArgs {
    fn file_name(&self) -> String {
        build::report_file_name(&self.config, &self.wish, self.revision.as_deref())
    }

    /// Configuration and factors to compute with, from the store of this process.
    async fn load_basis(&self, store: &Store) -> Result<CalculationBasis, ReportCommandError> {
        let config = Arc::clone(&self.config);
        Ok(match &self.revision {
            Some(asked) => build::load_basis(config, store, asked).await?,
            None => CalculationBasis::in_force(config),
        })
    }
}

impl ReportCommandError {
    /// Prints the reason on standard error; returns the exit status.
    pub(super) fn print_error(self, lang: Language) -> u8 {
        match self {
            Self::Command(trouble) => report_failure(&trouble, lang),
            Self::Report(trouble) => {
                print_stderr(&trouble.message(lang));
                if trouble.is_bad_request() {
                    EXIT_USAGE
                } else {
                    EXIT_NEGATIVE
                }
            }
            Self::UnknownFigure(sentence) => {
                print_stderr(&sentence);
                EXIT_USAGE
            }
        }
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
    let now = Clock::system().now().at;
    if period.first() > config.site.timezone.date(now) {
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
    let asset = options.asset.as_deref().map(Arc::from);
    Ok(CheckedReportArgs {
        config: Arc::new(config),
        wish: ReportRequest {
            period,
            asset,
            lang,
            format,
        },
        revision: options.revision.clone(),
        now,
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

/// Format of `--format`, else of the file's extension, else PDF.
fn choose_format(options: &ReportArgs, lang: Language) -> Result<ReportFormat, String> {
    let ending = options.output.as_deref().and_then(Path::extension);
    let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
    match (
        &options.format,
        ending.as_deref().and_then(ReportFormat::parse),
    ) {
        (Some(word), _) => {
            ReportFormat::parse(word).ok_or_else(|| lang.text("reporting-no-format"))
        }
        (None, Some(format)) => Ok(format),
        (None, None) => Ok(ReportFormat::Pdf),
    }
}

/// Writes the report; the file gets its name only when it is complete.
async fn write_report(
    asked: &CheckedReportArgs,
    options: &ReportArgs,
) -> Result<u8, ReportCommandError> {
    let mut way = Backend::open_with_records(&asked.config).await?;
    let done = write_report_and_bundle(&mut way, asked, options).await;
    way.close().await;
    done
}

/// Writes the report, which prints the digest of the last closed day; then the bundle, if
/// requested.
async fn write_report_and_bundle(
    way: &mut Backend,
    asked: &CheckedReportArgs,
    options: &ReportArgs,
) -> Result<u8, ReportCommandError> {
    // The digest that the report prints must exist before the report is made.
    way.make_due_records(|_| ()).await?;
    let bytes = match way {
        Backend::Gateway(running) => report_from_gateway(running, asked).await,
        Backend::Store(store) => report_from_store(store, asked).await,
    }?;
    save_report(&bytes, asked, options)?;
    let Some(bundle) = &options.bundle else {
        return Ok(EXIT_DONE);
    };
    let extra = BundleExtraFile {
        name: asked.file_name(),
        bytes,
    };
    let (site, period) = (&asked.config.site, asked.wish.period);
    let bar = progress_bar(None);
    let done =
        evidence::write_bundle(way, site, period, &[extra], bundle, |done| bar.inc(done)).await;
    bar.finish_and_clear();
    Ok(evidence::print_written_bundle(
        done?.as_ref(),
        bundle,
        asked.wish.lang,
    ))
}

/// Writes the report to its file or to standard output, and prints where it is.
fn save_report(bytes: &[u8], asked: &CheckedReportArgs, options: &ReportArgs) -> io::Result<()> {
    let file = match &options.output {
        Some(file) => file.clone(),
        None => PathBuf::from(asked.file_name()),
    };
    if file.as_os_str() == "-" {
        return print_bytes(bytes);
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
    print_bytes(format!("{said}\n").as_bytes())
}

async fn report_from_gateway(
    running: &mut GatewayConnection,
    asked: &CheckedReportArgs,
) -> Result<Vec<u8>, ReportCommandError> {
    let wish = &asked.wish;
    let (period, format, lang) = (wish.period, wish.format.key(), wish.lang.code());
    let more = query_suffix(asked);
    let path = format!("/api/v1/reports/{period}.{format}?lang={lang}{more}");
    fetch_with_progress(running, &path).await
}

/// Query parameters for asset and revision.
fn query_suffix(asked: &CheckedReportArgs) -> String {
    let said = [
        ("asset", asked.wish.asset.as_deref()),
        ("revision", asked.revision.as_deref()),
    ];
    let part =
        |(key, value): (&str, Option<&str>)| Some(format!("&{key}={}", percent_encode(value?)));
    said.into_iter().filter_map(part).collect()
}

/// Answer of the running gateway, with a progress spinner while it computes.
async fn fetch_with_progress(
    running: &mut GatewayConnection,
    path: &str,
) -> Result<Vec<u8>, ReportCommandError> {
    let bar = progress_bar(None);
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let body = running.request("GET", path, "").await;
    let body = match body {
        Ok(body) => body.collect().await.map_err(CommandError::from),
        Err(trouble) => Err(trouble),
    };
    bar.finish_and_clear();
    Ok(body?.to_bytes().to_vec())
}

async fn report_from_store(
    store: &Store,
    asked: &CheckedReportArgs,
) -> Result<Vec<u8>, ReportCommandError> {
    let (bar, moved) = bar_and_callback();
    let (basis, wish) = (asked.load_basis(store).await?, asked.wish.clone());
    let bytes = build::build_report(basis, store.clone(), wish, asked.now, (), moved).await;
    bar.finish_and_clear();
    Ok(bytes?)
}

/// Progress bar, and the callback that moves it.
fn bar_and_callback() -> (
    indicatif::ProgressBar,
    impl FnMut(CalculationProgress) + Send + 'static,
) {
    let bar = progress_bar(Some(0));
    let moving = bar.clone();
    let moved = move |progress: CalculationProgress| {
        moving.set_length(progress.all);
        moving.set_position(progress.done);
    };
    (bar, moved)
}

/// Prints the explanation of a figure.
async fn explain_figure(
    asked: &CheckedReportArgs,
    figure: &str,
    options: &ReportArgs,
) -> Result<u8, ReportCommandError> {
    // Unlike a report, an explanation prints no digest and needs no evidence records.
    let mut way = Backend::open(&asked.config, StoreAccess::Read).await?;
    let said = match &mut way {
        Backend::Gateway(running) => {
            let (period, lang) = (asked.wish.period, asked.wish.lang.code());
            let (figure, more) = (percent_encode(figure), query_suffix(asked));
            let shape = if options.json { "" } else { "&as=text" };
            let path =
                format!("/api/v1/indicators/{figure}?period={period}&lang={lang}{more}{shape}");
            fetch_with_progress(running, &path).await
        }
        Backend::Store(store) => explain_from_store(store, asked, figure, options.json).await,
    };
    way.close().await;
    let mut said = said?;
    // The answer of the API has no final newline, and the prompt of the terminal needs one.
    if !said.ends_with(b"\n") {
        said.push(b'\n');
    }
    match &options.output {
        Some(file) if file.as_os_str() != "-" => write_whole_file(file, &said)?,
        _ => print_bytes(&said)?,
    }
    Ok(EXIT_DONE)
}

async fn explain_from_store(
    store: &Store,
    asked: &CheckedReportArgs,
    figure: &str,
    as_json: bool,
) -> Result<Vec<u8>, ReportCommandError> {
    let (config, wish) = (asked.load_basis(store).await?.config, &asked.wish);
    let ask = IndicatorQuery {
        period: wish.period,
        asset: wish.asset.clone(),
        now: asked.now,
        daily: false,
    };
    let (bar, moved) = bar_and_callback();
    let account =
        build::compute_indicators(Arc::clone(&config), store.clone(), ask, (), moved).await;
    bar.finish_and_clear();
    let account = account?;
    let found = explain_indicator(&account, figure, wish.asset.as_deref(), wish.lang);
    let found =
        found.map_err(|unknown| ReportCommandError::UnknownFigure(unknown.message(wish.lang)))?;
    if !as_json {
        return Ok(found.text(&config, &account, wish.lang).into_bytes());
    }
    let json = found.json(&config, &account, wish.lang);
    serde_json::to_vec_pretty(&json).map_err(|fault| io::Error::other(fault).into())
}

/// Writes a file that gets its name only when all of it is on disk.
fn write_whole_file(file: &Path, bytes: &[u8]) -> io::Result<()> {
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
    done
}

/// Writes bytes to standard output; a closed pipe (`| head`) is no failure.
pub(super) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

impl From<CommandError> for ReportCommandError {
    fn from(trouble: CommandError) -> Self {
        Self::Command(trouble)
    }
}

impl From<io::Error> for ReportCommandError {
    fn from(error: io::Error) -> Self {
        Self::Command(CommandError::File(error))
    }
}

impl From<build::ReportBuildError> for ReportCommandError {
    fn from(trouble: build::ReportBuildError) -> Self {
        Self::Report(trouble)
    }
}
