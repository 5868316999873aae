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
