//! A kind of bus that answers from a table, polled by the real bus task.

use gateway::bus_request::{self, BusRequest, BusRequestKind};
use gateway::buses::{BusDriver, BusFuture, BusTask, DevicePoll, PollError};
use gateway::clock::Clock;
use gateway::config::{Config, load_config_text};
use gateway::domain::{ExactNumber, MonoMs, QualityReason, SampleOutcome};
use gateway::status::StatusBoard;
use std::path::Path;
use std::time::Duration;
use tests::site_text::SiteText;
use tokio::sync::{mpsc, oneshot, watch};

/// A bus whose devices have fixed pulse counts; a device without a row does not answer.
#[derive(Debug)]
struct TableBus {
    rows: Vec<Vec<i64>>,
}

impl BusDriver for TableBus {
    fn poll(&mut self, device: usize, _now: MonoMs) -> BusFuture<'_, DevicePoll> {
        let good = |count: &i64| {
            SampleOutcome::Good(ExactNumber::Decimal {
                mantissa: *count,
                exponent: 0,
            })
        };
        let row = self.rows.get(device);
        let outcomes = row.map(|row| row.iter().map(good).collect());
        let outcomes = outcomes.ok_or_else(|| PollError {
            reason: QualityReason::Timeout,
            message: format!("no row {device} in the table"),
        });
        Box::pin(std::future::ready(DevicePoll::new(outcomes)))
    }
}

/// A site with two devices on one bus.
fn two_devices() -> Config {
    let point = "point = [{ id = 'pulses', register = 'holding:0', type = 'u16' }]";
    let site = SiteText::new("s").tcp_bus("b", 502);
    let site = site.device("rain", "b", format_args!("unit = 1\n{point}"));
    let site = site.device("flow", "b", format_args!("unit = 2\n{point}"));
    load_config_text(&site.text(), Path::new("pantau.toml"), &|_| None).unwrap()
}

#[tokio::test]
async fn a_bus_of_another_kind_is_polled_by_the_same_task() {
    let config = two_devices();
    let bus = TableBus {
        rows: vec![vec![1234]],
    };
    let (out, mut readings) = mpsc::channel(8);
    let (stop, stopped) = watch::channel(false);
    let (handle, requests) = bus_request::request_channel();
    let board = StatusBoard::default();
    let task = BusTask::new(&config, 0, Box::new(bus), &Clock::system(), &board, &out);
    let task = tokio::spawn(task.run(requests, stopped));

    let (rain, flow) = (
        readings.recv().await.unwrap(),
        readings.recv().await.unwrap(),
    );
    assert_eq!(
        rain.outcomes[0].number().map(ExactNumber::to_f64),
        Some(1234.0)
    );
    assert_eq!(flow.outcomes[0].reason(), Some(QualityReason::Timeout));
    let state = board.snapshot();
    assert!(state.buses["b"].open && state.devices["rain"].fault.is_none());
    let fault = state.devices["flow"].fault.clone().unwrap();
    assert_eq!(fault.detail.english(), "no row 1 in the table");

    // A scan or a technician's request is refused, since this bus has none.
    let (answer, outcome) = oneshot::channel();
    let wanted = BusRequestKind::Identification(drivers::identification::IdentificationRequest {
        unit: 1,
        object: 0,
    });
    let request = BusRequest {
        wanted,
        gap: Duration::ZERO,
        patience: Duration::ZERO,
        answer,
    };
    handle.send(request).await.unwrap();
    let refused = outcome.await.unwrap().said.unwrap_err();
    assert_eq!(
        refused.detail.english(),
        "this kind of bus has no raw requests"
    );
    stop.send(true).unwrap();
    assert_eq!(task.await.unwrap(), "bus b");
}
