//! `pantau export`: the samples of one point as CSV, from the running gateway or from the store.

use super::running::{Running, Trouble, Way, complain, escaped, failed, load, progress};
use super::{DONE, WRONG};
use crate::config::Config;
use crate::exchange;
use crate::model::UtcMs;
use crate::store::{Aggregate, Query, Step, Store};
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

/// Writes the samples of `point`; the exit status.
pub(super) async fn run(
    file: &Path,
    point: &str,
    asked: Asked<'_>,
    output: Option<&Path>,
    lang: Lang,
) -> u8 {
    let config = match load(file, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let Some(stretch) = stretch(asked) else {
        complain(&lang.text("exchange-time"));
        return WRONG;
    };
    if config.site.point(point).is_none() {
        complain(&lang.say("cli-no-point", &[("point", point)]));
        return WRONG;
    }
    match write(&config, point, stretch, output).await {
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
    let mut way = Way::find(config).await?;
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
