//! Tests of the InfluxDB sink against real databases and a scripted one.

use super::{POINTS, SinkBench, influx_settings, mqtt_settings, outcomes_of, sink_site};
use crate::servers::{
    DatabaseAnswer, InfluxServer, MosquittoBroker, MqttSubscriber, STORED_ANSWER, ScriptedDatabase,
    http_body, make_certificate, wait_until,
};
use crate::victoria_server::VictoriaServer;
use gateway::clock::{Clock, ClockStamp};
use gateway::domain::{ExactNumber, Reading, UtcMs};
use gateway::status::SinkDiagnosis;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test]
async fn victoria_metrics_holds_what_the_journal_holds() {
    let bench = SinkBench::new();
    let database = VictoriaServer::start().await;
    // More than the journal gives at once (SINK_BATCH_MAX), so that two batches follow each other.
    bench.append_range(1..=2500).await;
    let mut settings = influx_settings(database.port);
    settings.url = format!("http://127.0.0.1:{}", database.port);
    let sink = bench.run_influx(settings);
    bench.wait_delivered("influx", 2500).await;
    // VictoriaMetrics shows new samples only after its own flush.
    http_body(database.port, "/internal/force_flush", "GET").await;
    let query = "/api/v1/export?match[]=%7Bsite%3D%22desa-impian%22%7D";
    let text = http_body(database.port, query, "GET").await;
    let mut found = std::collections::BTreeMap::new();
    for series in text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
    {
        let name = series["metric"]["__name__"].as_str().unwrap().to_owned();
        let (values, times) = (&series["values"], &series["timestamps"]);
        for (value, at) in values
            .as_array()
            .unwrap()
            .iter()
            .zip(times.as_array().unwrap())
        {
            found.insert(
                (at.as_i64().unwrap(), name.clone()),
                value.as_f64().unwrap(),
            );
        }
    }
    let mut wanted = std::collections::BTreeMap::new();
    for seq in 1..=2500 {
        for (name, outcome) in POINTS.iter().zip(outcomes_of(seq)) {
            if let Some(number) = outcome.number() {
                wanted.insert(
                    (bench.time_of(seq).0, format!("meter_{name}")),
                    number.to_f64(),
                );
            }
        }
    }
    assert_eq!(found.len(), wanted.len());
    assert!(found == wanted, "values differ");
    // The clock of a database on this machine is ours.
    assert_eq!(bench.sink_state("influx").clock_lead_ms, None);
    sink.stop().await;
}

/// Kills VictoriaMetrics half a second after its last 204, and goes on when it is back; returns the
/// times that it has then, and those that it was told.
async fn times_after_a_kill(rewind: Duration) -> (Vec<i64>, Vec<i64>) {
    let bench = SinkBench::new();
    let mut database = VictoriaServer::start().await;
    let mut settings = influx_settings(database.port);
    settings.url = format!("http://127.0.0.1:{}", database.port);
    settings.rewind = rewind;
    let sink = bench.run_influx(settings);
    bench.append_range(1..=2000).await;
    bench.wait_delivered("influx", 2000).await;
    // What was acknowledged is in its memory, and not yet on its disk.
    sleep(Duration::from_millis(500)).await;
    database.kill();
    database.start_process().await;
    bench.append_range(2001..=2100).await;
    bench.wait_delivered("influx", 2100).await;
    sink.stop().await;
    let told = (1..=2100).map(|seq| bench.time_of(seq).0).collect();
    let mut stored = database.stored_times("meter_power").await;
    stored.dedup();
    (stored, told)
}

#[tokio::test]
async fn a_database_killed_after_it_acknowledged_gets_everything_again_with_rewind() {
    let (stored, told) = times_after_a_kill(Duration::from_mins(2)).await;
    assert_eq!(stored, told);
}

// Shows that the test above tests something: this is why `docs/configuration.md` tells users of
// VictoriaMetrics to set `rewind`.
#[tokio::test]
async fn a_database_killed_after_it_acknowledged_has_lost_readings_without_rewind() {
    let (stored, told) = times_after_a_kill(Duration::ZERO).await;
    assert!(stored.len() < told.len(), "{} stored", stored.len());
}

