//! Brokers and databases that refuse everything for a while: nothing is refused for good.

use super::sinks::{fill_uneven, scripted_answer, uneven_site};
use crate::brokers::{BrokerMessage, BrokerReply, RETAINS_NOTHING, ScriptedBroker};
use crate::publish::{RunningSink, SinkBench, influx_settings, mqtt_settings};
use crate::servers::{STORED_ANSWER, ScriptedDatabase, wait_until};
use gateway::status::SinkDiagnosis;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A broker that answers the first readings like this, and then takes all.
async fn start_ill_broker(level: u8, ill: usize, reply: BrokerReply) -> ScriptedBroker {
    let heard = AtomicUsize::new(0);
    ScriptedBroker::start(level, move |message| match message.seq {
        Some(_) if heard.fetch_add(1, Ordering::Relaxed) < ill => reply,
        _ => BrokerReply::Ack,
    })
    .await
}

fn start_uneven_sink(bench: &SinkBench, port: u16) -> RunningSink {
    let mut settings = mqtt_settings(port);
    settings.ack_within = Duration::from_millis(600);
    bench.run_mqtt(settings)
}

/// Starts brokers that are ill for as many readings as each of these, all at once.
async fn recover_after(level: u8, reply: BrokerReply, ill: &[usize]) {
    let mut running = Vec::new();
    for &ill in ill {
        let bench = SinkBench::with_site(uneven_site());
        fill_uneven(&bench).await;
        let broker = start_ill_broker(level, ill, reply).await;
        let sink = start_uneven_sink(&bench, broker.port);
        running.push((ill, bench, broker, sink));
    }
    for (ill, bench, broker, sink) in running {
        bench.wait_delivered("mqtt", 101).await;
        let state = bench.sink_state("mqtt");
        assert_eq!((state.refused, state.delivered), (0, 101), "{ill}");
        assert_eq!(state.fault, None, "{ill}");
        let heard: BTreeSet<u64> = broker.seqs().into_iter().collect();
        assert_eq!(heard, (1..=101).collect(), "{ill}");
        sink.stop().await;
    }
}

/// Takes about ten seconds: the pauses between retries are part of the test.
#[tokio::test]
async fn a_broker_that_hung_up_on_everything_and_is_well_again_costs_no_reading() {
    recover_after(4, BrokerReply::HangUp, &[1, 2, 3, 4, 5, 6, 7, 8]).await;
}

/// The same.
#[tokio::test]
async fn a_broker_that_gave_no_reason_and_is_well_again_costs_no_reading() {
    recover_after(5, BrokerReply::Code(0x80), &[1, 2, 3, 4, 5, 6, 7, 8]).await;
}

#[tokio::test]
async fn a_broker_that_refused_everything_for_good_and_is_well_again_costs_no_reading() {
    for code in [0x90, 0x99] {
        recover_after(5, BrokerReply::Code(code), &[1, 50, 101, 150, 300]).await;
    }
}

/// The shortest DISCONNECT with a reason.
#[tokio::test]
async fn a_broker_that_ended_each_connection_with_a_reason_costs_no_reading() {
    for end in [&[0xE0, 1, 0x95], &[0xE0, 1, 0x97]] {
        recover_after(5, BrokerReply::End(end), &[1, 3, 5]).await;
    }
}

async fn refuses_nothing(bench: &SinkBench, broker: &ScriptedBroker, why: &str) {
    let sink = start_uneven_sink(bench, broker.port);
    wait_until("named", || {
        let state = bench.sink_state("mqtt");
        let is_named = state.fault.is_some_and(|fault| fault.contains(why));
        is_named && state.trouble == Some(SinkDiagnosis::TakesNothing)
    })
    .await;
    wait_until("three connections", || {
        *broker.connects.lock().unwrap() >= 3
    })
    .await;
    let state = bench.sink_state("mqtt");
    assert!(!state.connected);
    let counts = (state.settled, state.delivered, state.refused);
    assert_eq!(counts, (0, 0, 0));
    sink.stop().await;
}

#[tokio::test]
async fn a_broker_that_takes_no_reading_is_named_and_refuses_none() {
    for (code, why) in [(0x90, "code 0x90"), (0x99, "code 0x99")] {
        let bench = SinkBench::with_site(uneven_site());
        fill_uneven(&bench).await;
        let broker = start_ill_broker(5, usize::MAX, BrokerReply::Code(code)).await;
        refuses_nothing(&bench, &broker, why).await;
    }
}

#[tokio::test]
async fn a_broker_that_takes_no_reading_of_any_size_is_named_and_refuses_none() {
    let bench = SinkBench::with_site(uneven_site());
    fill_uneven(&bench).await;
    let fifty = &[0x27, 0, 0, 0, 50];
    let broker = ScriptedBroker::start_greeting(fifty, |_| BrokerReply::Ack).await;
    refuses_nothing(&bench, &broker, "no message above 50 bytes").await;
}

#[tokio::test]
async fn a_broker_that_hangs_up_on_everything_gets_no_reading_refused() {
    let bench = SinkBench::new();
    let broker = ScriptedBroker::start(4, |heard| match heard.seq {
        Some(_) => BrokerReply::HangUp,
        None => BrokerReply::Ack,
    })
    .await;
    bench.append_range(1..=20).await;
    let sink = bench.run_mqtt(mqtt_settings(broker.port));
    wait_until("five connections", || *broker.connects.lock().unwrap() >= 5).await;
    let state = bench.sink_state("mqtt");
    assert_eq!(
        (state.delivered, state.refused, state.connected),
        (0, 0, false)
    );
    let fault = state.fault.unwrap_or_default();
    assert!(fault.contains("on the way: reading 1 of b"), "{fault}");
    sink.stop().await;
}

