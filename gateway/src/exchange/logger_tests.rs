//! Files as loggers, their portals and spreadsheets write them.

use super::*;
use crate::store::ImportRow;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::fmt::Write as _;

fn wishes() -> TableWishes {
    TableWishes {
        dates: None,
        zone: None,
        site_zone: "Asia/Jakarta".to_owned(),
        decimals: None,
        column: None,
        era: Era::until(read_time("2026-11-28T00:00:00Z").unwrap()),
    }
}

fn local() -> TableWishes {
    TableWishes {
        zone: Some(TimeZone::get("Asia/Jakarta").unwrap()),
        ..wishes()
    }
}

fn text(rows: &[ImportRow]) -> String {
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
fn rows(file: impl AsRef<[u8]>, wishes: &TableWishes) -> String {
    match read_table(file.as_ref(), wishes) {
        Ok(table) => text(&table.rows),
        Err(refused) => panic!("{refused:?}"),
    }
}

/// Keys of what a file leaves open, and line and kind of what is wrong in it.
#[track_caller]
fn refused(file: impl AsRef<[u8]>, wishes: &TableWishes) -> (Vec<&'static str>, Vec<(u64, Kind)>) {
    let refused = read_table(file.as_ref(), wishes).unwrap_err();
    let keys = refused.sentences.iter().map(|sentence| sentence.key);
    let faults = refused.faults.named.iter();
    let faults = faults.map(|fault| (fault.line, fault.kind));
    (keys.collect(), faults.collect())
}

fn open(file: impl AsRef<[u8]>, wishes: &TableWishes) -> Vec<&'static str> {
    refused(file, wishes).0
}

fn faults(file: impl AsRef<[u8]>, wishes: &TableWishes) -> Vec<(u64, Kind)> {
    refused(file, wishes).1
}

/// Two readings, 15:30 and 15:45 in Jakarta.
const BOTH: &str = "2022-08-02T08:30:00Z 28.9\n2022-08-02T08:45:00Z 29.1\n";

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
        plain.replace("time,value\n", "").into(),
        plain.replace(',', ";").replace('.', ",").into(),
        plain.replace(',', "\t").into(),
        plain.replace('\n', "\r").into(),
        format!("\u{feff}{}", plain.replace('\n', "\r\n")).into(),
        format!("sep=;\n{}", plain.replace(',', ";")).into(),
        wide(&plain.replace(',', "\t")),
        "\"time\",\"value\"\n\"2022-08-02T08:30:00Z\",\"28,9\"\n\"2022-08-02T08:45:00Z\",\"29,1\"\n"
            .into(),
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
        assert_eq!(rows(&file, &wishes()), BOTH, "{name}");
    }
}

#[test]
fn local_times_are_read_in_the_zone_that_was_said_and_in_the_order_of_their_column() {
    for file in [
        "date;data\n2022-08-02 15:30;28,9\n2022-08-02 15:45:00;29,1\n",
        "Tanggal;Nilai\n2 Agustus 2022 15.30;28,9\n2 Agu 2022 15.45;29,1\n",
        "Tanggal;Jam;Nilai\n2022-08-02;15:30;28,9\n2022-08-02;15:45;29,1\n",
        "dd/MM/yyyy HH:mm;kWh\n02/08/2022 15:30;28,9\n02/08/2022 15:45;29,1\n",
        "time,value\n44775.6458333333,28.9\n44775.65625,29.1\n",
        "\"44775,6458333333\";\"28,9\"\n\"44775,65625\";\"29,1\"\n",
    ] {
        assert_eq!(rows(file, &local()), BOTH, "{file}");
        assert_eq!(open(file, &wishes()), ["exchange-zone"], "{file}");
    }
    let day = "time;value\n02/08/2022 15:30;28,9\n13/08/2022 15:30;30\n";
    assert!(rows(day, &local()).starts_with("2022-08-02T08:30:00Z 28.9\n"));
    let month = "time;value\n08/02/2022 15:30;28,9\n08/13/2022 15:30;30\n";
    assert!(rows(month, &local()).starts_with("2022-08-02T08:30:00Z 28.9\n"));
}

#[test]
fn what_a_file_leaves_open_is_asked_for_all_at_once() {
    let file = "time;value\n02/08/2022 15:30;1.234\n";
    assert_eq!(
        open(file, &wishes()),
        ["exchange-dates", "exchange-decimals", "exchange-zone"]
    );
    let said = TableWishes {
        dates: Some(DateOrder::Mdy),
        decimals: Some(DecimalSign::Comma),
        ..local()
    };
    assert_eq!(rows(file, &said), "2022-02-08T08:30:00Z 1234\n");
    let short = "time;value\n13/08/22 15:30;1,5\n";
    assert_eq!(open(short, &local()), ["exchange-dates-short"]);
    let both = "time;value\n13/08/2022 15:30;1,5\n08/14/2022 15:30;1.5\n";
    assert_eq!(
        open(both, &local()),
        ["exchange-dates-both", "exchange-decimals-both"]
    );
    let columns = "time;volt;amp\n2022-08-02T08:30:00Z;230,1;1,5\n";
    assert_eq!(open(columns, &wishes()), ["exchange-column"]);
    for name in ["AMP", "3"] {
        let said = TableWishes {
            column: Some(name.to_owned()),
            ..wishes()
        };
        assert_eq!(rows(columns, &said), "2022-08-02T08:30:00Z 1.5\n");
    }
    let said = TableWishes {
        column: Some("watt".to_owned()),
        ..wishes()
    };
    assert_eq!(open(columns, &said), ["exchange-column-unknown"]);
}

