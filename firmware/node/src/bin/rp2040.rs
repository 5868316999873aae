//! RP2040 (a Raspberry Pi Pico or a board like it): the product's board. Pins: `docs/node.md`.
#![no_std]
#![no_main]

use drivers::one_wire::OneWireMaster;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::{InterruptExecutor, Spawner};
use embassy_rp::bind_interrupts;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::gpio::{Input, Level, Output, OutputOpenDrain, Pull};
use embassy_rp::i2c::{Blocking as BlockingMode, Config as BusConfig, I2c};
use embassy_rp::interrupt;
use embassy_rp::interrupt::{InterruptExt, Priority};
use embassy_rp::pac;
use embassy_rp::peripherals::{FLASH, I2C0, UART0};
use embassy_rp::uart::{BufferedInterruptHandler, BufferedUart, Config as UartConfig};
use embassy_rp::watchdog::{ResetReason, Watchdog};
use embassy_time::{Delay, Duration, Instant, Timer};
use embedded_io_async::{Read, Write};
use node::keeper::{Keeper, keep_counters};
use node::line::{SerialLine, serve_line};
use node::sensors::{PulseInput, count_pulses, measure_bus, measure_temperature};
use node::shared_node::SharedNode;
use static_cell::StaticCell;

/// Flash of the board.
const FLASH_BYTES: usize = 2 * 1024 * 1024;
/// Part of the flash that keeps counters and settings; `memory-rp2040.x` leaves it free.
const KEPT_RANGE: core::ops::Range<u32> = 0x001f_0000..0x0020_0000;
/// Time after which a node that has stopped starts again.
const WATCHDOG_TIME: Duration = Duration::from_secs(8);
/// Pause between two signs of life, at each of which the counters are noted.
const NOTE_EVERY: Duration = Duration::from_millis(250);
/// Steps in which the end of the last stop bit is awaited.
const STOP_BIT_STEP: Duration = Duration::from_micros(20);
/// Mark of counters in the registers of the watchdog, which survive its restart.
const SURVIVED_MARK: u32 = 0x504e_0001;
/// Both lines of the I2C bus, GP4 and GP5, as bits of the input register.
const BUS_LINES: u32 = 0b11_0000;

type ProbeWire = OneWireMaster<OutputOpenDrain<'static>, Delay>;
type NodeFlash = BlockingAsync<Flash<'static, FLASH, Blocking, FLASH_BYTES>>;

bind_interrupts!(struct Interrupts {
    UART0_IRQ => BufferedInterruptHandler<UART0>;
});

/// Executor of the line. It interrupts measurements, so that an answer never waits for them.
static LINE_EXECUTOR: InterruptExecutor = InterruptExecutor::new();

#[interrupt]
unsafe fn SWI_IRQ_1() {
    // SAFETY: called by this interrupt only.
    unsafe { LINE_EXECUTOR.on_interrupt() }
}

/// UART 0 with the direction pin of its RS-485 driver: high while sending.
struct DrivenLine {
    uart: BufferedUart,
    direction: Output<'static>,
    baud: u32,
}

impl SerialLine for DrivenLine {
    async fn receive(&mut self, bytes: &mut [u8]) -> Option<usize> {
        self.uart.read(bytes).await.ok()
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.direction.set_high();
        let bits = 10 * bytes.len() as u64;
        let end = Instant::now() + Duration::from_micros(bits * 1_000_000 / u64::from(self.baud));
        // Nothing can fail here: the buffer only makes it wait.
        let _ = self.uart.write_all(bytes).await;
        let _ = self.uart.flush().await;
        Timer::at(end).await;
        // The driver is on until the chip says that the last stop bit has gone.
        while self.uart.busy() {
            Timer::after(STOP_BIT_STEP).await;
        }
        self.direction.set_low();
    }

    fn set_speed(&mut self, baud: u32) {
        self.baud = baud;
        self.uart.set_baudrate(baud);
    }
}

#[embassy_executor::task]
async fn run_line(node: &'static SharedNode, line: DrivenLine) {
    serve_line(node, line).await;
}

#[embassy_executor::task]
async fn run_keeper(node: &'static SharedNode, keeper: Keeper<NodeFlash>) {
    keep_counters(node, keeper).await;
}

#[embassy_executor::task(pool_size = 2)]
async fn run_pulses(node: &'static SharedNode, input: PulseInput, pin: Input<'static>) {
    count_pulses(node, input, pin).await;
}

