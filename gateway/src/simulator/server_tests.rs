//! Tests of the simulated servers over real sockets and a pseudo terminal.

use super::*;
use crate::buses::modbus::decode;
use crate::config::{
    Bus, BusLink, Device, DeviceLimits, LinearScale, ModbusLink, ModbusPoint, Parity, Point,
    PointAccess, RegisterEncoding, ScaleExponentTable, SerialPortSettings, StoreSettings,
    ValidityCondition, WebSettings, WordOrder,
};
use crate::domain::{DeviceInfo, PointInfo, SampleOutcome, UtcMs};
use crate::simulator::device::{ILLEGAL_ADDRESS, ILLEGAL_VALUE};
use crate::simulator::plant::PlantSnapshot;
use crate::tests::{site_with_devices, world_at};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// 2026-07-01T12:00:00+07:00.
const NOON: UtcMs = UtcMs(1_782_882_000_000);

fn test_point(name: &str, address: u16, encoding: RegisterEncoding, unit: &str) -> Point {
    let access = ModbusPoint::new(ModbusTable::Holding, address, encoding);
    Point {
        scale: LinearScale {
            factor: (1, -1),
            offset: (0, 0),
        },
        unit: unit.into(),
        ..Point::new(name, PointAccess::Modbus(access))
    }
}

/// The point with changed registers.
fn with_registers(mut point: Point, change: impl FnOnce(&mut ModbusPoint)) -> Point {
    change(point.modbus_mut().unwrap());
    point
}

/// Points of an inverter with a wrapping counter, a split value, bits, a selected scale and a
/// condition.
fn odd_points() -> Vec<Point> {
    let power = test_point("ac_power", 10, RegisterEncoding::U32, "W");
    let voltage = test_point("ac_voltage", 12, RegisterEncoding::F32, "V");
    let voltage = with_registers(voltage, |access| access.words = WordOrder::Dcba);
    let energy = Point {
        counter: true,
        ..test_point("ac_energy_total", 20, RegisterEncoding::U32, "kWh")
    };
    let energy = with_registers(energy, |access| access.high = Some(3));
    let status = Point {
        scale: LinearScale::IDENTITY,
        ..test_point("mode", 14, RegisterEncoding::U16, "")
    };
    let status = with_registers(status, |access| access.bits = Some((4, 7)));
    let unit = Point {
        scale: LinearScale::IDENTITY,
        ..test_point("level_unit", 15, RegisterEncoding::U16, "")
    };
    let level = Point {
        scale: LinearScale::IDENTITY,
        ..test_point("level", 16, RegisterEncoding::I16, "m")
    };
    let level = with_registers(level, |access| {
        access.powers = vec![ScaleExponentTable {
            point: 4,
            table: vec![(0, -2), (1, -3)],
        }];
        access.valid_when = vec![ValidityCondition::one_of(3, &[5])];
    });
    let small = Point {
        counter: true,
        ..test_point("energy_import", 17, RegisterEncoding::U16, "kWh")
    };
    vec![power, voltage, energy, status, unit, level, small]
}

fn device_info(device: &Device) -> DeviceInfo {
    DeviceInfo {
        id: device.id.clone(),
        bus: "".into(),
        profile: None,
        kind: "inverter".into(),
        every_ms: 10_000,
        points: device
            .points
            .iter()
            .map(|point| PointInfo {
                id: format!("{}.{}", device.id, point.name).into(),
                name: point.name.clone(),
                unit: point.unit.clone(),
                quantity: point.quantity.clone(),
                counter: point.counter,
            })
            .collect(),
    }
}

fn serial_line() -> SerialPortSettings {
    SerialPortSettings {
        port: "/nowhere".into(),
        baud: 9600,
        parity: Parity::None,
        stop_bits: 1,
    }
}

