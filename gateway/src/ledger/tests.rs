//! Tables and entries as staff hand them in.

use super::*;
use crate::domain::UtcMs;
use crate::domain::ledger::{EntryKind, EntryStatement, LedgerEntry, QuantityBasis};
use crate::i18n::Language;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn check_table(table: &EntryTable, definitions: &IndicatorDefinitions) -> EntryBatch {
    let rules = EntryRules {
        definitions,
        today: Some(date(2026, 11, 25)),
        zone: TimeZone::get("Asia/Jakarta").unwrap(),
        mark: table.mark,
    };
    EntryBatch::check_rows(table.rows.iter().map(|row| (row.line, &row.raw)), &rules)
}

/// A table that is read with these columns named by the call.
fn import_named(text: &str, named: &[&str]) -> Result<EntryBatch, TableError> {
    let definitions = IndicatorDefinitions::built_in();
    let named = named
        .iter()
        .map(|text| NamedColumn::parse(text, &definitions).unwrap());
    let named: Vec<NamedColumn> = named.collect();
    let table = read_named_table(text.as_bytes(), &definitions, &named)?;
    Ok(check_table(&table, &definitions))
}

fn import_text(text: &str) -> EntryBatch {
    let definitions = IndicatorDefinitions::built_in();
    check_table(
        &read_table(text.as_bytes(), &definitions).unwrap(),
        &definitions,
    )
}

/// Row and message key of each fault.
fn fault_keys(batch: &EntryBatch) -> Vec<(u64, &'static str)> {
    let keys = batch.faults.iter();
    keys.map(|told| (told.line, told.remark.key)).collect()
}

fn quantity_texts(batch: &EntryBatch) -> Vec<String> {
    let good = batch.good.iter();
    good.map(|(_, said)| format!("{} {}", said.quantity.unwrap(), said.unit))
        .collect()
}

fn entry_with_id(id: u64, statement: &EntryStatement) -> LedgerEntry {
    LedgerEntry {
        id,
        statement: statement.clone(),
        recorded_at: UtcMs(0),
        recorded_by: "test".to_owned(),
        superseded_by: None,
    }
}

#[test]
fn a_year_before_2000_and_an_amount_that_cannot_be_are_refused() {
    let batch = import_text(
        "when,indicator,quantity,unit,how,who\n\
         1926-11-21,bsf-maggot,12.5,kg,weighed,Siti\n\
         2126-11-21,bsf-maggot,12.5,kg,weighed,Siti\n\
         2026-11-21,bsf-maggot,100000000000,kg,weighed,Siti\n\
         2026-11-22,bsf-maggot,900,kg,weighed,Siti\n",
    );
    assert_eq!(
        fault_keys(&batch),
        [
            (2, "ledger-old"),
            (3, "ledger-future"),
            (4, "ledger-impossible")
        ]
    );
    let target = import_text(
        "kind,when,indicator,quantity,unit,who\ntarget,1996-11,bsf-maggot,12,kg,Siti\n",
    );
    assert_eq!(fault_keys(&target), [(2, "ledger-old")]);
}

#[test]
fn an_amount_that_cannot_be_is_refused_and_an_unusual_one_is_told() {
    let batch = import_text(
        "kind,when,indicator,quantity,unit,how,who\n\
         record,2026-11-21,bsf-maggot,999999999,kg,weighed,Siti\n\
         record,2026-11-21,bsf-maggot,999999.999,t,weighed,Siti\n\
         target,2026,bsf-maggot,999999999,kg,declared,Siti\n\
         record,2026-11-21,belt-saved,99999999999999,IDR,declared,Siti\n\
         record,2026-11-21,beneficiaries,400000000,orang,declared,Siti\n\
         record,2026-11-21,bsf-maggot,12000,kg,weighed,Siti\n\
         record,2026-11-21,bsf-maggot,0,kg,weighed,Siti\n\
         target,2026,bsf-maggot,12000,kg,declared,Siti\n\
         baseline,2025,bsf-maggot,0,kg,declared,Siti\n\
         record,2026-11-21,bsf-maggot,120,kg,weighed,Siti\n",
    );
    let refused: Vec<(u64, &str)> = (2..=6).map(|line| (line, "ledger-impossible")).collect();
    assert_eq!(fault_keys(&batch), refused);
    let doubted = batch
        .remarks
        .iter()
        .filter(|told| told.remark.is_amount_doubt());
    let doubted: Vec<_> = doubted.map(|told| (told.line, told.remark.key)).collect();
    // A target is what is wanted, and a baseline may be nothing.
    assert_eq!(doubted, [(7, "ledger-unusual"), (8, "ledger-little")]);
}