#[embassy_executor::task(pool_size = 2)]
async fn run_temperature(node: &'static SharedNode, probe: usize, wire: ProbeWire) {
    measure_temperature(node, probe, wire).await;
}

#[embassy_executor::task]
async fn run_bus(node: &'static SharedNode, bus: I2c<'static, I2C0, BlockingMode>) {
    let is_free = || pac::SIO.gpio_in(0).read() & BUS_LINES == BUS_LINES;
    measure_bus(node, bus, is_free).await;
}

/// Puts the counters where a restart by the watchdog does not reach.
fn note_counters(watchdog: &mut Watchdog, node: &SharedNode) {
    let record = node.record();
    watchdog.set_scratch(0, record.pulses);
    watchdog.set_scratch(1, record.tips);
    watchdog.set_scratch(2, record.pulses ^ record.tips ^ SURVIVED_MARK);
}

/// Returns the counters that survived: pulses and tips.
fn noted_counters(watchdog: &mut Watchdog) -> Option<(u32, u32)> {
    let (pulses, tips) = (watchdog.get_scratch(0), watchdog.get_scratch(1));
    let is_whole = watchdog.get_scratch(2) == pulses ^ tips ^ SURVIVED_MARK;
    is_whole.then_some((pulses, tips))
}

fn reset_cause(watchdog: &Watchdog) -> u16 {
    match watchdog.reset_reason() {
        Some(ResetReason::TimedOut) => 2,
        Some(ResetReason::Forced) => 3,
        None => 1,
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    static NODE: StaticCell<SharedNode> = StaticCell::new();
    static SENT: StaticCell<[u8; 256]> = StaticCell::new();
    static RECEIVED: StaticCell<[u8; 512]> = StaticCell::new();
    let chip = embassy_rp::init(embassy_rp::config::Config::default());
    let mut watchdog = Watchdog::new(chip.WATCHDOG);
    let cause = reset_cause(&watchdog);
    watchdog.start(WATCHDOG_TIME);

    let mut flash = Flash::<_, Blocking, FLASH_BYTES>::new_blocking(chip.FLASH);
    let mut serial = [0; 8];
    // A chip without a readable number still works; its number is 0.
    let _ = flash.blocking_unique_id(&mut serial);
    let mut keeper = Keeper::open(BlockingAsync::new(flash), KEPT_RANGE).await;
    if let Some((pulses, tips)) = noted_counters(&mut watchdog) {
        keeper.continue_from(pulses, tips);
    }
    let node = SharedNode::new(u64::from_be_bytes(serial), cause, &keeper.record());
    let node: &'static SharedNode = NODE.init(node);

    let uart = BufferedUart::new(
        chip.UART0,
        chip.PIN_0,
        chip.PIN_1,
        Interrupts,
        SENT.init([0; 256]),
        RECEIVED.init([0; 512]),
        UartConfig::default(),
    );
    let line = DrivenLine {
        uart,
        direction: Output::new(chip.PIN_2, Level::Low),
        baud: 9600,
    };
    interrupt::SWI_IRQ_1.set_priority(Priority::P2);
    let line_spawner = LINE_EXECUTOR.start(interrupt::SWI_IRQ_1);
    // Each task is spawned once, so none of them can fail.
    let _ = run_line(node, line).map(|task| line_spawner.spawn(task));
    for (input, pin) in [
        (PulseInput::Meter, Input::new(chip.PIN_6, Pull::Up)),
        (PulseInput::Rain, Input::new(chip.PIN_7, Pull::Up)),
    ] {
        let _ = run_pulses(node, input, pin).map(|task| line_spawner.spawn(task));
    }
    for (probe, pin) in [
        OutputOpenDrain::new(chip.PIN_8, Level::High),
        OutputOpenDrain::new(chip.PIN_9, Level::High),
    ]
    .into_iter()
    .enumerate()
    {
        let wire = OneWireMaster::new(pin, Delay);
        let _ = run_temperature(node, probe, wire).map(|task| spawner.spawn(task));
    }
    let bus = I2c::new_blocking(chip.I2C0, chip.PIN_5, chip.PIN_4, BusConfig::default());
    let _ = run_bus(node, bus).map(|task| spawner.spawn(task));
    let _ = run_keeper(node, keeper).map(|task| spawner.spawn(task));
    loop {
        watchdog.feed(WATCHDOG_TIME);
        note_counters(&mut watchdog, node);
        Timer::after(NOTE_EVERY).await;
    }
}

/// Starts again: the node has nobody to tell.
#[panic_handler]
fn panic(_why: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
