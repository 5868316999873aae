//! Files that say a unit, a zone or a total in more than one place: nothing of it is passed over.

use crate::imports::ImportBench;
use crate::peers::python_peer;
use crate::wizards::{run_pantau, stderr_text};

const POWER: [&str; 4] = ["--point", "inverter.power", "--zone", "WIB"];

/// Imports, and says what was told and the exit status.
fn import(bench: &ImportBench, text: &str, words: &[&str]) -> (String, Option<i32>) {
    let output = bench.import(text, words);
    (stderr_text(&output), output.status.code())
}

#[test]
fn a_unit_beside_the_values_or_above_the_heading_is_converted_refused_or_told() {
    let files = [
        "Waktu;Daya;Satuan\n2025-11-01 10:00;1,5;kW\n",
        "Satuan: kW\nWaktu;Daya\n2025-11-01 10:00;1,5\n",
        "Unit;kW\nWaktu;Daya\n2025-11-01 10:00;1,5\n",
    ];
    for file in files {
        let (said, status) = import(&ImportBench::new(), file, &POWER);
        assert_eq!(status, Some(0), "{said}");
        assert!(said.contains("Nilai diubah dari kW ke W"), "{said}");
        let (said, status) = import(
            &ImportBench::new(),
            file,
            &[&POWER[..], &["--unit", "W"]].concat(),
        );
        assert_eq!(status, Some(0), "{said}");
        assert!(said.contains("--unit W dipakai, meskipun"), "{said}");
        let other = file.replace("Daya", "Daya (W)");
        let (said, status) = import(&ImportBench::new(), &other, &POWER);
        assert_eq!(status, Some(1), "{said}");
        for part in ["menyebut kW", "menyebut W", "--unit"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let rate = "Waktu;Daya (kWh/hari)\n2025-11-01 10:00;1,5\n";
    let (said, status) = import(&ImportBench::new(), rate, &POWER);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("judul kolom menyebut kWh/hari"), "{said}");
}

#[test]
fn a_zone_above_the_heading_is_shown_and_what_an_option_counts_more_is_told() {
    let file = "Satuan: W\nZona waktu: WIT\nWaktu;Daya\n2025-11-01 10:00;1500\n";
    let point = &POWER[..2];
    let (said, status) = import(&ImportBench::new(), file, point);
    assert_eq!(status, Some(0), "{said}");
    for part in [
        "menurut zona di baris 2 di atas judul kolom",
        "2025-11-01T01:00:00Z",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (said, _) = import(&ImportBench::new(), file, &POWER);
    let told = "dipakai, meskipun baris 2 di atas judul kolom menyebut UTC+09:00";
    assert!(said.contains(told), "{said}");
    let two = file.replace("Waktu;", "Waktu (UTC);");
    let (said, status) = import(&ImportBench::new(), &two, point);
    assert_eq!(status, Some(1), "{said}");
    let told = "judul kolom menyebut UTC+00:00, sedangkan baris 2 di atas judul kolom menyebut";
    assert!(said.contains(told), "{said}");
}

/// Imports a workbook that openpyxl wrote, and says what was told and the exit status.
fn import_book(bench: &ImportBench, kind: &str, words: &[&str]) -> (String, Option<i32>) {
    let file = bench.folder.path().join("book.xlsx");
    let mut peer = python_peer("import_book.py");
    assert!(peer.arg(kind).arg(&file).status().unwrap().success());
    let call = [&["import", file.to_str().unwrap()], words].concat();
    let output = run_pantau(&bench.config, &call);
    (stderr_text(&output), output.status.code())
}

#[test]
fn a_unit_that_only_the_number_format_of_a_workbook_shows_counts_as_written_behind_the_value() {
    let of = |column: &str, more: &[&str]| {
        let bench = ImportBench::new();
        let words = [&POWER[..], &["--column", column], more].concat();
        let (said, status) = import_book(&bench, "units", &words);
        let kept = run_pantau(&bench.config, &["export", "--point", "inverter.power"]);
        (said, status, String::from_utf8(kept.stdout).unwrap())
    };
    let (said, status, _) = of("Daya (W)", &[]);
    assert_eq!(status, Some(1), "{said}");
    for part in ["judul kolom menyebut W", "nilainya menyebut kW", "--unit"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (said, status, kept) = of("Daya (W)", &["--unit", "kW"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("meskipun judul kolom menyebut W"), "{said}");
    assert!(kept.contains("2025-11-01T03:00:00Z,1500\n"), "{kept}");
    // 1500 is shown as 1,50 kW.
    let (said, status, kept) = of("Daya", &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("Nilai diubah dari kW ke W"), "{said}");
    assert!(kept.contains("2025-11-01T03:00:00Z,1500\n"), "{kept}");
}

#[test]
fn dates_that_a_spreadsheet_swapped_are_refused_with_their_rows() {
    let (said, status) = import_book(&ImportBench::new(), "swapped", &POWER);
    assert_eq!(status, Some(1), "{said}");
    for part in [
        "11 baris (2, 3, 4, 5, 6, ...)",
        "baris 14",
        "13/11/2025",
        "menukar hari",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_dated_sum_of_a_workbook_is_left_out_and_told() {
    let (said, status) = import_book(&ImportBench::new(), "sum", &POWER);
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("1 baris jumlah atau rata-rata dilewati, yang pertama baris 5"),
        "{said}"
    );
    assert!(said.contains("3 baris"), "{said}");
}

#[test]
fn rows_that_a_status_column_calls_wrong_are_kept_as_bad_and_told() {
    let bench = ImportBench::new();
    let text = "Waktu;Daya (W);Status\n2025-11-01 10:00;1500;OK\n2025-11-01 10:10;1600;ERROR\n\
                2025-11-01 10:20;1700;Tidak valid\n2025-11-01 10:30;1800;MPPT\n";
    let (said, status) = import(&bench, text, &POWER);
    assert_eq!(status, Some(0), "{said}");
    for part in [
        "2 baris yang nilainya dinyatakan salah oleh kolom \"Status\"",
        "(ERROR: 1, Tidak valid: 1) disimpan sebagai buruk, yang pertama baris 3",
        "1 baris memakai status yang tidak dikenal di kolom \"Status\" (MPPT: 1)",
        "4 baru",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let kept = run_pantau(&bench.config, &["export", "--point", "inverter.power"]);
    let kept = String::from_utf8(kept.stdout).unwrap();
    let good = "time,value\n2025-11-01T03:00:00Z,1500\n2025-11-01T03:30:00Z,1800\n";
    assert_eq!(kept, good);
    // The same file again changes nothing.
    let (said, status) = import(&bench, text, &POWER);
    assert_eq!(status, Some(0), "{said}");
}

#[test]
fn totals_of_days_that_rise_are_no_counter_until_a_person_says_so() {
    let energy = ["--point", "inverter.energy", "--zone", "WIB", "--yes"];
    for heading in ["Energi (kWh)", "Produksi harian (kWh)"] {
        let text = format!(
            "Tanggal;{heading}\n2025-11-01;12,0\n2025-11-02;13,1\n2025-11-03;14,2\n\
             2025-11-04;15,0\n"
        );
        let (said, status) = import(&ImportBench::new(), &text, &energy);
        assert_eq!(status, Some(1), "{said}");
        for part in ["dari 12 sampai 15", "jumlah per hari", "--falling-counter"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let words = [&energy[..], &["--falling-counter"]].concat();
        let (said, status) = import(&ImportBench::new(), &text, &words);
        assert_eq!(status, Some(0), "{said}");
    }
}

#[test]
fn a_counter_that_falls_once_is_told_as_a_meter_that_began_again() {
    let text = "Waktu;Energi (kWh)\n2025-11-01 10:00;500,5\n2025-11-01 11:00;501,0\n\
                2025-11-01 12:00;0,4\n2025-11-01 13:00;0,9\n2025-11-01 14:00;1,5\n";
    let energy = ["--point", "inverter.energy", "--zone", "WIB", "--yes"];
    let (said, status) = import(&ImportBench::new(), text, &energy);
    assert_eq!(status, Some(0), "{said}");
    let told = "turun 1 kali, yang pertama pada 2025-11-01T05:00:00Z: 501, lalu 0,4";
    assert!(said.contains(told), "{said}");
    assert!(said.contains("meter yang diganti"), "{said}");
    let rising = text
        .replace("0,4", "501,4")
        .replace("0,9", "502")
        .replace("1,5", "503");
    let (said, _) = import(&ImportBench::new(), &rising, &energy);
    assert!(!said.contains("turun"), "{said}");
}

#[test]
fn the_preview_of_an_import_is_in_the_language_of_the_reader() {
    let bench = ImportBench::new();
    let power = "sep=;\nRekap\nNo;Hari;Waktu;Daya (kW);Status\n1;Sabtu;01/11/2025 10:00;1,5;OK\n\
                 2;Kamis;13/11/2025 10:00;1,6;ERROR\n3;Kamis;13/11/2025 10:05;;OK\n\
                 4;Kamis;13/11/2025 10:10;99,5;OK\nTOTAL;;;102,6;\n";
    let energy = "Waktu;Energi (kWh)\n2025-11-01 10:00;500,5\n2025-11-01 11:00;0,4\n\
                  2025-11-01 11:00;0,4\n2025-11-01 12:00;0,9\n2025-11-01 13:00;1,5\n";
    let entries = "Rekap\nTanggal;Indikator;Jumlah;Satuan;Oleh;Cuaca\n\
                   21/11/2025;bsf-fed;12,5;ton;Siti;hujan\n22/11/2025;bsf-fed;0;kg;Siti;\n\
                   TOTAL;;12.500;kg;;\n";
    let ledger = bench.folder.path().join("entries.csv");
    std::fs::write(&ledger, entries).unwrap();
    let output = run_pantau(
        &bench.config,
        &["ledger", "import", ledger.to_str().unwrap(), "--dry-run"],
    );
    let point = ["--point", "inverter.energy", "--zone", "WIB", "--dry-run"];
    for (said, status) in [
        import(&bench, power, &[&POWER[..], &["--dry-run"]].concat()),
        import(&bench, energy, &point),
        (stderr_text(&output), output.status.code()),
    ] {
        assert_eq!(status, Some(0), "{said}");
        // What the file and the call say is quoted.
        let own = said.replace("ERROR", "").replace("--yes", "");
        let words = crate::report::english_words(&own);
        assert!(words.is_empty(), "{words:?} in\n{said}");
    }
}
