//! [`SinkCheck`]: checks that the tables of several sinks share: addresses, secrets, certificates.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::{RawInteger, RawText, Secret};
use crate::sinks::SecretKeys;
use std::path::PathBuf;

/// Allowed values of `catch_up`, readings/s.
const CATCH_UP_RANGE: std::ops::RangeInclusive<i64> = 1..=1_000_000;

/// Place for the errors of a sink's table, and the data that the table is checked against.
pub struct SinkCheck<'a, 'n> {
    /// Errors and warnings of the file so far.
    pub notes: &'a mut DiagnosticCollector<'n>,
    /// Id of the site.
    pub site: &'a str,
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for SinkCheck<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the file nor the environment: both may hold secrets.
        f.debug_struct("SinkCheck")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl SinkCheck<'_, '_> {
    /// Checks `url`; user name, password and query in it are an error, and are masked.
    pub fn url<T>(
        &mut self,
        typed: &RawText,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
        secret: SecretKeys,
    ) -> Option<T> {
        let at = typed.as_ref()?;
        // Messages and logs show addresses: a secret in one would be shown as well.
        if at.get().contains(['@', '?']) {
            let found = at.get();
            self.notes
                .add_error(at.span(), "url", "fault-url-secret", found, secret.file);
            return None;
        }
        self.notes.parsed_text(typed, "url", read, expected)
    }

    /// Returns the secret of the environment variable or of the file that `typed` names.
    pub fn secret(&mut self, typed: &RawText, keys: SecretKeys) -> Option<Secret> {
        if let Some(secret) = (self.env)(keys.variable).filter(|secret| !secret.is_empty()) {
            return Some(Secret::new(secret));
        }
        let at = typed.as_ref()?;
        let file = self.notes.path(at.get());
        // The secret is needed when data are sent; the file may be created until then.
        if let Err(error) = std::fs::read_to_string(&file) {
            let found = format!("{}: {error}", at.get());
            self.notes.add_warning(
                at.span(),
                keys.file,
                "fault-secret-file",
                &found,
                keys.variable,
            );
        }
        Some(Secret::from_file(file))
    }

    /// Checks `ca_file`: the file must be there.
    pub fn ca_file(&mut self, typed: &RawText) -> Option<PathBuf> {
        let at = typed.as_ref()?;
        let path = self.notes.path(at.get());
        if !path.is_file() {
            self.notes
                .add_error(at.span(), "ca_file", "fault-no-file", at.get(), "");
        }
        Some(path)
    }

    /// Checks `catch_up`, the rate of queued readings after an outage, readings/s.
    pub fn catch_up(&mut self, typed: &RawInteger, usual: u32) -> u32 {
        let rate = self
            .notes
            .integer_in_range(typed, "catch_up", CATCH_UP_RANGE);
        rate.unwrap_or(usual)
    }
}

/// Splits `HOST`, `HOST:PORT` or `[V6]:PORT`; `None` for user names and spaces.
pub(crate) fn parse_host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    if text.contains(['@', '/', '?', '#']) || text.contains(char::is_whitespace) {
        return None;
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None => None,
        };
        return (!host.is_empty()).then(|| (host.to_owned(), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (text, None),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}
