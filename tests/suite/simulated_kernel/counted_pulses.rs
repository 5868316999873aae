//! Tests of pulses that the gateway counts in the virtual machine, through load, kills and power
//! cuts.

use super::guest_gateway::GuestGateway;
use super::virtual_machine::VirtualMachine;
use std::path::Path;
use tests::site_text::SiteText;

/// Pulses of a part of the test.
const PULSES: f64 = 10_000.0;
const RATE: f64 = 1000.0;
/// Longest age of what is on the disk: a poll of 1 s, a flush of 1 s, and the writing.
const UNFLUSHED_SECONDS: f64 = 2.5;
const METER: &str = "meter.pulses";

/// A water meter that is read often, and kept often.
fn meter_site() -> String {
    let meter = "signal = 'pulses', counter = true, active = 'high', bias = 'pull-down'";
    SiteText::new("pins")
        .store(Path::new("/data/store"))
        .with("flush = '1s'\n[web]\nlisten = '127.0.0.1:8080'")
        .bus("pins", "kind = 'gpio'")
        .device("meter", "pins", "every = '1s'\nline = 'GPIO17'")
        .points([format!("{{ id = 'pulses', {meter} }}")])
        .text()
}

/// Ten pins, and the usual times of a site.
fn resting_site() -> String {
    let state = |line| format!("{{ id = 'state{line}', signal = 'state', line = {line} }}");
    SiteText::new("resting")
        .store(Path::new("/data/resting"))
        .with("[web]\nlisten = '127.0.0.1:8080'")
        .bus("pins", "kind = 'gpio'")
        .device("switches", "pins", "every = '10s'")
        .points((2..12).map(state))
        .text()
}

fn pulse(count: f64, rate: f64) -> String {
    format!("pulses /pins/sim_gpio17/pull {count} {rate}")
}

/// Seconds since the machine started.
fn uptime(machine: &mut VirtualMachine) -> f64 {
    let text = machine.output_of("cat /proc/uptime");
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Makes pulses; all of them are counted, and none more.
#[track_caller]
fn check_count(gateway: &mut GuestGateway<'_>, count: f64, rate: f64) {
    let before = gateway.await_value(METER, 0.0);
    let (ns, start) = (gateway.processor_ns(), uptime(gateway.machine));
    let said = gateway.machine.output_of(&pulse(count, rate));
    let (ns, seconds) = (gateway.processor_ns() - ns, uptime(gateway.machine) - start);
    let after = gateway.await_value(METER, before + count);
    assert!(
        (after - before - count).abs() < 0.5,
        "{before} to {after}: {said}"
    );
    // Two polls later it is the same.
    gateway.machine.output_of("sleep 2");
    assert!((gateway.await_value(METER, 0.0) - after).abs() < 0.5);
    // Four nanoseconds are one instruction. A core of a Raspberry Pi does 1000 million a second.
    let millions = ns / 4.0 / seconds / 1e6;
    eprintln!(
        "{}: {millions:.2} million instructions a second",
        said.trim()
    );
    assert!(millions < 20.0, "{millions}: more than 2 % of a core");
}

/// Leaves it alone: ten pins wake it seldom.
fn check_rest(machine: &mut VirtualMachine) {
    let mut gateway = GuestGateway::start(machine, &resting_site());
    gateway.await_value("switches.state2", 0.0);
    let (woken, start) = (gateway.wake_ups(), uptime(gateway.machine));
    gateway.machine.output_of("sleep 20");
    let (woken, seconds) = (gateway.wake_ups() - woken, uptime(gateway.machine) - start);
    let rate = woken / seconds;
    eprintln!("ten pins at rest: {rate:.1} wake-ups a second");
    assert!(rate < 5.0, "{rate}");
    gateway.kill();
}

/// Starts the pulses, lets them run for some seconds, and returns the count before.
fn start_pulses(gateway: &mut GuestGateway<'_>, seconds: u32) -> f64 {
    let before = gateway.await_value(METER, 0.0);
    let pulses = pulse(PULSES, RATE);
    let run = format!("setsid {pulses} >/run/pulses </dev/null & sleep {seconds}");
    gateway.machine.output_of(&run);
    before
}

/// Kills the gateway during pulses: what is lost is bounded, and nothing is invented.
fn check_kill(gateway: &mut GuestGateway<'_>) {
    let before = start_pulses(gateway, 4);
    let killed = uptime(gateway.machine);
    gateway.kill();
    gateway.start_again();
    gateway.await_value(METER, before);
    let away = uptime(gateway.machine) - killed;
    gateway
        .machine
        .output_of("until grep -q rate /run/pulses; do sleep 0.1; done; sleep 2");
    let counted = gateway.await_value(METER, 0.0) - before;
    let lost_max = (away + UNFLUSHED_SECONDS) * RATE;
    eprintln!("killed: counted {counted} of {PULSES}, away for {away:.1} s");
    assert!(
        (PULSES - lost_max..=PULSES).contains(&counted),
        "{counted}, {lost_max}"
    );
}

/// Takes the power away during pulses: what was on the disk is there, and nothing is invented.
fn check_power_cut(gateway: &mut GuestGateway<'_>) {
    let before = start_pulses(gateway, 5);
    let latest = gateway.latest(METER).unwrap().value.unwrap();
    gateway.machine.cut_power();
    gateway.start_again();
    let after = gateway.await_value(METER, before);
    eprintln!("power cut: {before} before, {latest} at the cut, {after} after");
    assert!(
        latest - UNFLUSHED_SECONDS * RATE <= after,
        "{after} after {latest}"
    );
    assert!(after <= before + PULSES, "{after}");
}

#[test]
fn no_pulse_is_lost_to_1_khz_and_a_power_cut_takes_no_more_than_the_flush() {
    let folder = tempfile::tempdir().unwrap();
    let mut machine = VirtualMachine::boot(folder.path());
    check_rest(&mut machine);
    let mut gateway = GuestGateway::start(&mut machine, &meter_site());
    check_count(&mut gateway, PULSES, RATE);
    check_count(&mut gateway, 1000.0, 100.0);
    // A program that never rests takes half of the only core.
    gateway
        .machine
        .output_of("sh -c 'while :; do :; done' & echo $! >/run/busy");
    check_count(&mut gateway, PULSES, RATE);
    gateway.machine.output_of("kill -9 $(cat /run/busy)");
    check_kill(&mut gateway);
    check_power_cut(&mut gateway);
    check_count(&mut gateway, 1000.0, RATE);
    let log = gateway.log();
    assert!(!log.contains("ERROR"), "{log}");
    // The technician is told what nobody counted.
    assert!(log.contains("meter.pulses: not counted from"), "{log}");
}
