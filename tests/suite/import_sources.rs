//! Files that say a unit, a zone or a total in more than one place: nothing of it is passed over.

use crate::imports::ImportBench;
use crate::wizards::stderr_text;

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
