//! [`Language`]: texts in Bahasa Indonesia and English from one catalogue.
//!
//! ```text
//! Language::Id.text("fault-missing")                               // text without arguments
//! Language::En.text_with("fault-hint", &[("hint", "inverter-1")])   // text with arguments
//! ```
//!
//! The catalogue is `gateway/assets/words/{id,en}.ftl` (Fluent). Every text that a person reads has
//! a key there; a test compares the keys of both languages. See `docs/ARCHITECTURE.md`.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

/// Language of texts for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Bahasa Indonesia.
    #[default]
    Id,
    /// English.
    En,
}

static BUNDLE_ID: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| build_bundle("id", include_str!("../../assets/words/id.ftl")));
static BUNDLE_EN: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| build_bundle("en", include_str!("../../assets/words/en.ftl")));

impl Language {
    /// Parses `id`, `en`, `id_ID.UTF-8`, `en-GB,en;q=0.9`, ...; `None` for other languages.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').find_map(
            |part| match part.trim().get(..2)?.to_ascii_lowercase().as_str() {
                // `in` is the old ISO code of Indonesian; Malay speakers read it as well.
                "id" | "in" | "ms" => Some(Self::Id),
                "en" => Some(Self::En),
                _ => None,
            },
        )
    }

    /// Language code: `id` or `en`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    /// Returns the text of `key`, which has no arguments.
    pub fn text(self, key: &str) -> String {
        self.text_with(key, &[])
    }

    /// Returns the text of `key` with its arguments inserted, or `key` itself when it is missing.
    pub fn text_with(self, key: &str, args: &[(&str, &str)]) -> String {
        let bundle = match self {
            Self::Id => &*BUNDLE_ID,
            Self::En => &*BUNDLE_EN,
        };
        // A missing text is visible on the page; it must not stop the gateway.
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, *value)).collect();
        bundle
            .format_pattern(pattern, Some(&args), &mut Vec::new())
            .into_owned()
    }
}

fn build_bundle(code: &str, source: &str) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = code.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Isolation marks around arguments would show up in terminals and CSV files.
    bundle.set_use_isolating(false);
    // A faulty line is skipped and the rest is used; a test reports it.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(good, _)| good);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn message_keys(source: &str) -> BTreeSet<&str> {
        let is_key = |c: char| c.is_ascii_lowercase();
        source
            .lines()
            .filter(|line| line.starts_with(is_key))
            .filter_map(|line| Some(line.split_once('=')?.0.trim()))
            .collect()
    }

    #[test]
    fn no_key_stands_twice_in_a_catalogue() {
        for source in [
            include_str!("../../assets/words/id.ftl"),
            include_str!("../../assets/words/en.ftl"),
        ] {
            let mut seen = BTreeSet::new();
            let is_key = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
            for line in source.lines().filter(is_key) {
                let key = line.split_once('=').unwrap().0.trim();
                assert!(seen.insert(key), "{key}");
            }
        }
    }

    #[test]
    fn both_catalogues_parse_and_have_the_same_keys() {
        let id = include_str!("../../assets/words/id.ftl");
        let en = include_str!("../../assets/words/en.ftl");
        for source in [id, en] {
            if let Err((_, faults)) = FluentResource::try_new(source.to_owned()) {
                panic!("{faults:?}");
            }
        }
        assert_eq!(message_keys(id), message_keys(en));
    }

    #[test]
    fn the_browsers_wish_chooses_the_language() {
        assert_eq!(
            Language::parse("en-GB,en;q=0.9,id;q=0.8"),
            Some(Language::En)
        );
        assert_eq!(Language::parse("id_ID.UTF-8"), Some(Language::Id));
        assert_eq!(Language::parse("de,fr"), None);
    }
}
