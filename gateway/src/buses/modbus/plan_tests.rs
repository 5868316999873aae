//! Plans that respect a device's limits and cost the fewest bytes.

use super::*;
use crate::buses::modbus::decode::tests::{registers, test_point};
use crate::config::{DeviceLimits, RegisterEncoding, ValidityCondition};
use std::time::Duration;

pub(in crate::buses::modbus) fn device_with_points(points: Vec<Point>) -> Device {
    Device {
        id: "meter".into(),
        name: "meter".into(),
        bus: 0,
        unit: 1,
        every: Duration::from_secs(1),
        limits: DeviceLimits {
            max_registers: 125,
            align: 1,
            blocks: Vec::new(),
            gap: Duration::ZERO,
            settle: Duration::ZERO,
            oddities: drivers::header_oddities::HeaderOddities::default(),
            timeout: Duration::from_millis(500),
        },
        points: points.into(),
        asleep_at_night: false,
        accuracy: std::collections::BTreeMap::new(),
        facts: Vec::new(),
        sunspec: None,
    }
}

fn point_at(address: u16, encoding: RegisterEncoding) -> Point {
    let mut point = test_point(encoding);
    registers(&mut point).address = address;
    point
}

fn tcp_link() -> ModbusLink {
    ModbusLink::Tcp {
        host: "localhost".into(),
        port: 502,
    }
}

fn rtu_link() -> ModbusLink {
    ModbusLink::Rtu(SerialPortSettings::eight_n_one(9600))
}

fn planned_reads(device: &Device, link: &ModbusLink) -> Vec<(u16, u16)> {
    let plan = plan_reads(device, link);
    plan.reads
        .iter()
        .map(|ask| (ask.address, ask.count))
        .collect()
}

#[test]
fn neighbours_are_one_request() {
    let points = (0..50)
        .map(|i| point_at(i * 2, RegisterEncoding::F32))
        .collect();
    assert_eq!(
        planned_reads(&device_with_points(points), &tcp_link()),
        [(0, 100)]
    );
}

#[test]
fn a_gap_is_read_when_that_is_cheaper_than_asking_again() {
    let near = device_with_points(vec![
        point_at(0, RegisterEncoding::U16),
        point_at(10, RegisterEncoding::U16),
    ]);
    let far = device_with_points(vec![
        point_at(0, RegisterEncoding::U16),
        point_at(11, RegisterEncoding::U16),
    ]);
    assert_eq!(planned_reads(&near, &rtu_link()), [(0, 11)]);
    assert_eq!(planned_reads(&far, &rtu_link()), [(0, 1), (11, 1)]);
    assert_eq!(planned_reads(&far, &tcp_link()), [(0, 12)]);
}

#[test]
fn a_device_that_needs_a_long_pause_is_asked_once() {
    let mut slow = device_with_points(vec![
        point_at(0, RegisterEncoding::U16),
        point_at(100, RegisterEncoding::U16),
    ]);
    slow.limits.gap = Duration::from_millis(850);
    assert_eq!(planned_reads(&slow, &rtu_link()), [(0, 101)]);
    assert_eq!(planned_reads(&slow, &tcp_link()), [(0, 101)]);
}

#[test]
fn a_value_and_the_registers_that_name_its_unit_are_read_together() {
    let mut points: Vec<Point> = (0..3)
        .map(|i| point_at(i * 30, RegisterEncoding::U16))
        .collect();
    registers(&mut points[2]).powers = vec![crate::config::ScaleExponentTable {
        point: 0,
        table: vec![(1, -2)],
    }];
    assert_eq!(
        planned_reads(&device_with_points(points), &rtu_link()),
        [(0, 61)]
    );
}

#[test]
fn the_devices_limits_hold() {
    let mut narrow = device_with_points(
        (0..10)
            .map(|i| point_at(i * 2 + 1, RegisterEncoding::U32))
            .collect(),
    );
    narrow.limits.max_registers = 6;
    assert_eq!(
        planned_reads(&narrow, &tcp_link()),
        [(1, 6), (7, 6), (13, 6), (19, 2)]
    );
    narrow.limits.align = 2;
    assert!(
        planned_reads(&narrow, &tcp_link())
            .iter()
            .all(|(a, n)| a % 2 == 0 && n % 2 == 0 && *n <= 6)
    );
    let mut blocks = device_with_points(vec![
        point_at(1, RegisterEncoding::U16),
        point_at(2, RegisterEncoding::U16),
    ]);
    blocks.limits.blocks = vec![(ModbusTable::Holding, 0, 1), (ModbusTable::Holding, 2, 9)];
    assert_eq!(planned_reads(&blocks, &tcp_link()), [(1, 1), (2, 1)]);
}

#[test]
fn what_belongs_together_is_read_together() {
    let mut points: Vec<Point> = (0..8).map(|i| point_at(i, RegisterEncoding::U16)).collect();
    registers(&mut points[0]).scale_from = Some(7);
    let mut device = device_with_points(points);
    device.limits.max_registers = 8;
    let mut split = point_at(10, RegisterEncoding::U32);
    registers(&mut split).high = Some(13);
    device.points = [&*device.points, &[split]].concat().into();
    for ask in plan_reads(&device, &rtu_link()).reads {
        let (first, last) = (ask.address, ask.address + ask.count - 1);
        let holds = |address: u16| (first..=last).contains(&address);
        assert_eq!(holds(0), holds(7));
        assert_eq!(holds(10), holds(13));
    }
}

#[test]
fn partners_in_two_tables_are_asked_for_apart() {
    let mut points = vec![
        point_at(0, RegisterEncoding::U16),
        point_at(5, RegisterEncoding::U16),
    ];
    registers(&mut points[0]).valid_when = vec![ValidityCondition::one_of(1, &[1])];
    registers(&mut points[1]).table = ModbusTable::Input;
    let plan = plan_reads(&device_with_points(points), &tcp_link());
    let asks: Vec<_> = plan
        .reads
        .iter()
        .map(|ask| (ask.table, ask.address))
        .collect();
    assert_eq!(asks, [(ModbusTable::Holding, 0), (ModbusTable::Input, 5)]);
}

#[test]
fn a_refused_request_falls_apart_into_single_values() {
    let device = device_with_points(
        (0..5)
            .map(|i| point_at(i * 3, RegisterEncoding::U32))
            .collect(),
    );
    let mut asks = plan_reads(&device, &tcp_link()).reads;
    assert_eq!(asks.len(), 1);
    for _ in 0..8 {
        asks = asks
            .into_iter()
            .flat_map(|ask| ask.split(&device).unwrap_or(vec![ask]))
            .collect();
    }
    let single: Vec<_> = asks.iter().map(|ask| (ask.address, ask.count)).collect();
    assert_eq!(single, [(0, 2), (3, 2), (6, 2), (9, 2), (12, 2)]);
}

#[test]
fn the_wire_time_of_a_line_is_that_of_its_bits() {
    let points = (0..20)
        .map(|i| point_at(i, RegisterEncoding::U16))
        .collect();
    let plan = plan_reads(&device_with_points(points), &rtu_link());
    assert!((5.0 * bus_time_ms(&plan, &rtu_link()) - 312.5).abs() < 0.5);
}
