//! Tests with tables that say units, zones, totals and orders outside the heading and the cells of
//! times and values.

use super::*;

fn options(zone: Option<&str>) -> LoggerTableOptions {
    let now = parse_time("2026-11-28T00:00:00Z").unwrap();
    LoggerTableOptions {
        zone: zone.map(|zone| parse_zone(zone).unwrap()),
        ..LoggerTableOptions::new("Asia/Jakarta", TimestampBounds::for_now(now))
    }
}

#[track_caller]
fn read(file: &str, zone: Option<&str>) -> LoggerTable {
    match read_table(file.as_bytes(), &options(zone)) {
        Ok(table) => table,
        Err(refused) => panic!("{file}: {refused:?}"),
    }
}

/// Readings as `time value`, one after the other.
#[track_caller]
fn rows(file: &str, zone: Option<&str>) -> String {
    let table = read(file, zone);
    let mut out = Vec::new();
    for (at, number) in table.rows {
        let mut text = String::new();
        write_time(&mut text, at);
        text.push(' ');
        write_number(&mut text, number);
        out.push(text);
    }
    out.join(", ")
}

/// Keys of the questions, and lines of the row errors.
#[track_caller]
fn refused(file: &str, zone: Option<&str>) -> (Vec<&'static str>, Vec<(u64, CsvRowErrorKind)>) {
    let refused = read_table(file.as_bytes(), &options(zone)).unwrap_err();
    let faults = refused.faults.named.iter();
    (
        refused.sentences.iter().map(|one| one.key).collect(),
        faults.map(|fault| (fault.line, fault.kind)).collect(),
    )
}

fn told(file: &str, zone: Option<&str>) -> Vec<&'static str> {
    let overridden = read(file, zone).format.overridden;
    overridden.iter().map(|one| one.key).collect()
}

fn units(file: &str) -> Vec<String> {
    let stated = read(file, Some("WIB")).format.stated_units;
    let text = |(source, unit): &(UnitSource, HeadingUnit)| match unit {
        HeadingUnit::Known { unit, .. } => format!("{source:?} {}", unit.symbol),
        HeadingUnit::Unknown(text) => format!("{source:?} ? {text}"),
        HeadingUnit::Unsaid => format!("{source:?} -"),
    };
    stated.iter().map(text).collect()
}

#[test]
fn a_unit_is_taken_from_the_column_beside_the_values_and_from_lines_above() {
    for (file, found) in [
        (
            "Waktu;Daya;Satuan\n2026-11-01 10:00;5,2;kW\n",
            &["Column kW"][..],
        ),
        ("Waktu;Daya;Unit\n2026-11-01 10:00;5,2;kW\n", &["Column kW"]),
        ("Waktu;Daya;Unit\n2026-11-01 10:00;5,2;INV-01\n", &[]),
        (
            "Waktu;Daya;Satuan\n2026-11-01 10:00;5,2;hp\n",
            &["Column ? hp"],
        ),
        (
            "Waktu;Satuan;Daya\n2026-11-01 10:00;m3/jam;5,2\n",
            &["Column m3/h"],
        ),
        ("2026-11-01 10:00;5,2;kWh\n", &["Column kWh"]),
        (
            "Satuan: kW\nWaktu;Daya\n2026-11-01 10:00;5,2\n",
            &["Above(1) kW"],
        ),
        (
            "Logger 7\nUnit;kW\n\nWaktu;Daya\n2026-11-01 10:00;5,2\n",
            &["Above(2) kW"],
        ),
        ("Satuan: kW\n2026-11-01 10:00;5,2\n", &["Above(1) kW"]),
        (
            "Satuan: kW\nWaktu;Daya;Satuan\n2026-11-01 10:00;5;W\n",
            &["Above(1) kW", "Column W"],
        ),
    ] {
        assert_eq!(units(file), found, "{file}");
    }
    let mixed = "Waktu;Daya;Satuan\n2026-11-01 10:00;5;kW\n2026-11-01 11:00;5100;W\n";
    assert_eq!(refused(mixed, Some("WIB")).1, [(3, CsvRowErrorKind::Unit)]);
}

