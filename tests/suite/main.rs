//! Pantau from outside: the rules of its code, and the product against peers that are not ours.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where, by failing there"
)]

mod access;
mod alarm_messages;
mod alarms;
mod api_description;
mod brokers;
mod circles;
mod command_errors;
mod config;
mod config_slips;
mod corpus;
mod device_words;
mod entry;
mod evidence;
mod evidence_coverage;
mod evidence_keys;
mod extending;
mod field_reports;
mod hidden_entries;
mod hostile;
mod import_conflicts;
mod import_sources;
mod imports;
mod indicator_ids;
mod killed;
mod knowledge;
mod ledger;
mod lines;
mod methods;
mod modbus_peers;
mod names;
mod newcomer;
mod node;
mod node_commands;
mod nodes;
mod onsite;
mod output_files;
mod packaging;
mod page;
mod page_attacks;
mod peers;
mod pin_commands;
mod powercut;
mod profiles;
mod publish;
mod pv_reference;
mod reload;
mod report;
mod rooms;
mod scan;
mod servers;
mod simulate;
mod simulated_kernel;
mod site_clock;
mod sites;
mod small_disk;
mod soak;
mod source;
mod stories;
mod sunspec;
mod technician;
mod technician_pages;
mod technician_wizards;
mod terms;
mod tidy;
mod time_stamps;
mod upgrade;
mod victoria_server;
mod wizards;
mod wizards_new_site;