#[test]
fn an_indonesian_table_is_read_with_its_units_converted_and_said() {
    let batch = import_text(
        "Tanggal;Indikator;Jumlah;Satuan;Cara diketahui;Oleh\n\
         21/11/2026;bsf-maggot;12,5;kg;ditimbang;Siti\n\
         2026-11-21;BSF-Kasgot;2.500;gram;ditimbang;Siti\n\
         46347;Minyak jelantah terkumpul;1,5;m3;;Budi\n\
         21/11/2026;belt-saved;Rp 2.500.000;Rp;dinyatakan;Budi\n",
    );
    assert_eq!(fault_keys(&batch), []);
    assert_eq!(
        quantity_texts(&batch),
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
            (4, "ledger-named"),
            (4, "ledger-converted"),
            (4, "ledger-assumed"),
            (4, "ledger-serial"),
        ]
    );
    assert_eq!(batch.good[0].1.known, QuantityBasis::Weighed);
}

#[test]
fn every_bad_row_is_told_with_its_line_and_what_is_expected() {
    let batch = import_text(
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
        fault_keys(&batch),
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
        near.message(Language::En),
        "there is no indicator \"bsf-magot\"; did you mean bsf-maggot?"
    );
    assert!(near.message(Language::Id).contains("maksudnya bsf-maggot"));
}

#[test]
fn a_number_that_can_mean_two_things_is_refused_when_no_other_row_decides() {
    let head = "date;indicator;quantity;unit;how;who\n2026-11-21;bsf-fed;";
    let alone = import_text(&format!("{head}1.234;kg;weighed;S\n"));
    assert_eq!(fault_keys(&alone), [(2, "ledger-ambiguous")]);
    let with = import_text(&format!(
        "{head}1.234;kg;weighed;S\n2026-11-20;bsf-fed;12,5;kg;weighed;S\n"
    ));
    assert_eq!(quantity_texts(&with), ["1234 kg", "12.5 kg"]);
    // Two rows contradict each other, so neither decides what `1.234` means.
    let against = import_text(&format!(
        "{head}1.234;kg;weighed;S\n2026-11-20;bsf-fed;12,5;kg;weighed;S\n\
         2026-11-19;bsf-fed;12.5;kg;weighed;S\n"
    ));
    assert_eq!(fault_keys(&against), [(2, "ledger-ambiguous")]);
}

#[test]
fn a_target_may_be_set_whatever_is_known_of_what_is_reached() {
    let mut metered = IndicatorDefinitions::built_in()
        .find("bsf-fed")
        .unwrap()
        .clone();
    (metered.id, metered.known) = ("plts-generation".into(), vec![QuantityBasis::Metered]);
    let definitions = IndicatorDefinitions::built_in().with_site_indicators([metered]);
    let check = |kind: &str| {
        let text = format!(
            "kind,date,indicator,quantity,unit,how,who\n\
             {kind},2026-11,plts-generation,250,kg,declared,Siti\n"
        );
        check_table(
            &read_table(text.as_bytes(), &definitions).unwrap(),
            &definitions,
        )
    };
    assert_eq!(fault_keys(&check("target")), []);
    let record = fault_keys(&check("record"));
    assert!(record.contains(&(2, "ledger-word")), "{record:?}");
}

#[test]
fn a_second_target_of_one_period_is_refused_and_a_repeated_record_only_until_somebody_insists() {
    let text = "kind,date,indicator,quantity,unit,how,who\n\
                target,2026-Q4,bsf-fed,900,kg,declared,Siti\n\
                record,2026-11-21,bsf-fed,7,kg,weighed,Siti\n";
    let first = import_text(text);
    assert_eq!(first.good[0].1.sort, EntryKind::Target);
    let kept: Vec<LedgerEntry> = first
        .good
        .iter()
        .map(|(line, said)| entry_with_id(*line + 40, said))
        .collect();
    let mut again = import_text(&text.replace("900", "950"));
    again.flag_duplicates(&kept, false);
    assert_eq!(
        fault_keys(&again),
        [(2, "ledger-duplicate-target"), (3, "ledger-duplicate")]
    );
    assert_eq!(again.faults[1].remark.detail, "43");
    // A target may not come twice even then: two targets of one period would both be in force.
    let mut insisted = import_text(&text.replace("900", "950"));
    insisted.flag_duplicates(&kept, true);
    assert_eq!(fault_keys(&insisted), [(2, "ledger-duplicate-target")]);
}

#[test]
fn the_examples_of_a_template_never_become_entries() {
    let definitions = IndicatorDefinitions::built_in();
    for lang in [Language::Id, Language::En] {
        let day = date(2026, 11, 21);
        let csv = csv_template(&definitions, lang, day);
        let xlsx = xlsx_template(&definitions, lang, day).unwrap();
        for bytes in [csv.clone().into_bytes(), xlsx] {
            let table = read_table(&bytes, &definitions).unwrap();
            assert_eq!(table.rows, [], "{}", lang.code());
            assert!(table.left_out.len() >= 11);
            let is_said = |row: &SkippedRow| row.key == "ledger-example-row";
            assert!(table.left_out.iter().all(is_said));
        }
        // A row without its mark is still an example, until it says who and what.
        let mark = format!("{} ", lang.text("ledger-example-mark"));
        let unmarked = csv.replace(&mark, "");
        let batch = import_text(&unmarked);
        let keys = fault_keys(&batch);
        assert!(batch.good.is_empty() && keys.len() >= 11, "{keys:?}");
        assert!(
            keys.iter().all(|(_, key)| *key == "ledger-is-example"),
            "{keys:?}"
        );
        let filled = unmarked
            .replace(&lang.text("ledger-example-who"), "Siti")
            .replace(&lang.text("ledger-example"), "");
        let batch = import_text(&filled);
        assert_eq!(fault_keys(&batch), [], "{}", lang.code());
        assert!(batch.good.len() >= 11);
    }
}

