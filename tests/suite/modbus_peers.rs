//! Tests of every register type and word order against two independent Modbus servers, over TCP and
//! a serial line.
//!
//! The registers are made here, by hand from each number's bytes; two other programs serve them
//! (pymodbus, and a slave on libmodbus); the gateway reads them, and every value must be exact.

use crate::peers::{PeerProcess, compile_peer, pty_line, python_peer};
use gateway::buses::CounterValues;
use gateway::clock::Clock;
use gateway::config::{Config, load_config_text};
use gateway::domain::{ExactNumber, QualityReason, SampleOutcome};
use gateway::status::StatusBoard;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::site_text::SiteText;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// The registers of a number, the TOML of its point, and what must be read.
struct RegisterCase {
    point: String,
    expected: SampleOutcome,
}

/// The four tables, filled as points are added.
#[derive(Default)]
struct PeerRegisterImage {
    coils: Vec<u16>,
    discrete: Vec<u16>,
    holding: Vec<u16>,
    input: Vec<u16>,
    cases: Vec<RegisterCase>,
}

fn decimal_outcome(mantissa: i64, exponent: i8) -> SampleOutcome {
    SampleOutcome::Good(ExactNumber::Decimal { mantissa, exponent })
}

fn float_outcome(value: f64) -> SampleOutcome {
    SampleOutcome::Good(ExactNumber::Float(value))
}

/// Big-endian bytes as registers in a word order of DESIGN 5.1.
fn ordered_registers(bytes: &[u8], order: &str) -> Vec<u16> {
    let words = bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut words: Vec<u16> = match order {
        "badc" | "dcba" => words.map(u16::swap_bytes).collect(),
        _ => words.collect(),
    };
    if order == "cdab" || order == "dcba" {
        words.reverse();
    }
    words
}

impl PeerRegisterImage {
    /// A point in the next free registers of `table`.
    fn add(&mut self, table: &str, words: &[u16], rest: &str, expected: SampleOutcome) {
        let place = match table {
            "coil" => &mut self.coils,
            "discrete" => &mut self.discrete,
            "holding" => &mut self.holding,
            _ => &mut self.input,
        };
        let address = place.len();
        place.extend(words);
        let id = self.cases.len();
        let point = format!("{{ id = \"p{id}\", register = \"{table}:{address}\", {rest} }}");
        self.cases.push(RegisterCase { point, expected });
    }

    /// A number in every word order, in both tables of registers.
    fn add_number(&mut self, kind: &str, bytes: &[u8], rest: &str, expected: SampleOutcome) {
        for (order, table) in [
            ("abcd", "holding"),
            ("cdab", "input"),
            ("badc", "holding"),
            ("dcba", "input"),
        ] {
            let words = ordered_registers(bytes, order);
            let rest = format!("type = \"{kind}\", words = \"{order}\"{rest}");
            self.add(table, &words, &rest, expected);
        }
    }

    fn write(&self, file: &Path) {
        let mut text = String::new();
        let tables = [
            ("coils", &self.coils),
            ("discrete", &self.discrete),
            ("holding", &self.holding),
            ("input", &self.input),
        ];
        for (name, numbers) in tables {
            text.push_str(name);
            for number in numbers {
                write!(text, " {number}").unwrap();
            }
            text.push('\n');
        }
        std::fs::write(file, text).unwrap();
    }
}

fn full_image() -> PeerRegisterImage {
    let mut image = PeerRegisterImage::default();
    add_integers(&mut image);
    add_floats(&mut image);
    add_digits_and_bits(&mut image);
    image
}

fn add_integers(image: &mut PeerRegisterImage) {
    for value in [0, 1, 0x1234, u16::MAX] {
        image.add_number(
            "u16",
            &value.to_be_bytes(),
            "",
            decimal_outcome(value.into(), 0),
        );
    }
    for value in [i16::MIN, -2, i16::MAX] {
        image.add_number(
            "i16",
            &value.to_be_bytes(),
            ", scale = 0.1",
            decimal_outcome(value.into(), -1),
        );
    }
    for value in [0x0102_0304, u32::MAX] {
        image.add_number(
            "u32",
            &value.to_be_bytes(),
            ", scale = 0.001",
            decimal_outcome(value.into(), -3),
        );
    }
    for value in [i32::MIN, -3, i32::MAX] {
        image.add_number(
            "i32",
            &value.to_be_bytes(),
            "",
            decimal_outcome(value.into(), 0),
        );
    }
    // The third number has another byte at every place, so no exchange of bytes gives it again.
    for value in [i64::MIN, -4, 0x0102_0304_0506_0708, i64::MAX] {
        image.add_number("i64", &value.to_be_bytes(), "", decimal_outcome(value, 0));
    }
    image.add_number(
        "i16",
        &(-5_i16).to_be_bytes(),
        ", scale = 10, offset = 7",
        decimal_outcome(-43, 0),
    );
    image.add_number(
        "u64",
        // Beyond 2^53: a double would have rounded it.
        &(1_u64 << 62).to_be_bytes(),
        ", scale = 0.01",
        decimal_outcome(1 << 62, -2),
    );
    // Larger than a signed 64-bit mantissa: the outcome is a reason, not a rounded number.
    image.add_number(
        "u64",
        &u64::MAX.to_be_bytes(),
        "",
        SampleOutcome::Bad(QualityReason::NotANumber),
    );
    image.add_number(
        "u16",
        &[0xFF, 0xFF],
        ", missing = [65535]",
        SampleOutcome::Bad(QualityReason::Missing),
    );
    image.add_number(
        "i16",
        &[0x80, 0x00],
        ", min = -100",
        SampleOutcome::Bad(QualityReason::OutOfRange),
    );
}

