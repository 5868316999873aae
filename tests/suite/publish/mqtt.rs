//! Tests of the MQTT sink against mosquitto, with a subscriber that counts.

use super::{SinkBench, mqtt_settings, outcomes_of, require_password, sink_site};
use crate::servers::{
    MosquittoBroker, MqttSubscriber, TestCertificate, assert_seqs_complete, make_certificate,
    make_certificate_with, wait_until,
};
use gateway::clock::Clock;
use gateway::config::Secret;
use gateway::domain::{Reading, UtcMs};
use gateway::status::{DeliveryHealth, SinkDiagnosis};
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test]
async fn a_broker_that_is_stopped_and_killed_costs_no_reading_and_no_order() {
    let bench = SinkBench::new();
    let mut broker = MosquittoBroker::start("").await;
    let ears = MqttSubscriber::start(broker.port, bench.folder.path(), &[]).await;
    let sink = bench.run_mqtt(mqtt_settings(broker.port));
    wait_until("the subscriber is there", || {
        ears.last_state().as_deref() == Some("online")
    })
    .await;
    let mut last = 0;
    for round in 0..3 {
        bench.append_range(last + 1..=last + 300).await;
        last += 300;
        // Everything the broker has acknowledged has reached the subscriber: what it forgets when
        // it is killed is nothing that the gateway was told is safe.
        wait_until("heard", || ears.seqs().last() == Some(&last)).await;
        match round {
            // A stopped broker saves its state first; a killed one does not.
            0 => broker.stop(),
            _ => broker.kill(),
        }
        // Only then is it certain that the next readings are appended while there is no broker.
        wait_until("noticed", || !bench.sink_state("mqtt").connected).await;
        assert!(bench.sink_state("mqtt").fault.is_some());
        bench.append_range(last + 1..=last + 300).await;
        last += 300;
        assert!(bench.sink_state("mqtt").delivered < last);
        broker.start_process().await;
        wait_until("heard", || ears.seqs().last() == Some(&last)).await;
    }
    assert_seqs_complete(&ears.seqs(), last);
    bench.wait_delivered("mqtt", last).await;
    sink.stop().await;
    wait_until("offline", || {
        ears.last_state().as_deref() == Some("offline")
    })
    .await;
}

#[tokio::test]
async fn a_subscriber_gets_readings_at_their_own_time_or_without_one_and_never_at_a_wrong_one() {
    let right = UtcMs(1_795_824_000_000);
    let bench = SinkBench::with_clock(sink_site(), Clock::set(UtcMs(5000), false));
    let broker = MosquittoBroker::start("").await;
    let ears = MqttSubscriber::start(broker.port, bench.folder.path(), &[]).await;
    let append = async |seq| {
        let now = bench.clock.now();
        let reading = Reading {
            device: 0,
            at: now.at,
            mono: now.mono,
            dated: now.trusted,
            outcomes: outcomes_of(seq),
        };
        bench.store.append(reading).await.unwrap();
        bench.store.flush().await.unwrap();
        bench.clock.advance(Duration::from_secs(1));
    };
    let sink = bench.run_mqtt(mqtt_settings(broker.port));
    append(1).await;
    append(2).await;
    wait_until("it says what it waits for", || {
        bench.sink_state("mqtt").trouble == Some(SinkDiagnosis::NoTime)
    })
    .await;
    assert!(ears.seqs().is_empty());
    bench.clock.set_wall_clock(right);
    bench.clock.trust();
    append(3).await;
    wait_until("all", || ears.seqs().len() == 3).await;
    assert_seqs_complete(&ears.seqs(), 3);
    let heard = ears.messages();
    let readings = heard.iter().filter(|(topic, ..)| topic.ends_with("/a"));
    let times: Vec<String> = readings.map(|(.., text)| text["t"].to_string()).collect();
    let before = [2000, 1000, 0].map(|ms| {
        let at = jiff::Timestamp::from_millisecond(right.0 - ms).unwrap();
        format!("\"{at}\"")
    });
    assert_eq!(times, before);
    wait_until("nothing is said any more", || {
        bench.sink_state("mqtt").trouble.is_none()
    })
    .await;
    sink.stop().await;
}

#[tokio::test]
async fn a_gateway_cut_off_in_the_middle_of_a_backlog_goes_on_where_it_was() {
    let bench = SinkBench::new();
    let broker = MosquittoBroker::start("").await;
    let ears = MqttSubscriber::start(broker.port, bench.folder.path(), &[]).await;
    bench.append_range(1..=3000).await;
    let mut settings = mqtt_settings(broker.port);
    // Throttled, so that 3000 readings take longer than five interrupted runs.
    settings.catch_up = 1000;
    for _ in 0..5 {
        let before = ears.seqs().len();
        let sink = bench.run_mqtt(settings.clone());
        wait_until("some", || ears.seqs().len() > before + 50).await;
        // Stopped without a last message and without saving the cursor, as by a crash.
        sink.task.abort();
    }
    let sink = bench.run_mqtt(settings);
    wait_until("all", || ears.seqs().last() == Some(&3000)).await;
    assert_seqs_complete(&ears.seqs(), 3000);
    sink.stop().await;
}

