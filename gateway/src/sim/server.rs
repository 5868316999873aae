//! Real Modbus servers on loopback and on pseudo terminals, one for each bus of a configuration.

use super::device::{Registers, SimDevice};
use super::line::Units;
use super::pty::Pty;
use super::world::World;
use crate::config::identify::Rule;
use crate::config::profile::Library;
use crate::config::{Config, Device, Link, Table};
use crate::model::DeviceInfo;
use std::collections::BTreeMap;
use std::future::Ready;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_modbus::prelude::{ExceptionCode, Request, Response, SlaveRequest};
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::Server;

/// Ports below this are the system's.
const FIRST_FREE_PORT: u16 = 1024;

/// Why a bus could not be simulated.
#[derive(Debug, thiserror::Error)]
#[error("bus {bus}: {why}")]
pub struct SimError {
    /// Its id.
    pub bus: Arc<str>,
    /// What the system said.
    pub why: io::Error,
}

/// Where a simulated bus is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A server on loopback.
    Tcp(SocketAddr),
    /// A serial port.
    Port(PathBuf),
}

/// The servers; they end when this is dropped.
#[derive(Debug)]
pub struct Served {
    /// Where each bus is, in the order of `Config::buses`.
    pub places: Vec<Place>,
    tasks: JoinSet<()>,
}

/// Serves all devices of a configuration. A TCP bus keeps its port where that is free and allowed,
/// and is always on loopback, whatever its host.
pub async fn serve(config: &Config, world: &World) -> Result<Served, SimError> {
    serve_registers(config, world, &BTreeMap::new()).await
}

/// The same, but the devices named here (by id) hold these registers for ever.
pub async fn serve_registers(
    config: &Config,
    world: &World,
    held: &BTreeMap<String, Registers>,
) -> Result<Served, SimError> {
    let mut served = Served {
        places: Vec::new(),
        tasks: JoinSet::new(),
    };
    for (index, bus) in config.buses.iter().enumerate() {
        let units = Arc::new(units(config, index, world, held));
        let place = match &bus.link {
            Link::Tcp { port, .. } => tcp(*port, units, &mut served.tasks).await,
            Link::RtuOverTcp { port, .. } => rtu_over_tcp(*port, units, &mut served.tasks).await,
            Link::Rtu(line) => rtu(line.baud, units, &mut served.tasks),
        };
        served.places.push(place.map_err(|why| SimError {
            bus: bus.id.clone(),
            why,
        })?);
    }
    Ok(served)
}

impl Served {
    /// Turns a configuration's buses to the simulated ones.
    pub fn redirect(&self, config: &mut Config) {
        for (bus, place) in config.buses.iter_mut().zip(&self.places) {
            match (&mut bus.link, place) {
                (
                    Link::Tcp { host, port } | Link::RtuOverTcp { host, port, .. },
                    Place::Tcp(at),
                ) => {
                    *host = at.ip().to_string();
                    *port = at.port();
                }
                (Link::Rtu(line), Place::Port(path)) => line.port.clone_from(path),
                _ => {}
            }
        }
    }

    /// Waits until a server ends by itself; for ever while all is well.
    pub async fn ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

fn units(config: &Config, bus: usize, world: &World, held: &BTreeMap<String, Registers>) -> Units {
    let mut rules = Rules::new(config);
    let mut twin = |device: &Device, info: &DeviceInfo| {
        if let Some(registers) = held.get(&*device.id) {
            return SimDevice::holding(device, registers.clone());
        }
        let mut twin = SimDevice::new(device, info, world.seed());
        twin.keep(rules.of(info));
        twin
    };
    let devices: BTreeMap<u8, SimDevice> = config
        .devices
        .iter()
        .zip(&config.site.devices)
        .filter(|(device, _)| device.bus == bus)
        .map(|(device, info)| (device.unit, twin(device, info)))
        .collect();
    Units {
        devices,
        world: world.clone(),
    }
}

/// How the devices of a configuration are recognised, each profile read once.
struct Rules {
    library: Library,
    read: BTreeMap<Arc<str>, Vec<Rule>>,
}

impl Rules {
    fn new(config: &Config) -> Self {
        Self {
            library: Library::new(config.profiles.clone()),
            read: BTreeMap::new(),
        }
    }