#[test]
fn a_row_that_is_marked_as_an_example_or_a_comment_is_left_out_in_any_language() {
    for mark in [
        "contoh 21/11/2026",
        "Example: 21/11/2026",
        "contoh",
        "# 21/11/2026",
        "#",
    ] {
        let table = read_row(&format!("{mark};bsf-fed;7;kg;weighed;Siti"));
        assert_eq!((table.rows.len(), table.left_out.len()), (0, 1), "{mark}");
    }
    let kept = "21/11/2026;bsf-fed;7;kg;weighed;Siti Contoh";
    assert_eq!(read_row(kept).rows.len(), 1);
    assert_eq!(
        read_row("contohnya;bsf-fed;7;kg;weighed;Siti").rows.len(),
        1
    );
}

fn read_row(row: &str) -> EntryTable {
    let text = format!("date;indicator;quantity;unit;how;who\n{row}\n");
    read_table(text.as_bytes(), &IndicatorDefinitions::built_in()).unwrap()
}

#[test]
fn totals_averages_and_extremes_are_left_out_in_both_languages() {
    for row in [";;=SUM(C2:C3);kg;;", ";;=SUBTOTAL(9,C2:C3);;;"] {
        let table = read_row(row);
        assert_eq!((table.rows.len(), table.left_out.len()), (0, 1), "{row}");
    }
    let entry = read_row("21/11/2026;bsf-fed;=SUM(3,4);kg;weighed;Siti");
    assert_eq!(entry.rows.len(), 1);
    for word in [
        "Maks",
        "MAKS",
        "Maksimum",
        "Max.",
        "Min",
        "Minimal",
        "Rata-rata",
        "Rata-rata:",
        "Average",
        "Jumlah",
        "Total",
        "Grand total",
        "Std dev",
        "Simpangan baku",
        "Median",
        "Max (kg)",
    ] {
        let table = read_row(&format!("{word};;7;kg;;"));
        assert_eq!((table.rows.len(), table.left_out.len()), (0, 1), "{word}");
    }
    // A word that only begins like one is a row of its own.
    assert_eq!(read_row("Minggu;bsf-fed;7;kg;weighed;Siti").rows.len(), 1);
}

#[test]
fn columns_and_cells_that_are_not_read_are_said() {
    let text = "date;indicator;berat karung;quantity;unit;who;;\n\
                2026-11-21;bsf-fed;25;7;kg;Siti;cek;\n2026-11-21;bsf-fed;25;8;kg;Siti;;\n";
    let table = read_table(text.as_bytes(), &IndicatorDefinitions::built_in()).unwrap();
    assert_eq!(
        (&*table.unread, table.unread_cells),
        (&["berat karung".to_owned()][..], 1)
    );
    let said = table.format_text(None, Language::En);
    assert!(
        said.contains("not read: columns berat karung") && said.contains("1 cells"),
        "{said}"
    );
}

#[test]
fn the_line_of_the_heading_is_that_of_the_file_below_titles_and_empty_lines() {
    let definitions = IndicatorDefinitions::built_in();
    let heading = "date;indicator;quantity;unit;how;who\n";
    let row = "2026-11-21;bsf-fed;7;kg;weighed;Siti\n";
    for (above, line) in [
        ("", 1),
        ("\n\n", 3),
        ("Laporan\n\n", 3),
        ("Laporan\n\n\nDesa\n\n", 6),
        ("\r\n\r\nLaporan\r\n\r\n", 5),
    ] {
        let table =
            read_table(format!("{above}{heading}\n{row}").as_bytes(), &definitions).unwrap();
        assert_eq!(
            (table.heading_line, table.rows[0].line),
            (Some(line), line + 2),
            "{above:?}"
        );
    }
}

#[test]
fn a_table_without_its_headings_says_which_are_missing() {
    let definitions = IndicatorDefinitions::built_in();
    let read = |text: &str| read_table(text.as_bytes(), &definitions);
    assert_eq!(
        read("tanggal;jumlah\n"),
        Err(TableError::Headings(MissingHeadings {
            missing: vec!["indicator", "who"],
            seen: vec!["tanggal".to_owned(), "jumlah".to_owned()],
            unknown: None,
        }))
    );
    assert!(matches!(read(""), Err(TableError::Headings(_))));
    assert!(matches!(
        read("PK\u{3}\u{4}rubbish"),
        Err(TableError::Unreadable(_))
    ));
    let broken = read_table(b"tanggal;\xff", &definitions);
    assert_eq!(broken, Err(TableError::NotText));
}

