//! `pantau demo`: a simulated site behind real Modbus, polled by the real gateway, with a past.

mod book;

use super::run::stop_asked;
use super::simulate::{self, show};
use super::{DONE, NO, WRONG};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::model::UtcMs;
use crate::model::ledger::Statement;
use crate::sim::{History, Served, serve};
use crate::store::{Store, StoreError};
use crate::words::Lang;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// The demo's site; bus addresses are replaced by the simulator's.
const SITE: &str = include_str!("../../../assets/demo.toml");
const DAY_MS: i64 = 86_400_000;
/// Ports tried after the wished one.
const PORTS_MAX: u16 = 50;

/// What `pantau demo` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Broker to publish to as well.
    #[arg(long, value_name = "URL")]
    pub(super) mqtt: Option<String>,
    /// Database to write to as well.
    #[arg(long, value_name = "URL")]
    pub(super) influx: Option<String>,
    /// Port of the page; the next free one when it is taken.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub(super) port: u16,
    /// Simulated seconds a second.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = simulate::speed)]
    pub(super) speed: f64,
    /// What all chance is drawn from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Days of history.
    #[arg(long, value_name = "N", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=366))]
    pub(super) days: u16,
    /// Where the readings are kept; a directory that goes with the demo when not named.
    #[arg(long, value_name = "DIR")]
    pub(super) store: Option<PathBuf>,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("{0}")]
    Config(config::Faults),
    #[error(transparent)]
    Sim(#[from] crate::sim::SimError),
    #[error(transparent)]
    App(#[from] crate::app::AppError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}: {1}")]
    Directory(PathBuf, io::Error),
}

/// The directory of the demo's readings; removed at the end unless the person chose it.
struct Home {
    path: PathBuf,
    passing: bool,
}

/// Runs until Ctrl-C.
pub(super) async fn run(options: Options, lang: Lang) -> u8 {
    let result = match Home::make(options.store.clone()) {
        Ok(home) => demo(&options, &home, lang).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => DONE,
        Err(DemoError::Config(faults)) => {
            eprintln!("{}", faults.render(lang));
            WRONG
        }
        Err(error) => {
            eprintln!("pantau: {error}");
            NO
        }
    }
}

async fn demo(options: &Options, home: &Home, lang: Lang) -> Result<(), DemoError> {
    let clock = Clock::system();
    clock.trust();
    let mut config = configure(options, home)?;
    let now = clock.now().at;
    let start = UtcMs(now.0 - i64::from(options.days) * DAY_MS);
    let world = simulate::world(&config, &clock, start, options.seed, options.speed);
    let mut served = serve(&config, &world).await?;
    let buses = simulate::table(&config, &served, lang);
    served.redirect(&mut config);
    let history = History::new(&config, &world);
    let example = config.file.display().to_string();
    let days = (local_date(&config, start), local_date(&config, now));
    let book = book::statements(&config.definitions, days, options.seed);

    show(&lang.say("demo-welcome", &[("site", &config.site.name)]));
    show(&buses);
    let app = App::open(config, clock.clone()).await?;
    write_history(app.store(), &history, book, start, &clock, lang).await?;
    greet(&app, options, &example, lang);
    run_until_stopped(app, &mut served).await
}

async fn run_until_stopped(app: App, served: &mut Served) -> Result<(), DemoError> {
    let stop = async {
        tokio::select! {
            () = stop_asked() => {}
            () = served.ended() => tracing::error!("a simulated bus ended"),
        }
    };
    Ok(app.run(stop).await?)
}

/// The demo's configuration, as a file that the person may read and copy.
fn configure(options: &Options, home: &Home) -> Result<Config, DemoError> {
    let file = home.path.join("pantau.toml");
    std::fs::write(&file, text(options, &home.path))
        .map_err(|error| DemoError::Directory(file.clone(), error))?;
    let mut config = config::load(&file).map_err(DemoError::Config)?;
    config.web.listen = Some(free_address(options.port));
    Ok(config)
}

fn text(options: &Options, home: &Path) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = quoted(&home.to_string_lossy());
    let mut text = SITE.to_owned();
    let _ = write!(text, "\n[store]\npath = {path}\nflush = \"5s\"\n");
    if let Some(url) = &options.mqtt {
        let _ = write!(text, "\n[mqtt]\nurl = {}\n", quoted(url));
    }
    if let Some(url) = &options.influx {
        let url = quoted(url);
        let _ = write!(
            text,
            "\n[influx]\nurl = {url}\norg = \"pantau\"\nbucket = \"pantau\"\n"
        );
    }
    text
}

/// The wished port on loopback, or the first free one after it.
fn free_address(port: u16) -> SocketAddr {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    (port..=port.saturating_add(PORTS_MAX))
        .map(address)
        .find(|address| TcpListener::bind(address).is_ok())
        .unwrap_or_else(|| address(0))
}

/// Days from `start` until now, unless the store has a past already.
async fn write_history(
    store: &Store,
    history: &History,
    book: Vec<Statement>,
    start: UtcMs,
    clock: &Clock,
    lang: Lang,
) -> Result<(), DemoError> {
    let end = clock.now().at;
    if end <= start || !store.last().await?.is_empty() {
        return Ok(());
    }
    let days = (end.0 - start.0 + DAY_MS - 1) / DAY_MS;
    let bar = ProgressBar::new(days.unsigned_abs());
    let style = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(lang.text("demo-history"));
    for day in 0..days {
        let from = UtcMs(start.0 + day * DAY_MS);
        let to = UtcMs((from.0 + DAY_MS).min(clock.now().at.0));
        store.import_many(history.between(from, to)).await?;
        bar.inc(1);
    }
    store.ledger_add(book, "demo").await?;
    bar.finish_and_clear();
    Ok(())
}

fn local_date(config: &Config, at: UtcMs) -> Date {
    let zone = TimeZone::get(&config.site.timezone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned_datetime(zone).date()
}

fn greet(app: &App, options: &Options, config: &str, lang: Lang) {
    let page = app
        .page()
        .map_or_else(String::new, |address| format!("http://{address}/"));
    show("");
    show(&lang.say("demo-page", &[("page", &page)]));
    if let Some(url) = &options.mqtt {
        show(&lang.say("demo-mqtt", &[("url", url)]));
    }
    if let Some(url) = &options.influx {
        show(&lang.say("demo-influx", &[("url", url)]));
    }
    show(&lang.say("demo-next", &[("config", config)]));
    show(&lang.text("sim-until-stopped"));
}

impl Home {
    fn make(chosen: Option<PathBuf>) -> Result<Self, DemoError> {
        let passing = chosen.is_none();
        let name = format!("pantau-demo-{}", std::process::id());
        let path = chosen.unwrap_or_else(|| std::env::temp_dir().join(name));
        std::fs::create_dir_all(&path)
            .map_err(|error| DemoError::Directory(path.clone(), error))?;
        Ok(Self { path, passing })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.passing {
            // What stays behind stays in the system's directory for passing files.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
