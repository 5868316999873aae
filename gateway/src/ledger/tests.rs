//! Tables and entries as people hand them in.

use super::*;
use crate::model::UtcMs;
use crate::model::ledger::{Entry, Known, Sort, Statement};
use crate::words::Lang;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn run(table: &Table, definitions: &Definitions) -> Batch {
    let rules = Rules {
        definitions,
        today: Some(date(2026, 11, 25)),
        zone: TimeZone::get("Asia/Jakarta").unwrap(),
        mark: table.mark,
    };
    Batch::of(table.rows.iter().map(|row| (row.line, &row.raw)), &rules)
}

fn import(text: &str) -> Batch {
    let definitions = Definitions::built_in();
    run(
        &read_table(text.as_bytes(), &definitions).unwrap(),
        &definitions,
    )
}

/// Line and key of every fault.
fn faults(batch: &Batch) -> Vec<(u64, &'static str)> {
    let keys = batch.faults.iter();
    keys.map(|told| (told.line, told.remark.key)).collect()
}

fn quantities(batch: &Batch) -> Vec<String> {
    let good = batch.good.iter();
    good.map(|(_, said)| format!("{} {}", said.quantity.unwrap(), said.unit))
        .collect()
}

fn entry(id: u64, statement: &Statement) -> Entry {
    Entry {
        id,
        statement: statement.clone(),
        recorded_at: UtcMs(0),
        recorded_by: "test".to_owned(),
        superseded_by: None,
    }
}

#[test]
fn an_indonesian_table_is_read_with_its_units_converted_and_said() {
    let batch = import(
        "Tanggal;Indikator;Jumlah;Satuan;Cara diketahui;Oleh\n\
         21/11/2026;bsf-maggot;12,5;kg;ditimbang;Siti\n\
         2026-11-21;BSF-Kasgot;2.500;gram;ditimbang;Siti\n\
         46347;Minyak jelantah terkumpul;1,5;m3;;Budi\n\
         21/11/2026;belt-saved;Rp 2.500.000;Rp;dinyatakan;Budi\n",
    );
    assert_eq!(faults(&batch), []);
    assert_eq!(
        quantities(&batch),
        ["12.5 kg", "2.5 kg", "1500 L", "2500000 IDR"]
    );
    let remarks: Vec<_> = batch
        .remarks
        .iter()
        .map(|told| (told.line, told.remark.key))
        .collect();
    assert_eq!(
        remarks,
        [
            (3, "ledger-converted"),
            (4, "ledger-converted"),
            (4, "ledger-assumed"),
            (4, "ledger-serial"),
        ]
    );
    assert_eq!(batch.good[0].1.known, Known::Weighed);
}

#[test]
fn every_bad_row_is_told_with_its_line_and_what_is_expected() {
    let batch = import(
        "date,indicator,quantity,unit,how,who\n\
         2026-11-21,bsf-maggot,-3,kg,weighed,Siti\n\
         2026-11-21,bsf-magot,3,kg,weighed,Siti\n\
         2026-11-21,jelantah,3,kg,weighed,Siti\n\
         2026-12-01,bsf-fed,3,kg,weighed,Siti\n\
         2026-11-21,bsf-fed,1.234,kg,weighed,Siti\n\
         2026-11-21,batik,2.5,pcs,counted,Siti\n\
         2026-11-21,bsf-fed,3,kg,guessed,\n\
         yesterday,bsf-fed,,kg,weighed,Siti\n\
         \n\
         2026-11-21,bsf-fed,7,kg,weighed,Siti\n\
         21/11/2026,bsf-fed,7.0,kg,weighed,siti\n",
    );
    let mut batch = batch;
    batch.flag_duplicates(&[], false);
    assert_eq!(
        faults(&batch),
        [
            (2, "ledger-negative"),
            (3, "ledger-indicator-near"),
            (4, "ledger-unit"),
            (5, "ledger-future"),
            (7, "ledger-whole"),
            (8, "ledger-word"),
            (8, "ledger-missing"),
            (9, "ledger-missing"),
            (9, "ledger-date"),
            (12, "ledger-duplicate-row"),
        ]
        .map(|(line, key)| (line, key))
    );
    let near = &batch.faults[1].remark;
    assert_eq!(
        near.say(Lang::En),
        "there is no indicator \"bsf-magot\"; did you mean bsf-maggot?"
    );
    assert!(near.say(Lang::Id).contains("maksudnya bsf-maggot"));
}

