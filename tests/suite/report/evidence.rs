//! Tests of the evidence of a report with the whole program: its bundle, and its file checked
//! again.

use super::month::{ReportedSite, report_figure};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn an_outsider_gets_the_figure_of_a_day_from_the_bundle_to_the_digit() {
    let site = ReportedSite::new();
    // Counting by night too, so that the readings before and after the day change the sum.
    let mut text = "time,value\n".to_owned();
    for step in 0..4 * 144_u32 {
        let (day, hour, minute) = (10 + step / 144, step / 6 % 24, step % 6 * 10);
        let value = 500.0 + f64::from(step) * 0.07;
        writeln!(
            text,
            "2025-10-{day}T{hour:02}:{minute:02}:00+07:00,{value:.2}"
        )
        .unwrap();
    }
    let file = site.folder.path().join("night.csv");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    site.run_ok(&["import", "--point", "inverter.energy", file]);
    let (report, bundle) = (site.folder.path().join("day.json"), "day.zip");
    let to = report.to_str().unwrap();
    site.run_ok(&["report", "2025-10-12", "-o", to, "--bundle", bundle]);
    let report: Json = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let value = report_figure(&report, "plts/plts.generation")["value"].as_f64();
    let output = crate::peers::python_peer("closing.py")
        .arg(site.folder.path().join(bundle))
        .arg("inverter.energy")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    let sums: Json = serde_json::from_slice(&output.stdout).expect(&complaint);
    let growth = sums["growth"].as_f64().unwrap();
    assert!((value.unwrap() - growth).abs() < 1e-9, "{value:?} {sums}");
    assert!((growth - 10.08).abs() < 1e-9, "{sums}");
    // The day alone is short by the last ten minutes.
    assert!(
        (sums["rows_within"].as_f64().unwrap() - 10.01).abs() < 1e-9,
        "{sums}"
    );
}

#[test]
fn a_report_file_is_known_again_and_what_has_changed_since_is_told() {
    let site = ReportedSite::new();
    let verify = |file: &Path| {
        let output = site.run(&["verify", file.to_str().unwrap(), "--json"], "id");
        let errors = String::from_utf8_lossy(&output.stderr);
        let said: Json = serde_json::from_slice(&output.stdout).expect(&errors);
        (output.status.code(), said)
    };
    for format in ["pdf", "xlsx", "csv", "json"] {
        let file = site.report_file("id", format);
        let (status, said) = verify(&file);
        assert_eq!(
            (status, &said["issued"]),
            (Some(0), &Json::Bool(true)),
            "{said:#}"
        );
        assert_eq!(said["today"]["same"], true, "{said:#}");
        assert_eq!(said["report"]["period"], "2025-11");
        // One byte more: not the file that was handed out, though it says so.
        let mut bytes = std::fs::read(&file).unwrap();
        bytes.push(b'\n');
        let other = site.folder.path().join(format!("other.{format}"));
        std::fs::write(&other, bytes).unwrap();
        let (status, said) = verify(&other);
        assert_eq!(
            (status, &said["issued"]),
            (Some(1), &Json::Bool(false)),
            "{format}"
        );
        assert_eq!(said["report"]["id"], 1, "{format}: {said:#}");
    }
    let file = site.report_file("id", "pdf");
    let correct = [
        "ledger",
        "correct",
        "1",
        "--quantity",
        "130",
        "--who",
        "Siti",
    ];
    site.run_ok(&[&correct[..], &["--note", "timbang ulang"]].concat());
    let (status, said) = verify(&file);
    assert_eq!(status, Some(0), "{said:#}");
    assert_eq!(said["today"]["same"], false);
    let moved = said["today"]["moved"].as_array().unwrap();
    assert!(
        moved.iter().any(|one| one["id"] == "ledger.bsf-fed"),
        "{said:#}"
    );
    assert_eq!(said["since"]["entries"]["last"], 5, "{said:#}");
    let foreign = site.folder.path().join("foreign.json");
    std::fs::write(&foreign, format!("{{\"content\":\"{}\"}}", "ab".repeat(32))).unwrap();
    let (status, said) = verify(&foreign);
    assert_eq!((status, &said["report"]), (Some(1), &Json::Null));
}