#[tokio::test]
async fn the_message_is_the_contracts_and_the_will_speaks_for_a_dead_gateway() {
    let bench = SinkBench::new();
    let broker = MosquittoBroker::start("").await;
    let ears = MqttSubscriber::start(broker.port, bench.folder.path(), &[]).await;
    let sink = bench.run_mqtt(mqtt_settings(broker.port));
    bench.append_range(1..=7).await;
    wait_until("all", || ears.seqs().last() == Some(&7)).await;
    let heard = ears.messages();
    let seventh = heard
        .iter()
        .find(|(_, _, payload)| payload["seq"] == 7)
        .unwrap();
    assert_eq!(seventh.0, "pantau/desa-impian/b");
    assert_eq!(
        seventh.2["v"],
        serde_json::json!({"power": 1500.7, "energy": 7})
    );
    // The missing temperature is not in `v` as null or zero; only `q` says that it was to be there.
    assert_eq!(seventh.2["q"], serde_json::json!({"temp": "bad"}));
    let state = heard
        .iter()
        .find(|(topic, ..)| topic == "pantau/desa-impian/state");
    let state = &state.unwrap().2;
    assert_eq!(seventh.2["store"], bench.store.id());
    assert_eq!(state["store"], bench.store.id());
    assert!(
        state["since"].is_string() && state["version"].is_string(),
        "{state}"
    );
    // Aborted, so that no DISCONNECT is sent: only then does the broker publish the will.
    sink.task.abort();
    wait_until("the will", || {
        ears.last_state().as_deref() == Some("offline")
    })
    .await;
    let heard = ears.messages();
    assert_eq!(heard.last().unwrap().2["store"], bench.store.id());
}

#[tokio::test]
async fn a_backlog_is_throttled_and_a_wrong_password_is_shown() {
    let bench = SinkBench::new();
    let mut broker = MosquittoBroker::start("").await;
    broker.stop();
    require_password(&broker, "desa", "right");
    broker.start_process().await;
    let more = ["-u", "desa", "-P", "right"];
    let ears = MqttSubscriber::start(broker.port, bench.folder.path(), &more).await;
    bench.append_range(1..=600).await;
    let mut settings = mqtt_settings(broker.port);
    settings.catch_up = 100;
    settings.broker.username = Some("desa".into());
    settings.broker.password = Some(Secret::new("wrong"));
    let sink = bench.run_mqtt(settings.clone());
    let refused = |fault: Option<String>| fault.is_some_and(|why| why.contains("password"));
    wait_until("refusal", || refused(bench.sink_state("mqtt").fault)).await;
    sink.stop().await;
    settings.broker.password = Some(Secret::new("right"));
    let sink = bench.run_mqtt(settings);
    wait_until("some", || !ears.seqs().is_empty()).await;
    // The rate is what is tested, so this time must really pass.
    sleep(Duration::from_secs(2)).await;
    let after = ears.seqs().len();
    assert!(
        // 200 readings in 2 s; the range allows for a burst at the beginning and for a slow
        // computer.
        (150..=400).contains(&after),
        "{after} readings after 2 s at 100 a second"
    );
    bench.wait_delivered("mqtt", 600).await;
    sink.stop().await;
}

#[tokio::test]
async fn a_sink_that_crawls_behind_is_late_until_it_has_caught_up() {
    let bench = SinkBench::new();
    let broker = MosquittoBroker::start("").await;
    let ears = MqttSubscriber::start(broker.port, bench.folder.path(), &[]).await;
    // The readings are an hour old, as after an outage.
    bench.append_range(1..=300).await;
    let mut settings = mqtt_settings(broker.port);
    settings.catch_up = 20;
    let sink = bench.run_mqtt(settings);
    let state = || bench.sink_state("mqtt");
    wait_until("late", || {
        state().health() == DeliveryHealth::Late && state().delivered > 0
    })
    .await;
    assert!(state().oldest_age() > Duration::from_mins(50));
    let heard = || {
        let heard = ears.messages();
        let last = heard.iter().rfind(|(topic, ..)| topic.ends_with("/state"));
        last.map(|(_, _, state)| state.clone()).unwrap_or_default()
    };
    wait_until("said", || heard()["sinks"]["mqtt"] == "late").await;
    assert!(heard()["oldest"]["mqtt"].is_string(), "{}", heard());
    bench.wait_delivered("mqtt", 300).await;
    assert_eq!(state().health(), DeliveryHealth::Good);
    assert_eq!(state().oldest_age(), Duration::ZERO);
    sink.stop().await;
}

/// Numbers of the readings that were heard, in order: of the live lane, and of the backlog.
fn lanes_heard(ears: &MqttSubscriber) -> [Vec<u64>; 2] {
    let heard = ears.messages();
    let of_lane = |is_backlog: bool| {
        let readings = heard.iter().filter_map(|(_, _, payload)| {
            let seq = payload["seq"].as_u64()?;
            (payload["backlog"].as_bool().unwrap_or(false) == is_backlog).then_some(seq)
        });
        readings.collect()
    };
    [of_lane(false), of_lane(true)]
}

