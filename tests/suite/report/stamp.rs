//! The stamp on page 1: there when something on the page is provisional, to be checked or not over,
//! and absent when nothing is.

use super::LANGS;
use super::director::{demo_config, edition_pages, full_account};
use gateway::domain::claim_verdict::{ClaimVerdict, ProvisionalReason};
use gateway::i18n::Language;

/// Words of the stamps in a language, as they are printed.
fn stamps(lang: Language) -> [String; 3] {
    let keys = [
        "report-provisional",
        "report-status-doubtful",
        "report-status-running",
    ];
    keys.map(|key| lang.text(key).to_uppercase())
}

/// Whether a page has a word of its own: a stamp stands alone on its line, or at its end.
fn has_stamp(page: &str, word: &str) -> bool {
    page.lines().any(|line| line.trim_end().ends_with(word))
}

#[test]
fn page_1_has_no_stamp_when_nothing_on_it_is_provisional_and_one_when_something_is() {
    let of = |verdict: ClaimVerdict, lang: Language| {
        let mut account = full_account("2026-10".parse().unwrap(), 1.0);
        for one in &mut account.indicators {
            one.claim = ClaimVerdict::Claimable;
        }
        for one in account
            .indicators
            .iter_mut()
            .filter(|one| *one.id == *"co2.net")
        {
            one.claim = verdict;
        }
        edition_pages(&demo_config(""), &account, lang)[0].clone()
    };
    let provisional = ClaimVerdict::Provisional(ProvisionalReason::NoPage);
    for lang in LANGS {
        let [provisional_word, doubtful_word, _] = stamps(lang);
        let page = of(ClaimVerdict::Claimable, lang);
        for word in stamps(lang) {
            assert!(!page.contains(&word), "{word} in\n{page}");
        }
        assert!(
            page.contains(&lang.text("chapters-director-firm")),
            "{page}"
        );
        let page = of(provisional, lang);
        assert!(has_stamp(&page, &provisional_word), "{page}");
        let page = of(ClaimVerdict::Doubtful, lang);
        assert!(has_stamp(&page, &doubtful_word), "{page}");
    }
}