    fn of(&mut self, info: &DeviceInfo) -> &[Rule] {
        let Some(name) = &info.profile else {
            return &[];
        };
        let library = &self.library;
        let load = || match library.load(name) {
            Some(Ok(profile)) => profile.identify,
            _ => Vec::new(),
        };
        self.read.entry(name.clone()).or_insert_with(load)
    }
}

/// The wished port, or any when that one is privileged or taken.
async fn listen(port: u16) -> io::Result<TcpListener> {
    if port >= FIRST_FREE_PORT
        && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

async fn tcp(port: u16, units: Arc<Units>, tasks: &mut JoinSet<()>) -> io::Result<Place> {
    let listener = listen(port).await?;
    let place = Place::Tcp(listener.local_addr()?);
    tasks.spawn(async move {
        let connected = |stream: TcpStream, _| {
            let service = Answers(units.clone());
            async move {
                stream.set_nodelay(true)?;
                Ok(Some((service, stream)))
            }
        };
        let server = Server::new(listener);
        let lost = |error: io::Error| tracing::debug!(%error, "a master hung up");
        if let Err(error) = server.serve(&connected, lost).await {
            tracing::error!(%error, "a simulated bus ended");
        }
    });
    Ok(place)
}

async fn rtu_over_tcp(port: u16, units: Arc<Units>, tasks: &mut JoinSet<()>) -> io::Result<Place> {
    let listener = listen(port).await?;
    let place = Place::Tcp(listener.local_addr()?);
    tasks.spawn(async move {
        // Masters of one device server; they end with it.
        let mut masters = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            while masters.try_join_next().is_some() {}
            let units = units.clone();
            masters.spawn(async move {
                if stream.set_nodelay(true).is_ok() {
                    units.answer(stream).await;
                }
            });
        }
    });
    Ok(place)
}

fn rtu(baud: u32, units: Arc<Units>, tasks: &mut JoinSet<()>) -> io::Result<Place> {
    let pty = Pty::open(baud)?;
    let place = Place::Port(pty.path().clone());
    tasks.spawn(async move { units.answer(Tuned { pty, baud }).await });
    Ok(place)
}

/// Devices that hear what comes at their own speed only, as real ones do.
struct Tuned {
    pty: Pty,
    baud: u32,
}

impl AsyncRead for Tuned {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let before = into.filled().len();
            ready!(Pin::new(&mut self.pty).poll_read(context, into))?;
            let is_end = into.filled().len() == before;
            if is_end || self.pty.baud().is_ok_and(|baud| baud == self.baud) {
                return Poll::Ready(Ok(()));
            }
            into.set_filled(before);
        }
    }
}

impl AsyncWrite for Tuned {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pty).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pty).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pty).poll_shutdown(context)
    }
}

/// What the devices of a bus say to the TCP server.
struct Answers(Arc<Units>);

impl Service for Answers {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Option<Response>, ExceptionCode>>;

    fn call(&self, asked: Self::Request) -> Self::Future {
        std::future::ready(self.answer(&asked).map(Some))
    }
}

impl Answers {
    fn answer(&self, asked: &SlaveRequest<'_>) -> Result<Response, ExceptionCode> {
        let read = |table, start, count| {
            self.0
                .read(asked.slave, table, start, count)
                .unwrap_or(Err(11))
                .map_err(ExceptionCode::new)
        };
        let bits = |words: Vec<u16>| words.into_iter().map(|word| word != 0).collect();
        match asked.request {
            Request::ReadCoils(start, count) => {
                read(Table::Coil, start, count).map(|words| Response::ReadCoils(bits(words)))
            }
            Request::ReadDiscreteInputs(start, count) => read(Table::Discrete, start, count)
                .map(|words| Response::ReadDiscreteInputs(bits(words))),
            Request::ReadHoldingRegisters(start, count) => {
                read(Table::Holding, start, count).map(Response::ReadHoldingRegisters)
            }
            Request::ReadInputRegisters(start, count) => {
                read(Table::Input, start, count).map(Response::ReadInputRegisters)
            }
            _ => Err(ExceptionCode::IllegalFunction),
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
