//! Files that say one thing twice and differently: nothing is settled in silence. And the language
//! of messages of an import.

use crate::imports::ImportBench;
use crate::peers::python_peer;
use crate::wizards::{run_pantau, stderr_text};
use serde_json::Value;
use std::process::Output;

const JAKARTA: [&str; 2] = ["--zone", "Asia/Jakarta"];

/// Messages of a dry run, and its exit status.
#[track_caller]
fn dry_run(bench: &ImportBench, text: &str, words: &[&str]) -> (String, i32) {
    let output = bench.import(text, &[words, &["--dry-run"]].concat());
    (stderr_text(&output), output.status.code().unwrap())
}

#[test]
fn a_unit_that_two_places_state_is_refused_or_the_option_is_told() {
    let bench = ImportBench::new();
    let power = [&JAKARTA[..], &["--point", "inverter.power"]].concat();
    let text = "Waktu;Daya (W)\n2025-11-02 10:00;4,5\n";
    let (said, status) = dry_run(&bench, text, &[&power[..], &["--unit", "kW"]].concat());
    assert_eq!(status, 0, "{said}");
    for part in [
        "--unit kW dipakai, meskipun judul kolom menyebut W",
        "Nilai diubah dari kW ke W",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let energy = [&JAKARTA[..], &["--point", "inverter.energy"]].concat();
    let text = "Waktu;Energi (MWh)\n2025-11-02 10:00;12 kWh\n";
    let (said, status) = dry_run(&bench, text, &energy);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("--unit MWh atau --unit kWh"), "{said}");
    let (said, status) = dry_run(&bench, text, &[&energy[..], &["--unit", "kWh"]].concat());
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("meskipun judul kolom menyebut MWh"), "{said}");
}

#[test]
fn a_zone_that_two_places_state_is_refused_or_the_option_is_told() {
    let bench = ImportBench::new();
    let point = ["--point", "inverter.energy"];
    let text = "Waktu (WIB);Energi (kWh)\n2025-11-02T10:00:00Z;12\n";
    let (said, status) = dry_run(&bench, text, &point);
    assert_eq!(status, 1, "{said}");
    assert!(
        said.contains("--zone UTC+00:00 atau --zone UTC+07:00"),
        "{said}"
    );
    for (zone, first) in [("UTC+00:00", "T10:00:00Z"), ("UTC+07:00", "T03:00:00Z")] {
        let (said, status) = dry_run(&bench, text, &[&point[..], &["--zone", zone]].concat());
        assert_eq!(status, 0, "{said}");
        assert!(said.contains(&format!("pada 2025-11-02{first}")), "{said}");
        assert!(
            said.contains("dipakai") && said.contains("meskipun"),
            "{said}"
        );
    }
    let own = "time,value\n2025-11-02T10:00:00Z,12\n";
    let (said, status) = dry_run(&bench, own, &[&point[..], &JAKARTA].concat());
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("--zone Asia/Jakarta tidak dipakai"), "{said}");
}

#[test]
fn one_column_for_two_points_is_refused_by_name_and_by_number() {
    let bench = ImportBench::new();
    let text = "Waktu;E (kWh);P (W)\n2025-11-02 10:00;12;5\n";
    let columns = |first: &'static str, second: &'static str| {
        [&JAKARTA[..], &["--column", first, "--column", second]].concat()
    };
    for second in ["E (kWh)=inverter.power", "2=inverter.power"] {
        let words = columns("E (kWh)=inverter.energy", second);
        let (said, status) = dry_run(&bench, text, &words);
        assert_eq!(status, 1, "{said}");
        assert!(said.contains("Kolom 2 \"E (kWh)\" disebut untuk"), "{said}");
    }
    let words = columns("E (kWh)=inverter.energy", "P (W)=inverter.power");
    let (said, status) = dry_run(&bench, text, &words);
    assert_eq!(status, 0, "{said}");
}

/// Output of the import of a workbook with a row of sums.
fn import_sums(bench: &ImportBench, kind: &str, how: &[&str], words: &[&str]) -> Output {
    let file = bench
        .folder
        .path()
        .join(format!("{kind}{}.xlsx", how.len()));
    let file = file.to_str().unwrap();
    let mut peer = python_peer("sums_book.py");
    let made = peer.args([file, kind]).args(how).output().unwrap();
    assert!(made.status.success(), "{}", stderr_text(&made));
    let verb: &[&str] = match kind {
        "ledger" => &["ledger", "import"],
        _ => &["import"],
    };
    run_pantau(&bench.config, &[verb, &[file], words].concat())
}

