//! `[[factor_evidence]]`: the official page of a factor, held against its hash.

use super::{Factors, RawEvidence, said};
use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::raw::At;
use crate::limits::EVIDENCE_BYTES_MAX;
use crate::model::factor::Evidence;
use crate::model::ledger::Attachment;
use ring::digest::{Context, SHA256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

/// Bytes read at once while a page is hashed.
const CHUNK: usize = 64 << 10;

pub(super) fn all(
    notes: &mut Notes<'_>,
    raw: &[At<RawEvidence>],
    factors: &Factors,
) -> Vec<Evidence> {
    let mut seen = BTreeSet::new();
    let all = raw
        .iter()
        .filter_map(|at| one(notes, at, factors, &mut seen));
    all.collect()
}

fn one(
    notes: &mut Notes<'_>,
    at: &At<RawEvidence>,
    factors: &Factors,
    seen: &mut BTreeSet<(String, String)>,
) -> Option<Evidence> {
    let raw = at.get();
    let factor = factor(notes, raw, factors);
    let hex = |text: &str| {
        let text = text.to_ascii_lowercase();
        Attachment::is_hash(&text).then_some(text)
    };
    let sha256 = notes.parsed(&raw.sha256, "sha256", hex, "fault-expect-sha256");
    let file = said(notes, &raw.file, "file");
    let by = said(notes, &raw.by, "by");
    let on = notes.date(raw.on.as_ref(), "on");
    let (factor, file, sha256) = (factor?, file?, sha256?);
    if !seen.insert((factor.to_string(), file.clone())) {
        notes.fault(at.span(), "file", "fault-duplicate", &file, "");
    }
    Some(Evidence {
        present: present(notes, raw, &file, &sha256),
        factor,
        file,
        sha256,
        by: by?,
        on: on?,
    })
}

fn factor(notes: &mut Notes<'_>, raw: &RawEvidence, factors: &Factors) -> Option<Arc<str>> {
    let at = raw.factor.as_ref()?;
    if let Some(factor) = factors.find(at.get()) {
        return Some(Arc::clone(&factor.id));
    }
    let ids: Vec<&str> = factors.all().iter().map(|factor| &*factor.id).collect();
    let hint = nearest(at.get(), ids.iter().copied());
    let all = ids.join(", ");
    notes.add(
        at.span(),
        "factor",
        "fault-unknown-factor",
        at.get(),
        &all,
        hint,
    );
    None
}

/// The page is there and is the one that was looked at. One that has changed is a fault, one that
/// is not there (a configuration on a desk in the office) leaves the figures provisional.
fn present(notes: &mut Notes<'_>, raw: &RawEvidence, file: &str, sha256: &str) -> bool {
    let path = notes.path(file);
    let span = |typed: &Option<At<String>>| typed.as_ref().map_or(0..0, At::span);
    match hash(&path) {
        Ok(found) if found == sha256 => true,
        Ok(found) => {
            notes.fault(
                span(&raw.sha256),
                "sha256",
                "fault-evidence-hash",
                file,
                &found,
            );
            false
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            notes.warn(span(&raw.file), "file", "fault-evidence-file", file, "");
            false
        }
        Err(error) => {
            let found = format!("{file}: {error}");
            notes.fault(span(&raw.file), "file", "fault-file", &found, "");
            false
        }
    }
}

/// SHA-256 in small hexadecimal digits, of a file of any believable size.
fn hash(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut file = file.take(EVIDENCE_BYTES_MAX + 1);
    let (mut context, mut read) = (Context::new(&SHA256), 0);
    let mut chunk = vec![0; CHUNK];
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
    let mut text = String::with_capacity(64);
    for byte in context.finish().as_ref() {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
