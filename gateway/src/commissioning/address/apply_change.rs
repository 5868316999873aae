//! Steps of the change: check that one device answers, write, verify.

use super::plan::{AddressChangePlan, DeviceReach};
use crate::bus_request::ResponderCount;
use crate::buses::modbus::bus::{BusChannel, BusChannelError};
use crate::commissioning::shared_address;
use crate::config::Bus;
use crate::domain::FaultDetail;
use crate::i18n::Language;
use crate::limits::{WIZARD_LISTEN_TRIES, WIZARD_RESTART_TRIES};
use drivers::write_request::ModbusWriteRequest;
use std::time::Duration;

/// Pause between two requests to a device that may be restarting.
const RESTART_WAIT: Duration = Duration::from_millis(500);

/// An action that only a person at the device can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorStep {
    /// Press and hold the button.
    Button,
    /// Switch the power off and on.
    Power,
}

impl OperatorStep {
    /// Stable word, used in message keys (`setaddr-ask-WORD`, `setaddr-step-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Button => "button",
            Self::Power => "power",
        }
    }
}

/// Caller of the procedure: opens the bus, and asks the operator for an action.
pub trait AddressChangeHost: Send {
    /// Channel with the settings of this bus.
    fn channel(&self, bus: &Bus) -> BusChannel;
    /// Waits until the operator has done it; false when nobody will.
    fn wait_for_step(&mut self, step: OperatorStep) -> impl Future<Output = bool> + Send;
}

/// Result of the change.
#[derive(Clone, Debug, PartialEq)]
pub enum AddressChangeOutcome {
    /// The device answers with the new setting and no longer with the old one.
    Done,
    /// No device answers at the old address.
    Silent,
    /// More than one device answers.
    Several,
    /// Answers are garbled or come only sometimes.
    Unsteady,
    /// The new address is already in use.
    Taken,
    /// The device refused the write with this exception code.
    Refused(u8),
    /// Written, but the device still answers at the old address.
    Unchanged,
    /// Written, but no device answers at the new address.
    Lost,
    /// The operator did not press the button; nothing was written.
    Abandoned,
    /// The bus cannot be used; nothing was written.
    Failed(FaultDetail),
}

impl AddressChangeOutcome {
    /// Stable word for scripts, the log and message keys (`setaddr-WORD`).
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Silent => "silent",
            Self::Several => "several",
            Self::Unsteady => "unsteady",
            Self::Taken => "taken",
            Self::Refused(_) => "refused",
            Self::Unchanged => "unchanged",
            Self::Lost => "lost",
            Self::Abandoned => "abandoned",
            Self::Failed(_) => "failed",
        }
    }

    /// True when a write was sent to a device.
    pub fn is_written(&self) -> bool {
        matches!(
            self,
            Self::Done | Self::Refused(_) | Self::Unchanged | Self::Lost
        )
    }

    /// The result as text, with the next action.
    pub fn message(&self, plan: &AddressChangePlan, lang: Language) -> String {
        let detail = match self {
            Self::Refused(code) => code.to_string(),
            Self::Failed(why) => lang.fault_detail(why),
            _ => String::new(),
        };
        let (old, new) = (plan.before.unit.to_string(), plan.after.unit.to_string());
        let change = plan.change_text();
        let args = [
            ("device", plan.device.as_str()),
            ("old", &old),
            ("new", &new),
            ("change", &change),
            ("detail", &detail),
        ];
        let words = lang.text_with(&format!("setaddr-{}", self.word()), &args);
        match (self, plan.config_reminder(lang)) {
            (Self::Done, Some(reminder)) => format!("{words}\n{reminder}"),
            _ => words,
        }
    }
}

impl From<BusChannelError> for AddressChangeOutcome {
    fn from(failure: BusChannelError) -> Self {
        Self::Failed(failure.detail())
    }
}

/// Runs the change.
pub async fn change_address(
    plan: &AddressChangePlan,
    host: &mut impl AddressChangeHost,
) -> AddressChangeOutcome {
    match run_steps(plan, host).await {
        Ok(()) => AddressChangeOutcome::Done,
        Err(outcome) => outcome,
    }
}

async fn run_steps(
    plan: &AddressChangePlan,
    host: &mut impl AddressChangeHost,
) -> Result<(), AddressChangeOutcome> {
    check_single_device(plan, host).await?;
    // A write to an address in use would leave two devices with one address.
    if plan.changes_unit()
        && probe_unit(plan, host, &plan.after).await?
            != [ResponderCount::Nothing; WIZARD_LISTEN_TRIES]
    {
        return Err(AddressChangeOutcome::Taken);
    }
    if plan.setting.button && !host.wait_for_step(OperatorStep::Button).await {
        return Err(AddressChangeOutcome::Abandoned);
    }
    // A write may have been sent from here on, whatever fails afterwards: the result must not say
    // that nothing was written.
    write_and_verify(plan, host)
        .await
        .map_err(|outcome| match outcome {
            AddressChangeOutcome::Failed(_) => AddressChangeOutcome::Lost,
            other => other,
        })
}

