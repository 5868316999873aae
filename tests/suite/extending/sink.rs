//! Example of a sink: each reading is a line of a file.

use crate::publish::SinkBench;
use gateway::config::{self, RawText};
use gateway::domain::{DeviceInfo, NumberedReading, Site};
use gateway::i18n::Language;
use gateway::sinks::{ConfiguredSink, SinkCheck, SinkFuture, SinkKind, SinkProgress, SinkTable};
use gateway::storage::{DeliveryLane, StoreError};
use schemars::JsonSchema;
use serde::Deserialize;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tests::site_text::SiteText;
use tokio::sync::watch;
use tokio::time::timeout;

/// `[file]`.
#[derive(Debug, Deserialize, JsonSchema)]
struct RawLineFile {
    /// File that the readings are appended to.
    #[schemars(required)]
    path: RawText,
}

/// Settings of the sink.
#[derive(Debug)]
struct LineFile {
    path: PathBuf,
}

impl SinkTable for RawLineFile {
    const NAME: &'static str = "file";
    const SUMMARY: &'static str = "File with a line for each reading.";

    fn check(&self, check: &mut SinkCheck<'_, '_>) -> Arc<dyn ConfiguredSink> {
        let path = self.path.as_ref().map_or("", |at| at.get());
        // A relative path starts at the directory of pantau.toml.
        let path = check.notes.path(path);
        Arc::new(LineFile { path })
    }
}

impl ConfiguredSink for LineFile {
    fn name(&self) -> &'static str {
        RawLineFile::NAME
    }

    fn address(&self) -> String {
        self.path.display().to_string()
    }

    fn bytes_per_reading(&self, _site: &Site, _device: &DeviceInfo) -> f64 {
        // Nothing crosses the network.
        0.0
    }

    fn deliver(
        self: Arc<Self>,
        site: Arc<Site>,
        progress: SinkProgress,
        stop: watch::Receiver<bool>,
    ) -> SinkFuture {
        Box::pin(async move { self.append_journal(&site, progress, stop).await })
    }
}

impl LineFile {
    async fn append_journal(
        &self,
        site: &Site,
        mut progress: SinkProgress,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        loop {
            let readings = progress
                .store
                .read_journal(progress.lanes().position(DeliveryLane::Live), 500)
                .await?;
            match (self.append_lines(site, &readings), readings.last()) {
                // The cursor moves only when the readings are in the file.
                (Ok(()), Some(last)) => {
                    let place = (last.seq, last.reading.at);
                    progress.advance(DeliveryLane::Live, place, Some(place));
                }
                (Ok(()), None) => progress.set_connected(),
                // Shown on the page, and tried again: the readings stay in the journal.
                (Err(why), _) => progress.set_fault(&why.to_string(), None),
            }
            let stopped = timeout(Duration::from_millis(100), stop.wait_for(|stop| *stop));
            let stopped = stopped.await.is_ok();
            progress.persist_cursor(stopped).await?;
            if stopped {
                return Ok(());
            }
        }
    }

    fn append_lines(&self, site: &Site, readings: &[Arc<NumberedReading>]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        for numbered in readings {
            let reading = &numbered.reading;
            // Devices that were removed from the configuration are there too, after the others.
            let Some(device) = site.devices.get(usize::from(reading.device)) else {
                continue;
            };
            write!(file, "{} {}", numbered.seq, device.id)?;
            for (point, outcome) in device.points.iter().zip(&reading.outcomes) {
                if let Some(number) = outcome.number() {
                    write!(file, " {}={number}", point.name)?;
                }
            }
            writeln!(file)?;
        }
        file.sync_data()
    }
}

#[tokio::test]
async fn readings_of_a_store_become_lines_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pantau.toml");
    let site = SiteText::new("a").with("[file]\npath = 'readings.txt'");
    let kinds = [SinkKind::of::<RawLineFile>()];
    let config = config::load_with_sinks(&site.text(), &file, &|_| None, &kinds).unwrap();
    let bench = SinkBench::new();
    bench.append_range(1..=3).await;
    let sink = bench.run(Arc::clone(&config.sinks[0]));
    bench.wait_delivered("file", 3).await;
    sink.stop().await;
    assert_eq!(
        std::fs::read_to_string(folder.path().join("readings.txt")).unwrap(),
        "1 b power=1500.1 energy=1 temp=0.25\n\
         2 a power=1500.2 energy=2 temp=0.5\n\
         3 b power=1500.3 energy=3 temp=0.75\n"
    );
}

#[test]
fn the_table_of_the_example_is_checked_like_the_others() {
    let kinds = [SinkKind::of::<RawLineFile>()];
    let faults = |table: &str| {
        let text = format!("[site]\nid = 'a'\n[file]\n{table}");
        let loaded = config::load_with_sinks(&text, Path::new("pantau.toml"), &|_| None, &kinds);
        loaded.unwrap_err().render(Language::En)
    };
    assert!(faults("").contains("path"), "{}", faults(""));
    assert!(faults("paht = 'x'").contains("did you mean `path`?"));
    assert!(faults("path = 7").contains("pantau.toml:4: path"));
}
