//! `pantau verify`: recomputes the chain from raw samples, ledger and revisions, or checks a
//! bundle.

use super::chain_records::{check_records, tell_uncovered};
use super::changed_texts::name_changes;
use super::file_sort::{FileSort, sort_of_file};
use super::issued::verify_report;
use super::known_damage;
use super::output;
use crate::api::client::ApiClient;
use crate::cli::backend::{
    DEFAULT_CONFIG_PATH, load_config, move_progress_bar, open_with_records, print_stderr,
    progress_bar, report_failure,
};
use crate::cli::command_error::CommandError;
use crate::evidence::{
    ChangedText, DayDigest, DayRecord, DigestChain, MismatchKind, RecordedTable, RevisionKind,
    Sha256Hasher, VerificationReport, check_bundle, hash, numbers_text, read_authorities,
};
use crate::i18n::Language;
use bytes::Bytes;
use jiff::civil::Date;
use rustls::pki_types::CertificateDer;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Arguments of `pantau verify`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct VerifyArgs {
    #[arg(value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    #[arg(long, value_name = "SHA-256")]
    digest: Option<String>,
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

/// Rechecks of a day whose record has changed in between.
const DAY_RECHECKS_MAX: u32 = 5;

/// Checks, and prints the differences; returns the exit status.
pub(in crate::cli) async fn run_verify(options: &VerifyArgs, lang: Language) -> u8 {
    match &options.bundle {
        None if is_without_site(options) => {
            output::print_wrong_call("evidence-where-chain", &options.config, lang)
        }
        None => verify_chain(options, lang).await,
        Some(file) => match sort_of_file(file) {
            Ok(FileSort::Report) if is_without_site(options) => {
                output::print_wrong_call("evidence-where-report", file, lang)
            }
            Ok(FileSort::Report) => verify_report(file, &options.config, options.json, lang).await,
            Ok(FileSort::Other) => output::print_wrong_call("evidence-no-sort", file, lang),
            // What cannot be opened is told there.
            Ok(FileSort::Bundle) | Err(_) => verify_bundle(options, file, lang),
        },
    }
}

/// Returns whether no configuration was named and there is none in the usual place.
fn is_without_site(options: &VerifyArgs) -> bool {
    options.config == Path::new(DEFAULT_CONFIG_PATH) && !options.config.exists()
}

fn verify_bundle(options: &VerifyArgs, file: &Path, lang: Language) -> u8 {
    let authorities = match authorities(options.ca.as_deref()) {
        Ok(all) => all,
        Err(why) => return output::print_no_authorities(&why, lang),
    };
    let bar = progress_bar(None);
    let wanted = wanted_digest(options);
    let checked = check_bundle(file, wanted.as_deref(), &authorities, |bytes| {
        bar.inc(bytes);
    });
    bar.finish_and_clear();
    match checked {
        Ok((about, mut verdict)) => {
            name_changes(&mut verdict, None);
            output::print_verdict(&verdict, Some(&about), options.json, lang)
        }
        Err(fault) => output::print_unreadable_bundle(file, &fault, options.json, lang),
    }
}

async fn verify_chain(options: &VerifyArgs, lang: Language) -> u8 {
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let time_stamp = config.time_stamp.as_ref();
    let ca_file = time_stamp.and_then(|server| server.ca_file.as_deref());
    let authorities = match authorities(options.ca.as_deref().or(ca_file)) {
        Ok(all) => all,
        Err(why) => return output::print_no_authorities(&why, lang),
    };
    let checked = async {
        // A damaged file must be named as damaged, not as changed.
        let mut client = open_with_records(&config, true).await?;
        let checked = async {
            let wanted = wanted_digest(options);
            let verdict = check_chain(&mut client, wanted.as_deref(), &authorities).await?;
            Ok::<_, CommandError>((verdict, client.damage_lines().await?))
        };
        let checked = checked.await;
        client.close().await;
        checked
    };
    match checked.await {
        Ok((mut verdict, lost)) => {
            name_changes(&mut verdict, Some(&config.revision_text()));
            let status = output::print_verdict(&verdict, None, options.json, lang);
            if let Some(text) = known_damage::known_damage_text(&lost, lang) {
                print_stderr(&text);
            }
            status
        }
        Err(trouble) => report_failure(&trouble, lang),
    }
}

/// Digest that a person typed from a report, without spaces and in lower case.
fn wanted_digest(options: &VerifyArgs) -> Option<String> {
    let text = options.digest.as_deref()?;
    Some(
        text.split_whitespace()
            .collect::<String>()
            .to_ascii_lowercase(),
    )
}

/// Reads the authorities behind time stamps; none without a file. The error is a sentence.
fn authorities(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    read_authorities(file).map_err(|why| format!("{}: {why}", file.display()))
}

/// Checks the whole chain against the data.
async fn check_chain(
    client: &mut ApiClient,
    wanted: Option<&str>,
    authorities: &[CertificateDer<'_>],
) -> Result<VerificationReport, CommandError> {
    let bar = progress_bar(Some(0));
    let mut most = 0;
    client
        .make_due_records(|left| {
            most = most.max(left);
            move_progress_bar(&bar, most - left, most);
        })
        .await?;
    let mut verdict = VerificationReport::default();
    let chain = check_records(client, wanted, &mut verdict).await?;
    for table in RecordedTable::ALL {
        check_rows(client, &chain, table, &mut verdict).await?;
    }
    tell_uncovered(client, &chain, &mut verdict).await?;
    check_revisions(client, &chain, &mut verdict).await?;
    let mut after = 0;
    while let Some((stamp, answer)) = client.time_stamp_after(after).await? {
        chain.check_stamp(stamp.number, &answer, authorities, &mut verdict);
        after = stamp.id;
    }
    move_progress_bar(&bar, 0, chain.newest_by_day().count() as u64);
    let extent = client.evidence_extent().await?;
    let gone: Option<Date> = extent.gone_before.and_then(|day| day.parse().ok());
    for (day, _) in chain.newest_by_day() {
        match gone {
            Some(gone) if day < gone => verdict.gone += 1,
            // Samples that came later have no record yet, so the day cannot be checked.
            _ if extent.due.contains(&day.to_string()) => verdict.due += 1,
            // The record is a fault already, and says nothing about the samples.
            _ if chain.broken_days().contains(&day) => verdict.unchecked += 1,
            _ => check_day(client, day, &mut verdict).await?,
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    verdict.settle();
    Ok(verdict)
}

async fn check_rows(
    client: &mut ApiClient,
    chain: &DigestChain,
    table: RecordedTable,
    verdict: &mut VerificationReport,
) -> Result<(), CommandError> {
    for range in chain.ranges(table) {
        // Page by page: the ledger of years is more than one answer holds.
        let mut hash = Sha256Hasher::default();
        let mut first = range.first;
        while first <= range.last {
            let last = range.last.min(first + table.rows_at_once() - 1);
            hash.put(&client.recorded_rows(table, first, last).await?);
            first = last + 1;
        }
        if hash.finish_hex() != range.sha256 {
            let name = numbers_text(range.first, range.last);
            verdict.add_mismatch(Some(range.day), MismatchKind::Rows(table), name);
        }
    }
    Ok(())
}

async fn check_revisions(
    client: &mut ApiClient,
    chain: &DigestChain,
    verdict: &mut VerificationReport,
) -> Result<(), CommandError> {
    for ((kind, id), text) in chain.texts() {
        let found = revision(client, *kind, *id).await?;
        let is_same = |found: &String| hash(found.as_bytes()) == text.sha256;
        if found.as_ref().is_some_and(is_same) {
            continue;
        }
        let mut fault = chain.text_mismatch(*kind, *id);
        fault.is_missing = found.is_none();
        verdict.add(fault);
        let before = revision(client, *kind, id.saturating_sub(1)).await?;
        let after = revision(client, *kind, id + 1).await?;
        if let Some(found) = found {
            verdict.add_changed_text(ChangedText {
                kind: *kind,
                id: *id,
                sha256: text.sha256.clone(),
                text: found,
                neighbours: before.into_iter().chain(after).collect(),
            });
        }
    }
    Ok(())
}

/// Text of a revision; `None` when there is none with this number.
async fn revision(
    client: &mut ApiClient,
    kind: RevisionKind,
    id: u64,
) -> Result<Option<String>, CommandError> {
    let found = client.revision_after(kind, id.saturating_sub(1)).await?;
    let found = found.filter(|found| found.id == id);
    Ok(found.map(|found| found.text))
}

/// Checks the samples of a day against its newest record; repeats when another record was made in
/// between.
async fn check_day(
    client: &mut ApiClient,
    day: Date,
    verdict: &mut VerificationReport,
) -> Result<(), CommandError> {
    verdict.days += 1;
    let mut newest = client.newest_digest(day).await?;
    for _ in 0..DAY_RECHECKS_MAX {
        let Some(digest) = &newest else {
            return Ok(());
        };
        let differs = differing_points(client, day, digest).await?;
        if differs.is_empty() {
            return Ok(());
        }
        client.make_due_records(|_| ()).await?;
        let again = client.newest_digest(day).await?;
        // A new record covers samples that came late: the day is then compared anew.
        if again == newest {
            for point in differs {
                verdict.add_mismatch(Some(day), MismatchKind::Samples, point);
            }
            return Ok(());
        }
        newest = again;
    }
    Ok(())
}

/// Points whose samples differ from the record.
async fn differing_points(
    client: &mut ApiClient,
    day: Date,
    digest: &DayDigest,
) -> Result<Vec<String>, CommandError> {
    // A record that cannot be parsed is an error of the chain already.
    let Ok(record) = digest.record.parse::<DayRecord>() else {
        return Ok(Vec::new());
    };
    let there: BTreeSet<String> = client.points_of_day(day).await?.into_iter().collect();
    let said = record.samples.iter().map(|line| &line.point);
    let points: BTreeSet<&String> = said.chain(&there).collect();
    let mut differs = Vec::new();
    for point in points {
        let line = record.samples.iter().find(|line| line.point == *point);
        let text = if there.contains(point) {
            client.samples_of_day(day, point).await?
        } else {
            Bytes::new()
        };
        let same = match line {
            Some(line) => hash(&text) == line.sha256,
            None => text.is_empty(),
        };
        if !same {
            differs.push(point.clone());
        }
    }
    Ok(differs)
}
