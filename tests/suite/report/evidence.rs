//! Tests of the evidence of a report with the whole program: its bundle, and its file checked
//! again.

use super::month::{ReportedSite, irrigation_plant, report_figure};
use crate::evidence::{independent_verdict, verify_without_configuration};
use crate::sites::write_config;
use gateway::clock::Clock;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
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
fn the_reading_at_the_end_of_a_period_is_in_the_bundle_before_its_day_is_closed() {
    // A zone in which it is about noon, so that today is far from being closed.
    let now = Timestamp::from_millisecond(Clock::system().now().at.0).unwrap();
    let hour = TimeZone::UTC.to_datetime(now).hour();
    let zone = TimeZone::fixed(Offset::constant(12 - hour));
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), irrigation_plant());
    let text = std::fs::read_to_string(&config).unwrap();
    // The sign of these names is that of the way to Greenwich.
    let name = format!("Etc/GMT{:+}", hour - 12);
    let text = text.replace("Asia/Jakarta", name.trim_end_matches("+0"));
    std::fs::write(&config, text).unwrap();
    let site = ReportedSite::at(folder);
    let today = zone.to_datetime(now).date();
    let start = zone.to_timestamp(today.at(0, 0, 0, 0)).unwrap() - 72.hours();
    let mut text = "time,value\n".to_owned();
    for step in 0..76_i32 {
        let (at, value) = (start + step.hours(), 500.0 + f64::from(step) * 0.42);
        writeln!(text, "{at},{value:.2}").unwrap();
    }
    std::fs::write(site.folder.path().join("hourly.csv"), text).unwrap();
    site.run_ok(&["import", "--point", "inverter.energy", "hourly.csv"]);
    let period = today.yesterday().unwrap().to_string();
    let words = ["report", &period, "-o", "day.json", "--bundle", "day.zip"];
    site.run_ok(&words);
    let report = std::fs::read(site.folder.path().join("day.json")).unwrap();
    let report: Json = serde_json::from_slice(&report).unwrap();
    let value = report_figure(&report, "plts/plts.generation")["value"].as_f64();
    let bundle = site.folder.path().join("day.zip");
    let mut closing = crate::peers::python_peer("closing.py");
    let output = closing
        .arg(&bundle)
        .arg("inverter.energy")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    let sums: Json = serde_json::from_slice(&output.stdout).expect(&complaint);
    let growth = sums["growth"].as_f64().unwrap();
    assert!((value.unwrap() - growth).abs() < 1e-9, "{value:?} {sums}");
    assert!((growth - 24.0 * 0.42).abs() < 1e-9, "{sums}");
    let (is_good, told) = verify_without_configuration(&bundle);
    assert!(is_good, "{told:#}");
    let parts = told["uncovered"].as_array().unwrap();
    let closing = parts.iter().find(|part| part["what"] == "closing");
    assert_eq!(
        closing.map(|part| &part["count"]),
        Some(&1.into()),
        "{told:#}"
    );
    assert_eq!(independent_verdict(&bundle)["good"], true);
}

#[test]
fn a_report_of_the_command_line_is_noted_with_the_person_like_an_entry() {
    let site = ReportedSite::new();
    let issuer = |who: &[&str], user: Option<&str>| -> String {
        let words = ["report", "2025-11", "-o", "own.csv"];
        let mut command = site.command(&[&words[..], who].concat(), "id");
        for name in ["SUDO_USER", "USER", "LOGNAME"] {
            command.env_remove(name);
        }
        if let Some(user) = user {
            command.env("USER", user);
        }
        let made = command.output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let said = site.run(&["verify", "own.csv", "--json"], "id");
        let said: Json = serde_json::from_slice(&said.stdout).unwrap();
        let notes = said["report"]["issued_by"].as_str().map(str::to_owned);
        // Another person is another note of the same content.
        site.run_ok(&[
            "ledger",
            "add",
            "bsf-fed",
            "1",
            "kg",
            "--date",
            "2025-11-20",
            "--again",
        ]);
        notes.unwrap()
    };
    assert_eq!(issuer(&["--who", "Siti"], Some("budi")), "Siti");
    assert_eq!(issuer(&[], Some("budi")), "budi");
    assert_ne!(issuer(&[], None), "");
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
    let entries = &said["since"]["entries"];
    assert_eq!(
        (&entries[0]["id"], &entries[0]["supersedes"]),
        (&5.into(), &1.into())
    );
    let foreign = site.folder.path().join("foreign.json");
    std::fs::write(&foreign, format!("{{\"content\":\"{}\"}}", "ab".repeat(32))).unwrap();
    let (status, said) = verify(&foreign);
    assert_eq!((status, &said["report"]), (Some(1), &Json::Null));
}

