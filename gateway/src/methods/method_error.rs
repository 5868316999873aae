//! Error of a method call, with a message that says what to change.

use super::method_input::MethodInput;
use crate::i18n::Language;

/// Error of a method call.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", self.message(Language::En))]
pub enum MethodError {
    /// No method of this name.
    UnknownMethod {
        /// Name as given.
        name: String,
        /// Similar name, if there is one.
        near: Option<String>,
    },
    /// The method has no such input.
    UnknownInput {
        /// Name of the method.
        method: &'static str,
        /// Key as given.
        key: String,
        /// Similar key, if there is one.
        near: Option<String>,
        /// All keys of the method, for the message.
        known: String,
    },
    /// A required input is missing.
    Missing {
        /// Name of the method.
        method: &'static str,
        /// Key of the input.
        key: &'static str,
        /// Unit of the input.
        unit: &'static str,
    },
    /// A value has another type.
    Type {
        /// Input, and the position in its list.
        place: String,
        /// Message key of the expected type.
        expected: String,
        /// Allowed words, or columns.
        detail: String,
        /// Value found, shortened.
        found: String,
    },
    /// A number is out of range.
    Domain {
        /// Input, and the position in its list.
        place: String,
        /// Message key of the expected range.
        expected: String,
        /// Number found.
        found: String,
    },
    /// A list is longer than one call may have.
    TooMany {
        /// Name of the list.
        place: String,
        /// Largest number of entries.
        most: usize,
    },
    /// Paired lists have different lengths.
    Lengths {
        /// Names of the two lists.
        lists: [&'static str; 2],
        /// Their lengths.
        lengths: [usize; 2],
    },
    /// One input is given under two names.
    Twice {
        /// Key of the input.
        key: &'static str,
    },
    /// The input is not JSON.
    Json {
        /// Message of the JSON parser.
        why: String,
    },
    /// The input is JSON, but not an object.
    NotAnObject,
    /// The file has no vectors and no call.
    NoCases,
}

impl MethodError {
    /// Returns the message.
    pub fn message(&self, lang: Language) -> String {
        match self {
            Self::UnknownMethod { name, near } => {
                let text = lang.text_with("analyse-fault-method", &[("name", name)]);
                with_suggestion(text, near.as_deref(), lang)
            }
            Self::UnknownInput {
                method,
                key,
                near,
                known,
            } => {
                let args = [("method", *method), ("key", key), ("known", known)];
                let text = lang.text_with("analyse-fault-input", &args);
                with_suggestion(text, near.as_deref(), lang)
            }
            Self::Missing { method, key, unit } => {
                let unit = match *unit {
                    "" => String::new(),
                    unit => format!(" ({unit})"),
                };
                let args = [("method", *method), ("key", key), ("unit", &unit)];
                lang.text_with("analyse-fault-missing", &args)
            }
            Self::Type {
                place,
                expected,
                detail,
                found,
            } => {
                let expected = lang.text_with(expected, &[("detail", detail)]);
                let args = [("place", place.as_str()), ("expected", &expected)];
                let [place, expected] = args;
                lang.text_with("analyse-fault-type", &[place, expected, ("found", found)])
            }
            Self::Domain {
                place,
                expected,
                found,
            } => {
                let expected = lang.text(expected);
                let args = [("place", place.as_str()), ("expected", &expected)];
                let [place, expected] = args;
                lang.text_with("analyse-fault-domain", &[place, expected, ("found", found)])
            }
            Self::TooMany { place, most } => {
                let most = most.to_string();
                lang.text_with("analyse-fault-many", &[("place", place), ("most", &most)])
            }
            Self::Lengths {
                lists: [a, b],
                lengths,
            } => {
                let [left, right] = lengths.map(|n| n.to_string());
                let args = [("a", *a), ("b", b), ("left", &left), ("right", &right)];
                lang.text_with("analyse-fault-lengths", &args)
            }
            Self::Twice { key } => lang.text_with("analyse-fault-twice", &[("key", key)]),
            Self::Json { why } => lang.text_with("analyse-fault-json", &[("why", why)]),
            Self::NotAnObject => lang.text("analyse-fault-object"),
            Self::NoCases => lang.text("analyse-fault-cases"),
        }
    }
}

fn with_suggestion(mut text: String, near: Option<&str>, lang: Language) -> String {
    if let Some(near) = near {
        text.push(' ');
        text.push_str(&lang.text_with("analyse-fault-near", &[("near", near)]));
    }
    text
}

/// Returns the candidate with the smallest edit distance, if it is small enough to be a typing
/// error.
pub(crate) fn nearest_name<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let typed = typed.to_lowercase();
    candidates
        .into_iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&typed, &name.to_lowercase()),
                name,
            )
        })
        .min_by_key(|(distance, _)| *distance)
        // Two typing errors, or a third of a long name.
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .map(|(_, name)| name.to_owned())
}

/// Returns the names of a method's inputs, joined for a message.
pub(crate) fn join_input_names(inputs: &[MethodInput]) -> String {
    let names: Vec<&str> = inputs.iter().map(|field| field.name).collect();
    names.join(", ")
}
