//! Tests against a Linux kernel whose pins, I2C bus and 1-Wire bus are simulated, in a virtual
//! machine (`tests/vm`).

mod chips_and_faults;
mod counted_pulses;
mod guest_gateway;
mod virtual_machine;

use virtual_machine::VirtualMachine;

/// A plain transfer on the I2C bus, with the answer as hexadecimal digits.
#[track_caller]
fn transfer(machine: &mut VirtualMachine, words: &str) -> String {
    let answer = machine.run(&format!("transfer /dev/i2c-1 {words}"));
    answer.text.trim().to_owned()
}

/// The file that Linux has for a thermometer.
fn thermometer_file(serial: &str, name: &str) -> String {
    format!("/sys/bus/w1/devices/28-{serial}/{name}")
}

fn check_pins(machine: &mut VirtualMachine) {
    let count = "edges /dev/gpiochip0 17 10000 120 & sleep 1";
    let pulse = "pulses /pins/sim_gpio17/pull 10000 1000; wait";
    let said = machine.output_of(&format!("{count}; {pulse}"));
    assert!(said.contains("last 10000"), "{said}");
    // As fast as it goes: a reader that is late loses events, but not the count.
    let pulse = "pulses /pins/sim_gpio17/pull 10000 100000; wait";
    let said = machine.output_of(&format!("{count}; {pulse}"));
    assert!(said.contains("last 10000"), "{said}");
}

fn check_analog_converter(machine: &mut VirtualMachine) {
    machine.set_i2c("0x48 input 0 1500000");
    // Input 0 against ground, 4.096 V, one conversion of 1.2 ms.
    transfer(machine, "0x48 01c3e3");
    machine.output_of("sleep 0.01");
    assert_eq!(transfer(machine, "0x48 01 2"), "c3e3");
    // 1.5 V / 4.096 V * 32768 = 12000
    assert_eq!(transfer(machine, "0x48 00 2"), "2ee0");
    // A conversion of 125 ms is not complete at once, and the bit says so.
    let conversion = "transfer /dev/i2c-1 0x48 01c303; transfer /dev/i2c-1 0x48 01 2";
    assert_eq!(machine.output_of(conversion).trim(), "4303");
    // A range of 0.256 V is exceeded.
    transfer(machine, "0x48 01cbe3");
    machine.output_of("sleep 0.01");
    assert_eq!(transfer(machine, "0x48 00 2"), "7fff");

    machine.set_i2c("0x48 present 0");
    assert!(transfer(machine, "0x48 00 2").contains("Remote I/O error"));
    machine.set_i2c("0x48 present 1");
    machine.set_i2c("0x48 fail 1");
    assert!(transfer(machine, "0x48 00 2").contains("Remote I/O error"));
    machine.set_i2c("0x48 hang 1");
    assert!(transfer(machine, "0x48 00 2").contains("timed out"));
    assert_eq!(transfer(machine, "0x48 00 2"), "7fff");
}

fn check_humidity_sensor(machine: &mut VirtualMachine) {
    machine.set_i2c("0x44 temperature 23500");
    machine.set_i2c("0x44 humidity 55250");
    let measure = "transfer /dev/i2c-1 0x44 2400 && sleep 0.02 && transfer /dev/i2c-1 0x44 - 6";
    // (23.5 + 45) / 175 * 65535 = 0x6434, 0.5525 * 65535 = 0x8d70
    let good = machine.output_of(measure).trim().to_owned();
    assert!(
        good.starts_with("6434") && good[6..].starts_with("8d70"),
        "{good}"
    );
    machine.set_i2c("0x44 wrong_crc 1");
    assert_ne!(machine.output_of(measure).trim(), good);
    assert_eq!(machine.output_of(measure).trim(), good);
    // Not ready: not acknowledged.
    let hasty = "transfer /dev/i2c-1 0x44 2400 && transfer /dev/i2c-1 0x44 - 6";
    assert!(machine.run(hasty).text.contains("Remote I/O error"));
}

fn check_clock_chip(machine: &mut VirtualMachine) {
    // 2026-11-22, a Sunday, 14:05:
    machine.set_i2c("0x68 time 1795356300");
    let read = transfer(machine, "0x68 01 6");
    assert_eq!(read, "051401221126");
    // Set by the master: the last hour of 2026, a Thursday.
    transfer(machine, "0x68 0000592305311226");
    assert_eq!(transfer(machine, "0x68 01 6"), "592305311226");
}

fn check_thermometers(machine: &mut VirtualMachine) {
    let one = thermometer_file("0000000000a1", "temperature");
    let other = thermometer_file("123456789abc", "w1_slave");
    machine.set_w1("a1 temperature -10125");
    machine.set_w1("a1 present 1");
    machine.set_w1("123456789abc temperature 21375");
    machine.set_w1("123456789abc present 1");
    machine.output_of(&format!(
        "until [ -e {one} -a -e {other} ]; do sleep 0.1; done"
    ));
    assert_eq!(machine.output_of(&format!("cat {one}")).trim(), "-10125");
    let said = machine.output_of(&format!("cat {other}"));
    assert!(said.contains("YES") && said.contains("t=21375"), "{said}");

    machine.set_w1("a1 wrong_crc -1");
    // Linux then gives an empty file, and no error.
    let raw = thermometer_file("0000000000a1", "w1_slave");
    assert_eq!(machine.output_of(&format!("cat {one} {raw}")), "");
    machine.set_w1("a1 wrong_crc 0");
    machine.set_w1("a1 power_loss 1");
    assert_eq!(machine.output_of(&format!("cat {one}")).trim(), "85000");
    assert_eq!(machine.output_of(&format!("cat {one}")).trim(), "-10125");
    machine.set_w1("a1 present 0");
    machine.output_of(&format!("while [ -e {one} ]; do sleep 0.1; done"));
}

/// The disk keeps what was synchronised, and the gateway is there.
fn check_power_cut(machine: &mut VirtualMachine) {
    machine.write_file("/data/kept", "first 'line'\n");
    machine.output_of("sync");
    machine.cut_power();
    assert_eq!(machine.output_of("cat /data/kept"), "first 'line'\n");
    let version = machine.output_of("pantau --version");
    assert!(version.starts_with("pantau"), "{version}");
}

#[test]
fn the_simulated_kernel_has_pins_chips_and_thermometers_that_behave() {
    let folder = tempfile::tempdir().unwrap();
    let mut machine = VirtualMachine::boot(folder.path());
    check_analog_converter(&mut machine);
    check_humidity_sensor(&mut machine);
    check_clock_chip(&mut machine);
    check_thermometers(&mut machine);
    check_pins(&mut machine);
    check_power_cut(&mut machine);
}
