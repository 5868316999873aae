//! `pantau run`: the gateway itself.

use super::backend::{load_config, print_stderr};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::kept_memory::keep_code_small;
use crate::app::{AppError, GatewayApp};
use crate::clock::Clock;
use crate::i18n::Language;
use crate::storage::StoreError;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};

/// Runs until SIGTERM or Ctrl-C. An error in the configuration ends it with exit status 2 before
/// any device, store or network is touched.
pub(super) async fn run_gateway(file: &Path, lang: Language) -> u8 {
    let config = match load_config(file, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    // The log is in English, whatever the language of the call.
    for warning in &config.warnings {
        tracing::warn!("{}", warning.render(Language::En));
    }
    // Before the page can be reached: a stop during the start must be a clean one too.
    let stop = stop_signal();
    let app = match GatewayApp::open(config, Clock::system()).await {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            // A store that another process holds, or a port in use, is a wrong call, not a failed
            // run.
            let busy = matches!(
                error,
                AppError::Store(StoreError::Busy(_)) | AppError::Listen { .. }
            );
            return if busy { EXIT_USAGE } else { EXIT_NEGATIVE };
        }
    };
    if let Some(page) = app.page_address() {
        tracing::info!(page = %format!("http://{page}/"), "the page is served");
        print_set_up_code(&app, &page.to_string(), lang).await;
    }
    tokio::spawn(keep_code_small());
    match app.run(stop).await {
        Ok(()) => EXIT_DONE,
        Err(error) => {
            tracing::error!(%error, "stopped");
            EXIT_NEGATIVE
        }
    }
}

/// Shows the code of the first user, while there is none.
async fn print_set_up_code(app: &GatewayApp, page: &str, lang: Language) {
    match app.access().set_up_code().await {
        Ok(Some(code)) => {
            print_stderr(&lang.text_with("cli-set-up-code", &[("page", page), ("code", &code)]));
        }
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "there is no set-up code"),
    }
}

/// Completes at SIGTERM or SIGINT.
pub(super) async fn wait_for_stop() {
    stop_signal().await;
}

/// Registers the signals that stop the gateway at once, and returns a future that waits for one.
pub(super) fn stop_signal() -> impl Future<Output = ()> {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    async {
        let (Ok(mut term), Ok(mut int)) = signals else {
            // Without signal handlers the default action of the signal ends the process.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    }
}