#[tokio::test]
async fn readings_without_a_date_wait_for_it_and_keep_no_others_back() {
    let right = UtcMs(1_795_824_000_000);
    let clock = Clock::set(UtcMs(5000), false);
    let bench = SinkBench::with_clock(sink_site(), clock);
    let database = ScriptedDatabase::start(|_, _| Some(STORED_ANSWER)).await;
    let append = async |seq, is_dated| {
        let now = bench.clock.now();
        let reading = Reading {
            device: 0,
            at: now.at,
            mono: now.mono,
            dated: is_dated,
            outcomes: outcomes_of(seq),
        };
        bench.store.append(reading).await.unwrap();
        bench.store.flush().await.unwrap();
        bench.clock.advance(Duration::from_secs(1));
    };
    bench.store.sink_lanes("influx").await.unwrap();
    append(1, false).await;
    append(2, false).await;
    let sink = bench.run_influx(influx_settings(database.port));
    wait_until("it says what it waits for", || {
        let state = bench.board.snapshot().sinks.get("influx").cloned();
        state.is_some_and(|state| state.trouble == Some(SinkDiagnosis::NoTime))
    })
    .await;
    assert!(database.stored.lock().unwrap().is_empty());
    // The network tells the time; the clock has run on by two seconds.
    bench.clock.set_wall_clock(right);
    bench.clock.trust();
    append(3, true).await;
    wait_until("all is delivered", || {
        bench.sink_state("influx").delivered == 3
    })
    .await;
    let mut times: Vec<i64> = database
        .stored
        .lock()
        .unwrap()
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    times.sort_unstable();
    assert_eq!(times, [right.0 - 2000, right.0 - 1000, right.0]);
    assert_eq!(bench.sink_state("influx").refused, 0);
    sink.stop().await;
}

#[tokio::test]
async fn a_reading_from_before_the_time_was_known_gets_its_date_when_it_is_stored_later() {
    let right = UtcMs(1_795_824_000_000);
    let bench = SinkBench::with_clock(sink_site(), Clock::set(UtcMs(5000), false));
    let database = ScriptedDatabase::start(|_, _| Some(STORED_ANSWER)).await;
    let early = bench.clock.now();
    bench.clock.advance(Duration::from_secs(2));
    bench.clock.set_wall_clock(right);
    bench.clock.trust();
    let append = async |seq, now: ClockStamp| {
        let reading = Reading {
            device: 0,
            at: now.at,
            mono: now.mono,
            dated: now.trusted,
            outcomes: outcomes_of(seq),
        };
        bench.store.append(reading).await.unwrap();
        bench.store.flush().await.unwrap();
    };
    bench.store.sink_lanes("influx").await.unwrap();
    append(1, bench.clock.now()).await;
    let sink = bench.run_influx(influx_settings(database.port));
    // The sink has had everything dated by now.
    wait_until("the first one", || {
        bench.sink_state("influx").delivered == 1
    })
    .await;
    append(2, early).await;
    wait_until("the late one", || bench.sink_state("influx").delivered == 2).await;
    let stored = database.stored.lock().unwrap().clone();
    let times = stored.iter().map(|line| line.rsplit(' ').next().unwrap());
    let times: Vec<i64> = times.map(|time| time.parse().unwrap()).collect();
    assert_eq!(times, [right.0, right.0 - 2000]);
    assert_eq!(bench.sink_state("influx").refused, 0);
    sink.stop().await;
}

#[tokio::test]
async fn after_a_start_readings_that_were_not_settled_come_again_in_order() {
    let bench = SinkBench::new();
    let database = ScriptedDatabase::start(|_, _| Some(STORED_ANSWER)).await;
    let mut settings = influx_settings(database.port);
    settings.rewind = Duration::from_hours(1);
    bench.append_range(1..=20).await;
    for lines in [20, 40] {
        let sink = bench.run_influx(settings.clone());
        wait_until("sent", || database.stored.lock().unwrap().len() == lines).await;
        sink.stop().await;
    }
    let once: Vec<String> = (1..=20).map(|seq| bench.expected_line(seq)).collect();
    assert_eq!(
        *database.stored.lock().unwrap(),
        [once.clone(), once].concat()
    );
}

#[tokio::test]
async fn a_database_gets_a_new_reading_at_once_whatever_waits_and_each_lane_in_order() {
    let bench = SinkBench::new();
    let database = ScriptedDatabase::start(|_, _| Some(STORED_ANSWER)).await;
    bench.append_range(1..=3000).await;
    let mut settings = influx_settings(database.port);
    // The whole backlog would take 30 s.
    settings.catch_up = 100;
    let sink = bench.run_influx(settings.clone());
    let numbers: BTreeMap<String, u64> = (1..=3010)
        .map(|seq| (bench.expected_line(seq), seq))
        .collect();
    let stored = || -> Vec<u64> {
        let lines = database.stored.lock().unwrap();
        lines.iter().map(|line| numbers[line]).collect()
    };
    wait_until("some", || !stored().is_empty()).await;
    bench.append_range(3001..=3010).await;
    wait_until("live", || stored().contains(&3010)).await;
    let waiting = bench.sink_state("influx").backlog;
    assert!(waiting > 1000, "{waiting}");
    sink.stop().await;
    settings.catch_up = 5000;
    let sink = bench.run_influx(settings);
    bench.wait_delivered("influx", 3010).await;
    wait_until("all", || bench.sink_state("influx").waiting == 0).await;
    sink.stop().await;
    let (live, backlog): (Vec<u64>, Vec<u64>) = stored().iter().partition(|seq| **seq > 3000);
    // What was on its way at the stop may come twice, in the order of its lane.
    for lane in [&live, &backlog] {
        let mut last = 0;
        for seq in lane {
            assert!(*seq + 200 > last, "{seq} after {last}");
            last = last.max(*seq);
        }
    }
    let all: BTreeSet<u64> = live.into_iter().chain(backlog).collect();
    assert_eq!(all, (1..=3010).collect());
}

