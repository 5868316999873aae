//! The gateway that holds the store's file: asked over its socket. Without one the file is opened
//! here.

use super::{NO, WRONG};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::store::{Access, Store, StoreError};
use crate::web::SOCKET;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::path::Path;
use tokio::net::UnixStream;

/// Why a command could not be done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The running gateway said no.
    #[error("{0}")]
    Refused(String),
    /// The running gateway went away in the middle.
    #[error("the running gateway does not answer: {0}")]
    Lost(#[from] hyper::Error),
    /// A day of the bundle has changed since its record was made.
    #[error("{0} has changed since its record was made")]
    Unsettled(String),
    /// The request could not be made.
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    /// The store could not be opened, or said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] std::io::Error),
}

/// One of the two ways to the readings.
pub(super) enum Way {
    /// A gateway runs and is asked.
    Running(Running),
    /// No gateway runs; the file is ours until `close`.
    Own(Store),
}

/// A connection to the running gateway.
pub(super) struct Running(SendRequest<Full<Bytes>>);

impl Way {
    /// The running gateway, else the store itself, for what the command does to it.
    pub(super) async fn find(config: &Config, access: Access) -> Result<Self, Trouble> {
        if let Some(running) = Running::connect(&config.store.path).await? {
            return Ok(Self::Running(running));
        }
        let (site, text) = (&config.site, &config.revision());
        let store = Store::open_for(
            access,
            &config.store.path,
            site,
            &config.store,
            text,
            &Clock::system(),
        )?;
        Ok(Self::Own(store))
    }

    /// The running gateway, else the store for reading, once the records of closed days that are
    /// due were made, as the gateway would. A store that may not be written to is read as it is.
    pub(super) async fn with_records(config: &Config) -> Result<Self, Trouble> {
        let way = Self::find(config, Access::Read).await?;
        let Self::Own(store) = &way else {
            return Ok(way);
        };
        if store.days_due().await? == 0 {
            return Ok(way);
        }
        // Nothing is added to a file that is damaged.
        store.check_pages().await?;
        way.close().await;
        if let Ok(mut own) = Self::find(config, Access::Write).await {
            if let Err(trouble) = own.settle(|_| ()).await {
                tracing::warn!(%trouble, "the records that are due could not be made");
            }
            own.close().await;
        }
        Self::find(config, Access::Read).await
    }

    /// Lets go of the file.
    pub(super) async fn close(self) {
        if let Self::Own(store) = self {
            store.stop().await;
        }
    }
}

impl Running {
    pub(super) async fn connect(directory: &Path) -> Result<Option<Self>, Trouble> {
        let Ok(stream) = UnixStream::connect(directory.join(SOCKET)).await else {
            return Ok(None);
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the sender; what goes wrong is seen by the request that waits for its answer.
        tokio::spawn(connection);
        Ok(Some(Self(sender)))
    }

    /// Asks; an answer other than success is told in the gateway's own words.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Incoming, Trouble> {
        self.send(method, path, "text/plain", body).await
    }

    /// Like `ask`, with a body of this media type.
    pub(super) async fn send(
        &mut self,
        method: &str,
        path: &str,
        media: &str,
        body: impl Into<Bytes>,
    ) -> Result<Incoming, Trouble> {
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, media)
            .body(Full::new(body.into()))?;
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() {
            return Ok(body);
        }
        Err(Trouble::Refused(reason(
            status,
            &body.collect().await?.to_bytes(),
        )))
    }
}

fn reason(status: StatusCode, body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
    let faults = json.get("faults").and_then(serde_json::Value::as_array);
    let first = faults.and_then(|faults| faults.first()?.get("error")?.as_str());
    match (part("error"), part("expected").or(first)) {
        (Some(error), Some(expected)) => format!("{error}: {expected}"),
        (Some(error), None) => error.to_owned(),
        _ => status.to_string(),
    }
}

/// A value for a query.
pub(super) fn escaped(text: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| {
        if harmless(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(one).collect()
}

/// A counter on a terminal's standard error; nothing when that is a file.
pub(super) fn progress(total: Option<u64>) -> indicatif::ProgressBar {
    use indicatif::{ProgressBar, ProgressStyle};
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:30} {percent} % {human_pos} {eta}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The configuration; its faults are printed and their exit status comes back.
pub(super) fn load(file: &Path, lang: crate::words::Lang) -> Result<Config, u8> {
    config::load(file).map_err(|faults| {
        complain(&faults.render(lang));
        WRONG
    })
}

/// Exit status 1 with the reason on standard error.
pub(super) fn failed(trouble: &Trouble, lang: crate::words::Lang) -> u8 {
    let why = match trouble {
        Trouble::Store(fault) => unusable(fault, lang),
        Trouble::Unsettled(day) => Some(lang.say("evidence-unsettled", &[("day", day)])),
        _ => None,
    };
    let why = why.unwrap_or_else(|| trouble.to_string());
    complain(&lang.say("cli-failed", &[("why", &why)]));
    NO
}

/// Why the store's file cannot be used, and what to do.
fn unusable(fault: &StoreError, lang: crate::words::Lang) -> Option<String> {
    let (key, file, why) = match fault {
        StoreError::Damaged { file, why } => ("cli-store-damaged", file, why.as_str()),
        StoreError::Missing(file) => ("cli-store-missing", file, ""),
        StoreError::Older(file) => ("cli-store-older", file, ""),
        StoreError::Busy(file) => ("cli-store-busy", file, ""),
        _ => return None,
    };
    let file = file.display().to_string();
    Some(lang.say(key, &[("file", &file), ("why", why)]))
}

/// Who sits at this computer, when it says so.
pub(super) fn user() -> Option<String> {
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let said = names.iter().filter_map(|name| std::env::var(name).ok());
    said.into_iter().find(|name| !name.trim().is_empty())
}

/// A line on standard error.
pub(super) fn complain(text: &str) {
    use std::io::Write;
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(std::io::stderr(), "{text}");
}
