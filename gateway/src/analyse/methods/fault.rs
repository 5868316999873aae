//! What is wrong with a call, in a sentence that says what to change.

use super::field::Field;
use crate::words::Lang;

/// A wrong call of a method.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", self.say(Lang::En))]
pub enum Fault {
    /// No method of this name.
    UnknownMethod {
        /// As it was written.
        name: String,
        /// What was probably meant.
        near: Option<String>,
    },
    /// An input that the method does not have.
    UnknownInput {
        /// The method.
        method: &'static str,
        /// As it was written.
        key: String,
        /// What was probably meant.
        near: Option<String>,
        /// All that there are.
        known: String,
    },
    /// An input that the method needs.
    Missing {
        /// The method.
        method: &'static str,
        /// The input.
        key: &'static str,
        /// Its unit.
        unit: &'static str,
    },
    /// A value of another type.
    Type {
        /// Where: the input, and the place in its list.
        place: String,
        /// What is expected: a key of the catalogue.
        expected: String,
        /// Words that are allowed, or columns.
        detail: String,
        /// What was found.
        found: String,
    },
    /// A number that cannot be.
    Domain {
        /// Where.
        place: String,
        /// What is expected: a key of the catalogue.
        expected: String,
        /// What was found.
        found: String,
    },
    /// More than one call can carry.
    TooMany {
        /// The input.
        place: String,
        /// The most.
        most: usize,
    },
    /// Lists that go together, of different lengths.
    Lengths {
        /// The two lists.
        lists: [&'static str; 2],
        /// Their lengths.
        lengths: [usize; 2],
    },
    /// The same input under two names.
    Twice {
        /// The input.
        key: &'static str,
    },
    /// Not JSON.
    Json {
        /// Why, by the parser.
        why: String,
    },
    /// JSON, but not an object of inputs.
    NotAnObject,
    /// A file that holds no vectors and no call.
    NoCases,
}

impl Fault {
    /// The sentence.
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Self::UnknownMethod { name, near } => {
                let text = lang.say("analyse-fault-method", &[("name", name)]);
                with_near(text, near.as_deref(), lang)
            }
            Self::UnknownInput {
                method,
                key,
                near,
                known,
            } => {
                let args = [("method", *method), ("key", key), ("known", known)];
                let text = lang.say("analyse-fault-input", &args);
                with_near(text, near.as_deref(), lang)
            }
            Self::Missing { method, key, unit } => {
                let unit = match *unit {
                    "" => String::new(),
                    unit => format!(" ({unit})"),
                };
                let args = [("method", *method), ("key", key), ("unit", &unit)];
                lang.say("analyse-fault-missing", &args)
            }
            Self::Type {
                place,
                expected,
                detail,
                found,
            } => {
                let expected = lang.say(expected, &[("detail", detail)]);
                let args = [("place", place.as_str()), ("expected", &expected)];
                let [place, expected] = args;
                lang.say("analyse-fault-type", &[place, expected, ("found", found)])
            }
            Self::Domain {
                place,
                expected,
                found,
            } => {
                let expected = lang.text(expected);
                let args = [("place", place.as_str()), ("expected", &expected)];
                let [place, expected] = args;
                lang.say("analyse-fault-domain", &[place, expected, ("found", found)])
            }
            Self::TooMany { place, most } => {
                let most = most.to_string();
                lang.say("analyse-fault-many", &[("place", place), ("most", &most)])
            }
            Self::Lengths {
                lists: [a, b],
                lengths,
            } => {
                let [left, right] = lengths.map(|n| n.to_string());
                let args = [("a", *a), ("b", b), ("left", &left), ("right", &right)];
                lang.say("analyse-fault-lengths", &args)
            }
            Self::Twice { key } => lang.say("analyse-fault-twice", &[("key", key)]),
            Self::Json { why } => lang.say("analyse-fault-json", &[("why", why)]),
            Self::NotAnObject => lang.text("analyse-fault-object"),
            Self::NoCases => lang.text("analyse-fault-cases"),
        }
    }
}

fn with_near(mut text: String, near: Option<&str>, lang: Lang) -> String {
    if let Some(near) = near {
        text.push(' ');
        text.push_str(&lang.say("analyse-fault-near", &[("near", near)]));
    }
    text
}

/// The candidate that a person most likely meant, when one is near enough.
pub(super) fn nearest<'a>(
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
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .map(|(_, name)| name.to_owned())
}

/// The names of a method's inputs, for a sentence.
pub(super) fn names(inputs: &[Field]) -> String {
    let names: Vec<&str> = inputs.iter().map(|field| field.name).collect();
    names.join(", ")
}