#[test]
fn a_row_of_sums_is_left_out_with_its_result_and_without() {
    let bench = ImportBench::new();
    for how in [&[][..], &["stored"]] {
        let output = import_sums(&bench, "ledger", how, &["--dry-run"]);
        let said = stderr_text(&output);
        assert!(output.status.success(), "{how:?}: {said}");
        for part in [
            "baris 5: tidak dipakai karena berisi jumlah",
            "3 baris benar",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        let words = [&JAKARTA[..], &["--point", "inverter.energy", "--dry-run"]].concat();
        let output = import_sums(&bench, "readings", how, &words);
        let said = stderr_text(&output);
        assert!(output.status.success(), "{how:?}: {said}");
        for part in [
            "2 baris jumlah atau rata-rata dilewati",
            "3 baris dari 2025-11-01T00:00:00Z",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}

#[test]
fn at_a_terminal_the_decimal_sign_of_quantities_is_asked_for() {
    let bench = ImportBench::new();
    let table = "tanggal;indikator;jumlah;satuan;cara;oleh\n\
                 21/11/2025;bsf-fed;1.234;kg;ditimbang;Siti\n";
    let file = bench.file(table);
    let words = ["ledger", "import", &*file];
    let refused = run_pantau(&bench.config, &[&words[..], &["--yes"]].concat());
    let said = stderr_text(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("1.234 / 1,234") && said.contains("--decimal"),
        "{said}"
    );
    let (shown, status) = bench.at_terminal(&words, &["comma", "y"]);
    assert_eq!(status, 0, "{shown}");
    assert!(shown.contains("koma desimal"), "{shown}");
    let list = run_pantau(&bench.config, &["ledger", "list", "--json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list[0]["quantity"], 1234, "{list:#}");
}

/// Words of English that no message in Bahasa Indonesia has.
const ENGLISH_WORDS: [&str; 43] = [
    "an", "and", "are", "column", "columns", "counted", "date", "day", "declared", "error",
    "failed", "file", "found", "from", "heading", "hour", "hours", "in", "invalid", "is", "line",
    "lines", "metered", "missing", "month", "no", "not", "number", "of", "record", "row", "rows",
    "the", "time", "to", "unit", "value", "values", "weighed", "with", "without", "year", "zone",
];

/// Words of a text without what is typed as it stands: quoted texts, options, ids, ISO times.
fn plain_words(said: &str) -> Vec<String> {
    let unquoted = said.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let words = unquoted.split([' ', '\n', ',', ';', ':', '(', ')', '[', ']']);
    let is_typed = |word: &&str| {
        let is_standard_time = word.len() > 10 && word.as_bytes()[4] == b'-';
        word.starts_with("--") || word.contains(['/', '=', '_']) || is_standard_time
    };
    let words = words.filter(|word| !is_typed(word));
    words
        .map(|word| word.trim_end_matches('.').to_lowercase())
        .collect()
}

#[track_caller]
fn check_indonesian(said: &str) {
    // What the command line wants is typed in English in every language.
    let said = said.replace("time,value", "").replace("--date-order", "");
    for word in plain_words(&said) {
        assert!(!ENGLISH_WORDS.contains(&&*word), "\"{word}\" in {said}");
        let decimals = word.rsplit_once('.').map_or("", |(whole, decimals)| {
            let is_digit =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if is_digit(whole) && is_digit(decimals) {
                decimals
            } else {
                ""
            }
        });
        assert!(
            decimals.is_empty() || decimals.len() == 3,
            "\"{word}\" in {said}"
        );
    }
}

#[test]
fn what_an_import_says_in_bahasa_indonesia_has_no_english_words_or_numbers() {
    let bench = ImportBench::new();
    let energy = [&JAKARTA[..], &["--point", "inverter.energy"]].concat();
    let kept = "time,value\n2025-11-01T03:00:00Z,100.5\n2025-11-01T04:00:00Z,101.5\n";
    assert!(
        bench
            .import(kept, &["--point", "inverter.energy"])
            .status
            .success()
    );
    for (text, words) in [
        (
            "time,value\n2025-11-01T03:00:00Z,102.25\n2025-11-01T03:30:00Z,1.5\n",
            &energy[2..],
        ),
        (
            "Waktu;Energi (kWh)\n2025-11-02 10:00;1,5\n2025-11-03 10:00;2,5\n",
            &energy,
        ),
        (
            "Waktu;Energi (kWh)\n2025-11-02 10:00;1,5\nkemarin;2,5\n31/11/2025;3\n",
            &energy,
        ),
        (
            "Waktu;Energi\n2025-11-02 10:00;x\n2025-11-02 10:00:01.5;1.5\n",
            &energy,
        ),
        ("Waktu;Energi (hp)\n2025-11-02 10:00;1,5\n", &energy),
        ("Waktu;A;B\n02/03/2025 10:00;1.234;5\n", &energy[2..]),
        ("", &energy),
        ("halo\n", &energy),
        (
            "Waktu;kWh\n2025-11-02 10:00;9,5\n2025-11-02 11:00;8,5\n2025-11-02 12:00;7,5\n",
            &energy,
        ),
    ] {
        check_indonesian(&dry_run(&bench, text, words).0);
    }
    let head = "tanggal;indikator;jumlah;satuan;cara;oleh\n";
    for rows in [
        "21/11/2025;belt-saved;70,7 juta;Rp;dinyatakan;Siti\n22/11/2025;bsf-fed;2.5;ton;;Siti\n",
        "23/11/2025;bsf-fed;2,5;elang;kira-kira;Siti\n46000;bsf-fed;12345678901234567;kg;;S\n",
        "24/11/2025;batik;2,5;pcs;dihitung;Siti\n25/11/2025;bsf-fed;-3,5;kg;ditimbang;\n",
        "31/11/2025;bsf-fd;1.234;kg;ditimbang;Siti\n2099-01-01;bsf-fed;5e9;kg;ditimbang;Siti\n",
        "26/11/2025;bsf-fed;2500000000,5;kg;ditimbang;S\n26/11/2025;bsf-fed;2500000000,5;kg;;S\n",
        "Jumlah;;12,5;;;\n",
    ] {
        let file = bench.file(&format!("{head}{rows}"));
        let output = run_pantau(&bench.config, &["ledger", "import", &file, "--dry-run"]);
        check_indonesian(&stderr_text(&output));
    }
    for file in ["tidak-ada.csv", "."] {
        for verb in [
            &["ledger", "import"][..],
            &["import", "--point", "inverter.energy"],
        ] {
            let output = run_pantau(&bench.config, &[verb, &[file]].concat());
            check_indonesian(&stderr_text(&output));
        }
    }
}
