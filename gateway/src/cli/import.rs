//! `pantau import`: a CSV of one point into the store. The whole file is checked first; then it
//! goes in piece by piece. A row with the time of a kept sample replaces it, so that an import that
//! was cut off is simply done again.
//!
//! A file in our own form goes through line by line, however long it is. Any other is read as a
//! table of another program (`exchange::read_table`), and how it was read is said.

use super::args::CONFIG_DEFAULT;
use super::running::{Trouble, Way, complain, escaped, failed, load, progress};
use super::{DONE, NO, WRONG};
use crate::clock::Clock;
use crate::config::Config;
use crate::exchange::{
    self, DateOrder, DecimalSign, Era, Faults, Kind, LoggerTable, RowFault, TableRefused,
    TableWishes, Twice, Understood,
};
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_LINE_MAX, IMPORT_TABLE_BYTES_MAX};
use crate::model::UtcMs;
use crate::store::{Access, ImportRow};
use crate::words::Lang;
use http_body_util::BodyExt;
use jiff::tz::TimeZone;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Rows that go in at once: a row takes at most 64 bytes as text, and a piece fits one request.
const ROWS_MAX: usize = IMPORT_BYTES_MAX / 64 - 1;

/// What is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    #[arg(long, value_name = "ID")]
    point: String,
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    #[arg(long, value_name = "dmy|mdy|ymd", value_parser = ["dmy", "mdy", "ymd"],
        hide_possible_values = true)]
    dates: Option<String>,
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    #[arg(long, value_name = "comma|point", value_parser = ["comma", "point"],
        hide_possible_values = true)]
    decimals: Option<String>,
    #[arg(long, value_name = "NAME|NUMBER")]
    column: Option<String>,
    #[arg(long)]
    json: bool,
}