#[tokio::test]
async fn a_broker_that_keeps_no_messages_gets_none_to_keep() {
    let bench = SinkBench::new();
    // It ends the connection over one, as the standard allows.
    let script = |heard: &BrokerMessage| {
        if heard.is_retained {
            BrokerReply::End(&[0xE0, 2, 0x9A, 0])
        } else {
            BrokerReply::Ack
        }
    };
    let broker = ScriptedBroker::start_greeting(RETAINS_NOTHING, script).await;
    bench.append_range(1..=20).await;
    let sink = bench.run_mqtt(mqtt_settings(broker.port));
    bench.wait_delivered("mqtt", 20).await;
    let state = bench.sink_state("mqtt");
    let fault = state.fault.unwrap_or_default();
    assert!(
        state.connected && fault.contains("keeps no messages"),
        "{fault}"
    );
    sink.stop().await;
}

const ILL_ANSWERS: [(u16, &str); 6] = [
    (400, r#"{"message":"no healthy upstream"}"#),
    (400, r#"{"code":"invalid","message":"org \"x\" not found"}"#),
    (422, r#"{"error":"license expired"}"#),
    (413, "too large"),
    (500, r#"{"message":"partial write: timeout dropped=0"}"#),
    (400, r#"{"message":"unable to parse 'meter': no"}"#),
];

/// A database, or what stands before it, that gives this answer at first.
async fn start_ill_database(ill: usize, (status, body): (u16, &'static str)) -> ScriptedDatabase {
    ScriptedDatabase::start(move |number, _| {
        Some(if number < ill {
            scripted_answer(status, "", body)
        } else {
            STORED_ANSWER
        })
    })
    .await
}

#[tokio::test]
async fn a_database_that_refused_every_line_and_is_well_again_costs_no_reading() {
    let mut running = Vec::new();
    for answer in ILL_ANSWERS {
        // After a failure of the database itself nothing further is asked before a pause.
        let ill_times: &[usize] = if answer.0 == 500 {
            &[1, 3]
        } else {
            &[1, 7, 40]
        };
        for ill in ill_times.iter().copied() {
            let bench = SinkBench::new();
            bench.append_range(1..=41).await;
            let database = start_ill_database(ill, answer).await;
            let sink = bench.run_influx(influx_settings(database.port));
            running.push((answer, bench, database, sink));
        }
    }
    for (answer, bench, database, sink) in running {
        bench.wait_delivered("influx", 41).await;
        let state = bench.sink_state("influx");
        assert_eq!((state.refused, state.delivered), (0, 41), "{answer:?}");
        let stored: BTreeSet<String> = database.stored.lock().unwrap().iter().cloned().collect();
        let wanted: BTreeSet<String> = (1..=41).map(|seq| bench.expected_line(seq)).collect();
        assert_eq!(stored, wanted, "{answer:?}");
        sink.stop().await;
    }
}

#[tokio::test]
async fn a_database_that_takes_no_line_is_named_and_refuses_none() {
    for answer in [ILL_ANSWERS[0], ILL_ANSWERS[3], ILL_ANSWERS[5]] {
        let bench = SinkBench::new();
        bench.append_range(1..=41).await;
        let database = start_ill_database(usize::MAX, answer).await;
        let sink = bench.run_influx(influx_settings(database.port));
        let state = || bench.sink_state("influx");
        wait_until("named", || {
            let fault = state().fault.unwrap_or_default();
            fault.contains("takes no other line") && fault.contains(answer.1)
        })
        .await;
        assert_eq!(state().trouble, Some(SinkDiagnosis::TakesNothing));
        assert!(!state().connected);
        let counts = (state().settled, state().delivered, state().refused);
        assert_eq!(counts, (0, 0, 0));
        sink.stop().await;
    }
}

#[tokio::test]
async fn a_long_pause_that_a_database_asks_for_is_told_with_its_end() {
    let bench = SinkBench::new();
    bench.append_range(1..=3).await;
    let database = ScriptedDatabase::start(|_, _| {
        let headers = "Retry-After: 1800\r\n";
        Some(scripted_answer(503, headers, "{}"))
    })
    .await;
    let sink = bench.run_influx(influx_settings(database.port));
    wait_until("told", || bench.sink_state("influx").next_try.is_some()).await;
    let until = bench.sink_state("influx").next_try.unwrap();
    let pause = until.0 - bench.clock.now().at.0;
    assert!((1_700_000..=1_800_000).contains(&pause), "{pause}");
    sink.stop().await;
}

#[tokio::test]
async fn what_is_settled_is_not_delivered_when_it_was_refused() {
    let bench = SinkBench::new();
    // One is taken now and then, so that the refusals of the others are permanent.
    let broker = ScriptedBroker::start(5, |heard| match heard.seq {
        Some(seq) if seq != 5 => BrokerReply::Code(0x99),
        _ => BrokerReply::Ack,
    })
    .await;
    bench.append_range(1..=9).await;
    let mut settings = mqtt_settings(broker.port);
    settings.ack_within = Duration::from_millis(600);
    let sink = bench.run_mqtt(settings.clone());
    wait_until("some", || bench.sink_state("mqtt").refused >= 4).await;
    let state = bench.sink_state("mqtt");
    assert_eq!(
        (state.delivered, state.delivered_at),
        (5, Some(bench.time_of(5)))
    );
    sink.stop().await;
}