/// The texts of the rows of a table in a section of a report.
fn table_texts<'j>(report: &'j Json, section: &str, table: &str) -> Vec<Vec<&'j str>> {
    let sections = report["sections"].as_array().unwrap().iter();
    let mut own = sections.filter(|one| one["id"] == section);
    let blocks = own.next().map(|one| one["blocks"].as_array().unwrap());
    let blocks = blocks.into_iter().flatten();
    let rows = blocks.filter(|one| one["id"] == table);
    let rows = rows.flat_map(|one| one["rows"].as_array().unwrap());
    let cells = |row: &'j Json| {
        let cells = row.as_array().unwrap().iter();
        cells.map(|cell| cell["text"].as_str().unwrap()).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn a_second_report_says_what_was_revised_since_the_first_and_by_how_much() {
    let site = ReportedSite::new();
    let read = |name: &str| -> Json {
        let file = site.report_file("en", "json");
        let kept = site.folder.path().join(name);
        std::fs::rename(file, &kept).unwrap();
        serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap()
    };
    // The same content again, in whatever format, revises nothing.
    site.report_file("id", "pdf");
    for name in ["one.json", "two.json"] {
        let same = read(name);
        assert_eq!(table_texts(&same, "revised", "revised-issues").len(), 0);
    }
    let correct = ["ledger", "correct", "1", "--quantity", "130"];
    let why = ["--who", "Siti", "--note", "timbang ulang"];
    site.run_ok(&[&correct[..], &why].concat());
    let oil = ["ledger", "correct", "3", "--quantity", "28,5"];
    site.run_ok(&[&oil[..], &why].concat());
    let rows = "time,value\n2025-11-12T12:00:00+07:00,1\n";
    std::fs::write(site.folder.path().join("late.csv"), rows).unwrap();
    let import = ["import", "--replace", "--who", "Budi", "--point"];
    site.run_ok(&[&import[..], &["inverter.energy", "late.csv"]].concat());
    let second = read("three.json");
    let issues = table_texts(&second, "revised", "revised-issues");
    assert_eq!((issues.len(), issues[0][0]), (1, "1"), "{issues:?}");
    let changes = table_texts(&second, "revised", "revised-changes");
    let changes: Vec<&str> = changes.into_iter().map(|row| row[0]).collect();
    for part in [
        "The data of 12 November 2025 changed: readings were imported.",
        "Ledger entry 5 took the place of entry 1 (Organic waste fed to maggots: ",
        "120.5\u{a0}kg before, 130\u{a0}kg now)",
        "18.5\u{a0}L before, 28.5\u{a0}L now)",
        "1 readings of inverter.energy from the file late.csv were imported by Budi",
    ] {
        assert!(
            changes.iter().any(|line| line.contains(part)),
            "{changes:?}"
        );
    }
    let moved = table_texts(&second, "revised", "revised-moved");
    let fed = moved.iter().find(|row| row[1].contains("132.5"));
    assert_eq!(
        fed.map(|row| row[3].replace('\u{a0}', " ")),
        Some("+9.5 kg".to_owned())
    );
    // The oil has no target, and so is no headline; it is compared all the same.
    let oil = moved.iter().find(|row| row[1].contains("18.5"));
    assert_eq!(
        oil.map(|row| row[3].replace('\u{a0}', " ")),
        Some("+10.0 L".to_owned()),
        "{moved:?}"
    );
    let first_page = second["sections"][0].to_string();
    assert!(first_page.contains("Reported before"), "{first_page}");
    // The command tells the same list about the first file.
    let file = site.folder.path().join("one.json");
    let output = site.run(&["verify", file.to_str().unwrap(), "--json"], "en");
    let said: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        said["since"]["lines"],
        serde_json::json!(changes),
        "{said:#}"
    );
    // A third report lists both, and compares with the first.
    let third = read("four.json");
    assert_eq!(table_texts(&third, "revised", "revised-issues").len(), 2);
    assert_eq!(third["evidence"]["content"], second["evidence"]["content"]);
    assert_eq!(table_texts(&third, "revised", "revised-moved"), moved);
}