#[tokio::test]
async fn influxdb_behind_a_proxy_with_a_path_holds_what_the_journal_holds() {
    let bench = SinkBench::new();
    let database = InfluxServer::start().await;
    bench.append_range(1..=700).await;
    let sink = bench.run_influx(influx_settings(database.proxy));
    bench.wait_delivered("influx", 700).await;
    // InfluxDB is asked directly, not through the proxy, so that only the write depends on the path
    // in the URL.
    let query = "/query?db=pantau&epoch=ms&q=SELECT+power,energy,temp+FROM+meter";
    let text = http_body(database.port, query, "GET").await;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = answer["results"][0]["series"][0]["values"]
        .as_array()
        .unwrap();
    assert_eq!(rows.len(), 700);
    for (row, seq) in rows.iter().zip(1..) {
        assert_eq!(row[0].as_i64(), Some(bench.time_of(seq).0));
        for (column, outcome) in outcomes_of(seq).iter().enumerate() {
            let wanted = outcome.number().map(ExactNumber::to_f64);
            assert_eq!(row[column + 1].as_f64(), wanted, "reading {seq}");
        }
    }
    sink.stop().await;
}

#[tokio::test]
async fn the_one_line_that_a_bucket_refuses_is_kept_and_the_rest_flows() {
    let bench = SinkBench::new();
    // One bad line in the middle: the sink has to find it by halving, and the lines before and
    // after it must keep their order.
    let bad = bench.expected_line(333);
    let script = bad.clone();
    let database = ScriptedDatabase::start(move |_, lines| {
        let refusal = DatabaseAnswer {
            status: 400,
            headers: "",
            body: r#"{"code":"invalid","message":"unable to parse 'meter': no"}"#,
        };
        Some(if lines.contains(&script.as_str()) {
            refusal
        } else {
            STORED_ANSWER
        })
    })
    .await;
    bench.append_range(1..=1000).await;
    let sink = bench.run_influx(influx_settings(database.port));
    bench.wait_delivered("influx", 1000).await;
    let wanted: Vec<_> = (1..=1000)
        .filter(|&seq| seq != 333)
        .map(|seq| bench.expected_line(seq))
        .collect();
    assert!(
        *database.stored.lock().unwrap() == wanted,
        "not these lines in this order"
    );
    let (count, refused) = bench.store.list_refusals("influx").await.unwrap();
    assert_eq!((count, refused[0].seq, &refused[0].what), (1, 333, &bad));
    assert!(
        refused[0].why.contains("unable to parse"),
        "{}",
        refused[0].why
    );
    assert_eq!(bench.sink_state("influx").refused, 1);
    sink.stop().await;
}

