//! Tests with files as loggers, their portals and spreadsheets write them.

use super::*;
use crate::storage::ImportRow;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::fmt::Write as _;

fn bare_options() -> LoggerTableOptions {
    let now = parse_time("2026-11-28T00:00:00Z").unwrap();
    LoggerTableOptions::new("Asia/Jakarta", TimestampBounds::for_now(now))
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
fn years_of_two_digits_are_read_where_the_dates_exist_in_one_order_only() {
    let column =
        |days: [&str; 2]| format!("time;value\n{} 15:30;1,5\n{} 15:30;2,5\n", days[0], days[1]);
    for (days, wanted) in [
        // With the year in front it would be one to come.
        (
            ["01/11/26", "27/11/26"],
            "2026-11-01T08:30:00Z 1.5\n2026-11-27T08:30:00Z 2.5\n",
        ),
        (
            ["05.08.22", "31.08.22"],
            "2022-08-05T08:30:00Z 1.5\n2022-08-31T08:30:00Z 2.5\n",
        ),
        (
            ["08/05/22", "08/31/22"],
            "2022-08-05T08:30:00Z 1.5\n2022-08-31T08:30:00Z 2.5\n",
        ),
        (
            ["22-08-05", "22-08-31"],
            "2022-08-05T08:30:00Z 1.5\n2022-08-31T08:30:00Z 2.5\n",
        ),
    ] {
        assert_eq!(
            read_good_rows(column(days), &jakarta_options()),
            wanted,
            "{days:?}"
        );
    }
    // Each number may be the day, or two of them the month.
    for days in [["13/08/22", "14/08/22"], ["01/02/22", "03/02/22"]] {
        let asked = open_questions(column(days), &jakarta_options());
        assert_eq!(asked, ["exchange-dates-short"], "{days:?}");
    }
    let said = LoggerTableOptions {
        dates: Some(DateOrder::Dmy),
        ..jakarta_options()
    };
    let old = row_errors(column(["27/11/70", "28/11/98"]), &said);
    let too_old = [(2, CsvRowErrorKind::TooOld), (3, CsvRowErrorKind::TooOld)];
    assert_eq!(old, too_old);
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
fn names_units_and_the_zone_may_stand_in_rows_below_the_heading() {
    let file = "timestamp,Charger [258],Charger [258]\nAsia/Jakarta (+07:00),PV power,Yield\n\
                ,W,kWh\n2022-08-02 15:30:00,28.9,1.5\n2022-08-02 15:45:00,29.1,1.6\n";
    let said = LoggerTableOptions {
        column: Some("pv power".to_owned()),
        ..bare_options()
    };
    assert_eq!(read_good_rows(file, &said), BOTH_READINGS);
    let utc = LoggerTableOptions {
        column: Some("PV power".to_owned()),
        ..in_zone("UTC")
    };
    assert_eq!(told_keys(file, &utc), ["exchange-zone-overrides-stated"]);
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
fn an_export_with_doubts_is_read_back_without_the_rows_that_have_no_time() {
    let text = "time,value,quality\n2026-11-20T03:00:00Z,1500,good\n,7,uncertain\n\
        2026-11-20T03:00:10Z,1510,uncertain\n";
    let table = read_table(text.as_bytes(), &bare_options()).unwrap();
    let times: Vec<_> = table.rows.iter().map(|(at, _)| *at).collect();
    let read = ["2026-11-20T03:00:00Z", "2026-11-20T03:00:10Z"];
    assert_eq!(times, read.map(|text| parse_time(text).unwrap()));
    assert_eq!(table.format.undated, (1, 3));
    assert_eq!(table.format.statuses.wrong, [times[1]]);
    // A row whose status vouches for it, and a row without a status, are faults as before.
    let text = text.replace(",7,uncertain", ",7,good");
    assert_eq!(
        row_errors(text, &bare_options()),
        [(3, CsvRowErrorKind::Time)]
    );
}

#[test]
fn a_row_that_is_wrong_is_named_and_takes_the_whole_file_with_it() {
    use CsvRowErrorKind::{Clock, Columns, DuplicateTime, Formula, InFuture, Time, TooOld, Value};
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
        ("kapan;57,9\n", vec![(3, Time)]),
        ("2022-08-02T08:45:00Z;=B2+1\n", vec![(3, Formula)]),
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

/// Keys of the sentences about what an option counted more than, or was not used for.
#[track_caller]
fn told_keys(file: &str, wishes: &LoggerTableOptions) -> Vec<&'static str> {
    let table = read_table(file.as_bytes(), wishes).unwrap();
    table
        .format
        .overridden
        .iter()
        .map(|told| told.key)
        .collect()
}

fn in_zone(name: &str) -> LoggerTableOptions {
    LoggerTableOptions {
        zone: parse_zone(name),
        ..bare_options()
    }
}

#[test]
fn zones_of_one_meaning_are_taken_in_silence() {
    for file in [
        "Time (UTC+7);value\n2022-08-02 15:30;28,9\n2022-08-02 15:45;29,1\n",
        "time;value\n2022-08-02 15:30 WIB;28,9\n2022-08-02T15:45:00+07:00;29,1\n",
    ] {
        let rows = read_good_rows(file, &jakarta_options());
        assert_eq!(rows, BOTH_READINGS, "{file}");
        assert_eq!(told_keys(file, &jakarta_options()), [""; 0], "{file}");
    }
}

#[test]
fn a_zone_of_the_call_that_contradicts_the_file_is_told() {
    for (file, key) in [
        (
            "Time (UTC);value\n2022-08-02 15:30;28,9\n2022-08-02 15:45;29,1\n",
            "exchange-zone-overrides-stated",
        ),
        // A time with a zone of its own means one moment, whatever is asked.
        (
            "time;value\n2022-08-02T08:30:00Z;28,9\n2022-08-02 16:45 WITA;29,1\n",
            "exchange-zone-unused",
        ),
        // Seconds since 1970 have no zone that could be another one.
        (
            "Time (UTC);value\n1659429000;28,9\n1659429900;29,1\n",
            "exchange-zone-unused",
        ),
    ] {
        let rows = read_good_rows(file, &jakarta_options());
        assert_eq!(rows, BOTH_READINGS, "{file}");
        assert_eq!(told_keys(file, &jakarta_options()), [key], "{file}");
    }
}

#[test]
fn a_heading_and_times_of_two_zones_are_refused_until_the_call_says_which_is_right() {
    let file = "Waktu (WIB);nilai\n2022-08-02T15:30:00Z;28,9\n2022-08-02T15:45:00Z;29,1\n";
    assert_eq!(
        open_questions(file, &bare_options()),
        ["exchange-zones-differ"]
    );
    assert_eq!(
        open_questions(file, &in_zone("Asia/Tokyo")),
        ["exchange-zones-differ"]
    );
    assert_eq!(read_good_rows(file, &in_zone("WIB")), BOTH_READINGS);
    assert_eq!(
        told_keys(file, &in_zone("WIB")),
        ["exchange-zone-overrides-times"]
    );
    let utc = read_good_rows(file, &in_zone("UTC"));
    assert!(utc.starts_with("2022-08-02T15:30:00Z 28.9"), "{utc}");
    assert_eq!(
        told_keys(file, &in_zone("UTC")),
        ["exchange-zone-overrides-stated"]
    );
}

#[test]
fn an_order_of_dates_that_two_places_state_differently_is_a_question_or_told() {
    let ordered = |dates| LoggerTableOptions {
        dates: Some(dates),
        ..jakarta_options()
    };
    let file = "dd/MM/yyyy;nilai\n02/13/2022 15:30;1,5\n";
    assert_eq!(
        open_questions(file, &jakarta_options()),
        ["exchange-dates-heading"]
    );
    assert_eq!(
        told_keys(file, &ordered(DateOrder::Mdy)),
        ["exchange-dates-overrides"]
    );
    for order in [DateOrder::Dmy, DateOrder::Ymd] {
        assert_eq!(
            open_questions(file, &ordered(order)),
            ["exchange-dates-said"]
        );
    }
    let open = "yyyy-MM-dd;nilai\n02/03/2022 15:30;1,5\n";
    assert_eq!(open_questions(open, &jakarta_options()), ["exchange-dates"]);
    let signed = |decimals| LoggerTableOptions {
        decimals: Some(decimals),
        ..jakarta_options()
    };
    let point = "time;value\n2022-08-02 15:30;1.5\n";
    assert_eq!(
        open_questions(point, &signed(DecimalSeparator::Comma)),
        ["exchange-decimals-said"]
    );
    let separated = LoggerTableOptions {
        separator: Some(b';'),
        ..jakarta_options()
    };
    assert_eq!(
        told_keys("sep=,\ntime;value\n2022-08-02 15:30;1.5\n", &separated),
        ["exchange-separator-overrides"]
    );
}

/// One source of a zone: nothing, or UTC and seven and eight hours before it.
fn any_offset() -> impl Strategy<Value = Option<i64>> {
    prop::sample::select(vec![None, Some(0), Some(7), Some(8)])
}

proptest! {
    #[test]
    fn no_two_sources_of_a_zone_differ_in_silence(
        said in any_offset(), heading in any_offset(), cell in any_offset(),
    ) {
        let name = |offset: i64| format!("+{offset:02}:00");
        let in_brackets = |offset| format!(" (UTC{})", name(offset));
        let heading_text = heading.map_or(String::new(), in_brackets);
        let zone = cell.map(name).unwrap_or_default();
        let file = format!("Waktu{heading_text};nilai\n2022-08-02 15:30:00{zone};28,9\n");
        let wishes = said.map_or_else(bare_options, |offset| in_zone(&name(offset)));
        let sources = [said, heading, cell].into_iter().flatten();
        let distinct: std::collections::BTreeSet<i64> = sources.collect();
        match read_table(file.as_bytes(), &wishes) {
            Ok(table) => {
                let told = table.format.overridden.len();
                prop_assert_eq!(told > 0, distinct.len() > 1, "{:?}", table.format.overridden);
                let utc = 15 * 60 + 30 - (table.rows[0].0.0 / 60_000).rem_euclid(24 * 60);
                prop_assert!(distinct.contains(&(utc / 60)), "{}", utc);
            }
            Err(refused) if distinct.is_empty() => {
                prop_assert_eq!(refused.sentences[0].key, "exchange-zone");
            }
            Err(refused) => {
                prop_assert!(distinct.len() > 1);
                prop_assert_eq!(refused.sentences[0].key, "exchange-zones-differ");
            }
        }
    }
}

#[test]
fn a_date_that_does_not_exist_is_told_as_one_and_a_sum_at_the_end_is_left_out() {
    use CsvRowErrorKind::{NoDay, Weekday};
    let file = "Waktu;nilai\n30/11/2025 10:00;1,5\n31/11/2025 10:00;2,5\n29/02/2025;3\n\
                2025-11-31 10:00;4\nSenin, 30 Nov 2025;5\n;=SUM(B2:B5)\n";
    assert_eq!(
        row_errors(file, &jakarta_options()),
        [(3, NoDay), (4, NoDay), (5, NoDay), (6, Weekday)]
    );
    let good = "Waktu;nilai\nMinggu, 30 Nov 2025 00:00 AM;1,5\n;=SUM(B2:B2)\n";
    let table = read_table(good.as_bytes(), &jakarta_options()).unwrap();
    assert_eq!(render_rows(&table.rows), "2025-11-29T17:00:00Z 1.5\n");
    assert_eq!(table.format.summaries, (1, 3));
    let alone = "Waktu;nilai\n29/02/2025 10:00;1,5\n";
    assert_eq!(row_errors(alone, &jakarta_options()), [(2, NoDay)]);
}

#[test]
fn a_value_that_can_mean_two_numbers_is_asked_about_with_every_separator() {
    for file in [
        "time;value\n2022-08-02T08:30:00Z;1.234\n",
        "Waktu,Nilai\n2022-08-02T08:30:00Z,1.234\n",
        "Waktu,Nilai\n2022-08-02T08:30:00Z,\"1,234\"\n",
        "Waktu\tNilai\n2022-08-02T08:30:00Z\t1.234 kWh\n",
    ] {
        assert_eq!(
            open_questions(file, &bare_options()),
            ["exchange-decimals"],
            "{file}"
        );
    }
    // The exchange format has a decimal point; a value beside a unit is evidence as any other.
    for (file, value) in [
        ("time,value\n2022-08-02T08:30:00Z,1.234\n", "1.234"),
        (
            "Waktu\tNilai\n2022-08-02T08:30:00Z\t1.234 kWh\n2022-08-02T08:45:00Z\t0,5 kWh\n",
            "1234",
        ),
    ] {
        let rows = read_good_rows(file, &bare_options());
        let first = format!("2022-08-02T08:30:00Z {value}\n");
        assert!(rows.starts_with(&first), "{rows}");
    }
}

#[test]
fn a_unit_behind_some_values_and_in_the_heading_is_one_unit() {
    let file = "time;Suhu (°C)\n2022-08-02 15:30;28,9\n2022-08-02 15:45;29,1 °C\n";
    assert_eq!(read_good_rows(file, &jakarta_options()), BOTH_READINGS);
    let other = "time;Daya (kW)\n2022-08-02 15:30;28,9\n2022-08-02 15:45;29,1 W\n";
    assert_eq!(
        row_errors(other, &jakarta_options()),
        [(3, CsvRowErrorKind::Unit)]
    );
}

#[test]
fn what_is_no_table_says_so() {
    for (file, key) in [
        (&b"PK\x03\x04..."[..], "exchange-workbook"),
        (b"", "exchange-empty"),
        (b" \n\n", "exchange-empty"),
        (b"time,value\n", "exchange-heading-only"),
        (b"Waktu;Daya\nkemarin;1\nlusa;2\n", "exchange-no-table"),
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

/// Workbook with two columns; a cell that begins with `=` is a formula without a result.
fn workbook(rows: &[(&str, &str)], is_1904: bool) -> Vec<u8> {
    sheets(&[("Data", rows)], is_1904)
}

fn sheets(all: &[(&str, &[(&str, &str)])], is_1904: bool) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, rows) in all {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (line, (time, value)) in rows.iter().enumerate() {
            for (column, cell) in [(0, *time), (1, *value)] {
                let line = u32::try_from(line).unwrap();
                if let Ok(number) = cell.parse::<f64>() {
                    sheet.write_number(line, column, number).unwrap();
                } else if cell.starts_with('=') {
                    sheet.write_formula(line, column, cell).unwrap();
                } else {
                    sheet.write_string(line, column, cell).unwrap();
                }
            }
        }
    }
    let bytes = book.save_to_buffer().unwrap();
    rewrite_workbook(&bytes, is_1904)
}

/// The same workbook with formulas without results, and counting days from 1904 if `is_1904`: no
/// library writes these.
fn rewrite_workbook(bytes: &[u8], is_1904: bool) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let mut old = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..old.len() {
        let mut file = old.by_index(at).unwrap();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut text = String::from_utf8(text).unwrap();
        if is_1904 {
            text = text.replace("<workbookPr", "<workbookPr date1904=\"1\"");
        }
        text = text.replace("</f><v>0</v>", "</f>");
        let options = zip::write::SimpleFileOptions::default();
        new.start_file(name, options).unwrap();
        new.write_all(text.as_bytes()).unwrap();
    }
    new.finish().unwrap().into_inner()
}

#[test]
fn a_sheet_of_a_workbook_is_read_like_a_file_with_the_lines_of_the_spreadsheet() {
    let day = ["44775.6458333333", "44775.65625"];
    let rows = [
        ("Logger 7", ""),
        ("", ""),
        ("Waktu", "Suhu (degC)"),
        (day[0], "28.9"),
        (day[1], "29.1"),
        ("TOTAL", "58"),
    ];
    let table = read_table(&workbook(&rows, false), &jakarta_options()).unwrap();
    assert_eq!(render_rows(&table.rows), BOTH_READINGS);
    let format = table.format;
    assert_eq!((format.heading_line, format.summaries), (Some(3), (1, 6)));
    assert_eq!(format.first.unwrap().0, 4);
    assert_eq!(format.sheet.as_deref(), Some("Data"));
    assert_eq!(format.interval_ms, Some(900_000));
    // The same days of a workbook that counts from 1904 are 1462 less.
    let shifted = [
        ("Waktu", "Suhu"),
        ("43313.6458333333", "28.9"),
        ("43313.65625", "29.1"),
    ];
    assert_eq!(
        read_good_rows(workbook(&shifted, true), &jakarta_options()),
        BOTH_READINGS
    );
    // Numbers of a workbook have no decimal sign, whatever the texts beside them have.
    let mixed = [
        ("Waktu", "Nilai"),
        ("2022-08-02 15:30", "28,9"),
        ("2022-08-02 15:45", "29.1"),
        ("TOTAL", "58.25"),
    ];
    assert_eq!(
        read_good_rows(workbook(&mixed, false), &jakarta_options()),
        BOTH_READINGS
    );
    // Three decimals of a typed number are no thousands.
    let three = [("time", "value"), ("2022-08-02T08:30:00Z", "1.234")];
    assert_eq!(
        read_good_rows(workbook(&three, false), &bare_options()),
        "2022-08-02T08:30:00Z 1.234\n"
    );
    let formula = [("time", "value"), ("2022-08-02T08:30:00Z", "=B9*2")];
    assert_eq!(
        row_errors(workbook(&formula, false), &bare_options()),
        [(2, CsvRowErrorKind::Formula)]
    );
}

#[test]
fn formulas_without_results_are_refused_wherever_they_stand() {
    let refused = |rows: &[(&str, &str)]| {
        let fault = read_table(&workbook(rows, false), &bare_options()).unwrap_err();
        let found = fault.faults.named.iter().map(|fault| fault.found.clone());
        (
            fault.sentences.first().map(|one| one.key),
            found.collect::<Vec<_>>(),
        )
    };
    let time = "2022-08-02T08:30:00Z";
    for (rows, cell) in [
        (vec![("time", "value"), (time, "=B9*2")], "Data!B2: =B9*2"),
        // Right below the heading, where units may stand.
        (
            vec![("time", "value"), ("=A1", "=B1"), (time, "7")],
            "Data!A2: =A1",
        ),
        (
            vec![("time", "value"), (time, "7"), ("=A2+1", "8")],
            "Data!A3: =A2+1",
        ),
    ] {
        assert_eq!(refused(&rows), (None, vec![cell.to_owned()]));
    }
    // Without a single time there is no table, and the formulas are why.
    let all = [("time", "value"), ("=A1", "7"), ("=A2", "8")];
    assert_eq!(refused(&all), (Some("ledger-table-formulas"), vec![]));
}

#[test]
fn a_column_of_formulas_is_a_column_with_values_and_is_not_passed_over() {
    let file = "time;mentah;kWh\n2022-08-02T08:30:00Z;28,9;=B2*2\n";
    assert_eq!(open_questions(file, &bare_options()), ["exchange-column"]);
}

#[test]
fn a_unit_behind_each_value_is_the_unit_of_the_column() {
    let file = "Waktu;Energi\n2022-08-02 15:30;28,9 kWh\n2022-08-02 15:45;29,1kWh\n";
    let table = read_table(file.as_bytes(), &jakarta_options()).unwrap();
    assert_eq!(render_rows(&table.rows), BOTH_READINGS);
    assert_eq!(table.format.value_unit, Some("kWh"));
    for other in ["29,1 Wh", "29,1"] {
        let mixed = file.replace("29,1kWh", other);
        assert_eq!(
            row_errors(&mixed, &jakarta_options()),
            [(3, CsvRowErrorKind::Unit)]
        );
    }
    let unknown = file.replace("29,1kWh", "29,1 karung");
    assert_eq!(
        row_errors(unknown, &jakarta_options()),
        [(3, CsvRowErrorKind::Value)]
    );
}

#[test]
fn lines_are_those_of_the_file_below_titles_and_empty_lines() {
    let rows = "Waktu;Suhu\n2022-08-02 15:30;28,9\n2022-08-02 15:45;29,1\n";
    for (above, line) in [
        ("", 1),
        ("\n\n", 3),
        ("Logger\n\n", 3),
        ("Logger\n\n\nDesa\n\n", 6),
    ] {
        let table = read_table(format!("{above}{rows}").as_bytes(), &jakarta_options()).unwrap();
        let first = table.format.first.map(|(line, _)| line);
        assert_eq!(
            (table.format.heading_line, first),
            (Some(line), Some(line + 1)),
            "{above:?}"
        );
    }
}

#[test]
fn a_zone_is_known_by_its_name_and_by_what_people_call_it() {
    let at = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    for (text, hours) in [
        ("Asia/Jakarta", 7),
        ("WIB", 7),
        ("wita", 8),
        ("WIT", 9),
        ("+07:00", 7),
        ("UTC+8", 8),
        ("UTC", 0),
    ] {
        let offset = parse_zone(text).unwrap().to_offset(at);
        assert_eq!(offset.seconds(), hours * 3600, "{text}");
    }
    assert!(parse_zone("Jakarta Raya").is_none());
}

#[test]
fn of_several_sheets_with_readings_one_is_chosen_by_name_or_number() {
    let rows: &[(&str, &str)] = &[("time", "value"), ("2022-08-02T08:30:00Z", "28.9")];
    let text: &[(&str, &str)] = &[("Catatan", "")];
    let one = sheets(&[("Isi", text), ("Juli", rows)], false);
    assert!(read_table(&one, &bare_options()).is_ok());
    let two = sheets(&[("Juli", rows), ("Agustus", rows)], false);
    assert_eq!(open_questions(&two, &bare_options()), ["exchange-sheet"]);
    for (asked, key) in [
        ("agustus", None),
        ("2", None),
        ("Mei", Some("exchange-sheet-unknown")),
    ] {
        let said = LoggerTableOptions {
            sheet: Some(asked.to_owned()),
            ..bare_options()
        };
        let found = read_table(&two, &said).err();
        let found = found.map(|refused| refused.sentences[0].key);
        assert_eq!(found, key, "{asked}");
    }
}

#[test]
fn a_zone_behind_the_time_or_in_the_heading_answers_the_question_for_it() {
    for file in [
        "time;value\n02/08/2022 15:30 WIB;28,9\n02/08/2022 15:45 WIB;29,1\n",
        "time;value\n02/08/2022 16:30 WITA;28,9\n02/08/2022 16:45 WITA;29,1\n",
        "time;value\n02-08-2022 15:30+07:00;28,9\n02-08-2022 15:45+07:00;29,1\n",
        "time;value\n2022-08-02 08:30Z;28,9\n2022-08-02 08:45Z;29,1\n",
        "time;value\n2 Agustus 2022 08:30 UTC;28,9\n2 Agustus 2022 08:45 UTC;29,1\n",
        "Waktu [WIB];Suhu\n2022-08-02 15:30;28,9\n2022-08-02 15:45;29,1\n",
        "ts_utc;suhu\n2022-08-02 08:30;28,9\n2022-08-02 08:45;29,1\n",
        "Date Time, GMT+0700;Temp\n2022-08-02 15:30;28,9\n2022-08-02 15:45;29,1\n",
        "Time (UTC+7);Temp\n2022-08-02 15:30;28,9\n2022-08-02 15:45;29,1\n",
    ] {
        let said = LoggerTableOptions {
            dates: Some(DateOrder::Dmy),
            ..bare_options()
        };
        assert_eq!(read_good_rows(file, &said), BOTH_READINGS, "{file}");
    }
    let dash = "time;value\n02-08-2022 15:30;28,9\n";
    let said = LoggerTableOptions {
        dates: Some(DateOrder::Dmy),
        ..bare_options()
    };
    assert_eq!(open_questions(dash, &said), ["exchange-zone"]);
}

#[test]
fn totals_and_averages_below_the_readings_are_left_out_and_counted() {
    let file = "Tanggal;Jam;Nilai\n2022-08-02;15:30;28,9\n2022-08-02;15:45;29,1\n\
                Rata-rata;;29,0\nTOTAL;;58,0\nMaks;;29,1\nMin;;28,9\nAverage;;29\nMaximum;;29,1\n\
                Simpangan baku;;0,1\n";
    let table = read_table(file.as_bytes(), &jakarta_options()).unwrap();
    assert_eq!(render_rows(&table.rows), BOTH_READINGS);
    assert_eq!(table.format.summaries, (7, 4));
}

#[test]
fn of_two_columns_with_one_name_only_the_number_says_which() {
    let file = "Waktu,M1 kWh,M1 kWh\n2026-10-01T00:00Z,1,900\n2026-10-01T01:00Z,2,901\n";
    let asked = |column: &str| LoggerTableOptions {
        column: Some(column.to_owned()),
        ..bare_options()
    };
    assert_eq!(
        open_questions(file, &asked("M1 kWh")),
        ["exchange-column-twice"]
    );
    let second = "2026-10-01T00:00:00Z 900\n2026-10-01T01:00:00Z 901\n";
    assert_eq!(read_good_rows(file, &asked("3")), second);
}

#[test]
fn a_column_whose_values_begin_far_down_is_a_column_with_values() {
    let mut file = "time,kWh,kW\n".to_owned();
    for minute in 0..600 {
        let late = if minute < 500 { "" } else { "1.5" };
        let (hour, minute) = (minute / 60, minute % 60);
        let _ = writeln!(file, "2022-08-02T{hour:02}:{minute:02}:00Z,28.9,{late}");
    }
    assert_eq!(open_questions(&file, &bare_options()), ["exchange-column"]);
    let said = LoggerTableOptions {
        column: Some("kW".to_owned()),
        ..bare_options()
    };
    let table = read_table(file.as_bytes(), &said).unwrap();
    assert_eq!((table.rows.len(), table.format.missing), (100, (500, 2)));
}

#[test]
fn tables_of_known_loggers_and_portals_are_read_without_a_question() {
    for file in [
        // Units and kinds of values in rows below the names.
        "\"TOA5\",\"gudang\",\"CPU:prog\"\n\"TIMESTAMP\",\"RECORD\",\"AirTC_Avg\"\n\
         \"TS\",\"RN\",\"Deg C\"\n\"\",\"\",\"Avg\"\n\"2022-08-02 15:30:00\",0,28.9\n\
         \"2022-08-02 15:45:00\",1,29.1\n",
        "timestamp,Temperature\n,C\n2022-08-02 15:30:00,28.9\n2022-08-02 15:45:00,29.1\n",
        "\"Plot Title: Gudang\"\n\"#\",\"Date Time, GMT+07:00\",\"Temp, C (S/N: 2010)\",\"Coupler\"\n\
         1,2022-08-02 15:30:00,28.9,\n2,2022-08-02 15:45:00,29.1,Logged\n",
        "entity_id,state,last_changed\nsensor.t,28.9,2022-08-02T08:30:00Z\n\
         sensor.t,unavailable,2022-08-02T08:40:00Z\nsensor.t,29.1,2022-08-02T08:45:00Z\n",
        "#group,false,false,true,true\n#datatype,string,long,dateTime:RFC3339,double\n\
         #default,_result,,,\n,result,table,_time,_value\n\
         ,,0,2022-08-02T08:30:00Z,28.9\n,,0,2022-08-02T08:45:00Z,29.1\n",
        "created_at,entry_id,field1\n2022-08-02 08:30:00 UTC,1,28.9\n\
         2022-08-02 08:45:00 UTC,2,29.1\n",
        // A report of staff: title, numbered rows, hours with a point, a total.
        "Laporan suhu\n\nNo;Tanggal;Jam;Suhu (C);Keterangan\n1;2 Agustus 2022;15.30;28,9;\n\
         2;2 Agustus 2022;15.45;29,1;panas\n3;2 Agustus 2022;16.00;;mati\n;;;;\n\
         Jumlah;;;58,0;\n",
    ] {
        let read = read_good_rows(file, &jakarta_options());
        assert_eq!(read, BOTH_READINGS, "{file}");
    }
}

#[test]
fn separator_and_time_column_are_taken_as_they_are_said() {
    let file = "mulai;selesai;nilai\n2022-08-02T08:15:00Z;2022-08-02T08:30:00Z;28,9\n\
                2022-08-02T08:30:00Z;2022-08-02T08:45:00Z;29,1\n";
    assert_eq!(
        open_questions(file, &bare_options()),
        ["exchange-time-column"]
    );
    for name in ["Selesai", "2"] {
        let said = LoggerTableOptions {
            time_column: Some(name.to_owned()),
            ..bare_options()
        };
        assert_eq!(read_good_rows(file, &said), BOTH_READINGS, "{name}");
    }
    let said = LoggerTableOptions {
        time_column: Some("jam".to_owned()),
        ..bare_options()
    };
    assert_eq!(
        open_questions(file, &said),
        ["exchange-time-column-unknown"]
    );
    let odd = "time!value\n2022-08-02T08:30:00Z!28,9\n2022-08-02T08:45:00Z!29,1\n";
    assert_eq!(open_questions(odd, &bare_options()), ["exchange-no-table"]);
    let said = LoggerTableOptions {
        separator: Some(b'!'),
        ..bare_options()
    };
    assert_eq!(read_good_rows(odd, &said), BOTH_READINGS);
}

/// Line of a table: reading, gap, total, note, or something else.
fn any_line() -> impl Strategy<Value = String> {
    let time = prop::sample::select(vec![
        "2022-08-02T08:30:00Z",
        "2022-08-02 15:45 WIB",
        "02/08/2022 16:00",
        "44775.5",
        "TOTAL",
        "Rata-rata",
        "kapan",
        "",
    ]);
    let value = prop::sample::select(vec!["28,9", "1.234", "", "-", "=B2*2", "x", "7", "1e308"]);
    let more = prop::sample::select(vec!["", ";", ";catatan", ";5"]);
    (time, value, more).prop_map(|(time, value, more)| format!("{time};{value}{more}"))
}

proptest! {
    #[test]
    fn no_row_is_dropped_without_being_counted(
        lines in prop::collection::vec(any_line(), 0..12), is_said: bool,
    ) {
        let file = format!("Waktu;Nilai;Catatan\n{}\n", lines.join("\n"));
        let said = LoggerTableOptions {
            dates: is_said.then_some(DateOrder::Dmy),
            decimals: is_said.then_some(DecimalSeparator::Comma),
            column: is_said.then(|| "Nilai".to_owned()),
            ..jakarta_options()
        };
        if let Ok(table) = read_table(file.as_bytes(), &said) {
            let filled = |line: &&String| line.chars().any(|sign| sign != ';');
            let all = lines.iter().filter(filled).count() as u64;
            let format = table.format;
            let counted = format.missing.0 + format.summaries.0 + format.repeated;
            let head = (format.head + usize::from(format.heading_line.is_some())) as u64;
            prop_assert_eq!(table.rows.len() as u64 + counted + head, all + 1, "{}", file);
        }
    }

    #[test]
    fn no_workbook_makes_the_reader_panic(
        cells in prop::collection::vec(("[-0-9.:/ TZWIB=a\"]{0,16}", "[-0-9.,=xe ]{0,8}"), 0..8),
        is_1904: bool, cut in 0usize..4000,
    ) {
        let rows: Vec<(&str, &str)> =
            cells.iter().map(|(time, value)| (time.as_str(), value.as_str())).collect();
        let bytes = workbook(&rows, is_1904);
        let _ = read_table(&bytes, &jakarta_options());
        let _ = read_table(&bytes[..cut.min(bytes.len())], &jakarta_options());
    }
}

#[test]
fn a_column_with_the_names_of_days_is_not_the_column_of_the_times() {
    let rows = "2025-11-01T03:00:00Z 1500\n2025-11-13T03:00:00Z 1510\n";
    for file in [
        "No;Hari;Waktu;Daya\n1;Sabtu;01/11/2025 10:00;1500\n2;Kamis;13/11/2025 10:00;1510\n",
        "Hari;Tanggal;Jam;Daya\nSabtu;01/11/2025;10:00;1500\nKamis;13/11/2025;10:00;1510\n",
        "Day,Timestamp,Power\nSat,2025-11-01 10:00,1500\nThu,2025-11-13 10:00,1510\n",
    ] {
        assert_eq!(read_good_rows(file, &jakarta_options()), rows, "{file}");
    }
}