#[test]
fn a_number_that_can_mean_two_things_is_refused_when_no_other_row_decides() {
    let head = "date;indicator;quantity;unit;how;who\n2026-11-21;bsf-fed;";
    let alone = import(&format!("{head}1.234;kg;weighed;S\n"));
    assert_eq!(faults(&alone), [(2, "ledger-ambiguous")]);
    let with = import(&format!(
        "{head}1.234;kg;weighed;S\n2026-11-20;bsf-fed;12,5;kg;weighed;S\n"
    ));
    assert_eq!(quantities(&with), ["1234 kg", "12.5 kg"]);
    let against = import(&format!(
        "{head}1.234;kg;weighed;S\n2026-11-20;bsf-fed;12,5;kg;weighed;S\n\
         2026-11-19;bsf-fed;12.5;kg;weighed;S\n"
    ));
    assert_eq!(faults(&against), [(2, "ledger-ambiguous")]);
}

#[test]
fn a_second_target_of_one_period_is_refused_and_a_repeated_record_only_until_somebody_insists() {
    let text = "kind,date,indicator,quantity,unit,how,who\n\
                target,2026-Q4,bsf-fed,900,kg,declared,Siti\n\
                record,2026-11-21,bsf-fed,7,kg,weighed,Siti\n";
    let first = import(text);
    assert_eq!(first.good[0].1.sort, Sort::Target);
    let kept: Vec<Entry> = first
        .good
        .iter()
        .map(|(line, said)| entry(*line + 40, said))
        .collect();
    let mut again = import(&text.replace("900", "950"));
    again.flag_duplicates(&kept, false);
    assert_eq!(
        faults(&again),
        [(2, "ledger-duplicate-target"), (3, "ledger-duplicate")]
    );
    assert_eq!(again.faults[1].remark.detail, "43");
    let mut insisted = import(&text.replace("900", "950"));
    insisted.flag_duplicates(&kept, true);
    assert_eq!(faults(&insisted), [(2, "ledger-duplicate-target")]);
}

#[test]
fn both_templates_are_read_back_without_a_fault_in_both_languages() {
    let definitions = Definitions::built_in();
    for lang in [Lang::Id, Lang::En] {
        let day = date(2026, 11, 21);
        let csv = csv_template(&definitions, lang, day).into_bytes();
        let xlsx = xlsx_template(&definitions, lang, day).unwrap();
        let mut seen = Vec::new();
        for bytes in [csv, xlsx] {
            let table = read_table(&bytes, &definitions).unwrap();
            let batch = run(&table, &definitions);
            assert_eq!(faults(&batch), [], "{}", lang.code());
            assert!(batch.good.len() >= 11);
            seen.push(batch.good);
        }
        assert_eq!(seen[0], seen[1], "{}", lang.code());
    }
}

#[test]
fn a_table_without_its_headings_says_which_are_missing() {
    let definitions = Definitions::built_in();
    let read = |text: &str| read_table(text.as_bytes(), &definitions);
    assert_eq!(
        read("tanggal;jumlah\n"),
        Err(NoTable::Headings(vec!["indicator", "unit", "who"]))
    );
    assert!(matches!(read(""), Err(NoTable::Headings(_))));
    assert!(matches!(
        read("PK\u{3}\u{4}rubbish"),
        Err(NoTable::Unreadable(_))
    ));
    let broken = read_table(b"tanggal;\xff", &definitions);
    assert_eq!(broken, Err(NoTable::NotText));
}

#[test]
fn why_a_file_is_no_table_is_told_in_the_language_of_the_reader() {
    let all = [
        NoTable::TooLong,
        NoTable::TooManyRows,
        NoTable::NotText,
        NoTable::Unreadable("x".to_owned()),
        NoTable::Headings(vec!["indicator", "quantity", "unit", "when", "who"]),
    ];
    for why in all {
        for lang in [Lang::Id, Lang::En] {
            assert!(!why.say(lang).contains("ledger-"), "{}", why.say(lang));
        }
    }
    let absent = NoTable::Headings(vec!["unit", "who"]).say(Lang::Id);
    assert!(absent.contains("satuan, oleh"), "{absent}");
}

