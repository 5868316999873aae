//! [`MessageCatalogue`]: the messages of one language, from a Fluent file.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::collections::HashMap;
use std::fmt;
use std::sync::{OnceLock, PoisonError, RwLock};
use unic_langid::LanguageIdentifier;

/// Messages of one language.
// A file has thousands of messages, and a gateway shows a few hundred of them: parsed as a whole,
// each language would hold 2 MB for as long as the program runs.
pub struct MessageCatalogue {
    code: &'static str,
    source: &'static str,
    entries: OnceLock<HashMap<&'static str, &'static str>>,
    /// Messages with arguments or several lines that were used.
    parsed: OnceLock<RwLock<FluentBundle<FluentResource>>>,
}

impl MessageCatalogue {
    /// Creates a catalogue from the text of a Fluent file; `code` chooses the plural rules. A
    /// message stands by itself: it refers to no other one.
    pub const fn new(code: &'static str, source: &'static str) -> Self {
        Self {
            code,
            source,
            entries: OnceLock::new(),
            parsed: OnceLock::new(),
        }
    }

    /// Returns the message of `key` with its arguments inserted; `None` without such a message.
    pub fn find(&self, key: &str, args: &[(&str, &str)]) -> Option<String> {
        let entries = self.entries.get_or_init(|| split_entries(self.source));
        let entry = *entries.get(key)?;
        match plain_text(entry) {
            Some(text) => Some(text.to_owned()),
            None => self.format_parsed(key, entry, args),
        }
    }

    /// Keys that begin with `prefix`, in alphabetical order.
    pub fn keys_with(&self, prefix: &str) -> Vec<&'static str> {
        let entries = self.entries.get_or_init(|| split_entries(self.source));
        let keys = entries.keys().copied();
        let mut keys: Vec<&str> = keys.filter(|key| key.starts_with(prefix)).collect();
        keys.sort_unstable();
        keys
    }

    fn format_parsed(&self, key: &str, entry: &str, args: &[(&str, &str)]) -> Option<String> {
        let parsed = self.parsed.get_or_init(|| RwLock::new(self.empty_bundle()));
        let args = args
            .iter()
            .map(|(name, text)| (*name, argument_value(text)));
        let args: FluentArgs<'_> = args.collect();
        let known = parsed.read().unwrap_or_else(PoisonError::into_inner);
        if known.has_message(key) {
            return format_message(&known, key, &args);
        }
        drop(known);
        let mut known = parsed.write().unwrap_or_else(PoisonError::into_inner);
        // A faulty message is left out; a test reports it.
        let resource = FluentResource::try_new(entry.to_owned());
        known.add_resource_overriding(resource.unwrap_or_else(|(good, _)| good));
        format_message(&known, key, &args)
    }

    fn empty_bundle(&self) -> FluentBundle<FluentResource> {
        let language: LanguageIdentifier = self.code.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Isolation marks around arguments would show up in terminals and CSV files.
        bundle.set_use_isolating(false);
        bundle
    }
}

fn format_message(
    bundle: &FluentBundle<FluentResource>,
    key: &str,
    args: &FluentArgs<'_>,
) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let text = bundle.format_pattern(pattern, Some(args), &mut Vec::new());
    Some(text.into_owned())
}

/// Messages of a Fluent file as they are written, by key. A message reaches to the next line that
/// is not indented (Fluent 1.0, block text).
fn split_entries(source: &'static str) -> HashMap<&'static str, &'static str> {
    let mut entries = HashMap::new();
    let mut rest = source;
    while !rest.is_empty() {
        let (entry, after) = rest.split_at(entry_length(rest));
        if let Some((key, _)) = entry.split_once('=')
            && entry.starts_with(|first: char| first.is_ascii_alphabetic())
        {
            entries.insert(key.trim(), entry);
        }
        rest = after;
    }
    entries
}

/// Bytes of the first line and of the lines that go on with it.
fn entry_length(text: &str) -> usize {
    let goes_on = |line: &&str| line.starts_with([' ', '}']) || line.trim().is_empty();
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().map_or(0, str::len);
    first + lines.take_while(goes_on).map(str::len).sum::<usize>()
}

/// Text of a message of one line without arguments; `None` for any other.
fn plain_text(entry: &str) -> Option<&str> {
    let text = entry.split_once('=')?.1.trim();
    (!text.is_empty() && !text.contains(['\n', '{', '}'])).then_some(text)
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

    /// The whole file parsed at once, as Fluent reads it.
    fn whole_bundle(row: &crate::i18n::LocaleRow) -> FluentBundle<FluentResource> {
        let mut bundle = row.messages.empty_bundle();
        let resource = FluentResource::try_new(row.messages.source.to_owned()).unwrap();
        bundle.add_resource_overriding(resource);
        bundle
    }

    #[test]
    fn each_message_alone_says_what_it_says_in_its_file() {
        for row in &LOCALES {
            let whole = whole_bundle(row);
            let words = row.messages.source.split(['{', '}', ' ', ',', '\n']);
            let names: BTreeSet<&str> = words.filter_map(|word| word.strip_prefix('$')).collect();
            for count in ["1", "12", "x"] {
                let args: Vec<_> = names.iter().map(|name| (*name, count)).collect();
                let all = args
                    .iter()
                    .map(|(name, text)| (*name, argument_value(text)));
                let all: FluentArgs<'_> = all.collect();
                for key in message_keys(&row.messages) {
                    let wanted = format_message(&whole, key, &all);
                    assert_eq!(row.messages.find(key, &args), wanted, "{}: {key}", row.code);
                }
            }
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
