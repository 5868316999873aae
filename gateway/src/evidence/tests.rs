//! Tests of records, the chain, and bundles with changed bits.

use super::*;
use crate::domain::{ExactNumber, Sample, SampleOutcome, UtcMs};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

const MIDNIGHT: i64 = 1_795_194_000_000;
const DAY_IN_MS: i64 = 86_400_000;
pub(super) const LEDGER: [&str; 3] = [
    "{\"id\":1,\"who\":\"Siti\"}\n",
    "{\"id\":2,\"who\":\"Budi\"}\n",
    "{\"id\":3,\"who\":\"Siti\"}\n",
];
const ISSUED: [&str; 1] = ["{\"id\":1,\"issued_by\":\"Siti\"}\n"];
const IMPORTS: [&str; 1] = ["{\"id\":1,\"file\":\"logger.csv\"}\n"];

pub(super) fn lines_of_day(day: i64, count: i64) -> String {
    let mut text = String::new();
    for second in 0..count {
        let mantissa = day * 7919 + second * second;
        let number = ExactNumber::Decimal {
            mantissa,
            exponent: -1,
        };
        let at = UtcMs(MIDNIGHT + day * DAY_IN_MS + second * 10_000);
        let outcome = SampleOutcome::Good(number);
        write_samples(&mut text, &[Sample { at, outcome }]);
    }
    text
}

fn row_range(table: RecordedTable, last: u64, lines: &[&str]) -> RowRange {
    let sha256 = hash(lines.concat().as_bytes());
    RowRange {
        table,
        first: 1,
        last,
        sha256,
    }
}

fn test_record(number: u64, day: Date, before: &str) -> DayRecord {
    let offset = i64::from(day.day() - 21);
    let text = lines_of_day(offset, 50);
    DayRecord {
        number,
        before: before.to_owned(),
        site: "desa".to_owned(),
        zone: "Asia/Jakarta".to_owned(),
        day,
        from: UtcMs(MIDNIGHT + offset * DAY_IN_MS),
        to: UtcMs(MIDNIGHT + (offset + 1) * DAY_IN_MS),
        revision: 1,
        reasons: vec![RecordReason::Closed],
        made: UtcMs(MIDNIGHT + (offset + 1) * DAY_IN_MS + 300_123),
        program: "0.1.0".to_owned(),
        samples: vec![SampleDigestLine {
            point: "meter.power".to_owned(),
            count: 50,
            sha256: hash(text.as_bytes()),
            unit: "W".to_owned(),
        }],
        rows: match day.day() {
            22 => vec![row_range(RecordedTable::Ledger, 2, &LEDGER[..2])],
            23 => vec![
                row_range(RecordedTable::Issued, 1, &ISSUED),
                row_range(RecordedTable::Imports, 1, &IMPORTS),
            ],
            _ => Vec::new(),
        },
        configuration: vec![RevisionLine {
            id: 1,
            since: UtcMs(MIDNIGHT),
            sha256: hash(b"[site]\n"),
        }],
        factors: Vec::new(),
        calibrations: Vec::new(),
    }
}

pub(super) fn three_days() -> Vec<DayDigest> {
    let mut before = DayRecord::NO_PREVIOUS_DIGEST.to_owned();
    let days = (21..24).zip(1..);
    let digests = days.map(|(day, number)| {
        let digest = test_record(number, date(2026, 11, day), &before).to_digest();
        before.clone_from(&digest.sha256);
        digest
    });
    digests.collect()
}

pub(super) fn write_bundle(folder: &Path) -> PathBuf {
    write_bundle_with(folder, |_| ())
}

pub(super) fn write_bundle_with(folder: &Path, extra: impl Fn(&mut BundleWriter)) -> PathBuf {
    write_bundle_of(folder, false, extra)
}

