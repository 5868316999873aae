//! `pantau export`: the samples of one point as CSV, from the running gateway or from the store.

use super::running::{Running, Trouble, Way, complain, escaped, failed, progress};
use crate::config::Config;
use crate::exchange;
use crate::model::UtcMs;
use crate::store::{Aggregate, Query, Step, Store};
use crate::words::Lang;
use http_body_util::BodyExt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What to export.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// `device.point`.
    pub point: String,
    /// First moment, RFC 3339; the first sample unless said.
    pub from: Option<String>,
    /// First moment after the stretch, RFC 3339; the last sample unless said.
    pub to: Option<String>,
    /// Where to write; standard output unless said.
    pub output: Option<PathBuf>,
}

/// Before the first and after the last sample that there can be.
const ALWAYS: (i64, i64) = (-62_135_596_800_000, 253_402_199_999_999);

/// Writes the samples; the exit status.
pub async fn run(config: &Config, export: &Export, lang: Lang) -> u8 {
    let Some((from, to)) = stretch(export) else {
        complain(&lang.text("exchange-time"));
        return 2;
    };
    if config.site.point(&export.point).is_none() {
        complain(&lang.say("cli-no-point", &[("point", &export.point)]));
        return 2;
    }
    match write(config, export, from, to).await {
        Ok(()) => 0,
        // The reader has seen enough (`| head`).
        Err(Trouble::File(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(trouble) => failed(&trouble, lang),
    }
}

fn stretch(export: &Export) -> Option<(i64, i64)> {
    let moment = |text: &Option<String>, otherwise| match text {
        Some(text) => exchange::read_time(text).map(|at| at.0),
        None => Some(otherwise),
    };
    Some((moment(&export.from, ALWAYS.0)?, moment(&export.to, ALWAYS.1)?))
}

async fn write(config: &Config, export: &Export, from: i64, to: i64) -> Result<(), Trouble> {
    let mut way = Way::find(config).await?;
    let mut target = Target::open(export.output.as_deref())?;
    let done = match &mut way {
        Way::Running(running) => from_running(running, &export.point, from, to, &mut target).await,
        Way::Own(store) => from_store(store, &export.point, from, to, &mut target).await,
    };
    way.close().await;
    done?;
    Ok(target.finish()?)
}

async fn from_running(
    running: &mut Running,
    point: &str,
    from: i64,
    to: i64,
    target: &mut Target,
) -> Result<(), Trouble> {
    let point = escaped(point);
    let path = format!("/api/v1/samples.csv?point={point}&from={from}&to={to}");
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
    from: i64,
    to: i64,
    target: &mut Target,
) -> Result<(), Trouble> {
    let query = Query {
        point: point.to_owned(),
        from: UtcMs(from),
        to: UtcMs(to),
        step: Step::Raw,
        aggregate: Aggregate::Last,
    };
    let mut blocks = store.query(query).await?;
    target.put(format!("{}\n", exchange::HEADER).as_bytes())?;
    while let Some(block) = blocks.recv().await {
        let mut text = String::new();
        block?.iter().for_each(|sample| exchange::write_row(&mut text, sample));
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
                (Box::new(File::create(&part)?), Some((part, path.to_owned())))
            }
            None => (Box::new(io::stdout()), None),
        };
        Ok(Self { writer: BufWriter::new(writer), rename, progress: progress(None) })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let rows = bytes.iter().filter(|byte| **byte == b'\n').count();
        self.progress.inc(u64::try_from(rows).unwrap_or(0));
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
