//! Tests with tables in which a heading, a total or a date could change an amount in silence.

use super::*;
use crate::i18n::Language;
use jiff::civil::date;
use jiff::tz::TimeZone;

fn read(text: &str, named: &[&str]) -> Result<EntryTable, TableError> {
    let definitions = IndicatorDefinitions::built_in();
    let named = named
        .iter()
        .map(|text| NamedColumn::parse(text, &definitions));
    let named: Vec<NamedColumn> = named.map(Option::unwrap).collect();
    read_named_table(text.as_bytes(), &definitions, &named)
}

/// Amounts as the ledger keeps them, or the keys of the faults.
fn amounts(table: &EntryTable) -> Vec<String> {
    let rules = EntryRules {
        definitions: &IndicatorDefinitions::built_in(),
        today: Some(date(2026, 11, 25)),
        zone: TimeZone::get("Asia/Jakarta").unwrap(),
        mark: table.mark,
    };
    let rows = table.rows.iter().map(|row| (row.line, &row.raw));
    let batch = EntryBatch::check_rows(rows, &rules);
    let faults = batch.faults.iter().map(|told| told.remark.key.to_owned());
    let good = batch.good.iter();
    let good = good.map(|(_, said)| format!("{} {}", said.quantity.unwrap(), said.unit));
    faults.chain(good).collect()
}

/// Amount of one row below a heading of the quantities.
fn amount_below(heading: &str, row: &str, named: &str) -> Result<String, TableError> {
    let text = format!("tanggal;indikator;{heading};oleh;cara\n{row}\n");
    let table = read(&text, &[&format!("{heading}={named}")])?;
    Ok(amounts(&table).join(", "))
}

#[test]
fn a_unit_behind_the_name_of_a_mapped_heading_is_understood_or_refused() {
    let fed = "21/11/2026;bsf-fed;2,5;Siti;ditimbang";
    let saved = "21/11/2026;belt-saved;2,5;Siti;dinyatakan";
    for (heading, row, amount) in [
        ("Berat ton", fed, "2500.0 kg"),
        ("Berat_kg", fed, "2.5 kg"),
        ("Berat (ribuan kg)", fed, "2500.0 kg"),
        ("Berat ribu kg", fed, "2500.0 kg"),
        ("Berat (kg x1000)", fed, "2500.0 kg"),
        ("ribuan Rp", saved, "2500 IDR"),
        ("juta Rp", saved, "2500000 IDR"),
        ("Nilai (juta)", saved, "2500000 IDR"),
        ("Nilai juta rupiah", saved, "2500000 IDR"),
        ("Berat", fed, "ledger-unit-missing"),
    ] {
        let found = amount_below(heading, row, "jumlah").unwrap();
        let number = |text: &str| text.split(' ').next().unwrap().parse::<f64>().ok();
        assert_eq!(number(&found), number(amount), "{heading}: {found}");
        assert_eq!(
            found.split(' ').nth(1),
            amount.split(' ').nth(1),
            "{heading}"
        );
    }
    for heading in [
        "Berat (ribuan)x",
        "Berat (juta kg)",
        "Berat (x 10 karung)",
        "Berat x1000",
    ] {
        let refused = amount_below(heading, fed, "jumlah").unwrap_err();
        assert!(
            matches!(refused, TableError::HeadingMultiple { .. }),
            "{heading}: {refused:?}"
        );
        let message = refused.message(Language::Id);
        assert!(
            message.contains("--column") && message.contains(heading),
            "{message}"
        );
        let said = amount_below(heading, fed, "jumlah (t)").unwrap();
        assert!(said.starts_with("2500"), "{heading}: {said}");
    }
    let text = "tanggal;indikator;Berat (kg);oleh\n21/11/2026;bsf-fed;2,5;Siti\n";
    let table = read(text, &["Berat (kg)=jumlah (t)"]).unwrap();
    let said = table.format_text(None, Language::Id);
    assert!(
        said.contains("satuan t dari --column, meskipun judul kolom menyebut kg"),
        "{said}"
    );
    let definitions = IndicatorDefinitions::built_in();
    for text in ["Berat=jumlah (karung)", "Catatan=catatan (kg)"] {
        assert_eq!(NamedColumn::parse(text, &definitions), None, "{text}");
    }
}

