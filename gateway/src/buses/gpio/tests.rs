use super::*;
use crate::config::{Config, GpioLine};
use crate::tests::{SiteText, load_site};
use drivers::sensor_fault::SensorFault;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Chip whose lines a test sets.
#[derive(Clone, Debug, Default)]
struct TestChip(Arc<Mutex<BTreeMap<GpioLine, TestLine>>>);

/// Line of a test: its edges, of which only the newest are delivered, as by the kernel.
#[derive(Debug, Default)]
struct TestLine {
    number: u32,
    is_active: bool,
    waiting: Vec<LineEvent>,
    taken_by: Option<&'static str>,
}

/// Edges that the queue of a test line holds.
const QUEUE_MAX: usize = 16;

impl TestChip {
    fn with_lines(numbers: &[u32]) -> Self {
        let lines = numbers
            .iter()
            .map(|n| (GpioLine::Number(*n), TestLine::default()));
        Self(Arc::new(Mutex::new(lines.collect())))
    }

    fn change(&self, line: u32, change: impl FnOnce(&mut TestLine)) {
        change(
            self.0
                .lock()
                .unwrap()
                .get_mut(&GpioLine::Number(line))
                .unwrap(),
        );
    }

    /// Gives pulses on a line from a time on, `step_ms` apart.
    fn pulse(&self, line: u32, pulses: u32, from_ms: u64, step_ms: u64) {
        self.change(line, |line| {
            for pulse in 0..u64::from(pulses) {
                line.edge(true, from_ms + pulse * step_ms);
            }
        });
    }
}

impl TestLine {
    fn edge(&mut self, is_rising: bool, at_ms: u64) {
        self.number += 1;
        self.waiting.push(LineEvent {
            number: self.number,
            at_ns: at_ms * 1_000_000,
            is_rising,
        });
        let extra = self.waiting.len().saturating_sub(QUEUE_MAX);
        self.waiting.drain(..extra);
    }
}

#[derive(Debug)]
struct OpenTestLine(TestChip, GpioLine);

impl PinChip for TestChip {
    fn open_line(&mut self, settings: &GpioPoint) -> Result<Box<dyn PinLine>, PinError> {
        let line = settings.line.clone().unwrap();
        let mut lines = self.0.lock().unwrap();
        let Some(state) = lines.get_mut(&line) else {
            return Err(PinError {
                reason: QualityReason::Absent,
                message: format!("no line {line}"),
            });
        };
        if let Some(who) = state.taken_by {
            return Err(PinError {
                reason: QualityReason::InUse,
                message: format!("line {line} is used by {who}"),
            });
        }
        // The numbers begin anew each time a line is opened.
        (state.number, state.waiting) = (0, Vec::new());
        drop(lines);
        Ok(Box::new(OpenTestLine(self.clone(), line)))
    }
}

impl PinLine for OpenTestLine {
    fn is_active(&mut self) -> Result<bool, PinError> {
        Ok(self.0.0.lock().unwrap()[&self.1].is_active)
    }

    fn take_events(&mut self, each: &mut dyn FnMut(LineEvent)) -> Result<(), PinError> {
        let mut lines = self.0.0.lock().unwrap();
        let line = lines.get_mut(&self.1).unwrap();
        if line.taken_by.is_some() {
            return Err(PinError {
                reason: QualityReason::Unreachable,
                message: "the line is gone".to_owned(),
            });
        }
        line.waiting.drain(..).for_each(each);
        Ok(())
    }
}

/// Site with a meter of 10 L a pulse on line 17, and a float on line 4.
fn pin_site() -> Config {
    let meter = "line = 17\npoint = [\
        { id = 'volume', signal = 'pulses', scale = 0.01, unit = 'm3', counter = true, \
          max_rate = 100 },\
        { id = 'flow', signal = 'rate', scale = 36, unit = 'm3/h', max_rate = 100 }]";
    let float = "point = [\
        { id = 'full', signal = 'state', line = 4 },\
        { id = 'since', signal = 'state-seconds', line = 4, unit = 's' }]";
    let site = SiteText::new("s").bus("pins", "kind = 'gpio'");
    load_site(
        &site
            .device("meter", "pins", meter)
            .device("float", "pins", float)
            .text(),
    )
}

fn pin_bus(chip: &TestChip) -> GpioBus {
    GpioBus::with_chip(Box::new(chip.clone()), &pin_site().devices)
}

/// Value or reason of each point.
fn poll(bus: &mut GpioBus, device: usize, at_ms: u64) -> Vec<Result<String, QualityReason>> {
    let poll = bus.poll_device(device, MonoMs(at_ms));
    let outcomes = poll.outcomes.map_err(|error| error.reason);
    let outcomes = outcomes.unwrap_or_else(|reason| vec![SampleOutcome::Bad(reason); 2].into());
    let text = |outcome: &SampleOutcome| match outcome.number() {
        Some(number) => Ok(number.short_digits()),
        None => Err(outcome.reason().unwrap()),
    };
    outcomes.iter().map(text).collect()
}

fn value(bus: &mut GpioBus, device: usize, at_ms: u64) -> String {
    poll(bus, device, at_ms)[0].clone().unwrap()
}

