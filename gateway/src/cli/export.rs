//! `pantau export`: the samples of one point as CSV, or the evidence bundle of a period; from the
//! running gateway or from the store.

use super::args::CONFIG_DEFAULT;
use super::evidence::{self, Extra};
use super::running::{Running, Trouble, Way, complain, escaped, failed, load, progress};
use super::{DONE, WRONG};
use crate::config::Config;
use crate::exchange;
use crate::model::UtcMs;
use crate::store::{Access, Aggregate, Query, Step, Store};
use crate::words::Lang;
use http_body_util::BodyExt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Before the first and after the last sample that there can be.
const ALWAYS: Range<i64> = -62_135_596_800_000..253_402_199_999_999;

/// A stretch as it was asked for: RFC 3339, all of time where nothing is said.
type Asked<'a> = (Option<&'a str>, Option<&'a str>);

/// What is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
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

/// Writes what is asked for; the exit status.
pub(super) async fn run(options: &Options, lang: Lang) -> u8 {
    let config = match load(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if let (Some(period), Some(output)) = (&options.bundle, &options.output) {
        return bundle(&config, period, &options.with, output, lang).await;
    }
    let asked = (options.from.as_deref(), options.to.as_deref());
    let point = options.point.as_deref().unwrap_or_default();
    rows(&config, point, asked, options.output.as_deref(), lang).await
}

/// The evidence of a period in one ZIP.
async fn bundle(config: &Config, period: &str, with: &[PathBuf], output: &Path, lang: Lang) -> u8 {
    let Ok(period) = period.parse() else {
        complain(&lang.say("evidence-period", &[("found", period)]));
        return WRONG;
    };
    let bar = progress(None);
    let done = async {
        let extra = with.iter().map(|file| Extra::read(file));
        let extra = extra.collect::<io::Result<Vec<_>>>()?;
        let mut way = Way::with_records(config).await?;
        let told = |bytes| bar.inc(bytes);
        let done = evidence::bundle(&mut way, &config.site, period, &extra, output, told).await;
        way.close().await;
        done
    };
    let done = done.await;
    bar.finish_and_clear();
    match done {
        Ok(written) => evidence::written(written.as_ref(), output, lang),
        Err(trouble) => failed(&trouble, lang),
    }
}

/// The samples of a point as CSV.
async fn rows(
    config: &Config,
    point: &str,
    asked: Asked<'_>,
    output: Option<&Path>,
    lang: Lang,
) -> u8 {
    let Some(stretch) = stretch(asked) else {
        complain(&lang.text("exchange-time"));
        return WRONG;
    };
    if config.site.point(point).is_none() {
        complain(&lang.say("cli-no-point", &[("point", point)]));
        return WRONG;
    }
    match write(config, point, stretch, output).await {
        Ok(()) => DONE,
        // The reader has seen enough (`| head`).
        Err(Trouble::File(error)) if error.kind() == io::ErrorKind::BrokenPipe => DONE,
        Err(trouble) => failed(&trouble, lang),
    }
}

fn stretch((from, to): Asked<'_>) -> Option<Range<i64>> {
    let moment = |text: Option<&str>, otherwise| match text {
        Some(text) => exchange::read_time(text).map(|at| at.0),
        None => Some(otherwise),
    };
    Some(moment(from, ALWAYS.start)?..moment(to, ALWAYS.end)?)
}

async fn write(
    config: &Config,
    point: &str,
    stretch: Range<i64>,
    output: Option<&Path>,
) -> Result<(), Trouble> {
    let mut way = Way::find(config, Access::Read).await?;
    let mut target = Target::open(output)?;
    let done = match &mut way {
        Way::Running(running) => from_running(running, point, stretch, &mut target).await,
        Way::Own(store) => from_store(store, point, stretch, &mut target).await,
    };
    way.close().await;
    done?;
    Ok(target.finish()?)
}

async fn from_running(
    running: &mut Running,
    point: &str,
    stretch: Range<i64>,
    target: &mut Target,
) -> Result<(), Trouble> {
    let (point, Range { start, end }) = (escaped(point), stretch);
    let path = format!("/api/v1/samples.csv?point={point}&from={start}&to={end}");
    let mut body = running.ask("GET", &path, "").await?;
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            target.put(&bytes)?;
        }
    }
    Ok(())
}

async fn from_store(
    store: &Store,
    point: &str,
    stretch: Range<i64>,
    target: &mut Target,
) -> Result<(), Trouble> {
    let query = Query {
        point: point.to_owned(),
        from: UtcMs(stretch.start),
        to: UtcMs(stretch.end),
        step: Step::Raw,
        aggregate: Aggregate::Last,
    };
    let mut blocks = store.query(query).await?;
    target.put(format!("{}\n", exchange::HEADER).as_bytes())?;
    while let Some(block) = blocks.recv().await {
        let mut text = String::new();
        block?
            .iter()
            .for_each(|sample| exchange::write_row(&mut text, sample));
        target.put(text.as_bytes())?;
    }
    Ok(())
}

/// A file that gets its name only when it is whole, or standard output.
struct Target {
    writer: BufWriter<Box<dyn Write + Send>>,
    rename: Option<(PathBuf, PathBuf)>,
    progress: indicatif::ProgressBar,
}

impl Target {
    fn open(path: Option<&Path>) -> io::Result<Self> {
        let (writer, rename): (Box<dyn Write + Send>, _) = match path {
            Some(path) => {
                let mut part = path.as_os_str().to_owned();
                part.push(".part");
                let part = PathBuf::from(part);
                (
                    Box::new(File::create(&part)?),
                    Some((part, path.to_owned())),
                )
            }
            None => (Box::new(io::stdout()), None),
        };
        Ok(Self {
            writer: BufWriter::new(writer),
            rename,
            progress: progress(None),
        })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.progress.inc(u64::try_from(bytes.len()).unwrap_or(0));
        self.writer.write_all(bytes)
    }

    fn finish(mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.progress.finish_and_clear();
        match self.rename {
            Some((part, path)) => std::fs::rename(part, path),
            None => Ok(()),
        }
    }
}
