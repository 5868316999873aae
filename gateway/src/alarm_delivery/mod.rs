//! Messages of alarms on their way to people: webhook, Telegram, mail, WhatsApp.
//!
//! ```text
//! run_alarm_delivery(context, book, stop).await    // takes changes and sends, until the stop
//! send_test_message(&context, "staff").await       // answers of the far side, now
//! delivery_status(&context).await?                 // what waits, was sent, went wrong
//! ```
//!
//! A change of an alarm becomes one row for each recipient of a channel (`queued_message`), in the
//! transaction in which it counts as taken. `delivery_plan` is pure: rows, what is kept of the
//! channel and the moment give what is sent next. `carriers` has one file for each service: the
//! request, and what its answer means (`delivery_fault`). A row leaves the queue when the far side
//! has acknowledged it, has refused it for good, or when it is too old.

mod carriers;
mod channel_memory;
mod channel_status;
mod channel_task;
mod delivery_context;
mod delivery_fault;
mod delivery_plan;
mod message_text;
mod queued_message;
mod test_message;

pub(crate) use channel_memory::KeptFault;
pub(crate) use channel_status::{ChannelStatus, DeliveryStatus, delivery_status, waiting_text};
pub use channel_task::run_alarm_delivery;
pub use delivery_context::DeliveryContext;
pub(crate) use message_text::shared_text;
pub(crate) use test_message::{TestAnswer, TestRefusal, send_test_message};
