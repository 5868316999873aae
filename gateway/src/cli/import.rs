//! `pantau import`: a CSV file of one point into the store.
//!
//! The whole file is checked first, then it is stored in pieces. A row at the time of a stored
//! sample replaces it, so that an interrupted import is simply repeated.
//!
//! A file in the exchange format is read line by line, so its length is not limited. Any other file
//! is read as the table of another program ([`samples_csv::read_table`]), and the detected format
//! is printed.

use super::backend::{
    DEFAULT_CONFIG_PATH, load_config, open_client, print_stderr, progress_bar, report_failure,
};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::standard_output::print_line;
use crate::api::client::{ApiClient, path_with_query};
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_LINE_MAX, IMPORT_TABLE_BYTES_MAX};
use crate::samples_csv::{
    self, CsvRowError, CsvRowErrorKind, CsvRowErrors, DateOrder, DecimalSeparator,
    DetectedTableFormat, DuplicateTimeFinder, LoggerTable, LoggerTableError, LoggerTableOptions,
    TimestampBounds,
};
use crate::storage::{ImportRow, StoreAccess};
use jiff::tz::TimeZone;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Rows of one piece. A row takes at most 64 bytes as text, so that a piece fits one request.
const ROWS_PER_PIECE_MAX: usize = IMPORT_BYTES_MAX / 64 - 1;

/// Arguments of `pantau import`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    #[arg(long, value_name = "ID")]
    point: String,
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    // clap would add the possible values in English; the placeholder names them already.
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

/// Imports the file as samples of the point; returns the exit status.
pub(super) async fn run_import(options: &ImportArgs, lang: Language) -> u8 {
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if config.site.point(&options.point).is_none() {
        print_stderr(&lang.text_with("cli-no-point", &[("point", &options.point)]));
        return EXIT_USAGE;
    }
    let zone = options.zone.as_deref();
    let zone = match zone.map(|name| TimeZone::get(name).map_err(|_| name)) {
        None => None,
        Some(Ok(zone)) => Some(zone),
        Some(Err(name)) => {
            print_stderr(&lang.text_with("cli-import-zone-unknown", &[("zone", name)]));
            return EXIT_USAGE;
        }
    };
    let wishes = LoggerTableOptions {
        dates: options.dates.as_deref().and_then(DateOrder::parse),
        zone,
        site_zone: config.site.timezone.name().to_string(),
        decimals: options
            .decimals
            .as_deref()
            .and_then(DecimalSeparator::parse),
        column: options.column.clone(),
        era: TimestampBounds::for_now(Clock::system().now().at),
    };
    match import_file(&config, options, &wishes, lang).await {
        Ok(status) => status,
        Err(trouble) => report_failure(&trouble, lang),
    }
}

async fn import_file(
    config: &Config,
    options: &ImportArgs,
    wishes: &LoggerTableOptions,
    lang: Language,
) -> Result<u8, CommandError> {
    let (file, point) = (&*options.file, &*options.point);
    // The exchange format is tried first: it is exact and leaves no question open.
    let own = check_samples_file(file, wishes.era).reading(file)?;
    if own.faults.count == 0 {
        // A repeated row replaces itself, so that it counts once.
        let rows = store_rows(config, point, ImportRowSource::Lines(file)).await? - own.repeated;
        print_repeated(own.repeated, lang);
        print_result(
            &serde_json::json!({ "rows": rows }),
            rows,
            lang,
            options.json,
        );
        return Ok(EXIT_DONE);
    }
    // A table is read as a whole, unlike a file in the exchange format.
    if std::fs::metadata(file).reading(file)?.len() > IMPORT_TABLE_BYTES_MAX {
        print_row_errors(&own.faults, file, lang);
        let most = (IMPORT_TABLE_BYTES_MAX >> 20).to_string();
        print_stderr(&lang.text_with("exchange-too-large", &[("most", &most)]));
        return Ok(EXIT_NEGATIVE);
    }
    match samples_csv::read_table(&std::fs::read(file).reading(file)?, wishes) {
        Ok(LoggerTable {
            rows,
            format: understood,
        }) => {
            print_detected_format(&understood, options, lang);
            let count = store_rows(config, point, ImportRowSource::Table(&rows)).await?;
            let json = result_json(&understood, count, options.zone.as_deref());
            print_result(&json, count, lang, options.json);
            Ok(EXIT_DONE)
        }
        Err(refused) => {
            print_refusal(&refused, &own.faults, file, lang);
            Ok(EXIT_NEGATIVE)
        }
    }
}

