//! Chapter on what is provisional or doubtful, why, and what is to be done about it.

use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{DataEvent, Indicator, InputSource};
use crate::domain::ledger::QuantityBasis;
use crate::formulas::counters::CounterEventKind;
use crate::limits::REPORT_DOUBTS_MAX;
use crate::report::content::context::ReportContext;
use crate::report::content::figure_names::names_text;
use crate::report::content::{
    asset_chapters, display_names, doubt_acts, emissions, figure_marks, indicator_figures,
    ledger_chapter, readings_annex, summary,
};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::ReportBlock;
use crate::report::render::figure::FigureStatus;
use crate::report::render::number_format;

/// Key of the remark on an entry whose amount is unusual.
const UNUSUAL_AMOUNT: &str = "account-unusual-amount";

/// A doubt: what it is about, the reason, and what is to be done.
type Doubt = [String; 3];

pub(crate) fn doubt_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let mut all: Vec<Doubt> = running_doubt(book).into_iter().collect();
    all.extend(verdict_doubts(book));
    all.extend(measuring_doubts(book));
    all.extend(entry_doubt(book));
    all.extend(remark_doubts(book));
    all.extend(record_doubt(book));
    all.extend(event_doubt(book));
    let swaps = swap_lines(book);
    if all.is_empty() {
        let none = book.paragraph("director-no-doubts", &[]);
        return [none].into_iter().chain(swaps).collect();
    }
    let more = all.len().saturating_sub(REPORT_DOUBTS_MAX);
    all.truncate(REPORT_DOUBTS_MAX);
    let columns = book.columns([
        ("doubt-of", ValueKind::Text),
        ("doubt-why", ValueKind::Text),
        ("doubt-act", ValueKind::Text),
    ]);
    let mut table = book.table("doubt-list", "director-doubts", columns);
    let row = |doubt: Doubt| doubt.map(CellValue::Text).to_vec();
    table.rows = all.into_iter().map(row).collect();
    let mut blocks = vec![ReportBlock::Table(table)];
    if more > 0 {
        let count = more.to_string();
        blocks.push(book.paragraph("director-more-doubts", &[("count", &count)]));
    }
    blocks.extend(swaps);
    blocks
}

/// Meters that were replaced in the period, a line each: the figures count both.
fn swap_lines(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let swaps = book.matter.account.events.iter();
    let swaps = swaps.filter(|event| event.kind == CounterEventKind::Swap.code());
    let line = |event: &DataEvent| {
        let (name, unit) = readings_annex::point_name_and_unit(book, &event.of);
        let at = number_format::time(book.lang, event.at, &book.zone);
        let (old, new) = event.before_after?;
        let [old, new] = display_names::format_quantities(book.lang, [old, new], &unit);
        let args = [
            ("point", &*name),
            ("at", &*at),
            ("old", &*old),
            ("new", &*new),
        ];
        Some(book.paragraph("director-swap", &args))
    };
    swaps.filter_map(line).take(REPORT_DOUBTS_MAX).collect()
}

/// Sentence on what is to be done, by the last part of a message key.
fn act_text(book: &ReportContext<'_>, word: &str) -> String {
    book.message(&format!("chapters-director-act-{word}"))
}

fn running_doubt(book: &ReportContext<'_>) -> Option<Doubt> {
    let is_running = book.matter.account.period.last() >= book.today();
    is_running.then(|| {
        let all: Vec<&Indicator> = book.indicators().iter().collect();
        [
            book.message("chapters-director-all-figures"),
            figure_marks::running_text(book, &all),
            act_text(book, "running"),
        ]
    })
}

