//! Waste behind the methane of a treatment: what is known to have been treated, and once.

use super::ledger_entries::ledger_statement;
use super::site::SITE_DEVICES;
use super::{TestSite, assert_figure_close, assert_missing, find_figure, has_remark};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{IndicatorRemark, SiteIndicators};
use crate::domain::ledger::EntryStatement;
use crate::domain::value_bound::ValueBound;

const LANDFILL: &str = "disposal = { fate = 'landfill', mcf = 'swds.mcf.unmanaged_shallow', \
    gas_captured = 0.0, evidence = 'letter' }";
/// Lifetime methane of a tonne, t.
const PER_TONNE: f64 = 0.428_4;

/// An indicator, kilograms and the description of an entry.
type Entry<'a> = (&'a str, i64, &'a str);

fn bin(keys: &str) -> String {
    format!(
        "[[asset]]\nid = 'bak'\nname = 'Biopond'\nkind = 'bsf'\ntemperature = 'bin.core'\n\
         probe = 'x'\n{LANDFILL}\n{keys}\n"
    )
}

fn heap(keys: &str) -> String {
    format!(
        "[[asset]]\nid = 'kompos'\nname = 'Tumpukan'\nkind = 'compost'\nprocess = 'windrow'\n\
         {LANDFILL}\n{keys}\n"
    )
}