/// Takes the file in as samples of the point; the exit status.
pub(super) async fn run(options: &Options, lang: Lang) -> u8 {
    let config = match load(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if config.site.point(&options.point).is_none() {
        complain(&lang.say("cli-no-point", &[("point", &options.point)]));
        return WRONG;
    }
    let zone = options.zone.as_deref();
    let zone = match zone.map(|name| TimeZone::get(name).map_err(|_| name)) {
        None => None,
        Some(Ok(zone)) => Some(zone),
        Some(Err(name)) => {
            complain(&lang.say("cli-import-zone-unknown", &[("zone", name)]));
            return WRONG;
        }
    };
    let wishes = TableWishes {
        dates: options.dates.as_deref().and_then(DateOrder::parse),
        zone,
        site_zone: config.site.timezone.to_string(),
        decimals: options.decimals.as_deref().and_then(DecimalSign::parse),
        column: options.column.clone(),
        era: Era::until(Clock::system().now().at),
    };
    match import(&config, options, &wishes, lang).await {
        Ok(status) => status,
        Err(trouble) => failed(&trouble, lang),
    }
}

async fn import(
    config: &Config,
    options: &Options,
    wishes: &TableWishes,
    lang: Lang,
) -> Result<u8, Trouble> {
    let (file, point) = (&*options.file, &*options.point);
    let own = check(file, wishes.era)?;
    if own.faults.count == 0 {
        let rows = take(config, point, Rows::Lines(file)).await? - own.repeated;
        say_repeated(own.repeated, lang);
        done(
            &serde_json::json!({ "rows": rows }),
            rows,
            lang,
            options.json,
        );
        return Ok(DONE);
    }
    if std::fs::metadata(file)?.len() > IMPORT_TABLE_BYTES_MAX {
        report(&own.faults, file, lang);
        let most = (IMPORT_TABLE_BYTES_MAX >> 20).to_string();
        complain(&lang.say("exchange-too-large", &[("most", &most)]));
        return Ok(NO);
    }
    match exchange::read_table(&std::fs::read(file)?, wishes) {
        Ok(LoggerTable { rows, understood }) => {
            tell(&understood, options, lang);
            let count = take(config, point, Rows::Table(&rows)).await?;
            let json = as_json(&understood, count, options.zone.as_deref());
            done(&json, count, lang, options.json);
            Ok(DONE)
        }
        Err(refused) => {
            refuse(&refused, &own.faults, file, lang);
            Ok(NO)
        }
    }
}

fn done(json: &serde_json::Value, rows: u64, lang: Lang, as_json: bool) {
    let text = if as_json {
        json.to_string()
    } else {
        lang.say("cli-imported", &[("rows", &rows.to_string())])
    };
    // Nobody is left to tell when standard output is gone.
    let _ = writeln!(io::stdout(), "{text}");
}

fn say_repeated(count: u64, lang: Lang) {
    if count > 0 {
        complain(&lang.say("exchange-repeated", &[("count", &count.to_string())]));
    }
}

/// How a table was read, with its first reading, so that a person can see whether that is right.
fn tell(understood: &Understood, options: &Options, lang: Lang) {
    let mut parts = vec![understood.encoding.name().to_owned()];
    let separator = match understood.separator {
        '\t' => lang.text("exchange-tab"),
        sign => format!("\"{sign}\""),
    };
    parts.push(lang.say("exchange-separator", &[("sign", &separator)]));
    let word = understood.decimals.word();
    parts.push(lang.text(&format!("exchange-decimals-{word}")));
    if let Some(order) = understood.dates {
        parts.push(lang.text(&format!("exchange-order-{}", order.word())));
    }
    if understood.numbered {
        parts.push(lang.text("exchange-numbered"));
    }
    if let Some(zone) = options.zone.as_deref().filter(|_| understood.local) {
        parts.push(lang.say("exchange-in-zone", &[("zone", zone)]));
    }
    let column = understood.column.to_string();
    parts.push(lang.say("exchange-in-column", &[("column", &column)]));
    complain(&lang.say("exchange-understood", &[("parts", &parts.join(", "))]));
    if let Some((line, (at, number))) = understood.first {
        let (mut time, mut value) = (String::new(), String::new());
        exchange::write_time(&mut time, at);
        exchange::write_number(&mut value, number);
        let args = [
            ("line", &*line.to_string()),
            ("time", &time),
            ("value", &value),
        ];
        complain(&lang.say("exchange-first", &args));
    }
    let say = |key, count: u64, line: u64| {
        if count > 0 {
            let args = [("count", &*count.to_string()), ("line", &*line.to_string())];
            complain(&lang.say(key, &args));
        }
    };
    let head = u64::try_from(understood.head).unwrap_or(u64::MAX);
    say("exchange-head", head, 0);
    say(
        "exchange-missing",
        understood.missing.0,
        understood.missing.1,
    );
    say("exchange-cut", understood.cut, 0);
    say_repeated(understood.repeated, lang);
}

fn as_json(understood: &Understood, rows: u64, zone: Option<&str>) -> serde_json::Value {
    serde_json::json!({
        "rows": rows,
        "without_value": understood.missing.0,
        "repeated": understood.repeated,
        "cut_to_millisecond": understood.cut,
        "understood": {
            "encoding": understood.encoding.name(),
            "separator": understood.separator.to_string(),
            "decimals": understood.decimals.word(),
            "dates": understood.dates.map(DateOrder::word),
            "zone": zone.filter(|_| understood.local),
            "day_numbers": understood.numbered,
            "column": understood.column,
            "head_lines": understood.head,
        },
    })
}

/// What has to be said first, or every kind of faulty row.
fn refuse(refused: &TableRefused, own: &Faults, file: &Path, lang: Lang) {
    let mut faults = &refused.faults;
    for sentence in &refused.sentences {
        let args: Vec<(&str, &str)> = sentence
            .args
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let text = lang.say(sentence.key, &args);
        complain(&format!("{}: {text}", file.display()));
        if sentence.key == "exchange-no-table" {
            faults = own;
        }
    }
    if faults.count > 0 {
        report(faults, file, lang);
    } else {
        complain(&lang.text("cli-import-nothing"));
    }
}

/// What came of looking through a file in our own form.
#[derive(Debug)]
struct Checked {
    faults: Faults,
    /// Rows that only repeat another.
    repeated: u64,
}

/// Every faulty row of the file.
fn check(file: &Path, era: Era) -> io::Result<Checked> {
    let mut faults = Faults::default();
    let mut lines = Lines::open(file)?;
    let mut last: Option<UtcMs> = None;
    let mut is_ordered = true;
    while let Some(line) = lines.next()? {
        match line {
            Line::Header(true) => {}
            Line::Row(Ok((at, _))) => {
                is_ordered &= last.is_none_or(|last| last < at);
                last = Some(at);
                let found = || String::from_utf8_lossy(&lines.text).trim_end().to_owned();
                if let Some(fault) = era.fault(lines.number, at, "") {
                    let fault = RowFault::new(fault.line, fault.kind, &found());
                    faults.push(fault);
                }
            }
            Line::Header(false) => {
                let found = String::from_utf8_lossy(&lines.text);
                faults.push(RowFault::new(1, Kind::Header, found.trim_end()));
            }
            Line::Row(Err(fault)) => faults.push(fault),
        }
    }
    if lines.number == 0 {
        faults.push(RowFault::new(1, Kind::Header, ""));
    }
    let repeated = if is_ordered || faults.count > 0 {
        0
    } else {
        twice(file, &mut faults)?
    };
    Ok(Checked { faults, repeated })
}

/// Looks for times that stand twice; a file in order of time has none, and is spared this.
fn twice(file: &Path, faults: &mut Faults) -> io::Result<u64> {
    let mut lines = Lines::open(file)?;
    let mut twice = Twice::default();
    while let Some(line) = lines.next()? {
        if let Line::Row(Ok((at, number))) = line {
            twice.push(lines.number, at, number);
        }
    }
    Ok(twice.finish(faults))
}

fn report(faults: &Faults, file: &Path, lang: Lang) {
    let file = file.display();
    for fault in &faults.named {
        let other = fault.other.unwrap_or_default().to_string();
        let expected = lang.say(fault.kind.key(), &[("other", &other)]);
        complain(&format!(
            "{file}:{}: \"{}\": {expected}",
            fault.line, fault.found
        ));
    }
    for (kind, _) in &faults.kinds {
        let more = faults.unnamed(*kind);
        if more > 0 {
            let why = lang.say(kind.key(), &[("other", "...")]);
            let args = [("count", &*more.to_string()), ("why", &why)];
            complain(&lang.say("cli-import-more", &args));
        }
    }
    complain(&lang.say("cli-import-faulty", &[("count", &faults.count.to_string())]));
}

/// Where the rows are.
enum Rows<'a> {
    /// In a file in our own form, line by line.
    Lines(&'a Path),
    /// In a table that was read as a whole.
    Table(&'a [ImportRow]),
}

async fn take(config: &Config, point: &str, rows: Rows<'_>) -> Result<u64, Trouble> {
    let mut way = Way::find(config, Access::Write).await?;
    let done = match rows {
        Rows::Lines(file) => pieces(&mut way, point, file).await,
        Rows::Table(rows) => all(&mut way, point, rows).await,
    };
    way.close().await;
    done
}

async fn all(way: &mut Way, point: &str, rows: &[ImportRow]) -> Result<u64, Trouble> {
    let mut total = 0;
    for rows in rows.chunks(ROWS_MAX) {
        total += piece(way, point, rows.to_vec()).await?;
    }
    Ok(total)
}

async fn pieces(way: &mut Way, point: &str, file: &Path) -> Result<u64, Trouble> {
    let bar = progress(Some(std::fs::metadata(file)?.len()));
    let mut lines = Lines::open(file)?;
    let mut rows = Vec::with_capacity(ROWS_MAX);
    let mut total = 0;
    loop {
        let line = lines.next()?;
        let ended = line.is_none();
        match line {
            Some(Line::Row(Ok(row))) => rows.push(row),
            // Checked a moment ago: somebody writes into the file.
            Some(Line::Row(Err(_)) | Line::Header(false)) => {
                let why = "the file has changed while it was read";
                return Err(Trouble::File(io::Error::other(why)));
            }
            Some(Line::Header(true)) | None => {}
        }
        if rows.len() == ROWS_MAX || (ended && !rows.is_empty()) {
            total += piece(way, point, std::mem::take(&mut rows)).await?;
            bar.set_position(lines.bytes);
        }
        if ended {
            bar.finish_and_clear();
            return Ok(total);
        }
    }
}

async fn piece(way: &mut Way, point: &str, rows: Vec<ImportRow>) -> Result<u64, Trouble> {
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    match way {
        Way::Running(running) => {
            let mut text = format!("{}\n", exchange::HEADER);
            for (at, number) in rows {
                exchange::write_time(&mut text, at);
                text.push(',');
                exchange::write_number(&mut text, number);
                text.push('\n');
            }
            let path = format!("/control/import?point={}", escaped(point));
            // Read to its end, so that the connection is free for the next piece.
            let answer = running.ask("POST", &path, text).await?;
            answer.collect().await?;
        }
        Way::Own(store) => {
            store.import(point, rows).await?;
        }
    }
    Ok(count)
}

enum Line {
    Header(bool),
    Row(exchange::Row),
}

/// The lines of a file, none of which can fill the memory.
struct Lines {
    reader: BufReader<File>,
    text: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::new(File::open(path)?);
        Ok(Self {
            reader,
            text: Vec::new(),
            number: 0,
            bytes: 0,
        })
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        self.text.clear();
        let bound = u64::try_from(IMPORT_LINE_MAX).unwrap_or(u64::MAX);
        let read = self
            .reader
            .by_ref()
            .take(bound)
            .read_until(b'\n', &mut self.text)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += u64::try_from(read).unwrap_or(0);
        if read == IMPORT_LINE_MAX && !self.text.ends_with(b"\n") {
            self.reader.skip_until(b'\n')?;
            let found = String::from_utf8_lossy(&self.text);
            let fault = RowFault::new(self.number, Kind::Text, &found);
            return Ok(Some(Line::Row(Err(fault))));
        }
        if self.number == 1 {
            return Ok(Some(Line::Header(exchange::is_header(&self.text))));
        }
        Ok(Some(Line::Row(exchange::read_row(self.number, &self.text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn era() -> Era {
        Era::until(exchange::read_time("2026-11-28T00:00:00Z").unwrap())
    }

    fn faults(text: &[u8]) -> Vec<(u64, Kind)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        check(file.path(), era())
            .unwrap()
            .faults
            .named
            .into_iter()
            .map(|fault| (fault.line, fault.kind))
            .collect()
    }

    #[test]
    fn every_faulty_row_is_named_with_its_line() {
        let text =
            b"time,value\n2026-11-21T03:00:00Z,1\nyesterday,2\n2026-11-21T03:00:00Z,1,5\r\n,\n";
        assert_eq!(
            faults(text),
            [(3, Kind::Time), (4, Kind::Columns), (5, Kind::Time)]
        );
    }

    #[test]
    fn a_file_without_its_header_or_with_a_monstrous_line_is_refused() {
        assert_eq!(faults(b""), [(1, Kind::Header)]);
        assert_eq!(faults(b"value,time\n"), [(1, Kind::Header)]);
        let mut text = b"time,value\n".to_vec();
        text.extend(vec![b'7'; 3 * IMPORT_LINE_MAX]);
        text.extend(b"\n2026-11-21T03:00:00Z,x\n");
        assert_eq!(faults(&text), [(2, Kind::Text), (3, Kind::Value)]);
    }
}