/// Figures that are provisional or must not be claimed, by their verdict.
fn verdict_doubts(book: &ReportContext<'_>) -> Vec<Doubt> {
    let is_bad = |verdict: &ClaimVerdict| {
        matches!(
            verdict,
            ClaimVerdict::Provisional(_) | ClaimVerdict::NotClaimed(_)
        )
    };
    let doubt = |verdict: ClaimVerdict| {
        let all = book.indicators().iter();
        let has_verdict = |one: &Indicator| {
            let provisional = indicator_figures::provisional_verdict(book, one);
            one.claim == verdict || provisional == Some(verdict)
        };
        let own = all.filter(|one| one.value.is_ok() && has_verdict(one));
        let own: Vec<&Indicator> = own.collect();
        // Net emissions stand for what they are computed from.
        let nets = own
            .iter()
            .filter(|one| ["co2.net", "waste.net"].contains(&&*one.id));
        let nets: Vec<&Indicator> = nets.copied().collect();
        let others = own.iter().filter(|one| !emissions::is_emission(&one.id));
        let told: Vec<&Indicator> = nets.into_iter().chain(others.copied()).collect();
        let told = if told.is_empty() { own.clone() } else { told };
        // An upper bound is told with the net, and what is to be done by what it comes from.
        let is_upper = verdict == ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
        let acted = if is_upper { &own } else { &told };
        (!told.is_empty()).then(|| {
            [
                names_text(book, &told),
                indicator_figures::verdict_sentence(book, verdict),
                act_text(book, doubt_acts::verdict_act(verdict, acted)),
            ]
        })
    };
    let bad = ClaimVerdict::ALL.into_iter().filter(is_bad);
    bad.filter_map(doubt).collect()
}

fn has_remark(figure: &Indicator, key: &str) -> bool {
    figure.remarks.iter().any(|remark| remark.key == key)
}

/// Totals of the programme with an entry that is to be checked.
fn entry_doubt(book: &ReportContext<'_>) -> Option<Doubt> {
    let is_doubted = |one: &&Indicator| {
        let is_of_programme = one.asset.is_none() && one.value.is_ok();
        is_of_programme && has_remark(one, UNUSUAL_AMOUNT) && one.claim == ClaimVerdict::Doubtful
    };
    let doubted: Vec<&Indicator> = book.indicators().iter().filter(is_doubted).collect();
    (!doubted.is_empty()).then(|| {
        [
            names_text(book, &doubted),
            remarks_text(book, &doubted),
            act_text(book, "entry"),
        ]
    })
}

/// Figures of which too little was measured, or whose readings were refused: one row an asset.
fn measuring_doubts(book: &ReportContext<'_>) -> Vec<Doubt> {
    let mut all = Vec::new();
    for asset in book.assets() {
        let own = asset_chapters::asset_indicators(book, &asset.id);
        let of_state = |wanted: &[FigureStatus]| -> Vec<&Indicator> {
            let own = own.iter().filter(|one| {
                let state = indicator_figures::figure_status(book, one);
                wanted.contains(&state)
            });
            own.copied().collect()
        };
        let poor = of_state(&[
            FigureStatus::Insufficient,
            FigureStatus::ByDifference,
            FigureStatus::Partial,
        ]);
        let least = poor
            .iter()
            .filter_map(|one| indicator_figures::judged_share(book, one));
        let least = least.fold(1.0, f64::min);
        if let Some(refused) = poor.iter().find(|one| indicator_figures::is_refused(one)) {
            let why = refused.value.as_ref().err();
            let why = why.map(|why| display_names::remark_sentence(book.lang, why));
            all.push([
                format!("{}: {}", asset.name, names_text(book, &poor)),
                why.unwrap_or_default(),
                act_text(book, "refused"),
            ]);
        } else if !poor.is_empty() {
            let share = number_format::format_percent(book.lang, least, 0);
            all.push([
                format!("{}: {}", asset.name, names_text(book, &poor)),
                book.format_message("chapters-director-measured", &[("share", &share)]),
                act_text(book, "measured"),
            ]);
        }
        let doubtful = of_state(&[FigureStatus::Doubtful]);
        if !doubtful.is_empty() {
            all.push([
                format!("{}: {}", asset.name, names_text(book, &doubtful)),
                remarks_text(book, &doubtful),
                act_text(book, doubt_acts::doubtful_act(doubtful.iter().copied())),
            ]);
        }
    }
    all
}