/// Figures of 2026 of a site with these assets and entries of 2 November.
async fn account_of(assets: &str, entries: &[Entry<'_>]) -> SiteIndicators {
    let village = TestSite::new(&format!("{SITE_DEVICES}{assets}"));
    let statements = entries.iter().map(|(indicator, kg, what)| EntryStatement {
        what: (*what).to_owned(),
        ..ledger_statement(indicator, *kg, "2026-11-02")
    });
    let added = village.store.append_ledger(statements.collect(), "siti");
    added.await.unwrap();
    village.indicators("2026").await
}

#[tokio::test]
async fn sorted_waste_is_not_composted_before_an_entry_or_the_site_says_so() {
    let unnamed = ("waste-sorted", 300, "bank sampah");
    let named = ("waste-sorted", 100, "ke tumpukan");
    let methane = ["methane.annual", "methane.lifetime"];
    let found = account_of(&heap(""), &[unnamed]).await;
    for id in methane {
        assert_missing(&found, id, "kompos", "account-no-treatment");
    }
    assert_figure_close(&found, "ledger.waste-sorted", "", 300.0);
    let found = account_of(&heap(""), &[unnamed, named]).await;
    assert_figure_close(&found, "methane.lifetime", "kompos", PER_TONNE * 0.1);
    for id in methane {
        let figure = find_figure(&found, id, "kompos");
        assert_eq!(figure.bound(), ValueBound::Lower, "{id}");
        assert!(has_remark(figure, "account-untreated-lower-bound"));
    }
    // The key says that the records are of what the heap takes.
    let declared = heap("fed = 'waste-sorted'");
    let found = account_of(&declared, &[unnamed, named]).await;
    assert_figure_close(&found, "methane.lifetime", "kompos", PER_TONNE * 0.4);
    let figure = find_figure(&found, "methane.lifetime", "kompos");
    assert_eq!(figure.bound(), ValueBound::Neither);
}

#[tokio::test]
async fn waste_of_one_day_amount_and_source_is_claimed_by_one_treatment() {
    let both = bin("") + &heap("fed = 'waste-sorted'");
    for (first, second, claimed) in [
        ("sisa pasar", "sisa pasar", 60.0),
        ("Sisa pasar, biopond", "kompos: sisa pasar", 60.0),
        ("", "", 60.0),
        ("sisa pasar", "", 60.0),
        ("sisa pasar", "sisa pasar ke kompos", 60.0),
        ("sisa pasar", "daun kering", 120.0),
    ] {
        let entries = [("bsf-fed", 60, first), ("waste-sorted", 60, second)];
        let found = account_of(&both, &entries).await;
        // Not more than one bucket of 60 kg for each treatment.
        assert_figure_close(&found, "methane.lifetime", "bak", PER_TONNE * 0.06);
        if claimed > 100.0 {
            assert_figure_close(&found, "methane.lifetime", "kompos", PER_TONNE * 0.06);
        } else {
            assert_missing(&found, "methane.lifetime", "kompos", "account-same-mass");
        }
        let is_doubted = claimed < 100.0;
        for (id, asset) in [
            ("bsf.fed", "bak"),
            ("compost.fed", "kompos"),
            ("methane.lifetime", "bak"),
            ("ledger.bsf-fed", ""),
            ("ledger.waste-sorted", ""),
        ] {
            let figure = find_figure(&found, id, asset);
            let place = format!("{id} of {asset}, {first}, {second}");
            assert_eq!(
                has_remark(figure, "account-same-mass"),
                is_doubted,
                "{place}"
            );
            assert_eq!(
                figure.claim >= ClaimVerdict::Doubtful,
                is_doubted,
                "{place}"
            );
        }
    }
    // Of two entries one is the same mass: the other one is claimed.
    let entries = [
        ("bsf-fed", 60, "x"),
        ("waste-sorted", 60, "x"),
        ("waste-sorted", 30, "x"),
    ];
    let found = account_of(&both, &entries).await;
    assert_figure_close(&found, "methane.lifetime", "kompos", PER_TONNE * 0.03);
    let figure = find_figure(&found, "methane.lifetime", "kompos");
    assert_eq!(figure.claim, ClaimVerdict::Doubtful);
    // Another amount, and buckets of one size for two bins, are no such case.
    let found = account_of(&both, &[("bsf-fed", 60, "x"), ("waste-sorted", 61, "x")]).await;
    assert!(!has_remark(
        find_figure(&found, "bsf.fed", "bak"),
        "account-same-mass"
    ));
}

#[tokio::test]
async fn one_record_that_names_a_bin_and_a_heap_is_claimed_by_neither() {
    let both = bin("") + &heap("fed = 'bsf-fed'");
    let found = account_of(&both, &[("bsf-fed", 60, "bak dan kompos")]).await;
    for id in ["methane.annual", "methane.lifetime"] {
        assert_missing(&found, id, "", "account-no-treatment");
        assert_eq!(found.find(id, Some("bak")), None);
    }
    assert_figure_close(&found, "ledger.bsf-fed", "", 60.0);
}

#[tokio::test]
async fn what_a_bin_gives_to_a_heap_is_claimed_where_it_was_waste() {
    let feeds = "[[relation]]\nasset = 'bak'\nkind = 'feeds'\nwith = 'kompos'\n";
    for relation in ["", feeds] {
        let both = bin("") + &heap("fed = 'bsf-kasgot'") + relation;
        let entries = [("bsf-fed", 100, ""), ("bsf-kasgot", 40, "kompos")];
        let found = account_of(&both, &entries).await;
        assert_figure_close(&found, "methane.lifetime", "bak", PER_TONNE * 0.1);
        assert_missing(&found, "methane.lifetime", "kompos", "account-mass-goes-on");
        assert_figure_close(&found, "compost.fed", "kompos", 40.0);
    }
}

#[tokio::test]
async fn indices_of_larvae_beyond_what_was_published_are_not_claimed() {
    let implausible = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
    let (checked, firm) = (ClaimVerdict::Doubtful, ClaimVerdict::Claimable);
    for (larvae, residue, id, wanted) in [
        (1000, 0, "bsf.bioconversion", implausible),
        (1000, 0, "bsf.feed_conversion", implausible),
        (640, 100, "bsf.bioconversion", implausible),
        (500, 250, "bsf.bioconversion", checked),
        (200, 250, "bsf.bioconversion", firm),
        (200, 250, "bsf.efficiency", firm),
        (200, 10, "bsf.reduction", implausible),
        (200, 790, "bsf.loss", checked),
    ] {
        let village = TestSite::new(&format!("{SITE_DEVICES}{}", bin("")));
        let harvest = [("bsf-maggot", larvae), ("bsf-kasgot", residue)];
        let harvest = harvest.into_iter().filter(|(_, kg)| *kg > 0);
        let harvest = harvest.map(|(id, kg)| ledger_statement(id, kg, "2026-11-20"));
        let fed = ledger_statement("bsf-fed", 1000, "2026-11-02");
        let entries = [fed].into_iter().chain(harvest).collect();
        village.store.append_ledger(entries, "siti").await.unwrap();
        let found = village.indicators("2026-11").await;
        let figure = find_figure(&found, id, "bak");
        assert_eq!(
            figure.claim, wanted,
            "{larvae} {residue} {id}: {:?}",
            figure.value
        );
        let told = figure.remarks.iter().any(IndicatorRemark::is_doubt);
        assert_eq!(told, wanted != firm, "{id}: {:?}", figure.remarks);
    }
}

#[tokio::test]
async fn more_mass_out_of_two_bins_than_went_in_is_to_be_checked_whoever_it_names() {
    let two = bin("")
        + &bin("")
            .replace("'bak'", "'bak2'")
            .replace("Biopond", "Biopond dua");
    let fed = [("bsf-fed", 100, "bak"), ("bsf-fed", 50, "bak2")];
    for (out, is_odd) in [
        ([("bsf-maggot", 65, ""), ("bsf-kasgot", 150, "")], true),
        ([("bsf-maggot", 15, ""), ("bsf-kasgot", 45, "")], false),
    ] {
        let found = account_of(&two, &[&fed[..], &out[..]].concat()).await;
        for id in ["ledger.bsf-maggot", "ledger.bsf-kasgot"] {
            let figure = find_figure(&found, id, "");
            assert_eq!(
                has_remark(figure, "account-unusual-balance"),
                is_odd,
                "{id}"
            );
            assert_eq!(figure.claim >= ClaimVerdict::Doubtful, is_odd, "{id}");
        }
        let figure = find_figure(&found, "ledger.bsf-fed", "");
        assert!(!has_remark(figure, "account-unusual-balance"));
    }
}
