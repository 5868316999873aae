//! Webhook: the changes as JSON to a server of one's own.
//!
//! ```text
//! POST URL
//! Idempotency-Key: k3f9q2-17
//! X-Pantau-Signature: sha256=...          // HMAC-SHA-256 of the body, with `signing_key_file`
//! {"id":"k3f9q2-17","kind":"alarm","site":"desa","text":"...","changes":[{...}]}
//! ```

use super::https_post::{HttpAnswer, JsonPost, post_json};
use super::sent_message::{SentMessage, other_carrier, reveal};
use crate::alarm_delivery::delivery_fault::{
    DeliveryFault, FaultKind, SendOutcome, later, refused,
};
use crate::alarm_delivery::message_text::OutgoingMessage;
use crate::clock::Clock;
use crate::config::{AlarmCarrier, AlarmChannel};
use crate::domain::Site;
use crate::domain::hex_text::to_hex;
use ring::hmac;

pub(super) async fn send(
    (channel, clock): (&AlarmChannel, &Clock),
    site: &Site,
    message: &OutgoingMessage,
) -> Result<SentMessage, DeliveryFault> {
    let AlarmCarrier::Webhook {
        url,
        token,
        signing_key,
    } = &channel.carrier
    else {
        return Err(other_carrier());
    };
    let body = serde_json::json!({
        "id": message.id,
        "kind": message.kind,
        "site": &*site.id,
        "channel": &*channel.id,
        "text": message.text,
        "changes": message.changes,
    });
    let body = body.to_string();
    let mut headers = vec![("idempotency-key", message.id.clone())];
    if let Some(key) = signing_key {
        let key = hmac::Key::new(hmac::HMAC_SHA256, reveal(key)?.as_bytes());
        let sign = hmac::sign(&key, body.as_bytes());
        let sign = format!("sha256={}", to_hex(sign.as_ref()));
        headers.push(("x-pantau-signature", sign));
    }
    let asked = JsonPost {
        url: reveal(url)?,
        bearer: token.as_ref().map(reveal).transpose()?,
        headers,
        body,
    };
    let answer = post_json(asked, channel.ca_file.as_deref(), clock).await?;
    let outcome = judge_answer(&answer);
    Ok(answer.ended(outcome))
}

fn judge_answer(answer: &HttpAnswer) -> SendOutcome {
    let detail = format!("HTTP {}", answer.status);
    match answer.status {
        // The page of a captive portal comes with 200.
        200..=299 if answer.is_page => later(FaultKind::Portal, &detail),
        200..=299 => SendOutcome::Delivered,
        401 | 403 => later(FaultKind::TokenWrong, &detail),
        404 | 405 | 410 => later(FaultKind::AddressWrong, &detail),
        _ => answer
            .common_outcome()
            .unwrap_or_else(|| match answer.status {
                400..=499 => refused(FaultKind::MessageRefused, &detail),
                _ => answer.unclear(),
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_the_server_itself_counts() {
        let judge = |status, is_page| {
            judge_answer(&HttpAnswer {
                status,
                is_page,
                ..HttpAnswer::default()
            })
        };
        assert_eq!(judge(204, false), SendOutcome::Delivered);
        let kind = |outcome: SendOutcome| match outcome {
            SendOutcome::Later(fault, _) => (fault.kind, false),
            SendOutcome::Refused(fault) => (fault.kind, true),
            SendOutcome::Delivered => (FaultKind::Unclear, false),
        };
        for (status, is_page, expected) in [
            (200, true, (FaultKind::Portal, false)),
            (302, false, (FaultKind::Portal, false)),
            (401, false, (FaultKind::TokenWrong, false)),
            (404, false, (FaultKind::AddressWrong, false)),
            (422, false, (FaultKind::MessageRefused, true)),
            (429, false, (FaultKind::TryLater, false)),
            (503, true, (FaultKind::ServerError, false)),
        ] {
            assert_eq!(kind(judge(status, is_page)), expected, "{status}");
        }
    }
}
