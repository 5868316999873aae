//! Settings of the InfluxDB sink: `[influx]` as typed, and checked.

use crate::config::broker_settings::parse_host_and_port;
use crate::config::value_syntax::parse_duration;
use crate::config::{RawInteger, RawText, Secret};
use crate::sinks::{ConfiguredSink, SecretKeys, SinkCheck, SinkTable};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Default rate of queued readings after an outage, readings/s.
// Ten times that of MQTT, since InfluxDB takes batches.
const CATCH_UP_DEFAULT: u32 = 2000;
/// Largest `rewind`.
const REWIND_MAX: Duration = Duration::from_hours(1);
const SECRET_KEYS: SecretKeys = SecretKeys {
    forbidden: "token",
    file: "token_file",
    variable: "PANTAU_INFLUX_TOKEN",
};

/// `[influx]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawInfluxSink {
    /// `http://HOST:PORT` or `https://HOST:PORT`.
    #[schemars(required)]
    url: RawText,
    /// Organisation.
    #[schemars(required)]
    org: RawText,
    /// Bucket.
    #[schemars(required)]
    bucket: RawText,
    /// File with the token; the environment variable `PANTAU_INFLUX_TOKEN` has priority.
    token_file: RawText,
    /// PEM file of the authority that signed the server's certificate; the system's by default.
    ca_file: RawText,
    /// Readings per second sent from the queue after an outage.
    catch_up: RawInteger,
    /// Time, up to `1h`, that is sent again after each lost connection; `0s` by default.
    rewind: RawText,
}

/// Settings of the InfluxDB v2 sink.
#[derive(Clone, Debug, PartialEq)]
pub struct InfluxSettings {
    /// Base address, `http://host:port[/path]` or https.
    pub url: String,
    /// Organisation.
    pub org: String,
    /// Bucket.
    pub bucket: String,
    /// Token, from its file or the environment.
    pub token: Option<Secret>,
    /// PEM file of the authority that signed the server's certificate; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// Readings per second sent from the queue after an outage.
    pub catch_up: u32,
    /// Time before a lost connection from which on readings are sent again.
    pub rewind: Duration,
}

impl SinkTable for RawInfluxSink {
    const NAME: &'static str = "influx";
    const SUMMARY: &'static str = "`InfluxDB` v2 sink.";
    const SECRET: Option<SecretKeys> = Some(SECRET_KEYS);

    fn check(&self, check: &mut SinkCheck<'_, '_>) -> Arc<dyn ConfiguredSink> {
        let expected = "http://HOST:PORT, https://HOST:PORT";
        let url = check.url(&self.url, parse_http_url, expected, SECRET_KEYS);
        let text = |typed: &RawText| typed.as_ref().map_or(String::new(), |at| at.get().clone());
        Arc::new(InfluxSettings {
            url: url.unwrap_or_default(),
            org: text(&self.org),
            bucket: text(&self.bucket),
            token: check.secret(&self.token_file, SECRET_KEYS),
            ca_file: check.ca_file(&self.ca_file),
            catch_up: check.catch_up(&self.catch_up, CATCH_UP_DEFAULT),
            rewind: check
                .notes
                .parsed_text(&self.rewind, "rewind", parse_rewind, "0s .. 1h")
                .unwrap_or_default(),
        })
    }
}

fn parse_rewind(text: &str) -> Option<Duration> {
    parse_duration(text).filter(|rewind| *rewind <= REWIND_MAX)
}

fn parse_http_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.trim_end_matches('/');
    let authority = rest.split('/').next()?;
    parse_host_and_port(authority)?;
    let is_plain = !rest.contains(['@', '?', '#']) && !rest.contains(char::is_whitespace);
    if !is_plain {
        return None;
    }
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{rest}"))
}