#[test]
fn columns_with_other_headings_are_named_by_the_call() {
    let table = "Hari;Jenis;Berat (kg);Petugas lapangan\n21/11/2026;bsf-fed;12,5;Siti\n";
    let refused = import_named(table, &[]).unwrap_err().message(Language::Id);
    for part in [
        "--column NAMA=tanggal",
        "\"Berat (kg)\", \"Petugas lapangan\"",
    ] {
        assert!(refused.contains(part), "{part} in {refused}");
    }
    let named = [
        "Hari=tanggal",
        "2=indicator",
        "berat (KG)=jumlah",
        "Petugas lapangan=oleh",
    ];
    let batch = import_named(table, &named).unwrap();
    assert_eq!(quantity_texts(&batch), ["12.5 kg"]);
    let wrong = import_named(table, &["Tgl panen=tanggal"]).unwrap_err();
    let wrong = wrong.message(Language::En);
    assert!(wrong.contains("no column \"Tgl panen\""), "{wrong}");
    // A table without headings begins with an entry.
    let bare = "21/11/2026;bsf-fed;12,5;kg;Siti\n22/11/2026;bsf-fed;7;kg;Siti\n";
    let named = ["1=when", "2=indicator", "3=quantity", "4=unit", "5=who"];
    let batch = import_named(bare, &named).unwrap();
    assert_eq!(quantity_texts(&batch), ["12.5 kg", "7 kg"]);
    let definitions = IndicatorDefinitions::built_in();
    for text in ["Hari", "Hari=berat", "=tanggal"] {
        assert_eq!(NamedColumn::parse(text, &definitions), None, "{text}");
    }
}

#[test]
fn two_columns_for_one_quantity_are_refused_until_the_call_names_one() {
    let table = "tanggal;indikator;jumlah;nilai;satuan;oleh\n21/11/2026;bsf-fed;1;2;kg;Siti\n";
    let refused = import_named(table, &[]).unwrap_err();
    let TableError::ColumnTwice { field, columns } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((field, &*columns), ("quantity", "3 (jumlah), 4 (nilai)"));
    let both = import_named(table, &["4=jumlah", "jumlah=jumlah"]).unwrap_err();
    assert!(matches!(both, TableError::ColumnTwice { .. }), "{both:?}");
    let batch = import_named(table, &["4=jumlah"]).unwrap();
    assert_eq!(quantity_texts(&batch), ["2 kg"]);
}

#[test]
fn the_unit_of_a_heading_counts_until_a_row_says_another_one() {
    let head = "tanggal;indikator;Jumlah (kg);satuan;oleh\n21/11/2026;bsf-fed;";
    let of = |row: &str| import_named(&format!("{head}{row};Siti\n"), &[]);
    for row in ["12,5;", "12,5;kg", "12,5 kg;"] {
        assert_eq!(quantity_texts(&of(row).unwrap()), ["12.5 kg"], "{row}");
    }
    let other = of("12,5;ton").unwrap_err();
    assert!(
        matches!(other, TableError::HeadingUnit { line: 2, .. }),
        "{other:?}"
    );
    assert_eq!(
        fault_keys(&of("12,5 ton;").unwrap()),
        [(2, "ledger-units-differ")]
    );
}

#[test]
fn a_name_of_an_indicator_counts_in_both_languages_where_only_one_has_it() {
    let definitions = IndicatorDefinitions::built_in();
    let fed = definitions.find("bsf-fed").unwrap().clone();
    let head = "date,indicator,quantity,unit,who\n2026-11-21,";
    for name in [&fed.name.id, &fed.name.en] {
        let batch = import_text(&format!("{head}{name},7,kg,Siti\n"));
        assert_eq!(fault_keys(&batch), [], "{name}");
        assert_eq!(&*batch.good[0].1.indicator, "bsf-fed");
        assert!(
            batch
                .remarks
                .iter()
                .any(|told| told.remark.key == "ledger-named")
        );
    }
    let mut twin = fed.clone();
    twin.id = "bsf-fed-2".into();
    let definitions = definitions.with_site_indicators([twin]);
    let text = format!("{head}{},7,kg,Siti\n", fed.name.id);
    let batch = check_table(
        &read_table(text.as_bytes(), &definitions).unwrap(),
        &definitions,
    );
    assert_eq!(fault_keys(&batch), [(2, "ledger-indicator-several")]);
    assert_eq!(batch.faults[0].remark.detail, "bsf-fed, bsf-fed-2");
}

