//! Tests with files as loggers, their portals and spreadsheets write them.

use super::*;
use crate::storage::ImportRow;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::fmt::Write as _;

fn bare_options() -> LoggerTableOptions {
    LoggerTableOptions {
        dates: None,
        zone: None,
        site_zone: "Asia/Jakarta".to_owned(),
        decimals: None,
        column: None,
        era: TimestampBounds::for_now(parse_time("2026-11-28T00:00:00Z").unwrap()),
    }
}

fn jakarta_options() -> LoggerTableOptions {
    LoggerTableOptions {
        zone: Some(TimeZone::get("Asia/Jakarta").unwrap()),
        ..bare_options()
    }
}

fn render_rows(rows: &[ImportRow]) -> String {
    let mut out = String::new();
    for (at, number) in rows {
        write_time(&mut out, *at);
        out.push(' ');
        write_number(&mut out, *number);
        out.push('\n');
    }
    out
}

#[track_caller]
fn read_good_rows(file: impl AsRef<[u8]>, wishes: &LoggerTableOptions) -> String {
    match read_table(file.as_ref(), wishes) {
        Ok(table) => render_rows(&table.rows),
        Err(refused) => panic!("{refused:?}"),
    }
}

/// Keys of the open questions, and line and kind of each row error.
#[track_caller]
fn read_refused(
    file: impl AsRef<[u8]>,
    wishes: &LoggerTableOptions,
) -> (Vec<&'static str>, Vec<(u64, CsvRowErrorKind)>) {
    let refused = read_table(file.as_ref(), wishes).unwrap_err();
    let keys = refused.sentences.iter().map(|sentence| sentence.key);
    let faults = refused.faults.named.iter();
    let faults = faults.map(|fault| (fault.line, fault.kind));
    (keys.collect(), faults.collect())
}

fn open_questions(file: impl AsRef<[u8]>, wishes: &LoggerTableOptions) -> Vec<&'static str> {
    read_refused(file, wishes).0
}

fn row_errors(file: impl AsRef<[u8]>, wishes: &LoggerTableOptions) -> Vec<(u64, CsvRowErrorKind)> {
    read_refused(file, wishes).1
}

/// Two readings, 15:30 and 15:45 in Jakarta (UTC+7).
const BOTH_READINGS: &str = "2022-08-02T08:30:00Z 28.9\n2022-08-02T08:45:00Z 29.1\n";

#[test]
fn one_stretch_comes_out_of_every_file_that_can_mean_nothing_else() {
    let plain = "time,value\n2022-08-02T08:30:00Z,28.9\n2022-08-02T15:45:00+07:00,29.1\n";
    let wide = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect()
    };
    let files: Vec<Vec<u8>> = vec![
        plain.into(),
        plain.replace("time,value", "date,data").into(),
        plain.replace("time,value", "Waktu,Nilai").into(),
        // Some loggers write no heading at all.
        plain.replace("time,value\n", "").into(),
        plain.replace(',', ";").replace('.', ",").into(),
        plain.replace(',', "\t").into(),
        plain.replace('\n', "\r").into(),
        format!("\u{feff}{}", plain.replace('\n', "\r\n")).into(),
        format!("sep=;\n{}", plain.replace(',', ";")).into(),
        // "Unicode text" of a spreadsheet: UTF-16 with tabs.
        wide(&plain.replace(',', "\t")),
        "\"time\",\"value\"\n\"2022-08-02T08:30:00Z\",\"28,9\"\n\"2022-08-02T08:45:00Z\",\"29,1\"\n"
            .into(),
        // The degree sign of a Windows code page is no valid UTF-8.
        b"Alat: suhu \xb0C\nlokasi: gudang\n\ntime;value\n2022-08-02T08:30:00Z;28,9\n\
          2022-08-02T08:45:00Z;29,1\n"
            .to_vec(),
        "no;time;value;note\n1;2022-08-02T08:30:00Z;28,9;\n2;2022-08-02T08:45:00Z;29,1;x\n".into(),
        "time,value\n2022-08-02T08:45:00Z,29.1\n2022-08-02T08:30:00Z,28.9\n".into(),
        "time,value\n1659429000,28.9\n1659429900,29.1\n".into(),
        "time,value\n2022-08-02T08:30:00.000000000Z,28.9\n2022-08-02T08:45:00.000000000Z,29.1\n"
            .into(),
    ];
    for file in files {
        let name = String::from_utf8_lossy(&file).into_owned();
        assert_eq!(
            read_good_rows(&file, &bare_options()),
            BOTH_READINGS,
            "{name}"
        );
    }
}

