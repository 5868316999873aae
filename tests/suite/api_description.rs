//! The API against its own description, by schemathesis.

use crate::killed::pantau;
use crate::peers::{PeerProcess, peer_file, wait_for};
use crate::servers::free_port;
use crate::sites::write_config;
use crate::wizards::token_header;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use tests::site_text::SiteText;

/// Operations that are not called: they ask devices of this network and write to them, do not end
/// by themselves, or start the server anew.
const NOT_CALLED: &str = "set-address|/live$|/reload$|^/api/v1/scans$";

#[test]
fn the_api_answers_as_it_describes_itself() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let site = SiteText::new("desa")
        .with(format_args!("[web]\nlisten = '127.0.0.1:{port}'"))
        .tcp_bus("lan", 9)
        .device("level", "lan", "unit = 1\nevery = '10s'")
        .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'm' }"]);
    let config = write_config(folder.path(), site);
    let token = token_header(&config);
    let words = ["--log", "error", "run", "-c"];
    let _gateway = PeerProcess::start(pantau().args(words).arg(&config));
    wait_for("the page", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let python = PathBuf::from(std::env::var_os("PANTAU_PEERS_PYTHON").unwrap());
    let mut tester = Command::new(python.with_file_name("schemathesis"));
    let settings = peer_file("schemathesis.toml");
    tester.current_dir(folder.path());
    tester.args([
        "--no-color",
        "--config-file",
        settings.to_str().unwrap(),
        "run",
    ]);
    tester.arg(format!("http://127.0.0.1:{port}/api/openapi.json"));
    tester.args(["--header", token.trim()]);
    // The same cases in each run, and few enough for a minute.
    tester.args(["--seed", "1", "--max-examples", "10", "--max-time", "40"]);
    tester.args(["--phases", "examples,coverage,fuzzing"]);
    tester.args(["--exclude-path-regex", NOT_CALLED]);
    tester.args(["--request-timeout", "30", "--no-shrink"]);
    let output = tester.output().expect("tests/run installs schemathesis");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
}