/// Bundle of the month, or of its last closed day and the day before that.
pub(super) fn write_bundle_of(
    folder: &Path,
    is_one_day: bool,
    extra: impl Fn(&mut BundleWriter),
) -> PathBuf {
    let path = folder.join("bundle.zip");
    let mut zip = BundleWriter::create(&path).unwrap();
    let digests = three_days();
    for digest in &digests {
        zip.write_digest(digest).unwrap();
    }
    for table in RecordedTable::ALL {
        zip.begin_file(&table.file_name()).unwrap();
        let lines: &[&str] = match table {
            RecordedTable::Ledger => &LEDGER,
            RecordedTable::Issued => &ISSUED,
            RecordedTable::Imports => &IMPORTS,
            _ => &[],
        };
        zip.put(lines.concat().as_bytes()).unwrap();
    }
    zip.begin_file(&revision_file_name(RevisionKind::Configuration, 1))
        .unwrap();
    zip.put(b"[site]\n").unwrap();
    zip.begin_file(&revision_file_name(RevisionKind::Factors, 1))
        .unwrap();
    zip.put(b"[[factor]]\n").unwrap();
    zip.begin_file(&samples_file_name("meter.power")).unwrap();
    zip.put(format!("{SAMPLES_CSV_HEADER}\n").as_bytes())
        .unwrap();
    for day in i64::from(is_one_day)..3 {
        zip.put(lines_of_day(day, 50).as_bytes()).unwrap();
    }
    zip.begin_file("report/laporan.pdf").unwrap();
    zip.put(&[0, 159, 146, 150]).unwrap();
    extra(&mut zip);
    let about = BundleSummary {
        format: BUNDLE_FORMAT.to_owned(),
        site: "desa".to_owned(),
        zone: "Asia/Jakarta".to_owned(),
        period: (if is_one_day { "2026-11-23" } else { "2026-11" }).to_owned(),
        first: format!("2026-11-{}", if is_one_day { 23 } else { 21 }),
        last: "2026-11-23".to_owned(),
        before: is_one_day
            .then(|| "2026-11-22".to_owned())
            .into_iter()
            .collect(),
        after: Vec::new(),
        gone: Vec::new(),
        head: digests[2].sha256.clone(),
    };
    zip.finish(about).unwrap();
    path
}

pub(super) fn check_whole_bundle(path: &Path) -> Result<VerificationReport, BundleError> {
    check_bundle(path, None, &[], |_| ()).map(|(_, verdict)| verdict)
}

/// Replaces one file of a bundle and makes manifest and archive hash fit, as somebody with
/// knowledge of the format can.
fn check_forged_bundle(
    path: &Path,
    name: &str,
    change: impl Fn(&mut Vec<u8>),
) -> VerificationReport {
    check_forgery(path, |here, bytes| {
        if here == name {
            change(bytes);
        }
        true
    })
}

/// The same for every file; one for which `change` returns false is left out, and the manifest may
/// be changed as well.
pub(super) fn check_forgery(
    path: &Path,
    change: impl Fn(&str, &mut Vec<u8>) -> bool,
) -> VerificationReport {
    use std::io::Read;
    let mut old = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("forged.zip");
    let mut zip = BundleWriter::create(&new).unwrap();
    let mut about = None;
    for at in 0..old.len() {
        let mut file = old.by_index(at).unwrap();
        let here = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let is_kept = change(&here, &mut bytes);
        if here == bundle::MANIFEST_NAME {
            about = serde_json::from_slice::<bundle::BundleManifest>(&bytes).ok();
        } else if is_kept {
            zip.begin_file(&here).unwrap();
            zip.put(&bytes).unwrap();
        }
    }
    zip.finish(about.unwrap().about).unwrap();
    check_whole_bundle(&new).unwrap()
}

#[test]
fn a_bundle_holds_and_the_same_content_gives_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (write_bundle(one.path()), write_bundle(two.path()));
    let verdict = check_whole_bundle(&one).unwrap();
    assert!(verdict.is_intact(), "{verdict:?}");
    assert_eq!(
        (verdict.days, verdict.records, verdict.open_entries),
        (3, 3, 1)
    );
    assert_eq!(verdict.head, three_days()[2].sha256);
    assert_eq!(std::fs::read(one).unwrap(), std::fs::read(two).unwrap());
}

#[test]
fn a_digest_in_hand_must_be_in_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle(folder.path());
    let verdict = |digest: &str| check_bundle(&path, Some(digest), &[], |_| ()).unwrap().1;
    assert!(verdict(&three_days()[1].sha256).is_intact());
    let foreign = verdict(&hash(b"another"));
    assert_eq!(foreign.mismatches[0].what, MismatchKind::Foreign);
}

#[test]
fn one_changed_bit_anywhere_in_the_archive_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bytes).unwrap();
        let is_found = check_whole_bundle(&path).map_or(true, |verdict| !verdict.is_intact());
        assert!(is_found, "byte {at} of {}", whole.len());
    }
}

