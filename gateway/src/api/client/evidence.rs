//! The evidence chain and its data, for `pantau verify` and for bundles.

use super::{ApiBody, ApiClient, ApiClientError, percent_encode};
use crate::api::evidence::{
    EvidenceExtentJson, IssuedReportJson, KeptStampJson, PendingDigestsJson, ReportTodayJson,
    RevisionTextJson,
};
use crate::domain::hex_text::parse_hex;
use crate::evidence::{DayDigest, RecordedTable, RevisionKind};
use crate::i18n::Language;
use crate::report::render::ReportFormat;
use bytes::Bytes;
use jiff::civil::Date;
use serde::de::DeserializeOwned;

impl ApiClient {
    /// Makes every record that is due; none in a store that is open for reading only. `told`
    /// receives the number of days that are left.
    pub(crate) async fn make_due_records(
        &mut self,
        mut told: impl FnMut(u64),
    ) -> Result<(), ApiClientError> {
        // One call makes a bounded part of the records, so that the gateway's next flush is not
        // late.
        loop {
            let path = "/control/evidence/settle";
            let answer: PendingDigestsJson = self.post_json(path, &()).await?;
            told(answer.left);
            if answer.left == 0 {
                return Ok(());
            }
        }
    }

    /// Records after a number, in order; empty at the end of the chain.
    pub(crate) async fn digests_after(
        &mut self,
        after: u64,
    ) -> Result<Vec<DayDigest>, ApiClientError> {
        self.evidence(&format!("digests?after={after}")).await
    }

    /// Newest record of a day.
    pub(crate) async fn newest_digest(
        &mut self,
        day: Date,
    ) -> Result<Option<DayDigest>, ApiClientError> {
        self.evidence(&format!("newest?day={day}")).await
    }

    /// Points that have samples on a day.
    pub(crate) async fn points_of_day(&mut self, day: Date) -> Result<Vec<String>, ApiClientError> {
        self.evidence(&format!("points?day={day}")).await
    }

    /// Samples of a point's day as the lines that are hashed.
    pub(crate) async fn samples_of_day(
        &mut self,
        day: Date,
        point: &str,
    ) -> Result<Bytes, ApiClientError> {
        let point = percent_encode(point);
        let path = format!("samples?day={day}&point={point}");
        self.evidence_body(&path).await?.bytes().await
    }

    /// Rows of a table as the lines that are hashed, at most `RecordedTable::rows_at_once`.
    pub(crate) async fn recorded_rows(
        &mut self,
        table: RecordedTable,
        first: u64,
        last: u64,
    ) -> Result<Bytes, ApiClientError> {
        let table = table.word();
        let path = format!("rows?table={table}&first={first}&last={last}");
        self.evidence_body(&path).await?.bytes().await
    }

    /// First revision of a text after a number.
    pub(crate) async fn revision_after(
        &mut self,
        kind: RevisionKind,
        after: u64,
    ) -> Result<Option<RevisionTextJson>, ApiClientError> {
        let kind = kind.word();
        self.evidence(&format!("revision?kind={kind}&after={after}"))
            .await
    }

    /// First time stamp after a number, with the answer of the authority.
    pub(crate) async fn time_stamp_after(
        &mut self,
        after: u64,
    ) -> Result<Option<(KeptStampJson, Vec<u8>)>, ApiClientError> {
        let found: Option<KeptStampJson> = self.evidence(&format!("stamp?after={after}")).await?;
        Ok(found.map(|stamp| {
            // What is no hexadecimal text is no answer, and the check says so.
            let answer = parse_hex(&stamp.answer).unwrap_or_default();
            (stamp, answer)
        }))
    }

    /// Range of the data behind the records.
    pub(crate) async fn evidence_extent(&mut self) -> Result<EvidenceExtentJson, ApiClientError> {
        self.evidence("extent").await
    }

    /// Report that was handed out in the file with this SHA-256.
    pub(crate) async fn issued_file(
        &mut self,
        sha256: &str,
    ) -> Result<Option<IssuedReportJson>, ApiClientError> {
        self.evidence(&format!("issued?file={sha256}")).await
    }

    /// First report with this content.
    pub(crate) async fn issued_content(
        &mut self,
        sha256: &str,
    ) -> Result<Option<IssuedReportJson>, ApiClientError> {
        self.evidence(&format!("issued?content={sha256}")).await
    }

    /// Comparison of an issued report with what its period gives today, in a language.
    pub(crate) async fn report_today(
        &mut self,
        report: u64,
        lang: Language,
    ) -> Result<ReportTodayJson, ApiClientError> {
        let lang = lang.code();
        let path = format!("moved?report={report}&lang={lang}");
        self.evidence(&path).await
    }

    /// An issued report, made again in a format and language without being noted.
    pub(crate) async fn report_again(
        &mut self,
        report: u64,
        format: ReportFormat,
        lang: Language,
    ) -> Result<Bytes, ApiClientError> {
        let (format, lang) = (format.key(), lang.code());
        let path = format!("again?report={report}&format={format}&lang={lang}");
        self.evidence_body(&path).await?.bytes().await
    }

    async fn evidence<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, ApiClientError> {
        self.evidence_body(what).await?.json().await
    }

    async fn evidence_body(&mut self, what: &str) -> Result<ApiBody, ApiClientError> {
        self.get(&format!("/control/evidence/{what}")).await
    }
}
