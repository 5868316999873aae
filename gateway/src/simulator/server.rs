//! Simulated buses of a configuration: Modbus servers on loopback and on pseudo terminals, and
//! pins.

use super::device::{SimulatedDevice, SimulatedRegisters};
use super::endpoint::SimulatedEndpoint;
use super::pins::{self, PinFiles, PinServers};
use super::pty::PseudoTerminal;
use super::rtu_bus::SimulatedBus;
use super::world::SimulatedWorld;
use crate::config::identification::IdentificationRule;
use crate::config::profile::ProfileLibrary;
use crate::config::{BusLink, Config, Device, ModbusLink, ModbusTable, UartLink};
use crate::domain::DeviceInfo;
use std::collections::BTreeMap;
use std::future::Ready;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_modbus::prelude::{ExceptionCode, Request, Response, SlaveRequest};
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::Server;

/// Ports below this need privileges.
const FIRST_FREE_PORT: u16 = 1024;

/// Error of starting the simulation of a bus.
#[derive(Debug, thiserror::Error)]
#[error("bus {bus}: {why}")]
pub struct SimulatorError {
    /// Id of the bus.
    pub bus: Arc<str>,
    /// Error of the system.
    pub why: io::Error,
}

/// Running servers; they end when this is dropped.
#[derive(Debug)]
pub struct SimulatorServers {
    /// Address of each bus, in the order of `Config::buses`.
    pub places: Vec<SimulatedEndpoint>,
    /// For each bus, why it does not listen where the configuration says; `None` when it does, or
    /// when its address is always another one, as that of a pseudo terminal.
    pub refused: Vec<Option<io::ErrorKind>>,
    tasks: JoinSet<()>,
    /// Seconds of the plant in one second.
    rate: f64,
    /// Files of pins that nobody writes yet.
    files: PinFiles,
    // Dropped last, when nothing writes there any more.
    pins: PinServers,
}

/// Where a simulated TCP bus listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListenRule {
    /// On loopback; at the port of the configuration when that is free and unprivileged.
    Loopback,
    /// At the host and the port of the configuration, else on loopback.
    Configured,
}

/// Serves all devices of a configuration, each TCP bus at its own host and port. Where that is not
/// possible, it listens on loopback, and `SimulatorServers::refused` says why.
pub async fn serve_as_configured(
    config: &Config,
    world: &SimulatedWorld,
) -> Result<SimulatorServers, SimulatorError> {
    let rule = ListenRule::Configured;
    let mut served = open_servers(config, world, &BTreeMap::new(), rule).await?;
    served.start_measuring(world)?;
    Ok(served)
}

/// Serves all devices of a configuration. A TCP bus keeps its port when that is free and
/// unprivileged, and is always on loopback, whatever its host.
pub async fn serve_devices(
    config: &Config,
    world: &SimulatedWorld,
) -> Result<SimulatorServers, SimulatorError> {
    serve_registers(config, world, &BTreeMap::new()).await
}

/// Like `serve_devices`, but the devices named in `held` (by id) keep these registers for ever.
pub async fn serve_registers(
    config: &Config,
    world: &SimulatedWorld,
    held: &BTreeMap<String, SimulatedRegisters>,
) -> Result<SimulatorServers, SimulatorError> {
    let mut served = open_servers(config, world, held, ListenRule::Loopback).await?;
    served.start_measuring(world)?;
    Ok(served)
}

/// Like `serve_devices`, but pins stay as they are until `start_measuring`. Devices on Modbus
/// measure when they are asked. So a history can be made before the plant has moved on.
pub async fn open_devices(
    config: &Config,
    world: &SimulatedWorld,
) -> Result<SimulatorServers, SimulatorError> {
    open_servers(config, world, &BTreeMap::new(), ListenRule::Loopback).await
}

