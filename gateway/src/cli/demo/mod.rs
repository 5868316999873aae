//! `pantau demo`: a simulated site behind real Modbus and simulated pins, polled by the real
//! gateway, with a history.
//!
//! Entry point: [`run_demo`]. The page is at the printed address, port 8080 unless it is in use.
//!
//! ```text
//! $ pantau demo --days 30 --speed 60
//! ```
//!
//! User documentation: `README.md`.

mod demo_config;
mod demo_ledger;
mod demo_story;
mod demo_swap;
mod demo_users;

use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::run::stop_signal;
use super::simulate;
use super::standard_output::print_line;
use crate::app::GatewayApp;
use crate::clock::Clock;
use crate::config::{self, Bus, Config};
use crate::domain::UtcMs;
use crate::domain::ledger::EntryStatement;
use crate::i18n::Language;
use crate::simulator::{
    SimulatedEndpoint, SimulatedHistory, SimulatorServers, open_devices, remove_abandoned_folders,
};
use crate::storage::{Store, StoreError};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::pin;

const DAY_MS: i64 = 86_400_000;
/// Beginning of the name of a temporary folder; the process id follows.
const FOLDER_PREFIX: &str = "pantau-demo-";
/// Ports tried after the requested one.
const PORTS_MAX: u16 = 50;

/// Arguments of `pantau demo`.
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// MQTT broker to publish to.
    #[arg(long, value_name = "URL")]
    pub(super) mqtt: Option<String>,
    /// InfluxDB to write to.
    #[arg(long, value_name = "URL")]
    pub(super) influx: Option<String>,
    /// Port of the page; the next free one when it is in use.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub(super) port: u16,
    /// Simulated seconds for each real second.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = simulate::parse_speed)]
    pub(super) speed: f64,
    /// Seed of all random values.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Days of history.
    #[arg(long, value_name = "N", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=366))]
    pub(super) days: u16,
    /// Directory of the store; a temporary one when not given.
    #[arg(long, value_name = "DIR")]
    pub(super) store: Option<PathBuf>,
}

