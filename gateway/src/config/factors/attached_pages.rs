//! Check of `[[factor_evidence]]`, the official page of a factor, by its SHA-256.

use super::raw_factors::RawFactorEvidence;
use super::typed_text::non_empty_text;
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use crate::domain::factor::{Factor, FactorEvidence};
use crate::domain::hex_text::to_hex;
use crate::domain::ledger::Attachment;
use crate::limits::EVIDENCE_BYTES_MAX;
use ring::digest::{Context, SHA256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

/// Bytes per read while a page is hashed.
const CHUNK_BYTES: usize = 64 << 10;

pub(crate) fn check_evidence(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawFactorEvidence>],
    factors: &[Arc<Factor>],
) -> Vec<FactorEvidence> {
    let mut seen = BTreeSet::new();
    let all = raw
        .iter()
        .filter_map(|at| check_attached_page(notes, at, factors, &mut seen));
    all.collect()
}

fn check_attached_page(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawFactorEvidence>,
    factors: &[Arc<Factor>],
    seen: &mut BTreeSet<(String, String)>,
) -> Option<FactorEvidence> {
    let raw = at.get();
    let factor = find_factor_id(notes, raw, factors);
    let hex = |text: &str| {
        let text = text.to_ascii_lowercase();
        Attachment::is_sha256_hex(&text).then_some(text)
    };
    let sha256 = notes.parsed_text(&raw.sha256, "sha256", hex, "fault-expect-sha256");
    let file = non_empty_text(notes, &raw.file, "file");
    let by = non_empty_text(notes, &raw.by, "by");
    let on = notes.date(raw.on.as_ref(), "on");
    let (factor, file, sha256) = (factor?, file?, sha256?);
    if !seen.insert((factor.to_string(), file.clone())) {
        notes.add_error(at.span(), "file", "fault-duplicate", &file, "");
    }
    Some(FactorEvidence {
        present: check_page_hash(notes, raw, &file, &sha256),
        factor,
        file,
        sha256,
        by: by?,
        on: on?,
    })
}

fn find_factor_id(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawFactorEvidence,
    factors: &[Arc<Factor>],
) -> Option<Arc<str>> {
    let at = raw.factor.as_ref()?;
    if let Some(factor) = factors.iter().find(|factor| *factor.id == *at.get()) {
        return Some(Arc::clone(&factor.id));
    }
    let ids: Vec<&str> = factors.iter().map(|factor| &*factor.id).collect();
    let hint = nearest_name(at.get(), ids.iter().copied());
    let all = ids.join(", ");
    notes.add_error_with_hint(
        at.span(),
        "factor",
        "fault-unknown-factor",
        at.get(),
        &all,
        hint,
    );
    None
}

/// True when the page exists and has the recorded hash.
fn check_page_hash(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawFactorEvidence,
    file: &str,
    sha256: &str,
) -> bool {
    // A changed page is an error. A missing one is a warning, and figures stay provisional: the
    // configuration may be opened on a computer in the office, without the pages.
    let path = notes.path(file);
    let span =
        |typed: &Option<SpannedValue<String>>| typed.as_ref().map_or(0..0, SpannedValue::span);
    match hash_file(&path) {
        Ok(found) if found == sha256 => true,
        Ok(found) => {
            notes.add_error(
                span(&raw.sha256),
                "sha256",
                "fault-evidence-hash",
                file,
                &found,
            );
            false
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            notes.add_warning(span(&raw.file), "file", "fault-evidence-file", file, "");
            false
        }
        Err(error) => {
            let found = format!("{file}: {error}");
            notes.add_error(span(&raw.file), "file", "fault-file", &found, "");
            false
        }
    }
}

/// SHA-256 of a file as lower-case hexadecimal digits.
fn hash_file(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    // One byte more than allowed is read, to notice a larger file.
    let mut file = file.take(EVIDENCE_BYTES_MAX + 1);
    let (mut context, mut read) = (Context::new(&SHA256), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = file.read(&mut chunk)?;
        read += count as u64;
        if read > EVIDENCE_BYTES_MAX {
            return Err(io::Error::other("larger than 64 MiB"));
        }
        if count == 0 {
            break;
        }
        context.update(&chunk[..count]);
    }
    Ok(to_hex(context.finish().as_ref()))
}
