//! Tests of sensors that the gateway reads in the virtual machine: their values, and what it says
//! when they are broken, absent or taken.

use super::guest_gateway::GuestGateway;
use super::virtual_machine::VirtualMachine;
use std::path::Path;
use tests::site_text::SiteText;

const COMPOST: &str = "compost.temperature";

fn sensor_site() -> String {
    let profile = |name: &str, more: &str| format!("profile = '{name}'\nevery = '1s'\n{more}");
    SiteText::new("sensors")
        .store(Path::new("/data/store"))
        .with("flush = '1s'\n[web]\nlisten = '127.0.0.1:8080'")
        .bus("chips", "kind = 'i2c'")
        .device("level", "chips", "chip = 'ads1115'\nevery = '1s'")
        .points(["{ id = 'level', signal = 'a0', loop_values = [0.0, 5.0], unit = 'm' }"])
        .device("spare", "chips", profile("ads1115", "address = 0x49"))
        .device("air", "chips", profile("sht3x", ""))
        .device("hall", "chips", profile("sht2x", ""))
        .device("clock", "chips", profile("ds3231", ""))
        .bus("probes", "kind = 'one-wire'")
        .device(
            "compost",
            "probes",
            profile("ds18b20-1wire", "serial = '28-0000000000a1'"),
        )
        .bus("pins", "kind = 'gpio'")
        .device("float", "pins", "line = 'GPIO4'\nevery = '1s'")
        .points(["{ id = 'state', signal = 'state' }"])
        .device("rain", "pins", "line = 'GPIO5'\nevery = '1s'")
        .points(["{ id = 'tips', signal = 'pulses', counter = true, max_rate = 5.0 }"])
        .text()
}

/// A technician sees what is there, and which probe is the one in the hand.
fn check_scan(machine: &mut VirtualMachine) {
    let lines = machine.output_of("pantau --lang en scan gpio");
    assert!(lines.contains("GPIO4: used by edges"), "{lines}");
    let chips = machine.output_of("pantau --lang en scan i2c");
    assert!(chips.contains("0x44: sht3x"), "{chips}");
    assert!(!chips.contains("0x49"), "{chips}");

    machine.set_w1("a2 present 1");
    machine.output_of("until [ -e /sys/bus/w1/devices/28-0000000000a2 ]; do sleep 0.1; done");
    let control = "/sys/kernel/debug/simulated_w1/control";
    let warm = format!("(sleep 5; echo a2 temperature 29000 >{control}) &");
    let scan = "timeout 20 pantau --lang en scan one-wire";
    let probes = machine.output_of(&format!("{warm} {scan}"));
    assert!(
        probes.contains("28-0000000000a2: 29.0 °C, warmer"),
        "{probes}"
    );
    assert!(
        !probes.contains("28-0000000000a1: 57.6 °C, warmer"),
        "{probes}"
    );
    machine.set_w1("a2 present 0");
}

/// Waits for a value within a hundredth.
#[track_caller]
fn await_number(gateway: &mut GuestGateway<'_>, point: &str, wanted: f64) {
    let is_near = |value: f64| (value - wanted).abs() < 0.01;
    gateway.await_sample(point, |sample| sample.value.is_some_and(is_near));
}

fn check_values(gateway: &mut GuestGateway<'_>) {
    // 12 mA over 150 ohm: the middle of the range.
    await_number(gateway, "level.level", 2.5);
    await_number(gateway, "air.temperature", 23.5);
    await_number(gateway, "air.humidity", 55.25);
    await_number(gateway, "hall.temperature", -3.25);
    await_number(gateway, "hall.humidity", 81.5);
    await_number(gateway, "clock.temperature", 31.25);
    await_number(gateway, COMPOST, 57.625);
}

/// The clock chip on the bus confirms the time of a computer that has no other source of it.
fn check_battery_clock(gateway: &mut GuestGateway<'_>) {
    let site = "wget -qO- http://127.0.0.1:8080/api/v1/site";
    let shown = gateway.machine.output_of(site);
    assert!(shown.contains("\"clock_trusted\":true"), "{shown}");
    let log = gateway.log();
    assert!(log.contains("the battery clock confirms the time"), "{log}");
}

