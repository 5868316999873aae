//! VictoriaMetrics as a peer of the tests.

use crate::servers::{ServerProcess, free_port, http_body, wait_for_port};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// VictoriaMetrics.
pub(crate) struct VictoriaServer {
    pub(crate) port: u16,
    folder: TempDir,
    running: Option<ServerProcess>,
}

impl VictoriaServer {
    pub(crate) async fn start() -> Self {
        let mut server = Self {
            port: free_port(),
            folder: tempfile::tempdir().unwrap(),
            running: None,
        };
        server.start_process().await;
        server
    }

    pub(crate) async fn start_process(&mut self) {
        let mut command = Command::new("victoria-metrics");
        command
            .arg(format!("-httpListenAddr=127.0.0.1:{}", self.port))
            .arg(format!("-storageDataPath={}", self.folder.path().display()))
            .args(["-retentionPeriod=100y", "-memory.allowedBytes=64MB"])
            // Without it, a sample that comes a second time counts double.
            .arg("-dedup.minScrapeInterval=1ms")
            .stdout(Stdio::null());
        self.running = Some(ServerProcess::start("victoria-metrics", &mut command));
        wait_for_port(self.port).await;
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    /// Returns the times of the stored samples of a series, each as often as it is stored.
    pub(crate) async fn stored_times(&self, series: &str) -> Vec<i64> {
        http_body(self.port, "/internal/force_flush", "GET").await;
        let query = format!("/api/v1/export?match[]={series}");
        let text = http_body(self.port, &query, "GET").await;
        let mut times = Vec::new();
        for line in text.lines() {
            let found: serde_json::Value = serde_json::from_str(line).unwrap();
            let found = found["timestamps"].as_array().unwrap().iter();
            times.extend(found.filter_map(serde_json::Value::as_i64));
        }
        times.sort_unstable();
        times
    }
}
