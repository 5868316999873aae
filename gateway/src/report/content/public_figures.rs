//! [`public_figure`]: a figure for a page that outsiders read. It says what a figure is worth, and
//! not what the people of the site should do about it.

use super::ReportInputs;
use super::context::ReportContext;
use super::{indicator_figures, summary};
use crate::domain::indicator::Indicator;
use crate::report::render::cell_value::CellValue;
use crate::report::render::figure::KeyFigure;

/// A figure as page 1 shows it, without advice in its reason and its notes.
pub(crate) fn public_figure(matter: ReportInputs<'_>, one: &Indicator) -> KeyFigure {
    let book = ReportContext::new(matter);
    let mut figure = KeyFigure {
        label: book.indicator_name(&one.id),
        ..summary::headline_figure(&book, one)
    };
    if let CellValue::Missing(reason) = &mut figure.value {
        match &one.value {
            Ok(_) if one.claim.is_withheld() => {
                *reason = indicator_figures::verdict_sentence(&book, one.claim);
            }
            Err(why) if why.is_advice() => *reason = book.message("chapters-public-refused"),
            _ => {}
        }
    }
    let told = Indicator {
        remarks: one
            .remarks
            .iter()
            .filter(|said| !said.is_advice())
            .cloned()
            .collect(),
        ..one.clone()
    };
    figure.notes = indicator_figures::figure_notes(&book, &told);
    figure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::claim_verdict::ClaimVerdict;
    use crate::domain::indicator::IndicatorRemark;
    use crate::i18n::Language;
    use crate::report::content::tests::{NOW, test_account, test_config, test_indicator};

    /// Words of advice, and signs of keys of the configuration.
    const ADVICE: [&str; 18] = [
        "[[", "_kw", "_m3", "_kg", "check ", "declare ", "correct ", "choose ", "fill in",
        "write ", "periksa", "nyatakan", "koreksi", "perbaiki", "pilih ", "isi ", "tulis ",
        "cocokkan",
    ];

    fn advice_in(text: &str) -> Option<&'static str> {
        let text = text.to_lowercase();
        ADVICE.into_iter().find(|word| {
            let mut found = text.match_indices(word);
            // At the start of a word: "terisi " gives no advice.
            found.any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
                || (word.starts_with(['[', '_']) && text.contains(word))
        })
    }

    #[test]
    fn every_remark_with_advice_is_known_as_one() {
        for words in [
            include_str!("../../../assets/words/en.ftl"),
            include_str!("../../../assets/words/id.ftl"),
        ] {
            let mut count = 0;
            for line in words.lines() {
                let Some((key, text)) = line.split_once(" = ") else {
                    continue;
                };
                let is_remark = ["account-", "analyse-status-"];
                let is_remark = is_remark.iter().any(|start| key.starts_with(start));
                if let Some(word) = advice_in(text).filter(|_| is_remark) {
                    assert!(
                        IndicatorRemark::new(key).is_advice(),
                        "{key}: {word} in {text}"
                    );
                    count += 1;
                }
            }
            assert!(count > 20, "{count}");
        }
    }

    #[test]
    fn a_public_page_says_what_a_figure_is_worth_and_gives_no_advice() {
        let config = test_config();
        let account = test_account(&config);
        let remarks = [
            "account-same-series",
            "account-implausible-yield",
            "account-unnamed-bin",
        ];
        for lang in [Language::En, Language::Id] {
            let matter = ReportInputs::of_account(&config, &account, NOW, lang);
            for verdict in ClaimVerdict::ALL {
                let mut one = test_indicator("plts.generation", Some("plts"), 9.0, "kWh");
                one.claim = verdict;
                let said = remarks.iter().map(|key| IndicatorRemark::new(key));
                one.remarks = said
                    .map(|said| {
                        said.with_arg("asset", "PLTS")
                            .with_arg("other", "kWh meter")
                    })
                    .collect();
                let figure = public_figure(matter, &one);
                let mut texts = figure.notes.clone();
                if let CellValue::Missing(reason) = &figure.value {
                    assert!(verdict.is_withheld());
                    texts.push(reason.clone());
                }
                for text in texts {
                    assert_eq!(advice_in(&text), None, "{verdict:?}: {text}");
                }
                // The report itself tells its readers what to do.
                let own = summary::headline_figure(&ReportContext::new(matter), &one);
                assert!(own.notes.iter().any(|note| advice_in(note).is_some()));
            }
            let mut refused = test_indicator("plts.generation", Some("plts"), 9.0, "kWh");
            refused.value = Err(IndicatorRemark::new("analyse-status-implausible-readings"));
            let figure = public_figure(matter, &refused);
            let CellValue::Missing(reason) = &figure.value else {
                panic!("{figure:?}");
            };
            assert_eq!(advice_in(reason), None, "{reason}");
            assert!(
                !reason.is_empty() && !reason.starts_with("chapters-"),
                "{reason}"
            );
        }
    }
}
