//! `pantau handover`: commissioning record of a site, for the technician and for the person who
//! takes the site over.
//!
//! Entry point: [`run_handover`]. The devices are read by the running gateway; without one, each
//! device is read once here.
//!
//! ```text
//! $ pantau handover -c pantau.toml -o serah-terima.pdf --displays displays.csv --soak soak.json
//! ```
//!
//! User documentation: `docs/field.md`, "Handing the site over".

mod device_readings;
mod input_files;

use super::backend::{DEFAULT_CONFIG_PATH, load_config, print_stderr, report_failure};
use super::calibrate::CalibrationClient;
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::output_ending::{check_ending, is_standard_output};
use super::prompt::ConsolePrompt;
use super::standard_output::print_bytes;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::calibration::CalibrationHistory;
use crate::handover::{
    HandoverDevice, HandoverPoint, HandoverRecord, HandoverSigner, find_point_mut,
};
use crate::i18n::Language;
use crate::report::render::{ReportFormat, render_document};
use crate::storage::StoreAccess;
use input_files::DisplayReading;
use std::io::stdin;
use std::path::{Path, PathBuf};

/// Arguments of `pantau handover`.
#[derive(Debug, clap::Args)]
pub(super) struct HandoverArgs {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    /// Output file of the record.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FILE.pdf",
        required_unless_present = "json"
    )]
    record: Option<PathBuf>,
    /// JSON output for scripts, on standard output.
    #[arg(long)]
    json: bool,
    /// File with the values on the displays.
    #[arg(long, value_name = "FILE.csv")]
    displays: Option<PathBuf>,
    /// Value on one display.
    #[arg(long, value_name = "POINT=VALUE", value_parser = input_files::parse_display_reading)]
    display: Vec<DisplayReading>,
    /// Ask for the values on the displays.
    #[arg(long)]
    ask: bool,
    /// Result of `pantau soak --json`.
    #[arg(long, value_name = "FILE.json")]
    soak: Option<PathBuf>,
    /// Photos.
    #[arg(long, value_name = "FILE")]
    photo: Vec<PathBuf>,
    #[arg(long, value_name = "NAME")]
    technician: Option<String>,
    #[arg(long, value_name = "NAME")]
    receiver: Option<String>,
}

/// Writes the record; returns the exit status.
pub(super) async fn run_handover(options: &HandoverArgs, lang: Language) -> u8 {
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if let Err(why) = check_output(options, lang) {
        print_stderr(&why);
        return EXIT_USAGE;
    }
    match collect_record(options, &config, lang).await {
        Ok(record) => write_record(options, &record, lang),
        Err(HandoverError::InvalidInput(why)) => {
            print_stderr(&why);
            EXIT_USAGE
        }
        Err(HandoverError::Command(trouble)) => report_failure(&trouble, lang),
    }
}

/// Checks the name of the output file before devices are read. Errors: a sentence that says what to
/// change.
fn check_output(options: &HandoverArgs, lang: Language) -> Result<(), String> {
    let Some(file) = &options.record else {
        return Ok(());
    };
    // Record and JSON cannot share standard output.
    if options.json && is_standard_output(file) {
        return Err(lang.text_with("cli-no-standard-output", &[("written", "pdf")]));
    }
    check_ending(file, "pdf", lang)
}

/// Failure of `pantau handover`.
enum HandoverError {
    /// A file or argument cannot be used.
    InvalidInput(String),
    /// Another failure of the command.
    Command(CommandError),
}

impl From<CommandError> for HandoverError {
    fn from(trouble: CommandError) -> Self {
        Self::Command(trouble)
    }
}

async fn collect_record<'a>(
    options: &HandoverArgs,
    config: &'a Config,
    lang: Language,
) -> Result<HandoverRecord<'a>, HandoverError> {
    // Errors in the call are reported before any device is read, which can take long.
    let displays = collect_displays(options, config, lang)?;
    let soak = options
        .soak
        .as_deref()
        .map(|file| input_files::read_soak_result(file, lang));
    let soak = soak.transpose().map_err(HandoverError::InvalidInput)?;
    let photos =
        input_files::read_photos(&options.photo, lang).map_err(HandoverError::InvalidInput)?;
    let mut devices = device_readings::gather_devices(config, lang).await?;
    for (point, display) in displays {
        if let Some(found) = find_point_mut(&mut devices, &point) {
            found.display = Some(display);
        }
    }
    if options.ask {
        let mut input = stdin().lock();
        ask_displays(&mut devices, &mut ConsolePrompt::new(&mut input, lang));
    }
    let now = Clock::system().now().at;
    Ok(HandoverRecord {
        config,
        lang,
        now,
        devices,
        soak,
        photos,
        calibrations: load_calibrations(config, lang).await?,
        technician: HandoverSigner::named(options.technician.as_deref()),
        receiver: HandoverSigner::named(options.receiver.as_deref()),
        checks: Vec::new(),
        remark: String::new(),
    })
}

