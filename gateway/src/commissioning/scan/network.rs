//! Scan of network hosts: open ports, then the units behind each.

use super::scan_channel::ScanChannel;
use super::{DeviceLocation, DeviceScan, ScanObserver};
use crate::buses::modbus::bus::BusChannel;
use crate::commissioning::scan_engine::{ScanAnswer, ScanProbe, UnitSweep};
use crate::config::{Bus, BusLink, ModbusLink};
use crate::limits::{SCAN_CONNECTIONS_MAX, SETTLE_MAX_MS};
use drivers::frame::{ModbusReadFunction, ModbusReadRequest};
use drivers::header_oddities::HeaderOddities;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::net::TcpStream;

/// Longest time for a connection, and for an answer over it, milliseconds.
const CONNECT_TIMEOUT_MS: u64 = 500;
const ANSWER_TIMEOUT_MS: u64 = 500;
/// Longest quiet time that a host may need after connecting.
const SETTLE_MAX: Duration = Duration::from_millis(SETTLE_MAX_MS);
/// Line speed assumed behind a serial server; only the silence between RTU frames depends on it.
const SERVER_BAUD: u32 = 9600;
/// A unit address that no device has by default: a host that answers for it answers for every unit.
const UNUSED_UNIT: u8 = 213;

impl<H: ScanObserver> DeviceScan<'_, H> {
    /// Scans these hosts at these ports.
    pub(crate) async fn scan_network(&mut self, hosts: &[String], ports: &[u16]) {
        let places: Vec<(String, u16)> = hosts
            .iter()
            .flat_map(|host| ports.iter().map(|port| (host.clone(), *port)))
            .collect();
        let patience = self.wishes.answer_timeout(CONNECT_TIMEOUT_MS);
        let trying = futures_util::stream::iter(places.into_iter().enumerate());
        let mut open = trying
            .map(|(number, (host, port))| async move {
                let connected = TcpStream::connect((host.as_str(), port));
                let connected = tokio::time::timeout(patience, connected).await;
                matches!(connected, Ok(Ok(_))).then_some((number, host, port))
            })
            .buffer_unordered(SCAN_CONNECTIONS_MAX);
        let (mut listening, mut tried) = (Vec::new(), 0);
        let all = hosts.len() * ports.len();
        while let Some(one) = open.next().await {
            tried += 1;
            self.host.connecting(tried, all);
            listening.extend(one);
        }
        // Connections complete in any order; sorted, so that results come in the order of the
        // targets.
        listening.sort();
        for (_, host, port) in listening {
            self.scan_host(&host, port).await;
        }
    }

    /// Tries Modbus TCP, then RTU frames over TCP: a transparent serial server passes the bytes on
    /// without knowing Modbus.
    async fn scan_host(&mut self, host: &str, port: u16) {
        let tcp = ModbusLink::Tcp {
            host: host.to_owned(),
            port,
        };
        let buses = self.config.map(|config| config.buses.as_slice());
        let server = buses.unwrap_or_default().iter().find(|bus| {
            matches!(bus.link.modbus(), Some(ModbusLink::RtuOverTcp { host: at, port: number, .. })
                if at == host && *number == port)
        });
        let is_server = server.is_some();
        let rtu = server.and_then(|bus| bus.link.modbus().cloned());
        let rtu = rtu.unwrap_or_else(|| ModbusLink::RtuOverTcp {
            host: host.to_owned(),
            port,
            baud: SERVER_BAUD,
        });
        let usual = if is_server { &rtu } else { &tcp };
        let settle = self.settle_time(usual);
        let before = self.found.len();
        let mut is_silent = true;
        if !is_server {
            is_silent &= self.sweep_host(host, port, &tcp, settle).await;
        }
        if self.found.len() == before {
            is_silent &= self.sweep_host(host, port, &rtu, settle).await;
        }
        // Some dongles drop requests for up to 10 s after connecting (Huawei SDongle): one more try
        // with that quiet time.
        if is_silent && self.found.len() == before && settle < SETTLE_MAX {
            let seconds = SETTLE_MAX.as_secs().to_string();
            let args = [("host", host), ("seconds", seconds.as_str())];
            self.host.warn(&self.lang.text_with("scan-settles", &args));
            // The quiet time is part of the minimum duration.
            self.cost.limit += SETTLE_MAX;
            self.sweep_host(host, port, usual, SETTLE_MAX).await;
        }
    }

    /// Quiet time of this host after connecting, from the options or the configured bus.
    fn settle_time(&self, link: &ModbusLink) -> Duration {
        let buses = self.config.map(|config| config.buses.as_slice());
        let mut buses = buses.unwrap_or_default().iter();
        let bus = buses.find(|bus| bus.link.modbus() == Some(link));
        let known = bus.map_or(Duration::ZERO, |bus| bus.settle);
        self.wishes.settle.unwrap_or(known)
    }

    /// Asks every unit; true when no unit answered on a channel that this scan opened itself.
    async fn sweep_host(
        &mut self,
        host: &str,
        port: u16,
        link: &ModbusLink,
        settle: Duration,
    ) -> bool {
        let mut asker = self.open_connection(link, settle).await;
        let patience = self.wishes.answer_timeout(ANSWER_TIMEOUT_MS);
        asker.channel.set_timeout(patience);
        let mut sweep = UnitSweep::for_network(&self.units_to_try(false));
        let mut nobody = self.ask_unused_unit(&mut asker).await;
        let (whole, before) = (sweep.time_left(patience), self.found.len());
        let (mut is_silent, mut is_early) = (nobody.is_none(), nobody.is_none());
        while let Some(probe) = sweep.next() {
            let patience = asker.channel.timeout();
            let left = sweep.time_left(patience) + patience;
            self.host
                .progress(&probe, whole.max(left), left, &self.cost);
            let may_settle = asker.channel.may_be_settling();
            let answer = asker
                .send_request(probe.request, Duration::ZERO, &mut self.cost)
                .await;
            // Garbled bytes are not silence: some device is there.
            is_silent &= answer == Ok(ScanAnswer::Silence) && !asker.is_garbled;
            self.warn_misfit(&mut asker, host, &probe);
            if self.extend_late_timeout(&mut asker) {
                // Units asked before with the shorter timeout are asked again.
                (sweep, is_silent) = (UnitSweep::for_network(&self.units_to_try(false)), false);
                nobody = self.ask_unused_unit(&mut asker).await;
                continue;
            }
            let answer = match answer {
                // Exceptions 10 and 11 come from a TCP gateway: no path to the unit, or no answer
                // from it.
                Ok(ScanAnswer::Silence | ScanAnswer::Refused(10 | 11)) => continue,
                Ok(answer) => answer,
                Err(why) => {
                    let why = self.lang.fault_detail(&why);
                    let args = [("host", host), ("why", why.as_str())];
                    let text = self.lang.text_with("scan-host-lost", &args);
                    self.host.warn(&text);
                    return false;
                }
            };
            if std::mem::take(&mut is_early) && may_settle {
                // Units asked before may have fallen into the quiet time after connecting: start
                // again.
                sweep = UnitSweep::for_network(&self.units_to_try(false));
                nobody = self.ask_unused_unit(&mut asker).await;
                continue;
            }
            sweep.found(&probe);
            // The host answers for every unit: this is the same device again.
            if self.found.len() > before && answers_for_all_units(nobody.as_ref(), &answer) {
                continue;
            }
            let place = match link {
                ModbusLink::RtuOverTcp { .. } => DeviceLocation::Server(host.to_owned(), port),
                _ => DeviceLocation::Network(host.to_owned(), port),
            };
            let found = self
                .identify_device(&mut asker, link, place, (probe.request, answer))
                .await;
            self.record_found(found);
        }
        is_silent && asker.channel.is_open()
    }

    /// Reports once for each host why its answers do not fit.
    fn warn_misfit(&mut self, asker: &mut ScanChannel, host: &str, probe: &ScanProbe) {
        let Some(why) = asker.misfit.take().filter(|_| !asker.has_told_misfit) else {
            return;
        };
        asker.has_told_misfit = true;
        let (unit, why) = (probe.request.unit.to_string(), self.lang.fault_detail(&why));
        let args = [("host", host), ("unit", &unit), ("why", why.as_str())];
        self.host.warn(&self.lang.text_with("scan-misfit", &args));
    }

    /// Uses a longer timeout for a host that answers late; true when it was raised.
    fn extend_late_timeout(&mut self, asker: &mut ScanChannel) -> bool {
        let late = asker.newly_late();
        let patience = late
            .into_iter()
            .map(|unit| self.warn_late_unit(asker, unit))
            .max();
        let before = asker.channel.timeout();
        let longer = patience.filter(|patience| *patience > before);
        if let Some(longer) = longer {
            asker.channel.set_timeout(longer);
        }
        longer.is_some()
    }

    /// Channel to the host; through the running gateway when that owns the connection.
    async fn open_connection(&mut self, link: &ModbusLink, settle: Duration) -> ScanChannel {
        let buses = self.config.map(|config| config.buses.as_slice());
        let index = buses
            .unwrap_or_default()
            .iter()
            .position(|bus| bus.link.modbus() == Some(link));
        if let Some((config, index)) = self.config.zip(index)
            && let Some(channel) = self.host.owned_channel(config, index).await
        {
            let args = [("bus", &*config.buses[index].id)];
            self.host
                .warn(&self.lang.text_with("scan-shared-network", &args));
            return ScanChannel::new(channel, None);
        }
        let bus = Bus {
            id: "scan".into(),
            link: BusLink::Modbus(link.clone()),
            timeout: Duration::from_millis(ANSWER_TIMEOUT_MS),
            retries: 0,
            settle,
            // A wrong header is to be told.
            oddities: HeaderOddities::default(),
        };
        ScanChannel::new(BusChannel::new(&bus), None)
    }

    async fn ask_unused_unit(&mut self, asker: &mut ScanChannel) -> Option<ScanAnswer> {
        let request = ModbusReadRequest {
            unit: UNUSED_UNIT,
            function: ModbusReadFunction::Holding,
            address: 0,
            count: 1,
        };
        let answer = asker
            .send_request(request, Duration::ZERO, &mut self.cost)
            .await;
        answer
            .ok()
            .filter(|answer| !matches!(answer, ScanAnswer::Silence | ScanAnswer::Refused(10 | 11)))
    }
}

/// True when the answer equals that of the unused unit. Register data of the unused unit matches
/// any answer, because its values change between two requests.
fn answers_for_all_units(nobody: Option<&ScanAnswer>, answer: &ScanAnswer) -> bool {
    match (nobody, answer) {
        (Some(ScanAnswer::Words(_)), _) => true,
        (Some(nobody), answer) => nobody == answer,
        (None, _) => false,
    }
}
