//! `pantau run`: the gateway itself.

use super::{DONE, NO, WRONG, configured};
use crate::app::{App, AppError};
use crate::clock::Clock;
use crate::store::StoreError;
use crate::words::Lang;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};

/// Runs until SIGTERM or Ctrl-C. A configuration fault stops it with status 2 before anything is
/// touched.
pub(super) async fn run(file: &Path, lang: Lang) -> u8 {
    let config = match configured(file, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    for warning in &config.warnings {
        tracing::warn!("{}", warning.render(Lang::En));
    }
    let app = match App::open(config, Clock::system()).await {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            let busy = matches!(
                error,
                AppError::Store(StoreError::Busy(_)) | AppError::Listen { .. }
            );
            return if busy { WRONG } else { NO };
        }
    };
    if let Some(page) = app.page() {
        tracing::info!(page = %format!("http://{page}/"), "the page is here");
    }
    match app.run(stop_asked()).await {
        Ok(()) => DONE,
        Err(error) => {
            tracing::error!(%error, "stopped");
            NO
        }
    }
}

/// Done at SIGTERM or SIGINT.
pub(super) async fn stop_asked() {
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
