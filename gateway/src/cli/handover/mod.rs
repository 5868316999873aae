//! `pantau handover`: the commissioning record of a site, for the one who installed it and the one
//! who takes it over. The running gateway is asked; without one every device is read once here.

mod gather;
mod record;
mod sources;
mod tables;

use super::args::CONFIG_DEFAULT;
use super::calibrate::Desk;
use super::person::Person;
use super::running::{Trouble, complain, failed, load};
use super::{DONE, NO, WRONG};
use crate::clock::Clock;
use crate::config::Config;
use crate::model::calibration::Calibrations;
use crate::report::{Format, render};
use crate::store::Access;
use crate::words::Lang;
use gather::Point;
use jiff::tz::TimeZone;
use record::Record;
use sources::Display;
use std::io::{Write, stdin, stdout};
use std::path::PathBuf;

/// What `pantau handover` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    /// The record.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FILE.pdf",
        required_unless_present = "json"
    )]
    record: Option<PathBuf>,
    /// The same for scripts, on standard output.
    #[arg(long)]
    json: bool,
    /// What the displays show.
    #[arg(long, value_name = "FILE.csv")]
    displays: Option<PathBuf>,
    /// What one display shows.
    #[arg(long, value_name = "POINT=VALUE", value_parser = sources::display)]
    display: Vec<Display>,
    /// Ask for what the displays show.
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

/// Writes the record; the exit status.
pub(super) async fn run(options: &Options, lang: Lang) -> u8 {
    let config = match load(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match make(options, &config, lang).await {
        Ok(record) => write(options, &record, lang),
        Err(Refusal::Call(why)) => {
            complain(&why);
            WRONG
        }
        Err(Refusal::Trouble(trouble)) => failed(&trouble, lang),
    }
}

/// Why there is no record.
enum Refusal {
    /// A file that was handed in cannot be used.
    Call(String),
    /// Something else.
    Trouble(Trouble),
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

async fn make<'a>(
    options: &Options,
    config: &'a Config,
    lang: Lang,
) -> Result<Record<'a>, Refusal> {
    // What is wrong with the call is said before any device is asked.
    let displays = displays(options, config, lang)?;
    let soak = options
        .soak
        .as_deref()
        .map(|file| sources::soak(file, lang));
    let soak = soak.transpose().map_err(Refusal::Call)?;
    let photos = sources::photos(&options.photo, lang).map_err(Refusal::Call)?;
    let mut devices = gather::gather(config).await?;
    for (point, display) in displays {
        if let Some(found) = gather::point(&mut devices, &point) {
            found.display = Some(display);
        }
    }
    if options.ask {
        let mut input = stdin().lock();
        ask(&mut devices, &mut Person::new(&mut input, lang));
    }
    let now = Clock::system().now().at;
    let zone = TimeZone::get(&config.site.timezone).unwrap_or(TimeZone::UTC);
    Ok(Record {
        config,
        lang,
        zone,
        now,
        devices,
        soak,
        photos,
        calibrations: calibrations(config, lang).await?,
        technician: options.technician.clone().unwrap_or_default(),
        receiver: options.receiver.clone().unwrap_or_default(),
    })
}

/// Every display must be that of a point.
fn displays(options: &Options, config: &Config, lang: Lang) -> Result<Vec<Display>, Refusal> {
    let mut displays = match &options.displays {
        Some(file) => sources::displays(file, lang).map_err(Refusal::Call)?,
        None => Vec::new(),
    };
    displays.extend(options.display.iter().cloned());
    let unknown = displays
        .iter()
        .find(|(point, _)| config.site.point(point).is_none());
    match unknown {
        Some((point, _)) => Err(Refusal::Call(lang.say("cli-no-point", &[("point", point)]))),
        None => Ok(displays),
    }
}

/// Asks for the display of every point that has a reading and no display yet; an empty answer
/// leaves it out.
fn ask(devices: &mut [gather::Device], person: &mut Person<'_>) {
    let points = devices.iter_mut().flat_map(|device| &mut device.points);
    let open = |point: &&mut Point| point.value.is_some() && point.display.is_none();
    for point in points.filter(open) {
        let args = [
            ("point", &*point.id),
            ("value", &*point.text),
            ("unit", &*point.unit),
        ];
        let question = person.lang.say("handover-ask-display", &args);
        let number = |text: &str| {
            let compared = crate::field::display::compare(0.0, text)?;
            compared.display.is_finite().then(|| text.to_owned())
        };
        point.display = person.ask(&question, number);
    }
}

/// Those of the running gateway, or of the store when there is one already.
async fn calibrations(config: &Config, lang: Lang) -> Result<Calibrations, Trouble> {
    let is_there = |name: &str| config.store.path.join(name).exists();
    if !is_there("pantau.db") {
        return Ok(Calibrations::default());
    }
    let mut desk = Desk::open(config, lang, Access::Read).await?;
    let all = desk.all().await;
    desk.close().await;
    all
}

fn write(options: &Options, record: &Record<'_>, lang: Lang) -> u8 {
    let document = record.document();
    let written = |format: Format| {
        render(&document, format).map_err(|fault| Trouble::Refused(fault.to_string()))
    };
    if let Some(file) = &options.record {
        let saved = written(Format::Pdf).and_then(|bytes| Ok(std::fs::write(file, bytes)?));
        if let Err(trouble) = saved {
            return failed(&trouble, lang);
        }
        let file = file.display().to_string();
        complain(&lang.say("handover-written", &[("file", &file)]));
    }
    if options.json {
        match written(Format::Json) {
            // Nobody is left to tell when standard output is gone.
            Ok(bytes) => drop(stdout().lock().write_all(&bytes)),
            Err(trouble) => return failed(&trouble, lang),
        }
    }
    let differing = record.differing();
    if differing == 0 {
        return DONE;
    }
    let count = differing.to_string();
    complain(&lang.say("handover-differing", &[("count", &count)]));
    NO
}
