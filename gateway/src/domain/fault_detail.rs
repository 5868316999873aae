//! [`FaultDetail`]: text about one failure, in English for the log and in parts that every language
//! of the catalogue can say.
//!
//! ```text
//! let detail = FaultDetail::message("no answer within 500 ms", "detail-timeout", &[("ms", &500)]);
//! Language::Id.fault_detail(&detail)                    // tidak ada jawaban dalam 500 ms
//! ```

use std::borrow::Cow;
use std::fmt::{self, Display};

/// Text about a failure: device, register, request and answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultDetail {
    english: String,
    parts: Vec<DetailPart>,
}

/// One part of a text about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DetailPart {
    /// The same in every language: a register, a name, a text of the operating system.
    Verbatim(String),
    /// A message of the catalogue.
    Message(DetailMessage),
}

/// Message of the catalogue with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailMessage {
    /// Key in the catalogue, `detail-...`.
    pub key: Cow<'static, str>,
    /// Names and values of its arguments.
    pub args: Vec<(Cow<'static, str>, String)>,
}

impl FaultDetail {
    /// Creates a text with a message of the catalogue; `english` is the same for the log.
    pub fn message(
        english: impl Into<String>,
        key: &'static str,
        args: &[(&'static str, &dyn Display)],
    ) -> Self {
        let args = args.iter();
        let args = args.map(|(name, value)| (Cow::Borrowed(*name), value.to_string()));
        let message = DetailMessage {
            key: Cow::Borrowed(key),
            args: args.collect(),
        };
        Self {
            english: english.into(),
            parts: vec![DetailPart::Message(message)],
        }
    }

    /// Creates a text of parts that another process has sent.
    pub fn from_parts(english: String, parts: Vec<DetailPart>) -> Self {
        if parts.is_empty() {
            return Self::from(english);
        }
        Self { english, parts }
    }

    /// Returns this text with another one behind it.
    #[must_use]
    pub fn followed_by(mut self, next: impl Into<Self>) -> Self {
        let next = next.into();
        self.english.push_str(&next.english);
        self.parts.extend(next.parts);
        self
    }

    /// The text in English, for the log.
    pub fn english(&self) -> &str {
        &self.english
    }

    /// Its parts, in order.
    pub fn parts(&self) -> &[DetailPart] {
        &self.parts
    }

    /// Names and values of the arguments of all its messages.
    pub fn args(&self) -> impl Iterator<Item = (&str, &str)> {
        let messages = self.parts.iter().filter_map(|part| match part {
            DetailPart::Message(message) => Some(message),
            DetailPart::Verbatim(_) => None,
        });
        let args = messages.flat_map(|message| &message.args);
        args.map(|(name, value)| (&**name, value.as_str()))
    }

    /// True when there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.english.is_empty()
    }

    /// Removes the text.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl From<String> for FaultDetail {
    fn from(text: String) -> Self {
        Self {
            parts: vec![DetailPart::Verbatim(text.clone())],
            english: text,
        }
    }
}

impl From<&str> for FaultDetail {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Display for FaultDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}