async fn write_and_verify(
    plan: &AddressChangePlan,
    host: &mut impl AddressChangeHost,
) -> Result<(), AddressChangeOutcome> {
    if let Some(code) = write_registers(host, &plan.before, plan.write_request()).await? {
        return Err(AddressChangeOutcome::Refused(code));
    }
    if let Some(save) = plan.save_request() {
        tokio::time::sleep(RESTART_WAIT).await;
        // Some models need no save command and refuse it.
        write_registers(host, &plan.after, save).await?;
    }
    if plan.setting.power_cycle {
        // The write is done; whether the power was switched shows in how the device answers.
        host.wait_for_step(OperatorStep::Power).await;
    }
    verify_change(plan, host).await
}

/// Checks that exactly one device answers, every time.
async fn check_single_device(
    plan: &AddressChangePlan,
    host: &impl AddressChangeHost,
) -> Result<(), AddressChangeOutcome> {
    let heard = probe_unit(plan, host, &plan.before).await?;
    // Two devices with one address do not always collide, so one clean answer is no proof: several
    // are asked for.
    if heard.contains(&ResponderCount::Several) || heard.contains(&ResponderCount::Garbled) {
        return Err(AddressChangeOutcome::Several);
    }
    match heard {
        all if all == [ResponderCount::One; WIZARD_LISTEN_TRIES] => {
            // Answers of two devices by turns: each is clean, and they differ.
            let mut channel = host.channel(&plan.before.bus);
            let first = plan.probe_request(plan.before.unit);
            match shared_address::check_address(&mut channel, first)
                .await
                .evidence
            {
                Some(evidence) => {
                    tracing::warn!(%evidence, "two devices seem to have this address");
                    Err(AddressChangeOutcome::Several)
                }
                None => Ok(()),
            }
        }
        all if all == [ResponderCount::Nothing; WIZARD_LISTEN_TRIES] => {
            Err(AddressChangeOutcome::Silent)
        }
        _ => Err(AddressChangeOutcome::Unsteady),
    }
}

/// Checks that the device answers with the new setting and none with the old one; waits for a
/// restart.
async fn verify_change(
    plan: &AddressChangePlan,
    host: &impl AddressChangeHost,
) -> Result<(), AddressChangeOutcome> {
    for _ in 0..WIZARD_RESTART_TRIES {
        tokio::time::sleep(RESTART_WAIT).await;
        let mut channel = host.channel(&plan.after.bus);
        let heard = channel
            .listen_for_replies(plan.probe_request(plan.after.unit))
            .await?;
        if heard != ResponderCount::One {
            continue;
        }
        // Closed first: both settings may be those of one serial port, which has one owner.
        drop(channel);
        let before = probe_unit(plan, host, &plan.before).await?;
        // At the old speed, traffic of other devices would be read as noise; silence is required
        // only after a change of address.
        let is_gone =
            before == [ResponderCount::Nothing; WIZARD_LISTEN_TRIES] || !plan.changes_unit();
        return if is_gone {
            Ok(())
        } else {
            Err(AddressChangeOutcome::Unchanged)
        };
    }
    let before = probe_unit(plan, host, &plan.before).await?;
    if before.contains(&ResponderCount::One) {
        return Err(AddressChangeOutcome::Unchanged);
    }
    Err(AddressChangeOutcome::Lost)
}

/// Asks `WIZARD_HEARS` times which devices answer.
async fn probe_unit(
    plan: &AddressChangePlan,
    host: &impl AddressChangeHost,
    reach: &DeviceReach,
) -> Result<[ResponderCount; WIZARD_LISTEN_TRIES], AddressChangeOutcome> {
    let mut channel = host.channel(&reach.bus);
    let mut heard = [ResponderCount::Nothing; WIZARD_LISTEN_TRIES];
    for one in &mut heard {
        *one = channel
            .listen_for_replies(plan.probe_request(reach.unit))
            .await?;
    }
    Ok(heard)
}

async fn write_registers(
    host: &impl AddressChangeHost,
    reach: &DeviceReach,
    write: ModbusWriteRequest,
) -> Result<Option<u8>, AddressChangeOutcome> {
    Ok(host.channel(&reach.bus).write(write).await?)
}
