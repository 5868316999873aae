//! [`MessageCatalogue`]: the messages of one language, from a Fluent file.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::fmt;
use std::sync::OnceLock;
use unic_langid::LanguageIdentifier;

/// Messages of one language.
pub struct MessageCatalogue {
    code: &'static str,
    source: &'static str,
    bundle: OnceLock<FluentBundle<FluentResource>>,
}

impl MessageCatalogue {
    /// Creates a catalogue from the text of a Fluent file; `code` chooses the plural rules.
    pub const fn new(code: &'static str, source: &'static str) -> Self {
        Self {
            code,
            source,
            bundle: OnceLock::new(),
        }
    }

    /// Returns the message of `key` with its arguments inserted; `None` without such a message.
    pub fn find(&self, key: &str, args: &[(&str, &str)]) -> Option<String> {
        // Parsed at first use: most runs need one language only.
        let bundle = self.bundle.get_or_init(|| self.build_bundle());
        let pattern = bundle.get_message(key)?.value()?;
        let args = args
            .iter()
            .map(|(name, text)| (*name, argument_value(text)));
        let args: FluentArgs<'_> = args.collect();
        let text = bundle.format_pattern(pattern, Some(&args), &mut Vec::new());
        Some(text.into_owned())
    }

    fn build_bundle(&self) -> FluentBundle<FluentResource> {
        let language: LanguageIdentifier = self.code.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Isolation marks around arguments would show up in terminals and CSV files.
        bundle.set_use_isolating(false);
        // A faulty line is skipped and the rest is used; a test reports it.
        let resource = FluentResource::try_new(self.source.to_owned());
        bundle.add_resource_overriding(resource.unwrap_or_else(|(good, _)| good));
        bundle
    }
}

/// A count as a number, so that a message can choose between `1 point` and `2 points`; any other
/// text as it is.
fn argument_value(text: &str) -> FluentValue<'_> {
    match text.parse::<u32>() {
        Ok(count) if count.to_string() == text => FluentValue::from(count),
        _ => FluentValue::from(text),
    }
}

impl fmt::Debug for MessageCatalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageCatalogue({})", self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{LOCALES, Language};
    use std::collections::BTreeSet;

    fn message_keys(catalogue: &MessageCatalogue) -> Vec<&'static str> {
        let is_key = |c: char| c.is_ascii_lowercase();
        let lines = catalogue.source.lines();
        let entries = lines.filter(|line| line.starts_with(is_key));
        entries
            .filter_map(|line| Some(line.split_once('=')?.0.trim()))
            .collect()
    }

    fn key_set(catalogue: &MessageCatalogue) -> BTreeSet<&'static str> {
        message_keys(catalogue).into_iter().collect()
    }

    #[test]
    fn a_count_chooses_the_plural_and_keeps_its_digits() {
        let source = "points = { $n } { $n ->\n    [1] point\n   *[other] points\n}\n";
        let catalogue = MessageCatalogue::new("en", source);
        for (count, text) in [
            ("1", "1 point"),
            ("2", "2 points"),
            ("4294967295", "4294967295 points"),
            ("01", "01 points"),
            ("1.0", "1.0 points"),
        ] {
            assert_eq!(catalogue.find("points", &[("n", count)]).unwrap(), text);
        }
    }

    #[test]
    fn no_key_stands_twice_in_a_catalogue() {
        for row in &LOCALES {
            let mut seen = BTreeSet::new();
            for key in message_keys(&row.messages) {
                assert!(seen.insert(key), "{}: {key}", row.code);
            }
        }
    }

    #[test]
    fn every_catalogue_parses_and_has_only_keys_that_english_has() {
        let english = key_set(&Language::En.locale().messages);
        for row in &LOCALES {
            if let Err((_, faults)) = FluentResource::try_new(row.messages.source.to_owned()) {
                panic!("{}: {faults:?}", row.code);
            }
            let own = key_set(&row.messages);
            let strange: Vec<_> = own.difference(&english).collect();
            assert!(strange.is_empty(), "{}: {strange:?}", row.code);
        }
    }

    // Other languages may lack messages and fall back to English; these two are promised whole.
    #[test]
    fn bahasa_indonesia_and_english_are_whole() {
        let [id, en] = [Language::Id, Language::En].map(|lang| key_set(&lang.locale().messages));
        assert_eq!(id, en);
    }
}