#[test]
fn a_forged_file_is_found_and_its_day_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle(folder.path());
    let samples = samples_file_name("meter.power");
    let day = |verdict: &VerificationReport| verdict.first_day().map(Date::day);
    for (line, expected) in [(1, 21), (50, 21), (51, 22), (150, 23)] {
        let verdict = check_forged_bundle(&path, &samples, |bytes| {
            let ends = bytes.iter().zip(0..).filter(|(byte, _)| **byte == b'\n');
            let end: usize = ends.map(|(_, at)| at).nth(line).unwrap();
            bytes[end - "0,good,".len()] ^= 1;
        });
        assert_eq!(day(&verdict), Some(expected), "line {line}");
        assert_eq!(verdict.mismatches[0].name, "meter.power");
    }
    let extra = |bytes: &mut Vec<u8>| bytes.extend_from_slice(lines_of_day(0, 1).as_bytes());
    assert_eq!(day(&check_forged_bundle(&path, &samples, extra)), Some(23));
    assert_eq!(
        day(&check_forged_bundle(&path, &samples, |bytes| bytes.truncate(40))),
        Some(21)
    );
    let name = |bytes: &mut Vec<u8>| bytes[16] ^= 1;
    let verdict = check_forged_bundle(&path, "ledger.jsonl", name);
    assert_eq!(
        (day(&verdict), verdict.mismatches[0].what),
        (Some(22), MismatchKind::Rows(RecordedTable::Ledger))
    );
    let verdict = check_forged_bundle(&path, "configuration/1.toml", |bytes| bytes[2] ^= 1);
    assert_eq!(
        (day(&verdict), verdict.mismatches[0].what),
        (Some(21), MismatchKind::Configuration)
    );
    // A record, with its digest made to fit: the next one does not follow it any more.
    let verdict = check_forged_bundle(&path, "digests.jsonl", |bytes| {
        let mut digests = three_days();
        let record = digests[1]
            .record
            .replace("meter.power 50", "meter.power 51");
        digests[1].sha256 = hash(record.as_bytes());
        digests[1].record = record;
        let lines = digests
            .iter()
            .map(|one| serde_json::to_string(one).unwrap() + "\n");
        *bytes = lines.collect::<String>().into_bytes();
    });
    assert_eq!(day(&verdict), Some(22));
    assert!(
        verdict
            .mismatches
            .iter()
            .any(|fault| fault.what == MismatchKind::Link)
    );
}