fn test_inverters() -> Vec<Device> {
    let limits = DeviceLimits {
        max_registers: 20,
        align: 1,
        blocks: Vec::new(),
        gap: Duration::ZERO,
        settle: Duration::ZERO,
        oddities: drivers::header_oddities::HeaderOddities::default(),
        timeout: Duration::from_millis(500),
    };
    let inverter = |bus| Device {
        id: format!("inverter-{bus}").into(),
        name: "Inverter".into(),
        bus,
        unit: 7,
        every: Duration::from_secs(10),
        limits: limits.clone(),
        points: odd_points().into(),
        asleep_at_night: false,
        accuracy: std::collections::BTreeMap::new(),
        facts: Vec::new(),
        sunspec: None,
    };
    (0..3).map(inverter).collect()
}

fn test_config() -> Config {
    let line = |link, id: &str| Bus {
        id: id.into(),
        link,
        timeout: Duration::from_secs(1),
        settle: Duration::ZERO,
        oddities: drivers::header_oddities::HeaderOddities::default(),
        retries: 0,
    };
    let devices = test_inverters();
    Config {
        file: PathBuf::new(),
        text: String::new(),
        site: site_with_devices("s", devices.iter().map(device_info).collect()),
        language: None,
        buses: vec![
            line(
                BusLink::Modbus(ModbusLink::Tcp {
                    host: "10.0.0.1".into(),
                    port: 502,
                }),
                "lan",
            ),
            line(
                BusLink::Modbus(ModbusLink::RtuOverTcp {
                    host: "10.0.0.2".into(),
                    port: 23,
                    baud: 9600,
                }),
                "server",
            ),
            line(BusLink::Modbus(ModbusLink::Rtu(serial_line())), "rs485"),
        ],
        devices,
        relations: Vec::new(),
        report: crate::config::ReportSettings::default(),
        assets: Vec::new(),
        factors: crate::config::factors::Factors::default(),
        definitions: crate::ledger::IndicatorDefinitions::built_in(),
        store: StoreSettings {
            path: PathBuf::new(),
            flush: Duration::from_secs(10),
            keep: None,
            budget: None,
        },
        sinks: Vec::new(),
        time_stamp: None,
        alarms: Vec::new(),
        alarm_channels: Vec::new(),
        alarm_budget: None,
        backup: crate::config::BackupSettings::default(),
        web: WebSettings::default(),
        profiles: None,
        warnings: Vec::new(),
        revision: std::sync::OnceLock::new(),
    }
}

fn odd_device() -> (SimulatedDevice, Vec<Point>, PlantSnapshot) {
    let config = test_config();
    let device = SimulatedDevice::new(&config.devices[0], &config.site.devices[0], 1);
    (device, odd_points(), world_at(NOON).snapshot())
}

#[test]
fn what_the_registers_say_decodes_to_what_the_plant_does() {
    let (device, points, now) = odd_device();
    let context: Vec<Option<i64>> = points
        .iter()
        .enumerate()
        .map(|(index, point)| decode::raw_integer(point, &device.point_registers(index, &now)?))
        .collect();
    let expected = [
        now.ac_power,
        now.voltage,
        now.solar_total / 1000.0,
        5.0,
        1.0,
        now.level,
    ];
    for (index, expected) in expected.into_iter().enumerate() {
        let words = device.point_registers(index, &now).unwrap();
        let outcome = decode::decode_point(&points[index], &words, &context);
        let SampleOutcome::Good(number) = outcome else {
            panic!("{}: {outcome:?}", points[index].name)
        };
        let off = (number.to_f64() - expected).abs();
        assert!(
            off <= 0.051,
            "{}: {number} for {expected}",
            points[index].name
        );
    }
    assert!(now.ac_power > 100.0 && now.level > 0.1, "{now:?}");
}

#[test]
fn a_counter_too_small_for_its_value_begins_again_instead_of_stopping() {
    let (device, points, now) = odd_device();
    let words = device.point_registers(6, &now).unwrap();
    let SampleOutcome::Good(number) = decode::decode_point(&points[6], &words, &[]) else {
        panic!()
    };
    let off = (now.solar_total / 1000.0).rem_euclid(6553.6) - number.to_f64();
    assert!(off.abs() <= 0.051, "{number}");
}