#[test]
fn local_times_are_read_in_the_zone_that_was_said_and_in_the_order_of_their_column() {
    for file in [
        "date;data\n2022-08-02 15:30;28,9\n2022-08-02 15:45:00;29,1\n",
        "Tanggal;Nilai\n2 Agustus 2022 15.30;28,9\n2 Agu 2022 15.45;29,1\n",
        "Tanggal;Jam;Nilai\n2022-08-02;15:30;28,9\n2022-08-02;15:45;29,1\n",
        "dd/MM/yyyy HH:mm;kWh\n02/08/2022 15:30;28,9\n02/08/2022 15:45;29,1\n",
        // 15:30 as a part of a day has no end in decimals; it must come back as the whole second.
        "time,value\n44775.6458333333,28.9\n44775.65625,29.1\n",
        "\"44775,6458333333\";\"28,9\"\n\"44775,65625\";\"29,1\"\n",
    ] {
        assert_eq!(
            read_good_rows(file, &jakarta_options()),
            BOTH_READINGS,
            "{file}"
        );
        assert_eq!(
            open_questions(file, &bare_options()),
            ["exchange-zone"],
            "{file}"
        );
    }
    let day = "time;value\n02/08/2022 15:30;28,9\n13/08/2022 15:30;30\n";
    assert!(read_good_rows(day, &jakarta_options()).starts_with("2022-08-02T08:30:00Z 28.9\n"));
    let month = "time;value\n08/02/2022 15:30;28,9\n08/13/2022 15:30;30\n";
    assert!(read_good_rows(month, &jakarta_options()).starts_with("2022-08-02T08:30:00Z 28.9\n"));
}

#[test]
fn what_a_file_leaves_open_is_asked_for_all_at_once() {
    let file = "time;value\n02/08/2022 15:30;1.234\n";
    assert_eq!(
        open_questions(file, &bare_options()),
        ["exchange-dates", "exchange-decimals", "exchange-zone"]
    );
    let said = LoggerTableOptions {
        dates: Some(DateOrder::Mdy),
        decimals: Some(DecimalSeparator::Comma),
        ..jakarta_options()
    };
    assert_eq!(read_good_rows(file, &said), "2022-02-08T08:30:00Z 1234\n");
    let short = "time;value\n13/08/22 15:30;1,5\n";
    assert_eq!(
        open_questions(short, &jakarta_options()),
        ["exchange-dates-short"]
    );
    let both = "time;value\n13/08/2022 15:30;1,5\n08/14/2022 15:30;1.5\n";
    assert_eq!(
        open_questions(both, &jakarta_options()),
        ["exchange-dates-both", "exchange-decimals-both"]
    );
    let columns = "time;volt;amp\n2022-08-02T08:30:00Z;230,1;1,5\n";
    assert_eq!(
        open_questions(columns, &bare_options()),
        ["exchange-column"]
    );
    for name in ["AMP", "3"] {
        let said = LoggerTableOptions {
            column: Some(name.to_owned()),
            ..bare_options()
        };
        assert_eq!(read_good_rows(columns, &said), "2022-08-02T08:30:00Z 1.5\n");
    }
    let said = LoggerTableOptions {
        column: Some("watt".to_owned()),
        ..bare_options()
    };
    assert_eq!(open_questions(columns, &said), ["exchange-column-unknown"]);
}

