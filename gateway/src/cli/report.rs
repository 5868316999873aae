//! `pantau report`: the report of a period, or the way down from one of its figures; from the
//! running gateway, else from the store.

use super::args::CONFIG_DEFAULT;
use super::evidence::{self, Extra};
use super::running::{Running, Trouble, Way, complain, escaped, failed, load, progress};
use super::{DONE, NO, WRONG};
use crate::account::{Ask, Progress};
use crate::chapters::explain::explain;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::UtcMs;
use crate::model::period::Period;
use crate::report::Format;
use crate::report::format::date;
use crate::reporting::{self, Basis, Wish};
use crate::store::{Access, Store};
use crate::words::Lang;
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What `pantau report` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The site.
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    /// Over which period.
    #[arg(value_name = "PERIOD", required_unless_present = "revisions")]
    period: Option<String>,
    /// The format; that of the file's ending when not said.
    #[arg(long, value_name = "pdf|xlsx|csv|json")]
    format: Option<String>,
    /// The file; `-` is standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// About one asset.
    #[arg(long, value_name = "ID")]
    asset: Option<String>,
    /// Show the way down from this figure instead.
    #[arg(long, value_name = "INDICATOR")]
    explain: Option<String>,
    /// With this revision of configuration and factors.
    #[arg(long, value_name = "ID")]
    revision: Option<String>,
    /// List all revisions instead.
    #[arg(long, conflicts_with_all = ["period", "revision", "explain", "bundle"])]
    revisions: bool,
    /// The evidence behind it and the report itself in one ZIP as well.
    #[arg(long, value_name = "FILE.zip", conflicts_with = "explain")]
    bundle: Option<PathBuf>,
    /// For scripts.
    #[arg(long)]
    json: bool,
}

/// A question that makes sense at this site.
struct Asked {
    config: Arc<Config>,
    wish: Wish,
    /// The revision to compute with, when not the one in force.
    revision: Option<String>,
    now: UtcMs,
}

/// Why there is no answer.
pub(super) enum Failure {
    /// No way to the readings, or no file.
    Trouble(Trouble),
    /// The figures or the report could not be made.
    Report(reporting::Trouble),
    /// There is no such figure.
    Unknown(String),
}