#[test]
fn an_edited_number_in_a_json_report_does_not_fit_the_hash_that_it_names() {
    let site = ReportedSite::new();
    let file = site.report_file("id", "json");
    let text = std::fs::read_to_string(&file).unwrap();
    let verify = |text: &str| {
        let file = site.folder.path().join("other.json");
        std::fs::write(&file, text).unwrap();
        let output = site.run(&["verify", file.to_str().unwrap(), "--json"], "id");
        let said: Json = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), said)
    };
    // Saved again with other white space: not the file, but nothing was edited.
    let (status, said) = verify(&text.replace("\n  ", "\n    "));
    let found = (status, &said["issued"], &said["edited"]);
    assert_eq!(found, (Some(1), &Json::Bool(false), &Json::Bool(false)));
    assert!(text.contains("132.5"), "{text}");
    let (status, said) = verify(&text.replacen("132.5", "232.5", 1));
    let found = (status, &said["issued"], &said["edited"]);
    assert_eq!(found, (Some(1), &Json::Bool(false), &Json::Bool(true)));
    assert_eq!(said["report"]["id"], 1, "{said:#}");
    let (status, said) = verify(&text);
    assert_eq!((status, &said["edited"]), (Some(0), &Json::Bool(false)));
}

#[test]
fn a_file_that_an_office_program_or_an_editor_only_saved_again_has_no_edited_value() {
    let site = ReportedSite::new();
    let changed = |name: &str| -> Json {
        let file = site.folder.path().join(name);
        let output = site.run(&["verify", file.to_str().unwrap(), "--json"], "id");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said: Json = serde_json::from_slice(&output.stdout).unwrap();
        said["changed"].clone()
    };
    let values = |name: &str| -> Vec<Json> {
        let changed = changed(name);
        assert_eq!(changed["compared"], "report", "{changed:#}");
        changed["values"].as_array().unwrap().clone()
    };
    for lang in ["id", "en"] {
        let [old, new] = match lang {
            "id" => ["132,5", "232,5"],
            _ => ["132.5", "232.5"],
        };
        let text = std::fs::read_to_string(site.report_file(lang, "csv")).unwrap();
        let bare = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        for text in [
            bare.clone(),
            bare.replace('\n', "\r"),
            format!("\u{feff}{bare}"),
        ] {
            std::fs::write(site.folder.path().join("saved.csv"), &text).unwrap();
            assert_eq!(values("saved.csv"), Vec::<Json>::new(), "{lang}");
            let edited = text.replacen(old, new, 1);
            std::fs::write(site.folder.path().join("saved.csv"), edited).unwrap();
            let found = values("saved.csv");
            assert_eq!(found.len(), 1, "{lang}: {found:#?}");
        }
        let mut office = crate::peers::python_peer("save_again.py");
        let status = office.arg(site.report_file(lang, "xlsx")).status();
        assert!(status.unwrap().success());
        let name = format!("{lang}-saved.xlsx");
        assert_eq!(values(&name), Vec::<Json>::new(), "{lang}");
        let edited = format!("{lang}-edited.xlsx");
        let (from, to) = (
            site.folder.path().join(&name),
            site.folder.path().join(&edited),
        );
        let mut editor = crate::peers::python_peer("edit_workbook.py");
        let status = editor.args([&from, &to]).arg("132.5").status();
        assert!(status.unwrap().success());
        let found = values(&edited);
        assert!(!found.is_empty(), "{lang}");
        assert!(
            found.iter().all(|one| one["issued"] == "132.5"),
            "{lang}: {found:#?}"
        );
    }
}

