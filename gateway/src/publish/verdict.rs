//! What a database's answer to a write means for the lines that were in it.

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
pub(crate) fn judge(status: u16, text: &str, lines: usize, after: Option<Duration>) -> Verdict {
    let why = format!("HTTP {status}: {}", first_line(text));
    match status {
        200..=299 => Verdict::Stored,
        413 => Verdict::TooLarge(why),
        408 | 425 | 429 | 500.. => Verdict::Later {
            why,
            after,
            silent: status == 504,
        },
        // A page instead of a reason comes from a proxy or a wrong port, which never saw the
        // lines.
        400 | 422 if !text.trim_start().starts_with('<') => Verdict::Refused {
            all: dropped(text) == Some(lines),
            why,
        },
        _ => Verdict::Setup(why),
    }
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
        assert_eq!(judge(200, "ok"), Verdict::Stored);
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
        for status in [301, 401, 403, 404, 405] {
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

    proptest! {
        #[test]
        fn no_text_is_too_strange(status in 100u16..600, text: String) {
            judge(status, &text, 1, None);
            judge(status, &format!("dropped={text}"), 1, None);
        }
    }
}
