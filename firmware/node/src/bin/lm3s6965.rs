//! Emulated board (`qemu-system-arm -M lm3s6965evb`): the node with values of its own instead of
//! sensors. It is for tests; the RP2040 is the product.
#![no_std]
#![no_main]

use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::ptr::{read_volatile, write_volatile};
use core::task::Waker;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{entry, exception};
use critical_section::Mutex;
use embassy_executor::{Executor, Spawner};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embassy_time::{Duration, Timer};
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use node::keeper::{Keeper, keep_counters};
use node::line::{SerialLine, serve_line};
use node::shared_node::SharedNode;
use static_cell::StaticCell;

/// Steps of the core clock (12.5 MHz) in a millisecond.
const TICKS_A_MS: u32 = 12_500;
/// First register of UART 0, a PL011.
const UART: usize = 0x4000_c000;
const UART_DATA: usize = UART;
const UART_FLAGS: usize = UART + 0x18;
const UART_CONTROL: usize = UART + 0x30;
const UART_MASK: usize = UART + 0x38;
const UART_CLEAR: usize = UART + 0x44;
/// Clock gates: UART 0 is bit 0 of register 1.
const CLOCK_GATES_1: usize = 0x400f_e104;
/// Receive interrupts: level reached, and silence behind fewer bytes.
const RECEIVE_INTERRUPTS: u32 = 0x50;
const UART_INTERRUPT: i16 = 5;
/// RAM that stands for a flash: QEMU keeps it over `system_reset`.
const KEPT_START: usize = 0x2000_e000;
const KEPT_BYTES: usize = 8192;
const KEPT_END: u32 = 8192;
const PAGE_BYTES: usize = 1024;
/// Status `SensorFault::Absent`, for the probe that this board does not have.
const ABSENT: u8 = 1;

fn read_register(address: usize) -> u32 {
    // SAFETY: only called with the addresses above, which are registers of this chip.
    unsafe { read_volatile(address as *const u32) }
}

fn write_register(address: usize, value: u32) {
    // SAFETY: as above.
    unsafe { write_volatile(address as *mut u32, value) }
}

/// Clock of one millisecond, from `SysTick`.
struct TickClock {
    now_ms: Mutex<Cell<u64>>,
    queue: Mutex<RefCell<Queue>>,
}

embassy_time_driver::time_driver_impl!(static CLOCK: TickClock = TickClock {
    now_ms: Mutex::new(Cell::new(0)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

impl Driver for TickClock {
    fn now(&self) -> u64 {
        critical_section::with(|token| self.now_ms.borrow(token).get())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        // No alarm is set: every tick looks at the queue.
        critical_section::with(|token| {
            self.queue
                .borrow(token)
                .borrow_mut()
                .schedule_wake(at, waker);
        });
    }
}

#[exception]
fn SysTick() {
    critical_section::with(|token| {
        let now = CLOCK.now_ms.borrow(token).get() + 1;
        CLOCK.now_ms.borrow(token).set(now);
        let mut queue = CLOCK.queue.borrow(token).borrow_mut();
        queue.next_expiration(now);
    });
}

/// Bytes on their way from the interrupt to the line.
static RECEIVED: Pipe<CriticalSectionRawMutex, 512> = Pipe::new();

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    if interrupt == UART_INTERRUPT {
        // Bit 4 of the flags: nothing is left to read.
        while read_register(UART_FLAGS) & 0x10 == 0 {
            let [byte, ..] = read_register(UART_DATA).to_le_bytes();
            // A full pipe loses bytes, and the checksum tells.
            let _ = RECEIVED.try_write(&[byte]);
        }
        write_register(UART_CLEAR, RECEIVE_INTERRUPTS);
    }
}

/// UART 0. The emulator gives bytes at once and needs no direction pin.
struct EmulatedLine;

impl SerialLine for EmulatedLine {
    async fn receive(&mut self, bytes: &mut [u8]) -> Option<usize> {
        Some(RECEIVED.read(bytes).await)
    }

    async fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            write_register(UART_DATA, u32::from(*byte));
        }
    }

    fn set_speed(&mut self, _baud: u32) {}
}

/// RAM as a flash that wants to be erased before it is written.
struct KeptRam;

fn kept_ram() -> &'static mut [u8] {
    // SAFETY: the linker's memory ends before, and only the one `KeptRam` calls this.
    unsafe { core::slice::from_raw_parts_mut(KEPT_START as *mut u8, KEPT_BYTES) }
}

impl ErrorType for KeptRam {
    type Error = Infallible;
}

impl ReadNorFlash for KeptRam {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        let start = offset as usize;
        bytes.copy_from_slice(&kept_ram()[start..start + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        KEPT_BYTES
    }
}

impl NorFlash for KeptRam {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = PAGE_BYTES;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        kept_ram()[from as usize..to as usize].fill(0xff);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        let start = offset as usize;
        // As in a flash, a write can only clear bits.
        for (place, byte) in kept_ram()[start..].iter_mut().zip(bytes) {
            *place &= byte;
        }
        Ok(())
    }
}

/// Values in place of sensors: a pulse every tenth of a second, a tip every second.
#[embassy_executor::task]
async fn simulate_sensors(node: &'static SharedNode) {
    for tenth in 1u32.. {
        Timer::after(Duration::from_millis(100)).await;
        node.update(|values| {
            values.temperatures = [(2137, 0), (0, ABSENT)];
            values.level_current = (12_000, 0);
            values.pulses = values.pulses.wrapping_add(1);
            values.pulse_rate = 1000;
            values.tips.0 = values
                .tips
                .0
                .wrapping_add(u32::from(tenth.is_multiple_of(10)));
            values.air_temperature = 2744;
            values.air_humidity = 8123;
            values.air_status = 0;
        });
    }
}

#[embassy_executor::task]
async fn run_line(node: &'static SharedNode) {
    serve_line(node, EmulatedLine).await;
}

#[embassy_executor::task]
async fn run_node(spawner: Spawner) {
    static NODE: StaticCell<SharedNode> = StaticCell::new();
    let keeper = Keeper::open(KeptRam, 0..KEPT_END).await;
    let node: &'static SharedNode = NODE.init(SharedNode::new(0x6965, 0, &keeper.record()));
    // Each task is spawned once, so none of them can fail.
    let _ = run_line(node).map(|task| spawner.spawn(task));
    let _ = simulate_sensors(node).map(|task| spawner.spawn(task));
    keep_counters(node, keeper).await;
}

#[entry]
fn start() -> ! {
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    if let Some(mut core) = cortex_m::Peripherals::take() {
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(TICKS_A_MS - 1);
        core.SYST.clear_current();
        core.SYST.enable_counter();
        core.SYST.enable_interrupt();
        write_register(CLOCK_GATES_1, 1);
        // UART on, receiving and sending.
        write_register(UART_CONTROL, 0x301);
        write_register(UART_MASK, RECEIVE_INTERRUPTS);
        // SAFETY: the handler touches the UART and the pipe only.
        unsafe { core.NVIC.iser[0].write(1 << UART_INTERRUPT) };
    }
    EXECUTOR.init(Executor::new()).run(|spawner| {
        if let Ok(task) = run_node(spawner) {
            spawner.spawn(task);
        }
    })
}

/// Starts again: the node has nobody to tell.
#[panic_handler]
fn panic(_why: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
