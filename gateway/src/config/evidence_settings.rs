//! `[evidence]`: proof outside the computer that the records of days are old.

use crate::config::RawText;
use crate::config::broker_settings::parse_host_and_port;
use crate::config::diagnostic_collector::DiagnosticCollector;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// `[evidence]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawEvidenceTable {
    /// Authority that stamps the last record of the chain with its time, once a day.
    pub(crate) time_stamp: Option<RawTimeStampServer>,
}

/// `time_stamp` of `[evidence]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawTimeStampServer {
    /// Address of a time-stamp authority (RFC 3161): `http://HOST/PATH` or `https://HOST/PATH`.
    #[schemars(required)]
    pub(crate) url: RawText,
    /// PEM file of the authorities that stand behind its certificate; without it, the chain of
    /// certificates of a stamp is not checked.
    pub(crate) ca_file: RawText,
}

/// Time-stamp authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampSettings {
    /// Address, http or https.
    pub url: String,
    /// PEM file of the authorities behind its certificate; `None`: not checked.
    pub ca_file: Option<PathBuf>,
}

/// Checks `[evidence]`.
pub(crate) fn check_time_stamp_server(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&RawEvidenceTable>,
) -> Option<TimeStampSettings> {
    let raw = raw?.time_stamp.as_ref()?;
    let expected = "http://HOST/PATH, https://HOST/PATH";
    let url = notes.parsed_text(&raw.url, "url", parse_http_address, expected);
    Some(TimeStampSettings {
        url: url.unwrap_or_default(),
        ca_file: notes.ca_file(&raw.ca_file),
    })
}

fn parse_http_address(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    parse_host_and_port(rest.split('/').next()?)?;
    let is_plain = !rest.contains(['@', '#']) && !rest.contains(char::is_whitespace);
    (is_plain && matches!(scheme, "http" | "https")).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_with_a_host() {
        for good in ["http://tsa.example.org", "https://127.0.0.1:8443/tsr?x=1"] {
            assert_eq!(parse_http_address(good).as_deref(), Some(good));
        }
        for bad in [
            "tsa.example.org",
            "ftp://a/b",
            "http:///x",
            "http://u:p@h/",
            "http://a b/",
        ] {
            assert_eq!(parse_http_address(bad), None, "{bad}");
        }
    }
}
