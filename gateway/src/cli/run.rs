//! `pantau run`: the gateway itself.

use super::backend::{load_config, print_stderr, store_error_text};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::kept_memory::keep_code_small;
use crate::app::{AppError, GatewayApp};
use crate::clock::Clock;
use crate::i18n::Language;
use crate::reload_request::ReloadDoor;
use crate::storage::StoreError;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Time after which a set-up code that could not be kept is tried again.
const SET_UP_RETRY: Duration = Duration::from_secs(10);

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
    let hangups = hangup_signal();
    let app = match GatewayApp::open(config, Clock::system()).await {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            if let Some(why) = start_error_text(&error, lang) {
                print_stderr(&why);
            }
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
    tokio::spawn(reload_on_hangup(hangups, app.reload_door()));
    match app.run(stop).await {
        Ok(()) => EXIT_DONE,
        Err(error) => {
            tracing::error!(%error, "stopped");
            EXIT_NEGATIVE
        }
    }
}

/// Takes the configuration file over at each SIGHUP, as services do. The gateway logs what became
/// of it.
async fn reload_on_hangup(hangups: Option<Signal>, door: ReloadDoor) {
    let Some(mut hangups) = hangups else { return };
    while hangups.recv().await.is_some() {
        door.ask("SIGHUP", "").await;
    }
}

/// Registers SIGHUP; `None` at a terminal, whose end is a hangup too: there the program ends with
/// it, as others do.
fn hangup_signal() -> Option<Signal> {
    if io::stdin().is_terminal() {
        return None;
    }
    let registered = signal(SignalKind::hangup());
    registered
        .inspect_err(|error| tracing::error!(%error, "SIGHUP reloads nothing"))
        .ok()
}

/// Advice about an error of the start, in the language of the call; `None` where the log says all
/// that is known.
fn start_error_text(error: &AppError, lang: Language) -> Option<String> {
    match error {
        AppError::Store(fault) => store_error_text(fault, lang),
        AppError::Listen {
            address,
            why,
            holder,
        } if why.kind() == io::ErrorKind::AddrInUse => {
            let address = address.to_string();
            let Some(holder) = holder else {
                return Some(lang.text_with("cli-listen-in-use", &[("address", &address)]));
            };
            let pid = holder.pid.to_string();
            let args = [
                ("address", &*address),
                ("name", &holder.name),
                ("pid", &pid),
            ];
            Some(lang.text_with("cli-listen-held", &args))
        }
        _ => None,
    }
}

/// Shows the code of the first user, while there is none; as soon as there is room for it, where
/// the disk is full.
async fn print_set_up_code(app: &GatewayApp, page: &str, lang: Language) {
    let (access, page) = (app.access().clone(), page.to_owned());
    let print = move |code: Option<String>| {
        if let Some(code) = code {
            print_stderr(&lang.text_with("cli-set-up-code", &[("page", &page), ("code", &code)]));
        }
    };
    match access.set_up_code().await {
        Ok(code) => print(code),
        Err(error) => {
            tracing::error!(%error, "there is no set-up code; tried again");
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(SET_UP_RETRY).await;
                    if let Ok(code) = access.set_up_code().await {
                        return print(code);
                    }
                }
            });
        }
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
