//! A serial line: settings by settings, unit by unit.

use super::ask::Asker;
use super::{Host, Place, Scan, port};
use crate::config::{Bus, Link};
use crate::field::scan::{Answer, Probe, Sweep, Tuning};
use crate::read::bus::Channel;
use drivers::frame::Request;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// How long an answer may take in a quick scan, and in a full one, milliseconds.
const QUICK_MS: u64 = 200;
const FULL_MS: u64 = 400;
/// Units with damaged answers that are told; a noisy line has many.
const GARBLED_MAX: usize = 5;
/// How long a line is listened to before the first question.
const LISTEN: Duration = Duration::from_millis(300);
/// How long damaged answers after a change of settings may be answers to what was asked before.
const RETUNED: Duration = Duration::from_secs(1);

impl<H: Host> Scan<'_, H> {
    /// Scans the line at this port.
    pub(super) async fn line(&mut self, port: &Path) {
        let Some((mut asker, mut sweep)) = self.open(port).await else {
            return;
        };
        let usual = if self.wishes.full { FULL_MS } else { QUICK_MS };
        let patience = self.wishes.patience(usual);
        asker.channel.set_timeout(patience);
        let (whole, mut garbled) = (sweep.left(patience), 0);
        let (before, mut last) = (self.found.len(), None);
        while let Some(probe) = sweep.next() {
            last = Some(probe);
            if !self.tune(&mut asker, &mut sweep, &probe, port) {
                continue;
            }
            let left = sweep.left(patience) + probe.most(patience);
            self.host.progress(&probe, whole, left, &self.cost);
            let answer = asker
                .ask(probe.request, Duration::ZERO, &mut self.cost)
                .await;
            match answer {
                Ok(Answer::Silence) => garbled += self.garbled(&asker, &probe, garbled),
                Ok(Answer::Refused(10 | 11)) => {}
                Ok(answer) => {
                    sweep.found(&probe);
                    self.found_on_line(&mut asker, port, &probe, answer).await;
                }
                Err(why) => {
                    let port = port.display().to_string();
                    let args = [("port", port.as_str()), ("why", why.as_str())];
                    let text = self.lang.say("scan-port-lost", &args);
                    return self.refuse(&text);
                }
            }
            self.late_on_line(&mut asker, &mut sweep, port, &probe)
                .await;
        }
        if let Some(probe) = last.filter(|_| self.found.len() == before) {
            asker.linger().await;
            self.late_on_line(&mut asker, &mut sweep, port, &probe)
                .await;
        }
    }

    /// Asks units again that have answered too late.
    async fn late_on_line(
        &mut self,
        asker: &mut Asker,
        sweep: &mut Sweep,
        port: &Path,
        probe: &Probe,
    ) {
        for unit in asker.newly_late() {
            let request = Request {
                unit,
                ..probe.request
            };
            let probe = Probe { request, ..*probe };
            if sweep.has_found(&probe) {
                continue;
            }
            let patience = asker.channel.timeout();
            asker.channel.set_timeout(self.late(asker, unit));
            let answer = asker.ask(request, Duration::ZERO, &mut self.cost).await;
            if let Ok(answer) = answer
                && !matches!(answer, Answer::Silence | Answer::Refused(10 | 11))
            {
                sweep.found(&probe);
                self.found_on_line(asker, port, &probe, answer).await;
            }
            asker.channel.set_timeout(patience);
        }
    }

    /// Says that a unit answers what nobody can read; how many sentences that took.
    fn garbled(&mut self, asker: &Asker, probe: &Probe, said: usize) -> usize {
        // What was asked in other settings may answer now, and nobody can read it.
        let is_of_before = asker.tuned_at.elapsed() < RETUNED;
        if !asker.is_garbled || is_of_before || said >= GARBLED_MAX {
            return 0;
        }
        let unit = probe.request.unit.to_string();
        let settings = probe.tuning.map(Tuning::text).unwrap_or_default();
        let args = [("unit", unit.as_str()), ("settings", settings.as_str())];
        self.host.warn(&self.lang.say("scan-garbled", &args));
        1
    }

    async fn found_on_line(
        &mut self,
        asker: &mut Asker,
        port: &Path,
        probe: &Probe,
        answer: Answer,
    ) {
        let Some(tuning) = probe.tuning else {
            return;
        };
        let link = Link::Rtu(tuning.line(port.to_owned()));
        let place = Place::Line(port.to_owned(), tuning);
        let found = self
            .name(asker, &link, place, (probe.request, answer))
            .await;
        self.keep(found);
    }

    /// The way to the line and what to try on it; `None` when it must not be disturbed.
    async fn open(&mut self, port: &Path) -> Option<(Asker, Sweep)> {
        if let Some(shared) = self.through_gateway(port).await {
            return Some(shared);
        }
        if let Some(trouble) = port::trouble(port, self.lang) {
            self.refuse(&trouble);
            return None;
        }
        let tunings = self.wishes.tunings();
        let first = *tunings.first()?;
        let mut channel = Channel::new(&bus(port, first));
        match channel.listen(LISTEN).await {
            Ok(true) => {
                let shown = port.display().to_string();
                self.host
                    .warn(&self.lang.say("scan-line-in-use", &[("port", &shown)]));
                if !self.wishes.yes {
                    self.failed = true;
                    return None;
                }
            }
            Ok(false) => self.host.warn(&self.lang.text("scan-line-warning")),
            // The first settings may be none of this port's; the next are tried.
            Err(why) => tracing::debug!(%why, "first settings"),
        }
        let sweep = Sweep::of_line(&tunings, &self.units(true));
        let tuning = Some(first).filter(|_| channel.is_open());
        Some((Asker::new(channel, tuning), sweep))
    }

    /// A running gateway that owns the line asks for us, in the settings that the line has.
    async fn through_gateway(&mut self, port: &Path) -> Option<(Asker, Sweep)> {
        let config = self.config?;
        let index = config
            .buses
            .iter()
            .position(|bus| port::is_at(&bus.link, port))?;
        let channel = self.host.owned(config, index).await?;
        let Link::Rtu(line) = &config.buses[index].link else {
            return None;
        };
        let tuning = Tuning {
            baud: line.baud,
            parity: line.parity,
            stop_bits: line.stop_bits,
        };
        let args = [
            ("bus", &*config.buses[index].id),
            ("settings", &tuning.text()),
        ];
        self.host.warn(&self.lang.say("scan-shared-line", &args));
        let sweep = Sweep::of_line(&[tuning], &self.units(true));
        let tuning = Some(tuning);
        Some((Asker::new(channel, tuning), sweep))
    }

    /// Puts the port into the settings of the probe; false when it has no such settings.
    fn tune(&mut self, asker: &mut Asker, sweep: &mut Sweep, probe: &Probe, port: &Path) -> bool {
        if asker.tuning == probe.tuning {
            return true;
        }
        let Some(tuning) = probe.tuning else {
            return true;
        };
        if let Err(why) = asker.channel.retune(&tuning.line(port.to_owned())) {
            let (settings, why) = (tuning.text(), why.to_string());
            let args = [("settings", settings.as_str()), ("why", why.as_str())];
            self.host.warn(&self.lang.say("scan-no-settings", &args));
            asker.tuning = None;
            sweep.skip_settings();
            return false;
        }
        asker.tuning = Some(tuning);
        asker.tuned_at = Instant::now();
        true
    }
}

fn bus(port: &Path, tuning: Tuning) -> Bus {
    Bus {
        id: "scan".into(),
        link: Link::Rtu(tuning.line(port.to_owned())),
        timeout: Duration::from_millis(QUICK_MS),
        settle: Duration::ZERO,
    }
}
