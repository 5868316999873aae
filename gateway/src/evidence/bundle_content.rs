//! Comparison of the content of a bundle with its records: rows of tables, texts, samples, reports;
//! and what no record covers.

use super::bundle::{BUNDLE_FORMAT, CLOSING_FOLDER, revision_file_name, samples_file_name};
use super::bundle_check::{BundleCheck, text_of_name};
use super::bundle_lines::{CheckedRows, RowCheck, SampleCheck};
use super::canonical_form::{SAMPLES_CSV_HEADER, Sha256Hasher};
use super::day_record::{RevisionKind, SampleDigestLine};
use super::recorded_table::{RecordedTable, numbers_text};
use super::uncovered::{BUNDLED_FILES, BUNDLED_STAMPS, CLOSING_READINGS, OPEN_DAYS, UncoveredPart};
use super::verification::{ChangedText, EvidenceMismatch, MismatchKind};
use crate::domain::period::Period;
use crate::limits::{CHANGED_TEXT_BYTES_MAX, EVIDENCE_FAULTS_MAX};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use zip::ZipArchive;

impl BundleCheck<'_> {
    /// Checks the lines of a table against the ranges of the records.
    pub(super) fn check_rows(&mut self, zip: &mut ZipArchive<File>, table: RecordedTable) {
        let ranges = self.chain.ranges(table).to_vec();
        let name = table.file_name();
        // An older bundle has the ledger alone, and records without other rows.
        let is_old = self.manifest.about.format != BUNDLE_FORMAT && ranges.is_empty();
        if is_old && table != RecordedTable::Ledger {
            return;
        }
        let mut rows = RowCheck::new(&ranges, self.chain.is_torn());
        let mut reports = std::mem::take(&mut self.reports);
        let through = self.chain.recorded_rows(table);
        let whole = self.for_each_line(zip, &name, |line| {
            let id = rows.add_line(line);
            let is_covered = id <= through;
            for report in &mut reports {
                report.take_row(table, (id, is_covered), line);
            }
        });
        self.reports = reports;
        let CheckedRows { wrong, open, gaps } = rows.finish();
        let (first, last) = open.unwrap_or((1, 0));
        let part = UncoveredPart::numbered(table.word(), first, last);
        if table == RecordedTable::Ledger {
            self.verdict.open_entries = part.count;
        }
        self.verdict.add_uncovered(part);
        if !whole && wrong.is_empty() && gaps.is_empty() {
            self.report_broken_file(&name);
        }
        for range in wrong {
            let name = numbers_text(range.first, range.last);
            self.verdict
                .add_mismatch(Some(range.day), MismatchKind::Rows(table), name);
        }
        for (first, last) in gaps {
            let name = numbers_text(first, last);
            self.verdict
                .add_mismatch(None, MismatchKind::Rows(table), name);
        }
    }

    /// Checks configurations, factors and calibrations against the records.
    pub(super) fn check_revisions(&mut self, zip: &mut ZipArchive<File>) {
        for ((kind, id), text) in self.chain.texts().clone() {
            let name = revision_file_name(kind, id);
            let mut hash = Sha256Hasher::default();
            let whole = self.for_each_block(zip, &name, |piece| {
                hash.put(piece);
                true
            });
            if !whole || hash.finish_hex() != text.sha256 {
                let mut fault = self.chain.text_mismatch(kind, id);
                fault.is_missing = zip.by_name(&name).is_err();
                self.verdict.add(fault);
                self.keep_changed_text(zip, (kind, id), text.sha256);
            }
        }
        for kind in RevisionKind::ALL {
            self.check_unnamed_texts(kind);
        }
    }

    /// Tells the texts of a kind that no record names, and finds numbers that are missing.
    fn check_unnamed_texts(&mut self, kind: RevisionKind) {
        let named = self.chain.texts().keys();
        let named = named.filter(|(of, _)| *of == kind).map(|(_, id)| *id);
        let named: BTreeSet<u64> = named.collect();
        let files = self.listed.keys().filter_map(|name| text_of_name(name));
        let there = files.filter(|(of, _)| *of == kind).map(|(_, id)| id);
        let there: BTreeSet<u64> = there.collect();
        let last = there.last().max(named.last()).copied();
        // Every site has a configuration and factors, and the numbers of texts have no gaps.
        let floor = u64::from(kind != RevisionKind::Calibrations);
        let last = last.unwrap_or(floor);
        let missing = (1..=last).filter(|id| !there.contains(id) && !named.contains(id));
        for id in missing.take(EVIDENCE_FAULTS_MAX) {
            let mut fault = self.chain.text_mismatch(kind, id);
            fault.is_missing = true;
            self.verdict.add(fault);
        }
        let through = named.last().copied().unwrap_or(0);
        let part = UncoveredPart::numbered(kind.word(), through + 1, last);
        self.verdict.add_uncovered(part);
    }

    /// Keeps a changed text with those before and after it, for a closer look.
    pub(super) fn keep_changed_text(
        &mut self,
        zip: &mut ZipArchive<File>,
        (kind, id): (RevisionKind, u64),
        sha256: String,
    ) {
        let mut read = |id: u64| {
            let file = zip.by_name(&revision_file_name(kind, id)).ok()?;
            let mut text = String::new();
            let mut file = file.take(CHANGED_TEXT_BYTES_MAX);
            file.read_to_string(&mut text).ok()?;
            Some(text)
        };
        let near = [id.saturating_sub(1), id + 1];
        let neighbours = near.into_iter().filter_map(&mut read).collect();
        if let Some(text) = read(id) {
            self.verdict.add_changed_text(ChangedText {
                kind,
                id,
                sha256,
                text,
                neighbours,
            });
        }
    }

    /// Checks the samples of each point against the newest record of each day.
    pub(super) fn check_samples(&mut self, zip: &mut ZipArchive<File>) {
        let mut points: BTreeMap<String, Vec<(Date, SampleDigestLine)>> = BTreeMap::new();
        for (day, record) in std::mem::take(&mut self.records) {
            if self.gone.contains(&day) {
                // Deleted by retention, as the summary says: these days are counted, but are no
                // mismatch.
                self.verdict.gone += 1;
                continue;
            }
            self.verdict.days += 1;
            for line in record.samples {
                points
                    .entry(line.point.clone())
                    .or_default()
                    .push((day, line));
            }
        }
        let skipped = std::mem::take(&mut self.skipped);
        for (point, days) in points {
            let name = samples_file_name(&point);
            let mut check = SampleCheck::new(&days, &skipped);
            let whole = self.for_each_line(zip, &name, |line| check.add_line(line));
            if let Some(day) = check.finish() {
                self.verdict
                    .add_mismatch(Some(day), MismatchKind::Samples, point);
            } else if !whole {
                self.report_broken_file(&name);
            }
        }
    }

    /// Checks that the files of closing readings have one reading each, of the moment at which the
    /// period ends, and tells that no record covers them.
    pub(super) fn check_closing_readings(&mut self, zip: &mut ZipArchive<File>) {
        if !self.manifest.about.has_closing_readings() {
            return;
        }
        let last = self.manifest.about.last.parse::<Date>().ok();
        let end = last
            .and_then(|last| self.records.get(&last))
            .map(|one| one.to);
        let names = self.listed.keys();
        let names = names.filter(|name| name.starts_with(CLOSING_FOLDER));
        let names: Vec<String> = names.cloned().collect();
        let what = CLOSING_READINGS;
        let mut part = UncoveredPart::numbered(what, 1, 0);
        for name in names {
            let (mut lines, mut is_right) = (0, true);
            let whole = self.for_each_line(zip, &name, |line| {
                let text = std::str::from_utf8(line).unwrap_or_default();
                is_right &= match (lines, end) {
                    (0, _) => text.trim_end() == SAMPLES_CSV_HEADER,
                    // Nothing tells the moment of a day whose record is broken.
                    (_, None) => true,
                    (_, Some(end)) => text.starts_with(&format!("{end},")),
                };
                lines += 1;
            });
            part.count += 1;
            if !whole || !is_right || lines != 2 {
                self.report_broken_file(&name);
            }
        }
        if part.count > 0 {
            part.names.clone_from(&self.manifest.about.last);
        }
        self.verdict.add_uncovered(part);
    }

    /// Compares the reports with the bundle, and tells what only the manifest covers.
    pub(super) fn check_reports(&mut self) {
        for mut report in std::mem::take(&mut self.reports) {
            report.compare(&self.chain, &self.listed);
            let what = report.uncovered_word();
            if !report.differs.is_empty() {
                let name = report.name.clone();
                self.verdict.add(EvidenceMismatch {
                    touches: report.differs,
                    ..EvidenceMismatch::new(None, MismatchKind::Report, name)
                });
            }
            if !report.is_covered {
                self.verdict.add_uncovered(UncoveredPart {
                    what,
                    names: report.name,
                    count: 1,
                });
            }
        }
        for what in [BUNDLED_STAMPS, BUNDLED_FILES] {
            let (names, count) = (String::new(), 0);
            self.verdict
                .add_uncovered(UncoveredPart { what, names, count });
        }
        self.tell_open_days();
    }

    /// Tells the days of the period that are not in the bundle.
    fn tell_open_days(&mut self) {
        let about = &self.manifest.about;
        let days = about.period.parse::<Period>().ok();
        let days = days.zip(about.last.parse::<Date>().ok());
        let Some((period, last)) = days.filter(|(period, last)| *last < period.last()) else {
            return;
        };
        let first = last.tomorrow().unwrap_or(last);
        let count = (period.last() - last).get_days().unsigned_abs();
        self.verdict.add_uncovered(UncoveredPart {
            what: OPEN_DAYS,
            names: format!("{first} – {}", period.last()),
            count: u64::from(count),
        });
    }
}
