//! Settings of the MQTT sink: `[mqtt]` as typed, and checked.

use crate::config::broker_settings::{EXPECT_BROKER_URL, parse_broker_url, parse_client_id};
use crate::config::{BrokerSettings, MqttVersion, RawInteger, RawText};
use crate::limits::MQTT_ACK_SECONDS;
use crate::sinks::{ConfiguredSink, SecretKeys, SinkCheck, SinkTable};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Default rate of queued readings after an outage, readings/s.
const CATCH_UP_DEFAULT: u32 = 200;
const SECRET_KEYS: SecretKeys = SecretKeys {
    forbidden: "password",
    file: "password_file",
    variable: "PANTAU_MQTT_PASSWORD",
};

/// `[mqtt]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawMqttSink {
    /// `mqtt://HOST:PORT` or `mqtts://HOST:PORT`.
    #[schemars(required)]
    url: RawText,
    /// User name.
    username: RawText,
    /// File with the password; the environment variable `PANTAU_MQTT_PASSWORD` has priority.
    password_file: RawText,
    /// PEM file of the authority that signed the broker's certificate; the system's by default.
    ca_file: RawText,
    /// PEM file of the certificate that the broker knows this gateway by.
    certificate: RawText,
    /// PEM file of its private key.
    certificate_key_file: RawText,
    /// MQTT client id, `pantau-SITE` by default.
    client_id: RawText,
    /// First level of the topics, `pantau` by default.
    prefix: RawText,
    /// Readings per second sent from the queue after an outage.
    catch_up: RawInteger,
    /// `5` or `3.1.1`; by default the newer one that the broker accepts.
    version: RawText,
}

/// Settings of the MQTT sink.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttSettings {
    /// Connection to the broker.
    pub broker: BrokerSettings,
    /// First level of the topics, `pantau`.
    pub prefix: String,
    /// Readings per second sent from the queue after an outage.
    pub catch_up: u32,
    /// Maximum time until an acknowledgement (`limits::MQTT_ACK_SECONDS`).
    pub ack_within: Duration,
}

impl SinkTable for RawMqttSink {
    const NAME: &'static str = "mqtt";
    const SUMMARY: &'static str = "MQTT sink.";
    const SECRET: Option<SecretKeys> = Some(SECRET_KEYS);

    fn check(&self, check: &mut SinkCheck<'_, '_>) -> Arc<dyn ConfiguredSink> {
        let url = check.url(&self.url, parse_broker_url, EXPECT_BROKER_URL, SECRET_KEYS);
        let (host, port, tls) = url.unwrap_or_default();
        let expected = "fault-expect-text";
        let client_id = &self.client_id;
        let client_id = check
            .notes
            .parsed_text(client_id, "client_id", parse_client_id, expected);
        let broker = BrokerSettings {
            host,
            port,
            tls,
            username: self.username.as_ref().map(|at| at.get().clone()),
            password: check.secret(&self.password_file, SECRET_KEYS),
            ca_file: check.ca_file(&self.ca_file),
            certificate: check
                .notes
                .client_certificate(&self.certificate, &self.certificate_key_file),
            client_id: client_id.unwrap_or_else(|| format!("pantau-{}", check.site)),
            version: check
                .notes
                .parsed_text(&self.version, "version", parse_mqtt_version, "5, 3.1.1")
                .unwrap_or_default(),
        };
        Arc::new(MqttSettings {
            broker,
            prefix: check
                .notes
                .parsed_text(&self.prefix, "prefix", parse_prefix, "fault-expect-topic")
                .unwrap_or_else(|| "pantau".to_owned()),
            catch_up: check.catch_up(&self.catch_up, CATCH_UP_DEFAULT),
            ack_within: Duration::from_secs(MQTT_ACK_SECONDS),
        })
    }
}

/// Reads the first part of the topics; `#`, `+` and NUL are not allowed there (MQTT 5, 4.7).
fn parse_prefix(text: &str) -> Option<String> {
    let good = !text.is_empty() && !text.contains(['#', '+', '\0', ' ']);
    let good = good && !text.starts_with('/') && !text.ends_with('/');
    good.then(|| text.to_owned())
}

fn parse_mqtt_version(text: &str) -> Option<MqttVersion> {
    match text {
        "5" | "5.0" => Some(MqttVersion::V5),
        "3.1.1" => Some(MqttVersion::V3),
        _ => None,
    }
}
