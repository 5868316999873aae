//! Services that carry messages: one file each, with the request and the meaning of its answer.

mod https_post;
mod mail;
mod sent_message;
mod telegram;
mod webhook;
mod whatsapp;

use super::message_text::OutgoingMessage;
use crate::clock::Clock;
use crate::config::{AlarmCarrier, AlarmChannel};
use crate::domain::Site;
pub(super) use sent_message::SentMessage;

/// Sends a message to a recipient of a channel, once.
pub(super) async fn carry_message(
    channel: &AlarmChannel,
    (site, clock): (&Site, &Clock),
    recipient: &str,
    message: &OutgoingMessage,
) -> SentMessage {
    let around = (channel, clock);
    let sent = match &channel.carrier {
        AlarmCarrier::Webhook { .. } => webhook::send(around, site, message).await,
        AlarmCarrier::Telegram { .. } => telegram::send(around, message).await,
        AlarmCarrier::Whatsapp { .. } => whatsapp::send(around, recipient, message).await,
        AlarmCarrier::Email(server) => mail::send(around, server, recipient, message).await,
    };
    sent.unwrap_or_else(SentMessage::failed)
}
