//! The steps: hear who answers, write, hear again.

use super::plan::{Plan, Reach};
use crate::config::Bus;
use crate::errand::Heard;
use crate::limits::{WIZARD_HEARS, WIZARD_WAITS};
use crate::read::bus::{Channel, Failure};
use crate::words::Lang;
use drivers::write::Write;
use std::time::Duration;

/// Between two questions to a device that may be starting anew.
const WAIT: Duration = Duration::from_millis(500);

/// Something that only a person at the device can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Press and hold its button.
    Button,
    /// Take its power off and on.
    Power,
}

impl Step {
    /// A stable word, also in catalogue keys (`setaddr-ask-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Button => "button",
            Self::Power => "power",
        }
    }
}

/// Whoever wants it done: opens the bus, and has a person do what only a person can.
pub trait Host: Send {
    /// A way to devices in these settings.
    fn channel(&self, bus: &Bus) -> Channel;
    /// Waits until it is done; false when nobody will.
    fn step(&mut self, step: Step) -> impl Future<Output = bool> + Send;
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The device answers as it should, and no longer as before.
    Done,
    /// Nobody answers as the device is said to be now.
    Silent,
    /// More than one device answers.
    Several,
    /// Answers are broken or come only now and then.
    Unsteady,
    /// Somebody has the new address already.
    Taken,
    /// The device refuses the write with this exception.
    Refused(u8),
    /// Written, but the device still answers as before.
    Unchanged,
    /// Written, but nobody answers as it should.
    Lost,
    /// Nobody pressed the button; nothing was written.
    Abandoned,
    /// The line cannot be used; nothing was written.
    Failed(String),
}

impl Outcome {
    /// A stable word for scripts, the log and catalogue keys (`setaddr-WORD`).
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

    /// Something was written to a device.
    pub fn is_written(&self) -> bool {
        matches!(
            self,
            Self::Done | Self::Refused(_) | Self::Unchanged | Self::Lost
        )
    }

    /// In words, with what is to be done next.
    pub fn say(&self, plan: &Plan, lang: Lang) -> String {
        let detail = match self {
            Self::Refused(code) => code.to_string(),
            Self::Failed(why) => why.clone(),
            _ => String::new(),
        };
        let (old, new) = (plan.before.unit.to_string(), plan.after.unit.to_string());
        let change = plan.change();
        let args = [
            ("device", plan.device.as_str()),
            ("old", &old),
            ("new", &new),
            ("change", &change),
            ("detail", &detail),
        ];
        let words = lang.say(&format!("setaddr-{}", self.word()), &args);
        match (self, plan.reminder(lang)) {
            (Self::Done, Some(reminder)) => format!("{words}\n{reminder}"),
            _ => words,
        }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

/// Does it, and says how it ended.
pub async fn change(plan: &Plan, host: &mut impl Host) -> Outcome {
    match steps(plan, host).await {
        Ok(()) => Outcome::Done,
        Err(outcome) => outcome,
    }
}

async fn steps(plan: &Plan, host: &mut impl Host) -> Result<(), Outcome> {
    alone(plan, host).await?;
    if plan.moves() && hear(plan, host, &plan.after).await? != [Heard::Nothing; WIZARD_HEARS] {
        return Err(Outcome::Taken);
    }
    if plan.setting.button && !host.step(Step::Button).await {
        return Err(Outcome::Abandoned);
    }
    // From here on something may have been written, whatever the line does.
    written(plan, host).await.map_err(|outcome| match outcome {
        Outcome::Failed(_) => Outcome::Lost,
        other => other,
    })
}

async fn written(plan: &Plan, host: &mut impl Host) -> Result<(), Outcome> {
    if let Some(code) = write(host, &plan.before, plan.write()).await? {
        return Err(Outcome::Refused(code));
    }
    if let Some(save) = plan.save() {
        tokio::time::sleep(WAIT).await;
        // A model that needs no saving refuses it.
        write(host, &plan.after, save).await?;
    }
    if plan.setting.power_cycle {
        // Written it is; whoever did not come is seen by how the device answers.
        host.step(Step::Power).await;
    }
    verify(plan, host).await
}

/// Exactly one device answers, every time.
async fn alone(plan: &Plan, host: &impl Host) -> Result<(), Outcome> {
    let heard = hear(plan, host, &plan.before).await?;
    if heard.contains(&Heard::Several) || heard.contains(&Heard::Garbled) {
        return Err(Outcome::Several);
    }
    match heard {
        all if all == [Heard::One; WIZARD_HEARS] => Ok(()),
        all if all == [Heard::Nothing; WIZARD_HEARS] => Err(Outcome::Silent),
        _ => Err(Outcome::Unsteady),
    }
}

/// It answers as it should, and nobody as before. It may take a while to start anew.
async fn verify(plan: &Plan, host: &impl Host) -> Result<(), Outcome> {
    for _ in 0..WIZARD_WAITS {
        tokio::time::sleep(WAIT).await;
        let mut channel = host.channel(&plan.after.bus);
        let heard = channel.hear(plan.question(plan.after.unit)).await?;
        if heard != Heard::One {
            continue;
        }
        drop(channel);
        let before = hear(plan, host, &plan.before).await?;
        // At the old speed the answer of other devices' traffic would be noise; silence is asked
        // for of an address alone.
        let is_gone = before == [Heard::Nothing; WIZARD_HEARS] || !plan.moves();
        return if is_gone {
            Ok(())
        } else {
            Err(Outcome::Unchanged)
        };
    }
    let before = hear(plan, host, &plan.before).await?;
    if before.contains(&Heard::One) {
        return Err(Outcome::Unchanged);
    }
    Err(Outcome::Lost)
}

/// Asks a few times who answers there.
async fn hear(
    plan: &Plan,
    host: &impl Host,
    reach: &Reach,
) -> Result<[Heard; WIZARD_HEARS], Outcome> {
    let mut channel = host.channel(&reach.bus);
    let mut heard = [Heard::Nothing; WIZARD_HEARS];
    for one in &mut heard {
        *one = channel.hear(plan.question(reach.unit)).await?;
    }
    Ok(heard)
}

async fn write(host: &impl Host, reach: &Reach, write: Write) -> Result<Option<u8>, Outcome> {
    Ok(host.channel(&reach.bus).write(write).await?)
}
