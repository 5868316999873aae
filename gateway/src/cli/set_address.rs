//! `pantau set-address`: gives a device another address, or another speed. Nothing else in this
//! program writes to a device. Without `--yes` it says what it would write and why that is
//! dangerous.

use super::args::CONFIG_DEFAULT;
use super::person::Person;
use super::running::{Trouble, Way, complain, failed, load, user};
use super::{DONE, NO, WRONG, shared};
use crate::config::{Bus, Config};
use crate::errand::Errand;
use crate::onsite::address::{Asked, Host, Outcome, Plan, Step, change};
use crate::read::bus::Channel;
use crate::store::Access;
use crate::words::Lang;
use serde_json::json;
use std::io::{Write, stdin, stdout};
use std::path::PathBuf;
use tokio::sync::mpsc;

/// What `pantau set-address` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    /// Device id.
    #[arg(value_name = "DEVICE")]
    device: String,
    /// Address that it has now; that of the configuration when left out.
    #[arg(long, value_name = "UNIT", value_parser = clap::value_parser!(u8).range(1..=247))]
    from: Option<u8>,
    /// Address that it shall have; that of the configuration when left out.
    #[arg(long, value_name = "UNIT", value_parser = clap::value_parser!(u8).range(1..=247))]
    to: Option<u8>,
    /// Speed that it shall have.
    #[arg(long, value_name = "BAUD", conflicts_with = "to")]
    baud: Option<u32>,
    /// Where it keeps its address, for a device whose profile does not say.
    #[arg(long, value_name = "holding:N", conflicts_with = "baud")]
    register: Option<String>,
    /// With which function it is written.
    #[arg(long, value_name = "6|16", requires = "register", default_value_t = 6)]
    function: u8,
    /// Write.
    #[arg(long = "yes")]
    write: bool,
    /// For scripts.
    #[arg(long)]
    json: bool,
}

/// Does it; the exit status.
pub(super) async fn run(options: &Options, lang: Lang) -> u8 {
    let config = match load(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let plan = match Plan::of(&options.asked(), &config) {
        Ok(plan) => plan,
        Err(wrong) => {
            complain(&wrong.say(lang));
            return WRONG;
        }
    };
    complain(&plan.say(lang));
    if !options.write {
        complain(&lang.text("setaddr-need-yes"));
        return WRONG;
    }
    let owner = match shared::door(&config, &plan.bus().id).await {
        Ok(owner) => owner,
        Err(trouble) => return failed(&trouble, lang),
    };
    if owner.is_some() && !plan.moves() {
        // The gateway goes on in the speed that it knows.
        complain(&lang.say("setaddr-running", &[("bus", &plan.bus().id)]));
        return NO;
    }
    let is_shared = owner.is_some();
    let outcome = change(&plan, &mut Here { owner, lang }).await;
    tracing::warn!(
        device = %plan.device, bus = %plan.bus().id, change = %plan.change(),
        register = %plan.register(), outcome = outcome.word(), "set-address"
    );
    // The gateway notes what it writes itself.
    if outcome.is_written() && !is_shared {
        audit(&config, &plan, &outcome, lang).await;
    }
    tell(options, &plan, &outcome, lang)
}

impl Options {
    fn asked(&self) -> Asked {
        Asked {
            device: self.device.clone(),
            from: self.from,
            to: self.to,
            baud: self.baud,
            register: self.register.clone(),
            function: self.function,
        }
    }
}

/// The line, or the gateway that owns it; and the person at this terminal.
struct Here {
    owner: Option<mpsc::Sender<Errand>>,
    lang: Lang,
}

impl Host for Here {
    fn channel(&self, bus: &Bus) -> Channel {
        match &self.owner {
            Some(owner) => Channel::shared(bus, owner.clone()),
            None => Channel::new(bus),
        }
    }

    async fn step(&mut self, step: Step) -> bool {
        let question = self.lang.text(&format!("setaddr-ask-{}", step.word()));
        Person::new(&mut stdin().lock(), self.lang).line(&question);
        // A pipe without an answer is a script that has seen to it.
        true
    }
}

/// What was done to a device stands in the store's audit; a store that cannot be opened is said.
async fn audit(config: &Config, plan: &Plan, outcome: &Outcome, lang: Lang) {
    let by = user().unwrap_or_else(|| "cli".to_owned());
    let what = plan.noted(&by, outcome.word());
    let noted = async {
        let way = Way::find(config, Access::Write).await?;
        if let Way::Own(store) = &way {
            store.note("set-address", what).await?;
        }
        way.close().await;
        Ok::<(), Trouble>(())
    };
    if let Err(trouble) = noted.await {
        let why = trouble.to_string();
        complain(&lang.say("setaddr-no-audit", &[("why", &why)]));
    }
}

fn tell(options: &Options, plan: &Plan, outcome: &Outcome, lang: Lang) -> u8 {
    let words = outcome.say(plan, lang);
    if options.json {
        let told = json!({
            "device": plan.device,
            "bus": &*plan.bus().id,
            "change": plan.change(),
            "register": plan.register(),
            "outcome": outcome.word(),
            "written": outcome.is_written(),
            "verified": *outcome == Outcome::Done,
            "words": words,
        });
        // Nobody is left to tell when standard output is gone.
        let _ = writeln!(stdout(), "{told}");
    } else {
        complain(&words);
    }
    if *outcome == Outcome::Done { DONE } else { NO }
}