#[test]
fn lines_above_the_heading_of_a_portal_are_left_out_and_counted() {
    // The head of a file as the manual of Sunny Explorer shows it; two of its columns have values.
    let file = "sep=;\nVersion CSV1|Tool Sunny Explorer|Delimiter semicolon|Precision 3\n\n\
                ;SN: 2100000000;SN: 2100000000\n;SB 5000TL-21;SB 5000TL-21\n\
                ;Total yield;Power\n;Counter;Analog\ndd/MM/yyyy HH:mm:ss;kWh;kW\n\
                01/09/2012 00:00:00;1234,567;0,000\n01/09/2012 00:05:00;1234,570;0,036\n";
    assert_eq!(
        open_questions(file, &jakarta_options()),
        ["exchange-column"]
    );
    let said = LoggerTableOptions {
        column: Some("kWh".to_owned()),
        ..jakarta_options()
    };
    let table = read_table(file.as_bytes(), &said).unwrap();
    assert_eq!(
        render_rows(&table.rows),
        "2012-08-31T17:00:00Z 1234.567\n2012-08-31T17:05:00Z 1234.57\n"
    );
    let understood = table.format;
    assert_eq!((understood.head, understood.column), (6, 2));
    assert_eq!(understood.dates, Some(DateOrder::Dmy));
    assert_eq!(understood.decimals, DecimalSeparator::Comma);
    assert_eq!(understood.first.unwrap().0, 9);
}

#[test]
fn rows_without_a_value_and_times_finer_than_a_millisecond_are_counted() {
    let file = "time;value\n2022-08-02T08:30:00.123456789Z;28,9\n2022-08-02T08:45:00Z;\n\
                2022-08-02T09:00:00Z;NaN\n;\n2022-08-02T09:00:00Z;\"-\"\n";
    let table = read_table(file.as_bytes(), &bare_options()).unwrap();
    assert_eq!(render_rows(&table.rows), "2022-08-02T08:30:00.123Z 28.9\n");
    assert_eq!(table.format.missing, (3, 3));
    assert_eq!(table.format.cut, 1);
}

#[test]
fn a_row_that_is_wrong_is_named_and_takes_the_whole_file_with_it() {
    use CsvRowErrorKind::{Clock, Columns, DuplicateTime, InFuture, Time, TooOld, Value};
    let of = |rows: &str| {
        row_errors(
            format!("time;value\n2022-08-02T08:30:00Z;28,9\n{rows}"),
            &jakarta_options(),
        )
    };
    for (rows, found) in [
        ("kemarin;1\n", vec![(3, Time)]),
        ("2022-08-02T08:45:00Z;x\n", vec![(3, Value)]),
        ("2022-08-02T08:45:00Z\n", vec![(3, Columns)]),
        ("2022-08-02T08:45:00Z;1;2\n", vec![(3, Columns)]),
        ("1970-01-01T00:00:01Z;1\n", vec![(3, TooOld)]),
        ("2126-01-01T00:00:01Z;1\n", vec![(3, InFuture)]),
        ("2022-08-02T08:30:00Z;29\n", vec![(3, DuplicateTime)]),
        // A sum below the readings would be imported as a reading.
        ("TOTAL;57,9\n", vec![(3, Time)]),
        (
            "2022-08-02T08:45:00Z;\"1\n2022-08-02T09:00:00Z;2\n",
            vec![(3, Columns)],
        ),
    ] {
        assert_eq!(of(rows), found, "{rows}");
    }
    // Jakarta has no daylight saving, so the hour that comes twice is tested in another zone.
    let berlin = LoggerTableOptions {
        zone: Some(TimeZone::get("Europe/Berlin").unwrap()),
        ..bare_options()
    };
    let night = "time;value\n2025-10-26 02:30;1,5\n2025-10-26 02:30;1,6\n";
    assert_eq!(row_errors(night, &berlin), [(2, Clock), (3, Clock)]);
    let head = row_errors("yesterday;2\n2022-08-02T08:30:00Z;28,9\n", &bare_options());
    assert_eq!(head, [(1, Time)]);
}

