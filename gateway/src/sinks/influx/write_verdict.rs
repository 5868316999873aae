//! Consequence of a database's answer for the lines of a write.

use crate::status::SinkDiagnosis;
use std::time::Duration;

/// Consequence of a write for its lines.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WriteVerdict {
    /// All lines are stored.
    Stored,
    /// At least one line was refused permanently. `all` when the server says that no line was
    /// accepted for a reason that concerns every line (all older than its retention, say).
    Refused {
        /// Message of the server.
        why: String,
        /// Sending the lines one by one would give nothing.
        all: bool,
        /// The message speaks of lines; another one may be that of something in between.
        names_lines: bool,
    },
    /// The request is too large.
    TooLarge(String),
    /// Something other than the database has answered; no line is stored.
    ForeignAnswer {
        /// The probable cause.
        why: String,
        /// Fault to show on the status page.
        trouble: Option<SinkDiagnosis>,
    },
    /// Address, token, organisation or bucket is wrong; the lines are not the cause.
    Misconfigured {
        /// Message of the server.
        why: String,
        /// Fault to show on the status page.
        trouble: Option<SinkDiagnosis>,
    },
    /// Temporary failure; retry after this pause when the server named one.
    RetryLater {
        /// Description of the failure.
        why: String,
        /// The server's `Retry-After`.
        after: Option<Duration>,
        /// There was no answer at all: a smaller write may succeed on a slow line.
        silent: bool,
        /// Fault to show on the status page.
        trouble: Option<SinkDiagnosis>,
    },
}

/// Interprets an answer with this status and text to a write of `lines` lines.
///
/// The database confirms with 204 and nothing else. Its message about single lines counts whatever
/// the status; a web page never comes from the database.
pub(crate) fn judge_answer(
    status: u16,
    text: &str,
    lines: usize,
    after: Option<Duration>,
) -> WriteVerdict {
    let why = format!("HTTP {status}: {}", first_text_line(text));
    match status {
        204 => WriteVerdict::Stored,
        // 200 with a page is the login page of a hotspot or a used-up quota: taken as success, it
        // would lose every reading.
        200..=399 | 511 => foreign_answer(status, text),
        413 => WriteVerdict::TooLarge(why),
        // Some versions report a partial write with status 500, which must not be retried for ever.
        _ if is_partial_write(text) => WriteVerdict::Refused {
            all: dropped_lines(text) == Some(lines),
            names_lines: true,
            why,
        },
        408 | 425 | 429 | 500.. => WriteVerdict::RetryLater {
            why,
            after,
            silent: status == 504,
            trouble: None,
        },
        400 | 422 if is_line_error(text) => WriteVerdict::Refused {
            all: dropped_lines(text) == Some(lines),
            names_lines: names_lines(text),
            why,
        },
        _ => WriteVerdict::Misconfigured {
            why,
            trouble: match status {
                _ if is_web_page(text) => None,
                401 | 403 => Some(SinkDiagnosis::LoginRefused),
                404 => Some(SinkDiagnosis::UnknownBucket),
                _ => None,
            },
        },
    }
}

/// Returns the verdict on an answer from something other than the database.
fn foreign_answer(status: u16, text: &str) -> WriteVerdict {
    let page = is_web_page(text);
    let what = match status {
        300..=399 => "a redirection: a captive portal, or the address has moved; check url",
        511 => "the network asks for a login first (a captive portal)",
        _ if page => "a web page: a captive portal or a used-up quota",
        _ => "instead of 204: something else than the database answers; check url",
    };
    // The body of a page is of no use in a message; a short text of another program may be.
    let said = if page { "" } else { first_text_line(text) };
    let why = format!("answered {status} with {what}");
    WriteVerdict::ForeignAnswer {
        why: if said.is_empty() {
            why
        } else {
            format!("{why} ({said})")
        },
        // A portal answers with a page, or sends to one.
        trouble: (page || matches!(status, 300..=399 | 511)).then_some(SinkDiagnosis::WebPage),
    }
}