#[test]
fn what_multiplies_the_values_is_stated_and_the_lines_above_are_kept() {
    for (file, found) in [
        (
            "Waktu;Energi (kWh);Pengali\n2026-11-01 10:00;5,2;40\n",
            "Factor ? Pengali: 40",
        ),
        (
            "Waktu;kWh;CT\n2026-11-01 10:00;5,2;200/5\n",
            "Factor ? CT: 200/5",
        ),
        (
            "(dalam ribuan kWh)\nWaktu;kWh\n2026-11-01 10:00;5,2\n",
            "Above(1) ? (dalam ribuan kWh)",
        ),
        (
            "Faktor kali: 40\nWaktu;kWh\n2026-11-01 10:00;5,2\n",
            "Above(1) ? Faktor kali: 40",
        ),
        (
            "Semua nilai dalam MWh\nWaktu;kWh\n2026-11-01 10:00;5,2\n",
            "Above(1) MWh",
        ),
    ] {
        assert_eq!(units(file), [found], "{file}");
    }
    assert_eq!(
        units("Waktu;kWh;Pengali\n2026-11-01 10:00;5,2;1\n"),
        Vec::<String>::new()
    );
    let titled = "PLTS Balai\n\nWaktu;kWh\n2026-11-01 10:00;5,2\n";
    let head = read(titled, Some("WIB")).format.head_texts;
    assert_eq!(head, [(1, "PLTS Balai".to_owned())]);
    for value in ["120 ribu", "120k", "120 \u{d7}1000"] {
        let file = format!("Waktu;kWh\n2026-11-01 10:00;{value}\n");
        assert_eq!(
            refused(&file, Some("WIB")).1,
            [(2, CsvRowErrorKind::Multiplied)],
            "{value}"
        );
    }
}

#[test]
fn a_factor_beside_the_heading_or_beside_the_readings_is_stated() {
    let heading = "Waktu;kWh;;Faktor kali;40\n2026-11-01 10:00;5,2;;;\n";
    assert_eq!(units(heading), ["Factor ? Faktor kali: 40"]);
    let below = "Waktu;kWh\n2026-11-01 10:00;5,2;;Faktor kali;40\n2026-11-01 11:00;5,3\n";
    let asked = LoggerTableOptions {
        column: Some("kWh".to_owned()),
        ..options(Some("WIB"))
    };
    let refused = read_table(below.as_bytes(), &asked);
    let stated = refused.map(|table| table.format.stated_units);
    assert!(
        stated.is_err() || stated.is_ok_and(|units| !units.is_empty()),
        "{below}"
    );
    let line = "Ratio CT 200/5\nWaktu;kWh\n2026-11-01 10:00;5,2\n";
    assert_eq!(units(line), ["Above(1) ? Ratio CT 200/5"]);
}

#[test]
fn the_line_above_the_first_reading_is_its_heading_also_when_it_says_a_zone() {
    for heading in [
        "UTC time;P (kW)",
        "GMT time;P (kW)",
        "Jam GMT;P (kW)",
        "Jam pengukuran UTC;P (kW)",
    ] {
        let table = read(&format!("{heading}\n2026-11-01 10:00;5,2\n"), None);
        assert_eq!(table.format.heading_line, Some(1), "{heading}");
        assert_eq!(table.format.column_name, "P (kW)", "{heading}");
        assert_eq!(table.format.head_texts, [], "{heading}");
        assert_eq!(table.rows[0].0.to_string(), "2026-11-01T10:00:00Z");
    }
    for (heading, found) in [
        ("Waktu WIT;P (kW)", "2026-11-01T01:00:00Z 5.2"),
        ("Time(Asia/Makassar);P (kW)", "2026-11-01T02:00:00Z 5.2"),
    ] {
        let file = format!("{heading}\n2026-11-01 10:00;5,2\n");
        assert_eq!(rows(&file, None), found, "{heading}");
        assert_eq!(
            told(&file, Some("WIB")),
            ["exchange-zone-overrides-stated"],
            "{heading}"
        );
    }
}

#[test]
fn a_table_with_the_readings_of_a_day_in_a_row_is_refused_whatever_column_is_asked_for() {
    let file = "Tanggal;00:00;01:00;02:00\n2026-11-01;5;6;7\n2026-11-02;5;6;7\n";
    for column in [None, Some("2"), Some("01:00")] {
        let asked = LoggerTableOptions {
            column: column.map(str::to_owned),
            ..options(Some("WIB"))
        };
        let refused = read_table(file.as_bytes(), &asked).unwrap_err();
        let keys: Vec<_> = refused.sentences.iter().map(|one| one.key).collect();
        assert_eq!(keys, ["exchange-wide"], "{column:?}");
    }
}

