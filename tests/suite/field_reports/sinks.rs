//! Fault reports about databases and brokers with unusual answers.

use crate::brokers::{BrokerReply, ScriptedBroker};
use crate::publish::{RunningSink, SinkBench, influx_settings, mqtt_settings, sink_site};
use crate::servers::{
    DatabaseAnswer, MosquittoBroker, MqttSubscriber, STORED_ANSWER, ScriptedDatabase,
    assert_seqs_complete, wait_until,
};
use gateway::config::MqttVersion;
use gateway::domain::{DeviceInfo, ExactNumber, PointInfo, ReadingSeq, SampleOutcome, Site};
use gateway::sinks::mqtt::MqttSettings;
use gateway::status::SinkDiagnosis;
use std::time::Duration;
use tokio::time::sleep;

const CAPTIVE_PORTAL_PAGE: &str =
    "<!DOCTYPE html><html><title>Kuota internet Anda habis</title></html>";

pub(super) fn scripted_answer(
    status: u16,
    headers: &'static str,
    body: &'static str,
) -> DatabaseAnswer {
    DatabaseAnswer {
        status,
        headers,
        body,
    }
}

fn expected_lines(bench: &SinkBench, seqs: impl Iterator<Item = ReadingSeq>) -> Vec<String> {
    seqs.map(|seq| bench.expected_line(seq)).collect()
}

/// Runs until `last` is settled; returns the stored lines in order.
async fn stored_lines(
    bench: &SinkBench,
    database: &ScriptedDatabase,
    last: ReadingSeq,
) -> Vec<String> {
    let sink = bench.run_influx(influx_settings(database.port));
    bench.wait_delivered("influx", last).await;
    sink.stop().await;
    let mut stored = database.stored.lock().unwrap().clone();
    // A line that is written twice has the same result as once.
    stored.dedup();
    stored
}

#[tokio::test]
async fn what_is_not_204_has_stored_nothing() {
    let bench = SinkBench::new();
    let database = ScriptedDatabase::start(|number, _| {
        Some(match number {
            // A hotspot answers every request with its own page, with 200 or 302; 511 is the status
            // made for it, and 202 promises to store later. The write API stores with 204 only.
            0 => scripted_answer(200, "Content-Type: text/html\r\n", CAPTIVE_PORTAL_PAGE),
            1 => scripted_answer(302, "Location: http://login.example/\r\n", ""),
            2 => scripted_answer(511, "", CAPTIVE_PORTAL_PAGE),
            3 => scripted_answer(202, "", ""),
            _ => STORED_ANSWER,
        })
    })
    .await;
    bench.append_range(1..=23).await;
    let sink = bench.run_influx(influx_settings(database.port));
    let shows = |what: &str| {
        bench
            .sink_state("influx")
            .fault
            .unwrap_or_default()
            .contains(what)
    };
    wait_until("the page is named", || {
        shows("answered 200 with a web page: a captive portal")
    })
    .await;
    assert_eq!(
        bench.sink_state("influx").trouble,
        Some(SinkDiagnosis::WebPage)
    );
    assert!(!bench.sink_state("influx").connected);
    for status in ["answered 302", "answered 511", "answered 202"] {
        wait_until(status, || shows(status)).await;
        assert_eq!(bench.sink_state("influx").delivered, 0);
    }
    bench.wait_delivered("influx", 23).await;
    assert!(bench.sink_state("influx").connected && bench.sink_state("influx").fault.is_none());
    sink.stop().await;
    assert_eq!(
        *database.stored.lock().unwrap(),
        expected_lines(&bench, 1..=23)
    );
    assert_eq!(bench.sink_state("influx").refused, 0);
}

