//! Tests of what a bundle cannot prove: whoever knows the format makes the manifest anew.

use super::tests::{
    LEDGER, check_changed_bundle, check_forgery, check_whole_bundle, lines_of_day, three_days,
    write_bundle, write_bundle_of, write_bundle_with,
};
use super::*;
use crate::domain::UtcMs;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const REPORT: &str = "report/laporan.json";
const CONFIGURATION_2: &[u8] = b"[site]\n[web]\n";

/// A report as it is added to a bundle, made when ledger entry 3 and some texts were open.
fn report_text() -> String {
    let line = |kind: RevisionKind, id: u64, text: &[u8]| {
        let line = RevisionLine {
            id,
            since: UtcMs(0),
            sha256: hash(text),
        };
        line.line(kind)
    };
    let open = [
        format!("ledger 3 3 {}", hash(LEDGER[2].as_bytes())),
        line(RevisionKind::Configuration, 2, CONFIGURATION_2),
        line(RevisionKind::Factors, 1, b"[[factor]]\n"),
    ];
    let lines = open.join("\n") + "\n";
    let head = &three_days()[2];
    let names = [hash(CONFIGURATION_2), hash(b"[[factor]]\n")];
    let report = json!({
        "schema": "pantau.report/1",
        "revision": format!("{}-{}", &names[0][..12], &names[1][..8]),
        "evidence": {
            "head": { "number": 3, "day": "2026-11-23", "sha256": head.sha256 },
            "open": open,
            "open_sha256": hash(lines.as_bytes()),
            "content": "ab",
        },
        OWN_HASH_KEY: OWN_HASH_PLACEHOLDER,
    });
    with_own_hash(&serde_json::to_string_pretty(&report).unwrap())
}

fn write_reported_bundle(folder: &Path, report: &str) -> PathBuf {
    write_bundle_with(folder, |zip| {
        zip.begin_file("configuration/2.toml").unwrap();
        zip.put(CONFIGURATION_2).unwrap();
        zip.begin_file(REPORT).unwrap();
        zip.put(report.as_bytes()).unwrap();
    })
}

/// Word of the part of a bundle to which a file belongs.
fn part_of(name: &str) -> &str {
    let name = name.split_once('/').map_or(name, |(folder, _)| folder);
    name.strip_suffix(".jsonl").unwrap_or(name)
}

fn count_of(verdict: &VerificationReport, what: &str) -> Option<u64> {
    let of = |part: &UncoveredPart| match part.what {
        UNISSUED_FILES => BUNDLED_FILES,
        other => other,
    };
    let parts = verdict.uncovered.iter().filter(|part| of(part) == what);
    parts.map(|part| part.count).reduce(|a, b| a + b)
}

fn names_in(path: &Path) -> Vec<String> {
    let zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let names = zip.file_names().map(|name| name.unwrap().into_owned());
    names.filter(|name| name != bundle::MANIFEST_NAME).collect()
}

#[test]
fn a_whole_bundle_tells_what_no_record_covers_and_of_what_there_is_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_reported_bundle(folder.path(), &report_text());
    let verdict = check_whole_bundle(&path).unwrap();
    assert!(verdict.is_intact(), "{verdict:?}");
    for (what, count) in [
        ("ledger", 1),
        ("configuration", 1),
        ("factors", 1),
        ("report", 2),
        ("days", 7),
        ("issued", 0),
        ("replaced", 0),
        ("calibrations", 0),
        ("stamps", 0),
    ] {
        assert_eq!(count_of(&verdict, what), Some(count), "{what}");
    }
    assert_eq!(verdict.uncovered_things(), 5);
    let part = verdict.uncovered.iter().find(|part| part.what == "ledger");
    assert_eq!(part.map(|part| &*part.names), Some("3"));
}

/// Bundle of the last closed day, with these lines as the closing reading.
fn write_closed_bundle(folder: &Path, is_one_day: bool, lines: &str) -> PathBuf {
    write_bundle_of(folder, is_one_day, |zip| {
        zip.begin_file(&closing_file_name("meter.power")).unwrap();
        zip.put(format!("{SAMPLES_CSV_HEADER}\n{lines}").as_bytes())
            .unwrap();
    })
}

