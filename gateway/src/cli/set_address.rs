//! `pantau set-address`: gives a device another address or another speed.
//!
//! This is the only command that writes to a device. Without `--yes` it prints the planned write
//! and its risk, and writes nothing. Procedure: `docs/field.md`, "A new device gets its address".

use super::backend::{
    DEFAULT_CONFIG_PATH, current_user, load_config, open_client, print_stderr, report_failure,
};
use super::bus_client;
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::prompt::ConsolePrompt;
use super::standard_output::print_line;
use crate::api::client::path_with_query;
use crate::bus_request::BusRequest;
use crate::buses::modbus::bus::BusChannel;
use crate::cli::command_error::CommandError;
use crate::commissioning::address::{
    AddressChangeHost, AddressChangeOutcome, AddressChangePlan, AddressChangeRequest, OperatorStep,
    change_address,
};
use crate::config::{Bus, Config};
use crate::i18n::Language;
use crate::storage::StoreAccess;
use serde_json::json;
use std::io::stdin;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Arguments of `pantau set-address`.
#[derive(Debug, clap::Args)]
pub(super) struct SetAddressArgs {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    /// Device id.
    #[arg(value_name = "DEVICE")]
    device: String,
    /// Address that it has now; that of the configuration when left out.
    #[arg(long, value_name = "ADDRESS", value_parser = clap::value_parser!(u8).range(1..=247))]
    from: Option<u8>,
    /// Address that it shall have; that of the configuration when left out.
    #[arg(long, value_name = "ADDRESS", value_parser = clap::value_parser!(u8).range(1..=247))]
    to: Option<u8>,
    /// New speed, baud.
    #[arg(long, value_name = "BAUD", conflicts_with = "to")]
    baud: Option<u32>,
    /// Register of the address, for a device whose profile does not name it.
    #[arg(long, value_name = "holding:N", conflicts_with = "baud")]
    register: Option<String>,
    /// Modbus function of the write, 6 or 16.
    #[arg(long, value_name = "6|16", requires = "register", default_value_t = 6)]
    function: u8,
    /// Write to the device.
    #[arg(long = "yes")]
    write: bool,
    /// JSON output for scripts.
    #[arg(long)]
    json: bool,
}

/// Changes the address or the speed; returns the exit status.
pub(super) async fn run_set_address(options: &SetAddressArgs, lang: Language) -> u8 {
    let config = match load_config(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let plan = match AddressChangePlan::from_request(&options.to_request(), &config) {
        Ok(plan) => plan,
        Err(wrong) => {
            print_stderr(&wrong.message(lang));
            return EXIT_USAGE;
        }
    };
    print_stderr(&plan.describe(lang));
    // A wrong call and not a success, so that a script notices that nothing was written.
    if !options.write {
        print_stderr(&lang.text("setaddr-need-yes"));
        return EXIT_USAGE;
    }
    let owner = match bus_client::gateway_bus_handle(&config, &plan.bus().id).await {
        Ok(owner) => owner,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    if owner.is_some() && !plan.changes_unit() {
        // A running gateway keeps the speed of its configuration and could not reach the device at
        // the new one.
        print_stderr(&lang.text_with("setaddr-running", &[("bus", &plan.bus().id)]));
        return EXIT_NEGATIVE;
    }
    let is_shared = owner.is_some();
    let outcome = change_address(&plan, &mut TerminalHost { owner, lang }).await;
    // A warning, so that the write is in the log at the default filter of a command.
    tracing::warn!(
        device = %plan.device, bus = %plan.bus().id, change = %plan.change_text(),
        register = %plan.register(), outcome = outcome.word(), "set-address"
    );
    // A running gateway writes its own audit entry.
    if outcome.is_written() && !is_shared {
        write_audit(&config, &plan, &outcome, lang).await;
    }
    print_outcome(options, &plan, &outcome, lang)
}

impl SetAddressArgs {
    fn to_request(&self) -> AddressChangeRequest {
        AddressChangeRequest {
            device: self.device.clone(),
            from: self.from,
            to: self.to,
            baud: self.baud,
            register: self.register.clone(),
            function: self.function,
        }
    }
}

/// Host of the wizard: the line, or the gateway that owns it, and the person at this terminal.
struct TerminalHost {
    owner: Option<mpsc::Sender<BusRequest>>,
    lang: Language,
}

impl AddressChangeHost for TerminalHost {
    fn channel(&self, bus: &Bus) -> BusChannel {
        BusChannel::with_owner(bus, self.owner.clone())
    }

    async fn wait_for_step(&mut self, step: OperatorStep) -> bool {
        let question = self.lang.text(&format!("setaddr-ask-{}", step.word()));
        ConsolePrompt::new(&mut stdin().lock(), self.lang).ask_line(&question);
        // End of input: a script has prepared the device, and goes on.
        true
    }
}

/// Writes the change into the audit table of the store. A store that cannot be opened is reported,
/// since the device has been changed already.
async fn write_audit(
    config: &Config,
    plan: &AddressChangePlan,
    outcome: &AddressChangeOutcome,
    lang: Language,
) {
    let by = current_user();
    let what = plan.audit_note(&by, outcome.word());
    let noted = async {
        let mut client = open_client(config, StoreAccess::Write).await?;
        let path = path_with_query("/control/audit/set-address", &[("note", Some(&what))]);
        let done = client.post(&path, "text/plain", "").await;
        client.close().await;
        Ok::<(), CommandError>(done.map(drop)?)
    };
    if let Err(trouble) = noted.await {
        let why = trouble.to_string();
        print_stderr(&lang.text_with("setaddr-no-audit", &[("why", &why)]));
    }
}

fn print_outcome(
    options: &SetAddressArgs,
    plan: &AddressChangePlan,
    outcome: &AddressChangeOutcome,
    lang: Language,
) -> u8 {
    let words = outcome.message(plan, lang);
    if options.json {
        let told = json!({
            "device": plan.device,
            "bus": &*plan.bus().id,
            "change": plan.change_text(),
            "register": plan.register(),
            "outcome": outcome.word(),
            "written": outcome.is_written(),
            "verified": *outcome == AddressChangeOutcome::Done,
            "words": words,
        });
        print_line(&told.to_string());
    } else {
        print_stderr(&words);
    }
    if *outcome == AddressChangeOutcome::Done {
        EXIT_DONE
    } else {
        EXIT_NEGATIVE
    }
}