#[test]
fn a_withdrawal_and_a_correction_say_why() {
    let definitions = Definitions::built_in();
    let rules = Rules {
        definitions: &definitions,
        today: None,
        zone: TimeZone::UTC,
        mark: None,
    };
    let mut raw = Raw {
        indicator: Some("bsf-fed".to_owned()),
        when: Some("2099-01-01".to_owned()),
        how: Some("weighed".to_owned()),
        who: Some("Siti".to_owned()),
        supersedes: Some(3),
        ..Raw::default()
    };
    let faults = check(&raw, &rules).unwrap_err();
    assert_eq!(faults[0].key, "ledger-reason");
    raw.note = Some("written twice".to_owned());
    assert_eq!(check(&raw, &rules).unwrap().statement.quantity, None);
    raw.supersedes = None;
    assert_eq!(check(&raw, &rules).unwrap_err()[0].field, Field::Quantity);
}

/// A workbook of one sheet: what its `workbookPr` says, and its rows.
fn workbook(says: &str, rows: &str) -> Vec<u8> {
    use std::io::Write;
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{office}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |all: String| {
        format!("<Relationships xmlns=\"{package}/relationships\">{all}</Relationships>")
    };
    let files = [
        (
            "[Content_Types].xml",
            format!("<Types xmlns=\"{package}/content-types\"/>"),
        ),
        (
            "_rels/.rels",
            relations(relation("r1", "officeDocument", "xl/workbook.xml")),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relations(
                relation("r1", "worksheet", "worksheets/sheet1.xml")
                    + &relation("r2", "styles", "styles.xml"),
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/>\
                 <xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><workbookPr {says}/><sheets>\
                 <sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A row of a sheet: plain cells as they are, others as text.
fn sheet_row(line: u64, cells: &[&str]) -> String {
    let cell = |(letter, cell): (char, &&str)| match cell.strip_prefix('<') {
        Some(_) => format!("<c r=\"{letter}{line}\">{cell}</c>"),
        None if cell.starts_with("s=") => {
            let value = cell.trim_start_matches("s=");
            format!("<c r=\"{letter}{line}\" s=\"1\"><v>{value}</v></c>")
        }
        None => format!("<c r=\"{letter}{line}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>"),
    };
    let cells: String = ('A'..='Z').zip(cells).map(cell).collect();
    format!("<row r=\"{line}\">{cells}</row>")
}

const HEADINGS: [&str; 6] = ["date", "indicator", "quantity", "unit", "how", "who"];

fn sheet(says: &str, rows: &[[&str; 6]]) -> Vec<u8> {
    let headings = sheet_row(1, &HEADINGS);
    let rows = (2..).zip(rows).map(|(line, row)| sheet_row(line, row));
    workbook(says, &rows.fold(headings, |all, row| all + &row))
}

fn import_bytes(bytes: &[u8]) -> Batch {
    let definitions = Definitions::built_in();
    run(&read_table(bytes, &definitions).unwrap(), &definitions)
}

fn days(batch: &Batch) -> Vec<String> {
    let good = batch.good.iter();
    good.map(|(_, said)| said.when.to_string()).collect()
}

#[test]
fn a_day_number_is_counted_from_the_epoch_of_its_own_workbook() {
    let rows = |date, plain| {
        [date, plain, "20/11/2026"]
            .map(|when| [when, "bsf-fed", "<v>3</v>", "kg", "weighed", "Siti"])
    };
    // The same day as a date, as a plain number, as text.
    let old = sheet("date1904=\"1\"", &rows("s=44884", "<v>44884</v>"));
    let new = sheet("", &rows("s=46346", "<v>46346</v>"));
    let said = sheet("date1904=\"false\"", &rows("s=46346", "<v>46346</v>"));
    for bytes in [old, new, said] {
        let batch = import_bytes(&bytes);
        assert_eq!(faults(&batch), []);
        assert_eq!(days(&batch), ["2026-11-20"; 3]);
    }
    let times = rows("s=46346.5", "<v>46346.5</v>");
    assert_eq!(
        days(&import_bytes(&sheet("", &times)))[..2],
        ["2026-11-20T12:00"; 2]
    );
    // A year is no day, whatever the epoch.
    let target = workbook(
        "date1904=\"1\"",
        &[
            sheet_row(1, &["kind", "date", "indicator", "quantity", "unit", "who"]),
            sheet_row(
                2,
                &["target", "<v>2026</v>", "bsf-fed", "<v>9</v>", "kg", "Siti"],
            ),
        ]
        .concat(),
    );
    assert_eq!(days(&import_bytes(&target)), ["2026"]);
}

#[test]
fn titles_above_and_a_total_below_are_left_out_and_named() {
    let definitions = Definitions::built_in();
    let csv = "Laporan maggot;;;;;\nDesa Impian, November 2026\n\n\
               Tanggal;Indikator;Jumlah;Satuan;Cara;Oleh\n\
               20/11/2026;bsf-fed;12,5;kg;ditimbang;Siti\n\
               21/11/2026;bsf-fed;7,5;kg;ditimbang;Siti\n\
               TOTAL;;20,0;kg;;\n";
    let total = ["TOTAL:", "", "<v>20</v>", "kg", "", ""];
    let book = [
        sheet_row(1, &["Laporan maggot"]),
        sheet_row(4, &HEADINGS),
        sheet_row(
            5,
            &["20/11/2026", "bsf-fed", "12,5", "kg", "weighed", "Siti"],
        ),
        sheet_row(
            6,
            &["21/11/2026", "bsf-fed", "7,5", "kg", "weighed", "Siti"],
        ),
        sheet_row(9, &total),
    ];
    let book = workbook("", &book.concat());
    for (bytes, lines) in [(csv.as_bytes(), vec![1, 2, 7]), (&book, vec![1, 9])] {
        let table = read_table(bytes, &definitions).unwrap();
        let left: Vec<u64> = table.left_out.iter().map(|row| row.line).collect();
        assert_eq!(left, lines);
        let last = table.left_out.last().unwrap().say(Lang::En);
        assert!(last.contains("total") && last.contains("TOTAL"), "{last}");
        let batch = run(&table, &definitions);
        assert_eq!(faults(&batch), []);
        assert_eq!(quantities(&batch), ["12.5 kg", "7.5 kg"]);
    }
    // An entry that only speaks of a total is none.
    let entry = "date,indicator,quantity,unit,how,who,description\n\
                 2026-11-21,bsf-fed,7,kg,weighed,Siti,total of both bins\n\
                 ,bsf-fed,7,kg,weighed,Siti,total\n";
    let table = read_table(entry.as_bytes(), &definitions).unwrap();
    assert_eq!((table.rows.len(), table.left_out.len()), (2, 0));
}

#[test]
fn dates_quantities_and_amounts_are_read_as_staff_write_them() {
    let head = "sep=;\r\ndate;indicator;quantity;unit;how;who\r\n";
    let rows = [
        "20 Nov 2026;bsf-fed;12,5 kg;kg;weighed;S",
        "20 November 2026;bsf-maggot;12,5 kg;;weighed;S",
        "20-Nopember-2026;bsf-kasgot;2\u{a0}500 gram;g;weighed;S",
        "20 Nop. 2026 14.30;belt-saved;Rp 2.500.000,-;Rp;declared;S",
        "46346.5;jelantah;1.234,50;L;metered;S",
    ];
    let batch = import(&format!("{head}{}\r\n", rows.join("\r\n")));
    assert_eq!(faults(&batch), []);
    let right = ["12.5 kg", "12.5 kg", "2.5 kg", "2500000 IDR", "1234.5 L"];
    assert_eq!(quantities(&batch), right);
    assert_eq!(days(&batch)[3..], ["2026-11-20T14:30", "2026-11-20T12:00"]);
    let differ = import(&format!("{head}20 Nov 2026;bsf-fed;12,5 kg;g;weighed;S\n"));
    assert_eq!(faults(&differ), [(3, "ledger-units-differ")]);
    // Nobody here takes the month for the day.
    let english = import(&format!(
        "{head}11/25/2026;bsf-fed;1;kg;weighed;S\n31 Foo 2026;bsf-fed;1;kg;weighed;S\n"
    ));
    assert_eq!(faults(&english), [(3, "ledger-date"), (4, "ledger-date")]);
    // The grouping of an amount says which sign stands before decimals elsewhere.
    let money = import(&format!(
        "{head}20/11/2026;belt-saved;Rp 2.500.000,-;Rp;declared;S\n\
         20/11/2026;bsf-fed;1.234;kg;weighed;S\n"
    ));
    assert_eq!(quantities(&money), ["2500000 IDR", "1234 kg"]);
}

#[test]
fn a_formula_whose_result_nobody_stored_says_so() {
    let quantity = "<f>B2*2</f>";
    let rows = [
        ["20/11/2026", "bsf-fed", quantity, "kg", "weighed", "Siti"],
        [
            "<f>TODAY()</f>",
            "bsf-fed",
            "<f>2+1</f><v>3</v>",
            "kg",
            "weighed",
            "Siti",
        ],
    ];
    let batch = import_bytes(&sheet("", &rows));
    assert_eq!(
        faults(&batch),
        [(2, "ledger-formula"), (3, "ledger-formula")]
    );
    let said = batch.faults[0].remark.say(Lang::En);
    assert!(said.contains("=B2*2") && said.contains("formula"), "{said}");
}

#[test]
fn odd_bytes_of_spreadsheets_are_read_or_refused_in_words() {
    let text = "date;indicator;quantity;unit;how;who\n2026-11-20;bsf-fed;\"12,5\";kg;weighed;S\n";
    for text in [
        text.to_owned(),
        format!("\u{feff}{text}"),
        text.replace('\n', "\r"),
        text.replace('\n', "\r\n"),
        text.replace("bsf-fed", "\u{a0}bsf-fed\u{a0}")
            .replace("kg", "kg\u{a0}"),
    ] {
        let batch = import(&text);
        assert_eq!(faults(&batch), [], "{text:?}");
        assert_eq!((batch.good[0].0, &*quantities(&batch)[0]), (2, "12.5 kg"));
    }
    let definitions = Definitions::built_in();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let one_byte = text.replace(";S", ";Ren\u{e9}");
    let one_byte: Vec<u8> = one_byte.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for bytes in [[&[0xff, 0xfe][..], &wide].concat(), one_byte] {
        assert_eq!(read_table(&bytes, &definitions), Err(NoTable::NotText));
    }
    // A cell far off neither is an entry nor takes the room of all between.
    let row = ["20/11/2026", "bsf-fed", "<v>3</v>", "kg", "weighed", "Siti"];
    let stray = "<row r=\"900000\"><c r=\"XFD900000\"><v>7</v></c></row>";
    let rows = [
        sheet_row(1, &HEADINGS),
        sheet_row(2, &row),
        stray.to_owned(),
    ];
    let batch = import_bytes(&workbook("", &rows.concat()));
    assert_eq!((faults(&batch), batch.good.len()), (vec![], 1));
}

proptest! {
    #[test]
    fn no_bytes_make_the_table_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let definitions = Definitions::built_in();
        let _ = read_table(&bytes, &definitions);
        let mut zip = b"PK\x03\x04".to_vec();
        zip.extend(&bytes);
        let _ = read_table(&zip, &definitions);
    }

    #[test]
    fn no_cells_make_the_check_panic(cells in prop::collection::vec("[^;\"\r\n]{0,12}", 6)) {
        let batch = import(&format!("date;indicator;quantity;unit;how;who\n{}\n", cells.join(";")));
        for told in batch.faults.iter().chain(&batch.remarks) {
            prop_assert!(!told.remark.say(Lang::Id).starts_with("ledger-"));
        }
    }

    #[test]
    fn a_day_number_means_the_day_that_its_workbook_shows(day in 30_000i64..46_000, old: bool) {
        let (says, number) = if old {
            ("date1904=\"true\"", day - 1462)
        } else {
            ("", day)
        };
        let (dated, plain) = (format!("s={number}"), format!("<v>{number}</v>"));
        let rows = [&*dated, &*plain]
            .map(|when| [when, "bsf-fed", "<v>3</v>", "kg", "weighed", "Siti"]);
        let days = days(&import_bytes(&sheet(says, &rows)));
        prop_assert_eq!(days.len(), 2);
        prop_assert_eq!(&days[0], &days[1]);
        let origin = date(1899, 12, 30);
        prop_assert_eq!(&days[0], &(origin + jiff::Span::new().days(day)).to_string());
    }

    #[test]
    fn an_entry_comes_back_from_its_json(
        mantissa in 0i64..999_999_999_999_999, places in 0u8..15, id in 1u64..1000, note in ".{0,20}",
    ) {
        let batch = import("date;indicator;quantity;unit;how;who\n2026-11-21 14:30;bsf-fed;1;kg;weighed;S\n");
        let mut said = batch.good[0].1.clone();
        said.quantity = crate::model::decimal::Decimal::new(mantissa, places);
        said.note = note;
        let kept = entry(id, &said);
        let text = serde_json::to_string(&EntryJson::of(&kept)).unwrap();
        let back: EntryJson = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back.entry(), Some(kept));
        let sent = SentBatch::parse(&serde_json::to_vec(&Sent::of(&said)).unwrap()).unwrap();
        let raw = sent.entries[0].raw();
        prop_assert_eq!(raw.quantity, said.quantity.map(|q| Typed::Plain(q.to_string())));
    }
}
