//! A device whose model list changes between polls, over a real socket.

use super::*;
use crate::config::Config;
use crate::limits::SUNSPEC_MISSES_MAX;
use crate::tests::{SiteText, load_site, sunspec_text};
use drivers::frame::{FRAME_MAX, ParsedFrame};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Registers of a device, the requests it received, and its reactions.
#[derive(Debug, Default)]
struct FakeDeviceRegisters {
    words: BTreeMap<u16, u16>,
    asked: Vec<(u16, u16)>,
    silent: bool,
    /// Longer reads are not answered.
    most: Option<u16>,
    /// A read that contains this register is not answered.
    dumb: Option<u16>,
}

type SharedFakeRegisters = Arc<Mutex<FakeDeviceRegisters>>;

impl FakeDeviceRegisters {
    fn answer(&mut self, request: ModbusReadRequest) -> Option<Result<Vec<u8>, u8>> {
        self.asked.push((request.address, request.count));
        let addresses = (0..request.count).map(|at| request.address.checked_add(at));
        let words = addresses.map(|at| self.words.get(&at?).copied());
        let words: Option<Vec<u16>> = words.collect();
        let data = words.map(|words| words.into_iter().flat_map(u16::to_be_bytes).collect());
        let mut covered = request.address..=request.address + (request.count - 1);
        let too_long = self.most.is_some_and(|most| request.count > most);
        let dumb = self.dumb.is_some_and(|dumb| covered.any(|at| at == dumb));
        (!self.silent && !too_long && !dumb).then(|| data.ok_or(2))
    }
}

async fn serve_registers(mut stream: TcpStream, registers: SharedFakeRegisters) {
    let mut buffer = [0; FRAME_MAX];
    while let Ok(got @ 1..) = stream.read(&mut buffer).await {
        let ParsedFrame::Frame((request, transaction), _) =
            ModbusReadRequest::parse(ModbusFraming::Tcp, &buffer[..got])
        else {
            continue;
        };
        let answer = registers.lock().unwrap().answer(request);
        let reply = match &answer {
            None => continue,
            Some(Ok(data)) => ModbusReadReply::Data(data),
            Some(Err(code)) => ModbusReadReply::Exception(*code),
        };
        let mut out = [0; FRAME_MAX];
        let length = reply.build(request, ModbusFraming::Tcp, transaction, &mut out);
        if stream.write_all(&out[..length]).await.is_err() {
            return;
        }
    }
}

async fn start_server(registers: &SharedFakeRegisters) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let registers = registers.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_registers(stream, registers.clone()));
        }
    });
    port
}

fn sunspec_config(port: u16) -> Config {
    let bus = format!("{port}\ntimeout = '50ms'");
    load_site(&sunspec_text(bus, "points = ['ac_power', 'dc_power_2']"))
}

/// Model list: id and length of each model, all of whose registers hold 2.
fn model_list(base: u16, models: &[(u16, u16)]) -> BTreeMap<u16, u16> {
    let mut words = vec![0x5375, 0x6e53];
    for (id, length) in models {
        words.extend([*id, *length]);
        words.extend((0..*length).map(|_| 2));
    }
    words.extend([0xffff, 0]);
    (base..).zip(words).collect()
}

struct DeviceReaderBench {
    registers: SharedFakeRegisters,
    reader: DeviceReader,
    channel: BusChannel,
}

impl DeviceReaderBench {
    async fn new(words: BTreeMap<u16, u16>) -> Self {
        Self::with_config(words, sunspec_config).await
    }

    async fn with_config(words: BTreeMap<u16, u16>, config: impl Fn(u16) -> Config) -> Self {
        let registers = SharedFakeRegisters::default();
        registers.lock().unwrap().words = words;
        let config = config(start_server(&registers).await);
        Self {
            registers,
            reader: DeviceReader::new(
                config.devices[0].clone(),
                config.buses[0].link.modbus().unwrap(),
                config.buses[0].retries,
            ),
            channel: BusChannel::new(&config.buses[0]),
        }
    }

    async fn poll(&mut self) -> Result<Vec<SampleOutcome>, BusChannelError> {
        let outcomes = self.reader.poll(&mut self.channel, MonoMs(0)).await;
        outcomes.map(|outcomes| outcomes.to_vec())
    }

    async fn values(&mut self) -> Vec<Option<f64>> {
        let outcomes = self.poll().await.unwrap();
        let value =
            |outcome: &SampleOutcome| outcome.number().map(crate::domain::ExactNumber::to_f64);
        outcomes.iter().map(value).collect()
    }

    fn take_requests(&self) -> Vec<(u16, u16)> {
        std::mem::take(&mut self.registers.lock().unwrap().asked)
    }
}

#[tokio::test]
async fn values_are_read_together_with_their_scale_factors_and_heads() {
    let mut bench =
        DeviceReaderBench::new(model_list(40_000, &[(1, 66), (103, 50), (160, 48)])).await;
    assert_eq!(bench.values().await, [Some(200.0), Some(200.0)]);
    bench.take_requests();
    assert_eq!(bench.values().await, [Some(200.0), Some(200.0)]);
    assert_eq!(bench.take_requests(), [(40_070, 16), (40_122, 42)]);
    let identity = bench.reader.identity().unwrap();
    assert_eq!(identity.models, [(1, 66), (103, 50), (160, 48)]);
}

