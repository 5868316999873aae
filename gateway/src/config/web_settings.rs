//! [`check_web`]: checks `[web]`, the address of the page, its certificate, and who may read it.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::RawWebPage;
use crate::config::{PageCertificate, WebSettings};
use std::net::SocketAddr;
use std::path::Path;

/// Maximum sites that may show the card of the impact.
const EMBED_MAX: usize = 8;
/// Words of `public`, with their meaning.
const PUBLIC_WORDS: [(&str, bool); 2] = [("no", false), ("read", true)];
/// Maximum host names of the page.
const NAMES_MAX: usize = 8;

/// Checks `[web]`; file names are relative to `folder`.
pub(crate) fn check_web(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&RawWebPage>,
    folder: &Path,
) -> WebSettings {
    let Some(raw) = raw else {
        return WebSettings::default();
    };
    WebSettings {
        listen: check_listen(notes, raw),
        certificate: check_certificate(notes, raw, folder),
        names: check_names(notes, raw),
        embed: check_embed(notes, raw),
        is_public: check_public(notes, raw),
        is_demo: false,
    }
}

/// Checks `listen`.
fn check_listen(notes: &mut DiagnosticCollector<'_>, raw: &RawWebPage) -> Option<SocketAddr> {
    let at = raw.listen.as_ref()?;
    // `SocketAddr` takes no host names.
    let text = at.get().replace("localhost", "127.0.0.1");
    let listen = text.parse().ok();
    if listen.is_none() {
        notes.add_error(at.span(), "listen", "fault-value", at.get(), "ADDRESS:PORT");
    }
    listen
}

/// Checks `tls`, `certificate` and `certificate_key_file`.
fn check_certificate(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawWebPage,
    folder: &Path,
) -> PageCertificate {
    if let Some(tls) = &raw.tls
        && tls.get() != "local"
    {
        notes.add_error(tls.span(), "tls", "fault-value", tls.get(), "local");
    }
    match (&raw.certificate, &raw.certificate_key_file, &raw.tls) {
        (Some(chain), Some(key), None) => PageCertificate::Files {
            chain: folder.join(chain.get()),
            key: folder.join(key.get()),
        },
        (Some(at), Some(_), Some(_)) => {
            notes.add_error(
                at.span(),
                "certificate",
                "fault-value",
                at.get(),
                "no `tls`",
            );
            PageCertificate::None
        }
        (Some(at), None, _) => {
            let missing = "certificate_key_file";
            notes.add_error(at.span(), missing, "fault-missing", "", "");
            PageCertificate::None
        }
        (None, Some(at), _) => {
            let missing = "certificate";
            notes.add_error(at.span(), missing, "fault-missing", "", "");
            PageCertificate::None
        }
        (None, None, Some(_)) => PageCertificate::LocalAuthority,
        (None, None, None) => PageCertificate::None,
    }
}

/// Checks `names`: host names as DNS has them.
fn check_names(notes: &mut DiagnosticCollector<'_>, raw: &RawWebPage) -> Vec<String> {
    let mut names = Vec::new();
    for at in raw.names.iter().flatten() {
        let name = at.get().to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let is_name = !name.is_empty() && name.len() <= 253 && name.chars().all(plain);
        if !is_name || names.len() >= NAMES_MAX {
            notes.add_error(at.span(), "names", "fault-value", at.get(), "pantau.local");
            continue;
        }
        names.push(name);
    }
    names
}

/// Checks `embed`: origins, that is scheme, host and port without a path.
fn check_embed(notes: &mut DiagnosticCollector<'_>, raw: &RawWebPage) -> Vec<String> {
    let mut origins = Vec::new();
    for at in raw.embed.iter().flatten() {
        if !is_origin(at.get()) || origins.len() >= EMBED_MAX {
            let expected = "https://desa.example.id";
            notes.add_error(at.span(), "embed", "fault-value", at.get(), expected);
            continue;
        }
        origins.push(at.get().to_ascii_lowercase());
    }
    origins
}

fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(host) = host else {
        return false;
    };
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    // No wildcard and no separator: the text goes into a header as it is.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    !name.is_empty() && name.len() <= 253 && name.chars().all(plain) && port.parse::<u16>().is_ok()
}

/// Checks `public`.
fn check_public(notes: &mut DiagnosticCollector<'_>, raw: &RawWebPage) -> bool {
    let Some(at) = &raw.public else {
        return false;
    };
    let known = PUBLIC_WORDS.iter().find(|(word, _)| word == at.get());
    if known.is_none() {
        let words = PUBLIC_WORDS.map(|(word, _)| word).join(" | ");
        notes.add_error(at.span(), "public", "fault-value", at.get(), &words);
    }
    known.is_some_and(|(_, is_public)| *is_public)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_origins_may_show_the_card() {
        for text in ["https://desa.example.id", "http://localhost:8080"] {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "",
            "desa.example.id",
            "https://",
            "https://*",
            "https://a.id/path",
            "https://a.id; script-src *",
            "https://a.id b.id",
            "https://a.id:x",
            "javascript:alert(1)",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