#[test]
fn what_multiplies_or_is_no_unit_in_brackets_is_refused_also_beside_a_unit() {
    for (heading, row) in [
        ("Jumlah (Rp 000)", "21/11/2026;belt-saved;21;Rp;Siti"),
        ("Jumlah (Rp '000)", "21/11/2026;belt-saved;Rp 21;;Siti"),
        ("Jumlah (Rp.000)", "21/11/2026;belt-saved;21;Rp;Siti"),
        ("Jumlah (000)", "21/11/2026;belt-saved;21;Rp;Siti"),
        ("Jumlah (x Rp1.000)", "21/11/2026;belt-saved;21;Rp;Siti"),
        ("Jumlah (Rp) (ribuan)", "21/11/2026;belt-saved;21;;Siti"),
        ("Jumlah (@1000)", "21/11/2026;bsf-fed;21;kg;Siti"),
        ("Jumlah (1000 kg)", "21/11/2026;bsf-fed;21;kg;Siti"),
        ("Jumlah (karung @50 kg)", "21/11/2026;bsf-fed;21;kg;Siti"),
        ("Jumlah (ribu karung)", "21/11/2026;bsf-fed;21;kg;Siti"),
        ("Jumlah (kg/hari)", "21/11/2026;bsf-fed;21 kg;;Siti"),
        ("Jumlah (kodi)", "21/11/2026;bsf-fed;21;kg;Siti"),
    ] {
        let text = format!("tanggal;indikator;{heading};satuan;oleh\n{row}\n");
        let refused = read(&text, &[]).unwrap_err();
        let is_told =
            matches!(&refused, TableError::HeadingMultiple { heading: one } if one == heading);
        assert!(is_told, "{heading}: {refused:?}");
        let unit = if row.contains("belt") { "Rp" } else { "kg" };
        let named = format!("{heading}=jumlah ({unit})");
        assert_eq!(read(&text, &[&named]).unwrap().rows.len(), 1, "{heading}");
    }
}

#[test]
fn a_line_above_the_headings_that_multiplies_or_says_another_unit_is_refused() {
    let money = "tanggal;indikator;jumlah;satuan;oleh\n21/11/2026;belt-saved;21;Rp;Siti\n";
    let weight = "tanggal;indikator;jumlah (kg);oleh\n21/11/2026;bsf-fed;21;Siti\n";
    for (above, table) in [
        ("(dalam ribuan rupiah)", money),
        ("Laporan November;dalam jutaan rupiah", money),
        ("Satuan: ribuan Rp", money),
        ("(Rp '000)", money),
        ("Satuan: ton", weight),
        ("Satuan;karung", weight),
        ("Semua jumlah dalam ton", weight),
        ("Pengali: 50", weight),
    ] {
        let refused = read(&format!("{above}\n{table}"), &[]).unwrap_err();
        assert!(
            matches!(refused, TableError::LineAbove { line: 1, .. }),
            "{above}: {refused:?}"
        );
        let message = refused.message(Language::Id);
        assert!(message.contains("--column \"jumlah"), "{message}");
    }
    for (above, table) in [
        ("Satuan: kg", weight),
        ("Rekap limbah dalam kg", weight),
        ("Satuan kerja: Dinas Lingkungan", weight),
        ("Target 1,2 juta rupiah", money),
        ("Satuan: Rp", money),
    ] {
        let found = read(&format!("{above}\n{table}"), &[]);
        assert_eq!(found.unwrap().rows.len(), 1, "{above}");
    }
    let ton = "Satuan: ton\ntanggal;indikator;jumlah;oleh;cara\n\
               21/11/2026;bsf-fed;2;Siti;ditimbang\n";
    assert!(amounts(&read(ton, &[]).unwrap())[0].starts_with("2000"));
}