/// Failure to start the demo.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("{0}")]
    Config(config::Diagnostics),
    #[error(transparent)]
    Sim(#[from] crate::simulator::SimulatorError),
    #[error(transparent)]
    App(#[from] crate::app::AppError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Access(#[from] crate::access::AccessError),
    #[error("{0}: {1}")]
    Directory(PathBuf, io::Error),
}

/// Directory of the demo's store; removed at the end unless the person named it.
struct DemoDirectory {
    path: PathBuf,
    is_temporary: bool,
}

/// Runs until Ctrl-C; returns the exit status.
pub(super) async fn run_demo(options: DemoArgs, lang: Language) -> u8 {
    // Before anything is made: a stop during the start must clean up, too.
    let stop = stop_signal();
    let result = match DemoDirectory::create(options.store.clone()) {
        Ok(home) => {
            let ended = start_demo(&options, &home, stop, lang).await;
            // The addresses are gone. A report that is made from this store now has the revision
            // that the demo had.
            ended.and(write_demo_config(&options, &home, None).map(|_| ()))
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => EXIT_DONE,
        Err(DemoError::Config(faults)) => {
            eprintln!("{}", faults.render(lang));
            EXIT_USAGE
        }
        Err(error) => {
            eprintln!("pantau: {error}");
            EXIT_NEGATIVE
        }
    }
}

async fn start_demo(
    options: &DemoArgs,
    home: &DemoDirectory,
    stop: impl Future<Output = ()>,
    lang: Language,
) -> Result<(), DemoError> {
    let mut stop = pin!(stop);
    let clock = Clock::system();
    // A demo must work on a computer without a synchronised clock.
    clock.trust();
    let config = write_demo_config(options, home, None)?;
    let now = clock.now().at;
    let start = UtcMs(now.0 - i64::from(options.days) * DAY_MS);
    let story = demo_story::demo_incidents(&config.site.timezone, local_date(&config, now));
    let rates = (options.seed, options.speed);
    let world = simulate::build_world(&config, &clock, start, rates, story);
    // The history comes first: the pins would move the plant on.
    let mut served = open_devices(&config, &world).await?;
    // Before the redirection, which fits pulses to the speed of the simulation.
    let history = SimulatedHistory::new(&config, &world);
    // Again, with the addresses that the simulator has got: `pantau read` and `scan` beside the
    // demo need them.
    let places = (config.buses.as_slice(), served.places.as_slice());
    let mut config = write_demo_config(options, home, Some(places))?;
    let buses = simulate::buses_text(&config, &served, lang);
    served.redirect_config(&mut config);
    // The path in the greeting is that of the file that was written, for a copy of it.
    let example = config.file.display().to_string();
    let days = (local_date(&config, start), local_date(&config, now));
    let book = demo_ledger::demo_statements(&config.definitions, days, options.seed);

    print_line(&lang.text_with("demo-welcome", &[("site", &config.site.name)]));
    print_line(&buses);
    let zone = config.site.timezone.clone();
    let app = GatewayApp::open(config, clock.clone()).await?;
    let written = tokio::select! {
        written = write_history(app.store(), &history, book, start, &clock, lang) => Some(written),
        () = &mut stop => None,
    };
    let Some(written) = written else {
        // The folder is removed when nothing writes there any more.
        app.store().stop().await;
        return Ok(());
    };
    if written? {
        demo_swap::record_swap(app.store(), &zone, days.1).await?;
    }
    served.start_measuring(&world)?;
    let users = demo_users::add_demo_users(app.access()).await?;
    print_greeting(&app, options, &example, lang);
    demo_users::print_demo_users(&users, lang);
    print_line(&lang.text("sim-until-stopped"));
    run_until_stopped(app, &mut served, stop).await
}

async fn run_until_stopped(
    app: GatewayApp,
    served: &mut SimulatorServers,
    stop: impl Future<Output = ()>,
) -> Result<(), DemoError> {
    let stop = async {
        tokio::select! {
            () = stop => {}
            () = served.wait_for_exit() => tracing::error!("a simulated bus ended"),
        }
    };
    Ok(app.run(stop).await?)
}

/// Writes the configuration of the demo as a file that a person can read and copy, and loads it;
/// with the addresses of its simulated buses once these are known.
fn write_demo_config(
    options: &DemoArgs,
    home: &DemoDirectory,
    places: Option<(&[Bus], &[SimulatedEndpoint])>,
) -> Result<Config, DemoError> {
    let file = home.path.join("pantau.toml");
    let sinks = (options.mqtt.as_deref(), options.influx.as_deref());
    let text = |places| demo_config::demo_config_text(sinks, &home.path, places);
    std::fs::write(&file, text(places))
        .map_err(|error| DemoError::Directory(file.clone(), error))?;
    let mut config = config::load_config(&file).map_err(DemoError::Config)?;
    // The revision that the store keeps is that of the site. Its addresses are those that the
    // system had free, and a start with others is no other site.
    config.replace_text(text(None));
    // Set after loading, so that the file for copying has no port of this run's page.
    config.web.listen = Some(find_free_address(options.port));
    // Everyone at this computer may look; to record and to change, one signs in.
    config.web.is_public = true;
    config.web.is_demo = true;
    config.backup.daily = false;
    Ok(config)
}

/// Requested port on the loopback interface, or the first free one after it.
fn find_free_address(port: u16) -> SocketAddr {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    (port..=port.saturating_add(PORTS_MAX))
        .map(address)
        .find(|address| TcpListener::bind(address).is_ok())
        // Port 0: the system chooses a free one.
        .unwrap_or_else(|| address(0))
}

/// Writes the history from `start` until now; returns false when the store has readings already.
async fn write_history(
    store: &Store,
    history: &SimulatedHistory,
    book: Vec<EntryStatement>,
    start: UtcMs,
    clock: &Clock,
    lang: Language,
) -> Result<bool, DemoError> {
    let end = clock.now().at;
    // A directory that the person named may hold an earlier run.
    if end <= start || !store.latest_samples().await?.is_empty() {
        return Ok(false);
    }
    let days = (end.0 - start.0 + DAY_MS - 1) / DAY_MS;
    // A bar is seen on a terminal alone. A moment after the start the last day is no whole one.
    let whole = ((end.0 - start.0) / DAY_MS).max(1).to_string();
    print_line(&lang.text_with("demo-writing", &[("days", &whole)]));
    let bar = ProgressBar::new(days.unsigned_abs());
    let style = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(lang.text("demo-history"));
    // Day by day, so that the bar moves and one import stays small.
    for day in 0..days {
        let from = UtcMs(start.0 + day * DAY_MS);
        let to = UtcMs((from.0 + DAY_MS).min(clock.now().at.0));
        store
            .import_columns(history.polls_between(from, to))
            .await?;
        bar.inc(1);
    }
    store.append_ledger(book, "demo").await?;
    bar.finish_and_clear();
    Ok(true)
}

fn local_date(config: &Config, at: UtcMs) -> Date {
    config.site.timezone.date(at)
}

fn print_greeting(app: &GatewayApp, options: &DemoArgs, config: &str, lang: Language) {
    let page = app
        .page_address()
        .map_or_else(String::new, |address| format!("http://{address}/"));
    print_line("");
    print_line(&lang.text_with("demo-page", &[("page", &page)]));
    if let Some(url) = &options.mqtt {
        print_line(&lang.text_with("demo-mqtt", &[("url", url)]));
    }
    if let Some(url) = &options.influx {
        print_line(&lang.text_with("demo-influx", &[("url", url)]));
    }
    print_line(&lang.text("demo-next"));
    let key = match options.store {
        Some(_) => "demo-config-kept",
        None => "demo-config-deleted",
    };
    print_line(&lang.text_with(key, &[("config", config)]));
}

impl DemoDirectory {
    fn create(chosen: Option<PathBuf>) -> Result<Self, DemoError> {
        let passing = chosen.is_none();
        // The process id keeps two demos apart.
        let name = format!("{FOLDER_PREFIX}{}", std::process::id());
        let temporary = std::env::temp_dir();
        // Those of demos that were killed.
        remove_abandoned_folders(&temporary, FOLDER_PREFIX);
        let path = chosen.unwrap_or_else(|| temporary.join(name));
        std::fs::create_dir_all(&path)
            .map_err(|error| DemoError::Directory(path.clone(), error))?;
        Ok(Self {
            path,
            is_temporary: passing,
        })
    }
}

impl Drop for DemoDirectory {
    fn drop(&mut self) {
        if self.is_temporary {
            // The temporary directory of the system is cleaned by the system.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::demo_config::DEMO_SITE;
    use super::*;
    use crate::domain::{ExactNumber, SampleOutcome};
    use crate::tests::load_site;

    /// 2026-07-01T12:00:00+07:00.
    const NOON: UtcMs = UtcMs(1_782_882_000_000);

    #[tokio::test]
    async fn opened_pins_leave_the_history_of_the_plant_to_be_made() {
        let config = load_site(DEMO_SITE);
        let clock = Clock::set(NOON, true);
        let start = UtcMs(NOON.0 - 2 * DAY_MS);
        let world = simulate::build_world(&config, &clock, start, (1, 1.0), Vec::new());
        let mut served = open_devices(&config, &world).await.unwrap();
        let history = SimulatedHistory::new(&config, &world);
        let columns = history.polls_between(start, UtcMs(start.0 + DAY_MS));
        let values = |id: &str| {
            let column = columns.iter().find(|(name, _)| &**name == id).unwrap();
            let numbers = column.1.iter().filter_map(|(_, outcome)| outcome.number());
            numbers.map(ExactNumber::to_f64).collect::<Vec<_>>()
        };
        let power = values("inverter.ac_power");
        assert!(
            power.iter().any(|watts| (watts - power[0]).abs() > 1.0),
            "the sun moves"
        );
        let volume = values("pump-flow.volume_total");
        assert!(volume.last() > volume.first(), "the pump ran");
        let good = |(_, outcome): &(UtcMs, SampleOutcome)| outcome.reason().is_none();
        assert!(columns.iter().all(|(_, samples)| samples.iter().all(good)));

        served.start_measuring(&world).unwrap();
        let mut live = config.clone();
        served.redirect_config(&mut live);
        let probe = live.devices.iter().position(|one| &*one.id == "bsf-bin");
        let reading = crate::buses::read_device_once(&live, probe.unwrap(), &clock).await;
        assert_eq!(reading.unwrap().failure, None);
    }
}