fn check_chip_faults(gateway: &mut GuestGateway<'_>) {
    // 3 mA, 22 mA, and 4 mA again.
    gateway.machine.set_i2c("0x48 input 0 450000");
    gateway.await_gap("level.level", "wire-broken");
    gateway.machine.set_i2c("0x48 input 0 3300000");
    gateway.await_gap("level.level", "short-circuit");
    gateway.machine.set_i2c("0x48 input 0 600000");
    await_number(gateway, "level.level", 0.0);

    gateway.machine.set_i2c("0x44 wrong_crc -1");
    gateway.await_gap("air.temperature", "checksum");
    gateway.machine.set_i2c("0x44 wrong_crc 0");
    await_number(gateway, "air.temperature", 23.5);

    gateway.machine.set_i2c("0x40 hang -1");
    gateway.await_sample("hall.temperature", |sample| sample.value.is_none());
    gateway.machine.set_i2c("0x40 hang 0");
    await_number(gateway, "hall.temperature", -3.25);

    // A chip that appears later.
    gateway.await_gap("spare.voltage_0", "no-sensor");
    gateway.machine.set_i2c("0x49 input 0 1250000");
    gateway.machine.set_i2c("0x49 present 1");
    await_number(gateway, "spare.voltage_0", 1.25);
}

fn check_thermometer_faults(gateway: &mut GuestGateway<'_>) {
    for (line, reason) in [
        ("a1 wrong_crc", "checksum"),
        ("a1 power_loss", "power-on-value"),
    ] {
        gateway.machine.set_w1(&format!("{line} -1"));
        gateway.await_gap(COMPOST, reason);
        gateway.machine.set_w1(&format!("{line} 0"));
        await_number(gateway, COMPOST, 57.625);
    }
    gateway.machine.set_w1("a1 present 0");
    gateway.await_gap(COMPOST, "no-sensor");
    gateway.machine.set_w1("a1 present 1");
    await_number(gateway, COMPOST, 57.625);
    // A wire at ground gives zeros, whose checksum is right.
    gateway.machine.set_w1("0 shorted 1");
    gateway.await_sample(COMPOST, |sample| sample.value.is_none());
    gateway.machine.set_w1("0 shorted 0");
    await_number(gateway, COMPOST, 57.625);
}

/// The line of the float is held by another program when the gateway starts.
fn check_taken_line(gateway: &mut GuestGateway<'_>) {
    gateway.await_gap("float.state", "in-use");
    assert!(gateway.log().contains("edges"), "{}", gateway.log());
    gateway.machine.output_of("kill $(cat /run/edges)");
    gateway.await_value("float.state", 0.0);
    // Active is low.
    gateway
        .machine
        .output_of("echo pull-down >/pins/sim_gpio4/pull");
    await_number(gateway, "float.state", 1.0);
}

/// A contact that bounces gives more pulses than its bucket can tip.
fn check_bounces(gateway: &mut GuestGateway<'_>) {
    gateway.await_value("rain.tips", 0.0);
    let bounce = "setsid pulses /pins/sim_gpio5/pull 4000 500 >/dev/null </dev/null &";
    gateway.machine.output_of(bounce);
    gateway.await_gap("rain.tips", "bounce-storm");
    gateway.await_value("rain.tips", 0.0);
}

/// A whole bus is switched on while the gateway runs; before that the log says how it is done.
fn check_late_bus(gateway: &mut GuestGateway<'_>) {
    gateway
        .machine
        .output_of("until rmmod simulated_i2c; do sleep 0.05; done");
    gateway.await_gap("air.temperature", "unreachable");
    let log = gateway.log();
    assert!(log.contains("dtparam=i2c_arm=on"), "{log}");
    gateway
        .machine
        .output_of("insmod /modules/simulated_i2c.ko");
    await_number(gateway, "air.temperature", 25.0);
}

#[test]
fn sensors_are_read_and_what_is_wrong_with_them_is_a_gap_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    // As on a Pi: no clock of its own from which the kernel could take a time to trust.
    let mut machine = VirtualMachine::boot_with(folder.path(), "initcall_blacklist=cmos_init");
    for line in [
        "0x48 input 0 1800000",
        "0x44 temperature 23500",
        "0x44 humidity 55250",
        "0x40 temperature -3250",
        "0x40 humidity 81500",
        "0x68 temperature 31250",
    ] {
        machine.set_i2c(line);
    }
    machine.set_w1("a1 temperature 57625");
    machine.set_w1("a1 present 1");
    machine.output_of("edges /dev/gpiochip0 4 1 3600 & echo $! >/run/edges");
    check_scan(&mut machine);
    let mut gateway = GuestGateway::start(&mut machine, &sensor_site());
    check_values(&mut gateway);
    check_battery_clock(&mut gateway);
    check_chip_faults(&mut gateway);
    check_thermometer_faults(&mut gateway);
    check_taken_line(&mut gateway);
    check_bounces(&mut gateway);
    // A fault is told when it comes, and not at each poll.
    let log = gateway.log();
    let told = log.matches("0x49").count();
    assert!((1..=2).contains(&told), "told {told} times:\n{log}");
    check_late_bus(&mut gateway);
}
