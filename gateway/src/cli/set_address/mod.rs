//! `pantau set-address`: gives a device another address, or another speed. Nothing else in this
//! program writes to a device. Without `--yes` it says what it would write and why that is
//! dangerous.

mod change;
mod plan;

use super::args::CONFIG_DEFAULT;
use super::person::Person;
use super::running::{Running, Way, complain, failed, load, user};
use super::{DONE, NO, WRONG};
use crate::config::Config;
use crate::words::Lang;
use change::{Outcome, change};
use plan::Plan;
use serde_json::json;
use std::io::{Write, stdin, stdout};
use std::path::PathBuf;

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
    let plan = match Plan::of(options, &config) {
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
    match Running::connect(&config.store.path).await {
        Ok(None) => {}
        Ok(Some(_)) => {
            complain(&lang.say("setaddr-running", &[("bus", &plan.before.bus.id)]));
            return NO;
        }
        Err(trouble) => return failed(&trouble, lang),
    }
    let mut input = stdin().lock();
    let outcome = change(&plan, &mut Person::new(&mut input, lang)).await;
    tracing::warn!(
        device = %plan.device, bus = %plan.before.bus.id, change = %plan.change(),
        register = plan.setting.register, outcome = outcome.word(), "set-address"
    );
    if outcome.is_written() {
        audit(&config, &plan, &outcome, lang).await;
    }
    tell(options, &plan, &outcome, lang)
}

/// What was done to a device stands in the store's audit; a store that cannot be opened is said.
async fn audit(config: &Config, plan: &Plan, outcome: &Outcome, lang: Lang) {
    let by = user().unwrap_or_else(|| "cli".to_owned());
    let what = format!(
        "{} on {}: {} in holding:{} by {by}: {}",
        plan.device,
        plan.before.bus.id,
        plan.change(),
        plan.setting.register,
        outcome.word()
    );
    let noted = async {
        let way = Way::find(config).await?;
        if let Way::Own(store) = &way {
            store.note("set-address", what).await?;
        }
        way.close().await;
        Ok::<(), super::running::Trouble>(())
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
            "bus": &*plan.before.bus.id,
            "change": plan.change(),
            "register": format!("holding:{}", plan.setting.register),
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
