//! [`InfluxWriter`]: sends one batch of lines and says what became of it.

use crate::clock::Clock;
use crate::limits::INFLUX_ANSWER_SECONDS;
use crate::sinks::influx::InfluxSettings;
use crate::sinks::influx::relay::{InfluxRelay, InfluxTarget};
use crate::sinks::influx::write_verdict::{WriteVerdict, judge_answer};
use flate2::Compression;
use flate2::write::GzEncoder;
use influxdb2::api::write::TimestampPrecision;
use influxdb2::{Client, ClientBuilder, RequestError};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use std::io::Write as _;
use std::time::Duration;
use tokio::time::timeout;

/// Client of the influxdb2 crate, used as transport only.
pub(super) struct InfluxWriter {
    client: Client,
    relay: InfluxRelay,
    org: String,
    bucket: String,
}

impl InfluxWriter {
    pub(super) async fn open(settings: &InfluxSettings, clock: &Clock) -> Result<Self, String> {
        // Validated before the library gets it, since influxdb2 panics on an invalid address.
        let target = InfluxTarget::parse(&settings.url)?;
        let relay = InfluxRelay::start(settings, target, clock.clone()).await?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(write_timeout())
            // A redirection to a login page must be seen as such, not followed.
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            // Requests to the relay on loopback must not go through a proxy set in the environment.
            .no_proxy();
        let address = format!("http://{}", relay.address);
        let client = ClientBuilder::with_builder(http, address, &settings.org, &relay.key)
            .build()
            .map_err(|why| why.to_string())?;
        Ok(Self {
            client,
            relay,
            org: settings.org.clone(),
            bucket: settings.bucket.clone(),
        })
    }

    pub(super) async fn write(&self, text: &str, lines: usize) -> WriteVerdict {
        let silent = |why: String| WriteVerdict::RetryLater {
            why,
            after: None,
            silent: true,
        };
        let body = match compress_gzip(text) {
            Ok(body) => body,
            Err(why) => return silent(why.to_string()),
        };
        let write = self.client.write_line_protocol_with_precision(
            &self.org,
            &self.bucket,
            body,
            TimestampPrecision::Milliseconds,
        );
        match timeout(write_timeout(), write).await {
            Ok(Ok(())) => WriteVerdict::Stored,
            Ok(Err(RequestError::Http { status, text })) => {
                judge_answer(status.as_u16(), &text, lines, self.relay.retry_after())
            }
            Ok(Err(why)) => silent(why.to_string()),
            Err(_) => silent("no answer".to_owned()),
        }
    }
}

/// Slightly longer than the relay's own limit, so that its more exact error arrives first.
fn write_timeout() -> Duration {
    Duration::from_secs(INFLUX_ANSWER_SECONDS + 5)
}

fn compress_gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}
