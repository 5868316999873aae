use super::tests::ApiTestBench;
use super::{connect_client, local_client, serve_control};
use crate::api::client::{ApiClient, ApiClientError};
use std::path::Path;
use tokio::sync::watch;

/// Client over a socket in `directory`, once the listener is there.
async fn socket_client(directory: &Path) -> ApiClient {
    for _ in 0..500 {
        if let Some(client) = connect_client(directory).await.unwrap() {
            return client;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no listener");
}

/// Body of the answer, or status and message of the refusal.
async fn answer_of(client: &mut ApiClient, path: &str) -> Result<String, (u16, String)> {
    let body = match client.get(path).await {
        Ok(body) => body.bytes().await.unwrap(),
        Err(ApiClientError::Refused { status, text, .. }) => return Err((status.as_u16(), text)),
        Err(other) => panic!("{path}: {other}"),
    };
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_command_gets_the_same_answer_with_and_without_a_gateway() {
    let bench = ApiTestBench::with_readings(3).await;
    let dir = tempfile::tempdir().unwrap();
    let (stop, stopped) = watch::channel(false);
    let place = dir.path().to_owned();
    let server = tokio::spawn(serve_control(place, bench.state.clone(), stopped));
    let mut over_socket = socket_client(dir.path()).await;
    let mut in_process = local_client(bench.state.clone());
    for path in [
        "/api/v1/points",
        "/api/v1/revisions",
        "/api/v1/ledger?superseded=true",
        "/api/v1/samples.csv?point=inverter.ac_power&from=0&to=2000000000000",
        "/control/evidence/extent",
    ] {
        let answer = answer_of(&mut over_socket, path).await;
        assert!(answer.is_ok(), "{path}: {answer:?}");
        assert_eq!(answer, answer_of(&mut in_process, path).await, "{path}");
    }
    for (path, status, part) in [
        ("/api/v1/samples.csv?point=pump.flow", 404, "such as"),
        ("/api/v1/ledger/7?lang=en", 404, "7"),
        ("/api/v1/nothing", 404, "no such path"),
    ] {
        let refusal = answer_of(&mut over_socket, path).await;
        assert_eq!(refusal, answer_of(&mut in_process, path).await, "{path}");
        let (found, text) = refusal.unwrap_err();
        assert_eq!(found, status, "{path}");
        assert!(text.contains(part), "{path}: {text}");
    }
    stop.send(true).unwrap();
    drop(over_socket);
    server.await.unwrap();
    assert!(connect_client(dir.path()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_change_of_address_is_noted_in_the_audit() {
    let bench = ApiTestBench::new();
    let file = bench.state.store.directory.join("pantau.db");
    let mut client = local_client(bench.state.clone());
    let path = "/control/audit/set-address?note=meter%201%20to%207";
    client.post(path, "text/plain", "").await.unwrap();
    client.close().await;
    let text = std::fs::read(&file).unwrap();
    let note = b"meter 1 to 7";
    let found = text.windows(note.len()).filter(|part| part == note).count();
    let log = std::fs::read(file.with_extension("db-wal")).unwrap_or_default();
    let logged = log.windows(note.len()).filter(|part| part == note).count();
    assert!(found + logged >= 1, "{found} {logged}");
}
