//! Tests of the commands used beside pins and chips, against simulated ones in another process.

use crate::killed::pantau;
use crate::sites::{noon_world, write_config};
use gateway::config;
use gateway::simulator::pty::PseudoTerminal;
use gateway::simulator::{SimulatedEndpoint, SimulatorServers, serve_devices};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tests::site_text::SiteText;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::task::JoinSet;

/// Site with pulses, a probe and chips at these paths.
fn pin_site([chip, probes, chips]: [&str; 3]) -> SiteText {
    SiteText::new("desa")
        .bus("pins", format_args!("kind = 'gpio'\nchip = '{chip}'"))
        .device("meter", "pins", "line = 'GPIO17'\nevery = '200ms'")
        .points(["{ id = 'volume', signal = 'pulses', unit = 'm3', max_rate = 20 }"])
        .bus(
            "probes",
            format_args!("kind = 'one-wire'\nport = '{probes}'"),
        )
        .device(
            "compost",
            "probes",
            "profile = 'ds18b20-1wire'\nserial = '28-0316a2795ab1'\nevery = '200ms'",
        )
        .bus("chips", format_args!("kind = 'i2c'\nport = '{chips}'"))
        .device("well", "chips", "chip = 'ads1115'\nevery = '1s'")
        .points(["{ id = 'level', signal = 'a0', loop_values = [0, 5], unit = 'm' }"])
}

/// Serves the site and writes the configuration that points to it.
async fn serve_site(folder: &Path) -> (PathBuf, [String; 3], SimulatorServers) {
    let file = write_config(folder, pin_site(["gpiochip0", "/w1", "/dev/i2c-1"]));
    let config = config::load_config(&file).unwrap();
    let served = serve_devices(&config, &noon_world()).await.unwrap();
    let path = |place: &SimulatedEndpoint| match place {
        SimulatedEndpoint::Folder(path) | SimulatedEndpoint::Socket(path) => {
            path.display().to_string()
        }
        other => panic!("{other:?}"),
    };
    let places = [0, 1, 2].map(|index| path(&served.places[index]));
    let site = pin_site([&*places[0], &*places[1], &*places[2]]);
    (write_config(folder, site), places, served)
}

/// Runs the program; returns its output.
pub(crate) async fn run_program(arguments: &[&str]) -> (Output, String) {
    let mut command = Command::from(pantau());
    command.args(["--lang", "en"]).args(arguments);
    command.kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_mins(1), command.output());
    let output = output.await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[tokio::test]
async fn read_soak_and_scan_work_on_simulated_pins() {
    let folder = tempfile::tempdir().unwrap();
    let (file, [pins, probes, chips], _served) = serve_site(folder.path()).await;
    let file = file.to_str().unwrap();
    for (device, unit) in [
        ("meter", "0 m3"),
        ("compost", "degC"),
        ("well", " m (good)"),
    ] {
        let (output, text) = run_program(&["read", device, "-c", file]).await;
        assert_eq!(output.status.code(), Some(0), "{device}: {output:?}");
        assert!(text.contains(unit) && text.contains("good"), "{text}");
    }
    let (output, text) = run_program(&["soak", "--for", "3s", "-c", file]).await;
    // None has failed; 3 s are too short to tell 99 in 100.
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text.matches("too few   ").count(), 3, "{text}");

    // By the path that the simulator prints, and by the bus of the configuration.
    let (_, text) = run_program(&["scan", &pins]).await;
    assert!(text.contains("line 17 GPIO17: free"), "{text}");
    let (_, text) = run_program(&["scan", "chips", "-c", file]).await;
    assert!(text.contains("0x48: ads1115"), "{text}");
    let (_, again) = run_program(&["scan", &chips]).await;
    assert_eq!(again, text);
    let (_, text) = run_program(&["scan", &probes, "--json"]).await;
    let probe: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(probe["serial"], "28-0316a2795ab1");
}

#[tokio::test]
async fn a_scan_names_the_buses_that_it_leaves_out_or_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let site = pin_site(["gpiochip0", "/w1", "/dev/i2c-1"])
        .bus("sonar", "kind = 'uart'\nport = '/dev/ttyS9'")
        .tcp_bus("lan", 1);
    let file = write_config(folder.path(), site);
    let file = file.to_str().unwrap();
    for (targets, status, words) in [
        (
            &["lann.invalid"][..],
            2,
            &["pins, probes, chips, sonar, lan"][..],
        ),
        (&["sonar"], 1, &["There is no port /dev/ttyS9"]),
        (&["sonar", "pins"], 2, &["without other targets"]),
        (&[], 1, &["pantau scan probes", "pantau scan sonar"]),
    ] {
        let arguments = [&["scan", "-c", file], targets].concat();
        let (output, _) = run_program(&arguments).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{targets:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{word} in {said}");
        }
    }
}