/// First reason for which figures are to be checked.
fn remarks_text(book: &ReportContext<'_>, all: &[&Indicator]) -> String {
    let mut reasons = all
        .iter()
        .filter_map(|one| indicator_figures::doubt_sentence(book, one));
    let first = reasons.next();
    first.unwrap_or_else(|| indicator_figures::verdict_sentence(book, ClaimVerdict::Doubtful))
}

/// Figures that move together without a declared relation.
fn remark_doubts(book: &ReportContext<'_>) -> Option<Doubt> {
    let marked = book.indicators().iter().filter(|one| {
        let by_point = |from: &InputSource| matches!(from, InputSource::Point(_));
        let is_marked = one.remarks.iter().any(summary::is_moving_together);
        is_marked && one.inputs.iter().any(|input| by_point(&input.from))
    });
    let marked: Vec<&Indicator> = marked.collect();
    (!marked.is_empty()).then(|| {
        [
            names_text(book, &marked),
            book.message("chapters-moving-together-title"),
            act_text(book, "together"),
        ]
    })
}

/// Records without evidence.
fn record_doubt(book: &ReportContext<'_>) -> Option<Doubt> {
    let mut unproven: Vec<&Indicator> = Vec::new();
    for (one, definition) in ledger_chapter::written_totals(book) {
        let mut entries = ledger_chapter::counted_records(book, &definition.id);
        if entries.any(|entry| entry.statement.known == QuantityBasis::Declared) {
            unproven.push(one);
        }
    }
    (!unproven.is_empty()).then(|| {
        [
            names_text(book, &unproven),
            book.message("chapters-director-unproven"),
            act_text(book, "unproven"),
        ]
    })
}

/// Events in the data: how many there are of each kind that occurred.
fn event_doubt(book: &ReportContext<'_>) -> Option<Doubt> {
    let account = book.matter.account;
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    for event in &account.events {
        match kinds.iter_mut().find(|(kind, _)| *kind == event.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((event.kind, 1)),
        }
    }
    if account.events_left_out > 0 {
        kinds.push(("unlisted", account.events_left_out));
    }
    let told = kinds.iter().map(|(kind, count)| {
        let key = format!("chapters-event-word-{}", kind.replace('_', "-"));
        format!("{} ({count})", book.message(&key))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| {
        [
            book.message("chapters-events"),
            display_names::to_sentence(&told.join(", ")),
            act_text(book, "events"),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use crate::i18n::Language;
    use crate::report::content::ReportInputs;
    use crate::report::content::tests::{NOW, test_account, test_config};

    #[test]
    fn only_the_kinds_of_events_that_occurred_are_named() {
        let config = test_config();
        let mut account = test_account(&config);
        let event = |kind: &'static str| DataEvent {
            at: UtcMs(0),
            until: None,
            of: "level.level".into(),
            kind,
            before_after: None,
            import: None,
            redated: None,
        };
        account.events = vec![event("gap"), event("step_down"), event("gap")];
        account.events_left_out = 3;
        let inputs = ReportInputs::of_account(&config, &account, NOW, Language::En);
        let [_, said, _] = event_doubt(&ReportContext::new(inputs)).unwrap();
        let wanted = "Stretches without data (2), falls of counters (1), not listed (3).";
        assert_eq!(said, wanted);
    }

    #[test]
    fn every_kind_of_event_has_a_word_in_both_languages() {
        let others = [
            "zero",
            "gap",
            "correction",
            "undated",
            "redated",
            "damaged",
            "record_damaged",
            "imported",
            "imported_over",
            "unlisted",
        ];
        let counters = CounterEventKind::ALL.iter().map(|kind| kind.code());
        for kind in counters.chain(others) {
            let key = format!("chapters-event-word-{}", kind.replace('_', "-"));
            for lang in [Language::Id, Language::En] {
                assert_ne!(lang.text(&key), key, "{}", lang.code());
            }
        }
    }
}