#[test]
fn the_reading_at_the_end_of_a_period_is_told_as_not_yet_in_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_closed_bundle(folder.path(), true, &lines_of_day(3, 1));
    let verdict = check_whole_bundle(&path).unwrap();
    assert!(verdict.is_intact(), "{verdict:?}");
    assert_eq!(count_of(&verdict, CLOSING_READINGS), Some(1));
    let without = check_forgery(&path, |name, _| !name.starts_with("closing/"));
    assert!(without.is_intact());
    assert_eq!(count_of(&without, CLOSING_READINGS), Some(0));
    // Another moment, more than one, or a period that has not ended.
    for (is_one_day, lines) in [
        (true, lines_of_day(2, 1)),
        (true, lines_of_day(3, 2)),
        (true, String::new()),
        (false, lines_of_day(3, 1)),
    ] {
        let path = write_closed_bundle(folder.path(), is_one_day, &lines);
        let verdict = check_whole_bundle(&path).unwrap();
        assert_eq!(verdict.mismatch_count, 1, "{lines}: {verdict:?}");
        assert_eq!(verdict.mismatches[0].name, "closing/meter.power.csv");
    }
}

#[test]
fn no_change_of_a_file_with_a_manifest_made_anew_looks_like_a_whole_bundle() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let reported = write_reported_bundle(folders[0].path(), &report_text());
    let closed = write_closed_bundle(folders[2].path(), true, &lines_of_day(3, 1));
    for (path, has_report) in [
        (reported, true),
        (write_bundle(folders[1].path()), false),
        (closed, false),
    ] {
        for name in names_in(&path) {
            let told = |verdict: &VerificationReport, least: u64| {
                let count = count_of(verdict, part_of(&name));
                !verdict.is_intact() || count.is_some_and(|count| count >= least)
            };
            let gone = check_forgery(&path, |here, _| here != name);
            assert!(told(&gone, 0), "{name} left out: {gone:?}");
            for step in 0..40 {
                let flipped = check_forgery(&path, |here, bytes| {
                    if here == name && !bytes.is_empty() {
                        let at = step * bytes.len() / 40;
                        bytes[at] ^= 1 << (step % 7);
                    }
                    true
                });
                assert!(told(&flipped, 1) || is_empty(&path, &name), "{name} {step}");
            }
            // What the report names, the report proves.
            let is_open = ["configuration/2.toml", "factors/1.toml"].contains(&&*name);
            assert!(!(has_report && is_open && gone.is_intact()), "{name}");
        }
    }
}

fn is_empty(path: &Path, name: &str) -> bool {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    zip.by_name(name).unwrap().size() == 0
}

#[test]
fn no_row_can_be_left_out_changed_or_added_without_a_word() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let reported = write_reported_bundle(folders[0].path(), &report_text());
    for (path, has_report) in [(reported, true), (write_bundle(folders[1].path()), false)] {
        for (table, rows, covered) in [("ledger", 3, 2), ("issued", 1, 1), ("imports", 1, 1)] {
            let file = format!("{table}.jsonl");
            for row in 0..rows {
                let is_proved = row < covered || has_report;
                let without = check_forgery(&path, |here, bytes| {
                    if here == file {
                        let text = String::from_utf8(std::mem::take(bytes)).unwrap();
                        let lines = text.split_inclusive('\n').enumerate();
                        let kept = lines.filter(|(at, _)| *at != row).map(|(_, line)| line);
                        *bytes = kept.collect::<String>().into_bytes();
                    }
                    true
                });
                let changed = check_forgery(&path, |here, bytes| {
                    if here == file {
                        let text = String::from_utf8(std::mem::take(bytes)).unwrap();
                        let lines = text.split_inclusive('\n').enumerate();
                        let lines = lines.map(|(at, line)| {
                            if at == row {
                                line.replace("\"}", "x\"}")
                            } else {
                                line.to_owned()
                            }
                        });
                        *bytes = lines.collect::<String>().into_bytes();
                    }
                    true
                });
                assert_eq!(without.is_intact(), !is_proved, "{table} {row}");
                assert_eq!(changed.is_intact(), !is_proved, "{table} {row}");
                assert_eq!(
                    count_of(&changed, table),
                    Some(rows as u64 - covered as u64)
                );
            }
            for (line, is_good) in [
                (format!("{{\"id\":{},\"who\":\"x\"}}\n", rows + 1), true),
                (format!("{{\"id\":{},\"who\":\"x\"}}\n", rows + 2), false),
                (format!("{{\"id\":{rows},\"who\":\"x\"}}\n"), false),
                ("no row\n".to_owned(), false),
            ] {
                let added = check_forgery(&path, |here, bytes| {
                    if here == file {
                        bytes.extend_from_slice(line.as_bytes());
                    }
                    true
                });
                assert_eq!(added.is_intact(), is_good, "{table} {line}: {added:?}");
                assert!(count_of(&added, table) >= Some(1));
            }
        }
    }
}

