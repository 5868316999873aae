//! Head of the evidence chain as a retained message: known outside, it shows later that the chain
//! was not made again.

use super::MqttSession;
use crate::evidence::{DayDigest, DayRecord};
use crate::mqtt_link::PublishMessage;
use crate::storage::StoreError;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// Time between two looks at the chain; a day is closed five minutes after its end.
const HEAD_CHECK: Duration = Duration::from_mins(1);

impl MqttSession<'_> {
    /// Publishes the last record of the chain when it is a new one, or the connection is.
    pub(super) async fn publish_evidence(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        let is_due = self.head.checked.is_none_or(|at| now - at >= HEAD_CHECK);
        if !is_due || self.closing.is_some() || !self.has_window_room() {
            return Ok(());
        }
        self.head.checked = Some(now);
        let head = match self.sink.progress.store.chain_head().await {
            // Looked at again in a minute; the connection stays, and says what the disk does.
            Err(StoreError::Hung(_)) => return Ok(()),
            head => head?,
        };
        let Some(head) = head else {
            return Ok(());
        };
        if head.sha256 == self.head.sha256 {
            return Ok(());
        }
        let text = head_message(&head);
        let message = PublishMessage {
            topic: &self.sink.evidence_topic,
            payload: &text,
            retain: self.link.retains,
        };
        let id = self.acks.push_sent(None, now);
        message.write_publish(&mut self.link.out, self.link.version, id);
        (self.wrote, self.head.sha256) = (now, head.sha256);
        Ok(())
    }
}

/// Message of a record: number, local day, digest, and the time at which it was made.
fn head_message(head: &DayDigest) -> String {
    let record: Option<DayRecord> = head.record.parse().ok();
    json!({
        "number": head.number,
        "day": head.day.to_string(),
        "sha256": head.sha256,
        "made": record.map(|record| record.made.to_string()),
    })
    .to_string()
}
