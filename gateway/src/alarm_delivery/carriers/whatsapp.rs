//! WhatsApp Cloud API: a template message with the text as its only parameter.
//!
//! A business may begin a conversation with an approved template alone.

use super::https_post::{HttpAnswer, JsonPost, post_json};
use super::sent_message::{SentMessage, other_carrier, reveal};
use crate::alarm_delivery::delivery_fault::{
    DeliveryFault, FaultKind, SendOutcome, later, refused,
};
use crate::alarm_delivery::message_text::OutgoingMessage;
use crate::clock::Clock;
use crate::config::{AlarmCarrier, AlarmChannel};
use serde::Deserialize;

/// Most characters of a parameter, with room for the words of the template.
const PARAMETER_CHARS_MAX: usize = 900;

/// Error of the Graph API.
#[derive(Debug, Deserialize)]
struct GraphAnswer {
    #[serde(default)]
    messages: Vec<serde_json::Value>,
    error: Option<GraphError>,
}

#[derive(Debug, Deserialize)]
struct GraphError {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
}

pub(super) async fn send(
    (channel, clock): (&AlarmChannel, &Clock),
    recipient: &str,
    message: &OutgoingMessage,
) -> Result<SentMessage, DeliveryFault> {
    let AlarmCarrier::Whatsapp {
        url,
        token,
        phone_id,
        template: (name, language),
        ..
    } = &channel.carrier
    else {
        return Err(other_carrier());
    };
    // A parameter has no line break, and at most four spaces in a row.
    let text: String = message
        .one_line()
        .chars()
        .take(PARAMETER_CHARS_MAX)
        .collect();
    let body = serde_json::json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": recipient,
        "type": "template",
        "template": {
            "name": name,
            "language": { "code": language },
            "components": [
                { "type": "body", "parameters": [{ "type": "text", "text": text }] }
            ],
        },
    });
    let asked = JsonPost {
        url: format!("{url}/{phone_id}/messages"),
        bearer: Some(reveal(token)?),
        body: body.to_string(),
        ..JsonPost::default()
    };
    let answer = post_json(asked, channel.ca_file.as_deref(), clock).await?;
    let outcome = judge_answer(&answer);
    Ok(answer.ended(outcome))
}

/// Meaning of an answer, by the error codes of the Cloud API.
fn judge_answer(answer: &HttpAnswer) -> SendOutcome {
    let Ok(said) = serde_json::from_str::<GraphAnswer>(&answer.body) else {
        return answer.common_outcome().unwrap_or_else(|| answer.unclear());
    };
    let Some(error) = said.error else {
        let is_taken = (200..300).contains(&answer.status) && !said.messages.is_empty();
        return if is_taken {
            SendOutcome::Delivered
        } else {
            answer.common_outcome().unwrap_or_else(|| answer.unclear())
        };
    };
    let words = format!("{} {}", error.code, error.message);
    match error.code {
        0 | 3 | 10 | 190 | 200..=299 => later(FaultKind::TokenWrong, &words),
        131_031 | 131_042 | 131_045 | 368 => later(FaultKind::AccountProblem, &words),
        132_000 | 132_001 | 132_005 | 132_007 | 132_012 | 132_015 | 132_016 => {
            later(FaultKind::TemplateWrong, &words)
        }
        131_021 | 131_026 | 131_030 | 131_047 | 131_050 => {
            refused(FaultKind::RecipientRefused, &words)
        }
        4 | 80_007 | 130_429 | 131_048 | 131_049 | 131_056 => {
            let fault = DeliveryFault::new(FaultKind::TryLater, &words);
            SendOutcome::Later(fault, answer.retry_after)
        }
        33 | 100 | 131_008 | 131_009 => refused(FaultKind::MessageRefused, &words),
        1 | 2 | 131_000 | 131_016 => later(FaultKind::ServerError, &words),
        _ => match answer.status {
            401 => later(FaultKind::TokenWrong, &words),
            _ => answer
                .common_outcome()
                .unwrap_or_else(|| later(FaultKind::Unclear, &words)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_the_error_decides() {
        let judge = |status: u16, body: &str| {
            judge_answer(&HttpAnswer {
                status,
                body: body.to_owned(),
                ..HttpAnswer::default()
            })
        };
        let taken = r#"{"messaging_product":"whatsapp","messages":[{"id":"wamid.1"}]}"#;
        assert_eq!(judge(200, taken), SendOutcome::Delivered);
        let error = |code: u32| format!(r#"{{"error":{{"message":"(#{code}) x","code":{code}}}}}"#);
        for (status, code, kind) in [
            (401, 190, FaultKind::TokenWrong),
            (404, 132_001, FaultKind::TemplateWrong),
            (400, 130_429, FaultKind::TryLater),
            (500, 131_000, FaultKind::ServerError),
        ] {
            assert!(
                matches!(judge(status, &error(code)), SendOutcome::Later(fault, _)
                if fault.kind == kind),
                "{code}"
            );
        }
        for (code, kind) in [
            (131_026, FaultKind::RecipientRefused),
            (100, FaultKind::MessageRefused),
        ] {
            assert!(
                matches!(judge(400, &error(code)), SendOutcome::Refused(fault)
                if fault.kind == kind),
                "{code}"
            );
        }
        assert!(matches!(judge(200, "{}"), SendOutcome::Later(_, _)));
    }
}
