//! [`Secret`]: passwords and tokens, and functions that mask secrets in texts.
//!
//! ```text
//! mask_secrets("mqtt://user:word@broker:1883")    // mqtt://***@broker:1883
//! ```

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Replacement of a secret in texts.
pub(crate) const SECRET_MASK: &str = "***";

/// Secret; its `Debug` output does not contain it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(SecretSource);

#[derive(Clone, PartialEq, Eq)]
enum SecretSource {
    /// The secret itself.
    Text(String),
    /// File that holds the secret, now or later.
    File(PathBuf),
}

impl Secret {
    /// Creates a secret from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretSource::Text(text.into()))
    }

    /// Secret in a file; the file need not exist yet.
    pub fn from_file(file: impl Into<PathBuf>) -> Self {
        Self(SecretSource::File(file.into()))
    }

    /// Returns the secret, or an error text when its file cannot be read.
    pub fn reveal(&self) -> Result<Cow<'_, str>, String> {
        match &self.0 {
            SecretSource::Text(text) => Ok(Cow::Borrowed(text)),
            // Read anew each time: a file that is created late, or replaced, needs no restart.
            SecretSource::File(file) => read_secret_file(file).map(Cow::Owned),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

fn read_secret_file(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|why| {
        let file = mask_secret_path(&file.display().to_string()).into_owned();
        format!("no secret in {file} ({why}): nothing is sent until it is there")
    })?;
    // Editors end a file with a line break, which is not part of the secret.
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Masks name, password, query and fragment of an address in any text with `***`.
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    // Where it is unclear what belongs to a password, too much is masked.
    let scheme = text.find("://").map(|at| at + 3);
    // The last `@`: a password may contain one that is not encoded.
    if let Some(at) = text.rfind('@') {
        let start = scheme.filter(|start| *start <= at && !text[..*start].contains('@'));
        if start.is_some() || text[..at].contains(':') {
            let head = &text[..start.unwrap_or(0)];
            let place = mask_path(&mask_query(&text[at + 1..]));
            return Cow::Owned(format!("{head}{SECRET_MASK}@{place}"));
        }
    }
    let Some(start) = scheme else {
        return Cow::Borrowed(text);
    };
    let (head, place) = text.split_at(start);
    let place = mask_path(&mask_text_port(&mask_query(place)));
    Cow::Owned(format!("{head}{place}"))
}

/// Masks secrets in the addresses of a message, such as that of a failed request.
pub(crate) fn mask_message(text: &str) -> String {
    let ends = |sign: char| sign.is_whitespace() || "()<>\"',;".contains(sign);
    let words = text.split_inclusive(ends);
    let masked = words.map(|word| {
        let body = word.trim_end_matches(ends);
        if body.contains("://") {
            Cow::Owned(format!("{}{}", mask_secrets(body), &word[body.len()..]))
        } else {
            Cow::Borrowed(word)
        }
    });
    masked.collect()
}

/// Masks parts of a path that may be a token, as of a webhook: all but short words, such as `api`
/// and `v2`.
fn mask_path(place: &str) -> String {
    let end = place.find(['?', '#']).unwrap_or(place.len());
    let (path, query) = place.split_at(end);
    let mut parts = path.split('/');
    let authority = parts.next().unwrap_or_default();
    let mut masked = authority.to_owned();
    for part in parts {
        masked.push('/');
        masked.push_str(if is_plain_part(part) {
            part
        } else {
            SECRET_MASK
        });
    }
    masked + query
}

/// Whether a part of a path is a short word in small letters, with a number at most.
fn is_plain_part(part: &str) -> bool {
    const LETTERS_MAX: usize = 16;
    const DIGITS_MAX: usize = 3;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || b"-_.".contains(&byte);
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let mut letters = part.bytes().filter(|byte| !byte.is_ascii_digit());
    part.len() <= LETTERS_MAX && digits <= DIGITS_MAX && letters.all(is_plain)
}

/// Masks a file name that may be the secret itself, which somebody has typed where the file that
/// holds it is asked for.
pub(crate) fn mask_secret_path(path: &str) -> Cow<'_, str> {
    // A file for a secret has an ending, or says what it is for.
    const USUAL: [&str; 7] = ["pass", "token", "secret", "key", "sandi", "mqtt", "influx"];
    let at = path.rfind('/').map_or(0, |slash| slash + 1);
    let name = path[at..].to_lowercase();
    if name.contains('.') || USUAL.iter().any(|word| name.contains(word)) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(format!("{}{SECRET_MASK}", &path[..at]))
}

fn mask_query(place: &str) -> Cow<'_, str> {
    // No address of ours has a fragment: what stands there was not meant for one.
    match place.find(['?', '#']) {
        Some(at) => Cow::Owned(format!("{}{SECRET_MASK}", &place[..=at])),
        None => Cow::Borrowed(place),
    }
}