#[test]
fn lines_above_the_heading_of_a_portal_are_left_out_and_counted() {
    let file = "sep=;\nVersion CSV1|Tool Sunny Explorer|Delimiter semicolon|Precision 3\n\n\
                ;SN: 2100000000;SN: 2100000000\n;SB 5000TL-21;SB 5000TL-21\n\
                ;Total yield;Power\n;Counter;Analog\ndd/MM/yyyy HH:mm:ss;kWh;kW\n\
                01/09/2012 00:00:00;1234,567;0,000\n01/09/2012 00:05:00;1234,570;0,036\n";
    assert_eq!(open(file, &local()), ["exchange-column"]);
    let said = TableWishes {
        column: Some("kWh".to_owned()),
        ..local()
    };
    let table = read_table(file.as_bytes(), &said).unwrap();
    assert_eq!(
        text(&table.rows),
        "2012-08-31T17:00:00Z 1234.567\n2012-08-31T17:05:00Z 1234.57\n"
    );
    let understood = table.understood;
    assert_eq!((understood.head, understood.column), (6, 2));
    assert_eq!(understood.dates, Some(DateOrder::Dmy));
    assert_eq!(understood.decimals, DecimalSign::Comma);
    assert_eq!(understood.first.unwrap().0, 9);
}

#[test]
fn rows_without_a_value_and_times_finer_than_a_millisecond_are_counted() {
    let file = "time;value\n2022-08-02T08:30:00.123456789Z;28,9\n2022-08-02T08:45:00Z;\n\
                2022-08-02T09:00:00Z;NaN\n;\n2022-08-02T09:00:00Z;\"-\"\n";
    let table = read_table(file.as_bytes(), &wishes()).unwrap();
    assert_eq!(text(&table.rows), "2022-08-02T08:30:00.123Z 28.9\n");
    assert_eq!(table.understood.missing, (3, 3));
    assert_eq!(table.understood.cut, 1);
}

#[test]
fn a_row_that_is_wrong_is_named_and_takes_the_whole_file_with_it() {
    use Kind::{Clock, Columns, Future, Old, Time, Twice, Value};
    let of = |rows: &str| {
        faults(
            format!("time;value\n2022-08-02T08:30:00Z;28,9\n{rows}"),
            &local(),
        )
    };
    for (rows, found) in [
        ("kemarin;1\n", vec![(3, Time)]),
        ("2022-08-02T08:45:00Z;x\n", vec![(3, Value)]),
        ("2022-08-02T08:45:00Z\n", vec![(3, Columns)]),
        ("2022-08-02T08:45:00Z;1;2\n", vec![(3, Columns)]),
        ("1970-01-01T00:00:01Z;1\n", vec![(3, Old)]),
        ("2126-01-01T00:00:01Z;1\n", vec![(3, Future)]),
        ("2022-08-02T08:30:00Z;29\n", vec![(3, Twice)]),
        ("TOTAL;57,9\n", vec![(3, Time)]),
        (
            "2022-08-02T08:45:00Z;\"1\n2022-08-02T09:00:00Z;2\n",
            vec![(3, Columns)],
        ),
    ] {
        assert_eq!(of(rows), found, "{rows}");
    }
    let berlin = TableWishes {
        zone: Some(TimeZone::get("Europe/Berlin").unwrap()),
        ..wishes()
    };
    let night = "time;value\n2025-10-26 02:30;1,5\n2025-10-26 02:30;1,6\n";
    assert_eq!(faults(night, &berlin), [(2, Clock), (3, Clock)]);
    let head = faults("yesterday;2\n2022-08-02T08:30:00Z;28,9\n", &wishes());
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
        assert_eq!(open(file, &local()), [key], "{file:?}");
    }
}

/// A way to write readings down, as a logger might be set.
#[derive(Clone, Debug)]
struct Spelling {
    separator: char,
    comma: bool,
    form: &'static str,
    head: usize,
    wide: bool,
}

fn spellings() -> impl Strategy<Value = Spelling> {
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
        .prop_map(|(separator, comma, form, head, wide)| Spelling {
            separator,
            comma,
            form,
            head,
            wide,
        })
}

fn written(readings: &[(i64, i64)], spelling: &Spelling) -> Vec<u8> {
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
        spelling in spellings(), is_said: bool,
    ) {
        let readings: Vec<(i64, i64)> = readings.into_iter().collect();
        let wishes = TableWishes {
            dates: is_said.then_some(DateOrder::Dmy),
            ..local()
        };
        match read_table(&written(&readings, &spelling), &wishes) {
            Ok(table) => {
                let right = readings.iter().map(|(second, tenths)| {
                    let at = UtcMs((1_600_000_000 + second * 60) * 1000);
                    (at, *tenths)
                });
                let tenths = |number: Number| {
                    #[expect(clippy::cast_possible_truncation, reason = "below 10 000")]
                    let tenths = (number.to_f64() * 10.0).round() as i64;
                    tenths
                };
                let got = table.rows.iter().map(|(at, number)| (*at, tenths(*number)));
                prop_assert!(got.eq(right), "{:?}", table.understood);
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
        let _ = read_table(&bytes, &local());
        let _ = read_table(text.as_bytes(), &local());
    }
}
