//! State that the tasks of the node share ([`SharedNode`]).

use core::cell::RefCell;
use drivers::node::{KeptRecord, NodeBank, NodeIdentity, NodeSettings, NodeValues};
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::mutex::{Mutex as TurnMutex, MutexGuard as TurnGuard};
use embassy_time::Instant;

/// Firmware version, major and minor.
pub const FIRMWARE: [u8; 2] = [0, 1];
/// Firmware version as text.
pub const FIRMWARE_TEXT: &str = env!("CARGO_PKG_VERSION");

/// Values and settings of the node. Each access is short and without a wait inside.
#[derive(Debug)]
pub struct SharedNode {
    identity: NodeIdentity,
    state: Mutex<CriticalSectionRawMutex, RefCell<(NodeValues, NodeSettings)>>,
    /// Held while the node sends, and while it writes to its flash.
    turn: TurnMutex<CriticalSectionRawMutex, ()>,
}

impl SharedNode {
    /// Creates the state at the start, from what was kept.
    pub fn new(serial: u64, reset_cause: u16, kept: &KeptRecord) -> Self {
        let identity = NodeIdentity {
            firmware: FIRMWARE,
            firmware_text: FIRMWARE_TEXT,
            serial,
            reset_cause,
        };
        let values = NodeValues::at_start(kept.resets, kept.pulses, kept.tips);
        Self {
            identity,
            state: Mutex::new(RefCell::new((values, kept.settings()))),
            turn: TurnMutex::new(()),
        }
    }

    /// Waits for the turn to send, or to write to the flash. A write stops the whole chip: within a
    /// reply it would keep the line driven, for as long as an erase takes.
    pub async fn wait_for_turn(&self) -> TurnGuard<'_, CriticalSectionRawMutex, ()> {
        self.turn.lock().await
    }

    /// Changes the values.
    pub fn update<R>(&self, change: impl FnOnce(&mut NodeValues) -> R) -> R {
        self.state.lock(|state| change(&mut state.borrow_mut().0))
    }

    /// Reads or changes the settings.
    pub fn with_settings<R>(&self, change: impl FnOnce(&mut NodeSettings) -> R) -> R {
        self.state.lock(|state| change(&mut state.borrow_mut().1))
    }

    /// Lends the registers of this moment to a Modbus server.
    pub fn with_bank<R>(&self, ask: impl FnOnce(&mut NodeBank<'_>) -> R) -> R {
        self.state.lock(|state| {
            let (values, settings) = &mut *state.borrow_mut();
            ask(&mut NodeBank {
                identity: &self.identity,
                values,
                settings,
                now_s: uptime_s(),
            })
        })
    }

    /// Returns what is to be kept over a reset.
    pub fn record(&self) -> KeptRecord {
        self.state.lock(|state| {
            let (values, settings) = &*state.borrow();
            KeptRecord {
                resets: values.resets,
                pulses: values.pulses,
                tips: values.tips.0,
                line: settings.kept_line(),
                probe: settings.probe,
            }
        })
    }
}

/// Seconds since the start.
pub fn uptime_s() -> u32 {
    u32::try_from(Instant::now().as_secs()).unwrap_or(u32::MAX)
}