#[test]
fn a_unit_column_belongs_to_the_values_left_of_it() {
    let file = "Waktu;Daya;Satuan;Energi;Satuan\n2026-11-01 10:00;5,2;kW;7,5;kWh\n";
    for (column, unit) in [("Daya", "kW"), ("Energi", "kWh")] {
        let said = LoggerTableOptions {
            column: Some(column.to_owned()),
            ..options(Some("WIB"))
        };
        let stated = read_table(file.as_bytes(), &said)
            .unwrap()
            .format
            .stated_units;
        let [(UnitSource::Column, HeadingUnit::Known { unit: found, .. })] = &*stated else {
            panic!("{stated:?}");
        };
        assert_eq!(found.symbol, unit);
    }
}

#[test]
fn a_zone_is_taken_from_a_column_and_from_lines_above() {
    let right = "2026-11-01T01:00:00Z 5.2";
    for file in [
        "Waktu;Zona;Daya\n2026-11-01 10:00;WIT;5,2\n",
        "Waktu;Daya;Timezone\n2026-11-01 10:00;5,2;UTC+9\n",
        "Waktu;Daya;Zona waktu\n2026-11-01 10:00;5,2;Asia/Jayapura\n",
        "Waktu;Daya;UTC offset\n2026-11-01 10:00;5,2;9\n",
        "Tanggal;Jam;Zona;Daya\n2026-11-01;10:00;WIT;5,2\n",
        "Zona waktu: WIT\nWaktu;Daya\n2026-11-01 10:00;5,2\n",
        "Logger;7\nTimezone: UTC+9\nWaktu;Daya\n2026-11-01 10:00;5,2\n",
        "Time zone;Asia/Jayapura\nWaktu;Daya\n2026-11-01 10:00;5,2\n",
        "Semua waktu WIT\nWaktu;Daya\n2026-11-01 10:00;5,2\n",
        "Zona waktu: WIT\n2026-11-01 10:00;5,2\n",
    ] {
        assert_eq!(rows(file, None), right, "{file}");
        assert_eq!(told(file, Some("Asia/Jayapura")), [""; 0], "{file}");
    }
}

#[test]
fn places_that_say_different_zones_are_refused_or_told() {
    let line = "Zona waktu: WIT\nWaktu;Daya\n2026-11-01 10:00;5,2\n";
    assert_eq!(told(line, Some("WIB")), ["exchange-zone-overrides-stated"]);
    assert_eq!(rows(line, Some("WIB")), "2026-11-01T03:00:00Z 5.2");
    let column = "Waktu;Zona;Daya\n2026-11-01 10:00;WIT;5,2\n";
    assert_eq!(told(column, Some("WIB")), ["exchange-zone-unused"]);
    for (file, key) in [
        (
            "Zona waktu: WIT\nWaktu (WIB);Daya\n2026-11-01 10:00;5,2\n",
            "exchange-stated-zones-differ",
        ),
        (
            "Zona waktu: WIT\nWaktu;Daya\n2026-11-01T03:00:00Z;5,2\n",
            "exchange-zones-differ",
        ),
        (
            "Zona waktu: WIB\nWaktu;Zona;Daya\n2026-11-01 10:00;WIT;5,2\n",
            "exchange-zones-differ",
        ),
        (
            "Waktu;Zona;Daya\n2026-11-01 10:00+07:00;WIT;5,2\n",
            "exchange-zones-differ",
        ),
    ] {
        assert_eq!(refused(file, None).0, [key], "{file}");
    }
    let both = "Zona waktu: WIT\nWaktu (WIB);Daya\n2026-11-01 10:00;5,2\n";
    assert_eq!(told(both, Some("WIB")), ["exchange-zone-overrides-stated"]);
    let own = "Waktu;Zona;Daya\n2026-11-01 10:00+07:00;WIT;5,2\n";
    assert_eq!(rows(own, Some("WIB")), "2026-11-01T03:00:00Z 5.2");
    assert_eq!(rows(own, Some("WIT")), "2026-11-01T01:00:00Z 5.2");
    assert_eq!(told(own, Some("WIT")), ["exchange-zone-overrides-times"]);
}

