//! Turns on a line that is asked for more than it can carry, and connections that need patience.

use super::bench::{
    GatewayProcess, ONE_POINT, TcpAnswer, line_reply, ones_frame, said_in, serial_bus_toml,
    serve_line, start_server,
};
use super::late::run_for_seconds;
use crate::peers::{pty_line, wait_for};
use crate::wizards::write_site;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn equal_devices_of_an_overloaded_line_get_equal_turns_and_it_is_said() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, far) = pty_line(scratch.path());
    serve_line(&far, |asked, _, wire| {
        std::thread::sleep(Duration::from_millis(55));
        let reply = line_reply(asked, vec![7; usize::from(asked[5])]);
        wire.write_all(&reply).unwrap();
    });
    let device = |unit: u8| {
        format!(
            "[[device]]\nid = \"d{unit}\"\nbus = \"lan\"\nunit = {unit}\nevery = \"100ms\"\n\
             point = [{ONE_POINT}]\n"
        )
    };
    let tables = serial_bus_toml(&near, "") + &(1..=5).map(device).collect::<String>();
    let config = write_site(scratch.path(), &tables);
    let file = config.to_str().unwrap();
    let plan = said_in("en", &["check", "-c", file]);
    assert!(plan.contains("more than it can carry"), "{plan}");
    let plan = said_in("id", &["check", "-c", file]);
    assert!(plan.contains("daripada kemampuannya"), "{plan}");
    let mut watch = run_for_seconds("watch", "en", &config);
    let output = watch.stdout(Stdio::piped()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("wished every 0.1 s"), "{text}");
    let gateway = GatewayProcess::start(&config);
    let mut polls = Vec::new();
    wait_for("forty polls of each", || {
        let devices = gateway.get_json("/api/v1/devices");
        let status = devices.as_array().unwrap().iter().map(|one| &one["status"]);
        // A round takes about 0.3 s.
        let real = status
            .clone()
            .map(|status| status["real_every_ms"].as_u64());
        polls = status
            .map(|status| status["polls"].as_u64().unwrap())
            .collect();
        polls.iter().all(|count| *count >= 40) && real.flatten().all(|ms| ms > 200)
    });
    let (least, most) = (polls.iter().min().unwrap(), polls.iter().max().unwrap());
    assert!(most * 95 <= least * 100, "{polls:?}");
}

/// Drops what comes within so many milliseconds after connecting.
macro_rules! dropping {
    ($ms:literal) => {
        |asked, since, _| match since.as_millis() {
            0..$ms => Vec::new(),
            _ => ones_frame(asked),
        }
    };
}

#[test]
fn connections_that_need_patience_are_read_by_themselves() {
    let servers: [(&str, TcpAnswer); 5] = [
        ("a", dropping!(200)),
        ("b", dropping!(1000)),
        ("c", dropping!(2000)),
        ("d", dropping!(5000)),
        ("e", dropping!(10_000)),
    ];
    let tables = servers.map(|(id, answer)| {
        let (port, _) = start_server(answer);
        format!(
            "[[bus]]\nid = \"{id}\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\n\
             tcp_port = {port}\ntimeout = \"200ms\"\n[[device]]\nid = \"{id}\"\nbus = \"{id}\"\n\
             unit = 1\nevery = \"1s\"\npoint = [{ONE_POINT}]\n"
        )
    });
    let scratch = tempfile::tempdir().unwrap();
    let config = write_site(scratch.path(), &tables.concat());
    // All at once, so that the test takes as long as the most patient of them.
    let gateway = GatewayProcess::start(&config);
    wait_for("values of all", || {
        let devices = gateway.get_json("/api/v1/devices");
        let mut all = devices.as_array().unwrap().iter();
        all.all(|one| one["status"]["state"] == "ok")
    });
}
