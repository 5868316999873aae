//! Network devices: who listens, and which units are behind it.

use super::ask::Asker;
use super::{Host, Place, Scan};
use crate::config::{Bus, Link};
use crate::field::scan::{Answer, Probe, Sweep};
use crate::limits::{SCAN_CONNECTIONS_MAX, SETTLE_MAX_MS};
use crate::read::bus::Channel;
use drivers::frame::{Function, Request};
use futures_util::StreamExt;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a connection may take, and an answer over it, milliseconds.
const CONNECT_MS: u64 = 500;
const ANSWER_MS: u64 = 500;
/// The longest quiet time that a host may need after connecting.
const SETTLE_MAX: Duration = Duration::from_millis(SETTLE_MAX_MS);
/// Speed behind a serial server; only the silence between its frames depends on it.
const SERVER_BAUD: u32 = 9600;
/// A unit that nobody gives a device: who answers for it answers for all.
const NOBODY: u8 = 213;

impl<H: Host> Scan<'_, H> {
    /// Scans these hosts at these ports.
    pub(super) async fn network(&mut self, hosts: &[String], ports: &[u16]) {
        let places: Vec<(String, u16)> = hosts
            .iter()
            .flat_map(|host| ports.iter().map(|port| (host.clone(), *port)))
            .collect();
        let patience = self.wishes.patience(CONNECT_MS);
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
        listening.sort();
        for (_, host, port) in listening {
            self.host(&host, port).await;
        }
    }

    /// Modbus TCP, and where nobody speaks it, the frames of a line: a serial server that knows
    /// nothing of Modbus hands them on.
    async fn host(&mut self, host: &str, port: u16) {
        let tcp = Link::Tcp {
            host: host.to_owned(),
            port,
        };
        let buses = self.config.map(|config| config.buses.as_slice());
        let server = buses.unwrap_or_default().iter().find(|bus| {
            matches!(&bus.link, Link::RtuOverTcp { host: at, port: number, .. }
                if at == host && *number == port)
        });
        let is_server = server.is_some();
        let rtu = server.map_or_else(
            || Link::RtuOverTcp {
                host: host.to_owned(),
                port,
                baud: SERVER_BAUD,
            },
            |bus| bus.link.clone(),
        );
        let usual = if is_server { &rtu } else { &tcp };
        let settle = self.settle(usual);
        let before = self.found.len();
        let mut is_silent = true;
        if !is_server {
            is_silent &= self.connected(host, port, &tcp, settle).await;
        }
        if self.found.len() == before {
            is_silent &= self.connected(host, port, &rtu, settle).await;
        }
        if is_silent && self.found.len() == before && settle < SETTLE_MAX {
            let seconds = SETTLE_MAX.as_secs().to_string();
            let args = [("host", host), ("seconds", seconds.as_str())];
            self.host.warn(&self.lang.say("scan-settles", &args));
            self.cost.limit += SETTLE_MAX;
            self.connected(host, port, usual, SETTLE_MAX).await;
        }
    }

    /// Quiet time that this host needs after connecting, as far as anybody has said so.
    fn settle(&self, link: &Link) -> Duration {
        let buses = self.config.map(|config| config.buses.as_slice());
        let mut buses = buses.unwrap_or_default().iter();
        let bus = buses.find(|bus| bus.link == *link);
        let known = bus.map_or(Duration::ZERO, |bus| bus.settle);
        self.wishes.settle.unwrap_or(known)
    }

    /// Asks every unit; true when nobody said anything on a connection of our own.
    async fn connected(&mut self, host: &str, port: u16, link: &Link, settle: Duration) -> bool {
        let mut asker = self.connection(link, settle).await;
        let patience = self.wishes.patience(ANSWER_MS);
        asker.channel.set_timeout(patience);
        let mut sweep = Sweep::of_network(&self.units(false));
        let mut nobody = self.nobody(&mut asker).await;
        let (whole, before) = (sweep.left(patience), self.found.len());
        let (mut is_silent, mut is_early) = (nobody.is_none(), nobody.is_none());
        while let Some(probe) = sweep.next() {
            let patience = asker.channel.timeout();
            let left = sweep.left(patience) + patience;
            self.host
                .progress(&probe, whole.max(left), left, &self.cost);
            let may_settle = asker.channel.may_settle();
            let answer = asker
                .ask(probe.request, Duration::ZERO, &mut self.cost)
                .await;
            is_silent &= answer == Ok(Answer::Silence) && !asker.is_garbled;
            self.misfit(&mut asker, host, &probe);
            if self.late_on_network(&mut asker) {
                // What nobody waited for is asked for again.
                (sweep, is_silent) = (Sweep::of_network(&self.units(false)), false);
                nobody = self.nobody(&mut asker).await;
                continue;
            }
            let answer = match answer {
                Ok(Answer::Silence | Answer::Refused(10 | 11)) => continue,
                Ok(answer) => answer,
                Err(why) => {
                    let args = [("host", host), ("why", why.as_str())];
                    let text = self.lang.say("scan-host-lost", &args);
                    self.host.warn(&text);
                    return false;
                }
            };
            if std::mem::take(&mut is_early) && may_settle {
                // Those before may have been asked in the quiet time after connecting.
                sweep = Sweep::of_network(&self.units(false));
                nobody = self.nobody(&mut asker).await;
                continue;
            }
            sweep.found(&probe);
            // It answers for everybody: the same device again.
            if self.found.len() > before && same(nobody.as_ref(), &answer) {
                continue;
            }
            let place = match link {
                Link::RtuOverTcp { .. } => Place::Server(host.to_owned(), port),
                _ => Place::Network(host.to_owned(), port),
            };
            let found = self
                .name(&mut asker, link, place, (probe.request, answer))
                .await;
            self.keep(found);
        }
        is_silent && asker.channel.is_open()
    }

    /// Says once why the answers of a host do not fit, when that has a name.
    fn misfit(&mut self, asker: &mut Asker, host: &str, probe: &Probe) {
        let Some(why) = asker.misfit.take().filter(|_| !asker.has_told_misfit) else {
            return;
        };
        asker.has_told_misfit = true;
        let unit = probe.request.unit.to_string();
        let args = [("host", host), ("unit", &unit), ("why", why.as_str())];
        self.host.warn(&self.lang.say("scan-misfit", &args));
    }

    /// A host that answers late is waited for longer from now on; true when it is.
    fn late_on_network(&mut self, asker: &mut Asker) -> bool {
        let late = asker.newly_late();
        let patience = late.into_iter().map(|unit| self.late(asker, unit)).max();
        let before = asker.channel.timeout();
        let longer = patience.filter(|patience| *patience > before);
        if let Some(longer) = longer {
            asker.channel.set_timeout(longer);
        }
        longer.is_some()
    }

    /// A running gateway that holds the connection asks for us.
    async fn connection(&mut self, link: &Link, settle: Duration) -> Asker {
        let buses = self.config.map(|config| config.buses.as_slice());
        let index = buses
            .unwrap_or_default()
            .iter()
            .position(|bus| bus.link == *link);
        if let Some((config, index)) = self.config.zip(index)
            && let Some(channel) = self.host.owned(config, index).await
        {
            let args = [("bus", &*config.buses[index].id)];
            self.host.warn(&self.lang.say("scan-shared-network", &args));
            return Asker::new(channel, None);
        }
        let bus = Bus {
            id: "scan".into(),
            link: link.clone(),
            timeout: Duration::from_millis(ANSWER_MS),
            settle,
        };
        Asker::new(Channel::new(&bus), None)
    }

    async fn nobody(&mut self, asker: &mut Asker) -> Option<Answer> {
        let request = Request {
            unit: NOBODY,
            function: Function::Holding,
            address: 0,
            count: 1,
        };
        let answer = asker.ask(request, Duration::ZERO, &mut self.cost).await;
        answer
            .ok()
            .filter(|answer| !matches!(answer, Answer::Silence | Answer::Refused(10 | 11)))
    }
}

/// Data for a unit that is nobody's is anybody's data, whatever its value is now.
fn same(nobody: Option<&Answer>, answer: &Answer) -> bool {
    match (nobody, answer) {
        (Some(Answer::Words(_)), _) => true,
        (Some(nobody), answer) => nobody == answer,
        (None, _) => false,
    }
}