#[test]
fn pulses_are_a_counter_unless_the_file_says_otherwise() {
    let pulses = "line = 17\npoint = [{ id = 'n', signal = 'pulses' }, \
                  { id = 'state', signal = 'state', line = 4 }]";
    let site = SiteText::new("s").bus("pins", "kind = 'gpio'");
    let config = load_site(&site.device("d", "pins", pulses).text());
    let counters = config.devices[0].points.iter().map(|point| point.counter);
    assert_eq!(counters.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn pulses_are_counted_though_the_queue_lost_most_of_them() {
    let chip = TestChip::with_lines(&[17, 4]);
    let mut bus = pin_bus(&chip);
    assert_eq!(value(&mut bus, 0, 1000), "0.00");
    chip.pulse(17, 900, 1000, 10);
    assert_eq!(value(&mut bus, 0, 10_000), "9.00");
    chip.pulse(17, 1, 10_010, 10);
    assert_eq!(value(&mut bus, 0, 10_020), "9.01");
}

#[test]
fn a_count_goes_on_from_the_value_before_the_start() {
    let chip = TestChip::with_lines(&[17, 4]);
    let mut bus = pin_bus(&chip);
    let before = ExactNumber::parse("123.45").unwrap();
    bus.resume_counter(0, 0, before);
    assert_eq!(value(&mut bus, 0, 1000), "123.45");
    chip.pulse(17, 2, 1000, 100);
    assert_eq!(value(&mut bus, 0, 2000), "123.47");
}

#[test]
fn a_count_goes_on_from_an_imported_double() {
    let chip = TestChip::with_lines(&[17, 4]);
    let mut bus = pin_bus(&chip);
    bus.resume_counter(0, 0, ExactNumber::Float(123.456));
    assert_eq!(value(&mut bus, 0, 1000), "123.456");
    chip.pulse(17, 2, 1000, 100);
    assert_eq!(value(&mut bus, 0, 2000), "123.476");
}

#[test]
fn a_line_that_was_lost_and_is_opened_again_counts_on() {
    let chip = TestChip::with_lines(&[17, 4]);
    let mut bus = pin_bus(&chip);
    value(&mut bus, 0, 1000);
    chip.pulse(17, 5, 1000, 100);
    assert_eq!(value(&mut bus, 0, 2000), "0.05");
    chip.change(17, |line| line.taken_by = Some("gpiomon"));
    assert_eq!(poll(&mut bus, 0, 3000)[0], Err(QualityReason::Unreachable));
    assert_eq!(poll(&mut bus, 0, 4000)[0], Err(QualityReason::InUse));
    chip.change(17, |line| line.taken_by = None);
    assert_eq!(value(&mut bus, 0, 5000), "0.05");
    chip.pulse(17, 1, 5000, 100);
    assert_eq!(value(&mut bus, 0, 6000), "0.06");
}

#[test]
fn a_state_has_the_time_of_its_change() {
    let chip = TestChip::with_lines(&[17, 4]);
    let mut bus = pin_bus(&chip);
    let said = |bus: &mut GpioBus, at| {
        let found = poll(bus, 1, at);
        found
            .into_iter()
            .map(Result::unwrap)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(said(&mut bus, 10_000), "0 0");
    chip.change(4, |line| {
        line.is_active = true;
        line.edge(true, 12_000);
    });
    assert_eq!(said(&mut bus, 15_000), "1 3");
    assert_eq!(said(&mut bus, 75_000), "1 63");
}

#[test]
fn a_rate_is_pulses_in_a_second_and_falls_when_none_come() {
    let chip = TestChip::with_lines(&[17, 4]);
    let mut bus = pin_bus(&chip);
    value(&mut bus, 0, 0);
    // Ten pulses a second of 10 L are 360 m3/h.
    chip.pulse(17, 50, 100, 100);
    let flow = poll(&mut bus, 0, 5050)[1].clone().unwrap();
    assert!((flow.parse::<f64>().unwrap() - 360.0).abs() < 1.0, "{flow}");
    let flow = poll(&mut bus, 0, 600_000)[1].clone().unwrap();
    assert_eq!(flow.parse(), Ok(0.0));
}

#[test]
fn a_bounce_storm_gives_no_number_and_no_litres() {
    let chip = TestChip::with_lines(&[17, 4]);
    let mut bus = pin_bus(&chip);
    value(&mut bus, 0, 0);
    let storm = QualityReason::Sensor(SensorFault::BounceStorm);
    chip.pulse(17, 5000, 1000, 0);
    assert_eq!(poll(&mut bus, 0, 1100), [Err(storm), Err(storm)]);
    // After it the count has at most what the meter can have given in this second.
    let after: f64 = value(&mut bus, 0, 20_000).parse().unwrap();
    assert!(after <= 1.26, "{after}");
}

#[test]
fn one_bad_line_leaves_the_others_of_the_device_alone() {
    let chip = TestChip::with_lines(&[17]);
    let mut bus = pin_bus(&chip);
    assert_eq!(value(&mut bus, 0, 1000), "0.00");
    let poll = bus.poll_device(1, MonoMs(1000));
    let error = poll.outcomes.unwrap_err();
    assert_eq!(
        (error.reason, &*error.message),
        (QualityReason::Absent, "no line 4")
    );
}
