//! [`check_web`]: checks `[web]`: the address of the page, its names, and who may read it.

use crate::config::WebSettings;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::{RawWebPage, SpannedValue};
use crate::limits::HOST_NAMES_MAX;
use std::net::{IpAddr, SocketAddr};

/// Words of `public`, with their meaning.
const PUBLIC_WORDS: [(&str, bool); 2] = [("no", false), ("read", true)];

/// Checks `[web]`.
pub(crate) fn check_web(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&RawWebPage>,
) -> WebSettings {
    let Some(raw) = raw else {
        return WebSettings::default();
    };
    WebSettings {
        listen: raw.listen.as_ref().and_then(|at| check_listen(notes, at)),
        names: check_names(notes, &raw.names),
        is_public: raw
            .public
            .as_ref()
            .is_some_and(|at| check_public(notes, at)),
    }
}

fn check_listen(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
) -> Option<SocketAddr> {
    // `SocketAddr` takes no host names.
    let text = at.get().replace("localhost", "127.0.0.1");
    let listen = text.parse().ok();
    if listen.is_none() {
        notes.add_error(at.span(), "listen", "fault-value", at.get(), "ADDRESS:PORT");
    }
    listen
}

fn check_names(notes: &mut DiagnosticCollector<'_>, typed: &[SpannedValue<String>]) -> Vec<String> {
    if let Some(at) = typed.get(HOST_NAMES_MAX) {
        let most = HOST_NAMES_MAX.to_string();
        notes.add_error(
            at.span(),
            "names",
            "fault-value",
            at.get(),
            &format!("<= {most}"),
        );
    }
    let mut names = Vec::new();
    for at in typed {
        let name = at.get().trim();
        // Browsers send an IPv6 address in brackets; it is compared without them.
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let is_part = |part: &str| {
            let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !part.is_empty() && part.chars().all(is_sign)
        };
        if bare.parse::<IpAddr>().is_ok() || (name.len() < 254 && name.split('.').all(is_part)) {
            names.push(bare.to_ascii_lowercase());
        } else {
            let expected = "pantau.local, 192.168.1.20";
            notes.add_error(at.span(), "names", "fault-value", at.get(), expected);
        }
    }
    names
}

fn check_public(notes: &mut DiagnosticCollector<'_>, at: &SpannedValue<String>) -> bool {
    let known = PUBLIC_WORDS.iter().find(|(word, _)| word == at.get());
    if known.is_none() {
        let words = PUBLIC_WORDS.map(|(word, _)| word).join(" | ");
        notes.add_error(at.span(), "public", "fault-value", at.get(), &words);
    }
    known.is_some_and(|(_, meaning)| *meaning)
}