/// Display values of all sources. Errors: a point that the site does not have.
fn collect_displays(
    options: &HandoverArgs,
    config: &Config,
    lang: Language,
) -> Result<Vec<DisplayReading>, HandoverError> {
    let mut displays = match &options.displays {
        Some(file) => {
            input_files::read_displays_file(file, lang).map_err(HandoverError::InvalidInput)?
        }
        None => Vec::new(),
    };
    displays.extend(options.display.iter().cloned());
    let unknown = displays
        .iter()
        .find(|(point, _)| config.site.point(point).is_none());
    match unknown {
        Some((point, _)) => Err(HandoverError::InvalidInput(
            lang.text_with("cli-no-point", &[("point", point)]),
        )),
        None => Ok(displays),
    }
}

/// Asks for the display of every point that has a reading and no display yet; an empty answer
/// leaves the point out.
fn ask_displays(devices: &mut [HandoverDevice], person: &mut ConsolePrompt<'_>) {
    let points = devices.iter_mut().flat_map(|device| &mut device.points);
    let open = |point: &&mut HandoverPoint| point.value.is_some() && point.display.is_none();
    for point in points.filter(open) {
        let args = [
            ("point", &*point.id),
            ("value", &*point.text),
            ("unit", &*point.unit),
        ];
        let question = person.lang.text_with("handover-ask-display", &args);
        let number = |text: &str| {
            let compared =
                crate::commissioning::display_comparison::compare_with_display(0.0, text)?;
            compared.display.is_finite().then(|| text.to_owned())
        };
        point.display = person.ask_parsed(&question, number);
    }
}

/// Calibrations of the running gateway, or of the store if it exists.
async fn load_calibrations(
    config: &Config,
    lang: Language,
) -> Result<CalibrationHistory, CommandError> {
    let is_there = |name: &str| config.store.path.join(name).exists();
    // Before the first run of the gateway there is no store, and no calibration.
    if !is_there("pantau.db") {
        return Ok(CalibrationHistory::default());
    }
    let mut desk = CalibrationClient::open(config, lang, StoreAccess::Read).await?;
    let all = desk.all_calibrations().await;
    desk.close().await;
    all
}

/// Writes the record to its file, or to standard output.
fn save_record(file: &Path, bytes: &[u8], lang: Language) -> Result<(), CommandError> {
    if is_standard_output(file) {
        print_bytes(bytes);
        return Ok(());
    }
    std::fs::write(file, bytes).writing(file)?;
    let file = file.display().to_string();
    print_stderr(&lang.text_with("handover-written", &[("file", &file)]));
    Ok(())
}

fn write_record(options: &HandoverArgs, record: &HandoverRecord<'_>, lang: Language) -> u8 {
    let document = record.to_document();
    let written = |format: ReportFormat| {
        render_document(&document, format).map_err(|fault| CommandError::Refused(fault.to_string()))
    };
    if let Some(file) = &options.record {
        let saved = written(ReportFormat::Pdf).and_then(|bytes| save_record(file, &bytes, lang));
        if let Err(trouble) = saved {
            return report_failure(&trouble, lang);
        }
    }
    if options.json {
        match written(ReportFormat::Json) {
            Ok(bytes) => drop(print_bytes(&bytes)),
            Err(trouble) => return report_failure(&trouble, lang),
        }
    }
    // The record is written anyway: a difference is a finding, not a reason to have no record.
    let differing = record.count_differing();
    if differing == 0 {
        return EXIT_DONE;
    }
    let count = differing.to_string();
    print_stderr(&lang.text_with("handover-differing", &[("count", &count)]));
    EXIT_NEGATIVE
}