#[tokio::test]
async fn another_firmware_is_noticed_and_never_read_with_the_old_addresses() {
    let mut bench =
        DeviceReaderBench::new(model_list(40_000, &[(1, 66), (103, 50), (160, 48)])).await;
    bench.values().await;
    bench.registers.lock().unwrap().words = model_list(40_000, &[(1, 66), (701, 153), (103, 50)]);
    assert_eq!(bench.values().await, [None, None]);
    let after = bench.poll().await.unwrap();
    assert_eq!(
        after[0].number().map(crate::domain::ExactNumber::to_f64),
        Some(200.0)
    );
    assert_eq!(after[1], SampleOutcome::Bad(QualityReason::Absent));
}

#[tokio::test]
async fn a_device_that_was_away_is_looked_over_again() {
    let mut bench = DeviceReaderBench::new(model_list(0, &[(103, 50)])).await;
    assert_eq!(bench.values().await, [Some(200.0), None]);
    bench.registers.lock().unwrap().silent = true;
    for _ in 0..SUNSPEC_MISSES_MAX {
        assert!(bench.poll().await.is_err());
    }
    bench.registers.lock().unwrap().words = model_list(50_000, &[(103, 50), (160, 48)]);
    bench.registers.lock().unwrap().silent = false;
    assert_eq!(bench.values().await, [Some(200.0), Some(200.0)]);
}

#[tokio::test]
async fn a_device_without_a_list_is_said_to_have_none() {
    let mut bench = DeviceReaderBench::new(BTreeMap::from([(0, 7), (1, 7)])).await;
    let failure = bench.poll().await.unwrap_err();
    assert_eq!(failure.reason(), QualityReason::Absent);
    assert_eq!(bench.take_requests(), [(40_000, 2), (0, 2), (50_000, 2)]);
    assert!(bench.reader.detail.english().contains("40000, 0, 50000"));
}

/// Fifty values of two registers each, side by side.
fn long_config(port: u16) -> Config {
    let points: Vec<String> = (0..50)
        .map(|at| {
            format!(
                "{{ id = 'p{at}', register = 'holding:{}', type = 'u32' }}",
                2 * at
            )
        })
        .collect();
    let text = SiteText::new("a")
        .tcp_bus("b", port)
        .with("timeout = '500ms'");
    load_site(&text.device("d", "b", "").points(points).text())
}

fn hundred_registers() -> BTreeMap<u16, u16> {
    (0..100).map(|at| (at, at)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_silent_to_long_reads_is_read_in_shorter_ones() {
    for limit in [2, 5, 10, 33, 60, 99] {
        let mut bench = DeviceReaderBench::with_config(hundred_registers(), long_config).await;
        bench.registers.lock().unwrap().most = Some(limit);
        let mut silences = 0;
        while bench.poll().await.is_err() {
            silences += 1;
            assert!(silences <= 14, "limit {limit}");
        }
        bench.take_requests();
        let values = bench.values().await;
        assert_eq!(
            values[49],
            Some(f64::from(98 * 65_536 + 99)),
            "limit {limit}"
        );
        assert!(values.iter().all(Option::is_some), "limit {limit}");
        let asked = bench.take_requests();
        let longest = asked.iter().map(|(_, count)| *count).max().unwrap();
        assert!(
            longest <= limit && 2 * longest + 2 > limit,
            "limit {limit}: {longest}"
        );
        assert_eq!(
            bench.reader.shortened_to().map(|most| most >= longest),
            Some(true)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_device_costs_one_timeout_a_poll_after_the_first_and_is_asked_as_before_when_back() {
    let mut bench = DeviceReaderBench::with_config(hundred_registers(), long_config).await;
    bench.values().await;
    bench.registers.lock().unwrap().silent = true;
    bench.take_requests();
    for poll in 1..=20 {
        assert!(bench.poll().await.is_err());
        // The first silence may be a lost answer, which is asked for again.
        let requests = if poll == 1 { 2 } else { 1 };
        assert_eq!(bench.take_requests().len(), requests, "poll {poll}");
    }
    bench.registers.lock().unwrap().silent = false;
    assert!(bench.values().await.iter().all(Option::is_some));
    bench.take_requests();
    bench.values().await;
    assert_eq!(bench.take_requests(), [(0, 100)]);
    assert_eq!(bench.reader.shortened_to(), None);
}

#[tokio::test(start_paused = true)]
async fn a_register_that_is_passed_over_in_silence_costs_the_others_nothing_in_the_end() {
    for dumb in [0, 51, 99] {
        let mut bench = DeviceReaderBench::with_config(hundred_registers(), long_config).await;
        bench.registers.lock().unwrap().dumb = Some(dumb);
        let mut polls = 0;
        while bench.poll().await.is_err() {
            polls += 1;
            assert!(polls <= 20, "register {dumb}");
        }
        let outcomes = bench.poll().await.unwrap();
        let bad: Vec<usize> = (0..50)
            .filter(|at| outcomes[*at].number().is_none())
            .collect();
        assert_eq!(bad, [usize::from(dumb / 2)], "register {dumb}");
        assert_eq!(outcomes[bad[0]], SampleOutcome::Bad(QualityReason::Timeout));
    }
}