#[tokio::test]
async fn every_mood_of_a_database_is_waited_out() {
    let bench = SinkBench::new();
    let said = |status, headers, body| DatabaseAnswer {
        status,
        headers,
        body,
    };
    let database = ScriptedDatabase::start(move |number, lines| {
        Some(match number {
            0 => said(401, "", r#"{"code":"unauthorized"}"#),
            1 => said(
                404,
                "",
                r#"{"code":"not found","message":"bucket \"b\" not found"}"#,
            ),
            2 => said(429, "Retry-After: 3\r\n", ""),
            3 => said(503, "", "<html>maintenance</html>"),
            // This is nginx's answer when TLS is missing. It has the status of a refused line
            // (400), but the database has never seen the readings.
            4 => said(
                400,
                "",
                "<html>The plain HTTP request was sent to HTTPS port</html>",
            ),
            // No answer at all: the sink's own time limit has to end the wait.
            5 => return None,
            // The limit of a proxy in front of the database; smaller writes pass.
            _ if lines.len() > 40 => said(413, "", "too much"),
            _ => STORED_ANSWER,
        })
    })
    .await;
    bench.append_range(1..=200).await;
    let sink = bench.run_influx(influx_settings(database.port));
    let shows = |what: &'static str| {
        let fault = bench.sink_state("influx").fault.unwrap_or_default();
        fault.contains(what)
    };
    wait_until("401 shown", || shows("401")).await;
    wait_until("429 shown", || shows("429")).await;
    let since = bench.clock.now().mono.0;
    wait_until("503 shown", || shows("503")).await;
    let pause = bench.clock.now().mono.0 - since;
    assert!(
        // A little less than 3 s, because the clock is read after the state has changed.
        pause >= 2800,
        "came back {pause} ms after a Retry-After of 3 s"
    );
    wait_until("silence shown", || shows("no answer")).await;
    assert!(!bench.sink_state("influx").connected);
    bench.wait_delivered("influx", 200).await;
    let wanted: Vec<_> = (1..=200).map(|seq| bench.expected_line(seq)).collect();
    assert!(
        *database.stored.lock().unwrap() == wanted,
        "not these lines in this order"
    );
    assert_eq!(bench.sink_state("influx").refused, 0);
    sink.stop().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_a_fault_and_no_crash() {
    let bench = SinkBench::new();
    let mut settings = influx_settings(1);
    // Without `http://` the host is taken for a scheme; the client library must not panic on it.
    settings.url = "influx:8086".into();
    let sink = bench.run_influx(settings);
    wait_until("fault", || {
        bench
            .sink_state("influx")
            .fault
            .is_some_and(|why| why.contains("influx:8086"))
    })
    .await;
    sink.stop().await;
}

#[tokio::test]
async fn a_database_behind_tls_is_believed_by_its_authority_only() {
    let bench = SinkBench::new();
    let certificate = make_certificate(bench.folder.path());
    let database = InfluxServer::start_behind_tls(&certificate).await;
    bench.append_range(1..=50).await;
    let mut settings = influx_settings(database.proxy);
    settings.url = format!("https://localhost:{}/base/", database.proxy);
    let sink = bench.run_influx(settings.clone());
    // The certificate is self-signed, so the system's authorities do not know it.
    wait_until("distrust", || bench.sink_state("influx").fault.is_some()).await;
    assert_eq!(bench.sink_state("influx").delivered, 0);
    sink.stop().await;
    settings.ca_file = Some(certificate.cert);
    let sink = bench.run_influx(settings);
    bench.wait_delivered("influx", 50).await;
    sink.stop().await;
}

#[tokio::test]
async fn a_database_whose_clock_shows_another_time_is_a_hint_and_changes_no_time() {
    let bench = SinkBench::new();
    let database = ScriptedDatabase::start(|number, _| {
        let headers = ["Date: Sat, 21 Nov 2020 03:00:30 GMT\r\n", ""][number.min(1)];
        Some(DatabaseAnswer {
            headers,
            ..STORED_ANSWER
        })
    })
    .await;
    let sink = bench.run_influx(influx_settings(database.port));
    let lead = || bench.sink_state("influx").clock_lead_ms;
    bench.append_range(1..=10).await;
    bench.wait_delivered("influx", 10).await;
    let told = lead().unwrap_or_default();
    let five_years = 5 * 365 * 86_400_000_i64;
    assert!(told < -five_years, "{told}");
    // Nothing follows it, and it ends with an answer that does not say so.
    assert!(bench.clock.now().at > bench.start);
    bench.append_range(11..=20).await;
    bench.wait_delivered("influx", 20).await;
    assert_eq!(lead(), None);
    sink.stop().await;
}

#[tokio::test]
async fn the_state_at_the_broker_says_within_a_minute_that_the_database_takes_nothing_more() {
    let bench = SinkBench::new();
    // It takes the first readings, and then answers no more.
    let first = |number, _: &[&str]| (number == 0).then_some(STORED_ANSWER);
    let database = ScriptedDatabase::start(first).await;
    let broker = MosquittoBroker::start("").await;
    let folder = tempfile::tempdir().unwrap();
    let heard = MqttSubscriber::start(broker.port, folder.path(), &[]).await;
    let sinks = [
        bench.run_mqtt(mqtt_settings(broker.port)),
        bench.run_influx(influx_settings(database.port)),
    ];
    bench.append_range(1..=3).await;
    bench.wait_delivered("influx", 3).await;
    bench.append_range(4..=6).await;
    let began = tokio::time::Instant::now();
    let told = || {
        let messages = heard.messages();
        let states = messages
            .iter()
            .filter(|(topic, ..)| topic.ends_with("/state"));
        states
            .map(|one| one.2.clone())
            .next_back()
            .unwrap_or_default()
    };
    wait_until("the state says it", || {
        told()["sinks"]["influx"]
            .as_str()
            .is_some_and(|health| health != "ok")
    })
    .await;
    assert!(began.elapsed() < Duration::from_mins(1));
    let state = told();
    assert!(state["oldest"]["influx"].is_string(), "{state}");
    // The broker has all readings all the same.
    bench.wait_delivered("mqtt", 6).await;
    for sink in sinks {
        sink.stop().await;
    }
}
