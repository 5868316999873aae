//! Commands of a technician on sensor nodes at a real broker: read, soak, calibrate, hand over.

use crate::nodes::{client, publish, site_text};
use crate::peers::PeerProcess;
use crate::servers::{MosquittoBroker, wait_until};
use crate::sites::write_config;
use crate::wizards::{run_pantau, start_gateway, stderr_text};
use tests::site_text::SiteText;

#[tokio::test]
async fn a_technician_reads_a_node_and_is_told_what_it_sends_instead() {
    let broker = MosquittoBroker::start("").await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let config = write_config(folder.path(), site_text(&url, ""));
    let repeat = ["--repeat", "600", "--repeat-delay", "0.1"];
    let send = |topic: &str, payload: &str| {
        let mut command = client("mosquitto_pub", broker.port, &["-t", topic, "-m", payload]);
        PeerProcess::start(command.args(repeat))
    };
    let rain = send("z/kebun/rain", "2.4");
    let pump = send("pump/state", "running");
    let soil = send("z/kebun", r#"{"soil":{"temp":21.5}}"#);
    let read = || run_pantau(&config, &["read", "kebun"]);
    let said = String::from_utf8(read().stdout).unwrap();
    for words in ["21,5 degC (valid)", "2,4 mm (valid)", "1 = bekerja (valid)"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let shown = [
        "read",
        "kebun",
        "--display",
        "rain=2.4",
        "--display",
        "temp=25",
    ];
    let said = String::from_utf8(run_pantau(&config, &shown).stdout).unwrap();
    for words in ["cocok dengan layar, 2,4 mm", "BERBEDA dari layar, 25 degC"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    drop(soil);
    let soil = send("z/kebun", r#"{"soil":{"moisture":40}}"#);
    let said = String::from_utf8(read().stdout).unwrap();
    assert!(said.contains("it has `moisture`"), "{said}");
    drop((rain, pump, soil));
}

/// Site with the level of a tank from a node that is polled every two seconds.
fn tank_site(port: u16) -> SiteText {
    let keys = format!("kind = 'mqtt'\nurl = 'mqtt://127.0.0.1:{port}'");
    let site = SiteText::new("desa").bus("nodes", keys);
    site.device(
        "tandon",
        "nodes",
        "topic = 'tandon'\nevery = '2s'\nstale_after = '1h'",
    )
    .points(["{ id = 'level', topic = '~/level', unit = 'm' }"])
    .asset("tank", "tank", "level = 'tandon.level'")
    .with("shape = { kind = 'vertical-cylinder', diameter_m = 2, height_m = 2 }")
}

/// Node that sends its level several times a second.
fn start_node(port: u16, level: &str) -> PeerProcess {
    let words = ["-t", "tandon/level", "-m", level];
    let mut command = client("mosquitto_pub", port, &words);
    PeerProcess::start(command.args(["--repeat", "600", "--repeat-delay", "0.2"]))
}

#[tokio::test]
async fn a_soak_test_of_a_node_begins_with_its_first_message() {
    let broker = MosquittoBroker::start("").await;
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), tank_site(broker.port));
    let soak = || {
        let output = run_pantau(&config, &["soak", "--for", "9s", "--json"]);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    // What the broker had kept is no sign of life.
    publish(broker.port, "tandon/level", "1.2", &["-r"]);
    let told = soak();
    assert_eq!(told["passes"], false, "{told}");
    assert_eq!(told["devices"][0]["fault"], "retained", "{told}");
    let _node = start_node(broker.port, "1.25");
    let told = soak();
    assert_eq!(told["devices"][0]["passes"], true, "{told}");
}

#[tokio::test]
async fn what_a_broker_had_kept_is_no_reading_of_now_for_calibration_and_handover() {
    let broker = MosquittoBroker::start("").await;
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), tank_site(broker.port));
    publish(broker.port, "tandon/level", "1.2", &["-r"]);
    let _gateway = start_gateway(&config);
    let state = || {
        let output = run_pantau(&config, &["handover", "--json"]);
        let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut sections = record["sections"].as_array().unwrap().iter();
        let devices = sections.find(|one| one["id"] == "devices").unwrap();
        let row = &devices["blocks"][0]["rows"][0];
        row.as_array().unwrap().last().unwrap()["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let kept = "lama: pesan ini disimpan broker";
    wait_until("the kept value is there", || state().contains(kept)).await;
    let words = [
        "calibrate",
        "level",
        "tank",
        "--dip",
        "1.3",
        "--who",
        "Budi",
        "--yes",
    ];
    let calibrate = || run_pantau(&config, &words);
    let refused = calibrate();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(
        stderr_text(&refused).contains("Tidak ada bacaan tandon.level"),
        "{refused:?}"
    );
    let _node = start_node(broker.port, "1.25");
    wait_until("the node is heard", || state() == "menjawab").await;
    let done = calibrate();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let said = stderr_text(&done);
    assert!(said.contains("1,25") || said.contains("1.25"), "{said}");
    // A poll repeats a value for an hour here.
    assert!(said.contains("60 menit"), "{said}");
}