#[test]
fn texts_have_numbers_without_gaps_and_every_site_has_a_configuration_and_factors() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle(folder.path());
    let renamed = |from: &'static str, to: &'static str| {
        let path = write_bundle_with(folder.path(), |zip| {
            zip.begin_file(to).unwrap();
            zip.put(b"x").unwrap();
        });
        check_forgery(&path, |here, _| here != from)
    };
    let faults = |verdict: VerificationReport| -> Vec<(MismatchKind, String)> {
        let all = verdict.mismatches.into_iter();
        all.map(|fault| (fault.what, fault.name)).collect()
    };
    let one = |what, name: &str| vec![(what, name.to_owned())];
    assert_eq!(
        faults(check_forgery(&path, |here, _| here != "factors/1.toml")),
        one(MismatchKind::Factors, "1")
    );
    assert_eq!(
        faults(check_forgery(&path, |here, _| here != "configuration/1.toml")),
        one(MismatchKind::Configuration, "1")
    );
    assert_eq!(
        faults(renamed("", "configuration/3.toml")),
        one(MismatchKind::Configuration, "2")
    );
    assert_eq!(
        faults(renamed("", "calibrations/2.json")),
        one(MismatchKind::Calibrations, "1")
    );
}

#[test]
fn a_report_that_does_not_fit_its_bundle_names_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let differs = |report: &str| -> Vec<String> {
        let path = write_reported_bundle(folder.path(), report);
        let verdict = check_whole_bundle(&path).unwrap();
        let [fault] = verdict.mismatches.as_slice() else {
            return Vec::new();
        };
        assert_eq!((fault.what, &*fault.name), (MismatchKind::Report, REPORT));
        fault.touches.clone()
    };
    let good = report_text();
    assert_eq!(differs(&good), Vec::<String>::new());
    assert_eq!(
        differs(&good.replacen("\"ab\"", "\"ac\"", 1)),
        [OWN_HASH_KEY]
    );
    let edited = |change: fn(&mut Value)| {
        let mut report: Value = serde_json::from_str(&good).unwrap();
        change(&mut report);
        report[OWN_HASH_KEY] = json!(OWN_HASH_PLACEHOLDER);
        differs(&with_own_hash(
            &serde_json::to_string_pretty(&report).unwrap(),
        ))
    };
    let head = edited(|report| report["evidence"]["head"]["number"] = json!(2));
    assert_eq!(head, ["head"]);
    let lines = edited(|report| report["evidence"]["open_sha256"] = json!("ab"));
    assert_eq!(lines, ["open_sha256"]);
    let revision = edited(|report| report["revision"] = json!("abcdef-123456"));
    assert_eq!(revision, ["configuration abcdef", "factors 123456"]);
    let entry = edited(|report| {
        let open = &mut report["evidence"]["open"];
        open[0] = json!(format!("ledger 3 3 {}", hash(b"")));
        open[1] = json!(format!(
            "configuration 7 1970-01-01T00:00:00Z {}",
            hash(b"")
        ));
        report["evidence"]["open_sha256"] = json!("");
    });
    assert_eq!(entry, ["ledger 3", "open_sha256", "configuration 7"]);
}

#[test]
fn the_days_of_a_summary_are_those_of_its_records_and_its_place_is_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle(folder.path());
    for (key, value) in [
        ("site", json!("kota")),
        ("zone", json!("Asia/Makassar")),
        ("first", json!("2026-11-22")),
        ("last", json!("2026-11-22")),
        ("before", json!(["2026-10-31"])),
        ("after", json!(["2026-12-01"])),
        ("gone", json!(["2026-11-22"])),
        ("period", json!("2026-11-22")),
        ("period", json!("kemarin")),
    ] {
        let verdict = check_forgery(&path, |here, bytes| {
            if here == bundle::MANIFEST_NAME {
                let mut manifest: Value = serde_json::from_slice(bytes).unwrap();
                manifest["about"][key] = value.clone();
                *bytes = serde_json::to_vec(&manifest).unwrap();
            }
            true
        });
        let is_named = |fault: &EvidenceMismatch| fault.name == bundle::MANIFEST_NAME;
        let told = verdict.mismatches.iter().filter(|fault| is_named(fault));
        let told: Vec<&[String]> = told.map(|fault| fault.places.as_slice()).collect();
        assert_eq!(told, [[key]], "{key} {value}: {verdict:?}");
    }
    // Retention deletes the oldest days first: those are counted, and no fault.
    let samples = samples_file_name("meter.power");
    let gone = check_forgery(&path, |here, bytes| {
        let text = String::from_utf8(std::mem::take(bytes)).unwrap_or_default();
        let text = match here {
            bundle::MANIFEST_NAME => text.replace("\"gone\": []", "\"gone\": [\"2026-11-21\"]"),
            name if name == samples => {
                let lines = text.split_inclusive('\n').enumerate();
                let kept = lines.filter(|(at, _)| !(1..=50).contains(at));
                kept.map(|(_, line)| line).collect()
            }
            _ => text,
        };
        *bytes = text.into_bytes();
        true
    });
    assert_eq!((gone.mismatches, gone.gone, gone.days), (Vec::new(), 1, 2));
}