fn print_result(json: &serde_json::Value, rows: u64, lang: Language, as_json: bool) {
    let text = if as_json {
        json.to_string()
    } else {
        lang.text_with("cli-imported", &[("rows", &rows.to_string())])
    };
    print_line(&text);
}

fn print_repeated(count: u64, lang: Language) {
    if count > 0 {
        print_stderr(&lang.text_with("exchange-repeated", &[("count", &count.to_string())]));
    }
}

/// Prints the detected format with the first reading, so that a person can check both.
fn print_detected_format(understood: &DetectedTableFormat, options: &ImportArgs, lang: Language) {
    let mut parts = vec![understood.encoding.name().to_owned()];
    let separator = match understood.separator {
        '\t' => lang.text("exchange-tab"),
        sign => format!("\"{sign}\""),
    };
    parts.push(lang.text_with("exchange-separator", &[("sign", &separator)]));
    let word = understood.decimals.word();
    parts.push(lang.text(&format!("exchange-decimals-{word}")));
    if let Some(order) = understood.dates {
        parts.push(lang.text(&format!("exchange-order-{}", order.word())));
    }
    if understood.numbered {
        parts.push(lang.text("exchange-numbered"));
    }
    if let Some(zone) = options.zone.as_deref().filter(|_| understood.local) {
        parts.push(lang.text_with("exchange-in-zone", &[("zone", zone)]));
    }
    let column = understood.column.to_string();
    parts.push(lang.text_with("exchange-in-column", &[("column", &column)]));
    print_stderr(&lang.text_with("exchange-understood", &[("parts", &parts.join(", "))]));
    if let Some((line, (at, number))) = understood.first {
        let (mut time, mut value) = (String::new(), String::new());
        samples_csv::write_time(&mut time, at);
        samples_csv::write_number(&mut value, number);
        let args = [
            ("line", &*line.to_string()),
            ("time", &time),
            ("value", &value),
        ];
        print_stderr(&lang.text_with("exchange-first", &args));
    }
    let say = |key, count: u64, line: u64| {
        if count > 0 {
            let args = [("count", &*count.to_string()), ("line", &*line.to_string())];
            print_stderr(&lang.text_with(key, &args));
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
    print_repeated(understood.repeated, lang);
}

fn result_json(
    understood: &DetectedTableFormat,
    rows: u64,
    zone: Option<&str>,
) -> serde_json::Value {
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

/// Prints the open questions, else the errors of every kind of row.
fn print_refusal(refused: &LoggerTableError, own: &CsvRowErrors, file: &Path, lang: Language) {
    let mut faults = &refused.faults;
    for sentence in &refused.sentences {
        let args: Vec<(&str, &str)> = sentence
            .args
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let text = lang.text_with(sentence.key, &args);
        print_stderr(&format!("{}: {text}", file.display()));
        // Neither form fits: the errors of the exchange format say more than "no table".
        if sentence.key == "exchange-no-table" {
            faults = own;
        }
    }
    if faults.count > 0 {
        print_row_errors(faults, file, lang);
    } else {
        print_stderr(&lang.text("cli-import-nothing"));
    }
}

/// Result of the check of a file in the exchange format.
#[derive(Debug)]
struct CheckedSamplesFile {
    faults: CsvRowErrors,
    /// Rows that repeat another row exactly.
    repeated: u64,
}

/// Checks every row of the file.
fn check_samples_file(file: &Path, era: TimestampBounds) -> io::Result<CheckedSamplesFile> {
    let mut faults = CsvRowErrors::default();
    let mut lines = SamplesFileReader::open(file)?;
    let mut last: Option<UtcMs> = None;
    let mut is_ordered = true;
    while let Some(line) = lines.next_line()? {
        match line {
            SamplesFileLine::Header(true) => {}
            SamplesFileLine::Row(Ok((at, _))) => {
                is_ordered &= last.is_none_or(|last| last < at);
                last = Some(at);
                let found = || String::from_utf8_lossy(&lines.text).trim_end().to_owned();
                if let Some(fault) = era.check_timestamp(lines.number, at, "") {
                    // The text of the line is copied only for an error.
                    let fault = CsvRowError::new(fault.line, fault.kind, &found());
                    faults.push(fault);
                }
            }
            SamplesFileLine::Header(false) => {
                let found = String::from_utf8_lossy(&lines.text);
                faults.push(CsvRowError::new(
                    1,
                    CsvRowErrorKind::Header,
                    found.trim_end(),
                ));
            }
            SamplesFileLine::Row(Err(fault)) => faults.push(fault),
        }
    }
    if lines.number == 0 {
        faults.push(CsvRowError::new(1, CsvRowErrorKind::Header, ""));
    }
    // Only a file without other errors is searched: the search reads it a second time.
    let repeated = if is_ordered || faults.count > 0 {
        0
    } else {
        find_duplicate_times(file, &mut faults)?
    };
    Ok(CheckedSamplesFile { faults, repeated })
}

/// Searches for times that occur twice. A file in order of time has none and is not searched.
fn find_duplicate_times(file: &Path, faults: &mut CsvRowErrors) -> io::Result<u64> {
    let mut lines = SamplesFileReader::open(file)?;
    let mut twice = DuplicateTimeFinder::default();
    while let Some(line) = lines.next_line()? {
        if let SamplesFileLine::Row(Ok((at, number))) = line {
            twice.push(lines.number, at, number);
        }
    }
    Ok(twice.report_duplicates(faults))
}

fn print_row_errors(faults: &CsvRowErrors, file: &Path, lang: Language) {
    let file = file.display();
    for fault in &faults.named {
        let other = fault.other.unwrap_or_default().to_string();
        let expected = lang.text_with(fault.kind.message_key(), &[("other", &other)]);
        print_stderr(&format!(
            "{file}:{}: \"{}\": {expected}",
            fault.line, fault.found
        ));
    }
    for (kind, _) in &faults.kinds {
        let more = faults.unlisted_count(*kind);
        if more > 0 {
            let why = lang.text_with(kind.message_key(), &[("other", "...")]);
            // The line of the contradicted row differs for each error, so none is named here.
            let args = [("count", &*more.to_string()), ("why", &why)];
            print_stderr(&lang.text_with("cli-import-more", &args));
        }
    }
    print_stderr(&lang.text_with("cli-import-faulty", &[("count", &faults.count.to_string())]));
}

/// Source of the rows to store.
enum ImportRowSource<'a> {
    /// File in the exchange format, line by line.
    Lines(&'a Path),
    /// Table that was read as a whole.
    Table(&'a [ImportRow]),
}

async fn store_rows(
    config: &Config,
    point: &str,
    rows: ImportRowSource<'_>,
) -> Result<u64, CommandError> {
    let mut client = open_client(config, StoreAccess::Write).await?;
    let done = match rows {
        ImportRowSource::Lines(file) => store_lines(&mut client, point, file).await,
        ImportRowSource::Table(rows) => store_table(&mut client, point, rows).await,
    };
    client.close().await;
    done
}

/// Stores the rows of a table in pieces; returns their number.
async fn store_table(
    client: &mut ApiClient,
    point: &str,
    rows: &[ImportRow],
) -> Result<u64, CommandError> {
    let mut total = 0;
    for rows in rows.chunks(ROWS_PER_PIECE_MAX) {
        total += store_piece(client, point, rows).await?;
    }
    Ok(total)
}

/// Stores the rows of a file in pieces; returns their number.
async fn store_lines(
    client: &mut ApiClient,
    point: &str,
    file: &Path,
) -> Result<u64, CommandError> {
    let bar = progress_bar(Some(std::fs::metadata(file).reading(file)?.len()));
    let mut lines = SamplesFileReader::open(file).reading(file)?;
    let mut rows = Vec::with_capacity(ROWS_PER_PIECE_MAX);
    let mut total = 0;
    loop {
        let line = lines.next_line().reading(file)?;
        let ended = line.is_none();
        match line {
            Some(SamplesFileLine::Row(Ok(row))) => rows.push(row),
            // The check found no error, so another program writes to the file.
            Some(SamplesFileLine::Row(Err(_)) | SamplesFileLine::Header(false)) => {
                let why = format!("{} has changed while it was read", file.display());
                return Err(CommandError::Refused(why));
            }
            Some(SamplesFileLine::Header(true)) | None => {}
        }
        if rows.len() == ROWS_PER_PIECE_MAX || (ended && !rows.is_empty()) {
            total += store_piece(client, point, &rows).await?;
            rows.clear();
            bar.set_position(lines.bytes);
        }
        if ended {
            bar.finish_and_clear();
            return Ok(total);
        }
    }
}

/// Stores one piece; returns its number of rows.
async fn store_piece(
    client: &mut ApiClient,
    point: &str,
    rows: &[ImportRow],
) -> Result<u64, CommandError> {
    let mut text = format!("{}\n", samples_csv::SAMPLES_CSV_HEADER);
    for (at, number) in rows {
        samples_csv::write_time(&mut text, *at);
        text.push(',');
        samples_csv::write_number(&mut text, *number);
        text.push('\n');
    }
    let path = path_with_query("/control/import", &[("point", Some(point))]);
    // The answer is read to its end, so that the connection is free for the next piece.
    client.post(&path, "text/csv", text).await?.bytes().await?;
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

enum SamplesFileLine {
    Header(bool),
    Row(samples_csv::SampleRowResult),
}

/// Reader of the lines of a file; a long line cannot fill the memory.
struct SamplesFileReader {
    reader: BufReader<File>,
    text: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl SamplesFileReader {
    fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::new(File::open(path)?);
        Ok(Self {
            reader,
            text: Vec::new(),
            number: 0,
            bytes: 0,
        })
    }

    fn next_line(&mut self) -> io::Result<Option<SamplesFileLine>> {
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
        // The rest of the line is skipped, so that the next line is read as a row again.
        if read == IMPORT_LINE_MAX && !self.text.ends_with(b"\n") {
            self.reader.skip_until(b'\n')?;
            let found = String::from_utf8_lossy(&self.text);
            let fault = CsvRowError::new(self.number, CsvRowErrorKind::Text, &found);
            return Ok(Some(SamplesFileLine::Row(Err(fault))));
        }
        if self.number == 1 {
            return Ok(Some(SamplesFileLine::Header(samples_csv::is_header(
                &self.text,
            ))));
        }
        Ok(Some(SamplesFileLine::Row(samples_csv::parse_sample_row(
            self.number,
            &self.text,
        ))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_bounds() -> TimestampBounds {
        TimestampBounds::for_now(samples_csv::parse_time("2026-11-28T00:00:00Z").unwrap())
    }

    fn faults_of_text(text: &[u8]) -> Vec<(u64, CsvRowErrorKind)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        check_samples_file(file.path(), test_bounds())
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
            faults_of_text(text),
            [
                (3, CsvRowErrorKind::Time),
                (4, CsvRowErrorKind::Columns),
                (5, CsvRowErrorKind::Time)
            ]
        );
    }

    #[test]
    fn a_file_without_its_header_or_with_a_monstrous_line_is_refused() {
        assert_eq!(faults_of_text(b""), [(1, CsvRowErrorKind::Header)]);
        assert_eq!(
            faults_of_text(b"value,time\n"),
            [(1, CsvRowErrorKind::Header)]
        );
        let mut text = b"time,value\n".to_vec();
        text.extend(vec![b'7'; 3 * IMPORT_LINE_MAX]);
        text.extend(b"\n2026-11-21T03:00:00Z,x\n");
        assert_eq!(
            faults_of_text(&text),
            [(2, CsvRowErrorKind::Text), (3, CsvRowErrorKind::Value)]
        );
    }
}