#[test]
fn a_number_format_that_multiplies_is_never_dropped() {
    for (format, found) in [
        // As in a cell of text: `21000 ribu`.
        ("#,##0\" ribu\"", "21000000 IDR"),
        ("0.0\"k\"", "ledger-units-differ"),
        ("#,##0,", "ledger-units-differ"),
        ("0,", "ledger-units-differ"),
    ] {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        let shown = rust_xlsxwriter::Format::new().set_num_format(format);
        for (column, (heading, text)) in (0..).zip([
            ("tanggal", "20/11/2026"),
            ("indikator", "belt-saved"),
            ("satuan", "Rp"),
            ("oleh", "Siti"),
        ]) {
            sheet.write_string(0, column, heading).unwrap();
            sheet.write_string(1, column, text).unwrap();
        }
        sheet.write_string(0, 4, "jumlah").unwrap();
        sheet
            .write_number_with_format(1, 4, 21_000, &shown)
            .unwrap();
        let bytes = book.save_to_buffer().unwrap();
        let table = read_table(&bytes, &IndicatorDefinitions::built_in()).unwrap();
        assert_eq!(amounts(&table), [found], "{format}");
    }
}

#[test]
fn a_total_with_a_day_or_in_place_of_one_is_left_out_and_told() {
    let head = "tanggal;indikator;uraian;jumlah;satuan;cara;oleh\n\
                20/11/2026;bsf-fed;pagi;12,5;kg;ditimbang;Siti\n\
                21/11/2026;bsf-fed;Total limbah sayur;13;kg;ditimbang;Siti\n\
                22/11/2026;bsf-fed;sore;14;kg;ditimbang;Siti\n";
    for row in [
        "TOTAL;bsf-fed;;39,5;kg;ditimbang;Siti",
        "22/11/2026;bsf-fed;TOTAL;39,5;kg;ditimbang;Siti",
        "22/11/2026;bsf-fed;Subtotal minggu 1;39,5;kg;ditimbang;Siti",
        "30/11/2026;JUMLAH NOVEMBER 2026;;39,5;kg;;Siti",
        "22/11/2026;bsf-fed;;=SUM(D2:D4);kg;ditimbang;Siti",
    ] {
        let table = read(&format!("{head}{row}\n"), &[]).unwrap();
        assert_eq!((table.rows.len(), table.left_out.len()), (3, 1), "{row}");
        assert_eq!(table.left_out[0].line, 5, "{row}");
    }
    // What most rows are called is what they are about.
    let same = "tanggal;indikator;uraian;jumlah;satuan;cara;oleh\n\
                20/11/2026;bsf-fed;total;12,5;kg;ditimbang;Siti\n\
                21/11/2026;bsf-fed;total;13;kg;ditimbang;Siti\n";
    assert_eq!(read(same, &[]).unwrap().rows.len(), 2);
}

#[test]
fn a_workbook_says_the_unit_of_its_number_format_and_its_swapped_dates() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let tons = rust_xlsxwriter::Format::new().set_num_format("0.0\" ton\"");
    for (column, text) in (0..).zip(["tanggal", "indikator", "jumlah", "satuan", "oleh", "cara"]) {
        sheet.write_string(0, column, text).unwrap();
    }
    for (line, day) in [(1, "20/11/2026"), (2, "21/11/2026")] {
        for (column, text) in [(0, day), (1, "bsf-fed"), (4, "Siti"), (5, "ditimbang")] {
            sheet.write_string(line, column, text).unwrap();
        }
        sheet.write_number_with_format(line, 2, 2.5, &tons).unwrap();
    }
    sheet.write_string(2, 3, "kg").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let table = read_table(&bytes, &IndicatorDefinitions::built_in()).unwrap();
    let found = amounts(&table);
    assert_eq!(found[0], "ledger-units-differ", "{found:?}");
    assert!(found[1].starts_with("2500"), "{found:?}");
    let swapped = "tanggal;indikator;jumlah;satuan;oleh\n2026-05-11;bsf-fed;1;kg;Siti\n\
                   23/11/2026;bsf-fed;2;kg;Siti\n";
    let refused = read(swapped, &[]).unwrap_err();
    assert!(
        matches!(refused, TableError::SwappedDates(_)),
        "{refused:?}"
    );
    assert!(refused.message(Language::Id).contains("1 baris (2)"));
}