#[test]
fn dates_that_do_not_exist_or_have_another_weekday_are_told_as_such() {
    let head = "date;indicator;quantity;unit;who\n";
    let row = |date: &str| format!("{date};bsf-fed;7;kg;Siti\n");
    for (date, key) in [
        ("31/11/2025", "ledger-no-day"),
        ("29/02/2025", "ledger-no-day"),
        ("31 Nov 2025", "ledger-no-day"),
        ("11/21/2025", "ledger-date"),
        ("Senin, 21 Nov 2026", "ledger-weekday"),
    ] {
        let batch = import_text(&format!("{head}{}", row(date)));
        assert_eq!(fault_keys(&batch), [(2, key)], "{date}");
    }
    let batch = import_text(&format!(
        "{head}{}{}",
        row("23/11/26"),
        row("Sabtu, 21 Nov 2026")
    ));
    assert_eq!(fault_keys(&batch), []);
    let days = batch.good.iter().map(|(_, said)| said.when.to_string());
    assert_eq!(days.collect::<Vec<_>>(), ["2026-11-23", "2026-11-21"]);
    let short = batch
        .remarks
        .iter()
        .find(|told| told.remark.key == "ledger-short-year");
    assert_eq!(short.unwrap().remark.detail, "2026-11-23");
}

#[test]
fn decimal_signs_that_differ_are_told_with_their_rows() {
    let table = "date;indicator;quantity;unit;who\n21/11/2026;bsf-fed;12,5;kg;S\n\
                 22/11/2026;bsf-fed;7.5;kg;S\n";
    let table = read_table(table.as_bytes(), &IndicatorDefinitions::built_in()).unwrap();
    let told = |said| table.mark_messages(said, Language::En).concat();
    assert!(
        told(None).contains("row 2 (\"12,5\")") && told(None).contains("row 3"),
        "{}",
        told(None)
    );
    let overridden = told(Some(DecimalMark::Comma));
    assert!(overridden.contains("row 3 (\"7.5\")"), "{overridden}");
}

#[test]
fn rupiah_have_no_decimals_so_a_sign_groups_their_thousands() {
    let head = "date;indicator;quantity;unit;how;who\n2026-11-21;belt-saved;";
    for (amount, unit) in [("Rp 750.000", ""), ("750.000", "IDR"), ("Rp 750.000,-", "")] {
        let found = import_text(&format!("{head}{amount};{unit};declared;S\n"));
        assert_eq!(quantity_texts(&found), ["750000 IDR"], "{amount}");
    }
}

#[test]
fn a_table_without_a_column_of_units_takes_them_from_its_quantities() {
    let definitions = IndicatorDefinitions::built_in();
    let text = "tanggal;indikator;jumlah;petugas\n2026-11-20;belt-saved;Rp 2.500.000,-;Siti\n";
    let table = read_table(text.as_bytes(), &definitions).unwrap();
    let raw = &table.rows[0].raw;
    assert_eq!((raw.unit.as_deref(), table.rows.len()), (None, 1));
    assert!(raw.quantity.is_some());
}

#[test]
fn why_a_file_is_no_table_is_told_in_the_language_of_the_reader() {
    let all = [
        TableError::TooLong,
        TableError::TooManyRows,
        TableError::NotText,
        TableError::Unreadable("x".to_owned()),
        TableError::Headings(MissingHeadings::default()),
        TableError::ColumnTwice {
            field: "quantity",
            columns: "3 (Jumlah), 5 (Nilai)".to_owned(),
        },
        TableError::HeadingUnit {
            heading: "kg".to_owned(),
            line: 3,
            found: "ton".to_owned(),
        },
    ];
    for why in all {
        for lang in [Language::Id, Language::En] {
            assert!(
                !why.message(lang).contains("ledger-"),
                "{}",
                why.message(lang)
            );
        }
    }
    let absent = TableError::Headings(MissingHeadings {
        missing: vec!["unit", "who"],
        ..MissingHeadings::default()
    });
    let absent = absent.message(Language::Id);
    assert!(absent.contains("satuan, oleh"), "{absent}");
}

#[test]
fn an_entry_that_names_an_asset_that_there_is_not_is_refused_with_those_that_there_are() {
    let bins = [("bak", "Bak pasar"), ("tandon-1", "Tandon 1")];
    let bins = bins.map(|(id, name)| (id.into(), name.into()));
    let definitions = IndicatorDefinitions::built_in().with_assets(bins);
    let text = "when,indicator,what,quantity,unit,how,who\n\
                2026-11-21,bsf-fed,bak 2,12,kg,weighed,Siti\n\
                2026-11-22,bsf-fed,Bak-3: sisa pasar,12,kg,weighed,Siti\n\
                2026-11-23,bsf-fed,bak,12,kg,weighed,Siti\n\
                2026-11-24,bsf-fed,bak 12 kg,12,kg,weighed,Siti\n\
                2026-11-25,bsf-fed,tandon 4,12,kg,weighed,Siti\n";
    let table = read_table(text.as_bytes(), &definitions).unwrap();
    let batch = check_table(&table, &definitions);
    let what = "ledger-no-such-asset";
    assert_eq!(fault_keys(&batch), [(2, what), (3, what), (6, what)]);
    for lang in Language::ALL {
        let said = FaultJson::from_row_remark(&batch.faults[0], lang);
        let said = serde_json::to_string(&said).unwrap();
        for name in ["bak 2", "bak, tandon-1"] {
            assert!(said.contains(name), "{said}");
        }
    }
}