#[test]
fn records_cut_off_at_the_end_are_one_fault_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_reported_bundle(folder.path(), &report_text());
    let cut = |bytes: &mut Vec<u8>| {
        let text = String::from_utf8(std::mem::take(bytes)).unwrap();
        let kept = text.split_inclusive('\n').take(2);
        *bytes = kept.collect::<String>().into_bytes();
    };
    for verdict in [
        check_changed_bundle(&path, "digests.jsonl", cut),
        check_forgery(&path, |here, bytes| {
            if here == "digests.jsonl" {
                cut(bytes);
            }
            true
        }),
    ] {
        let [fault] = verdict.mismatches.as_slice() else {
            panic!("{:?}", verdict.mismatches)
        };
        let told = (fault.what, &*fault.name, fault.day);
        assert_eq!(
            told,
            (
                MismatchKind::Cut,
                "2",
                Some(jiff::civil::date(2026, 11, 22))
            )
        );
    }
}

#[test]
fn a_text_that_is_not_there_is_missing_and_an_added_report_that_was_not_issued_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_reported_bundle(folder.path(), &report_text());
    let is_missing = |name: &str, is_kept: bool| {
        let verdict = check_forgery(&path, |here, bytes| {
            if here == name {
                bytes.push(b'#');
            }
            here != name || is_kept
        });
        let mut faults = verdict.mismatches.iter();
        let fault = faults.find(|fault| fault.what == MismatchKind::Configuration);
        fault.map(|fault| fault.is_missing)
    };
    let name = "configuration/1.toml";
    assert_eq!(
        [true, false].map(|kept| is_missing(name, kept)),
        [Some(false), Some(true)]
    );
    let named = |rows: &str| -> Vec<(&'static str, u64)> {
        let verdict = check_forgery(&path, |here, bytes| {
            if here == RecordedTable::IssuedFiles.file_name() {
                bytes.extend_from_slice(rows.as_bytes());
            }
            true
        });
        let parts = verdict.uncovered.iter().filter(|part| part.names == REPORT);
        parts.map(|part| (part.what, part.count)).collect()
    };
    let row = |sha256: &str| format!("{{\"id\":1,\"sha256\":\"{sha256}\"}}\n");
    let own = hash(report_text().as_bytes());
    assert_eq!(named(&row("ab")), [(UNISSUED_FILES, 1)]);
    assert_eq!(named(&row(&own)), [(BUNDLED_FILES, 1)]);
}

#[test]
fn a_bundle_without_its_records_is_one_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_reported_bundle(folder.path(), &report_text());
    let name = "digests.jsonl";
    for verdict in [
        check_forgery(&path, |here, _| here != name),
        check_forgery(&path, |here, bytes| {
            if here == name {
                bytes.clear();
            }
            true
        }),
        check_changed_bundle(&path, name, Vec::clear),
    ] {
        let [fault] = verdict.mismatches.as_slice() else {
            panic!("{:?}", verdict.mismatches)
        };
        assert_eq!((fault.what, &*fault.name), (MismatchKind::File, name));
    }
}

#[test]
fn one_changed_character_of_the_records_is_one_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle(folder.path());
    let digests = three_days();
    let lines = digests
        .iter()
        .map(|one| serde_json::to_string(one).unwrap());
    let length = lines.map(|line| line.len() + 1).sum::<usize>();
    for at in (0..length).step_by(3) {
        let verdict = check_changed_bundle(&path, "digests.jsonl", |bytes| {
            bytes[at] ^= [1, 2, 4, 16][at % 4];
        });
        let found = &verdict.mismatches;
        assert_eq!(found.len(), 1, "{at}: {found:?}");
    }
}
