//! Scan of a serial line: for each line setting all units.

use super::scan_channel::ScanChannel;
use super::{DeviceLocation, DeviceScan, ScanObserver, serial_port};
use crate::buses::modbus::bus::BusChannel;
use crate::commissioning::scan_engine::{ScanAnswer, ScanLineSettings, ScanProbe, UnitSweep};
use crate::config::{Bus, BusLink, ModbusLink};
use drivers::frame::ModbusReadRequest;
use drivers::header_oddities::HeaderOddities;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Timeout of a quick scan and of a full one, milliseconds.
const QUICK_TIMEOUT_MS: u64 = 200;
const FULL_TIMEOUT_MS: u64 = 400;
/// Maximum number of messages about garbled answers; a noisy line has many.
const GARBLED_MAX: usize = 5;
/// Listening time before the first request.
const LISTEN_TIME: Duration = Duration::from_millis(300);
/// Time after a change of line settings in which garbled bytes may be answers to earlier requests.
const RETUNE_GRACE: Duration = Duration::from_secs(1);

impl<H: ScanObserver> DeviceScan<'_, H> {
    /// Scans the line at this port.
    pub(crate) async fn scan_line(&mut self, port: &Path) {
        let Some((mut asker, mut sweep)) = self.open_line(port).await else {
            return;
        };
        let usual = if self.wishes.full {
            FULL_TIMEOUT_MS
        } else {
            QUICK_TIMEOUT_MS
        };
        let patience = self.wishes.answer_timeout(usual);
        asker.channel.set_timeout(patience);
        let (whole, mut garbled) = (sweep.time_left(patience), 0);
        let (before, mut last) = (self.found.len(), None);
        while let Some(probe) = sweep.next() {
            last = Some(probe);
            if !self.apply_tuning(&mut asker, &mut sweep, &probe, port) {
                continue;
            }
            let left = sweep.time_left(patience) + probe.max_duration(patience);
            self.host.progress(&probe, whole, left, &self.cost);
            let answer = asker
                .send_request(probe.request, Duration::ZERO, &mut self.cost)
                .await;
            match answer {
                Ok(ScanAnswer::Silence) => garbled += self.warn_garbled(&asker, &probe, garbled),
                Ok(ScanAnswer::Refused(10 | 11)) => {}
                Ok(answer) => {
                    sweep.found(&probe);
                    self.record_line_device(&mut asker, port, &probe, answer)
                        .await;
                }
                Err(why) => {
                    let (port, why) = (port.display().to_string(), self.lang.fault_detail(&why));
                    let args = [("port", port.as_str()), ("why", why.as_str())];
                    let text = self.lang.text_with("scan-port-lost", &args);
                    return self.refuse_target(&text);
                }
            }
            self.retry_late_units(&mut asker, &mut sweep, port, &probe)
                .await;
        }
        // Without any device the timeout may be too short for all of them: late answers are awaited
        // once.
        if let Some(probe) = last.filter(|_| self.found.len() == before) {
            asker.wait_for_late_answers().await;
            self.retry_late_units(&mut asker, &mut sweep, port, &probe)
                .await;
        }
    }

    /// Asks late units again with a longer timeout.
    async fn retry_late_units(
        &mut self,
        asker: &mut ScanChannel,
        sweep: &mut UnitSweep,
        port: &Path,
        probe: &ScanProbe,
    ) {
        for unit in asker.newly_late() {
            let request = ModbusReadRequest {
                unit,
                ..probe.request
            };
            let probe = ScanProbe { request, ..*probe };
            if sweep.has_found(&probe) {
                continue;
            }
            let patience = asker.channel.timeout();
            asker.channel.set_timeout(self.warn_late_unit(asker, unit));
            let answer = asker
                .send_request(request, Duration::ZERO, &mut self.cost)
                .await;
            if let Ok(answer) = answer
                && !matches!(answer, ScanAnswer::Silence | ScanAnswer::Refused(10 | 11))
            {
                sweep.found(&probe);
                self.record_line_device(asker, port, &probe, answer).await;
            }
            asker.channel.set_timeout(patience);
        }
    }

    /// Reports that a unit gives garbled answers; returns the number of messages, 0 or 1.
    fn warn_garbled(&mut self, asker: &ScanChannel, probe: &ScanProbe, said: usize) -> usize {
        // A request sent with the previous settings may be answered only now, and is then
        // unreadable.
        let is_of_before = asker.tuned_at.elapsed() < RETUNE_GRACE;
        if !asker.is_garbled || is_of_before || said >= GARBLED_MAX {
            return 0;
        }
        let unit = probe.request.unit.to_string();
        let settings = probe.tuning.map(ScanLineSettings::text).unwrap_or_default();
        let args = [("unit", unit.as_str()), ("settings", settings.as_str())];
        self.host.warn(&self.lang.text_with("scan-garbled", &args));
        1
    }

    async fn record_line_device(
        &mut self,
        asker: &mut ScanChannel,
        port: &Path,
        probe: &ScanProbe,
        answer: ScanAnswer,
    ) {
        let Some(tuning) = probe.tuning else {
            return;
        };
        let link = ModbusLink::Rtu(tuning.to_line(port.to_owned()));
        let place = DeviceLocation::Line(port.to_owned(), tuning);
        let found = self
            .identify_device(asker, &link, place, (probe.request, answer))
            .await;
        self.record_found(found);
    }

    /// Channel to the line, and the units to try; `None` when the line must not be used.
    async fn open_line(&mut self, port: &Path) -> Option<(ScanChannel, UnitSweep)> {
        if let Some(shared) = self.open_through_gateway(port).await {
            return Some(shared);
        }
        if let Some(trouble) = serial_port::port_error_text(port, self.lang) {
            self.refuse_target(&trouble);
            return None;
        }
        let tunings = self.wishes.line_tunings();
        let first = *tunings.first()?;
        let mut channel = BusChannel::new(&scan_bus(port, first));
        // Two masters on one line disturb each other: stop unless the caller insists.
        match channel.hears_traffic(LISTEN_TIME).await {
            Ok(true) => {
                let shown = port.display().to_string();
                self.host
                    .warn(&self.lang.text_with("scan-line-in-use", &[("port", &shown)]));
                if !self.wishes.yes {
                    self.failed = true;
                    return None;
                }
            }
            Ok(false) => self.host.warn(&self.lang.text("scan-line-warning")),
            // The port may not support the first settings; the next ones are tried.
            Err(why) => tracing::debug!(%why, "port refuses the first line settings"),
        }
        let sweep = UnitSweep::for_line(&tunings, &self.units_to_try(true));
        let tuning = Some(first).filter(|_| channel.is_open());
        Some((ScanChannel::new(channel, tuning), sweep))
    }

    /// Channel through a running gateway that owns the line, with the settings of its
    /// configuration.
    async fn open_through_gateway(&mut self, port: &Path) -> Option<(ScanChannel, UnitSweep)> {
        let config = self.config?;
        let index = config
            .buses
            .iter()
            .position(|bus| serial_port::is_bus_at_port(&bus.link, port))?;
        let channel = self.host.owned_channel(config, index).await?;
        let line = config.buses[index].link.serial_port()?;
        let tuning = ScanLineSettings {
            baud: line.baud,
            parity: line.parity,
            stop_bits: line.stop_bits,
        };
        let args = [
            ("bus", &*config.buses[index].id),
            ("settings", &tuning.text()),
        ];
        self.host
            .warn(&self.lang.text_with("scan-shared-line", &args));
        let sweep = UnitSweep::for_line(&[tuning], &self.units_to_try(true));
        let tuning = Some(tuning);
        Some((ScanChannel::new(channel, tuning), sweep))
    }

    /// Applies the line settings of the probe; false when the port does not support them.
    fn apply_tuning(
        &mut self,
        asker: &mut ScanChannel,
        sweep: &mut UnitSweep,
        probe: &ScanProbe,
        port: &Path,
    ) -> bool {
        if asker.tuning == probe.tuning {
            return true;
        }
        let Some(tuning) = probe.tuning else {
            return true;
        };
        if let Err(why) = asker
            .channel
            .set_line_settings(&tuning.to_line(port.to_owned()))
        {
            let (settings, why) = (tuning.text(), why.to_string());
            let args = [("settings", settings.as_str()), ("why", why.as_str())];
            self.host
                .warn(&self.lang.text_with("scan-no-settings", &args));
            asker.tuning = None;
            sweep.skip_settings();
            return false;
        }
        asker.tuning = Some(tuning);
        asker.tuned_at = Instant::now();
        true
    }
}

fn scan_bus(port: &Path, tuning: ScanLineSettings) -> Bus {
    Bus {
        id: "scan".into(),
        link: BusLink::Modbus(ModbusLink::Rtu(tuning.to_line(port.to_owned()))),
        timeout: Duration::from_millis(QUICK_TIMEOUT_MS),
        retries: 0,
        settle: Duration::ZERO,
        oddities: HeaderOddities::default(),
    }
}
