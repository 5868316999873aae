//! Tests of access control with the whole program: users by the command line, sign-in over the
//! real listener, and the listener that waits for a first user.

use crate::killed::pantau;
use crate::peers::wait_for;
use crate::servers::free_port;
use crate::sites::write_config;
use crate::wizards::{run_pantau, start_gateway, stderr_text};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tests::site_text::SiteText;

const PASSWORD: &str = "kunci gudang 7";

/// A site with a page at this address.
fn write_page_site(folder: &Path, listen: &str) -> PathBuf {
    let site = SiteText::new("desa").with(format_args!("[web]\nlisten = '{listen}'"));
    write_config(folder, site)
}

/// `pantau user ...` with a password on standard input.
pub(crate) fn run_with_password(config: &Path, words: &[&str], password: &str) -> Output {
    let mut command = pantau();
    command
        .args(["--lang", "en", "--log", "off", "user"])
        .args(words);
    command.arg("-c").arg(config).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    child.wait_with_output().unwrap()
}

fn users(config: &Path) -> Value {
    let listed = run_pantau(config, &["user", "list", "--json"]);
    assert!(listed.status.success(), "{}", stderr_text(&listed));
    serde_json::from_slice(&listed.stdout).unwrap()
}

/// Status, headers and body of a request to an address.
pub(crate) fn http_answer(
    address: &str,
    line: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.0\r\nHost: {address}\r\nAccept-Language: en\r\n{headers}\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

/// Signs in on the page; the cookie of the session.
pub(crate) fn sign_in(address: &str, name: &str, password: &str) -> Result<String, u16> {
    let form = format!("nama={name}&sandi={}", password.replace(' ', "+"));
    let media = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (status, head, _) = http_answer(address, "POST /masuk", media, &form);
    let cookie = head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.filter(|_| status == 303).ok_or(status)?;
    Ok(format!("Cookie: {}\r\n", cookie.split(';').next().unwrap()))
}

#[test]
fn a_user_of_the_command_line_signs_in_over_the_listener_and_stays_signed_in_over_a_restart() {
    let scratch = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let config = write_page_site(scratch.path(), &address);
    let short = run_with_password(&config, &["add", "siti"], "kurang");
    assert_eq!(short.status.code(), Some(2));
    assert!(
        stderr_text(&short).contains("at least 10"),
        "{}",
        stderr_text(&short)
    );
    let added = run_with_password(&config, &["add", "Siti", "--role", "admin"], PASSWORD);
    assert!(added.status.success(), "{}", stderr_text(&added));
    let file = config.with_file_name("store").join("access.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let gateway = start_gateway(&config);
    // Over the control socket of the running gateway.
    let added = run_with_password(&config, &["add", "budi", "--json"], "hujan turun deras");
    assert!(added.status.success(), "{}", stderr_text(&added));
    let listed = users(&config);
    assert_eq!(listed[0]["name"], "budi");
    assert_eq!(listed[1]["role"], "admin");
    assert_eq!(sign_in(&address, "siti", "salah sekali"), Err(403));
    let cookie = sign_in(&address, "siti", PASSWORD).unwrap();
    let people = |cookie: &str| http_answer(&address, "GET /pengguna", cookie, "").0;
    assert_eq!(people(&cookie), 200);
    let viewer = sign_in(&address, "budi", "hujan turun deras").unwrap();
    assert_eq!(people(&viewer), 403);
    assert_eq!(people(""), 303);
    drop(gateway);

    let gateway = start_gateway(&config);
    assert_eq!(people(&cookie), 200);
    let ended = run_pantau(&config, &["user", "disable", "budi"]);
    assert!(ended.status.success(), "{}", stderr_text(&ended));
    assert_eq!(people(&viewer), 303);
    let last = run_pantau(&config, &["user", "remove", "siti"]);
    assert_eq!(last.status.code(), Some(1));
    assert!(
        stderr_text(&last).contains("admin terakhir"),
        "{}",
        stderr_text(&last)
    );
    drop(gateway);
}

#[test]
fn the_network_is_served_once_a_user_exists_and_the_code_is_shown_until_then() {
    let scratch = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = write_page_site(scratch.path(), &format!("0.0.0.0:{port}"));
    // 127.0.0.2 is this computer too, but a listener on 127.0.0.1 alone does not answer there.
    let other = format!("127.0.0.2:{port}");
    let own = format!("127.0.0.1:{port}");
    let gateway = start_gateway(&config);
    wait_for("the page", || TcpStream::connect(&own).is_ok());
    assert!(TcpStream::connect(&other).is_err());
    assert_eq!(http_answer(&own, "GET /api/v1/site", "", "").0, 200);
    assert_eq!(http_answer(&own, "GET /mulai", "", "").0, 200);
    let shown = run_pantau(&config, &["user", "setup-code"]);
    let code = String::from_utf8(shown.stdout).unwrap().trim().to_owned();
    assert_eq!(code.len(), 9, "{code}");
    let password = PASSWORD.replace(' ', "+");
    let media = "Content-Type: application/x-www-form-urlencoded\r\n";
    let form = format!("kode={code}&nama=siti&sandi={password}");
    assert_eq!(http_answer(&own, "POST /mulai", media, &form).0, 303);
    assert_eq!(http_answer(&own, "POST /mulai", media, &form).0, 409);
    assert_eq!(http_answer(&own, "GET /api/v1/site", "", "").0, 401);
    let none = run_pantau(&config, &["user", "setup-code"]);
    assert_eq!(none.status.code(), Some(1));
    drop(gateway);

    let gateway = start_gateway(&config);
    wait_for("the page", || TcpStream::connect(&other).is_ok());
    let cookie = sign_in(&other, "siti", PASSWORD).unwrap();
    assert_eq!(http_answer(&other, "GET /api/v1/site", &cookie, "").0, 200);
    // The name of another site that was made to point here.
    let mut stream = TcpStream::connect(&other).unwrap();
    write!(
        stream,
        "GET / HTTP/1.0\r\nHost: evil.example\r\n{cookie}\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.0 421"), "{text}");
    drop(gateway);
}

#[test]
fn a_damaged_list_of_users_is_set_aside_and_everybody_is_told_what_to_do() {
    for damaged in ["", "{", "{\"version\":1,\"users\":[{", "\0\0\0\0"] {
        let scratch = tempfile::tempdir().unwrap();
        let port = free_port();
        let config = write_page_site(scratch.path(), &format!("0.0.0.0:{port}"));
        let added = run_with_password(&config, &["add", "siti", "--role", "admin"], PASSWORD);
        assert!(added.status.success(), "{}", stderr_text(&added));
        let store = config.with_file_name("store");
        std::fs::write(store.join("access.json"), damaged).unwrap();
        // A command changes nothing, and does not say that there are no users.
        for words in [&["list"][..], &["token", "list"], &["add", "budi"]] {
            let refused = run_with_password(&config, words, PASSWORD);
            let said = stderr_text(&refused);
            assert_eq!(refused.status.code(), Some(1), "{words:?}: {said}");
            assert!(said.contains("access.json"), "{words:?}: {said}");
        }
        let kept = std::fs::read_to_string(store.join("access.json")).unwrap();
        assert_eq!(kept, damaged);
        let gateway = start_gateway(&config);
        // Who opens the page over the network finds it, and no way in.
        let page = format!("127.0.0.2:{port}");
        wait_for("the page", || TcpStream::connect(&page).is_ok());
        let names = std::fs::read_dir(&store).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let aside: Vec<String> = names
            .filter(|name| name.starts_with("access.json.damaged-"))
            .collect();
        let kept = std::fs::read_to_string(store.join(&aside[0])).unwrap();
        assert_eq!(kept, damaged);
        for (lang, words) in [
            ("en", "no way to sign in"),
            ("id", "tidak ada yang dapat masuk"),
        ] {
            let (status, _, text) = http_answer(&page, &format!("GET /mulai?lang={lang}"), "", "");
            assert_eq!(status, 200);
            assert!(text.contains(words) && text.contains(&aside[0]), "{text}");
        }
        let (status, _, health) = http_answer(&page, "GET /healthz", "", "");
        assert_eq!(status, 200);
        assert!(health.contains("nobody can sign in") && health.contains(&aside[0]));
        let media = "Content-Type: application/x-www-form-urlencoded\r\n";
        let form = format!("kode=&nama=tamu&sandi={}", PASSWORD.replace(' ', "+"));
        assert_eq!(http_answer(&page, "POST /mulai", media, &form).0, 403);
        drop(gateway);
    }
}
