//! Errors of commands: one rule of the exit status, and messages that name the file.

use crate::killed::pantau;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tests::site_text::SiteText;

fn write_site(folder: &Path) {
    let site = SiteText::new("desa")
        .tcp_bus("lan", 502)
        .device("meter", "lan", "unit = 1")
        .points(["{ id = 'power', register = 'holding:0', type = 'u16', unit = 'W' }"])
        .asset("kwh", "meter", "power = 'meter.power'")
        .store(&folder.join("store"));
    std::fs::write(folder.join("pantau.toml"), site.text()).unwrap();
}

fn command_in(folder: &Path, lang: &str, words: &str) -> Command {
    let mut command = pantau();
    command.env_clear().current_dir(folder);
    command.args(words.split(' ')).args(["--lang", lang]);
    command
}

/// Exit status, and what stands on standard error.
fn refusal(output: &Output) -> (Option<i32>, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn a_wrong_call_ends_with_2_and_names_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    write_site(folder.path());
    let absent = "berkas atau folder ini tidak ada";
    for (words, part) in [
        (
            "import -c pantau.toml --point meter.power none.csv",
            "none.csv: ",
        ),
        ("ledger import -c pantau.toml none.csv", "none.csv: "),
        (
            "ledger add -c pantau.toml bsf-maggot 1 kg --how weighed --attach none.jpg --who A",
            "none.jpg: ",
        ),
        (
            "export -c pantau.toml --bundle 2020-01 --with none.pdf -o b.zip",
            "none.pdf: ",
        ),
        ("method eval --file none.json", "none.json: "),
        ("verify none.zip", "none.zip"),
    ] {
        let output = command_in(folder.path(), "id", words).output().unwrap();
        let (status, said) = refusal(&output);
        assert!(
            said.contains(part) && said.contains(absent),
            "{words}: {said}"
        );
        assert_eq!(status, Some(2), "{words}: {said}");
    }
    for (words, part) in [
        (
            "report -c pantau.toml 2020-01 -o q.doc",
            ".pdf, .xlsx, .csv",
        ),
        ("report -c pantau.toml 2020-01 --revisions", "PERIOD"),
        ("check -c none.toml", "none.toml"),
        (
            "ledger add -c pantau.toml bsf-maggot many kg --how weighed --who A",
            "many",
        ),
        ("ledger withdraw -c pantau.toml 7 --note x", "7"),
    ] {
        let output = command_in(folder.path(), "en", words).output().unwrap();
        let (status, said) = refusal(&output);
        assert!(said.contains(part), "{words}: {said}");
        assert_eq!(status, Some(2), "{words}: {said}");
    }
}

#[test]
fn work_that_failed_ends_with_1_and_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    write_site(folder.path());
    for (words, part) in [
        (
            "ledger template -c pantau.toml -o none/t.csv",
            "none/t.csv: there is no such file",
        ),
        ("report -c pantau.toml 2020-01", "store"),
    ] {
        let output = command_in(folder.path(), "en", words).output().unwrap();
        let (status, said) = refusal(&output);
        assert!(said.contains(part), "{words}: {said}");
        assert_eq!(status, Some(1), "{words}: {said}");
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write_site(folder.path());
    for words in [
        "check -c pantau.toml",
        "device list",
        "check --schema",
        "method list",
    ] {
        let mut command = command_in(folder.path(), "id", words);
        let full = File::create("/dev/full").unwrap();
        let output = command
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let (status, said) = refusal(&output);
        assert_eq!(status, Some(1), "{words}: {said}");
        assert!(said.contains("disk sudah penuh"), "{words}: {said}");
    }
}

#[test]
fn numbers_and_plurals_of_a_plan_are_those_of_the_language() {
    let folder = tempfile::tempdir().unwrap();
    write_site(folder.path());
    let plan = |lang| {
        let output = command_in(folder.path(), lang, "check -c pantau.toml").output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let (id, en) = (plan("id"), plan("en"));
    assert!(en.contains("1 bus, 1 device, 1 point, 1 asset"), "{en}");
    assert!(id.contains("satu putaran 0,0"), "{id}");
    assert!(en.contains("one round takes 0.0"), "{en}");
}