/// Changes one file of a bundle, and neither manifest nor archive hash.
pub(super) fn check_changed_bundle(
    path: &Path,
    name: &str,
    change: impl Fn(&mut Vec<u8>),
) -> VerificationReport {
    use std::io::{Read, Write};
    let mut old = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("changed.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&new).unwrap());
    for at in 0..old.len() {
        let mut file = old.by_index(at).unwrap();
        let here = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        if here == name {
            change(&mut bytes);
        }
        zip.start_file(&here, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
    check_whole_bundle(&new).unwrap()
}

/// Changes the first place of the file of records where `from` stands.
fn change_record(bytes: &mut Vec<u8>, line: usize, from: &str, to: &str) {
    let text = String::from_utf8(std::mem::take(bytes)).unwrap();
    let lines = text.lines().enumerate();
    let lines = lines.map(|(at, one)| {
        let count = usize::from(at == line);
        one.replacen(from, to, count) + "\n"
    });
    *bytes = lines.collect::<String>().into_bytes();
}

#[test]
fn one_change_in_a_bundle_is_one_fault_at_its_most_exact_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle(folder.path());
    let samples = samples_file_name("meter.power");
    let flip = |at: usize| move |bytes: &mut Vec<u8>| bytes[at] ^= 1;
    for (name, at, what, fault) in [
        (&*samples, 60, MismatchKind::Samples, "meter.power"),
        (
            "ledger.jsonl",
            16,
            MismatchKind::Rows(RecordedTable::Ledger),
            "1-2",
        ),
        (
            "issued.jsonl",
            22,
            MismatchKind::Rows(RecordedTable::Issued),
            "1",
        ),
        (
            "imports.jsonl",
            17,
            MismatchKind::Rows(RecordedTable::Imports),
            "1",
        ),
        ("configuration/1.toml", 2, MismatchKind::Configuration, "1"),
        (
            "report/laporan.pdf",
            1,
            MismatchKind::File,
            "report/laporan.pdf",
        ),
    ] {
        let verdict = check_changed_bundle(&path, name, flip(at));
        let found = &verdict.mismatches;
        assert_eq!((found.len(), verdict.mismatch_count), (1, 1), "{found:?}");
        assert_eq!((found[0].what, &*found[0].name), (what, fault));
    }
    let text = check_changed_bundle(&path, "configuration/1.toml", flip(2));
    let days = (text.mismatches[0].day, text.mismatches[0].last);
    assert_eq!(days, (Some(date(2026, 11, 21)), Some(date(2026, 11, 23))));
    for (line, day) in [(0, 21), (1, 22), (2, 23)] {
        for (from, to) in [
            ("reason closed", "reason late"),
            ("sha256\":\"", "sha256\":\"0"),
        ] {
            let verdict = check_changed_bundle(&path, "digests.jsonl", |bytes| {
                change_record(bytes, line, from, to);
            });
            let found = &verdict.mismatches;
            assert_eq!(found.len(), 1, "{line} {from}: {found:?}");
            assert_eq!(found[0].what, MismatchKind::Record);
            assert_eq!(found[0].day, Some(date(2026, 11, day)));
            // The fault says what the record is about, and that its day was not compared.
            assert!(found[0].touches.contains(&"meter.power".to_owned()));
            assert_eq!((verdict.unchecked, verdict.days), (1, 2));
        }
    }
}

#[test]
fn a_text_that_no_record_names_yet_is_told_by_its_kind_and_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle_with(folder.path(), |zip| {
        zip.begin_file("factors/2.toml").unwrap();
        zip.put(b"[[factor]]\n").unwrap();
    });
    let verdict = check_changed_bundle(&path, "factors/2.toml", |bytes| bytes[2] ^= 1);
    assert_eq!(verdict.mismatches.len(), 1);
    assert_eq!(verdict.mismatches[0].touches, ["factors 2"]);
}

#[test]
fn equal_faults_of_many_days_are_one_with_their_number() {
    let mut verdict = VerificationReport::default();
    for day in 1..=25 {
        let day = Some(date(2026, 11, day));
        verdict.add_mismatch(day, MismatchKind::Samples, "meter.power");
    }
    for (number, day) in [(5, 5), (6, 6), (7, 7), (9, 9)] {
        let day = Some(date(2026, 11, day));
        verdict.add_mismatch(day, MismatchKind::Record, number.to_string());
    }
    verdict.settle();
    let found: Vec<(&str, u64, Option<Date>)> = verdict
        .mismatches
        .iter()
        .map(|fault| (&*fault.name, fault.count, fault.last))
        .collect();
    let day = |day| Some(date(2026, 11, day));
    let expected = [
        ("meter.power", 25, day(25)),
        ("5-7", 3, day(7)),
        ("9", 1, day(9)),
    ];
    assert_eq!(found, expected);
    assert_eq!(verdict.mismatch_count, 29);
}

/// A chain of these days of November 2026, each made `late` ms after its end.
fn chain_made(days: &[(i8, i64)]) -> VerificationReport {
    let (mut chain, mut verdict) = (DigestChain::default(), VerificationReport::default());
    let mut before = DayRecord::NO_PREVIOUS_DIGEST.to_owned();
    for ((day, late), number) in days.iter().zip(1..) {
        let mut record = test_record(number, date(2026, 11, *day), &before);
        record.made = UtcMs(record.to.0 + late);
        record.rows.clear();
        let digest = record.to_digest();
        before.clone_from(&digest.sha256);
        chain.push(&digest, &mut verdict);
    }
    chain.summarise(&mut verdict);
    verdict
}

#[test]
fn a_tail_made_again_is_told_by_its_late_times_and_is_no_fault_as_the_box_may_have_been_off() {
    let minutes = 300_000;
    let good = chain_made(&[(21, minutes), (22, minutes), (23, minutes)]);
    assert_eq!(good.remarks(), []);
    // The last four days were all made five minutes after the last of them.
    let tail = [21, 22, 23, 24, 25, 26].map(|day| {
        let late = if day > 22 {
            i64::from(26 - day) * DAY_IN_MS
        } else {
            0
        };
        (day, late + minutes)
    });
    let again = chain_made(&tail);
    assert!(again.is_intact(), "{again:?}");
    let [remark] = again.remarks() else {
        panic!("{:?}", again.remarks())
    };
    assert_eq!((remark.what, remark.numbers), (RemarkKind::Late, (3, 5)));
    assert_eq!(remark.days, (date(2026, 11, 23), date(2026, 11, 25)));
    assert_eq!(remark.delay_days(), 3);
    let back = chain_made(&[(21, 2 * DAY_IN_MS), (22, minutes)]);
    let kinds: Vec<RemarkKind> = back.remarks().iter().map(|one| one.what).collect();
    assert_eq!(kinds, [RemarkKind::Late, RemarkKind::Backwards]);
    assert!(back.is_intact());
}

#[test]
fn the_page_on_evidence_names_every_key_of_manifest_records_and_lines() {
    fn keys(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    found.push(key.clone());
                    keys(value, found);
                }
            }
            serde_json::Value::Array(all) => all.iter().for_each(|one| keys(one, found)),
            _ => {}
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let bundle = write_bundle(folder.path());
    let mut zip = zip::ZipArchive::new(std::fs::File::open(bundle).unwrap()).unwrap();
    let manifest = std::io::read_to_string(zip.by_name("manifest.json").unwrap()).unwrap();
    let mut record = test_record(1, date(2026, 11, 22), DayRecord::NO_PREVIOUS_DIGEST);
    record.factors.clone_from(&record.configuration);
    record.calibrations.clone_from(&record.configuration);
    let digest = record.to_digest();
    let line = LedgerLine {
        id: 1,
        files: vec![LedgerFile {
            name: String::new(),
            sha256: String::new(),
            bytes: 1,
        }],
        ..LedgerLine::default()
    };
    let mut found = Vec::new();
    keys(&serde_json::from_str(&manifest).unwrap(), &mut found);
    keys(&serde_json::to_value(&digest).unwrap(), &mut found);
    keys(&serde_json::to_value(&line).unwrap(), &mut found);
    let lines = digest
        .record
        .lines()
        .filter_map(|line| line.split(' ').next());
    found.extend(lines.map(str::to_owned));
    let page = include_str!("../../../docs/evidence.md");
    for key in &found {
        let is_there = page.contains(&format!("`{key}`"))
            || page.contains(&format!("\"{key}\""))
            || page.contains(&format!("\n{key} "));
        assert!(is_there, "{key} is not in docs/evidence.md");
    }
    assert!(found.len() > 40, "{found:?}");
}