#[tokio::test]
async fn a_new_reading_is_heard_at_once_whatever_waits_and_each_lane_keeps_its_order() {
    let bench = SinkBench::new();
    let mut broker = MosquittoBroker::start("").await;
    let ears = MqttSubscriber::start(broker.port, bench.folder.path(), &[]).await;
    bench.append_range(1..=3000).await;
    let mut settings = mqtt_settings(broker.port);
    // The whole backlog would take 30 s.
    settings.catch_up = 100;
    let sink = bench.run_mqtt(settings.clone());
    wait_until("some", || !ears.seqs().is_empty()).await;
    let state = || bench.sink_state("mqtt");
    assert!(state().backlog > 2000, "{}", state().backlog);
    bench.append_range(3001..=3010).await;
    let live = || lanes_heard(&ears)[0].clone();
    wait_until("live", || live().last() == Some(&3010)).await;
    assert!(state().backlog > 1000, "{}", state().backlog);
    // A second outage, and a restart in the middle of it, with more than goes out in a second.
    broker.kill();
    wait_until("noticed", || !state().connected).await;
    sink.stop().await;
    bench.append_range(3011..=3300).await;
    broker.start_process().await;
    let sink = bench.run_mqtt(settings.clone());
    wait_until("again", || state().connected).await;
    bench.append_range(3301..=3310).await;
    wait_until("live", || live().last() == Some(&3310)).await;
    sink.stop().await;
    settings.catch_up = 5000;
    let sink = bench.run_mqtt(settings);
    wait_until("all", || state().waiting == 0 && state().delivered == 3310).await;
    wait_until("heard", || lanes_heard(&ears)[1].contains(&3300)).await;
    let [live, backlog] = lanes_heard(&ears);
    // Sent again are only readings whose acknowledgement was lost: the last ones of a connection.
    for heard in [&live, &backlog] {
        let mut last = 0;
        for seq in heard {
            assert!(*seq + 200 > last, "{seq} after {last}");
            last = last.max(*seq);
        }
    }
    assert!(live.iter().all(|seq| *seq > 3000), "{live:?}");
    let mut all = [live, backlog].concat();
    all.sort_unstable();
    all.dedup();
    assert_seqs_complete(&all, 3310);
    sink.stop().await;
}

/// A broker behind TLS with this certificate.
async fn broker_with_certificate(certificate: &TestCertificate) -> MosquittoBroker {
    let mut broker = MosquittoBroker::start("").await;
    broker.stop();
    let config = broker.file("mosquitto.conf");
    let text = std::fs::read_to_string(&config).unwrap();
    let (cert, key) = (certificate.cert.display(), certificate.key.display());
    std::fs::write(&config, format!("{text}certfile {cert}\nkeyfile {key}\n")).unwrap();
    broker.start_process().await;
    broker
}

#[tokio::test]
async fn a_broker_behind_tls_is_believed_by_its_authority_only() {
    let bench = SinkBench::new();
    let certificate = make_certificate(bench.folder.path());
    let broker = broker_with_certificate(&certificate).await;
    bench.append_range(1..=50).await;
    let mut settings = mqtt_settings(broker.port);
    settings.broker.host = "localhost".into();
    settings.broker.tls = true;
    let sink = bench.run_mqtt(settings.clone());
    wait_until("distrust", || bench.sink_state("mqtt").fault.is_some()).await;
    // Some time for a second attempt: it must not send anything either.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(bench.sink_state("mqtt").delivered, 0);
    sink.stop().await;
    settings.broker.ca_file = Some(certificate.cert);
    let sink = bench.run_mqtt(settings);
    bench.wait_delivered("mqtt", 50).await;
    sink.stop().await;
}

#[tokio::test]
async fn the_certificate_that_openssl_makes_by_default_works_as_ca_file_and_no_other_does() {
    let bench = SinkBench::new();
    let certificate = make_certificate_with(bench.folder.path(), &[]);
    let broker = broker_with_certificate(&certificate).await;
    bench.append_range(1..=50).await;
    let mut settings = mqtt_settings(broker.port);
    // By its address, which no certificate names.
    settings.broker.host = "127.0.0.1".into();
    settings.broker.tls = true;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = make_certificate_with(elsewhere.path(), &[]);
    settings.broker.ca_file = Some(other.cert);
    let sink = bench.run_mqtt(settings.clone());
    wait_until("distrust", || bench.sink_state("mqtt").fault.is_some()).await;
    let fault = bench.sink_state("mqtt").fault.unwrap();
    assert!(fault.contains("with ca_file"), "{fault}");
    sink.stop().await;
    settings.broker.ca_file = Some(certificate.cert);
    let sink = bench.run_mqtt(settings);
    bench.wait_delivered("mqtt", 50).await;
    sink.stop().await;
}