#[test]
fn a_dated_row_that_is_called_a_total_is_left_out_and_counted() {
    for (file, line) in [
        (
            "Tanggal;Ket;kWh\n2026-11-01;;12,5\n2026-11-02;;13,5\n2026-11-02;TOTAL;26\n",
            4,
        ),
        (
            "Ket;Tanggal;kWh\nhari;2026-11-01;12,5\nSubtotal:;2026-11-01;12,5\n\
             hari;2026-11-02;13,5\n",
            3,
        ),
        (
            "Tanggal;kWh\n2026-11-01;12,5\n2026-11-02;13,5\n2026-11-03;=SUM(B2:B3)\n",
            4,
        ),
    ] {
        let table = read(file, Some("WIB"));
        assert_eq!(
            (table.rows.len(), table.format.summaries),
            (2, (1, line)),
            "{file}"
        );
    }
    // A word that stands in every row is the name of what is measured, and a sum over its own row
    // is a value.
    let named = "Tanggal;Jenis;kWh\n2026-11-01;Total energi;12,5\n2026-11-02;Total energi;13\n";
    assert_eq!(read(named, Some("WIB")).rows.len(), 2);
}

#[test]
fn the_day_of_the_week_decides_the_order_of_day_and_month() {
    let file = "Waktu;Daya\nMinggu 01/11/2026 10:00;5,2\nSenin 02/11/2026 10:00;5,3\n";
    assert!(rows(file, Some("WIB")).starts_with("2026-11-01T03:00:00Z 5.2"));
    let month = "Time;Power\nSunday 11/01/2026 10:00;5.2\nMonday 11/02/2026 10:00;5.3\n";
    assert!(rows(month, Some("WIB")).starts_with("2026-11-01T03:00:00Z 5.2"));
    let short = "Waktu;Daya\nSenin 02/11/26 10:00;5,2\n";
    assert_eq!(rows(short, Some("WIB")), "2026-11-02T03:00:00Z 5.2");
    // 1 November is a Sunday and 11 January too: the date stays open.
    let open = "Waktu;Daya\nMinggu 11/01/2026 10:00;5,2\n";
    assert_eq!(refused(open, Some("WIB")).0, ["exchange-dates"]);
    let never = "Waktu;Daya\nSelasa 01/11/2026 10:00;5,2\n";
    assert_eq!(
        refused(never, None),
        (vec![], vec![(2, CsvRowErrorKind::Weekday)])
    );
}

#[test]
fn three_decimals_are_asked_about_only_where_nothing_else_in_the_file_tells() {
    let hobo = "\"Plot Title: Pompa\"\n\"#\",\"Date Time, GMT+07:00\",\"Daya, kW\"\n\
                1,11/01/26 03:30:00 PM,1.234\n2,11/13/26 03:45:00 PM,1.235\n";
    let table = read(hobo, None);
    assert_eq!(table.format.dates, Some(DateOrder::Mdy));
    assert_eq!(table.format.decimals, DecimalSeparator::Point);
    for (file, sign) in [
        (
            "Waktu;Daya;Suhu\n2026-11-01 10:00;1.234;28.5\n",
            DecimalSeparator::Point,
        ),
        (
            "Waktu;Daya;Suhu\n2026-11-01 10:00;1.234;28,5\n",
            DecimalSeparator::Comma,
        ),
        (
            "Waktu;Daya\n2026-11-01 10:00;1.234\n2026-11-01 11:00;0.987\n",
            DecimalSeparator::Point,
        ),
    ] {
        let said = LoggerTableOptions {
            column: Some("Daya".to_owned()),
            ..options(Some("WIB"))
        };
        let table = read_table(file.as_bytes(), &said).unwrap();
        assert_eq!(table.format.decimals, sign, "{file}");
    }
    for file in [
        "Waktu;Daya\n2026-11-01 10:00;1.234\n",
        "Waktu;Daya;no\n2026-11-01 10:00;1.234;7\n",
    ] {
        assert_eq!(
            refused(file, Some("WIB")).0,
            ["exchange-decimals"],
            "{file}"
        );
    }
}
