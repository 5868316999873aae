//! Bahasa Indonesia and English from one catalogue (`gateway/assets/words/{id,en}.ftl`, Fluent).
//!
//! Every text that a person reads has a key here; a test holds both languages against each other.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

/// A language of the people we serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Bahasa Indonesia.
    #[default]
    Id,
    /// English.
    En,
}

static ID: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle("id", include_str!("../../assets/words/id.ftl")));
static EN: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle("en", include_str!("../../assets/words/en.ftl")));

impl Lang {
    /// From `id`, `en`, `id_ID.UTF-8`, `en-GB,en;q=0.9`, ...; `None` for other languages.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').find_map(
            |part| match part.trim().get(..2)?.to_ascii_lowercase().as_str() {
                "id" | "in" | "ms" => Some(Self::Id),
                "en" => Some(Self::En),
                _ => None,
            },
        )
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    /// The text of `key`.
    pub fn text(self, key: &str) -> String {
        self.say(key, &[])
    }

    /// The text of `key` with its arguments put in. A key that is not there comes back as itself,
    /// so that a missing word is seen and never a panic.
    pub fn say(self, key: &str, args: &[(&str, &str)]) -> String {
        let bundle = match self {
            Self::Id => &*ID,
            Self::En => &*EN,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, *value)).collect();
        bundle
            .format_pattern(pattern, Some(&args), &mut Vec::new())
            .into_owned()
    }
}

fn bundle(code: &str, source: &str) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = code.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    // A faulty line is left out and the rest is used; a test reports it.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(good, _)| good);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(source: &str) -> BTreeSet<&str> {
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
        assert_eq!(keys(id), keys(en));
    }

    #[test]
    fn the_browsers_wish_chooses_the_language() {
        assert_eq!(Lang::parse("en-GB,en;q=0.9,id;q=0.8"), Some(Lang::En));
        assert_eq!(Lang::parse("id_ID.UTF-8"), Some(Lang::Id));
        assert_eq!(Lang::parse("de,fr"), None);
    }
}
