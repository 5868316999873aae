//! `/api/v1/alarms/channels`: state of the channels of messages of alarms, and test messages.

use super::ApiListener;
use super::error::ApiError;
use super::json_body::JsonBody;
use super::request_language::RequestLanguage;
use crate::alarm_delivery::{
    ChannelStatus, DeliveryContext, DeliveryStatus, TestAnswer, TestRefusal, delivery_status,
    send_test_message,
};
use crate::i18n::Language;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Channels of messages of alarms.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmChannelsJson {
    /// Channels in the order of the configuration.
    pub(crate) channels: Vec<AlarmChannelJson>,
    /// Bytes of this month for all of them, an estimate.
    pub(crate) month_bytes: u64,
    /// Bytes that a month may have; without one there is no limit.
    pub(crate) data_budget: Option<u64>,
    /// The bytes of this month are used up: only urgent messages are sent.
    pub(crate) over_budget: bool,
}

/// Channel with what waits and what was sent.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmChannelJson {
    /// Id.
    pub(crate) id: String,
    /// `webhook`, `telegram`, `email` or `whatsapp`.
    pub(crate) kind: String,
    /// Messages that wait, all recipients together.
    pub(crate) queued: u64,
    /// Sentence about what waits.
    pub(crate) waiting: String,
    /// Age of the oldest of them, seconds.
    pub(crate) oldest_seconds: Option<i64>,
    /// Messages that were acknowledged.
    pub(crate) sent: u64,
    /// Messages that were refused for good.
    pub(crate) refused: u64,
    /// Messages that were too old.
    pub(crate) given_up: u64,
    /// Messages that a full queue has left out.
    pub(crate) left_out: u64,
    /// Milliseconds since 1970 UTC of the last acknowledged message.
    pub(crate) last_sent: Option<i64>,
    /// Fault since then.
    pub(crate) fault: Option<AlarmFaultJson>,
    /// The last message that was refused or given up.
    pub(crate) refusal: Option<AlarmFaultJson>,
}

/// Fault of a channel.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmFaultJson {
    /// Word, such as `token-wrong`.
    pub(crate) kind: String,
    /// Sentence with the step to take.
    pub(crate) text: String,
    /// Words of the far side.
    pub(crate) detail: String,
    /// Milliseconds since 1970 UTC; absent in the answer to a test.
    pub(crate) at: Option<i64>,
}

/// Wish for a test message.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmTestRequest {
    /// Id of the channel.
    pub(crate) channel: String,
}

/// Answers of the far side to a test message.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmTestJson {
    /// True when each recipient's message was acknowledged.
    pub(crate) delivered: bool,
    /// Answer for each recipient.
    pub(crate) answers: Vec<AlarmTestAnswerJson>,
}

/// Answer of the far side for one recipient.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AlarmTestAnswerJson {
    /// Recipient; empty for the only one of the channel.
    pub(crate) recipient: String,
    /// Fault; absent when the message was acknowledged.
    pub(crate) fault: Option<AlarmFaultJson>,
    /// Sentence for people.
    pub(crate) text: String,
}

pub(crate) fn alarm_channel_routes() -> OpenApiRouter<ApiListener> {
    OpenApiRouter::new()
        .routes(routes!(list_channels))
        .routes(routes!(test_channel))
}

#[utoipa::path(get, path = "/api/v1/alarms/channels",
    description = "Channels of messages of alarms: what waits, what was sent, what went wrong.",
    responses((status = 200, body = AlarmChannelsJson), (status = 503, body = ApiError)))]
pub(crate) async fn list_channels(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
) -> Result<Json<AlarmChannelsJson>, ApiError> {
    let status = load_delivery(&app).await?;
    Ok(Json(AlarmChannelsJson {
        over_budget: status.is_over_budget(),
        month_bytes: status.month_bytes,
        data_budget: status.budget,
        channels: status
            .channels
            .iter()
            .map(|one| channel_json(one, lang))
            .collect(),
    }))
}

#[utoipa::path(post, path = "/api/v1/alarms/channels/test",
    description = "Sends a test message to each recipient of a channel, and waits for the answers.",
    request_body(content = AlarmTestRequest),
    responses((status = 200, body = AlarmTestJson), (status = 400, body = ApiError),
        (status = 404, body = ApiError), (status = 409, body = ApiError),
        (status = 413, body = ApiError), (status = 415, body = ApiError)))]
