//! Time stamps (RFC 3161) of the last record of the evidence chain, once a day.
//!
//! A failure is a line in the log and on the status board, and is tried again later; it stops
//! nothing.

use crate::clock::Clock;
use crate::config::{TimeStampSettings, mask_message, mask_secrets};
use crate::domain::UtcMs;
use crate::evidence::{StampRequest, read_authorities};
use crate::limits::{
    TIME_STAMP_ANSWER_MAX, TIME_STAMP_EVERY_MS, TIME_STAMP_LOOK_MS, TIME_STAMP_RETRY_MAX_MS,
    TIME_STAMP_RETRY_MIN_MS, TIME_STAMP_SECONDS,
};
use crate::status::{StampingState, StatusBoard};
use crate::storage::{KeptStamp, Store};
use crate::tls_client::tls_client_config;
use reqwest::header::CONTENT_TYPE;
use reqwest::{PlainClient, redirect};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Has the last record stamped until a stop is requested.
pub async fn run_time_stamps(
    settings: TimeStampSettings,
    store: Store,
    clock: Clock,
    board: StatusBoard,
    mut stop: watch::Receiver<bool>,
) {
    let mut failures = 0;
    loop {
        let done = stamp_when_due(&settings, &store, &clock).await;
        // A store that fails tells it itself.
        let last = store.last_time_stamp().await.ok().flatten();
        let state = StampingState {
            last_good: last.map(|stamp| stamp.at),
            fault: done.as_ref().err().cloned(),
        };
        board.update(|board| board.stamps = Some(state));
        let pause = match done {
            Ok(()) => {
                failures = 0;
                TIME_STAMP_LOOK_MS
            }
            Err(why) => {
                let pause = retry_pause_ms(failures);
                failures += 1;
                let minutes = pause / 60_000;
                let url = mask_secrets(&settings.url);
                tracing::warn!(%url, %why, minutes, "no time stamp; tried again");
                pause
            }
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Pause after a number of earlier failures, ms.
fn retry_pause_ms(failures: u32) -> u64 {
    let factor = 1_u64.checked_shl(failures).unwrap_or(u64::MAX);
    TIME_STAMP_RETRY_MIN_MS
        .saturating_mul(factor)
        .min(TIME_STAMP_RETRY_MAX_MS)
}

/// Has the last record stamped, when it is a new one and the last stamp is a day old.
async fn stamp_when_due(
    settings: &TimeStampSettings,
    store: &Store,
    clock: &Clock,
) -> Result<(), String> {
    let now = clock.now();
    // A clock that may be wrong cannot say whether a day has passed.
    if !now.trusted {
        return Ok(());
    }
    let plain = |error: crate::storage::StoreError| error.to_string();
    let Some(head) = store.chain_head().await.map_err(plain)? else {
        return Ok(());
    };
    let last = store.last_time_stamp().await.map_err(plain)?;
    if last.is_some_and(|last| last.number == head.number || is_fresh(last.at, now.at)) {
        return Ok(());
    }
    let authorities = match &settings.ca_file {
        Some(file) => read_authorities(file).map_err(|why| format!("{}: {why}", file.display()))?,
        None => Vec::new(),
    };
    let request = StampRequest::new(&head.sha256).map_err(|why| why.to_string())?;
    let answer = send_request(&settings.url, request.body.clone()).await?;
    let checked = request.check_answer(&answer, &head.sha256, &authorities);
    let checked = checked.map_err(|why| why.to_string())?;
    let stamp = KeptStamp {
        id: 0,
        number: head.number,
        sha256: head.sha256,
        at: now.at,
        // Kept with the evidence, which leaves the site.
        url: mask_secrets(&settings.url).into_owned(),
        answer,
    };
    store.keep_time_stamp(stamp).await.map_err(plain)?;
    tracing::info!(record = head.number, at = %checked.at, "the record has a time stamp");
    Ok(())
}

/// Returns whether a stamp is less than a day old; one from the future is not.
fn is_fresh(stamped: UtcMs, now: UtcMs) -> bool {
    (0..TIME_STAMP_EVERY_MS).contains(&now.0.saturating_sub(stamped.0))
}

/// Sends a request; the error is a sentence.
async fn send_request(url: &str, body: Vec<u8>) -> Result<Vec<u8>, String> {
    let plain = |error: reqwest::Error| mask_message(&error.to_string());
    let mut builder = PlainClient::builder()
        .user_agent(concat!("pantau/", env!("CARGO_PKG_VERSION")))
        .timeout(Duration::from_secs(TIME_STAMP_SECONDS))
        // An answer of another server would be no answer of the one that is configured.
        .redirect(redirect::Policy::none())
        .no_proxy();
    if url.starts_with("https:") {
        let tls = tls_client_config(None, None)?;
        builder = builder.use_preconfigured_tls(Arc::unwrap_or_clone(tls));
    }
    let request = builder.build().map_err(plain)?.post(url);
    let request = request.header(CONTENT_TYPE, "application/timestamp-query");
    let mut response = request.body(body).send().await.map_err(plain)?;
    if !response.status().is_success() {
        return Err(format!("the server answers {}", response.status()));
    }
    let mut answer = Vec::new();
    while let Some(part) = response.chunk().await.map_err(plain)? {
        answer.extend_from_slice(&part);
        // A stamp with its certificates has some kilobytes.
        if answer.len() > TIME_STAMP_ANSWER_MAX {
            return Err("the answer is too long".to_owned());
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_tried_again_later_and_later_up_to_some_hours() {
        let pauses = [0, 1, 2, 40, 200].map(|failures| retry_pause_ms(failures) / 60_000);
        assert_eq!(pauses, [1, 2, 4, 360, 360]);
    }

    #[test]
    fn a_day_passes_between_two_stamps_and_one_from_the_future_holds_nothing_up() {
        let now = UtcMs(10 * TIME_STAMP_EVERY_MS);
        for (ago, is_still_fresh) in [
            (1, true),
            (TIME_STAMP_EVERY_MS, false),
            (-TIME_STAMP_EVERY_MS, false),
        ] {
            assert_eq!(is_fresh(UtcMs(now.0 - ago), now), is_still_fresh, "{ago}");
        }
    }
}