#[test]
fn an_edited_number_is_named_with_its_place_whatever_the_format() {
    let site = ReportedSite::new();
    let verify = |name: &str| -> Json {
        let file = site.folder.path().join(name);
        let output = site.run(&["verify", file.to_str().unwrap(), "--json"], "id");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said: Json = serde_json::from_slice(&output.stdout).unwrap();
        crate::evidence_keys::assert_keys_are_documented(&said);
        said["changed"].clone()
    };
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(site.folder.path().join(name), bytes).unwrap();
    };
    for lang in ["id", "en"] {
        let text = std::fs::read_to_string(site.report_file(lang, "json")).unwrap();
        write("edited.json", text.replacen("132.5", "232.5", 1).as_bytes());
        let changed = verify("edited.json");
        let values = changed["values"].as_array().unwrap();
        assert_eq!(values.len(), 1, "{changed:#}");
        let place = values[0]["place"].as_str().unwrap();
        assert!(place.contains("ledger.bsf-fed"), "{changed:#}");
        // The first one may be the number in a text, which has its unit.
        let of = |key: &str| values[0][key].as_str().unwrap().to_owned();
        assert!(of("in_file").starts_with("232.5"), "{changed:#}");
        assert!(of("issued").starts_with("132.5"), "{changed:#}");
        let text = std::fs::read_to_string(site.report_file(lang, "csv")).unwrap();
        let [old, new] = match lang {
            "id" => ["132,5", "232,5"],
            _ => ["132.5", "232.5"],
        };
        write("edited.csv", text.replacen(old, new, 1).as_bytes());
        let changed = verify("edited.csv");
        assert_eq!(changed["compared"], "report");
        let values = changed["values"].as_array().unwrap();
        assert_eq!(values.len(), 1, "{changed:#}");
        assert_eq!(values[0]["in_file"], new, "{changed:#}");
        // Saved again by a spreadsheet: other bytes, the same values; then with one edited.
        let book = site.report_file(lang, "xlsx");
        for (edit, count) in [("0", 0), ("132.5", 1)] {
            let to = site.folder.path().join("edited.xlsx");
            let mut command = crate::peers::python_peer("edit_workbook.py");
            let status = command.args([&book, &to]).arg(edit).status();
            assert!(status.unwrap().success());
            let changed = verify("edited.xlsx");
            assert_eq!(changed["compared"], "report", "{changed:#}");
            let values = changed["values"].as_array().unwrap();
            assert!(values.len() >= count, "{changed:#}");
            assert_eq!(values.is_empty(), count == 0, "{changed:#}");
        }
    }
    let pdf = std::fs::read(site.report_file("id", "pdf")).unwrap();
    write("edited.pdf", &[&pdf[..], b"\n"].concat());
    assert_eq!(verify("edited.pdf")["compared"], "nothing");
    // After the data changed, the figures of the note are left.
    let text = std::fs::read_to_string(site.report_file("id", "json")).unwrap();
    let correct = ["ledger", "correct", "1", "--quantity", "130"];
    let why = ["--who", "Siti", "--note", "timbang ulang"];
    site.run_ok(&[&correct[..], &why].concat());
    write("edited.json", text.replacen("132.5", "232.5", 1).as_bytes());
    let changed = verify("edited.json");
    assert_eq!(changed["compared"], "headlines", "{changed:#}");
    assert_eq!(changed["values"][0]["in_file"], "232.5", "{changed:#}");
}

#[test]
fn an_edited_number_is_named_also_after_the_configuration_was_changed() {
    let site = ReportedSite::new();
    let text = std::fs::read_to_string(site.report_file("en", "json")).unwrap();
    let config = site.folder.path().join("pantau.toml");
    let old = std::fs::read_to_string(&config).unwrap();
    let new = old.replacen("name = ", "name = 'Atap sekolah' # ", 1);
    assert_ne!(old, new);
    std::fs::write(&config, new).unwrap();
    let file = site.folder.path().join("edited.json");
    std::fs::write(&file, text.replacen("132.5", "232.5", 1)).unwrap();
    let output = site.run(&["verify", file.to_str().unwrap(), "--json"], "en");
    let said = serde_json::from_slice(&output.stdout);
    let said: Json = said.unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(said["today"]["same"], false, "{said:#}");
    assert_eq!(said["changed"]["compared"], "report", "{said:#}");
    let values = said["changed"]["values"].as_array().unwrap();
    assert_eq!(values.len(), 1, "{said:#}");
    let of = |key: &str| values[0][key].as_str().unwrap().to_owned();
    assert!(of("place").contains("ledger.bsf-fed"), "{said:#}");
    assert!(of("in_file").starts_with("232.5") && of("issued").starts_with("132.5"));
    // And the key of the configuration with both values.
    let lines = said["since"]["lines"].to_string();
    assert!(
        lines.contains("[site]: name") && lines.contains("Desa Impian") && lines.contains("Atap"),
        "{lines}"
    );
}