/// Serial line on which a device sends these bytes again and again until the task ends.
fn start_sender(bytes: &'static [u8], tasks: &mut JoinSet<()>) -> PathBuf {
    let mut line = PseudoTerminal::open(9600).unwrap();
    let path = line.path().clone();
    tasks.spawn(async move {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        loop {
            pause.tick().await;
            // A terminal that nobody reads is full after a while.
            let full = Duration::from_millis(100);
            let _ = tokio::time::timeout(full, line.write_all(bytes)).await;
        }
    });
    path
}

#[tokio::test]
async fn a_scan_of_a_uart_says_what_it_hears_and_proposes_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    let mut tasks = JoinSet::new();
    let port = start_sender(&[0xff, 0x07, 0xa1, 0xa7], &mut tasks);
    let bus = format!("kind = 'uart'\nport = '{}'\nbaud = 9600", port.display());
    let file = write_config(folder.path(), SiteText::new("desa").bus("sonar", bus));
    let file = file.to_str().unwrap();
    // By its port, without a configuration.
    let target = format!("uart:{}", port.display());
    let (output, text) = run_program(&["scan", &target, "-c", "none.toml"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        text.contains(": a02yyuw, 1.953 m (newest of 10 values"),
        "{text}"
    );
    let table = "[[device]]\nid = \"level-1\"\nbus = \"uart\"\nprofile = \"dfrobot-a02yyuw\"";
    assert!(
        text.contains(table) && text.contains("kind = \"uart\""),
        "{text}"
    );
    // By its bus: what is written is a configuration that reads the sensor.
    let (output, text) = run_program(&["scan", "sonar", "--write", "-c", file]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text.contains("bus = \"sonar\""), "{text}");
    let (_, text) = run_program(&["scan", "sonar", "--json", "-c", file]).await;
    let heard: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&heard["chip"], &heard["distance_mm"], &heard["configured"]),
        (&"a02yyuw".into(), &1953.into(), &"level-1".into())
    );
    let (_, text) = run_program(&["read", "level-1", "-c", file]).await;
    assert!(text.contains("1.953 m (good)"), "{text}");
}

#[tokio::test]
async fn a_scan_of_a_uart_tells_bytes_of_another_device_and_a_wrong_speed() {
    let folder = tempfile::tempdir().unwrap();
    let mut tasks = JoinSet::new();
    let port = start_sender(b"$GPGGA\r\n", &mut tasks);
    for (baud, words) in [(9600, "Another device"), (19_200, "set baud = 9600")] {
        let bus = format!("kind = 'uart'\nport = '{}'\nbaud = {baud}", port.display());
        let file = write_config(folder.path(), SiteText::new("desa").bus("sonar", bus));
        let arguments = ["scan", "sonar", "-c", file.to_str().unwrap()];
        let (output, text) = run_program(&arguments).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            text.contains(words) && text.contains("47 50 47 47"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_handover_record_has_the_wiring_of_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _, _served) = serve_site(folder.path()).await;
    let (output, text) = run_program(&["handover", "--json", "-c", file.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let record: Value = serde_json::from_str(&text).unwrap();
    let sections = record["sections"].as_array().unwrap();
    let wiring = sections.last().unwrap();
    assert_eq!(
        (&wiring["id"], &wiring["annex"]),
        (&"wiring".into(), &true.into())
    );
    let blocks = wiring["blocks"].as_array().unwrap();
    let drawings = blocks.iter().filter(|block| block["type"] == "drawing");
    let drawings: Vec<&str> = drawings.filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(
        drawings,
        [
            "wiring-header",
            "wiring-pulse",
            "wiring-ds18b20",
            "wiring-current-loop",
            "wiring-i2c",
        ]
    );
    let parts = blocks.last().unwrap().to_string();
    assert!(
        parts.contains("Shunts 150 ohm") && !parts.contains("USB to RS-485"),
        "{parts}"
    );
}

#[tokio::test]
async fn pulses_and_the_level_of_a_converter_are_calibrated_like_other_points() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _, _served) = serve_site(folder.path()).await;
    let file = file.to_str().unwrap();
    let common = ["--yes", "--who", "Budi", "-c", file];
    let pulses = [
        "pulses",
        "meter.volume",
        "--pulses",
        "95",
        "--litres",
        "100000",
    ];
    let level = [
        "level",
        "well.level",
        "--pair",
        "0.5=0.52",
        "--pair",
        "2.0=2.04",
    ];
    for words in [&pulses[..], &level[..]] {
        let (output, _) = run_program(&[&["calibrate"], words, &common[..]].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let (_, list) = run_program(&["calibrate", "list", "-c", file]).await;
    assert!(list.contains("1.0526 x sensor value"), "{list}");
    assert!(list.contains("well.level"), "{list}");
}
