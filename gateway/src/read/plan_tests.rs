//! Plans that a device accepts, and that cost least.

use super::*;
use crate::config::{DeviceLimits, Encoding};
use crate::read::decode::tests::point;
use std::time::Duration;

pub(in crate::read) fn device(points: Vec<Point>) -> Device {
    Device {
        id: "meter".into(),
        bus: 0,
        unit: 1,
        every: Duration::from_secs(1),
        limits: DeviceLimits {
            max_registers: 125,
            align: 1,
            blocks: Vec::new(),
            gap: Duration::ZERO,
            settle: Duration::ZERO,
        },
        points,
        asleep_at_night: false,
        accuracy: std::collections::BTreeMap::new(),
        facts: Vec::new(),
        sunspec: None,
    }
}

fn at(address: u16, encoding: Encoding) -> Point {
    Point {
        address,
        ..point(encoding)
    }
}

fn tcp() -> Link {
    Link::Tcp {
        host: "localhost".into(),
        port: 502,
    }
}

fn rtu() -> Link {
    Link::Rtu(Line::simple(9600))
}

fn stretches(device: &Device, link: &Link) -> Vec<(u16, u16)> {
    let plan = plan(device, link);
    plan.asks
        .iter()
        .map(|ask| (ask.address, ask.count))
        .collect()
}

#[test]
fn neighbours_are_one_request() {
    let points = (0..50).map(|i| at(i * 2, Encoding::F32)).collect();
    assert_eq!(stretches(&device(points), &tcp()), [(0, 100)]);
}

#[test]
fn a_gap_is_read_when_that_is_cheaper_than_asking_again() {
    let near = device(vec![at(0, Encoding::U16), at(10, Encoding::U16)]);
    let far = device(vec![at(0, Encoding::U16), at(11, Encoding::U16)]);
    assert_eq!(stretches(&near, &rtu()), [(0, 11)]);
    assert_eq!(stretches(&far, &rtu()), [(0, 1), (11, 1)]);
    assert_eq!(stretches(&far, &tcp()), [(0, 12)]);
}

#[test]
fn a_device_that_needs_a_long_pause_is_asked_once() {
    let mut slow = device(vec![at(0, Encoding::U16), at(100, Encoding::U16)]);
    slow.limits.gap = Duration::from_millis(850);
    assert_eq!(stretches(&slow, &rtu()), [(0, 101)]);
    assert_eq!(stretches(&slow, &tcp()), [(0, 101)]);
}

#[test]
fn a_value_and_the_registers_that_name_its_unit_are_read_together() {
    let mut points: Vec<Point> = (0..3).map(|i| at(i * 30, Encoding::U16)).collect();
    points[2].powers = vec![crate::config::PowerFrom {
        point: 0,
        table: vec![(1, -2)],
    }];
    assert_eq!(stretches(&device(points), &rtu()), [(0, 61)]);
}

#[test]
fn the_devices_limits_hold() {
    let mut narrow = device((0..10).map(|i| at(i * 2 + 1, Encoding::U32)).collect());
    narrow.limits.max_registers = 6;
    assert_eq!(
        stretches(&narrow, &tcp()),
        [(1, 6), (7, 6), (13, 6), (19, 2)]
    );
    narrow.limits.align = 2;
    assert!(
        stretches(&narrow, &tcp())
            .iter()
            .all(|(a, n)| a % 2 == 0 && n % 2 == 0 && *n <= 6)
    );
    let mut blocks = device(vec![at(1, Encoding::U16), at(2, Encoding::U16)]);
    blocks.limits.blocks = vec![(Table::Holding, 0, 1), (Table::Holding, 2, 9)];
    assert_eq!(stretches(&blocks, &tcp()), [(1, 1), (2, 1)]);
}

#[test]
fn what_belongs_together_is_read_together() {
    let mut points: Vec<Point> = (0..8).map(|i| at(i, Encoding::U16)).collect();
    points[0].scale_from = Some(7);
    let mut device = device(points);
    device.limits.max_registers = 8;
    device.points.push(Point {
        high: Some(13),
        ..at(10, Encoding::U32)
    });
    for ask in plan(&device, &rtu()).asks {
        let (first, last) = (ask.address, ask.address + ask.count - 1);
        let holds = |address: u16| (first..=last).contains(&address);
        assert_eq!(holds(0), holds(7));
        assert_eq!(holds(10), holds(13));
    }
}

#[test]
fn partners_in_two_tables_are_asked_for_apart() {
    let mut points = vec![at(0, Encoding::U16), at(5, Encoding::U16)];
    points[0].valid_when = Some((1, vec![1]));
    points[1].table = Table::Input;
    let plan = plan(&device(points), &tcp());
    let asks: Vec<_> = plan
        .asks
        .iter()
        .map(|ask| (ask.table, ask.address))
        .collect();
    assert_eq!(asks, [(Table::Holding, 0), (Table::Input, 5)]);
}

#[test]
fn a_refused_request_falls_apart_into_single_values() {
    let device = device((0..5).map(|i| at(i * 3, Encoding::U32)).collect());
    let mut asks = plan(&device, &tcp()).asks;
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
    let points = (0..20).map(|i| at(i, Encoding::U16)).collect();
    let plan = plan(&device(points), &rtu());
    assert!((5.0 * wire_ms(&plan, &rtu()) - 312.5).abs() < 0.5);
}