/// True for a web page: it comes from a proxy, a portal or a wrong port, which store nothing.
fn is_web_page(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// True when the database stored some lines of a write and dropped others.
fn is_partial_write(text: &str) -> bool {
    // Both phrases are those of InfluxDB 2.x; a cluster's plain "partial write" without a count is
    // retried.
    let reason = text.contains("partial write") || text.contains("beyond retention policy");
    !is_web_page(text) && reason && dropped_lines(text).is_some_and(|lines| lines > 0)
}

/// True when the answer may be the database's, so that "bad request" means a bad line.
fn is_line_error(text: &str) -> bool {
    // Nothing dropped: a failure of the database, whatever its status.
    let is_none_dropped = dropped_lines(text) == Some(0);
    (text.trim_start().starts_with('{') || names_lines(text)) && !is_none_dropped
}

/// True when the answer speaks of lines. Proxies and licence checks answer in JSON as well.
fn names_lines(text: &str) -> bool {
    let words = ["parse", "partial write", "type conflict", "dropped="];
    !is_web_page(text) && words.iter().any(|word| text.contains(word))
}

/// Returns the number of lines that the server dropped, by its own message.
fn dropped_lines(text: &str) -> Option<usize> {
    // The last occurrence: a line quoted in the message could contain the word, too.
    let (_, rest) = text.rsplit_once("dropped=")?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

fn first_text_line(text: &str) -> &str {
    let line = text.trim().lines().next().unwrap_or_default();
    &line[..line.floor_char_boundary(500)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_answer_has_its_consequence() {
        fn is_refused(verdict: &WriteVerdict, wanted: bool) -> bool {
            matches!(verdict, WriteVerdict::Refused { all, .. } if *all == wanted)
        }
        let judge = |status, text| judge_answer(status, text, 3, None);
        let refused = |wanted| move |verdict: &WriteVerdict| is_refused(verdict, wanted);
        assert_eq!(judge(204, ""), WriteVerdict::Stored);
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
        assert!(matches!(judge(413, ""), WriteVerdict::TooLarge(_)));
        for status in [401, 403, 404, 405] {
            assert!(
                matches!(judge(status, ""), WriteVerdict::Misconfigured { .. }),
                "{status}"
            );
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(
                matches!(judge(status, ""), WriteVerdict::RetryLater { .. }),
                "{status}"
            );
        }
    }

    #[test]
    fn an_answer_that_says_nothing_of_a_line_condemns_no_reading() {
        for (status, text) in [
            (400, r#"{"message":"no healthy upstream"}"#),
            (400, r#"{"code":"invalid","message":"org \"x\" not found"}"#),
            (422, r#"{"error":"license expired"}"#),
            (400, "partial write: timeout dropped=0"),
        ] {
            let verdict = judge_answer(status, text, 1, None);
            // What names no line is asked again before it counts.
            let waits = matches!(
                verdict,
                WriteVerdict::Misconfigured { .. }
                    | WriteVerdict::Refused {
                        names_lines: false,
                        ..
                    }
            );
            assert!(waits, "{text}: {verdict:?}");
        }
        let timeout = judge_answer(500, "partial write: timeout dropped=0", 1, None);
        assert!(matches!(timeout, WriteVerdict::RetryLater { .. }));
    }

    #[test]
    fn a_proxys_page_condemns_no_reading() {
        let page = "<html>400 The plain HTTP request was sent to HTTPS port</html>";
        assert!(matches!(
            judge_answer(400, page, 1, None),
            WriteVerdict::Misconfigured { .. }
        ));
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
            let verdict = judge_answer(status, text, 3, None);
            let WriteVerdict::ForeignAnswer { why, trouble } = verdict else {
                panic!("{status}: {verdict:?}");
            };
            let is_portal = cause == "captive portal";
            assert_eq!(
                trouble,
                is_portal.then_some(SinkDiagnosis::WebPage),
                "{status}"
            );
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
            let all = |text| match judge_answer(status, text, 3, None) {
                WriteVerdict::Refused { all, .. } => Some(all),
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
        let cluster = judge_answer(500, r#"{"error":"partial write"}"#, 3, None);
        assert!(
            matches!(cluster, WriteVerdict::RetryLater { .. }),
            "{cluster:?}"
        );
    }

    #[test]
    fn what_dropped_nothing_is_no_refusal_and_what_names_no_line_proves_less() {
        let none = "{\"message\":\"partial write: timeout dropped=0\"}";
        for status in [400, 422, 500] {
            let verdict = judge_answer(status, none, 1, None);
            let is_kept = !matches!(verdict, WriteVerdict::Refused { .. });
            assert!(is_kept, "{status}: {verdict:?}");
        }
        for (text, wanted) in [
            ("{\"message\":\"no healthy upstream\"}", false),
            (
                "{\"code\":\"invalid\",\"message\":\"unable to parse 'x'\"}",
                true,
            ),
            (
                "{\"message\":\"partial write: field type conflict dropped=1\"}",
                true,
            ),
        ] {
            let verdict = judge_answer(400, text, 1, None);
            let WriteVerdict::Refused { names_lines, .. } = verdict else {
                panic!("{text}: {verdict:?}");
            };
            assert_eq!(names_lines, wanted, "{text}");
        }
    }

    #[test]
    fn a_bad_request_that_does_not_speak_of_lines_condemns_no_reading() {
        for text in ["", "Bad Request", "400 Request Header Or Cookie Too Large"] {
            assert!(
                matches!(
                    judge_answer(400, text, 1, None),
                    WriteVerdict::Misconfigured { .. }
                ),
                "{text}"
            );
        }
        let telling = "cannot parse line 1: missing fields";
        assert!(matches!(
            judge_answer(400, telling, 1, None),
            WriteVerdict::Refused { .. }
        ));
    }

    proptest! {
        #[test]
        fn nothing_but_204_is_stored_and_no_page_refuses(
            status in 200u16..600,
            text: String,
            lines in 1usize..9,
        ) {
            let stored = judge_answer(status, &text, lines, None) == WriteVerdict::Stored;
            prop_assert_eq!(stored, status == 204);
            let page = judge_answer(status, &format!("<p>{text} partial write dropped=1"), lines, None);
            prop_assert!(!matches!(page, WriteVerdict::Refused { .. }), "{:?}", page);
        }

        #[test]
        fn no_text_is_too_strange(status in 100u16..600, text: String) {
            judge_answer(status, &text, 1, None);
            judge_answer(status, &format!("dropped={text}"), 1, None);
        }
    }
}