#[test]
fn samples_that_no_record_names_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_bundle_with(folder.path(), |zip| {
        zip.begin_file(&samples_file_name("meter.other")).unwrap();
        zip.put(SAMPLES_CSV_HEADER.as_bytes()).unwrap();
    });
    let verdict = check_whole_bundle(&path).unwrap();
    assert_eq!(verdict.mismatches[0].name, "samples/meter.other.csv");
}

#[test]
fn a_record_left_out_of_the_chain_is_found() {
    let digests = three_days();
    for gone in 0..2 {
        let (mut chain, mut verdict) = (DigestChain::default(), VerificationReport::default());
        for (at, digest) in digests.iter().enumerate() {
            if at != gone {
                chain.push(digest, &mut verdict);
            }
        }
        assert_eq!(verdict.mismatches[0].what, MismatchKind::Link, "{gone}");
    }
}

#[test]
fn what_is_no_bundle_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    assert!(matches!(
        check_whole_bundle(&path),
        Err(BundleError::File(_))
    ));
    std::fs::write(&path, "no archive").unwrap();
    assert!(matches!(
        check_whole_bundle(&path),
        Err(BundleError::Archive(_))
    ));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file("a", zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.finish().unwrap();
    assert!(matches!(
        check_whole_bundle(&path),
        Err(BundleError::Foreign(_))
    ));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_of_records_panic(text in "(pantau-digest [12]\n)?(.{0,40}\n){0,20}") {
        if let Ok(record) = text.parse::<DayRecord>() {
            prop_assert_eq!(record.to_string(), text);
        }
    }

    #[test]
    fn a_record_comes_back_and_any_other_text_is_another_record(
        at in 0usize..700, bit in 0u8..7, unit in "[a-z°%/ 0-9]{0,6}",
    ) {
        let mut record = test_record(1, date(2026, 11, 22), DayRecord::NO_PREVIOUS_DIGEST);
        record.samples[0].unit = unit.trim().to_owned();
        record.reasons = vec![RecordReason::Import, RecordReason::Late];
        let text = record.to_string();
        prop_assert_eq!(text.parse::<DayRecord>(), Ok(record.clone()));
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(other) = String::from_utf8(bytes) {
            prop_assert_ne!(other.parse::<DayRecord>(), Ok(record));
        }
    }
}
