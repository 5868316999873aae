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
        self.notes.address(typed, read, expected, secret.file)
    }

    /// Returns the secret of the environment variable or of the file that `typed` names.
    pub fn secret(&mut self, typed: &RawText, keys: SecretKeys) -> Option<Secret> {
        if let Some(secret) = (self.env)(keys.variable).filter(|secret| !secret.is_empty()) {
            return Some(Secret::new(secret));
        }
        let message = ("fault-secret-file", keys.variable);
        self.notes.secret_file(typed, keys.file, message)
    }

    /// Checks `ca_file`: the file must be there.
    pub fn ca_file(&mut self, typed: &RawText) -> Option<PathBuf> {
        self.notes.ca_file(typed)
    }

    /// Checks `catch_up`, the rate of queued readings after an outage, readings/s.
    pub fn catch_up(&mut self, typed: &RawInteger, usual: u32) -> u32 {
        let rate = self
            .notes
            .integer_in_range(typed, "catch_up", CATCH_UP_RANGE);
        rate.unwrap_or(usual)
    }
}
