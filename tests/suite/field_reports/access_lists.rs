//! Brokers that deny a user what it needs: said, and nothing counted as delivered.

use super::sinks::versioned_settings;
use crate::brokers::{BrokerReply, ScriptedBroker};
use crate::publish::{SinkBench, mqtt_settings};
use crate::servers::{MosquittoBroker, MqttSubscriber, assert_seqs_complete, wait_until};
use gateway::config::MqttVersion;
use gateway::status::SinkDiagnosis;
use std::time::Duration;

/// With an unlimited queue this broker also hangs up on what it denies.
async fn denied_until_allowed(version: MqttVersion, queue: usize, why: &str) {
    let (bench, folder) = (SinkBench::new(), tempfile::tempdir().unwrap());
    let acl = folder.path().join("acl");
    // Mosquitto acknowledges in 3.1.1 what it then drops; in MQTT 5 it has a reason code for it.
    let ours = "topic write other/#\ntopic read pantau/#\ntopic write pantau/greeting\n";
    std::fs::write(&acl, ours).unwrap();
    let more = format!("acl_file {}\nmax_queued_messages {queue}", acl.display());
    let broker = MosquittoBroker::start(&more).await;
    let ears = MqttSubscriber::start(broker.port, folder.path(), &[]).await;
    bench.append_range(1..=14).await;
    let mut settings = versioned_settings(broker.port, version);
    // How long the state may take to come back; the rest answers at once.
    settings.ack_within = Duration::from_secs(3);
    let sink = bench.run_mqtt(settings);
    let denied = || bench.sink_state("mqtt").trouble == Some(SinkDiagnosis::NotAllowed);
    wait_until("the denial is named", || {
        assert!(!bench.sink_state("mqtt").connected);
        denied()
    })
    .await;
    let state = bench.sink_state("mqtt");
    let fault = state.fault.unwrap_or_default();
    assert!(fault.contains(why), "{fault}");
    assert!(!state.connected);
    let counts = (state.delivered, state.refused, state.waiting);
    assert_eq!(counts, (0, 0, 14));
    assert_eq!(ears.seqs(), Vec::<u64>::new());
    std::fs::write(&acl, "topic readwrite pantau/#\n").unwrap();
    broker.reload();
    bench.wait_delivered("mqtt", 14).await;
    wait_until("heard", || ears.seqs().last() == Some(&14)).await;
    assert_seqs_complete(&ears.seqs(), 14);
    sink.stop().await;
}

#[tokio::test]
async fn what_an_access_list_denies_is_not_delivered_until_it_is_allowed() {
    let why = "does not allow us to publish pantau/desa-impian/";
    denied_until_allowed(MqttVersion::Any, 1000, why).await;
    denied_until_allowed(MqttVersion::Any, 0, why).await;
}

#[tokio::test]
async fn what_an_access_list_denies_without_a_word_is_not_delivered_either() {
    let why = "acknowledges pantau/desa-impian/state and does not pass it on";
    denied_until_allowed(MqttVersion::V3, 1000, why).await;
}

#[tokio::test]
async fn a_user_who_may_not_read_its_own_state_is_told_so_and_delivers() {
    let bench = SinkBench::new();
    let refusal = 0x80;
    let broker = ScriptedBroker::start_with(4, refusal, |_| BrokerReply::Ack).await;
    bench.append_range(1..=20).await;
    let sink = bench.run_mqtt(mqtt_settings(broker.port));
    bench.wait_delivered("mqtt", 20).await;
    let state = bench.sink_state("mqtt");
    let fault = state.fault.unwrap_or_default();
    assert!(
        state.connected && fault.contains("the right to read"),
        "{fault}"
    );
    sink.stop().await;
}
