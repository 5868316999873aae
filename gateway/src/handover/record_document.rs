//! Commissioning record as a document for the report renderers.

use super::device_state::HandoverPoint;
use super::record::HandoverRecord;
use super::{tables, wiring};
use crate::commissioning::soak_record::{SoakRecord, SoakRecordRow};
use crate::report::render::document::{
    CalloutBox, CalloutTone, LabelledId, PageStanding, ReportBlock, ReportDocument, ReportSection,
};
use crate::report::render::number_format;

impl HandoverRecord<'_> {
    pub(crate) fn to_document(&self) -> ReportDocument {
        let site = &self.config.site;
        let day = self.local_day();
        ReportDocument {
            title: self.handover_text("title"),
            site: LabelledId {
                id: site.id.to_string(),
                name: site.name.to_string(),
            },
            period: LabelledId {
                id: day.to_string(),
                name: number_format::date(self.lang, day),
            },
            lang: self.lang,
            zone: site.timezone.rules().clone(),
            issued: self.now,
            revision: self.revision_digits(),
            // The record is about this moment and not about closed days, so it has no evidence.
            evidence: crate::evidence::ReportEvidence::default(),
            standing: PageStanding::default(),
            sections: self.build_sections(),
            calculations: Vec::new(),
        }
    }

    fn build_sections(&self) -> Vec<ReportSection> {
        let mut sections = vec![
            self.build_section(
                "site",
                vec![
                    ReportBlock::Table(tables::site_table(self)),
                    ReportBlock::Table(tables::buses_table(self)),
                ],
            ),
            self.build_section("checks", self.checks_blocks()),
            self.build_section(
                "devices",
                vec![ReportBlock::Table(tables::devices_table(self))],
            ),
            self.build_section("readings", self.readings_blocks()),
        ];
        // The command line looks at devices, and not at what else belongs to a site.
        sections.retain(|section| section.id != "checks" || !self.checks.is_empty());
        if let Some(soak) = &self.soak {
            sections.push(self.build_section("soak", self.soak_blocks(soak)));
        }
        let tanks = tables::tank_tables(self);
        if !tanks.is_empty() {
            let tanks = tanks.into_iter().map(ReportBlock::Table);
            sections.push(self.build_section("tanks", tanks.collect()));
        }
        sections.push(self.build_section("calibrations", vec![self.calibrations_block()]));
        if !self.photos.is_empty() {
            let photos = self.photos.iter().cloned().map(ReportBlock::Photo);
            sections.push(self.build_section("photos", photos.collect()));
        }
        sections.push(self.build_section(
            "signatures",
            vec![
                ReportBlock::Paragraph(self.handover_text("signatures-text")),
                ReportBlock::Table(tables::signatures_table(self)),
            ],
        ));
        let wiring = wiring::wiring_blocks(self);
        if !wiring.is_empty() {
            sections.push(ReportSection {
                annex: true,
                ..self.build_section("wiring", wiring)
            });
        }
        sections
    }

    fn build_section(&self, id: &str, blocks: Vec<ReportBlock>) -> ReportSection {
        ReportSection {
            id: id.to_owned(),
            title: self.handover_text(id),
            tab: String::new(),
            annex: false,
            blocks,
        }
    }

    fn checks_blocks(&self) -> Vec<ReportBlock> {
        let mut blocks = vec![ReportBlock::Table(tables::checks_table(self))];
        if !self.remark.is_empty() {
            blocks.push(ReportBlock::Paragraph(self.remark.clone()));
        }
        blocks
    }

    fn readings_blocks(&self) -> Vec<ReportBlock> {
        let differing = self.count_differing();
        let compared = self
            .all_points()
            .filter_map(HandoverPoint::compare_with_display)
            .count();
        // Without any comparison nothing is verified, which the reader must notice.
        let (tone, key) = match (compared, differing) {
            (0, _) => (CalloutTone::Warning, "uncompared"),
            (_, 0) => (CalloutTone::Note, "agreeing"),
            _ => (CalloutTone::Warning, "differing-box"),
        };
        let (compared, differing) = (compared.to_string(), differing.to_string());
        let args = [("compared", &*compared), ("differing", &*differing)];
        let callout = CalloutBox {
            tone,
            title: self.handover_text("readings-box"),
            text: self.lang.text_with(&format!("handover-{key}"), &args),
        };
        vec![
            ReportBlock::Callout(callout),
            ReportBlock::Table(tables::readings_table(self)),
        ]
    }

    fn soak_blocks(&self, soak: &SoakRecord) -> Vec<ReportBlock> {
        let minutes = std::time::Duration::from_millis(soak.elapsed_ms).as_secs_f64() / 60.0;
        let minutes = number_format::format_number(self.lang, minutes, 1);
        let (tone, key) = if soak.passes {
            (CalloutTone::Note, "soak-passed")
        } else if soak.devices.iter().any(|row| !row.passes) {
            (CalloutTone::Warning, "soak-failed")
        } else if soak.devices.iter().all(SoakRecordRow::is_enough) {
            (CalloutTone::Warning, "soak-stopped")
        } else {
            (CalloutTone::Warning, "handover-soak-few")
        };
        let polls = soak.devices.iter().map(|row| row.polls).min();
        let polls = polls.unwrap_or_default().to_string();
        let args = [("minutes", minutes.as_str()), ("polls", &polls)];
        let callout = CalloutBox {
            tone,
            title: self.handover_text("soak-box"),
            text: self.lang.text_with(key, &args),
        };
        vec![
            ReportBlock::Callout(callout),
            ReportBlock::Table(tables::soak_table(self, soak)),
        ]
    }

    fn calibrations_block(&self) -> ReportBlock {
        match tables::calibrations_table(self) {
            Some(table) => ReportBlock::Table(table),
            None => ReportBlock::Paragraph(self.handover_text("calibrations-none")),
        }
    }
}
