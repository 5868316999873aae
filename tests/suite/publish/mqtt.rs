//! mosquitto, and a subscriber that counts.

use super::{Bench, mqtt_at};
use crate::servers::{Mosquitto, Subscriber, certificate, judge_seqs, until};
use gateway::config::Secret;
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test]
async fn a_broker_that_is_stopped_and_killed_costs_no_reading_and_no_order() {
    let bench = Bench::new();
    let mut broker = Mosquitto::start("").await;
    let ears = Subscriber::start(broker.port, bench.folder.path(), &[]).await;
    let sink = bench.run_mqtt(mqtt_at(broker.port));
    until("the subscriber is there", || {
        ears.state().as_deref() == Some("online")
    })
    .await;
    let mut last = 0;
    for round in 0..3 {
        bench.fill(last + 1..=last + 300).await;
        last += 300;
        // Everything the broker has acknowledged has reached the subscriber: what it forgets when
        // it is killed is nothing that the gateway was told is safe.
        until("heard", || ears.seqs().last() == Some(&last)).await;
        match round {
            0 => broker.stop(),
            _ => broker.kill(),
        }
        until("noticed", || !bench.sink("mqtt").connected).await;
        assert!(bench.sink("mqtt").fault.is_some());
        bench.fill(last + 1..=last + 300).await;
        last += 300;
        assert!(bench.sink("mqtt").delivered < last);
        broker.up().await;
        until("heard", || ears.seqs().last() == Some(&last)).await;
    }
    judge_seqs(&ears.seqs(), last);
    bench.delivered("mqtt", last).await;
    sink.stop().await;
    until("offline", || ears.state().as_deref() == Some("offline")).await;
}

#[tokio::test]
async fn a_gateway_cut_off_in_the_middle_of_a_backlog_goes_on_where_it_was() {
    let bench = Bench::new();
    let broker = Mosquitto::start("").await;
    let ears = Subscriber::start(broker.port, bench.folder.path(), &[]).await;
    bench.fill(1..=3000).await;
    let mut settings = mqtt_at(broker.port);
    settings.catch_up = 1000;
    for _ in 0..5 {
        let before = ears.seqs().len();
        let sink = bench.run_mqtt(settings.clone());
        until("some", || ears.seqs().len() > before + 50).await;
        // As good as dead: no last word, no last cursor.
        sink.task.abort();
    }
    let sink = bench.run_mqtt(settings);
    until("all", || ears.seqs().last() == Some(&3000)).await;
    judge_seqs(&ears.seqs(), 3000);
    sink.stop().await;
}

#[tokio::test]
async fn the_message_is_the_contracts_and_the_will_speaks_for_a_dead_gateway() {
    let bench = Bench::new();
    let broker = Mosquitto::start("").await;
    let ears = Subscriber::start(broker.port, bench.folder.path(), &[]).await;
    let sink = bench.run_mqtt(mqtt_at(broker.port));
    bench.fill(1..=7).await;
    until("all", || ears.seqs().last() == Some(&7)).await;
    let heard = ears.heard();
    let seventh = heard
        .iter()
        .find(|(_, _, payload)| payload["seq"] == 7)
        .unwrap();
    assert_eq!(seventh.0, "pantau/desa-impian/b");
    assert_eq!(
        seventh.2["v"],
        serde_json::json!({"power": 1500.7, "energy": 7})
    );
    assert_eq!(seventh.2["q"], serde_json::json!({"temp": "bad"}));
    let state = heard
        .iter()
        .find(|(topic, ..)| topic == "pantau/desa-impian/state");
    let state = &state.unwrap().2;
    assert!(
        state["since"].is_string() && state["version"].is_string(),
        "{state}"
    );
    sink.task.abort();
    until("the will", || ears.state().as_deref() == Some("offline")).await;
}

#[tokio::test]
async fn a_backlog_is_throttled_and_a_wrong_password_is_shown() {
    let bench = Bench::new();
    let mut broker = Mosquitto::start("").await;
    broker.stop();
    let users = broker.file("users");
    let made = std::process::Command::new("mosquitto_passwd")
        .args(["-b", "-c"])
        .arg(&users)
        .args(["desa", "right"])
        .status();
    assert!(made.expect("apt install mosquitto").success());
    let config = broker.file("mosquitto.conf");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("allow_anonymous true", "allow_anonymous false");
    std::fs::write(
        &config,
        format!("{text}password_file {}\n", users.display()),
    )
    .unwrap();
    broker.up().await;
    let more = ["-u", "desa", "-P", "right"];
    let ears = Subscriber::start(broker.port, bench.folder.path(), &more).await;
    bench.fill(1..=600).await;
    let mut settings = mqtt_at(broker.port);
    settings.catch_up = 100;
    settings.username = Some("desa".into());
    settings.password = Some(Secret::new("wrong"));
    let sink = bench.run_mqtt(settings.clone());
    let refused = |fault: Option<String>| fault.is_some_and(|why| why.contains("password"));
    until("refusal", || refused(bench.sink("mqtt").fault)).await;
    sink.stop().await;
    settings.password = Some(Secret::new("right"));
    let sink = bench.run_mqtt(settings);
    until("some", || !ears.seqs().is_empty()).await;
    sleep(Duration::from_secs(2)).await;
    let after = ears.seqs().len();
    assert!(
        (150..=400).contains(&after),
        "{after} readings after 2 s at 100 a second"
    );
    bench.delivered("mqtt", 600).await;
    sink.stop().await;
}

#[tokio::test]
async fn a_broker_behind_tls_is_believed_by_its_authority_only() {
    let bench = Bench::new();
    let mut broker = Mosquitto::start("").await;
    broker.stop();
    let certificate = certificate(bench.folder.path());
    let config = broker.file("mosquitto.conf");
    let text = std::fs::read_to_string(&config).unwrap();
    let (cert, key) = (certificate.cert.display(), certificate.key.display());
    std::fs::write(&config, format!("{text}certfile {cert}\nkeyfile {key}\n")).unwrap();
    broker.up().await;
    bench.fill(1..=50).await;
    let mut settings = mqtt_at(broker.port);
    settings.host = "localhost".into();
    settings.tls = true;
    let sink = bench.run_mqtt(settings.clone());
    until("distrust", || bench.sink("mqtt").fault.is_some()).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(bench.sink("mqtt").delivered, 0);
    sink.stop().await;
    settings.ca_file = Some(certificate.cert);
    let sink = bench.run_mqtt(settings);
    bench.delivered("mqtt", 50).await;
    sink.stop().await;
}