#[test]
fn what_is_no_table_says_so() {
    for (file, key) in [
        (&b"PK\x03\x04..."[..], "exchange-workbook"),
        (b"", "exchange-no-table"),
        (b"time,value\n", "exchange-no-table"),
        (b"hello\nworld\n", "exchange-no-table"),
        (b"a\0\0\0b", "exchange-text"),
    ] {
        assert_eq!(open_questions(file, &jakarta_options()), [key], "{file:?}");
    }
}

/// Combination of settings that a logger may write its file with.
#[derive(Clone, Debug)]
struct LoggerFileSpelling {
    separator: char,
    comma: bool,
    form: &'static str,
    head: usize,
    wide: bool,
}

fn any_spelling() -> impl Strategy<Value = LoggerFileSpelling> {
    let forms = [
        "%d/%m/%Y %H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%d-%b-%Y %H.%M.%S",
    ];
    (
        prop::sample::select(vec![';', '\t', '|']),
        any::<bool>(),
        prop::sample::select(forms.to_vec()),
        0usize..4,
        any::<bool>(),
    )
        .prop_map(|(separator, comma, form, head, wide)| LoggerFileSpelling {
            separator,
            comma,
            form,
            head,
            wide,
        })
}

fn write_logger_file(readings: &[(i64, i64)], spelling: &LoggerFileSpelling) -> Vec<u8> {
    let mut text = "Logger 7, gudang\n".repeat(spelling.head);
    let sign = spelling.separator;
    let _ = writeln!(text, "Waktu{sign}Suhu");
    for (second, tenths) in readings {
        let at = jiff::Timestamp::from_second(1_600_000_000 + second * 60).unwrap();
        let zoned = at.to_zoned_datetime(TimeZone::get("Asia/Jakarta").unwrap());
        let value = format!("{}.{}", tenths / 10, tenths % 10);
        let value = if spelling.comma {
            value.replace('.', ",")
        } else {
            value
        };
        let time = zoned.strftime(spelling.form);
        let _ = writeln!(text, "{time}{sign}{value}");
    }
    if spelling.wide {
        let units = text.encode_utf16().flat_map(u16::to_be_bytes);
        return [0xfe, 0xff].into_iter().chain(units).collect();
    }
    text.into_bytes()
}

proptest! {
    #[test]
    fn readings_come_back_from_every_spelling_or_are_refused(
        readings in prop::collection::btree_map(0i64..2_000_000, 0i64..9_999, 1..30),
        spelling in any_spelling(), is_said: bool,
    ) {
        let readings: Vec<(i64, i64)> = readings.into_iter().collect();
        let wishes = LoggerTableOptions {
            dates: is_said.then_some(DateOrder::Dmy),
            ..jakarta_options()
        };
        match read_table(&write_logger_file(&readings, &spelling), &wishes) {
            Ok(table) => {
                let right = readings.iter().map(|(second, tenths)| {
                    let at = UtcMs((1_600_000_000 + second * 60) * 1000);
                    (at, *tenths)
                });
                let tenths = |number: ExactNumber| {
                    #[expect(clippy::cast_possible_truncation, reason = "below 10 000")]
                    let tenths = (number.to_f64() * 10.0).round() as i64;
                    tenths
                };
                let got = table.rows.iter().map(|(at, number)| (*at, tenths(*number)));
                prop_assert!(got.eq(right), "{:?}", table.format);
            }
            Err(refused) => {
                prop_assert!(!is_said && spelling.form.starts_with("%d/"), "{:?}", refused);
                prop_assert_eq!(refused.sentences[0].key, "exchange-dates");
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..120), text in "[-0-9,;.:T/ Z\n\"a]{0,120}",
    ) {
        let _ = read_table(&bytes, &jakarta_options());
        let _ = read_table(text.as_bytes(), &jakarta_options());
    }
}
