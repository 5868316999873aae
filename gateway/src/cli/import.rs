//! `pantau import`: a CSV of one point into the store. The whole file is checked first; then it
//! goes in piece by piece. A row with the time of a kept sample replaces it, so that an import that
//! was cut off is simply done again.

use super::running::{Trouble, Way, complain, escaped, failed, load, progress};
use super::{DONE, NO, WRONG};
use crate::config::Config;
use crate::exchange::{self, Faults, Kind, RowFault};
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_LINE_MAX};
use crate::store::{Access, ImportRow};
use crate::words::Lang;
use http_body_util::BodyExt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

/// Takes the file in as samples of `point`; the exit status.
pub(super) async fn run(config: &Path, point: &str, file: &Path, lang: Lang, json: bool) -> u8 {
    let config = match load(config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    if config.site.point(point).is_none() {
        complain(&lang.say("cli-no-point", &[("point", point)]));
        return WRONG;
    }
    let faults = match check(file) {
        Ok(faults) => faults,
        Err(error) => return failed(&Trouble::File(error), lang),
    };
    if faults.count > 0 {
        report(&faults, file, lang);
        return NO;
    }
    match take(&config, point, file).await {
        Ok(rows) => {
            done(rows, lang, json);
            DONE
        }
        Err(trouble) => failed(&trouble, lang),
    }
}

fn done(rows: u64, lang: Lang, json: bool) {
    let text = if json {
        format!("{{\"rows\":{rows}}}")
    } else {
        lang.say("cli-imported", &[("rows", &rows.to_string())])
    };
    // Nobody is left to tell when standard output is gone.
    let _ = writeln!(io::stdout(), "{text}");
}

/// Every faulty row of the file.
fn check(file: &Path) -> io::Result<Faults> {
    let mut faults = Faults::default();
    let mut lines = Lines::open(file)?;
    while let Some(line) = lines.next()? {
        match line {
            Line::Header(true) | Line::Row(Ok(_)) => {}
            Line::Header(false) => faults.push(RowFault {
                line: 1,
                kind: Kind::Header,
                found: String::from_utf8_lossy(&lines.text)
                    .trim_end()
                    .chars()
                    .take(80)
                    .collect(),
            }),
            Line::Row(Err(fault)) => faults.push(fault),
        }
    }
    if lines.number == 0 {
        faults.push(RowFault {
            line: 1,
            kind: Kind::Header,
            found: String::new(),
        });
    }
    Ok(faults)
}

fn report(faults: &Faults, file: &Path, lang: Lang) {
    let file = file.display();
    for fault in &faults.named {
        let expected = lang.text(fault.kind.key());
        complain(&format!(
            "{file}:{}: \"{}\": {expected}",
            fault.line, fault.found
        ));
    }
    complain(&lang.say("cli-import-faulty", &[("count", &faults.count.to_string())]));
}

async fn take(config: &Config, point: &str, file: &Path) -> Result<u64, Trouble> {
    let mut way = Way::find(config, Access::Write).await?;
    let done = pieces(&mut way, point, file).await;
    way.close().await;
    done
}

async fn pieces(way: &mut Way, point: &str, file: &Path) -> Result<u64, Trouble> {
    // A row takes at most this much as text; a piece of so many rows fits one request.
    const ROW_BYTES_MAX: usize = 64;
    const ROWS_MAX: usize = IMPORT_BYTES_MAX / ROW_BYTES_MAX - 1;
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
            let found = String::from_utf8_lossy(&self.text)
                .chars()
                .take(80)
                .collect();
            return Ok(Some(Line::Row(Err(RowFault {
                line: self.number,
                kind: Kind::Text,
                found,
            }))));
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

    fn faults(text: &[u8]) -> Vec<(u64, Kind)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        check(file.path())
            .unwrap()
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