fn add_floats(image: &mut PeerRegisterImage) {
    // Minus zero and numbers below the smallest normal one are what a careless conversion loses
    // first.
    for value in [0.1_f32, -0.0, f32::MIN_POSITIVE / 2.0, f32::MAX, -123.456] {
        // A whole number above 2^24 is its own digits; any other has those of the single.
        let digits = if value.abs() > 1e30 {
            value.into()
        } else {
            value.to_string().parse().unwrap()
        };
        image.add_number("f32", &value.to_be_bytes(), "", float_outcome(digits));
    }
    for value in [
        std::f64::consts::PI,
        f64::MIN_POSITIVE / 4.0,
        f64::MAX,
        -0.1,
    ] {
        image.add_number("f64", &value.to_be_bytes(), "", float_outcome(value));
    }
    for value in [f32::NAN, f32::INFINITY] {
        image.add_number(
            "f32",
            &value.to_be_bytes(),
            "",
            SampleOutcome::Bad(QualityReason::NotANumber),
        );
    }
}

fn add_digits_and_bits(image: &mut PeerRegisterImage) {
    image.add_number("bcd16", &[0x98, 0x76], "", decimal_outcome(9876, 0));
    image.add_number(
        "bcd32",
        &[0x12, 0x34, 0x56, 0x78],
        ", scale = 0.01",
        decimal_outcome(12_345_678, -2),
    );
    image.add_number(
        "u16",
        &[0xAB, 0xCD],
        ", bits = [4, 11]",
        decimal_outcome(0xBC, 0),
    );
    image.add_number("u16", &[0x00, 0x08], ", bits = 3", decimal_outcome(1, 0));
    for (table, value) in [
        ("coil", 1),
        ("coil", 0),
        ("coil", 1),
        ("discrete", 0),
        ("discrete", 1),
        ("holding", 1),
    ] {
        image.add(
            table,
            &[value],
            "type = \"bool\"",
            decimal_outcome(value.into(), 0),
        );
    }
}

/// A site with one device on one bus, with the image's points.
fn image_site(bus: &str, image: &PeerRegisterImage, folder: &Path) -> Config {
    let points: Vec<&str> = image.cases.iter().map(|case| case.point.as_str()).collect();
    let site = SiteText::new("t").store(folder);
    let site = site.bus("bus", format_args!("timeout = '5s'\n{bus}"));
    let site = site.device("device", "bus", "unit = 1\nevery = '1s'");
    load_config_text(
        &site.points(points).text(),
        &folder.join("pantau.toml"),
        &|_| None,
    )
    .unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Checks that one reading of the whole image holds exactly the values of the bytes.
async fn every_value_is_exact(bus: &str, image: &PeerRegisterImage, folder: &Path) {
    let config = image_site(bus, image, folder);
    let (out, mut readings) = mpsc::channel(8);
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let (clock, board) = (Clock::system(), StatusBoard::default());
    let counters = CounterValues::default();
    gateway::buses::spawn_bus_tasks(
        &config, &clock, &board, &counters, &out, &stopped, &mut tasks,
    );
    let wait = tokio::time::timeout(Duration::from_mins(1), readings.recv());
    let reading = wait.await.expect("no reading in a minute").unwrap();
    assert_eq!(reading.outcomes.len(), image.cases.len());
    for (case, outcome) in image.cases.iter().zip(&reading.outcomes) {
        assert_eq!(*outcome, case.expected, "{}", case.point);
    }
    stop.send(true).unwrap();
    // Without its receiver the bus task ends, also while it waits for room in the channel.
    drop(readings);
    while tasks.join_next().await.is_some() {}
}

/// Reads the same image over TCP and over a serial line, from a server started by `server`.
async fn read_served_image(server: impl Fn() -> Command) {
    let folder = tempfile::tempdir().unwrap();
    let (image, file) = (full_image(), folder.path().join("image"));
    image.write(&file);
    let (_tcp, port) = PeerProcess::start_ready(server().arg(&file).arg("tcp"));
    let bus = format!("kind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\ntcp_port = {port}");
    every_value_is_exact(&bus, &image, folder.path()).await;

    // The same registers over a serial line, where frames have a CRC and no transaction number.
    let (_line, near, far) = pty_line(folder.path());
    let (_rtu, _) = PeerProcess::start_ready(server().arg(&file).arg("rtu").arg(&far));
    let bus = format!(
        "kind = \"modbus-rtu\"\nport = \"{}\"\nbaud = 19200",
        near.display()
    );
    every_value_is_exact(&bus, &image, folder.path()).await;
}

#[tokio::test]
async fn every_type_and_word_order_of_pymodbus_arrives_exact() {
    read_served_image(|| python_peer("pymodbus_server.py")).await;
}

#[tokio::test]
async fn every_type_and_word_order_of_libmodbus_arrives_exact() {
    let folder = tempfile::tempdir().unwrap();
    let slave = compile_peer("slave", &["libmodbus"], folder.path());
    read_served_image(|| Command::new(slave.get_program())).await;
}
