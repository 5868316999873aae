//! [`DeliveryFault`]: why a message was not delivered, as a word with a sentence in each language.

use crate::config::mask_message;
use crate::i18n::{Language, excerpt};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Reason for which a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeliveryFault {
    /// Word of its kind.
    pub(crate) kind: FaultKind,
    /// Words of the far side or of the network, masked and short; empty for none.
    #[serde(default)]
    pub(crate) detail: String,
}

/// Kinds of faults; each has the message `alarm-fault-WORD`, which says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    SecretMissing,
    TokenWrong,
    LoginRefused,
    ChatUnknown,
    ChatBlocked,
    TemplateWrong,
    AccountProblem,
    RecipientRefused,
    MessageRefused,
    AddressWrong,
    TryLater,
    ServerError,
    NoAnswer,
    NoNetwork,
    NameUnknown,
    Certificate,
    NoEncryption,
    Portal,
    GivenUp,
    /// A kind that a later version of the program has written, or an answer that says nothing.
    #[serde(other)]
    Unclear,
}

/// End of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SendOutcome {
    /// The far side has acknowledged it.
    Delivered,
    /// It is not sent again.
    Refused(DeliveryFault),
    /// It is sent again, not before this pause.
    Later(DeliveryFault, Option<Duration>),
}

impl DeliveryFault {
    /// Fault with the words of the far side; addresses in them are masked.
    pub(super) fn new(kind: FaultKind, detail: &str) -> Self {
        Self {
            kind,
            detail: mask_message(&excerpt(detail.trim())),
        }
    }

    /// Sentence with what to do, without the words of the far side.
    pub(crate) fn sentence(&self, lang: Language) -> String {
        lang.text(&format!("alarm-fault-{}", self.kind.word()))
    }

    /// Sentence with the words of the far side.
    pub(crate) fn full_sentence(&self, lang: Language) -> String {
        let sentence = self.sentence(lang);
        if self.detail.is_empty() {
            return sentence;
        }
        format!("{sentence} ({})", self.detail)
    }

    /// True when it concerns all recipients of a channel.
    pub(super) fn is_of_channel(&self) -> bool {
        !matches!(
            self.kind,
            FaultKind::ChatUnknown
                | FaultKind::ChatBlocked
                | FaultKind::RecipientRefused
                | FaultKind::MessageRefused
                | FaultKind::TryLater
                | FaultKind::GivenUp
                | FaultKind::Unclear
        )
    }
}

impl FaultKind {
    /// Word in the API, in metrics, and at the end of the message key.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SecretMissing => "secret-missing",
            Self::TokenWrong => "token-wrong",
            Self::LoginRefused => "login-refused",
            Self::ChatUnknown => "chat-unknown",
            Self::ChatBlocked => "chat-blocked",
            Self::TemplateWrong => "template-wrong",
            Self::AccountProblem => "account-problem",
            Self::RecipientRefused => "recipient-refused",
            Self::MessageRefused => "message-refused",
            Self::AddressWrong => "address-wrong",
            Self::TryLater => "try-later",
            Self::ServerError => "server-error",
            Self::NoAnswer => "no-answer",
            Self::NoNetwork => "no-network",
            Self::NameUnknown => "name-unknown",
            Self::Certificate => "certificate",
            Self::NoEncryption => "no-encryption",
            Self::Portal => "portal",
            Self::GivenUp => "given-up",
            Self::Unclear => "unclear",
        }
    }
}

/// Outcome of a fault that may pass.
pub(super) fn later(kind: FaultKind, detail: &str) -> SendOutcome {
    SendOutcome::Later(DeliveryFault::new(kind, detail), None)
}

/// Outcome of a fault that does not pass.
pub(super) fn refused(kind: FaultKind, detail: &str) -> SendOutcome {
    SendOutcome::Refused(DeliveryFault::new(kind, detail))
}