/// Masks a port that is not a number.
fn mask_text_port(place: &str) -> String {
    // `mqtt://user:password` without `@HOST`: a port is a number, other text may be a password.
    let end = place.find('/').unwrap_or(place.len());
    let (authority, path) = place.split_at(end);
    // An IPv6 address contains colons: the port follows the bracket.
    let port_at = match authority.rfind(']') {
        Some(bracket) => authority[bracket..].find(':').map(|at| bracket + at),
        None => authority.find(':'),
    };
    match port_at.map(|at| authority.split_at(at + 1)) {
        Some((host, port)) if !port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{host}{SECRET_MASK}")
        }
        _ => format!("{authority}{path}"),
    }
}

/// Masks secrets in the comments of a TOML text (`# password = "..."`, addresses with a password).
///
/// The parsed content is unchanged. The text is archived in the store and handed on with evidence.
pub(crate) fn mask_comment_secrets(text: &str) -> Cow<'_, str> {
    // The archived configuration leaves the site in evidence bundles.
    let lines: Vec<Cow<'_, str>> = text.split_inclusive('\n').map(mask_comment_line).collect();
    if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
        return Cow::Borrowed(text);
    }
    let masked: String = lines.concat();
    let says = |text: &str| text.parse::<toml::Table>().ok();
    // A `#` within a multi-line string only looks like a comment.
    if says(&masked) == says(text) {
        Cow::Owned(masked)
    } else {
        Cow::Borrowed(text)
    }
}

fn mask_comment_line(line: &str) -> Cow<'_, str> {
    let Some(at) = comment_start(line) else {
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
        return Cow::Owned(format!("{before}{kept} {SECRET_MASK}{end}"));
    }
    match mask_secrets(words) {
        Cow::Owned(words) if words != body => Cow::Owned(format!("{before}{words}{end}")),
        _ => Cow::Borrowed(line),
    }
}

/// Byte offset of the comment in a line: the first `#` outside quotes.
fn comment_start(line: &str) -> Option<usize> {
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
    use crate::config::load_config_text;
    use crate::i18n::Language;
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
            ("http://h:8086/#geheim", "http://h:8086/#***"),
            ("http://h:8086#geheim", "http://h:***"),
            (
                "https://h/influx/T0k3nAbc9/api/v2",
                "https://h/influx/***/api/v2",
            ),
            ("https://h/services/B024BE7LH", "https://h/services/***"),
            (
                "https://x:y@h/hook/0123456789abcdef",
                "https://***@h/hook/***",
            ),
            ("https://freetsa.org/tsr", "https://freetsa.org/tsr"),
            ("a:b@mqtt://c:d@h", "***@h"),
            ("mqtt://host:1883", "mqtt://host:1883"),
            ("http://[::1]:8086/db", "http://[::1]:8086/db"),
            ("siti@example.org", "siti@example.org"),
            ("/dev/ttyUSB0", "/dev/ttyUSB0"),
        ] {
            assert_eq!(mask_secrets(text), shown, "{text}");
        }
    }

    #[test]
    fn a_message_about_an_address_is_shown_without_what_opens_it() {
        let said = "error sending request for url (http://h:1/Geheim123/api/v2/write?x=y): refused";
        let shown = "error sending request for url (http://h:1/***/api/v2/write?***): refused";
        assert_eq!(mask_message(said), shown);
        assert_eq!(mask_message("nothing to hide here"), "nothing to hide here");
    }

    #[test]
    fn a_secret_typed_in_place_of_its_file_is_not_shown() {
        for (path, shown) in [
            ("mqtt.password", "mqtt.password"),
            ("/etc/pantau/mqtt-password", "/etc/pantau/mqtt-password"),
            ("Geheim123", "***"),
            ("/etc/pantau/Geheim123", "/etc/pantau/***"),
        ] {
            assert_eq!(mask_secret_path(path), shown);
        }
    }

    #[test]
    fn a_secret_in_a_file_is_read_each_time_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mqtt.password");
        let secret = Secret::from_file(&file);
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
        let kept = mask_comment_secrets(text);
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
        assert_eq!(mask_comment_secrets(whole), whole);
    }

    /// Everything that `check`, `run` and the archived revision would show of a text.
    fn shown_output(text: &str) -> String {
        let file = Path::new("pantau.toml");
        match load_config_text(text, file, &|_| None) {
            Ok(config) => {
                let warnings = config
                    .warnings
                    .iter()
                    .map(|fault| fault.render(Language::Id));
                let warnings: Vec<String> = warnings.collect();
                let sinks = format!("{:?}", config.sinks);
                [warnings.join(""), sinks, config.revision_text()].concat()
            }
            Err(faults) => format!("{:?} {}", faults, faults.render(Language::Id)),
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
            // A value that is not an address and is accepted may contain any text.
            prop_assume!(commented || key == "url" || load_config_text(
                &text, Path::new("pantau.toml"), &|_| None).is_err());
            prop_assert!(!shown_output(&text).contains("GEHEIM"), "{}", shown_output(&text));
            prop_assert!(!mask_secrets(&address).contains("GEHEIM"));
        }

        #[test]
        fn no_text_makes_the_mask_panic(text in "\\PC{0,40}") {
            let _ = (mask_secrets(&text), mask_comment_secrets(&text));
        }
    }
}