async fn open_servers(
    config: &Config,
    world: &SimulatedWorld,
    held: &BTreeMap<String, SimulatedRegisters>,
    rule: ListenRule,
) -> Result<SimulatorServers, SimulatorError> {
    let mut served = SimulatorServers {
        places: Vec::new(),
        refused: Vec::new(),
        tasks: JoinSet::new(),
        rate: world.rate(),
        files: PinFiles::default(),
        pins: PinServers::default(),
    };
    for (index, bus) in config.buses.iter().enumerate() {
        let units = Arc::new(simulated_bus(config, index, world, held));
        let mut refused = None;
        let place = match bus.link.modbus() {
            Some(
                link @ (ModbusLink::Tcp { host, port } | ModbusLink::RtuOverTcp { host, port, .. }),
            ) => {
                let bound = match rule {
                    ListenRule::Loopback => bind_loopback(*port).await.map(|bound| (bound, None)),
                    ListenRule::Configured => bind_configured(host, *port).await,
                };
                bound.and_then(|(listener, why)| {
                    refused = why;
                    let place = SimulatedEndpoint::Tcp(listener.local_addr()?);
                    match link {
                        ModbusLink::RtuOverTcp { .. } => {
                            served.tasks.spawn(serve_rtu_over_tcp(listener, units));
                        }
                        _ => {
                            served.tasks.spawn(serve_tcp(listener, units));
                        }
                    }
                    Ok(place)
                })
            }
            Some(ModbusLink::Rtu(line)) => serve_rtu(line.baud, units, &mut served.tasks),
            None => {
                let devices = pins::devices_of(config, index);
                let (files, tasks) = (&mut served.files, &mut served.tasks);
                let place = served.pins.serve_bus(bus, &devices, world, files, tasks);
                place.unwrap_or(Ok(SimulatedEndpoint::NotSimulated))
            }
        };
        served.refused.push(refused);
        served.places.push(place.map_err(|why| SimulatorError {
            bus: bus.id.clone(),
            why,
        })?);
    }
    Ok(served)
}

impl SimulatorServers {
    /// Lets the pins show what the plant does from now on. Their first values are there when this
    /// returns.
    pub fn start_measuring(&mut self, world: &SimulatedWorld) -> Result<(), SimulatorError> {
        let files = std::mem::take(&mut self.files);
        let started = self.pins.start(files, world);
        started.map_err(|why| SimulatorError {
            bus: "pins".into(),
            why,
        })
    }

    /// Points the buses of a configuration to the simulated ones.
    pub fn redirect_config(&self, config: &mut Config) {
        for (bus, place) in config.buses.iter_mut().zip(&self.places) {
            match (&mut bus.link, place) {
                (
                    BusLink::Modbus(
                        ModbusLink::Tcp { host, port } | ModbusLink::RtuOverTcp { host, port, .. },
                    ),
                    SimulatedEndpoint::Tcp(at),
                ) => {
                    *host = at.ip().to_string();
                    *port = at.port();
                }
                (
                    BusLink::Modbus(ModbusLink::Rtu(line)) | BusLink::Uart(UartLink(line)),
                    SimulatedEndpoint::Port(path),
                ) => line.port.clone_from(path),
                (BusLink::Gpio(link), SimulatedEndpoint::Folder(path)) => {
                    link.chip.clone_from(path);
                }
                (BusLink::OneWire(link), SimulatedEndpoint::Folder(path)) => {
                    link.folder.clone_from(path);
                }
                (BusLink::I2c(link), SimulatedEndpoint::Socket(path)) => {
                    link.port.clone_from(path);
                }
                _ => {}
            }
        }
        let points = config.devices.iter_mut();
        for point in points.flat_map(|device| Arc::make_mut(&mut device.points)) {
            pins::adapt_to_rate(point, self.rate);
        }
    }