/// A database that drops what is `bad`, says how much of a write that was, and with this status.
async fn database_that_drops(
    status: u16,
    reason: &'static str,
    bad: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> ScriptedDatabase {
    ScriptedDatabase::start(move |_, lines| {
        let dropped = lines.iter().filter(|line| bad(line)).count();
        let text = format!("{{\"message\":\"{reason} dropped={dropped}\"}}");
        Some(match dropped {
            0 => STORED_ANSWER,
            _ => scripted_answer(status, "", text.leak()),
        })
    })
    .await
}

#[tokio::test]
async fn a_series_of_the_wrong_type_costs_only_itself_whatever_the_status() {
    // InfluxDB 2 sends these words with 422, and with 500 in influxdb#19779 and telegraf#11005.
    let reason = "unexpected error writing points to database: partial write: field type \
                  conflict: input field power on measurement meter is type float, already exists \
                  as type integer";
    for status in [422, 500] {
        let bench = SinkBench::new();
        let database = database_that_drops(status, reason, |line| line.contains("device=b")).await;
        bench.append_range(1..=41).await;
        let good = expected_lines(&bench, (1..=41).filter(|seq| seq % 2 == 0));
        assert_eq!(stored_lines(&bench, &database, 41).await, good, "{status}");
        let (count, refused) = bench.store.list_refusals("influx").await.unwrap();
        assert_eq!(count, 21);
        assert!(
            refused
                .iter()
                .all(|one| one.seq % 2 == 1 && one.why.contains("type conflict"))
        );
    }
}

#[tokio::test]
async fn points_older_than_the_bucket_keeps_do_not_stop_newer_ones() {
    for status in [422, 500] {
        let bench = SinkBench::new();
        let newest = bench.time_of(26).0;
        let reason = "partial write: points beyond retention policy";
        let old = move |line: &str| {
            let at = line.rsplit(' ').next().unwrap().parse::<i64>().unwrap();
            at <= newest
        };
        let database = database_that_drops(status, reason, old).await;
        bench.append_range(1..=41).await;
        let good = expected_lines(&bench, 27..=41);
        assert_eq!(stored_lines(&bench, &database, 41).await, good, "{status}");
        assert_eq!(bench.sink_state("influx").refused, 26);
    }
}

#[tokio::test]
async fn a_wrong_token_is_waited_out_and_a_large_write_is_split() {
    let bench = SinkBench::new();
    let database = ScriptedDatabase::start(|number, lines| {
        Some(match number {
            // A token may be wrong for a while, for example after the database was set up again.
            0..3 => scripted_answer(401, "", r#"{"code":"unauthorized"}"#),
            _ if lines.len() > 2 => scripted_answer(413, "", "too much"),
            _ => STORED_ANSWER,
        })
    })
    .await;
    bench.append_range(1..=126).await;
    let all = expected_lines(&bench, 1..=126);
    assert_eq!(stored_lines(&bench, &database, 126).await, all);
    assert_eq!(bench.sink_state("influx").refused, 0);
}

#[tokio::test]
async fn a_broker_that_acknowledges_nothing_is_named_and_left_for_a_new_connection() {
    let bench = SinkBench::new();
    // It takes the state and ten readings, and then nothing more on its first connection.
    let broker = ScriptedBroker::start(5, |heard| match heard.seq {
        Some(seq) if heard.connection == 1 && seq > 10 => BrokerReply::Silence,
        _ => BrokerReply::Ack,
    })
    .await;
    bench.append_range(1..=300).await;
    let mut settings = mqtt_settings(broker.port);
    // Long enough for ten readings on a busy computer, short enough for a test.
    settings.ack_within = Duration::from_millis(400);
    let sink = bench.run_mqtt(settings);
    wait_until("silence is named", || {
        let state = bench.sink_state("mqtt");
        state.trouble == Some(SinkDiagnosis::Silent) && !state.connected
    })
    .await;
    let fault = bench.sink_state("mqtt").fault.unwrap_or_default();
    assert!(fault.contains("acknowledged nothing for 400ms"), "{fault}");
    bench.wait_delivered("mqtt", 300).await;
    assert!(bench.sink_state("mqtt").connected && bench.sink_state("mqtt").fault.is_none());
    sink.stop().await;
    assert_seqs_complete(&broker.seqs(), 300);
    assert_eq!(bench.sink_state("mqtt").refused, 0);
}

#[tokio::test]
async fn a_broker_that_takes_only_the_state_is_never_shown_as_well() {
    let bench = SinkBench::new();
    let broker = ScriptedBroker::start(4, |heard| match heard.seq {
        Some(_) => BrokerReply::Silence,
        None => BrokerReply::Ack,
    })
    .await;
    bench.append_range(1..=5).await;
    let mut settings = mqtt_settings(broker.port);
    settings.ack_within = Duration::from_millis(100);
    let sink = bench.run_mqtt(settings);
    wait_until("three connections", || {
        // An acknowledged state message proves only that the connection works, not that readings
        // arrive.
        assert!(!bench.sink_state("mqtt").connected);
        *broker.connects.lock().unwrap() >= 3
    })
    .await;
    assert_eq!(
        bench.sink_state("mqtt").trouble,
        Some(SinkDiagnosis::Silent)
    );
    let state = bench.sink_state("mqtt");
    assert_eq!((state.delivered, state.refused, state.waiting), (0, 0, 5));
    sink.stop().await;
}

#[tokio::test]
async fn a_second_acknowledgement_ends_no_connection() {
    for level in [4, 5] {
        let bench = SinkBench::new();
        let broker = ScriptedBroker::start(level, |_| BrokerReply::AckTwice).await;
        bench.append_range(1..=500).await;
        let sink = bench.run_mqtt(mqtt_settings(broker.port));
        bench.wait_delivered("mqtt", 500).await;
        sink.stop().await;
        let wanted: Vec<u64> = (1..=500).collect();
        assert_eq!(broker.seqs(), wanted);
        // rumqttc by itself ends the connection over a second PUBACK.
        assert_eq!(*broker.connects.lock().unwrap(), 1);
    }
}

#[tokio::test]
async fn what_a_broker_refuses_for_good_stops_nothing_else() {
    let bench = SinkBench::new();
    let broker = ScriptedBroker::start(5, |heard| match heard.seq {
        // 0x99 is "payload format invalid": the same message would be refused every time.
        Some(7) => BrokerReply::Code(0x99),
        _ => BrokerReply::Ack,
    })
    .await;
    bench.append_range(1..=50).await;
    let sink = bench.run_mqtt(mqtt_settings(broker.port));
    bench.wait_delivered("mqtt", 50).await;
    sink.stop().await;
    let wanted: Vec<u64> = (1..=50).filter(|&seq| seq != 7).collect();
    assert_eq!(broker.seqs(), wanted);
    let (count, refused) = bench.store.list_refusals("mqtt").await.unwrap();
    assert_eq!((count, refused[0].seq), (1, 7));
    assert!(refused[0].why.contains("0x99") && refused[0].what.contains("\"seq\":7"));
}

/// A device with sixty points, and one with one.
pub(super) fn uneven_site() -> Site {
    let device = |id: &str, points: usize| DeviceInfo {
        id: id.into(),
        points: (0..points)
            .map(|n| PointInfo {
                id: format!("{id}.point{n}").into(),
                name: format!("point{n}").into(),
                unit: "".into(),
                quantity: "".into(),
                counter: false,
            })
            .collect(),
        ..sink_site().devices[0].clone()
    };
    Site {
        devices: vec![device("small", 1), device("large", 60)],
        ..sink_site()
    }
}

/// 76 small readings and, after every third of them, a large one, whose size varies.
pub(super) async fn fill_uneven(bench: &SinkBench) -> (Vec<ReadingSeq>, Vec<ReadingSeq>) {
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for seq in 1..=101 {
        let is_large = seq % 4 == 0;
        let value = ExactNumber::Decimal {
            // The size varies, because the search for a broker's limit must not need equal
            // messages.
            mantissa: 10_i64.pow(6 + u32::try_from(seq % 3).unwrap()),
            exponent: 0,
        };
        let points = if is_large { 60 } else { 1 };
        let outcomes = vec![SampleOutcome::Good(value); points].into();
        bench.append(seq, u16::from(is_large), outcomes).await;
        if is_large { &mut large } else { &mut small }.push(seq);
    }
    bench.store.flush().await.unwrap();
    (small, large)
}

/// Settings with this version of the protocol.
pub(super) fn versioned_settings(port: u16, version: MqttVersion) -> MqttSettings {
    let mut settings = mqtt_settings(port);
    settings.broker.version = version;
    settings
}

async fn only_large_ones_are_refused(version: MqttVersion, why: &str) {
    let bench = SinkBench::with_site(uneven_site());
    let broker = MosquittoBroker::start("max_packet_size 1000").await;
    let folder = tempfile::tempdir().unwrap();
    let ears = MqttSubscriber::start(broker.port, folder.path(), &[]).await;
    let (small, large) = fill_uneven(&bench).await;
    let sink = bench.run_mqtt(versioned_settings(broker.port, version));
    bench.wait_delivered("mqtt", 101).await;
    // Small ones that were in flight when the broker closed the connection come twice.
    let distinct = || {
        let mut seqs = ears.seqs();
        seqs.sort_unstable();
        seqs.dedup();
        seqs
    };
    wait_until("all small ones are heard", || distinct() == small).await;
    let (count, refused) = bench.store.list_refusals("mqtt").await.unwrap();
    let mut seqs: Vec<ReadingSeq> = refused.iter().map(|one| one.seq).collect();
    seqs.sort_unstable();
    assert_eq!((count, seqs), (large.len() as u64, large));
    assert!(
        refused
            .iter()
            .all(|one| one.why.contains("bytes") && one.what.contains("point59"))
    );
    assert!(
        refused.iter().any(|one| one.why.contains(why)),
        "{}",
        refused[0].why
    );
    assert!(bench.sink_state("mqtt").connected);
    sink.stop().await;
}

#[tokio::test]
async fn a_message_above_the_brokers_limit_is_refused_and_small_ones_flow() {
    only_large_ones_are_refused(MqttVersion::Any, "no message above 1000 bytes").await;
}

/// Takes about ten seconds: the pauses between retries are part of the test.
#[tokio::test]
async fn a_message_on_which_an_old_broker_hangs_up_is_found_and_small_ones_flow() {
    only_large_ones_are_refused(MqttVersion::V3, "hung up on it 5 times").await;
}

/// Appends one reading of the device of small messages, or of large ones.
async fn append_sized(bench: &SinkBench, seq: ReadingSeq, is_large: bool) {
    let value = ExactNumber::Decimal {
        mantissa: 1_000_000,
        exponent: 0,
    };
    let points = if is_large { 60 } else { 1 };
    let outcomes = vec![SampleOutcome::Good(value); points].into();
    bench.append(seq, u16::from(is_large), outcomes).await;
    bench.store.flush().await.unwrap();
}

#[tokio::test]
async fn a_backlog_that_ends_with_such_a_message_is_passed_and_live_readings_flow() {
    let bench = SinkBench::with_site(uneven_site());
    let broker = MosquittoBroker::start("max_packet_size 1000").await;
    let folder = tempfile::tempdir().unwrap();
    let ears = MqttSubscriber::start(broker.port, folder.path(), &[]).await;
    for seq in 1..=3 {
        append_sized(&bench, seq, false).await;
    }
    append_sized(&bench, 4, true).await;
    let sink = bench.run_mqtt(versioned_settings(broker.port, MqttVersion::V3));
    wait_until("hung up", || bench.sink_state("mqtt").fault.is_some()).await;
    // Only a reading of the live lane can show that the broker accepts smaller ones.
    let mut last = 4;
    while bench.sink_state("mqtt").refused == 0 {
        last += 1;
        assert!(last < 100, "{:?}", bench.sink_state("mqtt"));
        append_sized(&bench, last, false).await;
        sleep(Duration::from_millis(300)).await;
    }
    bench.wait_delivered("mqtt", last).await;
    let (_, refused) = bench.store.list_refusals("mqtt").await.unwrap();
    assert_eq!(refused[0].seq, 4);
    let heard: std::collections::BTreeSet<u64> = ears.seqs().into_iter().collect();
    assert_eq!(heard, (1..=last).filter(|seq| *seq != 4).collect());
    sink.stop().await;
}

/// A link that breaks at every n-th message, whatever it is.
#[tokio::test]
async fn a_link_that_breaks_often_costs_no_reading() {
    let bench = SinkBench::new();
    let count = std::sync::atomic::AtomicUsize::new(1);
    let broker = ScriptedBroker::start(4, move |_| {
        match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 40 {
            0 => BrokerReply::HangUp,
            _ => BrokerReply::Ack,
        }
    })
    .await;
    bench.append_range(1..=120).await;
    let sink = bench.run_mqtt(mqtt_settings(broker.port));
    bench.wait_delivered("mqtt", 120).await;
    assert_eq!(bench.sink_state("mqtt").refused, 0);
    sink.stop().await;
    assert_seqs_complete(&broker.seqs(), 120);
}

/// Two gateways of one name at one broker: their benches and sinks.
fn start_twin_sinks(
    broker: &MosquittoBroker,
    version: MqttVersion,
) -> [(SinkBench, RunningSink); 2] {
    [(); 2].map(|()| {
        let bench = SinkBench::new();
        let sink = bench.run_mqtt(versioned_settings(broker.port, version));
        (bench, sink)
    })
}

async fn twins_step_aside(version: MqttVersion, why: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let more = format!("log_dest file {}\nlog_type all", log.display());
    let broker = MosquittoBroker::start(&more).await;
    let twins = start_twin_sinks(&broker, version);
    for (bench, _) in &twins {
        bench.append_range(1..=200).await;
    }
    let fault = |bench: &SinkBench| bench.sink_state("mqtt").fault.unwrap_or_default();
    wait_until("the cause is named", || {
        twins.iter().any(|(bench, _)| fault(bench).contains(why))
    })
    .await;
    for (bench, _) in &twins {
        bench.wait_delivered("mqtt", 200).await;
        assert_eq!(bench.sink_state("mqtt").refused, 0);
    }
    let text = std::fs::read_to_string(&log).unwrap();
    let connects = text.matches("New client connected").count();
    assert!((2..=14).contains(&connects), "{connects} connections");
    for (_, sink) in twins {
        sink.stop().await;
    }
}

#[tokio::test]
async fn two_gateways_with_one_client_id_step_aside_and_the_cause_is_named() {
    let why = "another client uses the same client id \"pantau-desa-impian\"";
    twins_step_aside(MqttVersion::Any, why).await;
}

#[tokio::test]
async fn two_gateways_with_one_client_id_step_aside_at_an_old_broker_too() {
    let why = "probably another client uses the same client id \"pantau-desa-impian\"";
    twins_step_aside(MqttVersion::V3, why).await;
}

#[tokio::test]
async fn a_broker_that_knows_no_version_5_is_spoken_to_in_3_1_1() {
    for level in [3, 4] {
        let bench = SinkBench::new();
        let broker = ScriptedBroker::start(level, |_| BrokerReply::Ack).await;
        bench.append_range(1..=30).await;
        let settings = mqtt_settings(broker.port);
        let newest = versioned_settings(broker.port, MqttVersion::V5);
        let sink = bench.run_mqtt(newest);
        let fault = || bench.sink_state("mqtt").fault.unwrap_or_default();
        wait_until("refusal", || fault().contains("does not speak MQTT 5")).await;
        sink.stop().await;
        assert_eq!(bench.sink_state("mqtt").delivered, 0);
        let sink = bench.run_mqtt(settings);
        bench.wait_delivered("mqtt", 30).await;
        sink.stop().await;
        let wanted: Vec<u64> = (1..=30).collect();
        assert_eq!(broker.seqs(), wanted);
    }
}
