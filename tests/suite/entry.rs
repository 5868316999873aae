//! Tests of the page where people record, in a real browser: two taps, without a connection, each
//! entry once.

use crate::peers;
use crate::sites::{live_store, site_of};
use gateway::config::load_config_text;
use gateway::status::StatusBoard;
use gateway::{api, server};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Environment variable with the folder for screenshots; a temporary folder by default.
const SCREENSHOTS_VARIABLE: &str = "PANTAU_SHOTS";

#[test]
fn people_record_in_a_real_browser_also_without_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let shots = std::env::var_os(SCREENSHOTS_VARIABLE)
        .map_or_else(|| folder.path().join("shots"), PathBuf::from);
    let text = include_str!("../../gateway/assets/demo.toml");
    let config = load_config_text(text, Path::new("demo.toml"), &|_| None).unwrap();
    // The browser is a process of its own, so one thread is enough to serve it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let status = runtime.block_on(async {
        let site = site_of("desa-impian", "Desa Impian", Vec::new());
        let (store, clock) = live_store(folder.path(), &site);
        let state = api::ApiState::new(&config, &store, &StatusBoard::default(), &clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        let page = tokio::spawn(server::serve_http(listener, state, stopped));
        let mut browser = tokio::process::Command::from(peers::python_peer("entry.py"));
        let status = browser.arg(address).arg(&shots).status().await.unwrap();
        stop.send(true).unwrap();
        page.await.unwrap();
        store.stop().await;
        status
    });
    assert!(
        status.success(),
        "the browser saw something wrong, see above"
    );
}