    /// Waits until a server ends by itself; for ever while all run.
    pub async fn wait_for_exit(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Returns the simulated devices of one bus.
fn simulated_bus(
    config: &Config,
    bus: usize,
    world: &SimulatedWorld,
    held: &BTreeMap<String, SimulatedRegisters>,
) -> SimulatedBus {
    let mut rules = IdentifyRuleCache::new(config);
    let mut twin = |device: &Device, info: &DeviceInfo| {
        if let Some(registers) = held.get(&*device.id) {
            return SimulatedDevice::with_fixed_registers(device, registers.clone());
        }
        let mut twin = SimulatedDevice::new(device, info, world.seed());
        // Without the rules a scan of the simulation would recognise no device.
        twin.apply_identify_rules(rules.rules_for(info));
        twin
    };
    let devices: BTreeMap<u8, SimulatedDevice> = config
        .devices
        .iter()
        .zip(&config.site.devices)
        .filter(|(device, _)| device.bus == bus)
        .map(|(device, info)| (device.unit, twin(device, info)))
        .collect();
    SimulatedBus {
        devices,
        world: world.clone(),
    }
}

/// Identification rules of the profiles, each profile read once.
struct IdentifyRuleCache {
    library: ProfileLibrary,
    read: BTreeMap<Arc<str>, Vec<IdentificationRule>>,
}

impl IdentifyRuleCache {
    fn new(config: &Config) -> Self {
        Self {
            library: ProfileLibrary::new(config.profiles.clone()),
            read: BTreeMap::new(),
        }
    }

    /// Returns the identification rules of a device; none without a valid profile.
    fn rules_for(&mut self, info: &DeviceInfo) -> &[IdentificationRule] {
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

/// Listens on the requested port, or on any port when that one is privileged or taken.
async fn bind_loopback(port: u16) -> io::Result<TcpListener> {
    if port >= FIRST_FREE_PORT
        && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Listens at the host and the port of the configuration; else on loopback, with the reason.
async fn bind_configured(
    host: &str,
    port: u16,
) -> io::Result<(TcpListener, Option<io::ErrorKind>)> {
    let address = match host {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        // A name is that of another machine; it is not looked up, which takes long without a net.
        _ => host.parse().ok(),
    };
    let why = match address {
        Some(address) => match TcpListener::bind((address, port)).await {
            Ok(listener) => return Ok((listener, None)),
            Err(why) => why.kind(),
        },
        None => io::ErrorKind::AddrNotAvailable,
    };
    // The port of another machine may be free here.
    if why == io::ErrorKind::AddrNotAvailable
        && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
    {
        return Ok((listener, Some(why)));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok((listener, Some(why)))
}

/// Serves Modbus TCP.
async fn serve_tcp(listener: TcpListener, units: Arc<SimulatedBus>) {
    let connected = |stream: TcpStream, _| {
        let service = SimulatedTcpService(units.clone());
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
}

/// Serves RTU frames over TCP.
async fn serve_rtu_over_tcp(listener: TcpListener, units: Arc<SimulatedBus>) {
    // Connections are dropped together with the server.
    let mut masters = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Finished connections are removed, else the set would only grow.
        while masters.try_join_next().is_some() {}
        let units = units.clone();
        masters.spawn(async move {
            if stream.set_nodelay(true).is_ok() {
                units.serve_line(stream).await;
            }
        });
    }
}

/// Starts a serial line on a pseudo terminal.
fn serve_rtu(
    baud: u32,
    units: Arc<SimulatedBus>,
    tasks: &mut JoinSet<()>,
) -> io::Result<SimulatedEndpoint> {
    let pty = PseudoTerminal::open(baud)?;
    let place = SimulatedEndpoint::Port(pty.path().clone());
    tasks.spawn(async move { units.serve_line(BaudMatchedPty { pty, baud }).await });
    Ok(place)
}

/// Pseudo terminal that drops bytes sent at another baud rate, as real devices do.
struct BaudMatchedPty {
    pty: PseudoTerminal,
    baud: u32,
}

impl AsyncRead for BaudMatchedPty {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let before = into.filled().len();
            ready!(Pin::new(&mut self.pty).poll_read(context, into))?;
            // No new bytes means that the line is closed; that is passed on at any baud rate.
            let is_end = into.filled().len() == before;
            if is_end || self.pty.baud().is_ok_and(|baud| baud == self.baud) {
                return Poll::Ready(Ok(()));
            }
            into.set_filled(before);
        }
    }
}

impl AsyncWrite for BaudMatchedPty {
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

/// Service of the TCP server library for the devices of a bus.
struct SimulatedTcpService(Arc<SimulatedBus>);

impl Service for SimulatedTcpService {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Option<Response>, ExceptionCode>>;

    fn call(&self, asked: Self::Request) -> Self::Future {
        std::future::ready(self.answer_request(&asked).map(Some))
    }
}

impl SimulatedTcpService {
    /// Returns the response to a request.
    fn answer_request(&self, asked: &SlaveRequest<'_>) -> Result<Response, ExceptionCode> {
        let read = |table, start, count| {
            self.0
                .read(asked.slave, table, start, count)
                // Exception 11, gateway target failed to respond: a TCP server answers for a unit
                // that is not there.
                .unwrap_or(Err(11))
                .map_err(ExceptionCode::new)
        };
        let bits = |words: Vec<u16>| words.into_iter().map(|word| word != 0).collect();
        match asked.request {
            Request::ReadCoils(start, count) => {
                read(ModbusTable::Coil, start, count).map(|words| Response::ReadCoils(bits(words)))
            }
            Request::ReadDiscreteInputs(start, count) => read(ModbusTable::Discrete, start, count)
                .map(|words| Response::ReadDiscreteInputs(bits(words))),
            Request::ReadHoldingRegisters(start, count) => {
                read(ModbusTable::Holding, start, count).map(Response::ReadHoldingRegisters)
            }
            Request::ReadInputRegisters(start, count) => {
                read(ModbusTable::Input, start, count).map(Response::ReadInputRegisters)
            }
            _ => Err(ExceptionCode::IllegalFunction),
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