/// Does what is asked; the exit status.
pub(super) async fn run(options: Options, lang: Lang) -> u8 {
    let config = match load(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if options.revisions {
        return super::revisions::run(&config, options.json, lang).await;
    }
    let asked = match checked(config, &options, lang) {
        Ok(asked) => asked,
        Err(sentence) => {
            complain(&sentence);
            return WRONG;
        }
    };
    let done = match &options.explain {
        Some(figure) => down(&asked, figure, &options).await,
        None => written(&asked, &options).await,
    };
    done.unwrap_or_else(|failure| failure.tell(lang))
}

impl Asked {
    fn file_name(&self) -> String {
        reporting::file_name(&self.config, &self.wish, self.revision.as_deref())
    }

    /// What to compute with, from our own store.
    async fn basis(&self, store: &Store) -> Result<Basis, Failure> {
        let config = Arc::clone(&self.config);
        Ok(match &self.revision {
            Some(asked) => reporting::basis(config, store, asked).await?,
            None => Basis::now(config),
        })
    }
}

impl Failure {
    /// Says why on standard error; the exit status.
    pub(super) fn tell(self, lang: Lang) -> u8 {
        match self {
            Self::Trouble(trouble) => failed(&trouble, lang),
            Self::Report(trouble) => {
                complain(&trouble.say(lang));
                if trouble.is_question() { WRONG } else { NO }
            }
            Self::Unknown(sentence) => {
                complain(&sentence);
                WRONG
            }
        }
    }
}

/// The question, or a sentence that says what to change.
fn checked(config: Config, options: &Options, lang: Lang) -> Result<Asked, String> {
    let found = options.period.as_deref().unwrap_or_default();
    let period: Period = found
        .parse()
        .map_err(|_| lang.say("reporting-no-period", &[("found", found)]))?;
    let zone = TimeZone::get(&config.site.timezone).unwrap_or(TimeZone::UTC);
    let now = Clock::system().now().at;
    let today = Timestamp::from_millisecond(now.0).unwrap_or_default();
    if period.first() > today.to_zoned_datetime(zone).date() {
        let first = date(lang, period.first());
        return Err(lang.say("reporting-future", &[("first", &first)]));
    }
    // An old revision may have had other assets.
    if let Some(asset) = options
        .asset
        .as_ref()
        .filter(|_| options.revision.is_none())
    {
        known(&config, asset, lang)?;
    }
    let format = format(options, lang)?;
    let asset = options.asset.as_deref().map(Arc::from);
    Ok(Asked {
        config: Arc::new(config),
        wish: Wish {
            period,
            asset,
            lang,
            format,
        },
        revision: options.revision.clone(),
        now,
    })
}

fn known(config: &Config, asset: &str, lang: Lang) -> Result<(), String> {
    if config.assets.iter().any(|one| *one.id == *asset) {
        return Ok(());
    }
    let mut sentence = lang.say("reporting-no-asset", &[("found", asset)]);
    let all: Vec<&str> = config.assets.iter().map(|one| &*one.id).collect();
    if !all.is_empty() {
        sentence.push(' ');
        sentence.push_str(&lang.say("reporting-assets", &[("known", &all.join(", "))]));
    }
    Err(sentence)
}

/// As said, else by the file's ending, else PDF.
fn format(options: &Options, lang: Lang) -> Result<Format, String> {
    let ending = options.output.as_deref().and_then(Path::extension);
    let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
    match (&options.format, ending.as_deref().and_then(Format::parse)) {
        (Some(word), _) => Format::parse(word).ok_or_else(|| lang.text("reporting-no-format")),
        (None, Some(format)) => Ok(format),
        (None, None) => Ok(Format::Pdf),
    }
}

/// Writes the report; the file gets its name only when it is whole.
async fn written(asked: &Asked, options: &Options) -> Result<u8, Failure> {
    let mut way = Way::with_records(&asked.config).await?;
    let done = with_evidence(&mut way, asked, options).await;
    way.close().await;
    done
}

/// The report, with the digest of its last closed day in it; then the bundle, when one is wanted.
async fn with_evidence(way: &mut Way, asked: &Asked, options: &Options) -> Result<u8, Failure> {
    way.settle(|_| ()).await?;
    let bytes = match way {
        Way::Running(running) => from_running(running, asked).await,
        Way::Own(store) => from_store(store, asked).await,
    }?;
    told(&bytes, asked, options)?;
    let Some(bundle) = &options.bundle else {
        return Ok(DONE);
    };
    let extra = Extra {
        name: asked.file_name(),
        bytes,
    };
    let (site, period) = (&asked.config.site, asked.wish.period);
    let bar = progress(None);
    let done = evidence::bundle(way, site, period, &[extra], bundle, |done| bar.inc(done)).await;
    bar.finish_and_clear();
    Ok(evidence::written(done?.as_ref(), bundle, asked.wish.lang))
}

/// Puts the report where it was wished to, and says where that is.
fn told(bytes: &[u8], asked: &Asked, options: &Options) -> io::Result<()> {
    let file = match &options.output {
        Some(file) => file.clone(),
        None => PathBuf::from(asked.file_name()),
    };
    if file.as_os_str() == "-" {
        return print(bytes);
    }
    whole(&file, bytes)?;
    let (name, lang) = (file.display().to_string(), asked.wish.lang);
    let said = if options.json {
        let format = asked.wish.format.key();
        let period = asked.wish.period.to_string();
        json!({ "file": name, "format": format, "period": period, "bytes": bytes.len() })
            .to_string()
    } else {
        lang.say("reporting-done", &[("file", &name)])
    };
    print(format!("{said}\n").as_bytes())
}

async fn from_running(running: &mut Running, asked: &Asked) -> Result<Vec<u8>, Failure> {
    let wish = &asked.wish;
    let (period, format, lang) = (wish.period, wish.format.key(), wish.lang.code());
    let more = more(asked);
    let path = format!("/api/v1/reports/{period}.{format}?lang={lang}{more}");
    ask(running, &path).await
}

/// The part of the address that names asset and revision.
fn more(asked: &Asked) -> String {
    let said = [
        ("asset", asked.wish.asset.as_deref()),
        ("revision", asked.revision.as_deref()),
    ];
    let part = |(key, value): (&str, Option<&str>)| Some(format!("&{key}={}", escaped(value?)));
    said.into_iter().filter_map(part).collect()
}

/// The running gateway's answer, with a sign of life meanwhile.
async fn ask(running: &mut Running, path: &str) -> Result<Vec<u8>, Failure> {
    let bar = progress(None);
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let body = running.ask("GET", path, "").await;
    let body = match body {
        Ok(body) => body.collect().await.map_err(Trouble::from),
        Err(trouble) => Err(trouble),
    };
    bar.finish_and_clear();
    Ok(body?.to_bytes().to_vec())
}

async fn from_store(store: &Store, asked: &Asked) -> Result<Vec<u8>, Failure> {
    let (bar, moved) = bar();
    let (basis, wish) = (asked.basis(store).await?, asked.wish.clone());
    let bytes = reporting::report(basis, store.clone(), wish, asked.now, (), moved).await;
    bar.finish_and_clear();
    Ok(bytes?)
}

/// A bar, and what moves it.
fn bar() -> (
    indicatif::ProgressBar,
    impl FnMut(Progress) + Send + 'static,
) {
    let bar = progress(Some(0));
    let moving = bar.clone();
    let moved = move |progress: Progress| {
        moving.set_length(progress.all);
        moving.set_position(progress.done);
    };
    (bar, moved)
}

/// Shows the way down from a figure.
async fn down(asked: &Asked, figure: &str, options: &Options) -> Result<u8, Failure> {
    let mut way = Way::find(&asked.config, Access::Read).await?;
    let said = match &mut way {
        Way::Running(running) => {
            let (period, lang) = (asked.wish.period, asked.wish.lang.code());
            let (figure, more) = (escaped(figure), more(asked));
            let shape = if options.json { "" } else { "&as=text" };
            let path =
                format!("/api/v1/indicators/{figure}?period={period}&lang={lang}{more}{shape}");
            ask(running, &path).await
        }
        Way::Own(store) => explained(store, asked, figure, options.json).await,
    };
    way.close().await;
    let mut said = said?;
    if !said.ends_with(b"\n") {
        said.push(b'\n');
    }
    match &options.output {
        Some(file) if file.as_os_str() != "-" => whole(file, &said)?,
        _ => print(&said)?,
    }
    Ok(DONE)
}

async fn explained(
    store: &Store,
    asked: &Asked,
    figure: &str,
    as_json: bool,
) -> Result<Vec<u8>, Failure> {
    let (config, wish) = (asked.basis(store).await?.config, &asked.wish);
    let ask = Ask {
        period: wish.period,
        asset: wish.asset.clone(),
        now: asked.now,
        daily: false,
    };
    let (bar, moved) = bar();
    let account = reporting::figures(Arc::clone(&config), store.clone(), ask, (), moved).await;
    bar.finish_and_clear();
    let account = account?;
    let found = explain(&account, figure, wish.asset.as_deref(), wish.lang);
    let found = found.map_err(|unknown| Failure::Unknown(unknown.say(wish.lang)))?;
    if !as_json {
        return Ok(found.text(&config, &account, wish.lang).into_bytes());
    }
    let json = found.json(&config, &account, wish.lang);
    serde_json::to_vec_pretty(&json).map_err(|fault| io::Error::other(fault).into())
}

/// A file that gets its name only when all of it is on disk.
fn whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let kept = std::fs::File::create(&part).and_then(|mut out| {
        out.write_all(bytes)?;
        out.sync_all()
    });
    let done = kept.and_then(|()| std::fs::rename(&part, file));
    if done.is_err() {
        // What is left of it would look like a report; that it stays is no further harm.
        let _ = std::fs::remove_file(&part);
    }
    done
}

/// Bytes on standard output; a reader that has seen enough (`| head`) is no failure.
pub(super) fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Trouble(Trouble::File(error))
    }
}

impl From<reporting::Trouble> for Failure {
    fn from(trouble: reporting::Trouble) -> Self {
        Self::Report(trouble)
    }
}