#[test]
fn neighbours_in_one_read_are_the_same_as_alone() {
    let (device, _, now) = odd_device();
    let all = device.read(ModbusTable::Holding, 10, 8, &now).unwrap();
    for (address, word) in (10..).zip(all) {
        assert_eq!(
            device.read(ModbusTable::Holding, address, 1, &now),
            Ok(vec![word])
        );
    }
}

#[test]
fn what_is_not_there_or_too_much_is_refused() {
    let (device, _, now) = odd_device();
    assert_eq!(
        device.read(ModbusTable::Holding, 22, 1, &now),
        Err(ILLEGAL_ADDRESS)
    );
    assert_eq!(
        device.read(ModbusTable::Holding, 2, 1, &now),
        Err(ILLEGAL_ADDRESS)
    );
    assert_eq!(
        device.read(ModbusTable::Holding, 65_535, 2, &now),
        Err(ILLEGAL_ADDRESS)
    );
    assert_eq!(
        device.read(ModbusTable::Input, 10, 1, &now),
        Err(ILLEGAL_ADDRESS)
    );
    assert_eq!(
        device.read(ModbusTable::Holding, 3, 21, &now),
        Err(ILLEGAL_VALUE)
    );
    assert_eq!(
        device.read(ModbusTable::Holding, 10, 0, &now),
        Err(ILLEGAL_VALUE)
    );
}

async fn read_registers(
    mut line: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
    answer: usize,
) -> Vec<u8> {
    line.write_all(request).await.unwrap();
    let mut heard = vec![0; answer];
    let all = line.read_exact(&mut heard);
    tokio::time::timeout(Duration::from_secs(5), all)
        .await
        .expect("an answer")
        .unwrap();
    heard
}

#[tokio::test]
async fn every_bus_answers_where_it_says_it_is() {
    let mut config = test_config();
    let world = world_at(NOON);
    let served = serve_devices(&config, &world).await.unwrap();
    served.redirect_config(&mut config);
    let exact = world.snapshot().level * 1000.0;
    let level = (0..=u16::MAX).find(|step| (f64::from(*step) - exact).abs() <= 0.5);
    let level = level.unwrap().to_be_bytes();

    let BusLink::Modbus(ModbusLink::Tcp { host, port }) = &config.buses[0].link else {
        panic!()
    };
    let tcp = TcpStream::connect((host.as_str(), *port)).await.unwrap();
    let heard = read_registers(tcp, &[0, 9, 0, 0, 0, 6, 7, 3, 0, 16, 0, 1], 11).await;
    assert_eq!(heard, [&[0, 9, 0, 0, 0, 5, 7, 3, 2], &level[..]].concat());

    let request = [7, 3, 0, 16, 0, 1, 0x85, 0xa9];
    let BusLink::Modbus(ModbusLink::RtuOverTcp { host, port, .. }) = &config.buses[1].link else {
        panic!()
    };
    let tcp = TcpStream::connect((host.as_str(), *port)).await.unwrap();
    let over_tcp = read_registers(tcp, &request, 7).await;
    assert_eq!(over_tcp[..5], [&[7, 3, 2], &level[..]].concat());

    let BusLink::Modbus(ModbusLink::Rtu(line)) = &config.buses[2].link else {
        panic!()
    };
    for _ in 0..2 {
        // The port may be opened again and again, as a gateway does after a fault.
        let port = serial2_tokio::SerialPort::open(&line.port, line.baud).unwrap();
        assert_eq!(read_registers(port, &request, 7).await, over_tcp);
    }
}

#[tokio::test]
async fn a_unit_that_is_not_there_has_no_path_over_tcp() {
    let served = serve_devices(&test_config(), &world_at(NOON))
        .await
        .unwrap();
    let SimulatedEndpoint::Tcp(address) = served.places[0] else {
        panic!()
    };
    let tcp = TcpStream::connect(address).await.unwrap();
    let heard = read_registers(tcp, &[0, 1, 0, 0, 0, 6, 8, 3, 0, 16, 0, 1], 9).await;
    assert_eq!(heard, [0, 1, 0, 0, 0, 3, 8, 0x83, 11]);
}
