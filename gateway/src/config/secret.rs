//! Secrets: where they come from, and texts in which none may be seen.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// What stands for a secret that is not shown.
const MASK: &str = "***";

/// A secret; its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Source);

#[derive(Clone, PartialEq, Eq)]
enum Source {
    /// The secret itself.
    Text(String),
    /// The file that holds it, or will.
    File(PathBuf),
}

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Source::Text(text.into()))
    }

    /// A secret that its file holds; the file need not be there yet.
    pub fn in_file(file: impl Into<PathBuf>) -> Self {
        Self(Source::File(file.into()))
    }

    /// The secret itself, or why there is none right now; name it where it leaves the program. A
    /// file is read anew each time, so that one that comes late, or is exchanged, needs no restart.
    pub fn reveal(&self) -> Result<Cow<'_, str>, String> {
        match &self.0 {
            Source::Text(text) => Ok(Cow::Borrowed(text)),
            Source::File(file) => read(file).map(Cow::Owned),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

fn read(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|why| {
        let file = file.display();
        format!("no secret in {file} ({why}): nothing is sent until it is there")
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A text of somebody's with `***` in place of what may be a name and password in an address, and
/// of an address's query. Where it is unclear what is a password, too much goes.
pub fn masked(text: &str) -> Cow<'_, str> {
    let scheme = text.find("://").map(|at| at + 3);
    if let Some(at) = text.rfind('@') {
        let start = scheme.filter(|start| *start <= at && !text[..*start].contains('@'));
        if start.is_some() || text[..at].contains(':') {
            let head = &text[..start.unwrap_or(0)];
            return Cow::Owned(format!("{head}{MASK}@{}", without_query(&text[at + 1..])));
        }
    }
    let Some(start) = scheme else {
        return Cow::Borrowed(text);
    };
    let (head, place) = text.split_at(start);
    Cow::Owned(format!(
        "{head}{}",
        without_port_word(&without_query(place))
    ))
}

fn without_query(place: &str) -> Cow<'_, str> {
    match place.split_once('?') {
        Some((before, _)) => Cow::Owned(format!("{before}?{MASK}")),
        None => Cow::Borrowed(place),
    }
}

/// `user:word` of somebody who forgot the `@HOST`: a port is a number, a word may be a password.
fn without_port_word(place: &str) -> String {
    let end = place.find('/').unwrap_or(place.len());
    let (authority, path) = place.split_at(end);
    let port_at = match authority.rfind(']') {
        Some(bracket) => authority[bracket..].find(':').map(|at| bracket + at),
        None => authority.find(':'),
    };
    match port_at.map(|at| authority.split_at(at + 1)) {
        Some((host, port)) if !port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{host}{MASK}")
        }
        _ => format!("{authority}{path}"),
    }
}

/// The text of a TOML file without what may be secrets in its comments (`# password = "..."`, an
/// address with a password): it is kept with the store, and handed on with the evidence. What the
/// file says is the same.
pub(super) fn without_secrets(text: &str) -> Cow<'_, str> {
    let lines: Vec<Cow<'_, str>> = text.split_inclusive('\n').map(line).collect();
    if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
        return Cow::Borrowed(text);
    }
    let masked: String = lines.concat();
    let says = |text: &str| text.parse::<toml::Table>().ok();
    // A `#` within a text of several lines only looks like a comment.
    if says(&masked) == says(text) {
        Cow::Owned(masked)
    } else {
        Cow::Borrowed(text)
    }
}

fn line(line: &str) -> Cow<'_, str> {
    let Some(at) = comment(line) else {
        return Cow::Borrowed(line);
    };
    let (before, comment) = line.split_at(at);
    let body = comment.trim_end_matches(['\r', '\n']);
    let (words, end) = comment.split_at(body.len());
    let key = words.trim_start_matches(['#', ' ', '\t']);
    let named = ["password", "token", "secret"].iter().find_map(|name| {
        let rest = key.strip_prefix(name)?.trim_start();
        rest.strip_prefix('=')
    });
    if let Some(value) = named.filter(|value| !value.trim().is_empty()) {
        let kept = &words[..words.len() - value.len()];
        return Cow::Owned(format!("{before}{kept} {MASK}{end}"));
    }
    match masked(words) {
        Cow::Owned(words) if words != body => Cow::Owned(format!("{before}{words}{end}")),
        _ => Cow::Borrowed(line),
    }
}

