//! [`send_test_message`]: a test message to each recipient of a channel, and the answers.

use super::carriers::carry_message;
use super::delivery_context::{DeliveryContext, stored_name};
use super::delivery_fault::{DeliveryFault, SendOutcome};
use super::message_text::test_text;
use crate::storage::AlarmQueueRows;
use tokio::sync::Semaphore;

/// Turns of tests: one at a time, since each opens connections and takes bytes.
static TEST_TURN: Semaphore = Semaphore::const_new(1);

/// Answer of the far side for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestAnswer {
    /// Recipient; empty for the only one of the channel.
    pub(crate) recipient: String,
    /// Fault; `None` when the message was acknowledged.
    pub(crate) fault: Option<DeliveryFault>,
}

/// Reason for which no test was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestRefusal {
    /// There is no such channel; the ids of those that there are.
    Unknown(Vec<String>),
    /// Another test is on its way.
    Busy,
}

/// Sends a test message at once: no hour is quiet for it, and no budget holds it back.
pub(crate) async fn send_test_message(
    context: &DeliveryContext,
    id: &str,
) -> Result<Vec<TestAnswer>, TestRefusal> {
    let channels = &context.config.alarm_channels;
    let Some(channel) = channels.iter().find(|one| *one.id == *id) else {
        let known = channels.iter().map(|one| one.id.to_string());
        return Err(TestRefusal::Unknown(known.collect()));
    };
    let _turn = TEST_TURN.try_acquire().map_err(|_| TestRefusal::Busy)?;
    let site = context.site();
    let made = context.clock.now();
    let message = test_text(
        (site, context.store.id()),
        channel.language,
        &channel.id,
        made,
    );
    let recipients = channel.carrier.recipients();
    let sending = recipients.iter();
    let around = (site, &context.clock);
    let sending = sending.map(|one| carry_message(channel, around, one, &message));
    // At the same time: a server that hangs costs its time once.
    let sent = futures_util::future::join_all(sending).await;
    let bytes = sent.iter().map(|one| one.bytes).sum();
    let rows = AlarmQueueRows {
        channel: stored_name(id),
        traffic: Some((context.month(made.at), bytes)),
        ..AlarmQueueRows::default()
    };
    if let Err(error) = context.store.change_alarm_queue(rows).await {
        tracing::warn!(%error, "the bytes of a test message were not noted");
    }
    let answer = |(recipient, sent): (String, super::carriers::SentMessage)| TestAnswer {
        recipient,
        fault: match sent.outcome {
            SendOutcome::Delivered => None,
            SendOutcome::Refused(fault) | SendOutcome::Later(fault, _) => Some(fault),
        },
    };
    Ok(recipients.into_iter().zip(sent).map(answer).collect())
}
