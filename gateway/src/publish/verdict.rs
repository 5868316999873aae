//! What a database's answer to a write means for the lines that were in it.

use crate::status::SinkTrouble;
use std::time::Duration;

/// What to do with the lines.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Every line is stored.
    Stored,
    /// At least one line was refused for good, and why. `all` when the server says that none was
    /// taken for a reason that lies in each line (all older than it keeps, say).
    Refused {
        /// What the server said.
        why: String,
        /// Nothing is gained by sending the lines one by one.
        all: bool,
    },
    /// Too much at once.
    TooLarge(String),
    /// Something else than the database has answered, and has seen the lines at most.
    Elsewhere {
        /// Who, probably.
        why: String,
        /// What to say on the page.
        trouble: Option<SinkTrouble>,
    },
    /// Address, token, organisation or bucket are wrong: nothing is wrong with the lines.
    Setup(String),
    /// Not now; after this pause when the server named one.
    Later {
        /// What happened.
        why: String,
        /// The server's `Retry-After`.
        after: Option<Duration>,
        /// There was no answer at all: less at once may help on a slow line.
        silent: bool,
    },
}

/// Judges an answer with this status and text to a write of `lines` lines.
///
/// The database stores with 204 and nothing else. What it says of single lines is true whatever
/// the number in front of it; a page is never its voice.
pub(crate) fn judge(status: u16, text: &str, lines: usize, after: Option<Duration>) -> Verdict {
    let why = format!("HTTP {status}: {}", first_line(text));
    match status {
        204 => Verdict::Stored,
        200..=399 | 511 => elsewhere(status, text),
        413 => Verdict::TooLarge(why),
        _ if is_partial(text) => Verdict::Refused {
            all: dropped(text) == Some(lines),
            why,
        },
        408 | 425 | 429 | 500.. => Verdict::Later {
            why,
            after,
            silent: status == 504,
        },
        400 | 422 if speaks_of_lines(text) => Verdict::Refused {
            all: dropped(text) == Some(lines),
            why,
        },
        _ => Verdict::Setup(why),
    }
}

/// Who answers so, and why the readings are kept.
fn elsewhere(status: u16, text: &str) -> Verdict {
    let page = is_page(text);
    let what = match status {
        300..=399 => "a redirection: a captive portal, or the address has moved; check url",
        511 => "the network asks for a login first (a captive portal)",
        _ if page => "a web page: a captive portal or a used-up quota",
        _ => "instead of 204: something else than the database answers; check url",
    };
    let said = if page { "" } else { first_line(text) };
    let why = format!("answered {status} with {what}");
    Verdict::Elsewhere {
        why: if said.is_empty() {
            why
        } else {
            format!("{why} ({said})")
        },
        trouble: (page || status == 511).then_some(SinkTrouble::WebPage),
    }
}

/// A page comes from a proxy, a portal or a wrong port, which never stored anything.
fn is_page(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// The database has taken some lines of a write, and dropped others.
fn is_partial(text: &str) -> bool {
    let reason = text.contains("partial write") || text.contains("beyond retention policy");
    !is_page(text) && reason && dropped(text).is_some()
}

/// The answer is the database's, in whose words a bad request is a bad line.
fn speaks_of_lines(text: &str) -> bool {
    let words = ["parse", "partial write", "dropped="];
    let text = text.trim_start();
    text.starts_with('{') || (!is_page(text) && words.iter().any(|word| text.contains(word)))
}

/// How many lines the server says it dropped.
fn dropped(text: &str) -> Option<usize> {
    let (_, rest) = text.rsplit_once("dropped=")?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

fn first_line(text: &str) -> &str {
    let line = text.trim().lines().next().unwrap_or_default();
    &line[..line.floor_char_boundary(500)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_answer_has_its_consequence() {
        let judge = |status, text| judge(status, text, 3, None);
        let refused =
            |all| move |v: &Verdict| matches!(v, Verdict::Refused { all: a, .. } if *a == all);
        assert_eq!(judge(204, ""), Verdict::Stored);
        assert!(refused(false)(&judge(
            400,
            r#"{"message":"unable to parse 'x'"}"#
        )));
        assert!(refused(false)(&judge(
            400,
            "partial write: field type conflict dropped=1"
        )));
        assert!(refused(true)(&judge(
            422,
            "partial write: points beyond retention policy dropped=3\"}"
        )));
        assert!(matches!(judge(413, ""), Verdict::TooLarge(_)));
        for status in [401, 403, 404, 405] {
            assert!(matches!(judge(status, ""), Verdict::Setup(_)), "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(
                matches!(judge(status, ""), Verdict::Later { .. }),
                "{status}"
            );
        }
    }

    #[test]
    fn a_proxys_page_condemns_no_reading() {
        let page = "<html>400 The plain HTTP request was sent to HTTPS port</html>";
        assert!(matches!(judge(400, page, 1, None), Verdict::Setup(_)));
    }

    #[test]
    fn only_204_means_stored() {
        let page = "\n<!DOCTYPE html><title>Kuota habis</title>";
        for (status, text, cause) in [
            (200, page, "captive portal"),
            (200, "", "instead of 204"),
            (202, "{}", "instead of 204"),
            (302, "", "captive portal"),
            (511, page, "captive portal"),
        ] {
            let verdict = judge(status, text, 3, None);
            let Verdict::Elsewhere { why, .. } = verdict else {
                panic!("{status}: {verdict:?}");
            };
            assert!(
                why.contains(cause) && why.contains(&status.to_string()),
                "{why}"
            );
        }
    }

    #[test]
    fn a_partial_write_is_a_refusal_whatever_the_status() {
        let conflict = "unexpected error writing points to database: partial write: field type \
                        conflict: input field \\\"v\\\" is type float, already exists as type \
                        integer dropped=1\"}";
        let old = "partial write: points beyond retention policy dropped=3";
        for status in [400, 422, 500, 503] {
            let all = |text| match judge(status, text, 3, None) {
                Verdict::Refused { all, .. } => Some(all),
                _ => None,
            };
            assert_eq!(all(conflict), Some(false), "{status}");
            assert_eq!(all(old), Some(true), "{status}");
            assert_eq!(
                all("<html>partial write dropped=3</html>"),
                None,
                "{status}"
            );
        }
        let cluster = judge(500, r#"{"error":"partial write"}"#, 3, None);
        assert!(matches!(cluster, Verdict::Later { .. }), "{cluster:?}");
    }

    #[test]
    fn a_bad_request_that_does_not_speak_of_lines_condemns_no_reading() {
        for text in ["", "Bad Request", "400 Request Header Or Cookie Too Large"] {
            assert!(
                matches!(judge(400, text, 1, None), Verdict::Setup(_)),
                "{text}"
            );
        }
        let telling = "cannot parse line 1: missing fields";
        assert!(matches!(
            judge(400, telling, 1, None),
            Verdict::Refused { .. }
        ));
    }

    proptest! {
        #[test]
        fn nothing_but_204_is_stored_and_no_page_refuses(
            status in 200u16..600,
            text: String,
            lines in 1usize..9,
        ) {
            let stored = judge(status, &text, lines, None) == Verdict::Stored;
            prop_assert_eq!(stored, status == 204);
            let page = judge(status, &format!("<p>{text} partial write dropped=1"), lines, None);
            prop_assert!(!matches!(page, Verdict::Refused { .. }), "{:?}", page);
        }

        #[test]
        fn no_text_is_too_strange(status in 100u16..600, text: String) {
            judge(status, &text, 1, None);
            judge(status, &format!("dropped={text}"), 1, None);
        }
    }
}