pub(crate) async fn test_channel(
    State(app): State<ApiListener>,
    JsonBody { bytes, lang }: JsonBody,
) -> Result<Json<AlarmTestJson>, ApiError> {
    let sent: AlarmTestRequest =
        serde_json::from_slice(&bytes).map_err(|fault| ApiError::bad_request(fault.to_string()))?;
    Ok(Json(test_alarm_channel(&app, &sent.channel, lang).await?))
}

/// State of all channels.
pub(crate) async fn load_delivery(app: &ApiListener) -> Result<DeliveryStatus, ApiError> {
    Ok(delivery_status(&context(app)).await?)
}

/// Sends a test message and returns what the far side answers.
pub(crate) async fn test_alarm_channel(
    app: &ApiListener,
    channel: &str,
    lang: Language,
) -> Result<AlarmTestJson, ApiError> {
    let answers = send_test_message(&context(app), channel).await;
    let answers = answers.map_err(|refusal| refusal_error(&refusal, channel, lang))?;
    Ok(AlarmTestJson {
        delivered: answers.iter().all(|one| one.fault.is_none()),
        answers: answers
            .iter()
            .map(|one| answer_json(one, channel, lang))
            .collect(),
    })
}

fn context(app: &ApiListener) -> DeliveryContext {
    let state = app.state();
    DeliveryContext {
        config: Arc::clone(&state.config),
        store: state.store.clone(),
        clock: state.clock.clone(),
        board: state.board.clone(),
    }
}

fn refusal_error(refusal: &TestRefusal, channel: &str, lang: Language) -> ApiError {
    match refusal {
        TestRefusal::Busy => ApiError::new(StatusCode::CONFLICT, lang.text("alarm-test-busy")),
        TestRefusal::Unknown(known) => {
            let key = if known.is_empty() {
                "alarm-test-unknown-none"
            } else {
                "alarm-test-unknown"
            };
            let args = [("channel", channel), ("known", &*known.join(", "))];
            ApiError::new(StatusCode::NOT_FOUND, lang.text_with(key, &args))
        }
    }
}

fn answer_json(answer: &TestAnswer, channel: &str, lang: Language) -> AlarmTestAnswerJson {
    let recipient = &*answer.recipient;
    let why = answer.fault.as_ref().map(|fault| fault.full_sentence(lang));
    let key = match (&why, recipient.is_empty()) {
        (None, true) => "alarm-test-delivered",
        (None, false) => "alarm-test-delivered-to",
        (Some(_), true) => "alarm-test-failed",
        (Some(_), false) => "alarm-test-failed-to",
    };
    let why = why.unwrap_or_default();
    let args = [
        ("channel", channel),
        ("recipient", recipient),
        ("why", &*why),
    ];
    let fault = answer.fault.as_ref().map(|fault| AlarmFaultJson {
        kind: fault.kind.word().to_owned(),
        text: fault.sentence(lang),
        detail: fault.detail.clone(),
        at: None,
    });
    AlarmTestAnswerJson {
        recipient: recipient.to_owned(),
        fault,
        text: lang.text_with(key, &args),
    }
}

fn channel_json(status: &ChannelStatus, lang: Language) -> AlarmChannelJson {
    let fault = |kept: &crate::alarm_delivery::KeptFault| AlarmFaultJson {
        kind: kept.fault.kind.word().to_owned(),
        text: kept.fault.sentence(lang),
        detail: kept.fault.detail.clone(),
        at: Some(kept.at),
    };
    AlarmChannelJson {
        id: status.id.to_string(),
        kind: status.kind.to_owned(),
        queued: status.queued,
        waiting: status.waiting_text(lang),
        oldest_seconds: status.oldest_ms.map(|age| age / 1000),
        sent: status.sent,
        refused: status.refused,
        given_up: status.given_up,
        left_out: status.left_out,
        last_sent: status.last_sent.map(|at| at.0),
        fault: status.fault.as_ref().map(fault),
        refusal: status.refusal.as_ref().map(fault),
    }
}