/// Where the comment of a line begins: at the first `#` outside quotes.
fn comment(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (Some('"'), '\\') => is_escaped = true,
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_text;
    use crate::words::Lang;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_shown_without_what_opens_it() {
        for (text, shown) in [
            ("mqtt://desa:geheim@host:1883", "mqtt://***@host:1883"),
            ("mqtt://ge:he@im@host", "mqtt://***@host"),
            ("mqtt://desa:ge/heim@host", "mqtt://***@host"),
            ("mqtt:/desa:geheim@host", "***@host"),
            ("desa:geheim@host", "***@host"),
            ("mqtt://desa:geheim", "mqtt://desa:***"),
            (
                "http://h:8086/write?u=desa&p=geheim",
                "http://h:8086/write?***",
            ),
            ("http://desa:x@h/?p=geheim", "http://***@h/?***"),
            ("a:b@mqtt://c:d@h", "***@h"),
            ("mqtt://host:1883", "mqtt://host:1883"),
            ("http://[::1]:8086/db", "http://[::1]:8086/db"),
            ("siti@example.org", "siti@example.org"),
            ("/dev/ttyUSB0", "/dev/ttyUSB0"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
    }

    #[test]
    fn a_secret_in_a_file_is_read_each_time_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mqtt.password");
        let secret = Secret::in_file(&file);
        let why = secret.reveal().unwrap_err();
        assert!(why.contains("mqtt.password"), "{why}");
        for text in ["geheim", "other"] {
            std::fs::write(&file, format!("{text}\r\n")).unwrap();
            assert_eq!(secret.reveal().unwrap(), text);
        }
        assert_eq!(format!("{:?}", Secret::new("geheim")), "Secret(..)");
    }

    #[test]
    fn a_kept_text_has_no_secret_in_its_comments_and_says_the_same() {
        let text = "[site] # siti@example.org\nid = 'a#b' # password = \"geheim\"\n\
                    # token = geheim\n[mqtt]\n# url = \"mqtt://desa:geheim@old\"\r\n\
                    url = 'mqtt://x' # was mqtt://desa:geheim@y\n#password_file = 'f'\n# sandi\n";
        let kept = without_secrets(text);
        assert!(!kept.contains("geheim"), "{kept}");
        for word in [
            "siti@example.org",
            "'a#b'",
            "# sandi",
            "password_file = 'f'",
            "***@old",
        ] {
            assert!(kept.contains(word), "{word} in {kept}");
        }
        assert_eq!(kept.parse::<toml::Table>(), text.parse::<toml::Table>());
        assert_eq!(kept.lines().count(), text.lines().count());
        let whole = "x = '''\n# token = a\n'''\n";
        assert_eq!(without_secrets(whole), whole);
    }

    /// Everything that `check`, `run` and the store's revision would show of a text.
    fn shown(text: &str) -> String {
        let file = Path::new("pantau.toml");
        match load_text(text, file, &|_| None) {
            Ok(config) => {
                let warnings = config.warnings.iter().map(|fault| fault.render(Lang::Id));
                let warnings: Vec<String> = warnings.collect();
                let sinks = format!("{:?} {:?}", config.mqtt, config.influx);
                [warnings.join(""), sinks, config.revision()].concat()
            }
            Err(faults) => format!("{:?} {}", faults, faults.render(Lang::Id)),
        }
    }

    proptest! {
        #[test]
        fn no_password_in_an_address_is_ever_shown(
            before in "[a-z0-9:@/?#. ]{0,6}", after in "[a-z0-9:@/?#. ]{0,6}",
            scheme in "(mqtts?|https?|tcp|mqtt:|)", sink in "(mqtt|influx)",
            key in "(url|host|client_id|urll|org)", commented: bool,
        ) {
            let head = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
            let address = format!("{head}desa:{before}GEHEIM{after}@broker.example.org:1883");
            let sign = if commented { "# " } else { "" };
            let text = format!("[site]\nid = 'a'\n[{sink}]\n{sign}{key} = \"{address}\"\n");
            // What is no address and is taken as it is stands in the file for other reasons.
            prop_assume!(commented || key == "url" || load_text(
                &text, Path::new("pantau.toml"), &|_| None).is_err());
            prop_assert!(!shown(&text).contains("GEHEIM"), "{}", shown(&text));
            prop_assert!(!masked(&address).contains("GEHEIM"));
        }

        #[test]
        fn no_text_makes_the_mask_panic(text in "\\PC{0,40}") {
            let _ = (masked(&text), without_secrets(&text));
        }
    }
}