#[test]
fn a_withdrawal_and_a_correction_say_why() {
    let definitions = IndicatorDefinitions::built_in();
    let rules = EntryRules {
        definitions: &definitions,
        today: None,
        zone: TimeZone::UTC,
        mark: None,
    };
    let mut raw = RawEntry {
        indicator: Some("bsf-fed".to_owned()),
        // `today` is unknown in these rules, as with a clock that is not trusted: no date is in the
        // future.
        when: Some("2099-01-01".to_owned()),
        how: Some("weighed".to_owned()),
        who: Some("Siti".to_owned()),
        supersedes: Some(3),
        ..RawEntry::default()
    };
    let faults = check_entry(&raw, &rules).unwrap_err();
    assert_eq!(faults[0].key, "ledger-reason");
    raw.note = Some("written twice".to_owned());
    assert_eq!(check_entry(&raw, &rules).unwrap().statement.quantity, None);
    raw.supersedes = None;
    assert_eq!(
        check_entry(&raw, &rules).unwrap_err()[0].field,
        EntryField::Quantity
    );
}

/// XLSX workbook with one sheet, from the attributes of its `workbookPr` and its rows.
fn build_workbook(says: &str, rows: &str) -> Vec<u8> {
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

/// Row of a sheet: cells that begin with `<` as they are, others as inline text.
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

const SHEET_HEADINGS: [&str; 6] = ["date", "indicator", "quantity", "unit", "how", "who"];

fn build_sheet(says: &str, rows: &[[&str; 6]]) -> Vec<u8> {
    let headings = sheet_row(1, &SHEET_HEADINGS);
    let rows = (2..).zip(rows).map(|(line, row)| sheet_row(line, row));
    build_workbook(says, &rows.fold(headings, |all, row| all + &row))
}

fn import_bytes(bytes: &[u8]) -> EntryBatch {
    let definitions = IndicatorDefinitions::built_in();
    check_table(&read_table(bytes, &definitions).unwrap(), &definitions)
}

fn time_texts(batch: &EntryBatch) -> Vec<String> {
    let good = batch.good.iter();
    good.map(|(_, said)| said.when.to_string()).collect()
}

#[test]
fn a_day_number_is_counted_from_the_epoch_of_its_own_workbook() {
    let rows = |date, plain| {
        [date, plain, "20/11/2026"]
            .map(|when| [when, "bsf-fed", "<v>3</v>", "kg", "weighed", "Siti"])
    };
    // The same day as a date cell, as a plain number and as text.
    let old = build_sheet("date1904=\"1\"", &rows("s=44884", "<v>44884</v>"));
    let new = build_sheet("", &rows("s=46346", "<v>46346</v>"));
    let said = build_sheet("date1904=\"false\"", &rows("s=46346", "<v>46346</v>"));
    for bytes in [old, new, said] {
        let batch = import_bytes(&bytes);
        assert_eq!(fault_keys(&batch), []);
        assert_eq!(time_texts(&batch), ["2026-11-20"; 3]);
    }
    let times = rows("s=46346.5", "<v>46346.5</v>");
    assert_eq!(
        time_texts(&import_bytes(&build_sheet("", &times)))[..2],
        ["2026-11-20T12:00"; 2]
    );
    // A year is not a day number, in either epoch.
    let target = build_workbook(
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
    assert_eq!(time_texts(&import_bytes(&target)), ["2026"]);
}

#[test]
fn titles_above_and_a_total_below_are_left_out_and_named() {
    let definitions = IndicatorDefinitions::built_in();
    let csv = "Laporan maggot;;;;;\nDesa Impian, November 2026\n\n\
               Tanggal;Indikator;Jumlah;Satuan;Cara;Oleh\n\
               20/11/2026;bsf-fed;12,5;kg;ditimbang;Siti\n\
               21/11/2026;bsf-fed;7,5;kg;ditimbang;Siti\n\
               TOTAL;;20,0;kg;;\n";
    let total = ["TOTAL:", "", "<v>20</v>", "kg", "", ""];
    let book = [
        sheet_row(1, &["Laporan maggot"]),
        sheet_row(4, &SHEET_HEADINGS),
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
    let book = build_workbook("", &book.concat());
    for (bytes, lines) in [(csv.as_bytes(), vec![1, 2, 7]), (&book, vec![1, 9])] {
        let table = read_table(bytes, &definitions).unwrap();
        let left: Vec<u64> = table.left_out.iter().map(|row| row.line).collect();
        assert_eq!(left, lines);
        let last = table.left_out.last().unwrap().message(Language::En);
        assert!(last.contains("total") && last.contains("TOTAL"), "{last}");
        let batch = check_table(&table, &definitions);
        assert_eq!(fault_keys(&batch), []);
        assert_eq!(quantity_texts(&batch), ["12.5 kg", "7.5 kg"]);
    }
    // An entry whose description mentions a total is not a total row.
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
    let batch = import_text(&format!("{head}{}\r\n", rows.join("\r\n")));
    assert_eq!(fault_keys(&batch), []);
    let right = ["12.5 kg", "12.5 kg", "2.5 kg", "2500000 IDR", "1234.5 L"];
    assert_eq!(quantity_texts(&batch), right);
    assert_eq!(
        time_texts(&batch)[3..],
        ["2026-11-20T14:30", "2026-11-20T12:00"]
    );
    let differ = import_text(&format!("{head}20 Nov 2026;bsf-fed;12,5 kg;g;weighed;S\n"));
    assert_eq!(fault_keys(&differ), [(3, "ledger-units-differ")]);
    // A date with the month first is refused, not reinterpreted.
    let english = import_text(&format!(
        "{head}11/25/2026;bsf-fed;1;kg;weighed;S\n31 Foo 2026;bsf-fed;1;kg;weighed;S\n"
    ));
    assert_eq!(
        fault_keys(&english),
        [(3, "ledger-date"), (4, "ledger-date")]
    );
    // The grouping sign of one amount fixes the decimal sign of the other rows.
    let money = import_text(&format!(
        "{head}20/11/2026;belt-saved;Rp 2.500.000,-;Rp;declared;S\n\
         20/11/2026;bsf-fed;1.234;kg;weighed;S\n"
    ));
    assert_eq!(quantity_texts(&money), ["2500000 IDR", "1234 kg"]);
}

#[test]
fn amounts_are_read_as_people_write_them_and_a_second_unit_is_refused() {
    let head = "date;indicator;quantity;unit;how;who\n";
    let row = |amount: &str, unit: &str| {
        import_text(&format!(
            "{head}20/11/2026;belt-saved;{amount};{unit};declared;S\n"
        ))
    };
    for (amount, unit, right) in [
        ("3,05 miliar", "Rp", "3050000000 IDR"),
        ("3,05 milyar", "", "3050000000 IDR"),
        ("70,7 juta", "IDR", "70700000 IDR"),
        ("Rp 70,7 juta", "", "70700000 IDR"),
        ("Rp 70,7 juta", "juta", "70700000 IDR"),
        ("70,7", "juta", "70700000 IDR"),
        ("Rp 3.050.000.000", "Rp", "3050000000 IDR"),
        ("Rp3.050.000.000,-", "", "3050000000 IDR"),
        ("500 rb", "rupiah", "500000 IDR"),
    ] {
        assert_eq!(
            quantity_texts(&row(amount, unit)),
            [right],
            "{amount} {unit}"
        );
    }
    for (amount, unit) in [("Rp 2.500.000", "juta"), ("70,7 juta", "miliar")] {
        let batch = row(amount, unit);
        assert_eq!(
            fault_keys(&batch),
            [(2, "ledger-units-differ")],
            "{amount} {unit}"
        );
    }
}

/// Refusal of a workbook with formulas in these quantities.
fn refused_formulas(says: &str, cells: &[&str]) -> Option<UnstoredFormulas> {
    let row = |cell| ["20/11/2026", "bsf-fed", cell, "kg", "weighed", "Siti"];
    let rows: Vec<[&str; 6]> = cells.iter().map(|cell| row(*cell)).collect();
    match read_table(&build_sheet(says, &rows), &IndicatorDefinitions::built_in()) {
        Ok(_) => None,
        Err(TableError::Formulas(found)) => Some(found),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn formulas_without_a_stored_result_are_refused_with_their_cells() {
    let found = refused_formulas(
        "",
        &[
            "<v>7</v>",
            "<f>B2*2</f>",
            "<f>2+1</f><v></v>",
            "<f>1</f><v/>",
        ],
    );
    let found = found.unwrap();
    assert_eq!((&*found.sheet, found.count), ("S", 3));
    assert_eq!(found.cells, ["C3", "C4", "C5"]);
    let said = TableError::Formulas(found).message(Language::En);
    assert!(
        said.contains("C3, C4, C5") && said.contains("calculate and save"),
        "{said}"
    );
    let many = refused_formulas("", &["<f>1</f>"; 40]).unwrap();
    assert_eq!((many.count, many.cells.len()), (40, 6));
    assert!(
        TableError::Formulas(many)
            .message(Language::Id)
            .contains("C7, ...")
    );
    // The zero of a program that does not calculate is no result.
    let asks = "fullCalcOnLoad=\"1\"";
    let cells = ["<f>2+1</f><v>0</v>", "<f>2+1</f><v>3</v>"];
    assert_eq!(refused_formulas(asks, &cells).unwrap().cells, ["C2"]);
    assert_eq!(refused_formulas("", &["<f>2-2</f><v>0</v>"]), None);
    // A result counts, whatever made it.
    assert_eq!(refused_formulas("", &["<f>2+1</f><v>3</v>"]), None);
}

#[test]
fn an_empty_text_that_a_formula_gave_is_no_formula_without_a_result() {
    let definitions = IndicatorDefinitions::built_in();
    let empty = "<c r=\"C2\" t=\"str\"><f>IF(A2=0,0,\"\")</f><v></v></c>";
    let row = |quantity: &str| {
        let cells = sheet_row(2, &["20/11/2026", "bsf-fed", "x", "kg", "weighed", "Siti"]);
        let old = "<c r=\"C2\" t=\"inlineStr\"><is><t>x</t></is></c>";
        assert!(cells.contains(old));
        let rows = [sheet_row(1, &SHEET_HEADINGS), cells.replace(old, quantity)];
        read_table(&build_workbook("", &rows.concat()), &definitions)
    };
    let table = row(empty).unwrap();
    assert_eq!(table.rows[0].raw.quantity, None);
    let bare = row("<c r=\"C2\"><f>A1</f><v></v></c>");
    assert!(matches!(bare, Err(TableError::Formulas(_))), "{bare:?}");
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
        let batch = import_text(&text);
        assert_eq!(fault_keys(&batch), [], "{text:?}");
        assert_eq!(
            (batch.good[0].0, &*quantity_texts(&batch)[0]),
            (2, "12.5 kg")
        );
    }
    let definitions = IndicatorDefinitions::built_in();
    // Refused here, other than with readings: a name in a wrong code page would be stored for ever.
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let one_byte = text.replace(";S", ";Ren\u{e9}");
    let one_byte: Vec<u8> = one_byte.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for bytes in [[&[0xff, 0xfe][..], &wide].concat(), one_byte] {
        assert_eq!(read_table(&bytes, &definitions), Err(TableError::NotText));
    }
    // A cell in the last column and a far row is no entry and must not allocate the rows in
    // between.
    let row = ["20/11/2026", "bsf-fed", "<v>3</v>", "kg", "weighed", "Siti"];
    let stray = "<row r=\"900000\"><c r=\"XFD900000\"><v>7</v></c></row>";
    let rows = [
        sheet_row(1, &SHEET_HEADINGS),
        sheet_row(2, &row),
        stray.to_owned(),
    ];
    let batch = import_bytes(&build_workbook("", &rows.concat()));
    assert_eq!((fault_keys(&batch), batch.good.len()), (vec![], 1));
}

proptest! {
    #[test]
    fn no_bytes_make_the_table_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let definitions = IndicatorDefinitions::built_in();
        let _ = read_table(&bytes, &definitions);
        let mut zip = b"PK\x03\x04".to_vec();
        zip.extend(&bytes);
        let _ = read_table(&zip, &definitions);
    }

    #[test]
    fn no_cells_make_the_check_panic(cells in prop::collection::vec("[^;\"\r\n]{0,12}", 6)) {
        let batch = import_text(&format!("date;indicator;quantity;unit;how;who\n{}\n", cells.join(";")));
        for told in batch.faults.iter().chain(&batch.remarks) {
            prop_assert!(!told.remark.message(Language::Id).starts_with("ledger-"));
        }
    }

    #[test]
    fn a_day_number_means_the_day_that_its_workbook_shows(day in 36_526i64..46_000, old: bool) {
        let (says, number) = if old {
            // The 1904 epoch begins 1462 days after the other one.
            ("date1904=\"true\"", day - 1462)
        } else {
            ("", day)
        };
        let (dated, plain) = (format!("s={number}"), format!("<v>{number}</v>"));
        let rows = [&*dated, &*plain]
            .map(|when| [when, "bsf-fed", "<v>3</v>", "kg", "weighed", "Siti"]);
        let days = time_texts(&import_bytes(&build_sheet(says, &rows)));
        prop_assert_eq!(days.len(), 2);
        prop_assert_eq!(&days[0], &days[1]);
        let origin = date(1899, 12, 30);
        prop_assert_eq!(&days[0], &(origin + jiff::Span::new().days(day)).to_string());
    }

    #[test]
    fn an_entry_comes_back_from_its_json(
        mantissa in 0i64..999_999_999_999_999, places in 0u8..15, id in 1u64..1000, note in ".{0,20}",
    ) {
        let batch = import_text("date;indicator;quantity;unit;how;who\n2026-11-21 14:30;bsf-fed;1;kg;weighed;S\n");
        let mut said = batch.good[0].1.clone();
        said.quantity = crate::domain::ExactNumber::with_places(mantissa, places);
        said.note = note;
        let kept = entry_with_id(id, &said);
        let text = serde_json::to_string(&EntryJson::from_entry(&kept)).unwrap();
        let back: EntryJson = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back.entry(), Some(kept));
        let body = serde_json::to_vec(&EntryRequest::from_statement(&said)).unwrap();
        let sent = EntryBatchRequest::parse(&body).unwrap();
        let raw = sent.entries[0].raw();
        prop_assert_eq!(raw.quantity, said.quantity.map(|q| QuantityText::Plain(q.to_string())));
    }
}
