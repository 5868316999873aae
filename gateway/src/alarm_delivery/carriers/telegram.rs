//! Telegram: `sendMessage` of the Bot API.

use super::https_post::{HttpAnswer, JsonPost, bounded_pause, post_json};
use super::sent_message::{SentMessage, other_carrier, reveal};
use crate::alarm_delivery::delivery_fault::{
    DeliveryFault, FaultKind, SendOutcome, later, refused,
};
use crate::alarm_delivery::message_text::OutgoingMessage;
use crate::clock::Clock;
use crate::config::{AlarmCarrier, AlarmChannel};
use serde::Deserialize;

/// Answer of the Bot API.
#[derive(Debug, Deserialize)]
struct BotAnswer {
    ok: bool,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: AnswerParameters,
}

#[derive(Debug, Default, Deserialize)]
struct AnswerParameters {
    retry_after: Option<u64>,
}

pub(super) async fn send(
    (channel, clock): (&AlarmChannel, &Clock),
    message: &OutgoingMessage,
) -> Result<SentMessage, DeliveryFault> {
    let AlarmCarrier::Telegram { url, token, chat } = &channel.carrier else {
        return Err(other_carrier());
    };
    let token = reveal(token)?;
    // The token is part of the path: what no token has would name another path.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
    if !token.bytes().all(is_token) {
        return Err(DeliveryFault::new(FaultKind::TokenWrong, ""));
    }
    let body = serde_json::json!({
        "chat_id": chat,
        "text": message.text,
        "link_preview_options": { "is_disabled": true },
    });
    let asked = JsonPost {
        url: format!("{url}/bot{token}/sendMessage"),
        body: body.to_string(),
        ..JsonPost::default()
    };
    let answer = post_json(asked, channel.ca_file.as_deref(), clock).await?;
    let outcome = judge_answer(&answer);
    Ok(answer.ended(outcome))
}

fn judge_answer(answer: &HttpAnswer) -> SendOutcome {
    let Ok(said) = serde_json::from_str::<BotAnswer>(&answer.body) else {
        return answer.common_outcome().unwrap_or_else(|| answer.unclear());
    };
    if said.ok {
        return SendOutcome::Delivered;
    }
    let words = &*said.description;
    let code = if said.error_code == 0 {
        answer.status
    } else {
        said.error_code
    };
    match code {
        // A token in another form names no method.
        401 | 404 => later(FaultKind::TokenWrong, words),
        403 => refused(FaultKind::ChatBlocked, words),
        400 if [
            "chat not found",
            "upgraded to a supergroup",
            "chat_id is empty",
        ]
        .iter()
        .any(|part| words.contains(part)) =>
        {
            refused(FaultKind::ChatUnknown, words)
        }
        400 | 413 => refused(FaultKind::MessageRefused, words),
        429 => {
            let pause = said.parameters.retry_after.map(bounded_pause);
            let fault = DeliveryFault::new(FaultKind::TryLater, words);
            SendOutcome::Later(fault, pause.or(answer.retry_after))
        }
        500..=599 => later(FaultKind::ServerError, words),
        _ => later(FaultKind::Unclear, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn judge(status: u16, body: &str) -> SendOutcome {
        judge_answer(&HttpAnswer {
            status,
            body: body.to_owned(),
            ..HttpAnswer::default()
        })
    }

    #[test]
    fn the_words_of_the_bot_api_decide_and_not_the_status_alone() {
        assert_eq!(
            judge(200, r#"{"ok":true,"result":{}}"#),
            SendOutcome::Delivered
        );
        let busy = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35",
            "parameters":{"retry_after":35}}"#;
        let SendOutcome::Later(fault, pause) = judge(429, busy) else {
            panic!("it is sent again");
        };
        assert_eq!(fault.kind, FaultKind::TryLater);
        assert_eq!(pause, Some(Duration::from_secs(35)));
        let gone = r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#;
        assert!(matches!(judge(400, gone), SendOutcome::Refused(fault)
            if fault.kind == FaultKind::ChatUnknown));
        let blocked = r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked"}"#;
        assert!(matches!(judge(403, blocked), SendOutcome::Refused(fault)
            if fault.kind == FaultKind::ChatBlocked));
        for (status, body, kind) in [
            (
                401,
                r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#,
                FaultKind::TokenWrong,
            ),
            (200, r#"{"ok":false}"#, FaultKind::Unclear),
            (200, "<html>", FaultKind::Unclear),
            (302, "", FaultKind::Portal),
            (502, "bad gateway", FaultKind::ServerError),
        ] {
            assert!(
                matches!(judge(status, body), SendOutcome::Later(fault, _)
                if fault.kind == kind),
                "{body}"
            );
        }
    }
}
